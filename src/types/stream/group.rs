//! Consumer groups: how far a group has come, which entries its consumers have got and not yet acknowledged.
//!
//! An entry on its way is in the group's map and in its consumer's set, both by id. An index by time of delivery is made
//! when it is first asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::StreamId;
use crate::util::alloc::size_class;

/// Bytes that an element of a B-tree takes: its place in a leaf, of which somewhat more than half are taken.
const fn tree_bytes(element: usize) -> usize {
    element * 11 / 6
}

const PENDING_BYTES: usize = tree_bytes(size_of::<(StreamId, Pending)>()) + tree_bytes(size_of::<StreamId>());
const BY_TIME_BYTES: usize = tree_bytes(size_of::<(u64, StreamId)>());
const CONSUMER_BYTES: usize = tree_bytes(size_of::<(Name, ConsumerId)>()) + size_of::<Option<Consumer>>();

type Name = Arc<[u8]>;

/// A consumer of a group, until it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId(u32);

/// A consumer group.
#[derive(Debug, Clone)]
pub struct Group {
    /// The last id delivered.
    pub last_id: StreamId,
    /// How many entries of the stream came up to `last_id`, all deleted ones counted, where that is known.
    pub entries_read: Option<u64>,
    pending: BTreeMap<StreamId, Pending>,
    by_time: Option<BTreeSet<(u64, StreamId)>>,
    names: BTreeMap<Name, ConsumerId>,
    consumers: Vec<Option<Consumer>>,
    free: Vec<ConsumerId>,
    name_bytes: usize,
}

/// An entry that was delivered and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// When it was last delivered, in milliseconds since 1970.
    pub delivered_at_ms: u64,
    /// How often it was delivered.
    pub deliveries: u64,
    /// To whom.
    pub consumer: ConsumerId,
}

impl Pending {
    /// Milliseconds since the delivery.
    #[must_use]
    pub fn idle_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.delivered_at_ms)
    }
}

/// Who reads on behalf of a group.
#[derive(Debug, Clone)]
pub struct Consumer {
    name: Name,
    /// When it last asked for anything, in milliseconds since 1970.
    pub seen_at_ms: u64,
    /// When it last got anything; `None`: never.
    pub active_at_ms: Option<u64>,
    pending: BTreeSet<StreamId>,
}

impl Consumer {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Number of its pending entries.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Ids of its pending entries in a range, in order.
    pub fn pending(&self, ids: RangeInclusive<StreamId>) -> impl DoubleEndedIterator<Item = StreamId> {
        ordered(ids).into_iter().flat_map(|ids| self.pending.range(ids)).copied()
    }
}

/// The range, unless nothing is in it: B-trees refuse ranges whose end is before their start.
fn ordered(ids: RangeInclusive<StreamId>) -> Option<RangeInclusive<StreamId>> {
    (ids.start() <= ids.end()).then_some(ids)
}

impl Group {
    /// A group that has come to `last_id`.
    #[must_use]
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Group {
        Group {
            last_id,
            entries_read,
            pending: BTreeMap::new(),
            by_time: None,
            names: BTreeMap::new(),
            consumers: Vec::new(),
            free: Vec::new(),
            name_bytes: 0,
        }
    }

    /// Bytes on the heap, roughly.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let by_time = self.by_time.as_ref().map_or(0, |index| index.len() * BY_TIME_BYTES);
        self.pending.len() * PENDING_BYTES + by_time + self.names.len() * CONSUMER_BYTES + self.name_bytes
    }

    /// Number of pending entries.
    #[must_use]
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// The pending entries in a range of ids, in order.
    pub fn pending(&self, ids: RangeInclusive<StreamId>) -> impl DoubleEndedIterator<Item = (StreamId, &Pending)> {
        ordered(ids).into_iter().flat_map(|ids| self.pending.range(ids)).map(|(&id, pending)| (id, pending))
    }

    /// The pending entry of an id.
    #[must_use]
    pub fn pending_entry(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get(&id)
    }

    /// Pending entries delivered at `until_ms` or before, those delivered first in front. The first call, for a group
    /// with many of them, takes as long as sorting them; see [`is_indexed_by_time`](Self::is_indexed_by_time).
    pub fn pending_by_time(&mut self, until_ms: u64) -> impl Iterator<Item = StreamId> {
        let pending = &self.pending;
        let make = || pending.iter().map(|(&id, pending)| (pending.delivered_at_ms, id)).collect();
        self.by_time.get_or_insert_with(make).range(..=(until_ms, StreamId::MAX)).map(|&(_, id)| id)
    }

    /// Whether an entry is yet to be read, or was read and not acknowledged.
    #[must_use]
    pub fn refers_to(&self, id: StreamId) -> bool {
        id > self.last_id || self.pending.contains_key(&id)
    }

    /// Whether the pending entries are in order of time already.
    #[must_use]
    pub fn is_indexed_by_time(&self) -> bool {
        self.by_time.is_some()
    }

    /// Makes an entry pending, or moves it to another consumer.
    pub fn set_pending(&mut self, id: StreamId, pending: Pending) {
        let old = self.pending.insert(id, pending);
        if let Some(by_time) = &mut self.by_time {
            if let Some(old) = old {
                by_time.remove(&(old.delivered_at_ms, id));
            }
            by_time.insert((pending.delivered_at_ms, id));
        }
        match old {
            Some(old) if old.consumer == pending.consumer => return,
            Some(old) => drop(self.consumer_mut(old.consumer).pending.remove(&id)),
            None => {}
        }
        self.consumer_mut(pending.consumer).pending.insert(id);
    }

    /// Ends the waiting for an entry: acknowledges it. `None` when it was not pending.
    pub fn remove_pending(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        if let Some(by_time) = &mut self.by_time {
            by_time.remove(&(pending.delivered_at_ms, id));
        }
        self.consumer_mut(pending.consumer).pending.remove(&id);
        Some(pending)
    }

    /// Number of consumers.
    #[must_use]
    pub fn consumers_len(&self) -> usize {
        self.names.len()
    }

    /// The consumers in order of their names.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.names.values().map(|&id| self.consumer(id))
    }

    /// The consumer of that name.
    #[must_use]
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.names.get(name).copied()
    }

    /// A consumer that was not removed.
    ///
    /// # Panics
    /// When it was.
    #[must_use]
    pub fn consumer(&self, ConsumerId(at): ConsumerId) -> &Consumer {
        self.consumers[at as usize].as_ref().expect("ids of removed consumers are not kept")
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// When it was removed.
    pub fn consumer_mut(&mut self, ConsumerId(at): ConsumerId) -> &mut Consumer {
        self.consumers[at as usize].as_mut().expect("ids of removed consumers are not kept")
    }

    /// Adds a consumer, seen at `now_ms`. `None` when there is one of that name.
    pub fn add_consumer(&mut self, name: &[u8], now_ms: u64) -> Option<ConsumerId> {
        if self.names.contains_key(name) {
            return None;
        }
        let name: Name = name.into();
        let consumer =
            Consumer { name: name.clone(), seen_at_ms: now_ms, active_at_ms: None, pending: BTreeSet::new() };
        let id = self.free.pop().unwrap_or(ConsumerId(self.consumers.len() as u32));
        match self.consumers.get_mut(id.0 as usize) {
            Some(place) => *place = Some(consumer),
            None => self.consumers.push(Some(consumer)),
        }
        self.name_bytes += name_bytes(&name);
        self.names.insert(name, id);
        Some(id)
    }

    /// Removes a consumer and its pending entries; answers how many there were. `None` when there is none of that name.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let id = self.names.remove(name)?;
        let consumer = self.consumers[id.0 as usize].take().expect("a named consumer is there");
        self.free.push(id);
        self.name_bytes -= name_bytes(name);
        for id in &consumer.pending {
            let pending = self.pending.remove(id).expect("what a consumer has pending, its group has");
            if let Some(by_time) = &mut self.by_time {
                by_time.remove(&(pending.delivered_at_ms, *id));
            }
        }
        Some(consumer.pending.len())
    }
}

/// Bytes of a name on the heap, behind two counters.
fn name_bytes(name: &[u8]) -> usize {
    size_class(2 * size_of::<usize>() + name.len())
}
