//! LATENCY: the spikes that the monitor recorded, and the distribution of every command's time.

mod doctor;
mod sparkline;

use super::super::help::help;
use super::super::prelude::*;
use crate::commands::{Registered, table};
use crate::stats::latency::Sample;
use doctor::latency_doctor;
use sparkline::{Point, sparkline};

/// Columns of LATENCY GRAPH.
const COLUMNS: usize = 80;

/// Rows of LATENCY.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "DOCTOR",
        arity: 2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(latency_doctor),
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        doc: Doc {
            since: "2.8.13",
            summary: "Explains the recorded latency in words.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GRAPH",
        arity: 3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(latency_graph),
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        doc: Doc {
            since: "2.8.13",
            summary: "Draws the latency history of an event in ASCII.",
            complexity: "O(1)",
            args: &[Arg::string("event")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "2.8.13", summary: "Lists the subcommands of LATENCY.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "HISTOGRAM",
        arity: -2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(latency_histogram),
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        doc: Doc {
            since: "7.0.0",
            summary: "Tells the distribution of execution times by command.",
            complexity: "O(N), N commands",
            args: &[Arg::string("command").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HISTORY",
        arity: 3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(latency_history),
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        doc: Doc {
            since: "2.8.13",
            summary: "Lists times and durations of a latency event.",
            complexity: "O(1)",
            args: &[Arg::string("event")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LATEST",
        arity: 2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(latency_latest),
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        doc: Doc {
            since: "2.8.13",
            summary: "Lists the latest and worst duration of each latency event.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RESET",
        arity: -2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(latency_reset),
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        doc: Doc {
            since: "2.8.13",
            summary: "Forgets the recorded latency of some or all events.",
            complexity: "O(1)",
            args: &[Arg::string("event").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

fn latency_latest(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let events = cx.server.stats.latency.all();
    cx.reply.array(events.len());
    for (event, series) in &events {
        let Sample { at_s, ms } = *series.samples.back().expect("a recorded event has a sample");
        cx.reply.array(4);
        cx.reply.bulk(event);
        for number in [at_s, ms, series.worst_ms] {
            cx.reply.integer(number as i64);
        }
    }
    DONE
}

fn latency_history(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let series = cx.server.stats.latency.series(args.take()?).unwrap_or_default();
    cx.reply.array(series.samples.len());
    for sample in &series.samples {
        cx.reply.array(2);
        cx.reply.integer(sample.at_s as i64);
        cx.reply.integer(sample.ms as i64);
    }
    DONE
}

fn latency_reset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let monitor = &cx.server.stats.latency;
    let forgotten = if args.more() {
        args.argv().rest(args.position()).iter().filter(|event| monitor.forget(event)).count()
    } else {
        monitor.forget_all()
    };
    cx.reply.integer(forgotten as i64);
    DONE
}

fn latency_graph(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let event = args.take()?;
    let Some(series) = cx.server.stats.latency.series(event) else {
        return Err(Error::text([b"ERR No samples available for event '", event, b"'"].concat()));
    };
    let now_s = cx.now_ms() / 1000;
    let high = series.samples.iter().map(|sample| sample.ms).max().unwrap_or(0);
    let low = series.samples.iter().map(|sample| sample.ms).min().unwrap_or(0);
    let points = series.samples.iter();
    let points: Vec<Point> =
        points.map(|sample| Point { value: sample.ms, label: ago(now_s.saturating_sub(sample.at_s)) }).collect();

    let mut text = event.to_vec();
    text.extend(format!(" - high {high} ms, low {low} ms (all time high {} ms)\n", series.worst_ms).bytes());
    text.extend([b'-'; COLUMNS]);
    text.push(b'\n');
    text.extend(sparkline(&points, COLUMNS).bytes());
    cx.reply.verbatim(b"txt", &text);
    DONE
}

/// A span of time in its largest unit.
fn ago(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// LATENCY HISTOGRAM: of all commands, or of those named; a container stands for its subcommands. Commands without
/// recorded calls, and names that are none, are left out.
fn latency_histogram(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let names = args.argv().rest(args.position());
    let mut shown: Vec<&Registered> = Vec::new();
    if names.is_empty() {
        shown.extend(table().all());
    }
    for command in names.iter().filter_map(|name| table().find_full(name)) {
        shown.push(command);
        shown.extend(command.subcommands.iter().map(|&id| table().get(id)));
    }

    let map = cx.reply.defer();
    let mut count = 0;
    for command in shown {
        let durations = cx.server.stats.command_totals(command.id).durations;
        let calls = durations.count();
        if calls == 0 {
            continue;
        }
        count += 1;
        cx.reply.bulk(&command.name);
        cx.reply.map(2);
        cx.reply.bulk("calls");
        cx.reply.integer(calls as i64);
        cx.reply.bulk("histogram_usec");
        let steps = durations.by_powers_of_two();
        cx.reply.map(steps.len());
        for (end_us, seen) in steps {
            cx.reply.integer(end_us as i64);
            cx.reply.integer(seen as i64);
        }
    }
    cx.reply.end_map(map, count);
    DONE
}
