//! A field of the large form with its value and expiry: one allocation.
//!
//! ```text
//! length of the field * 2 + 1 when it expires    7 bits a byte, low ones first, the top bit says that more follow
//! time of expiry, ms since 1970                  6 bytes, little endian; only when it expires
//! field
//! value
//! ```

use crate::types::text::Text;

/// Times of expiry end before this one, as in Redis.
pub const MAX_EXPIRE_AT_MS: u64 = (1 << 48) - 1;

const EXPIRY_BYTES: usize = 6;
/// Longest written length: 34 bits.
const LEN_BYTES_MAX: usize = 5;

/// Field, value and perhaps the time when they expire. Behind a pointer, or in its place when they are very short.
#[derive(Debug, Clone)]
pub(super) struct Field(Text);

/// Where the parts of a field are.
struct Parts {
    expire_at_ms: Option<u64>,
    name: usize,
    value: usize,
}

impl Field {
    pub(super) fn new(name: &[u8], value: &[u8], expire_at_ms: Option<u64>) -> Field {
        let mut head = [0; LEN_BYTES_MAX + EXPIRY_BYTES];
        let mut len = 0;
        let mut left = name.len() << 1 | usize::from(expire_at_ms.is_some());
        while left >= 0x80 {
            head[len] = left as u8 | 0x80;
            len += 1;
            left >>= 7;
        }
        head[len] = left as u8;
        len += 1;
        if let Some(at_ms) = expire_at_ms {
            debug_assert!(at_ms <= MAX_EXPIRE_AT_MS, "a time fits its bytes");
            head[len..len + EXPIRY_BYTES].copy_from_slice(&at_ms.to_le_bytes()[..EXPIRY_BYTES]);
            len += EXPIRY_BYTES;
        }
        Field(Text::concat(&[&head[..len], name, value]))
    }

    /// Begins to bring it near.
    #[inline]
    pub(super) fn prefetch(&self) {
        self.0.prefetch();
    }

    #[inline]
    fn parts(&self) -> Parts {
        let bytes = self.0.as_bytes();
        let mut word = 0;
        let mut at = 0;
        loop {
            let byte = bytes[at];
            word |= usize::from(byte & 0x7f) << (7 * at);
            at += 1;
            if byte < 0x80 {
                break;
            }
        }
        let mut expire_at_ms = None;
        if word & 1 == 1 {
            let mut time = [0; 8];
            time[..EXPIRY_BYTES].copy_from_slice(&bytes[at..at + EXPIRY_BYTES]);
            expire_at_ms = Some(u64::from_le_bytes(time));
            at += EXPIRY_BYTES;
        }
        Parts { expire_at_ms, name: at, value: at + (word >> 1) }
    }

    #[inline]
    pub(super) fn name(&self) -> &[u8] {
        let parts = self.parts();
        &self.0.as_bytes()[parts.name..parts.value]
    }

    #[inline]
    pub(super) fn value(&self) -> &[u8] {
        &self.0.as_bytes()[self.parts().value..]
    }

    /// Field, value and expiry.
    #[inline]
    pub(super) fn all(&self) -> (&[u8], &[u8], Option<u64>) {
        let (parts, bytes) = (self.parts(), self.0.as_bytes());
        (&bytes[parts.name..parts.value], &bytes[parts.value..], parts.expire_at_ms)
    }

    #[inline]
    pub(super) fn expire_at_ms(&self) -> Option<u64> {
        self.parts().expire_at_ms
    }

    /// Bytes on the heap.
    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_whatever_their_lengths() {
        for name_len in [0, 1, 3, 63, 64, 127, 128, 8191, 8192, 3_000_000] {
            for value_len in [0, 1, 3, 300] {
                for expire_at_ms in [None, Some(0), Some(1_700_000_000_123), Some(MAX_EXPIRE_AT_MS)] {
                    let (name, value) = (vec![b'n'; name_len], vec![b'v'; value_len]);
                    let field = Field::new(&name, &value, expire_at_ms);
                    assert_eq!(field.all(), (&name[..], &value[..], expire_at_ms));
                    assert_eq!((field.name(), field.value()), (&name[..], &value[..]));
                    assert_eq!(field.expire_at_ms(), expire_at_ms);
                }
            }
        }
    }

    #[test]
    fn one_byte_is_all_that_a_short_field_adds() {
        assert_eq!(Field::new(b"abc", b"def", None).memory_bytes(), 0);
        assert_eq!(Field::new(&[b'n'; 10], &[b'v'; 12], None).memory_bytes(), 24);
        assert_eq!(Field::new(&[b'n'; 10], &[b'v'; 12], Some(1)).memory_bytes(), 32);
    }
}
