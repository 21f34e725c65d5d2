//! Numbers as text: what Redis accepts as an integer, a double or a memory size, and how it prints them.
//!
//! Promises the same verdict and the same value as Redis 7.0 for every text, and the form of Redis 8 for every value.
//! Nothing here allocates. Imports `float_scan`.

use std::fmt::{self, Write};
use std::ops::Deref;

use super::float_scan::{Magnitude, Numeral, scan};

/// Parses a signed integer strictly: digits with an optional `-`, no `+`, no leading zero, no space, no `-0`.
///
/// Only the text that [`i64_text`] prints is accepted, so a parsed string can be stored as a number and printed back.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', b'1'..=b'9', digits @ ..] => {
            // Downwards from zero, since the lowest value has no positive counterpart.
            let first = -i64::from(text[1] - b'0');
            digits.iter().try_fold(first, |sum, &byte| sum.checked_mul(10)?.checked_sub(digit(byte)?))
        }
        [b'1'..=b'9', digits @ ..] => {
            let first = i64::from(text[0] - b'0');
            digits.iter().try_fold(first, |sum, &byte| sum.checked_mul(10)?.checked_add(digit(byte)?))
        }
        b"0" => Some(0),
        _ => None,
    }
}

/// Parses an unsigned integer as strictly as [`parse_i64`] does.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    match text {
        b"0" => Some(0),
        [b'1'..=b'9', ..] => parse_digits(text),
        _ => None,
    }
}

/// Parses an unsigned integer as cursors and stream ids allow it: leading white space, a `+` and zeros are ignored.
pub fn parse_u64_lenient(text: &[u8]) -> Option<u64> {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let text = &text[text.iter().position(|byte| !space(byte))?..];
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() { None } else { parse_digits(digits) }
}

fn parse_digits(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |sum, &byte| sum.checked_mul(10)?.checked_add(digit(byte)? as u64))
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// Parses a double: decimal, hexadecimal (`0x1.8p3`) or infinity, with an optional sign, and nothing around it.
///
/// `None` also for NaN and for numbers that are too large, or not zero but too small, for a double.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let (negative, magnitude) = scan(text)?;
    let value = match magnitude {
        Magnitude::Infinity => f64::INFINITY,
        Magnitude::Number(numeral) if numeral.hex => hex_to_f64(&numeral)?,
        Magnitude::Number(numeral) => {
            let unsigned = text.strip_prefix(b"-").unwrap_or(text);
            let value: f64 = std::str::from_utf8(unsigned).ok()?.parse().ok()?;
            if value.is_infinite() || (value == 0.0 && !numeral.is_zero()) {
                return None;
            }
            value
        }
    };
    Some(if negative { -value } else { value })
}

/// Rounds a hexadecimal numeral to the nearest double, ties to even; `None` beyond the range.
fn hex_to_f64(numeral: &Numeral<'_>) -> Option<f64> {
    // The leading 60 bits, and whether anything but zeros follows them.
    let (mut mantissa, mut dropped, mut sticky) = (0u64, 0i64, false);
    for digit in numeral.digits() {
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
        } else {
            dropped += 4;
            sticky |= digit != 0;
        }
    }
    if mantissa == 0 {
        return Some(0.0);
    }
    let exponent = numeral.exponent - 4 * numeral.fraction.len() as i64 + dropped;
    let top = exponent + 63 - i64::from(mantissa.leading_zeros());
    if !(-1075..1024).contains(&top) {
        return None;
    }
    // `lowest` is the weight of the last bit that a double of this size can hold.
    let lowest = (top - 52).max(-1074);
    let cut = lowest - exponent;
    let rounded = if cut <= 0 {
        mantissa << -cut
    } else {
        let (kept, rest, half) = if cut < 64 {
            (mantissa >> cut, mantissa & ((1 << cut) - 1), 1 << (cut - 1))
        } else {
            (0, mantissa, 1 << 63)
        };
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        kept + u64::from(up)
    };
    let value = rounded as f64 * power_of_two(lowest);
    (value.is_finite() && value != 0.0).then_some(value)
}

/// 2 to the power of `exponent`, which is in `-1074..1024`.
fn power_of_two(exponent: i64) -> f64 {
    let bits = if exponent < -1022 { 1 << (exponent + 1074) } else { (exponent + 1023) << 52 };
    f64::from_bits(bits.cast_unsigned())
}

/// Parses a size in bytes as the configuration takes it: digits and one of `b k kb m mb g gb`, in any case.
///
/// `k`, `m` and `g` are powers of 1000, with a `b` powers of 1024. No digits at all mean 0, as in Redis; a size that
/// does not fit is refused, which Redis wraps around.
pub fn parse_memory_size(text: &[u8]) -> Option<u64> {
    let split = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let scale: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    parse_digits(digits)?.checked_mul(scale)
}

/// The text of a number, on the stack. Dereferences to its bytes.
#[derive(Clone, Copy)]
pub struct NumberText {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl NumberText {
    /// Long enough for every integer and for every double with up to 17 digits.
    const CAPACITY: usize = 40;

    fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = usize::from(self.len) + bytes.len();
        self.bytes[usize::from(self.len)..end].copy_from_slice(bytes);
        self.len = end as u8;
    }

    fn push_zeros(&mut self, count: usize) {
        (0..count).for_each(|_| self.push(b"0"));
    }
}

impl Deref for NumberText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Write for NumberText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

impl fmt::Debug for NumberText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.escape_ascii())
    }
}

/// Returns the decimal text of `value`.
pub fn i64_text(value: i64) -> NumberText {
    let mut text = NumberText::new();
    text.push(itoa::Buffer::new().format(value).as_bytes());
    text
}

/// Returns the decimal text of `value`.
pub fn u64_text(value: u64) -> NumberText {
    let mut text = NumberText::new();
    text.push(itoa::Buffer::new().format(value).as_bytes());
    text
}

/// Appends the decimal text of `value` to `out`.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Returns `value` as Redis 8 replies a double: the fewest digits that read back as the same value; `inf`, `-inf`, `nan`.
///
/// Whole numbers up to 2^62 are printed in full, others get an exponent when that spares more than a few zeros. Redis 8
/// prints about three random doubles in a thousand with another last digit, since its algorithm does not always find
/// the shortest or the nearest text; both texts read back as the same value.
pub fn f64_text(value: f64) -> NumberText {
    let mut text = NumberText::new();
    if push_special(&mut text, value) {
        return text;
    }
    if value.abs() <= (i64::MAX / 2) as f64 && value.trunc() == value {
        return i64_text(value as i64);
    }
    let Digits { digits, exponent } = Digits::shortest(value.abs());
    let count = digits.len() as i32;
    // The value is `digits * 10^scale`.
    let scale = exponent - (count - 1);
    if scale >= 0 && exponent.abs() < count + 7 {
        text.push(&digits);
        text.push_zeros(scale as usize);
    } else if scale < 0 && (scale > -7 || exponent.abs() < 4) {
        push_positional(&mut text, &digits, exponent);
    } else {
        push_scientific(&mut text, &digits, exponent, 1);
    }
    text
}

/// Returns `value` as C's `%.{precision}g` prints it, `precision` being 1 to 17 significant digits.
///
/// With 17 this is how Redis 7.0 replied doubles and how the AOF holds them; Lua prints numbers with 14.
pub fn f64_text_g(value: f64, precision: usize) -> NumberText {
    let precision = precision.clamp(1, 17);
    let mut text = NumberText::new();
    if push_special(&mut text, value) {
        return text;
    }
    let Digits { digits, exponent } = Digits::rounded(value.abs(), precision);
    let kept = digits.len() - digits.iter().rev().take_while(|&&digit| digit == b'0').count();
    let digits = &digits[..kept];
    if !(-4..precision as i32).contains(&exponent) {
        push_scientific(&mut text, digits, exponent, 2);
    } else if exponent >= kept as i32 - 1 {
        text.push(digits);
        text.push_zeros(exponent as usize + 1 - kept);
    } else {
        push_positional(&mut text, digits, exponent);
    }
    text
}

/// Pushes the sign; and the rest too if `value` has no digits to speak of, then returns true.
fn push_special(text: &mut NumberText, value: f64) -> bool {
    if value.is_nan() {
        text.push(b"nan");
        return true;
    }
    if value.is_sign_negative() {
        text.push(b"-");
    }
    if value == 0.0 {
        text.push(b"0");
    } else if value.is_infinite() {
        text.push(b"inf");
    }
    value == 0.0 || value.is_infinite()
}

/// Decimal digits of a positive number: `d.dddd * 10^exponent`.
struct Digits {
    digits: NumberText,
    exponent: i32,
}

impl Digits {
    /// The fewest digits that read back as `value`.
    fn shortest(value: f64) -> Self {
        Self::split(format_args!("{value:e}"))
    }

    /// `precision` digits, rounded half to even.
    fn rounded(value: f64, precision: usize) -> Self {
        Self::split(format_args!("{value:.*e}", precision - 1))
    }

    /// Takes Rust's form `d.ddde-7` apart.
    fn split(formatted: fmt::Arguments<'_>) -> Self {
        let mut form = NumberText::new();
        form.write_fmt(formatted).expect("writing to a stack buffer does not fail");
        let e = form.iter().position(|&byte| byte == b'e').expect("the form has an exponent");
        let exponent = parse_i64(&form[e + 1..]).expect("the exponent is an integer") as i32;
        let mut digits = NumberText::new();
        digits.push(&form[..1]);
        digits.push(form[..e].get(2..).unwrap_or_default());
        Self { digits, exponent }
    }
}

/// Pushes `0.00ddd` or `dd.ddd`.
fn push_positional(text: &mut NumberText, digits: &[u8], exponent: i32) {
    if exponent < 0 {
        text.push(b"0.");
        text.push_zeros(exponent.unsigned_abs() as usize - 1);
        text.push(digits);
    } else {
        let (whole, fraction) = digits.split_at(exponent as usize + 1);
        text.push(whole);
        text.push(b".");
        text.push(fraction);
    }
}

/// Pushes `d.ddde+XX`, the exponent having at least `width` digits.
fn push_scientific(text: &mut NumberText, digits: &[u8], exponent: i32, width: usize) {
    text.push(&digits[..1]);
    if digits.len() > 1 {
        text.push(b".");
        text.push(&digits[1..]);
    }
    write!(text, "e{}{:0width$}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
        .expect("writing to a stack buffer does not fail");
}

#[cfg(test)]
mod tests;
