//! What is on its way: XPENDING.

use std::ops::RangeInclusive;

use crate::commands::context::LONG_WORK;
use crate::commands::prelude::*;
use crate::resp::Reply;
use crate::types::stream::{Group, Stream, StreamId};

use super::parse::{range_start, range_stop};
use super::reply_id;

/// What XPENDING lists.
struct Listing<'a> {
    min_idle_ms: i64,
    ids: RangeInclusive<StreamId>,
    count: usize,
    consumer: Option<&'a [u8]>,
}

pub(super) fn xpending(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let group_name = args.take()?;
    let listing = if args.more() { Some(Listing::read(args)?) } else { None };

    let (now_ms, budget, reply) = (cx.now_ms(), cx.budget(), &mut cx.reply);
    let group = cx.db.read::<Stream>(key)?.and_then(|stream| stream.group(group_name));
    let group = group.ok_or_else(|| Error::no_key_or_group(key.name, group_name))?;
    match listing {
        None => {
            budget.cost(group.consumers_len())?;
            sum_up(reply, group);
        }
        Some(listing) => {
            budget
                .cost(group.pending_len().min(listing.count.max(LONG_WORK * usize::from(listing.min_idle_ms > 0))))?;
            list(reply, group, &listing, now_ms);
        }
    }
    DONE
}

impl<'a> Listing<'a> {
    /// Reads `[IDLE min-idle-time] start end count [consumer]`.
    fn read(args: &mut Args<'a>) -> Result<Listing<'a>, Error> {
        if !(3..=6).contains(&args.remaining()) {
            return Err(error::SYNTAX);
        }
        let mut min_idle_ms = 0;
        if args.eat("IDLE") {
            min_idle_ms = args.integer()?;
            if args.remaining() < 3 {
                return Err(error::SYNTAX);
            }
        }
        let (start, stop) = (args.take()?, args.take()?);
        let count = usize::try_from(args.integer()?).unwrap_or(0);
        let ids = range_start(start)?..=range_stop(stop)?;
        Ok(Listing { min_idle_ms, ids, count, consumer: args.take().ok() })
    }
}

/// Number, lowest and greatest id, and how many each consumer has.
fn sum_up(reply: &mut Reply<'_>, group: &Group) {
    reply.array(4);
    reply.integer(group.pending_len() as i64);
    let mut ids = group.pending(StreamId::MIN..=StreamId::MAX).map(|(id, _)| id);
    let Some(first) = ids.next() else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    reply_id(reply, first);
    reply_id(reply, ids.next_back().unwrap_or(first));
    let busy = || group.consumers().filter(|consumer| consumer.pending_len() > 0);
    reply.array(busy().count());
    for consumer in busy() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk_integer(consumer.pending_len() as i64);
    }
}

fn list(reply: &mut Reply<'_>, group: &Group, listing: &Listing<'_>, now_ms: u64) {
    let array = reply.defer();
    let mut count = 0;
    // Answers whether to go on.
    let mut one = |id: StreamId| {
        let Some(pending) = group.pending_entry(id).filter(|_| count < listing.count) else { return false };
        let idle_ms = now_ms.wrapping_sub(pending.delivered_at_ms).cast_signed();
        if listing.min_idle_ms == 0 || idle_ms >= listing.min_idle_ms {
            count += 1;
            reply.array(4);
            reply_id(reply, id);
            reply.bulk(group.consumer(pending.consumer).name());
            reply.integer(idle_ms.max(0));
            reply.integer(pending.deliveries.cast_signed());
        }
        true
    };
    match listing.consumer {
        None => {
            group.pending(listing.ids.clone()).all(|(id, _)| one(id));
        }
        Some(name) => {
            if let Some(consumer) = group.find_consumer(name) {
                group.consumer(consumer).pending(listing.ids.clone()).all(one);
            }
        }
    }
    reply.end_array(array, count);
}
