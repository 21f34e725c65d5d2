//! Rates per second: the mean over the last 1.6 seconds, from samples that cron takes.

use std::sync::Mutex;

use super::Totals;
use crate::util::sync::lock;

/// Samples behind a rate; with one each 100 ms, as Redis has it.
const SAMPLES: usize = 16;

/// Rates per second.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PerSecond {
    /// Commands run.
    pub commands: u64,
    /// Bytes read from clients.
    pub net_in: u64,
    /// Bytes written to clients.
    pub net_out: u64,
}

/// The samples.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Samples>);

#[derive(Debug, Default)]
struct Samples {
    last_us: u64,
    last: [u64; 3],
    rates: [[u64; 3]; SAMPLES],
    next: usize,
}

impl Rates {
    /// Takes a sample of counters that never go back.
    pub(super) fn sample(&self, now_us: u64, totals: &Totals) {
        let mut samples = lock(&self.0);
        let now = [totals.commands, totals.net_in, totals.net_out];
        let span_us = now_us.saturating_sub(samples.last_us);
        if samples.last_us > 0 && span_us > 0 {
            let next = samples.next;
            for (i, now) in now.into_iter().enumerate() {
                let grown = u128::from(now.saturating_sub(samples.last[i]));
                samples.rates[next][i] = (grown * 1_000_000 / u128::from(span_us)) as u64;
            }
            samples.next = (next + 1) % SAMPLES;
        }
        samples.last_us = now_us;
        samples.last = now;
    }

    /// The rates now.
    pub(super) fn per_second(&self) -> PerSecond {
        let samples = lock(&self.0);
        let mean = |i: usize| samples.rates.iter().map(|rates| rates[i]).sum::<u64>() / SAMPLES as u64;
        PerSecond { commands: mean(0), net_in: mean(1), net_out: mean(2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_over_the_samples() {
        let rates = Rates::default();
        let mut totals = Totals::default();
        for sample in 1..=40 {
            totals.commands += 50;
            totals.net_in += 10_000;
            rates.sample(sample * 100_000, &totals);
        }
        assert_eq!(rates.per_second(), PerSecond { commands: 500, net_in: 100_000, net_out: 0 });
        for sample in 41..=48 {
            rates.sample(sample * 100_000, &totals);
        }
        assert_eq!(rates.per_second().commands, 250);
    }
}
