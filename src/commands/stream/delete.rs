//! Taking entries out, and off the lists of what is pending: XDEL, XDELEX, XACK, XACKDEL.

use crate::commands::prelude::*;
use crate::types::stream::{References, Stream, StreamId};

use super::parse::{ids, references_and_ids};

/// What XDELEX and XACKDEL answer for an id.
const NOT_THERE: i64 = -1;
const DELETED: i64 = 1;
const STILL_REFERENCED: i64 = 2;

pub(super) fn xdel(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let budget = cx.budget();
    // The ids are read where there is a stream: without one they may be anything, as in Redis.
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        let ids = ids(args)?;
        budget.cost(ids.len())?;
        Ok::<_, Error>(ids.iter().filter(|&&id| stream.delete(id)).count())
    })?;
    let deleted = edited.map(|edited| edited.value).transpose()?.unwrap_or(0);
    tell_deleted(cx, key, deleted as u64, 0);
    cx.reply.integer(deleted as i64);
    DONE
}

/// Tells of deleted entries, and of `others` that are only pending no more.
fn tell_deleted(cx: &mut Cx<'_>, key: Key<'_>, deleted: u64, others: u64) {
    if deleted > 0 {
        cx.db.changed_unawaited(key, events::XDEL);
    } else if others > 0 {
        cx.db.changed_unseen(key);
    }
    cx.db.effects.dirty += (deleted + others).saturating_sub(1);
}

pub(super) fn xdelex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (references, ids) = references_and_ids(args)?;
    cx.cost(ids.len())?;

    let (mut deleted, mut released) = (0, 0);
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        let delete = |&id: &StreamId| {
            let was_referenced = references == References::Delete && stream.is_pending(id);
            let is_there = stream.get(id).is_some();
            let may_go = stream.release(id, references);
            released += u64::from(was_referenced && !is_there);
            match (is_there, may_go) {
                (false, _) => NOT_THERE,
                (true, false) => STILL_REFERENCED,
                (true, true) => {
                    stream.delete(id);
                    deleted += 1;
                    DELETED
                }
            }
        };
        ids.iter().map(delete).collect::<Vec<i64>>()
    })?;
    tell_deleted(cx, key, deleted, released);
    reply_states(cx, ids.len(), edited.map(|edited| edited.value));
    DONE
}

fn reply_states(cx: &mut Cx<'_>, ids: usize, states: Option<Vec<i64>>) {
    cx.reply.array(ids);
    for at in 0..ids {
        cx.reply.integer(states.as_ref().map_or(NOT_THERE, |states| states[at]));
    }
}

pub(super) fn xack(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let group = args.take()?;

    let budget = cx.budget();
    // As in XDEL: where there is no group the ids may be anything.
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        let Some(group) = stream.group_mut(group) else { return Ok(0) };
        let ids = ids(args)?;
        budget.cost(ids.len())?;
        Ok::<_, Error>(ids.iter().filter(|&&id| group.remove_pending(id).is_some()).count() as u64)
    })?;
    cx.db.count_read(key, edited.is_some());
    let acknowledged = edited.map(|edited| edited.value).transpose()?.unwrap_or(0);
    tell_deleted(cx, key, 0, acknowledged);
    cx.reply.integer(acknowledged as i64);
    DONE
}

pub(super) fn xackdel(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let group = args.take()?;
    let (references, ids) = references_and_ids(args)?;
    cx.cost(ids.len())?;

    let (mut deleted, mut acknowledged) = (0, 0);
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        stream.group(group)?;
        let acknowledge = |&id: &StreamId| {
            if stream.group_mut(group).and_then(|group| group.remove_pending(id)).is_none() {
                return NOT_THERE;
            }
            acknowledged += 1;
            if !stream.release(id, references) {
                return STILL_REFERENCED;
            }
            deleted += u64::from(stream.delete(id));
            DELETED
        };
        Some(ids.iter().map(acknowledge).collect::<Vec<i64>>())
    })?;
    tell_deleted(cx, key, deleted, acknowledged);
    reply_states(cx, ids.len(), edited.and_then(|edited| edited.value));
    DONE
}
