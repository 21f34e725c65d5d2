//! Numbers as C's `%.<digits>g` prints them: what Lua and its libraries do.

/// `x` with that many significant digits.
pub(super) fn percent_g(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return if x.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if x.is_infinite() {
        return if x < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let digits = digits.max(1);
    let scientific = format!("{x:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{x:.decimals$}")).to_owned()
}

/// Without zeros at the end of a fraction.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::percent_g;

    #[test]
    fn as_printf() {
        for (x, digits, text) in [
            (0.1, 17, "0.10000000000000001"),
            (1e300, 17, "1.0000000000000001e+300"),
            (12_345_678_901_234_567_890.0, 17, "1.2345678901234567e+19"),
            (1e14, 17, "100000000000000"),
            (-0.0, 17, "-0"),
            (3.5, 14, "3.5"),
            (1e14, 14, "1e+14"),
            (0.0001, 14, "0.0001"),
            (0.00001, 14, "1e-05"),
            (f64::INFINITY, 14, "inf"),
            (9.999_999, 3, "10"),
            (0.0, 14, "0"),
            (123.0, 1, "1e+02"),
        ] {
            assert_eq!(percent_g(x, digits), text);
        }
    }
}
