//! The greatest use of memory so far, that at the start, and for how long it was above `maxmemory`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::util::memory;

/// Bytes allocated, as seen now and then.
#[derive(Debug)]
pub struct MemoryMarks {
    at_start: u64,
    peak: AtomicU64,
    /// Unix time since which it is above the limit, microseconds; 0 when it is not.
    exceeded_at_us: AtomicU64,
    /// Time above the limit before that.
    exceeded_us: AtomicU64,
}

impl Default for MemoryMarks {
    /// Takes the use now for that at the start.
    fn default() -> MemoryMarks {
        let now = memory::read();
        MemoryMarks { at_start: now, peak: now.into(), exceeded_at_us: 0.into(), exceeded_us: 0.into() }
    }
}

impl MemoryMarks {
    /// Looks at the use now; answers it.
    pub fn look(&self) -> u64 {
        let now = memory::read();
        self.peak.fetch_max(now, Relaxed);
        now
    }

    /// The greatest use seen.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.peak.load(Relaxed)
    }

    /// The use at the start, before there were data.
    #[must_use]
    pub fn at_start(&self) -> u64 {
        self.at_start
    }

    /// Eviction could not bring the use below the limit, at `now_us`.
    pub fn exceeds(&self, now_us: u64) {
        // The first to see it decides.
        let _ = self.exceeded_at_us.compare_exchange(0, now_us, Relaxed, Relaxed);
    }

    /// The use is below the limit at `now_us`, which is asked for only when it was above.
    #[inline]
    pub fn fits(&self, now_us: impl FnOnce() -> u64) {
        if self.exceeded_at_us.load(Relaxed) != 0 {
            let at_us = self.exceeded_at_us.swap(0, Relaxed);
            if at_us != 0 {
                self.exceeded_us.fetch_add(now_us().saturating_sub(at_us), Relaxed);
            }
        }
    }

    /// Time above the limit: in all, and since it was crossed last, microseconds.
    #[must_use]
    pub fn exceeded_us(&self, now_us: u64) -> (u64, u64) {
        let current = match self.exceeded_at_us.load(Relaxed) {
            0 => 0,
            at_us => now_us.saturating_sub(at_us),
        };
        (self.exceeded_us.load(Relaxed) + current, current)
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        self.exceeded_at_us.store(0, Relaxed);
        self.exceeded_us.store(0, Relaxed);
    }
}
