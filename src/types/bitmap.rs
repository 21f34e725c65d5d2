//! Strings as arrays of bits: GETBIT, SETBIT, BITCOUNT, BITPOS and BITOP.
//!
//! Bit 0 is the highest bit of the first byte. Growing a string before a bit is set is the caller's.
//! Imports `types::string` for ranges and `util::number`.

use std::ops::Range;

use super::string::{loose_range, string_range};
use crate::util::number::parse_i64;

/// What the ends of a range count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Eight bits.
    #[default]
    Byte,
    /// Single bits.
    Bit,
}

impl Unit {
    /// Reads `BYTE` or `BIT` in any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let table = [("BYTE", Self::Byte), ("BIT", Self::Bit)];
        table.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes())).map(|(_, unit)| unit)
    }

    fn bits(self) -> usize {
        match self {
            Self::Byte => 8,
            Self::Bit => 1,
        }
    }

    /// Number of units in `string`.
    fn count(self, string: &[u8]) -> usize {
        string.len() * 8 / self.bits()
    }

    fn to_bits(self, range: &Range<usize>) -> Range<usize> {
        range.start * self.bits()..range.end * self.bits()
    }
}

/// Reads the number of a bit in a string of at most `limit_bytes`.
pub fn parse_bit_offset(text: &[u8], limit_bytes: u64) -> Option<u64> {
    u64::try_from(parse_i64(text)?).ok().filter(|offset| offset >> 3 < limit_bytes)
}

/// Returns the bit at `offset`; zero beyond the end of `string`.
pub fn get_bit(string: &[u8], offset: u64) -> bool {
    let byte = usize::try_from(offset >> 3).ok().and_then(|at| string.get(at)).copied().unwrap_or(0);
    byte & mask(offset) != 0
}

/// Changes the bit at `offset` and returns its old value.
///
/// # Panics
///
/// If `string` has no such bit.
pub fn set_bit(string: &mut [u8], offset: u64, bit: bool) -> bool {
    let byte = &mut string[(offset >> 3) as usize];
    let old = *byte & mask(offset) != 0;
    if bit {
        *byte |= mask(offset);
    } else {
        *byte &= !mask(offset);
    }
    old
}

fn mask(offset: u64) -> u8 {
    0x80 >> (offset & 7)
}

/// Counts the bits set in `string`.
pub fn count_all(string: &[u8]) -> u64 {
    let (words, rest) = string.as_chunks::<8>();
    let words: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    words + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// Counts the bits set from `start` to `end`, both included, negative ones counting from the end: BITCOUNT.
pub fn count_range(string: &[u8], start: i64, end: i64, unit: Unit) -> u64 {
    let bits = unit.to_bits(&string_range(start, end, unit.count(string)));
    let Some(Edges { first, whole, last }) = Edges::cut(string, &bits) else { return 0 };
    u64::from(first.0.count_ones()) + count_all(whole) + u64::from(last.0.count_ones())
}

/// Returns the position of the first bit that equals `bit`, in bits from the start of `string`, which exists: BITPOS.
///
/// `start` and `end` are inclusive and may count from the end. Without `end`, a string full of ones is taken to be
/// followed by zeros, so that the first zero is found right behind it. -1 if there is none.
pub fn position(string: &[u8], bit: bool, start: i64, end: Option<i64>, unit: Unit) -> i64 {
    let bits = unit.to_bits(&loose_range(start, end.unwrap_or(-1), unit.count(string)));
    match find(string, bit, &bits) {
        Some(at) => at as i64,
        None if end.is_none() && !bit && !bits.is_empty() => bits.end as i64,
        None => -1,
    }
}

/// Returns the first bit in `bits` that equals `bit`.
fn find(string: &[u8], bit: bool, bits: &Range<usize>) -> Option<usize> {
    let Edges { first, whole, last } = Edges::cut(string, bits)?;
    // Look for ones; when zeros are wanted, in the complement.
    let flip = if bit { 0 } else { 0xff };
    let in_byte = |(byte, inside): (u8, u8), at: usize| {
        let wanted = (byte ^ flip) & inside;
        (wanted != 0).then(|| at * 8 + wanted.leading_zeros() as usize)
    };
    let first_at = bits.start / 8;
    let whole_at = first_at + usize::from(first.1 != 0);
    in_byte(first, first_at)
        .or_else(|| {
            let (words, _) = whole.as_chunks::<8>();
            let blank = u64::from_ne_bytes([flip; 8]);
            let skipped = words.iter().take_while(|word| u64::from_ne_bytes(**word) == blank).count() * 8;
            let at = skipped + whole[skipped..].iter().position(|&byte| byte != flip)?;
            in_byte((whole[at], 0xff), whole_at + at)
        })
        .or_else(|| in_byte(last, whole_at + whole.len()))
}

/// A range of bits as bytes: whole ones, and a part of one at either end. A part is the byte with the bits outside
/// cleared, and a mask of the bits inside, 0 if there is no such part.
struct Edges<'a> {
    first: (u8, u8),
    whole: &'a [u8],
    last: (u8, u8),
}

impl<'a> Edges<'a> {
    /// `None` if the range is empty.
    fn cut(string: &'a [u8], bits: &Range<usize>) -> Option<Self> {
        if bits.is_empty() {
            return None;
        }
        let (head, tail) = (0xffu8 >> (bits.start % 8), !(0xffu8 >> (bits.end % 8)));
        let (from, to) = (bits.start.div_ceil(8), bits.end / 8);
        let part = |at: usize, inside: u8| if inside == 0 { (0, 0) } else { (string[at] & inside, inside) };
        if from > to {
            return Some(Self { first: part(to, head & tail), whole: &[], last: (0, 0) });
        }
        let first = if bits.start.is_multiple_of(8) { (0, 0) } else { part(from - 1, head) };
        Some(Self { first, whole: &string[from..to], last: part(to, tail) })
    }
}

/// An operation of BITOP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitOp {
    /// Set in all sources.
    And,
    /// Set in any source.
    Or,
    /// Set in an odd number of sources.
    Xor,
    /// Not set in the only source.
    Not,
    /// Set in the first source and in no other.
    Diff,
    /// Set in another source but not in the first.
    Diff1,
    /// Set in the first source and in any other.
    AndOr,
    /// Set in exactly one source.
    One,
}

impl BitOp {
    /// Reads the name of an operation in any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let table = [
            ("AND", Self::And),
            ("OR", Self::Or),
            ("XOR", Self::Xor),
            ("NOT", Self::Not),
            ("DIFF", Self::Diff),
            ("DIFF1", Self::Diff1),
            ("ANDOR", Self::AndOr),
            ("ONE", Self::One),
        ];
        table.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes())).map(|(_, op)| op)
    }

    /// The numbers of sources it takes: NOT one, those that single out the first source at least two.
    pub fn accepts_sources(self, count: usize) -> bool {
        match self {
            Self::Not => count == 1,
            Self::Diff | Self::Diff1 | Self::AndOr => count >= 2,
            Self::And | Self::Or | Self::Xor | Self::One => count >= 1,
        }
    }

    /// Combines `sources` into a string as long as the longest of them; shorter ones count as padded with zeros.
    pub fn apply(self, sources: &[&[u8]]) -> Vec<u8> {
        let len = sources.iter().map(|source| source.len()).max().unwrap_or(0);
        let (first, others) = sources.split_first().map_or((&[][..], &[][..]), |(first, others)| (*first, others));
        let padded = |source: &[u8]| {
            let mut out = vec![0; len];
            out[..source.len()].copy_from_slice(source);
            out
        };
        let fold = |mut out: Vec<u8>, sources: &[&[u8]], combine: fn(u8, u8) -> u8| {
            for source in sources {
                merge(&mut out, source, combine);
            }
            out
        };
        let any = |sources: &[&[u8]]| fold(vec![0; len], sources, |a, b| a | b);
        match self {
            Self::And => others.iter().fold(padded(first), |out, source| intersect(out, source)),
            Self::Or => any(sources),
            Self::Xor => fold(padded(first), others, |a, b| a ^ b),
            Self::Not => first.iter().map(|byte| !byte).collect(),
            Self::Diff => fold(padded(first), others, |a, b| a & !b),
            Self::Diff1 => fold(any(others), &[first], |a, b| a & !b),
            Self::AndOr => intersect(any(others), first),
            Self::One => {
                let (mut seen, mut repeated) = (vec![0; len], vec![0; len]);
                for source in sources {
                    for ((seen, repeated), byte) in seen.iter_mut().zip(&mut repeated).zip(*source) {
                        *repeated |= *seen & byte;
                        *seen |= byte;
                    }
                }
                fold(seen, &[&repeated], |a, b| a & !b)
            }
        }
    }
}

/// Combines the bytes that `source` has; those beyond it stay, which suits operations with `combine(a, 0) == a`.
fn merge(out: &mut [u8], source: &[u8], combine: fn(u8, u8) -> u8) {
    out.iter_mut().zip(source).for_each(|(byte, other)| *byte = combine(*byte, *other));
}

fn intersect(mut out: Vec<u8>, source: &[u8]) -> Vec<u8> {
    merge(&mut out, source, |a, b| a & b);
    out[source.len()..].fill(0);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn positions_as_redis_gives_them() {
        let (full, a) = (&[0xff; 5][..], b"hello");
        type Case<'a> = (&'a [u8], bool, i64, Option<i64>, Unit, i64);
        let table: &[Case<'_>] = &[
            (full, false, 0, None, Unit::Byte, 40),
            (full, false, 3, None, Unit::Byte, 40),
            (full, false, 0, Some(-1), Unit::Byte, -1),
            (full, false, 5, None, Unit::Byte, -1),
            (full, true, 5, Some(9), Unit::Bit, 5),
            (a, true, 0, None, Unit::Byte, 1),
            (a, false, 4, Some(4), Unit::Byte, 32),
            (a, true, 5, Some(9), Unit::Bit, 9),
            (a, true, 6, Some(7), Unit::Bit, -1),
            (a, true, -99, Some(-100), Unit::Byte, 1),
            (a, false, -99, Some(-100), Unit::Byte, 0),
            (a, false, 8, Some(1), Unit::Bit, -1),
            (b"", false, 0, None, Unit::Byte, -1),
            (b"", true, 0, Some(-1), Unit::Byte, -1),
        ];
        for &(string, bit, start, end, unit, expected) in table {
            assert_eq!(position(string, bit, start, end, unit), expected, "{string:?} {bit} {start} {end:?} {unit:?}");
        }
    }

    #[test]
    fn counts_as_redis_gives_them() {
        assert_eq!(count_range(b"hello", -100, -99, Unit::Byte), 3);
        assert_eq!(count_range(b"hello", -99, -100, Unit::Byte), 0);
        assert_eq!(count_range(b"foobar", 5, 30, Unit::Bit), 17);
        assert_eq!(count_range(b"foobar", 1, 1, Unit::Byte), 6);
        assert_eq!(count_range(b"", 0, -1, Unit::Byte), 0);
    }

    #[test]
    fn names() {
        assert_eq!((BitOp::parse(b"andOR"), BitOp::parse(b"nand")), (Some(BitOp::AndOr), None));
        assert_eq!((Unit::parse(b"bit"), Unit::parse(b"bits")), (Some(Unit::Bit), None));
        assert!(BitOp::Not.accepts_sources(1) && !BitOp::Not.accepts_sources(2) && !BitOp::Diff.accepts_sources(1));
        assert_eq!(parse_bit_offset(b"4294967295", 1 << 29), Some(u64::from(u32::MAX)));
        assert_eq!(parse_bit_offset(b"4294967296", 1 << 29), None);
        assert_eq!(parse_bit_offset(b"-1", 1 << 29), None);
    }

    fn mostly_blank() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![8 => Just(0u8), 8 => Just(0xff), 1 => any::<u8>()], 0..40)
    }

    proptest! {
        #[test]
        fn single_bits(mut string in prop::collection::vec(any::<u8>(), 1..9), at: prop::sample::Index, bit: bool) {
            let at = at.index(string.len() * 8) as u64;
            let before = string.clone();
            prop_assert_eq!(set_bit(&mut string, at, bit), get_bit(&before, at));
            prop_assert_eq!(get_bit(&string, at), bit);
            set_bit(&mut string, at, get_bit(&before, at));
            prop_assert_eq!(&string, &before);
            prop_assert!(!get_bit(&string, string.len() as u64 * 8 + at) && !get_bit(&string, u64::MAX));
        }

        #[test]
        fn ranges_agree_with_single_bits(string in mostly_blank(), start in -330i64..330, end in -330i64..330, bit: bool, by_bit: bool) {
            let unit = if by_bit { Unit::Bit } else { Unit::Byte };
            let set = |at: usize| get_bit(&string, at as u64);
            let bits = unit.to_bits(&string_range(start, end, unit.count(&string)));
            prop_assert_eq!(count_range(&string, start, end, unit), bits.filter(|&at| set(at)).count() as u64);
            let mut bits = unit.to_bits(&loose_range(start, end, unit.count(&string)));
            let expected = bits.find(|&at| set(at) == bit).map_or(-1, |at| at as i64);
            prop_assert_eq!(position(&string, bit, start, Some(end), unit), expected);
        }

        #[test]
        fn operations_agree_with_counting_bits(sources in prop::collection::vec(any::<Vec<u8>>(), 2..5)) {
            let sources: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
            let len = sources.iter().map(|source| source.len()).max().unwrap();
            for op in [BitOp::And, BitOp::Or, BitOp::Xor, BitOp::Diff, BitOp::Diff1, BitOp::AndOr, BitOp::One] {
                let out = op.apply(&sources);
                prop_assert_eq!(out.len(), len);
                for at in 0..len as u64 * 8 {
                    let first = get_bit(sources[0], at);
                    let others = sources[1..].iter().filter(|source| get_bit(source, at)).count();
                    let all = others + usize::from(first);
                    let expected = match op {
                        BitOp::And => all == sources.len(),
                        BitOp::Or => all > 0,
                        BitOp::Xor => all % 2 == 1,
                        BitOp::Diff => first && others == 0,
                        BitOp::Diff1 => !first && others > 0,
                        BitOp::AndOr => first && others > 0,
                        BitOp::One => all == 1,
                        BitOp::Not => unreachable!("takes one source"),
                    };
                    prop_assert_eq!(get_bit(&out, at), expected, "{:?} bit {}", op, at);
                }
            }
            let complement = BitOp::Not.apply(&sources[..1]);
            prop_assert!(complement.iter().zip(sources[0]).all(|(a, b)| a ^ b == 0xff));
        }
    }
}
