//! Trimming: the oldest entries go, down to a length or up to an id.

use smallvec::SmallVec;

use super::{Body, Group, Stream, StreamId};

/// What trimming leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrimTo {
    /// At most so many entries.
    Len(u64),
    /// Entries from this id on.
    Id(StreamId),
}

/// What becomes of groups' references to entries that are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum References {
    /// They stay.
    #[default]
    Keep,
    /// They go too.
    Delete,
    /// Entries that are referenced stay.
    MustBeAcknowledged,
}

/// How to trim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    /// What is left.
    pub to: TrimTo,
    /// Only whole nodes go, so that more may be left.
    pub approximate: bool,
    /// At most so many entries go; 0 for no limit.
    pub limit: u64,
    /// What becomes of references.
    pub references: References,
}

impl Stream {
    /// Deletes the oldest entries; answers how many.
    pub fn trim(&mut self, trim: &Trim) -> u64 {
        let body = &mut *self.0;
        let mut deleted = 0;
        let mut next = body.log.first_node();
        while let Some(key) = next {
            next = body.log.node_after(key);
            let (len, entries) = (body.log.len(), body.log.node_len(key));
            let is_done = matches!(trim.to, TrimTo::Len(left) if len <= left);
            if is_done || trim.limit > 0 && deleted + entries > trim.limit {
                break;
            }
            let is_whole = match trim.to {
                TrimTo::Len(left) => len - entries >= left,
                TrimTo::Id(first) => body.log.node_is_below(key, first),
            };
            if is_whole && trim.references == References::Keep {
                body.log.cut_node(key);
                deleted += entries;
                continue;
            }
            if trim.approximate && !is_whole {
                break;
            }
            deleted += body.trim_node(key, trim);
            if !is_whole {
                break;
            }
        }
        if deleted > 0 {
            body.find_first();
        }
        deleted
    }

    /// Whether an entry may be deleted, as far as groups have a say. Where their references are to go, they are gone.
    pub fn release(&mut self, id: StreamId, references: References) -> bool {
        may_go(self.0.groups.values_mut(), id, references)
    }
}

impl Body {
    /// Deletes those entries of a node that are to go.
    fn trim_node(&mut self, key: StreamId, trim: &Trim) -> u64 {
        let Body { log, groups, .. } = self;
        let mut gone = SmallVec::<[_; 16]>::new();
        for found in log.node_entries(key) {
            let stays = match trim.to {
                TrimTo::Len(left) => log.len() - gone.len() as u64 <= left,
                TrimTo::Id(first) => found.entry.id >= first,
            };
            if stays {
                break;
            }
            if may_go(groups.values_mut(), found.entry.id, trim.references) {
                gone.push(found.at);
            }
        }
        log.delete_at(key, &gone);
        gone.len() as u64
    }
}

/// Whether an entry may be deleted, as far as groups have a say. Where their references are to go, they are gone.
fn may_go<'g>(mut groups: impl Iterator<Item = &'g mut Group>, id: StreamId, references: References) -> bool {
    match references {
        References::Keep => true,
        References::Delete => {
            for group in groups {
                group.remove_pending(id);
            }
            true
        }
        References::MustBeAcknowledged => !groups.any(|group| group.refers_to(id)),
    }
}
