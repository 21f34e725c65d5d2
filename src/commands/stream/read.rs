//! Reading several streams, waiting if wanted: XREAD. What it shares with XREADGROUP is here too.

use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use crate::commands::blocking::{Blocking, deadline_of_ms};
use crate::commands::context::LONG_WORK;
use crate::commands::keys::{BadArguments, FoundKey};
use crate::commands::prelude::*;
use crate::resp::reply::Deferred;
use crate::resp::{Args as Argv, OwnedArgs, Protocol, Reply};
use crate::types::ObjectType;
use crate::types::stream::{Stream, StreamId};

use super::parse;
use super::range::reply_entries;

/// Entries of each stream that a client gets at most which had to wait and has given no COUNT.
const COUNT_AFTER_WAIT: usize = 1000;

/// What XREAD and XREADGROUP read before the keys.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    /// Entries of each stream at most.
    pub(super) count: Option<usize>,
    /// BLOCK: when the wait ends, if ever.
    block: Option<Option<u64>>,
    /// Group and consumer.
    pub(super) group: Option<(&'a [u8], &'a [u8])>,
    /// NOACK.
    pub(super) no_ack: bool,
    /// CLAIM: milliseconds.
    pub(super) claim_idle_ms: Option<u64>,
    /// Position of the first key.
    first_key: usize,
    /// Number of keys.
    pub(super) keys: usize,
}

impl<'a> Options<'a> {
    /// Reads all up to the keys, to which it goes.
    pub(super) fn read(cx: &Cx<'_>, args: &mut Args<'a>, of_group: bool) -> Result<Options<'a>, Error> {
        let mut options = Options::default();
        while args.more() && options.first_key == 0 {
            if args.eat_with_value("BLOCK") {
                options.block = Some(deadline_of_ms(args.take()?, cx.now_ms())?);
            } else if args.eat_with_value("COUNT") {
                options.count = Some(usize::try_from(args.integer()?).unwrap_or(0)).filter(|&count| count > 0);
            } else if args.eat_with_value("STREAMS") {
                if !args.remaining().is_multiple_of(2) {
                    return Err(error::UNBALANCED_STREAMS);
                }
                (options.first_key, options.keys) = (args.position(), args.remaining() / 2);
            } else if args.remaining() > 2 && args.eat("GROUP") {
                if !of_group {
                    return Err(error::XREAD_WITH_GROUP);
                }
                options.group = Some((args.take()?, args.take()?));
            } else if args.eat("NOACK") {
                if !of_group {
                    return Err(error::XREAD_WITH_NOACK);
                }
                options.no_ack = true;
            } else if of_group && args.eat_with_value("CLAIM") {
                let idle_ms = args.integer().map_err(|_| error::CLAIM_NOT_INTEGER)?;
                options.claim_idle_ms = Some(u64::try_from(idle_ms).map_err(|_| error::CLAIM_NEGATIVE)?);
            } else {
                return Err(error::SYNTAX);
            }
        }
        if options.first_key == 0 {
            return Err(error::SYNTAX);
        }
        if of_group && options.group.is_none() {
            return Err(error::GROUP_MISSING);
        }
        if options.count.is_none() && is_waiting(cx) {
            options.count = Some(COUNT_AFTER_WAIT);
        }
        Ok(options)
    }

    /// The keys.
    pub(super) fn take_keys(&self, args: &mut Args<'a>) -> Result<SmallVec<[Key<'a>; 2]>, Error> {
        (0..self.keys).map(|_| args.key()).collect()
    }

    /// Position of the id that belongs to the key number `at`.
    pub(super) fn id_position(&self, at: usize) -> usize {
        self.first_key + self.keys + at
    }

    /// The answer when there was nothing to read: the client waits, if it wants to.
    pub(super) fn nothing(&self, cx: &mut Cx<'_>, wait: impl FnOnce() -> Blocking) -> Outcome {
        match self.block {
            Some(deadline_ms) => wait().until(deadline_ms).wait(),
            None => {
                cx.reply.null_array();
                DONE
            }
        }
    }
}

/// Whether the command runs again for a client that waits.
pub(super) fn is_waiting(cx: &Cx<'_>) -> bool {
    cx.session.client.blocked.load(Relaxed)
}

/// Finds the keys behind STREAMS, which as an argument of another option is no such word.
pub(super) fn read_keys(argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    find_keys(argv, found, 1)
}

/// The same for XREADGROUP: before the argument 4 no STREAMS is valid, since GROUP and its arguments come first.
pub(super) fn readgroup_keys(argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    find_keys(argv, found, 4)
}

fn find_keys(argv: Argv<'_>, found: &mut Vec<FoundKey>, start: usize) -> Result<(), BadArguments> {
    found.clear();
    let is = |at: usize, word: &str| argv.get(at).eq_ignore_ascii_case(word.as_bytes());
    let mut at = 1;
    let streams = loop {
        match at {
            _ if at >= argv.len() => break None,
            _ if is(at, "STREAMS") => break Some(at).filter(|&at| at >= start),
            _ if is(at, "BLOCK") || is(at, "COUNT") || is(at, "CLAIM") => at += 2,
            _ if is(at, "GROUP") => at += 3,
            _ if is(at, "NOACK") => at += 1,
            _ => break None,
        }
    };
    let streams = streams.or_else(|| (start..argv.len()).find(|&at| is(at, "STREAMS")));
    if let Some(first) = streams.map(|at| at + 1) {
        let keys = (argv.len() - first) / 2;
        let flags = KeyFlags::RO.or(KeyFlags::ACCESS);
        found.extend((first..first + keys).map(|at| FoundKey { position: at as u32, flags }));
    }
    Ok(())
}

/// The array, or in RESP3 the map, of streams that were read. Begun with the first of them.
#[derive(Default)]
pub(super) struct Streams {
    head: Option<Deferred>,
    count: usize,
}

impl Streams {
    /// Begins the next stream; its entries follow.
    pub(super) fn next(&mut self, reply: &mut Reply<'_>, key: &[u8]) {
        self.head.get_or_insert_with(|| reply.defer());
        self.count += 1;
        if reply.protocol() == Protocol::Resp2 {
            reply.array(2);
        }
        reply.bulk(key);
    }

    /// Ends the reply. False when nothing was read and nothing is written.
    pub(super) fn end(self, reply: &mut Reply<'_>) -> bool {
        let Some(head) = self.head else { return false };
        match reply.protocol() {
            Protocol::Resp2 => reply.end_array(head, self.count),
            Protocol::Resp3 => reply.end_map(head, self.count),
        }
        true
    }
}

pub(super) fn xread(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let options = Options::read(cx, args, false)?;
    let keys = options.take_keys(args)?;
    let mut after = SmallVec::<[StreamId; 2]>::new();
    let waits = is_waiting(cx);
    for (at, &key) in keys.iter().enumerate() {
        let stream = match cx.db.read::<Stream>(key) {
            // A key that comes to hold something else is none to those who wait already.
            Err(_) if waits => None,
            stream => stream?,
        };
        after.push(match args.argv().get(options.id_position(at)) {
            b"$" => stream.map_or(StreamId::MIN, Stream::last_id),
            b"+" => stream.and_then(Stream::last_entry_id).and_then(StreamId::previous).unwrap_or(StreamId::MIN),
            b">" => return Err(error::XREAD_NEW),
            text => parse::id(text, 0)?,
        });
    }

    let count = options.count.unwrap_or(usize::MAX);
    let behind = |id: StreamId| id.next().map(|first| first..=StreamId::MAX);
    let stream_of = |cx: &Cx<'_>, at: usize| -> Option<Ready> { Ready::new(cx, keys[at], behind(after[at])?, count) };
    let ready: SmallVec<[(usize, Ready); 2]> =
        (0..keys.len()).filter_map(|at| stream_of(cx, at).map(|ready| (at, ready))).collect();
    cx.cost(ready.iter().map(|(_, ready)| ready.entries).sum())?;
    let mut streams = Streams::default();
    for (at, _) in ready {
        let Cx { db, reply, .. } = cx;
        let (Some(stream), Some(ids)) = (db.get::<Stream>(keys[at]), behind(after[at])) else { continue };
        streams.next(reply, keys[at].name);
        reply_entries(reply, stream.range(ids).take(count));
    }
    if streams.end(&mut cx.reply) {
        return DONE;
    }
    options.nothing(cx, || {
        let blocking = Blocking::on(keys.iter().copied(), ObjectType::Stream);
        match resolved(args.argv(), &options, &after) {
            Some(argv) => blocking.resume_as(argv),
            None => blocking,
        }
    })
}

/// A stream with entries to be read.
struct Ready {
    /// How many, if they are not too many.
    entries: usize,
}

impl Ready {
    fn new(cx: &Cx<'_>, key: Key<'_>, ids: std::ops::RangeInclusive<StreamId>, count: usize) -> Option<Ready> {
        let stream = cx.db.get::<Stream>(key)?;
        if stream.last_id() < *ids.start() {
            return None;
        }
        stream.range(ids.clone()).next()?;
        Some(Ready { entries: count.min(stream.count_up_to(ids, LONG_WORK + 1)) })
    }
}

/// The request with `$` and `+` as the ids that they stand for at the time of the wait.
fn resolved(argv: Argv<'_>, options: &Options<'_>, after: &[StreamId]) -> Option<OwnedArgs> {
    let first_id = options.id_position(0);
    if !argv.iter().skip(first_id).any(|id| matches!(id, b"$" | b"+")) {
        return None;
    }
    let mut resolved = OwnedArgs::default();
    argv.iter().take(first_id).for_each(|word| resolved.push(word));
    after.iter().for_each(|id| resolved.push(id.text().as_ref()));
    Some(resolved)
}
