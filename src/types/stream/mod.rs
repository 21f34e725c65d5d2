//! Streams: entries of fields and values in order of their ids, and the groups of consumers that read them.
//!
//! Entries lie in nodes of up to some hundred (`node.rs`), the nodes in a map by id (`log.rs`); a group knows how far it
//! has come and what is on its way to whom (`group.rs`). Nodes fill as Redis's do, since trimming by whole nodes shows it.
//!
//! Promises: ids only grow; everything is found in logarithmic time; what the counters say of deleted and unread entries
//! is what Redis 7.0 says. Imports `types::packed` and `util`.

mod group;
mod id;
mod log;
mod node;
#[cfg(test)]
mod tests;
mod trim;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use self::log::Log;
use super::packed::Element;
use crate::util::alloc::size_class;

pub use self::group::{Consumer, ConsumerId, Group, Pending};
pub use self::id::{IdText, StreamId};
pub use self::log::{Range, RangeBack, RestoredEntry};
pub use self::node::{Entry, Found, NodeLimits, NodeRef};
pub use self::trim::{References, Trim, TrimTo, Trimmed};

/// Fields of an entry to be added.
pub trait Fields<'f>: ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone {}

impl<'f, T: ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone> Fields<'f> for T {}

/// A stream; 8 bytes big. It stays when it is empty.
#[derive(Debug, Clone, Default)]
pub struct Stream(Box<Body>);

#[derive(Debug, Clone, Default)]
struct Body {
    log: Log,
    last_id: StreamId,
    first_id: StreamId,
    max_deleted_id: StreamId,
    entries_added: u64,
    groups: BTreeMap<Box<[u8]>, Group>,
}

/// The entries of a stream and one of its groups, to be changed.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The group.
    pub group: &'a mut Group,
    body: ReadingBody<'a>,
}

#[derive(Debug, Clone, Copy)]
struct ReadingBody<'a> {
    log: &'a Log,
    counters: Counters,
}

/// The entries of a stream.
#[derive(Debug, Clone, Copy)]
pub struct EntriesView<'a>(&'a Log);

impl<'a> EntriesView<'a> {
    /// The entry of an id.
    #[must_use]
    pub fn get(&self, id: StreamId) -> Option<Entry<'a>> {
        self.0.get(id)
    }
}

/// What a stream knows of the entries that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Number of entries.
    pub len: u64,
    /// The greatest id that it had.
    pub last_id: StreamId,
    /// Id of the first entry; `0-0` without.
    pub first_id: StreamId,
    /// The greatest id that was deleted, trimming not counted; `0-0` if none.
    pub max_deleted_id: StreamId,
    /// Number of entries that were ever added.
    pub entries_added: u64,
}

impl Counters {
    /// Whether an entry behind `after` may have been deleted.
    #[must_use]
    pub fn may_have_gaps_after(&self, after: StreamId) -> bool {
        self.len > 0
            && self.max_deleted_id != StreamId::MIN
            && self.first_id <= self.max_deleted_id
            && after <= self.max_deleted_id
    }

    /// How many entries were added up to `id`, where that can be told.
    #[must_use]
    pub fn entries_up_to(&self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if self.len == 0 && id <= self.last_id || id == self.last_id {
            return Some(self.entries_added);
        }
        let is_whole = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id;
        if id > self.last_id || id > self.first_id || !is_whole {
            return None;
        }
        let before_first = self.entries_added.wrapping_sub(self.len);
        Some(if id == self.first_id { before_first.wrapping_add(1) } else { before_first })
    }

    /// How many entries a group has yet to read, where that can be told.
    #[must_use]
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let read = match group.entries_read {
            Some(read) if !self.may_have_gaps_after(group.last_id) => read,
            _ => self.entries_up_to(group.last_id)?,
        };
        Some(self.entries_added.wrapping_sub(read).cast_signed())
    }

    /// The group's counter of entries after `id` has been delivered to it.
    #[must_use]
    pub fn entries_read_at(&self, group: &Group, id: StreamId) -> Option<u64> {
        match group.entries_read {
            Some(read) if !self.may_have_gaps_after(id) => Some(read.wrapping_add(1)),
            _ if self.entries_added > 0 => self.entries_up_to(id),
            unknown => unknown,
        }
    }
}

impl Stream {
    /// An empty stream.
    #[must_use]
    pub fn new() -> Stream {
        Stream::default()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.log.len() as usize
    }

    /// True without entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `stream`.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// Bytes on the heap, roughly.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let group = |(name, group): (&[u8], &Group)| {
            size_of::<(Box<[u8]>, Group)>() * 11 / 6 + size_class(name.len()) + group.memory_bytes()
        };
        size_class(size_of::<Body>()) + self.0.log.memory_bytes() + self.groups().map(group).sum::<usize>()
    }

    /// What it knows of its entries.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.counters()
    }

    /// The greatest id that it had.
    #[must_use]
    pub fn last_id(&self) -> StreamId {
        self.0.last_id
    }

    /// Sets the last id and what is known of entries that are gone (XSETID, or as a snapshot has it).
    pub fn set_counters(&mut self, last_id: StreamId, entries_added: u64, max_deleted_id: StreamId) {
        self.0.last_id = last_id;
        self.0.entries_added = entries_added;
        self.0.max_deleted_id = max_deleted_id;
    }

    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.0.log.node_count()
    }

    /// First ids of the nodes, in order.
    pub fn node_ids(&self) -> impl Iterator<Item = StreamId> {
        self.0.log.node_ids()
    }

    /// The nodes in order, for a snapshot.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.0.log.nodes()
    }

    /// Adds an entry. `id` must be greater than [`last_id`](Self::last_id).
    ///
    /// # Panics
    /// When it is not.
    #[inline]
    pub fn add<'f>(&mut self, id: StreamId, fields: impl Fields<'f>, limits: NodeLimits) {
        let body = &mut *self.0;
        assert!(id > body.last_id, "ids only grow");
        body.log.push(id, fields, limits);
        body.entries_added += 1;
        body.last_id = id;
        if body.log.len() == 1 {
            body.first_id = id;
        }
    }

    /// Adds a node behind all others, as a snapshot has it; the counters are set afterwards
    /// ([`set_counters`](Self::set_counters)). False when its ids do not grow from `key` on, or do not follow those that
    /// are there; the stream is of no use then.
    pub fn restore_node(&mut self, key: StreamId, names: &[Element<'_>], entries: &[RestoredEntry<'_>]) -> bool {
        let body = &mut *self.0;
        if !body.log.restore_node(key, names, entries) {
            return false;
        }
        if body.first_id == StreamId::MIN {
            body.find_first();
        }
        true
    }

    /// The entry of an id.
    #[must_use]
    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.0.log.get(id)
    }

    /// The entries of a range of ids, in order.
    #[must_use]
    pub fn range(&self, ids: RangeInclusive<StreamId>) -> Range<'_> {
        self.0.log.range(ids)
    }

    /// The same backwards.
    #[must_use]
    pub fn range_back(&self, ids: RangeInclusive<StreamId>) -> RangeBack<'_> {
        self.0.log.range_back(ids)
    }

    /// How many entries there are in a range, but not much more than `enough`: takes time by their nodes.
    #[must_use]
    pub fn count_up_to(&self, ids: RangeInclusive<StreamId>, enough: usize) -> usize {
        self.0.log.count_up_to(&ids, enough)
    }

    /// Id of the last entry.
    #[must_use]
    pub fn last_entry_id(&self) -> Option<StreamId> {
        self.0.log.last_id()
    }

    /// Whether any group waits for an entry to be acknowledged.
    #[must_use]
    pub fn is_pending(&self, id: StreamId) -> bool {
        self.0.groups.values().any(|group| group.pending_entry(id).is_some())
    }

    /// The last entry.
    #[must_use]
    pub fn last(&self) -> Option<Entry<'_>> {
        self.range_back(StreamId::MIN..=StreamId::MAX).next()
    }

    /// Deletes an entry; groups that wait for it do so further. False when there is none.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let body = &mut *self.0;
        if !body.log.delete(id) {
            return false;
        }
        body.max_deleted_id = body.max_deleted_id.max(id);
        if id == body.first_id || body.log.len() == 0 {
            body.find_first();
        }
        true
    }

    /// Number of groups.
    #[must_use]
    pub fn groups_len(&self) -> usize {
        self.0.groups.len()
    }

    /// The groups in order of their names.
    pub fn groups(&self) -> impl Iterator<Item = (&[u8], &Group)> {
        self.0.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// The group of that name.
    #[must_use]
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.0.groups.get(name)
    }

    /// The same, to be changed.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.0.groups.get_mut(name)
    }

    /// A group to be changed beside the entries.
    pub fn reading(&mut self, name: &[u8]) -> Option<Reading<'_>> {
        let counters = self.0.counters();
        let Body { log, groups, .. } = &mut *self.0;
        groups.get_mut(name).map(|group| Reading { group, body: ReadingBody { log, counters } })
    }

    /// Adds a group. False when there is one of that name.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        let is_new = !self.0.groups.contains_key(name);
        if is_new {
            self.0.groups.insert(name.into(), group);
        }
        is_new
    }

    /// Removes a group and hands it over.
    pub fn remove_group(&mut self, name: &[u8]) -> Option<Group> {
        self.0.groups.remove(name)
    }
}

impl Body {
    fn counters(&self) -> Counters {
        Counters {
            len: self.log.len(),
            last_id: self.last_id,
            first_id: self.first_id,
            max_deleted_id: self.max_deleted_id,
            entries_added: self.entries_added,
        }
    }

    fn find_first(&mut self) {
        let first = self.log.range(StreamId::MIN..=StreamId::MAX).next();
        self.first_id = first.map_or(StreamId::MIN, |entry| entry.id);
    }
}

impl<'a> Reading<'a> {
    /// The entry of an id.
    #[must_use]
    pub fn get(&self, id: StreamId) -> Option<Entry<'a>> {
        self.body.log.get(id)
    }

    /// The entries of a range of ids, in order.
    #[must_use]
    pub fn range(&self, ids: RangeInclusive<StreamId>) -> Range<'a> {
        self.body.log.range(ids)
    }

    /// What the stream knows of its entries.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.body.counters
    }

    /// The entries, to be looked at while the group changes.
    #[must_use]
    pub fn entries(&self) -> EntriesView<'a> {
        EntriesView(self.body.log)
    }
}
