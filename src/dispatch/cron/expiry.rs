//! Active expiry: removes keys and fields of hashes whose time has come, also those that nobody asks for.
//!
//! Every shard knows exactly what is due next, so a sweep costs what it removes and little more. Sweeps come every
//! [`TICK_MS`]; a key is gone at most a tick and a sweep after its time. A burst of due keys does not starve the workers:
//! a sweep ends with its slice of time and goes on where it ended after a pause, so that expiry takes about a fifth of
//! one processor at first (`active-expire-effort` raises that), and no lock is held for longer than a small batch takes.
//! While keys stay overdue all the same, slices grow to three times their length, which makes it less than half of one
//! processor; with the last of them the slices are as short as before.

use std::sync::atomic::Ordering::Relaxed;

use super::record_spike;
use crate::dispatch::serve::settle_all;
use crate::keyspace::{Effects, Locked, ShardId};
use crate::state::{Gate, Server};
use crate::stats::latency;
use crate::util::clock::{ticks, ticks_to_ns};

/// Milliseconds between two sweeps when nothing is left to do.
pub const TICK_MS: u64 = 10;
/// Milliseconds of rest between two slices when one was not enough.
pub const PAUSE_MS: u64 = 2;
/// Length of a slice at the least effort, and what each further unit of effort adds. The timer's granularity makes a
/// pause about a millisecond longer: from 17 to 33 % of the time.
const SLICE_US: u64 = 600;
const SLICE_PER_EFFORT_US: u64 = 100;
/// How many times as long a slice becomes while one after the other was not enough, and after how many of them.
const SLICE_GROWTH: u64 = 3;
const GROWTH_SWEEPS: u64 = 20;
/// Keys and fields removed under one hold of a shard's lock: some tens of microseconds.
const BATCH: usize = 64;

/// Goes around the shards, a slice of time at a time.
#[derive(Debug, Default)]
pub struct Sweeper {
    next: usize,
    /// Sweeps in a row whose slice was not enough.
    behind: u64,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Keys and fields removed.
    pub removed: usize,
    /// The slice ended before all shards had their turn: the next one should come soon.
    pub is_cut: bool,
}

impl Sweeper {
    /// Removes what is due for at most a slice of time. Locking: one shard at a time, in short holds; a shard that a long
    /// command holds is left to the next sweep.
    pub fn sweep(&mut self, server: &Server) -> Swept {
        let started = ticks();
        let slice_ns = slice_ns(server.config.active_expire_effort(), self.behind);
        let swept = self.round(server, || ticks_to_ns(ticks() - started) < slice_ns);
        let ns = ticks_to_ns(ticks() - started);
        self.behind = if swept.is_cut { self.behind + 1 } else { 0 };
        server.stats.expiry.record_sweep(ns, swept.is_cut);
        record_spike(server, latency::event::EXPIRE_CYCLE, ns);
        swept
    }

    /// Gives every shard its turn, as long as there is time.
    fn round(&mut self, server: &Server, has_time: impl Fn() -> bool) -> Swept {
        let mut swept = Swept { removed: 0, is_cut: false };
        if !is_on(server) {
            return swept;
        }
        let shards = server.keyspace.shard_count();
        for _ in 0..shards {
            loop {
                let removed = expire_batch(server, ShardId(self.next as u16));
                swept.removed += removed;
                if removed > 0 && !has_time() {
                    swept.is_cut = true;
                    return swept;
                }
                if removed < BATCH {
                    break;
                }
            }
            self.next = (self.next + 1) % shards;
        }
        swept
    }
}

/// Length of the slice of a sweep before which `behind` in a row were not enough.
fn slice_ns(effort: u32, behind: u64) -> u64 {
    let usual_ns = (SLICE_US + SLICE_PER_EFFORT_US * u64::from(effort.clamp(1, 10) - 1)) * 1000;
    usual_ns + usual_ns * (SLICE_GROWTH - 1) * behind.min(GROWTH_SWEEPS) / GROWTH_SWEEPS
}

/// Removes every due key, however long it takes; answers how many.
pub fn expire_all(server: &Server) -> usize {
    Sweeper::default().round(server, || true).removed
}

/// DEBUG turns expiry off, and while clients are paused nothing changes.
fn is_on(server: &Server) -> bool {
    // Asked first: a pause ends whatever else is off.
    let is_paused = server.is_paused() && server.unpause_at(server.clock.now_ms());
    // What is being loaded expires when all of it is there.
    let is_loading = server.gate().intersects(Gate::LOADING);
    !is_paused && !is_loading && !server.cron_paused.load(Relaxed) && server.active_expire.load(Relaxed)
}

/// Removes due keys and fields of one shard under one hold of its lock.
fn expire_batch(server: &Server, shard: ShardId) -> usize {
    let mut db = Locked::none(&server.keyspace, 0, server.clock.now_ms());
    let expire = |db: &mut Locked<'_>| {
        let keys = db.expire_due(shard, BATCH);
        keys + db.expire_due_fields(shard, BATCH - keys)
    };
    let Ok(removed) = db.visit(shard, true, expire) else { return 0 };
    if removed > 0 {
        let now_ms = db.now_ms;
        finish(server, db.unlock(), now_ms);
    }
    removed
}

/// Counts what was removed, tells who waited for it, and drops it, off the lock.
fn finish(server: &Server, removed: Effects, now_ms: u64) {
    for due_ms in removed.entries.iter().filter_map(|entry| entry.view().expire_at_ms()) {
        // A hash may have gone before its time, with its last field.
        if let Some(lag_ms) = now_ms.checked_sub(due_ms) {
            server.stats.expiry.lag.record(lag_ms * 1_000_000, true);
        }
    }
    settle_all(server, server.stats.other(), None, removed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_grow_while_they_are_not_enough() {
        assert_eq!((slice_ns(1, 0), slice_ns(10, 0)), (600_000, 1_500_000));
        assert_eq!((slice_ns(1, 10), slice_ns(1, 20), slice_ns(1, 1000)), (1_200_000, 1_800_000, 1_800_000));
        assert_eq!(slice_ns(10, 20), 4_500_000);
    }
}
