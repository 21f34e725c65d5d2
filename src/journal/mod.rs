//! The ordered stream of effects: what every write did, in commands that repeat it, in one order for the whole server.
//!
//! A writer appends while it still holds the locks of its shards: inside of the lock of its thread's own buffer it takes
//! the next number and leaves the bytes. The one reader ([`Journal::collect`]) reads the counter, then empties every
//! buffer once: all numbers up to what it read are then complete, since whoever took one of them has let go of its buffer.
//! It merges them by number.
//!
//! Promises: for every key the order of effects is the order in the stream; an effect of several commands keeps them
//! together; nobody waits for the reader; nothing is done while nobody reads. Imports `resp` and `util` only.

mod batch;
mod buffer;
mod unit;

pub use batch::{Batch, Recorded};
pub use unit::Unit;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use crate::resp::Args;
use buffer::{Buffer, Part, Seat};

/// Buffers. Threads share them when there are more; each is a few hundred bytes while it is empty.
const SEATS: usize = 32;
/// Bytes that wait in one buffer from which the stream counts as full. Those who are about to write then wait.
const FULL_BYTES: usize = 32 * 1024 * 1024;

thread_local! {
    /// The buffer of this thread; 0 for all that have taken no seat.
    static SEAT: Cell<usize> = const { Cell::new(0) };
}

/// The stream.
#[derive(Debug)]
pub struct Journal {
    is_on: AtomicBool,
    is_full: AtomicBool,
    sequence: Sequence,
    seats: Box<[Seat]>,
}

/// Every write moves it: alone on its cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Sequence(AtomicU64);

impl Default for Journal {
    fn default() -> Self {
        Journal {
            is_on: false.into(),
            is_full: false.into(),
            sequence: Sequence::default(),
            seats: (0..SEATS).map(|_| Seat::default()).collect(),
        }
    }
}

/// Gives the current thread, the worker with that number, a buffer of its own.
pub fn take_seat(worker: usize) {
    SEAT.set(1 + worker % (SEATS - 1));
}

impl Journal {
    /// Whether somebody reads, so that effects must be stated.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Turns the stream on or off. The caller holds every shard, so that no command sees the change midway.
    pub fn turn(&self, on: bool) {
        self.is_on.store(on, Relaxed);
    }

    /// Whether the reader is so far behind that writers should wait.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.is_full.load(Relaxed)
    }

    /// The number of the last effect.
    #[inline]
    pub fn last(&self) -> u64 {
        self.sequence.0.load(SeqCst)
    }

    /// Appends one command, as a request of database `db`; answers its number. The caller holds the shards of its keys.
    #[inline]
    pub fn append(&self, db: usize, now_ms: u64, words: Args<'_>) -> u64 {
        self.push(|buffer, seq| {
            let start = buffer.bytes.len();
            words.write_request(&mut buffer.bytes);
            let len = buffer.bytes.len() - start;
            buffer.parts.push(Part { seq, at_ms: now_ms, db: db as u32, commands: 1, len, is_atomic: true });
        })
    }

    /// Appends several commands that belong together; answers their number. The caller holds the shards of their keys.
    pub fn append_unit(&self, now_ms: u64, unit: &Unit) -> u64 {
        self.push(|buffer, seq| {
            buffer.bytes.extend_from_slice(&unit.bytes);
            let parts = unit.parts.iter().map(|part| Part {
                seq,
                at_ms: now_ms,
                db: part.db,
                commands: part.commands,
                len: part.len,
                is_atomic: unit.is_atomic,
            });
            buffer.parts.extend(parts);
        })
    }

    #[inline]
    fn push(&self, write: impl FnOnce(&mut Buffer, u64)) -> u64 {
        let mut buffer = self.seats[SEAT.get()].lock();
        let seq = self.sequence.0.fetch_add(1, SeqCst) + 1;
        write(&mut buffer, seq);
        buffer.prefetch_end();
        if buffer.bytes.len() > FULL_BYTES {
            self.is_full.store(true, Relaxed);
        }
        seq
    }

    /// Bytes that wait for the reader. Locking: every buffer in turn.
    pub fn waiting_bytes(&self) -> usize {
        self.seats.iter().map(|seat| seat.lock().bytes.len()).sum()
    }

    /// Takes what has been appended since the last call. Only the one reader calls this. Locking: every buffer in turn.
    pub fn collect(&self, batch: &mut Batch) {
        let last = self.last();
        for (seat, taken) in self.seats.iter().zip(&mut batch.taken) {
            taken.take(&mut seat.lock());
        }
        // Whoever waits meanwhile finds room.
        self.is_full.store(false, Relaxed);
        batch.sort(last);
    }

    /// A batch to collect into. What has been appended so far is forgotten. The caller holds every shard.
    #[must_use]
    pub fn reader(&self) -> Batch {
        self.seats.iter().for_each(|seat| *seat.lock() = Buffer::default());
        Batch::new(SEATS, self.last())
    }
}

#[cfg(test)]
mod tests;
