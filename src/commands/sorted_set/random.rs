//! ZRANDMEMBER.

use ahash::AHashSet;

use super::{Shower, reply_element};
use crate::commands::prelude::*;
use crate::types::zset::ZSet;
use crate::util::number;
use crate::util::rng::Rng;

/// Distinct members are drawn one by one when the set has so many times more of them; else a walk picks them.
const DRAW_RATIO: usize = 4;

pub(super) fn zrandmember(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let Some(count) = args.more().then(|| args.take()).transpose()? else { return one(cx, key) };
    let count = number::parse_i64(count).ok_or(error::NOT_INTEGER)?;
    if count == i64::MIN {
        return Err(error::OUT_OF_COUNT);
    }
    let with_scores = args.eat("WITHSCORES");
    args.end()?;
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(error::OUT_OF_RANGE);
    }

    let budget = cx.budget();
    let mut shower = Shower::new(&mut cx.reply, with_scores);
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let Some(zset) = cx.db.read::<ZSet>(key)?.filter(|_| wanted > 0) else {
        shower.begin(0);
        return DONE;
    };
    let (len, mut rng) = (zset.len(), Rng::from_entropy());
    if count < 0 {
        budget.cost(wanted)?;
        shower.begin(wanted);
        for _ in 0..wanted {
            let (member, score) = zset.get(rng.index(len)).expect("a rank below the length");
            shower.show(member, score);
        }
    } else if wanted >= len {
        budget.cost(len)?;
        shower.begin(len);
        zset.visit_all(|member, score| shower.show(member, score));
    } else if wanted < len / DRAW_RATIO {
        budget.cost(wanted)?;
        shower.begin(wanted);
        let mut drawn = AHashSet::with_capacity(wanted);
        while drawn.len() < wanted {
            let rank = rng.index(len);
            if drawn.insert(rank) {
                let (member, score) = zset.get(rank).expect("a rank below the length");
                shower.show(member, score);
            }
        }
    } else {
        budget.cost(len)?;
        shower.begin(wanted);
        let (mut wanted, mut left) = (wanted, len);
        zset.visit_all(|member, score| {
            if rng.index(left) < wanted {
                shower.show(member, score);
                wanted -= 1;
            }
            left -= 1;
        });
    }
    DONE
}

fn one(cx: &mut Cx<'_>, key: Key<'_>) -> Outcome {
    match cx.db.read::<ZSet>(key)? {
        Some(zset) => {
            let (member, _) = zset.get(Rng::from_entropy().index(zset.len())).expect("a key's set has members");
            reply_element(&mut cx.reply, member);
        }
        None => cx.reply.null(),
    }
    DONE
}
