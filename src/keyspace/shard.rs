//! A shard: its data behind one lock, and the guard that reaches them.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::TryLockError;
use std::sync::atomic::Ordering;

use super::db::Db;
use super::hash::{KeyHasher, ShardId};
use super::snapshot::Batch;
use super::stats::ShardStats;
use super::sync::{AtomicU32, Mutex, MutexGuard, clear_poison, yield_now};
use super::tracked::TrackedKeys;
use super::wait::Waiters;
use super::watch::Watches;
use crate::util::clock::{ticks, ticks_to_ns};
use crate::util::prefetch::{prefetch, prefetch_to_write};

/// What a shard's lock protects.
///
/// The order of the fields counts: what every command writes, the lock before all, shares one cache line.
#[derive(Debug)]
#[repr(C)]
pub struct ShardData {
    /// The shard's own counters.
    pub stats: ShardStats,
    /// Database 0, which holds most keys as a rule: in place, so that a look-up waits for memory once less.
    first: Db,
    /// The databases from 1 on, as far as they were touched.
    others: Vec<Db>,
    hasher: KeyHasher,
    /// Who waits for its keys.
    pub waiters: Waiters,
    /// Who watches its keys.
    pub watches: Watches,
    /// Who keeps copies of its keys.
    pub tracked: TrackedKeys,
}

impl ShardData {
    fn new(hasher: KeyHasher) -> Self {
        Self {
            first: Db::new(hasher.clone()),
            others: Vec::new(),
            hasher,
            stats: ShardStats::default(),
            waiters: Waiters::default(),
            watches: Watches::default(),
            tracked: TrackedKeys::default(),
        }
    }

    /// Whether anybody is to be told of changes of its keys.
    #[inline]
    pub fn is_of_interest(&self) -> bool {
        !self.waiters.is_empty() || !self.watches.is_empty() || !self.tracked.is_empty()
    }

    /// Database `number`, if it was ever touched here.
    #[inline]
    pub fn db(&self, number: usize) -> Option<&Db> {
        match number.checked_sub(1) {
            None => Some(&self.first),
            Some(at) => self.others.get(at),
        }
    }

    /// Database `number`, made when it is touched for the first time. The caller has checked the number.
    #[inline]
    pub fn db_mut(&mut self, number: usize) -> &mut Db {
        match number.checked_sub(1) {
            None => &mut self.first,
            Some(at) => self.other_mut(at),
        }
    }

    fn other_mut(&mut self, at: usize) -> &mut Db {
        if at >= self.others.len() {
            let hasher = &self.hasher;
            self.others.resize_with(at + 1, || Db::new(hasher.clone()));
        }
        &mut self.others[at]
    }

    /// The touched databases with their numbers.
    pub fn dbs(&self) -> impl Iterator<Item = (usize, &Db)> {
        std::iter::once(&self.first).chain(&self.others).enumerate()
    }

    /// The touched databases, to be changed.
    pub fn dbs_mut(&mut self) -> impl Iterator<Item = (usize, &mut Db)> {
        std::iter::once(&mut self.first).chain(&mut self.others).enumerate()
    }

    /// Exchanges two databases (SWAPDB); the caller does so in every shard.
    pub fn swap_dbs(&mut self, one: usize, other: usize) {
        let (low, high) = (one.min(other), one.max(other));
        if low == high {
            return;
        }
        self.db_mut(high);
        match low.checked_sub(1) {
            None => std::mem::swap(&mut self.first, &mut self.others[high - 1]),
            Some(low) => self.others.swap(low, high - 1),
        }
    }

    /// Fills an empty `batch` with entries of one database that a snapshot has to save; false when nothing is left.
    pub(super) fn save_some(&mut self, batch: &mut Batch) -> bool {
        let Some((_, db)) = self.dbs_mut().find(|(_, db)| db.is_saving()) else { return false };
        db.save_some(batch);
        true
    }

    /// Fills an empty `batch` with entries that writers have handed over; false when there are none.
    pub(super) fn take_early(&mut self, batch: &mut Batch) -> bool {
        self.dbs_mut().any(|(_, db)| db.take_early(batch))
    }

    /// Keys of all databases.
    pub fn len(&self) -> usize {
        self.dbs().map(|(_, db)| db.len()).sum()
    }

    /// True without keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the entries of all databases.
    pub fn bytes(&self) -> usize {
        self.dbs().map(|(_, db)| db.bytes()).sum()
    }
}

type CacheLine = [u8; 64];

/// One stripe of the keyspace. Alone on its pair of cache lines, as neighbours are fetched in pairs.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Shard {
    data: Mutex<ShardData>,
    /// Long commands that hold the lock or are about to; who comes now does not block a worker behind them.
    long_holders: AtomicU32,
    /// Workers that block for the lock: a long command lets them through first.
    blocked: AtomicU32,
}

/// The shard's lock is taken by a command that marked itself as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy(
    /// The shard that is busy.
    pub ShardId,
);

impl Shard {
    pub(super) fn new(hasher: KeyHasher) -> Self {
        Self { data: Mutex::new(ShardData::new(hasher)), long_holders: AtomicU32::new(0), blocked: AtomicU32::new(0) }
    }

    /// Takes the lock, blocking the thread while another one holds it.
    #[inline]
    pub(super) fn lock(&self, id: ShardId) -> ShardGuard<'_> {
        match self.try_lock(id) {
            Some(guard) => guard,
            None => self.lock_contended(id),
        }
    }

    /// Takes the lock unless a long command holds it or is about to.
    #[inline]
    pub(super) fn lock_or_busy(&self, id: ShardId) -> Result<ShardGuard<'_>, Busy> {
        match self.try_lock(id) {
            Some(guard) => Ok(guard),
            None => self.lock_or_busy_contended(id),
        }
    }

    /// The worker says that it will block, then looks for long commands once more. A long command says that it comes,
    /// then looks for blocked workers: whatever the order, one of them sees the other, and no worker ever blocks behind
    /// a long command.
    #[cold]
    fn lock_or_busy_contended(&self, id: ShardId) -> Result<ShardGuard<'_>, Busy> {
        self.blocked.fetch_add(1, Ordering::SeqCst);
        let is_long = self.long_holders.load(Ordering::SeqCst) > 0;
        let locked = if is_long { None } else { self.wait(id) };
        self.blocked.fetch_sub(1, Ordering::SeqCst);
        locked.ok_or(Busy(id))
    }

    /// Takes the lock to hold it for long; the thread may block.
    pub(super) fn lock_long(&self, id: ShardId) -> ShardGuard<'_> {
        self.long_holders.fetch_add(1, Ordering::SeqCst);
        loop {
            let mut guard = self.lock(id);
            if self.blocked.load(Ordering::SeqCst) == 0 {
                guard.is_long = true;
                return guard;
            }
            drop(guard);
            yield_now();
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(super) fn try_lock(&self, id: ShardId) -> Option<ShardGuard<'_>> {
        match self.data.try_lock() {
            Ok(data) if data.stats.is_let_go => None,
            Ok(data) => Some(self.guard(id, data)),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => Some(self.recover(id, poisoned.into_inner())),
        }
    }

    /// Begins to bring near what every command reads and writes.
    #[inline]
    pub(super) fn prefetch(&self) {
        let start = (&raw const *self).cast::<CacheLine>();
        prefetch_to_write(start);
        prefetch(start.wrapping_add(1));
        prefetch(start.wrapping_add(2));
    }

    #[cold]
    fn lock_contended(&self, id: ShardId) -> ShardGuard<'_> {
        loop {
            if let Some(guard) = self.wait(id) {
                return guard;
            }
            yield_now();
        }
    }

    /// Blocks for the lock; `None` when its holder has let go of it to say that it will hold it for long.
    fn wait(&self, id: ShardId) -> Option<ShardGuard<'_>> {
        let start = ticks();
        let mut guard = self.take(id);
        if guard.stats.is_let_go {
            return None;
        }
        guard.stats.contended += 1;
        guard.stats.wait.record(ticks_to_ns(ticks().saturating_sub(start)));
        Some(guard)
    }

    /// Takes the lock, even one that was let go.
    fn take(&self, id: ShardId) -> ShardGuard<'_> {
        match self.data.lock() {
            Ok(data) => self.guard(id, data),
            Err(poisoned) => self.recover(id, poisoned.into_inner()),
        }
    }

    /// The one place that meets a poisoned lock: a handler panicked, its connection is gone, the data stay in use.
    #[cold]
    fn recover<'a>(&'a self, id: ShardId, data: MutexGuard<'a, ShardData>) -> ShardGuard<'a> {
        clear_poison(&self.data);
        let mut guard = self.guard(id, data);
        guard.stats.poisoned += 1;
        guard
    }

    #[inline]
    fn guard<'a>(&'a self, id: ShardId, data: MutexGuard<'a, ShardData>) -> ShardGuard<'a> {
        ShardGuard { data, shard: self, id, is_long: false }
    }
}

/// A shard, locked. Must not live across an await point.
pub struct ShardGuard<'a> {
    data: MutexGuard<'a, ShardData>,
    shard: &'a Shard,
    id: ShardId,
    is_long: bool,
}

impl<'a> ShardGuard<'a> {
    /// The shard's number.
    pub fn id(&self) -> ShardId {
        self.id
    }

    /// Whether the shard is marked as held for long.
    pub fn is_long(&self) -> bool {
        self.is_long
    }

    /// Marks a shard that is locked already as held for long. Workers that block for it do so no more: to wake them, the
    /// lock is let go, in a state in which nobody takes it, until they have gone away.
    #[must_use]
    pub fn into_long(mut self) -> ShardGuard<'a> {
        if self.is_long {
            return self;
        }
        let (shard, id) = (self.shard, self.id);
        shard.long_holders.fetch_add(1, Ordering::SeqCst);
        if shard.blocked.load(Ordering::SeqCst) > 0 {
            self.stats.is_let_go = true;
            drop(self);
            while shard.blocked.load(Ordering::SeqCst) > 0 {
                yield_now();
            }
            self = shard.take(id);
            self.stats.is_let_go = false;
        }
        self.is_long = true;
        self
    }
}

impl Drop for ShardGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // Before the unlock, which follows when the fields are dropped.
        if self.is_long {
            self.shard.long_holders.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Deref for ShardGuard<'_> {
    type Target = ShardData;

    #[inline]
    fn deref(&self) -> &ShardData {
        &self.data
    }
}

impl DerefMut for ShardGuard<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut ShardData {
        &mut self.data
    }
}

impl fmt::Debug for ShardGuard<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("ShardGuard").field(&self.id).finish()
    }
}
