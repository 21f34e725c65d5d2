//! An effect of several commands, put together while its shards are locked.

use smallvec::SmallVec;

use crate::resp::Args;

/// Commands that belong together, in order, each in its database.
#[derive(Debug, Default)]
pub struct Unit {
    pub(super) bytes: Vec<u8>,
    pub(super) parts: SmallVec<[UnitPart; 2]>,
    pub(super) is_atomic: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UnitPart {
    pub(super) db: u32,
    pub(super) commands: u32,
    pub(super) len: usize,
}

impl Unit {
    /// No commands.
    pub const EMPTY: Unit = Unit { bytes: Vec::new(), parts: SmallVec::new_const(), is_atomic: false };

    /// Whether nothing is in it.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Appends a command.
    pub fn push(&mut self, db: usize, words: Args<'_>) {
        let start = self.bytes.len();
        words.write_request(&mut self.bytes);
        self.grow(db as u32, 1, self.bytes.len() - start);
    }

    /// Marks the commands as the effect of one: they are to be repeated all at once.
    pub fn set_atomic(&mut self) {
        self.is_atomic = true;
    }

    /// Moves the commands of `other` behind those that are here.
    pub fn append(&mut self, other: &mut Unit) {
        self.bytes.append(&mut other.bytes);
        for part in other.parts.drain(..) {
            self.grow(part.db, part.commands, part.len);
        }
    }

    fn grow(&mut self, db: u32, commands: u32, len: usize) {
        match self.parts.last_mut() {
            Some(last) if last.db == db => {
                last.commands += commands;
                last.len += len;
            }
            _ => self.parts.push(UnitPart { db, commands, len }),
        }
    }
}
