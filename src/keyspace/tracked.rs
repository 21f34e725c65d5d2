//! Which clients keep copies of a shard's keys: who has read a key since it changed last, for client-side caching.
//!
//! Clients are known here by id alone; one that has gone is forgotten with the key's next change, or when the key has many
//! readers. Keys have no database: a change in one is news for who has read the key of that name in another, as in Redis.
//! Kept under the shard's lock, beside the data; allocates nothing while nobody tracks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

use smallvec::SmallVec;

use super::Key;
use crate::types::table::Table;
use crate::util::rng::Rng;

/// Ids of clients, ascending.
pub type Readers = SmallVec<[u64; 2]>;

/// From so many readers on it is looked whether they are still there, each time that their number has doubled.
const LOOKED_AT: usize = 16;

#[derive(Debug)]
struct Tracked {
    name: Box<[u8]>,
    readers: Readers,
}

/// The tracked keys of a shard.
#[derive(Debug, Default)]
pub struct TrackedKeys {
    table: Option<Box<Table<Tracked>>>,
    items: usize,
}

impl TrackedKeys {
    /// Nobody has read anything.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_none()
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.len())
    }

    /// Number of readers of all keys.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// Remembers that a client has read a key; answers by how much [`TrackedKeys::len`] and [`TrackedKeys::items`] have
    /// grown. `is_reader` tells whether a client still wants to know.
    pub fn add(&mut self, key: Key<'_>, client: u64, is_reader: impl Fn(u64) -> bool) -> (usize, isize) {
        let table = self.table.get_or_insert_default();
        let (tracked, is_new) = table.find_or_insert(
            key.hash.0,
            |tracked| *tracked.name == *key.name,
            || Tracked { name: key.name.into(), readers: Readers::new() },
        );
        let Err(mut at) = tracked.readers.binary_search(&client) else { return (0, 0) };
        let before = tracked.readers.len();
        if before >= LOOKED_AT && before.is_power_of_two() {
            tracked.readers.retain(|id| is_reader(*id));
            at = tracked.readers.partition_point(|id| *id < client);
        }
        tracked.readers.insert(at, client);
        let grown = tracked.readers.len() as isize - before as isize;
        self.items = self.items.wrapping_add_signed(grown);
        (usize::from(is_new), grown)
    }

    /// Forgets a key; answers who had read it.
    pub fn remove(&mut self, key: Key<'_>) -> Option<Readers> {
        let tracked = self.table.as_mut()?.remove(key.hash.0, |tracked| *tracked.name == *key.name)?;
        self.removed(&tracked);
        Some(tracked.readers)
    }

    /// Forgets any key; answers its name, and who had read it.
    pub fn remove_random(&mut self, rng: &mut Rng) -> Option<(Box<[u8]>, Readers)> {
        let tracked = self.table.as_mut()?.remove_random(rng)?;
        self.removed(&tracked);
        Some((tracked.name, tracked.readers))
    }

    fn removed(&mut self, tracked: &Tracked) {
        self.items -= tracked.readers.len();
        if self.table.as_ref().is_some_and(|table| table.is_empty()) {
            self.table = None;
        }
    }
}

/// What is tracked in all shards together, and whether all changes are to be told.
#[derive(Debug, Default)]
pub struct Tracking {
    keys: AtomicUsize,
    items: AtomicUsize,
    readers: AtomicUsize,
    broadcasts: AtomicBool,
}

impl Tracking {
    /// Number of tracked keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.load(Relaxed)
    }

    /// Number of pairs of a tracked key and a client.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items.load(Relaxed)
    }

    /// One more client wants its reads to be remembered; to be called before the first.
    pub fn add_reader(&self) {
        self.readers.fetch_add(1, SeqCst);
    }

    /// One client does not want that any more.
    pub fn remove_reader(&self) {
        self.readers.fetch_sub(1, SeqCst);
    }

    /// Whether no client wants that, and what is remembered is for nobody.
    #[must_use]
    pub fn is_for_nobody(&self) -> bool {
        self.readers.load(SeqCst) == 0
    }

    /// Whether somebody is told of keys that he has not read.
    #[inline]
    #[must_use]
    pub fn broadcasts(&self) -> bool {
        self.broadcasts.load(Relaxed)
    }

    /// Says whether somebody is. Who has said so and then locks a shard is told of all later changes there.
    pub fn set_broadcasts(&self, on: bool) {
        self.broadcasts.store(on, Relaxed);
    }

    /// Counts what was added.
    pub(super) fn grow(&self, keys: usize, items: isize) {
        if keys > 0 {
            self.keys.fetch_add(keys, Relaxed);
        }
        self.items.fetch_add(items.cast_unsigned(), Relaxed);
    }

    /// Counts what was taken away.
    pub(super) fn shrink(&self, keys: usize, items: usize) {
        self.keys.fetch_sub(keys, Relaxed);
        self.items.fetch_sub(items, Relaxed);
    }
}

/// Why copies of a key are not valid any more, if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// They still are: what has changed is in no copy.
    Beside,
    /// The client whose command this is has changed it.
    Changed,
    /// It has expired or was evicted.
    Gone,
    /// There are too many keys to remember who has read this one.
    Forgotten,
}

/// A key of which some clients may have copies that are not valid any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalidated {
    /// Its name.
    pub key: Box<[u8]>,
    /// Who had read it.
    pub readers: Readers,
    /// Why.
    pub cause: Cause,
}

/// What a command has made of the copies that clients keep; they are told once the shards are unlocked.
#[derive(Debug, Default)]
pub struct Invalidations {
    /// Keys in the order of their changes.
    pub keys: Vec<Invalidated>,
    /// Every key: a database was emptied.
    pub all: bool,
    /// What was remembered of a shard then, to be dropped without a lock.
    pub(super) forgotten: Vec<TrackedKeys>,
}

impl Invalidations {
    /// Nobody is told anything.
    pub const NONE: Invalidations = Invalidations { keys: Vec::new(), all: false, forgotten: Vec::new() };

    /// Nobody is to be told anything.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::KeyHasher;
    use crate::util::rng::Rng;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        /// Beside a model; clients above 30 have gone.
        #[test]
        fn remembers_who_has_read_what(steps in prop::collection::vec((0..6u8, 0..40u64, 0..10u8), 0..600)) {
            let (hasher, mut rng) = (KeyHasher::seeded(3), Rng::from_seed(5));
            let (mut tracked, mut model) = (TrackedKeys::default(), BTreeMap::<Vec<u8>, BTreeSet<u64>>::new());
            let mut items = 0;
            for (name, client, what) in steps {
                let name = vec![name];
                let key = Key { name: &name, hash: hasher.hash(&name) };
                match what {
                    0 => {
                        let readers = tracked.remove(key);
                        items -= readers.as_ref().map_or(0, |readers| readers.len() as isize);
                        let known = model.remove(&name);
                        prop_assert_eq!(readers.is_some(), known.is_some());
                        let (readers, known) = (readers.unwrap_or_default(), known.unwrap_or_default());
                        prop_assert!(known.iter().filter(|id| **id <= 30).all(|id| readers.contains(id)));
                        prop_assert!(readers.iter().all(|id| known.contains(id)));
                    }
                    1 => {
                        let removed = tracked.remove_random(&mut rng);
                        prop_assert_eq!(removed.is_some(), !model.is_empty());
                        if let Some((name, readers)) = removed {
                            items -= readers.len() as isize;
                            prop_assert!(model.remove(&name.to_vec()).is_some());
                        }
                    }
                    _ => {
                        let grown = tracked.add(key, client, |id| id <= 30);
                        let keys = model.len();
                        model.entry(name).or_default().insert(client);
                        prop_assert_eq!(grown.0, model.len() - keys);
                        items += grown.1;
                    }
                }
                prop_assert_eq!((tracked.len(), tracked.items() as isize), (model.len(), items));
                prop_assert_eq!(tracked.is_empty(), model.is_empty());
            }
        }
    }
}
