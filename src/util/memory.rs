//! How many bytes the process has in use, for the price of a few loads.
//!
//! The allocator's statistics are exact, but reading them takes microseconds. Between two readings each thread that asks
//! adds what it has allocated and freed itself since, which the allocator counts by thread. What other threads do
//! meanwhile is missing by at most [`STEP_BYTES`] for each that asks too, and until the next reading for the rest.
//!
//! One figure for the process, as there is one allocator. Imports `alloc`.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use super::alloc;

/// A thread tells the others when it has allocated or freed so much.
const STEP_BYTES: i64 = 4096;

/// The last reading, and what threads have told since.
static TOLD: AtomicI64 = AtomicI64::new(0);
/// Number of readings.
static READINGS: AtomicU64 = AtomicU64::new(0);
/// Bytes that wait to be freed by another thread.
static LEAVING: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static OWN: Own = const { Own { reading: Cell::new(0), told: Cell::new(0) } };
}

/// What a thread has told.
struct Own {
    /// The reading that it has seen last.
    reading: Cell<u64>,
    /// Its balance at that reading, or when it told something last.
    told: Cell<i64>,
}

/// Reads the allocator's statistics; answers the bytes in use. Takes some microseconds.
pub fn read() -> u64 {
    let now = alloc::memory_stats().allocated as i64;
    // In this order: what a thread tells meanwhile may get lost, but nothing is counted twice.
    READINGS.fetch_add(1, Relaxed);
    TOLD.store(now, Relaxed);
    used()
}

/// Bytes in use, as far as it is known without a reading. 0 before the first one.
#[inline]
pub fn used() -> u64 {
    OWN.with(|own| {
        let mine = alloc::thread_bytes();
        let reading = READINGS.load(Relaxed);
        if own.reading.replace(reading) != reading {
            // What was not told yet is in the reading.
            own.told.set(mine);
        }
        let news = mine - own.told.get();
        if news.abs() >= STEP_BYTES {
            own.told.set(mine);
            TOLD.fetch_add(news, Relaxed);
            return known(TOLD.load(Relaxed));
        }
        known(TOLD.load(Relaxed) + news)
    })
}

fn known(bytes: i64) -> u64 {
    (bytes - LEAVING.load(Relaxed)).max(0).cast_unsigned()
}

/// Counts `bytes` as free although another thread is yet to free them.
pub fn leaves(bytes: usize) {
    LEAVING.fetch_add(bytes as i64, Relaxed);
}

/// What was announced by [`leaves`] is free now.
pub fn left(bytes: usize) {
    TOLD.fetch_sub(bytes as i64, Relaxed);
    LEAVING.fetch_sub(bytes as i64, Relaxed);
}

#[cfg(all(test, not(any(miri, feature = "system-alloc"))))]
mod tests {
    use super::*;

    // Tests of other modules allocate at the same time: only what is much larger than theirs can be told apart.
    const LARGE: usize = 256 << 20;
    const SLACK: u64 = 64 << 20;

    #[test]
    fn use_is_followed_between_readings() {
        let before = read();
        let block = vec![0u8; LARGE];
        assert!(used().abs_diff(before + LARGE as u64) < SLACK);
        leaves(LARGE);
        assert!(used().abs_diff(before) < SLACK);
        std::thread::spawn(move || {
            drop(block);
            left(LARGE);
        })
        .join()
        .unwrap();
        assert!(used().abs_diff(before) < SLACK);
        assert!(read().abs_diff(before) < SLACK);
    }
}
