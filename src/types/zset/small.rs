//! The small form: members and scores in turn, in order, in one packed sequence.

use std::cmp::Ordering;
use std::ops::Range;

use smallvec::SmallVec;

use super::{LexRange, ScoreRange};
use crate::types::packed::{Element, Packed, Position};

/// Whole numbers up to here are stored as integers; a negative zero loses its sign thereby, as in Redis.
const EXACT: f64 = (1i64 << 53) as f64;

/// First byte of any other score, followed by the bytes of the double, highest first and without zeros at the end. It is
/// no digit, so that the whole can not be the text of an integer, which the sequence would take for one.
const FRACTION: u8 = b'f';

/// A few members, `2 * len` elements.
#[derive(Debug, Clone, Default)]
pub(super) struct Small(Packed);

impl Small {
    pub(super) const fn new() -> Small {
        Small(Packed::new())
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.len() / 2
    }

    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// Whether the sequence itself can take another member of so many bytes.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.0.has_room(bytes + 16)
    }

    /// Members and scores from the first to the last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Element<'_>, f64)> {
        self.places().map(|(_, member, score)| (member, score))
    }

    fn places(&self) -> impl Iterator<Item = (Position, Element<'_>, f64)> {
        let mut elements = self.0.iter();
        std::iter::from_fn(move || {
            let position = elements.position();
            let member = elements.next()?;
            Some((position, member, score_of(elements.next()?)))
        })
    }

    pub(super) fn find(&self, member: &[u8]) -> Option<(Position, f64)> {
        let position = self.0.find(member, 2)?;
        Some((position, score_of(self.0.at(self.0.after(position, 1)))))
    }

    /// Adds a member that is not there yet.
    pub(super) fn insert(&mut self, member: &[u8], score: f64) {
        let behind = self.places().find(|&(_, other, its)| order(other, its, member, score) == Ordering::Greater);
        let position = behind.map_or_else(|| self.0.end(), |(position, ..)| position);
        let mut buffer = [0; 9];
        self.0.insert_at(position, &[Element::Bytes(member), score_element(score, &mut buffer)]);
    }

    pub(super) fn remove_at(&mut self, position: Position) {
        self.0.remove_at(position, 2);
    }

    pub(super) fn remove_range(&mut self, ranks: Range<usize>) {
        if let Some(position) = self.0.position(2 * ranks.start) {
            self.0.remove_at(position, 2 * ranks.len());
        }
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        self.iter().enumerate().find(|(_, (other, _))| other.eq_bytes(member)).map(|(rank, (_, score))| (rank, score))
    }

    pub(super) fn get(&self, rank: usize) -> Option<(Element<'_>, f64)> {
        self.iter_from(rank).next()
    }

    /// From a rank on.
    pub(super) fn iter_from(&self, rank: usize) -> impl Iterator<Item = (Element<'_>, f64)> {
        let mut elements = self.0.iter_from(self.0.position(2 * rank).unwrap_or_else(|| self.0.end()));
        std::iter::from_fn(move || Some((elements.next()?, score_of(elements.next()?))))
    }

    pub(super) fn score_range(&self, range: &ScoreRange) -> Range<usize> {
        self.ranks(|_, score| range.is_before(score), |_, score| range.is_behind(score))
    }

    pub(super) fn lex_range(&self, range: &LexRange<'_>, backwards: bool) -> Range<usize> {
        let is_before = |member: Element<'_>| range.is_before(member.text(&mut itoa::Buffer::new()));
        let is_behind = |member: Element<'_>| range.is_behind(member.text(&mut itoa::Buffer::new()));
        let ends = self.get(0).zip(self.len().checked_sub(1).and_then(|last| self.get(last)));
        if ends.is_none_or(|((first, _), (last, _))| is_behind(first) || is_before(last)) {
            return 0..0;
        }
        if backwards {
            let members: SmallVec<[Element<'_>; 64]> = self.iter().map(|(member, _)| member).collect();
            let end = members.iter().rposition(|&member| !is_behind(member)).map_or(0, |last| last + 1);
            let start = members[..end].iter().rposition(|&member| is_before(member)).map_or(0, |below| below + 1);
            return start..end;
        }
        self.ranks(|member, _| is_before(member), |member, _| is_behind(member))
    }

    fn ranks(
        &self,
        mut is_before: impl FnMut(Element<'_>, f64) -> bool,
        mut is_behind: impl FnMut(Element<'_>, f64) -> bool,
    ) -> Range<usize> {
        let mut members = self.iter().enumerate().skip_while(|&(_, (member, score))| is_before(member, score));
        let Some((start, (member, score))) = members.next() else { return 0..0 };
        if is_behind(member, score) {
            return start..start;
        }
        let end = members.find(|&(_, (member, score))| is_behind(member, score)).map_or(self.len(), |(rank, _)| rank);
        start..end
    }
}

fn order(member: Element<'_>, score: f64, other: &[u8], other_score: f64) -> Ordering {
    let by_score = score.partial_cmp(&other_score).expect("no score is NaN");
    by_score.then_with(|| member.text(&mut itoa::Buffer::new()).cmp(other))
}

fn score_element(score: f64, buffer: &mut [u8; 9]) -> Element<'_> {
    if score.trunc() == score && score.abs() <= EXACT {
        return Element::Int(score as i64);
    }
    buffer[0] = FRACTION;
    buffer[1..].copy_from_slice(&score.to_bits().to_be_bytes());
    let zeros = buffer.iter().rev().take_while(|&&byte| byte == 0).count();
    Element::Bytes(&buffer[..9 - zeros])
}

fn score_of(element: Element<'_>) -> f64 {
    match element {
        Element::Int(whole) => whole as f64,
        Element::Bytes(bytes) => {
            let mut bits = [0; 8];
            let bytes = bytes.get(1..).unwrap_or_default();
            bits[..bytes.len()].copy_from_slice(bytes);
            f64::from_bits(u64::from_be_bytes(bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_come_back_bit_for_bit() {
        let odd = [0.0, 0.1, -1.5, 1e300, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NEG_INFINITY];
        let digits = [b"12345678", b"-1234567"].map(|text| f64::from_bits(u64::from_be_bytes(*text)));
        let whole = [1.0, -1.0, EXACT, -EXACT, EXACT + 2.0, 1e15];
        for score in odd.into_iter().chain(digits).chain(whole) {
            let mut small = Small::new();
            small.insert(b"m", score);
            assert_eq!(small.find(b"m").map(|(_, score)| score.to_bits()), Some(score.to_bits()), "{score}");
        }
    }
}
