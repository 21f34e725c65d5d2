//! A slot of the index: a pointer to an entry with 16 bits of fingerprint in its unused top bits.
#![allow(unsafe_code, reason = "tags pointers, and states that an owned entry may change threads")]

use std::fmt;
use std::ptr::{self, NonNull};

use bytes::{Bytes, BytesMut};

use super::block::{Block, Shape};
use super::value::{EMBSTR_LIMIT_BYTES, INLINE_LIMIT_BYTES, Kind, StringValue};
use super::{EntryBox, EntryRef, is_heavy_object, is_heavy_text, write_string};
use crate::types::{Collection, Object};
use crate::util::prefetch::prefetch;

/// User addresses of x86-64 (4-level tables, or 5-level unless asked for) and of AArch64 fit in these bits.
const ADDRESS_BITS: u32 = 48;
const ADDRESS_MASK: usize = (1 << ADDRESS_BITS) - 1;

/// Owns an entry or is empty.
#[repr(transparent)]
pub struct Slot(*mut u8);

// SAFETY: an entry owns its block, its bytes and its object, all of which may change threads (asserted below).
unsafe impl Send for Slot {}
// SAFETY: as for a slot.
unsafe impl Send for EntryBox {}

const _: () = {
    const fn may_change_threads<T: Send>() {}
    may_change_threads::<Bytes>();
    may_change_threads::<Object>();
};

impl Slot {
    /// A slot without an entry.
    pub const EMPTY: Self = Self(ptr::null_mut());

    /// A slot that owns `entry` under `fingerprint`.
    #[inline]
    pub fn new(entry: EntryBox, fingerprint: u16) -> Self {
        Self(tag(entry.into_ptr(), fingerprint))
    }

    /// True without an entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// The fingerprint; 0 when empty.
    #[inline]
    pub fn fingerprint(&self) -> u16 {
        (self.0.addr() >> ADDRESS_BITS) as u16
    }

    /// True when it holds an entry under `fingerprint`.
    #[inline]
    pub fn matches(&self, fingerprint: u16) -> bool {
        let differing = self.0.addr() ^ (usize::from(fingerprint) << ADDRESS_BITS);
        // An empty slot agrees with fingerprint 0 and leaves no address.
        differing.wrapping_sub(1) < ADDRESS_MASK
    }

    /// Gives the entry another fingerprint.
    pub fn set_fingerprint(&mut self, fingerprint: u16) {
        if let Some(block) = self.block() {
            self.0 = tag(block.as_ptr(), fingerprint);
        }
    }

    #[inline]
    fn block(&self) -> Option<Block> {
        NonNull::new(self.0.map_addr(|addr| addr & ADDRESS_MASK)).map(Block::from_ptr)
    }

    /// The entry.
    #[inline]
    pub fn entry(&self) -> Option<EntryRef<'_>> {
        self.block().map(|block| EntryRef::of_slot(block, self))
    }

    /// Begins to bring the entry near.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(self.0.map_addr(|addr| addr & ADDRESS_MASK));
    }

    /// Takes the slot's content and leaves it empty.
    #[inline]
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::EMPTY)
    }

    /// Says whether the running snapshot needs nothing more of the entry.
    #[inline]
    pub(in crate::keyspace) fn set_settled(&mut self, settled: bool) {
        if let Some(block) = self.block() {
            block.set_settled(settled);
        }
    }

    /// The entry, taken out of the slot.
    #[inline]
    pub fn into_entry(self) -> Option<EntryBox> {
        let block = self.block();
        std::mem::forget(self);
        block.map(EntryBox)
    }
}

impl Drop for Slot {
    #[inline]
    fn drop(&mut self) {
        if let Some(block) = self.block() {
            drop(EntryBox(block));
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Slot").field(&self.fingerprint()).field(&self.entry()).finish()
    }
}

#[inline]
fn tag(entry: NonNull<u8>, fingerprint: u16) -> *mut u8 {
    assert!(entry.addr().get() & !ADDRESS_MASK == 0, "the platform hands out addresses above 48 bits");
    entry.as_ptr().map_addr(|addr| addr | (usize::from(fingerprint) << ADDRESS_BITS))
}

/// What an overwritten value held outside its entry: to be dropped after unlocking.
#[derive(Debug)]
pub enum External {
    /// The buffer of a big string.
    Big(Bytes),
    /// A collection.
    Object(Object),
}

impl External {
    /// True when dropping it takes long enough to be done outside the lock or on another thread.
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        match self {
            Self::Big(text) => is_heavy_text(text),
            Self::Object(object) => is_heavy_object(object),
        }
    }

    fn take(block: Block) -> Option<Self> {
        match block.header().kind() {
            Kind::StrInt | Kind::StrEmb | Kind::StrRaw => None,
            Kind::StrBig => Some(Self::Big(block.take_big())),
            _ => Some(Self::Object(block.take_object())),
        }
    }
}

/// An entry in its slot, to be changed. Keeps `bytes`, the sum over the index, in step with its size.
///
/// The expiry is not changed here: it has an index of its own, which [`Db`](crate::keyspace::Db) keeps.
pub struct EntryMut<'a> {
    slot: &'a mut Slot,
    block: Block,
    bytes: &'a mut usize,
}

impl<'a> EntryMut<'a> {
    /// Opens the entry of `slot`; `None` when it is empty.
    #[inline]
    pub fn open(slot: &'a mut Slot, bytes: &'a mut usize) -> Option<Self> {
        let block = slot.block()?;
        Some(Self { slot, block, bytes })
    }

    /// The entry as it is now.
    #[inline]
    pub fn view(&self) -> EntryRef<'_> {
        EntryRef::of_slot(self.block, self.slot)
    }

    /// Ends the change and keeps reading.
    #[inline]
    pub fn into_view(self) -> EntryRef<'a> {
        EntryRef::of_slot(self.block, self.slot)
    }

    /// Writes the 24-bit LRU/LFU field.
    #[inline]
    pub fn set_lru(&mut self, lru: u32) {
        self.block.set_header(self.block.header().with_lru(lru));
    }

    /// Overwrites the value whatever its type, keeping key, expiry and LRU field. The block is reused when the new
    /// value falls into the same size class. What the old value held outside is handed back.
    #[inline]
    pub fn set_string(&mut self, value: StringValue<'_>) -> Option<External> {
        let (header, kind) = (self.block.header(), value.kind());
        if header.kind().is_inline() && kind.is_inline() && header.value_len() == value.inline_len() {
            // As usual: the same room, and nothing outside.
            self.block.set_header(header.with_value(kind, header.value_len()));
            write_string(self.block, value);
            return None;
        }
        let before = self.view().memory_bytes();
        let old = External::take(self.block);
        self.reshape(value.kind(), value.inline_len(), 0);
        write_string(self.block, value);
        self.settle(before);
        old
    }

    /// As [`set_string`](Self::set_string) with an expiry set, changed or taken away.
    pub(crate) fn set_string_expiring(
        &mut self,
        value: StringValue<'_>,
        expire_at_ms: Option<u64>,
    ) -> Option<External> {
        if expire_at_ms.is_some() == self.block.header().has_expiry() {
            if let Some(at_ms) = expire_at_ms {
                self.block.set_expire_at_ms(at_ms);
            }
            return self.set_string(value);
        }
        let before = self.view().memory_bytes();
        let old = External::take(self.block);
        let mut entry = EntryBox::string(self.block.key(), value, expire_at_ms, self.block.header().lru());
        entry.set_settled(self.view().is_settled());
        let previous = self.block;
        self.install(entry.into_block());
        previous.free();
        self.settle(before);
        old
    }

    /// Changes the expiry only.
    pub(crate) fn set_expiry(&mut self, expire_at_ms: Option<u64>) {
        let before = self.view().memory_bytes();
        let entry = EntryBox(self.block).with_expiry(expire_at_ms);
        self.install(entry.into_block());
        self.settle(before);
    }

    /// Replaces the whole entry by another one of the same key.
    pub(crate) fn replace(&mut self, mut entry: EntryBox) -> EntryBox {
        let before = self.view().memory_bytes();
        let mut old = EntryBox(self.block);
        entry.set_settled(old.view().is_settled());
        old.set_settled(false);
        self.install(entry.into_block());
        self.settle(before);
        old
    }

    /// Stores an integer (INCR and its kin); in place when it was one. `old` is handed back as by `set_string`.
    #[inline]
    pub fn set_int(&mut self, number: i64) -> Option<External> {
        if self.block.header().kind() == Kind::StrInt {
            self.block.write_int(number);
            return None;
        }
        self.set_string(StringValue::Int(number))
    }

    /// Makes the string `len` bytes long, new bytes being zero, lets `edit` change it, and stores it as `raw`.
    /// Costs amortised the change alone: in place where the block has room, else with a quarter or more to spare.
    ///
    /// # Panics
    ///
    /// When the entry is not a string.
    pub fn edit_string<R>(&mut self, len: usize, edit: impl FnOnce(&mut [u8]) -> R) -> R {
        let before = self.view().memory_bytes();
        self.make_text();
        let result = if self.block.header().kind() == Kind::StrBig {
            edit_big(self.block.big_mut(), |text| {
                if len > text.len() {
                    reserve_amortised(text, len);
                }
                text.resize(len, 0);
                edit(text)
            })
        } else if len > INLINE_LIMIT_BYTES {
            let mut text = BytesMut::with_capacity(len + len / 4);
            text.extend_from_slice(self.block.text());
            text.resize(len, 0);
            let result = edit(&mut text);
            self.reshape(Kind::StrBig, 8, 0);
            self.block.write_big(text.freeze());
            result
        } else {
            let old_len = self.block.header().value_len();
            self.reshape(Kind::StrRaw, len, old_len.min(len));
            for at in (old_len..len).step_by(ZEROS.len()) {
                self.block.write_text(at, &ZEROS[..ZEROS.len().min(len - at)]);
            }
            edit(self.block.text_mut())
        };
        self.settle(before);
        result
    }

    /// Appends to the string, which becomes `raw`, and returns its new length.
    ///
    /// # Panics
    ///
    /// When the entry is not a string.
    pub fn append(&mut self, tail: &[u8]) -> usize {
        let before = self.view().memory_bytes();
        self.make_text();
        let new_len;
        if self.block.header().kind() == Kind::StrBig {
            new_len = self.block.big().len() + tail.len();
            edit_big(self.block.big_mut(), |text| {
                reserve_amortised(text, new_len);
                text.extend_from_slice(tail);
            });
        } else {
            let old_len = self.block.header().value_len();
            new_len = old_len + tail.len();
            if new_len > INLINE_LIMIT_BYTES {
                let mut text = BytesMut::with_capacity(new_len + new_len / 4);
                text.extend_from_slice(self.block.text());
                text.extend_from_slice(tail);
                self.reshape(Kind::StrBig, 8, 0);
                self.block.write_big(text.freeze());
            } else {
                self.reshape(Kind::StrRaw, new_len, old_len);
                self.block.write_text(old_len, tail);
            }
        }
        self.settle(before);
        new_len
    }

    /// Lets `edit` change the collection and accounts for its growth; `None` for a string, or what is no `T`.
    ///
    /// To be called by [`Db::edit`](crate::keyspace::Db::edit), which keeps an index of what it may change.
    #[inline]
    pub(in crate::keyspace) fn edit_object<T: Collection, R>(&mut self, edit: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.block.header().kind().is_string() {
            return None;
        }
        let collection = T::of_mut(self.block.object_mut())?;
        let before = collection.memory_bytes();
        let result = edit(collection);
        // The block itself stays as it is.
        *self.bytes = self.bytes.wrapping_add(collection.memory_bytes()).wrapping_sub(before);
        Some(result)
    }

    /// Turns an integer into the text that stands for it.
    fn make_text(&mut self) {
        let kind = self.block.header().kind();
        assert!(kind.is_string(), "a collection cannot be edited as a string");
        if kind == Kind::StrInt {
            let mut buffer = itoa::Buffer::new();
            let text = buffer.format(self.block.int()).as_bytes();
            debug_assert!(text.len() <= EMBSTR_LIMIT_BYTES);
            self.reshape(Kind::StrRaw, text.len(), 0);
            self.block.write_text(0, text);
        }
    }

    /// Makes the value a string of a new kind and length, keeping its first `keep` bytes, in this block or in another one of the
    /// right size class. Anything outside must have been taken; the rest of the value is for the caller to write.
    #[inline]
    fn reshape(&mut self, kind: Kind, value_len: usize, keep: usize) {
        let old = self.block;
        let shape = old.shape();
        let wanted = Shape { value_len, is_object: false, ..shape };
        if !shape.is_object && wanted.block_bytes() == shape.block_bytes() {
            old.set_header(old.header().with_value(kind, value_len));
            return;
        }
        let new = Block::allocate(wanted, kind, old.header().lru());
        new.set_settled(old.header().is_settled());
        if let Some(at_ms) = old.expire_at_ms() {
            new.set_expire_at_ms(at_ms);
        }
        new.write_key(old.key());
        if keep > 0 {
            new.write_text(0, &old.text()[..keep]);
        }
        self.install(new);
        old.free();
    }

    /// Points the slot to `block` and forgets the one it held.
    #[inline]
    fn install(&mut self, block: Block) {
        self.slot.0 = tag(block.as_ptr(), self.slot.fingerprint());
        self.block = block;
    }

    #[inline]
    fn settle(&mut self, before: usize) {
        let after = self.view().memory_bytes();
        *self.bytes = self.bytes.wrapping_add(after).wrapping_sub(before);
    }
}

impl fmt::Debug for EntryMut<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(out)
    }
}

const ZEROS: [u8; 64] = [0; 64];

/// Edits a buffer in place when nobody else holds it, else a copy of it.
fn edit_big<R>(text: &mut Bytes, edit: impl FnOnce(&mut BytesMut) -> R) -> R {
    let mut own = match std::mem::take(text).try_into_mut() {
        Ok(own) => own,
        Err(shared) => BytesMut::from(&shared[..]),
    };
    let result = edit(&mut own);
    *text = own.freeze();
    result
}

/// Makes room for `len` bytes, doubling when it must move.
fn reserve_amortised(text: &mut BytesMut, len: usize) {
    if text.capacity() < len {
        text.reserve(len.max(text.len() * 2) - text.len());
    }
}
