//! INFO threads, commandstats, errorstats and latencystats: as many lines as there are workers, commands, codes.

use std::sync::atomic::Ordering::Relaxed;

use super::Field;
use super::view::{View, ratio};
use crate::commands::{Registered, table};
use crate::config::percentile_text;
use crate::stats::CommandTotals;

/// Threads beside the workers.
pub(super) const THREAD_FIELDS: &[Field] = &[("long_commands_running", |v| v.server.long_running.load(Relaxed).into())];

/// One line for each worker.
pub(super) fn threads(view: &View<'_>, out: &mut Vec<u8>) {
    let mut clients = vec![0u32; view.server.workers];
    view.server.clients.each(|client| {
        if let Some(count) = clients.get_mut(client.worker) {
            *count += 1;
        }
    });
    for (number, clients) in clients.into_iter().enumerate() {
        let counters = view.server.stats.worker(number).totals();
        let (reads, writes) = (counters.reads, counters.writes);
        out.extend(format!("io_thread_{number}:clients={clients},reads={reads},writes={writes}\r\n").bytes());
    }
}

fn called(view: &View<'_>) -> impl Iterator<Item = (&'static Registered, CommandTotals)> {
    table().all().iter().map(|command| (command, view.server.stats.command_totals(command.id)))
}

/// One line for each command that was called, or refused.
pub(super) fn commands(view: &View<'_>, out: &mut Vec<u8>) {
    for (command, sums) in called(view) {
        if sums.calls + sums.rejected + sums.failed == 0 {
            continue;
        }
        let (name, usec) = (&command.name, sums.ns / 1000);
        let line = format!(
            "cmdstat_{name}:calls={},usec={usec},usec_per_call={:.2},rejected_calls={},failed_calls={}\r\n",
            sums.calls,
            ratio(sums.ns, sums.calls) / 1000.0,
            sums.rejected,
            sums.failed
        );
        out.extend(line.bytes());
    }
}

/// One line for each code of error replies.
pub(super) fn errors(view: &View<'_>, out: &mut Vec<u8>) {
    for (code, count) in view.server.stats.errors_by_code() {
        out.extend([b"errorstat_", &code[..], format!(":count={count}\r\n").as_bytes()].concat());
    }
}

/// One line for each command whose calls were timed.
pub(super) fn latencies(view: &View<'_>, out: &mut Vec<u8>) {
    let percentiles = view.server.config.latency_tracking_info_percentiles();
    if !view.server.config.latency_tracking() {
        return;
    }
    for (command, sums) in called(view) {
        if sums.durations.count() == 0 {
            continue;
        }
        let value = |percent: &f64| {
            let us = sums.durations.percentile_ns(*percent) as f64 / 1000.0;
            format!("p{}={us:.3}", percentile_text(*percent))
        };
        let values = percentiles.iter().map(value).collect::<Vec<_>>().join(",");
        out.extend(format!("latency_percentiles_usec_{}:{values}\r\n", command.name).bytes());
    }
}
