//! Hash commands: each command and option, in RESP2 and RESP3.

mod expire;
mod expiring;
mod fields;
mod number;
mod random;
mod setex;
mod walk;

use nyala::resp::decode::Value;

use crate::harness::Gate;

const SYNTAX: &str = "ERR syntax error";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
const WRONGTYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

/// The integers of an array.
#[track_caller]
fn integers(t: &mut Gate, request: &str) -> Vec<i64> {
    let Value::Array(elements) = t.run(request) else { panic!("{request}: an array is expected") };
    let integer = |element| if let Value::Integer(n) = element { n } else { panic!("{request}: {element:?}") };
    elements.into_iter().map(integer).collect()
}

/// The strings of an array, or of a map or an array of arrays, flat.
#[track_caller]
fn strings(t: &mut Gate, request: &str) -> Vec<String> {
    fn flatten(value: Value, out: &mut Vec<String>) {
        match value {
            Value::Bulk(text) => out.push(String::from_utf8(text).expect("fields are ASCII")),
            Value::Array(elements) => elements.into_iter().for_each(|element| flatten(element, out)),
            Value::Map(pairs) => pairs.into_iter().for_each(|(key, value)| {
                flatten(key, out);
                flatten(value, out);
            }),
            other => panic!("{other:?}"),
        }
    }
    let mut out = Vec::new();
    flatten(t.run(request), &mut out);
    out
}

#[test]
fn every_command_refuses_keys_of_another_type() {
    for request in [
        "HDEL k f",
        "HEXISTS k f",
        "HEXPIRE k 1 FIELDS 1 f",
        "HEXPIREAT k 1 FIELDS 1 f",
        "HEXPIRETIME k FIELDS 1 f",
        "HGET k f",
        "HGETALL k",
        "HGETDEL k FIELDS 1 f",
        "HGETEX k FIELDS 1 f",
        "HINCRBY k f 1",
        "HINCRBYFLOAT k f 1",
        "HKEYS k",
        "HLEN k",
        "HMGET k f",
        "HMSET k f v",
        "HPERSIST k FIELDS 1 f",
        "HPEXPIRE k 1 FIELDS 1 f",
        "HPEXPIREAT k 1 FIELDS 1 f",
        "HPEXPIRETIME k FIELDS 1 f",
        "HPTTL k FIELDS 1 f",
        "HRANDFIELD k",
        "HRANDFIELD k 1",
        "HSCAN k 0",
        "HSET k f v",
        "HSETEX k FIELDS 1 f v",
        "HSETEX k PX 0 FIELDS 1 f v",
        "HSETNX k f v",
        "HSTRLEN k f",
        "HTTL k FIELDS 1 f",
        "HVALS k",
    ] {
        let mut t = Gate::new();
        t.expect("SET k v", "OK");
        t.expect_error(request, WRONGTYPE);
        t.expect("GET k", "\"v\"");
    }
}

#[test]
fn other_commands_refuse_hashes() {
    let mut t = Gate::new();
    t.expect("HSET h f v", "(integer) 1");
    for request in ["GET h", "INCR h", "APPEND h x", "SETRANGE h 0 x", "GETBIT h 0", "PFADD h x", "GETDEL h", "GETEX h"]
    {
        t.expect_error(request, WRONGTYPE);
    }
    t.expect("TYPE h", "hash");
    t.expect("SET h v", "OK");
    t.expect("TYPE h", "string");
}

/// Redis counts the fields that a command writes or removes.
#[test]
fn changes_are_counted() {
    let mut t = Gate::new();
    let mut before = 0;
    for (request, expected) in [
        ("HSET h a 1 b 2 c 3", 3),
        ("HSET h a 1", 1),
        ("HMSET h a 1 b 2", 2),
        ("HSETNX h a 1", 0),
        ("HSETNX h d 1", 1),
        ("HINCRBY h a 1", 1),
        ("HINCRBYFLOAT h a 1", 1),
        ("HINCRBY h a x", 0),
        ("HGET h a", 0),
        ("HDEL h nosuch", 0),
        ("HDEL h d c nosuch", 2),
        ("HEXPIRE h 10 FIELDS 3 a b nosuch", 2),
        ("HEXPIRE h 5 GT FIELDS 1 a", 0),
        ("HPERSIST h FIELDS 2 a b", 1),
        ("HPERSIST h FIELDS 2 a b", 0),
        ("HEXPIRE h 0 FIELDS 1 b", 1),
        ("HSETEX h EX 10 FIELDS 2 b 1 c 1", 2),
        ("HSETEX h FNX FIELDS 1 b 1", 0),
        ("HGETEX h FIELDS 1 b", 0),
        ("HGETEX h EX 20 FIELDS 2 b nosuch", 1),
        ("HGETEX h PERSIST FIELDS 2 b a", 1),
        ("HGETDEL h FIELDS 2 b nosuch", 1),
        ("HGETDEL h FIELDS 1 nosuch", 0),
    ] {
        t.run(request);
        let now = t.server.stats.totals().dirty;
        assert_eq!(std::mem::replace(&mut before, now).abs_diff(now), expected, "{request}");
    }
}

#[test]
fn lookups_count_as_in_redis() {
    let mut t = Gate::new();
    t.expect("HSET h f v", "(integer) 1");
    let before = t.server.stats.totals();
    for request in ["HGET k f", "HMGET k f", "HLEN k", "HGETALL k", "HTTL k FIELDS 1 f", "HSCAN k 0", "HRANDFIELD k"] {
        t.run(request);
        t.run(&request.replace(" k", " h"));
    }
    let after = t.server.stats.totals();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (7, 7));
    t.run("HDEL h nosuch");
    assert_eq!(t.server.stats.totals().hits, after.hits, "a write is no lookup");
}
