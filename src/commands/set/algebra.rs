//! Several sets: SINTER, SUNION, SDIFF, their STORE forms, and SINTERCARD.

use std::ops::ControlFlow;

use super::{limits, reply_member};
use crate::commands::prelude::*;
use crate::types::set::{Member, Set, algebra};

/// What to do with the sets.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

impl Operation {
    /// About how many members it looks at.
    fn cost(self, sets: &[Option<&Set>]) -> usize {
        let lens = || sets.iter().map(|set| set.map_or(0, Set::len));
        match self {
            Self::Intersection => lens().min().unwrap_or(0).saturating_mul(sets.len()),
            Self::Union => lens().sum(),
            Self::Difference => algebra::difference_cost(sets),
        }
    }

    /// Shows the members of the result.
    fn run<'a>(self, sets: &[Option<&'a Set>], mut visit: impl FnMut(Member<'a>)) {
        match self {
            Self::Intersection => algebra::intersection(sets, |member| {
                visit(member);
                ControlFlow::Continue(())
            }),
            Self::Union => algebra::union(sets, visit),
            Self::Difference => algebra::difference(sets, visit),
        }
    }
}

pub(super) fn sinter(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Operation::Intersection)
}

pub(super) fn sunion(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Operation::Union)
}

pub(super) fn sdiff(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Operation::Difference)
}

pub(super) fn sinterstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    store(cx, args, Operation::Intersection, events::SINTERSTORE)
}

pub(super) fn sunionstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    store(cx, args, Operation::Union, events::SUNIONSTORE)
}

pub(super) fn sdiffstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    store(cx, args, Operation::Difference, events::SDIFFSTORE)
}

/// Looks every key up, so that a value of another type is an error even where the result does not depend on it.
fn look_up(cx: &mut Cx<'_>, keys: &[Key<'_>]) -> Result<(), Error> {
    for &key in keys {
        cx.db.read::<Set>(key)?;
    }
    Ok(())
}

fn show(cx: &mut Cx<'_>, args: &mut Args<'_>, operation: Operation) -> Outcome {
    let keys: Vec<Key<'_>> = (0..args.remaining()).map(|_| args.key()).collect::<Result<_, _>>()?;

    look_up(cx, &keys)?;
    let sets: Vec<Option<&Set>> = keys.iter().map(|&key| cx.db.get(key)).collect();
    cx.cost(operation.cost(&sets))?;

    let members = cx.reply.defer();
    let mut shown = 0;
    let reply = &mut cx.reply;
    operation.run(&sets, |member| {
        reply_member(reply, member);
        shown += 1;
    });

    cx.reply.end_set(members, shown);
    DONE
}

fn store(cx: &mut Cx<'_>, args: &mut Args<'_>, operation: Operation, event: Event) -> Outcome {
    let destination = args.key()?;
    let keys: Vec<Key<'_>> = (0..args.remaining()).map(|_| args.key()).collect::<Result<_, _>>()?;

    look_up(cx, &keys)?;
    let sets: Vec<Option<&Set>> = keys.iter().map(|&key| cx.db.get(key)).collect();
    cx.cost(operation.cost(&sets))?;

    let (limits, mut result) = (limits(cx), Set::new());
    operation.run(&sets, |member| {
        result.insert(member.text(&mut itoa::Buffer::new()), &limits);
    });
    let len = result.len();
    if len > 0 {
        cx.db.put(destination, result);
        cx.db.changed(destination, event);
    } else if cx.db.remove(destination) {
        cx.db.changed(destination, events::DEL);
    }

    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn sintercard(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let count = args.integer().ok().filter(|&count| count > 0).ok_or(error::NUMKEYS_NOT_POSITIVE)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > args.remaining() {
        return Err(error::NUMKEYS_TOO_GREAT);
    }
    let keys: Vec<Key<'_>> = (0..count).map(|_| args.key()).collect::<Result<_, _>>()?;
    let mut limit = 0;
    while args.more() {
        if !args.eat_with_value("LIMIT") {
            return Err(error::SYNTAX);
        }
        limit = args.integer().ok().and_then(|limit| usize::try_from(limit).ok()).ok_or(error::LIMIT_NEGATIVE)?;
    }

    look_up(cx, &keys)?;
    let sets: Vec<Option<&Set>> = keys.iter().map(|&key| cx.db.get(key)).collect();
    cx.cost(Operation::Intersection.cost(&sets))?;
    let mut found = 0;
    algebra::intersection(&sets, |_| {
        found += 1;
        if found == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });

    cx.reply.integer(found as i64);
    DONE
}
