//! The exact index of what expires when, for one database in one shard.
//!
//! A record is 12 bytes: the time as two 32-bit halves, then the key's position, so that records sort by time and hold
//! no key. Two keys may share a record (same millisecond and position); [`Db`](super::Db) removes a record only when
//! the last of them goes, by looking at the entries of that position.

use std::collections::BTreeSet;

/// Time, high half first, then position.
type Record = [u32; 3];

/// Bytes of a record with its part of the tree, whose nodes are about two thirds full.
const RECORD_BYTES: usize = 20;

/// Times of expiry in order, with the position of each key.
#[derive(Debug, Default)]
pub(super) struct ExpireIndex {
    records: BTreeSet<Record>,
    /// Entries with an expiry; records shared by several make it the larger number.
    len: usize,
    /// Sum of all times, for the mean.
    sum_ms: u128,
}

impl ExpireIndex {
    /// Number of entries with an expiry.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// About the bytes it takes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.records.len() * RECORD_BYTES
    }

    /// Adds an entry's expiry.
    pub(super) fn add(&mut self, at_ms: u64, position: u32) {
        self.records.insert(record(at_ms, position));
        self.len += 1;
        self.sum_ms += u128::from(at_ms);
    }

    /// Takes an entry's expiry away; `last` says that no other entry at this position has the same time.
    pub(super) fn remove(&mut self, at_ms: u64, position: u32, last: bool) {
        if last {
            self.records.remove(&record(at_ms, position));
        }
        self.len -= 1;
        self.sum_ms -= u128::from(at_ms);
        if self.len == 0 {
            // An emptied tree keeps a node, which is much where there are many shards.
            self.records = BTreeSet::new();
        }
    }

    /// The earliest time and the position of its entry.
    pub(super) fn first(&self) -> Option<(u64, u32)> {
        self.records.first().map(when)
    }

    /// The first record from a random place on, in time between the earliest and the latest; `dice` are random bits.
    /// Records behind long gaps come up more often.
    pub(super) fn random(&self, dice: u64) -> Option<(u64, u32)> {
        let (from, to) = (when(self.records.first()?), when(self.records.last()?));
        let span = u128::from(to.0 - from.0) + 1;
        let at_ms = from.0 + ((u128::from(dice) * span) >> 64) as u64;
        // Within one millisecond the low bits, which had no part in choosing it, choose the position.
        self.records.range(record(at_ms, dice as u32)..).next().map_or(Some(from), |record| Some(when(record)))
    }

    /// Mean of all times.
    pub(super) fn mean_ms(&self) -> Option<u64> {
        let mean = self.sum_ms.checked_div(self.len as u128)?;
        u64::try_from(mean).ok()
    }
}

/// Time and position of a record.
fn when(&[high, low, position]: &Record) -> (u64, u32) {
    (u64::from(high) << 32 | u64::from(low), position)
}

fn record(at_ms: u64, position: u32) -> Record {
    [(at_ms >> 32) as u32, at_ms as u32, position]
}
