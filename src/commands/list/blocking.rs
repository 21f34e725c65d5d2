//! The forms that wait for an element: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH.

use std::sync::atomic::Ordering::Relaxed;

use super::moving::move_element;
use super::pop::{MultiPop, tell};
use super::{reply_element, side, side_word};
use crate::commands::blocking::{Blocking, deadline};
use crate::commands::prelude::*;
use crate::types::ObjectType;
use crate::types::list::{List, Side};

/// Whether the command runs again for a client that waits.
pub(super) fn is_waiting(cx: &Cx<'_>) -> bool {
    cx.session.client.blocked.load(Relaxed)
}

pub(super) fn blpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    pop(cx, args, Side::Front)
}

pub(super) fn brpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    pop(cx, args, Side::Back)
}

fn pop(cx: &mut Cx<'_>, args: &mut Args<'_>, side: Side) -> Outcome {
    let deadline = deadline(args.argv().get(args.count() - 1), cx.now_ms())?;
    let keys = args.remaining() - 1;

    for _ in 0..keys {
        let key = args.key()?;
        let reply = &mut cx.reply;
        let edited = cx.db.edit(key, |list: &mut List| {
            reply.array(2);
            reply.bulk(key.name);
            list.pop(side, |element| reply_element(reply, element))
        });
        match edited {
            Ok(None) => {}
            Ok(Some(edited)) => {
                tell(cx, key, side, 1, edited.emptied);
                cx.db.journal_as(|effect| {
                    effect.push(if side == Side::Front { b"LPOP" } else { b"RPOP" });
                    effect.push(key.name);
                });
                return DONE;
            }
            // A key that comes to hold something else is none to those who wait already.
            Err(_) if is_waiting(cx) => {}
            Err(error) => return Err(error.into()),
        }
    }
    args.rewind();
    let keys: Vec<Key<'_>> = (0..keys).map(|_| args.key()).collect::<Result<_, _>>()?;
    Blocking::on(keys, ObjectType::List).until(deadline).wait()
}

pub(super) fn blmpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let timeout = args.take()?;
    let request = MultiPop::read(args)?;
    let deadline = deadline(timeout, cx.now_ms())?;

    if request.run(cx, args)? {
        return DONE;
    }
    request.to_keys(args);
    let keys: Vec<Key<'_>> = (0..request.keys).map(|_| args.key()).collect::<Result<_, _>>()?;
    Blocking::on(keys, ObjectType::List).until(deadline).wait()
}

pub(super) fn blmove(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let keys = [args.key()?, args.key()?];
    let (from, to) = (side(args)?, side(args)?);
    let deadline = deadline(args.take()?, cx.now_ms())?;

    if !move_element(cx, keys, from, to)? {
        return Blocking::on([keys[0]], ObjectType::List).until(deadline).or_null_when_nested().wait();
    }
    let words = [b"LMOVE", keys[0].name, keys[1].name, side_word(from), side_word(to)];
    cx.db.journal_as(|effect| words.iter().for_each(|word| effect.push(word)));
    DONE
}

pub(super) fn brpoplpush(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let keys = [args.key()?, args.key()?];
    let deadline = deadline(args.take()?, cx.now_ms())?;

    if !move_element(cx, keys, Side::Back, Side::Front)? {
        return Blocking::on([keys[0]], ObjectType::List).until(deadline).or_null_when_nested().wait();
    }
    cx.db.journal_as(|effect| [b"RPOPLPUSH", keys[0].name, keys[1].name].iter().for_each(|word| effect.push(word)));
    DONE
}
