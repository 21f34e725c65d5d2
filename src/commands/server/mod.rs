//! Server administration: one file per topic, all rows of the group here or in the file of their container.
//!
//! Nothing here is on a hot path; handlers may take the small locks of the rooms below and visit shards one by one.

mod clock;
mod command;

use super::prelude::*;
use clock::time;

/// The group. It implies no ACL category.
pub const GROUP: Group = Group { name: "server", category: Categories::empty(), commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "COMMAND",
        arity: -1,
        flags: LOADING.or(STALE),
        run: Run::Plain(command::command),
        acl_extra: Categories::CONNECTION,
        tips: &["nondeterministic_output_order"],
        doc: Doc { since: "2.8.13", summary: "Describes all commands.", complexity: "O(N), N commands", ..Doc::BASE },
        subcommands: command::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "TIME",
        arity: 1,
        flags: LOADING.or(STALE).or(FAST),
        run: Run::Plain(time),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.6.0",
            summary: "Tells the server's Unix time in seconds and microseconds.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
];
