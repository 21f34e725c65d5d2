//! HRANDFIELD.

use ahash::AHashSet;

use super::reply_element;
use crate::commands::prelude::*;
use crate::resp::{Protocol, Reply};
use crate::types::hash::{FieldRef, Hash};
use crate::util::number;
use crate::util::rng::Rng;

/// Distinct fields are drawn one by one when the hash has so many times more of them; else a walk picks them.
const DRAW_RATIO: usize = 4;

/// Due fields that a call takes out before it draws; what is left of them it passes over.
const EXPIRE_MAX: usize = 64;

pub(super) fn hrandfield(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let Some(count) = args.more().then(|| args.take()).transpose()? else { return one(cx, key) };
    let count = read_count(count)?;
    let with_values = args.eat("WITHVALUES");
    args.end()?;
    if with_values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(error::OUT_OF_RANGE);
    }

    cx.db.expire_fields(key, EXPIRE_MAX);
    let (now_ms, budget) = (cx.now_ms(), cx.budget());
    let Some(hash) = cx.db.read::<Hash>(key)? else {
        cx.reply.array(0);
        return DONE;
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let live = hash.live_len(now_ms);
    let mut shower = Shower { reply: &mut cx.reply, with_values };
    if live == 0 || wanted == 0 {
        shower.begin(0);
    } else if count < 0 {
        budget.cost(wanted)?;
        shower.begin(wanted);
        draw(hash, live, now_ms, wanted, |field| shower.show(field));
    } else if wanted >= live {
        budget.cost(hash.len())?;
        shower.begin(live);
        hash.iter().filter(|field| field.is_live(now_ms)).for_each(|field| shower.show(field));
    } else if wanted * DRAW_RATIO < live && live == hash.len() {
        budget.cost(wanted)?;
        shower.begin(wanted);
        draw_distinct(hash, wanted, |field| shower.show(field));
    } else {
        budget.cost(hash.len())?;
        shower.begin(wanted);
        pick(hash, live, now_ms, wanted, |field| shower.show(field));
    }
    DONE
}

/// A count of at least -2^63 + 1, so that it has an opposite.
fn read_count(text: &[u8]) -> Result<i64, Error> {
    let count = number::parse_i64(text).ok_or(error::NOT_INTEGER)?;
    if count == i64::MIN { Err(error::OUT_OF_COUNT) } else { Ok(count) }
}

fn one(cx: &mut Cx<'_>, key: Key<'_>) -> Outcome {
    cx.db.expire_fields(key, EXPIRE_MAX);
    let now_ms = cx.now_ms();
    let hash = cx.db.read::<Hash>(key)?;
    match hash.map(|hash| (hash, hash.live_len(now_ms))) {
        None | Some((_, 0)) => cx.reply.null(),
        Some((hash, live)) => draw(hash, live, now_ms, 1, |field| reply_element(&mut cx.reply, field.name)),
    }
    DONE
}

/// Draws `count` fields, each from all `live` ones.
fn draw(hash: &Hash, live: usize, now_ms: u64, count: usize, mut show: impl FnMut(FieldRef<'_>)) {
    let mut rng = Rng::from_entropy();
    if hash.has_random_access() && live == hash.len() {
        (0..count).filter_map(|_| hash.random(&mut rng)).for_each(show);
        return;
    }
    // Where a draw would walk, one walk serves them all.
    let fields: Vec<FieldRef<'_>> = hash.iter().filter(|field| field.is_live(now_ms)).collect();
    (0..count).for_each(|_| show(fields[rng.index(fields.len())]));
}

/// Draws `count` distinct fields of a hash with many more.
fn draw_distinct(hash: &Hash, count: usize, mut show: impl FnMut(FieldRef<'_>)) {
    let mut rng = Rng::from_entropy();
    let mut drawn = AHashSet::with_capacity(count);
    while drawn.len() < count {
        let field = hash.random(&mut rng).expect("a hash with fields has a random one");
        if drawn.insert(field.name) {
            show(field);
        }
    }
}

/// Picks `count` of the `live` fields on one walk, every choice of them being equally likely.
fn pick(hash: &Hash, live: usize, now_ms: u64, count: usize, mut show: impl FnMut(FieldRef<'_>)) {
    let mut rng = Rng::from_entropy();
    let (mut wanted, mut left) = (count, live);
    for field in hash.iter().filter(|field| field.is_live(now_ms)) {
        if rng.index(left) < wanted {
            show(field);
            wanted -= 1;
        }
        left -= 1;
        if wanted == 0 {
            break;
        }
    }
}

/// Writes fields, with their values if asked: in pairs in RESP3, flat in RESP2.
struct Shower<'r, 'o> {
    reply: &'r mut Reply<'o>,
    with_values: bool,
}

impl Shower<'_, '_> {
    fn begin(&mut self, fields: usize) {
        let flat = self.with_values && self.reply.protocol() == Protocol::Resp2;
        self.reply.array(if flat { 2 * fields } else { fields });
    }

    fn show(&mut self, field: FieldRef<'_>) {
        if self.with_values && self.reply.protocol() == Protocol::Resp3 {
            self.reply.array(2);
        }
        reply_element(self.reply, field.name);
        if self.with_values {
            reply_element(self.reply, field.value);
        }
    }
}
