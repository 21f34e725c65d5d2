//! Removing fields: HDEL, HGETDEL.

use smallvec::SmallVec;

use super::fields::{self, Fields};
use super::reply_value;
use crate::commands::prelude::*;
use crate::types::hash::Hash;

/// HDEL. Fields whose time has come count as long as they have not been taken out, as in Redis.
pub(super) fn hdel(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let fields = args.rest();
    cx.cost(fields.len())?;

    let edited = cx.db.edit(key, |hash: &mut Hash| fields.filter(|field| hash.remove(field)).count())?;
    let removed = edited.map_or(0, |edited| edited.value);
    if removed > 0 {
        tell_removal(cx, key, removed);
    }
    if edited.is_some_and(|edited| edited.emptied) {
        cx.db.changed_too(key, events::DEL);
    }

    cx.reply.integer(removed as i64);
    DONE
}

/// Tells of so many fields removed.
fn tell_removal(cx: &mut Cx<'_>, key: Key<'_>, removed: usize) {
    cx.db.changed(key, events::HDEL);
    cx.db.effects.dirty += removed as u64 - 1;
}

pub(super) fn hgetdel(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    fields::check_type(cx, key)?;
    let fields = Fields::read(args, error::NUMFIELDS_NOT_POSITIVE)?;
    cx.cost(fields.len())?;

    let now_ms = cx.now_ms();
    let mut removed: SmallVec<[&[u8]; 8]> = SmallVec::new();
    let mut expired: SmallVec<[&[u8]; 8]> = SmallVec::new();
    cx.reply.array(fields.len());
    let reply = &mut cx.reply;
    let edited = cx.db.edit(key, |hash: &mut Hash| {
        for field in fields.iter() {
            let value = hash.get(field, now_ms);
            reply_value(reply, value);
            if value.is_some() {
                hash.remove(field);
                removed.push(field);
            } else if hash.remove_if_due(field, now_ms) {
                expired.push(field);
            }
        }
    })?;
    let Some(edited) = edited else {
        fields.iter().for_each(|_| cx.reply.null());
        return DONE;
    };
    cx.db.expired_fields(key, expired.into_iter());
    if !removed.is_empty() {
        tell_removal(cx, key, removed.len());
        fields::journal_removal(cx, key, &removed);
    }
    if edited.emptied {
        cx.db.changed_too(key, events::DEL);
    }
    DONE
}
