//! Natural numbers of any length, with the few operations that reading and printing long floats needs.
//!
//! Numbers here have at most some 35 000 bits, so schoolbook methods do.

/// A natural number: limbs from the lowest, the highest not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Big {
    limbs: Vec<u64>,
}

impl From<u64> for Big {
    fn from(value: u64) -> Self {
        let mut big = Self { limbs: vec![value] };
        big.trim();
        big
    }
}

impl Big {
    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }

    /// Number of bits up to the highest that is set.
    fn bit_length(&self) -> u32 {
        self.limbs.last().map_or(0, |top| self.limbs.len() as u32 * 64 - top.leading_zeros())
    }

    /// `self = self * factor + addend`.
    pub(super) fn multiply_add(&mut self, factor: u64, addend: u64) {
        let mut carry = addend;
        for limb in &mut self.limbs {
            let product = u128::from(*limb) * u128::from(factor) + u128::from(carry);
            *limb = product as u64;
            carry = (product >> 64) as u64;
        }
        self.limbs.push(carry);
        self.trim();
    }

    /// Multiplies by 5 to the power of `power`.
    pub(super) fn multiply_by_power_of_5(&mut self, power: u32) {
        const STEP: u32 = 27;
        (0..power / STEP).for_each(|_| self.multiply_add(5u64.pow(STEP), 0));
        self.multiply_add(5u64.pow(power % STEP), 0);
    }

    /// Multiplies by 2 to the power of `bits`.
    pub(super) fn shift_left(&mut self, bits: u32) {
        self.multiply_add(1 << (bits % 64), 0);
        self.limbs.splice(0..0, std::iter::repeat_n(0, (bits / 64) as usize));
    }

    /// Returns the highest 128 bits, whether a bit below them is set, and how many bits are below them.
    pub(super) fn leading_bits(mut self) -> (u128, bool, i32) {
        let length = self.bit_length();
        // Limbs then end on the cut: the leading bits are the two highest ones.
        self.shift_left((64 - length % 64) % 64 + 64);
        let (rest, top) = self.limbs.split_at(self.limbs.len() - 2);
        let leading = u128::from(top[1]) << 64 | u128::from(top[0]);
        (leading, rest.iter().any(|&limb| limb != 0), length as i32 - 128)
    }

    /// Divides by `divisor`, neither being 0: returns `q`, whether there is a remainder, and `e`, with
    /// `q * 2^e <= self / divisor < (q + 1) * 2^e` and `q` of 66 or 67 bits.
    pub(super) fn divide_leading(mut self, mut divisor: Self) -> (u128, bool, i32) {
        const QUOTIENT_BITS: u32 = 67;
        let exponent = self.bit_length() as i32 - divisor.bit_length() as i32 - (QUOTIENT_BITS as i32 - 1);
        if exponent < 0 {
            self.shift_left(exponent.unsigned_abs());
        } else {
            divisor.shift_left(exponent.unsigned_abs());
        }
        // Now self < divisor * 2^67: one bit a step, the dividend moving up under a divisor that stands still.
        divisor.shift_left(QUOTIENT_BITS - 1);
        let mut quotient = 0;
        for _ in 0..QUOTIENT_BITS {
            quotient <<= 1;
            if self.not_below(&divisor) {
                self.subtract(&divisor);
                quotient |= 1;
            }
            self.multiply_add(2, 0);
        }
        (quotient, !self.limbs.is_empty(), exponent)
    }

    fn not_below(&self, other: &Self) -> bool {
        let key = |big: &Self| big.limbs.len();
        key(self).cmp(&key(other)).then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev())).is_ge()
    }

    /// `self -= other`, which is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (i, limb) in self.limbs.iter_mut().enumerate() {
            let (difference, under) = limb.overflowing_sub(other.limbs.get(i).copied().unwrap_or(0));
            let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
            *limb = difference;
            borrow = under || under_again;
        }
        self.trim();
    }

    /// Divides by `divisor` in place and returns the remainder.
    fn divide_by(&mut self, divisor: u64) -> u64 {
        let mut remainder = 0;
        for limb in self.limbs.iter_mut().rev() {
            let dividend = u128::from(remainder) << 64 | u128::from(*limb);
            *limb = (dividend / u128::from(divisor)) as u64;
            remainder = (dividend % u128::from(divisor)) as u64;
        }
        self.trim();
        remainder
    }

    /// Appends the decimal digits.
    pub(super) fn write_decimal(mut self, out: &mut Vec<u8>) {
        const GROUP: usize = 19;
        let mut groups = Vec::new();
        while !self.limbs.is_empty() {
            groups.push(self.divide_by(10u64.pow(GROUP as u32)));
        }
        let text = match groups.pop() {
            None => "0".to_owned(),
            Some(top) => groups.iter().rev().fold(top.to_string(), |text, group| text + &format!("{group:0GROUP$}")),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Big;

    fn big(value: u128) -> Big {
        let mut big = Big::from((value >> 64) as u64);
        big.shift_left(64);
        big.multiply_add(1, value as u64);
        big
    }

    proptest! {
        #[test]
        fn decimal_text(value: u128) {
            let mut out = Vec::new();
            big(value).write_decimal(&mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }

        #[test]
        fn quotient_and_remainder(value in 1u128..1 << 60, divisor in 1u128..1 << 60, shift in 0u32..300) {
            let mut dividend = big(value);
            dividend.shift_left(shift);
            let (quotient, inexact, exponent) = dividend.divide_leading(big(divisor));
            // value * 2^shift / divisor, scaled so that both sides are whole.
            let scale = shift as i32 - exponent;
            prop_assume!((0..68).contains(&scale));
            let scaled = value << scale;
            prop_assert_eq!(quotient, scaled / divisor);
            prop_assert_eq!(inexact, !scaled.is_multiple_of(divisor));
            prop_assert!(quotient >> 65 != 0 && quotient >> 67 == 0);
        }

        #[test]
        fn leading_bits_of_shifted_numbers(value in 1u128.., shift in 0u32..200, low in 0u64..) {
            let mut number = big(value);
            number.shift_left(shift + 64);
            number.multiply_add(1, low);
            let (leading, sticky, dropped) = number.leading_bits();
            let up = value.leading_zeros();
            if up == 0 {
                prop_assert_eq!((leading, sticky), (value, low != 0));
            } else if up <= 64 {
                prop_assert_eq!(leading >> up, value);
            }
            prop_assert_eq!(dropped, shift as i32 + 64 - up as i32);
        }
    }
}
