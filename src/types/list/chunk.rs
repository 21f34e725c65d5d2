//! A chunk of a list's large form: a block, or one element that is too large for a block.

use std::ops::Range;

use bytes::Bytes;

use super::block::{Block, BlockIter};
use super::element::{BLOCK_TEXT_MAX, Element};
use super::{Limits, Side};
use crate::util::alloc::size_class;

/// A piece of a list.
#[derive(Debug, Clone)]
pub(super) enum Chunk {
    Block(Block),
    /// One large element.
    Single(Box<Bytes>),
}

/// The buffer of an element that is too large for a block: its own, or a copy.
fn single(element: Element<'_>) -> Option<Box<Bytes>> {
    match element {
        Element::Shared(buffer) => Some(Box::new(buffer.clone())),
        Element::Text(text) if text.len() > BLOCK_TEXT_MAX => Some(Box::new(Bytes::copy_from_slice(text))),
        _ => None,
    }
}

impl Chunk {
    /// A chunk with one element; it will grow at `side` if it grows.
    pub(super) fn of(element: Element<'_>, capacity: usize, side: Side) -> Chunk {
        if let Some(buffer) = single(element) {
            return Chunk::Single(buffer);
        }
        let mut block = Block::new(capacity, side);
        let fits = block.push(side, element, Limits::LARGEST);
        debug_assert!(fits, "a block has room for at least one element");
        Chunk::Block(block)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Chunk::Block(block) => block.len(),
            Chunk::Single(_) => 1,
        }
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Chunk::Block(block) => block.capacity(),
            Chunk::Single(buffer) => size_class(size_of::<Bytes>()) + size_class(buffer.len()),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Element<'_>> {
        match self {
            Chunk::Block(block) => block.get(index),
            Chunk::Single(buffer) => (index == 0).then_some(Element::Shared(buffer)),
        }
    }

    /// See [`Block::iter`].
    #[inline]
    pub(super) fn iter(&self, skip: usize, side: Side) -> ChunkIter<'_> {
        match self {
            Chunk::Block(block) => ChunkIter::Block(block.iter(skip, side)),
            Chunk::Single(buffer) => ChunkIter::Single((skip == 0).then_some(buffer)),
        }
    }

    /// Inserts an element before `index`; false if it does not fit.
    pub(super) fn insert(&mut self, index: usize, element: Element<'_>, limits: Limits) -> bool {
        match self {
            Chunk::Block(block) => !element.is_large() && block.insert(index, element, limits),
            Chunk::Single(_) => false,
        }
    }

    /// Puts `element` in place of the one at `index`; false if it does not fit.
    pub(super) fn replace(&mut self, index: usize, element: Element<'_>, limits: Limits) -> bool {
        match (self, single(element)) {
            (Chunk::Block(block), None) => block.replace(index, element, limits),
            (Chunk::Single(old), Some(new)) => {
                *old = new;
                true
            }
            _ => false,
        }
    }

    /// Removes the element at `index`, not the only one.
    pub(super) fn remove(&mut self, index: usize) {
        if let Chunk::Block(block) = self {
            block.remove(index);
        }
    }

    /// Removes all elements but those of a range, which is not empty.
    pub(super) fn keep(&mut self, indexes: Range<usize>) {
        if let Chunk::Block(block) = self {
            block.keep(indexes);
            block.fit();
        }
    }

    /// Takes off the elements from `index` on, which are neither all nor none; `None` of a single element.
    pub(super) fn split_off(&mut self, index: usize) -> Option<Chunk> {
        match self {
            Chunk::Block(block) => Some(Chunk::Block(block.split_off(index))),
            Chunk::Single(_) => None,
        }
    }

    /// Removes up to `limit` elements equal to `element`, counted from `side`; returns how many. A single element is only
    /// counted: a chunk of none is the caller's to remove.
    pub(super) fn remove_equal(&mut self, side: Side, element: Element<'_>, limit: usize) -> usize {
        match self {
            Chunk::Block(block) => {
                let count = block.remove_equal(side, element, limit);
                if count > 0 {
                    block.fit();
                }
                count
            }
            Chunk::Single(buffer) => usize::from(Element::Shared(buffer) == element),
        }
    }

    /// One chunk of this one and `next`, which follows away from `side`; `None` if they do not fit half a block.
    pub(super) fn joined(&self, next: &Chunk, side: Side, limits: Limits) -> Option<Chunk> {
        let (Chunk::Block(this), Chunk::Block(next)) = (self, next) else { return None };
        let limits = Limits { bytes: limits.bytes / 2, ..limits };
        if this.used() + next.used() > limits.bytes {
            return None;
        }
        let (first, second) = if side == Side::Front { (this, next) } else { (next, this) };
        Block::joined(first, second, limits).map(Chunk::Block)
    }
}

/// See [`Chunk::iter`].
#[derive(Debug, Clone)]
pub(super) enum ChunkIter<'a> {
    Block(BlockIter<'a>),
    Single(Option<&'a Bytes>),
}

impl Default for ChunkIter<'_> {
    fn default() -> Self {
        ChunkIter::Single(None)
    }
}

impl<'a> Iterator for ChunkIter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        match self {
            ChunkIter::Block(elements) => elements.next(),
            ChunkIter::Single(buffer) => buffer.take().map(Element::Shared),
        }
    }
}
