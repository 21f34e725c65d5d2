//! OBJECT: how a value is kept, and when it was used.

use super::super::help::help;
use super::super::prelude::*;
use crate::keyspace::{EntryRef, Value};
use crate::state::Gate;

/// Rows of OBJECT.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "ENCODING",
        arity: 3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO)],
        run: Run::Keys(object_encoding),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.2.3",
            summary: "Names the internal encoding of a value.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "FREQ",
        arity: 3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO)],
        run: Run::Keys(object_freq),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "4.0.0",
            summary: "Tells a key's logarithmic access counter.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "6.2.0", summary: "Lists the subcommands of OBJECT.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "IDLETIME",
        arity: 3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO)],
        run: Run::Keys(object_idletime),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.2.3",
            summary: "Tells for how many seconds a key was not used.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "REFCOUNT",
        arity: 3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO)],
        run: Run::Keys(object_refcount),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.2.3",
            summary: "Tells how often a value is referenced.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// The key of a subcommand. A miss is counted, but is no `keymiss` event.
fn look<'c>(cx: &'c mut Cx<'_>, args: &mut Args<'_>) -> Result<Option<EntryRef<'c>>, Error> {
    let key = args.key()?;
    if !cx.db.exists(key) {
        cx.db.effects.misses += 1;
        cx.reply.null();
        return Ok(None);
    }
    cx.db.effects.hits += 1;
    Ok(cx.db.peek(key))
}

fn object_encoding(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(encoding) = look(cx, args)?.map(|entry| entry.encoding()) else { return DONE };
    cx.reply.bulk(encoding);
    DONE
}

fn object_freq(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(field) = look(cx, args)?.map(|entry| entry.lru()) else { return DONE };
    let frequency = cx.db.access.frequency(field).ok_or(error::NO_LFU_POLICY)?;
    cx.reply.integer(i64::from(frequency));
    DONE
}

fn object_idletime(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(field) = look(cx, args)?.map(|entry| entry.lru()) else { return DONE };
    if cx.db.access.frequency(field).is_some() {
        return Err(error::LFU_POLICY);
    }
    let idle_s = cx.db.access.idle_s(field);
    cx.reply.integer(i64::from(idle_s));
    DONE
}

/// A value belongs to its key alone. Redis shares its small integers, and says so by the largest count, unless it needs
/// their access fields to choose what it evicts.
fn object_refcount(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (config, is_limited) = (&cx.server.config, cx.server.gate().intersects(Gate::MEMORY_LIMITED));
    let shares = !is_limited || !config.maxmemory_policy().needs_access_field();
    let count = look(cx, args)?.map(|entry| match entry.value() {
        Value::Int(0..10_000) if shares => i64::from(i32::MAX),
        _ => 1,
    });
    let Some(count) = count else { return DONE };
    cx.reply.integer(count);
    DONE
}
