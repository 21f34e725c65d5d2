//! Arithmetic on string values that several commands share: ranges and size limits.
//!
//! Ends of ranges are inclusive, and negative ones count from behind, -1 being the last item. Imports nothing.

use std::ops::Range;

/// The range of a list or sorted set of `len` items (LRANGE, LTRIM, ZRANGE): an end before the first item leaves
/// nothing.
pub fn list_range(start: i64, end: i64, len: usize) -> Range<usize> {
    to_indexes(from_front(start, len).max(0), from_front(end, len), len)
}

/// The range of a string of `len` bytes or bits (GETRANGE, SUBSTR, BITCOUNT): an end before the first byte stands for
/// that byte, unless both ends count from behind and are in the wrong order.
pub fn string_range(start: i64, end: i64, len: usize) -> Range<usize> {
    if start < 0 && end < 0 && start > end { 0..0 } else { loose_range(start, end, len) }
}

/// The range of BITPOS: both ends are moved into the string before they are compared.
pub fn loose_range(start: i64, end: i64, len: usize) -> Range<usize> {
    to_indexes(from_front(start, len).max(0), from_front(end, len).max(0), len)
}

fn from_front(index: i64, len: usize) -> i64 {
    if index < 0 { index + len as i64 } else { index }
}

fn to_indexes(start: i64, end: i64, len: usize) -> Range<usize> {
    let end = end.min(len as i64 - 1);
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

/// Returns the length that a string of `len` bytes gets when `added` bytes are written at `offset` (APPEND: at `len`);
/// `None` if it would pass `limit_bytes`, which is `proto-max-bulk-len`, 512 MB unless configured.
pub fn grown_len(len: usize, offset: u64, added: usize, limit_bytes: u64) -> Option<usize> {
    let end = offset.checked_add(added as u64)?;
    if end > limit_bytes { None } else { Some(len.max(usize::try_from(end).ok()?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_ranges_as_getrange_takes_them() {
        let cut = |start, end| &"hello"[string_range(start, end, 5)];
        assert_eq!((cut(0, -1), cut(1, 3), cut(-3, -2), cut(4, 4)), ("hello", "ell", "ll", "o"));
        assert_eq!((cut(-100, -99), cut(-100, -6), cut(0, -100)), ("h", "h", "h"));
        assert_eq!((cut(-99, -100), cut(3, 1), cut(-1, -100), cut(5, 9), cut(-1, -2)), ("", "", "", "", ""));
        assert_eq!((cut(i64::MIN, i64::MAX), cut(i64::MIN, i64::MIN)), ("hello", "h"));
        assert_eq!(string_range(0, -1, 0), 0..0);
    }

    #[test]
    fn list_ranges_end_before_the_first_item() {
        assert_eq!((list_range(0, -1, 3), list_range(-100, 1, 3), list_range(1, 100, 3)), (0..3, 0..2, 1..3));
        assert_eq!((list_range(-100, -99, 3), list_range(0, -4, 3), list_range(2, 1, 3)), (0..0, 0..0, 0..0));
        assert_eq!(list_range(3, 5, 3), 0..0);
    }

    #[test]
    fn bitpos_ranges_are_moved_before_they_are_compared() {
        assert_eq!((loose_range(-99, -100, 5), loose_range(4, -100, 5)), (0..1, 0..0));
    }

    #[test]
    fn strings_grow_up_to_the_limit() {
        assert_eq!(grown_len(5, 3, 1, 10), Some(5));
        assert_eq!(grown_len(5, 5, 5, 10), Some(10));
        assert_eq!(grown_len(5, 6, 5, 10), None);
        assert_eq!(grown_len(5, u64::MAX, 1, u64::MAX), None);
    }
}
