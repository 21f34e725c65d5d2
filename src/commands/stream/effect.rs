//! How stream commands are recorded in the journal where their own words would not repeat them.

use crate::commands::prelude::*;
use crate::resp::OwnedArgs;
use crate::types::stream::{ConsumerId, Group, Pending, StreamId, Trim, TrimTo};

use super::parse::references_text;

/// What has become of a pending entry.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    id: StreamId,
    pending: Pending,
    consumer: Box<[u8]>,
}

/// What a command has done to a group, to be recorded once the group is let go.
#[derive(Debug, Default)]
pub(super) struct GroupEffects {
    is_journaling: bool,
    /// A consumer that nothing else would tell of.
    pub(super) created: Option<ConsumerId>,
    claims: Vec<Claim>,
    last_id: StreamId,
    entries_read: Option<u64>,
    /// The group has moved on.
    pub(super) has_moved: bool,
}

impl GroupEffects {
    /// Nothing yet.
    pub(super) fn new(cx: &Cx<'_>) -> GroupEffects {
        GroupEffects { is_journaling: cx.db.keyspace().is_journaling(), ..GroupEffects::default() }
    }

    /// Notes what has become of an entry, or, of one that is pending no more, what was known of it.
    pub(super) fn claimed(&mut self, group: &Group, id: StreamId, pending: Pending) {
        if self.is_journaling {
            let consumer = group.consumer(pending.consumer).name().into();
            self.claims.push(Claim { id, pending, consumer });
        }
    }

    /// Notes how far the group has come.
    pub(super) fn close(mut self, group: &Group) -> GroupEffects {
        (self.last_id, self.entries_read) = (group.last_id, group.entries_read);
        self
    }

    /// Records it all.
    pub(super) fn record(self, cx: &mut Cx<'_>, key: Key<'_>, group: &[u8], consumer: &[u8]) {
        if !self.is_journaling {
            return;
        }
        cx.db.journal_nothing();
        if self.created.is_some() {
            let words = [&b"XGROUP"[..], b"CREATECONSUMER", key.name, group, consumer];
            cx.db.journal_as(|effect| words.iter().for_each(|word| effect.push(word)));
        }
        let last_id = self.last_id.text();
        for Claim { id, pending, consumer } in &self.claims {
            let (id, mut time, mut count) = (id.text(), itoa::Buffer::new(), itoa::Buffer::new());
            cx.db.journal_as(|effect| {
                let words = [&b"XCLAIM"[..], key.name, group, consumer, b"0", id.as_ref(), b"TIME"];
                words.iter().for_each(|word| effect.push(word));
                effect.push(time.format(pending.delivered_at_ms).as_bytes());
                effect.push(b"RETRYCOUNT");
                effect.push(count.format(pending.deliveries).as_bytes());
                [&b"FORCE"[..], b"JUSTID", b"LASTID", last_id.as_ref()].iter().for_each(|word| effect.push(word));
            });
        }
        if self.has_moved {
            let read = self.entries_read.map_or(-1, u64::cast_signed);
            cx.db.journal_as(|effect| {
                let words = [&b"XGROUP"[..], b"SETID", key.name, group, last_id.as_ref(), b"ENTRIESREAD"];
                words.iter().for_each(|word| effect.push(word));
                effect.push(itoa::Buffer::new().format(read).as_bytes());
            });
        }
    }
}

/// Writes an exact trimming.
pub(super) fn push_trim(effect: &mut OwnedArgs, trim: &Trim) {
    effect.push(references_text(trim.references));
    match trim.to {
        TrimTo::Len(len) => {
            effect.push(b"MAXLEN");
            effect.push(b"=");
            effect.push(itoa::Buffer::new().format(len).as_bytes());
        }
        TrimTo::Id(first) => {
            effect.push(b"MINID");
            effect.push(b"=");
            effect.push(first.text().as_ref());
        }
    }
}
