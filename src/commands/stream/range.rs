//! Reading by id: XRANGE, XREVRANGE, XLEN.

use crate::commands::context::LONG_WORK;
use crate::commands::prelude::*;
use crate::resp::Reply;
use crate::types::stream::{Entry, Stream};

use super::parse::{range_start, range_stop};
use super::reply_entry;

pub(super) fn xlen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = cx.db.read::<Stream>(key)?.map_or(0, Stream::len);
    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn xrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    range(cx, args, false)
}

pub(super) fn xrevrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    range(cx, args, true)
}

fn range(cx: &mut Cx<'_>, args: &mut Args<'_>, backwards: bool) -> Outcome {
    let key = args.key()?;
    let (first, second) = (args.take()?, args.take()?);
    let (start, stop) = if backwards { (second, first) } else { (first, second) };
    let (start, stop) = (range_start(start)?, range_stop(stop)?);
    let mut count = None;
    while args.more() {
        if !args.eat_with_value("COUNT") {
            return Err(error::SYNTAX);
        }
        count = Some(usize::try_from(args.integer()?).unwrap_or(0));
    }

    let (budget, reply) = (cx.budget(), &mut cx.reply);
    let Some(stream) = cx.db.read::<Stream>(key)? else {
        reply.array(0);
        return DONE;
    };
    if count == Some(0) {
        reply.null_array();
        return DONE;
    }
    let count = count.unwrap_or(usize::MAX);
    budget.cost(count.min(stream.count_up_to(start..=stop, LONG_WORK + 1)))?;
    if backwards {
        reply_entries(reply, stream.range_back(start..=stop).take(count));
    } else {
        reply_entries(reply, stream.range(start..=stop).take(count));
    }
    DONE
}

/// Writes an array of entries.
pub(super) fn reply_entries<'a>(reply: &mut Reply<'_>, entries: impl Iterator<Item = Entry<'a>>) {
    let array = reply.defer();
    let count = entries.map(|entry| reply_entry(reply, &entry)).count();
    reply.end_array(array, count);
}
