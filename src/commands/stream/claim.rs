//! Taking over what others have pending: XCLAIM, XAUTOCLAIM.

use crate::commands::prelude::*;
use crate::types::stream::{ConsumerId, Pending, Reading, Stream, StreamId};

use super::effect::GroupEffects;
use super::{parse, reply_entry, reply_id};

/// Pending entries that XAUTOCLAIM looks at for each that it may claim.
const ATTEMPTS: u64 = 10;

/// Ids that XAUTOCLAIM could not hold in any memory.
const COUNT_MAX: i64 = i64::MAX / 16;
const COUNT_IN_MEMORY: i64 = 1 << 43;

/// Who claims, and how.
struct Claimer<'a> {
    name: &'a [u8],
    id: Option<ConsumerId>,
    is_new: bool,
    now_ms: u64,
    min_idle_ms: i64,
    delivered_at_ms: u64,
    deliveries: Option<u64>,
    just_id: bool,
}

impl Claimer<'_> {
    fn is_idle(&self, pending: &Pending) -> bool {
        self.min_idle_ms == 0 || self.now_ms.wrapping_sub(pending.delivered_at_ms).cast_signed() >= self.min_idle_ms
    }

    /// The consumer, made when there is none.
    fn consumer(&mut self, reading: &mut Reading<'_>) -> ConsumerId {
        let group = &mut *reading.group;
        let id = self.id.or_else(|| group.find_consumer(self.name)).unwrap_or_else(|| {
            self.is_new = true;
            group.add_consumer(self.name, self.now_ms).expect("there was none of that name")
        });
        self.id = Some(id);
        let consumer = group.consumer_mut(id);
        consumer.seen_at_ms = self.now_ms;
        consumer.active_at_ms = Some(self.now_ms);
        id
    }

    /// Takes an entry over, which `old` had or which nobody had.
    fn claim(&mut self, reading: &mut Reading<'_>, id: StreamId, old: Option<Pending>, effects: &mut GroupEffects) {
        let consumer = self.consumer(reading);
        let before = old.map_or(1, |old| old.deliveries);
        let deliveries = self.deliveries.unwrap_or(if self.just_id { before } else { before.wrapping_add(1) });
        let pending = Pending { delivered_at_ms: self.delivered_at_ms, deliveries, consumer };
        reading.group.set_pending(id, pending);
        effects.claimed(reading.group, id, pending);
    }
}

pub(super) fn xclaim(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (group_name, name) = (args.take()?, args.take()?);
    // Key and group come before the faults of all that follows.
    if cx.db.read::<Stream>(key)?.and_then(|stream| stream.group(group_name)).is_none() {
        return Err(Error::no_key_or_group(key.name, group_name));
    }
    let now_ms = cx.now_ms();
    let min_idle_ms = args.integer().map_err(|_| error::XCLAIM_MIN_IDLE)?.max(0);
    let first = args.position();
    while args.peek().is_some_and(|text| parse::id(text, 0).is_ok()) {
        args.skip(1);
    }
    let ids = first..args.position();
    cx.cost(ids.len())?;
    let options = ClaimOptions::read(args, now_ms)?;

    let mut claimer = Claimer {
        name,
        id: None,
        is_new: false,
        now_ms,
        min_idle_ms,
        delivered_at_ms: options.delivered_at_ms,
        deliveries: options.deliveries,
        just_id: options.just_id,
    };
    let (argv, mut effects, reply) = (args.argv(), GroupEffects::new(cx), &mut cx.reply);
    let mut changes = 0;
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        let mut reading = stream.reading(group_name).expect("the group was found");
        if options.last_id > reading.group.last_id {
            reading.group.last_id = options.last_id;
            effects.has_moved = true;
        }
        let array = reply.defer();
        let mut claimed = 0;
        for at in ids {
            let id = parse::id(argv.get(at), 0).expect("it was read before");
            let pending = reading.group.pending_entry(id).copied();
            let Some(entry) = reading.get(id) else {
                // Deleted meanwhile: nobody can claim it any more.
                if let Some(pending) = pending {
                    effects.claimed(reading.group, id, pending);
                    reading.group.remove_pending(id);
                    changes += 1;
                }
                continue;
            };
            if !pending.map_or(options.force, |pending| claimer.is_idle(&pending)) {
                continue;
            }
            claimer.claim(&mut reading, id, pending, &mut effects);
            if options.just_id {
                reply_id(reply, id)
            } else {
                reply_entry(reply, &entry)
            }
            claimed += 1;
        }
        reply.end_array(array, claimed);
        changes += claimed as u64;
        effects.close(reading.group)
    })?;
    let effects = edited.expect("the key was found").value;
    // A last id alone counts as a change; otherwise it comes along with others.
    changes += u64::from(changes == 0 && effects.has_moved);
    tell(cx, key, group_name, &claimer, changes, effects);
    DONE
}

/// Tells of `changes` in a group, a new consumer apart.
fn tell(cx: &mut Cx<'_>, key: Key<'_>, group: &[u8], claimer: &Claimer<'_>, changes: u64, effects: GroupEffects) {
    if claimer.is_new {
        cx.db.changed_beside(key, events::XGROUP_CREATECONSUMER);
    }
    if changes > 0 {
        cx.db.changed_unseen(key);
        cx.db.effects.dirty += changes - 1;
        effects.record(cx, key, group, claimer.name);
    }
}

struct ClaimOptions {
    delivered_at_ms: u64,
    deliveries: Option<u64>,
    force: bool,
    just_id: bool,
    last_id: StreamId,
}

impl ClaimOptions {
    /// Reads what follows the ids of XCLAIM.
    fn read(args: &mut Args<'_>, now_ms: u64) -> Result<ClaimOptions, Error> {
        let (mut delivered_at_ms, mut deliveries) = (None, -1);
        let (mut force, mut just_id, mut last_id) = (false, false, StreamId::MIN);
        while let Some(text) = args.peek() {
            if args.eat("FORCE") {
                force = true;
            } else if args.eat("JUSTID") {
                just_id = true;
            } else if args.eat_with_value("IDLE") {
                let idle_ms = args.integer().map_err(|_| error::XCLAIM_IDLE)?;
                delivered_at_ms = Some(now_ms.cast_signed().wrapping_sub(idle_ms));
            } else if args.eat_with_value("TIME") {
                delivered_at_ms = Some(args.integer().map_err(|_| error::XCLAIM_TIME)?);
            } else if args.eat_with_value("RETRYCOUNT") {
                deliveries = args.integer().map_err(|_| error::XCLAIM_RETRYCOUNT)?;
            } else if args.eat_with_value("LASTID") {
                last_id = parse::id(args.take()?, 0)?;
            } else {
                return Err(Error::unknown_claim_option(text));
            }
        }
        // A time that cannot be is taken for now.
        let delivered_at_ms =
            delivered_at_ms.and_then(|at_ms| u64::try_from(at_ms).ok()).filter(|&at_ms| at_ms <= now_ms);
        Ok(ClaimOptions {
            delivered_at_ms: delivered_at_ms.unwrap_or(now_ms),
            deliveries: u64::try_from(deliveries).ok(),
            force,
            just_id,
            last_id,
        })
    }
}

pub(super) fn xautoclaim(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (group_name, name) = (args.take()?, args.take()?);
    // Redis looks first, and reports what it has found behind the faults of all that follows.
    let stream = cx.db.read::<Stream>(key);
    let pending =
        stream.map(|stream| stream.and_then(|stream| stream.group(group_name)).map(|group| group.pending_len()));
    let min_idle_ms = args.integer().map_err(|_| error::XAUTOCLAIM_MIN_IDLE)?.max(0);
    let start = parse::range_start(args.take()?)?;
    let (mut count, mut just_id) = (100, false);
    while args.more() {
        if args.eat_with_value("COUNT") {
            let given = args.integer().map_err(|_| error::XAUTOCLAIM_COUNT)?;
            count = Some(given).filter(|given| (1..=COUNT_MAX).contains(given)).ok_or(error::XAUTOCLAIM_COUNT)?;
        } else if args.eat("JUSTID") {
            just_id = true;
        } else {
            return Err(error::SYNTAX);
        }
    }
    let pending = pending?.ok_or_else(|| Error::no_key_or_group(key.name, group_name))?;
    if count > COUNT_IN_MEMORY {
        return Err(error::XAUTOCLAIM_MEMORY);
    }
    let count = count.cast_unsigned();
    cx.cost(pending.min(count.saturating_mul(ATTEMPTS) as usize))?;

    let now_ms = cx.now_ms();
    let delivered_at_ms = now_ms;
    let mut claimer =
        Claimer { name, id: None, is_new: false, now_ms, min_idle_ms, delivered_at_ms, deliveries: None, just_id };
    let (mut effects, reply) = (GroupEffects::new(cx), &mut cx.reply);
    let mut changes = 0;
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        let mut reading = stream.reading(group_name).expect("the group was found");
        let found = Found::search(&reading, start, count, &claimer);
        reply.array(3);
        reply_id(reply, found.next.unwrap_or(StreamId::MIN));
        reply.array(found.claimable.len());
        for id in &found.claimable {
            let old = reading.group.pending_entry(*id).copied();
            claimer.claim(&mut reading, *id, old, &mut effects);
            match reading.get(*id).filter(|_| !just_id) {
                Some(entry) => reply_entry(reply, &entry),
                None => reply_id(reply, *id),
            }
        }
        reply.array(found.deleted.len());
        for id in &found.deleted {
            if let Some(old) = reading.group.pending_entry(*id).copied() {
                effects.claimed(reading.group, *id, old);
                reading.group.remove_pending(*id);
            }
            reply_id(reply, *id);
        }
        changes = (found.claimable.len() + found.deleted.len()) as u64;
        effects.close(reading.group)
    })?;
    let effects = edited.expect("the key was found").value;
    tell(cx, key, group_name, &claimer, changes, effects);
    DONE
}

/// What XAUTOCLAIM has met.
#[derive(Default)]
struct Found {
    claimable: Vec<StreamId>,
    /// Pending, but deleted from the stream.
    deleted: Vec<StreamId>,
    /// Where to go on.
    next: Option<StreamId>,
}

impl Found {
    fn search(reading: &Reading<'_>, start: StreamId, count: u64, claimer: &Claimer<'_>) -> Found {
        let mut found = Found::default();
        let mut pending = reading.group.pending(start..=StreamId::MAX);
        let (mut attempts, mut left) = (count.saturating_mul(ATTEMPTS), count);
        while attempts > 0 && left > 0 {
            attempts -= 1;
            let Some((id, pending)) = pending.next() else { return found };
            if reading.get(id).is_none() {
                found.deleted.push(id);
            } else if claimer.is_idle(pending) {
                found.claimable.push(id);
            } else {
                continue;
            }
            left -= 1;
        }
        found.next = pending.next().map(|(id, _)| id);
        found
    }
}
