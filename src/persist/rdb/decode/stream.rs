//! Streams, in the three forms of Redis 5, 7.0 and 7.2.

use std::collections::BTreeMap;

use super::super::format::{kind, stream_flag};
use super::blob;
use super::cursor::{Cursor, Result};
use crate::types::packed::Element;
use crate::types::stream::{Group, Pending, RestoredEntry, Stream, StreamId};

/// The number that stands for an unknown count of entries that a group has read.
const UNKNOWN: u64 = u64::MAX;

/// Reads a stream.
pub(super) fn read_stream(cursor: &mut Cursor<'_>, kind: u8) -> Result<Stream> {
    let mut stream = Stream::new();
    for _ in 0..cursor.len()? {
        let key = cursor.blob()?;
        let key = cursor.inside(raw_id(&key), "the key of a stream's node that is no id")?;
        let blob = cursor.blob()?;
        let elements = cursor.inside(blob::listpack(&blob), "a listpack that is none")?;
        let added = read_node(&elements, key).filter(|(names, entries)| stream.restore_node(key, names, entries));
        cursor.inside(added, "a stream's node that is none")?;
    }
    let len = cursor.len()?;
    if len != stream.len() as u64 {
        return cursor.corrupt("a stream with another number of entries than it says");
    }
    let last_id = read_id(cursor)?;
    if stream.last_entry_id().is_some_and(|id| id > last_id) {
        return cursor.corrupt("a stream with an entry behind its last id");
    }
    let (added, max_deleted_id) = if kind == kind::STREAM {
        (len, StreamId::MIN)
    } else {
        // The first id is known from the entries.
        read_id(cursor)?;
        let max_deleted_id = read_id(cursor)?;
        (cursor.len()?, max_deleted_id)
    };
    stream.set_counters(last_id, added, max_deleted_id);
    for _ in 0..cursor.len()? {
        let name = cursor.blob()?;
        let mut group = read_group(cursor, kind)?;
        if kind == kind::STREAM {
            group.entries_read = stream.counters().entries_up_to(group.last_id);
        }
        if !stream.add_group(&name, group) {
            return cursor.corrupt("a group that comes twice");
        }
    }
    Ok(stream)
}

fn raw_id(bytes: &[u8]) -> Option<StreamId> {
    let (ms, seq) = bytes.split_first_chunk::<8>()?;
    Some(StreamId::new(u64::from_be_bytes(*ms), u64::from_be_bytes(seq.try_into().ok()?)))
}

fn read_raw_id(cursor: &mut Cursor<'_>) -> Result<StreamId> {
    let id = raw_id(cursor.take(16)?);
    cursor.inside(id, "an id that is none")
}

fn read_id(cursor: &mut Cursor<'_>) -> Result<StreamId> {
    Ok(StreamId::new(cursor.len()?, cursor.len()?))
}

type Elements<'a, 'b> = &'a [Element<'b>];

/// The names of a node's fields, and its entries; the form is told where it is written. `None` where it is another.
fn read_node<'a, 'b>(elements: Elements<'a, 'b>, key: StreamId) -> Option<(Elements<'a, 'b>, Vec<RestoredEntry<'a>>)>
where
    'b: 'a,
{
    let mut rest = elements;
    let (live, deleted) = (number(&mut rest)?, number(&mut rest)?);
    let names = many(&mut rest, 1)?;
    if number(&mut rest)? != 0 {
        return None;
    }
    let mut entries = Vec::new();
    let mut deleted_found = 0;
    while !rest.is_empty() {
        let before = rest.len();
        let flags = number(&mut rest)?;
        let ms = key.ms.wrapping_add(number(&mut rest)?.cast_unsigned());
        let seq = key.seq.wrapping_add(number(&mut rest)?.cast_unsigned());
        let (names, values) = if flags & stream_flag::SAME_FIELDS != 0 {
            let values = rest.split_off(..names.len())?;
            (Some(names), values)
        } else {
            (None, many(&mut rest, 2)?)
        };
        let count = before - rest.len();
        if number(&mut rest)? != count as i64 {
            return None;
        }
        let is_deleted = flags & stream_flag::DELETED != 0;
        deleted_found += i64::from(is_deleted);
        entries.push(RestoredEntry { id: StreamId::new(ms, seq), names, values, is_deleted });
    }
    let agrees = deleted == deleted_found && live == entries.len() as i64 - deleted_found;
    (agrees && live > 0).then_some((names, entries))
}

fn number(rest: &mut &[Element<'_>]) -> Option<i64> {
    let first = rest.split_off_first()?;
    match first {
        Element::Int(number) => Some(*number),
        Element::Bytes(_) => None,
    }
}

/// A count, and `each` times as many elements.
fn many<'a, 'b>(rest: &mut Elements<'a, 'b>, each: usize) -> Option<Elements<'a, 'b>> {
    let count = usize::try_from(number(rest)?).ok()?;
    rest.split_off(..count.checked_mul(each)?)
}

fn read_group(cursor: &mut Cursor<'_>, kind: u8) -> Result<Group> {
    let last_id = read_id(cursor)?;
    let read = if kind == kind::STREAM { UNKNOWN } else { cursor.len()? };
    let mut group = Group::new(last_id, (read != UNKNOWN).then_some(read));
    // First all pending entries, then whose they are.
    let mut deliveries = BTreeMap::new();
    for _ in 0..cursor.len()? {
        let id = read_raw_id(cursor)?;
        let delivery = (cursor.u64_le()?, cursor.len()?);
        if deliveries.insert(id, delivery).is_some() {
            return cursor.corrupt("a pending entry that comes twice");
        }
    }
    for _ in 0..cursor.len()? {
        let name = cursor.blob()?;
        let seen_at_ms = cursor.u64_le()?;
        // The earlier forms do not tell; never is written as -1.
        let active_at_ms = if kind == kind::STREAM_3 { cursor.u64_le()? } else { seen_at_ms };
        let Some(consumer) = group.add_consumer(&name, seen_at_ms) else {
            return cursor.corrupt("Duplicate stream consumer detected");
        };
        group.consumer_mut(consumer).active_at_ms = (active_at_ms != u64::MAX).then_some(active_at_ms);
        for _ in 0..cursor.len()? {
            let id = read_raw_id(cursor)?;
            let delivery = deliveries.remove(&id);
            let (delivered_at_ms, deliveries) = cursor.inside(delivery, "a consumer's entry that is not pending")?;
            group.set_pending(id, Pending { delivered_at_ms, deliveries, consumer });
        }
    }
    if !deliveries.is_empty() {
        return cursor.corrupt("a pending entry without a consumer");
    }
    Ok(group)
}
