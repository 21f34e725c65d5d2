//! Sorted sets: members, each with a score, ordered by score and then by member.
//!
//! A small set lies in one packed sequence; beyond its [`Limits`] it becomes, for good, a table of its members and an
//! ordered sequence that knows ranks, so that every question about one member or one place is O(log n) at most. Scores
//! are doubles, never NaN. Ranks count from 0, lowest score first. Imports packed, table and the allocator's arithmetic.

mod block;
mod large;
mod ranges;
mod small;
pub mod tree;

use std::fmt;
use std::ops::Range;

use self::large::Large;
pub use self::ranges::{LexEnd, LexRange, ScoreRange};
use self::small::Small;
use super::packed::Element;

/// Up to where a sorted set stays in its small form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Members (`zset-max-listpack-entries`).
    pub entries: usize,
    /// Bytes of a member (`zset-max-listpack-value`).
    pub value_bytes: usize,
}

/// A sorted set; 16 bytes big.
#[derive(Clone)]
pub struct ZSet(Form);

#[derive(Clone)]
enum Form {
    Small(Small),
    Large(Box<Large>),
}

impl ZSet {
    /// An empty one; allocates nothing.
    #[must_use]
    pub const fn new() -> ZSet {
        ZSet(Form::Small(Small::new()))
    }

    /// Number of members.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.len(),
            Form::Large(large) => large.len(),
        }
    }

    /// Begins to bring near what is looked at to find members with these [hashes](crate::types::table::hash).
    pub(super) fn prefetch(&self, hashes: &[u64]) {
        if let Form::Large(large) = &self.0 {
            large.prefetch(hashes);
        }
    }

    /// True without members.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As OBJECT ENCODING prints it: `listpack` or `skiplist`.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Small(_) => "listpack",
            Form::Large(_) => "skiplist",
        }
    }

    /// Bytes on the heap, as the allocator sets them aside. Constant time.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match &self.0 {
            Form::Small(small) => small.memory_bytes(),
            Form::Large(large) => large.memory_bytes(),
        }
    }

    /// The score of a member. O(1).
    #[inline]
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Form::Small(small) => small.find(member).map(|(_, score)| score),
            Form::Large(large) => large.score(member),
        }
    }

    /// Adds a member, changes its score, or leaves it alone: `decide` is shown the score that it has, if it is there, and
    /// answers the one that it shall have, if any. O(log n).
    pub fn update(&mut self, member: &[u8], limits: Limits, decide: impl FnOnce(Option<f64>) -> Option<f64>) {
        let small = match &mut self.0 {
            Form::Large(large) => return large.update(member, decide),
            Form::Small(small) => small,
        };
        let found = small.find(member);
        let Some(score) = decide(found.map(|(_, score)| score)) else { return };
        debug_assert!(!score.is_nan(), "a score is a number");
        match found {
            Some((_, old)) if old == score => return,
            Some((position, _)) => small.remove_at(position),
            None if small.len() >= limits.entries
                || member.len() > limits.value_bytes
                || !small.has_room(member.len()) =>
            {
                return self.enlarge().update(member, |_| Some(score));
            }
            None => {}
        }
        small.insert(member, score);
    }

    /// Adds a member or sets its score; answers the score that it had.
    pub fn insert(&mut self, member: &[u8], score: f64, limits: Limits) -> Option<f64> {
        let mut had = None;
        self.update(member, limits, |old| {
            had = old;
            Some(score)
        });
        had
    }

    /// Goes over to the large form.
    fn enlarge(&mut self) -> &mut Large {
        if let Form::Small(small) = &self.0 {
            let mut large = Box::new(Large::new());
            for (member, score) in small.iter() {
                large.push(member.text(&mut itoa::Buffer::new()), score);
            }
            self.0 = Form::Large(large);
        }
        match &mut self.0 {
            Form::Large(large) => large,
            Form::Small(_) => unreachable!("it has just been made large"),
        }
    }

    /// Removes a member; answers the score that it had. O(log n).
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Form::Small(small) => {
                let (position, score) = small.find(member)?;
                small.remove_at(position);
                Some(score)
            }
            Form::Large(large) => large.remove(member),
        }
    }

    /// Removes the members of a range of ranks. O(log n + m).
    ///
    /// # Panics
    /// When the range ends behind the last member.
    pub fn remove_range(&mut self, ranks: Range<usize>) {
        match &mut self.0 {
            Form::Small(small) => small.remove_range(ranks),
            Form::Large(large) => large.remove_range(ranks),
        }
    }

    /// Rank and score of a member. O(log n).
    #[must_use]
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.0 {
            Form::Small(small) => small.rank(member),
            Form::Large(large) => large.rank(member),
        }
    }

    /// The member of a rank and its score. O(log n).
    #[must_use]
    pub fn get(&self, rank: usize) -> Option<(Element<'_>, f64)> {
        match &self.0 {
            Form::Small(small) => small.get(rank),
            Form::Large(large) => large.get(rank).map(element),
        }
    }

    /// The ranks of the members with scores in a range. O(log n).
    #[must_use]
    pub fn score_range(&self, range: &ScoreRange) -> Range<usize> {
        match &self.0 {
            Form::Small(small) => small.score_range(range),
            Form::Large(large) => large.score_range(range),
        }
    }

    /// The ranks of the members in a range of names, where all scores are equal. O(log n).
    ///
    /// Where scores differ the range is unspecified, but for the small form: there it is what Redis finds going forwards
    /// from the first member that is not below it, or `backwards` from the last that is not above it.
    #[must_use]
    pub fn lex_range(&self, range: &LexRange<'_>, backwards: bool) -> Range<usize> {
        match &self.0 {
            Form::Small(small) => small.lex_range(range, backwards),
            Form::Large(large) => large.lex_range(range),
        }
    }

    /// Shows the members of a range of ranks with their scores, in order or backwards. O(log n + m).
    ///
    /// # Panics
    /// When the range ends behind the last member.
    pub fn visit<'a>(&'a self, ranks: Range<usize>, backwards: bool, mut show: impl FnMut(Element<'a>, f64)) {
        assert!(ranks.end <= self.len(), "a range of ranks lies in the set");
        match (&self.0, backwards) {
            (Form::Small(small), false) => {
                small.iter_from(ranks.start).take(ranks.len()).for_each(|(member, score)| show(member, score));
            }
            (Form::Small(small), true) => {
                let members: Vec<_> = small.iter_from(ranks.start).take(ranks.len()).collect();
                members.into_iter().rev().for_each(|(member, score)| show(member, score));
            }
            (Form::Large(large), false) => {
                large.range(ranks).for_each(|(member, score)| show(Element::Bytes(member), score));
            }
            (Form::Large(large), true) => {
                large.range(ranks).rev().for_each(|(member, score)| show(Element::Bytes(member), score));
            }
        }
    }

    /// Shows all members with their scores, in order.
    pub fn visit_all<'a>(&'a self, show: impl FnMut(Element<'a>, f64)) {
        self.visit(0..self.len(), false, show);
    }

    /// Shows about `count` members from a cursor on, in no order that means anything, and answers the next cursor, 0 at the
    /// end. A member that is there from the first call to the last is shown exactly once. A small set is shown as a whole.
    pub fn scan(&self, cursor: u64, count: usize, mut show: impl FnMut(Element<'_>, f64)) -> u64 {
        match &self.0 {
            Form::Small(small) => {
                small.iter().for_each(|(member, score)| show(member, score));
                0
            }
            Form::Large(large) => large.scan(cursor, count, |member, score| show(Element::Bytes(member), score)),
        }
    }
}

fn element((member, score): (&[u8], f64)) -> (Element<'_>, f64) {
    (Element::Bytes(member), score)
}

impl Default for ZSet {
    fn default() -> Self {
        ZSet::new()
    }
}

impl fmt::Debug for ZSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        self.visit_all(|member, score| {
            map.entry(&member.text(&mut itoa::Buffer::new()).escape_ascii().to_string(), &score);
        });
        map.finish()
    }
}

#[cfg(test)]
mod tests;
