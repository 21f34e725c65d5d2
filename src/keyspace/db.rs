//! One of the numbered databases, as far as one shard holds it.
//!
//! Keeps the index, the expiry indexes (of keys, and of hashes by their fields) and the byte count in step. It has no clock: an entry whose time has passed is
//! still found here; the caller compares [`EntryRef::is_expired`] and removes. Every call takes the key's hash, which
//! the caller computed to pick the shard. Whatever is costly to free is handed back, to be dropped after unlocking.

#[cfg(test)]
mod tests;

use super::entry::{EntryBox, EntryMut, EntryRef, External, StringValue};
use super::expire::ExpireIndex;
use super::hash::{KeyHash, KeyHasher};
use super::index::{Index, Location, Near, Positions};
use super::snapshot::{Batch, Part};
use crate::types::{Collection, ObjectType};
use crate::util::rng::Rng;

/// Random entries that are looked at in the hope that one has an expiry, before the index of expiries is asked.
const RANDOM_TRIES: usize = 4;

/// What a write does to the expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// Leaves it as it is.
    Keep,
    /// Takes it away.
    Clear,
    /// Sets it, in milliseconds since 1970.
    At(u64),
}

/// What [`Db::set_string`] did.
#[derive(Debug)]
#[must_use = "what was replaced is to be dropped after unlocking"]
pub struct Written {
    /// True when the key was there before.
    pub existed: bool,
    /// The expiry that it had.
    pub expire_at_ms: Option<u64>,
    /// What the old value held outside its entry.
    pub external: Option<External>,
}

/// A database's part in one shard. See the file's header.
#[derive(Debug)]
pub struct Db {
    index: Index,
    expires: ExpireIndex,
    /// Hashes with fields that expire, by the earliest of them.
    field_expires: ExpireIndex,
    /// Sum of the entries' sizes.
    bytes: usize,
    hasher: KeyHasher,
    /// What the running snapshot still has to save here.
    saving: Option<Box<Part>>,
}

impl Positions for KeyHasher {
    #[inline]
    fn position(&self, key: &[u8]) -> u32 {
        self.hash(key).position()
    }
}

impl Db {
    /// An empty database; allocates nothing.
    pub fn new(hasher: KeyHasher) -> Self {
        Self {
            index: Index::default(),
            expires: ExpireIndex::default(),
            field_expires: ExpireIndex::default(),
            bytes: 0,
            hasher,
            saving: None,
        }
    }

    /// Number of keys, those past their expiry included.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// True without keys.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Number of keys with an expiry.
    pub fn expires_len(&self) -> usize {
        self.expires.len()
    }

    /// Number of hashes with fields that expire.
    pub fn field_expires_len(&self) -> usize {
        self.field_expires.len()
    }

    /// Bytes of all entries, by the size classes of the allocator; the index is not counted.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the index alone. Walks the segments: for reports, not for every request.
    pub fn index_bytes(&self) -> usize {
        self.index.memory_bytes()
    }

    /// About the bytes of the expiry indexes.
    pub fn expires_bytes(&self) -> usize {
        self.expires.memory_bytes() + self.field_expires.memory_bytes()
    }

    /// The index, for walks that need more than this type offers (snapshots).
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The place of `key`; it holds until the next insertion or removal.
    #[inline]
    pub fn find(&self, key: &[u8], hash: KeyHash) -> Option<Location> {
        self.index.find(key, hash.position())
    }

    /// Begins to bring near what a look-up of a key will read.
    #[inline]
    pub fn prefetch(&self, hash: KeyHash, what: Near) {
        self.index.prefetch(hash.position(), what);
    }

    /// The entry at a place found just now.
    #[inline]
    pub fn entry(&self, location: Location) -> EntryRef<'_> {
        self.index.entry(location)
    }

    /// Leaves another LRU/LFU field in the entry at a place found just now. That is no change to be saved before.
    #[inline]
    pub fn touch(&mut self, location: Location, next: impl FnOnce(u32) -> u32) {
        let old = self.index.entry(location).lru();
        let new = next(old);
        // Most accesses come within the second of the one before: the entry's cache line stays clean.
        if new != old {
            self.open(location).set_lru(new);
        }
    }

    /// The entry at a place found just now, to be changed.
    #[inline]
    pub fn entry_mut(&mut self, location: Location) -> EntryMut<'_> {
        self.save_before_change(location);
        self.open(location)
    }

    #[inline]
    fn open(&mut self, location: Location) -> EntryMut<'_> {
        EntryMut::open(self.index.slot_mut(location), &mut self.bytes).expect("a found place holds an entry")
    }

    /// The entry of `key`.
    #[inline]
    pub fn get(&self, key: &[u8], hash: KeyHash) -> Option<EntryRef<'_>> {
        self.find(key, hash).map(|location| self.index.entry(location))
    }

    /// The entry of `key`, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: &[u8], hash: KeyHash) -> Option<EntryMut<'_>> {
        let location = self.find(key, hash)?;
        Some(self.entry_mut(location))
    }

    /// Sets `key` to a string whatever it held. `lru` answers its new LRU/LFU field for the old one, if there was a key.
    #[inline]
    pub fn set_string(
        &mut self,
        key: &[u8],
        hash: KeyHash,
        value: StringValue<'_>,
        ttl: Ttl,
        lru: impl FnOnce(Option<u32>) -> u32,
    ) -> Written {
        let Some(location) = self.find(key, hash) else {
            let expire_at_ms = if let Ttl::At(at_ms) = ttl { Some(at_ms) } else { None };
            self.insert_absent(EntryBox::string(key, value, expire_at_ms, lru(None)), hash);
            return Written { existed: false, expire_at_ms: None, external: None };
        };
        let mut entry = self.entry_mut(location);
        let old = entry.view().expire_at_ms();
        let fields = entry.view().next_field_expiry();
        let new = match ttl {
            Ttl::Keep => old,
            Ttl::Clear => None,
            Ttl::At(at_ms) => Some(at_ms),
        };
        let field = lru(Some(entry.view().lru()));
        entry.set_lru(field);
        let external = if old == new { entry.set_string(value) } else { entry.set_string_expiring(value, new) };
        self.expiry_changed(hash, old, new);
        self.field_expiry_changed(hash, fields, None);
        Written { existed: true, expire_at_ms: old, external }
    }

    /// Puts an entry in, in place of one with the same key, which is handed back. `hash` is that of its key.
    pub fn insert(&mut self, entry: EntryBox, hash: KeyHash) -> Option<EntryBox> {
        let Some(location) = self.find(entry.view().key(), hash) else {
            self.insert_absent(entry, hash);
            return None;
        };
        let (new, new_fields) = (entry.view().expire_at_ms(), entry.view().next_field_expiry());
        let old = self.entry_mut(location).replace(entry);
        self.expiry_changed(hash, old.view().expire_at_ms(), new);
        self.field_expiry_changed(hash, old.view().next_field_expiry(), new_fields);
        Some(old)
    }

    /// Changes the collection at a place found just now; `hash` is that of its key. `None`, and no change, when it is no
    /// `T`.
    #[inline]
    pub fn edit<T: Collection, R>(
        &mut self,
        location: Location,
        hash: KeyHash,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        if T::TYPE != ObjectType::Hash {
            return self.entry_mut(location).edit_object(change);
        }
        let before = self.entry(location).next_field_expiry();
        let result = self.entry_mut(location).edit_object(change);
        let after = self.entry(location).next_field_expiry();
        self.field_expiry_changed(hash, before, after);
        result
    }

    /// Sets the expiry, or takes it away. False when there is no such key.
    pub fn set_expire(&mut self, key: &[u8], hash: KeyHash, expire_at_ms: Option<u64>) -> bool {
        let Some(location) = self.find(key, hash) else { return false };
        self.set_expire_at(location, hash, expire_at_ms);
        true
    }

    /// The same for the entry at a place found just now; `hash` is that of its key.
    pub fn set_expire_at(&mut self, location: Location, hash: KeyHash, expire_at_ms: Option<u64>) {
        let mut entry = self.entry_mut(location);
        let old = entry.view().expire_at_ms();
        if old != expire_at_ms {
            entry.set_expiry(expire_at_ms);
            self.expiry_changed(hash, old, expire_at_ms);
        }
    }

    /// Takes the expiry away. True when there was one.
    pub fn persist(&mut self, key: &[u8], hash: KeyHash) -> bool {
        self.get(key, hash).is_some_and(|entry| entry.expire_at_ms().is_some()) && self.set_expire(key, hash, None)
    }

    /// Takes the entry of `key` out.
    #[inline]
    pub fn remove(&mut self, key: &[u8], hash: KeyHash) -> Option<EntryBox> {
        let location = self.find(key, hash)?;
        Some(self.remove_at(location, hash))
    }

    /// Takes out the entry at a place found just now; `hash` is that of its key.
    #[inline]
    pub fn remove_at(&mut self, location: Location, hash: KeyHash) -> EntryBox {
        self.take(location, hash.position())
    }

    /// The earliest expiry, in milliseconds since 1970.
    #[inline]
    pub fn next_due(&self) -> Option<u64> {
        self.expires.first().map(|(at_ms, _)| at_ms)
    }

    /// Takes out the entry that expires first, if its time is not after `now_ms`.
    pub fn pop_due(&mut self, now_ms: u64) -> Option<EntryBox> {
        let (at_ms, position) = self.expires.first()?;
        if at_ms > now_ms {
            return None;
        }
        let location = self
            .index
            .find_at(position, &self.hasher, |entry| entry.expire_at_ms() == Some(at_ms))
            .expect("every record has an entry");
        Some(self.take(location, position))
    }

    /// The place of the hash with the field that expires first, if the time of that is not after `now_ms`.
    pub fn find_due_fields(&self, now_ms: u64) -> Option<Location> {
        let (at_ms, position) = self.field_expires.first()?;
        if at_ms > now_ms {
            return None;
        }
        let found = self.index.find_at(position, &self.hasher, |entry| entry.next_field_expiry() == Some(at_ms));
        Some(found.expect("every record has an entry"))
    }

    /// Mean time left over all keys with an expiry, in milliseconds (INFO's `avg_ttl`); 0 without any.
    pub fn average_ttl_ms(&self, now_ms: u64) -> u64 {
        self.expires.mean_ms().map_or(0, |mean_ms| mean_ms.saturating_sub(now_ms))
    }

    /// A random entry for a random `dice`; every key can come up.
    pub fn random(&self, dice: u64) -> Option<EntryRef<'_>> {
        self.index.random(dice)
    }

    /// A random entry with an expiry. Every one can come up; where few entries have one, those that expire long after
    /// the one before come up more often.
    pub fn random_expiring(&self, rng: &mut Rng) -> Option<EntryRef<'_>> {
        if self.expires.len() == 0 {
            return None;
        }
        let mut tries = (0..RANDOM_TRIES).filter_map(|_| self.random(rng.next_u64()));
        let lucky = tries.find(|entry| entry.expire_at_ms().is_some());
        lucky.or_else(|| self.entry_of_record(self.expires.random(rng.next_u64())?))
    }

    /// The entry that expires first.
    pub fn first_expiring(&self) -> Option<EntryRef<'_>> {
        self.entry_of_record(self.expires.first()?)
    }

    fn entry_of_record(&self, (at_ms, position): (u64, u32)) -> Option<EntryRef<'_>> {
        let found = self.index.find_at(position, &self.hasher, |entry| entry.expire_at_ms() == Some(at_ms))?;
        Some(self.index.entry(found))
    }

    /// Visits entries in order of position from `from` on; see [`Index::scan`].
    pub fn scan(&self, from: u32, count: usize, visit: impl FnMut(EntryRef<'_>)) -> Option<u32> {
        self.index.scan(from, count, &self.hasher, visit)
    }

    /// Every entry, in no order.
    pub fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.index.iter()
    }

    /// Empties the database and hands back what it held, to be dropped after unlocking or on another thread.
    pub fn clear(&mut self) -> Self {
        let empty = Self::new(self.hasher.clone());
        std::mem::replace(self, empty)
    }

    /// Begins to be saved: everything that is here now.
    pub(super) fn begin_saving(&mut self, part: Part) {
        self.index.begin_saving();
        self.saving = Some(Box::new(part));
    }

    /// Whether a snapshot still has to save something here.
    pub(super) fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Fills an empty `batch` with entries that are to be saved, if there are any left.
    pub(super) fn save_some(&mut self, batch: &mut Batch) {
        if self.saving.as_mut().is_some_and(|part| !part.save_some(&mut self.index, batch)) {
            self.saving = None;
        }
    }

    /// Fills an empty `batch` with entries that writers have handed over; false when there are none.
    pub(super) fn take_early(&mut self, batch: &mut Batch) -> bool {
        self.saving.as_mut().is_some_and(|part| part.take_early(batch))
    }

    /// To be called before an entry is changed or removed: a snapshot that has not come to it yet gets it as it is.
    #[inline]
    fn save_before_change(&mut self, location: Location) {
        if self.index.is_unsaved(location) {
            self.save_early(location);
        }
    }

    #[cold]
    fn save_early(&mut self, location: Location) {
        let entry = self.index.entry(location);
        if !entry.is_settled() {
            if let Some(part) = &mut self.saving {
                part.save_early(entry);
            }
            self.index.slot_mut(location).set_settled(true);
        }
    }

    #[inline]
    fn insert_absent(&mut self, entry: EntryBox, hash: KeyHash) {
        self.bytes += entry.view().memory_bytes();
        let (expire_at_ms, fields) = (entry.view().expire_at_ms(), entry.view().next_field_expiry());
        self.index.insert(entry, hash.position(), &self.hasher);
        self.expiry_changed(hash, None, expire_at_ms);
        self.field_expiry_changed(hash, None, fields);
    }

    #[inline]
    fn take(&mut self, location: Location, position: u32) -> EntryBox {
        self.save_before_change(location);
        let mut entry = self.index.remove(location);
        entry.set_settled(false);
        self.bytes -= entry.view().memory_bytes();
        if let Some(at_ms) = entry.view().expire_at_ms() {
            self.forget_expiry(at_ms, position);
        }
        if let Some(at_ms) = entry.view().next_field_expiry() {
            self.forget_field_expiry(at_ms, position);
        }
        entry
    }

    /// Brings the expiry index in step after an entry changed from `old` to `new`.
    #[inline]
    fn expiry_changed(&mut self, hash: KeyHash, old: Option<u64>, new: Option<u64>) {
        if old == new {
            return;
        }
        if let Some(at_ms) = old {
            self.forget_expiry(at_ms, hash.position());
        }
        if let Some(at_ms) = new {
            self.expires.add(at_ms, hash.position());
        }
    }

    /// The same for the earliest expiry of a hash's fields.
    #[inline]
    fn field_expiry_changed(&mut self, hash: KeyHash, old: Option<u64>, new: Option<u64>) {
        if old == new {
            return;
        }
        if let Some(at_ms) = old {
            self.forget_field_expiry(at_ms, hash.position());
        }
        if let Some(at_ms) = new {
            self.field_expires.add(at_ms, hash.position());
        }
    }

    /// Takes away the record of a hash whose fields no longer expire first at this time.
    fn forget_field_expiry(&mut self, at_ms: u64, position: u32) {
        let shared = self.index.find_at(position, &self.hasher, |entry| entry.next_field_expiry() == Some(at_ms));
        self.field_expires.remove(at_ms, position, shared.is_none());
    }

    /// Takes away the record of an entry that no longer has this expiry.
    fn forget_expiry(&mut self, at_ms: u64, position: u32) {
        let shared = self.index.find_at(position, &self.hasher, |entry| entry.expire_at_ms() == Some(at_ms));
        self.expires.remove(at_ms, position, shared.is_none());
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        if let Some(part) = self.saving.take() {
            part.save_rest(&mut self.index);
        }
    }
}
