//! COMMAND DOCS: what a command is for, its history and its arguments.

use super::super::super::prelude::*;
use super::super::super::spec::ArgKind;
use super::super::super::{Registered, table};
use super::words;
use crate::resp::Reply;

pub(super) fn command_docs(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if !args.more() {
        let all = table().top_level();
        cx.reply.map(all.clone().count());
        for command in all {
            entry(&mut cx.reply, command);
        }
        return DONE;
    }

    let map = cx.reply.defer();
    let mut found = 0;
    while args.more() {
        if let Some(command) = table().find_full(args.take()?) {
            entry(&mut cx.reply, command);
            found += 1;
        }
    }
    cx.reply.end_map(map, found);
    DONE
}

/// A map that is written pair by pair; empty values are left out.
struct Pairs<'r, 'o> {
    reply: &'r mut Reply<'o>,
    count: usize,
}

impl<'o> Pairs<'_, 'o> {
    fn write(reply: &mut Reply<'o>, pairs: impl FnOnce(&mut Pairs<'_, 'o>)) {
        let map = reply.defer();
        let mut all = Pairs { reply, count: 0 };
        pairs(&mut all);
        let count = all.count;
        reply.end_map(map, count);
    }

    fn key(&mut self, key: &str) -> &mut Reply<'o> {
        self.count += 1;
        self.reply.bulk(key);
        self.reply
    }

    fn text(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.key(key).bulk(value);
        }
    }

    fn words(&mut self, key: &str, value: &[(bool, &str)]) {
        let value: Vec<_> = value.iter().filter(|(shown, _)| *shown).map(|(_, word)| (*word).to_owned()).collect();
        if !value.is_empty() {
            words(self.key(key), &value);
        }
    }
}

/// A pair: the command's name, and the map of what is known of it.
fn entry(reply: &mut Reply<'_>, command: &Registered) {
    let doc = &command.spec.doc;
    reply.bulk(&command.name);
    Pairs::write(reply, |pairs| {
        pairs.text("summary", doc.summary);
        pairs.text("since", doc.since);
        pairs.text("group", command.group.name);
        pairs.text("complexity", doc.complexity);
        pairs.words("doc_flags", &[(!doc.deprecated_since.is_empty(), "deprecated"), (doc.syscmd, "syscmd")]);
        pairs.text("deprecated_since", doc.deprecated_since);
        pairs.text("replaced_by", doc.replaced_by);
        if !doc.history.is_empty() {
            let reply = pairs.key("history");
            reply.set(doc.history.len());
            for (version, change) in doc.history {
                reply.array(2);
                reply.bulk(version);
                reply.bulk(change);
            }
        }
        if !doc.args.is_empty() {
            arguments(pairs.key("arguments"), doc.args);
        }
        if !command.subcommands.is_empty() {
            let reply = pairs.key("subcommands");
            reply.map(command.subcommands.len());
            for &sub in &command.subcommands {
                entry(reply, table().get(sub));
            }
        }
    });
}

fn arguments(reply: &mut Reply<'_>, args: &[Arg]) {
    reply.array(args.len());
    for arg in args {
        Pairs::write(reply, |pairs| argument(pairs, arg));
    }
}

/// Redis 7.0 knows no `display_text`; the clients of 7.2 and later show it in their hints.
fn argument(pairs: &mut Pairs<'_, '_>, arg: &Arg) {
    pairs.text("name", arg.name);
    pairs.text("type", kind(arg.kind));
    if arg.args.is_empty() {
        pairs.text("display_text", arg.name);
    }
    if arg.key_spec >= 0 {
        pairs.key("key_spec_index").integer(i64::from(arg.key_spec));
    }
    // MIGRATE has an empty one.
    if !arg.token.is_empty() || arg.kind == ArgKind::PureToken {
        pairs.key("token").bulk(arg.token);
    }
    pairs.text("since", arg.since);
    pairs.text("deprecated_since", arg.deprecated_since);
    let flags = [(arg.optional, "optional"), (arg.multiple, "multiple"), (arg.multiple_token, "multiple_token")];
    pairs.words("flags", &flags);
    if !arg.args.is_empty() {
        arguments(pairs.key("arguments"), arg.args);
    }
}

fn kind(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::String => "string",
        ArgKind::Integer => "integer",
        ArgKind::Double => "double",
        ArgKind::Key => "key",
        ArgKind::Pattern => "pattern",
        ArgKind::UnixTime => "unix-time",
        ArgKind::PureToken => "pure-token",
        ArgKind::OneOf => "oneof",
        ArgKind::Block => "block",
    }
}
