//! A short array with a length: the places of one node. Imports nothing.

use std::ops::{Deref, DerefMut, Range};

/// Up to `N` items. The places behind the last one hold fillers, or copies of items that were there once.
#[derive(Debug)]
pub(super) struct Slots<T, const N: usize> {
    items: [T; N],
    len: usize,
}

impl<T, const N: usize> Slots<T, N> {
    /// None; `filler` makes what lies in a free place.
    pub(super) fn new(filler: impl Fn() -> T) -> Self {
        Self { items: std::array::from_fn(|_| filler()), len: 0 }
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len == N
    }

    /// Puts an item before the one at `at`; there must be room.
    #[inline]
    pub(super) fn insert(&mut self, at: usize, item: T) {
        self.items[self.len] = item;
        self.len += 1;
        self.items[at..self.len].rotate_right(1);
    }

    /// Takes the items of a range out of sight, behind the last one.
    #[inline]
    pub(super) fn cut(&mut self, range: Range<usize>) {
        self.items[range.start..self.len].rotate_left(range.len());
        self.len -= range.len();
    }

    /// Moves the last `count` items before those of `right`.
    pub(super) fn give_right(&mut self, right: &mut Self, count: usize) {
        right.items[..right.len + count].rotate_right(count);
        right.items[..count].swap_with_slice(&mut self.items[self.len - count..self.len]);
        right.len += count;
        self.len -= count;
    }

    /// Moves the first `count` items of `right` behind those here.
    pub(super) fn take_right(&mut self, right: &mut Self, count: usize) {
        self.items[self.len..self.len + count].swap_with_slice(&mut right.items[..count]);
        right.items[..right.len].rotate_left(count);
        self.len += count;
        right.len -= count;
    }
}

impl<T, const N: usize> Deref for Slots<T, N> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.items[..self.len]
    }
}

impl<T, const N: usize> DerefMut for Slots<T, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items[..self.len]
    }
}
