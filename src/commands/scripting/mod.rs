//! Scripts and functions: EVAL, EVALSHA, FCALL and their read-only forms, SCRIPT, FUNCTION.
//!
//! [`mod@eval`] runs them under the shards of their declared keys, [`host`] does for a running script what it asks for;
//! [`scripts`] and [`functions`] hold the subcommands of SCRIPT and FUNCTION.

mod dump;
mod eval;
mod functions;
mod host;
mod scripts;

pub use eval::{effective_flags, may_reach_further, may_take_long};
pub use functions::restore_libraries;

use super::help::help;
use super::prelude::*;
use eval::{eval, eval_ro, evalsha, evalsha_ro, fcall, fcall_ro};
use functions::{
    function_delete, function_dump, function_flush, function_kill, function_list, function_load, function_restore,
    function_stats,
};
use scripts::{script_debug, script_exists, script_flush, script_kill, script_load, script_show};

/// Scripts and functions.
pub const GROUP: Group = Group { name: "scripting", category: Categories::SCRIPTING, commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "EVAL",
        arity: -3,
        flags: NOSCRIPT.or(STALE).or(SKIP_MONITOR).or(MAY_REPLICATE).or(NO_MANDATORY_KEYS),
        keys: &[KeySpec::numkeys(2, RW.or(ACCESS).or(UPDATE)).notes("What the script does is unknown")],
        run: Run::Keys(eval),
        doc: Doc {
            since: "2.6.0",
            summary: "Runs a Lua script.",
            complexity: "That of the script",
            args: &[
                Arg::string("script"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).optional().multiple(),
                Arg::string("arg").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EVALSHA",
        arity: -3,
        flags: NOSCRIPT.or(STALE).or(SKIP_MONITOR).or(MAY_REPLICATE).or(NO_MANDATORY_KEYS),
        keys: &[KeySpec::numkeys(2, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(evalsha),
        doc: Doc {
            since: "2.6.0",
            summary: "Runs a loaded Lua script, named by its SHA1 digest.",
            complexity: "That of the script",
            args: &[
                Arg::string("sha1"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).optional().multiple(),
                Arg::string("arg").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EVALSHA_RO",
        arity: -3,
        flags: READONLY.or(NOSCRIPT).or(STALE).or(SKIP_MONITOR).or(NO_MANDATORY_KEYS),
        keys: &[KeySpec::numkeys(2, RO.or(ACCESS))],
        run: Run::Keys(evalsha_ro),
        doc: Doc {
            since: "7.0.0",
            summary: "Runs a loaded Lua script that may only read.",
            complexity: "That of the script",
            args: &[
                Arg::string("sha1"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).optional().multiple(),
                Arg::string("arg").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EVAL_RO",
        arity: -3,
        flags: READONLY.or(NOSCRIPT).or(STALE).or(SKIP_MONITOR).or(NO_MANDATORY_KEYS),
        keys: &[KeySpec::numkeys(2, RO.or(ACCESS)).notes("What the script reads is unknown")],
        run: Run::Keys(eval_ro),
        doc: Doc {
            since: "7.0.0",
            summary: "Runs a Lua script that may only read.",
            complexity: "That of the script",
            args: &[
                Arg::string("script"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).optional().multiple(),
                Arg::string("arg").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "FCALL",
        arity: -3,
        flags: NOSCRIPT.or(STALE).or(SKIP_MONITOR).or(MAY_REPLICATE).or(NO_MANDATORY_KEYS),
        keys: &[KeySpec::numkeys(2, RW.or(ACCESS).or(UPDATE)).notes("What the function does is unknown")],
        run: Run::Keys(fcall),
        doc: Doc {
            since: "7.0.0",
            summary: "Calls a function of a library.",
            complexity: "That of the function",
            args: &[
                Arg::string("function"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).optional().multiple(),
                Arg::string("arg").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "FCALL_RO",
        arity: -3,
        flags: READONLY.or(NOSCRIPT).or(STALE).or(SKIP_MONITOR).or(NO_MANDATORY_KEYS),
        keys: &[KeySpec::numkeys(2, RO.or(ACCESS)).notes("What the function reads is unknown")],
        run: Run::Keys(fcall_ro),
        doc: Doc {
            since: "7.0.0",
            summary: "Calls a function of a library that may only read.",
            complexity: "That of the function",
            args: &[
                Arg::string("function"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).optional().multiple(),
                Arg::string("arg").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "FUNCTION",
        arity: -2,
        doc: Doc {
            since: "7.0.0",
            summary: "Manages function libraries.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: &[
            Command {
                name: "DELETE",
                arity: 3,
                flags: WRITE.or(NOSCRIPT),
                run: Run::Plain(function_delete),
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Removes a library, with all it defines.",
                    complexity: "O(1)",
                    args: &[Arg::string("library-name")],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "DUMP",
                arity: 2,
                flags: NOSCRIPT,
                run: Run::Plain(function_dump),
                doc: Doc {
                    since: "7.0.0",
                    summary: "Serializes all libraries for FUNCTION RESTORE.",
                    complexity: "O(N), N functions",
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "FLUSH",
                arity: -2,
                flags: WRITE.or(NOSCRIPT),
                run: Run::Plain(function_flush),
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Deletes all libraries.",
                    complexity: "O(N), N functions",
                    args: &[Arg::one_of("async", &[Arg::word("async", "ASYNC"), Arg::word("sync", "SYNC")]).optional()],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "HELP",
                arity: 2,
                flags: LOADING.or(STALE),
                run: Run::Plain(help),
                doc: Doc {
                    since: "7.0.0",
                    summary: "Lists the subcommands of FUNCTION.",
                    complexity: "O(1)",
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "KILL",
                arity: 2,
                flags: NOSCRIPT.or(ALLOW_BUSY),
                run: Run::Plain(function_kill),
                tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Stops the running function if it has not written yet.",
                    complexity: "O(1)",
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "LIST",
                arity: -2,
                flags: NOSCRIPT,
                run: Run::Plain(function_list),
                tips: &["nondeterministic_output_order"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Describes the libraries and their functions.",
                    complexity: "O(N), N functions",
                    args: &[
                        Arg::string("library-name-pattern").token("LIBRARYNAME").optional(),
                        Arg::word("withcode", "WITHCODE").optional(),
                    ],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "LOAD",
                arity: -3,
                flags: WRITE.or(DENYOOM).or(NOSCRIPT),
                run: Run::Plain(function_load),
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Creates a library from source code.",
                    complexity: "O(1)",
                    args: &[Arg::word("replace", "REPLACE").optional(), Arg::string("function-code")],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "RESTORE",
                arity: -3,
                flags: WRITE.or(DENYOOM).or(NOSCRIPT),
                run: Run::Plain(function_restore),
                tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Creates the libraries that FUNCTION DUMP made into a string.",
                    complexity: "O(N), N functions",
                    args: &[
                        Arg::string("serialized-value"),
                        Arg::one_of(
                            "policy",
                            &[
                                Arg::word("flush", "FLUSH"),
                                Arg::word("append", "APPEND"),
                                Arg::word("replace", "REPLACE"),
                            ],
                        )
                        .optional(),
                    ],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "STATS",
                arity: 2,
                flags: NOSCRIPT.or(ALLOW_BUSY),
                run: Run::Plain(function_stats),
                tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
                doc: Doc {
                    since: "7.0.0",
                    summary: "Tells which function is running, and counts functions.",
                    complexity: "O(1)",
                    ..Doc::BASE
                },
                ..Command::BASE
            },
        ],
        ..Command::BASE
    },
    Command {
        name: "SCRIPT",
        arity: -2,
        doc: Doc {
            since: "2.6.0",
            summary: "Manages Lua scripts.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: &[
            Command {
                name: "DEBUG",
                arity: -3,
                flags: NOSCRIPT,
                run: Run::Plain(script_debug),
                doc: Doc {
                    since: "3.2.0",
                    summary: "Sets the debugging mode of the scripts that follow.",
                    complexity: "O(1)",
                    args: &[
                        Arg::one_of(
                            "mode",
                            &[Arg::word("yes", "YES"), Arg::word("sync", "SYNC"), Arg::word("no", "NO")],
                        ),
                        Arg::string("engine").optional().since("9.1.0"),
                    ],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "EXISTS",
                arity: -3,
                flags: NOSCRIPT,
                run: Run::Plain(script_exists),
                tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
                doc: Doc {
                    since: "2.6.0",
                    summary: "Tells of several digests whether their scripts are loaded.",
                    complexity: "O(N), N digests",
                    args: &[Arg::string("sha1").multiple()],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "FLUSH",
                arity: -2,
                flags: NOSCRIPT,
                run: Run::Plain(script_flush),
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                doc: Doc {
                    since: "2.6.0",
                    summary: "Forgets all loaded scripts.",
                    complexity: "O(N), N scripts",
                    args: &[Arg::one_of("async", &[Arg::word("async", "ASYNC"), Arg::word("sync", "SYNC")])
                        .optional()
                        .since("6.2.0")],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "HELP",
                arity: 2,
                flags: LOADING.or(STALE),
                run: Run::Plain(help),
                doc: Doc {
                    since: "5.0.0",
                    summary: "Lists the subcommands of SCRIPT.",
                    complexity: "O(1)",
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "KILL",
                arity: 2,
                flags: NOSCRIPT.or(ALLOW_BUSY),
                run: Run::Plain(script_kill),
                tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
                doc: Doc {
                    since: "2.6.0",
                    summary: "Stops the running script if it has not written yet.",
                    complexity: "O(1)",
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "LOAD",
                arity: 3,
                flags: NOSCRIPT.or(STALE),
                run: Run::Plain(script_load),
                tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
                doc: Doc {
                    since: "2.6.0",
                    summary: "Loads a script without running it and tells its digest.",
                    complexity: "O(N), N bytes of the script",
                    args: &[Arg::string("script")],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
            Command {
                name: "SHOW",
                arity: 3,
                flags: NOSCRIPT.or(STALE),
                run: Run::Plain(script_show),
                doc: Doc {
                    since: "8.0.0",
                    summary: "Shows the source of a loaded script.",
                    complexity: "O(1)",
                    args: &[Arg::string("sha1")],
                    ..Doc::BASE
                },
                ..Command::BASE
            },
        ],
        ..Command::BASE
    },
];
