//! LATENCY.

use nyala::dispatch::cron::record_spike;
use nyala::stats::latency::event;

use crate::harness::{Gate, START_MS, both};

/// A spike, `at_ms` after the start of the test.
fn spike(t: &mut Gate, event: &'static str, ms: u64, at_ms: u64) {
    t.advance_ms(START_MS + at_ms - t.now_ms());
    record_spike(&t.server, event, ms * 1_000_000);
}

#[test]
fn spikes_below_the_threshold_do_not_count() {
    both(|t| {
        spike(t, event::COMMAND, 100, 0);
        t.expect("LATENCY LATEST", "(empty array)");
        t.config("latency-monitor-threshold", "10");
        spike(t, event::COMMAND, 9, 0);
        t.expect("LATENCY LATEST", "(empty array)");
        spike(t, event::COMMAND, 10, 0);
        t.expect("LATENCY HISTORY command", &format!("1) 1) (integer) {}\n2) (integer) 10", START_MS / 1000));
    });
}

#[test]
fn events_have_a_history_and_a_worst() {
    both(|t| {
        let start_s = START_MS / 1000;
        // More than the commands of the test themselves take on a busy machine.
        t.config("latency-monitor-threshold", "1000");
        for (ms, at_ms) in [(5000, 0), (30_000, 2000), (12_000, 2900), (7000, 3000)] {
            spike(t, event::COMMAND, ms, at_ms);
        }
        spike(t, event::EXPIRE_CYCLE, 3000, 4000);
        let history = [(start_s, 5000), (start_s + 2, 30_000), (start_s + 3, 7000)];
        let rows = history
            .iter()
            .enumerate()
            .map(|(at, (at_s, ms))| format!("{}) 1) (integer) {at_s}\n2) (integer) {ms}", at + 1));
        t.expect("LATENCY HISTORY command", &rows.collect::<Vec<_>>().join("\n"));
        t.expect("LATENCY HISTORY Command", "(empty array)");
        let latest = format!(
            "1) 1) \"command\"\n2) (integer) {}\n3) (integer) 7000\n4) (integer) 30000\n\
             2) 1) \"expire-cycle\"\n2) (integer) {}\n3) (integer) 3000\n4) (integer) 3000",
            start_s + 3,
            start_s + 4
        );
        t.expect("LATENCY LATEST", &latest);
        t.expect("LATENCY RESET foo command command", "(integer) 1");
        t.expect("LATENCY HISTORY command", "(empty array)");
        t.expect("LATENCY RESET", "(integer) 1");
        t.expect("LATENCY RESET", "(integer) 0");
    });
}

#[test]
fn slow_commands_are_events() {
    both(|t| {
        t.config("latency-monitor-threshold", "1");
        // The clock that times commands is the processor's: walking this many keys takes more than a millisecond.
        let keys: String = (0..20_000).map(|n| format!(" k{n}")).collect();
        t.run(&format!("MGET{keys}"));
        let latest = crate::render::render(&t.run("LATENCY LATEST"));
        assert!(latest.contains("command\""), "{latest}");
    });
}

#[test]
fn graph_draws_the_samples() {
    both(|t| {
        t.config("latency-monitor-threshold", "1");
        for (ms, at_ms) in [(5, 0), (30, 2000), (12, 3000), (3, 4000), (60, 5000), (9, 7000), (2, 8000), (25, 9000)] {
            spike(t, event::COMMAND, ms, at_ms);
        }
        t.advance_ms(2000);
        let drawn = "command - high 60 ms, low 2 ms (all time high 60 ms)\n\
                     ---------------------------------------------------------------------------------\n    #   \n\x20   |   \n\
                     \x20#  |  o\n_|#_|o_|\n        \n19876432\n1sssssss\ns       \n";
        let drawn = drawn.replacen("-\n", "\n", 1);
        assert_eq!(t.text("LATENCY GRAPH command"), drawn);
        t.expect_error("LATENCY GRAPH foo", "ERR No samples available for event 'foo'");
        t.expect_error("LATENCY GRAPH", "ERR wrong number of arguments for 'latency|graph' command");
    });
}

#[test]
fn doctor_speaks() {
    both(|t| {
        assert!(t.text("LATENCY DOCTOR").contains("latency-monitor-threshold"));
        t.config("latency-monitor-threshold", "1");
        assert!(t.text("LATENCY DOCTOR").starts_with("Nothing has taken as long"));
        spike(t, event::COMMAND, 18, 0);
        assert!(t.text("LATENCY DOCTOR").contains("1. command: 1 spike (average 18 ms"));
    });
}

#[test]
fn histogram_counts_calls() {
    both(|t| {
        t.run("SET a b");
        t.run("SET c d");
        t.run("GET a");
        t.run("CLIENT ID");
        t.raw("NOSUCH");
        let names = |t: &mut Gate, request: &str| {
            let nyala::resp::decode::Value::Map(pairs) = as_map(t.run(request)) else { panic!("a map") };
            let name = |value: &nyala::resp::decode::Value| crate::render::render(value).trim_matches('"').to_owned();
            let mut names: Vec<String> = pairs.iter().map(|(key, _)| name(key)).collect();
            names.sort();
            names
        };
        assert_eq!(names(t, "LATENCY HISTOGRAM"), ["client|id", "get", "set"]);
        assert_eq!(names(t, "LATENCY HISTOGRAM foo SET get"), ["get", "set"]);
        assert_eq!(names(t, "LATENCY HISTOGRAM client"), ["client|id"]);
        assert_eq!(names(t, "LATENCY HISTOGRAM client|id"), ["client|id"]);
        t.expect_in("LATENCY HISTOGRAM foo", "(empty array)", "(empty hash)");
        let text = crate::render::render(&t.run("LATENCY HISTOGRAM set"));
        assert!(text.contains("calls") && text.contains("(integer) 2"), "{text}");
    });
}

/// A RESP2 map comes as an array.
fn as_map(value: nyala::resp::decode::Value) -> nyala::resp::decode::Value {
    use nyala::resp::decode::Value;
    match value {
        Value::Array(flat) => Value::Map(flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()),
        other => other,
    }
}

#[test]
fn without_tracking_there_is_no_histogram() {
    let mut t = Gate::new();
    t.config("latency-tracking", "no");
    t.run("GET a");
    t.expect("LATENCY HISTOGRAM get", "(empty array)");
}
