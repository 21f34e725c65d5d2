//! The memory of one entry: header, optional fields, key, value, in one block of the allocator.
//!
//! ```text
//! offset 0   header word: bits 0-3 kind, 4 has-expiry, 5 long key, 6 settled, 8-31 LRU/LFU, 32-47 key length,
//!            48-63 value length
//!        8   expiry, ms since 1970 (only with has-expiry)
//!        .   key length as u64     (only with long key; the header's field is then 0)
//!        .   the collection, aligned (only with a kind that is no string; there is no other value then)
//!        .   key bytes
//!        .   value bytes: text, or 8 bytes of integer, or an 8-byte pointer (not aligned)
//! ```
//!
//! The key comes before a string so that the string may change length without moving the key. A collection comes before
//! the key, where it is aligned, so that it is borrowed in place: its own pointer is the only one to follow. The block
//! is always as large as the size class of what it holds, so its capacity needs no field.
#![allow(unsafe_code, reason = "packs key, value and header into one allocation behind a thin pointer")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use bytes::Bytes;

use super::value::Kind;
use crate::types::Object;
use crate::util::alloc::size_class;

const WORD: usize = 8;
/// Room for a collection.
const OBJECT_BYTES: usize = size_of::<Object>().next_multiple_of(WORD);
const _: () = assert!(align_of::<Object>() <= WORD, "blocks are 8-aligned");
const HAS_EXPIRY: u64 = 1 << 4;
const LONG_KEY: u64 = 1 << 5;
/// See [`Header::is_settled`].
const SETTLED: u64 = 1 << 6;
const LRU_SHIFT: u32 = 8;
const LRU_MASK: u64 = 0xff_ffff;
const KEY_LEN_SHIFT: u32 = 32;
const VALUE_LEN_SHIFT: u32 = 48;
const LEN_MASK: u64 = 0xffff;

/// The first word of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header(u64);

impl Header {
    #[inline]
    pub(super) fn kind(self) -> Kind {
        Kind::from_bits((self.0 & 0xf) as u8)
    }

    #[inline]
    pub(super) fn has_expiry(self) -> bool {
        self.0 & HAS_EXPIRY != 0
    }

    #[inline]
    fn long_key(self) -> bool {
        self.0 & LONG_KEY != 0
    }

    /// The running snapshot needs nothing more of the entry: it has it as it was, or the entry came later.
    #[inline]
    pub(super) fn is_settled(self) -> bool {
        self.0 & SETTLED != 0
    }

    #[inline]
    pub(super) fn with_settled(self, settled: bool) -> Self {
        Self(self.0 & !SETTLED | if settled { SETTLED } else { 0 })
    }

    #[inline]
    pub(super) fn lru(self) -> u32 {
        ((self.0 >> LRU_SHIFT) & LRU_MASK) as u32
    }

    #[inline]
    pub(super) fn with_lru(self, lru: u32) -> Self {
        let cleared = self.0 & !(LRU_MASK << LRU_SHIFT);
        Self(cleared | (u64::from(lru) & LRU_MASK) << LRU_SHIFT)
    }

    #[inline]
    pub(super) fn with_value(self, kind: Kind, len: usize) -> Self {
        let cleared = self.0 & !(0xf | LEN_MASK << VALUE_LEN_SHIFT);
        Self(cleared | kind as u64 | (len as u64) << VALUE_LEN_SHIFT)
    }

    #[inline]
    pub(super) fn value_len(self) -> usize {
        (self.0 >> VALUE_LEN_SHIFT) as usize
    }

    /// Where the optional fields end: the collection's place, or the key's.
    #[inline]
    fn fields_end(self) -> usize {
        WORD + if self.has_expiry() { WORD } else { 0 } + if self.long_key() { WORD } else { 0 }
    }

    #[inline]
    fn key_offset(self) -> usize {
        self.fields_end() + if self.kind().is_string() { 0 } else { OBJECT_BYTES }
    }
}

/// What a block is to hold; decides its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) key_len: usize,
    /// Of a string; a collection has none.
    pub(super) value_len: usize,
    pub(super) expiry: bool,
    pub(super) is_object: bool,
}

impl Shape {
    fn long_key(self) -> bool {
        self.key_len > LEN_MASK as usize
    }

    /// Bytes of the block.
    #[inline]
    pub(super) fn block_bytes(self) -> usize {
        let fields = WORD + if self.expiry { WORD } else { 0 } + if self.long_key() { WORD } else { 0 };
        let object = if self.is_object { OBJECT_BYTES } else { 0 };
        size_class(fields + object + self.key_len + self.value_len)
    }
}

/// A block in use. Copies of the handle are not counted: [`EntryBox`](super::EntryBox) and [`Slot`](super::Slot) own.
///
/// Type invariant, on which every `SAFETY` sentence of this file rests: the pointer came from [`Block::allocate`], the
/// block was not freed, its header and optional fields were written there, and the code that can reach the handle
/// holds the entry as its type says (shared for reads, exclusive for writes). Bytes of key and value are initialised
/// by the first two writes that follow `allocate`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block(NonNull<u8>);

impl Block {
    /// A block for `shape` with header and lengths written; key, value and expiry are the caller's next writes.
    #[inline]
    pub(super) fn allocate(shape: Shape, kind: Kind, lru: u32) -> Self {
        debug_assert!(shape.value_len <= LEN_MASK as usize, "longer values have their own buffer");
        debug_assert_eq!(shape.is_object, !kind.is_string());
        let layout = layout(shape.block_bytes());
        // SAFETY: a block is never empty, it has a header.
        let ptr = unsafe { alloc(layout) };
        let Some(ptr) = NonNull::new(ptr) else { handle_alloc_error(layout) };
        let block = Self(ptr);
        let mut bits = if shape.expiry { HAS_EXPIRY } else { 0 };
        if shape.long_key() {
            bits |= LONG_KEY;
        } else {
            bits |= (shape.key_len as u64) << KEY_LEN_SHIFT;
        }
        let header = Header(bits).with_lru(lru).with_value(kind, shape.value_len);
        block.set_header(header);
        if shape.long_key() {
            block.set_word(header.fields_end() - WORD, shape.key_len as u64);
        }
        block
    }

    /// Frees the block, not what its value points to. No handle to it may be used afterwards.
    #[inline]
    pub(super) fn free(self) {
        let layout = layout(self.shape().block_bytes());
        // SAFETY: live, and allocated with the size class of the shape it still has.
        unsafe { dealloc(self.0.as_ptr(), layout) }
    }

    /// Copies the block's used bytes to the end of `words`, if nothing lies outside of it.
    pub(super) fn copy_to(self, words: &mut Vec<u64>) -> bool {
        let header = self.header();
        if !matches!(header.kind(), Kind::StrInt | Kind::StrEmb | Kind::StrRaw) {
            return false;
        }
        let bytes = header.key_offset() + self.key_len(header) + header.value_len();
        let start = words.len();
        words.resize(start + bytes.div_ceil(WORD), 0);
        let target = words[start..].as_mut_ptr().cast::<u8>();
        // SAFETY: fields, key and value of the block are initialised, and as many bytes were made room for in `words`.
        unsafe { std::ptr::copy_nonoverlapping(self.0.as_ptr().cast_const(), target, bytes) }
        true
    }

    /// The first of the blocks that [`copy_to`](Self::copy_to) alone has put into `words`, to be read only and while `words`
    /// is borrowed, and the words behind it.
    pub(super) fn first_copy(words: &[u64]) -> Option<(Self, &[u64])> {
        let block = Self(NonNull::from(words).cast());
        let header = Header(*words.first()?);
        let bytes = header.key_offset() + block.key_len(header) + header.value_len();
        Some((block, &words[bytes.div_ceil(WORD)..]))
    }

    #[inline]
    pub(super) fn from_ptr(ptr: NonNull<u8>) -> Self {
        Self(ptr)
    }

    #[inline]
    pub(super) fn as_ptr(self) -> NonNull<u8> {
        self.0
    }

    #[inline]
    fn word(self, offset: usize) -> u64 {
        // SAFETY: offsets of words are multiples of 8 within the fields before the key.
        let field = unsafe { self.0.add(offset) }.cast::<u64>();
        // SAFETY: initialised and 8-aligned, since blocks are.
        unsafe { field.read() }
    }

    #[inline]
    fn set_word(self, offset: usize, word: u64) {
        // SAFETY: offsets of words are multiples of 8 within the fields before the key.
        let field = unsafe { self.0.add(offset) }.cast::<u64>();
        // SAFETY: 8-aligned, since blocks are, and exclusively held.
        unsafe { field.write(word) }
    }

    #[inline]
    pub(super) fn header(self) -> Header {
        Header(self.word(0))
    }

    #[inline]
    pub(super) fn set_header(self, header: Header) {
        self.set_word(0, header.0);
    }

    #[inline]
    pub(super) fn set_settled(self, settled: bool) {
        self.set_header(self.header().with_settled(settled));
    }

    #[inline]
    fn key_len(self, header: Header) -> usize {
        if header.long_key() {
            self.word(header.fields_end() - WORD) as usize
        } else {
            ((header.0 >> KEY_LEN_SHIFT) & LEN_MASK) as usize
        }
    }

    #[inline]
    pub(super) fn shape(self) -> Shape {
        let header = self.header();
        Shape {
            key_len: self.key_len(header),
            value_len: header.value_len(),
            expiry: header.has_expiry(),
            is_object: !header.kind().is_string(),
        }
    }

    #[inline]
    pub(super) fn expire_at_ms(self) -> Option<u64> {
        self.header().has_expiry().then(|| self.word(WORD))
    }

    /// Writes the expiry; the block must have been allocated with room for one.
    #[inline]
    pub(super) fn set_expire_at_ms(self, at_ms: u64) {
        assert!(self.header().has_expiry(), "a block without the field has no room for an expiry");
        self.set_word(WORD, at_ms);
    }

    /// The key, for as long as the caller's hold on the entry lasts.
    #[inline]
    pub(super) fn key<'a>(self) -> &'a [u8] {
        let header = self.header();
        let len = self.key_len(header);
        // SAFETY: the key starts inside the block.
        let start = unsafe { self.0.add(header.key_offset()) };
        // SAFETY: `len` bytes of key were written there and stay while the entry is held.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), len) }
    }

    /// Writes the key of a new block.
    #[inline]
    pub(super) fn write_key(self, key: &[u8]) {
        debug_assert_eq!(key.len(), self.shape().key_len);
        // SAFETY: the key starts inside the block.
        let start = unsafe { self.0.add(self.header().key_offset()) };
        // SAFETY: the block has room for the key of its shape and is not yet shared.
        unsafe { std::ptr::copy_nonoverlapping(key.as_ptr(), start.as_ptr(), key.len()) }
    }

    #[inline]
    fn value_ptr(self) -> NonNull<u8> {
        let header = self.header();
        let offset = header.key_offset() + self.key_len(header);
        // SAFETY: the value ends at or before the block's end.
        unsafe { self.0.add(offset) }
    }

    /// The value's bytes in the block (for an outside value those of the pointer, which are not to be read so).
    #[inline]
    pub(super) fn text<'a>(self) -> &'a [u8] {
        debug_assert!(matches!(self.header().kind(), Kind::StrEmb | Kind::StrRaw));
        let len = self.header().value_len();
        // SAFETY: `len` bytes of text were written there and stay while the entry is held.
        unsafe { std::slice::from_raw_parts(self.value_ptr().as_ptr(), len) }
    }

    /// The text for editing in place.
    #[inline]
    pub(super) fn text_mut<'a>(self) -> &'a mut [u8] {
        debug_assert!(matches!(self.header().kind(), Kind::StrEmb | Kind::StrRaw));
        let len = self.header().value_len();
        // SAFETY: `len` bytes of text were written there, exclusively held.
        unsafe { std::slice::from_raw_parts_mut(self.value_ptr().as_ptr(), len) }
    }

    /// Writes `text` at `offset` of the value; the block's class must have room for it.
    #[inline]
    pub(super) fn write_text(self, offset: usize, text: &[u8]) {
        debug_assert!(offset + text.len() <= self.header().value_len());
        // SAFETY: the offset lies within the value.
        let start = unsafe { self.value_ptr().add(offset) };
        // SAFETY: the value has room for it, is exclusively held, and the source is another object.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), start.as_ptr(), text.len()) }
    }

    /// Copies the whole value of `from`, pointers included, into this new block of the same kind and value length.
    pub(super) fn move_value_from(self, from: Self) {
        if !self.header().kind().is_string() {
            let object = from.take_object();
            return self.write_object(object);
        }
        let len = self.header().value_len();
        assert_eq!(len, from.header().value_len(), "a moved value keeps its length");
        // SAFETY: both values have `len` bytes, in different blocks; a byte copy keeps a pointer's provenance.
        unsafe { std::ptr::copy_nonoverlapping(from.value_ptr().as_ptr(), self.value_ptr().as_ptr(), len) }
    }

    #[inline]
    pub(super) fn int(self) -> i64 {
        debug_assert_eq!(self.header().kind(), Kind::StrInt);
        // SAFETY: a value of this kind is 8 initialised bytes.
        unsafe { self.value_ptr().cast::<i64>().read_unaligned() }
    }

    #[inline]
    pub(super) fn write_int(self, number: i64) {
        debug_assert_eq!(self.header().value_len(), 8);
        // SAFETY: the value has 8 bytes, exclusively held.
        unsafe { self.value_ptr().cast::<i64>().write_unaligned(number) }
    }

    /// Puts `text` behind the value's pointer; the previous pointer, if any, must have been taken.
    pub(super) fn write_big(self, text: Bytes) {
        let pointer = Box::into_raw(Box::new(text));
        debug_assert_eq!(self.header().value_len(), 8);
        // SAFETY: the value has 8 bytes, exclusively held.
        unsafe { self.value_ptr().cast::<*mut Bytes>().write_unaligned(pointer) }
    }

    #[inline]
    fn big_ptr(self) -> *mut Bytes {
        assert!(self.header().kind() == Kind::StrBig, "only a big string has a buffer");
        // SAFETY: a value of this kind is a pointer written by `write_big`.
        unsafe { self.value_ptr().cast::<*mut Bytes>().read_unaligned() }
    }

    /// The buffer of a big string.
    #[inline]
    pub(super) fn big<'a>(self) -> &'a Bytes {
        // SAFETY: the buffer lives as long as the entry, which is held.
        unsafe { &*self.big_ptr() }
    }

    /// The buffer of a big string, for editing.
    pub(super) fn big_mut<'a>(self) -> &'a mut Bytes {
        // SAFETY: the buffer lives as long as the entry, which is exclusively held.
        unsafe { &mut *self.big_ptr() }
    }

    /// Takes the buffer out; the value's pointer is dead until the next write of a value or the block's end.
    pub(super) fn take_big(self) -> Bytes {
        // SAFETY: the pointer came from a box, and nobody reads it again.
        *unsafe { Box::from_raw(self.big_ptr()) }
    }

    /// Puts the collection into a new block.
    pub(super) fn write_object(self, object: Object) {
        // SAFETY: the place is aligned, exclusively held, and holds no collection yet.
        unsafe { self.object_ptr().write(object) }
    }

    #[inline]
    fn object_ptr(self) -> NonNull<Object> {
        let header = self.header();
        assert!(!header.kind().is_string(), "a string is not an object");
        // SAFETY: a block of this kind has room for a collection there.
        unsafe { self.0.add(header.fields_end()) }.cast()
    }

    /// The collection of an entry that is not a string.
    #[inline]
    pub(super) fn object<'a>(self) -> &'a Object {
        // SAFETY: the collection was written there and stays while the entry is held.
        unsafe { self.object_ptr().as_ref() }
    }

    /// The collection for editing.
    #[inline]
    pub(super) fn object_mut<'a>(self) -> &'a mut Object {
        // SAFETY: the collection was written there, and the entry is exclusively held.
        unsafe { self.object_ptr().as_mut() }
    }

    /// Takes the collection out; its place is dead until the block's end.
    pub(super) fn take_object(self) -> Object {
        // SAFETY: the collection was written there, and nobody reads the place again.
        unsafe { self.object_ptr().read() }
    }
}

#[inline]
fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, WORD).expect("a key is far shorter than the address space")
}
