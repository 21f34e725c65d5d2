//! Numbers as redis.conf writes them: strict decimals, amounts of memory, octal permissions, percentiles.

/// Reads a decimal number in its one canonical form: no sign but `-`, no leading zero, no white space.
pub(crate) fn parse_int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

const UNITS: [(&str, u64); 7] =
    [("b", 1), ("k", 1000), ("kb", 1 << 10), ("m", 1_000_000), ("mb", 1 << 20), ("g", 1_000_000_000), ("gb", 1 << 30)];

/// Reads an amount of memory in bytes: digits and an optional unit, in any case. An amount that does not fit 64 bits
/// is refused.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    // An empty text is zero bytes, as redis-server has it.
    if digits.is_empty() {
        return if unit.is_empty() { Some(0) } else { None };
    }
    let factor =
        if unit.is_empty() { 1 } else { UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name.as_bytes()))?.1 };
    std::str::from_utf8(digits).ok()?.parse::<u64>().ok()?.checked_mul(factor)
}

/// Prints an amount of memory with the greatest binary unit that divides it, as CONFIG REWRITE does.
pub fn memory_with_unit(bytes: u64) -> String {
    for (unit, factor) in [("gb", 1u64 << 30), ("mb", 1 << 20), ("kb", 1 << 10)] {
        if bytes != 0 && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

/// Reads a percentile; `Err(true)` means a number out of range, `Err(false)` no number.
pub(crate) fn parse_percentile(text: &[u8]) -> Result<f64, bool> {
    let number: f64 = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).ok_or(false)?;
    if number.is_nan() {
        return Err(false);
    }
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err(true) }
}

/// Prints a percentile with at most six decimals and no trailing zero.
pub fn percentile_text(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_canonical() {
        for (text, number) in
            [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(parse_int(text.as_bytes()), Some(number));
        }
        for text in ["", "-", "+5", " 5", "05", "-0", "5 ", "5.0", "0x5", "1e2", "--5", "9223372036854775808"] {
            assert_eq!(parse_int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn memory_units() {
        for (text, bytes) in
            [("", 0), ("7", 7), ("1b", 1), ("1k", 1000), ("1KB", 1024), ("2m", 2_000_000), ("1gB", 1 << 30)]
        {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in
            ["-1", "+5", " 5", "1.5mb", "1 mb", "0x10", "5%", "kb", "1tb", "18446744073709551616", "17179869184gb"]
        {
            assert_eq!(parse_memory(text.as_bytes()), None, "{text}");
        }
        assert_eq!(memory_with_unit(100 << 20), "100mb");
        assert_eq!(memory_with_unit(3 << 30), "3gb");
        assert_eq!(memory_with_unit(1500), "1500");
        assert_eq!(memory_with_unit(0), "0");
    }

    #[test]
    fn percentiles() {
        assert_eq!(percentile_text(99.9), "99.9");
        assert_eq!(percentile_text(99.999999999), "100");
        assert_eq!(percentile_text(33.333333333), "33.333333");
        assert_eq!(percentile_text(0.0), "0");
        assert_eq!(parse_percentile(b".5"), Ok(0.5));
        assert_eq!(parse_percentile(b"inf"), Err(true));
        assert_eq!(parse_percentile(b"-1"), Err(true));
        assert_eq!(parse_percentile(b"nan"), Err(false));
        assert_eq!(parse_percentile(b""), Err(false));
    }
}
