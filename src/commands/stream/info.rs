//! Looking into a stream: XINFO.

use crate::commands::help::help;
use crate::commands::prelude::*;
use crate::resp::Reply;
use crate::types::stream::{Consumer, Group, Stream, StreamId};

use super::range::reply_entries;
use super::{reply_entry, reply_id};

/// The rows of XINFO.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CONSUMERS",
        arity: 4,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO.or(ACCESS))],
        run: Run::Keys(xinfo_consumers),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "5.0.0",
            summary: "Describes the consumers of a group.",
            complexity: "O(N), N consumers",
            args: &[Arg::key("key", 0), Arg::string("groupname")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GROUPS",
        arity: 3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO.or(ACCESS))],
        run: Run::Keys(xinfo_groups),
        doc: Doc {
            since: "5.0.0",
            summary: "Tells of each consumer group how far it has come.",
            complexity: "O(N), N groups",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "5.0.0", summary: "Lists the subcommands of XINFO.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "STREAM",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(2, RO.or(ACCESS))],
        run: Run::Keys(xinfo_stream),
        doc: Doc {
            since: "5.0.0",
            summary: "Describes a stream, in full if wanted.",
            complexity: "O(1), O(N) with FULL",
            args: &[
                Arg::key("key", 0),
                Arg::block("full", &[Arg::integer("count").token("COUNT").optional()]).token("FULL").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// Entries, and pending entries of each group and consumer, that XINFO STREAM FULL shows unless told otherwise.
const FULL_COUNT: usize = 10;

pub(super) fn xinfo_stream(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let options = args.remaining();
    let (budget, reply) = (cx.budget(), &mut cx.reply);
    let stream = cx.db.read::<Stream>(key)?.ok_or(error::NO_SUCH_KEY)?;
    budget.cost(stream.node_count())?;
    if options == 0 {
        reply_stream(reply, stream, 10);
        reply_summary(reply, stream);
        return DONE;
    }
    let is_full = matches!(options, 1 | 3) && args.eat("FULL") && (options == 1 || args.eat("COUNT"));
    if !is_full {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    let count = match args.more().then(|| args.integer()).transpose()? {
        Some(0) => usize::MAX,
        Some(count) => usize::try_from(count).unwrap_or(FULL_COUNT),
        None => FULL_COUNT,
    };
    budget.cost(count.min(stream.len()) + stream.groups().map(|(_, group)| shown(group, count)).sum::<usize>())?;
    reply_stream(reply, stream, 9);
    reply_full(reply, stream, count);
    DONE
}

/// How many lines XINFO STREAM FULL has for a group.
fn shown(group: &Group, count: usize) -> usize {
    group.consumers_len() + 2 * group.pending_len().min(count.saturating_mul(group.consumers_len() + 1))
}

/// What both forms begin with: 7 of `fields`.
fn reply_stream(reply: &mut Reply<'_>, stream: &Stream, fields: usize) {
    let counters = stream.counters();
    reply.map(fields);
    reply.bulk("length");
    reply.integer(counters.len as i64);
    reply.bulk("radix-tree-keys");
    reply.integer(stream.node_count() as i64);
    reply.bulk("radix-tree-nodes");
    reply.integer(radix_tree_nodes(stream.node_ids()) as i64);
    reply.bulk("last-generated-id");
    reply_id(reply, counters.last_id);
    reply.bulk("max-deleted-entry-id");
    reply_id(reply, counters.max_deleted_id);
    reply.bulk("entries-added");
    reply.integer(counters.entries_added.cast_signed());
    reply.bulk("recorded-first-entry-id");
    reply_id(reply, counters.first_id);
}

fn reply_summary(reply: &mut Reply<'_>, stream: &Stream) {
    reply.bulk("groups");
    reply.integer(stream.groups_len() as i64);
    let first = stream.range(StreamId::MIN..=StreamId::MAX).next();
    for (name, entry) in [("first-entry", first), ("last-entry", stream.last())] {
        reply.bulk(name);
        match entry {
            Some(entry) => reply_entry(reply, &entry),
            None => reply.null(),
        }
    }
}

fn reply_full(reply: &mut Reply<'_>, stream: &Stream, count: usize) {
    reply.bulk("entries");
    reply_entries(reply, stream.range(StreamId::MIN..=StreamId::MAX).take(count));
    reply.bulk("groups");
    reply.array(stream.groups_len());
    for (name, group) in stream.groups() {
        reply.map(7);
        reply.bulk("name");
        reply.bulk(name);
        reply.bulk("last-delivered-id");
        reply_id(reply, group.last_id);
        reply_progress(reply, stream, group);
        reply.bulk("pel-count");
        reply.integer(group.pending_len() as i64);
        reply.bulk("pending");
        reply.array(group.pending_len().min(count));
        for (id, pending) in group.pending(StreamId::MIN..=StreamId::MAX).take(count) {
            reply.array(4);
            reply_id(reply, id);
            reply.bulk(group.consumer(pending.consumer).name());
            reply.integer(pending.delivered_at_ms.cast_signed());
            reply.integer(pending.deliveries.cast_signed());
        }
        reply.bulk("consumers");
        reply.array(group.consumers_len());
        group.consumers().for_each(|consumer| reply_consumer(reply, group, consumer, count));
    }
}

fn reply_consumer(reply: &mut Reply<'_>, group: &Group, consumer: &Consumer, count: usize) {
    reply.map(5);
    reply.bulk("name");
    reply.bulk(consumer.name());
    reply.bulk("seen-time");
    reply.integer(consumer.seen_at_ms.cast_signed());
    reply.bulk("active-time");
    reply.integer(consumer.active_at_ms.map_or(-1, u64::cast_signed));
    reply.bulk("pel-count");
    reply.integer(consumer.pending_len() as i64);
    reply.bulk("pending");
    reply.array(consumer.pending_len().min(count));
    for id in consumer.pending(StreamId::MIN..=StreamId::MAX).take(count) {
        let pending = group.pending_entry(id).expect("what a consumer has pending, its group has");
        reply.array(3);
        reply_id(reply, id);
        reply.integer(pending.delivered_at_ms.cast_signed());
        reply.integer(pending.deliveries.cast_signed());
    }
}

/// How far a group has come, and how far it has to go.
fn reply_progress(reply: &mut Reply<'_>, stream: &Stream, group: &Group) {
    let read = group.entries_read.map(u64::cast_signed);
    for (name, number) in [("entries-read", read), ("lag", stream.counters().lag(group))] {
        reply.bulk(name);
        match number {
            Some(number) => reply.integer(number),
            None => reply.null(),
        }
    }
}

pub(super) fn xinfo_groups(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let (budget, reply) = (cx.budget(), &mut cx.reply);
    let stream = cx.db.read::<Stream>(key)?.ok_or(error::NO_SUCH_KEY)?;
    budget.cost(stream.groups_len())?;
    reply.array(stream.groups_len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk("name");
        reply.bulk(name);
        reply.bulk("consumers");
        reply.integer(group.consumers_len() as i64);
        reply.bulk("pending");
        reply.integer(group.pending_len() as i64);
        reply.bulk("last-delivered-id");
        reply_id(reply, group.last_id);
        reply_progress(reply, stream, group);
    }
    DONE
}

pub(super) fn xinfo_consumers(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let name = args.take()?;

    let (now_ms, budget, reply) = (cx.now_ms(), cx.budget(), &mut cx.reply);
    let stream = cx.db.read::<Stream>(key)?.ok_or(error::NO_SUCH_KEY)?;
    let group = stream.group(name).ok_or_else(|| Error::no_group(key.name, name))?;
    budget.cost(group.consumers_len())?;
    reply.array(group.consumers_len());
    for consumer in group.consumers() {
        reply.map(4);
        reply.bulk("name");
        reply.bulk(consumer.name());
        reply.bulk("pending");
        reply.integer(consumer.pending_len() as i64);
        reply.bulk("idle");
        reply.integer(now_ms.saturating_sub(consumer.seen_at_ms) as i64);
        reply.bulk("inactive");
        reply.integer(consumer.active_at_ms.map_or(-1, |at_ms| now_ms.saturating_sub(at_ms) as i64));
    }
    DONE
}

/// Nodes of the radix tree in which Redis would keep these ids, its root included.
///
/// A leaf for each id, a node at each depth where ids part, and one for each stretch of at least a byte, between those,
/// on which nothing parts.
fn radix_tree_nodes(ids: impl Iterator<Item = StreamId>) -> usize {
    let mut nodes = 0;
    // Depths at which ids part on the way to the last id.
    let mut path: Vec<usize> = Vec::new();
    let mut last: Option<StreamId> = None;
    // A stretch from below the node at depth `from` down to depth `to`.
    let stretch = |from: Option<usize>, to: usize| usize::from(to > from.map_or(0, |depth| depth + 1));
    let close = |path: &mut Vec<usize>, down_to: Option<usize>| {
        // Closes what lies below depth `down_to`, from the leaf up.
        let (mut closed, mut below) = (1, ID_BYTES);
        while let Some(&depth) = path.last().filter(|&&depth| down_to.is_none_or(|limit| depth > limit)) {
            path.pop();
            closed += stretch(Some(depth), below) + 1;
            below = depth;
        }
        (closed, below)
    };
    for id in ids {
        if let Some(last) = last {
            let depth = common_bytes(last, id);
            let (closed, below) = close(&mut path, Some(depth));
            nodes += closed + stretch(Some(depth), below);
            if path.last() != Some(&depth) {
                path.push(depth);
            }
        }
        last = Some(id);
    }
    if last.is_none() {
        return 1;
    }
    let (closed, below) = close(&mut path, None);
    nodes + closed + stretch(None, below)
}

/// Bytes of an id as a key of that tree.
const ID_BYTES: usize = 16;

/// Leading bytes that two ids have in common.
fn common_bytes(a: StreamId, b: StreamId) -> usize {
    let bits = if a.ms == b.ms { 64 + (a.seq ^ b.seq).leading_zeros() } else { (a.ms ^ b.ms).leading_zeros() };
    bits as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_the_radix_tree_are_those_of_redis() {
        let nodes = |ids: &[(u64, u64)]| radix_tree_nodes(ids.iter().map(|&(ms, seq)| StreamId::new(ms, seq)));
        assert_eq!([nodes(&[]), nodes(&[(1, 1)]), nodes(&[(1, 1), (1, 2)])], [1, 2, 4]);
        assert_eq!(nodes(&[(1, 1), (1, 2), (1, 300)]), 7);
        assert_eq!(nodes(&[(1, 0), (256, 0), (65_536, 0), (65_537, 5), (65_537, 6)]), 15);
        assert_eq!(nodes(&[(5, 5), (5, 6), (9_999_999, 1), (9_999_999, 2), (9_999_999, 65_536)]), 14);
    }
}
