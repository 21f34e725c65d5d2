//! An ordered sequence with ranks: a B+ tree whose inner nodes count what is below each of their children.
//!
//! The tree knows no order of its own. Every search takes a predicate that holds for the items up to some place and for
//! none behind it, and the tree finds that place: by score, by score and member, or by member. Inserting, removing,
//! the rank of a place and the item of a rank are O(log n); a node is read a few cache lines at a time. Nodes are filled
//! to 80 % by random insertions and to 98 % by ascending or descending ones; no operation moves more than a few of them.
//! Imports nothing but the allocator's arithmetic.

mod iter;
mod node;
mod slots;

use std::ops::Range;

pub use self::iter::Iter;
use self::node::{Inner, Node, Nodes};
use crate::util::alloc::size_class;

/// An ordered sequence; see the module.
#[derive(Debug)]
pub struct Tree<T> {
    root: Option<Node<T>>,
    len: usize,
    nodes: Nodes,
}

impl<T: Copy> Tree<T> {
    /// An empty one, without any allocation.
    pub fn new() -> Tree<T> {
        Tree { root: None, len: 0, nodes: Nodes::default() }
    }

    /// Number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without items.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap, the items' own blocks aside.
    pub fn memory_bytes(&self) -> usize {
        let Nodes { leaves, inners } = self.nodes;
        leaves * size_class(Node::<T>::LEAF_BYTES) + inners * size_class(Node::<T>::INNER_BYTES)
    }

    /// Number of items for which `before` holds. It must hold for a first part of the sequence and for no item behind it.
    pub fn partition(&self, before: impl Fn(&T) -> bool) -> usize {
        let Some(mut node) = self.root.as_ref() else { return 0 };
        let mut rank = 0;
        loop {
            match node {
                Node::Leaf(leaf) => return rank + leaf.partition_point(&before),
                Node::Inner(inner) => {
                    let child = inner.child_for(&before);
                    rank += inner.counts[..child].iter().sum::<usize>();
                    node = inner.child(child);
                }
            }
        }
    }

    /// The item of a rank.
    pub fn get(&self, rank: usize) -> Option<&T> {
        self.leaf_of(rank).map(|(leaf, at)| &leaf[at])
    }

    /// The leaf that holds the item of a rank, and its place there.
    fn leaf_of(&self, rank: usize) -> Option<(&[T], usize)> {
        if rank >= self.len {
            return None;
        }
        let (mut node, mut rank) = (self.root.as_ref()?, rank);
        loop {
            match node {
                Node::Leaf(leaf) => return Some((leaf, rank)),
                Node::Inner(inner) => {
                    let (child, first) = inner.child_at(rank);
                    rank -= first;
                    node = inner.child(child);
                }
            }
        }
    }

    /// The items of a range of ranks, from either end.
    ///
    /// # Panics
    /// When the range ends behind the last item.
    pub fn range(&self, ranks: Range<usize>) -> Iter<'_, T> {
        assert!(ranks.end <= self.len, "a range of ranks lies in the sequence");
        Iter::new(self, ranks)
    }

    /// Puts an item behind all those for which `before` holds, and before the others.
    pub fn insert(&mut self, before: impl Fn(&T) -> bool, item: T) {
        self.len += 1;
        let root = match self.root.take() {
            None => Node::leaf(item, &mut self.nodes),
            Some(root) => {
                let mut root = if root.is_full() { Inner::above(root, &mut self.nodes) } else { root };
                root.insert(&before, item, &mut self.nodes);
                root
            }
        };
        self.root = Some(root);
    }

    /// Puts an item behind all others.
    pub fn push(&mut self, item: T) {
        self.insert(|_| true, item);
    }

    /// Removes the last item for which `up_to` holds.
    pub fn remove(&mut self, up_to: impl Fn(&T) -> bool) -> Option<T> {
        let (item, _) = self.root.as_mut()?.remove(&up_to, &mut self.nodes)?;
        self.len -= 1;
        self.shrink();
        Some(item)
    }

    /// Removes the items of a range of ranks, and hands each of them out in order.
    ///
    /// # Panics
    /// When the range ends behind the last item.
    pub fn remove_range(&mut self, ranks: Range<usize>, mut removed: impl FnMut(T)) {
        assert!(ranks.end <= self.len, "a range of ranks lies in the sequence");
        if ranks.is_empty() {
            return;
        }
        self.len -= ranks.len();
        if let Some(root) = &mut self.root {
            root.remove_range(ranks, &mut removed, &mut self.nodes);
        }
        self.shrink();
    }

    /// Takes away roots that have nothing to decide.
    fn shrink(&mut self) {
        if self.len == 0 {
            self.root = None;
            self.nodes = Nodes::default();
            return;
        }
        while let Some(Node::Inner(inner)) = &mut self.root
            && let Some(only) = inner.take_only_child()
        {
            self.nodes.inners -= 1;
            self.root = Some(only);
        }
    }
}

impl<T: Copy> Default for Tree<T> {
    fn default() -> Self {
        Tree::new()
    }
}

#[cfg(test)]
mod tests;
