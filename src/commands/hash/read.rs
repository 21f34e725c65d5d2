//! Reading single fields: HGET, HMGET, HEXISTS, HSTRLEN, HLEN.

use super::reply_value;
use crate::commands::prelude::*;
use crate::resp::Reply;
use crate::types::hash::Hash;
use crate::types::packed::Element;

pub(super) fn hget(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    look(cx, args, reply_value)
}

/// Looks up the field that the arguments name and lets `show` answer. A field whose time has come is taken out.
#[inline]
fn look(cx: &mut Cx<'_>, args: &mut Args<'_>, show: impl FnOnce(&mut Reply<'_>, Option<Element<'_>>)) -> Outcome {
    let key = args.key()?;
    let field = args.take()?;

    let now_ms = cx.now_ms();
    let hash = cx.db.read::<Hash>(key)?;
    let value = hash.and_then(|hash| hash.get(field, now_ms));
    let may_be_due = value.is_none() && hash.is_some_and(|hash| hash.has_due(now_ms));
    show(&mut cx.reply, value);
    if may_be_due {
        cx.db.expire_met_fields(key, std::iter::once(field));
    }
    DONE
}

pub(super) fn hmget(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let fields = args.rest();
    cx.cost(fields.len())?;

    let now_ms = cx.now_ms();
    let hash = cx.db.read::<Hash>(key)?;

    cx.reply.array(fields.len());
    let mut any_absent = false;
    for field in fields {
        let value = hash.and_then(|hash| hash.get(field, now_ms));
        any_absent |= value.is_none();
        reply_value(&mut cx.reply, value);
    }
    if any_absent && hash.is_some_and(|hash| hash.has_due(now_ms)) {
        cx.db.expire_met_fields(key, args.rest());
    }
    DONE
}

pub(super) fn hexists(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    look(cx, args, |reply, value| reply.integer(i64::from(value.is_some())))
}

pub(super) fn hstrlen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    look(cx, args, |reply, value| reply.integer(value.map_or(0, |value| value.text_len() as i64)))
}

/// HLEN. Fields whose time has come count until they are taken out, as in Redis.
pub(super) fn hlen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = cx.db.read::<Hash>(key)?.map_or(0, Hash::len);

    cx.reply.integer(len as i64);
    DONE
}
