//! The logs of notable commands: SLOWLOG and COMMANDLOG; and MONITOR, which shows all of them as they run.

use super::super::help::help;
use super::super::prelude::*;
use crate::client::SessionFlags;
use crate::stats::slowlog::{CommandLog, Entry};

/// Rows of SLOWLOG.
pub(super) const SLOWLOG: &[Command] = &[
    Command {
        name: "GET",
        arity: -2,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(slowlog_get),
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        doc: Doc {
            since: "2.2.12",
            summary: "Shows the latest entries of the slow log.",
            complexity: "O(N), N entries",
            args: &[Arg::integer("count").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "6.2.0", summary: "Lists the subcommands of SLOWLOG.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "LEN",
        arity: 2,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(slowlog_len),
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        doc: Doc { since: "2.2.12", summary: "Counts the entries of the slow log.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "RESET",
        arity: 2,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(slowlog_reset),
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        doc: Doc { since: "2.2.12", summary: "Empties the slow log.", complexity: "O(N), N entries", ..Doc::BASE },
        ..Command::BASE
    },
];

/// Rows of COMMANDLOG.
pub(super) const COMMANDLOG: &[Command] = &[
    Command {
        name: "GET",
        arity: 4,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(commandlog_get),
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        doc: Doc {
            since: "8.1.0",
            summary: "Shows the latest entries of one of the command logs.",
            complexity: "O(N), N entries",
            args: &[Arg::integer("count"), KIND],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "8.1.0", summary: "Lists the subcommands of COMMANDLOG.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "LEN",
        arity: 3,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(commandlog_len),
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        doc: Doc {
            since: "8.1.0",
            summary: "Counts the entries of one of the command logs.",
            complexity: "O(1)",
            args: &[KIND],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RESET",
        arity: 3,
        flags: ADMIN.or(LOADING).or(STALE),
        run: Run::Plain(commandlog_reset),
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        doc: Doc {
            since: "8.1.0",
            summary: "Empties one of the command logs.",
            complexity: "O(N), N entries",
            args: &[KIND],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const KIND: Arg = Arg::one_of(
    "type",
    &[Arg::word("slow", "SLOW"), Arg::word("large-request", "LARGE-REQUEST"), Arg::word("large-reply", "LARGE-REPLY")],
);

/// Entries that SLOWLOG GET shows unless told.
const DEFAULT_COUNT: usize = 10;

fn slowlog_get(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() > 3 {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    let count = if args.more() { count(args)? } else { DEFAULT_COUNT };
    let entries = cx.server.stats.logs.slow.latest(count);
    reply_entries(cx, &entries);
    DONE
}

fn slowlog_len(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.integer(cx.server.stats.logs.slow.len() as i64);
    DONE
}

fn slowlog_reset(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.server.stats.logs.slow.clear();
    cx.reply.ok();
    DONE
}

fn commandlog_get(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let count = count(args)?;
    let entries = log(cx, args)?.latest(count);
    reply_entries(cx, &entries);
    DONE
}

fn commandlog_len(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let len = log(cx, args)?.len();
    cx.reply.integer(len as i64);
    DONE
}

fn commandlog_reset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    log(cx, args)?.clear();
    cx.reply.ok();
    DONE
}

/// MONITOR. A second one does not even answer, as in Redis.
pub(super) fn monitor(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    if cx.session.is(SessionFlags::MONITOR) {
        return DONE;
    }
    cx.session.set(SessionFlags::MONITOR, true);
    cx.server.add_monitor(cx.session.client.clone());
    cx.reply.ok();
    DONE
}

/// How many entries are wanted; -1: all.
fn count(args: &mut Args<'_>) -> Result<usize, Error> {
    match args.integer() {
        Ok(-1) => Ok(usize::MAX),
        Ok(count @ 0..) => Ok(count as usize),
        _ => Err(error::LOG_COUNT),
    }
}

/// The log that the next argument names.
fn log<'a>(cx: &Cx<'a>, args: &mut Args<'_>) -> Result<&'a CommandLog, Error> {
    let logs = &cx.server.stats.logs;
    if args.eat("SLOW") {
        Ok(&logs.slow)
    } else if args.eat("LARGE-REQUEST") {
        Ok(&logs.large_request)
    } else if args.eat("LARGE-REPLY") {
        Ok(&logs.large_reply)
    } else {
        Err(error::LOG_KIND)
    }
}

fn reply_entries(cx: &mut Cx<'_>, entries: &[Entry]) {
    let reply = &mut cx.reply;
    reply.array(entries.len());
    for entry in entries {
        reply.array(6);
        for number in [entry.id, entry.at_s, entry.value] {
            reply.integer(number as i64);
        }
        reply.array(entry.args.len());
        for arg in &entry.args {
            reply.bulk(arg);
        }
        reply.bulk(&entry.peer);
        reply.bulk(&entry.name);
    }
}
