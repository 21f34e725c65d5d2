//! The ends of ranges as they come in arguments.

use std::ops::Bound;

use crate::commands::prelude::*;
use crate::types::zset::{LexEnd, LexRange, ScoreRange};
use crate::util::number;

/// Reads two ends as scores; a leading `(` leaves the end itself out.
///
/// # Errors
/// "min or max is not a float".
pub(super) fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, Error> {
    Ok(ScoreRange { min: score_end(min)?, max: score_end(max)? })
}

fn score_end(text: &[u8]) -> Result<Bound<f64>, Error> {
    match text {
        [b'(', score @ ..] => score_text(score).map(Bound::Excluded),
        score => score_text(score).map(Bound::Included),
    }
    .ok_or(error::ENDS_NOT_FLOAT)
}

/// As C's `strtod` reads it: up to a zero byte, after any white space; nothing at all is 0, and what is too large for a
/// double infinite.
fn score_text(text: &[u8]) -> Option<f64> {
    let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let text = &text[text.iter().position(|byte| !is_space(byte))?..];
    if let Some(score) = number::parse_f64(text) {
        return Some(score);
    }
    // Digits that do not fit.
    let is_decimal = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let decimal = Some(text).filter(|text| text.iter().all(is_decimal))?;
    std::str::from_utf8(decimal).ok()?.parse().ok()
}

/// Reads two ends as members behind `[` or `(`, or as `-` or `+`.
///
/// # Errors
/// "min or max not valid string range item".
pub(super) fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Error> {
    Ok(LexRange { min: lex_end(min)?, max: lex_end(max)? })
}

fn lex_end(text: &[u8]) -> Result<LexEnd<'_>, Error> {
    match text {
        b"-" => Ok(LexEnd::Lowest),
        b"+" => Ok(LexEnd::Highest),
        [b'[', member @ ..] => Ok(LexEnd::Included(member)),
        [b'(', member @ ..] => Ok(LexEnd::Excluded(member)),
        _ => Err(error::ENDS_NOT_LEX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_as_strtod_reads_them() {
        for (text, score) in [
            (&b"1.5"[..], Bound::Included(1.5)),
            (b"(1.5", Bound::Excluded(1.5)),
            (b"", Bound::Included(0.0)),
            (b"(", Bound::Excluded(0.0)),
            (b"  3", Bound::Included(3.0)),
            (b"3\0x", Bound::Included(3.0)),
            (b"-inf", Bound::Included(f64::NEG_INFINITY)),
            (b"(+INF", Bound::Excluded(f64::INFINITY)),
            (b"1e400", Bound::Included(f64::INFINITY)),
            (b"1e-400", Bound::Included(0.0)),
            (b"0x10", Bound::Included(16.0)),
        ] {
            assert_eq!(score_end(text), Ok(score), "{}", text.escape_ascii());
        }
        for bad in [&b"x"[..], b"1x", b" ", b"nan", b"((1", b"[1", b"1 ", b"--1", b"e"] {
            assert_eq!(score_end(bad), Err(error::ENDS_NOT_FLOAT), "{}", bad.escape_ascii());
        }
    }
}
