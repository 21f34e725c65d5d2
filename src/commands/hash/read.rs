//! Reading single fields: HGET, HMGET, HEXISTS, HSTRLEN, HLEN.

use super::reply_value;
use crate::commands::prelude::*;
use crate::types::hash::Hash;

pub(super) fn hget(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let field = args.take()?;

    let now_ms = cx.now_ms();
    let value = cx.db.read::<Hash>(key)?.and_then(|hash| hash.get(field, now_ms));

    reply_value(&mut cx.reply, value);
    DONE
}

pub(super) fn hmget(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let fields = args.rest();
    cx.cost(fields.len())?;

    let now_ms = cx.now_ms();
    let hash = cx.db.read::<Hash>(key)?;

    cx.reply.array(fields.len());
    for field in fields {
        reply_value(&mut cx.reply, hash.and_then(|hash| hash.get(field, now_ms)));
    }
    DONE
}

pub(super) fn hexists(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let field = args.take()?;

    let now_ms = cx.now_ms();
    let exists = cx.db.read::<Hash>(key)?.is_some_and(|hash| hash.contains(field, now_ms));

    cx.reply.integer(i64::from(exists));
    DONE
}

pub(super) fn hstrlen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let field = args.take()?;

    let now_ms = cx.now_ms();
    let value = cx.db.read::<Hash>(key)?.and_then(|hash| hash.get(field, now_ms));

    cx.reply.integer(value.map_or(0, |value| value.text_len() as i64));
    DONE
}

/// HLEN. Fields whose time has come count until they are taken out, as in Redis.
pub(super) fn hlen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = cx.db.read::<Hash>(key)?.map_or(0, Hash::len);

    cx.reply.integer(len as i64);
    DONE
}
