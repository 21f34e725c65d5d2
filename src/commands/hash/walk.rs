//! Whole hashes: HGETALL, HKEYS, HVALS, HSCAN. Replies are written straight from the hash.

use super::reply_element;
use crate::commands::prelude::*;
use crate::commands::scan::{self, ScanOptions};
use crate::types::hash::{FieldRef, Hash};

pub(super) fn hgetall(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let (now_ms, budget) = (cx.now_ms(), cx.budget());
    let hash = cx.db.read::<Hash>(key)?;
    let count = count(hash, now_ms, |len| budget.cost(len))?;

    cx.reply.map(count);
    for field in live(hash, now_ms) {
        reply_element(&mut cx.reply, field.name);
        reply_element(&mut cx.reply, field.value);
    }
    DONE
}

pub(super) fn hkeys(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let (now_ms, budget) = (cx.now_ms(), cx.budget());
    let hash = cx.db.read::<Hash>(key)?;
    let count = count(hash, now_ms, |len| budget.cost(len))?;

    cx.reply.array(count);
    live(hash, now_ms).for_each(|field| reply_element(&mut cx.reply, field.name));
    DONE
}

pub(super) fn hvals(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let (now_ms, budget) = (cx.now_ms(), cx.budget());
    let hash = cx.db.read::<Hash>(key)?;
    let count = count(hash, now_ms, |len| budget.cost(len))?;

    cx.reply.array(count);
    live(hash, now_ms).for_each(|field| reply_element(&mut cx.reply, field.value));
    DONE
}

/// Number of fields that a reply is going to show, once `cost` has agreed to look at all of them.
fn count(hash: Option<&Hash>, now_ms: u64, cost: impl FnOnce(usize) -> Result<(), Error>) -> Result<usize, Error> {
    let Some(hash) = hash else { return Ok(0) };
    cost(hash.len())?;
    Ok(hash.live_len(now_ms))
}

/// The fields whose time has not come.
fn live<'h>(hash: Option<&'h Hash>, now_ms: u64) -> impl Iterator<Item = FieldRef<'h>> {
    hash.into_iter().flat_map(Hash::iter).filter(move |field| field.is_live(now_ms))
}

/// HSCAN. A field that is there throughout is shown exactly once; a small hash is shown at once.
pub(super) fn hscan(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let cursor = scan::cursor(args)?;

    let (now_ms, budget) = (cx.now_ms(), cx.budget());
    let list = cx.reply.defer();
    let Some(hash) = cx.db.read::<Hash>(key)? else {
        // Redis does not look at the options then.
        cx.reply.end_page(list, 0, 0);
        return DONE;
    };
    let options = ScanOptions::read_hash(args)?;
    budget.cost(options.count.min(hash.len()))?;

    let mut shown = 0;
    let reply = &mut cx.reply;
    let next = hash.scan(cursor, options.count, |field| {
        if !field.is_live(now_ms) || !options.wants(field.name.text(&mut itoa::Buffer::new())) {
            return;
        }
        reply_element(reply, field.name);
        shown += 1;
        if !options.no_values {
            reply_element(reply, field.value);
            shown += 1;
        }
    });

    cx.reply.end_page(list, next, shown);
    DONE
}
