//! Ranges of members: ZRANGE and its old forms, ZRANGESTORE.

use std::ops::Range;

use super::{Shower, ends, limits, store};
use crate::commands::prelude::*;
use crate::types::string::list_range;
use crate::types::zset::{LexRange, ScoreRange, ZSet};

/// By what the ends of a range are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// The ends of a range.
#[derive(Debug, Clone, Copy)]
enum Ends<'a> {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Query<'a> {
    ends: Ends<'a>,
    backwards: bool,
    offset: i64,
    /// Negative: no limit.
    count: i64,
    with_scores: bool,
}

impl<'a> Query<'a> {
    /// Reads ends and options. What the command's name has fixed already is no option.
    fn read(args: &mut Args<'a>, by: Option<By>, backwards: Option<bool>, is_store: bool) -> Result<Query<'a>, Error> {
        let (mut min, mut max) = (args.take()?, args.take()?);
        let (mut chosen_by, mut chosen_backwards) = (by, backwards);
        let (mut with_scores, mut offset, mut count) = (false, 0, -1);
        while args.more() {
            if !is_store && args.eat("WITHSCORES") {
                with_scores = true;
            } else if args.remaining() >= 3 && args.eat("LIMIT") {
                (offset, count) = (args.integer()?, args.integer()?);
            } else if chosen_backwards.is_none() && args.eat("REV") {
                chosen_backwards = Some(true);
            } else if chosen_by.is_none() && args.eat("BYLEX") {
                chosen_by = Some(By::Lex);
            } else if chosen_by.is_none() && args.eat("BYSCORE") {
                chosen_by = Some(By::Score);
            } else {
                return Err(error::SYNTAX);
            }
        }
        let (by, backwards) = (chosen_by.unwrap_or(By::Rank), chosen_backwards.unwrap_or(false));
        if count != -1 && by == By::Rank {
            return Err(error::LIMIT_WITHOUT_BY);
        }
        if with_scores && by == By::Lex {
            return Err(error::WITHSCORES_WITH_BYLEX);
        }
        if backwards && by != By::Rank {
            (min, max) = (max, min);
        }
        let ends = match by {
            By::Rank => Ends::Rank(integer(min)?, integer(max)?),
            By::Score => Ends::Score(ends::score_range(min, max)?),
            By::Lex => Ends::Lex(ends::lex_range(min, max)?),
        };
        Ok(Query { ends, backwards, offset, count, with_scores })
    }

    /// The ranks that it means in a set.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        let len = zset.len();
        let all = match &self.ends {
            Ends::Rank(start, end) => {
                let range = list_range(*start, *end, len);
                return if self.backwards { len - range.end..len - range.start } else { range };
            }
            Ends::Score(range) => zset.score_range(range),
            Ends::Lex(range) => zset.lex_range(range, self.backwards),
        };
        let Ok(offset) = usize::try_from(self.offset) else { return 0..0 };
        let skipped = offset.min(all.len());
        let count = usize::try_from(self.count).unwrap_or(usize::MAX).min(all.len() - skipped);
        if self.backwards {
            let end = all.end - skipped;
            end - count..end
        } else {
            let start = all.start + skipped;
            start..start + count
        }
    }
}

fn integer(text: &[u8]) -> Result<i64, Error> {
    crate::util::number::parse_i64(text).ok_or(error::NOT_INTEGER)
}

pub(super) fn zrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, None, None)
}

pub(super) fn zrangebyscore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Some(By::Score), Some(false))
}

pub(super) fn zrangebylex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Some(By::Lex), Some(false))
}

pub(super) fn zrevrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Some(By::Rank), Some(true))
}

pub(super) fn zrevrangebyscore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Some(By::Score), Some(true))
}

pub(super) fn zrevrangebylex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Some(By::Lex), Some(true))
}

fn show(cx: &mut Cx<'_>, args: &mut Args<'_>, by: Option<By>, backwards: Option<bool>) -> Outcome {
    let key = args.key()?;
    let query = Query::read(args, by, backwards, false)?;

    let budget = cx.budget();
    let mut shower = Shower::new(&mut cx.reply, query.with_scores);
    let Some(zset) = cx.db.read::<ZSet>(key)? else {
        shower.begin(0);
        return DONE;
    };
    let ranks = query.ranks(zset);
    budget.cost(ranks.len())?;

    shower.begin(ranks.len());
    zset.visit(ranks, query.backwards, |member, score| shower.show(member, score));
    DONE
}

pub(super) fn zrangestore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let destination = args.key()?;
    let source = args.key()?;
    let query = Query::read(args, None, None, true)?;

    let (budget, limits) = (cx.budget(), limits(cx));
    let mut result = ZSet::new();
    if let Some(zset) = cx.db.read::<ZSet>(source)? {
        let ranks = query.ranks(zset);
        budget.cost(ranks.len())?;
        zset.visit(ranks, false, |member, score| {
            result.insert(member.text(&mut itoa::Buffer::new()), score, limits);
        });
    }

    store(cx, destination, result, events::ZRANGESTORE);
    DONE
}
