//! What goes over shards as a whole: walks, random keys, due keys, emptied and exchanged databases.
//!
//! A command without declared keys visits shards one by one; each is locked for its turn alone, unless the command holds
//! it anyway (inside of EXEC, or with all shards locked).

use super::Locked;
use crate::keyspace::{Busy, Db, EntryRef, Key, ReadyKey, ShardData, ShardId};

/// What one turn of [`Locked::scan`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Entries looked at, those that had expired included.
    pub seen: usize,
    /// Position to go on with; `None` at the end of the shard.
    pub next: Option<u32>,
}

impl<'k> Locked<'k> {
    /// Runs `f` with shard `id` locked.
    ///
    /// # Errors
    /// `Busy` when a long command holds the shard and the caller is a worker.
    ///
    /// # Panics
    /// When other shards are locked but not this one: the order of locking would be lost.
    pub fn visit<R>(&mut self, id: ShardId, on_worker: bool, f: impl FnOnce(&mut Self) -> R) -> Result<R, Busy> {
        if self.guards.is_empty() {
            let guard = if on_worker { self.keyspace.lock_or_busy(id)? } else { self.keyspace.lock(id) };
            self.guards.push(guard);
            let result = f(self);
            self.append_unit();
            self.guards.clear();
            return Ok(result);
        }
        let is_held = self.guards.iter().any(|guard| guard.id() == id);
        assert!(is_held, "a visitor holds no shard, or the one that it visits");
        Ok(f(self))
    }

    /// The data of a locked shard, all databases.
    ///
    /// # Panics
    /// When it is not locked.
    pub fn shard(&mut self, id: ShardId) -> &mut ShardData {
        let at = self.guards.binary_search_by_key(&id, |guard| guard.id());
        &mut self.guards[at.expect("a visited shard is locked")]
    }

    /// Keys of the selected database in a locked shard, those past their expiry included.
    pub fn len_in(&mut self, id: ShardId) -> usize {
        let db = self.db;
        self.shard(id).db(db).map_or(0, Db::len)
    }

    /// Keys of the selected database in all shards, visited one by one.
    ///
    /// # Errors
    /// As [`Locked::visit`].
    pub fn db_len(&mut self, on_worker: bool) -> Result<usize, Busy> {
        self.keyspace.shard_ids().map(|id| self.visit(id, on_worker, |db| db.len_in(id))).sum()
    }

    /// Walks over the selected database's keys in a locked shard by position, from `from` on, until about `count` were
    /// looked at. Keys whose time has come are removed and not shown. See [`Index::scan`](crate::keyspace::Index::scan)
    /// for what the walk promises.
    pub fn scan(&mut self, id: ShardId, from: u32, count: usize, mut show: impl FnMut(EntryRef<'_>)) -> Scanned {
        let (db, now_ms) = (self.db, self.now_ms);
        let Some(part) = self.shard(id).db(db) else { return Scanned { seen: 0, next: None } };
        let mut seen = 0;
        let mut due: Vec<Box<[u8]>> = Vec::new();
        let next = part.scan(from, count, |entry| {
            seen += 1;
            if entry.is_expired(now_ms) { due.push(entry.key().into()) } else { show(entry) }
        });
        for name in due {
            self.expire(db, Key { name: &name, hash: self.keyspace.hash(&name) });
        }
        Scanned { seen, next }
    }

    /// Shows a random key of the selected database in a locked shard; keys whose time has come are removed on the way.
    /// False when the shard has none.
    pub fn random(&mut self, id: ShardId, mut dice: impl FnMut() -> u64, show: impl FnOnce(EntryRef<'_>)) -> bool {
        let (db, now_ms) = (self.db, self.now_ms);
        loop {
            let Some(entry) = self.shard(id).db(db).and_then(|part| part.random(dice())) else { return false };
            if !entry.is_expired(now_ms) {
                show(entry);
                return true;
            }
            let name: Box<[u8]> = entry.key().into();
            self.expire(db, Key { name: &name, hash: self.keyspace.hash(&name) });
        }
    }

    /// Removes up to `limit` keys of any database of a locked shard whose time has come; answers how many.
    pub fn expire_due(&mut self, id: ShardId, limit: usize) -> usize {
        let now_ms = self.now_ms;
        let mut count = 0;
        while count < limit {
            let mut dbs = self.shard(id).dbs_mut();
            let Some((db, entry)) = dbs.find_map(|(db, part)| Some((db, part.pop_due(now_ms)?))) else { break };
            drop(dbs);
            self.expired(db, entry);
            count += 1;
        }
        count
    }

    /// Empties a database, or all of them, in every locked shard. What they held is dropped after the unlock.
    pub fn empty_dbs(&mut self, only: Option<usize>) {
        self.touch_watched(|db| only.is_none_or(|only| only == db), &[]);
        for guard in &mut self.guards {
            let chosen =
                guard.dbs_mut().filter(|(number, db)| only.is_none_or(|only| only == *number) && !db.is_empty());
            for (_, db) in chosen {
                self.effects.dirty += db.len() as u64;
                self.effects.dbs.push(db.clear());
            }
        }
        self.note_awaited(|db| only.is_none_or(|only| only == db));
    }

    /// Notes every key for which somebody waits in the chosen databases of the locked shards: what it holds is another
    /// thing now.
    fn note_awaited(&mut self, is_chosen: impl Fn(usize) -> bool) {
        for guard in self.guards.iter_mut().filter(|guard| !guard.waiters.is_empty()) {
            for (db, name) in guard.waiters.tell_all(&is_chosen) {
                self.effects.ready.push(ReadyKey { db, name: name.into(), hash: self.keyspace.hash(name) });
            }
        }
    }

    /// Tells who watches keys of the chosen databases in the locked shards, as far as one of `holders`, or the key's own
    /// database, holds the key. Keys whose time has come go first, so that they do not count later.
    fn touch_watched(&mut self, is_chosen: impl Fn(usize) -> bool, holders: &[usize]) {
        let hasher = self.keyspace;
        let watched = self.guards.iter().filter(|guard| !guard.watches.is_empty());
        let watched: Vec<(usize, Box<[u8]>)> = watched
            .flat_map(|guard| guard.watches.all_keys())
            .filter(|(db, _)| is_chosen(*db))
            .map(|(db, name)| (db, name.into()))
            .collect();
        for (db, name) in &watched {
            let key = Key { name, hash: hasher.hash(name) };
            // All of them are looked at: each look takes a key away whose time has come.
            let mut is_held = self.peek_in(*db, key).is_some();
            for &holder in holders {
                is_held |= self.peek_in(holder, key).is_some();
            }
            if is_held {
                self.guard(key.hash).watches.touch(*db, name);
            }
        }
    }

    /// Exchanges two databases in every locked shard.
    pub fn swap_dbs(&mut self, one: usize, other: usize) {
        self.touch_watched(|db| db == one || db == other, &[one, other]);
        self.guards.iter_mut().for_each(|guard| guard.swap_dbs(one, other));
        self.effects.dirty += 1;
        self.note_awaited(|db| db == one || db == other);
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use crate::keyspace::{KeyHasher, Keyspace, StringValue, Ttl};

    fn keyspace() -> Keyspace {
        Keyspace::new(4, KeyHasher::seeded(7))
    }

    /// Sets keys `0..count`, due at 100 + their number.
    fn fill(keyspace: &Keyspace, count: usize) {
        for n in 0..count {
            let name = n.to_string();
            let key = Key { name: name.as_bytes(), hash: keyspace.hash(name.as_bytes()) };
            let mut db = Locked::one(keyspace, keyspace.shard_of(key.hash), true, 0, 0).expect("nobody else is here");
            db.set_string(key, StringValue::Int(1), Ttl::At(100 + n as u64));
        }
    }

    #[test]
    fn visits_lock_for_their_turn_alone() {
        let keyspace = keyspace();
        let mut db = Locked::none(&keyspace, 0, 0);
        let is_locked = db.visit(ShardId(2), true, |_| keyspace.try_lock(ShardId(2)).is_none());
        assert_eq!(is_locked, Ok(true));
        assert!(keyspace.try_lock(ShardId(2)).is_some());
    }

    #[test]
    fn what_is_locked_anyway_is_visited_as_it_is() {
        let keyspace = keyspace();
        fill(&keyspace, 50);
        let mut db = Locked::all(&keyspace, true, 0, 0).expect("nobody else is here");
        assert_eq!(db.db_len(true), Ok(50));
        assert_eq!(db.visit(ShardId(1), true, |_| ()), Ok(()));
        assert!(keyspace.try_lock(ShardId(1)).is_none(), "a visit leaves the command's own locks alone");
    }

    #[test]
    #[should_panic(expected = "a visitor holds no shard")]
    fn a_visit_beside_other_locks_is_refused() {
        let keyspace = keyspace();
        let mut db = Locked::one(&keyspace, ShardId(3), true, 0, 0).expect("nobody else is here");
        let _ = db.visit(ShardId(1), true, |_| ());
    }

    #[test]
    fn due_keys_go_up_to_a_limit_and_not_before_their_time() {
        let keyspace = keyspace();
        fill(&keyspace, 100);
        let mut removed = 0;
        for id in keyspace.shard_ids() {
            let mut db = Locked::none(&keyspace, 0, 149);
            removed += std::iter::repeat_with(|| db.visit(id, true, |db| db.expire_due(id, 3)).expect("it is free"))
                .inspect(|&count| assert!(count <= 3))
                .take_while(|&count| count > 0)
                .sum::<usize>();
            assert!(db.effects.entries.iter().all(|entry| entry.view().is_expired(149)));
        }
        assert_eq!(removed, 50);
    }
}
