//! Changing members by name: SADD, SREM, SMOVE.

use super::{is_set, limits};
use crate::commands::prelude::*;
use crate::types::set::Set;

pub(super) fn sadd(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let members = args.rest();
    cx.cost(members.len())?;

    let limits = limits(cx);
    let added =
        cx.db.edit_or_insert(key, Set::new, |set| members.filter(|member| set.insert(member, &limits)).count())?;
    if added > 0 {
        cx.db.changed(key, events::SADD);
        cx.db.effects.dirty += added as u64 - 1;
    }

    cx.reply.integer(added as i64);
    DONE
}

pub(super) fn srem(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let members = args.rest();
    cx.cost(members.len())?;

    let edited = cx.db.edit(key, |set: &mut Set| members.filter(|member| set.remove(member)).count())?;
    let removed = edited.map_or(0, |edited| edited.value);
    if removed > 0 {
        cx.db.changed(key, events::SREM);
        cx.db.effects.dirty += removed as u64 - 1;
    }
    if edited.is_some_and(|edited| edited.emptied) {
        cx.db.changed_too(key, events::DEL);
    }

    cx.reply.integer(removed as i64);
    DONE
}

pub(super) fn smove(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (source, destination) = (args.key()?, args.key()?);
    let member = args.take()?;

    let moved = is_set(cx, source)? && {
        is_set(cx, destination)?;
        if source.name == destination.name {
            cx.db.get::<Set>(source).is_some_and(|set| set.contains(member))
        } else {
            move_member(cx, source, destination, member)?
        }
    };

    cx.reply.integer(i64::from(moved));
    DONE
}

/// Takes a member out of one set and puts it into another; false if it was not in the first. Both keys may hold sets.
fn move_member(cx: &mut Cx<'_>, source: Key<'_>, destination: Key<'_>, member: &[u8]) -> Result<bool, Error> {
    let limits = limits(cx);
    let removed = cx.db.edit(source, |set: &mut Set| set.remove(member))?;
    let Some(removed) = removed.filter(|removed| removed.value) else { return Ok(false) };
    cx.db.changed(source, events::SREM);
    if removed.emptied {
        cx.db.changed_too(source, events::DEL);
    }
    if cx.db.edit_or_insert(destination, Set::new, |set| set.insert(member, &limits))? {
        cx.db.changed(destination, events::SADD);
    }
    Ok(true)
}
