use proptest::prelude::*;

use super::node::{FANOUT, Node, Nodes};
use super::*;
use crate::util::rng::Rng;

/// Checks every promise about nodes, and answers the items below one.
fn check(node: &Node<u32>, found: &mut Nodes) -> Vec<u32> {
    match node {
        Node::Leaf(leaf) => {
            found.leaves += 1;
            leaf.to_vec()
        }
        Node::Inner(inner) => {
            found.inners += 1;
            let mut all = Vec::new();
            for at in 0..node.len() {
                let below = check(inner.child(at), found);
                assert_eq!(below.first(), Some(&inner.firsts[at]), "a child's first item is known");
                assert_eq!(below.len(), inner.counts[at], "a child's size is known");
                all.extend(below);
            }
            all
        }
    }
}

fn items(tree: &Tree<u32>) -> Vec<u32> {
    let mut found = Nodes::default();
    let all = tree.root.as_ref().map(|root| check(root, &mut found)).unwrap_or_default();
    assert_eq!((found, all.len()), (tree.nodes, tree.len()));
    assert!(all.is_sorted());
    assert!(tree.range(0..tree.len()).eq(&all));
    assert!(tree.range(0..tree.len()).rev().eq(all.iter().rev()));
    all
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u32),
    /// So many in a row, upwards or downwards.
    Run(u32, u16, bool),
    Remove(u32),
    /// A range in thousandths of the length.
    RemoveRange(u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u32..50_000).prop_map(Step::Insert),
        1 => (0u32..50_000, 0u16..600, any::<bool>()).prop_map(|(from, count, up)| Step::Run(from, count, up)),
        3 => (0u32..50_000).prop_map(Step::Remove),
        1 => (0u16..=1000, 0u16..=1000).prop_map(|(a, b)| Step::RemoveRange(a.min(b), a.max(b))),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn behaves_as_a_sorted_vector(steps in steps()) {
        let (mut tree, mut model) = (Tree::new(), Vec::new());
        for step in steps {
            match step {
                Step::Insert(n) => {
                    model.insert(model.partition_point(|&m| m <= n), n);
                    tree.insert(|&m| m <= n, n);
                }
                Step::Run(from, count, up) => {
                    for i in 0..u32::from(count) {
                        let n = if up { from + i } else { from + 600 - i };
                        model.insert(model.partition_point(|&m| m <= n), n);
                        tree.insert(|&m| m <= n, n);
                    }
                }
                Step::Remove(n) => {
                    let at = model.partition_point(|&m| m <= n);
                    prop_assert_eq!(tree.partition(|&m| m <= n), at);
                    let removed = tree.remove(|&m| m <= n);
                    prop_assert_eq!(removed, at.checked_sub(1).map(|at| model.remove(at)));
                }
                Step::RemoveRange(start, end) => {
                    let range = model.len() * usize::from(start) / 1000..model.len() * usize::from(end) / 1000;
                    let mut removed = Vec::new();
                    tree.remove_range(range.clone(), |n| removed.push(n));
                    prop_assert_eq!(removed, model.drain(range).collect::<Vec<_>>());
                }
            }
        }
        prop_assert_eq!(&items(&tree), &model);
        for rank in [0, 1, model.len() / 2, model.len().saturating_sub(1), model.len()] {
            prop_assert_eq!(tree.get(rank), model.get(rank));
        }
        let middle = model.len() / 3..model.len() * 2 / 3;
        let mut both = tree.range(middle.clone());
        let mut expected = model[middle].iter();
        while let Some(n) = both.next() {
            prop_assert_eq!(Some(n), expected.next());
            prop_assert_eq!(both.next_back(), expected.next_back());
        }
        prop_assert_eq!(expected.len(), 0);
    }
}

fn fill(order: impl Iterator<Item = u32>) -> Tree<u32> {
    let mut tree = Tree::new();
    order.for_each(|n| tree.insert(|&m| m < n, n));
    tree
}

#[test]
fn nodes_are_well_filled_and_emptied() {
    const COUNT: u32 = 100_000;
    let up = fill(0..COUNT);
    let down = fill((0..COUNT).rev());
    let mut shuffled: Vec<u32> = (0..COUNT).collect();
    Rng::from_seed(1).shuffle(&mut shuffled);
    let mut mixed = fill(shuffled.iter().copied());
    for (tree, percent) in [(&up, 95), (&down, 95), (&mixed, 75)] {
        assert!(items(tree).into_iter().eq(0..COUNT));
        let full = tree.len() * 100 / (tree.nodes.leaves * FANOUT);
        assert!(full >= percent, "{full} % < {percent} %");
    }

    for n in &shuffled[..90_000] {
        assert_eq!(mixed.remove(|m| m <= n), Some(*n));
    }
    assert_eq!(items(&mixed).len(), 10_000);
    let full = mixed.len() * 100 / (mixed.nodes.leaves * FANOUT);
    assert!(full >= 33, "{full} %");
    for n in &shuffled[90_000..] {
        assert_eq!(mixed.remove(|m| m <= n), Some(*n));
    }
    assert_eq!((mixed.len(), mixed.memory_bytes(), mixed.remove(|_| true)), (0, 0, None));
}

#[test]
fn nodes_fill_their_size_classes() {
    assert_eq!((Node::<[u64; 2]>::LEAF_BYTES, size_class(Node::<[u64; 2]>::LEAF_BYTES)), (1016, 1024));
    assert_eq!((Node::<[u64; 2]>::INNER_BYTES, size_class(Node::<[u64; 2]>::INNER_BYTES)), (2544, 2560));
}
