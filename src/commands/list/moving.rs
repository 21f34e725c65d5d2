//! From one list to another: LMOVE, RPOPLPUSH.

use super::{limits, pop_event, push_event, reply_element, side};
use crate::commands::prelude::*;
use crate::types::list::{List, Side};

pub(super) fn lmove(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (source, destination) = (args.key()?, args.key()?);
    let (from, to) = (side(args)?, side(args)?);

    if !move_element(cx, [source, destination], from, to)? {
        cx.reply.null();
    }
    DONE
}

pub(super) fn rpoplpush(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (source, destination) = (args.key()?, args.key()?);

    if !move_element(cx, [source, destination], Side::Back, Side::Front)? {
        cx.reply.null();
    }
    DONE
}

/// Moves an element between ends of two lists, which may be the same, and replies it; false if there is no source.
pub(super) fn move_element(
    cx: &mut Cx<'_>,
    [source, destination]: [Key<'_>; 2],
    from: Side,
    to: Side,
) -> Result<bool, Error> {
    let limits = limits(cx);
    let Some(found) = cx.db.edit(source, |list: &mut List| list.end(from).map(|element| element.to_owned()))? else {
        return Ok(false);
    };
    let element = found.value.expect("a list that is there has an element");
    cx.db.edit_or_insert(destination, List::new, |list| list.push(to, element.borrow(), limits))?;
    let popped = cx.db.edit(source, |list: &mut List| list.pop(from, |_| ()))?;

    reply_element(&mut cx.reply, element.borrow());
    cx.db.changed(destination, push_event(to));
    cx.db.changed_too(source, pop_event(from));
    if popped.is_some_and(|edited| edited.emptied) {
        cx.db.changed_too(source, events::DEL);
    }
    Ok(true)
}
