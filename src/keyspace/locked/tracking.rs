//! Client-side caching under the shards' locks: what was read is remembered, and what changes is found among it.

use super::{Key, Locked};
use crate::keyspace::tracked::{Cause, Invalidated, Readers};
use crate::keyspace::{ShardId, TrackedKeys};
use crate::util::rng::Rng;

impl Locked<'_> {
    /// Remembers that a client has read a key. `is_reader` tells whether a client still wants to know of changes.
    pub fn track(&mut self, key: Key<'_>, client: u64, is_reader: impl Fn(u64) -> bool) {
        let (keys, items) = self.guard(key.hash).tracked.add(key, client, is_reader);
        self.keyspace.tracking.grow(keys, items);
    }

    /// Notes a key of which clients may keep copies: those who have read it, or all who have asked for its prefix.
    pub(super) fn invalidate(&mut self, key: Key<'_>, cause: Cause) {
        if cause == Cause::Beside {
            return;
        }
        let readers = self.guard(key.hash).tracked.remove(key);
        if let Some(readers) = &readers {
            self.keyspace.tracking.shrink(1, readers.len());
        }
        if readers.is_some() || self.keyspace.tracking.broadcasts() {
            self.push_invalid(key.name.into(), readers.unwrap_or_default(), cause);
        }
    }

    fn push_invalid(&mut self, key: Box<[u8]>, readers: Readers, cause: Cause) {
        self.effects.invalidations.keys.push(Invalidated { key, readers, cause });
    }

    /// Forgets who has read some key of a locked shard; false when nothing is remembered there.
    pub fn forget_random(&mut self, id: ShardId, rng: &mut Rng) -> bool {
        let Some((key, readers)) = self.shard(id).tracked.remove_random(rng) else { return false };
        self.keyspace.tracking.shrink(1, readers.len());
        self.push_invalid(key, readers, Cause::Forgotten);
        true
    }

    /// Forgets who has read what in the locked shards, and tells everybody that all is gone.
    pub fn invalidate_all(&mut self) {
        self.forget_all();
        self.effects.invalidations.all = true;
    }

    /// Forgets it where nobody is left who would want to know.
    pub fn forget_for_nobody(&mut self) {
        // Whoever begins to track now has read nothing yet in a shard that is locked here.
        if self.keyspace.tracking.is_for_nobody() {
            self.forget_all();
        }
    }

    fn forget_all(&mut self) {
        for guard in &mut self.guards {
            let tracked: TrackedKeys = std::mem::take(&mut guard.tracked);
            if !tracked.is_empty() {
                self.keyspace.tracking.shrink(tracked.len(), tracked.items());
                self.effects.invalidations.forgotten.push(tracked);
            }
        }
    }
}
