//! Sets: unordered strings, each once.
//!
//! Changes go through [`Locked::edit`](crate::keyspace::Locked::edit); commands over several sets look at all of them at
//! once, without copying a member before the result is written. Start with `write.rs`.
//!
//! May import: what every group may.

mod algebra;
mod random;
mod read;
mod write;

use super::prelude::*;
use crate::keyspace::Value;
use crate::resp::Reply;
use crate::types::Object;
use crate::types::set::{Member, SetLimits};

use self::algebra::{sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore};
use self::random::{spop, srandmember};
use self::read::{scard, sismember, smembers, smismember, sscan};
use self::write::{sadd, smove, srem};

/// Sets.
pub const GROUP: Group = Group { name: "set", category: Categories::SET, commands: COMMANDS };

/// How much the smaller forms may hold, by the configuration.
fn limits(cx: &Cx<'_>) -> SetLimits {
    cx.server.set_limits()
}

/// Whether a key is there; it must hold a set then.
fn is_set(cx: &mut Cx<'_>, key: Key<'_>) -> Result<bool, Error> {
    match cx.db.peek(key).map(|entry| entry.value()) {
        None => Ok(false),
        Some(Value::Object(Object::Set(_))) => Ok(true),
        Some(_) => Err(error::WRONGTYPE),
    }
}

/// Writes a member.
#[inline]
fn reply_member(reply: &mut Reply<'_>, member: Member<'_>) {
    match member {
        Member::Int(number) => reply.bulk_integer(number),
        Member::Bytes(text) => reply.bulk(text),
    }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "SADD",
        arity: -3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        element: 2,
        run: Run::Keys(sadd),
        doc: Doc {
            since: "1.0.0",
            summary: "Adds members to a set, creating it when absent.",
            complexity: "O(N), N members",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SCARD",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(scard),
        doc: Doc {
            since: "1.0.0",
            summary: "Counts the members of a set.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SDIFF",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::range(1, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(sdiff),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "1.0.0",
            summary: "Lists what the first set has and none of the others.",
            complexity: "O(N), N members of all sets",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SDIFFSTORE",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::range(2, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(sdiffstore),
        doc: Doc {
            since: "1.0.0",
            summary: "Stores what the first set has and none of the others.",
            complexity: "O(N), N members of all sets",
            args: &[Arg::key("destination", 0), Arg::key("key", 1).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SINTER",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::range(1, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(sinter),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "1.0.0",
            summary: "Lists what all the sets share.",
            complexity: "O(N*M), N members of the smallest of M sets",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SINTERCARD",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::numkeys(1, RO.or(ACCESS))],
        run: Run::Keys(sintercard),
        doc: Doc {
            since: "7.0.0",
            summary: "Counts what all the sets share, up to a limit.",
            complexity: "O(N*M), N members of the smallest of M sets",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::integer("limit").token("LIMIT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SINTERSTORE",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(UPDATE)), KeySpec::range(2, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(sinterstore),
        doc: Doc {
            since: "1.0.0",
            summary: "Stores what all the sets share.",
            complexity: "O(N*M), N members of the smallest of M sets",
            args: &[Arg::key("destination", 0), Arg::key("key", 1).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SISMEMBER",
        arity: 3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        element: 2,
        run: Run::Keys(sismember),
        doc: Doc {
            since: "1.0.0",
            summary: "Tells whether a set has a member.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("member")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SMEMBERS",
        arity: 2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(smembers),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "1.0.0",
            summary: "Lists the members of a set.",
            complexity: "O(N), N members of the set",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SMISMEMBER",
        arity: -3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(smismember),
        doc: Doc {
            since: "6.2.0",
            summary: "Tells of several members whether a set has them.",
            complexity: "O(N), N members asked for",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SMOVE",
        arity: 4,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(smove),
        doc: Doc {
            since: "1.0.0",
            summary: "Takes a member out of one set and adds it to another.",
            complexity: "O(1)",
            args: &[Arg::key("source", 0), Arg::key("destination", 1), Arg::string("member")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SPOP",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(spop),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "1.0.0",
            summary: "Takes random members out of a set.",
            complexity: "O(N), N members returned",
            args: &[Arg::key("key", 0), Arg::integer("count").optional().since("3.2.0")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SRANDMEMBER",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(srandmember),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "1.0.0",
            summary: "Picks members of a set at random, leaving them in.",
            complexity: "O(N), N members returned",
            args: &[Arg::key("key", 0), Arg::integer("count").optional().since("2.6.0")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SREM",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        element: 2,
        run: Run::Keys(srem),
        doc: Doc {
            since: "1.0.0",
            summary: "Removes members; a set left empty is deleted.",
            complexity: "O(N), N members",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SSCAN",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(sscan),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.8.0",
            summary: "Walks over the members of a set, a few a call.",
            complexity: "O(1) a call, O(N) for all N members",
            args: &[
                Arg::key("key", 0),
                Arg::integer("cursor"),
                Arg::pattern("pattern").token("MATCH").optional(),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SUNION",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::range(1, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(sunion),
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "1.0.0",
            summary: "Lists the members of any of the sets.",
            complexity: "O(N), N members of all sets",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SUNIONSTORE",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::range(2, -1, 1, RO.or(ACCESS))],
        run: Run::Keys(sunionstore),
        doc: Doc {
            since: "1.0.0",
            summary: "Stores the members of any of the sets.",
            complexity: "O(N), N members of all sets",
            args: &[Arg::key("destination", 0), Arg::key("key", 1).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];
