//! When fields expire: setting it, asking for it, taking it away.
//!
//! The type of the key is looked at before the arguments, as Redis does.

use smallvec::SmallVec;

use super::fields::{self, Fields, read_time};
use crate::commands::expiry::{ExpireCondition, Unit};
use crate::commands::prelude::*;
use crate::types::hash::Hash;

/// Reply for a field that is not there.
const NO_FIELD: i64 = -2;
/// Reply for a field that does not expire.
const NO_EXPIRY: i64 = -1;
/// Reply for a field that stays as it is, since the condition does not hold.
const CONDITION_NOT_MET: i64 = 0;
/// Reply for a field that has got its new expiry, or lost the one it had.
const CHANGED: i64 = 1;
/// Reply for a field that is gone, since its new expiry is past.
const REMOVED: i64 = 2;

/// Reads the conditions, which stand in front of the fields.
fn read_conditions(args: &mut Args<'_>) -> Result<ExpireCondition, Error> {
    let mut condition = ExpireCondition::default();
    while condition.take(args) {}
    condition.check()?;
    Ok(condition)
}

pub(super) fn hexpire(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Seconds, cx.now_ms())
}

pub(super) fn hpexpire(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Milliseconds, cx.now_ms())
}

pub(super) fn hexpireat(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Seconds, 0)
}

pub(super) fn hpexpireat(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Milliseconds, 0)
}

/// The HEXPIRE family: `base_ms` is what the number counts from.
fn set_expiry(cx: &mut Cx<'_>, args: &mut Args<'_>, unit: Unit, base_ms: u64) -> Outcome {
    let key = args.key()?;
    fields::check_type(cx, key)?;
    let at_ms = read_time(args.take()?, unit, base_ms, &cx.command.name)?;
    let condition = read_conditions(args)?;
    let fields = Fields::read(args, error::NUMFIELDS_NOT_ABOVE_0)?;
    cx.cost(fields.len())?;

    let now_ms = cx.now_ms();
    let mut updated: SmallVec<[&[u8]; 8]> = SmallVec::new();
    let mut removed: SmallVec<[&[u8]; 8]> = SmallVec::new();
    cx.reply.array(fields.len());
    let reply = &mut cx.reply;
    let edited = cx.db.edit(key, |hash: &mut Hash| {
        for field in fields.iter() {
            let answer = match hash.expiry(field, now_ms) {
                None => NO_FIELD,
                Some(old) if !condition.admits(old.map(u64::cast_signed), at_ms.cast_signed()) => CONDITION_NOT_MET,
                Some(_) if at_ms <= now_ms => {
                    hash.remove(field);
                    removed.push(field);
                    REMOVED
                }
                Some(_) => {
                    hash.set_expiry(field, Some(at_ms));
                    updated.push(field);
                    CHANGED
                }
            };
            reply.integer(answer);
        }
    })?;
    let Some(edited) = edited else {
        fields.iter().for_each(|_| cx.reply.integer(NO_FIELD));
        return DONE;
    };
    let changes = updated.len() + removed.len();
    if changes > 0 {
        cx.db.changed(key, if removed.is_empty() { events::HEXPIRE } else { events::HDEL });
        cx.db.effects.dirty += changes as u64 - 1;
        cx.db.effects.expired_fields += removed.len() as u32;
    }
    if edited.emptied {
        cx.db.changed_too(key, events::DEL);
    }
    if !removed.is_empty() {
        fields::journal_removal(cx, key, &removed);
    }
    if !updated.is_empty() {
        fields::journal_expiry(cx, key, at_ms, &updated);
    }
    DONE
}

pub(super) fn httl(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Seconds, cx.now_ms())
}

pub(super) fn hpttl(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Milliseconds, cx.now_ms())
}

pub(super) fn hexpiretime(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Seconds, 0)
}

pub(super) fn hpexpiretime(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Milliseconds, 0)
}

/// The HTTL family: the time from `base_ms` on; seconds are rounded up.
fn tell_expiry(cx: &mut Cx<'_>, args: &mut Args<'_>, unit: Unit, base_ms: u64) -> Outcome {
    let key = args.key()?;
    let (now_ms, budget) = (cx.now_ms(), cx.budget());
    let hash = cx.db.read::<Hash>(key)?;
    let fields = Fields::read(args, error::NUMFIELDS_NOT_POSITIVE)?;
    budget.cost(fields.len())?;

    cx.reply.array(fields.len());
    for field in fields.iter() {
        let answer = match hash.and_then(|hash| hash.expiry(field, now_ms)) {
            None => NO_FIELD,
            Some(None) => NO_EXPIRY,
            Some(Some(at_ms)) => {
                let ms = at_ms - base_ms;
                (if unit == Unit::Seconds { ms.div_ceil(1000) } else { ms }).cast_signed()
            }
        };
        cx.reply.integer(answer);
    }
    DONE
}

pub(super) fn hpersist(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    fields::check_type(cx, key)?;
    let fields = Fields::read(args, error::NUMFIELDS_NOT_POSITIVE)?;
    cx.cost(fields.len())?;

    let now_ms = cx.now_ms();
    let mut is_changed = false;
    cx.reply.array(fields.len());
    let reply = &mut cx.reply;
    let edited = cx.db.edit(key, |hash: &mut Hash| {
        for field in fields.iter() {
            let answer = match hash.expiry(field, now_ms) {
                None => NO_FIELD,
                Some(None) => NO_EXPIRY,
                Some(Some(_)) => {
                    hash.set_expiry(field, None);
                    is_changed = true;
                    CHANGED
                }
            };
            reply.integer(answer);
        }
    })?;
    if edited.is_none() {
        fields.iter().for_each(|_| cx.reply.integer(NO_FIELD));
    }
    if is_changed {
        cx.db.changed(key, events::HPERSIST);
    }
    DONE
}
