//! Server administration: one file per topic, all rows of the group here or in the file of their container.
//!
//! Nothing here is on a hot path; handlers may take the small locks of the rooms below and visit shards one by one.

mod command;
mod config;
mod debug;
mod info;
mod keyspace;
mod latency;
mod log;
mod logs;
mod lolwut;
mod memory;
mod module;
mod save;
mod shards;
mod shutdown;
mod status;

use super::prelude::*;

/// The group. It implies no ACL category.
pub const GROUP: Group = Group { name: "server", category: Categories::empty(), commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "BGREWRITEAOF",
        arity: 1,
        flags: ADMIN.or(NOSCRIPT).or(NO_ASYNC_LOADING),
        run: Run::Plain(log::bgrewriteaof),
        doc: Doc {
            since: "1.0.0",
            summary: "Starts to rewrite the append-only file in the background.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BGSAVE",
        arity: -1,
        flags: ADMIN.or(NOSCRIPT).or(NO_ASYNC_LOADING),
        run: Run::Global(save::bgsave),
        doc: Doc {
            since: "1.0.0",
            summary: "Starts to write a snapshot in the background, or cancels it.",
            complexity: "O(1)",
            args: &[Arg::one_of(
                "operation",
                &[Arg::word("schedule", "SCHEDULE").since("3.2.2"), Arg::word("cancel", "CANCEL").since("8.1.0")],
            )
            .optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
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
        name: "COMMANDLOG",
        arity: -2,
        doc: Doc {
            since: "8.1.0",
            summary: "Shows commands that were slow, or large to receive or to answer.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: logs::COMMANDLOG,
        ..Command::BASE
    },
    Command {
        name: "CONFIG",
        arity: -2,
        doc: Doc {
            since: "2.0.0",
            summary: "Reads and changes parameters at run time.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: config::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "DBSIZE",
        arity: 1,
        flags: READONLY.or(FAST),
        run: Run::Plain(keyspace::dbsize),
        acl_extra: Categories::KEYSPACE,
        tips: &["request_policy:all_shards", "response_policy:agg_sum"],
        doc: Doc { since: "1.0.0", summary: "Counts the keys of the database.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "DEBUG",
        arity: -2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE).or(PROTECTED),
        run: Run::Plain(debug::debug),
        doc: Doc {
            since: "1.0.0",
            summary: "Offers tools for testing the server.",
            complexity: "Depends on the subcommand",
            syscmd: true,
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "FLUSHALL",
        arity: -1,
        flags: WRITE,
        run: Run::Global(keyspace::flushall),
        acl_extra: Categories::KEYSPACE.union(Categories::DANGEROUS),
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        doc: Doc {
            since: "1.0.0",
            summary: "Deletes every key of every database.",
            complexity: "O(N), N keys",
            args: &[FLUSH_MODE],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "FLUSHDB",
        arity: -1,
        flags: WRITE,
        run: Run::Global(keyspace::flushdb),
        acl_extra: Categories::KEYSPACE.union(Categories::DANGEROUS),
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        doc: Doc {
            since: "1.0.0",
            summary: "Deletes every key of the database.",
            complexity: "O(N), N keys",
            args: &[FLUSH_MODE],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "INFO",
        arity: -1,
        flags: LOADING.or(STALE),
        run: Run::Plain(info::info),
        acl_extra: Categories::DANGEROUS,
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        doc: Doc {
            since: "1.0.0",
            summary: "Tells facts and counters of the server, by section.",
            complexity: "O(1)",
            args: &[Arg::string("section").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LASTSAVE",
        arity: 1,
        flags: LOADING.or(STALE).or(FAST),
        run: Run::Plain(status::lastsave),
        acl_extra: Categories::ADMIN.union(Categories::DANGEROUS),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "1.0.0",
            summary: "Tells the Unix time of the last good snapshot.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LATENCY",
        arity: -2,
        doc: Doc {
            since: "2.8.13",
            summary: "Shows where and when the server was slow.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: latency::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "LOLWUT",
        arity: -1,
        flags: READONLY.or(FAST),
        run: Run::Plain(lolwut::lolwut),
        doc: Doc {
            since: "5.0.0",
            summary: "Shows a drawing and the version of the server.",
            args: &[Arg::integer("version").token("VERSION").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MEMORY",
        arity: -2,
        doc: Doc {
            since: "4.0.0",
            summary: "Tells how memory is used.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: memory::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "MODULE",
        arity: -2,
        doc: Doc { since: "4.0.0", summary: "Manages modules.", complexity: "Depends on the subcommand", ..Doc::BASE },
        subcommands: module::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "MONITOR",
        arity: 1,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(logs::monitor),
        doc: Doc { since: "1.0.0", summary: "Shows every command that the server runs, as it runs.", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "RESTORE-ASKING",
        arity: -4,
        flags: WRITE.or(DENYOOM).or(ASKING),
        keys: &[KeySpec::at(1, OW.or(UPDATE))],
        run: Run::Keys(super::generic::restore),
        acl_extra: Categories::KEYSPACE.union(Categories::DANGEROUS),
        doc: Doc {
            since: "3.0.0",
            summary: "Creates a key from a dump while its slot is being imported.",
            complexity: "O(N), N bytes of the value",
            syscmd: true,
            args: &[
                Arg::key("key", 0),
                Arg::integer("ttl"),
                Arg::string("serialized-value"),
                Arg::word("replace", "REPLACE").optional().since("3.0.0"),
                Arg::word("absttl", "ABSTTL").optional().since("5.0.0"),
                Arg::integer("seconds").token("IDLETIME").optional().since("5.0.0"),
                Arg::integer("frequency").token("FREQ").optional().since("5.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ROLE",
        arity: 1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST),
        run: Run::Plain(status::role),
        acl_extra: Categories::ADMIN.union(Categories::DANGEROUS),
        doc: Doc {
            since: "2.8.12",
            summary: "Tells the replication role and its state.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SAVE",
        arity: 1,
        flags: ADMIN.or(NOSCRIPT).or(NO_MULTI).or(NO_ASYNC_LOADING),
        run: Run::Plain(save::save),
        doc: Doc {
            since: "1.0.0",
            summary: "Writes a snapshot and waits for it.",
            complexity: "O(N), N keys",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SHARDS",
        arity: 1,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(shards::shards),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "0.1.0",
            summary: "Shows keys, memory, load and lock waits of every shard.",
            complexity: "O(N), N shards",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SHUTDOWN",
        arity: -1,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE).or(NO_MULTI).or(ALLOW_BUSY),
        run: Run::Plain(shutdown::shutdown),
        doc: Doc {
            since: "1.0.0",
            summary: "Saves if wanted and stops the server.",
            complexity: "O(N) when saving N keys, otherwise O(1)",
            args: &[
                Arg::one_of("nosave_save", &[Arg::word("nosave", "NOSAVE"), Arg::word("save", "SAVE")]).optional(),
                Arg::word("now", "NOW").optional().since("7.0.0"),
                Arg::word("force", "FORCE").optional().since("7.0.0"),
                Arg::word("abort", "ABORT").optional().since("7.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SLOWLOG",
        arity: -2,
        doc: Doc {
            since: "2.2.12",
            summary: "Shows the commands that took longest.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: logs::SLOWLOG,
        ..Command::BASE
    },
    Command {
        name: "SWAPDB",
        arity: 3,
        flags: WRITE.or(FAST),
        run: Run::Global(keyspace::swapdb),
        acl_extra: Categories::KEYSPACE.union(Categories::DANGEROUS),
        doc: Doc {
            since: "4.0.0",
            summary: "Exchanges the contents of two databases.",
            complexity: "O(N), N clients watching or blocked on their keys",
            args: &[Arg::integer("index1"), Arg::integer("index2")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "TIME",
        arity: 1,
        flags: LOADING.or(STALE).or(FAST),
        run: Run::Plain(status::time),
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

const FLUSH_MODE: Arg =
    Arg::one_of("async", &[Arg::word("async", "ASYNC").since("4.0.0"), Arg::word("sync", "SYNC").since("6.2.0")])
        .optional();
