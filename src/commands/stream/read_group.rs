//! Reading on behalf of a consumer: XREADGROUP.

use smallvec::SmallVec;

use crate::commands::blocking::Blocking;
use crate::commands::context::LONG_WORK;
use crate::commands::prelude::*;
use crate::resp::Reply;
use crate::types::ObjectType;
use crate::types::stream::{ConsumerId, Entry, Pending, Reading, Stream, StreamId};

use super::effect::GroupEffects;
use super::parse;
use super::read::{Options, Streams, is_waiting};
use super::{reply_entry, reply_entry_with, reply_id};

/// What is read of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// `>`: what the group has not got yet, and with CLAIM what others have got long ago.
    New,
    /// What the consumer has pending behind this id.
    History(StreamId),
}

pub(super) fn xreadgroup(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let options = Options::read(cx, args, true)?;
    let keys = options.take_keys(args)?;
    let (group, consumer) = options.group.expect("XREADGROUP is read only with a group");
    let mut wanted = SmallVec::<[Wanted; 2]>::new();
    for (at, &key) in keys.iter().enumerate() {
        check_group(cx, key, group)?;
        wanted.push(match args.argv().get(options.id_position(at)) {
            b">" => Wanted::New,
            b"$" => return Err(error::XREADGROUP_LAST),
            text => match parse::id(text, 0)? {
                StreamId::MAX => Wanted::New,
                id => Wanted::History(id),
            },
        });
    }
    let mut cost = 0;
    for (&key, &wanted) in keys.iter().zip(&wanted) {
        cost += cx.db.get::<Stream>(key).map_or(0, |stream| cost_of(stream, group, consumer, wanted, &options));
    }
    cx.cost(cost)?;

    let mut streams = Streams::default();
    cx.db.journal_nothing();
    for (&key, &wanted) in keys.iter().zip(&wanted) {
        let reader = Reader { key, group, consumer, wanted, options: &options, now_ms: cx.now_ms() };
        reader.read(cx, &mut streams)?;
    }
    if streams.end(&mut cx.reply) {
        return DONE;
    }
    options.nothing(cx, || Blocking::on(keys.iter().copied(), ObjectType::Stream).also_when_gone())
}

/// A key and group must be there; who waits for them is told otherwise that they have gone.
fn check_group(cx: &mut Cx<'_>, key: Key<'_>, group: &[u8]) -> Result<(), Error> {
    let waits = is_waiting(cx);
    match cx.db.read::<Stream>(key) {
        Ok(Some(stream)) if stream.group(group).is_some() => Ok(()),
        Ok(Some(_)) if waits => Err(error::GROUP_GONE),
        Ok(None) | Err(_) if waits => Err(error::STREAM_GONE),
        Err(wrong_type) => Err(wrong_type.into()),
        Ok(_) => Err(Error::no_key_or_group_to_read(key.name, group)),
    }
}

/// Entries that may be looked at.
fn cost_of(stream: &Stream, group: &[u8], consumer: &[u8], wanted: Wanted, options: &Options<'_>) -> usize {
    let Some(group) = stream.group(group) else { return 0 };
    let count = options.count.unwrap_or(usize::MAX);
    match wanted {
        Wanted::New => {
            let unread =
                group.last_id.next().map_or(0, |first| stream.count_up_to(first..=StreamId::MAX, LONG_WORK + 1));
            let claims = if options.claim_idle_ms.is_some() { group.pending_len() } else { 0 };
            let sorting = if group.is_indexed_by_time() { 0 } else { claims };
            count.min(unread + claims).max(sorting)
        }
        Wanted::History(_) => {
            let own = group.find_consumer(consumer).map_or(0, |id| group.consumer(id).pending_len());
            count.min(own)
        }
    }
}

/// Reads one stream.
struct Reader<'a> {
    key: Key<'a>,
    group: &'a [u8],
    consumer: &'a [u8],
    wanted: Wanted,
    options: &'a Options<'a>,
    now_ms: u64,
}

/// What a [`Reader`] has done.
struct Read {
    is_new_consumer: bool,
    effects: GroupEffects,
}

impl Reader<'_> {
    fn read(&self, cx: &mut Cx<'_>, streams: &mut Streams) -> Result<(), Error> {
        let (effects, reply) = (GroupEffects::new(cx), &mut cx.reply);
        let edited = cx.db.edit(self.key, |stream: &mut Stream| {
            let mut reading = stream.reading(self.group)?;
            match self.wanted {
                Wanted::New => self.read_new(&mut reading, reply, streams, effects),
                Wanted::History(after) => Some(self.read_history(&mut reading, reply, streams, effects, after)),
            }
        })?;
        let Some(Read { is_new_consumer, effects }) = edited.and_then(|edited| edited.value) else { return Ok(()) };
        if is_new_consumer {
            cx.db.changed_beside(self.key, events::XGROUP_CREATECONSUMER);
        }
        cx.db.changed_unseen(self.key);
        effects.record(cx, self.key, self.group, self.consumer);
        Ok(())
    }

    /// The consumer, made when there is none.
    fn consumer(&self, reading: &mut Reading<'_>, effects: &mut GroupEffects, is_told: bool) -> (ConsumerId, bool) {
        let group = &mut *reading.group;
        let found = group.find_consumer(self.consumer);
        let id = found.or_else(|| group.add_consumer(self.consumer, self.now_ms)).expect("there was none of that name");
        if found.is_none() && is_told {
            effects.created = Some(id);
        }
        group.consumer_mut(id).seen_at_ms = self.now_ms;
        (id, found.is_none())
    }

    fn read_history(
        &self,
        reading: &mut Reading<'_>,
        reply: &mut Reply<'_>,
        streams: &mut Streams,
        mut effects: GroupEffects,
        after: StreamId,
    ) -> Read {
        streams.next(reply, self.key.name);
        // Nothing that is recorded makes the consumer.
        let (consumer, is_new_consumer) = self.consumer(reading, &mut effects, true);
        let from = after.next().expect("the greatest id stands for new entries");
        let count = self.options.count.unwrap_or(usize::MAX);
        let ids: Vec<StreamId> = reading.group.consumer(consumer).pending(from..=StreamId::MAX).take(count).collect();
        reply.array(ids.len());
        for id in ids {
            let Some(entry) = reading.get(id) else {
                reply.array(2);
                reply_id(reply, id);
                reply.null_array();
                continue;
            };
            reply_entry(reply, &entry);
            let old = *reading.group.pending_entry(id).expect("what a consumer has pending, its group has");
            let deliveries = old.deliveries.wrapping_add(1);
            reading.group.set_pending(id, Pending { delivered_at_ms: self.now_ms, deliveries, ..old });
        }
        Read { is_new_consumer, effects: effects.close(reading.group) }
    }

    /// `None` when there is nothing new, and nothing to be claimed.
    fn read_new(
        &self,
        reading: &mut Reading<'_>,
        reply: &mut Reply<'_>,
        streams: &mut Streams,
        mut effects: GroupEffects,
    ) -> Option<Read> {
        let count = self.options.count.unwrap_or(usize::MAX);
        let (claims, gone) = self.claims(reading, count);
        let from = reading.group.last_id.next();
        let mut entries = from.map(|from| reading.range(from..=StreamId::MAX)).into_iter().flatten().peekable();
        if claims.is_empty() && entries.peek().is_none() {
            return None;
        }
        streams.next(reply, self.key.name);
        let (consumer, is_new_consumer) = self.consumer(reading, &mut effects, self.options.no_ack);
        let array = reply.defer();
        let mut delivered = claims.len();
        for id in claims {
            self.claim(reading, reply, &mut effects, id, consumer);
        }
        for id in gone {
            if let Some(old) = reading.group.remove_pending(id) {
                effects.claimed(reading.group, id, old);
            }
        }
        let counters = reading.counters();
        for entry in entries.take(count - delivered) {
            reading.group.entries_read = counters.entries_read_at(reading.group, entry.id);
            reading.group.last_id = entry.id;
            effects.has_moved = true;
            self.deliver(reading, reply, &mut effects, &entry, consumer);
            delivered += 1;
        }
        reply.end_array(array, delivered);
        Some(Read { is_new_consumer, effects: effects.close(reading.group) })
    }

    /// Entries that CLAIM takes over, those that wait longest in front; and those met that were deleted meanwhile.
    fn claims(&self, reading: &mut Reading<'_>, count: usize) -> (Vec<StreamId>, Vec<StreamId>) {
        let (mut claims, mut gone) = (Vec::new(), Vec::new());
        let until = self.options.claim_idle_ms.and_then(|idle_ms| self.now_ms.checked_sub(idle_ms));
        let Some(until_ms) = until else { return (claims, gone) };
        let entries = reading.entries();
        for id in reading.group.pending_by_time(until_ms) {
            if claims.len() == count {
                break;
            }
            if entries.get(id).is_some() { claims.push(id) } else { gone.push(id) }
        }
        (claims, gone)
    }

    /// Takes over an entry; it is shown with how long it had waited and how often it had been delivered.
    fn claim(
        &self,
        reading: &mut Reading<'_>,
        reply: &mut Reply<'_>,
        effects: &mut GroupEffects,
        id: StreamId,
        consumer: ConsumerId,
    ) {
        let entry = reading.get(id).expect("entries to be claimed were found");
        let old = *reading.group.pending_entry(id).expect("entries to be claimed are pending");
        reply_entry_with(reply, &entry, old.idle_ms(self.now_ms), old.deliveries);
        let deliveries = old.deliveries.wrapping_add(1);
        self.set_pending(reading, effects, id, Pending { delivered_at_ms: self.now_ms, deliveries, consumer });
    }

    /// Hands out a new entry.
    fn deliver(
        &self,
        reading: &mut Reading<'_>,
        reply: &mut Reply<'_>,
        effects: &mut GroupEffects,
        entry: &Entry<'_>,
        consumer: ConsumerId,
    ) {
        match self.options.claim_idle_ms {
            Some(_) => reply_entry_with(reply, entry, 0, 0),
            None => reply_entry(reply, entry),
        }
        if !self.options.no_ack {
            let pending = Pending { delivered_at_ms: self.now_ms, deliveries: 1, consumer };
            self.set_pending(reading, effects, entry.id, pending);
        }
    }

    fn set_pending(&self, reading: &mut Reading<'_>, effects: &mut GroupEffects, id: StreamId, pending: Pending) {
        reading.group.set_pending(id, pending);
        reading.group.consumer_mut(pending.consumer).active_at_ms = Some(self.now_ms);
        effects.claimed(reading.group, id, pending);
    }
}
