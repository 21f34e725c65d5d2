//! Another shard, locked in the midst of a command: the last resort of scripts that did not say what they need.

use super::Locked;
use crate::keyspace::ShardId;
use crate::keyspace::sync::yield_now;

/// Looks at a lock out of order before giving up.
const TRIES: usize = 2000;

impl Locked<'_> {
    /// Locks one more shard, unless it is locked already. In ascending order it may wait for it; out of order it only looks
    /// for a while, since whoever holds it may wait for what is locked here. False when it was not to be had.
    pub fn widen(&mut self, shard: ShardId, on_worker: bool) -> bool {
        let Err(at) = self.guards.binary_search_by_key(&shard, |guard| guard.id()) else { return true };
        let guard = if at == self.guards.len() {
            if on_worker { self.keyspace.lock_or_busy(shard).ok() } else { Some(self.keyspace.lock_long(shard)) }
        } else {
            let mut tries = 0..TRIES;
            tries.find_map(|_| {
                let guard = self.keyspace.try_lock(shard);
                if guard.is_none() {
                    yield_now();
                }
                guard
            })
        };
        let Some(guard) = guard else { return false };
        self.guards.insert(at, guard);
        true
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::keyspace::{KeyHasher, Keyspace};

    #[test]
    fn shards_come_in_any_order_and_no_deadlock_does() {
        let keyspace = Keyspace::new(4, KeyHasher::seeded(7));
        let mut db = Locked::one(&keyspace, ShardId(2), true, 0, 0).expect("nobody else is here");
        assert!(db.widen(ShardId(3), true) && db.widen(ShardId(0), true) && db.widen(ShardId(2), true));
        assert!(db.guards.is_sorted_by_key(|guard| guard.id()) && db.guards.len() == 3);
        let other = keyspace.lock(ShardId(1));
        assert!(!db.widen(ShardId(1), true), "who holds it may wait for this one");
        drop(other);
        assert!(db.widen(ShardId(1), true) && db.holds_all());
    }
}
