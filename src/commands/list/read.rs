//! Reading by index: LINDEX, LLEN, LRANGE.

use super::reply_element;
use crate::commands::prelude::*;
use crate::types::list::{List, Side};
use crate::types::string::list_range;

/// The index that `index` means in a list of `len` elements: negative ones count from the end.
pub(super) fn index_from_front(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index + len as i64 } else { index };
    usize::try_from(index).ok().filter(|&index| index < len)
}

pub(super) fn lindex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let Some(list) = cx.db.read::<List>(key)? else {
        cx.reply.null();
        return DONE;
    };
    // Only a list that is there has its index looked at, as by Redis.
    let index = index_from_front(args.integer()?, list.len());
    match index.and_then(|index| list.get(index)) {
        Some(element) => reply_element(&mut cx.reply, element),
        None => cx.reply.null(),
    }
    DONE
}

pub(super) fn llen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = cx.db.read::<List>(key)?.map_or(0, List::len);

    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn lrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (start, stop) = (args.integer()?, args.integer()?);
    let budget = cx.budget();

    let Some(list) = cx.db.read::<List>(key)? else {
        cx.reply.array(0);
        return DONE;
    };
    let range = list_range(start, stop, list.len());
    budget.cost(range.len())?;
    cx.reply.array(range.len());
    for element in list.iter_from(range.start, Side::Front).take(range.len()) {
        reply_element(&mut cx.reply, element);
    }
    DONE
}
