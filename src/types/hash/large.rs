//! The large form: a table of fields, and an index of those that expire.

use std::collections::BTreeSet;

use super::field::Field;
use super::{FieldTtl, Written, is_due};
use crate::types::packed::Element;
use crate::types::table::{self, Table};
use crate::util::alloc::size_class;
use crate::util::rng::Rng;

/// Bytes of a record of [`Expiries`] with its part of the tree, whose nodes are about two thirds full.
const RECORD_BYTES: usize = 24;

/// When fields expire: time, and hash of the field. Fields with both in common share a record.
type Expiries = BTreeSet<(u64, u64)>;

/// See the file's header.
#[derive(Debug, Clone, Default)]
pub(super) struct Large {
    fields: Table<Field>,
    expiries: Expiries,
    /// Fields with an expiry.
    expiring: usize,
    /// Heap bytes of all fields.
    field_bytes: usize,
}

fn hash_of(field: &Field) -> u64 {
    table::hash(field.name())
}

impl Large {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let own = size_class(size_of::<Large>());
        own + self.fields.memory_bytes() + self.field_bytes + self.expiries.len() * RECORD_BYTES
    }

    /// See [`Hash::prefetch`](super::Hash::prefetch).
    pub(super) fn prefetch(&self, hashes: &[u64]) {
        self.fields.prefetch_all(hashes, Field::prefetch);
    }

    #[inline]
    pub(super) fn get(&self, name: &[u8]) -> Option<(&[u8], Option<u64>)> {
        let field = self.fields.find(table::hash(name), |field| field.name() == name)?;
        let (_, value, expire_at_ms) = field.all();
        Some((value, expire_at_ms))
    }

    /// Adds a field that is not there.
    pub(super) fn insert_absent(&mut self, name: &[u8], value: &[u8], expire_at_ms: Option<u64>) {
        let hash = table::hash(name);
        let field = Field::new(name, value, expire_at_ms);
        self.field_bytes += field.memory_bytes();
        self.fields.insert_unique(hash, field);
        self.add_expiry(hash, expire_at_ms);
    }

    #[inline]
    pub(super) fn set(&mut self, name: &[u8], value: &[u8], ttl: FieldTtl, now_ms: u64) -> Written {
        let hash = table::hash(name);
        let make = || Field::new(name, value, ttl.of_new());
        let (field, is_new) = self.fields.find_or_insert(hash, |field| field.name() == name, make);
        if is_new {
            self.field_bytes += field.memory_bytes();
            self.add_expiry(hash, ttl.of_new());
            return Written::Added;
        }
        let old = field.expire_at_ms();
        let was_due = is_due(old, now_ms);
        let new = if was_due { ttl.of_new() } else { ttl.after(old) };
        self.field_bytes -= field.memory_bytes();
        *field = Field::new(name, value, new);
        self.field_bytes += field.memory_bytes();
        self.expiry_changed(hash, old, new);
        if was_due { Written::Added } else { Written::Updated }
    }

    pub(super) fn set_expiry(&mut self, name: &[u8], expire_at_ms: Option<u64>) -> bool {
        let hash = table::hash(name);
        let Some(field) = self.fields.find_mut(hash, |field| field.name() == name) else { return false };
        let old = field.expire_at_ms();
        if old != expire_at_ms {
            self.field_bytes -= field.memory_bytes();
            *field = Field::new(name, field.value(), expire_at_ms);
            self.field_bytes += field.memory_bytes();
            self.expiry_changed(hash, old, expire_at_ms);
        }
        true
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let hash = table::hash(name);
        let Some(field) = self.fields.remove(hash, |field| field.name() == name) else { return false };
        self.field_bytes -= field.memory_bytes();
        self.remove_expiry(hash, field.expire_at_ms());
        true
    }

    fn expiry_changed(&mut self, hash: u64, old: Option<u64>, new: Option<u64>) {
        if old != new {
            self.remove_expiry(hash, old);
            self.add_expiry(hash, new);
        }
    }

    #[inline]
    fn add_expiry(&mut self, hash: u64, expire_at_ms: Option<u64>) {
        if let Some(at_ms) = expire_at_ms {
            self.expiries.insert((at_ms, hash));
            self.expiring += 1;
        }
    }

    /// Takes away the record of a field that no longer has this expiry.
    #[inline]
    fn remove_expiry(&mut self, hash: u64, expire_at_ms: Option<u64>) {
        let Some(at_ms) = expire_at_ms else { return };
        self.expiring -= 1;
        if self.find_expiring(hash, at_ms).is_none() {
            self.expiries.remove(&(at_ms, hash));
        }
    }

    fn find_expiring(&self, hash: u64, at_ms: u64) -> Option<&Field> {
        self.fields.find(hash, |field| field.expire_at_ms() == Some(at_ms) && hash_of(field) == hash)
    }

    pub(super) fn expiring_len(&self) -> usize {
        self.expiring
    }

    pub(super) fn next_expiry(&self) -> Option<u64> {
        self.expiries.first().map(|&(at_ms, _)| at_ms)
    }

    pub(super) fn due_len(&self, now_ms: u64) -> usize {
        self.expiries.range(..=(now_ms, u64::MAX)).count()
    }

    pub(super) fn remove_due(&mut self, now_ms: u64, limit: usize, mut removed: impl FnMut(&[u8])) -> usize {
        let mut count = 0;
        while count < limit {
            let Some(&(at_ms, hash)) = self.expiries.first() else { break };
            if at_ms > now_ms {
                break;
            }
            let is_it = |field: &Field| field.expire_at_ms() == Some(at_ms) && hash_of(field) == hash;
            let field = self.fields.remove(hash, is_it).expect("every record has a field");
            self.field_bytes -= field.memory_bytes();
            self.remove_expiry(hash, Some(at_ms));
            removed(field.name());
            count += 1;
        }
        count
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8], Option<u64>)> {
        self.fields.iter_near(Field::prefetch).map(Field::all)
    }

    pub(super) fn random(&self, rng: &mut Rng) -> Option<(&[u8], &[u8], Option<u64>)> {
        self.fields.random(rng).map(Field::all)
    }

    pub(super) fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(Element<'_>, Element<'_>, Option<u64>),
    ) -> u64 {
        self.fields.scan(cursor, count, |field| {
            let (name, value, expire_at_ms) = field.all();
            visit(name.into(), value.into(), expire_at_ms);
        })
    }

    /// What [`memory_bytes`](Self::memory_bytes) should be.
    #[cfg(test)]
    pub(super) fn walked_bytes(&self) -> usize {
        let fields: usize = self.fields.iter().map(Field::memory_bytes).sum();
        size_class(size_of::<Large>()) + self.fields.memory_bytes() + fields + self.expiries.len() * RECORD_BYTES
    }
}
