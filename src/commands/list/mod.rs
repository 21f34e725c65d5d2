//! Lists: the rows. Handlers are in the files by topic.

mod blocking;
mod moving;
mod pop;
mod push;
mod read;
mod search;
mod write;

use super::prelude::*;
use crate::resp::Reply;
use crate::types::list::{Element, Limits, Side};

use self::blocking::{blmove, blmpop, blpop, brpop, brpoplpush};
use self::moving::{lmove, rpoplpush};
use self::pop::{lmpop, lpop, rpop};
use self::push::{lpush, lpushx, rpush, rpushx};
use self::read::{lindex, llen, lrange};
use self::search::{linsert, lpos, lrem};
use self::write::{lset, ltrim};

/// Lists.
pub const GROUP: Group = Group { name: "list", category: Categories::LIST, commands: COMMANDS };

/// How large a block of a list may become, by the configuration.
#[inline]
fn limits(cx: &Cx<'_>) -> Limits {
    cx.server.list_limits()
}

/// Writes an element.
#[inline]
fn reply_element(reply: &mut Reply<'_>, element: Element<'_>) {
    match element {
        Element::Int(number) => reply.bulk_integer(number),
        Element::Text(text) => reply.bulk(text),
        Element::Shared(buffer) => reply.bulk_bytes(buffer.clone()),
    }
}

/// Takes LEFT or RIGHT.
fn side(args: &mut Args<'_>) -> Result<Side, Error> {
    match args.take()? {
        word if word.eq_ignore_ascii_case(b"LEFT") => Ok(Side::Front),
        word if word.eq_ignore_ascii_case(b"RIGHT") => Ok(Side::Back),
        _ => Err(error::SYNTAX),
    }
}

/// LEFT or RIGHT.
fn side_word(side: Side) -> &'static [u8] {
    if side == Side::Front { b"LEFT" } else { b"RIGHT" }
}

/// What pushing at an end is called.
fn push_event(side: Side) -> Event {
    if side == Side::Front { events::LPUSH } else { events::RPUSH }
}

/// What popping off an end is called.
fn pop_event(side: Side) -> Event {
    if side == Side::Front { events::LPOP } else { events::RPOP }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "BLMOVE",
        arity: 6,
        flags: WRITE.or(DENYOOM).or(NOSCRIPT).or(BLOCKING),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(blmove),
        doc: Doc {
            since: "6.2.0",
            summary: "Moves an element between list ends, waiting for one if need be.",
            complexity: "O(1)",
            args: &[
                Arg::key("source", 0),
                Arg::key("destination", 1),
                Arg::one_of("wherefrom", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
                Arg::one_of("whereto", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
                Arg::double("timeout"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BLMPOP",
        arity: -5,
        flags: WRITE.or(BLOCKING),
        keys: &[KeySpec::numkeys(2, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(blmpop),
        doc: Doc {
            since: "7.0.0",
            summary: "Pops elements of the first list that has any, waiting if need be.",
            complexity: "O(N+M), N keys, M elements returned",
            args: &[
                Arg::double("timeout"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::one_of("where", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BLPOP",
        arity: -3,
        flags: WRITE.or(NOSCRIPT).or(BLOCKING),
        keys: &[KeySpec::range(1, -2, 1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(blpop),
        doc: Doc {
            since: "2.0.0",
            summary: "Pops the head of the first list that has any, waiting if need be.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple(), Arg::double("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BRPOP",
        arity: -3,
        flags: WRITE.or(NOSCRIPT).or(BLOCKING),
        keys: &[KeySpec::range(1, -2, 1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(brpop),
        doc: Doc {
            since: "2.0.0",
            summary: "Pops the tail of the first list that has any, waiting if need be.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple(), Arg::double("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BRPOPLPUSH",
        arity: 4,
        flags: WRITE.or(DENYOOM).or(NOSCRIPT).or(BLOCKING),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(brpoplpush),
        doc: Doc {
            since: "2.2.0",
            summary: "Moves a tail to another list's head, waiting if need be (old).",
            complexity: "O(1)",
            deprecated_since: "6.2.0",
            replaced_by: "`BLMOVE` with `RIGHT` `LEFT`",
            args: &[Arg::key("source", 0), Arg::key("destination", 1), Arg::double("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LINDEX",
        arity: 3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(lindex),
        doc: Doc {
            since: "1.0.0",
            summary: "Reads the element at an index.",
            complexity: "O(N), N elements up to the index",
            args: &[Arg::key("key", 0), Arg::integer("index")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LINSERT",
        arity: 5,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(linsert),
        doc: Doc {
            since: "2.2.0",
            summary: "Puts an element before or after another one.",
            complexity: "O(N), N elements up to the pivot",
            args: &[
                Arg::key("key", 0),
                Arg::one_of("where", &[Arg::word("before", "BEFORE"), Arg::word("after", "AFTER")]),
                Arg::string("pivot"),
                Arg::string("element"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LLEN",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(llen),
        doc: Doc {
            since: "1.0.0",
            summary: "Counts the elements of a list.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LMOVE",
        arity: 5,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(lmove),
        doc: Doc {
            since: "6.2.0",
            summary: "Moves an element from an end of one list to an end of another.",
            complexity: "O(1)",
            args: &[
                Arg::key("source", 0),
                Arg::key("destination", 1),
                Arg::one_of("wherefrom", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
                Arg::one_of("whereto", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LMPOP",
        arity: -4,
        flags: WRITE,
        keys: &[KeySpec::numkeys(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(lmpop),
        doc: Doc {
            since: "7.0.0",
            summary: "Pops elements of the first list that has any.",
            complexity: "O(N+M), N keys, M elements returned",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::one_of("where", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LPOP",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(lpop),
        doc: Doc {
            since: "1.0.0",
            summary: "Pops elements off the head of a list.",
            complexity: "O(N), N elements returned",
            args: &[Arg::key("key", 0), Arg::integer("count").optional().since("6.2.0")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LPOS",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(lpos),
        doc: Doc {
            since: "6.0.6",
            summary: "Finds the indexes of elements equal to the given one.",
            complexity: "O(N), N elements of the list",
            args: &[
                Arg::key("key", 0),
                Arg::string("element"),
                Arg::integer("rank").token("RANK").optional(),
                Arg::integer("num-matches").token("COUNT").optional(),
                Arg::integer("len").token("MAXLEN").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LPUSH",
        arity: -3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(lpush),
        doc: Doc {
            since: "1.0.0",
            summary: "Adds elements at the head of a list, creating it when absent.",
            complexity: "O(N), N elements added",
            args: &[Arg::key("key", 0), Arg::string("element").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LPUSHX",
        arity: -3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(lpushx),
        doc: Doc {
            since: "2.2.0",
            summary: "Adds elements at the head of a list that exists.",
            complexity: "O(N), N elements added",
            args: &[Arg::key("key", 0), Arg::string("element").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LRANGE",
        arity: 4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(lrange),
        doc: Doc {
            since: "1.0.0",
            summary: "Reads the elements between two indexes.",
            complexity: "O(S+N), S elements skipped, N returned",
            args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LREM",
        arity: 4,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(lrem),
        doc: Doc {
            since: "1.0.0",
            summary: "Removes elements equal to the given one, from head or tail on.",
            complexity: "O(N+M), N elements of the list, M removed",
            args: &[Arg::key("key", 0), Arg::integer("count"), Arg::string("element")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LSET",
        arity: 4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(lset),
        doc: Doc {
            since: "1.0.0",
            summary: "Replaces the element at an index.",
            complexity: "O(N), N elements up to the index",
            args: &[Arg::key("key", 0), Arg::integer("index"), Arg::string("element")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LTRIM",
        arity: 4,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(ltrim),
        doc: Doc {
            since: "1.0.0",
            summary: "Keeps the elements between two indexes and removes the others.",
            complexity: "O(N), N elements removed",
            args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RPOP",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(rpop),
        doc: Doc {
            since: "1.0.0",
            summary: "Pops elements off the tail of a list.",
            complexity: "O(N), N elements returned",
            args: &[Arg::key("key", 0), Arg::integer("count").optional().since("6.2.0")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RPOPLPUSH",
        arity: 3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(rpoplpush),
        doc: Doc {
            since: "1.2.0",
            summary: "Moves the tail of a list to the head of another (old).",
            complexity: "O(1)",
            deprecated_since: "6.2.0",
            replaced_by: "`LMOVE` with `RIGHT` `LEFT`",
            args: &[Arg::key("source", 0), Arg::key("destination", 1)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RPUSH",
        arity: -3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(rpush),
        doc: Doc {
            since: "1.0.0",
            summary: "Adds elements at the tail of a list, creating it when absent.",
            complexity: "O(N), N elements added",
            args: &[Arg::key("key", 0), Arg::string("element").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RPUSHX",
        arity: -3,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(INSERT))],
        run: Run::Keys(rpushx),
        doc: Doc {
            since: "2.2.0",
            summary: "Adds elements at the tail of a list that exists.",
            complexity: "O(N), N elements added",
            args: &[Arg::key("key", 0), Arg::string("element").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];
