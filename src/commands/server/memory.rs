//! MEMORY: how much, for what, and the allocator's own words.

mod doctor;

use std::borrow::Cow;

use super::super::help::help;
use super::super::prelude::*;
use super::info::{ClientSums, DbSums, KeyspaceSums, Memory, ratio};
use crate::keyspace::INDEX_BYTES_PER_KEY;
use crate::util::alloc;

/// Rows of MEMORY.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "DOCTOR",
        arity: 2,
        run: Run::Plain(doctor::doctor),
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        doc: Doc { since: "4.0.0", summary: "Explains the memory use in words.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "4.0.0", summary: "Lists the subcommands of MEMORY.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "MALLOC-STATS",
        arity: 2,
        run: Run::Plain(malloc_stats),
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        doc: Doc {
            since: "4.0.0",
            summary: "Shows the allocator's own report.",
            complexity: "Depends on the allocated memory",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PURGE",
        arity: 2,
        run: Run::Plain(purge),
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        doc: Doc {
            since: "4.0.0",
            summary: "Asks the allocator to give unused memory back.",
            complexity: "Depends on the allocated memory",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "STATS",
        arity: 2,
        run: Run::Plain(stats),
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        doc: Doc { since: "4.0.0", summary: "Tells figures of the memory use.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "USAGE",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO)],
        run: Run::Keys(usage),
        doc: Doc {
            since: "4.0.0",
            summary: "Estimates how many bytes a key takes.",
            complexity: "O(N), N sampled elements",
            args: &[Arg::key("key", 0), Arg::integer("count").token("SAMPLES").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// MEMORY USAGE key [SAMPLES count]: block, outside memory, and the place in the index. Sizes of collections are kept
/// up to date, so nothing is sampled.
fn usage(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    while args.more() {
        if !args.eat_with_value("SAMPLES") {
            return Err(error::SYNTAX);
        }
        if args.integer()? < 0 {
            return Err(error::SYNTAX);
        }
    }

    let bytes = cx.db.peek(key).map(|entry| entry.memory_bytes() + INDEX_BYTES_PER_KEY);

    match bytes {
        Some(bytes) => cx.reply.integer(bytes as i64),
        None => cx.reply.null(),
    }
    DONE
}

/// One figure of MEMORY STATS.
enum Figure {
    Bytes(i64),
    Ratio(f64),
    Db(DbSums),
}

/// MEMORY STATS
fn stats(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let keyspace = KeyspaceSums::gather(cx)?;
    let clients = ClientSums::gather(cx.server);
    let memory = Memory::now(cx.server, &keyspace, &clients);
    let figures = figures(&memory, &keyspace);

    cx.reply.map(figures.len());
    for (name, figure) in figures {
        cx.reply.bulk(name.as_bytes());
        match figure {
            Figure::Bytes(n) => cx.reply.integer(n),
            Figure::Ratio(x) => cx.reply.double(x),
            Figure::Db(db) => reply_db(cx, &db),
        }
    }
    DONE
}

/// Names and order are Redis's (7.0 and 8.0).
fn figures(memory: &Memory, keyspace: &KeyspaceSums) -> Vec<(Cow<'static, str>, Figure)> {
    let bytes = |n: u64| Figure::Bytes(n as i64);
    let none = || Figure::Bytes(0);
    let allocator = &memory.allocator;
    let mut figures: Vec<(Cow<'static, str>, Figure)> = vec![
        ("peak.allocated".into(), bytes(memory.peak)),
        ("total.allocated".into(), bytes(memory.used)),
        ("startup.allocated".into(), bytes(memory.startup)),
        ("replication.backlog".into(), none()),
        ("replica.fullsync.buffer".into(), none()),
        ("clients.slaves".into(), none()),
        ("clients.normal".into(), bytes(memory.clients)),
        ("cluster.links".into(), none()),
        ("aof.buffer".into(), none()),
        ("lua.caches".into(), none()),
        ("functions.caches".into(), none()),
        ("script.VMs".into(), none()),
    ];
    let filled = keyspace.dbs.iter().enumerate().filter(|(_, db)| db.keys > 0);
    figures.extend(filled.map(|(number, db)| (format!("db.{number}").into(), Figure::Db(*db))));
    let data = memory.used.saturating_sub(memory.startup);
    figures.extend([
        ("overhead.db.hashtable.lut".into(), bytes(keyspace.dbs.iter().map(|db| db.index_bytes).sum())),
        ("overhead.db.hashtable.rehashing".into(), none()),
        ("overhead.total".into(), bytes(memory.overhead)),
        ("db.dict.rehashing.count".into(), none()),
        ("keys.count".into(), bytes(keyspace.keys())),
        ("keys.bytes-per-key".into(), bytes(data.checked_div(keyspace.keys()).unwrap_or(0))),
        ("dataset.bytes".into(), bytes(memory.dataset())),
        ("dataset.percentage".into(), Figure::Ratio(memory.dataset_percent())),
        ("peak.percentage".into(), Figure::Ratio(memory.peak_percent())),
        ("allocator.allocated".into(), bytes(allocator.allocated as u64)),
        ("allocator.active".into(), bytes(allocator.active as u64)),
        ("allocator.resident".into(), bytes(allocator.resident as u64)),
        ("allocator.muzzy".into(), none()),
        ("allocator-fragmentation.ratio".into(), Figure::Ratio(memory.fragmentation())),
        ("allocator-fragmentation.bytes".into(), bytes(memory.fragmentation_bytes())),
        ("allocator-rss.ratio".into(), Figure::Ratio(memory.allocator_rss())),
        ("allocator-rss.bytes".into(), Figure::Bytes(memory.allocator_rss_bytes())),
        ("rss-overhead.ratio".into(), Figure::Ratio(memory.rss_overhead())),
        ("rss-overhead.bytes".into(), Figure::Bytes(memory.rss_overhead_bytes())),
        ("fragmentation".into(), Figure::Ratio(ratio(memory.rss, memory.used))),
        ("fragmentation.bytes".into(), Figure::Bytes(memory.rss as i64 - memory.used as i64)),
    ]);
    figures
}

fn reply_db(cx: &mut Cx<'_>, db: &DbSums) {
    cx.reply.map(3);
    for (name, bytes) in [
        ("overhead.hashtable.main", db.index_bytes),
        ("overhead.hashtable.expires", db.expires_bytes),
        ("overhead.hashtable.slot-to-keys", 0),
    ] {
        cx.reply.bulk(name);
        cx.reply.integer(bytes as i64);
    }
}

/// MEMORY PURGE
fn purge(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;

    if !alloc::purge() {
        return Err(Error::new("ERR Error purging dirty pages"));
    }

    cx.reply.ok();
    DONE
}

/// MEMORY MALLOC-STATS
fn malloc_stats(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;

    let report = alloc::report();

    cx.reply.verbatim(b"txt", report.as_bytes());
    DONE
}
