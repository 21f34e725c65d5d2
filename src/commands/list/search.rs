//! Finding elements by value: LPOS, LREM, LINSERT.

use super::limits;
use crate::commands::prelude::*;
use crate::types::list::{Element, List, Side};

/// Refuses to look at a whole list on a worker if that is long.
fn cost_of_list(cx: &Cx<'_>, key: Key<'_>) -> Result<(), Error> {
    cx.cost(cx.db.get::<List>(key).map_or(0, List::len))
}

/// The options of LPOS.
struct Options {
    side: Side,
    /// Number of the first match to answer, from 1.
    rank: u64,
    /// Most matches to answer (0: all), as an array.
    count: Option<u64>,
    /// Most elements to look at.
    max_len: usize,
}

impl Options {
    fn read(args: &mut Args<'_>) -> Result<Options, Error> {
        let mut options = Options { side: Side::Front, rank: 1, count: None, max_len: usize::MAX };
        while args.more() {
            if args.eat_with_value("RANK") {
                let rank = args.integer()?;
                if rank == 0 {
                    return Err(error::RANK_ZERO);
                }
                options.side = if rank > 0 { Side::Front } else { Side::Back };
                // The lowest number has no opposite; by Redis it is as good as -1.
                options.rank = rank.checked_abs().unwrap_or(1).unsigned_abs();
            } else if args.eat_with_value("COUNT") {
                options.count = Some(natural(args, error::COUNT_NEGATIVE)?);
            } else if args.eat_with_value("MAXLEN") {
                let len = natural(args, error::MAXLEN_NEGATIVE)?;
                options.max_len = if len == 0 { usize::MAX } else { len as usize };
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }
}

fn natural(args: &mut Args<'_>, error: Error) -> Result<u64, Error> {
    args.integer().ok().and_then(|n| u64::try_from(n).ok()).ok_or(error)
}

pub(super) fn lpos(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let wanted = Element::of(args.take()?);
    let Options { side, rank, count, max_len } = Options::read(args)?;
    let budget = cx.budget();

    let Some(list) = cx.db.read::<List>(key)? else {
        match count {
            Some(_) => cx.reply.array(0),
            None => cx.reply.null(),
        }
        return DONE;
    };
    let (len, max_len) = (list.len(), max_len.min(list.len()));
    budget.cost(max_len)?;
    let matches = list.iter(side).enumerate().take(max_len).filter(|(_, element)| *element == wanted);
    let indexes = matches.map(|(steps, _)| if side == Side::Front { steps } else { len - 1 - steps });
    let mut indexes = indexes.skip(usize::try_from(rank - 1).unwrap_or(usize::MAX));

    let Some(count) = count else {
        match indexes.next() {
            Some(index) => cx.reply.integer(index as i64),
            None => cx.reply.null(),
        }
        return DONE;
    };
    let most = if count == 0 { usize::MAX } else { count as usize };
    let array = cx.reply.defer();
    let mut found = 0;
    for index in indexes.take(most) {
        cx.reply.integer(index as i64);
        found += 1;
    }
    cx.reply.end_array(array, found);
    DONE
}

pub(super) fn lrem(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let count = args.integer()?;
    let element = Element::of(args.take()?);
    cost_of_list(cx, key)?;
    let limits = limits(cx);

    let side = if count < 0 { Side::Back } else { Side::Front };
    let limit = if count == 0 { usize::MAX } else { count.unsigned_abs() as usize };
    let edited = cx.db.edit(key, |list: &mut List| list.remove_equal(side, element, limit, limits))?;
    let removed = edited.map_or(0, |edited| edited.value);
    if removed > 0 {
        cx.db.changed(key, events::LREM);
        cx.db.effects.dirty += removed as u64 - 1;
    }
    if edited.is_some_and(|edited| edited.emptied) {
        cx.db.changed_too(key, events::DEL);
    }

    cx.reply.integer(removed as i64);
    DONE
}

pub(super) fn linsert(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let behind = match args.word().as_deref() {
        Some(b"BEFORE") => 0,
        Some(b"AFTER") => 1,
        _ => return Err(error::SYNTAX),
    };
    let pivot = Element::of(args.take()?);
    let payload = args.payload()?;
    cost_of_list(cx, key)?;
    let limits = limits(cx);

    let element = payload.shared.as_ref().map_or_else(|| Element::of(payload.slice), Element::of_buffer);
    let edited = cx.db.edit(key, |list: &mut List| {
        let index = list.iter(Side::Front).position(|element| element == pivot)?;
        list.insert(index + behind, element, limits);
        Some(list.len())
    })?;
    let reply = match edited.map(|edited| edited.value) {
        None => 0,
        Some(None) => -1,
        Some(Some(len)) => {
            cx.db.changed(key, events::LINSERT);
            len as i64
        }
    };

    cx.reply.integer(reply);
    DONE
}
