//! Keys under other names and in other databases.

use super::super::prelude::*;
use crate::keyspace::Value;

pub(super) fn rename(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    rename_key(cx, args, true)?;
    cx.reply.ok();
    DONE
}

pub(super) fn renamenx(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let renamed = rename_key(cx, args, false)?;
    cx.reply.integer(i64::from(renamed));
    DONE
}

/// Answers whether the key has the new name now and had another one before.
fn rename_key(cx: &mut Cx<'_>, args: &mut Args<'_>, replace: bool) -> Result<bool, Error> {
    let from = args.key()?;
    let to = args.key()?;

    if !cx.db.exists(from) {
        return Err(error::NO_SUCH_KEY);
    }
    if from.name == to.name || cx.db.exists(to) && !replace {
        return Ok(false);
    }
    let kind = cx.db.kind_of(from).flatten();
    let overwritten = cx.db.overwriting(to, kind);
    cx.db.remove(to);
    if let Some(entry) = cx.db.take(from) {
        cx.db.insert_in(cx.db.db, to, entry.with_key(to.name));
    }
    cx.db.changed(from, events::RENAME_FROM);
    cx.db.changed_too(to, events::RENAME_TO);
    cx.db.tell_overwritten(to, overwritten);
    Ok(true)
}

/// MOVE. Both databases hold the key in the same shard.
pub(super) fn move_(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let target = database(cx, args)?;
    if target == cx.db.db {
        return Err(error::SAME_OBJECT);
    }

    let may_move = cx.db.exists(key) && !cx.db.in_db(target, |db| db.exists(key));
    if may_move && let Some(entry) = cx.db.take(key) {
        cx.db.in_db(target, |db| db.insert_in(target, key, entry));
        cx.db.changed(key, events::MOVE_FROM);
        cx.db.in_db(target, |db| db.changed_too(key, events::MOVE_TO));
    }

    cx.reply.integer(i64::from(may_move));
    DONE
}

pub(super) fn copy(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let from = args.key()?;
    let to = args.key()?;
    let mut target = cx.db.db;
    let mut replace = false;
    while args.more() {
        if args.eat("REPLACE") {
            replace = true;
        } else if args.eat_with_value("DB") {
            target = database(cx, args)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    if target == cx.db.db && from.name == to.name {
        return Err(error::SAME_OBJECT);
    }

    let elements = cx.db.lookup_read(from).map(|entry| match entry.value() {
        Value::Object(object) => object.len(),
        _ => 1,
    });
    let Some(elements) = elements else {
        cx.reply.integer(0);
        return DONE;
    };
    cx.cost(elements)?;
    let may_copy = replace || !cx.db.in_db(target, |db| db.exists(to));
    let fresh = cx.db.access.fresh();
    if may_copy && let Some(copy) = cx.db.peek(from).map(|entry| entry.to_owned_as(to.name, fresh)) {
        let kind = cx.db.kind_of(from).flatten();
        cx.db.in_db(target, |db| {
            let overwritten = db.overwriting(to, kind);
            db.remove(to);
            db.insert_in(target, to, copy);
            db.changed(to, events::COPY_TO);
            db.tell_overwritten(to, overwritten);
        });
    }

    cx.reply.integer(i64::from(may_copy));
    DONE
}

/// The next argument as the number of a database.
fn database(cx: &Cx<'_>, args: &mut Args<'_>) -> Result<usize, Error> {
    let number = args.integer_in(i64::from(i32::MIN)..=i64::from(i32::MAX), error::OUT_OF_INT)?;
    usize::try_from(number).ok().filter(|&db| db < cx.server.config.databases()).ok_or(error::DB_OUT_OF_RANGE)
}
