//! Integers of any width inside a string, at any bit: the arithmetic of BITFIELD.
//!
//! Bit 0 is the highest bit of the first byte. Imports nothing. Growing the string is the caller's.

use crate::util::number::{parse_i64, parse_u64};

/// The width and signedness of a field: `u1` to `u63`, `i1` to `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldType {
    signed: bool,
    bits: u8,
}

/// What to do with a result that does not fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// Keep the low bits.
    #[default]
    Wrap,
    /// Keep the nearest value that fits.
    Sat,
    /// Change nothing and answer nil.
    Fail,
}

impl Overflow {
    /// Reads `WRAP`, `SAT` or `FAIL` in any case.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let table = [("WRAP", Self::Wrap), ("SAT", Self::Sat), ("FAIL", Self::Fail)];
        table.into_iter().find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes())).map(|(_, overflow)| overflow)
    }
}

impl FieldType {
    /// Reads `u` or `i` and the number of bits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (&sign, digits) = text.split_first()?;
        let (signed, most) = match sign {
            b'i' => (true, 64),
            b'u' => (false, 63),
            _ => return None,
        };
        let bits = parse_u64(digits).filter(|bits| (1..=most).contains(bits))?;
        Some(Self { signed, bits: bits as u8 })
    }

    /// Tells whether the field holds negative numbers.
    pub fn is_signed(self) -> bool {
        self.signed
    }

    /// Width in bits.
    pub fn bits(self) -> u32 {
        u32::from(self.bits)
    }

    /// Reads the offset of a field: a bit number, or `#n` for the `n`th field of this width.
    ///
    /// `None` if it is not a number, negative, or if the field begins beyond a string of `limit_bytes` (its end may lie
    /// a few bytes further).
    pub fn parse_offset(self, text: &[u8], limit_bytes: u64) -> Option<u64> {
        let (digits, width) = match text {
            [b'#', digits @ ..] => (digits, i64::from(self.bits)),
            digits => (digits, 1),
        };
        let offset = u64::try_from(parse_i64(digits)?.checked_mul(width)?).ok()?;
        (offset >> 3 < limit_bytes).then_some(offset)
    }

    /// Length that a string must have to hold this field at `offset`, in bytes.
    pub fn end_bytes(self, offset: u64) -> u64 {
        (offset + u64::from(self.bits)).div_ceil(8)
    }

    /// Returns the value at `offset` bits; bytes beyond the end of `string` count as zeros.
    pub fn get(self, string: &[u8], offset: u64) -> i64 {
        // At most 64 bits that begin anywhere in a byte touch at most 9 bytes.
        let first = usize::try_from(offset >> 3).unwrap_or(usize::MAX);
        let window = (0..9).fold(0u128, |window, i| {
            window << 8 | u128::from(string.get(first.saturating_add(i)).copied().unwrap_or(0))
        });
        let raw = (window >> (72 - (offset & 7) - u64::from(self.bits))) as u64;
        self.low_bits(raw)
    }

    /// Writes the low bits of `value` at `offset` bits.
    ///
    /// # Panics
    ///
    /// If `string` is shorter than [`end_bytes`](Self::end_bytes).
    pub fn set(self, string: &mut [u8], offset: u64, value: i64) {
        let bytes = &mut string[(offset >> 3) as usize..self.end_bytes(offset) as usize];
        // The field in a window of exactly those bytes.
        let below = bytes.len() as u32 * 8 - (offset & 7) as u32 - self.bits();
        let mask = ((1u128 << self.bits) - 1) << below;
        let field = (u128::from(value.cast_unsigned()) << below) & mask;
        for (byte, shift) in bytes.iter_mut().rev().zip((0..).step_by(8)) {
            *byte = *byte & !((mask >> shift) as u8) | (field >> shift) as u8;
        }
    }

    /// Returns what SET stores for `value`, which for an unsigned field is taken as 64 bits without a sign; `None` if
    /// it does not fit and `overflow` is [`Overflow::Fail`].
    pub fn fit(self, value: i64, overflow: Overflow) -> Option<i64> {
        let value = if self.signed { i128::from(value) } else { i128::from(value.cast_unsigned()) };
        self.fit_wide(value, overflow)
    }

    /// Returns what INCRBY makes of a field that holds `old`; `None` as for [`fit`](Self::fit).
    pub fn add(self, old: i64, increment: i64, overflow: Overflow) -> Option<i64> {
        self.fit_wide(i128::from(old) + i128::from(increment), overflow)
    }

    fn fit_wide(self, value: i128, overflow: Overflow) -> Option<i64> {
        let (low, high) = if self.signed {
            (-1 << (self.bits - 1), (1 << (self.bits - 1)) - 1)
        } else {
            (0, (1i128 << self.bits) - 1)
        };
        if (low..=high).contains(&value) {
            return Some(value as i64);
        }
        match overflow {
            Overflow::Wrap => Some(self.low_bits(value as u64)),
            Overflow::Sat => Some(value.clamp(low, high) as i64),
            Overflow::Fail => None,
        }
    }

    /// The number in the low bits of `raw`.
    fn low_bits(self, raw: u64) -> i64 {
        let unused = 64 - self.bits();
        let top = raw << unused;
        if self.signed { top.cast_signed() >> unused } else { (top >> unused).cast_signed() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(text: &str) -> FieldType {
        FieldType::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn types_and_offsets() {
        assert_eq!(field("u8"), FieldType { signed: false, bits: 8 });
        assert_eq!(field("i64"), FieldType { signed: true, bits: 64 });
        for bad in ["", "u", "u0", "u64", "i65", "i0", "I8", "8", "u08", "u-1", "u8 "] {
            assert_eq!(FieldType::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(field("u8").parse_offset(b"100", 1 << 29), Some(100));
        assert_eq!(field("u8").parse_offset(b"#3", 1 << 29), Some(24));
        assert_eq!(field("u8").parse_offset(b"4294967295", 1 << 29), Some(4_294_967_295));
        for bad in
            ["", "#", "-1", "#-1", "x", "4294967296", "#536870912", "#9223372036854775807", "9223372036854775807"]
        {
            assert_eq!(field("u8").parse_offset(bad.as_bytes(), 1 << 29), None, "{bad}");
        }
        assert_eq!((Overflow::parse(b"sat"), Overflow::parse(b"no")), (Some(Overflow::Sat), None));
    }

    #[test]
    fn overflow_as_redis_has_it() {
        assert_eq!(field("u8").add(255, 1, Overflow::Wrap), Some(0));
        assert_eq!(field("u8").add(255, 1, Overflow::Sat), Some(255));
        assert_eq!(field("u8").add(255, 1, Overflow::Fail), None);
        assert_eq!(field("u8").add(0, -1, Overflow::Sat), Some(0));
        assert_eq!(field("i8").add(127, 1, Overflow::Wrap), Some(-128));
        assert_eq!(field("i8").add(-128, -1, Overflow::Sat), Some(-128));
        assert_eq!(field("i64").add(i64::MAX, 1, Overflow::Wrap), Some(i64::MIN));
        assert_eq!(field("i64").add(i64::MIN, -1, Overflow::Sat), Some(i64::MIN));
        assert_eq!(field("u63").add(i64::MAX, i64::MAX, Overflow::Sat), Some(i64::MAX));
        assert_eq!(field("u8").fit(-1, Overflow::Sat), Some(255), "-1 is a large number without a sign");
        assert_eq!(field("u8").fit(-1, Overflow::Wrap), Some(255));
        assert_eq!(field("i5").fit(-17, Overflow::Sat), Some(-16));
        assert_eq!(field("i5").fit(16, Overflow::Wrap), Some(-16));
    }

    fn any_field() -> impl Strategy<Value = FieldType> {
        (any::<bool>(), 1u8..=64)
            .prop_map(|(signed, bits)| FieldType { signed, bits: if signed { bits } else { bits.min(63) } })
    }

    proptest! {
        #[test]
        fn get_and_set_agree_with_single_bits(field in any_field(), offset in 0u64..200, value: i64, string: Vec<u8>) {
            let mut string = string;
            let bit = |string: &[u8], at: u64| string.get((at / 8) as usize).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
            let raw = (0..u64::from(field.bits)).fold(0u64, |raw, i| raw << 1 | u64::from(bit(&string, offset + i)));
            prop_assert_eq!(field.get(&string, offset), field.low_bits(raw));

            string.resize(string.len().max(field.end_bytes(offset) as usize), 0);
            let before = string.clone();
            field.set(&mut string, offset, value);
            prop_assert_eq!(field.get(&string, offset), field.low_bits(value.cast_unsigned()));
            for at in (0..string.len() as u64 * 8).filter(|at| !(offset..offset + u64::from(field.bits)).contains(at)) {
                prop_assert_eq!(bit(&string, at), bit(&before, at));
            }
        }

        #[test]
        fn results_fit_their_field(field in any_field(), old: i64, increment: i64) {
            let old = field.low_bits(old.cast_unsigned());
            for overflow in [Overflow::Wrap, Overflow::Sat, Overflow::Fail] {
                if let Some(new) = field.add(old, increment, overflow) {
                    prop_assert_eq!(field.low_bits(new.cast_unsigned()), new);
                }
            }
        }
    }
}
