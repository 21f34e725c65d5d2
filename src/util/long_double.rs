//! The 80-bit extended floats of the x87, in which INCRBYFLOAT and HINCRBYFLOAT compute.
//!
//! Promises the text that Redis prints on x86-64, whatever machine we run on: reading, adding and printing are exact
//! integer arithmetic followed by one rounding to a 64-bit mantissa (to nearest, ties to even).
//! Imports `float_scan`; `big` holds the arithmetic for numbers too long for 128 bits.

mod big;

use super::float_scan::{Magnitude, Numeral, scan};
use big::Big;

/// A longer text is not read as a number: Redis's limit too.
const TEXT_MAX_BYTES: usize = 5 * 1024 - 1;
/// Decimal digits printed after the point, before zeros are trimmed.
const FRACTION_DIGITS: usize = 17;
const TEN_TO_FRACTION: u128 = 10u128.pow(FRACTION_DIGITS as u32);
/// Weight of the leading bit of the largest numbers.
const TOP_MAX: i32 = 16383;
/// A magnitude of this power of two or less rounds to zero: half of the smallest subnormal.
const VANISHING: i32 = -16446;
/// Powers of ten beyond these are out of range whatever the digits are.
const DECIMAL_RANGE: std::ops::Range<i64> = -5000..5000;

/// A number `mantissa * 2^exponent`, or an infinity. Never NaN.
///
/// The mantissa has its highest bit set unless the number is zero. Subnormals keep all 64 bits: with 17 printed
/// fraction digits the difference cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    mantissa: u64,
    /// `i32::MAX` marks infinity.
    exponent: i32,
}

impl LongDouble {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, mantissa: 0, exponent: 0 };
    const INFINITY: Self = Self { negative: false, mantissa: 1 << 63, exponent: i32::MAX };

    /// Reads a number as C's `strtold` does: decimal, hexadecimal or infinity, nothing around it.
    ///
    /// `None` for anything else, for NaN, and for numbers too large or too small for the format.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_MAX_BYTES {
            return None;
        }
        let (negative, magnitude) = scan(text)?;
        let value = match magnitude {
            Magnitude::Infinity => Self::INFINITY,
            Magnitude::Number(numeral) if numeral.is_zero() => Self::ZERO,
            Magnitude::Number(numeral) if numeral.hex => from_hex(&numeral)?,
            Magnitude::Number(numeral) => from_decimal(&numeral)?,
        };
        if value.is_finite() && value.mantissa != 0 && value.vanishes() {
            return None;
        }
        Some(Self { negative, ..value })
    }

    /// Tells whether the number is not an infinity.
    pub fn is_finite(self) -> bool {
        self.exponent != i32::MAX
    }

    /// A thousand times the number, rounded up to a whole one, if that fits 64 bits with a sign.
    pub fn thousandfold_ceil(self) -> Option<i64> {
        let product = u128::from(self.mantissa) * 1000;
        let magnitude = match self.exponent {
            0..64 => product
                .checked_shl(self.exponent.unsigned_abs())
                .filter(|shifted| shifted >> self.exponent == product)?,
            ..0 => {
                let shift = self.exponent.unsigned_abs();
                let whole = product.checked_shr(shift).unwrap_or(0);
                let is_cut = product != whole.checked_shl(shift).unwrap_or(0);
                whole + u128::from(is_cut && !self.negative)
            }
            _ => return None,
        };
        let magnitude = i64::try_from(magnitude).ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.negative && self.mantissa != 0
    }

    /// Adds two numbers; `None` if the sum is infinite or not a number.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if !self.is_finite() || !other.is_finite() {
            return None;
        }
        let (high, low) = if self.order_key() >= other.order_key() { (self, other) } else { (other, self) };
        if low.mantissa == 0 {
            return Some(high);
        }
        // One bit of room for the carry above the mantissa, 63 below it; whatever of `low` falls off the end only
        // matters as "not zero", which its last bit then says.
        let exponent = high.exponent - 63;
        let a = u128::from(high.mantissa) << 63;
        let distance = high.exponent.abs_diff(low.exponent);
        let shifted = u128::from(low.mantissa) << 63;
        let b = if distance < 128 {
            let kept = shifted >> distance;
            kept | u128::from(kept << distance != shifted)
        } else {
            1
        };
        let sum = if high.negative == low.negative { a + b } else { a - b };
        Some(Self { negative: high.negative && sum != 0, ..round(sum, false, exponent)? })
    }

    /// Appends the number as Redis shows floats to people: all digits before the point, up to 17 behind it, trailing
    /// zeros and a bare point removed, no exponent; `inf` or `-inf`.
    pub fn write(self, out: &mut Vec<u8>) {
        if !self.is_finite() {
            out.extend_from_slice(if self.negative { b"-inf" } else { b"inf" });
            return;
        }
        if self.exponent >= 0 {
            self.write_sign(out);
            if self.exponent < 64 {
                out.extend_from_slice(
                    itoa::Buffer::new().format(u128::from(self.mantissa) << self.exponent).as_bytes(),
                );
            } else {
                let mut whole = Big::from(self.mantissa);
                whole.shift_left(self.exponent.unsigned_abs());
                whole.write_decimal(out);
            }
            return;
        }
        // 64 and 57 bits: the product fits.
        let scaled = u128::from(self.mantissa) * TEN_TO_FRACTION;
        let rounded = shift_right_to_even(scaled, self.exponent.unsigned_abs());
        let (whole, fraction) = (rounded / TEN_TO_FRACTION, rounded % TEN_TO_FRACTION);
        if rounded != 0 {
            self.write_sign(out);
        }
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
        if fraction != 0 {
            // A leading 1 keeps the zeros behind the point; the point then takes its place.
            let point = out.len();
            out.extend_from_slice(itoa::Buffer::new().format(TEN_TO_FRACTION + fraction).as_bytes());
            out[point] = b'.';
            while out.last() == Some(&b'0') {
                out.pop();
            }
        }
    }

    fn write_sign(self, out: &mut Vec<u8>) {
        if self.negative && self.mantissa != 0 {
            out.push(b'-');
        }
    }

    /// Sorts numbers by magnitude.
    fn order_key(self) -> (bool, i32, u64) {
        (self.mantissa != 0, self.exponent, self.mantissa)
    }

    fn vanishes(self) -> bool {
        (self.exponent + 63, self.mantissa) <= (VANISHING, 1 << 63)
    }
}

impl From<i64> for LongDouble {
    fn from(value: i64) -> Self {
        let magnitude = round(u128::from(value.unsigned_abs()), false, 0).expect("64 bits are in range");
        Self { negative: value < 0, ..magnitude }
    }
}

impl From<f64> for LongDouble {
    /// Converts exactly; NaN, which the format here cannot hold, becomes zero.
    fn from(value: f64) -> Self {
        let negative = value.is_sign_negative();
        if value.is_infinite() {
            return Self { negative, ..Self::INFINITY };
        }
        if value.is_nan() {
            return Self::ZERO;
        }
        let bits = value.to_bits();
        let (field, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let (mantissa, exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
        let magnitude = round(u128::from(mantissa), false, exponent).expect("every double is in range");
        Self { negative, ..magnitude }
    }
}

/// Rounds `(value + s) * 2^exponent` to 64 bits, where `0 < s < 1` if `sticky` and else `s = 0`; `None` if it is too
/// large.
///
/// With `sticky`, `value` must have at least 65 bits.
fn round(value: u128, sticky: bool, exponent: i32) -> Option<LongDouble> {
    if value == 0 {
        return Some(LongDouble::ZERO);
    }
    let length = 128 - value.leading_zeros();
    let (mantissa, exponent) = if length <= 64 {
        let shift = 64 - length;
        ((value << shift) as u64, exponent - shift as i32)
    } else {
        let cut = length - 64;
        let (kept, rest, half) = ((value >> cut) as u64, value & ((1 << cut) - 1), 1u128 << (cut - 1));
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        let (mantissa, carry) = kept.overflowing_add(u64::from(up));
        (if carry { 1 << 63 } else { mantissa }, exponent + cut as i32 + i32::from(carry))
    };
    (exponent + 63 <= TOP_MAX).then_some(LongDouble { negative: false, mantissa, exponent })
}

/// `value / 2^shift`, to nearest, ties to even.
fn shift_right_to_even(value: u128, shift: u32) -> u128 {
    // Values have fewer than 127 bits: a longer shift leaves less than a half.
    if shift >= 128 {
        return 0;
    }
    let (kept, rest, half) = (value >> shift, value & ((1 << shift) - 1), 1 << (shift - 1));
    kept + u128::from(rest > half || (rest == half && kept & 1 == 1))
}

fn from_hex(numeral: &Numeral<'_>) -> Option<LongDouble> {
    let (mut value, mut dropped, mut sticky) = (0u128, 0i64, false);
    for digit in numeral.digits() {
        if value >> 124 == 0 {
            value = value << 4 | u128::from(digit);
        } else {
            dropped += 4;
            sticky |= digit != 0;
        }
    }
    let exponent = numeral.exponent - 4 * numeral.fraction.len() as i64 + dropped;
    // Far out of range either way: then the exact exponent no longer matters.
    round(value, sticky, exponent.clamp(-1 << 20, 1 << 20) as i32)
}

fn from_decimal(numeral: &Numeral<'_>) -> Option<LongDouble> {
    let digits = numeral.digits().skip_while(|&digit| digit == 0);
    let count = digits.clone().count();
    let power = numeral.exponent - numeral.fraction.len() as i64;
    if !DECIMAL_RANGE.contains(&(power + count as i64)) {
        return None;
    }
    if count <= 19 && (-27..=19).contains(&power) {
        let value = digits.fold(0, |sum: u64, digit| sum * 10 + u64::from(digit));
        return from_short_decimal(value, power as i32);
    }
    let mut value = Big::from(0);
    digits.for_each(|digit| value.multiply_add(10, u64::from(digit)));
    if power >= 0 {
        value.multiply_by_power_of_5(power as u32);
        let (leading, sticky, dropped) = value.leading_bits();
        return round(leading, sticky, dropped + power as i32);
    }
    let mut divisor = Big::from(1);
    divisor.multiply_by_power_of_5(power.unsigned_abs() as u32);
    let (quotient, sticky, exponent) = value.divide_leading(divisor);
    round(quotient, sticky, exponent + power as i32)
}

/// `value * 10^power` for a power of -27 to 19, where everything fits in 128 bits. `value` is not 0.
fn from_short_decimal(value: u64, power: i32) -> Option<LongDouble> {
    if power >= 0 {
        return round(u128::from(value) * 10u128.pow(power.unsigned_abs()), false, 0);
    }
    // The dividend has 128 bits and the divisor at most 63, so the quotient has the 65 that `round` asks for.
    let shift = u128::from(value).leading_zeros();
    let dividend = u128::from(value) << shift;
    let divisor = 5u128.pow(power.unsigned_abs());
    round(dividend / divisor, dividend % divisor != 0, power - shift as i32)
}

#[cfg(test)]
mod tests;
