//! Where an element goes: MurmurHash64A, cut into the index of a register and a rank.

/// Bits of the hash that choose the register.
pub(super) const INDEX_BITS: u32 = 14;
/// Bits of the hash that are left for the rank.
pub(super) const RANK_BITS: u32 = 64 - INDEX_BITS;

const SEED: u64 = 0xadc8_3b19;

/// Returns the register of `element` and its rank: the number of the lowest bit set above the index, from 1; 51 if
/// none is.
pub(super) fn index_and_rank(element: &[u8]) -> (usize, u8) {
    let hash = murmur64a(element, SEED);
    let rank = ((hash >> INDEX_BITS) | 1 << RANK_BITS).trailing_zeros() + 1;
    ((hash & ((1 << INDEX_BITS) - 1)) as usize, rank as u8)
}

/// Austin Appleby's MurmurHash2, 64-bit variant A, reading words as little-endian.
fn murmur64a(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let smear = |word: u64| word ^ (word >> 47);
    let (words, tail) = bytes.as_chunks::<8>();
    let mut hash = words.iter().fold(seed ^ (bytes.len() as u64).wrapping_mul(M), |hash, &word| {
        let word = u64::from_le_bytes(word).wrapping_mul(M);
        (hash ^ smear(word).wrapping_mul(M)).wrapping_mul(M)
    });
    if !tail.is_empty() {
        let mut word = [0; 8];
        word[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(M);
    }
    smear(smear(hash).wrapping_mul(M))
}
