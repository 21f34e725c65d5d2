//! MODULE: there are none, and none can be loaded.

use super::super::help::help;
use super::super::prelude::*;

/// Rows of MODULE.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "5.0.0", summary: "Lists the subcommands of MODULE.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "LIST",
        arity: 2,
        flags: ADMIN.or(NOSCRIPT),
        run: Run::Plain(list),
        tips: &["nondeterministic_output_order"],
        doc: Doc { since: "4.0.0", summary: "Lists the loaded modules.", complexity: "O(N), N modules", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "LOAD",
        arity: -3,
        flags: ADMIN.or(NOSCRIPT).or(NO_ASYNC_LOADING).or(PROTECTED),
        run: Run::Plain(load),
        doc: Doc {
            since: "4.0.0",
            summary: "Adds a module from a shared library file.",
            complexity: "O(1)",
            args: &[Arg::string("path"), Arg::string("arg").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LOADEX",
        arity: -3,
        flags: ADMIN.or(NOSCRIPT).or(NO_ASYNC_LOADING).or(PROTECTED),
        run: Run::Plain(loadex),
        doc: Doc {
            since: "7.0.0",
            summary: "Adds a module from a file, with parameters of its own.",
            complexity: "O(1)",
            args: &[
                Arg::string("path"),
                Arg::block("configs", &[Arg::string("name"), Arg::string("value")])
                    .token("CONFIG")
                    .optional()
                    .multiple_token(),
                Arg::block("args", &[Arg::string("arg")]).token("ARGS").optional().multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "UNLOAD",
        arity: 3,
        flags: ADMIN.or(NOSCRIPT).or(NO_ASYNC_LOADING).or(PROTECTED),
        run: Run::Plain(unload),
        doc: Doc {
            since: "4.0.0",
            summary: "Takes a loaded module out of the server.",
            complexity: "O(1)",
            args: &[Arg::string("name")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const LOAD_FAILED: Error = Error::new("ERR Error loading the extension. Please check the server logs.");
const NOT_LOADED: Error = Error::new("ERR Error unloading module: no such module with that name");

fn list(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.array(0);
    DONE
}

fn load(_: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let path = String::from_utf8_lossy(args.take()?).into_owned();
    tracing::warn!("Module {path} failed to load: this server takes no modules");
    Err(LOAD_FAILED)
}

fn loadex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    load(cx, args)
}

fn unload(_: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    Err(NOT_LOADED)
}
