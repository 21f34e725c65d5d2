//! Point-in-time snapshots without a copy of the process: all shards go on working while they are saved.
//!
//! A snapshot begins under all locks at once, which fixes its point in time. From then on every entry is handed to the
//! [`Sink`] once, as it was at that point: by a [`Saver`], which goes over the shards segment by segment and holds a
//! shard for one batch of entries at a time, or, before it gets there, by whoever is about to change or remove the entry
//! ([`Db`](super::Db) sees to that). A writer so hands over the entries that it changes and no others. An emptied
//! database takes what is still to be saved along, and saves it when it is dropped, off the lock.
//!
//! Under a lock strings are copied or shared, and only collections are encoded; savers encode the rest when they have let
//! go of the shard. What writers hand over waits in memory, never for a disk: it is bounded by what was there at the
//! beginning, and savers take it before they go on as soon as it is much. Nothing here knows a file format: that is the sink's.

use std::fmt;
use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::entry::{Copies, EntryBox, EntryRef, Value};
use super::index::Index;
use super::{Keyspace, Locked, ShardId};
use crate::util::sync::lock;

/// Bytes that a saver takes from a shard under one hold of its lock: some tens of microseconds.
const BATCH_BYTES: usize = if cfg!(test) { 8 << 10 } else { 64 << 10 };
/// Bytes of encoded entries that are delivered together.
const CHUNK_BYTES: usize = if cfg!(test) { 4 << 10 } else { 256 << 10 };
/// Bytes of entries that writers have handed over from which savers take those of all shards before they go on.
const EARLY_BYTES: u64 = if cfg!(test) { 4 << 10 } else { 8 << 20 };
/// Sharing a string's buffer takes about as long as copying so many bytes.
const SHARED_BYTES: usize = 256;

/// Bytes of a collection that is encoded under a lock that is marked as long: about a millisecond.
const LARGE_BYTES: usize = if cfg!(test) { 2 << 10 } else { 512 << 10 };

/// What becomes of an entry that is offered to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is taken, and more may come.
    More,
    /// It is taken as the last.
    Enough,
    /// It has to be offered again.
    NotNow,
}

/// Where the entries of a snapshot go.
pub trait Sink: Send + Sync {
    /// Appends the encoded entry to `out`. Called under the lock of the entry's shard, or with a copy without it.
    fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>);

    /// Takes encoded entries over. Called without a lock: may wait until there is room for them.
    fn deliver(&self, chunk: Chunk);
}

/// Encoded entries of one database.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Number that the database had at the beginning.
    pub db: usize,
    /// Number of entries.
    pub keys: usize,
    /// What the sink made of them.
    pub entries: Vec<u8>,
}

/// A running snapshot.
pub struct Snapshot {
    sink: Box<dyn Sink>,
    keys: usize,
    is_cancelled: AtomicBool,
    /// Bytes of entries that writers have handed over and no saver has taken yet, now and at the most.
    early_bytes: AtomicU64,
    early_bytes_peak: AtomicU64,
    /// Parts of databases that are not saved to their end.
    parts: Mutex<usize>,
    all_saved: Condvar,
}

impl Snapshot {
    /// Begins a snapshot of all databases as they are now. The one before must have ended ([`Snapshot::wait`]).
    ///
    /// # Panics
    /// Unless all shards are locked.
    pub fn begin(locked: &mut Locked<'_>, sink: Box<dyn Sink>) -> Arc<Snapshot> {
        let shards = locked.keyspace().shard_count();
        assert_eq!(locked.guards_mut().count(), shards, "a point in time is one of all shards");
        let mut dbs: Vec<_> = locked.guards_mut().flat_map(|guard| guard.dbs_mut()).collect();
        dbs.retain(|(_, db)| !db.is_empty());
        let snapshot = Arc::new(Snapshot {
            sink,
            keys: dbs.iter().map(|(_, db)| db.len()).sum(),
            is_cancelled: false.into(),
            early_bytes: 0.into(),
            early_bytes_peak: 0.into(),
            parts: Mutex::new(dbs.len()),
            all_saved: Condvar::new(),
        });
        for (number, db) in dbs {
            db.begin_saving(Part { snapshot: Arc::clone(&snapshot), db: number, early: Vec::new() });
        }
        snapshot
    }

    /// Keys that it is made of.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// Nothing more is to be encoded or delivered. The savers still go to the end, which is quick then.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Relaxed)
    }

    /// Bytes of entries that writers have handed over and that still wait in memory for a saver, now and at the most.
    pub fn early_bytes(&self) -> (u64, u64) {
        (self.early_bytes.load(Relaxed), self.early_bytes_peak.load(Relaxed))
    }

    /// Waits until everything is handed over that savers leave to others: databases that were emptied. To be called
    /// when the savers are through.
    pub fn wait(&self) {
        let mut parts = lock(&self.parts);
        while *parts > 0 {
            parts = self.all_saved.wait(parts).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>) {
        let panicking = CancelOnPanic(self);
        self.sink.encode(entry, out);
        std::mem::forget(panicking);
    }

    fn deliver(&self, chunk: &mut Chunk) {
        let empty = Chunk { db: chunk.db, ..Chunk::default() };
        let chunk = std::mem::replace(chunk, empty);
        if chunk.keys > 0 && !self.is_cancelled() {
            self.sink.deliver(chunk);
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Snapshot").field("keys", &self.keys).field("is_cancelled", &self.is_cancelled).finish()
    }
}

/// An entry that is encoded in part only makes the whole snapshot useless.
struct CancelOnPanic<'a>(&'a Snapshot);

impl Drop for CancelOnPanic<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What is still to be saved of a database in one shard.
#[derive(Debug)]
pub(super) struct Part {
    snapshot: Arc<Snapshot>,
    db: usize,
    /// What writers have handed over and no saver has taken yet.
    early: Vec<Batch>,
}

impl Part {
    /// Takes an entry that is about to change.
    pub(super) fn save_early(&mut self, entry: EntryRef<'_>) {
        if self.snapshot.is_cancelled() {
            return;
        }
        if self.early.last().is_none_or(Batch::is_full) {
            self.early.push(Batch { db: self.db, ..Batch::default() });
        }
        let batch = self.early.last_mut().expect("pushed just now");
        batch.add(entry, &self.snapshot);
        let bytes = entry.memory_bytes() as u64;
        batch.early_bytes += bytes;
        let all = self.snapshot.early_bytes.fetch_add(bytes, Relaxed) + bytes;
        self.snapshot.early_bytes_peak.fetch_max(all, Relaxed);
    }

    /// Puts what writers have handed over into a saver's empty batch; false when there is nothing.
    pub(super) fn take_early(&mut self, batch: &mut Batch) -> bool {
        let Some(early) = self.early.pop() else { return false };
        *batch = early;
        self.snapshot.early_bytes.fetch_sub(take(&mut batch.early_bytes), Relaxed);
        true
    }

    /// Fills a saver's empty batch from here or from `index`, which holds the database; false when nothing is left.
    pub(super) fn save_some(&mut self, index: &mut Index, batch: &mut Batch) -> bool {
        batch.db = self.db;
        if self.take_early(batch) {
            return true;
        }
        index.save_some(|entry| match self.snapshot.is_cancelled() {
            true => Taken::More,
            false => batch.offer(entry, &self.snapshot),
        })
    }

    /// Saves all that is left, of a database that no shard has any more.
    pub(super) fn save_rest(mut self, index: &mut Index) {
        let snapshot = Arc::clone(&self.snapshot);
        if std::thread::panicking() {
            snapshot.cancel();
        }
        let mut saver = Saver::new(&snapshot);
        loop {
            // Nobody waits for a lock.
            saver.batch.large = Large::Welcome;
            let more = self.save_some(index, &mut saver.batch);
            saver.encode();
            if !more {
                break;
            }
        }
        saver.finish();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut parts = lock(&self.snapshot.parts);
        *parts -= 1;
        if *parts == 0 {
            self.snapshot.all_saved.notify_all();
        }
    }
}

/// Entries of one database as they were, taken under the lock of their shard.
#[derive(Debug, Default)]
pub(super) struct Batch {
    db: usize,
    keys: usize,
    small: Copies,
    /// Strings in buffers of their own, which are shared.
    big: Vec<EntryBox>,
    /// Collections: those are encoded where they are.
    encoded: Vec<u8>,
    /// Counted in [`Snapshot::early_bytes`].
    early_bytes: u64,
    /// How large collections are dealt with.
    large: Large,
}

/// Encoding a large collection takes its time. Workers must not block for a lock meanwhile.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Large {
    /// It is left for the next hold of the lock.
    #[default]
    Refused,
    /// One was left.
    Met,
    /// The lock is marked as long.
    Welcome,
}

impl Batch {
    /// Takes an entry, unless it is a large collection and the lock is not held for one.
    fn offer(&mut self, entry: EntryRef<'_>, snapshot: &Snapshot) -> Taken {
        if self.large == Large::Refused && is_large(entry) {
            self.large = Large::Met;
            return Taken::NotNow;
        }
        self.add(entry, snapshot);
        if self.is_full() { Taken::Enough } else { Taken::More }
    }

    fn add(&mut self, entry: EntryRef<'_>, snapshot: &Snapshot) {
        if !self.small.push(entry) {
            match entry.value() {
                Value::Big(_) => self.big.push(entry.to_owned_as(entry.key(), entry.lru())),
                _ => snapshot.encode(entry, &mut self.encoded),
            }
        }
        self.keys += 1;
    }

    fn is_full(&self) -> bool {
        self.small.bytes() + self.encoded.len() + self.big.len() * SHARED_BYTES >= BATCH_BYTES
    }
}

fn is_large(entry: EntryRef<'_>) -> bool {
    matches!(entry.value(), Value::Object(object) if object.memory_bytes() >= LARGE_BYTES)
}

/// Goes over shards and hands their entries over; one thread's part of it.
#[derive(Debug)]
pub struct Saver<'s> {
    snapshot: &'s Snapshot,
    batch: Batch,
    chunk: Chunk,
}

impl<'s> Saver<'s> {
    /// A saver for a snapshot, which may have others.
    pub fn new(snapshot: &'s Snapshot) -> Saver<'s> {
        Saver { snapshot, batch: Batch::default(), chunk: Chunk::default() }
    }

    /// Hands over what is left to be saved of a shard. Locking: the shard, for one batch at a time.
    pub fn save_shard(&mut self, keyspace: &Keyspace, id: ShardId) {
        while self.step(keyspace, id) {
            if self.snapshot.early_bytes.load(Relaxed) >= EARLY_BYTES {
                self.take_early(keyspace);
            }
        }
        self.finish();
    }

    /// Hands over what writers have left in any shard.
    fn take_early(&mut self, keyspace: &Keyspace) {
        for id in keyspace.shard_ids() {
            while keyspace.lock(id).take_early(&mut self.batch) {
                self.encode();
            }
        }
    }

    /// One batch; false when nothing is left in the shard. What it has taken may wait for [`finish`](Self::finish).
    fn step(&mut self, keyspace: &Keyspace, id: ShardId) -> bool {
        let more = if self.batch.large == Large::Met {
            self.batch.large = Large::Welcome;
            let more = keyspace.lock_long(id).save_some(&mut self.batch);
            self.batch.large = Large::Refused;
            keyspace.released.notify_waiters();
            more
        } else {
            keyspace.lock(id).save_some(&mut self.batch)
        };
        self.encode();
        more
    }

    /// Encodes the batch, without a lock.
    fn encode(&mut self) {
        if self.snapshot.is_cancelled() {
            self.batch = Batch::default();
            return;
        }
        if self.chunk.db != self.batch.db {
            self.finish();
            self.chunk.db = self.batch.db;
        }
        let Batch { keys, small, big, encoded, .. } = &mut self.batch;
        if self.chunk.entries.is_empty() {
            self.chunk.entries = take(encoded);
        } else {
            self.chunk.entries.append(encoded);
        }
        for entry in small.iter().chain(big.iter().map(EntryBox::view)) {
            self.snapshot.encode(entry, &mut self.chunk.entries);
        }
        small.clear();
        big.clear();
        self.chunk.keys += take(keys);
        if self.chunk.entries.len() >= CHUNK_BYTES {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.snapshot.deliver(&mut self.chunk);
    }
}

#[cfg(test)]
#[cfg(not(feature = "loom"))]
mod tests;
