//! The name of a script: the SHA-1 of its source.

use std::fmt;

use sha1::Digest as _;

/// SHA-1 of a script's source.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 20]);

impl Digest {
    /// Of these bytes.
    #[must_use]
    pub fn of(source: &[u8]) -> Digest {
        Digest(sha1::Sha1::digest(source).into())
    }

    /// From 40 hex digits in either case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Digest> {
        let mut bytes = [0; 20];
        if text.len() != 40 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let high = (pair[0] as char).to_digit(16)?;
            let low = (pair[1] as char).to_digit(16)?;
            *byte = (high << 4 | low) as u8;
        }
        Some(Digest(bytes))
    }

    /// 40 lower-case hex digits.
    #[must_use]
    pub fn hex(&self) -> [u8; 40] {
        let mut text = [0; 40];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        text
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.hex()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        let digest = Digest::of(b"return 1");
        assert_eq!(&digest.hex(), b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
        assert_eq!(Digest::parse(b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), Some(digest));
        assert_eq!(Digest::parse(b"e0e1"), None);
        assert_eq!(Digest::parse(&[b'x'; 40]), None);
    }
}
