//! A node: up to some hundred neighbouring entries in one allocation.
//!
//! ```text
//! count name...                      field names of the node's first entry, which others mostly have too
//! head [ms-distance seq] values      an entry with those fields
//! head [ms-distance seq] count (name value)...    an entry with others
//! ```
//!
//! All of it are elements of a [`Packed`] sequence. A head tells the id by its distance from the entry before (the
//! node's key stands for the one before the first), which for usual ids takes a single byte:
//!
//! ```text
//! bit 0 deleted, bit 1 fields are the node's, bit 2 another millisecond than before, with sequence number 0;
//! above: how many sequence numbers, or milliseconds, lie between
//! negative: bits 0 and 1 of the complement as above; the distance in milliseconds and the sequence number follow
//! ```
//!
//! A deleted entry is only marked. When a node is full, and so what trimming by whole nodes removes, is as in Redis:
//! a node knows how many bytes a listpack would take for it.

use super::StreamId;
use crate::types::packed::{Element, Iter, Packed, Position};
use crate::util::number::parse_i64;

const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;
const NEW_MS: i64 = 4;
const FLAG_BITS: u32 = 3;

/// Greatest distance that fits a head beside the flags.
const DISTANCE_MAX: u64 = (1 << 59) - 1;

/// Bytes of a listpack beside its elements.
const LISTPACK_FRAME: usize = 7;

/// When a node is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeLimits {
    /// `stream-node-max-bytes`: bytes that Redis's listpack may take; 0 for no limit.
    pub bytes: usize,
    /// `stream-node-max-entries`: entries, deleted ones too; 0 for no limit.
    pub entries: usize,
}

impl NodeLimits {
    /// Bytes that no node exceeds, and no single entry either.
    pub const BYTES_MAX: usize = 1 << 30;
}

/// See the file's header.
#[derive(Debug, Clone)]
pub(super) struct Node {
    data: Packed,
    live: u32,
    deleted: u32,
    /// Bytes of a listpack's elements, the two counters at its start left out.
    listpack_bytes: u32,
}

impl Node {
    /// A node for entries of these field names; its key is the id of the first, which is yet to be pushed.
    pub(super) fn new<'f>(names: impl Iterator<Item = &'f [u8]> + Clone) -> Node {
        let count = names.clone().count();
        let mut data = Packed::new();
        data.push(count as i64);
        let mut listpack_bytes = listpack_int_len(count as i64) + listpack_int_len(0);
        for name in names {
            data.push(name);
            listpack_bytes += listpack_len(name);
        }
        Node { data, live: 0, deleted: 0, listpack_bytes: listpack_bytes as u32 }
    }

    /// Number of entries that are not deleted.
    pub(super) fn live(&self) -> usize {
        self.live as usize
    }

    /// Whether an entry whose names and values take `bytes` belongs into the next node.
    pub(super) fn is_full_for(&self, bytes: usize, limits: NodeLimits) -> bool {
        let counters = listpack_int_len(self.live.into()) + listpack_int_len(self.deleted.into());
        let listpack = LISTPACK_FRAME + counters + self.listpack_bytes as usize;
        let max_bytes = if limits.bytes == 0 { NodeLimits::BYTES_MAX } else { limits.bytes.min(NodeLimits::BYTES_MAX) };
        listpack + bytes >= max_bytes || limits.entries > 0 && (self.live + self.deleted) as usize >= limits.entries
    }

    /// Adds an entry behind all others. `key` is the node's, `last` the id of its last entry (deleted or not; of none:
    /// that before the key).
    pub(super) fn push<'f>(
        &mut self,
        key: StreamId,
        last: StreamId,
        id: StreamId,
        fields: impl ExactSizeIterator<Item = (&'f [u8], &'f [u8])> + Clone,
    ) {
        let count = fields.len();
        let same = self.has_fields(fields.clone().map(|(name, _)| name), count);
        self.push_head(last, id, if same { SAME_FIELDS } else { 0 });
        let mut elements = 3 + count;
        let mut bytes = listpack_int_len(0)
            + listpack_int_len(id.ms.wrapping_sub(key.ms).cast_signed())
            + listpack_int_len(id.seq.wrapping_sub(key.seq).cast_signed());
        if !same {
            self.data.push(count as i64);
            elements += 1 + count;
            bytes += listpack_int_len(count as i64);
        }
        for (name, value) in fields {
            if !same {
                self.data.push(name);
                bytes += listpack_len(name);
            }
            self.data.push(value);
            bytes += listpack_len(value);
        }
        self.live += 1;
        self.listpack_bytes += (bytes + listpack_int_len(elements as i64)) as u32;
    }

    fn push_head(&mut self, last: StreamId, id: StreamId, flags: i64) {
        let (new_ms, distance) = if id.ms == last.ms {
            (0, id.seq.wrapping_sub(last.seq).wrapping_sub(1))
        } else if id.seq == 0 {
            (NEW_MS, id.ms - last.ms - 1)
        } else {
            (0, u64::MAX)
        };
        if distance <= DISTANCE_MAX {
            return self.data.push((distance as i64) << FLAG_BITS | new_ms | flags);
        }
        self.data.push(!flags);
        self.data.push(id.ms.wrapping_sub(last.ms).cast_signed());
        self.data.push(id.seq.cast_signed());
    }

    fn has_fields<'f>(&self, mut names: impl Iterator<Item = &'f [u8]>, count: usize) -> bool {
        let mut elements = self.data.iter();
        let own = read_count(&mut elements);
        own == count && elements.take(own).all(|own| names.next().is_some_and(|name| own.eq_bytes(name)))
    }

    /// Marks the entry at `at` as deleted.
    pub(super) fn delete(&mut self, at: Position) {
        let Element::Int(head) = self.data.at(at) else { unreachable!("an entry begins with its head") };
        let deleted = if head < 0 { !(!head | DELETED) } else { head | DELETED };
        self.data.replace_at(at, deleted);
        self.live -= 1;
        self.deleted += 1;
    }

    /// The entries from the first on, deleted ones too.
    pub(super) fn entries(&self, key: StreamId) -> Entries<'_> {
        let mut elements = self.data.iter();
        let names_count = read_count(&mut elements);
        let names = elements.position();
        let at = self.data.after(names, names_count);
        Entries { data: &self.data, at, names, names_count, last: before_first(key) }
    }

    /// Bytes on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        self.data.memory_bytes()
    }
}

/// A node as a snapshot keeps it.
#[derive(Debug, Clone, Copy)]
pub struct NodeRef<'a> {
    key: StreamId,
    node: &'a Node,
}

impl<'a> NodeRef<'a> {
    pub(super) fn new(key: StreamId, node: &'a Node) -> Self {
        NodeRef { key, node }
    }

    /// Its key: the id of its first entry.
    #[must_use]
    pub fn key(&self) -> StreamId {
        self.key
    }

    /// Number of entries that are not deleted.
    #[must_use]
    pub fn live(&self) -> usize {
        self.node.live()
    }

    /// Number of entries that are.
    #[must_use]
    pub fn deleted(&self) -> usize {
        self.node.deleted as usize
    }

    /// Field names of its first entry.
    pub fn names(&self) -> impl ExactSizeIterator<Item = Element<'a>> {
        let mut elements = self.node.data.iter();
        let count = read_count(&mut elements);
        (0..count).map(move |_| elements.next().expect("a node has as many names as it says"))
    }

    /// Its entries in order, deleted ones too.
    pub fn entries(&self) -> impl Iterator<Item = Found<'a>> + use<'a> {
        self.node.entries(self.key)
    }
}

/// What stands for the entry before a node's first one.
pub(super) fn before_first(key: StreamId) -> StreamId {
    StreamId::new(key.ms, key.seq.wrapping_sub(1))
}

fn read_count(elements: &mut Iter<'_>) -> usize {
    read_int(elements) as usize
}

fn read_int(elements: &mut Iter<'_>) -> i64 {
    match elements.next() {
        Some(Element::Int(n)) => n,
        _ => unreachable!("heads and counts are integers"),
    }
}

/// Walks over the entries of a node.
#[derive(Debug, Clone)]
pub(super) struct Entries<'a> {
    data: &'a Packed,
    at: Position,
    names: Position,
    names_count: usize,
    last: StreamId,
}

/// An entry, deleted or not, and where in its node it lies.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The entry.
    pub entry: Entry<'a>,
    pub(super) at: Position,
    /// Whether it is deleted.
    pub is_deleted: bool,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Found<'a>;

    #[inline]
    fn next(&mut self) -> Option<Found<'a>> {
        let at = self.at;
        let mut elements = self.data.iter_from(at);
        let Some(Element::Int(head)) = elements.next() else { return None };
        let flags = if head < 0 { !head } else { head };
        let id = if head < 0 {
            let ms = self.last.ms.wrapping_add(read_int(&mut elements).cast_unsigned());
            StreamId::new(ms, read_int(&mut elements).cast_unsigned())
        } else {
            let distance = (head >> FLAG_BITS) as u64;
            match head & NEW_MS {
                0 => StreamId::new(self.last.ms, self.last.seq.wrapping_add(1).wrapping_add(distance)),
                _ => StreamId::new(self.last.ms + 1 + distance, 0),
            }
        };
        let same = flags & SAME_FIELDS != 0;
        let count = if same { self.names_count } else { read_count(&mut elements) };
        let values = elements.position();
        self.at = self.data.after(values, if same { count } else { 2 * count });
        self.last = id;
        let entry = Entry { id, data: self.data, names: same.then_some(self.names), values, count };
        Some(Found { entry, at, is_deleted: flags & DELETED != 0 })
    }
}

/// An entry of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its id.
    pub id: StreamId,
    data: &'a Packed,
    /// Where the names are, when not among the values.
    names: Option<Position>,
    values: Position,
    count: usize,
}

impl<'a> Entry<'a> {
    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// True without fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether its field names are those of its node.
    #[must_use]
    pub fn has_node_fields(&self) -> bool {
        self.names.is_some()
    }

    /// Name and value of each field, in the order in which they were given.
    pub fn fields(&self) -> impl Iterator<Item = (Element<'a>, Element<'a>)> + use<'a> {
        let mut names = self.names.map(|names| self.data.iter_from(names));
        let mut values = self.data.iter_from(self.values);
        (0..self.count).map_while(move |_| {
            let name = match &mut names {
                Some(names) => names.next(),
                None => values.next(),
            };
            Some((name?, values.next()?))
        })
    }
}

/// Bytes that a listpack takes for an integer.
fn listpack_int_len(n: i64) -> usize {
    match n {
        0..128 => 2,
        -4096..4096 => 3,
        -0x8000..0x8000 => 4,
        -0x80_0000..0x80_0000 => 5,
        -0x8000_0000..0x8000_0000 => 6,
        _ => 10,
    }
}

/// Bytes that a listpack takes for a string.
fn listpack_len(text: &[u8]) -> usize {
    if let Some(n) = parse_i64(text) {
        return listpack_int_len(n);
    }
    let body = match text.len() {
        len @ 0..64 => len + 1,
        len @ 64..4096 => len + 2,
        len => len + 5,
    };
    // The length once more, for the way back.
    body + match body {
        0..128 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}
