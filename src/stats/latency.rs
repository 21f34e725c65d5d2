//! The latency monitor: for each kind of event, the spikes of the last seconds in which there were any.
//!
//! Promises what Redis's monitor does: one sample a second and event, the worst of that second; [`SAMPLES_MAX`] samples an
//! event; the worst of all times is kept apart. Only events beyond `latency-monitor-threshold` come here, so one lock
//! serves all of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use crate::util::sync::lock;

/// Samples kept of an event.
pub const SAMPLES_MAX: usize = 160;

/// Names of the events recorded, as LATENCY LATEST prints them.
pub mod event {
    /// A command of the FAST kind.
    pub const FAST_COMMAND: &str = "fast-command";
    /// Any other command.
    pub const COMMAND: &str = "command";
    /// A sweep of active expiry.
    pub const EXPIRE_CYCLE: &str = "expire-cycle";
    /// A slice of eviction.
    pub const EVICTION_CYCLE: &str = "eviction-cycle";
}

/// The worst spike of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Unix time, seconds.
    pub at_s: u64,
    /// Duration, milliseconds.
    pub ms: u64,
}

/// What is known of one event.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The oldest first; never empty outside of this file.
    pub samples: VecDeque<Sample>,
    /// The worst since the event was last forgotten, milliseconds.
    pub worst_ms: u64,
}

impl Series {
    fn record(&mut self, sample: Sample) {
        self.worst_ms = self.worst_ms.max(sample.ms);
        if let Some(last) = self.samples.back_mut()
            && last.at_s == sample.at_s
        {
            last.ms = last.ms.max(sample.ms);
            return;
        }
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }
}

/// All events. Locking: one lock, held to record or to copy.
#[derive(Debug, Default)]
pub struct LatencyMonitor {
    events: Mutex<BTreeMap<&'static str, Series>>,
}

impl LatencyMonitor {
    fn with<R>(&self, f: impl FnOnce(&mut BTreeMap<&'static str, Series>) -> R) -> R {
        f(&mut lock(&self.events))
    }

    /// Records a spike of `event`. The caller has compared it with the threshold.
    pub fn record(&self, event: &'static str, sample: Sample) {
        self.with(|events| events.entry(event).or_default().record(sample));
    }

    /// What is known of an event.
    #[must_use]
    pub fn series(&self, event: &[u8]) -> Option<Series> {
        self.with(|events| std::str::from_utf8(event).ok().and_then(|event| events.get(event)).cloned())
    }

    /// All events with samples, by name.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, Series)> {
        self.with(|events| events.iter().map(|(event, series)| (*event, series.clone())).collect())
    }

    /// Forgets an event; false when nothing was known of it.
    pub fn forget(&self, event: &[u8]) -> bool {
        self.with(|events| std::str::from_utf8(event).is_ok_and(|event| events.remove(event).is_some()))
    }

    /// Forgets all events; answers how many there were.
    pub fn forget_all(&self) -> usize {
        self.with(|events| std::mem::take(events).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_one_sample_its_worst() {
        let monitor = LatencyMonitor::default();
        for (at_s, ms) in [(10, 3), (10, 7), (10, 5), (12, 1)] {
            monitor.record(event::COMMAND, Sample { at_s, ms });
        }
        let series = monitor.series(b"command").unwrap();
        assert_eq!(series.samples, [Sample { at_s: 10, ms: 7 }, Sample { at_s: 12, ms: 1 }]);
        assert_eq!(series.worst_ms, 7);
    }

    #[test]
    fn the_oldest_samples_go_the_worst_stays() {
        let monitor = LatencyMonitor::default();
        for at_s in 0..200 {
            monitor.record(event::COMMAND, Sample { at_s, ms: 1000 - at_s });
        }
        let series = monitor.series(b"command").unwrap();
        assert_eq!((series.samples.len(), series.samples[0].at_s, series.worst_ms), (SAMPLES_MAX, 40, 1000));
    }

    #[test]
    fn events_are_forgotten_one_by_one_or_all() {
        let monitor = LatencyMonitor::default();
        for event in [event::FAST_COMMAND, event::COMMAND, event::EXPIRE_CYCLE] {
            monitor.record(event, Sample { at_s: 1, ms: 1 });
        }
        assert_eq!(
            monitor.all().iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["command", "expire-cycle", "fast-command"]
        );
        assert!(monitor.forget(b"command") && !monitor.forget(b"command") && !monitor.forget(b"\xff"));
        assert_eq!((monitor.forget_all(), monitor.all().len()), (2, 0));
    }
}
