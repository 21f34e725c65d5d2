//! The memory of a packed sequence: a count and bytes in one block of the allocator behind a thin pointer.
//!
//! ```text
//! up to 127 elements in up to 255 bytes:
//! offset 0   number of elements * 2
//!        1   number of bytes
//!        2   the bytes
//!
//! more:
//! offset 0   number of elements * 2 + 1 as u32
//!        4   number of bytes as u32
//!        8   the bytes
//! ```
//!
//! The block is always as large as the size class of what it holds, so its capacity needs no field. Nothing is allocated
//! without bytes.
#![allow(unsafe_code, reason = "keeps lengths and bytes in one allocation behind a thin pointer")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;

use crate::util::alloc::size_class;

/// Lowest bit of a block whose lengths take eight bytes.
const LONG: u16 = 1;

/// The lengths at the start of a block.
#[derive(Debug, Clone, Copy, Default)]
struct Header {
    len: usize,
    count: usize,
}

impl Header {
    #[inline]
    fn is_short(self) -> bool {
        self.count <= 0x7f && self.len <= 0xff
    }

    /// Where the bytes begin.
    #[inline]
    fn bytes_at(self) -> usize {
        if self.is_short() { 2 } else { 8 }
    }

    /// Bytes of the block.
    #[inline]
    fn block_bytes(self) -> usize {
        size_class(self.bytes_at() + self.len)
    }

    #[inline]
    fn layout(self) -> Layout {
        Layout::from_size_align(self.block_bytes(), BLOCK_ALIGN).expect("4 GiB are far below the address space")
    }
}

const BLOCK_ALIGN: usize = 8;

/// Bytes and a count of elements behind one pointer, 8 bytes big.
///
/// Type invariant, on which every `SAFETY` sentence of this file rests: a pointer came from `alloc` or `realloc` with
/// the layout of its header, was not freed, belongs to this value alone, and the header's `len` bytes behind the header
/// are initialised.
pub(in crate::types) struct Buffer(Option<NonNull<u8>>);

// SAFETY: it owns plain bytes.
unsafe impl Send for Buffer {}
// SAFETY: shared, it is only read.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer without bytes; allocates nothing.
    pub(in crate::types) const EMPTY: Buffer = Buffer(None);

    #[inline]
    fn header(&self) -> Header {
        let Some(ptr) = self.0 else { return Header::default() };
        // SAFETY: live, 8-aligned, and a block begins with two initialised bytes at least.
        let short = unsafe { ptr.cast::<u16>().read() }.to_le();
        if short & LONG == 0 {
            return Header { len: usize::from(short >> 8), count: usize::from(short & 0xff) >> 1 };
        }
        // SAFETY: the block begins with eight initialised bytes.
        let long = unsafe { ptr.cast::<u64>().read() }.to_le();
        Header { len: (long >> 32) as usize, count: (long as u32 >> 1) as usize }
    }

    /// Number of elements.
    #[inline]
    pub(in crate::types) fn count(&self) -> usize {
        self.header().count
    }

    /// Where the bytes are, and how many.
    #[inline]
    fn place(&self) -> (NonNull<u8>, usize) {
        let Some(ptr) = self.0 else { return (NonNull::dangling(), 0) };
        let header = self.header();
        // SAFETY: the bytes follow the header in the same block.
        (unsafe { ptr.add(header.bytes_at()) }, header.len)
    }

    /// The bytes.
    #[inline]
    pub(in crate::types) fn bytes(&self) -> &[u8] {
        let (start, len) = self.place();
        // SAFETY: `len` bytes are initialised there, and stay while the buffer is borrowed.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), len) }
    }

    /// The bytes, for editing.
    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        let (start, len) = self.place();
        // SAFETY: `len` bytes are initialised there, and the buffer is exclusively borrowed.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), len) }
    }

    /// Bytes of the block, as the allocator sets them aside.
    #[inline]
    pub(in crate::types) fn memory_bytes(&self) -> usize {
        if self.0.is_some() { self.header().block_bytes() } else { 0 }
    }

    /// Replaces the `removed` bytes from `at` on by `inserted` others, which are the caller's to write: they are handed
    /// out with whatever bytes lie there. `count` is the number of elements afterwards.
    ///
    /// # Panics
    /// When the bytes to be removed are not there, or there would be 4 GiB.
    #[inline]
    pub(in crate::types) fn splice(&mut self, at: usize, removed: usize, inserted: usize, count: usize) -> &mut [u8] {
        let len = self.bytes().len();
        let tail = at + removed..len;
        assert!(tail.start <= tail.end, "only bytes that are there are removed");
        if inserted > removed {
            self.resize(len + (inserted - removed), count);
            self.bytes_mut().copy_within(tail, at + inserted);
        } else {
            if inserted < removed {
                self.bytes_mut().copy_within(tail, at + inserted);
            }
            self.resize(len - (removed - inserted), count);
        }
        &mut self.bytes_mut()[at..at + inserted]
    }

    /// Cuts the bytes off at `len`, or appends zeros.
    fn resize(&mut self, len: usize, count: usize) {
        assert!(u32::try_from(len).is_ok(), "types keep packed sequences below 4 GiB");
        assert!(count <= len, "an element has a byte at least");
        let (old, new) = (self.header(), Header { len, count });
        if len == 0 {
            *self = Buffer::EMPTY;
            return;
        }
        let block = match self.0 {
            None => allocated(new),
            Some(block) if new.block_bytes() > old.block_bytes() => {
                let block = reallocated(block, old, new);
                shift(block, old, new);
                block
            }
            Some(block) => {
                shift(block, old, new);
                if new.block_bytes() < old.block_bytes() { reallocated(block, old, new) } else { block }
            }
        };
        self.0 = Some(block);
        // SAFETY: the block is ours alone, 8-aligned, and has room for the header and the bytes behind it.
        unsafe { write_header(block, new) };
        if len > old.len {
            // SAFETY: the block has room for `len` bytes behind the header.
            let end = unsafe { block.add(new.bytes_at() + old.len) };
            // SAFETY: from there on the block has room for the difference.
            unsafe { end.write_bytes(0, len - old.len) };
        }
    }
}

fn allocated(header: Header) -> NonNull<u8> {
    // SAFETY: a block is never empty, it has a header.
    let block = unsafe { alloc(header.layout()) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(header.layout()))
}

/// A block of another size with as much of the old one as fits.
fn reallocated(block: NonNull<u8>, old: Header, new: Header) -> NonNull<u8> {
    // SAFETY: live, allocated with the layout of `old`; the new size is above zero and below 5 GiB.
    let block = unsafe { realloc(block.as_ptr(), old.layout(), new.block_bytes()) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(new.layout()))
}

/// Moves the bytes that stay to where they are behind another header. The block has room for them at both places.
fn shift(block: NonNull<u8>, old: Header, new: Header) {
    if old.bytes_at() != new.bytes_at() {
        // SAFETY: the bytes of the old form begin there.
        let from = unsafe { block.add(old.bytes_at()) };
        // SAFETY: those of the new one.
        let to = unsafe { block.add(new.bytes_at()) };
        // SAFETY: as many bytes are there, and the block, ours alone, has room for them; the places may overlap.
        unsafe { from.copy_to(to, old.len.min(new.len)) };
    }
}

/// # Safety
/// The block is exclusively held, 8-aligned, and has room for the header.
#[inline]
unsafe fn write_header(block: NonNull<u8>, Header { len, count }: Header) {
    if (Header { len, count }).is_short() {
        let short = (len << 8 | count << 1) as u16;
        // SAFETY: as the caller promises.
        unsafe { block.cast::<u16>().write(short.to_le()) };
    } else {
        let long = (len as u64) << 32 | (count as u64) << 1 | u64::from(LONG);
        // SAFETY: as above.
        unsafe { block.cast::<u64>().write(long.to_le()) };
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if let Some(ptr) = self.0 {
            let layout = self.header().layout();
            // SAFETY: live, and allocated with the layout of its header; nobody can use it afterwards.
            unsafe { dealloc(ptr.as_ptr(), layout) }
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Buffer::EMPTY;
        copy.splice(0, 0, self.bytes().len(), self.count()).copy_from_slice(self.bytes());
        copy
    }
}
