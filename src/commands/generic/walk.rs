//! Walks over the whole database: SCAN, KEYS, RANDOMKEY. They visit one shard after the other.

use super::super::prelude::*;
use super::super::scan::{self, ScanOptions};
use crate::commands::context::LONG_WORK;
use crate::keyspace::{EntryRef, ShardId};
use crate::util::glob;
use crate::util::rng::Rng;

/// Entries looked at under one hold of a shard's lock: some tens of microseconds.
const TURN_ENTRIES: usize = 512;

/// Where a walk goes on: a shard, and a position in it. The cursor 0 is the start, and at the end the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    shard: usize,
    position: u32,
}

impl Cursor {
    fn from_number(number: u64) -> Cursor {
        Cursor { shard: (number >> 32) as usize, position: number as u32 }
    }

    /// Below 2^44, since there are few shards: clients that read it as a signed number are safe.
    fn number(self, shards: usize) -> u64 {
        if self.shard < shards { (self.shard as u64) << 32 | u64::from(self.position) } else { 0 }
    }
}

/// SCAN. A key that is there throughout is shown exactly once, whatever else comes and goes.
pub(super) fn scan(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let start = Cursor::from_number(scan::cursor(args)?);
    let options = ScanOptions::read(args, true)?;
    if options.count > LONG_WORK && cx.on_worker {
        let keys = cx.db.db_len(cx.on_worker)?;
        cx.cost(keys.min(options.count))?;
    }

    let shards = cx.server.keyspace.shard_count();
    let list = cx.reply.defer();
    let (mut at, mut left, mut shown) = (start, options.count, 0);
    while at.shard < shards && left > 0 {
        let id = ShardId(at.shard as u16);
        let show = |entry: EntryRef<'_>| {
            if options.wants_type(entry.kind().type_name()) && options.wants(entry.key()) {
                cx.reply.bulk(entry.key());
                shown += 1;
            }
        };
        let turn = cx.db.visit(id, cx.on_worker, |db| db.scan(id, at.position, left.min(TURN_ENTRIES), show));
        let turn = match turn {
            Ok(turn) => turn,
            // What there is so far is an answer too.
            Err(_) if at != start => break,
            Err(busy) => return Err(busy.into()),
        };
        left = left.saturating_sub(turn.seen);
        at = match turn.next {
            Some(position) => Cursor { position, ..at },
            None => Cursor { shard: at.shard + 1, position: 0 },
        };
    }

    cx.reply.end_page(list, at.number(shards), shown);
    DONE
}

/// KEYS. Not atomic over the whole database: each key that is there throughout is listed once, others perhaps.
pub(super) fn keys(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let pattern = args.take()?;
    let all = pattern == b"*";
    if cx.on_worker {
        let keys = cx.db.db_len(cx.on_worker)?;
        cx.cost(keys)?;
    }

    let list = cx.reply.defer();
    let mut shown = 0;
    for id in cx.server.keyspace.shard_ids() {
        let mut next = Some(0);
        while let Some(position) = next {
            let show = |entry: EntryRef<'_>| {
                if all || glob::matches(pattern, entry.key(), false) {
                    cx.reply.bulk(entry.key());
                    shown += 1;
                }
            };
            next = cx.db.visit(id, cx.on_worker, |db| db.scan(id, position, TURN_ENTRIES, show))?.next;
        }
    }

    cx.reply.end_array(list, shown);
    DONE
}

/// RANDOMKEY. A shard is drawn by its number of keys, then one of its keys.
pub(super) fn randomkey(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let mut rng = Rng::from_entropy();
    loop {
        let keys = cx.db.db_len(cx.on_worker)?;
        if keys == 0 {
            cx.reply.null();
            return DONE;
        }
        let mut nth = rng.index(keys);
        for id in cx.server.keyspace.shard_ids() {
            let shown = cx.db.visit(id, cx.on_worker, |db| {
                let len = db.len_in(id);
                if nth >= len {
                    nth -= len;
                    return None;
                }
                Some(db.random(id, || rng.next_u64(), |entry| cx.reply.bulk(entry.key())))
            })?;
            match shown {
                Some(true) => return DONE,
                // All that this shard had was expired: it is gone now, and another shard is drawn.
                Some(false) => break,
                None => {}
            }
        }
    }
}
