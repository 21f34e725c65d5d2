//! Copies of small entries, packed one behind the other: what a snapshot takes along to work on without the lock.

use std::fmt;
use std::marker::PhantomData;

use super::EntryRef;
use super::block::Block;

/// Copies of entries that are strings kept inside their block.
#[derive(Default)]
pub struct Copies {
    /// Filled by `Block::copy_to` alone.
    words: Vec<u64>,
}

impl Copies {
    /// Copies an entry. False, and no copy, when its value lies outside its block.
    #[inline]
    pub fn push(&mut self, entry: EntryRef<'_>) -> bool {
        entry.block.copy_to(&mut self.words)
    }

    /// Bytes taken by the copies.
    pub fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    /// The copies, in order.
    pub fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        let mut rest = self.words.as_slice();
        std::iter::from_fn(move || {
            let (block, behind) = Block::first_copy(rest)?;
            rest = behind;
            Some(EntryRef { block, held: PhantomData })
        })
    }

    /// Forgets them, and keeps the memory.
    pub fn clear(&mut self) {
        self.words.clear();
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Copies").field("bytes", &self.bytes()).finish()
    }
}
