//! Members at random: SPOP, SRANDMEMBER.

use super::{is_set, reply_member};
use crate::commands::prelude::*;
use crate::resp::OwnedArgs;
use crate::types::set::{Member, Set};
use crate::util::rng::Rng;

pub(super) fn spop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    if !args.more() {
        return pop_one(cx, key);
    }
    let count = args.integer().ok().and_then(|count| usize::try_from(count).ok()).ok_or(error::NOT_POSITIVE)?;
    args.end()?;

    let len = if is_set(cx, key)? { cx.db.get::<Set>(key).map_or(0, Set::len) } else { 0 };
    let count = count.min(len);
    cx.cost(count)?;
    cx.reply.set(count);
    if count == 0 {
        return DONE;
    }
    if count == len {
        pop_all(cx, key);
    } else {
        pop_some(cx, key, count)?;
    }
    cx.db.effects.dirty += count as u64 - 1;
    DONE
}

fn pop_all(cx: &mut Cx<'_>, key: Key<'_>) {
    let members = cx.db.get::<Set>(key).into_iter().flat_map(Set::iter);
    members.for_each(|member| reply_member(&mut cx.reply, member));
    cx.db.remove(key);
    cx.db.changed(key, events::SPOP);
    cx.db.changed_too(key, events::DEL);
    cx.db.journal_as(|effect| [b"DEL", key.name].iter().for_each(|word| effect.push(word)));
}

fn pop_some(cx: &mut Cx<'_>, key: Key<'_>, count: usize) -> Result<(), Error> {
    let (mut effect, mut rng) = (effect_of(cx, key), Rng::from_entropy());
    let reply = &mut cx.reply;
    cx.db.edit(key, |set: &mut Set| {
        for _ in 0..count {
            set.pop(&mut rng, |member| {
                reply_member(reply, member);
                record(&mut effect, member);
            });
        }
    })?;
    cx.db.changed(key, events::SPOP);
    tell(cx, effect);
    Ok(())
}

fn pop_one(cx: &mut Cx<'_>, key: Key<'_>) -> Outcome {
    let mut effect = effect_of(cx, key);
    let reply = &mut cx.reply;
    let edited = cx.db.edit(key, |set: &mut Set| {
        set.pop(&mut Rng::from_entropy(), |member| {
            reply_member(reply, member);
            record(&mut effect, member);
        });
    })?;
    let Some(edited) = edited else {
        cx.reply.null();
        return DONE;
    };
    cx.db.changed(key, events::SPOP);
    if edited.emptied {
        cx.db.changed_too(key, events::DEL);
    }
    tell(cx, effect);
    DONE
}

/// The effect to record for members that are popped: SREM of them. None while nothing is recorded.
fn effect_of(cx: &Cx<'_>, key: Key<'_>) -> Option<OwnedArgs> {
    cx.db.keyspace().is_journaling().then(|| {
        let mut effect = OwnedArgs::default();
        effect.push(b"SREM");
        effect.push(key.name);
        effect
    })
}

fn record(effect: &mut Option<OwnedArgs>, member: Member<'_>) {
    if let Some(effect) = effect {
        effect.push(member.text(&mut itoa::Buffer::new()));
    }
}

fn tell(cx: &mut Cx<'_>, effect: Option<OwnedArgs>) {
    if let Some(words) = effect {
        cx.db.journal_as(|effect| *effect = words);
    }
}

pub(super) fn srandmember(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    if !args.more() {
        match cx.db.read::<Set>(key)?.and_then(|set| set.random(&mut Rng::from_entropy())) {
            Some(member) => reply_member(&mut cx.reply, member),
            None => cx.reply.null(),
        }
        return DONE;
    }
    let count = args.integer_in(-i64::MAX..=i64::MAX, error::OUT_OF_COUNT)?;
    args.end()?;

    let budget = cx.budget();
    let Some(set) = cx.db.read::<Set>(key)? else {
        cx.reply.array(0);
        return DONE;
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let mut rng = Rng::from_entropy();
    if count < 0 {
        // Each from all members, so that one may come several times.
        budget.cost(wanted)?;
        cx.reply.array(wanted);
        let members = (0..wanted).filter_map(|_| set.random(&mut rng));
        members.for_each(|member| reply_member(&mut cx.reply, member));
    } else {
        budget.cost(wanted.saturating_mul(3).min(set.len()))?;
        cx.reply.array(wanted.min(set.len()));
        set.sample(wanted, &mut rng, |member| reply_member(&mut cx.reply, member));
    }
    DONE
}
