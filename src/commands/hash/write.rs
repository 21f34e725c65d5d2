//! Writing fields: HSET, HMSET, HSETNX.

use super::{fields, limits};
use crate::commands::prelude::*;
use crate::types::hash::{FieldTtl, Hash, Written};

pub(super) fn hset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let added = write(cx, args)?;

    cx.reply.integer(added as i64);
    DONE
}

pub(super) fn hmset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    write(cx, args)?;

    cx.reply.ok();
    DONE
}

/// Writes every pair of the arguments; answers how many fields are new. Fields lose their expiry.
fn write(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Result<usize, Error> {
    let key = args.key()?;
    let pairs = args.remaining() / 2;
    if !args.remaining().is_multiple_of(2) {
        return Err(Error::arity(&cx.command.name));
    }
    cx.cost(pairs)?;

    let (limits, now_ms) = (limits(cx), cx.now_ms());
    let mut words = args.rest();
    let added = cx.db.edit_or_insert(key, Hash::new, |hash| {
        let mut added = 0;
        while let (Some(field), Some(value)) = (words.next(), words.next()) {
            added += usize::from(hash.set(field, value, FieldTtl::Clear, now_ms, limits) == Written::Added);
        }
        added
    })?;
    cx.db.changed(key, events::HSET);
    cx.db.effects.dirty += pairs as u64 - 1;
    Ok(added)
}

pub(super) fn hsetnx(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (field, value) = (args.take()?, args.take()?);

    let (limits, now_ms) = (limits(cx), cx.now_ms());
    let mut had_expired = false;
    let is_new = cx.db.edit_or_insert(key, Hash::new, |hash| {
        let is_new = !hash.contains(field, now_ms);
        if is_new {
            had_expired = hash.remove_if_due(field, now_ms);
            hash.set(field, value, FieldTtl::Clear, now_ms, limits);
        }
        is_new
    })?;
    if is_new {
        cx.db.changed(key, events::HSET);
    }
    if had_expired {
        cx.db.expired_fields(key, std::iter::once(field));
        fields::journal_write(cx, key, field, value);
    }

    cx.reply.integer(i64::from(is_new));
    DONE
}
