//! Adding members and changing scores: ZADD, ZINCRBY.

use smallvec::SmallVec;

use super::limits;
use crate::commands::prelude::*;
use crate::types::zset::ZSet;

/// Under which conditions scores are set, and what is answered.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::commands) struct How {
    pub(in crate::commands) only_new: bool,
    pub(in crate::commands) only_existing: bool,
    only_greater: bool,
    only_less: bool,
    pub(in crate::commands) count_changed: bool,
    increment: bool,
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Done {
    added: usize,
    updated: usize,
    /// Score of the last member that the conditions let through.
    score: Option<f64>,
    is_nan: bool,
}

impl How {
    /// The score that a member with the score `old` shall have, if it is to be touched at all.
    fn decide(self, old: Option<f64>, score: f64, done: &mut Done) -> Option<f64> {
        let Some(old) = old else {
            if self.only_existing {
                return None;
            }
            done.added += 1;
            done.score = Some(score);
            return Some(score);
        };
        let new = if self.increment { old + score } else { score };
        if self.only_new {
            return None;
        }
        if new.is_nan() {
            done.is_nan = true;
            return None;
        }
        if (self.only_greater && new <= old) || (self.only_less && new >= old) {
            return None;
        }
        done.updated += usize::from(new != old);
        done.score = Some(new);
        Some(new)
    }
}

pub(super) fn zadd(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let mut how = How::default();
    loop {
        if args.eat("NX") {
            how.only_new = true;
        } else if args.eat("XX") {
            how.only_existing = true;
        } else if args.eat("GT") {
            how.only_greater = true;
        } else if args.eat("LT") {
            how.only_less = true;
        } else if args.eat("CH") {
            how.count_changed = true;
        } else if args.eat("INCR") {
            how.increment = true;
        } else {
            break;
        }
    }
    add(cx, key, how, args)
}

pub(super) fn zincrby(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    add(cx, key, How { increment: true, ..How::default() }, args)
}

fn add(cx: &mut Cx<'_>, key: Key<'_>, how: How, args: &mut Args<'_>) -> Outcome {
    if !args.more() || !args.remaining().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    if how.only_new && how.only_existing {
        return Err(error::NX_WITH_XX);
    }
    if (how.only_new && (how.only_greater || how.only_less)) || (how.only_greater && how.only_less) {
        return Err(error::GT_LT_NX);
    }
    if how.increment && args.remaining() > 2 {
        return Err(error::INCR_OF_SEVERAL);
    }
    let mut pairs = Pairs::with_capacity(args.remaining() / 2);
    while args.more() {
        pairs.push((args.float()?, args.take()?));
    }
    set_scores(cx, key, how, pairs)
}

/// Scores and members; few without an allocation.
pub(in crate::commands) type Pairs<'a> = SmallVec<[(f64, &'a [u8]); 4]>;

/// Sets the scores of members under conditions, and replies as ZADD does.
pub(in crate::commands) fn set_scores(cx: &mut Cx<'_>, key: Key<'_>, how: How, pairs: Pairs<'_>) -> Outcome {
    cx.cost(pairs.len())?;

    let limits = limits(cx);
    let done = cx.db.edit_or_insert(key, ZSet::new, |zset| {
        let mut done = Done::default();
        for (score, member) in pairs {
            zset.update(member, limits, |old| how.decide(old, score, &mut done));
        }
        done
    })?;
    if done.is_nan {
        return Err(error::SCORE_NAN);
    }
    let changed = done.added + done.updated;
    if changed > 0 {
        cx.db.changed(key, if how.increment { events::ZINCR } else { events::ZADD });
        cx.db.effects.dirty += changed as u64 - 1;
    }

    match (how.increment, done.score) {
        (false, _) => cx.reply.integer(if how.count_changed { changed } else { done.added } as i64),
        (true, Some(score)) => cx.reply.double(score),
        (true, None) => cx.reply.null(),
    }
    DONE
}
