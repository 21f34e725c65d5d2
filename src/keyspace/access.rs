//! The 24-bit field of an entry that tells how recently (LRU) or how often (LFU) its key was used.
//!
//! LRU: the second of the last access, wrapping after 194 days. LFU: 16 bits of the minute of the last access, wrapping
//! after 45 days, then 8 bits of a counter that grows ever more slowly and shrinks with time; the published scheme of
//! Redis, whose figures OBJECT IDLETIME and OBJECT FREQ answer. Which of the two is kept is one setting of the keyspace;
//! after it has changed the fields are misread until the keys are used again. Imports nothing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where the counter of a new key starts, so that it is not the first to go.
const LFU_START: u8 = 5;
const FIELD_MASK: u32 = 0x00FF_FFFF;

/// How the counter of LFU moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LfuPace {
    /// The greater, the more accesses it takes to grow (`lfu-log-factor`).
    pub log_factor: u32,
    /// Minutes after which it shrinks by one; 0 for never (`lfu-decay-time`).
    pub decay_min: u32,
}

/// The setting: LFU with its pace, or LRU. Read by every command, written by CONFIG SET.
#[derive(Debug, Default)]
pub struct AccessMode(AtomicU64);

impl AccessMode {
    const LFU: u64 = 1 << 63;
    const BITS: u32 = 31;
    const MASK: u64 = (1 << Self::BITS) - 1;

    /// Keeps LFU counters at that pace, or LRU times.
    pub fn set(&self, lfu: Option<LfuPace>) {
        let packed = lfu.map_or(0, |pace| {
            let numbers = [pace.log_factor, pace.decay_min].map(|number| u64::from(number).min(Self::MASK));
            Self::LFU | numbers[0] << Self::BITS | numbers[1]
        });
        self.0.store(packed, Relaxed);
    }

    /// The pace of LFU; `None` for LRU.
    #[inline]
    pub fn lfu(&self) -> Option<LfuPace> {
        unpacked(self.0.load(Relaxed))
    }

    /// What accesses at `now_ms` leave behind.
    #[inline]
    pub fn at(&self, now_ms: u64) -> Access {
        let packed = self.0.load(Relaxed);
        let clock = if packed == 0 { lru_clock(now_ms) } else { lfu_clock(now_ms) };
        Access { packed, clock, is_silent: false }
    }
}

#[inline]
fn unpacked(packed: u64) -> Option<LfuPace> {
    let number = |shift: u32| ((packed >> shift) & AccessMode::MASK) as u32;
    (packed != 0).then(|| LfuPace { log_factor: number(AccessMode::BITS), decay_min: number(0) })
}

/// What the accesses of one command leave behind.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    packed: u64,
    /// The second of LRU or the minute of LFU.
    clock: u32,
    /// Reads and writes leave the field of an existing entry as it is (CLIENT NO-TOUCH).
    pub is_silent: bool,
}

impl Access {
    /// The field of a new entry.
    #[inline]
    pub fn fresh(&self) -> u32 {
        if self.packed == 0 { self.clock } else { lfu_field(self.clock, LFU_START) }
    }

    /// The field that an access leaves behind where it was `field`. `dice` answers 64 random bits.
    #[inline]
    pub fn next(&self, field: u32, dice: impl FnOnce() -> u64) -> u32 {
        match unpacked(self.packed) {
            _ if self.is_silent => field,
            None => self.clock,
            Some(pace) => {
                let counter = decayed(field, self.clock, pace.decay_min);
                lfu_field(self.clock, grown(counter, pace.log_factor, dice()))
            }
        }
    }

    /// Seconds since the last access, as far as `field` is one of LRU (OBJECT IDLETIME).
    #[inline]
    pub fn idle_s(&self, field: u32) -> u32 {
        self.clock.wrapping_sub(field) & FIELD_MASK
    }

    /// The counter now, as far as `field` is one of LFU (OBJECT FREQ); `None` when LRU is kept.
    #[inline]
    pub fn frequency(&self, field: u32) -> Option<u8> {
        unpacked(self.packed).map(|pace| decayed(field, self.clock, pace.decay_min))
    }

    /// The field of an entry that was last used `idle_s` seconds ago (RESTORE IDLETIME); that of a new one under LFU.
    pub fn with_idle(&self, idle_s: u64) -> u32 {
        if self.packed == 0 { self.clock.wrapping_sub(idle_s as u32) & FIELD_MASK } else { self.fresh() }
    }

    /// The field of an entry with that counter (RESTORE FREQ); that of a new one under LRU.
    pub fn with_frequency(&self, counter: u8) -> u32 {
        if self.packed == 0 { self.fresh() } else { lfu_field(self.clock, counter) }
    }
}

/// The 24-bit LRU clock: seconds, wrapping after 194 days.
#[inline]
#[must_use]
pub fn lru_clock(now_ms: u64) -> u32 {
    (now_ms / 1000) as u32 & FIELD_MASK
}

fn lfu_clock(now_ms: u64) -> u32 {
    (now_ms / 60_000) as u32 & 0xFFFF
}

fn lfu_field(minute: u32, counter: u8) -> u32 {
    minute << 8 | u32::from(counter)
}

/// The counter of `field`, less one for each full period since its last access.
fn decayed(field: u32, minute: u32, decay_min: u32) -> u8 {
    let [_, _, _, counter] = field.to_be_bytes();
    let elapsed_min = minute.wrapping_sub(field >> 8) & 0xFFFF;
    let periods = elapsed_min.checked_div(decay_min).unwrap_or(0);
    counter.saturating_sub(u8::try_from(periods).unwrap_or(u8::MAX))
}

/// The counter after one more access: it grows with a probability that falls with its height above the start.
fn grown(counter: u8, log_factor: u32, dice: u64) -> u8 {
    let height = f64::from(counter.saturating_sub(LFU_START));
    let unit = (dice >> 11) as f64 / (1u64 << 53) as f64;
    if unit * (height * f64::from(log_factor) + 1.0) < 1.0 { counter.saturating_add(1) } else { counter }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::rng::Rng;

    const DEFAULT: LfuPace = LfuPace { log_factor: 10, decay_min: 1 };

    fn lfu(now_ms: u64, pace: LfuPace) -> Access {
        let mode = AccessMode::default();
        mode.set(Some(pace));
        mode.at(now_ms)
    }

    #[test]
    fn the_setting_is_kept_whole() {
        let mode = AccessMode::default();
        assert_eq!(mode.lfu(), None);
        for pace in
            [DEFAULT, LfuPace { log_factor: 0, decay_min: 0 }, LfuPace { log_factor: i32::MAX as u32, decay_min: 7 }]
        {
            mode.set(Some(pace));
            assert_eq!(mode.lfu(), Some(pace));
        }
        mode.set(None);
        assert_eq!(mode.lfu(), None);
    }

    #[test]
    fn lru_counts_seconds_and_wraps() {
        let mode = AccessMode::default();
        let field = mode.at(5_000).fresh();
        assert_eq!((field, mode.at(65_999).idle_s(field)), (5, 60));
        let late = u64::from(FIELD_MASK) * 1000;
        assert_eq!(mode.at(late + 2_000).idle_s(mode.at(late).fresh()), 2);
        let now = mode.at(1_000_000);
        assert_eq!((now.idle_s(now.with_idle(77)), now.idle_s(now.next(3, || 0))), (77, 0));
        assert_eq!((now.frequency(field), now.with_frequency(9)), (None, now.fresh()));
        assert_eq!(Access { is_silent: true, ..now }.next(3, || 0), 3);
    }

    #[test]
    fn lfu_counters_shrink_by_the_minute() {
        let then = lfu(600_000, DEFAULT).with_frequency(100);
        assert_eq!(lfu(600_000, DEFAULT).frequency(then), Some(100));
        assert_eq!(lfu(600_000 + 180_000, DEFAULT).frequency(then), Some(97));
        assert_eq!(lfu(600_000 + 180_000, LfuPace { decay_min: 2, ..DEFAULT }).frequency(then), Some(99));
        assert_eq!(lfu(600_000 + 180_000, LfuPace { decay_min: 0, ..DEFAULT }).frequency(then), Some(100));
        assert_eq!(lfu(600_000 + 60_000 * 300, DEFAULT).frequency(then), Some(0));
        // The minute wraps.
        let late = lfu(60_000 * 0xFFFF, DEFAULT).with_frequency(50);
        assert_eq!(lfu(60_000 * 0x1_0002, DEFAULT).frequency(late), Some(47));
    }

    #[test]
    fn lfu_counters_grow_as_in_the_published_table() {
        // The table in Redis's documentation: factor, accesses, counter about.
        let table = [(0, 100, 104.0), (1, 1000, 49.0), (10, 1000, 18.0), (10, 100_000, 142.0), (100, 100_000, 49.0)];
        let mut rng = Rng::from_seed(1);
        for (log_factor, accesses, expected) in table {
            let access = lfu(0, LfuPace { log_factor, decay_min: 1 });
            let field = (0..accesses).fold(access.fresh(), |field, _| access.next(field, || rng.next_u64()));
            let counter = f64::from(access.frequency(field).unwrap());
            assert!((counter - expected).abs() <= expected * 0.3, "{log_factor} {accesses}: {counter}");
        }
        let full = lfu(0, DEFAULT).with_frequency(255);
        assert_eq!(lfu(0, DEFAULT).next(full, || 0), full);
    }
}
