//! A small fast random generator for sampling: random keys and members, eviction pools, skip list levels.
//!
//! Not for secrets. Promises the same sequence for the same seed, so that tests are repeatable. Imports nothing.

/// xoshiro256** by Blackman and Vigna: 256 bits of state, period 2^256 - 1.
///
/// Not shared: each worker or structure owns one.
#[derive(Debug, Clone)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// Makes a generator from `seed`; equal seeds give equal sequences.
    pub fn from_seed(seed: u64) -> Self {
        // SplitMix64, which its authors recommend for filling the state: it never yields four zeros in a row.
        let mut z = seed;
        let state = std::array::from_fn(|_| {
            z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = z;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        });
        Self { state }
    }

    /// Makes a generator whose seed differs from call to call and from process to process.
    pub fn from_entropy() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self::from_seed(RandomState::new().hash_one(0u64))
    }

    /// Returns 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Returns a number below `bound`, all equally likely.
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below 0");
        // Lemire's method: the high half of a product is uniform once the few surplus low halves are thrown away.
        let mut product = u128::from(self.next_u64()) * u128::from(bound);
        if (product as u64) < bound {
            let surplus = bound.wrapping_neg() % bound;
            while (product as u64) < surplus {
                product = u128::from(self.next_u64()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// Returns an index of a slice of `len` items.
    ///
    /// # Panics
    ///
    /// If `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Returns a number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Fills `bytes` with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }

    /// Puts `items` into random order, every order equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// An identifier of 40 random hex digits (run ids and the like).
#[must_use]
pub fn hex_id() -> String {
    let mut bytes = [0; 20];
    Rng::from_entropy().fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Rng;

    #[test]
    fn sequence_of_the_reference_implementation() {
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let first: Vec<u64> = (0..4).map(|_| rng.next_u64()).collect();
        assert_eq!(first, [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn seeds_decide_the_sequence() {
        let draw = |mut rng: Rng| rng.next_u64();
        assert_eq!(draw(Rng::from_seed(7)), draw(Rng::from_seed(7)));
        assert_ne!(draw(Rng::from_seed(7)), draw(Rng::from_seed(8)));
        assert_ne!(draw(Rng::from_entropy()), draw(Rng::from_entropy()));
    }

    #[test]
    fn below_is_even() {
        let mut rng = Rng::from_seed(1);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[rng.index(6)] += 1;
        }
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        let mean = (0..10_000).map(|_| rng.unit()).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }

    proptest! {
        #[test]
        fn below_stays_below(seed: u64, bound in 1u64..) {
            let mut rng = Rng::from_seed(seed);
            for _ in 0..10 {
                prop_assert!(rng.below(bound) < bound);
            }
        }

        #[test]
        fn shuffle_keeps_the_items(seed: u64, mut items: Vec<u8>) {
            let mut shuffled = items.clone();
            Rng::from_seed(seed).shuffle(&mut shuffled);
            items.sort_unstable();
            shuffled.sort_unstable();
            prop_assert_eq!(items, shuffled);
        }
    }
}
