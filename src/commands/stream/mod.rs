//! Streams: the rows. Handlers are in the files by topic.

mod add;
mod claim;
mod delete;
mod effect;
mod group;
mod info;
mod parse;
mod pending;
mod range;
mod read;
mod read_group;

use super::prelude::*;
use crate::resp::Reply;
use crate::types::packed::Element;
use crate::types::stream::{Entry, NodeLimits, StreamId};

use self::add::{xadd, xsetid, xtrim};
use self::claim::{xautoclaim, xclaim};
use self::delete::{xack, xackdel, xdel, xdelex};
use self::pending::xpending;
use self::range::{xlen, xrange, xrevrange};
use self::read::{read_keys, readgroup_keys, xread};
use self::read_group::xreadgroup;

/// Streams.
pub const GROUP: Group = Group { name: "stream", category: Categories::STREAM, commands: COMMANDS };

/// How full nodes get, by the configuration.
fn limits(cx: &Cx<'_>) -> NodeLimits {
    let config = &cx.server.config;
    NodeLimits { bytes: config.stream_node_max_bytes(), entries: config.stream_node_max_entries() }
}

/// Writes an id.
fn reply_id(reply: &mut Reply<'_>, id: StreamId) {
    reply.bulk(id.text());
}

/// Writes an entry: its id and its fields.
fn reply_entry(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply.array(2);
    reply_id_and_fields(reply, entry);
}

/// Writes an entry that was claimed with how long it had waited and how often it had been delivered.
fn reply_entry_with(reply: &mut Reply<'_>, entry: &Entry<'_>, idle_ms: u64, deliveries: u64) {
    reply.array(4);
    reply_id_and_fields(reply, entry);
    reply.integer(idle_ms.cast_signed());
    reply.integer(deliveries.cast_signed());
}

fn reply_id_and_fields(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply_id(reply, entry.id);
    reply.array(2 * entry.len());
    for (name, value) in entry.fields() {
        for element in [name, value] {
            match element {
                Element::Int(number) => reply.bulk_integer(number),
                Element::Bytes(text) => reply.bulk(text),
            }
        }
    }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "XACK",
        arity: -4,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(xack),
        doc: Doc {
            since: "5.0.0",
            summary: "Marks entries as done for a consumer group.",
            complexity: "O(1) an entry",
            args: &[Arg::key("key", 0), Arg::string("group"), Arg::string("id").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XACKDEL",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE).or(DELETE))],
        run: Run::Keys(xackdel),
        doc: Doc {
            since: "8.2.0",
            summary: "Marks entries as done for a consumer group and deletes them.",
            complexity: "O(1) an entry",
            args: &[
                Arg::key("key", 0),
                Arg::string("group"),
                REFERENCES.optional(),
                Arg::block("ids", &[Arg::integer("numids"), Arg::string("id").multiple()]).token("IDS"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XADD",
        arity: -5,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE)).notes("UPDATE because it may trim")],
        run: Run::Keys(xadd),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "5.0.0",
            summary: "Appends an entry, creating the stream when absent, and may trim it.",
            complexity: "O(1), O(N) when N entries are trimmed",
            args: &[
                Arg::key("key", 0),
                Arg::word("nomkstream", "NOMKSTREAM").optional().since("6.2.0"),
                REFERENCES.optional().since("8.2.0"),
                TRIM.optional(),
                Arg::one_of("id_or_auto", &[Arg::word("auto_id", "*"), Arg::string("id")]),
                Arg::block("field_value", &[Arg::string("field"), Arg::string("value")]).multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XAUTOCLAIM",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(xautoclaim),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "6.2.0",
            summary: "Takes over pending entries that were idle for long, walking over them.",
            complexity: "O(1) for a small COUNT",
            args: &[
                Arg::key("key", 0),
                Arg::string("group"),
                Arg::string("consumer"),
                Arg::string("min-idle-time"),
                Arg::string("start"),
                Arg::integer("count").token("COUNT").optional(),
                Arg::word("justid", "JUSTID").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XCLAIM",
        arity: -6,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(xclaim),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "5.0.0",
            summary: "Takes over pending entries by their ids.",
            complexity: "O(log(N)), N pending entries",
            args: &[
                Arg::key("key", 0),
                Arg::string("group"),
                Arg::string("consumer"),
                Arg::string("min-idle-time"),
                Arg::string("id").multiple(),
                Arg::integer("ms").token("IDLE").optional(),
                Arg::unix_time("unix-time-milliseconds").token("TIME").optional(),
                Arg::integer("count").token("RETRYCOUNT").optional(),
                Arg::word("force", "FORCE").optional(),
                Arg::word("justid", "JUSTID").optional(),
                Arg::string("id").token("LASTID").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XDEL",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(xdel),
        doc: Doc {
            since: "5.0.0",
            summary: "Deletes entries by their ids.",
            complexity: "O(1) an entry",
            args: &[Arg::key("key", 0), Arg::string("id").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XDELEX",
        arity: -5,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(xdelex),
        doc: Doc {
            since: "8.2.0",
            summary: "Deletes entries by their ids, with a say over references to them.",
            complexity: "O(1) an entry",
            args: &[
                Arg::key("key", 0),
                REFERENCES.optional(),
                Arg::block("ids", &[Arg::integer("numids"), Arg::string("id").multiple()]).token("IDS"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XGROUP",
        arity: -2,
        doc: Doc {
            since: "5.0.0",
            summary: "Manages consumer groups.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: group::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "XINFO",
        arity: -2,
        doc: Doc {
            since: "5.0.0",
            summary: "Looks into a stream.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: info::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "XLEN",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(xlen),
        doc: Doc {
            since: "5.0.0",
            summary: "Counts the entries of a stream.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XPENDING",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(xpending),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "5.0.0",
            summary: "Sums up or lists the entries delivered to a group but not done.",
            complexity: "O(N), N entries returned",
            args: &[
                Arg::key("key", 0),
                Arg::string("group"),
                Arg::block(
                    "filters",
                    &[
                        Arg::integer("min-idle-time").token("IDLE").optional().since("6.2.0"),
                        Arg::string("start"),
                        Arg::string("end"),
                        Arg::integer("count"),
                        Arg::string("consumer").optional(),
                    ],
                )
                .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XRANGE",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(xrange),
        doc: Doc {
            since: "5.0.0",
            summary: "Reads the entries in a range of ids.",
            complexity: "O(N), N entries returned",
            args: &[
                Arg::key("key", 0),
                Arg::string("start"),
                Arg::string("end"),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XREAD",
        arity: -4,
        flags: READONLY.or(BLOCKING),
        keys: &[KeySpec {
            notes: "",
            flags: RO.or(ACCESS),
            begin: BeginSearch::Keyword { word: "STREAMS", start: 1 },
            find: FindKeys::Range { last: -1, step: 1, limit: 2 },
        }],
        keys_fn: Some(read_keys),
        run: Run::Keys(xread),
        doc: Doc {
            since: "5.0.0",
            summary: "Reads entries after given ids of several streams, waiting if wanted.",
            complexity: "O(N), N entries returned",
            args: &[
                Arg::integer("count").token("COUNT").optional(),
                Arg::integer("milliseconds").token("BLOCK").optional(),
                STREAMS,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XREADGROUP",
        arity: -7,
        flags: WRITE.or(BLOCKING),
        keys: &[KeySpec {
            notes: "",
            flags: RO.or(ACCESS),
            begin: BeginSearch::Keyword { word: "STREAMS", start: 4 },
            find: FindKeys::Range { last: -1, step: 1, limit: 2 },
        }],
        keys_fn: Some(readgroup_keys),
        run: Run::Keys(xreadgroup),
        doc: Doc {
            since: "5.0.0",
            summary: "Reads entries on behalf of a consumer of a group, waiting if wanted.",
            complexity: "O(N), N entries returned",
            args: &[
                Arg::block("group_consumer", &[Arg::string("group"), Arg::string("consumer")]).token("GROUP"),
                Arg::integer("count").token("COUNT").optional(),
                Arg::integer("milliseconds").token("BLOCK").optional(),
                Arg::integer("min-idle-time").token("CLAIM").optional().since("8.4.0"),
                Arg::word("noack", "NOACK").optional(),
                STREAMS,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XREVRANGE",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(xrevrange),
        doc: Doc {
            since: "5.0.0",
            summary: "Reads the entries in a range of ids, newest first.",
            complexity: "O(N), N entries returned",
            args: &[
                Arg::key("key", 0),
                Arg::string("end"),
                Arg::string("start"),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XSETID",
        arity: -3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(xsetid),
        doc: Doc {
            since: "5.0.0",
            summary: "Sets the last id and the counters of a stream; for internal use.",
            complexity: "O(1)",
            args: &[
                Arg::key("key", 0),
                Arg::string("last-id"),
                Arg::integer("entries_added").token("ENTRIESADDED").optional().since("7.0.0"),
                Arg::string("max_deleted_entry_id").token("MAXDELETEDID").optional().since("7.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "XTRIM",
        arity: -4,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(xtrim),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "5.0.0",
            summary: "Removes the oldest entries, down to a length or up to an id.",
            complexity: "O(N), N entries removed",
            args: &[Arg::key("key", 0), TRIM, REFERENCES.optional().since("8.2.0")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const TRIM: Arg = Arg::block(
    "trim",
    &[
        STRATEGY,
        Arg::one_of("operator", &[Arg::word("equal", "="), Arg::word("approximately", "~")]).optional(),
        Arg::string("threshold"),
        Arg::integer("count").token("LIMIT").optional().since("6.2.0"),
    ],
);

const REFERENCES: Arg = Arg::one_of(
    "condition",
    &[Arg::word("keepref", "KEEPREF"), Arg::word("delref", "DELREF"), Arg::word("acked", "ACKED")],
);

const STREAMS: Arg =
    Arg::block("streams", &[Arg::key("key", 0).multiple(), Arg::string("id").multiple()]).token("STREAMS");

const STRATEGY: Arg =
    Arg::one_of("strategy", &[Arg::word("maxlen", "MAXLEN"), Arg::word("minid", "MINID").since("6.2.0")]);
