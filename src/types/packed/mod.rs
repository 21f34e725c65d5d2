//! The small form of hashes, sets and sorted sets: a sequence of strings in one allocation.
//!
//! An element costs one byte beside its text, a number as few bytes as hold it; there is no index: looking something up
//! walks from the start, which for some hundred elements is quicker than a table. The format is in `packed/element.rs`.
//!
//! Promises: strings come back byte for byte; nothing is allocated while it is empty; the block is as large as the
//! allocator's size class of what it holds. A [`Position`] holds until the next change in front of it.

pub(super) mod buffer;
mod element;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::element::Element;

use self::buffer::Buffer;
use self::element::{Written, read, written_len};

/// Bytes that a sequence must not exceed: types change to their large form before, whatever their limits say.
pub const MAX_BYTES: usize = 1 << 30;

/// Where an element of a [`Packed`] starts, or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(usize);

impl Position {
    /// Of the first element.
    pub const START: Position = Position(0);
}

/// A sequence of strings; 8 bytes big. See the file's header.
#[derive(Clone)]
pub struct Packed(Buffer);

impl Default for Packed {
    fn default() -> Self {
        Packed::new()
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.iter().map(|element| element.text(&mut itoa::Buffer::new()).escape_ascii().to_string());
        out.debug_list().entries(texts).finish()
    }
}

impl Packed {
    /// A sequence without elements; allocates nothing.
    #[must_use]
    pub const fn new() -> Packed {
        Packed(Buffer::EMPTY)
    }

    /// Number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.count()
    }

    /// True without elements.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.bytes().is_empty()
    }

    /// Bytes that the elements take as they are written.
    #[inline]
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.0.bytes().len()
    }

    /// Bytes on the heap, as the allocator sets them aside. Constant time.
    #[inline]
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// Whether strings of `bytes` in all may be added without exceeding [`MAX_BYTES`].
    #[inline]
    #[must_use]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.byte_len() + bytes <= MAX_BYTES
    }

    /// The elements from the first to the last.
    #[inline]
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(Position::START)
    }

    /// The elements from `position` on.
    #[inline]
    #[must_use]
    pub fn iter_from(&self, position: Position) -> Iter<'_> {
        Iter { bytes: self.0.bytes(), at: position.0 }
    }

    /// The element number `index`. Walks there.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        self.position(index).map(|position| self.at(position))
    }

    /// Where element number `index` starts. Walks there.
    #[inline]
    #[must_use]
    pub fn position(&self, index: usize) -> Option<Position> {
        (index < self.len()).then(|| self.after(Position::START, index))
    }

    /// The element at a position, which must not be the end.
    #[inline]
    #[must_use]
    pub fn at(&self, position: Position) -> Element<'_> {
        read(&self.0.bytes()[position.0..]).0
    }

    /// Where the element `count` behind that at `position` starts; the end behind the last one.
    #[inline]
    #[must_use]
    pub fn after(&self, position: Position, count: usize) -> Position {
        let bytes = self.0.bytes();
        let mut at = position.0;
        for _ in 0..count {
            at += written_len(&bytes[at..]);
        }
        Position(at)
    }

    /// The end: where [`push`](Self::push) writes.
    #[inline]
    #[must_use]
    pub fn end(&self) -> Position {
        Position(self.byte_len())
    }

    /// The first element equal to `text` among every `step`-th one, beginning with the first (2: the fields of a hash).
    ///
    /// # Panics
    /// When the number of elements is no multiple of `step`.
    #[inline]
    #[must_use]
    pub fn find(&self, text: &[u8], step: usize) -> Option<Position> {
        self.find_from(Position::START, text, step)
    }

    /// The same from the element at `position` on.
    ///
    /// # Panics
    /// When the number of elements from there on is no multiple of `step`.
    #[inline]
    #[must_use]
    pub fn find_from(&self, position: Position, text: &[u8], step: usize) -> Option<Position> {
        let wanted = Written::new(Element::Bytes(text));
        let bytes = self.0.bytes();
        let mut at = position.0;
        while at < bytes.len() {
            if wanted.starts(&bytes[at..]) {
                return Some(Position(at));
            }
            for _ in 0..step {
                at += written_len(&bytes[at..]);
            }
        }
        None
    }

    /// Adds an element behind the last one.
    #[inline]
    pub fn push<'e>(&mut self, element: impl Into<Element<'e>>) {
        let written = Written::new(element.into());
        let (at, count) = (self.byte_len(), self.len() + 1);
        written.write(self.0.splice(at, 0, written.len(), count));
    }

    /// Inserts elements in front of the one at `position`, or at the end.
    pub fn insert_at(&mut self, position: Position, elements: &[Element<'_>]) {
        let size = elements.iter().map(|&element| Written::new(element).len()).sum();
        let count = self.len() + elements.len();
        let mut room = self.0.splice(position.0, 0, size, count);
        for &element in elements {
            let written = Written::new(element);
            written.write(room);
            room = &mut room[written.len()..];
        }
    }

    /// Replaces the element at `position`; those behind it may move.
    #[inline]
    pub fn replace_at<'e>(&mut self, position: Position, element: impl Into<Element<'e>>) {
        let written = Written::new(element.into());
        let count = self.len();
        let old_len = written_len(&self.0.bytes()[position.0..]);
        written.write(self.0.splice(position.0, old_len, written.len(), count));
    }

    /// Removes `count` elements from `position` on.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn remove_at(&mut self, position: Position, count: usize) {
        let end = self.after(position, count);
        let left = self.len() - count;
        self.0.splice(position.0, end.0 - position.0, 0, left);
    }
}

impl<'a> IntoIterator for &'a Packed {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Walks over elements in order; made by [`Packed::iter`].
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iter<'_> {
    /// Where the element that comes next starts.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Position {
        Position(self.at)
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let (element, len) = read(&self.bytes[self.at..]);
        self.at += len;
        Some(element)
    }
}
