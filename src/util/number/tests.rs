use proptest::prelude::*;

use super::*;

fn text(number: NumberText) -> String {
    String::from_utf8(number.to_vec()).unwrap()
}

#[test]
fn integers_are_read_strictly() {
    assert_eq!(parse_i64(b"0"), Some(0));
    assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
    assert_eq!(parse_i64(b"9223372036854775807"), Some(i64::MAX));
    for bad in ["", "-", "+1", "01", "-01", "-0", " 1", "1 ", "1a", "9223372036854775808", "-9223372036854775809"] {
        assert_eq!(parse_i64(bad.as_bytes()), None, "{bad:?}");
    }
    assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
    for bad in ["", "-1", "+1", "00", "18446744073709551616", "1x"] {
        assert_eq!(parse_u64(bad.as_bytes()), None, "{bad:?}");
    }
    assert_eq!(parse_u64_lenient(b" +007"), Some(7));
    for bad in ["", " ", "+", "-1", "7 ", "18446744073709551616"] {
        assert_eq!(parse_u64_lenient(bad.as_bytes()), None, "{bad:?}");
    }
}

#[test]
fn doubles_accepted_by_redis() {
    let good: &[(&str, f64)] = &[
        ("0x10", 16.0),
        ("-0x1p4", -16.0),
        ("0x.8", 0.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1.e5", 1e5),
        ("+1", 1.0),
        ("1e-320", 1e-320),
        ("4.9e-324", 5e-324),
        ("0e999999999999", 0.0),
        ("inf", f64::INFINITY),
        ("+INF", f64::INFINITY),
        ("-infinity", f64::NEG_INFINITY),
        ("0X1P-1074", 5e-324),
        ("0x1.8p-1075", 5e-324),
        ("0x1.fffffffffffff7p1023", f64::MAX),
        ("0x1.00000000000008p0", 1.0),
        ("0x1.00000000000018p0", 1.000_000_000_000_000_4),
        ("0x1.000000000000080000000000000001p0", 1.000_000_000_000_000_2),
    ];
    for (text, value) in good {
        assert_eq!(parse_f64(text.as_bytes()), Some(*value), "{text}");
    }
    assert!(parse_f64(b"-0").unwrap().is_sign_negative());
}

#[test]
fn doubles_refused_by_redis() {
    let bad = [
        "",
        " 1",
        "1 ",
        ".",
        "++1",
        "infin",
        "nan",
        "NAN",
        "-nan",
        "nan(12)",
        "1e",
        "1e+",
        "1_0",
        "0x",
        "0x1p",
        "0x.p1",
        "1e400",
        "-1e400",
        "1e-400",
        "2e-324",
        "0x1p-1075",
        "0x1p1024",
        "0x1.fffffffffffff8p1023",
        "1\0",
        "e5",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0x1p-9999999999999999999999",
        "\u{661}",
    ];
    for text in bad {
        assert_eq!(parse_f64(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn doubles_are_printed_like_redis_8() {
    let table: &[(f64, &str)] = &[
        (7.14, "7.14"),
        (0.1 + 0.2, "0.30000000000000004"),
        (0.0, "0"),
        (-0.0, "-0"),
        (1e17, "100000000000000000"),
        (1e21, "1e+21"),
        (-2.5, "-2.5"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (1.5e300, "1.5e+300"),
        (12_345_678_901_234_567_890.0, "12345678901234567000"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ];
    for (value, expected) in table {
        assert_eq!(text(f64_text(*value)), *expected);
    }
}

#[test]
fn doubles_are_printed_like_printf_g() {
    let table: &[(f64, usize, &str)] = &[
        (7.14, 17, "7.1399999999999997"),
        (1e21, 17, "1e+21"),
        (1e17, 17, "1e+17"),
        (1e16, 17, "10000000000000000"),
        (123_456_789_012_345_678.0, 17, "1.2345678901234568e+17"),
        (0.1, 17, "0.10000000000000001"),
        (1e-7, 17, "9.9999999999999995e-08"),
        (0.0001, 14, "0.0001"),
        (1e-5, 17, "1.0000000000000001e-05"),
        (-1.5e300, 17, "-1.5000000000000001e+300"),
        (100.0, 14, "100"),
        (99_999_999_999_999.9, 14, "1e+14"),
        (0.5, 14, "0.5"),
        (-0.0, 17, "-0"),
        (f64::NEG_INFINITY, 17, "-inf"),
    ];
    for (value, precision, expected) in table {
        assert_eq!(text(f64_text_g(*value, *precision)), *expected);
    }
}

#[test]
fn memory_sizes() {
    let good =
        [("5", 5), ("5b", 5), ("5Kb", 5120), ("5k", 5000), ("100mb", 104_857_600), ("1G", 1_000_000_000), ("", 0)];
    for (text, bytes) in good {
        assert_eq!(parse_memory_size(text.as_bytes()), Some(bytes), "{text}");
    }
    for bad in ["-1", "+1", "5 k", "5x", "5kbb", "99999999999gb", "18446744073709551616"] {
        assert_eq!(parse_memory_size(bad.as_bytes()), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn integers_agree_with_their_own_text(text in "[-+0-9 ]{0,21}|-?[0-9]{17,20}") {
        let expected = text.parse::<i64>().ok().filter(|value| value.to_string() == text);
        prop_assert_eq!(parse_i64(text.as_bytes()), expected);
        let expected = text.parse::<u64>().ok().filter(|value| value.to_string() == text);
        prop_assert_eq!(parse_u64(text.as_bytes()), expected);
    }

    #[test]
    fn integer_text_round_trips(value: i64) {
        prop_assert_eq!(parse_i64(&i64_text(value)), Some(value));
        let mut out = b"x".to_vec();
        write_i64(&mut out, value);
        prop_assert_eq!(&out[1..], &*i64_text(value));
    }

    #[test]
    fn double_text_round_trips(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(!value.is_nan());
        prop_assert_eq!(parse_f64(&f64_text(value)), Some(value));
        prop_assert_eq!(parse_f64(&f64_text_g(value, 17)), Some(value));
    }

    #[test]
    fn short_decimals_keep_their_text(whole in 0i32..100_000, cents in 1u32..100) {
        let text = format!("{whole}.{cents:02}");
        let value = parse_f64(text.as_bytes()).unwrap();
        prop_assert_eq!(&*f64_text(value), text.trim_end_matches('0').as_bytes());
    }

    #[test]
    fn hexadecimal_agrees_with_scaling(mantissa: u64, exponent in -1200i32..1100) {
        let parsed = parse_f64(format!("0x{mantissa:x}p{exponent}").as_bytes());
        // One rounding by the cast, and none by the scaling unless the result is subnormal.
        let expected = mantissa as f64 * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
        if expected.is_infinite() {
            prop_assert_eq!(parsed, None);
        } else if expected.is_normal() {
            prop_assert_eq!(parsed, Some(expected));
        }
    }

    #[test]
    fn parsers_never_panic(text: Vec<u8>, number in "[-+]?(0x)?[0-9a-f.]{0,30}([ep][-+]?[0-9]{0,20})?") {
        for text in [&text[..], number.as_bytes()] {
            parse_f64(text);
            parse_memory_size(text);
            parse_u64_lenient(text);
        }
    }
}
