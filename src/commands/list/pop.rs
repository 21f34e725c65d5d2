//! Taking off the ends: LPOP, RPOP, LMPOP.

use super::{pop_event, reply_element, side};
use crate::commands::prelude::*;
use crate::keyspace::Edited;
use crate::resp::Reply;
use crate::types::list::{List, Side};

pub(super) fn lpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    pop(cx, args, Side::Front)
}

pub(super) fn rpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    pop(cx, args, Side::Back)
}

fn pop(cx: &mut Cx<'_>, args: &mut Args<'_>, side: Side) -> Outcome {
    if args.count() > 3 {
        return Err(Error::arity(&cx.command.name));
    }
    let key = args.key()?;
    if !args.more() {
        return pop_one(cx, key, side);
    }
    let count = args.integer().ok().and_then(|n| usize::try_from(n).ok()).ok_or(error::NOT_POSITIVE)?;

    if !pop_range(cx, key, side, count, |_| ())? {
        cx.reply.null_array();
    }
    DONE
}

/// LPOP without a count.
fn pop_one(cx: &mut Cx<'_>, key: Key<'_>, side: Side) -> Outcome {
    let reply = &mut cx.reply;
    let edited = cx.db.edit(key, |list: &mut List| list.pop(side, |element| reply_element(reply, element)))?;
    match edited {
        Some(Edited { emptied, .. }) => tell(cx, key, side, 1, emptied),
        None => cx.reply.null(),
    }
    DONE
}

/// Takes up to `count` elements off a list that is there, and replies them as an array behind what `head` writes; false
/// when there is no key.
pub(super) fn pop_range(
    cx: &mut Cx<'_>,
    key: Key<'_>,
    side: Side,
    count: usize,
    head: impl FnOnce(&mut Reply<'_>),
) -> Result<bool, Error> {
    let (budget, reply) = (cx.budget(), &mut cx.reply);
    let edited = cx.db.edit(key, |list: &mut List| {
        let count = count.min(list.len());
        budget.cost(count)?;
        head(reply);
        reply.array(count);
        for _ in 0..count {
            list.pop(side, |element| reply_element(reply, element));
        }
        Ok::<usize, Error>(count)
    })?;
    let Some(Edited { value, emptied }) = edited else { return Ok(false) };
    let count = value?;
    if count > 0 {
        tell(cx, key, side, count, emptied);
    }
    Ok(true)
}

/// Tells of elements taken off.
pub(super) fn tell(cx: &mut Cx<'_>, key: Key<'_>, side: Side, count: usize, emptied: bool) {
    cx.db.changed(key, pop_event(side));
    cx.db.effects.dirty += count as u64 - 1;
    if emptied {
        cx.db.changed_too(key, events::DEL);
    }
}

pub(super) fn lmpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let request = MultiPop::read(args)?;

    if !request.run(cx, args)? {
        cx.reply.null_array();
    }
    DONE
}

/// What LMPOP and BLMPOP ask for.
pub(super) struct MultiPop {
    /// Position of the first key.
    first: usize,
    /// Number of keys.
    pub(super) keys: usize,
    side: Side,
    count: usize,
}

impl MultiPop {
    /// Reads it all, the keys left to be taken.
    pub(super) fn read(args: &mut Args<'_>) -> Result<MultiPop, Error> {
        let positive =
            |args: &mut Args<'_>| args.integer().ok().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
        let keys = positive(args).ok_or(error::NUMKEYS_NOT_POSITIVE)?;
        let first = args.position();
        args.skip(keys);
        let side = side(args)?;
        let mut count = None;
        while args.more() {
            if count.is_some() || !args.eat_with_value("COUNT") {
                return Err(error::SYNTAX);
            }
            count = Some(positive(args).ok_or(error::COUNT_NOT_POSITIVE)?);
        }
        Ok(MultiPop { first, keys, side, count: count.unwrap_or(1) })
    }

    /// Goes to the first key.
    pub(super) fn to_keys(&self, args: &mut Args<'_>) {
        args.rewind();
        args.skip(self.first - args.position());
    }

    /// Pops from the first list that is there; false if there is none. A client that waits already passes over keys that
    /// have come to hold something else.
    pub(super) fn run(&self, cx: &mut Cx<'_>, args: &mut Args<'_>) -> Result<bool, Error> {
        self.to_keys(args);
        for _ in 0..self.keys {
            let key = args.key()?;
            let head = |reply: &mut Reply<'_>| {
                reply.array(2);
                reply.bulk(key.name);
            };
            let before = cx.db.effects.dirty;
            match pop_range(cx, key, self.side, self.count, head) {
                Ok(false) => continue,
                Err(refused) if refused == error::WRONGTYPE && super::blocking::is_waiting(cx) => continue,
                result => result?,
            };
            let count = cx.db.effects.dirty - before;
            cx.db.journal_as(|effect| {
                effect.push(if self.side == Side::Front { b"LPOP" } else { b"RPOP" });
                effect.push(key.name);
                effect.push(itoa::Buffer::new().format(count).as_bytes());
            });
            return Ok(true);
        }
        Ok(false)
    }
}
