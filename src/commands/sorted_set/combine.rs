//! Several sorted sets (or sets, whose scores are 1) into one: ZUNION, ZINTER, ZDIFF, their storing forms, ZINTERCARD.

use super::{Shower, limits, store};
use crate::commands::prelude::*;
use crate::keyspace::Value;
use crate::types::Object;
use crate::types::packed::Element;
use crate::types::set::Set;
use crate::types::zset::{Limits, ZSet};
use crate::util::number;

/// How sets are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Inter,
    Diff,
}

/// How the scores of a member are combined.
#[derive(Debug, Clone, Copy, Default)]
enum Aggregate {
    #[default]
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Aggregate::Sum => number_or_zero(one + other),
            Aggregate::Min => {
                if other < one {
                    other
                } else {
                    one
                }
            }
            Aggregate::Max => {
                if other > one {
                    other
                } else {
                    one
                }
            }
        }
    }
}

/// Infinities that cancel out make 0.
fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// One of the sets that are combined.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    members: Members<'a>,
    weight: f64,
}

#[derive(Debug, Clone, Copy)]
enum Members<'a> {
    None,
    ZSet(&'a ZSet),
    Set(&'a Set),
}

impl<'a> Source<'a> {
    fn len(&self) -> usize {
        match self.members {
            Members::None => 0,
            Members::ZSet(zset) => zset.len(),
            Members::Set(set) => set.len(),
        }
    }

    /// The weighted score of a member.
    fn score(&self, member: &[u8]) -> Option<f64> {
        match self.members {
            Members::None => None,
            Members::ZSet(zset) => zset.score(member).map(|score| score * self.weight),
            Members::Set(set) => set.contains(member).then_some(self.weight),
        }
    }

    /// Shows every member with its weighted score.
    fn visit(&self, mut show: impl FnMut(Element<'a>, f64)) {
        match self.members {
            Members::None => {}
            Members::ZSet(zset) => zset.visit_all(|member, score| show(member, number_or_zero(score * self.weight))),
            Members::Set(set) => set.iter().for_each(|member| show(member, self.weight)),
        }
    }
}

/// What a command asks for.
#[derive(Debug)]
struct Query<'a> {
    keys: Vec<Key<'a>>,
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// Members to count at most; 0: all.
    limit: usize,
}

/// What becomes of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Show,
    Store,
    Count,
}

impl<'a> Query<'a> {
    /// Reads keys and options. As in Redis a key of another type is seen before an unfit option.
    fn read(cx: &mut Cx<'_>, args: &mut Args<'a>, operation: Operation, purpose: Purpose) -> Result<Query<'a>, Error> {
        let numkeys = args.integer()?;
        let Some(numkeys) = usize::try_from(numkeys).ok().filter(|&count| count > 0) else {
            return Err(Error::no_input_key(&cx.command.name));
        };
        if numkeys > args.remaining() {
            return Err(error::SYNTAX);
        }
        let keys = (0..numkeys).map(|_| args.key()).collect::<Result<Vec<_>, _>>()?;
        for &key in &keys {
            match cx.db.lookup_read(key).map(|entry| entry.value()) {
                None | Some(Value::Object(Object::ZSet(_) | Object::Set(_))) => {}
                Some(_) => return Err(error::WRONGTYPE),
            }
        }
        let weights = vec![1.0; numkeys];
        let mut query = Query { keys, weights, aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
        let is_weighted = operation != Operation::Diff && purpose != Purpose::Count;
        while args.more() {
            if is_weighted && args.remaining() > numkeys && args.eat("WEIGHTS") {
                for weight in &mut query.weights {
                    *weight = number::parse_f64(args.take()?).ok_or(error::WEIGHT_NOT_FLOAT)?;
                }
            } else if is_weighted && args.eat_with_value("AGGREGATE") {
                query.aggregate = match &*args.word().unwrap_or_default() {
                    b"SUM" => Aggregate::Sum,
                    b"MIN" => Aggregate::Min,
                    b"MAX" => Aggregate::Max,
                    _ => return Err(error::SYNTAX),
                };
            } else if purpose == Purpose::Show && args.eat("WITHSCORES") {
                query.with_scores = true;
            } else if purpose == Purpose::Count && args.eat_with_value("LIMIT") {
                let limit = number::parse_i64(args.take()?).and_then(|limit| usize::try_from(limit).ok());
                query.limit = limit.ok_or(error::LIMIT_NEGATIVE)?;
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(query)
    }

    /// The sets, in the order of the keys.
    fn sources<'s>(&self, cx: &'s Cx<'_>) -> Vec<Source<'s>> {
        let members = |key| match cx.db.get::<ZSet>(key) {
            Some(zset) => Members::ZSet(zset),
            None => cx.db.get::<Set>(key).map_or(Members::None, Members::Set),
        };
        let pairs = self.keys.iter().zip(&self.weights);
        pairs.map(|(&key, &weight)| Source { members: members(key), weight }).collect()
    }

    fn result(&self, cx: &Cx<'_>, operation: Operation) -> Result<ZSet, Error> {
        let limits = limits(cx);
        let mut sources = self.sources(cx);
        cx.cost(sources.iter().map(Source::len).sum())?;
        if operation == Operation::Diff {
            return Ok(difference(&sources, limits));
        }
        // The smallest first: fewest members to look for elsewhere.
        sources.sort_by_key(Source::len);
        Ok(match operation {
            Operation::Union => union(&sources, self.aggregate, limits),
            _ => {
                let mut result = ZSet::new();
                intersection(&sources, self.aggregate, |member, score| {
                    result.insert(member.text(&mut itoa::Buffer::new()), score, limits);
                    true
                });
                result
            }
        })
    }
}

fn union(sources: &[Source<'_>], aggregate: Aggregate, limits: Limits) -> ZSet {
    let mut result = ZSet::new();
    let mut text = itoa::Buffer::new();
    for source in sources {
        source.visit(|member, score| {
            result
                .update(member.text(&mut text), limits, |old| Some(old.map_or(score, |old| aggregate.of(old, score))));
        });
    }
    result
}

/// Shows what all of them have, until `show` answers false.
fn intersection<'a>(sources: &[Source<'a>], aggregate: Aggregate, mut show: impl FnMut(Element<'a>, f64) -> bool) {
    let Some((first, others)) = sources.split_first() else { return };
    let (mut text, mut goes_on) = (itoa::Buffer::new(), true);
    first.visit(|member, score| {
        let text = member.text(&mut text);
        let scores = || others.iter().map(|other| other.score(text));
        if goes_on && scores().all(|found| found.is_some()) {
            goes_on = show(member, scores().flatten().fold(score, |one, other| aggregate.of(one, other)));
        }
    });
}

fn difference(sources: &[Source<'_>], limits: Limits) -> ZSet {
    let mut result = ZSet::new();
    let Some((first, others)) = sources.split_first() else { return result };
    let mut text = itoa::Buffer::new();
    first.visit(|member, score| {
        let text = member.text(&mut text);
        if others.iter().all(|other| other.score(text).is_none()) {
            result.insert(text, score, limits);
        }
    });
    result
}

pub(super) fn zunion(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Operation::Union)
}

pub(super) fn zinter(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Operation::Inter)
}

pub(super) fn zdiff(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    show(cx, args, Operation::Diff)
}

fn show(cx: &mut Cx<'_>, args: &mut Args<'_>, operation: Operation) -> Outcome {
    let query = Query::read(cx, args, operation, Purpose::Show)?;

    let result = query.result(cx, operation)?;

    let mut shower = Shower::new(&mut cx.reply, query.with_scores);
    shower.begin(result.len());
    result.visit_all(|member, score| shower.show(member, score));
    DONE
}

pub(super) fn zunionstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    store_result(cx, args, Operation::Union, events::ZUNIONSTORE)
}

pub(super) fn zinterstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    store_result(cx, args, Operation::Inter, events::ZINTERSTORE)
}

pub(super) fn zdiffstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    store_result(cx, args, Operation::Diff, events::ZDIFFSTORE)
}

fn store_result(cx: &mut Cx<'_>, args: &mut Args<'_>, operation: Operation, event: Event) -> Outcome {
    let destination = args.key()?;
    let query = Query::read(cx, args, operation, Purpose::Store)?;

    let result = query.result(cx, operation)?;

    store(cx, destination, result, event);
    DONE
}

pub(super) fn zintercard(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let query = Query::read(cx, args, Operation::Inter, Purpose::Count)?;

    let mut sources = query.sources(cx);
    sources.sort_by_key(Source::len);
    cx.cost(sources.first().map_or(0, Source::len) * sources.len())?;
    let mut count = 0;
    intersection(&sources, Aggregate::Sum, |_, _| {
        count += 1;
        count != query.limit
    });

    cx.reply.integer(count as i64);
    DONE
}
