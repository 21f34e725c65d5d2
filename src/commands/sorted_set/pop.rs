//! Taking members off either end: ZPOPMIN, ZPOPMAX, ZMPOP, and BZPOPMIN, BZPOPMAX, BZMPOP, which wait for one.

use super::{Shower, removed};
use crate::commands::blocking::{self, Blocking};
use crate::commands::prelude::*;
use crate::types::ObjectType;
use crate::types::zset::ZSet;
use crate::util::number;

/// The end that members are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl End {
    fn event(self) -> Event {
        if self == End::Min { events::ZPOPMIN } else { events::ZPOPMAX }
    }

    fn command(self) -> &'static [u8] {
        if self == End::Min { b"ZPOPMIN" } else { b"ZPOPMAX" }
    }
}

/// How popped members are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Member and score in turn.
    Flat,
    /// An array of pairs in RESP3, flat in RESP2.
    Pairs,
    /// The key before member and score.
    Keyed,
    /// The key, then an array of pairs.
    KeyedPairs,
}

pub(super) fn zpopmin(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    zpop(cx, args, End::Min)
}

pub(super) fn zpopmax(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    zpop(cx, args, End::Max)
}

fn zpop(cx: &mut Cx<'_>, args: &mut Args<'_>, end: End) -> Outcome {
    let key = args.key()?;
    if args.remaining() > 1 {
        return Err(error::SYNTAX);
    }
    let count = args.more().then(|| args.take()).transpose()?;
    let count = count.map(|text| positive(text, 0).ok_or(error::NOT_POSITIVE)).transpose()?;

    let form = if count.is_some() { Form::Pairs } else { Form::Flat };
    if !pop(cx, key, end, count.unwrap_or(1), form)? {
        cx.reply.array(0);
    }
    DONE
}

/// A count of at least `least`.
fn positive(text: &[u8], least: i64) -> Option<usize> {
    number::parse_i64(text).filter(|&count| count >= least).and_then(|count| usize::try_from(count).ok())
}

/// Takes up to `count` members and shows them; false, and nothing shown, when there is no such key.
fn pop(cx: &mut Cx<'_>, key: Key<'_>, end: End, count: usize, form: Form) -> Result<bool, Error> {
    let (budget, reply) = (cx.budget(), &mut cx.reply);
    let edited = cx.db.edit(key, |zset: &mut ZSet| {
        let (len, count) = (zset.len(), count.min(zset.len()));
        budget.cost(count)?;
        let ranks = if end == End::Min { 0..count } else { len - count..len };
        match form {
            Form::Keyed => {
                reply.array(3);
                reply.bulk(key.name);
            }
            Form::KeyedPairs => {
                reply.array(2);
                reply.bulk(key.name);
            }
            Form::Flat | Form::Pairs => {}
        }
        let mut shower = match form {
            Form::Flat | Form::Keyed => Shower::flat(reply),
            Form::Pairs => Shower::new(reply, true),
            Form::KeyedPairs => Shower::nested(reply),
        };
        if form != Form::Keyed {
            shower.begin(count);
        }
        zset.visit(ranks.clone(), end == End::Max, |member, score| shower.show(member, score));
        zset.remove_range(ranks);
        Ok::<_, Error>(count)
    })?;
    let Some(edited) = edited else { return Ok(false) };
    removed(cx, key, edited.value?, edited.emptied, end.event());
    Ok(true)
}

pub(super) fn zmpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (keys, end, count) = read_keys(args)?;

    if !pop_first(cx, &keys, end, count)? {
        cx.reply.null_array();
    }
    DONE
}

pub(super) fn bzmpop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let timeout = args.take()?;
    let (keys, end, count) = read_keys(args)?;
    let deadline = blocking::deadline(timeout, cx.now_ms())?;

    if pop_first(cx, &keys, end, count)? {
        return DONE;
    }
    Blocking::on(keys, ObjectType::ZSet).until(deadline).wait()
}

/// Reads `numkeys key [key ...] MIN|MAX [COUNT count]`.
fn read_keys<'a>(args: &mut Args<'a>) -> Result<(Vec<Key<'a>>, End, usize), Error> {
    let numkeys = positive(args.take()?, 1).ok_or(error::NUMKEYS_NOT_POSITIVE)?;
    if args.remaining() <= numkeys {
        return Err(error::SYNTAX);
    }
    let keys = (0..numkeys).map(|_| args.key()).collect::<Result<Vec<_>, _>>()?;
    let end = if args.eat("MIN") {
        End::Min
    } else if args.eat("MAX") {
        End::Max
    } else {
        return Err(error::SYNTAX);
    };
    let mut count = 1;
    if args.eat_with_value("COUNT") {
        count = positive(args.take()?, 1).ok_or(error::COUNT_NOT_POSITIVE)?;
    }
    args.end()?;
    Ok((keys, end, count))
}

/// Pops from the first of the keys that is there.
fn pop_first(cx: &mut Cx<'_>, keys: &[Key<'_>], end: End, count: usize) -> Result<bool, Error> {
    for &key in keys {
        let len = cx.db.get::<ZSet>(key).map_or(0, ZSet::len);
        if pop(cx, key, end, count, Form::KeyedPairs)? {
            let count = number::u64_text(count.min(len) as u64);
            cx.db.journal_as(|effect| [end.command(), key.name, &count].iter().for_each(|word| effect.push(word)));
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn bzpopmin(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    bzpop(cx, args, End::Min)
}

pub(super) fn bzpopmax(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    bzpop(cx, args, End::Max)
}

fn bzpop(cx: &mut Cx<'_>, args: &mut Args<'_>, end: End) -> Outcome {
    let keys = (1..args.remaining()).map(|_| args.key()).collect::<Result<Vec<_>, _>>()?;
    let deadline = blocking::deadline(args.take()?, cx.now_ms())?;

    for &key in &keys {
        if pop(cx, key, end, 1, Form::Keyed)? {
            cx.db.journal_as(|effect| [end.command(), key.name].iter().for_each(|word| effect.push(word)));
            return DONE;
        }
    }
    Blocking::on(keys, ObjectType::ZSet).until(deadline).wait()
}
