//! The large form: a table from member to block, and the blocks' order by score and member.
#![allow(unsafe_code, reason = "the order points to blocks that the table owns")]

use std::ops::Range;

use super::block::{Block, BlockRef};
use super::tree::{self, Tree};
use super::{LexRange, ScoreRange};
use crate::types::table::{AHEAD, Table, hash};
use crate::util::alloc::size_class;

/// Entries between the one that is taken from an end and that whose place in the table is brought near.
const SOON: usize = 4;

/// A sorted set of any size.
///
/// Type invariant, on which every `SAFETY` sentence of this file rests: the order has exactly one entry for each block of
/// the table, and a block is dropped only after its entry has gone, or with the whole set.
#[derive(Debug)]
pub(super) struct Large {
    members: Table<Block>,
    order: Tree<Entry>,
    block_bytes: usize,
}

/// A block in the order. The score is repeated here so that most comparisons need not follow the pointer.
#[derive(Debug, Clone, Copy)]
struct Entry {
    score: f64,
    block: BlockRef,
}

impl Large {
    pub(super) fn new() -> Large {
        Large { members: Table::new(), order: Tree::new(), block_bytes: 0 }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_class(size_of::<Large>()) + self.members.memory_bytes() + self.order.memory_bytes() + self.block_bytes
    }

    /// See [`ZSet::prefetch`](super::ZSet::prefetch).
    pub(super) fn prefetch(&self, hashes: &[u64]) {
        self.members.prefetch_all(hashes, |block| block.to_ref().prefetch());
    }

    #[inline]
    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.members.find(hash(member), |block| block.member() == member).map(Block::score)
    }

    /// See [`ZSet::update`](super::ZSet::update).
    pub(super) fn update(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) {
        let hash = hash(member);
        if let Some(block) = self.members.find_mut(hash, |block| block.member() == member) {
            let old = block.score();
            if let Some(score) = decide(Some(old)).filter(|&score| score != old) {
                let removed = self.order.remove(|entry| up_to(entry, old, member));
                debug_assert!(removed.is_some_and(|entry| entry.score == old), "every block has an entry");
                block.set_score(score);
                let entry = Entry { score, block: block.to_ref() };
                self.order.insert(|other| before(other, score, member), entry);
            }
        } else if let Some(score) = decide(None) {
            self.insert(hash, member, score);
        }
    }

    fn insert(&mut self, hash: u64, member: &[u8], score: f64) {
        let block = Block::new(score, member);
        let entry = Entry { score, block: block.to_ref() };
        self.block_bytes += block.memory_bytes();
        self.members.insert_unique(hash, block);
        self.order.insert(|other| before(other, score, member), entry);
    }

    /// Adds a member that is not there yet and belongs behind all others.
    pub(super) fn push(&mut self, member: &[u8], score: f64) {
        let block = Block::new(score, member);
        let entry = Entry { score, block: block.to_ref() };
        self.block_bytes += block.memory_bytes();
        self.members.insert_unique(hash(member), block);
        self.order.push(entry);
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let hash = hash(member);
        let score = self.members.find(hash, |block| block.member() == member)?.score();
        let entry = self.order.remove(|entry| up_to(entry, score, member))?;
        self.drop_block(entry, hash);
        Some(score)
    }

    pub(super) fn remove_range(&mut self, ranks: Range<usize>) {
        self.bring_next_near(&ranks);
        let Large { members, order, block_bytes } = self;
        order.remove_range(ranks, |entry| {
            let hash = hash(member_of(&entry));
            *block_bytes -= take_block(members, entry, hash).memory_bytes();
        });
    }

    /// Who takes from one end will take what comes next there: begins to bring that near, the block first, then its place
    /// in the table, which is found by what is in the block.
    fn bring_next_near(&self, taken: &Range<usize>) {
        let [soon, later] = if taken.start == 0 {
            let mut rest = self.order.range(taken.end..self.len());
            rest.next();
            [SOON, AHEAD].map(|ahead| rest.later(ahead))
        } else if taken.end == self.len() {
            let mut rest = self.order.range(0..taken.start);
            rest.next_back();
            [SOON, AHEAD].map(|ahead| rest.later_back(ahead))
        } else {
            return;
        };
        if let Some(entry) = later {
            entry.block.prefetch();
        }
        if let Some(entry) = soon {
            self.members.prefetch(hash(member_of(entry)));
        }
    }

    fn drop_block(&mut self, entry: Entry, hash: u64) {
        self.block_bytes -= take_block(&mut self.members, entry, hash).memory_bytes();
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.order.partition(|entry| before(entry, score, member)), score))
    }

    pub(super) fn get(&self, rank: usize) -> Option<(&[u8], f64)> {
        self.order.get(rank).map(shown)
    }

    /// Members and scores of a range of ranks, from either end.
    pub(super) fn range(&self, ranks: Range<usize>) -> Members<'_> {
        Members(self.order.range(ranks))
    }

    pub(super) fn score_range(&self, range: &ScoreRange) -> Range<usize> {
        let start = self.order.partition(|entry| range.is_before(entry.score));
        let end = self.order.partition(|entry| !range.is_behind(entry.score));
        start..end.max(start)
    }

    pub(super) fn lex_range(&self, range: &LexRange<'_>) -> Range<usize> {
        let start = self.order.partition(|entry| range.is_before(member_of(entry)));
        let end = self.order.partition(|entry| !range.is_behind(member_of(entry)));
        start..end.max(start)
    }

    pub(super) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8], f64)) -> u64 {
        self.members.scan(cursor, count, |block| visit(block.member(), block.score()))
    }
}

impl Clone for Large {
    fn clone(&self) -> Self {
        let mut copy = Large::new();
        self.range(0..self.len()).for_each(|(member, score)| copy.push(member, score));
        copy
    }
}

/// Members and scores in order, or backwards.
#[derive(Debug, Clone)]
pub(super) struct Members<'a>(tree::Iter<'a, Entry>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?;
        self.0.later(AHEAD).inspect(|later| later.block.prefetch());
        Some(shown(entry))
    }
}

impl DoubleEndedIterator for Members<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.0.next_back()?;
        self.0.later_back(AHEAD).inspect(|later| later.block.prefetch());
        Some(shown(entry))
    }
}

fn take_block(members: &mut Table<Block>, entry: Entry, hash: u64) -> Block {
    let member = member_of(&entry);
    let block = members.remove(hash, |block| block.member() == member);
    block.expect("every entry has a block")
}

/// The member of an entry of the order; or of one just taken out, whose block the table still has.
#[inline]
fn member_of(entry: &Entry) -> &[u8] {
    // SAFETY: the table has its block, and drops it only while the set is exclusively borrowed, after the entry.
    unsafe { entry.block.member() }
}

#[inline]
fn shown(entry: &Entry) -> (&[u8], f64) {
    (member_of(entry), entry.score)
}

#[inline]
fn before(entry: &Entry, score: f64, member: &[u8]) -> bool {
    entry.score < score || (entry.score == score && member_of(entry) < member)
}

#[inline]
fn up_to(entry: &Entry, score: f64, member: &[u8]) -> bool {
    entry.score < score || (entry.score == score && member_of(entry) <= member)
}
