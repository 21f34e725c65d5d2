//! The entries of a stream: nodes in order of their first ids.
//!
//! An entry is found by walking down the map of nodes and then along one node.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::ops::{Bound, RangeInclusive};

use smallvec::SmallVec;

use super::StreamId;
use super::node::{Entries, Entry, Found, Node, NodeLimits, NodeRef, before_first};
use crate::types::packed::{Element, Position};

/// Bytes of the map for each node: its place in a leaf, of which somewhat more than half are taken.
const NODE_OVERHEAD: usize = (size_of::<StreamId>() + size_of::<Node>()) * 11 / 6;

/// See the file's header.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    nodes: BTreeMap<StreamId, Node>,
    len: u64,
    /// Id of the last entry in the last node, deleted or not.
    tail: StreamId,
    /// Bytes of all nodes.
    node_bytes: usize,
}

impl Log {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes' keys.
    pub(super) fn node_ids(&self) -> impl Iterator<Item = StreamId> {
        self.nodes.keys().copied()
    }

    /// The nodes in order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.nodes.iter().map(|(&key, node)| NodeRef::new(key, node))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.node_bytes + self.nodes.len() * NODE_OVERHEAD
    }

    /// Adds an entry; `id` is greater than that of any other.
    pub(super) fn push<'f>(
        &mut self,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: NodeLimits,
    ) {
        let bytes = fields.clone().map(|(name, value)| name.len() + value.len()).sum();
        if let Some(mut last) = self.nodes.last_entry()
            && !last.get().is_full_for(bytes, limits)
        {
            let key = *last.key();
            let node = last.get_mut();
            self.node_bytes -= node.memory_bytes();
            node.push(key, self.tail, id, fields);
            self.node_bytes += node.memory_bytes();
        } else {
            let mut node = Node::new(fields.clone().map(|(name, _)| name));
            node.push(id, before_first(id), id, fields);
            self.node_bytes += node.memory_bytes();
            self.nodes.insert(id, node);
        }
        self.tail = id;
        self.len += 1;
    }

    /// Adds a node behind all others. False when its ids do not grow from `key` on, or do not follow those that are there.
    pub(super) fn restore_node(&mut self, key: StreamId, names: &[Element<'_>], entries: &[RestoredEntry<'_>]) -> bool {
        let follows = self.nodes.is_empty() || key > self.tail;
        let ids = || entries.iter().map(|entry| entry.id);
        let grows = ids().next().is_some_and(|id| id >= key) && ids().zip(ids().skip(1)).all(|(id, next)| id < next);
        if !follows || !grows {
            return false;
        }
        let mut node = Node::new(texts(names).iter().map(|name| &name[..]));
        let mut last = before_first(key);
        for entry in entries {
            let pairs = entry.pairs();
            node.push(key, last, entry.id, pairs.iter().map(|(name, value)| (&name[..], &value[..])));
            last = entry.id;
        }
        let deleted: Vec<_> = node.entries(key).zip(entries).filter(|(_, entry)| entry.is_deleted).collect();
        let deleted: Vec<_> = deleted.into_iter().map(|(found, _)| found.at).collect();
        // From the last to the first: a longer head moves what is behind it.
        deleted.into_iter().rev().for_each(|at| node.delete(at));
        self.len += node.live() as u64;
        self.tail = last;
        self.node_bytes += node.memory_bytes();
        self.nodes.insert(key, node);
        true
    }

    pub(super) fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.range(id..=id).next()
    }

    /// Deletes an entry. False when there is none.
    pub(super) fn delete(&mut self, id: StreamId) -> bool {
        let Some((&key, node)) = self.nodes.range(..=id).next_back() else { return false };
        let found = node.entries(key).find(|found| found.entry.id >= id);
        let at = found.filter(|found| found.entry.id == id && !found.is_deleted).map(|found| found.at);
        at.inspect(|&at| self.delete_at(key, &[at])).is_some()
    }

    /// The entries from the first id to the last, both included.
    pub(super) fn range(&self, ids: RangeInclusive<StreamId>) -> Range<'_> {
        Range { nodes: self.nodes_of(&ids), entries: None, ids }
    }

    /// The same from the last to the first.
    pub(super) fn range_back(&self, ids: RangeInclusive<StreamId>) -> RangeBack<'_> {
        RangeBack { nodes: self.nodes_of(&ids), found: Vec::new(), ids }
    }

    /// Entries in the nodes of a range, until there are `enough`.
    pub(super) fn count_up_to(&self, ids: &RangeInclusive<StreamId>, enough: usize) -> usize {
        let mut count = 0;
        for (_, node) in self.nodes_of(ids) {
            count += node.live();
            if count >= enough {
                break;
            }
        }
        count
    }

    /// Id of the last entry that is not deleted.
    pub(super) fn last_id(&self) -> Option<StreamId> {
        let (&key, node) = self.nodes.last_key_value()?;
        node.entries(key).filter(|found| !found.is_deleted).map(|found| found.entry.id).last()
    }

    fn nodes_of(&self, ids: &RangeInclusive<StreamId>) -> btree_map::Range<'_, StreamId, Node> {
        if ids.is_empty() {
            return btree_map::Range::default();
        }
        let first = self.nodes.range(..=ids.start()).next_back().map_or(*ids.start(), |(&key, _)| key);
        self.nodes.range(first..=*ids.end())
    }

    /// The key of the first node.
    pub(super) fn first_node(&self) -> Option<StreamId> {
        self.nodes.first_key_value().map(|(&key, _)| key)
    }

    /// Whether every entry of the node `key`, deleted ones too, has an id below `id`.
    pub(super) fn node_is_below(&self, key: StreamId, id: StreamId) -> bool {
        if key >= id {
            return false;
        }
        // The next node's first id tells it without a walk.
        let after = (Bound::Excluded(key), Bound::Unbounded);
        if self.nodes.range(after).next().is_some_and(|(&next, _)| next <= id) {
            return true;
        }
        let node = &self.nodes[&key];
        node.entries(key).last().is_some_and(|found| found.entry.id < id)
    }

    /// Entries of the node `key` that are not deleted.
    pub(super) fn node_entries(&self, key: StreamId) -> impl Iterator<Item = Found<'_>> {
        self.nodes[&key].entries(key).filter(|found| !found.is_deleted)
    }

    /// Deletes the entries of the node `key` that [`node_entries`](Self::node_entries) found there.
    pub(super) fn delete_at(&mut self, key: StreamId, found: &[Position]) {
        if found.len() as u64 == self.node_len(key) {
            return self.cut_node(key);
        }
        let node = self.nodes.get_mut(&key).expect("the caller names a node");
        found.iter().for_each(|&at| node.delete(at));
        self.len -= found.len() as u64;
    }

    /// The key of the node behind `key`.
    pub(super) fn node_after(&self, key: StreamId) -> Option<StreamId> {
        let after = (Bound::Excluded(key), Bound::Unbounded);
        self.nodes.range(after).next().map(|(&key, _)| key)
    }

    /// Number of entries of the node `key` that are not deleted.
    pub(super) fn node_len(&self, key: StreamId) -> u64 {
        self.nodes[&key].live() as u64
    }

    /// Removes a node with all its entries.
    pub(super) fn cut_node(&mut self, key: StreamId) {
        self.len -= self.node_len(key);
        self.remove_node(key);
    }

    fn remove_node(&mut self, key: StreamId) {
        let Some(node) = self.nodes.remove(&key) else { return };
        self.node_bytes -= node.memory_bytes();
        // The node before the last one may be filled up now: where it ends has to be known.
        if key <= self.tail
            && let Some((&last_key, last)) = self.nodes.last_key_value()
            && last_key < key
        {
            self.tail = last.entries(last_key).last().map_or(last_key, |found| found.entry.id);
        }
    }
}

type ElementText = SmallVec<[u8; 24]>;

/// The texts of elements.
fn texts(elements: &[Element<'_>]) -> Vec<ElementText> {
    elements.iter().map(text).collect()
}

fn text(element: &Element<'_>) -> ElementText {
    SmallVec::from_slice(element.text(&mut itoa::Buffer::new()))
}

/// An entry of a node that is restored.
#[derive(Debug, Clone, Copy)]
pub struct RestoredEntry<'a> {
    /// Its id.
    pub id: StreamId,
    /// Its field names, where they are those of its node.
    pub names: Option<&'a [Element<'a>]>,
    /// Its values; names and values in turn where the names are its own.
    pub values: &'a [Element<'a>],
    /// Whether it is deleted.
    pub is_deleted: bool,
}

impl RestoredEntry<'_> {
    fn pairs(&self) -> Vec<(ElementText, ElementText)> {
        match self.names {
            Some(names) => texts(names).into_iter().zip(texts(self.values)).collect(),
            None => self.values.chunks_exact(2).map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        }
    }
}

/// Entries in order; made by [`Log::range`].
#[derive(Debug, Clone)]
pub struct Range<'a> {
    nodes: btree_map::Range<'a, StreamId, Node>,
    entries: Option<Entries<'a>>,
    ids: RangeInclusive<StreamId>,
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let Some(entries) = &mut self.entries else {
                let (&key, node) = self.nodes.next()?;
                self.entries = Some(node.entries(key));
                continue;
            };
            match entries.find(|found| !found.is_deleted && found.entry.id >= *self.ids.start()) {
                Some(found) if found.entry.id > *self.ids.end() => {
                    self.nodes = btree_map::Range::default();
                    self.entries = None;
                }
                Some(found) => return Some(found.entry),
                None => self.entries = None,
            }
        }
    }
}

/// Entries from the last to the first; made by [`Log::range_back`].
#[derive(Debug, Clone)]
pub struct RangeBack<'a> {
    nodes: btree_map::Range<'a, StreamId, Node>,
    /// Entries of one node, which can only be walked forwards.
    found: Vec<Entry<'a>>,
    ids: RangeInclusive<StreamId>,
}

impl<'a> Iterator for RangeBack<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        while self.found.is_empty() {
            let (&key, node) = self.nodes.next_back()?;
            let entries = node.entries(key).take_while(|found| found.entry.id <= *self.ids.end());
            let wanted = entries.filter(|found| !found.is_deleted && found.entry.id >= *self.ids.start());
            self.found.extend(wanted.map(|found| found.entry));
        }
        self.found.pop()
    }
}
