//! The syntax of floating-point text as C's `strtod` reads it: decimal, hexadecimal and infinity.
//!
//! Shared by [`number`](super::number) and [`long_double`](super::long_double), which differ only in how they round.
//! Imports nothing.

/// What a text denotes, sign apart.
pub(super) enum Magnitude<'a> {
    Infinity,
    Number(Numeral<'a>),
}

/// An unrounded number: `whole.fraction * base^exponent`.
pub(super) struct Numeral<'a> {
    /// Digits before and after the point, at least one in all.
    pub(super) whole: &'a [u8],
    pub(super) fraction: &'a [u8],
    /// Power of 10, or of 2 if `hex`; capped so that sums with lengths of texts cannot overflow.
    pub(super) exponent: i64,
    pub(super) hex: bool,
}

const EXPONENT_CAP: i64 = 1 << 48;

impl<'a> Numeral<'a> {
    /// Values of all the digits, the highest first.
    pub(super) fn digits(&self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        self.whole.iter().chain(self.fraction).map(|&digit| (digit as char).to_digit(16).unwrap_or(0))
    }

    /// Tells whether every digit is 0.
    pub(super) fn is_zero(&self) -> bool {
        self.digits().all(|digit| digit == 0)
    }
}

/// Reads the whole of `text` as an optional sign and a magnitude; returns whether it is negative, and the magnitude.
///
/// `None` for anything else, and for NaN, which no command accepts.
pub(super) fn scan(text: &[u8]) -> Option<(bool, Magnitude<'_>)> {
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
        return Some((negative, Magnitude::Infinity));
    }
    let (hex, body) = match body {
        [b'0', b'x' | b'X', rest @ ..] => (true, rest),
        _ => (false, body),
    };
    let is_digit = if hex { u8::is_ascii_hexdigit } else { u8::is_ascii_digit };
    let (whole, rest) = split_while(body, is_digit);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_while(rest, is_digit),
        _ => (&rest[..0], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match (rest, hex) {
        ([], _) => 0,
        ([b'e' | b'E', rest @ ..], false) | ([b'p' | b'P', rest @ ..], true) => scan_exponent(rest)?,
        _ => return None,
    };
    Some((negative, Magnitude::Number(Numeral { whole, fraction, exponent, hex })))
}

fn scan_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |sum: i64, &digit| (sum * 10 + i64::from(digit - b'0')).min(EXPONENT_CAP));
    Some(if negative { -value } else { value })
}

fn split_while(text: &[u8], keep: fn(&u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !keep(byte)).unwrap_or(text.len()))
}
