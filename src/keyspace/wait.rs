//! Who waits for a key: blocked commands by database and key, as far as one shard holds the key.
//!
//! A waiter is known here by its ticket alone. Tickets are drawn under the lock of the waiter's keys, so that their order
//! is that in which the waiters of one key came. Kept under the shard's lock, beside the data.

use std::collections::BTreeMap;

use ahash::AHashMap;

use super::KeyHash;
use crate::types::ObjectType;

/// What a waiter waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The type that the key must hold.
    pub kind: ObjectType,
    /// It also wants to hear that the key is gone, or holds another type.
    pub when_gone: bool,
}

/// A key that has changed while somebody waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyKey {
    /// Its database.
    pub db: usize,
    /// Its name.
    pub name: Box<[u8]>,
    /// Its hash.
    pub hash: KeyHash,
}

/// The waiters of one key, in their order.
#[derive(Debug, Default)]
struct Queue {
    waiters: BTreeMap<u64, Wanted>,
    /// Waiters by the type that they want.
    by_kind: [usize; 5],
    when_gone: usize,
    /// Changes of the key while somebody waited for it.
    news: u64,
}

/// Where a walk through the waiters of a key stands: behind a ticket, as the news were. It begins with the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The ticket of the last waiter that the news had nothing for; 0 before the first.
    pub behind: u64,
    news: u64,
}

/// The waiters for a shard's keys.
#[derive(Debug, Default)]
pub struct Waiters {
    dbs: Vec<AHashMap<Box<[u8]>, Queue>>,
    count: usize,
}

impl Waiters {
    /// Nobody waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a waiter; once, however often its command names the key.
    pub fn add(&mut self, db: usize, name: &[u8], ticket: u64, wanted: Wanted) {
        if db >= self.dbs.len() {
            self.dbs.resize_with(db + 1, AHashMap::default);
        }
        let queue = self.dbs[db].entry(name.into()).or_default();
        if queue.waiters.insert(ticket, wanted).is_none() {
            queue.by_kind[wanted.kind as usize] += 1;
            queue.when_gone += usize::from(wanted.when_gone);
            self.count += 1;
        }
    }

    /// Takes a waiter away, if it is there.
    pub fn remove(&mut self, db: usize, name: &[u8], ticket: u64) {
        let Some(queues) = self.dbs.get_mut(db) else { return };
        let Some(queue) = queues.get_mut(name) else { return };
        let Some(wanted) = queue.waiters.remove(&ticket) else { return };
        queue.by_kind[wanted.kind as usize] -= 1;
        queue.when_gone -= usize::from(wanted.when_gone);
        self.count -= 1;
        if queue.waiters.is_empty() {
            queues.remove(name);
        }
    }

    /// Notes that a key has changed; false when nobody waits for it.
    pub fn tell(&mut self, db: usize, name: &[u8]) -> bool {
        let queue = self.dbs.get_mut(db).and_then(|queues| queues.get_mut(name));
        queue.map(|queue| queue.news += 1).is_some()
    }

    /// Notes that every key of the chosen databases has changed; the keys for which somebody waits, with their databases.
    pub fn tell_all(&mut self, is_chosen: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, &[u8])> {
        let dbs = self.dbs.iter_mut().enumerate().filter(move |(db, _)| is_chosen(*db));
        dbs.flat_map(|(db, queues)| {
            queues.iter_mut().map(move |(name, queue)| {
                queue.news += 1;
                (db, &**name)
            })
        })
    }

    /// The first waiter behind `place` for which there is news when the key holds `kind`, or no collection at all. If the
    /// key has changed since, the walk begins anew: those that it has passed are to get what is new first.
    pub fn next(&self, db: usize, name: &[u8], place: &mut Place, kind: Option<ObjectType>) -> Option<u64> {
        let queue = self.dbs.get(db)?.get(name)?;
        if queue.news != place.news {
            *place = Place { behind: 0, news: queue.news };
        }
        let fitting = kind.map_or(0, |kind| queue.by_kind[kind as usize]);
        if fitting == 0 && queue.when_gone == 0 {
            return None;
        }
        let mut behind = queue.waiters.range(place.behind + 1..);
        behind.find(|(_, wanted)| wanted.when_gone || Some(wanted.kind) == kind).map(|(ticket, _)| *ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Wanted = Wanted { kind: ObjectType::List, when_gone: false };
    const ZSET: Wanted = Wanted { kind: ObjectType::ZSet, when_gone: false };
    const STREAM: Wanted = Wanted { kind: ObjectType::Stream, when_gone: true };

    #[test]
    fn waiters_come_in_their_order_by_what_they_want() {
        let mut waiters = Waiters::default();
        waiters.add(3, b"k", 5, LIST);
        waiters.add(3, b"k", 7, ZSET);
        waiters.add(3, b"k", 6, LIST);
        waiters.add(3, b"k", 6, LIST);
        let next = |waiters: &Waiters, behind, kind| waiters.next(3, b"k", &mut Place { behind, news: 0 }, kind);
        assert_eq!(next(&waiters, 0, Some(ObjectType::List)), Some(5));
        assert_eq!(next(&waiters, 5, Some(ObjectType::List)), Some(6));
        assert_eq!(next(&waiters, 6, Some(ObjectType::List)), None);
        assert_eq!(next(&waiters, 0, Some(ObjectType::ZSet)), Some(7));
        assert_eq!((next(&waiters, 0, Some(ObjectType::Hash)), next(&waiters, 0, None)), (None, None));
        assert_eq!(waiters.next(0, b"k", &mut Place::default(), Some(ObjectType::List)), None);
        waiters.remove(3, b"k", 5);
        waiters.remove(3, b"k", 5);
        assert_eq!(next(&waiters, 0, Some(ObjectType::List)), Some(6));
    }

    #[test]
    fn some_hear_that_their_key_is_gone() {
        let mut waiters = Waiters::default();
        waiters.add(0, b"k", 1, LIST);
        waiters.add(0, b"k", 2, STREAM);
        let next = |kind| waiters.next(0, b"k", &mut Place::default(), kind);
        assert_eq!(next(None), Some(2));
        assert_eq!(next(Some(ObjectType::Hash)), Some(2));
        assert_eq!(next(Some(ObjectType::List)), Some(1));
    }

    #[test]
    fn a_walk_begins_anew_when_there_is_news() {
        let mut waiters = Waiters::default();
        waiters.add(0, b"k", 1, LIST);
        waiters.add(0, b"k", 2, LIST);
        let mut place = Place::default();
        let next = |waiters: &Waiters, place: &mut Place| waiters.next(0, b"k", place, Some(ObjectType::List));
        assert_eq!(next(&waiters, &mut place), Some(1));
        place.behind = 1;
        assert_eq!(next(&waiters, &mut place), Some(2));
        assert!(waiters.tell(0, b"k") && !waiters.tell(0, b"other"));
        assert_eq!(next(&waiters, &mut place), Some(1));
    }

    #[test]
    fn nothing_is_left_of_those_who_went() {
        let mut waiters = Waiters::default();
        for ticket in 1..=10 {
            waiters.add(1, b"k", ticket, LIST);
        }
        assert!(waiters.tell(1, b"k") && !waiters.tell(0, b"k") && !waiters.is_empty());
        assert_eq!(waiters.tell_all(|_| true).collect::<Vec<_>>(), [(1, &b"k"[..])]);
        assert_eq!(waiters.tell_all(|db| db == 0).count(), 0);
        (1..=10).for_each(|ticket| waiters.remove(1, b"k", ticket));
        assert!(waiters.is_empty() && !waiters.tell(1, b"k"));
        assert_eq!(waiters.tell_all(|_| true).count(), 0);
    }
}
