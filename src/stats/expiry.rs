//! How active expiry fares: whether keys go in time, and what that costs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::histogram::{Histogram, HistogramSum};

/// Counters of active expiry. One thread writes them.
#[derive(Debug, Default)]
pub struct ExpiryStats {
    /// How long after its time each key was removed. Keys that a command finds expired are not among them.
    pub lag: Histogram,
    busy_ns: AtomicU64,
    cut: AtomicU64,
}

impl ExpiryStats {
    /// Counts a sweep that took `ns`; `is_cut`: its time ran out before all shards had their turn.
    pub fn record_sweep(&self, ns: u64, is_cut: bool) {
        self.busy_ns.fetch_add(ns, Relaxed);
        self.cut.fetch_add(u64::from(is_cut), Relaxed);
    }

    /// Time spent, in nanoseconds (INFO expire_cycle_cpu_milliseconds).
    #[must_use]
    pub fn busy_ns(&self) -> u64 {
        self.busy_ns.load(Relaxed)
    }

    /// Sweeps whose time ran out (INFO expired_time_cap_reached_count).
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut.load(Relaxed)
    }

    /// The lags so far.
    #[must_use]
    pub fn lags(&self) -> HistogramSum {
        let mut sum = HistogramSum::default();
        self.lag.add_to(&mut sum);
        sum
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        self.lag.reset();
        self.busy_ns.store(0, Relaxed);
        self.cut.store(0, Relaxed);
    }
}
