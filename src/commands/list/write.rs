//! Changing by index: LSET, LTRIM.

use super::limits;
use super::read::index_from_front;
use crate::commands::prelude::*;
use crate::keyspace::External;
use crate::types::Collection;
use crate::types::list::{Element, List};
use crate::types::string::list_range;

pub(super) fn lset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let limits = limits(cx);

    let edited = cx.db.edit(key, |list: &mut List| {
        // Only a list that is there has its index looked at, as by Redis.
        let index = index_from_front(args.integer()?, list.len()).ok_or(error::INDEX_OUT_OF_RANGE)?;
        let payload = args.payload()?;
        let element = payload.shared.as_ref().map_or_else(|| Element::of(payload.slice), Element::of_buffer);
        list.set(index, element, limits);
        Ok::<(), Error>(())
    })?;
    edited.ok_or(error::NO_SUCH_KEY)?.value?;
    cx.db.changed(key, events::LSET);

    cx.reply.ok();
    DONE
}

pub(super) fn ltrim(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (start, stop) = (args.integer()?, args.integer()?);

    let edited = cx.db.edit(key, |list: &mut List| {
        let len = list.len();
        let bulk = list.trim(list_range(start, stop, len));
        (len - list.len(), bulk)
    })?;
    if let Some(edited) = edited {
        let (removed, bulk) = edited.value;
        cx.db.effects.values.extend(bulk.map(|list| External::Object(list.into_object())));
        cx.db.changed(key, events::LTRIM);
        // One that removes nothing counts as no change, but is told.
        cx.db.effects.dirty = cx.db.effects.dirty + removed as u64 - 1;
        if edited.emptied {
            cx.db.changed_too(key, events::DEL);
        }
    }

    cx.reply.ok();
    DONE
}
