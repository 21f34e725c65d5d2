//! COMMAND: what the table of commands knows, told to clients.

mod docs;
mod getkeys;
mod info;
mod list;

use super::super::help::help;
use super::super::prelude::*;
use crate::resp::Reply;
use docs::command_docs;
use getkeys::{command_getkeys, command_getkeysandflags};
use info::command_info;
use list::{command_count, command_list};

/// Rows of COMMAND.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "COUNT",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(command_count),
        acl_extra: Categories::CONNECTION,
        doc: Doc { since: "2.8.13", summary: "Counts the commands of the server.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "DOCS",
        arity: -2,
        flags: LOADING.or(STALE),
        run: Run::Plain(command_docs),
        acl_extra: Categories::CONNECTION,
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "7.0.0",
            summary: "Tells summary, arguments and history of commands.",
            complexity: "O(N), N commands",
            args: &[Arg::string("command-name").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETKEYS",
        arity: -4,
        flags: LOADING.or(STALE),
        run: Run::Plain(command_getkeys),
        acl_extra: Categories::CONNECTION,
        doc: Doc {
            since: "2.8.13",
            summary: "Extracts the keys out of a full command.",
            complexity: "O(N), N arguments",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETKEYSANDFLAGS",
        arity: -4,
        flags: LOADING.or(STALE),
        run: Run::Plain(command_getkeysandflags),
        acl_extra: Categories::CONNECTION,
        doc: Doc {
            since: "7.0.0",
            summary: "Extracts the keys out of a full command and tells their use.",
            complexity: "O(N), N arguments",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        acl_extra: Categories::CONNECTION,
        doc: Doc { since: "5.0.0", summary: "Lists the subcommands of COMMAND.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "INFO",
        arity: -2,
        flags: LOADING.or(STALE),
        run: Run::Plain(command_info),
        acl_extra: Categories::CONNECTION,
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "2.8.13",
            summary: "Tells arity, flags and key positions of commands.",
            complexity: "O(N), N commands",
            args: &[Arg::string("command-name").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LIST",
        arity: -2,
        flags: LOADING.or(STALE),
        run: Run::Plain(command_list),
        acl_extra: Categories::CONNECTION,
        tips: &["nondeterministic_output_order"],
        doc: Doc {
            since: "7.0.0",
            summary: "Lists command names, all or filtered.",
            complexity: "O(N), N commands",
            args: &[Arg::one_of(
                "filterby",
                &[
                    Arg::string("module-name").token("MODULE"),
                    Arg::string("category").token("ACLCAT"),
                    Arg::pattern("pattern").token("PATTERN"),
                ],
            )
            .token("FILTERBY")
            .optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// COMMAND alone answers as COMMAND INFO does.
pub(super) fn command(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    command_info(cx, args)
}

/// The words of a set of flags that are shown to clients in lower case.
fn lower(words: impl Iterator<Item = &'static str>) -> Vec<String> {
    words.map(str::to_ascii_lowercase).collect()
}

/// Writes a set of simple strings.
fn words(reply: &mut Reply<'_>, words: &[String]) {
    reply.set(words.len());
    for word in words {
        reply.simple(word.as_bytes());
    }
}
