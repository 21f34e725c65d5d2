//! DEBUG's switches and faults: what makes the server sleep, fail, or leave its work undone.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::super::super::prelude::*;
use super::flag;
use crate::keyspace::Locked;
use crate::util::crash;
use crate::util::number::{parse_f64, parse_memory_size};

const NOT_IN_TRANSACTION: Error = Error::new("ERR DEBUG LOADAOF is not allowed in a transaction");
const LOG_NOT_LOADED: Error = Error::new("ERR Error trying to load the AOF files, check server logs.");
const NOTHING_SAVED: Error = Error::new("ERR No snapshot and no rewrite of the append-only file is in progress");
const BAD_THRESHOLD: Error = Error::new("ERR argument must be a memory value bigger than 1 and smaller than 4gb");

pub(super) fn change_repl_id(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    tracing::warn!("Changing replication IDs after receiving change-repl-id");
    cx.server.change_replication_id();
    cx.reply.ok();
    DONE
}

pub(super) fn error(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.reply.error(args.take()?);
    DONE
}

pub(super) fn log(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let text = String::from_utf8_lossy(args.take()?).into_owned();
    tracing::warn!("DEBUG LOG: {text}");
    cx.reply.ok();
    DONE
}

pub(super) fn loadaof(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;
    let server = cx.server;
    // Inside of a transaction some shards are held already, and none more may be locked.
    if cx.db.guards_mut().next().is_some() {
        return Err(NOT_IN_TRANSACTION);
    }
    let (Some(reload), Some(server)) = (server.reload_log.get(), server.handle()) else { return Err(LOG_NOT_LOADED) };
    reload(&server).map_err(|text| {
        tracing::warn!("{text}");
        LOG_NOT_LOADED
    })?;
    tracing::warn!("Append Only File loaded by DEBUG LOADAOF");

    cx.reply.ok();
    DONE
}

/// DEBUG FAIL-SAVE: stands for the death of the child that saves in other servers.
pub(super) fn fail_save(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    if !cx.server.snapshots.fail() {
        return Err(NOTHING_SAVED);
    }
    cx.reply.ok();
    DONE
}

pub(super) fn set_active_expire(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.server.active_expire.store(flag(args)?, Relaxed);
    cx.reply.ok();
    DONE
}

pub(super) fn set_scripts_may_all(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.server.scripts_may_all.store(flag(args)?, Relaxed);
    cx.reply.ok();
    DONE
}

pub(super) fn set_skip_checksum(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.server.skip_payload_checksum.store(flag(args)?, Relaxed);
    cx.reply.ok();
    DONE
}

pub(super) fn pause_cron(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.server.cron_paused.store(flag(args)?, Relaxed);
    cx.reply.ok();
    DONE
}

/// Lists have no nodes of their own kind for large elements; the size is checked as by Redis.
pub(super) fn packed_threshold(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    match parse_memory_size(args.take()?) {
        Some(bytes) if bytes <= 4 << 30 => cx.reply.ok(),
        _ => return Err(BAD_THRESHOLD),
    }
    DONE
}

pub(super) fn replybuffer(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if !args.eat("PEAK-RESET-TIME") && !args.eat("RESIZING") {
        return Err(super::unknown(b"replybuffer"));
    }
    cx.reply.ok();
    DONE
}

/// DEBUG SLEEP seconds: every shard is held, so all commands on keys wait, as they do when Redis sleeps.
pub(super) fn sleep(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    const SLEEP_MAX_S: f64 = 86_400.0;
    cx.cost(usize::MAX)?;
    let seconds = parse_f64(args.take()?).unwrap_or(0.0).clamp(0.0, SLEEP_MAX_S);

    // Inside of a transaction some shards are held already, and none more may be locked.
    let holds_some = cx.db.guards_mut().next().is_some();
    let all = (!holds_some).then(|| Locked::all(&cx.server.keyspace, false, cx.session.db, cx.now_ms()));
    pause(Duration::from_secs_f64(seconds));
    drop(all);

    cx.reply.ok();
    DONE
}

#[allow(clippy::disallowed_methods, reason = "DEBUG SLEEP is to hold up the server; it runs on a blocking thread")]
fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// DEBUG SEGFAULT: does not come back.
pub(super) fn segfault(_: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    Err(Error::text(format!("ERR {}", crash::fault()).into_bytes()))
}

/// `DEBUG PANIC [key]`: with a key, its shard's lock is left poisoned.
pub(super) fn panic(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let shard = args.peek().map(|key| cx.server.keyspace.shard_of(cx.server.keyspace.hash(key)));
    let _guard = shard.map(|shard| cx.server.keyspace.lock(shard));
    panic!("DEBUG PANIC was asked for");
}
