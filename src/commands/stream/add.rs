//! What grows and trims a stream: XADD, XTRIM, XSETID.

use crate::commands::context::Budget;
use crate::commands::prelude::*;
use crate::resp::Args as Argv;
use crate::types::stream::{Fields, NodeLimits, Stream, StreamId, Trim, Trimmed};

use super::effect::push_trim;
use super::parse::{self, AddOptions, NewId};
use super::{limits, reply_id};

/// What XADD did.
struct Added {
    id: StreamId,
    trimmed: Trimmed,
    len: u64,
}

pub(super) fn xadd(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let options = AddOptions::read(cx, args, true)?;
    let (Some(new_id), fields @ 2..) = (options.id, args.remaining()) else {
        return Err(Error::arity(&cx.command.name));
    };
    if fields % 2 == 1 {
        return Err(Error::arity(&cx.command.name));
    }
    if new_id == NewId::Exact(StreamId::MIN) {
        return Err(error::ZERO_STREAM_ID);
    }
    let (argv, first) = (args.argv(), args.position());
    let fields = pairs(argv, first, fields / 2);
    let (limits, now_ms, budget) = (limits(cx), cx.now_ms(), cx.budget());

    let add = |stream: &mut Stream| add(stream, new_id, fields.clone(), &options, limits, now_ms, budget);
    let added = match cx.db.edit(key, add)? {
        Some(edited) => edited.value?,
        None if options.no_stream => {
            cx.reply.null();
            return DONE;
        }
        None => {
            let mut stream = Stream::new();
            let added = add(&mut stream)?;
            cx.db.put(key, stream);
            added
        }
    };
    cx.db.changed(key, events::XADD);
    if added.trimmed.count > 0 {
        cx.db.changed_too(key, events::XTRIM);
    }
    if !matches!(new_id, NewId::Exact(_)) || options.trim.is_some() {
        cx.db.journal_as(|effect| {
            effect.push(b"XADD");
            effect.push(key.name);
            if let Some(trim) = &options.trim {
                push_trim(effect, &trim.as_done(added.trimmed, added.len));
            }
            effect.push(added.id.text().as_ref());
            for at in first..argv.len() {
                match argv.get_bytes(at) {
                    Some(bytes) => effect.push_bytes(bytes),
                    None => effect.push(argv.get(at)),
                }
            }
        });
    }

    reply_id(&mut cx.reply, added.id);
    DONE
}

/// `count` names and values from the argument `first` on.
fn pairs(argv: Argv<'_>, first: usize, count: usize) -> impl Fields<'_> {
    (0..count).map(move |at| (argv.get(first + 2 * at), argv.get(first + 2 * at + 1)))
}

fn add<'f>(
    stream: &mut Stream,
    new_id: NewId,
    fields: impl Fields<'f>,
    options: &AddOptions,
    limits: NodeLimits,
    now_ms: u64,
    budget: Budget,
) -> Result<Added, Error> {
    let last = stream.last_id();
    if last == StreamId::MAX {
        return Err(error::STREAM_EXHAUSTED);
    }
    let id = match new_id {
        NewId::Exact(id) => Some(id),
        NewId::Auto => last.following(now_ms),
        NewId::AutoSeq(ms) if ms == last.ms => last.seq.checked_add(1).map(|seq| StreamId::new(ms, seq)),
        NewId::AutoSeq(ms) => Some(StreamId::new(ms, 0)),
    };
    let id = id.filter(|&id| id > last).ok_or(error::STREAM_ID_TOO_SMALL)?;
    if fields.clone().map(|(name, value)| name.len() + value.len()).sum::<usize>() > NodeLimits::BYTES_MAX {
        return Err(error::STREAM_ENTRY_TOO_LARGE);
    }
    if let Some(trim) = &options.trim {
        budget.cost(stream.trim_cost(trim))?;
    }
    stream.add(id, fields, limits);
    let trimmed = options.trim.map(|trim| stream.trim(&trim)).unwrap_or_default();
    Ok(Added { id, trimmed, len: stream.len() as u64 })
}

pub(super) fn xtrim(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let options = AddOptions::read(cx, args, false)?;
    let trim: Trim = options.trim.expect("XTRIM is read only with a way to trim");

    let budget = cx.budget();
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        budget.cost(stream.trim_cost(&trim))?;
        let trimmed = stream.trim(&trim);
        Ok::<_, Error>((trimmed, stream.len() as u64))
    })?;
    let (trimmed, len) = edited.map(|edited| edited.value).transpose()?.unwrap_or_default();
    if trimmed.count > 0 {
        cx.db.changed_unawaited(key, events::XTRIM);
        cx.db.effects.dirty += trimmed.count - 1;
        if trim.approximate {
            cx.db.journal_as(|effect| {
                effect.push(b"XTRIM");
                effect.push(key.name);
                push_trim(effect, &trim.as_done(trimmed, len));
            });
        }
    }

    cx.reply.integer(trimmed.count as i64);
    DONE
}

pub(super) fn xsetid(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let id = parse::id(args.take()?, 0)?;
    let (mut added, mut max_deleted) = (None, StreamId::MIN);
    while args.more() {
        if args.eat_with_value("ENTRIESADDED") {
            added = Some(u64::try_from(args.integer()?).map_err(|_| error::ENTRIES_ADDED_NEGATIVE)?);
        } else if args.eat_with_value("MAXDELETEDID") {
            max_deleted = parse::id(args.take()?, 0)?;
            if id < max_deleted {
                return Err(error::SETID_BELOW_DELETED);
            }
        } else {
            return Err(error::SYNTAX);
        }
    }

    let edited = cx.db.edit(key, |stream: &mut Stream| {
        let counters = stream.counters();
        if stream.last_entry_id().is_some_and(|last| id < last) {
            return Err(error::SETID_BELOW_TOP);
        }
        if counters.len > 0 && added.is_some_and(|added| added < counters.len) {
            return Err(error::ENTRIES_ADDED_BELOW_LEN);
        }
        let max_deleted = if max_deleted == StreamId::MIN { counters.max_deleted_id } else { max_deleted };
        stream.set_counters(id, added.unwrap_or(counters.entries_added), max_deleted);
        Ok(())
    })?;
    edited.ok_or(error::NO_SUCH_KEY)?.value?;
    cx.db.changed_beside(key, events::XSETID);

    cx.reply.ok();
    DONE
}
