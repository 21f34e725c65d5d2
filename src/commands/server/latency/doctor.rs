//! LATENCY DOCTOR: what was recorded, in words, and what to do about it.

use std::fmt::Write;

use super::super::super::prelude::*;
use crate::config::Config;
use crate::stats::latency::{Series, event};

pub(super) fn latency_doctor(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let events = cx.server.stats.latency.all();
    let text = report(&events, &cx.server.config, cx.now_ms() / 1000);
    cx.reply.verbatim(b"txt", text.as_bytes());
    DONE
}

/// The report: one numbered line an event, then advice.
fn report(events: &[(&'static str, Series)], config: &Config, now_s: u64) -> String {
    if events.is_empty() {
        return if config.latency_monitor_threshold() == 0 {
            "The latency monitor is off, so there is nothing to examine. \"CONFIG SET latency-monitor-threshold <ms>\" \
             turns it on: whatever takes that many milliseconds or more is recorded from then on.\n"
                .into()
        } else {
            "Nothing has taken as long as latency-monitor-threshold since the monitor was turned on or reset.\n".into()
        };
    }
    let mut text = String::from("Latency spikes were recorded:\n\n");
    for (number, (event, series)) in events.iter().enumerate() {
        let Summary { count, average_ms, deviation_ms, period_s } = summary(series, now_s);
        let worst_ms = series.worst_ms;
        let spikes = if count == 1 { "spike" } else { "spikes" };
        let written = writeln!(
            text,
            "{}. {event}: {count} {spikes} (average {average_ms} ms, mean deviation {deviation_ms} ms, one every \
             {period_s:.2} s). The worst ever took {worst_ms} ms.",
            number + 1
        );
        written.expect("writing to a string succeeds");
    }
    let advice = advice(events, config);
    if !advice.is_empty() {
        text.push_str("\nWhat may help:\n\n");
        for line in advice {
            text.push_str("- ");
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[derive(Debug, PartialEq)]
struct Summary {
    count: u64,
    average_ms: u64,
    deviation_ms: u64,
    period_s: f64,
}

fn summary(series: &Series, now_s: u64) -> Summary {
    let count = series.samples.len().max(1) as u64;
    let average_ms = series.samples.iter().map(|sample| sample.ms).sum::<u64>() / count;
    let deviation_ms = series.samples.iter().map(|sample| sample.ms.abs_diff(average_ms)).sum::<u64>() / count;
    let span_s = series.samples.front().map_or(0, |first| now_s.saturating_sub(first.at_s)).max(1);
    Summary { count, average_ms, deviation_ms, period_s: span_s as f64 / count as f64 }
}

fn advice(events: &[(&'static str, Series)], config: &Config) -> Vec<String> {
    let mut advice = Vec::new();
    let has = |name: &str| events.iter().any(|(event, _)| *event == name);
    if has(event::COMMAND) || has(event::FAST_COMMAND) {
        let threshold_us = config.latency_monitor_threshold().saturating_mul(1000);
        match config.slowlog_log_slower_than() {
            ..0 => advice.push(format!(
                "The slow log is off and cannot name the commands. \"CONFIG SET slowlog-log-slower-than {threshold_us}\" \
                 makes it record what the monitor sees."
            )),
            slow_us if threshold_us > 0 && slow_us > threshold_us => advice.push(format!(
                "The slow log leaves out commands that the monitor sees. \"CONFIG SET slowlog-log-slower-than \
                 {threshold_us}\" brings them in."
            )),
            _ => {}
        }
        advice.push("SLOWLOG GET names the commands that were slow; INFO commandstats and LATENCY HISTOGRAM tell how usual it is.".into());
        advice.push(
            "A command that walks a large key holds its shard for that time. Several smaller keys lie in several shards, \
             and SCAN-like commands do the work in pieces."
                .into(),
        );
    }
    if has(event::FAST_COMMAND) {
        advice.push(
            "Commands that do little work were slow too: look for other processes that take the processors, and for \
             memory that is swapped out."
                .into(),
        );
    }
    if has(event::EXPIRE_CYCLE) {
        advice.push(
            "Many keys expire at the same moment. Where the exact time does not matter, add some random seconds to it."
                .into(),
        );
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::latency::Sample;

    fn series(samples: &[(u64, u64)]) -> Series {
        Series {
            samples: samples.iter().map(|&(at_s, ms)| Sample { at_s, ms }).collect(),
            worst_ms: samples.iter().map(|sample| sample.1).max().unwrap(),
        }
    }

    #[test]
    fn the_figures_are_those_of_redis() {
        // For these samples redis-server 7.0.15 wrote "8 latency spikes (average 18ms, mean deviation 15ms, period 1.38
        // sec). Worst all time event 60ms."
        let samples = [(41, 5), (43, 30), (44, 12), (45, 3), (46, 60), (48, 9), (49, 2), (50, 25)];
        let summary = summary(&series(&samples), 52);
        assert_eq!(summary, Summary { count: 8, average_ms: 18, deviation_ms: 15, period_s: 1.375 });
    }

    #[test]
    fn advice_depends_on_events_and_parameters() {
        let config = Config::default();
        assert!(report(&[], &config, 0).starts_with("The latency monitor is off"));
        let command = [(event::COMMAND, series(&[(1, 5)]))];
        let text = report(&command, &config, 10);
        assert!(text.contains("1. command: 1 spike (average 5 ms, mean deviation 0 ms, one every 9.00 s)."), "{text}");
        assert!(text.contains("SLOWLOG GET") && !text.contains("expire") && !text.contains("CONFIG SET"), "{text}");
        let both = [(event::EXPIRE_CYCLE, series(&[(1, 5)])), (event::FAST_COMMAND, series(&[(1, 5)]))];
        let text = report(&both, &config, 10);
        assert!(text.contains("Many keys expire") && text.contains("2. fast-command"), "{text}");
    }
}
