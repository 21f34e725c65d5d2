//! Commands on strings, bitmaps and HyperLogLogs that meet a collection: Redis's error, and nothing changes.

use nyala::commands::GROUPS;
use nyala::commands::spec::Run;
use nyala::resp::decode::Value;

use crate::harness::{Gate, both_with};

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_STRINGS: &str = "ERR The specified keys must contain string values";

const COLLECTIONS: [&str; 5] = ["RPUSH k 1", "SADD k 1", "ZADD k 1 1", "HSET k 1 1", "XADD k 1-1 1 1"];

/// Calls that need a string at `k`. Of those that read several keys, `s` is one and `none` is missing.
const REFUSED: &[&str] = &[
    "APPEND k 1",
    "BITCOUNT k",
    "BITCOUNT k 0 -1 BIT",
    "BITFIELD k GET u8 0",
    "BITFIELD k SET u8 0 1",
    "BITFIELD k INCRBY u8 0 1",
    "BITFIELD k",
    "BITFIELD_RO k GET u8 0",
    "BITOP NOT d k",
    "BITOP AND d s k",
    "BITOP OR k k none",
    "BITOP DIFF d s k",
    "BITPOS k 1",
    "BITPOS k 0 0 -1 BIT",
    "DECR k",
    "DECRBY k 1",
    "DELEX k IFEQ 1",
    "DELEX k IFDNE 0123456789abcdef",
    "DELIFEQ k 1",
    "DIGEST k",
    "GET k",
    "GETBIT k 0",
    "GETDEL k",
    "GETEX k",
    "GETEX k EX 10",
    "GETRANGE k 0 -1",
    "GETSET k 1",
    "INCR k",
    "INCRBY k 1",
    "INCRBYFLOAT k 1",
    "LCS k s",
    "LCS none k IDX",
    "PFADD k",
    "PFADD k 1",
    "PFCOUNT k",
    "PFCOUNT none k",
    "PFDEBUG ENCODING k",
    "PFDEBUG TODENSE k",
    "PFMERGE d k",
    "PFMERGE k none",
    "SET k 1 GET",
    "SET k 1 NX GET",
    "SET k 1 XX GET",
    "SET k 1 IFEQ 1",
    "SET k 1 IFDNE 0123456789abcdef",
    "SETBIT k 0 1",
    "SETRANGE k 0 1",
    "SETRANGE k 0 ''",
    "STRLEN k",
    "SUBSTR k 0 -1",
];

/// Calls that overwrite whatever there is, or answer without a look at it: the call, its reply, the type afterwards (none:
/// unchanged).
const ACCEPTED: &[(&str, &str, Option<&str>)] = &[
    ("BITOP NOT k s", "(integer) 1", Some("string")),
    ("BITOP NOT k none", "(integer) 0", Some("none")),
    ("DELEX k", "(integer) 1", Some("none")),
    ("MGET s k", "1) \"v\"\n2) (nil)", None),
    ("MSET k 1", "OK", Some("string")),
    ("MSETEX 1 k 1", "(integer) 1", Some("string")),
    ("MSETEX 1 k 1 NX", "(integer) 0", None),
    ("MSETNX k 1", "(integer) 0", None),
    ("PSETEX k 100 1", "OK", Some("string")),
    ("SET k 1", "OK", Some("string")),
    ("SET k 1 NX", "(nil)", None),
    ("SET k 1 XX", "OK", Some("string")),
    ("SET k 1 KEEPTTL", "OK", Some("string")),
    ("SETEX k 100 1", "OK", Some("string")),
    ("SETNX k 1", "(integer) 0", None),
    ("PFSELFTEST", "OK", None),
];

fn digest(t: &mut Gate) -> Value {
    t.run("DEBUG DIGEST")
}

#[test]
fn collections_are_refused_and_stay() {
    both_with(&["--enable-debug-command", "yes"], |t| {
        for make in COLLECTIONS {
            t.run("FLUSHALL");
            t.run("SET s v");
            t.run(make);
            let before = digest(t);
            for call in REFUSED {
                t.expect_error(call, if call.starts_with("LCS") { NOT_STRINGS } else { WRONG_TYPE });
                assert_eq!(digest(t), before, "{make}, {call}");
            }
        }
    });
}

#[test]
fn what_overwrites_does_not_ask_for_the_type() {
    both_with(&["--enable-debug-command", "yes"], |t| {
        for make in COLLECTIONS {
            for (call, reply, after) in ACCEPTED.iter().filter(|row| row.0 != "PFSELFTEST") {
                t.run("FLUSHALL");
                t.run("SET s v");
                t.run(make);
                let before = digest(t);
                t.expect(call, reply);
                match after {
                    Some(name) => assert_eq!(t.text("TYPE k"), *name, "{make}, {call}"),
                    None => assert_eq!(digest(t), before, "{make}, {call}"),
                }
            }
        }
    });
}

#[test]
fn no_command_is_left_out() {
    let calls = REFUSED.iter().copied().chain(ACCEPTED.iter().map(|row| row.0));
    let called: Vec<&str> = calls.filter_map(|call| call.split(' ').next()).collect();
    for group in GROUPS.iter().filter(|group| ["string", "bitmap", "hyperloglog"].contains(&group.name)) {
        for command in group.commands.iter().filter(|command| !matches!(command.run, Run::Container)) {
            assert!(called.contains(&command.name), "{}", command.name);
        }
    }
}
