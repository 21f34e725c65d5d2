//! Removing members by name or range: ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.

use std::ops::Range;

use super::{ends, removed};
use crate::commands::prelude::*;
use crate::types::string::list_range;
use crate::types::zset::ZSet;

pub(super) fn zrem(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    cx.cost(args.remaining())?;

    let members = args.rest();
    let edited = cx.db.edit(key, |zset: &mut ZSet| members.filter(|member| zset.remove(member).is_some()).count())?;
    let count = edited.map_or(0, |edited| removed(cx, key, edited.value, edited.emptied, events::ZREM));

    cx.reply.integer(count as i64);
    DONE
}

pub(super) fn zremrangebyrank(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (start, end) = (args.integer()?, args.integer()?);
    remove_range(cx, key, events::ZREMRANGEBYRANK, |zset| list_range(start, end, zset.len()))
}

pub(super) fn zremrangebyscore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let range = ends::score_range(args.take()?, args.take()?)?;
    remove_range(cx, key, events::ZREMRANGEBYSCORE, |zset| zset.score_range(&range))
}

pub(super) fn zremrangebylex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let range = ends::lex_range(args.take()?, args.take()?)?;
    remove_range(cx, key, events::ZREMRANGEBYLEX, |zset| zset.lex_range(&range, false))
}

fn remove_range(cx: &mut Cx<'_>, key: Key<'_>, event: Event, find: impl Fn(&ZSet) -> Range<usize>) -> Outcome {
    let budget = cx.budget();
    let edited = cx.db.edit(key, |zset: &mut ZSet| {
        let ranks = find(zset);
        let count = ranks.len();
        budget.cost(count)?;
        zset.remove_range(ranks);
        Ok::<_, Error>(count)
    })?;
    let count = match edited {
        Some(edited) => removed(cx, key, edited.value?, edited.emptied, event),
        None => 0,
    };

    cx.reply.integer(count as i64);
    DONE
}
