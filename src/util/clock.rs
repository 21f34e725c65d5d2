//! The only clock. Everything else is told the time.
//!
//! Commands are timed in raw processor ticks (one `rdtsc`, no system clock); the wall clock is those ticks plus an
//! offset that [`Clock::resync`] refreshes, so that a reading costs nanoseconds and follows the system's clock.

#![allow(clippy::disallowed_methods, reason = "this is the one place that may ask the system for the time")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn counter() -> &'static quanta::Clock {
    static COUNTER: OnceLock<quanta::Clock> = OnceLock::new();
    COUNTER.get_or_init(quanta::Clock::new)
}

/// Raw monotonic ticks; only differences have a meaning.
#[inline]
#[must_use]
pub fn ticks() -> u64 {
    counter().raw()
}

/// Length of a span of ticks in nanoseconds.
#[inline]
#[must_use]
pub fn ticks_to_ns(span: u64) -> u64 {
    counter().delta_as_nanos(0, span)
}

/// Seconds since `start`, in ticks.
#[must_use]
pub fn seconds_since(start: u64) -> f64 {
    Duration::from_nanos(ticks_to_ns(ticks() - start)).as_secs_f64()
}

/// Wall clock, in Unix time.
#[derive(Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Ticks plus this many microseconds.
    System(AtomicI64),
    /// Set by a test, in microseconds.
    Manual(AtomicU64),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Clock {
        let clock = Clock { source: Source::System(AtomicI64::new(0)) };
        clock.resync();
        clock
    }

    /// A clock that stands still until a test moves it.
    #[must_use]
    pub fn manual(now_ms: u64) -> Clock {
        Clock { source: Source::Manual(AtomicU64::new(now_ms * 1000)) }
    }

    /// Microseconds since the Unix epoch.
    #[inline]
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.at_us(ticks())
    }

    /// The same for a reading of [`ticks`] taken a moment ago.
    #[inline]
    #[must_use]
    pub fn at_us(&self, ticks: u64) -> u64 {
        match &self.source {
            Source::System(offset_us) => (ticks_to_ns(ticks) / 1000).wrapping_add_signed(offset_us.load(Relaxed)),
            Source::Manual(now_us) => now_us.load(Relaxed),
        }
    }

    /// Milliseconds since the Unix epoch.
    #[inline]
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_us() / 1000
    }

    /// Follows the system's clock again; called a few times a second.
    pub fn resync(&self) {
        if let Source::System(offset_us) = &self.source {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
            offset_us.store(wall - (ticks_to_ns(ticks()) / 1000) as i64, Relaxed);
        }
    }

    /// Moves a manual clock; the system's clock is left alone.
    pub fn advance_ms(&self, by_ms: u64) {
        if let Source::Manual(now_us) = &self.source {
            now_us.fetch_add(by_ms * 1000, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_clock_is_near_the_system_time() {
        let clock = Clock::system();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        assert!(clock.now_ms().abs_diff(wall) < 1000);
    }

    #[test]
    fn manual_clock_moves_only_when_told() {
        let clock = Clock::manual(5000);
        assert_eq!(clock.now_ms(), 5000);
        clock.advance_ms(250);
        assert_eq!(clock.now_us(), 5_250_000);
    }

    #[test]
    fn ticks_measure_time() {
        let start = ticks();
        let before = std::time::Instant::now();
        while before.elapsed().as_millis() < 20 {}
        let ns = ticks_to_ns(ticks() - start);
        assert!((15_000_000..500_000_000).contains(&ns), "{ns}");
    }
}
