//! Whole databases: their size, emptying and exchanging them.

use super::super::prelude::*;

/// DBSIZE. Keys whose time has come count until they are removed, which takes milliseconds.
pub(super) fn dbsize(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let keys = cx.db.db_len(cx.on_worker)?;
    cx.reply.integer(keys as i64);
    DONE
}

pub(super) fn flushall(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let flow = flush(cx, args, None)?;
    cx.server.save_after_flush(cx.db.effects.dirty);
    Ok(flow)
}

pub(super) fn flushdb(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    flush(cx, args, Some(cx.db.db))
}

/// The databases are taken out under the locks, which is quick, and dropped without them: in the background, or with
/// SYNC before the reply.
fn flush(cx: &mut Cx<'_>, args: &mut Args<'_>, only: Option<usize>) -> Outcome {
    let sync = match args.remaining() {
        0 => !cx.server.config.lazyfree_lazy_user_flush(),
        _ if args.eat("SYNC") => true,
        _ if args.eat("ASYNC") => false,
        _ => return Err(error::SYNTAX),
    };
    args.end()?;
    if sync && cx.on_worker {
        let keys: usize =
            cx.db.guards_mut().map(|shard| only.map_or(shard.len(), |db| shard.db(db).map_or(0, |db| db.len()))).sum();
        cx.cost(keys)?;
    }

    cx.db.empty_dbs(only);
    cx.db.invalidate_all();
    cx.db.effects.drop_before_reply = sync;
    // Recorded even where nothing was to be removed: a replica or a log may hold more.
    let name = cx.command.spec.name;
    cx.db.journal_as(|effect| effect.push(name.as_bytes()));

    cx.reply.ok();
    DONE
}

pub(super) fn swapdb(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let one = index(args, error::INVALID_FIRST_DB)?;
    let other = index(args, error::INVALID_SECOND_DB)?;
    let databases = cx.server.config.databases();
    let database = |index| usize::try_from(index).ok().filter(|&db| db < databases).ok_or(error::DB_OUT_OF_RANGE);
    let (one, other) = (database(one)?, database(other)?);

    cx.db.swap_dbs(one, other);

    cx.reply.ok();
    DONE
}

/// The next argument as a number of 32 bits.
fn index(args: &mut Args<'_>, error: Error) -> Result<i32, Error> {
    i32::try_from(args.integer().map_err(|_| error.clone())?).map_err(|_| error)
}
