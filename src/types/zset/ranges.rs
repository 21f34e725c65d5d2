//! Ranges of scores and of members.

use std::ops::Bound;

/// A range of scores. Infinite ends are scores as any other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRange {
    /// Lower end.
    pub min: Bound<f64>,
    /// Upper end.
    pub max: Bound<f64>,
}

impl ScoreRange {
    /// Whether a score lies below the range.
    #[inline]
    pub fn is_before(&self, score: f64) -> bool {
        match self.min {
            Bound::Included(min) => score < min,
            Bound::Excluded(min) => score <= min,
            Bound::Unbounded => false,
        }
    }

    /// Whether a score lies above the range.
    #[inline]
    pub fn is_behind(&self, score: f64) -> bool {
        match self.max {
            Bound::Included(max) => score > max,
            Bound::Excluded(max) => score >= max,
            Bound::Unbounded => false,
        }
    }
}

/// An end of a range of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LexEnd<'a> {
    /// Below every member (`-`).
    Lowest,
    /// Above every member (`+`).
    Highest,
    /// This member, if it is there.
    Included(&'a [u8]),
    /// Next to this member.
    Excluded(&'a [u8]),
}

/// A range of members, compared byte by byte. It has a meaning where all scores are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// Lower end.
    pub min: LexEnd<'a>,
    /// Upper end.
    pub max: LexEnd<'a>,
}

impl LexRange<'_> {
    /// Whether a member lies below the range.
    #[inline]
    pub fn is_before(&self, member: &[u8]) -> bool {
        match self.min {
            LexEnd::Lowest => false,
            LexEnd::Highest => true,
            LexEnd::Included(min) => member < min,
            LexEnd::Excluded(min) => member <= min,
        }
    }

    /// Whether a member lies above the range.
    #[inline]
    pub fn is_behind(&self, member: &[u8]) -> bool {
        match self.max {
            LexEnd::Lowest => true,
            LexEnd::Highest => false,
            LexEnd::Included(max) => member > max,
            LexEnd::Excluded(max) => member >= max,
        }
    }
}
