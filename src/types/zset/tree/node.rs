//! Nodes: leaves hold the items, inner nodes the first item and the number of items of each child.
//!
//! No child is ever empty. A full child is given room on the way down to an insertion, by levelling it with a neighbour or
//! by splitting it; one that a removal leaves nearly empty joins a neighbour on the way up.

use std::ops::Range;

use super::slots::Slots;

/// Items of a leaf, children of an inner node. With items of 16 bytes a leaf takes 1 KiB, an inner node 2.5 KiB.
pub(super) const FANOUT: usize = 63;

/// A neighbour with at most so many takes over from a full node.
const ROOMY: usize = FANOUT * 3 / 4;

/// Two neighbours with at most so many together become one when either falls below [`SPARSE`].
const JOINED: usize = FANOUT * 3 / 4;

/// Fewer than so many are not kept apart if it can be helped.
const SPARSE: usize = FANOUT / 3;

/// How many nodes there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Nodes {
    pub(super) leaves: usize,
    pub(super) inners: usize,
}

pub(super) type Leaf<T> = Slots<T, FANOUT>;

/// What lies below: its first items (so that a search need not visit the children), sizes, and the children.
#[derive(Debug)]
pub(super) struct Inner<T> {
    pub(super) firsts: Slots<T, FANOUT>,
    pub(super) counts: Slots<usize, FANOUT>,
    children: Slots<Option<Node<T>>, FANOUT>,
}

#[derive(Debug)]
pub(super) enum Node<T> {
    Leaf(Box<Leaf<T>>),
    Inner(Box<Inner<T>>),
}

impl<T: Copy> Inner<T> {
    fn new(filler: T) -> Inner<T> {
        Inner { firsts: Slots::new(|| filler), counts: Slots::new(|| 0), children: Slots::new(|| None) }
    }

    /// A root above what was one.
    pub(super) fn above(root: Node<T>, nodes: &mut Nodes) -> Node<T> {
        nodes.inners += 1;
        let mut inner = Inner::new(root.first());
        inner.insert_child(0, root);
        Node::Inner(Box::new(inner))
    }

    #[inline]
    pub(super) fn child(&self, at: usize) -> &Node<T> {
        self.children[at].as_ref().expect("every place up to the length has a child")
    }

    #[inline]
    fn child_mut(&mut self, at: usize) -> &mut Node<T> {
        self.children[at].as_mut().expect("every place up to the length has a child")
    }

    /// The child in which the items for which `before` holds end.
    #[inline]
    pub(super) fn child_for(&self, before: &impl Fn(&T) -> bool) -> usize {
        self.firsts.partition_point(before).saturating_sub(1)
    }

    /// The child that holds the item of a rank below this node, and the rank of its first item.
    #[inline]
    pub(super) fn child_at(&self, rank: usize) -> (usize, usize) {
        let mut first = 0;
        for (child, &count) in self.counts.iter().enumerate() {
            if rank < first + count {
                return (child, first);
            }
            first += count;
        }
        unreachable!("a node is asked for ranks below its size")
    }

    fn insert_child(&mut self, at: usize, child: Node<T>) {
        self.firsts.insert(at, child.first());
        self.counts.insert(at, child.count());
        self.children.insert(at, Some(child));
    }

    fn cut_children(&mut self, range: Range<usize>) {
        self.children[range.clone()].fill_with(|| None);
        self.children.cut(range.clone());
        self.counts.cut(range.clone());
        self.firsts.cut(range);
    }

    /// The child when there is but one, which leaves this node without any.
    pub(super) fn take_only_child(&mut self) -> Option<Node<T>> {
        if let [only] = &mut self.children[..] { only.take() } else { None }
    }

    /// Makes room in the full child at `at`, into which the next item goes behind all for which `before` holds.
    #[cold]
    fn make_room(&mut self, at: usize, before: &impl Fn(&T) -> bool, nodes: &mut Nodes) {
        let roomy = |neighbour: usize| neighbour < self.children.len() && self.child(neighbour).len() <= ROOMY;
        if roomy(at + 1) {
            return self.level(at);
        }
        if at > 0 && roomy(at - 1) {
            return self.level(at - 1);
        }
        // Ascending and descending insertions leave full nodes behind them.
        let left = match self.child(at).partition(before) {
            FANOUT => FANOUT - 1,
            0 => 1,
            _ => FANOUT / 2,
        };
        let (first, count) = (self.firsts[at], self.counts[at]);
        let child = self.child_mut(at);
        let mut right = child.empty_twin(nodes);
        child.give_right(&mut right, FANOUT - left);
        let (first_right, count_right) = (right.first(), right.count());
        (self.firsts[at], self.counts[at]) = (first, count - count_right);
        self.firsts.insert(at + 1, first_right);
        self.counts.insert(at + 1, count_right);
        self.children.insert(at + 1, Some(right));
    }

    /// Evens out the child at `at` and the one behind it.
    fn level(&mut self, at: usize) {
        let [left, right] = &mut self.children[at..at + 2] else { unreachable!("two places") };
        let (left, right) = left.as_mut().zip(right.as_mut()).expect("every place up to the length has a child");
        let (have, half) = (left.len(), usize::midpoint(left.len(), right.len()));
        if have > half {
            left.give_right(right, have - half);
        } else {
            left.take_right(right, half - have);
        }
        let both = self.counts[at] + self.counts[at + 1];
        self.counts[at] = left.count();
        self.counts[at + 1] = both - self.counts[at];
        self.firsts[at + 1] = right.first();
    }

    /// After a removal from the child at `at`: joins it with a neighbour when few are left. An empty child goes.
    fn tidy(&mut self, at: usize, nodes: &mut Nodes) {
        let len = self.child(at).len();
        if len == 0 {
            nodes.forget(self.child(at));
            return self.cut_children(at..at + 1);
        }
        if len < SPARSE {
            let fits =
                |neighbour: usize| neighbour < self.children.len() && len + self.child(neighbour).len() <= JOINED;
            if fits(at + 1) {
                self.join(at, nodes);
            } else if at > 0 && fits(at - 1) {
                self.join(at - 1, nodes);
            }
        }
    }

    /// Makes one child of the one at `at` and the one behind it.
    fn join(&mut self, at: usize, nodes: &mut Nodes) {
        let [left, right] = &mut self.children[at..at + 2] else { unreachable!("two places") };
        let (left, right) = left.as_mut().zip(right.as_mut()).expect("every place up to the length has a child");
        left.take_right(right, right.len());
        nodes.forget(right);
        self.counts[at] += self.counts[at + 1];
        self.cut_children(at + 1..at + 2);
    }
}

impl<T: Copy> Node<T> {
    pub(super) const LEAF_BYTES: usize = size_of::<Leaf<T>>();
    pub(super) const INNER_BYTES: usize = size_of::<Inner<T>>();

    pub(super) fn leaf(item: T, nodes: &mut Nodes) -> Node<T> {
        nodes.leaves += 1;
        let mut leaf = Leaf::new(|| item);
        leaf.insert(0, item);
        Node::Leaf(Box::new(leaf))
    }

    /// An empty node of the same height, to be filled at once.
    fn empty_twin(&self, nodes: &mut Nodes) -> Node<T> {
        match self {
            Node::Leaf(leaf) => {
                nodes.leaves += 1;
                Node::Leaf(Box::new(Slots::new(|| leaf[0])))
            }
            Node::Inner(inner) => {
                nodes.inners += 1;
                Node::Inner(Box::new(Inner::new(inner.firsts[0])))
            }
        }
    }

    /// Number of items, or of children.
    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.len(),
            Node::Inner(inner) => inner.children.len(),
        }
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        match self {
            Node::Leaf(leaf) => leaf.is_full(),
            Node::Inner(inner) => inner.children.is_full(),
        }
    }

    /// Number of items below.
    pub(super) fn count(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.len(),
            Node::Inner(inner) => inner.counts.iter().sum(),
        }
    }

    #[inline]
    fn first(&self) -> T {
        match self {
            Node::Leaf(leaf) => leaf[0],
            Node::Inner(inner) => inner.firsts[0],
        }
    }

    /// Number of items, or of children by their first items, for which `before` holds.
    fn partition(&self, before: &impl Fn(&T) -> bool) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.partition_point(before),
            Node::Inner(inner) => inner.firsts.partition_point(before),
        }
    }

    fn give_right(&mut self, right: &mut Node<T>, count: usize) {
        match (self, right) {
            (Node::Leaf(left), Node::Leaf(right)) => left.give_right(right, count),
            (Node::Inner(left), Node::Inner(right)) => {
                left.firsts.give_right(&mut right.firsts, count);
                left.counts.give_right(&mut right.counts, count);
                left.children.give_right(&mut right.children, count);
            }
            _ => unreachable!("neighbours have the same height"),
        }
    }

    fn take_right(&mut self, right: &mut Node<T>, count: usize) {
        match (self, right) {
            (Node::Leaf(left), Node::Leaf(right)) => left.take_right(right, count),
            (Node::Inner(left), Node::Inner(right)) => {
                left.firsts.take_right(&mut right.firsts, count);
                left.counts.take_right(&mut right.counts, count);
                left.children.take_right(&mut right.children, count);
            }
            _ => unreachable!("neighbours have the same height"),
        }
    }

    /// Puts an item below this node, which has room. Answers whether it is the first one now.
    pub(super) fn insert(&mut self, before: &impl Fn(&T) -> bool, item: T, nodes: &mut Nodes) -> bool {
        match self {
            Node::Leaf(leaf) => {
                let at = leaf.partition_point(before);
                leaf.insert(at, item);
                at == 0
            }
            Node::Inner(inner) => {
                let mut at = inner.child_for(before);
                if inner.child(at).is_full() {
                    inner.make_room(at, before, nodes);
                    at = inner.child_for(before);
                }
                inner.counts[at] += 1;
                let is_first = inner.child_mut(at).insert(before, item, nodes);
                if is_first {
                    inner.firsts[at] = item;
                }
                is_first && at == 0
            }
        }
    }

    /// Removes the last item for which `up_to` holds. Answers it, and whether it was the first one below this node.
    pub(super) fn remove(&mut self, up_to: &impl Fn(&T) -> bool, nodes: &mut Nodes) -> Option<(T, bool)> {
        match self {
            Node::Leaf(leaf) => {
                let at = leaf.partition_point(up_to).checked_sub(1)?;
                let item = leaf[at];
                leaf.cut(at..at + 1);
                Some((item, at == 0))
            }
            Node::Inner(inner) => {
                let at = inner.child_for(up_to);
                let (item, was_first) = inner.child_mut(at).remove(up_to, nodes)?;
                inner.removed_from(at, 1, was_first, nodes);
                Some((item, was_first && at == 0))
            }
        }
    }

    /// Removes the items of a range of ranks below this node, in order.
    pub(super) fn remove_range(&mut self, ranks: Range<usize>, removed: &mut impl FnMut(T), nodes: &mut Nodes) {
        match self {
            Node::Leaf(leaf) => {
                leaf[ranks.clone()].iter().for_each(|&item| removed(item));
                leaf.cut(ranks);
            }
            Node::Inner(inner) => {
                // The children that lose items: perhaps the end of one, all of some, the beginning of another.
                let (first, mut start) = inner.child_at(ranks.start);
                let mut end = first;
                while end < inner.children.len() && start < ranks.end {
                    let count = inner.counts[end];
                    let lost = ranks.start.max(start) - start..ranks.end.min(start + count) - start;
                    start += count;
                    inner.counts[end] -= lost.len();
                    inner.child_mut(end).remove_range(lost, removed, nodes);
                    end += 1;
                }
                for at in (first..end).rev() {
                    inner.removed_from(at, 0, true, nodes);
                }
            }
        }
    }

    /// Whether nothing is below this node.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Copy> Inner<T> {
    /// Sets right what is known of the child at `at`, which has lost `lost` items, perhaps its first one.
    fn removed_from(&mut self, at: usize, lost: usize, first_lost: bool, nodes: &mut Nodes) {
        self.counts[at] -= lost;
        if first_lost && !self.child(at).is_empty() {
            self.firsts[at] = self.child(at).first();
        }
        self.tidy(at, nodes);
    }
}

impl Nodes {
    /// An emptied node goes.
    fn forget<T>(&mut self, node: &Node<T>) {
        match node {
            Node::Leaf(_) => self.leaves -= 1,
            Node::Inner(_) => self.inners -= 1,
        }
    }
}
