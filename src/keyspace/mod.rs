//! The data set: shards behind locks, each with its databases, their entries and indexes.
//!
//! Promises: a shard's data are reached through a [`ShardGuard`] alone; several shards are locked in ascending order;
//! entries keep key, value and expiry in one block; SCAN visits every key that stays exactly once; nothing here reads
//! a clock (times are passed in as milliseconds since 1970) or knows the protocol.
//!
//! Start reading at [`Keyspace`], then [`Db`], [`Index`], [`EntryRef`]. Imports `journal`, `types` and `util` only.

mod access;
mod db;
mod entry;
pub mod events;
pub mod evict;
mod expire;
mod hash;
mod index;
mod lazyfree;
mod locked;
mod segment;
mod shard;
pub mod snapshot;
mod stats;
mod sync;
#[cfg(all(test, not(feature = "loom")))]
mod tests;
mod tracked;
mod wait;
mod watch;

use smallvec::SmallVec;
use tokio::sync::Notify;

pub use self::access::{Access, AccessMode, LfuPace, lru_clock};
pub use self::db::{Db, Ttl, Written};
pub use self::entry::{
    Copies, EMBSTR_LIMIT_BYTES, EntryBox, EntryMut, EntryRef, External, INLINE_LIMIT_BYTES, Kind, Slot, StringValue,
    Value,
};
pub use self::hash::{KeyHash, KeyHasher, MAX_SHARDS, ShardId};
pub use self::index::{INDEX_BYTES_PER_KEY, Index, Location, Near, Positions};
pub use self::lazyfree::LazyFree;
pub use self::locked::{Edited, Effects, Key, Locked, Overwritten, Scanned, WrongType};
pub use self::shard::{Busy, ShardData, ShardGuard};
pub use self::stats::{Log2Histogram, ShardStats};
pub use self::tracked::{Cause, Invalidated, Invalidations, Readers, TrackedKeys, Tracking};
pub use self::wait::{Place, ReadyKey, Waiters, Wanted};
pub use self::watch::{Watcher, Watches};

use self::shard::Shard;
use crate::journal::Journal;

/// The shards and the hash that spreads keys over them.
#[derive(Debug)]
pub struct Keyspace {
    shards: Box<[Shard]>,
    hasher: KeyHasher,
    /// What is kept of accesses to keys.
    pub access_mode: AccessMode,
    /// Which keyspace events somebody wants to be told of.
    pub wanted_events: events::WantedEvents,
    /// What clients keep copies of.
    pub tracking: Tracking,
    /// Where effects are recorded.
    pub journal: Journal,
    /// Raised when shards that were locked for long are free again.
    pub released: Notify,
}

impl Keyspace {
    /// A keyspace of `shard_count` empty shards.
    ///
    /// # Panics
    ///
    /// Unless the count is a power of two up to [`MAX_SHARDS`]; the configuration rounds it.
    pub fn new(shard_count: usize, hasher: KeyHasher) -> Self {
        assert!(shard_count.is_power_of_two() && shard_count <= MAX_SHARDS, "the shard count is a small power of two");
        let shards = (0..shard_count).map(|_| Shard::new(hasher.clone())).collect();
        Self {
            shards,
            hasher,
            access_mode: AccessMode::default(),
            wanted_events: events::WantedEvents::default(),
            tracking: Tracking::default(),
            journal: Journal::default(),
            released: Notify::new(),
        }
    }

    /// Whether somebody reads the journal, so that effects must be stated.
    #[inline]
    pub fn is_journaling(&self) -> bool {
        self.journal.is_on()
    }

    /// Number of shards.
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Every shard's number, ascending.
    pub fn shard_ids(&self) -> impl ExactSizeIterator<Item = ShardId> + use<> {
        (0..self.shards.len() as u16).map(ShardId)
    }

    /// Hash of a key, by which everything else here finds it.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        self.hasher.hash(key)
    }

    /// The shard that holds a key.
    #[inline]
    pub fn shard_of(&self, hash: KeyHash) -> ShardId {
        self.hasher.shard(hash, self.shards.len())
    }

    /// Locks one shard; blocks the thread while another one holds it. The caller holds no other shard.
    #[inline]
    pub fn lock(&self, id: ShardId) -> ShardGuard<'_> {
        self.shards[usize::from(id.0)].lock(id)
    }

    /// Begins to bring the lock of a key's shard near.
    #[inline]
    pub fn prefetch_shard(&self, hash: KeyHash) {
        self.shards[usize::from(self.shard_of(hash).0)].prefetch();
    }

    /// Begins to bring near what a look-up of a key will read, unless its shard is held just now. Locking: the shard, for
    /// some nanoseconds.
    #[inline]
    pub fn prefetch(&self, db: usize, hash: KeyHash, what: Near) {
        if let Some(guard) = self.try_lock(self.shard_of(hash))
            && let Some(db) = guard.db(db)
        {
            db.prefetch(hash, what);
        }
    }

    /// Locks one shard if it is free.
    #[inline]
    pub fn try_lock(&self, id: ShardId) -> Option<ShardGuard<'_>> {
        self.shards[usize::from(id.0)].try_lock(id)
    }

    /// Locks one shard, but does not block behind a holder that marked itself as long.
    ///
    /// # Errors
    ///
    /// `Busy`: the caller waits elsewhere, without a thread, and tries again.
    #[inline]
    pub fn lock_or_busy(&self, id: ShardId) -> Result<ShardGuard<'_>, Busy> {
        self.shards[usize::from(id.0)].lock_or_busy(id)
    }

    /// Locks several shards, given in ascending order and each once. The caller holds no other shard.
    pub fn lock_many(&self, ids: &[ShardId]) -> ShardGuards<'_> {
        let mut guards = ShardGuards::with_capacity(ids.len());
        for &id in ids {
            guards.check_order(id);
            guards.guards.push(self.lock(id));
        }
        guards
    }

    /// As [`lock_many`](Self::lock_many), but gives up, holding nothing, behind a holder marked as long.
    ///
    /// # Errors
    ///
    /// `Busy` with the shard to wait for.
    pub fn lock_many_or_busy(&self, ids: &[ShardId]) -> Result<ShardGuards<'_>, Busy> {
        let mut guards = ShardGuards::with_capacity(ids.len());
        for &id in ids {
            guards.check_order(id);
            guards.guards.push(self.lock_or_busy(id)?);
        }
        Ok(guards)
    }

    /// Locks one shard on a thread that may wait and will hold it for long: whoever would block behind it is told so.
    pub fn lock_long(&self, id: ShardId) -> ShardGuard<'_> {
        self.shards[usize::from(id.0)].lock_long(id)
    }

    /// Locks every shard. The caller holds none.
    pub fn lock_all(&self) -> ShardGuards<'_> {
        let mut guards = ShardGuards::with_capacity(self.shards.len());
        for id in self.shard_ids() {
            guards.guards.push(self.lock(id));
        }
        guards
    }
}

/// Several locked shards, ascending. Must not live across an await point.
#[derive(Debug)]
pub struct ShardGuards<'a> {
    guards: SmallVec<[ShardGuard<'a>; 4]>,
}

impl<'a> ShardGuards<'a> {
    fn with_capacity(count: usize) -> Self {
        Self { guards: SmallVec::with_capacity(count) }
    }

    /// Refuses a wrong order before the lock is taken: it would deadlock, but only now and then.
    #[inline]
    fn check_order(&self, id: ShardId) {
        assert!(
            self.guards.last().is_none_or(|last| last.id() < id),
            "shards are locked in ascending order, each once"
        );
    }

    /// The data of shard `id`, if it is among the locked ones.
    #[inline]
    pub fn get_mut(&mut self, id: ShardId) -> Option<&mut ShardData> {
        let at = self.guards.binary_search_by_key(&id, ShardGuard::id).ok()?;
        Some(&mut self.guards[at])
    }

    /// The data of two different locked shards.
    pub fn get_two_mut(&mut self, one: ShardId, other: ShardId) -> Option<(&mut ShardData, &mut ShardData)> {
        let one = self.guards.binary_search_by_key(&one, ShardGuard::id).ok()?;
        let other = self.guards.binary_search_by_key(&other, ShardGuard::id).ok()?;
        let [one, other] = self.guards.get_disjoint_mut([one, other]).ok()?;
        Some((&mut *one, &mut *other))
    }

    /// The locked shards, ascending.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut ShardGuard<'a>> {
        self.guards.iter_mut()
    }
}
