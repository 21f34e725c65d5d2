//! COMMAND INFO: arity, flags, keys, ACL categories and tips.

use super::super::super::keys::{is_movable, legacy_range};
use super::super::super::prelude::*;
use super::super::super::spec::BeginSearch;
use super::super::super::{Registered, table};
use super::{lower, words};
use crate::resp::Reply;

/// Flags for the gate alone.
const HIDDEN: Flags = MAY_REPLICATE.or(PROTECTED).or(TOUCHES_ARBITRARY_KEYS).or(SENSITIVE);
/// Those of the key flags that are shown in capitals.
const CAPITALS: KeyFlags = RW.or(RO).or(OW).or(RM);

pub(super) fn command_info(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if !args.more() {
        let all = table().top_level();
        cx.reply.array(all.clone().count());
        for command in all {
            entry(&mut cx.reply, command);
        }
        return DONE;
    }

    cx.reply.array(args.remaining());
    while args.more() {
        match table().find_full(args.take()?) {
            Some(command) => entry(&mut cx.reply, command),
            None => cx.reply.null(),
        }
    }
    DONE
}

fn entry(reply: &mut Reply<'_>, command: &Registered) {
    let spec = command.spec;
    let movable = if is_movable(spec) { MOVABLEKEYS } else { Flags::empty() };
    let (first, last, step) = legacy_range(spec);

    reply.array(10);
    reply.bulk(&command.name);
    reply.integer(i64::from(spec.arity));
    words(reply, &lower(((spec.flags - HIDDEN) | movable).iter_names().map(|(name, _)| name)));
    reply.integer(i64::from(first));
    reply.integer(i64::from(last));
    reply.integer(i64::from(step));
    let categories: Vec<_> = command.categories.names().map(|name| format!("@{name}")).collect();
    words(reply, &categories);
    reply.set(spec.tips.len());
    for tip in spec.tips {
        reply.bulk(tip);
    }
    reply.set(spec.keys.len());
    for keys in spec.keys {
        key_spec(reply, keys);
    }
    // Redis 7.0 writes the empty list as a set.
    match command.subcommands.len() {
        0 => reply.set(0),
        n => reply.array(n),
    }
    for &sub in &command.subcommands {
        entry(reply, table().get(sub));
    }
}

fn key_spec(reply: &mut Reply<'_>, keys: &KeySpec) {
    reply.map(3 + usize::from(!keys.notes.is_empty()));
    if !keys.notes.is_empty() {
        reply.bulk("notes");
        reply.bulk(keys.notes);
    }
    reply.bulk("flags");
    words(reply, &key_flags(keys.flags));
    reply.bulk("begin_search");
    match keys.begin {
        BeginSearch::Index(index) => {
            search(reply, "index", 1);
            number(reply, "index", index);
        }
        BeginSearch::Keyword { word, start } => {
            search(reply, "keyword", 2);
            reply.bulk("keyword");
            reply.bulk(word);
            number(reply, "startfrom", start);
        }
        BeginSearch::Unknown => search(reply, "unknown", 0),
    }
    reply.bulk("find_keys");
    match keys.find {
        FindKeys::Range { last, step, limit } => {
            search(reply, "range", 3);
            number(reply, "lastkey", last);
            number(reply, "keystep", step);
            number(reply, "limit", limit);
        }
        FindKeys::KeyNum { at, first, step } => {
            search(reply, "keynum", 3);
            number(reply, "keynumidx", at);
            number(reply, "firstkey", first);
            number(reply, "keystep", step);
        }
        FindKeys::Unknown => search(reply, "unknown", 0),
    }
}

/// The head of one half of a key spec; `facts` pairs follow.
fn search(reply: &mut Reply<'_>, kind: &str, facts: usize) {
    reply.map(2);
    reply.bulk("type");
    reply.bulk(kind);
    reply.bulk("spec");
    reply.map(facts);
}

fn number(reply: &mut Reply<'_>, name: &str, n: i32) {
    reply.bulk(name);
    reply.integer(i64::from(n));
}

/// The words of what a command does to a key.
pub(super) fn key_flags(flags: KeyFlags) -> Vec<String> {
    let capitals = (flags & CAPITALS).iter_names().map(|(name, _)| name.to_owned());
    capitals.chain(lower((flags - CAPITALS).iter_names().map(|(name, _)| name))).collect()
}
