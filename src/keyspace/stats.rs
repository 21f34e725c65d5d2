//! What a shard counts about itself, under its own lock.

/// Counters of one shard, read and written under its lock.
#[derive(Debug, Clone, Default)]
pub struct ShardStats {
    /// Commands that ran here, as their caller counts them.
    pub commands: u64,
    /// Acquisitions of the lock that had to wait.
    pub contended: u64,
    /// Panics of command handlers that left the lock poisoned.
    pub poisoned: u32,
    /// No counter, but here there is room for it on the lock's cache line: whoever changes the shard has let go of the lock
    /// for a moment, see [`ShardGuard::into_long`](super::ShardGuard::into_long).
    pub(super) is_let_go: bool,
    /// Time waited for the lock, of the contended acquisitions alone.
    pub wait: Box<Log2Histogram>,
    /// Time the lock was held, of the commands that were sampled.
    pub hold: Box<Log2Histogram>,
}

impl ShardStats {
    /// Records for how long a sampled command held the lock.
    pub fn record_hold(&mut self, held_ns: u64) {
        self.hold.record(held_ns);
    }

    /// The least upper bound of the time that `percent` of all commands waited for the lock. Most do not wait at all.
    pub fn wait_percentile_ns(&self, percent: f64) -> u64 {
        let at_once = self.commands.saturating_sub(self.wait.count());
        self.wait.percentile_with_zeros_ns(percent, at_once)
    }

    /// Adds another shard's counters, for totals.
    pub fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.contended += other.contended;
        self.poisoned += other.poisoned;
        self.wait.add(&other.wait);
        self.hold.add(&other.hold);
    }
}

/// Spans counted by their power of two: bucket `n` counts from 2^(n-1) ns up to 2^n - 1, the last one all above.
#[derive(Debug, Clone, Default)]
pub struct Log2Histogram {
    buckets: [u32; Self::BUCKETS],
}

impl Log2Histogram {
    /// Buckets; the last begins at a second or so.
    const BUCKETS: usize = 32;

    /// Counts a span.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        let bucket = ((u64::BITS - ns.leading_zeros()) as usize).min(Self::BUCKETS - 1);
        self.buckets[bucket] = self.buckets[bucket].saturating_add(1);
    }

    /// Number of spans counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|&count| u64::from(count)).sum()
    }

    /// Adds the counts of another histogram.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// The least upper bound, a power of two in ns less one, of `percent` of the spans; 0 when none was counted.
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        self.percentile_with_zeros_ns(percent, 0)
    }

    /// The same where there were so many more spans of no length, which are not counted here.
    pub fn percentile_with_zeros_ns(&self, percent: f64, zeros: u64) -> u64 {
        let all = self.count() + zeros;
        let wanted = (all as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = zeros;
        if seen >= wanted {
            return 0;
        }
        for (bucket, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                return (1u64 << bucket) - 1;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_wait_counts_as_well() {
        let mut stats = ShardStats { commands: 1000, contended: 20, ..ShardStats::default() };
        for _ in 0..20 {
            stats.wait.record(5000);
        }
        assert_eq!((stats.wait_percentile_ns(50.0), stats.wait_percentile_ns(98.0)), (0, 0));
        assert_eq!((stats.wait_percentile_ns(99.0), stats.wait_percentile_ns(100.0)), (8191, 8191));
        // A sweep of expiry may wait where no command has been.
        stats.commands = 0;
        assert_eq!(stats.wait_percentile_ns(50.0), 8191);
        assert_eq!(ShardStats::default().wait_percentile_ns(100.0), 0);
    }

    #[test]
    fn percentile_is_an_upper_bound_within_a_factor_of_two() {
        let mut histogram = Log2Histogram::default();
        assert_eq!(histogram.percentile_ns(99.0), 0);
        for ns in 1..=1000 {
            histogram.record(ns);
        }
        assert_eq!(histogram.count(), 1000);
        assert_eq!(histogram.percentile_ns(50.0), 511);
        assert_eq!(histogram.percentile_ns(99.0), 1023);
        histogram.record(u64::MAX);
        assert_eq!(histogram.percentile_ns(100.0), (1 << 31) - 1);
    }
}
