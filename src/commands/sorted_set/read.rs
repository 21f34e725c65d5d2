//! Questions about single members and counts: ZCARD, ZCOUNT, ZLEXCOUNT, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZSCAN.

use super::{ends, reply_element};
use crate::commands::prelude::*;
use crate::commands::scan::{self, ScanOptions};
use crate::types::zset::ZSet;
use crate::util::number::f64_text;

pub(super) fn zcard(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = cx.db.read::<ZSet>(key)?.map_or(0, ZSet::len);

    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn zcount(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let range = ends::score_range(args.take()?, args.take()?)?;

    let count = cx.db.read::<ZSet>(key)?.map_or(0, |zset| zset.score_range(&range).len());

    cx.reply.integer(count as i64);
    DONE
}

pub(super) fn zlexcount(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let range = ends::lex_range(args.take()?, args.take()?)?;

    let count = cx.db.read::<ZSet>(key)?.map_or(0, |zset| zset.lex_range(&range, false).len());

    cx.reply.integer(count as i64);
    DONE
}

pub(super) fn zscore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let member = args.take()?;

    match cx.db.read::<ZSet>(key)?.and_then(|zset| zset.score(member)) {
        Some(score) => cx.reply.double(score),
        None => cx.reply.null(),
    }
    DONE
}

pub(super) fn zmscore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    cx.cost(args.remaining())?;

    let zset = cx.db.read::<ZSet>(key)?;

    cx.reply.array(args.remaining());
    for member in args.rest() {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => cx.reply.double(score),
            None => cx.reply.null(),
        }
    }
    DONE
}

pub(super) fn zrank(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    rank(cx, args, |rank, _| rank)
}

pub(super) fn zrevrank(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    rank(cx, args, |rank, len| len - 1 - rank)
}

fn rank(cx: &mut Cx<'_>, args: &mut Args<'_>, count: impl Fn(usize, usize) -> usize) -> Outcome {
    let key = args.key()?;
    let member = args.take()?;
    if args.remaining() > 1 {
        return Err(Error::arity(&cx.command.name));
    }
    let with_score = args.eat("WITHSCORE");
    args.end()?;

    let found = cx.db.read::<ZSet>(key)?.and_then(|zset| Some((zset.rank(member)?, zset.len())));

    match found {
        Some(((rank, score), len)) => {
            if with_score {
                cx.reply.array(2);
            }
            cx.reply.integer(count(rank, len) as i64);
            if with_score {
                cx.reply.double(score);
            }
        }
        None if with_score => cx.reply.null_array(),
        None => cx.reply.null(),
    }
    DONE
}

/// ZSCAN. A member that is there throughout is shown exactly once; a small set is shown at once.
pub(super) fn zscan(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let cursor = scan::cursor(args)?;

    let budget = cx.budget();
    let list = cx.reply.defer();
    let Some(zset) = cx.db.read::<ZSet>(key)? else {
        // Redis does not look at the options then.
        cx.reply.end_page(list, 0, 0);
        return DONE;
    };
    let options = ScanOptions::read_zset(args)?;
    budget.cost(options.count.min(zset.len()))?;

    let mut shown = 0;
    let reply = &mut cx.reply;
    let next = zset.scan(cursor, options.count, |member, score| {
        if !options.wants(member.text(&mut itoa::Buffer::new())) {
            return;
        }
        reply_element(reply, member);
        shown += 1;
        if !options.no_values {
            reply.bulk(&f64_text(score)[..]);
            shown += 1;
        }
    });

    cx.reply.end_page(list, next, shown);
    DONE
}
