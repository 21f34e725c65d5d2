//! A log-linear histogram of durations, cheap enough for every command.
//!
//! Eight buckets per power of two: a percentile is right to 12 %. Readers may look at any time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const SUB_BITS: u32 = 3;
const SUB: usize = 1 << SUB_BITS;
/// Durations from 2^40 ns (18 minutes) on share the last bucket.
const BUCKETS: usize = (40 - SUB_BITS as usize + 1) * SUB;

/// Counts of durations in nanoseconds.
#[derive(Debug)]
pub struct Histogram {
    counts: Box<[AtomicU64]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect() }
    }
}

fn bucket_of(ns: u64) -> usize {
    if ns < SUB as u64 {
        return ns as usize;
    }
    let octave = 63 - ns.leading_zeros();
    let within = (ns >> (octave - SUB_BITS)) as usize & (SUB - 1);
    (((octave - SUB_BITS + 1) as usize) * SUB + within).min(BUCKETS - 1)
}

/// Highest duration of a bucket, in nanoseconds.
fn upper_ns(bucket: usize) -> u64 {
    if bucket < SUB {
        return bucket as u64;
    }
    let octave = (bucket / SUB) as u32 + SUB_BITS - 1;
    let within = (bucket % SUB) as u64;
    ((SUB as u64 + within + 1) << (octave - SUB_BITS)) - 1
}

impl Histogram {
    /// Counts one duration. `shared`: other threads may record at the same time.
    #[inline]
    pub fn record(&self, ns: u64, shared: bool) {
        let count = &self.counts[bucket_of(ns)];
        if shared {
            count.fetch_add(1, Relaxed);
        } else {
            count.store(count.load(Relaxed) + 1, Relaxed);
        }
    }

    /// Sets all counts to zero. Of durations recorded meanwhile some may be lost, or the reset of their count.
    pub fn reset(&self) {
        self.counts.iter().for_each(|count| count.store(0, Relaxed));
    }

    /// Adds the counts to a sum.
    pub fn add_to(&self, sum: &mut HistogramSum) {
        for (total, count) in sum.counts.iter_mut().zip(&self.counts) {
            *total += count.load(Relaxed);
        }
    }
}

/// The counts of several histograms together.
#[derive(Debug, Clone)]
pub struct HistogramSum {
    counts: Vec<u64>,
}

impl Default for HistogramSum {
    fn default() -> Self {
        HistogramSum { counts: vec![0; BUCKETS] }
    }
}

impl HistogramSum {
    /// Number of durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Takes away what had been counted before.
    pub fn subtract(&mut self, before: &HistogramSum) {
        self.counts.iter_mut().zip(&before.counts).for_each(|(now, before)| *now = now.saturating_sub(*before));
    }

    /// The duration in nanoseconds that `percent` of all do not exceed; 0 without any.
    #[must_use]
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        let wanted = ((self.count() as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_ns(bucket);
            }
        }
        0
    }

    /// The durations in the steps of LATENCY HISTOGRAM, each twice as long as the one before: (upper end in
    /// microseconds, cumulative count) of the steps that hold any. The ends are those that Redis prints, whose own
    /// histogram makes them a 128th longer than a power of two; the last step holds all longer durations.
    #[must_use]
    pub fn by_powers_of_two(&self) -> Vec<(u64, u64)> {
        const STEPS: u32 = 21;
        let mut rows = Vec::new();
        let (mut seen, mut bucket) = (0, 0);
        for step in 0..STEPS {
            let end_ns = 1024u64 << step;
            let is_last = step == STEPS - 1;
            let before = seen;
            while bucket < BUCKETS && (is_last || upper_ns(bucket) < end_ns) {
                seen += self.counts[bucket];
                bucket += 1;
            }
            if seen > before {
                let shown_ns = if is_last { end_ns - 1 } else { end_ns + end_ns / 128 - 1 };
                rows.push((shown_ns / 1000, seen));
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_it_says(ns in 0u64..(1 << 39)) {
            let bucket = bucket_of(ns);
            prop_assert!(ns <= upper_ns(bucket));
            prop_assert!(bucket == 0 || ns > upper_ns(bucket - 1));
            prop_assert!(upper_ns(bucket) as f64 <= ns as f64 * 1.126 + 1.0);
        }
    }

    #[test]
    fn percentiles_and_powers() {
        let histogram = Histogram::default();
        for us in 1..=1000u64 {
            histogram.record(us * 1000, false);
        }
        let mut sum = HistogramSum::default();
        histogram.add_to(&mut sum);
        assert_eq!(sum.count(), 1000);
        let p50 = sum.percentile_ns(50.0);
        assert!((500_000..570_000).contains(&p50), "{p50}");
        let rows = sum.by_powers_of_two();
        assert_eq!(
            rows,
            [
                (1, 1),
                (2, 2),
                (4, 4),
                (8, 8),
                (16, 16),
                (33, 32),
                (66, 65),
                (132, 131),
                (264, 262),
                (528, 524),
                (1056, 1000)
            ]
        );
        for us in [4000, 500_000, 1_500_000, 5_000_000] {
            histogram.record(us * 1000, false);
        }
        let mut sum = HistogramSum::default();
        histogram.add_to(&mut sum);
        assert_eq!(sum.by_powers_of_two()[11..], [(4227, 1001), (541_065, 1002), (1_073_741, 1004)]);
        histogram.record(u64::MAX, true);
    }
}
