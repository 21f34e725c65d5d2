//! String commands: each command and option, in RESP2 and RESP3.

mod condition;
mod counter;
mod get;
mod lcs;
mod multi;
mod range;
mod set;

use crate::harness::{Gate, START_MS};

const SYNTAX: &str = "ERR syntax error";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";

/// What OBJECT ENCODING says of a key of database 0.
#[track_caller]
fn encoding(t: &Gate, key: &str) -> &'static str {
    let keyspace = &t.server.keyspace;
    let hash = keyspace.hash(key.as_bytes());
    let mut shard = keyspace.lock(keyspace.shard_of(hash));
    let encoding = shard.db_mut(0).get(key.as_bytes(), hash).map(|entry| entry.encoding());
    encoding.unwrap_or_else(|| panic!("no key {key}"))
}

/// The expiry of a key of database 0, in milliseconds from the start of the test's clock.
fn expiry_ms(t: &Gate, key: &str) -> Option<i64> {
    let keyspace = &t.server.keyspace;
    let hash = keyspace.hash(key.as_bytes());
    let mut shard = keyspace.lock(keyspace.shard_of(hash));
    let at_ms = shard.db_mut(0).get(key.as_bytes(), hash)?.expire_at_ms()?;
    Some(at_ms as i64 - START_MS as i64)
}

/// Writes count as changes, each key once; what changes nothing does not.
#[test]
fn changes_are_counted() {
    let mut t = Gate::new();
    let mut before = 0;
    let mut changes = |t: &mut Gate, request: &str| {
        t.run(request);
        let now = t.server.stats.totals().dirty;
        std::mem::replace(&mut before, now).abs_diff(now)
    };
    for (request, expected) in [
        ("SET k 1", 1),
        ("SET k 1 NX", 0),
        ("SET k 2 XX GET EX 10", 1),
        ("SET k 2 IFEQ 1", 0),
        ("GET k", 0),
        ("INCR k", 1),
        ("INCRBYFLOAT k 1", 1),
        ("APPEND k \"\"", 1),
        ("SETRANGE k 0 \"\"", 0),
        ("SETRANGE k 0 x", 1),
        ("MSET a 1 b 2 a 3", 3),
        ("MSETNX a 1 c 2", 0),
        ("MSETEX 2 a 1 c 2 EX 10", 2),
        ("GETEX a", 0),
        ("GETEX a PERSIST", 1),
        ("GETEX a PERSIST", 0),
        ("GETEX a EX 10", 1),
        ("GETEX a EXAT 1", 1),
        ("GETDEL c", 1),
        ("GETDEL c", 0),
        ("DELIFEQ b 3", 0),
        ("DELIFEQ b 2", 1),
        ("DELEX k", 1),
        ("DELEX k", 0),
        ("GETSET k v", 1),
        ("SETNX k v", 0),
    ] {
        assert_eq!(changes(&mut t, request), expected, "{request}");
    }
}
