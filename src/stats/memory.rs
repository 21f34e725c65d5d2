//! The greatest use of memory so far, and that at the start.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::util::alloc;

/// Bytes allocated, as seen now and then.
#[derive(Debug)]
pub struct MemoryMarks {
    at_start: u64,
    peak: AtomicU64,
}

impl Default for MemoryMarks {
    /// Takes the use now for that at the start.
    fn default() -> MemoryMarks {
        let now = alloc::memory_stats().allocated as u64;
        MemoryMarks { at_start: now, peak: now.into() }
    }
}

impl MemoryMarks {
    /// Looks at the use now; answers it.
    pub fn look(&self) -> u64 {
        let now = alloc::memory_stats().allocated as u64;
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
}
