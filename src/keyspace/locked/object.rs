//! Collections of locked keys: looked up by type, changed in place, made and removed as they fill and empty.

use super::{Key, Locked};
use crate::keyspace::entry::{EntryBox, Value};
use crate::types::{Collection, Object};

/// The key holds a value of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongType;

/// What [`Locked::edit`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edited<R> {
    /// What the change answered.
    pub value: R,
    /// Nothing was left of the collection: its key is gone, which the handler has yet to tell
    /// ([`Locked::changed_too`] with `DEL`).
    pub emptied: bool,
}

impl Locked<'_> {
    /// Looks a collection up to read it: counts a hit or a miss, and leaves the time of access behind.
    ///
    /// # Errors
    /// When the key holds something else.
    #[inline]
    pub fn read<T: Collection>(&mut self, key: Key<'_>) -> Result<Option<&T>, WrongType> {
        match self.lookup_read(key).map(|entry| entry.value()) {
            None => Ok(None),
            Some(Value::Object(object)) => T::of(object).map(Some).ok_or(WrongType),
            Some(_) => Err(WrongType),
        }
    }

    /// The collection of a key without any trace, for a look at several at once: `None` too when the key holds something
    /// else, or when its time has come.
    #[inline]
    pub fn get<T: Collection>(&self, key: Key<'_>) -> Option<&T> {
        T::of(self.object(key)?)
    }

    #[inline]
    fn object(&self, key: Key<'_>) -> Option<&Object> {
        let shard = self.keyspace.shard_of(key.hash);
        let at = self.guards.binary_search_by_key(&shard, |guard| guard.id()).ok()?;
        let entry = self.guards[at].db(self.db)?.get(key.name, key.hash)?;
        match entry.value() {
            Value::Object(object) if !entry.is_expired(self.now_ms) => Some(object),
            _ => None,
        }
    }

    /// Begins to bring near what is looked at to find these elements of a key's collection, if it has one.
    pub fn prefetch_elements<'e>(&self, key: Key<'_>, elements: impl Iterator<Item = &'e [u8]>) {
        if let Some(object) = self.object(key) {
            object.prefetch(elements);
        }
    }

    /// Changes the collection of a key that is there. When nothing is left of it the key is removed.
    ///
    /// # Errors
    /// When the key holds something else: nothing has changed.
    #[inline]
    pub fn edit<T: Collection, R>(
        &mut self,
        key: Key<'_>,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<Option<Edited<R>>, WrongType> {
        let Some(location) = self.find_live(self.db, key) else { return Ok(None) };
        let edited = self.touch(key, location).edit(location, key.hash, |collection: &mut T| {
            let value = change(collection);
            Edited { value, emptied: collection.is_spent() }
        });
        let edited = edited.ok_or(WrongType)?;
        if edited.emptied {
            let entry = self.part(key.hash).remove_at(location, key.hash);
            self.effects.entries.push(entry);
        }
        Ok(Some(edited))
    }

    /// Changes the collection of a key; where there is none, one made by `make`, which then becomes the key's unless
    /// nothing is in it.
    ///
    /// # Errors
    /// As [`Locked::edit`].
    #[inline]
    pub fn edit_or_insert<T: Collection, R>(
        &mut self,
        key: Key<'_>,
        make: impl FnOnce() -> T,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, WrongType> {
        let Some(location) = self.find_live(self.db, key) else {
            let mut collection = make();
            let value = change(&mut collection);
            if !collection.is_spent() {
                self.insert(key, collection);
            }
            return Ok(value);
        };
        self.touch(key, location).edit(location, key.hash, change).ok_or(WrongType)
    }

    /// Makes a collection the value of a key, whatever that held before; it has no expiry.
    pub fn put<T: Collection>(&mut self, key: Key<'_>, collection: T) {
        // A value whose time has come is told to have expired, not to have been overwritten.
        let _ = self.find_live(self.db, key);
        self.tell_overwriting(key, Some(T::TYPE));
        self.insert(key, collection);
    }

    fn insert<T: Collection>(&mut self, key: Key<'_>, collection: T) {
        let entry = EntryBox::object(key.name, collection.into_object(), None, self.access.fresh());
        self.insert_in(self.db, key, entry);
    }
}
