//! Another shard, locked in the midst of a command: the last resort of scripts that did not say what they need.

use super::Locked;
use crate::keyspace::sync::yield_now;
use crate::keyspace::{ShardGuard, ShardId};

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

    /// Marks what is locked as held for long, see [`ShardGuard::into_long`]: workers do not block for it any more. False
    /// when all of it was marked before.
    pub fn hold_long(&mut self) -> bool {
        if self.guards.iter().all(ShardGuard::is_long) {
            return false;
        }
        self.guards = std::mem::take(&mut self.guards).into_iter().map(ShardGuard::into_long).collect();
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

    #[test]
    fn who_blocks_for_a_shard_goes_away_when_it_is_held_for_long() {
        let keyspace = Keyspace::new(2, KeyHasher::seeded(7));
        let mut db = Locked::all(&keyspace, true, 0, 0).expect("nobody else is here");
        std::thread::scope(|scope| {
            let keyspace = &keyspace;
            let blocked: Vec<_> = (0..2).map(|id| scope.spawn(move || is_busy(keyspace, ShardId(id)))).collect();
            std::thread::yield_now();
            assert!(db.hold_long() && !db.hold_long());
            assert!(blocked.into_iter().all(|thread| thread.join().expect("it does not panic")));
        });
        assert!(db.guards_mut().all(|guard| guard.is_long() && !guard.stats.is_let_go));
        drop(db);
        assert!(!is_busy(&keyspace, ShardId(0)), "the mark goes with the guard");
    }

    fn is_busy(keyspace: &Keyspace, id: ShardId) -> bool {
        keyspace.lock_or_busy(id).is_err()
    }
}
