//! Hashes: the rows. Handlers are in the files by topic.

mod expire;
mod fields;
mod number;
mod random;
mod read;
mod remove;
mod setex;
mod walk;
mod write;

use super::prelude::*;
use crate::resp::Reply;
use crate::types::hash::Limits;
use crate::types::packed::Element;

use self::expire::{hexpire, hexpireat, hexpiretime, hpersist, hpexpire, hpexpireat, hpexpiretime, hpttl, httl};
use self::number::{hincrby, hincrbyfloat};
use self::random::hrandfield;
use self::read::{hexists, hget, hlen, hmget, hstrlen};
use self::remove::{hdel, hgetdel};
use self::setex::{hgetex, hsetex};
use self::walk::{hgetall, hkeys, hscan, hvals};
use self::write::{hmset, hset, hsetnx};

/// Hashes.
pub const GROUP: Group = Group { name: "hash", category: Categories::HASH, commands: COMMANDS };

/// How much the small form may hold, by the configuration.
fn limits(cx: &Cx<'_>) -> Limits {
    cx.server.hash_limits()
}

/// Writes a field or value.
#[inline]
fn reply_element(reply: &mut Reply<'_>, element: Element<'_>) {
    match element {
        Element::Int(number) => reply.bulk_integer(number),
        Element::Bytes(text) => reply.bulk(text),
    }
}

/// Writes a value, or that there is none.
#[inline]
fn reply_value(reply: &mut Reply<'_>, value: Option<Element<'_>>) {
    match value {
        Some(value) => reply_element(reply, value),
        None => reply.null(),
    }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "HDEL",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        element: 2,
        run: Run::Keys(hdel),
        doc: Doc {
            since: "2.0.0",
            summary: "Removes fields; a hash left empty is deleted.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), Arg::string("field").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HEXISTS",
        arity: 3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        element: 2,
        run: Run::Keys(hexists),
        doc: Doc {
            since: "2.0.0",
            summary: "Tells whether a hash has a field.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("field")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HEXPIRE",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(hexpire),
        doc: Doc {
            since: "7.4.0",
            summary: "Lets fields expire after so many seconds.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), Arg::integer("seconds"), EXPIRE_CONDITION, FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HEXPIREAT",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(hexpireat),
        doc: Doc {
            since: "7.4.0",
            summary: "Lets fields expire at a Unix time in seconds.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), Arg::unix_time("unix-time-seconds"), EXPIRE_CONDITION, FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HEXPIRETIME",
        arity: -5,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hexpiretime),
        doc: Doc {
            since: "7.4.0",
            summary: "Tells at which Unix time in seconds fields expire.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HGET",
        arity: 3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(hget),
        doc: Doc {
            since: "2.0.0",
            summary: "Reads the value of a field.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("field")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HGETALL",
        arity: 2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hgetall),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "2.0.0",
            summary: "Reads a whole hash.",
            complexity: "O(N), N fields of the hash",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HGETDEL",
        arity: -5,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(hgetdel),
        doc: Doc {
            since: "8.0.0",
            summary: "Reads the values of fields and removes the fields.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HGETEX",
        arity: -5,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE)).notes("UPDATE for the expiry of fields")],
        run: Run::Keys(hgetex),
        doc: Doc {
            since: "8.0.0",
            summary: "Reads the values of fields and may change when they expire.",
            complexity: "O(N), N fields",
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
                FIELDS,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HINCRBY",
        arity: 4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        element: 2,
        run: Run::Keys(hincrby),
        doc: Doc {
            since: "2.0.0",
            summary: "Adds to the integer in a field.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("field"), Arg::integer("increment")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HINCRBYFLOAT",
        arity: 4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        element: 2,
        run: Run::Keys(hincrbyfloat),
        doc: Doc {
            since: "2.6.0",
            summary: "Adds a floating point number to the number in a field.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("field"), Arg::double("increment")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HKEYS",
        arity: 2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hkeys),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "2.0.0",
            summary: "Lists the fields of a hash.",
            complexity: "O(N), N fields of the hash",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HLEN",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(hlen),
        doc: Doc {
            since: "2.0.0",
            summary: "Counts the fields of a hash.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HMGET",
        arity: -3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(hmget),
        doc: Doc {
            since: "2.0.0",
            summary: "Reads the values of several fields.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), Arg::string("field").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HMSET",
        arity: -4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        element: 2,
        run: Run::Keys(hmset),
        doc: Doc {
            since: "2.0.0",
            summary: "Writes several fields (old name of HSET).",
            complexity: "O(N), N fields",
            deprecated_since: "4.0.0",
            replaced_by: "`HSET`",
            args: &[
                Arg::key("key", 0),
                Arg::block("field_value", &[Arg::string("field"), Arg::string("value")]).multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HPERSIST",
        arity: -5,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(hpersist),
        doc: Doc {
            since: "7.4.0",
            summary: "Takes the expiry off fields.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HPEXPIRE",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(hpexpire),
        doc: Doc {
            since: "7.4.0",
            summary: "Lets fields expire after so many milliseconds.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), Arg::integer("milliseconds"), EXPIRE_CONDITION, FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HPEXPIREAT",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(hpexpireat),
        doc: Doc {
            since: "7.4.0",
            summary: "Lets fields expire at a Unix time in milliseconds.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), Arg::unix_time("unix-time-milliseconds"), EXPIRE_CONDITION, FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HPEXPIRETIME",
        arity: -5,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hpexpiretime),
        doc: Doc {
            since: "7.4.0",
            summary: "Tells at which Unix time in milliseconds fields expire.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HPTTL",
        arity: -5,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hpttl),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "7.4.0",
            summary: "Tells how many milliseconds fields have left.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HRANDFIELD",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hrandfield),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "6.2.0",
            summary: "Picks fields of a hash at random.",
            complexity: "O(N), N fields returned",
            args: &[
                Arg::key("key", 0),
                Arg::block("options", &[Arg::integer("count"), Arg::word("withvalues", "WITHVALUES").optional()])
                    .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HSCAN",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hscan),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.8.0",
            summary: "Walks over the fields of a hash, a few a call.",
            complexity: "O(1) a call, O(N) for all N fields",
            args: &[
                Arg::key("key", 0),
                Arg::integer("cursor"),
                Arg::pattern("pattern").token("MATCH").optional(),
                Arg::integer("count").token("COUNT").optional(),
                Arg::word("novalues", "NOVALUES").optional().since("7.4.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HSET",
        arity: -4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        element: 2,
        run: Run::Keys(hset),
        doc: Doc {
            since: "2.0.0",
            summary: "Writes fields of a hash, creating it when absent.",
            complexity: "O(N), N fields",
            args: &[
                Arg::key("key", 0),
                Arg::block("field_value", &[Arg::string("field"), Arg::string("value")]).multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HSETEX",
        arity: -6,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(hsetex),
        doc: Doc {
            since: "8.0.0",
            summary: "Writes fields of a hash, with optional conditions and expiry.",
            complexity: "O(N), N fields",
            args: &[
                Arg::key("key", 0),
                Arg::one_of("key-condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional().since("9.1.0"),
                Arg::one_of("fields-condition", &[Arg::word("fnx", "FNX"), Arg::word("fxx", "FXX")]).optional(),
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
                Arg::block(
                    "fields",
                    &[
                        Arg::integer("numfields"),
                        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
                    ],
                )
                .token("FIELDS"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HSETNX",
        arity: 4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        element: 2,
        run: Run::Keys(hsetnx),
        doc: Doc {
            since: "2.0.0",
            summary: "Writes a field unless it exists.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("field"), Arg::string("value")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HSTRLEN",
        arity: 3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        element: 2,
        run: Run::Keys(hstrlen),
        doc: Doc {
            since: "3.2.0",
            summary: "Counts the bytes of a field's value.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("field")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HTTL",
        arity: -5,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(httl),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "7.4.0",
            summary: "Tells how many seconds fields have left.",
            complexity: "O(N), N fields",
            args: &[Arg::key("key", 0), FIELDS],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HVALS",
        arity: 2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(hvals),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "2.0.0",
            summary: "Lists the values of a hash.",
            complexity: "O(N), N fields of the hash",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const FIELDS: Arg = Arg::block("fields", &[Arg::integer("numfields"), Arg::string("field").multiple()]).token("FIELDS");

const EXPIRE_CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional();
