//! The shards of one command, locked, as its handler sees them: lookups that know about expiry, and the one way to
//! change a key.
//!
//! Lazy expiry happens here: a key whose time has come is removed by whoever looks at it first.

mod fields;
mod object;
mod overwrite;
mod tracking;
mod visit;
mod widen;

use std::ops::{Deref, DerefMut};

use smallvec::SmallVec;

pub use self::object::{Edited, WrongType};
pub use self::overwrite::Overwritten;
pub use self::visit::Scanned;

use super::access::Access;
use super::entry::{EntryBox, EntryMut, EntryRef, External, StringValue};
use super::events::{self, Event, KeyEvent};
use super::tracked::{Cause, Invalidations};
use super::{Busy, Db, KeyHash, Keyspace, Location, Place, ReadyKey, ShardGuard, ShardId, Ttl, Wanted, Watcher};
use crate::journal::Unit;
use crate::resp::{Args, OwnedArgs};
use crate::util::rng::Rng;

/// A key with its hash, which is computed once per request.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// The name.
    pub name: &'a [u8],
    /// Its hash.
    pub hash: KeyHash,
}

/// Whether a change may give something to those who wait for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Yes,
    No,
}

/// What a command did besides its reply: counted and freed after the shards are unlocked. What few commands leave is
/// made when it is first written to ([`Rare`]), and read through this as if it were always there.
#[derive(Debug, Default)]
pub struct Effects {
    /// Changes to the keyspace.
    pub dirty: u64,
    /// Lookups that found a key.
    pub hits: u32,
    /// Lookups that did not.
    pub misses: u32,
    /// Entries taken out, to be dropped without a lock.
    pub entries: SmallVec<[EntryBox; 1]>,
    /// Number in the journal of what was recorded, after the unlock.
    pub seq: Option<u64>,
    rare: Option<Box<Rare>>,
}

/// The effects that few commands have.
#[derive(Debug)]
pub struct Rare {
    /// Keys removed because their time had come.
    pub expired: u32,
    /// Fields removed because their time had come.
    pub expired_fields: u32,
    /// Keys removed to make room.
    pub evicted: u32,
    /// Bytes among what is to be dropped that are counted as free already; see [`crate::util::memory::leaves`].
    pub leaving_bytes: usize,
    /// Values replaced, to be dropped without a lock.
    pub values: Vec<External>,
    /// Whole databases emptied.
    pub dbs: Vec<Db>,
    /// All of it is to be dropped before the reply is sent, however long that takes (FLUSHALL SYNC).
    pub drop_before_reply: bool,
    /// Keys that changed while somebody waits for them, to be served after the unlock.
    pub ready: Vec<ReadyKey>,
    /// What happened to keys, in order, as far as somebody wants to be told.
    pub events: Vec<KeyEvent>,
    /// Copies of clients that are not valid any more.
    pub invalidations: Invalidations,
    /// What the journal is to record instead of the command's own words; see [`Locked::journal_as`].
    pub journaled: Option<Vec<OwnedArgs>>,
    /// What goes into the journal before what the command at hand did: keys and fields that were gone for it.
    pub gone: Unit,
    /// What goes into the journal with the unlock: all of it belongs together.
    pub unit: Unit,
    /// The part of `dirty` for which `unit` stands.
    pub recorded_dirty: u64,
    /// A worker has held the shards for long: those who wait for them are to be told when it ends.
    pub held_long: bool,
}

impl Rare {
    /// Nothing.
    const NONE: Rare = Rare {
        expired: 0,
        expired_fields: 0,
        evicted: 0,
        leaving_bytes: 0,
        values: Vec::new(),
        dbs: Vec::new(),
        drop_before_reply: false,
        ready: Vec::new(),
        events: Vec::new(),
        invalidations: Invalidations::NONE,
        journaled: None,
        gone: Unit::EMPTY,
        unit: Unit::EMPTY,
        recorded_dirty: 0,
        held_long: false,
    };
}

impl Deref for Effects {
    type Target = Rare;

    #[inline]
    fn deref(&self) -> &Rare {
        const NONE: &Rare = &Rare::NONE;
        self.rare.as_deref().unwrap_or(NONE)
    }
}

impl DerefMut for Effects {
    #[inline]
    fn deref_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(|| Box::new(Rare::NONE))
    }
}

impl Effects {
    /// Whether there is anything but counts of changes and lookups, and entries.
    #[inline]
    #[must_use]
    pub fn is_rare(&self) -> bool {
        self.rare.is_some()
    }

    /// Takes the keys whose waiters are to be served.
    #[inline]
    pub fn take_ready(&mut self) -> Vec<ReadyKey> {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.ready)).unwrap_or_default()
    }

    /// Takes what is to be told to clients that keep copies.
    #[inline]
    pub fn take_invalidations(&mut self) -> Invalidations {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.invalidations)).unwrap_or_default()
    }

    /// Whether anything waits to be dropped that may take long.
    #[inline]
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        let is_heavy = |rare: &Rare| !rare.dbs.is_empty() || rare.values.iter().any(External::is_heavy);
        self.entries.iter().any(EntryBox::is_heavy) || self.rare.as_deref().is_some_and(is_heavy)
    }

    /// Number of values that take long to drop, the keys of emptied databases included.
    #[must_use]
    pub fn heavy_count(&self) -> usize {
        self.dbs.iter().map(Db::len).sum::<usize>()
            + self.values.iter().filter(|value| value.is_heavy()).count()
            + self.entries.iter().filter(|entry| entry.is_heavy()).count()
    }
}

/// Locked shards and a selected database.
#[derive(Debug)]
pub struct Locked<'k> {
    keyspace: &'k Keyspace,
    /// Ascending.
    guards: SmallVec<[ShardGuard<'k>; 1]>,
    /// The database that the lookups mean.
    pub db: usize,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// What an access leaves behind in an entry's LRU/LFU field.
    pub access: Access,
    /// Side effects so far.
    pub effects: Effects,
}

impl<'k> Locked<'k> {
    /// No shard at all.
    #[inline]
    #[must_use]
    pub fn none(keyspace: &'k Keyspace, db: usize, now_ms: u64) -> Locked<'k> {
        let access = keyspace.access_mode.at(now_ms);
        Locked { keyspace, guards: SmallVec::new(), db, now_ms, access, effects: Effects::default() }
    }

    /// One shard. A worker does not wait for a long holder.
    ///
    /// # Errors
    /// `Busy` when a long command holds it and the caller is a worker.
    #[inline]
    pub fn one(
        keyspace: &'k Keyspace,
        shard: ShardId,
        on_worker: bool,
        db: usize,
        now_ms: u64,
    ) -> Result<Locked<'k>, Busy> {
        let mut locked = Locked::none(keyspace, db, now_ms);
        locked.lock_one(shard, on_worker)?;
        Ok(locked)
    }

    /// Several shards, given in ascending order.
    ///
    /// # Errors
    /// As [`Locked::one`].
    pub fn many(
        keyspace: &'k Keyspace,
        shards: impl ExactSizeIterator<Item = ShardId>,
        on_worker: bool,
        db: usize,
        now_ms: u64,
    ) -> Result<Locked<'k>, Busy> {
        let mut locked = Locked::none(keyspace, db, now_ms);
        locked.lock_many(shards, on_worker)?;
        Ok(locked)
    }

    /// Every shard.
    ///
    /// # Errors
    /// As [`Locked::one`].
    pub fn all(keyspace: &'k Keyspace, on_worker: bool, db: usize, now_ms: u64) -> Result<Locked<'k>, Busy> {
        Locked::many(keyspace, keyspace.shard_ids(), on_worker, db, now_ms)
    }

    /// Locks a shard behind those that are locked: one of [`Locked::one`], made where it lies.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn lock_one(&mut self, shard: ShardId, on_worker: bool) -> Result<(), Busy> {
        assert!(self.guards.last().is_none_or(|last| last.id() < shard), "shards are locked in ascending order");
        let mut guard = if on_worker { self.keyspace.lock_or_busy(shard)? } else { self.keyspace.lock_long(shard) };
        guard.stats.commands += 1;
        self.guards.push(guard);
        Ok(())
    }

    /// The same with several, given in ascending order.
    ///
    /// # Errors
    /// As [`Locked::one`]; what is locked by then stays so.
    pub fn lock_many(&mut self, shards: impl ExactSizeIterator<Item = ShardId>, on_worker: bool) -> Result<(), Busy> {
        self.guards.reserve(shards.len());
        for shard in shards {
            self.lock_one(shard, on_worker)?;
        }
        Ok(())
    }

    /// The same with every shard.
    ///
    /// # Errors
    /// As [`Locked::one`].
    pub fn lock_all(&mut self, on_worker: bool) -> Result<(), Busy> {
        self.lock_many(self.keyspace.shard_ids(), on_worker)
    }

    /// Whether the shard of a key is locked.
    #[must_use]
    pub fn holds(&self, hash: KeyHash) -> bool {
        let shard = self.keyspace.shard_of(hash);
        self.guards.binary_search_by_key(&shard, |guard| guard.id()).is_ok()
    }

    /// Whether anything is locked.
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        !self.guards.is_empty()
    }

    /// Whether every shard is locked.
    #[must_use]
    pub fn holds_all(&self) -> bool {
        self.guards.len() == self.keyspace.shard_ids().len()
    }

    /// The keyspace that the shards belong to.
    #[must_use]
    pub fn keyspace(&self) -> &'k Keyspace {
        self.keyspace
    }

    /// Every locked shard, ascending.
    pub fn guards_mut(&mut self) -> impl Iterator<Item = &mut ShardGuard<'k>> {
        self.guards.iter_mut()
    }

    /// Records for how long the shards were held.
    pub fn record_hold(&mut self, ns: u64) {
        self.guards.iter_mut().for_each(|guard| guard.stats.record_hold(ns));
    }

    /// Unlocks and answers what is left to do. What was recorded goes into the journal first.
    #[inline]
    pub fn unlock(mut self) -> Effects {
        self.append_unit();
        self.effects
    }

    /// The same after a command that had these words, for the journal. The effects stay where they are: to move them would
    /// cost every command something. Nothing is locked afterwards.
    #[inline]
    pub fn unlock_after(&mut self, words: Args<'_>) -> &mut Effects {
        self.append_words(words);
        self.guards.clear();
        &mut self.effects
    }

    /// The same, but the shards stay locked for the next command ([`begin_next`](Self::begin_next)), unless there are rare
    /// effects: of those others are told, or served, without a lock.
    #[inline]
    pub fn keep_after(&mut self, words: Args<'_>) -> &mut Effects {
        self.append_words(words);
        if self.effects.is_rare() {
            self.guards.clear();
        }
        &mut self.effects
    }

    /// Puts what was recorded of a command with these words into the journal.
    #[inline]
    fn append_words(&mut self, words: Args<'_>) {
        if self.keyspace.is_journaling() {
            let Rare { recorded_dirty, journaled, gone, unit, .. } = &*self.effects;
            let is_plain = *recorded_dirty == 0 && journaled.is_none() && gone.is_empty() && unit.is_empty();
            if is_plain {
                if self.effects.dirty > 0 {
                    self.effects.seq = Some(self.keyspace.journal.append(self.db, self.now_ms, words));
                }
            } else {
                self.record(words);
                self.append_unit();
            }
        }
    }

    /// Begins the next command with the shards that the one before has kept.
    #[inline]
    pub fn begin_next(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        self.access = self.keyspace.access_mode.at(now_ms);
        self.effects = Effects::default();
        self.guards.iter_mut().for_each(|guard| guard.stats.commands += 1);
    }

    /// Records what a command did that had these words, where it is one of several that run under the same locks. To be
    /// called after each of them, before the next one.
    pub fn record(&mut self, words: Args<'_>) {
        let dirty = self.effects.dirty;
        if !self.keyspace.is_journaling() || dirty == 0 && self.effects.rare.is_none() {
            return;
        }
        let Rare { recorded_dirty, journaled, gone, unit, .. } = &mut *self.effects;
        unit.append(gone);
        let has_changed = std::mem::replace(recorded_dirty, dirty) < dirty;
        match journaled.take() {
            Some(stated) => stated.iter().for_each(|words| unit.push(self.db, words.view())),
            None if has_changed => unit.push(self.db, words),
            None => return,
        }
        unit.set_atomic();
    }

    #[inline]
    fn append_unit(&mut self) {
        if let Some(rare) = &mut self.effects.rare
            && !(rare.gone.is_empty() && rare.unit.is_empty())
        {
            let mut unit = std::mem::take(&mut rare.unit);
            unit.append(&mut rare.gone);
            self.effects.seq = Some(self.keyspace.journal.append_unit(self.now_ms, &unit));
        }
    }

    /// Records that a key or a part of it is gone for the command at hand, before what that does itself.
    #[cold]
    fn record_gone(&mut self, words: &[&[u8]]) {
        if self.keyspace.is_journaling() {
            self.effects.gone.push(self.db, OwnedArgs::from(words).view());
        }
    }

    /// The locked part of the selected database that a key belongs to.
    ///
    /// # Panics
    /// When its shard is not locked: a handler reaches only the keys that its row declares.
    #[inline]
    pub fn part(&mut self, hash: KeyHash) -> &mut Db {
        self.part_of(self.db, hash)
    }

    /// The same in another database.
    #[inline]
    pub fn part_of(&mut self, db: usize, hash: KeyHash) -> &mut Db {
        self.guard(hash).db_mut(db)
    }

    #[inline]
    fn guard(&mut self, hash: KeyHash) -> &mut ShardGuard<'k> {
        let guard = match self.guards.as_mut_slice() {
            [one] => one,
            many => {
                let shard = self.keyspace.shard_of(hash);
                let at = many.binary_search_by_key(&shard, |guard| guard.id());
                &mut many[at.expect("a handler reaches declared keys only")]
            }
        };
        debug_assert_eq!(guard.id(), self.keyspace.shard_of(hash), "a handler reaches declared keys only");
        guard
    }

    /// Looks a key up to read its value: counts a hit or a miss, and leaves the time of access behind.
    #[inline]
    pub fn lookup_read(&mut self, key: Key<'_>) -> Option<EntryRef<'_>> {
        match self.find_live(self.db, key) {
            Some(location) => {
                self.effects.hits += 1;
                Some(self.touch(key, location).entry(location))
            }
            None => {
                self.effects.misses += 1;
                self.notify(key, events::KEY_MISS);
                None
            }
        }
    }

    /// Counts a lookup that was made without a trace as one to read.
    pub fn count_read(&mut self, key: Key<'_>, found: bool) {
        if found {
            self.effects.hits += 1;
        } else {
            self.effects.misses += 1;
            self.notify(key, events::KEY_MISS);
        }
    }

    /// Looks a key up to read facts about it (TTL, TYPE, OBJECT): counts a hit or a miss, but is no access to the value.
    #[inline]
    pub fn lookup_facts(&mut self, key: Key<'_>) -> Option<EntryRef<'_>> {
        match self.find_live(self.db, key) {
            Some(location) => {
                self.effects.hits += 1;
                Some(self.part(key.hash).entry(location))
            }
            None => {
                self.effects.misses += 1;
                self.notify(key, events::KEY_MISS);
                None
            }
        }
    }

    /// Looks a key up without any trace.
    #[inline]
    pub fn peek(&mut self, key: Key<'_>) -> Option<EntryRef<'_>> {
        self.peek_in(self.db, key)
    }

    /// The same in another database.
    pub fn peek_in(&mut self, db: usize, key: Key<'_>) -> Option<EntryRef<'_>> {
        let location = self.find_live(db, key)?;
        Some(self.part_of(db, key.hash).entry(location))
    }

    /// The entry of a key even if its time has come, without any trace.
    pub fn peek_at_any(&mut self, key: Key<'_>) -> Option<EntryRef<'_>> {
        let part = self.part(key.hash);
        let location = part.find(key.name, key.hash)?;
        Some(part.entry(location))
    }

    /// Looks a key up to change its value.
    #[inline]
    pub fn lookup_write(&mut self, key: Key<'_>) -> Option<EntryMut<'_>> {
        let location = self.find_live(self.db, key)?;
        Some(self.touch(key, location).entry_mut(location))
    }

    /// Leaves the trace of an access in the entry of `key`; answers where it is.
    #[inline]
    fn touch(&mut self, key: Key<'_>, location: Location) -> &mut Db {
        let (access, dice) = (self.access, self.dice(key));
        let part = self.part(key.hash);
        part.touch(location, |old| access.next(old, dice));
        part
    }

    /// Random bits for the counter of LFU: they differ from command to command, and within one as its counts move on.
    #[inline]
    fn dice(&self, key: Key<'_>) -> impl FnOnce() -> u64 + use<> {
        let commands = self.guards.first().map_or(0, |guard| guard.stats.commands);
        let counts = u64::from(self.effects.hits) ^ self.effects.dirty << 24;
        let seed = key.hash.0 ^ commands.rotate_left(32) ^ counts;
        move || Rng::from_seed(seed).next_u64()
    }

    /// The place of a key that is about to be changed in part (its expiry); it holds until the next insertion or removal.
    #[inline]
    pub fn locate(&mut self, key: Key<'_>) -> Option<Location> {
        let location = self.find_live(self.db, key)?;
        self.touch(key, location);
        Some(location)
    }

    /// Runs `f` in another database.
    #[inline]
    pub fn in_db<R>(&mut self, db: usize, f: impl FnOnce(&mut Self) -> R) -> R {
        let selected = std::mem::replace(&mut self.db, db);
        let result = f(self);
        self.db = selected;
        result
    }

    /// Whether a key exists.
    #[inline]
    pub fn exists(&mut self, key: Key<'_>) -> bool {
        self.find_live(self.db, key).is_some()
    }

    /// Sets a key to a string whatever it held. An expired value counts as expired first.
    #[inline]
    pub fn set_string(&mut self, key: Key<'_>, value: StringValue<'_>, ttl: Ttl) {
        // Only a TTL that is kept depends on whether the old value still lives.
        if ttl == Ttl::Keep {
            let _ = self.find_live(self.db, key);
        }
        let (access, dice) = (self.access, self.dice(key));
        let lru = |old: Option<u32>| old.map_or_else(|| access.fresh(), |old| access.next(old, dice));
        let written = self.part(key.hash).set_string(key.name, key.hash, value, ttl, lru);
        if let Some(external) = written.external {
            self.effects.values.push(external);
        }
        let was_expired = ttl != Ttl::Keep && written.expire_at_ms.is_some_and(|at_ms| at_ms <= self.now_ms);
        if was_expired {
            self.effects.expired += 1;
            self.notify(key, events::EXPIRED);
        }
        if was_expired || !written.existed {
            self.notify(key, events::NEW);
        }
    }

    /// Puts an entry into a database, in place of what its key held there.
    pub fn insert_in(&mut self, db: usize, key: Key<'_>, entry: EntryBox) {
        let old = self.part_of(db, key.hash).insert(entry, key.hash);
        match old {
            Some(old) => self.effects.entries.push(old),
            None => self.notify(key, events::NEW),
        }
    }

    /// Takes a key out of the selected database and hands its entry over.
    pub fn take(&mut self, key: Key<'_>) -> Option<EntryBox> {
        let location = self.find_live(self.db, key)?;
        Some(self.part(key.hash).remove_at(location, key.hash))
    }

    /// Removes a key; false when there was none. Its value is freed after the unlock.
    #[inline]
    pub fn remove(&mut self, key: Key<'_>) -> bool {
        match self.take(key) {
            Some(entry) => {
                self.effects.entries.push(entry);
                true
            }
            None => false,
        }
    }

    /// Removes a key as DEL does, whatever the command's own words are; false when there was none.
    pub fn delete(&mut self, key: Key<'_>) -> bool {
        let existed = self.remove(key);
        if existed {
            self.changed(key, events::DEL);
            self.journal_as(|effect| [b"DEL", key.name].iter().for_each(|word| effect.push(word)));
        }
        existed
    }

    /// Removes a key to make room for others, for which no client has asked: no change that counts as one, but recorded.
    pub fn evict(&mut self, key: Key<'_>) -> bool {
        let Some(entry) = self.take(key) else { return false };
        self.effects.entries.push(entry);
        self.effects.evicted += 1;
        self.notify(key, events::EVICTED);
        self.tell(key, Awaited::Yes, Cause::Gone);
        self.record_gone(&[b"DEL", key.name]);
        true
    }

    /// To be called once for every change of a key: counts it, and tells whoever must know.
    #[inline]
    pub fn changed(&mut self, key: Key<'_>, event: Event) {
        self.effects.dirty += 1;
        self.notify(key, event);
        self.tell(key, Awaited::Yes, Cause::Changed);
    }

    /// A second key changed by the same step (RENAME, MOVE): as [`changed`](Self::changed), but counted with the first.
    #[inline]
    pub fn changed_too(&mut self, key: Key<'_>, event: Event) {
        self.notify(key, event);
        self.tell(key, Awaited::Yes, Cause::Changed);
    }

    /// A change without an event of its own, or one more of several that an event stands for.
    #[inline]
    pub fn changed_silently(&mut self, key: Key<'_>) {
        self.effects.dirty += 1;
        self.tell(key, Awaited::Yes, Cause::Changed);
    }

    /// As [`changed`](Self::changed), where the change gives those who wait for the key nothing: they are not asked.
    #[inline]
    pub fn changed_unawaited(&mut self, key: Key<'_>, event: Event) {
        self.effects.dirty += 1;
        self.notify(key, event);
        self.tell(key, Awaited::No, Cause::Changed);
    }

    /// The same for what is known beside the value, as the groups of a stream: copies that clients keep stay valid.
    #[inline]
    pub fn changed_beside(&mut self, key: Key<'_>, event: Event) {
        self.notify(key, event);
        self.changed_unseen(key);
    }

    /// The same without an event: what a group of a stream has got or has done.
    #[inline]
    pub fn changed_unseen(&mut self, key: Key<'_>) {
        self.effects.dirty += 1;
        self.tell(key, Awaited::No, Cause::Beside);
    }

    /// Tells all who are interested in a key that it has changed.
    #[inline]
    fn tell(&mut self, key: Key<'_>, awaited: Awaited, cause: Cause) {
        if self.guard(key.hash).is_of_interest() || self.keyspace.tracking.broadcasts() {
            self.tell_interested(key, awaited, cause);
        }
    }

    #[cold]
    fn tell_interested(&mut self, key: Key<'_>, awaited: Awaited, cause: Cause) {
        self.invalidate(key, cause);
        let db = self.db;
        let guard = self.guard(key.hash);
        guard.watches.touch(db, key.name);
        if awaited == Awaited::Yes && guard.waiters.tell(db, key.name) {
            let ready = ReadyKey { db, name: key.name.into(), hash: key.hash };
            if self.effects.ready.last() != Some(&ready) {
                self.effects.ready.push(ready);
            }
        }
    }

    /// Enters a waiter for a key of the selected database.
    pub fn add_waiter(&mut self, key: Key<'_>, ticket: u64, wanted: Wanted) {
        let db = self.db;
        self.guard(key.hash).waiters.add(db, key.name, ticket, wanted);
    }

    /// Begins a watch of a key of the selected database.
    pub fn watch(&mut self, key: Key<'_>, watcher: &Watcher) {
        let db = self.db;
        self.guard(key.hash).watches.add(db, key.name, watcher);
    }

    /// Ends a watch of a key of the selected database.
    pub fn unwatch(&mut self, key: Key<'_>, watcher: &Watcher) {
        let db = self.db;
        self.guard(key.hash).watches.remove(db, key.name, watcher);
    }

    /// Takes a waiter off a key of the selected database.
    pub fn remove_waiter(&mut self, key: Key<'_>, ticket: u64) {
        let db = self.db;
        self.guard(key.hash).waiters.remove(db, key.name, ticket);
    }

    /// The first waiter behind `place` for which there is news, as a key of the selected database stands now; the first
    /// of all if the key has changed since.
    pub fn next_waiter(&mut self, key: Key<'_>, place: &mut Place) -> Option<u64> {
        let kind = self.kind_of(key).flatten();
        let db = self.db;
        self.guard(key.hash).waiters.next(db, key.name, place, kind)
    }

    /// Whether keys of the locked shards have changed whose waiters nobody has looked at since.
    #[inline]
    pub fn has_unserved(&self) -> bool {
        self.guards.iter().any(|guard| guard.waiters.has_unserved())
    }

    /// Unlocks and answers those keys. Nothing may have been done under these locks yet.
    #[cold]
    pub fn unlock_unserved(&mut self) -> Vec<ReadyKey> {
        let keys = self.guards.iter().flat_map(|guard| guard.waiters.unserved());
        let ready = keys.map(|(db, name)| ReadyKey { db, name: name.into(), hash: self.keyspace.hash(name) }).collect();
        self.guards.clear();
        ready
    }

    /// States the command's effect for the journal where its own words would not repeat it: a random choice, a relative
    /// time, a float. `effect` writes one command; several calls record several. Without a call the words are recorded.
    #[inline]
    pub fn journal_as(&mut self, effect: impl FnOnce(&mut OwnedArgs)) {
        if self.keyspace.is_journaling() {
            let mut args = OwnedArgs::default();
            effect(&mut args);
            self.effects.journaled.get_or_insert_default().push(args);
        }
    }

    /// Records nothing for this command though it may have changed something.
    pub fn journal_nothing(&mut self) {
        if self.keyspace.is_journaling() {
            self.effects.journaled.get_or_insert_default();
        }
    }

    /// An event that is no change (a miss, a new key). It is published once the shards are unlocked, if anybody wants to
    /// be told.
    #[inline]
    pub fn notify(&mut self, key: Key<'_>, event: Event) {
        if self.keyspace.wanted_events.get().intersects(event.class) {
            self.note(key, event);
        }
    }

    #[cold]
    fn note(&mut self, key: Key<'_>, event: Event) {
        self.effects.events.push(KeyEvent { event, db: self.db, key: key.name.into() });
    }

    /// The place of a key that exists and whose time has not come; one whose time has come is removed.
    #[inline]
    fn find_live(&mut self, db: usize, key: Key<'_>) -> Option<Location> {
        let now_ms = self.now_ms;
        let part = self.part_of(db, key.hash);
        let location = part.find(key.name, key.hash)?;
        if !part.entry(location).is_expired(now_ms) {
            return Some(location);
        }
        self.expire(db, key);
        None
    }

    #[cold]
    fn expire(&mut self, db: usize, key: Key<'_>) {
        if let Some(entry) = self.part_of(db, key.hash).remove(key.name, key.hash) {
            self.expired(db, entry);
        }
    }

    /// To be called once for every entry taken out because its time has come: counts it and tells whoever must know.
    fn expired(&mut self, db: usize, entry: EntryBox) {
        let name = entry.view().key();
        let key = Key { name, hash: self.keyspace.hash(name) };
        self.effects.expired += 1;
        self.in_db(db, |locked| {
            locked.notify(key, events::EXPIRED);
            locked.tell(key, Awaited::Yes, Cause::Gone);
            locked.record_gone(&[b"DEL", key.name]);
        });
        self.effects.entries.push(entry);
    }
}
