//! The longest common subsequence of two strings: the command LCS.
//!
//! Promises, among subsequences of equal length, the one that Redis picks, and its matches in Redis's order.
//! Imports nothing.

/// Why a longest common subsequence is not computed. The texts are Redis's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LcsError {
    /// A string does not fit the 32 bits of the table's cells.
    #[error("String too long for LCS")]
    TooLong,
    /// The table would be larger than the configured limit.
    #[error("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")]
    OverLimit,
    /// The system has no memory for the table.
    #[error("Insufficient memory, failed allocating transient memory for LCS")]
    NoMemory,
}

/// A run of equal bytes in both strings: where it begins in each, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// First byte in the first string.
    pub a_start: usize,
    /// First byte in the second string.
    pub b_start: usize,
    /// Number of bytes.
    pub len: usize,
}

/// The solved problem. Time and memory are the product of the two lengths.
#[derive(Debug)]
pub struct Lcs<'a> {
    a: &'a [u8],
    b: &'a [u8],
    /// Cell `(i, j)` holds the length for the first `i` bytes of `a` and the first `j` of `b`, row by row.
    cells: Vec<u32>,
}

impl<'a> Lcs<'a> {
    /// Solves the problem for `a` and `b`, with a table of at most `limit_bytes`.
    ///
    /// # Errors
    ///
    /// If the table is larger than that, or cannot be allocated.
    pub fn solve(a: &'a [u8], b: &'a [u8], limit_bytes: u64) -> Result<Self, LcsError> {
        let longest = u32::MAX as usize - 2;
        if a.len() > longest || b.len() > longest {
            return Err(LcsError::TooLong);
        }
        let width = b.len() + 1;
        let count = (a.len() as u64 + 1) * (b.len() as u64 + 1);
        let bytes = count.checked_mul(size_of::<u32>() as u64).ok_or(LcsError::NoMemory)?;
        if bytes > limit_bytes {
            return Err(LcsError::OverLimit);
        }
        let mut cells = Vec::new();
        cells.try_reserve_exact(count as usize).map_err(|_| LcsError::NoMemory)?;
        cells.resize(count as usize, 0);
        for (i, byte) in a.iter().enumerate() {
            let (above, below) = cells[i * width..].split_at_mut(width);
            let mut left = 0;
            for (j, other) in b.iter().enumerate() {
                left = if byte == other { above[j] + 1 } else { left.max(above[j + 1]) };
                below[j + 1] = left;
            }
        }
        Ok(Self { a, b, cells })
    }

    fn cell(&self, i: usize, j: usize) -> u32 {
        self.cells[i * (self.b.len() + 1) + j]
    }

    /// Length of the subsequence.
    pub fn len(&self) -> usize {
        self.cell(self.a.len(), self.b.len()) as usize
    }

    /// Tells whether the strings have no byte in common.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The subsequence itself.
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.len());
        for run in self.matches(0).iter().rev() {
            text.extend_from_slice(&self.a[run.a_start..run.a_start + run.len]);
        }
        text
    }

    /// The runs that make up the subsequence, of at least `min_len` bytes each, from the last to the first.
    pub fn matches(&self, min_len: usize) -> Vec<Match> {
        let mut runs = Vec::new();
        let (mut i, mut j) = (self.a.len(), self.b.len());
        while i > 0 && j > 0 {
            if self.a[i - 1] == self.b[j - 1] {
                let end = i;
                while i > 0 && j > 0 && self.a[i - 1] == self.b[j - 1] {
                    i -= 1;
                    j -= 1;
                }
                runs.push(Match { a_start: i, b_start: j, len: end - i });
            } else if self.cell(i - 1, j) > self.cell(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        runs.retain(|run| run.len >= min_len);
        runs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: u64 = 512 << 20;

    #[test]
    fn matches_in_redis_order() {
        let lcs = Lcs::solve(b"ohmytext", b"mynewtext", LIMIT).unwrap();
        assert_eq!((lcs.text().as_slice(), lcs.len()), (&b"mytext"[..], 6));
        let (text, my) = (Match { a_start: 4, b_start: 5, len: 4 }, Match { a_start: 2, b_start: 0, len: 2 });
        assert_eq!(lcs.matches(0), [text, my]);
        assert_eq!(lcs.matches(4), [text]);
        assert_eq!(lcs.matches(5), []);
    }

    #[test]
    fn ties_go_the_way_of_redis() {
        assert_eq!(Lcs::solve(b"ab", b"ba", LIMIT).unwrap().text(), b"b");
        assert_eq!(Lcs::solve(b"ba", b"ab", LIMIT).unwrap().text(), b"a");
    }

    #[test]
    fn empty_strings_and_limits() {
        assert!(Lcs::solve(b"", b"abc", LIMIT).unwrap().is_empty());
        assert_eq!(Lcs::solve(b"abc", b"", LIMIT).unwrap().text(), b"");
        assert!(Lcs::solve(b"abc", b"abc", 64).is_ok());
        assert_eq!(Lcs::solve(b"abc", b"abc", 63).unwrap_err(), LcsError::OverLimit);
    }

    fn naive_len(a: &[u8], b: &[u8]) -> usize {
        match (a, b) {
            ([x, a @ ..], [y, b @ ..]) if x == y => 1 + naive_len(a, b),
            ([_, a_tail @ ..], [_, b_tail @ ..]) => naive_len(a_tail, b).max(naive_len(a, b_tail)),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn longest_and_common(a in "[abc]{0,8}", b in "[abc]{0,8}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            let lcs = Lcs::solve(a, b, LIMIT).unwrap();
            let text = lcs.text();
            prop_assert_eq!(text.len(), naive_len(a, b));
            prop_assert_eq!(text.len(), lcs.len());
            for whole in [a, b] {
                let mut rest = whole.iter();
                prop_assert!(text.iter().all(|byte| rest.any(|other| other == byte)));
            }
            for run in lcs.matches(0) {
                prop_assert_eq!(&a[run.a_start..run.a_start + run.len], &b[run.b_start..run.b_start + run.len]);
            }
        }
    }
}
