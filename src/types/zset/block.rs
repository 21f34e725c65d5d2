//! A member of a large sorted set: score, length and bytes in one block of the allocator behind a thin pointer.
//!
//! ```text
//! offset 0   score as f64
//!        8   length of the member, if below 255; else 255, and the length as u32 in the four bytes that follow
//!        9   the member's bytes (13 if the length is long)
//! ```
//!
//! The set's table owns the block; its ordered sequence keeps a second pointer to it, a [`BlockRef`].
#![allow(unsafe_code, reason = "keeps score and member in one allocation behind a thin pointer, seen from two places")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::util::alloc::size_class;
use crate::util::prefetch::prefetch;

const LENGTH_AT: usize = 8;
const SHORT_BYTES_AT: usize = LENGTH_AT + 1;
const LONG_BYTES_AT: usize = LENGTH_AT + 5;

/// The mark of a long member in the byte of its length.
const LONG: u8 = u8::MAX;

/// An owned member with its score.
///
/// Type invariant, on which every `SAFETY` sentence of this file rests: the pointer came from `alloc` with the layout of
/// its member's length, was not freed, and the block is initialised as in the file's header. Nothing but the score ever
/// changes, and that only through an exclusive borrow of the owner.
pub(super) struct Block(NonNull<u8>);

// SAFETY: it owns plain bytes.
unsafe impl Send for Block {}
// SAFETY: shared, it is only read.
unsafe impl Sync for Block {}

/// A second pointer to a [`Block`].
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockRef(NonNull<u8>);

// SAFETY: it reads plain bytes that only change while the owner is exclusively borrowed, as the caller of `member` promises.
unsafe impl Send for BlockRef {}
// SAFETY: as above.
unsafe impl Sync for BlockRef {}

impl Block {
    pub(super) fn new(score: f64, member: &[u8]) -> Block {
        let layout = layout(member.len());
        // SAFETY: a block is never empty, it has a score.
        let ptr = unsafe { alloc(layout) };
        let Some(ptr) = NonNull::new(ptr) else { handle_alloc_error(layout) };
        // SAFETY: the block begins with room for a score, 8-aligned.
        unsafe { ptr.cast::<f64>().write(score) };
        // SAFETY: the length lies within the block.
        let length = unsafe { ptr.add(LENGTH_AT) };
        let bytes_at = match u8::try_from(member.len()) {
            Ok(len) if len != LONG => {
                // SAFETY: a byte of the block.
                unsafe { length.write(len) };
                SHORT_BYTES_AT
            }
            _ => {
                let len = u32::try_from(member.len()).expect("strings are shorter than 4 GiB");
                // SAFETY: a byte of the block.
                unsafe { length.write(LONG) };
                // SAFETY: a long block has four more bytes there.
                let long = unsafe { length.add(1) };
                // SAFETY: they have room for a u32, which needs no alignment here.
                unsafe { long.cast::<u32>().write_unaligned(len) };
                LONG_BYTES_AT
            }
        };
        // SAFETY: the block ends `member.len()` bytes behind this place.
        let bytes = unsafe { ptr.add(bytes_at) };
        // SAFETY: so there is room for the member, which lies in another block.
        unsafe { bytes.copy_from_nonoverlapping(NonNull::from(member).cast(), member.len()) };
        Block(ptr)
    }

    #[inline]
    pub(super) fn member(&self) -> &[u8] {
        // SAFETY: the owner is borrowed for as long as the bytes are.
        unsafe { self.to_ref().member() }
    }

    #[inline]
    pub(super) fn score(&self) -> f64 {
        // SAFETY: a block begins with its score.
        unsafe { self.0.cast::<f64>().read() }
    }

    #[inline]
    pub(super) fn set_score(&mut self, score: f64) {
        // SAFETY: a block begins with its score, and no borrow of it lasts beyond a call.
        unsafe { self.0.cast::<f64>().write(score) }
    }

    #[inline]
    pub(super) fn to_ref(&self) -> BlockRef {
        BlockRef(self.0)
    }

    /// Bytes that the allocator sets aside for it.
    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        size_class(layout(self.member().len()).size())
    }
}

impl BlockRef {
    /// Begins to bring the block near.
    #[inline]
    pub(super) fn prefetch(self) {
        prefetch(self.0.as_ptr());
    }

    /// # Safety
    /// The owner is not dropped while the bytes are borrowed.
    #[inline]
    pub(super) unsafe fn member<'a>(self) -> &'a [u8] {
        // SAFETY: the length lies within the block.
        let length = unsafe { self.0.add(LENGTH_AT) };
        // SAFETY: an initialised byte of the block.
        let short = unsafe { length.read() };
        let (at, len) = if short == LONG {
            // SAFETY: a long block has four more bytes there.
            let long = unsafe { length.add(1) };
            // SAFETY: they are an initialised u32.
            (LONG_BYTES_AT, unsafe { long.cast::<u32>().read_unaligned() } as usize)
        } else {
            (SHORT_BYTES_AT, usize::from(short))
        };
        // SAFETY: the member's bytes begin there, within the block.
        let bytes = unsafe { self.0.add(at) };
        // SAFETY: `len` bytes are initialised there, are never written again, and live as long as the caller promises.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr(), len) }
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        let layout = layout(self.member().len());
        // SAFETY: live, and allocated with the layout of its member's length; the owner goes.
        unsafe { dealloc(self.0.as_ptr(), layout) }
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.member().escape_ascii(), self.score())
    }
}

#[inline]
fn layout(len: usize) -> Layout {
    let bytes_at = if len < usize::from(LONG) { SHORT_BYTES_AT } else { LONG_BYTES_AT };
    Layout::from_size_align(bytes_at + len, align_of::<f64>()).expect("4 GiB are far below the address space")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_their_members_and_scores() {
        for len in [0, 1, 10, 254, 255, 256, 70_000] {
            let member: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut block = Block::new(1.5, &member);
            assert_eq!((block.member(), block.score()), (&member[..], 1.5));
            block.set_score(-0.0);
            assert_eq!((block.member(), block.score().to_bits()), (&member[..], (-0.0f64).to_bits()));
        }
        assert_eq!(Block::new(0.0, &[b'x'; 10]).memory_bytes(), 24);
    }
}
