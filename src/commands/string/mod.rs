//! String commands: the rows here, the handlers in files by topic.

mod condition;
mod counter;
mod get;
mod lcs;
mod multi;
mod range;
mod set;

use condition::{delex, delifeq, digest};
use counter::{decr, decrby, incr, incrby, incrbyfloat};
use get::{get, getdel, getex, strlen};
use lcs::lcs;
use multi::{mget, mset, msetex, msetnx};
use range::{append, getrange, setrange, substr};
use set::{getset, psetex, set, set_keys, setex, setnx};

use super::prelude::*;
use crate::keyspace::Value;
use crate::resp::Reply;

/// The group.
pub const GROUP: Group = Group { name: "string", category: Categories::STRING, commands: COMMANDS };

/// Replies with a string, shared when it is large.
///
/// # Errors
/// The value is of another type; nothing is written then.
#[inline]
fn reply_string(reply: &mut Reply<'_>, value: Value<'_>) -> Result<(), Error> {
    match value {
        Value::Str(text) => reply.bulk(text),
        Value::Int(number) => reply.bulk_integer(number),
        Value::Big(bytes) => reply.bulk_bytes(bytes.clone()),
        Value::Object(_) => return Err(error::WRONGTYPE),
    }
    Ok(())
}

const COMMANDS: &[Command] = &[
    Command {
        name: "APPEND",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(append),
        doc: Doc {
            since: "2.0.0",
            summary: "Adds a string to the end of a key's value, creating the key when absent.",
            complexity: "O(1) amortized",
            args: &[Arg::key("key", 0), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DECR",
        arity: 2,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(decr),
        doc: Doc {
            since: "1.0.0",
            summary: "Lowers the integer in a key by one.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DECRBY",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(decrby),
        doc: Doc {
            since: "1.0.0",
            summary: "Lowers the integer in a key by the given amount.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("decrement")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DELEX",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(delex),
        doc: Doc {
            since: "8.4.0",
            summary: "Deletes a key if its value, or the digest of its value, fits a condition.",
            complexity: "O(1), O(N) for N bytes with a digest",
            args: &[
                Arg::key("key", 0),
                Arg::one_of(
                    "condition",
                    &[
                        Arg::string("ifeq-value").token("IFEQ"),
                        Arg::string("ifne-value").token("IFNE"),
                        Arg::string("ifdeq-digest").token("IFDEQ"),
                        Arg::string("ifdne-digest").token("IFDNE"),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DELIFEQ",
        arity: 3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RM.or(DELETE))],
        run: Run::Keys(delifeq),
        doc: Doc {
            since: "9.0.0",
            summary: "Deletes a key if it holds exactly the given value.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DIGEST",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(digest),
        doc: Doc {
            since: "8.4.0",
            summary: "Hashes a string value, for later use in a condition.",
            complexity: "O(N), N bytes of the value",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GET",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(get),
        doc: Doc {
            since: "1.0.0",
            summary: "Reads the string in a key.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETDEL",
        arity: 2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(getdel),
        doc: Doc {
            since: "6.2.0",
            summary: "Reads the string in a key and deletes the key.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETEX",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE)).notes("UPDATE for the expiry")],
        run: Run::Keys(getex),
        doc: Doc {
            since: "6.2.0",
            summary: "Reads the string in a key and may change when the key expires.",
            complexity: "O(1)",
            args: &[
                Arg::key("key", 0),
                Arg::one_of(
                    "expiration",
                    &[
                        Arg::integer("seconds").token("EX"),
                        Arg::integer("milliseconds").token("PX"),
                        Arg::unix_time("unix-time-seconds").token("EXAT"),
                        Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                        Arg::word("persist", "PERSIST"),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETRANGE",
        arity: 4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(getrange),
        doc: Doc {
            since: "2.4.0",
            summary: "Cuts a piece out of a string by first and last index.",
            complexity: "O(N), N bytes returned",
            args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("end")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETSET",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(getset),
        doc: Doc {
            since: "1.0.0",
            summary: "Puts a new string into a key and replies with the old one.",
            complexity: "O(1)",
            deprecated_since: "6.2.0",
            replaced_by: "`SET` with `GET`",
            args: &[Arg::key("key", 0), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "INCR",
        arity: 2,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(incr),
        doc: Doc {
            since: "1.0.0",
            summary: "Raises the integer in a key by one.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "INCRBY",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(incrby),
        doc: Doc {
            since: "1.0.0",
            summary: "Raises the integer in a key by the given amount.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("increment")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "INCRBYFLOAT",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(incrbyfloat),
        doc: Doc {
            since: "2.6.0",
            summary: "Adds a floating point number to the number in a key.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::double("increment")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LCS",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::range(1, 1, 1, RO.or(ACCESS))],
        run: Run::Keys(lcs),
        doc: Doc {
            since: "7.0.0",
            summary: "Finds the longest common subsequence of two strings.",
            complexity: "O(N*M), lengths of both strings",
            args: &[
                Arg::key("key1", 0),
                Arg::key("key2", 0),
                Arg::word("len", "LEN").optional(),
                Arg::word("idx", "IDX").optional(),
                Arg::integer("len").token("MINMATCHLEN").optional(),
                Arg::word("withmatchlen", "WITHMATCHLEN").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MGET",
        arity: -2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::range(1, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(mget),
        tips: &["request_policy:multi_shard"],
        doc: Doc {
            since: "1.0.0",
            summary: "Reads the strings of several keys at once.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MSET",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::range(1, -1, 2, OW.or(UPDATE))],
        run: Run::Keys(mset),
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        doc: Doc {
            since: "1.0.1",
            summary: "Sets several keys in one step.",
            complexity: "O(N), N keys",
            args: &[Arg::block("key_value", &[Arg::key("key", 0), Arg::string("value")]).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MSETEX",
        arity: -4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec {
            notes: "",
            flags: OW.or(UPDATE),
            begin: BeginSearch::Index(1),
            find: FindKeys::KeyNum { at: 0, first: 1, step: 2 },
        }],
        run: Run::Keys(msetex),
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        doc: Doc {
            since: "8.4.0",
            summary: "Sets several keys in one step, with a shared condition and expiry.",
            complexity: "O(N), N keys",
            args: &[
                Arg::integer("numkeys"),
                Arg::block("data", &[Arg::key("key", 0), Arg::string("value")]).multiple(),
                Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional(),
                Arg::one_of(
                    "expiration",
                    &[
                        Arg::integer("seconds").token("EX"),
                        Arg::integer("milliseconds").token("PX"),
                        Arg::unix_time("unix-time-seconds").token("EXAT"),
                        Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                        Arg::word("keepttl", "KEEPTTL"),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MSETNX",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::range(1, -1, 2, OW.or(INSERT))],
        run: Run::Keys(msetnx),
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        doc: Doc {
            since: "1.0.1",
            summary: "Sets several keys in one step, or none of them if any exists.",
            complexity: "O(N), N keys",
            args: &[Arg::block("key_value", &[Arg::key("key", 0), Arg::string("value")]).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PSETEX",
        arity: 4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE))],
        run: Run::Keys(psetex),
        doc: Doc {
            since: "2.6.0",
            summary: "Sets a key to a string that expires after so many milliseconds.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("milliseconds"), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SET",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE).or(VARIABLE_FLAGS)).notes("OW and UPDATE without GET")],
        keys_fn: Some(set_keys),
        run: Run::Keys(set),
        doc: Doc {
            since: "1.0.0",
            summary: "Sets a key to a string, with optional condition and expiry.",
            complexity: "O(1)",
            args: &[
                Arg::key("key", 0),
                Arg::string("value"),
                Arg::one_of(
                    "condition",
                    &[
                        Arg::word("nx", "NX"),
                        Arg::word("xx", "XX"),
                        Arg::string("ifeq-value").token("IFEQ").since("8.1.0"),
                        Arg::string("ifne-value").token("IFNE").since("8.4.0"),
                        Arg::string("ifdeq-digest").token("IFDEQ").since("8.4.0"),
                        Arg::string("ifdne-digest").token("IFDNE").since("8.4.0"),
                    ],
                )
                .optional()
                .since("2.6.12"),
                Arg::word("get", "GET").optional().since("6.2.0"),
                Arg::one_of(
                    "expiration",
                    &[
                        Arg::integer("seconds").token("EX").since("2.6.12"),
                        Arg::integer("milliseconds").token("PX").since("2.6.12"),
                        Arg::unix_time("unix-time-seconds").token("EXAT").since("6.2.0"),
                        Arg::unix_time("unix-time-milliseconds").token("PXAT").since("6.2.0"),
                        Arg::word("keepttl", "KEEPTTL").since("6.0.0"),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SETEX",
        arity: 4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE))],
        run: Run::Keys(setex),
        doc: Doc {
            since: "2.0.0",
            summary: "Sets a key to a string that expires after so many seconds.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("seconds"), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SETNX",
        arity: 3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, OW.or(INSERT))],
        run: Run::Keys(setnx),
        doc: Doc {
            since: "1.0.0",
            summary: "Sets a key to a string unless the key exists.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SETRANGE",
        arity: 4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(setrange),
        doc: Doc {
            since: "2.2.0",
            summary: "Overwrites a string from an offset on, filling gaps with zero bytes.",
            complexity: "O(N), N bytes of the value",
            args: &[Arg::key("key", 0), Arg::integer("offset"), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "STRLEN",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(strlen),
        doc: Doc {
            since: "2.2.0",
            summary: "Counts the bytes of a string.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SUBSTR",
        arity: 4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(substr),
        doc: Doc {
            since: "1.0.0",
            summary: "Cuts a piece out of a string (old name of GETRANGE).",
            complexity: "O(N), N bytes returned",
            deprecated_since: "2.0.0",
            replaced_by: "`GETRANGE`",
            args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("end")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];
