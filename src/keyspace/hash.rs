//! The one hash of a key and what each of its bits decides.

use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;

/// Most shards a keyspace may have; the low bits of the hash that pick the shard stay clear of the position.
pub const MAX_SHARDS: usize = 4096;

/// Hash of a key, computed once per request and carried along.
///
/// Low bits: the shard. Top 32 bits: the [`position`](Self::position), which orders the keys of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHash(pub u64);

impl KeyHash {
    /// Where the key stands in its shard's index and in SCAN's order.
    #[inline]
    pub const fn position(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Number of a shard, below the keyspace's shard count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

/// Hashes keys, and picks the shard: the only place that does either.
#[derive(Clone)]
pub struct KeyHasher {
    state: RandomState,
}

impl KeyHasher {
    /// A hasher with seeds of its own, so that colliding keys cannot be prepared from outside.
    pub fn random() -> Self {
        Self { state: RandomState::new() }
    }

    /// A hasher that gives the same hashes each time, for tests and measurements.
    pub fn seeded(seed: u64) -> Self {
        Self { state: RandomState::with_seeds(seed, !seed, seed.rotate_left(17), 0x9e37_79b9_7f4a_7c15) }
    }

    /// Hash of `key`.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        let mut hasher = self.state.build_hasher();
        hasher.write(key);
        KeyHash(hasher.finish())
    }

    /// The shard of a key among `shard_count`, a power of two up to [`MAX_SHARDS`].
    #[inline]
    pub fn shard(&self, hash: KeyHash, shard_count: usize) -> ShardId {
        debug_assert!(shard_count.is_power_of_two() && shard_count <= MAX_SHARDS);
        ShardId((hash.0 as usize & (shard_count - 1)) as u16)
    }
}

impl std::fmt::Debug for KeyHasher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The seeds are a secret: who knows them can prepare colliding keys.
        out.write_str("KeyHasher")
    }
}
