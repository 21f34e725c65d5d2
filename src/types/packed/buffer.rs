//! The memory of a packed sequence: a count and bytes in one block of the allocator behind a thin pointer.
//!
//! ```text
//! offset 0   number of bytes as u32
//!        4   number of elements as u32
//!        8   the bytes
//! ```
//!
//! The block is always as large as the size class of what it holds, so its capacity needs no field. Nothing is allocated
//! without bytes.
#![allow(unsafe_code, reason = "keeps lengths and bytes in one allocation behind a thin pointer")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;

use crate::util::alloc::size_class;

const HEADER: usize = 8;

/// The two lengths at the start of a block.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(8))]
struct Header {
    len: u32,
    count: u32,
}

/// Bytes and a count of elements behind one pointer, 8 bytes big.
///
/// Type invariant, on which every `SAFETY` sentence of this file rests: a pointer came from `alloc` or `realloc` with
/// the layout of its header's `len`, was not freed, belongs to this value alone, and the header's `len` bytes behind the
/// header are initialised.
pub(in crate::types) struct Buffer(Option<NonNull<Header>>);

// SAFETY: it owns plain bytes.
unsafe impl Send for Buffer {}
// SAFETY: shared, it is only read.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer without bytes; allocates nothing.
    pub(in crate::types) const EMPTY: Buffer = Buffer(None);

    #[inline]
    fn header(&self) -> Header {
        // SAFETY: live and initialised.
        self.0.map_or_else(Header::default, |ptr| unsafe { ptr.read() })
    }

    /// Number of elements.
    #[inline]
    pub(in crate::types) fn count(&self) -> usize {
        self.header().count as usize
    }

    /// The bytes.
    #[inline]
    pub(in crate::types) fn bytes(&self) -> &[u8] {
        let Some(ptr) = self.0 else { return &[] };
        let len = self.header().len as usize;
        // SAFETY: the bytes follow the header in the same block.
        let start = unsafe { ptr.add(1) }.cast::<u8>();
        // SAFETY: `len` bytes are initialised there, and stay while the buffer is borrowed.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), len) }
    }

    /// The bytes, for editing.
    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        let Some(ptr) = self.0 else { return &mut [] };
        let len = self.header().len as usize;
        // SAFETY: the bytes follow the header in the same block.
        let start = unsafe { ptr.add(1) }.cast::<u8>();
        // SAFETY: `len` bytes are initialised there, and the buffer is exclusively borrowed.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), len) }
    }

    /// Bytes of the block, as the allocator sets them aside.
    #[inline]
    pub(in crate::types) fn memory_bytes(&self) -> usize {
        if self.0.is_some() { block_bytes(self.header().len as usize) } else { 0 }
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
        let old_len = self.header().len as usize;
        let header = Header {
            len: u32::try_from(len).expect("types keep packed sequences below 4 GiB"),
            count: u32::try_from(count).expect("an element has a byte at least"),
        };
        let ptr = match self.0 {
            None if len == 0 => return,
            Some(_) if len == 0 => {
                *self = Buffer::EMPTY;
                return;
            }
            None => {
                // SAFETY: a block is never empty, it has a header.
                unsafe { alloc(layout(len)) }
            }
            Some(ptr) if block_bytes(len) == block_bytes(old_len) => ptr.cast().as_ptr(),
            Some(ptr) => {
                // SAFETY: live, allocated with the layout of `old_len`; the new size is above zero and below 5 GiB.
                unsafe { realloc(ptr.cast().as_ptr(), layout(old_len), block_bytes(len)) }
            }
        };
        let Some(ptr) = NonNull::new(ptr.cast::<Header>()) else { handle_alloc_error(layout(len)) };
        self.0 = Some(ptr);
        // SAFETY: the block has room for a header, is 8-aligned and ours alone.
        unsafe { ptr.write(header) };
        if len > old_len {
            // SAFETY: the bytes follow the header in the same block.
            let start = unsafe { ptr.add(1) }.cast::<u8>();
            // SAFETY: the block has room for `len` bytes.
            let end = unsafe { start.add(old_len) };
            // SAFETY: from there on the block has room for the difference.
            unsafe { end.write_bytes(0, len - old_len) };
        }
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if let Some(ptr) = self.0 {
            let layout = layout(self.header().len as usize);
            // SAFETY: live, and allocated with the layout of its length; nobody can use it afterwards.
            unsafe { dealloc(ptr.cast().as_ptr(), layout) }
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

/// Bytes of the block that holds `len` bytes.
#[inline]
fn block_bytes(len: usize) -> usize {
    size_class(HEADER + len)
}

#[inline]
fn layout(len: usize) -> Layout {
    Layout::from_size_align(block_bytes(len), align_of::<Header>()).expect("4 GiB are far below the address space")
}
