//! The digest of a string value, by which DIGEST, IFDEQ and IFDNE compare values without sending them.
//!
//! Promises 16 hexadecimal digits of XXH3-64 (seed 0), the same as Redis 8.4. Imports `xxhash-rust`.

use xxhash_rust::xxh3::xxh3_64;

/// Length of the text of a digest.
pub const DIGEST_BYTES: usize = 16;

/// Returns the digest of `value` as a number.
pub fn digest(value: &[u8]) -> u64 {
    xxh3_64(value)
}

/// Returns a digest as 16 lower-case hexadecimal digits, the highest first.
pub fn digest_text(digest: u64) -> [u8; DIGEST_BYTES] {
    std::array::from_fn(|i| b"0123456789abcdef"[(digest >> (60 - 4 * i) & 0xf) as usize])
}

/// Reads a digest of exactly 16 hexadecimal digits of either case; `None` for anything else.
pub fn parse_digest(text: &[u8]) -> Option<u64> {
    let text: &[u8; DIGEST_BYTES] = text.try_into().ok()?;
    text.iter().try_fold(0, |sum, &byte| Some(sum << 4 | u64::from((byte as char).to_digit(16)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_vectors() {
        assert_eq!(&digest_text(digest(b"")), b"2d06800538d394c2");
        assert_eq!(&digest_text(digest(b"a")), b"e6c632b61e964e1f");
        assert_eq!(&digest_text(digest(b"abc")), b"78af5f94892f3950");
        assert_eq!(&digest_text(digest(b"Hello world")), b"b6acb9d84a38ff74");
    }

    #[test]
    fn only_16_hexadecimal_digits_are_a_digest() {
        assert_eq!(parse_digest(b"2D06800538d394c2"), Some(0x2d06_8005_38d3_94c2));
        for bad in ["", "2d06800538d394c", "2d06800538d394c22", "+d06800538d394c2", "2d06800538d394cg"] {
            assert_eq!(parse_digest(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(number: u64) {
            prop_assert_eq!(digest_text(number).to_vec(), format!("{number:016x}").into_bytes());
            prop_assert_eq!(parse_digest(&digest_text(number)), Some(number));
        }
    }
}
