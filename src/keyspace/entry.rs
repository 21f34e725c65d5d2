//! An entry: one key with its value, expiry and LRU field in one allocation behind a thin pointer.
//!
//! [`EntryBox`] owns one that is in no index, [`EntryRef`] reads one, and the index holds them in [`Slot`]s, whose
//! [`EntryMut`] may put a larger or smaller block in the place of the old one. Layout: `entry/block.rs`.
//!
//! Depends on `types` (the object behind a non-string) and on the allocator's size classes; knows no lock and no clock.

mod block;
mod copies;
mod slot;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use bytes::Bytes;

pub use self::copies::Copies;
pub use self::slot::{EntryMut, External, Slot};
pub use self::value::{EMBSTR_LIMIT_BYTES, INLINE_LIMIT_BYTES, Kind, StringValue, Value};

use self::block::{Block, Shape};
use crate::types::Object;
use crate::util::alloc::size_class;

/// A value with more bytes than this in its own buffer is worth freeing outside the lock.
const HEAVY_BYTES: usize = 64 << 10;
/// An object with more elements than this is worth freeing outside the lock.
const HEAVY_ELEMENTS: usize = 64;

fn is_heavy_text(text: &Bytes) -> bool {
    text.len() > HEAVY_BYTES
}

fn is_heavy_object(object: &Object) -> bool {
    object.len() > HEAVY_ELEMENTS
}

/// An entry that is in no index; freed when dropped.
pub struct EntryBox(Block);

impl EntryBox {
    /// A string entry. `lru` is the 24-bit LRU/LFU field.
    #[inline]
    pub fn string(key: &[u8], value: StringValue<'_>, expire_at_ms: Option<u64>, lru: u32) -> Self {
        let shape = Shape {
            key_len: key.len(),
            value_len: value.inline_len(),
            expiry: expire_at_ms.is_some(),
            is_object: false,
        };
        let block = Block::allocate(shape, value.kind(), lru);
        if let Some(at_ms) = expire_at_ms {
            block.set_expire_at_ms(at_ms);
        }
        block.write_key(key);
        write_string(block, value);
        Self(block)
    }

    /// An entry that holds a collection.
    pub fn object(key: &[u8], object: Object, expire_at_ms: Option<u64>, lru: u32) -> Self {
        let shape = Shape { key_len: key.len(), value_len: 0, expiry: expire_at_ms.is_some(), is_object: true };
        let block = Block::allocate(shape, Kind::of_object(&object), lru);
        if let Some(at_ms) = expire_at_ms {
            block.set_expire_at_ms(at_ms);
        }
        block.write_key(key);
        block.write_object(object);
        Self(block)
    }

    /// The entry's view.
    #[inline]
    pub fn view(&self) -> EntryRef<'_> {
        EntryRef { block: self.0, held: PhantomData }
    }

    /// The same value, LRU field and expiry under another key (RENAME); nothing outside the block is copied.
    #[must_use]
    pub fn with_key(self, key: &[u8]) -> Self {
        let expire_at_ms = self.0.expire_at_ms();
        self.rebuilt(key, expire_at_ms)
    }

    /// The same key and value with another expiry.
    #[must_use]
    pub fn with_expiry(self, expire_at_ms: Option<u64>) -> Self {
        if expire_at_ms.is_some() == self.0.header().has_expiry() {
            if let Some(at_ms) = expire_at_ms {
                self.0.set_expire_at_ms(at_ms);
            }
            return self;
        }
        let key = self.0.key();
        self.rebuilt(key, expire_at_ms)
    }

    /// Moves the value to a new block. `key` may lie in the old one.
    fn rebuilt(self, key: &[u8], expire_at_ms: Option<u64>) -> Self {
        let old = self.into_block();
        let header = old.header();
        let shape = Shape { key_len: key.len(), expiry: expire_at_ms.is_some(), ..old.shape() };
        let new = Block::allocate(shape, header.kind(), header.lru());
        new.set_settled(header.is_settled());
        if let Some(at_ms) = expire_at_ms {
            new.set_expire_at_ms(at_ms);
        }
        new.write_key(key);
        new.move_value_from(old);
        old.free();
        Self(new)
    }

    /// True when dropping it takes long enough to be done outside the lock or on another thread.
    pub fn is_heavy(&self) -> bool {
        match self.view().value() {
            Value::Int(_) | Value::Str(_) => false,
            Value::Big(text) => is_heavy_text(text),
            Value::Object(object) => is_heavy_object(object),
        }
    }

    /// Says whether the running snapshot needs nothing more of the entry.
    pub(super) fn set_settled(&mut self, settled: bool) {
        self.0.set_settled(settled);
    }

    fn into_block(self) -> Block {
        let block = self.0;
        std::mem::forget(self);
        block
    }

    #[inline]
    fn into_ptr(self) -> NonNull<u8> {
        self.into_block().as_ptr()
    }
}

impl Drop for EntryBox {
    #[inline]
    fn drop(&mut self) {
        free_external(self.0);
        self.0.free();
    }
}

impl Clone for EntryBox {
    fn clone(&self) -> Self {
        self.view().to_owned_as(self.view().key(), self.view().lru())
    }
}

impl fmt::Debug for EntryBox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(out)
    }
}

/// A look at an entry.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    block: Block,
    held: PhantomData<&'a EntryBox>,
}

impl<'a> EntryRef<'a> {
    #[inline]
    fn of_slot(block: Block, _slot: &'a Slot) -> Self {
        Self { block, held: PhantomData }
    }

    /// The key.
    #[inline]
    pub fn key(&self) -> &'a [u8] {
        self.block.key()
    }

    /// What it holds, without following a pointer.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.block.header().kind()
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> Value<'a> {
        match self.kind() {
            Kind::StrInt => Value::Int(self.block.int()),
            Kind::StrEmb | Kind::StrRaw => Value::Str(self.block.text()),
            Kind::StrBig => Value::Big(self.block.big()),
            _ => Value::Object(self.block.object()),
        }
    }

    /// The word that OBJECT ENCODING answers.
    pub fn encoding(&self) -> &'static str {
        match self.kind() {
            Kind::StrInt => "int",
            Kind::StrEmb => "embstr",
            Kind::StrRaw | Kind::StrBig => "raw",
            _ => self.block.object().encoding(),
        }
    }

    /// Its expiry in milliseconds since 1970.
    #[inline]
    pub fn expire_at_ms(&self) -> Option<u64> {
        self.block.expire_at_ms()
    }

    /// The earliest expiry of a field, in milliseconds since 1970, when it is a hash with such fields.
    #[inline]
    pub fn next_field_expiry(&self) -> Option<u64> {
        if self.kind() == Kind::Hash { self.block.object().next_field_expiry() } else { None }
    }

    /// True when its expiry is not after `now_ms`.
    #[inline]
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.block.header().has_expiry() && self.block.expire_at_ms().is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// The running snapshot needs nothing more of the entry.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.block.header().is_settled()
    }

    /// The 24-bit LRU/LFU field.
    #[inline]
    pub fn lru(&self) -> u32 {
        self.block.header().lru()
    }

    /// Bytes set aside for the entry: its block, and an estimate of what it holds outside.
    #[inline]
    pub fn memory_bytes(&self) -> usize {
        self.block.shape().block_bytes() + external_bytes(self.block)
    }

    /// A copy under `key` with the same expiry and the LRU/LFU field `lru` (COPY). A big string is shared until one side changes.
    pub fn to_owned_as(&self, key: &[u8], lru: u32) -> EntryBox {
        let expire_at_ms = self.expire_at_ms();
        let value = match self.value() {
            Value::Int(number) => StringValue::Int(number),
            Value::Str(text) if self.kind() == Kind::StrEmb => StringValue::Emb(text),
            Value::Str(text) => StringValue::Raw(text),
            Value::Big(text) => StringValue::Big(text.clone()),
            Value::Object(object) => return EntryBox::object(key, object.clone(), expire_at_ms, lru),
        };
        EntryBox::string(key, value, expire_at_ms, lru)
    }
}

impl fmt::Debug for EntryRef<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Entry")
            .field("key", &self.key().escape_ascii().to_string())
            .field("kind", &self.kind())
            .field("value", &self.value())
            .field("expire_at_ms", &self.expire_at_ms())
            .finish()
    }
}

/// Writes a string into a block shaped for it.
#[inline]
fn write_string(block: Block, value: StringValue<'_>) {
    match value {
        StringValue::Int(number) => block.write_int(number),
        StringValue::Emb(text) | StringValue::Raw(text) => block.write_text(0, text),
        StringValue::Big(text) => block.write_big(text),
    }
}

/// Frees what the value points to; the block may then only be rewritten or freed.
#[inline]
fn free_external(block: Block) {
    match block.header().kind() {
        Kind::StrInt | Kind::StrEmb | Kind::StrRaw => {}
        Kind::StrBig => drop(block.take_big()),
        _ => drop(block.take_object()),
    }
}

#[inline]
fn external_bytes(block: Block) -> usize {
    match block.header().kind() {
        Kind::StrInt | Kind::StrEmb | Kind::StrRaw => 0,
        Kind::StrBig => size_class(size_of::<Bytes>()) + size_class(block.big().len()),
        _ => block.object().memory_bytes(),
    }
}
