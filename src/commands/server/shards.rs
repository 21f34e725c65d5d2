//! SHARDS: what every shard holds, how busy it is, and how long commands wait for it and hold it. Described in
//! `docs/shards.md`.

use super::super::prelude::*;
use crate::keyspace::{ShardData, ShardStats};

/// One shard, or the sum of all.
#[derive(Default)]
struct Row {
    keys: u64,
    expires: u64,
    bytes: u64,
    stats: ShardStats,
}

impl Row {
    fn of(shard: &ShardData) -> Row {
        let mut row = Row { stats: shard.stats.clone(), ..Row::default() };
        for (_, db) in shard.dbs() {
            row.keys += db.len() as u64;
            row.expires += db.expires_len() as u64;
            row.bytes += (db.bytes() + db.index_bytes() + db.expires_bytes()) as u64;
        }
        row
    }

    fn add(&mut self, other: &Row) {
        self.keys += other.keys;
        self.expires += other.expires;
        self.bytes += other.bytes;
        self.stats.add(&other.stats);
    }
}

/// SHARDS: one row a shard, and a last one for all.
pub(super) fn shards(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let mut rows = Vec::with_capacity(cx.server.keyspace.shard_count());
    cx.each_shard(|shard| rows.push(Row::of(shard)))?;
    let mut total = Row::default();
    rows.iter().for_each(|row| total.add(row));

    cx.reply.array(rows.len() + 1);
    for (number, row) in rows.iter().enumerate() {
        reply_row(cx, |cx| cx.reply.integer(number as i64), row);
    }
    reply_row(cx, |cx| cx.reply.bulk(b"total"), &total);
    DONE
}

type Figure<T> = (&'static str, fn(&T) -> u64);

const COUNTS: &[Figure<Row>] = &[
    ("keys", |row| row.keys),
    ("expires", |row| row.expires),
    ("bytes", |row| row.bytes),
    ("commands", |row| row.stats.commands),
    ("contended", |row| row.stats.contended),
    ("poisoned", |row| row.stats.poisoned.into()),
];

const SPANS_NS: &[Figure<ShardStats>] = &[
    ("wait-p50-us", |stats| stats.wait_percentile_ns(50.0)),
    ("wait-p99-us", |stats| stats.wait_percentile_ns(99.0)),
    ("wait-max-us", |stats| stats.wait_percentile_ns(100.0)),
    ("hold-p50-us", |stats| stats.hold.percentile_ns(50.0)),
    ("hold-p99-us", |stats| stats.hold.percentile_ns(99.0)),
    ("hold-p999-us", |stats| stats.hold.percentile_ns(99.9)),
];

fn reply_row(cx: &mut Cx<'_>, name: impl FnOnce(&mut Cx<'_>), row: &Row) {
    cx.reply.map(1 + COUNTS.len() + SPANS_NS.len());
    cx.reply.bulk(b"shard");
    name(cx);
    for (name, read) in COUNTS {
        cx.reply.bulk(name);
        cx.reply.integer(read(row) as i64);
    }
    for (name, read) in SPANS_NS {
        cx.reply.bulk(name);
        cx.reply.double(read(&row.stats) as f64 / 1000.0);
    }
}
