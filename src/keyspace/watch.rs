//! Who watches a key (WATCH): told by a flag that the key has been changed since, as far as one shard holds the key.
//!
//! Kept under the shard's lock, beside the data. A watch ends when its key changes; else whoever began it ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use ahash::AHashMap;

/// The flag of a client that watches keys. It is raised and read under the lock of a watched key's shard.
#[derive(Debug, Default, Clone)]
pub struct Watcher(Arc<AtomicBool>);

impl Watcher {
    /// Whether a watched key has changed.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// A watched key has changed.
    pub fn touch(&self) {
        self.0.store(true, Relaxed);
    }

    fn is(&self, other: &Watcher) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The watched keys of a shard.
#[derive(Debug, Default)]
pub struct Watches {
    dbs: Vec<AHashMap<Box<[u8]>, Vec<Watcher>>>,
    /// Watched keys.
    count: usize,
}

impl Watches {
    /// Nobody watches.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins a watch.
    pub fn add(&mut self, db: usize, name: &[u8], watcher: &Watcher) {
        if db >= self.dbs.len() {
            self.dbs.resize_with(db + 1, AHashMap::default);
        }
        let watchers = self.dbs[db].entry(name.into()).or_default();
        self.count += usize::from(watchers.is_empty());
        watchers.push(watcher.clone());
    }

    /// Ends a watch, if it has not ended.
    pub fn remove(&mut self, db: usize, name: &[u8], watcher: &Watcher) {
        let Some(keys) = self.dbs.get_mut(db) else { return };
        let Some(watchers) = keys.get_mut(name) else { return };
        watchers.retain(|other| !other.is(watcher));
        if watchers.is_empty() {
            keys.remove(name);
            self.count -= 1;
        }
    }

    /// The key has changed: tells all who watch it, which ends their watch.
    pub fn touch(&mut self, db: usize, name: &[u8]) {
        if let Some(watchers) = self.dbs.get_mut(db).and_then(|keys| keys.remove(name)) {
            self.count -= 1;
            watchers.iter().for_each(Watcher::touch);
        }
    }

    /// The watched keys with their databases.
    pub fn all_keys(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.dbs.iter().enumerate().flat_map(|(db, keys)| keys.keys().map(move |name| (db, &**name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_all_who_watch_the_key_and_ends_their_watch() {
        let mut watches = Watches::default();
        let [one, two, three] = [(); 3].map(|()| Watcher::default());
        watches.add(0, b"k", &one);
        watches.add(0, b"k", &two);
        watches.add(2, b"k", &three);
        watches.touch(0, b"other");
        assert!(!one.is_touched());
        watches.touch(0, b"k");
        assert!(one.is_touched() && two.is_touched() && !three.is_touched());
        assert_eq!(watches.all_keys().collect::<Vec<_>>(), [(2, &b"k"[..])]);
    }

    #[test]
    fn who_ends_a_watch_hears_no_more() {
        let mut watches = Watches::default();
        let [one, two] = [(); 2].map(|()| Watcher::default());
        watches.add(1, b"k", &one);
        watches.add(1, b"k", &two);
        watches.remove(1, b"k", &one);
        watches.remove(1, b"k", &one);
        watches.touch(1, b"k");
        assert!(!one.is_touched() && two.is_touched());
        assert!(watches.is_empty());
    }
}
