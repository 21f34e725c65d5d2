//! A 160-bit fingerprint of a collection of items, of which some have an order and some have none. From SHA-1, as
//! Redis's DEBUG DIGEST has it; for comparing data sets, not for secrets.
//!
//! Imports `sha1`.

use sha1::{Digest, Sha1};

/// Bytes of a fingerprint.
const LEN: usize = 20;

/// The fingerprint of what was added so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; LEN]);

impl Fingerprint {
    /// Adds an item whose place among the others does not matter. Added twice, it is gone.
    pub fn with(&mut self, item: &[u8]) {
        self.merge(&Fingerprint(Sha1::digest(item).into()));
    }

    /// Adds an item that comes behind all before.
    pub fn then(&mut self, item: &[u8]) {
        self.with(item);
        self.0 = Sha1::digest(self.0).into();
    }

    /// Adds another fingerprint, whose place does not matter.
    pub fn merge(&mut self, other: &Fingerprint) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, other)| *mine ^= other);
    }

    /// Its bytes, as an item of another fingerprint.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// 40 lower-case hexadecimal digits.
    pub fn hex(&self) -> [u8; 2 * LEN] {
        std::array::from_fn(|i| b"0123456789abcdef"[usize::from(self.0[i / 2] >> (4 - 4 * (i % 2)) & 0xf)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_matters_where_it_should() {
        let of = |items: &[&str], add: fn(&mut Fingerprint, &[u8])| {
            let mut sum = Fingerprint::default();
            items.iter().for_each(|item| add(&mut sum, item.as_bytes()));
            sum
        };
        assert_eq!(of(&["a", "b"], Fingerprint::with), of(&["b", "a"], Fingerprint::with));
        assert_ne!(of(&["a", "b"], Fingerprint::then), of(&["b", "a"], Fingerprint::then));
        assert_ne!(of(&["a", "b"], Fingerprint::with), of(&["ab"], Fingerprint::with));
    }

    #[test]
    fn published_digest_of_abc() {
        let mut sum = Fingerprint::default();
        sum.with(b"abc");
        assert_eq!(sum.hex(), *b"a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
