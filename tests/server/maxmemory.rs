//! The limit on memory holds for the process as a whole.

use nyala::resp::decode::Value;

use crate::fixture::TestServer;
use crate::wire::{Wire, request};

const VALUE_BYTES: usize = 200;
const ROOM_BYTES: u64 = 4 << 20;
/// What the limit may be exceeded by: figures are some kilobytes old on each thread.
const SLACK_BYTES: u64 = 512 << 10;

fn info(wire: &mut Wire, section: &str, field: &str) -> u64 {
    let (Value::Bulk(text) | Value::Verbatim { text, .. }) = wire.value(&format!("INFO {section}")) else {
        panic!("no text")
    };
    let text = String::from_utf8(text).expect("INFO is ASCII");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{field}:"))).expect("the field is there");
    line.parse().expect("the field is a number")
}

/// Limits memory to what is used now and a little more.
fn limit(wire: &mut Wire, policy: &str) -> u64 {
    wire.value("CONFIG SET maxmemory 0");
    wire.value("FLUSHALL");
    wire.value("CONFIG RESETSTAT");
    let limit = info(wire, "memory", "used_memory") + ROOM_BYTES;
    wire.value(&format!("CONFIG SET maxmemory-policy {policy}"));
    wire.value(&format!("CONFIG SET maxmemory {limit}"));
    limit
}

/// Sets so many keys, with or without an expiry; answers how many were refused.
fn fill(wire: &mut Wire, count: usize, expiring: bool) -> usize {
    let value = "x".repeat(VALUE_BYTES);
    let mut refused = 0;
    let end: &[&[u8]] = if expiring { &[b"EX", b"10000"] } else { &[] };
    // Pipelines of some commands: fast enough, and each command meets the limit.
    for from in (0..count).step_by(50) {
        let to = count.min(from + 50);
        for n in from..to {
            let key = format!("key:{n}");
            wire.send(&request(&[&[b"SET".as_slice(), key.as_bytes(), value.as_bytes()], end].concat()));
        }
        refused += (from..to).filter(|_| wire.reply().starts_with(b"-OOM")).count();
    }
    refused
}

#[test]
fn eviction_keeps_memory_below_the_limit() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let policies = [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ];
    for policy in policies {
        let limit = limit(&mut wire, policy);
        let count = 2 * ROOM_BYTES as usize / VALUE_BYTES;
        assert_eq!(fill(&mut wire, count, policy.starts_with("volatile")), 0, "{policy}");
        let used = info(&mut wire, "memory", "used_memory");
        assert!(used <= limit + SLACK_BYTES, "{policy}: {used} of {limit}");
        wire.value("CONFIG SET maxmemory 0");
        // No more than had to go.
        assert!(used + ROOM_BYTES / 2 > limit, "{policy}: {used} of {limit}");
        let Value::Integer(left) = wire.value("DBSIZE") else { panic!("no number") };
        let evicted = info(&mut wire, "stats", "evicted_keys");
        assert_eq!(left as u64 + evicted, count as u64, "{policy}");
    }
}

#[test]
fn keys_that_may_not_go_lead_to_refusals() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    for policy in ["noeviction", "volatile-lru"] {
        let limit = limit(&mut wire, policy);
        let count = 2 * ROOM_BYTES as usize / VALUE_BYTES;
        let refused = fill(&mut wire, count, policy == "noeviction");
        assert!((count / 3..count).contains(&refused), "{policy}: {refused} of {count}");
        assert!(info(&mut wire, "memory", "used_memory") <= limit + SLACK_BYTES, "{policy}");
        assert_eq!(info(&mut wire, "stats", "evicted_keys"), 0, "{policy}");
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test waits for another process, in real time")]
fn a_lower_limit_takes_effect_without_a_command() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let before = limit(&mut wire, "allkeys-lru");
    fill(&mut wire, ROOM_BYTES as usize / VALUE_BYTES / 2, false);
    let lower = before - ROOM_BYTES * 3 / 4;
    wire.value(&format!("CONFIG SET maxmemory {lower}"));
    for _ in 0..1000 {
        if info(&mut wire, "memory", "used_memory") <= lower {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("memory use stays above {lower}");
}
