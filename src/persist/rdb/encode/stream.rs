//! Streams: their nodes as listpacks, what they know of their entries, groups with consumers.

use super::super::format::stream_flag;
use super::{Encoder, put_len};
use crate::types::stream::{Group, NodeRef, Stream, StreamId};

impl Encoder {
    pub(super) fn stream(&mut self, out: &mut Vec<u8>, stream: &Stream) {
        put_len(out, stream.node_count() as u64);
        for node in stream.nodes() {
            put_len(out, 16);
            put_id_raw(out, node.key());
            self.stream_node(&node);
            self.listpack(out);
        }
        let counters = stream.counters();
        put_len(out, counters.len);
        put_id(out, counters.last_id);
        put_id(out, counters.first_id);
        put_id(out, counters.max_deleted_id);
        put_len(out, counters.entries_added);
        put_len(out, stream.groups_len() as u64);
        for (name, group) in stream.groups() {
            self.text(out, name);
            self.group(out, group);
        }
    }

    /// How many entries there are and were deleted, the fields of the first; then each entry: flags, its distance from the
    /// node's key, its fields unless they are the node's, values, and how many elements all this took.
    fn stream_node(&mut self, node: &NodeRef<'_>) {
        let mut digits = itoa::Buffer::new();
        let pack = &mut self.pack;
        pack.clear();
        pack.int(node.live() as i64);
        pack.int(node.deleted() as i64);
        pack.int(node.names().len() as i64);
        node.names().for_each(|name| pack.text(name.text(&mut digits)));
        pack.int(0);
        for found in node.entries() {
            let start = pack.len();
            let same = found.entry.has_node_fields();
            let deleted = if found.is_deleted { stream_flag::DELETED } else { 0 };
            pack.int(deleted | if same { stream_flag::SAME_FIELDS } else { 0 });
            let (id, key) = (found.entry.id, node.key());
            pack.int(id.ms.wrapping_sub(key.ms).cast_signed());
            pack.int(id.seq.wrapping_sub(key.seq).cast_signed());
            if !same {
                pack.int(found.entry.len() as i64);
            }
            for (name, value) in found.entry.fields() {
                if !same {
                    pack.text(name.text(&mut digits));
                }
                pack.text(value.text(&mut digits));
            }
            pack.int((pack.len() - start) as i64);
        }
    }

    fn group(&mut self, out: &mut Vec<u8>, group: &Group) {
        put_id(out, group.last_id);
        // Unknown is written as -1.
        put_len(out, group.entries_read.unwrap_or(u64::MAX));
        put_len(out, group.pending_len() as u64);
        for (id, pending) in group.pending(StreamId::MIN..=StreamId::MAX) {
            put_id_raw(out, id);
            out.extend(pending.delivered_at_ms.to_le_bytes());
            put_len(out, pending.deliveries);
        }
        put_len(out, group.consumers_len() as u64);
        for consumer in group.consumers() {
            self.text(out, consumer.name());
            out.extend(consumer.seen_at_ms.to_le_bytes());
            put_len(out, consumer.pending_len() as u64);
            consumer.pending(StreamId::MIN..=StreamId::MAX).for_each(|id| put_id_raw(out, id));
        }
    }
}

fn put_id(out: &mut Vec<u8>, id: StreamId) {
    put_len(out, id.ms);
    put_len(out, id.seq);
}

fn put_id_raw(out: &mut Vec<u8>, id: StreamId) {
    out.extend(id.ms.to_be_bytes());
    out.extend(id.seq.to_be_bytes());
}
