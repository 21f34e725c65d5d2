//! Counters of the server.
//!
//! Every worker counts for itself and writes to no line that another writes; a reader (INFO, LATENCY) sums. Logs that
//! grow by rare events (slow commands, latency spikes) have a lock each.
//!
//! May import: config and what is below.

pub mod expiry;
pub mod histogram;
pub mod latency;
mod memory;
mod rates;
pub mod slowlog;

pub use memory::MemoryMarks;
pub use rates::PerSecond;
use rates::Rates;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, RwLock, RwLockReadGuard};

use ahash::AHashMap;

use crate::util::sync::{lock, read, write};
use expiry::ExpiryStats;
use histogram::{Histogram, HistogramSum};
use latency::LatencyMonitor;
use slowlog::CommandLogs;

/// What one worker knows of one command.
#[derive(Debug, Default)]
pub struct CommandCounters {
    /// Calls that ran.
    pub calls: AtomicU64,
    /// Time in the handler, nanoseconds.
    pub ns: AtomicU64,
    /// Refused before they ran.
    pub rejected: AtomicU64,
    /// Ran and answered an error.
    pub failed: AtomicU64,
    histogram: OnceLock<Histogram>,
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one worker besides those by command.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: AtomicU64,)* }
        /// The same, summed.
        #[derive(Debug, Default, Clone, Copy)]
        pub struct Totals { $($(#[$doc])* pub $name: u64,)* }
        impl Totals {
            fn since(&self, before: &Totals) -> Totals {
                Totals { $($name: self.$name.saturating_sub(before.$name),)* }
            }
        }
        impl Counters {
            fn add_to(&self, totals: &mut Totals) { $(totals.$name += self.$name.load(Relaxed);)* }
        }
    };
}

counters! {
    /// Commands run.
    commands,
    /// Connections accepted.
    connections,
    /// Connections refused by maxclients.
    rejected_connections,
    /// Bytes read from clients.
    net_in,
    /// Bytes written to clients.
    net_out,
    /// Reads from sockets.
    reads,
    /// Writes to sockets.
    writes,
    /// Lookups that found a key.
    hits,
    /// Lookups that did not.
    misses,
    /// Keys removed because their time had come.
    expired,
    /// Fields of hashes removed because their time had come.
    expired_fields,
    /// Keys removed to make room.
    evicted,
    /// Error replies.
    errors,
    /// Changes to the keyspace since the start.
    dirty,
    /// Handlers that panicked.
    panics,
    /// Clients cut off because they did not read.
    output_limit_disconnections,
    /// Clients cut off because they sent too much without an end.
    query_limit_disconnections,
}

/// Counters of one worker.
#[derive(Debug)]
#[repr(align(128))]
pub struct WorkerStats {
    /// Counters besides those by command.
    pub counters: Counters,
    commands: Box<[CommandCounters]>,
    errors: Mutex<AHashMap<Box<[u8]>, u64>>,
    /// Several threads write to it (the slot of threads that are no workers).
    shared: bool,
}

/// Distinct error codes that are counted by name; beyond them errors are only summed.
const ERROR_CODES_MAX: usize = 128;

impl WorkerStats {
    fn new(commands: usize, shared: bool) -> WorkerStats {
        WorkerStats {
            counters: Counters::default(),
            commands: (0..commands).map(|_| CommandCounters::default()).collect(),
            errors: Mutex::default(),
            shared,
        }
    }

    /// Adds to one of these counters. A worker's own counters have one writer and need no locked instruction.
    #[inline]
    pub fn add(&self, counter: &AtomicU64, by: u64) {
        if self.shared {
            counter.fetch_add(by, Relaxed);
        } else {
            counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
        }
    }

    /// Counters of the command with that id.
    #[inline]
    #[must_use]
    pub fn command(&self, id: u16) -> &CommandCounters {
        &self.commands[usize::from(id)]
    }

    /// The counters besides those by command, as they are now.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.counters.add_to(&mut totals);
        totals
    }

    /// Counts a call that took `ns`. `with_histogram`: `latency-tracking` is on.
    #[inline]
    pub fn record_call(&self, id: u16, ns: u64, with_histogram: bool) {
        let command = self.command(id);
        self.add(&command.calls, 1);
        self.add(&command.ns, ns);
        self.add(&self.counters.commands, 1);
        if with_histogram {
            command.histogram.get_or_init(Histogram::default).record(ns, self.shared);
        }
    }

    /// Counts an error reply under its code.
    pub fn record_error(&self, code: &[u8]) {
        self.add(&self.counters.errors, 1);
        let mut errors = lock(&self.errors);
        if let Some(count) = errors.get_mut(code) {
            *count += 1;
        } else if errors.len() < ERROR_CODES_MAX {
            errors.insert(code.into(), 1);
        }
    }
}

/// One command's counters over all workers.
#[derive(Debug, Default, Clone)]
pub struct CommandTotals {
    /// Calls that ran.
    pub calls: u64,
    /// Time in the handler, nanoseconds.
    pub ns: u64,
    /// Refused before they ran.
    pub rejected: u64,
    /// Ran and answered an error.
    pub failed: u64,
    /// Durations; nothing in it when `latency-tracking` was off.
    pub durations: HistogramSum,
}

impl CommandTotals {
    fn subtract(&mut self, before: &CommandTotals) {
        self.calls = self.calls.saturating_sub(before.calls);
        self.ns = self.ns.saturating_sub(before.ns);
        self.rejected = self.rejected.saturating_sub(before.rejected);
        self.failed = self.failed.saturating_sub(before.failed);
        self.durations.subtract(&before.durations);
    }
}

/// What had been counted at the last CONFIG RESETSTAT. A worker's counters are its own to write, so a reset cannot set
/// them to zero: it remembers them, and readers see the difference.
#[derive(Debug, Default)]
struct Baseline {
    totals: Totals,
    commands: AHashMap<u16, CommandTotals>,
}

/// All workers' counters.
#[derive(Debug)]
pub struct Stats {
    /// The greatest use of memory.
    pub memory: MemoryMarks,
    /// Notable commands.
    pub logs: CommandLogs,
    /// Latency spikes.
    pub latency: LatencyMonitor,
    /// Active expiry.
    pub expiry: ExpiryStats,
    workers: Box<[WorkerStats]>,
    rates: Rates,
    baseline: RwLock<Baseline>,
}

impl Stats {
    /// For so many workers, plus one slot for threads that are none ([`Stats::other`]).
    #[must_use]
    pub fn new(workers: usize, commands: usize) -> Stats {
        Stats {
            memory: MemoryMarks::default(),
            logs: CommandLogs::default(),
            latency: LatencyMonitor::default(),
            expiry: ExpiryStats::default(),
            workers: (0..=workers).map(|worker| WorkerStats::new(commands, worker == workers)).collect(),
            rates: Rates::default(),
            baseline: RwLock::default(),
        }
    }

    /// Changes to the keyspace since the start of the server, whatever CONFIG RESETSTAT says.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.totals_since_start().dirty
    }

    /// The counters of a worker.
    #[must_use]
    pub fn worker(&self, worker: usize) -> &WorkerStats {
        &self.workers[worker]
    }

    /// The counters of all other threads (accepting, cron, blocking commands).
    #[must_use]
    pub fn other(&self) -> &WorkerStats {
        &self.workers[self.workers.len() - 1]
    }

    /// Sums of all workers since the last reset; [`Totals::dirty`] since the start.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals_since_start().since(&self.baseline().totals)
    }

    /// One command's sums since the last reset.
    #[must_use]
    pub fn command_totals(&self, id: u16) -> CommandTotals {
        let mut totals = self.command_totals_since_start(id);
        if let Some(before) = self.baseline().commands.get(&id) {
            totals.subtract(before);
        }
        totals
    }

    fn baseline(&self) -> RwLockReadGuard<'_, Baseline> {
        read(&self.baseline)
    }

    fn totals_since_start(&self) -> Totals {
        let mut totals = Totals::default();
        self.workers.iter().for_each(|worker| worker.counters.add_to(&mut totals));
        totals
    }

    fn command_totals_since_start(&self, id: u16) -> CommandTotals {
        let mut totals = CommandTotals::default();
        for worker in &self.workers {
            let command = worker.command(id);
            totals.calls += command.calls.load(Relaxed);
            totals.ns += command.ns.load(Relaxed);
            totals.rejected += command.rejected.load(Relaxed);
            totals.failed += command.failed.load(Relaxed);
            if let Some(histogram) = command.histogram.get() {
                histogram.add_to(&mut totals.durations);
            }
        }
        totals
    }

    /// Takes a sample for the rates per second; called each 100 ms.
    pub fn sample_rates(&self, now_us: u64) {
        self.rates.sample(now_us, &self.totals_since_start());
    }

    /// Commands and bytes per second.
    #[must_use]
    pub fn per_second(&self) -> PerSecond {
        self.rates.per_second()
    }

    /// Error replies by code, sorted.
    #[must_use]
    pub fn errors_by_code(&self) -> Vec<(Box<[u8]>, u64)> {
        let mut sums: AHashMap<Box<[u8]>, u64> = AHashMap::new();
        for worker in &self.workers {
            for (code, count) in lock(&worker.errors).iter() {
                *sums.entry(code.clone()).or_default() += count;
            }
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort();
        sums
    }

    /// CONFIG RESETSTAT. Changes of the keyspace ([`Totals::dirty`]) go on being counted: snapshots are due by them.
    pub fn reset(&self) {
        self.memory.reset();
        self.expiry.reset();
        let mut before = Baseline { totals: self.totals_since_start(), commands: AHashMap::new() };
        before.totals.dirty = 0;
        let commands = self.workers.first().map_or(0, |worker| worker.commands.len());
        for id in 0..commands as u16 {
            let totals = self.command_totals_since_start(id);
            if totals.calls + totals.rejected > 0 {
                before.commands.insert(id, totals);
            }
        }
        *write(&self.baseline) = before;
        for worker in &self.workers {
            lock(&worker.errors).clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_hides_what_was_counted_before() {
        let stats = Stats::new(2, 3);
        let call = |worker: usize| {
            stats.worker(worker).record_call(1, 5000, true);
            stats.worker(worker).add(&stats.worker(worker).counters.dirty, 1);
        };
        call(0);
        call(1);
        stats.worker(0).record_error(b"ERR");
        let before = stats.command_totals(1);
        assert_eq!((before.calls, before.ns, before.durations.count()), (2, 10_000, 2));
        assert_eq!((stats.totals().commands, stats.totals().errors, stats.totals().dirty), (2, 1, 2));

        stats.reset();
        let after = stats.command_totals(1);
        assert_eq!((after.calls, after.ns, after.durations.count()), (0, 0, 0));
        assert_eq!((stats.totals().commands, stats.totals().errors, stats.totals().dirty), (0, 0, 2));
        assert!(stats.errors_by_code().is_empty());

        call(1);
        assert_eq!((stats.command_totals(1).calls, stats.totals().commands, stats.totals().dirty), (1, 1, 3));
    }
}
