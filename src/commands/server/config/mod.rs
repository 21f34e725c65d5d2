//! CONFIG: reads and changes parameters, and puts changes into effect.

mod apply;

use super::super::help::help;
use super::super::prelude::*;
use crate::config::{Caller, Config, ParamId, RewriteError, SetError};
use crate::keyspace::ShardStats;
use crate::resp::Args as Argv;
use crate::state::Gate;

/// Rows of CONFIG.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "GET",
        arity: -3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(get),
        doc: Doc {
            since: "2.0.0",
            summary: "Reads the parameters whose names fit the patterns.",
            complexity: "O(N), N parameters",
            args: &[Arg::block("parameter", &[Arg::string("parameter")]).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "5.0.0", summary: "Lists the subcommands of CONFIG.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "RESETSTAT",
        arity: 2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(resetstat),
        doc: Doc {
            since: "2.0.0",
            summary: "Sets the counters of INFO back to zero.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "REWRITE",
        arity: 2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(rewrite),
        doc: Doc {
            since: "2.8.0",
            summary: "Writes the current parameters back into the configuration file.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SET",
        arity: -4,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE).or(SENSITIVE),
        run: Run::Plain(set),
        secret: Some(set_secret),
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        doc: Doc {
            since: "2.0.0",
            summary: "Changes parameters, all of them or none.",
            complexity: "O(N), N parameters",
            args: &[Arg::block("parameter_value", &[Arg::string("parameter"), Arg::string("value")]).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// CONFIG GET pattern [pattern ...]
fn get(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let patterns: Vec<&[u8]> = args.rest().collect();
    let found = cx.server.config.get(&patterns);

    cx.reply.map(found.len());
    for (name, text) in found {
        cx.reply.bulk(name);
        cx.reply.bulk(text);
    }
    DONE
}

/// CONFIG SET name value [name value ...]: all or none. May have to wait for a name server (`bind`) or for the disk
/// (a CONFIG REWRITE at the same time).
fn set(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;
    if args.remaining() % 2 == 1 {
        return Err(error::SYNTAX);
    }
    let mut pairs = Vec::with_capacity(args.remaining() / 2);
    while args.more() {
        pairs.push((args.take()?, args.take()?));
    }
    let server = cx.server;
    let caller =
        Caller { local: cx.session.client.endpoint.is_loopback(), loading: server.gate().intersects(Gate::LOADING) };

    let done = server.config.set(&pairs, caller, |changed| apply::apply(server, changed));
    done.map_err(|error| {
        let code = if error == SetError::Loading { "LOADING" } else { "ERR" };
        Error::text(format!("{code} {error}"))
    })?;

    cx.reply.ok();
    DONE
}

/// The values of parameters that hold secrets.
fn set_secret(argv: Argv<'_>, position: usize) -> bool {
    let is_value = position % 2 == 1;
    is_value && ParamId::find(argv.get(position - 1)).is_some_and(|id| id.param().sensitive)
}

/// CONFIG REWRITE, which waits for the disk.
fn rewrite(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    write_file(cx, Config::rewrite)
}

/// DEBUG CONFIG-REWRITE-FORCE-ALL: a rewrite that leaves no parameter out.
pub(super) fn rewrite_all(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    write_file(cx, Config::rewrite_all)
}

fn write_file(cx: &mut Cx<'_>, write: fn(&Config) -> Result<(), RewriteError>) -> Outcome {
    cx.cost(usize::MAX)?;

    write(&cx.server.config).map_err(|error| {
        tracing::warn!("CONFIG REWRITE failed: {error}");
        Error::text(format!("ERR {error}"))
    })?;
    tracing::info!("CONFIG REWRITE executed with success.");

    cx.reply.ok();
    DONE
}

/// CONFIG RESETSTAT
fn resetstat(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.each_shard(|shard| shard.stats = ShardStats::default())?;
    cx.server.stats.reset();
    cx.server.lazy_free.reset();

    cx.reply.ok();
    DONE
}
