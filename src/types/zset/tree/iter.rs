//! The items of a range of ranks, from either end: leaf by leaf, each found by its rank.

use std::ops::Range;
use std::slice;

use super::Tree;

/// Items of a [`Tree`] in order, or backwards.
#[derive(Debug, Clone)]
pub struct Iter<'a, T> {
    tree: &'a Tree<T>,
    /// What is left. It alone decides where both ends meet.
    ranks: Range<usize>,
    /// The rest of the leaf in which the next item from the front lies, and of that from the back.
    front: slice::Iter<'a, T>,
    back: slice::Iter<'a, T>,
}

impl<'a, T: Copy> Iter<'a, T> {
    pub(super) fn new(tree: &'a Tree<T>, ranks: Range<usize>) -> Iter<'a, T> {
        Iter { tree, ranks, front: [].iter(), back: [].iter() }
    }

    /// The item `ahead` places behind the next one, if it lies in the same leaf.
    #[inline]
    pub fn later(&self, ahead: usize) -> Option<&'a T> {
        self.front.as_slice().get(ahead)
    }

    /// The same, backwards.
    #[inline]
    pub fn later_back(&self, ahead: usize) -> Option<&'a T> {
        self.back.as_slice().iter().nth_back(ahead)
    }
}

impl<'a, T: Copy> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        if self.ranks.is_empty() {
            return None;
        }
        if self.front.len() == 0 {
            let (leaf, at) = self.tree.leaf_of(self.ranks.start)?;
            self.front = leaf[at..].iter();
        }
        self.ranks.start += 1;
        self.front.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ranks.len(), Some(self.ranks.len()))
    }
}

impl<T: Copy> DoubleEndedIterator for Iter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.ranks.is_empty() {
            return None;
        }
        if self.back.len() == 0 {
            let (leaf, at) = self.tree.leaf_of(self.ranks.end - 1)?;
            self.back = leaf[..=at].iter();
        }
        self.ranks.end -= 1;
        self.back.next_back()
    }
}

impl<T: Copy> ExactSizeIterator for Iter<'_, T> {}
