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
    /// Nobody has walked to the end of the queue since the last of them.
    is_unserved: bool,
}

impl Queue {
    /// Notes a change; true when it is the first of those that are not served.
    fn tell(&mut self) -> bool {
        self.news += 1;
        !std::mem::replace(&mut self.is_unserved, true)
    }

    fn next(&self, behind: u64, kind: Option<ObjectType>) -> Option<u64> {
        let fitting = kind.map_or(0, |kind| self.by_kind[kind as usize]);
        if fitting == 0 && self.when_gone == 0 {
            return None;
        }
        let mut waiters = self.waiters.range(behind + 1..);
        waiters.find(|(_, wanted)| wanted.when_gone || Some(wanted.kind) == kind).map(|(ticket, _)| *ticket)
    }
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
    /// Keys with news that are not served.
    unserved: usize,
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
            self.unserved -= usize::from(queue.is_unserved);
            queues.remove(name);
        }
    }

    /// Notes that a key has changed; false when nobody waits for it.
    pub fn tell(&mut self, db: usize, name: &[u8]) -> bool {
        let queue = self.dbs.get_mut(db).and_then(|queues| queues.get_mut(name));
        let told = queue.map(Queue::tell);
        self.unserved += usize::from(told == Some(true));
        told.is_some()
    }

    /// Notes that every key of the chosen databases has changed; the keys for which somebody waits, with their databases.
    pub fn tell_all(&mut self, is_chosen: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, &[u8])> {
        for (_, queues) in self.dbs.iter_mut().enumerate().filter(|(db, _)| is_chosen(*db)) {
            self.unserved += queues.values_mut().map(|queue| usize::from(queue.tell())).sum::<usize>();
        }
        self.all().filter(move |(db, ..)| is_chosen(*db)).map(|(db, name, _)| (db, name))
    }

    fn all(&self) -> impl Iterator<Item = (usize, &[u8], &Queue)> {
        let queues = self.dbs.iter().enumerate();
        queues.flat_map(|(db, queues)| queues.iter().map(move |(name, queue)| (db, &**name, queue)))
    }

    /// Whether keys have changed whose waiters nobody has looked at since.
    #[inline]
    pub fn has_unserved(&self) -> bool {
        self.unserved > 0
    }

    /// Those keys, with their databases.
    pub fn unserved(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.all().filter(|(.., queue)| queue.is_unserved).map(|(db, name, _)| (db, name))
    }

    /// The first waiter behind `place` for which there is news when the key holds `kind`, or no collection at all. If the
    /// key has changed since, the walk begins anew: those that it has passed are to get what is new first. With nobody
    /// left the news are served.
    pub fn next(&mut self, db: usize, name: &[u8], place: &mut Place, kind: Option<ObjectType>) -> Option<u64> {
        let queue = self.dbs.get_mut(db)?.get_mut(name)?;
        if queue.news != place.news {
            *place = Place { behind: 0, news: queue.news };
        }
        let next = queue.next(place.behind, kind);
        if next.is_none() && std::mem::take(&mut queue.is_unserved) {
            self.unserved -= 1;
        }
        next
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
        let next = |waiters: &mut Waiters, behind, kind| waiters.next(3, b"k", &mut Place { behind, news: 0 }, kind);
        assert_eq!(next(&mut waiters, 0, Some(ObjectType::List)), Some(5));
        assert_eq!(next(&mut waiters, 5, Some(ObjectType::List)), Some(6));
        assert_eq!(next(&mut waiters, 6, Some(ObjectType::List)), None);
        assert_eq!(next(&mut waiters, 0, Some(ObjectType::ZSet)), Some(7));
        assert_eq!((next(&mut waiters, 0, Some(ObjectType::Hash)), next(&mut waiters, 0, None)), (None, None));
        assert_eq!(waiters.next(0, b"k", &mut Place::default(), Some(ObjectType::List)), None);
        waiters.remove(3, b"k", 5);
        waiters.remove(3, b"k", 5);
        assert_eq!(next(&mut waiters, 0, Some(ObjectType::List)), Some(6));
    }

    #[test]
    fn some_hear_that_their_key_is_gone() {
        let mut waiters = Waiters::default();
        waiters.add(0, b"k", 1, LIST);
        waiters.add(0, b"k", 2, STREAM);
        let mut next = |kind| waiters.next(0, b"k", &mut Place::default(), kind);
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
        let next = |waiters: &mut Waiters, place: &mut Place| waiters.next(0, b"k", place, Some(ObjectType::List));
        assert_eq!(next(&mut waiters, &mut place), Some(1));
        place.behind = 1;
        assert_eq!(next(&mut waiters, &mut place), Some(2));
        assert!(waiters.tell(0, b"k") && !waiters.tell(0, b"other"));
        assert_eq!(next(&mut waiters, &mut place), Some(1));
    }

    #[test]
    fn news_are_unserved_until_a_walk_has_come_to_the_end() {
        let mut waiters = Waiters::default();
        waiters.add(0, b"k", 1, LIST);
        waiters.add(1, b"k", 2, LIST);
        assert!(!waiters.has_unserved());
        assert!(waiters.tell(0, b"k") && waiters.tell(0, b"k") && waiters.tell(1, b"k"));
        assert_eq!(waiters.unserved().collect::<Vec<_>>(), [(0, &b"k"[..]), (1, b"k")]);
        let mut place = Place::default();
        assert_eq!(waiters.next(0, b"k", &mut place, Some(ObjectType::List)), Some(1));
        place.behind = 1;
        assert_eq!(waiters.next(0, b"k", &mut place, Some(ObjectType::List)), None);
        assert_eq!(waiters.unserved().collect::<Vec<_>>(), [(1, &b"k"[..])]);
        waiters.remove(1, b"k", 2);
        assert!(!waiters.has_unserved());
        assert_eq!(waiters.tell_all(|_| true).count(), 1);
        assert_eq!(waiters.next(0, b"k", &mut Place::default(), None), None);
        assert!(!waiters.has_unserved(), "there is nothing to be had");
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
