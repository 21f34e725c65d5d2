//! An owned byte string behind one word: what the collections keep their members, fields and values in.
//!
//! ```text
//! up to 7 bytes   in the word itself: lowest byte 2 * length + 1, then the bytes
//! more            a pointer to a block: length in one byte, then the bytes;
//!                 from 255 on the byte 255, the length in eight bytes, then the bytes
//! ```
//!
//! A block is aligned to 8 bytes, so the lowest bit of the word tells the two apart. The bytes never change once made.
//! Imports nothing but the allocator's arithmetic and the processor's hint.
#![allow(unsafe_code, reason = "a length and its bytes in one allocation behind a thin pointer, short ones inside it")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::util::alloc::size_class;
use crate::util::prefetch::prefetch;

/// Bytes that fit the word itself.
const INLINE_MAX: usize = 7;
/// First byte of a block whose length does not fit that byte.
const LONG: u8 = u8::MAX;
/// Bytes before the text of a long block.
const LONG_HEADER: usize = 1 + size_of::<u64>();
const BLOCK_ALIGN: usize = 8;

const _: () = assert!(size_of::<usize>() == 8 && cfg!(target_endian = "little"), "a word is laid out as above");

/// An owned string of any bytes, 8 bytes big. Dereferences to its bytes.
///
/// Type invariant, on which every `SAFETY` sentence of this file rests: the word is either odd and holds length and
/// bytes itself, or it is a pointer from [`Text::allocate`] to a block that this value alone owns, whose length and
/// bytes are written.
#[repr(transparent)]
pub struct Text(NonNull<u8>);

// SAFETY: a text owns its block, which is never changed once shared.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

impl Text {
    /// A copy of `bytes`.
    #[inline]
    #[must_use]
    pub fn new(bytes: &[u8]) -> Text {
        Text::concat(&[bytes])
    }

    /// The bytes of `pieces`, one after the other.
    #[inline]
    #[must_use]
    pub fn concat(pieces: &[&[u8]]) -> Text {
        let len = pieces.iter().map(|piece| piece.len()).sum();
        if len > INLINE_MAX {
            return Self::allocate(pieces, len);
        }
        let mut word = [0; 8];
        word[0] = (len << 1 | 1) as u8;
        let mut at = 1;
        for piece in pieces {
            word[at..at + piece.len()].copy_from_slice(piece);
            at += piece.len();
        }
        let word = std::ptr::without_provenance_mut(usize::from_le_bytes(word));
        Text(NonNull::new(word).expect("the lowest bit is set"))
    }

    #[inline]
    fn allocate(pieces: &[&[u8]], len: usize) -> Text {
        let layout = layout(len);
        // SAFETY: a block is never empty, it has a header.
        let block = unsafe { alloc(layout) };
        let Some(block) = NonNull::new(block) else { handle_alloc_error(layout) };
        let header = header_bytes(len);
        // SAFETY: the block is `header + len` bytes long at least.
        let mut text = unsafe { block.add(header) };
        if header == 1 {
            // SAFETY: the first byte of the block.
            unsafe { block.write(len as u8) };
        } else {
            // SAFETY: as above.
            unsafe { block.write(LONG) };
            // SAFETY: a long block has eight bytes of length behind the first byte.
            let length = unsafe { block.add(1) };
            // SAFETY: as above; the place need not be aligned.
            unsafe { length.cast::<u64>().write_unaligned(len as u64) };
        }
        for piece in pieces {
            // SAFETY: the block is new, so it does not overlap, and has room for all pieces behind the header.
            unsafe { text.copy_from_nonoverlapping(NonNull::from(*piece).cast(), piece.len()) };
            // SAFETY: at most the end of the block.
            text = unsafe { text.add(piece.len()) };
        }
        Text(block)
    }

    #[inline]
    fn is_inline(&self) -> bool {
        self.0.addr().get() & 1 == 1
    }

    /// Length of the text in a block and where it begins.
    #[inline]
    fn block_text(&self) -> (usize, NonNull<u8>) {
        // SAFETY: the word is a pointer to a block.
        let short = unsafe { self.0.read() };
        if short != LONG {
            // SAFETY: the text follows the first byte.
            return (usize::from(short), unsafe { self.0.add(1) });
        }
        // SAFETY: a long block has eight bytes of length behind the first byte.
        let length = unsafe { self.0.add(1) };
        // SAFETY: as above; the place need not be aligned.
        let len = unsafe { length.cast::<u64>().read_unaligned() };
        // SAFETY: the text follows the length.
        (len as usize, unsafe { self.0.add(LONG_HEADER) })
    }

    /// Begins to bring the bytes near, or their beginning.
    #[inline]
    pub fn prefetch(&self) {
        if !self.is_inline() {
            prefetch(self.0.as_ptr());
        }
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let (len, text) = if self.is_inline() {
            let len = (self.0.addr().get() as u8 >> 1) as usize;
            // SAFETY: the word has seven bytes behind its lowest.
            (len, unsafe { NonNull::from(self).cast::<u8>().add(1) })
        } else {
            self.block_text()
        };
        // SAFETY: `len` bytes were written there, and nothing changes them as long as the text is borrowed.
        unsafe { std::slice::from_raw_parts(text.as_ptr(), len) }
    }

    /// Bytes on the heap; takes constant time.
    #[inline]
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        if self.is_inline() { 0 } else { layout(self.block_text().0).size() }
    }

    /// What [`Text::memory_bytes`] is of a text of `len` bytes.
    #[inline]
    #[must_use]
    pub fn memory_bytes_of(len: usize) -> usize {
        if len <= INLINE_MAX { 0 } else { layout(len).size() }
    }
}

#[inline]
fn header_bytes(len: usize) -> usize {
    if len < usize::from(LONG) { 1 } else { LONG_HEADER }
}

#[inline]
fn layout(len: usize) -> Layout {
    let bytes = size_class(header_bytes(len) + len);
    Layout::from_size_align(bytes, BLOCK_ALIGN).expect("a text is smaller than the address space")
}

impl Drop for Text {
    #[inline]
    fn drop(&mut self) {
        if !self.is_inline() {
            let layout = layout(self.block_text().0);
            // SAFETY: the block was allocated with the layout of its length, and nobody else has it.
            unsafe { dealloc(self.0.as_ptr(), layout) };
        }
    }
}

impl Clone for Text {
    fn clone(&self) -> Text {
        Text::new(self)
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::new(b"")
    }
}

impl Deref for Text {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Text {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Text {
        Text::new(bytes)
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    #[inline]
    fn cmp(&self, other: &Text) -> Ordering {
        (**self).cmp(other)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_around_every_form() {
        assert_eq!((size_of::<Text>(), size_of::<Option<Text>>()), (8, 8));
        for len in (0..20).chain(250..270).chain([70_000]) {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let text = Text::new(&bytes);
            assert_eq!(text.as_bytes(), bytes, "{len}");
            assert_eq!(text.clone(), text);
            assert_eq!(text.memory_bytes(), Text::memory_bytes_of(len));
        }
    }

    #[test]
    fn memory_is_that_of_one_block() {
        for (len, bytes) in [(0, 0), (7, 0), (8, 16), (15, 16), (16, 24), (254, 256), (255, 320)] {
            assert_eq!(Text::memory_bytes_of(len), bytes, "{len}");
        }
    }

    proptest! {
        #[test]
        fn pieces_become_one_text(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..4)) {
            let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(Text::concat(&slices), Text::new(&pieces.concat()));
        }

        #[test]
        fn a_text_is_its_bytes(a: Vec<u8>, b: Vec<u8>) {
            let (x, y) = (Text::new(&a), Text::from(&b[..]));
            prop_assert_eq!(&*x, &a[..]);
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
