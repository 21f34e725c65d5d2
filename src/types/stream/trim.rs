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

impl Trim {
    /// The exact trimming that did the same to the same stream, whatever its nodes: `len` entries were left.
    #[must_use]
    pub fn as_done(&self, trimmed: Trimmed, len: u64) -> Trim {
        let to = match self.to {
            _ if !self.approximate => self.to,
            TrimTo::Len(_) => TrimTo::Len(len),
            TrimTo::Id(first) => TrimTo::Id(trimmed.stopped_at.map_or(first, |stopped_at| stopped_at.min(first))),
        };
        Trim { to, approximate: false, limit: 0, references: self.references }
    }
}

/// What trimming did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trimmed {
    /// Number of entries deleted.
    pub count: u64,
    /// The first id of the node at which it ended; `None`: it has seen all.
    pub stopped_at: Option<StreamId>,
}

impl Stream {
    /// Deletes the oldest entries.
    pub fn trim(&mut self, trim: &Trim) -> Trimmed {
        let body = &mut *self.0;
        let mut deleted = 0;
        let mut next = body.log.first_node();
        while let Some(key) = next {
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
                next = body.log.node_after(key);
                body.log.cut_node(key);
                deleted += entries;
                continue;
            }
            if trim.approximate && !is_whole {
                break;
            }
            let after = body.log.node_after(key);
            deleted += body.trim_node(key, trim);
            if !is_whole {
                break;
            }
            next = after;
        }
        if deleted > 0 {
            body.find_first();
        }
        Trimmed { count: deleted, stopped_at: next }
    }

    /// Nodes, or entries where they are looked at one by one, that [`trim`](Self::trim) will visit, roughly.
    #[must_use]
    pub fn trim_cost(&self, trim: &Trim) -> usize {
        const ENOUGH: usize = 1 << 20;
        let nodes = match trim.to {
            TrimTo::Len(left) => {
                let gone = self.0.log.len().saturating_sub(left);
                (gone as f64 / self.len().max(1) as f64 * self.node_count() as f64) as usize
            }
            TrimTo::Id(first) => self.node_ids().take(ENOUGH).take_while(|&id| id < first).count(),
        };
        match trim.references {
            References::Keep => nodes,
            // Usual nodes have some hundred entries.
            References::Delete | References::MustBeAcknowledged => nodes.saturating_mul(100).min(self.len()),
        }
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
