//! A bulk that is read straight into memory of its own.

use bytes::buf::Limit;
use bytes::{BufMut, Bytes, BytesMut};

/// Memory taken on the word of a header alone, in bytes; beyond it, memory at most doubles with what has come.
const SPECULATIVE_BYTES: usize = 1024 * 1024;

/// The collector of one big bulk, from [`Parsed::Big`](super::Parsed::Big) to
/// [`Parser::big_done`](super::Parser::big_done).
#[derive(Debug)]
pub struct BigBulk {
    bytes: BytesMut,
    len: usize,
}

impl BigBulk {
    /// Starts with what had come along with the header. `len` is the announced length, without the final CRLF.
    pub fn new(len: usize, have: &[u8]) -> Self {
        debug_assert!(have.len() < len + 2, "a bulk that has come whole is not big");
        let mut bytes = BytesMut::with_capacity((len + 2).min(SPECULATIVE_BYTES.max(have.len())));
        bytes.extend_from_slice(have);
        Self { bytes, len }
    }

    /// How many bytes are still to come, the final CRLF included.
    pub fn missing(&self) -> usize {
        self.len + 2 - self.bytes.len()
    }

    /// Where to read next: never more room than is missing, and some unless the bulk is complete.
    pub fn space(&mut self) -> Limit<&mut BytesMut> {
        let missing = self.missing();
        if self.bytes.capacity() == self.bytes.len() {
            self.bytes.reserve(missing.min(self.bytes.len().max(SPECULATIVE_BYTES)));
        }
        let room = missing.min(self.bytes.capacity() - self.bytes.len());
        (&mut self.bytes).limit(room)
    }

    /// Memory held in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The bulk without its CRLF, whose two bytes are not looked at (as in Redis).
    ///
    /// # Panics
    ///
    /// When bytes are missing.
    pub fn finish(mut self) -> Bytes {
        assert_eq!(self.missing(), 0, "a bulk is finished when all its bytes have come");
        self.bytes.truncate(self.len);
        self.bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_with_the_bytes_that_come() {
        let len = 8 * SPECULATIVE_BYTES + 5;
        let text: Vec<u8> = (0..len + 2).map(|i| i as u8).collect();
        let mut big = BigBulk::new(len, &text[..100]);
        while big.missing() > 0 {
            let at = text.len() - big.missing();
            let held = big.memory_bytes();
            assert!(held <= (2 * at + 1).max(SPECULATIVE_BYTES) + 64, "{held} bytes held for {at}");
            let mut space = big.space();
            let n = space.remaining_mut().min(40_000);
            assert!(n > 0);
            space.put_slice(&text[at..at + n]);
        }
        assert_eq!(big.finish(), text[..len]);
    }

    #[test]
    fn half_of_the_final_crlf_may_come_early() {
        let mut big = BigBulk::new(3, b"abc\r");
        assert_eq!((big.missing(), big.space().remaining_mut()), (1, 1));
        big.space().put_u8(b'\n');
        assert_eq!(big.space().remaining_mut(), 0);
        assert_eq!(big.finish(), "abc");
    }
}
