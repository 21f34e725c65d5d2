//! Adding at the ends: LPUSH, RPUSH, LPUSHX, RPUSHX.

use super::{limits, push_event};
use crate::commands::prelude::*;
use crate::types::list::{Element, Limits, List, Side};

pub(super) fn lpush(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    push(cx, args, Side::Front)
}

pub(super) fn rpush(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    push(cx, args, Side::Back)
}

pub(super) fn lpushx(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    push_existing(cx, args, Side::Front)
}

pub(super) fn rpushx(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    push_existing(cx, args, Side::Back)
}

fn push(cx: &mut Cx<'_>, args: &mut Args<'_>, side: Side) -> Outcome {
    let key = args.key()?;
    let count = args.remaining();
    cx.cost(count)?;
    let limits = limits(cx);

    let rest = args.rest();
    let make = || if count == 1 { List::new() } else { List::for_elements(rest.map(Element::of), side, limits) };
    let len = cx.db.edit_or_insert(key, make, |list| push_all(list, args, side, limits))?;
    tell(cx, key, side, count);

    cx.reply.integer(len as i64);
    DONE
}

fn push_existing(cx: &mut Cx<'_>, args: &mut Args<'_>, side: Side) -> Outcome {
    let key = args.key()?;
    let count = args.remaining();
    cx.cost(count)?;
    let limits = limits(cx);

    let edited = cx.db.edit(key, |list: &mut List| push_all(list, args, side, limits))?;
    if edited.is_some() {
        tell(cx, key, side, count);
    }

    cx.reply.integer(edited.map_or(0, |edited| edited.value as i64));
    DONE
}

/// Pushes all arguments; answers the new length.
#[inline]
fn push_all(list: &mut List, args: &mut Args<'_>, side: Side, limits: Limits) -> usize {
    while let Ok(payload) = args.payload() {
        let element = payload.shared.as_ref().map_or_else(|| Element::of(payload.slice), Element::of_buffer);
        list.push(side, element, limits);
    }
    list.len()
}

fn tell(cx: &mut Cx<'_>, key: Key<'_>, side: Side, count: usize) {
    cx.db.changed(key, push_event(side));
    cx.db.effects.dirty += count as u64 - 1;
}
