//! One thread's buffer of effects that wait for the reader.

use std::sync::{Mutex, MutexGuard};

use crate::util::prefetch::prefetch_to_write;
use crate::util::sync::lock;

/// Memory that an idle buffer keeps, and one in use, in bytes.
const IDLE_BYTES: usize = 1024 * 1024;
const BUSY_BYTES: usize = 8 * 1024 * 1024;

/// Commands of one effect in one database; the bytes are in the buffer, in the order of the parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) seq: u64,
    pub(super) at_ms: u64,
    pub(super) db: u32,
    pub(super) commands: u32,
    pub(super) len: usize,
    pub(super) is_atomic: bool,
}

/// Requests and what they are.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    pub(super) parts: Vec<Part>,
}

impl Buffer {
    /// Moves everything from `other` behind what is here.
    pub(super) fn take(&mut self, other: &mut Buffer) {
        if self.parts.is_empty() {
            std::mem::swap(self, other);
        } else {
            self.bytes.append(&mut other.bytes);
            self.parts.append(&mut other.parts);
        }
    }

    /// Drops the first `parts`, which have `bytes`.
    pub(super) fn drop_first(&mut self, parts: usize, bytes: usize) {
        self.parts.drain(..parts);
        self.bytes.drain(..bytes);
        let kept = if parts == 0 { IDLE_BYTES } else { BUSY_BYTES };
        if self.parts.is_empty() && self.bytes.capacity() > kept {
            *self = Buffer::default();
        }
    }

    /// Brings the memory near that the next command will fill: the reader's processor has had it.
    #[inline]
    pub(super) fn prefetch_end(&self) {
        const LINE: usize = 64;
        let end = self.bytes.as_ptr().wrapping_add(self.bytes.len());
        prefetch_to_write(end.wrapping_add(LINE));
        prefetch_to_write(end.wrapping_add(2 * LINE));
        prefetch_to_write(self.parts.as_ptr().wrapping_add(self.parts.len() + 1));
    }
}

/// A buffer behind its lock, alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Seat(Mutex<Buffer>);

impl Seat {
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, Buffer> {
        lock(&self.0)
    }
}
