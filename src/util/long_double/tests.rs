use proptest::prelude::*;

use super::*;

fn show(value: LongDouble) -> String {
    let mut out = Vec::new();
    value.write(&mut out);
    String::from_utf8(out).unwrap()
}

fn parse(text: &str) -> LongDouble {
    LongDouble::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"))
}

fn sum(a: &str, b: &str) -> String {
    parse(a).checked_add(parse(b)).map_or("none".to_owned(), show)
}

#[test]
fn sums_that_redis_7_gives() {
    let table = [
        ("10.50", "0.1", "10.6"),
        ("5.0e3", "2.0e2", "5200"),
        ("0.1", "0.2", "0.3"),
        ("3", "1.1", "4.1"),
        ("0", "1e-17", "0.00000000000000001"),
        ("0", "1e-18", "0"),
        ("0", "-1e-18", "0"),
        ("0", "5e-18", "0"),
        ("0", "5.1e-18", "0.00000000000000001"),
        ("1", "-1", "0"),
        ("0", "17179869184.1", "17179869184.09999999962747097"),
        ("0", "123456789012345678901234567890", "123456789012345678899921813504"),
        ("18446744073709551615", "1", "18446744073709551616"),
        ("1e4932", "1e4932", "none"),
        ("inf", "1", "none"),
        ("inf", "-inf", "none"),
        ("0x10", "0x.8p0", "16.5"),
        ("-1.5", "0.25", "-1.25"),
    ];
    for (a, b, expected) in table {
        assert_eq!(sum(a, b), expected, "{a} + {b}");
        assert_eq!(sum(b, a), expected, "{b} + {a}");
    }
}

#[test]
fn range_of_the_format() {
    assert_eq!(show(parse("1.18973149535723176502e+4932")).len(), 4933);
    for bad in
        ["1.18973149535723176509e+4932", "1e4933", "1e-4951", "1e-99999999999999999999", "-0x1p16384", "0x1p-16446"]
    {
        assert_eq!(LongDouble::parse(bad.as_bytes()), None, "{bad}");
    }
    for tiny in ["4e-4951", "0x1p-16445", "0x1.8p-16446", "-1e-4940", "0e99999", "-0"] {
        assert_eq!(show(parse(tiny)), "0", "{tiny}");
    }
    for bad in ["", "nan", "1 ", " 1", "x", "-", "0x", "1e"] {
        assert_eq!(LongDouble::parse(bad.as_bytes()), None, "{bad:?}");
    }
    assert_eq!(LongDouble::parse("1".repeat(5120).as_bytes()), None);
    assert_eq!(show(parse(&format!("{}1", "0".repeat(5118)))), "1");
    assert!(!parse("-inf").is_finite());
    assert_eq!(show(parse("-inf")), "-inf");
}

#[test]
fn ties_go_to_even() {
    // The last bit of numbers from 2^65 on weighs 4.
    assert_eq!(show(parse("36893488147419103234")), "36893488147419103232");
    assert_eq!(show(parse("36893488147419103238")), "36893488147419103240");
    assert_eq!(show(parse("36893488147419103234.0000000000000000000000000000000000000000001")), "36893488147419103236");
    assert_eq!(show(parse("0x1.0000000000000001p65")), "36893488147419103232");
    assert_eq!(show(parse("0x1.00000000000000010000000000000000000001p65")), "36893488147419103236");
    assert_eq!(sum("36893488147419103232", "2"), "36893488147419103232");
    assert_eq!(sum("36893488147419103232", "0x2.00000001"), "36893488147419103236");
    assert_eq!(sum("9223372036854775808", "-1e-4000"), "9223372036854775808");
}

#[test]
fn conversions_are_exact() {
    assert_eq!(show(LongDouble::from(i64::MIN)), "-9223372036854775808");
    assert_eq!(show(LongDouble::from(0)), "0");
    assert_eq!(show(LongDouble::from(0.1)), "0.10000000000000001");
    assert_eq!(show(LongDouble::from(-2.5)), "-2.5");
    assert_eq!(show(LongDouble::from(5e-324)), "0");
    assert_eq!(show(LongDouble::from(f64::NEG_INFINITY)), "-inf");
}

proptest! {
    #[test]
    fn short_and_long_paths_agree(value in 1u64.., power in -27i32..=19) {
        let digits = value.to_string();
        let short = from_short_decimal(value, power);
        // Zeros in front of the exponent's reach push the same number onto the path of big numbers.
        let long = LongDouble::parse(format!("{digits}{}e{}", "0".repeat(40), power - 40).as_bytes());
        prop_assert_eq!(short, long);
    }

    #[test]
    fn integers_keep_their_text(value: i64, other: i32) {
        prop_assert_eq!(show(parse(&value.to_string())), value.to_string());
        prop_assert_eq!(parse(&value.to_string()), LongDouble::from(value));
        let expected = i128::from(value) + i128::from(other);
        prop_assume!(expected.unsigned_abs() < 1 << 64);
        prop_assert_eq!(show(LongDouble::from(value).checked_add(LongDouble::from(i64::from(other))).unwrap()), expected.to_string());
    }

    #[test]
    fn doubles_agree_where_their_sum_is_exact(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000) {
        let (x, y) = (a as f64 / 1024.0, b as f64 / 1024.0);
        let sum = LongDouble::from(x).checked_add(LongDouble::from(y)).unwrap();
        prop_assert_eq!(show(sum), (x + y).to_string());
    }

    #[test]
    fn never_panics(number in "[-+]?(0x)?[0-9a-f.]{0,60}([ep][-+]?[0-9]{0,6})?", other in "[0-9.]{1,5}e-?[0-9]{1,4}") {
        if let (Some(a), Some(b)) = (LongDouble::parse(number.as_bytes()), LongDouble::parse(other.as_bytes())) {
            show(a);
            a.checked_add(b).map(show);
        }
    }
}

#[test]
fn thousandfold_is_rounded_up() {
    let of = |text: &str| LongDouble::parse(text.as_bytes()).unwrap().thousandfold_ceil();
    assert_eq!(
        (of("0"), of("1"), of("0.0001"), of("1.5"), of("2.0001")),
        (Some(0), Some(1000), Some(1), Some(1500), Some(2001))
    );
    assert_eq!((of("-0.0001"), of("-1"), of("-2.5")), (Some(0), Some(-1000), Some(-2500)));
    assert_eq!(of("9223372036854775"), Some(9_223_372_036_854_775_000));
    assert_eq!((of("9223372036854776"), of("1e300"), of("inf"), of("1e-4000")), (None, None, None, Some(1)));
}
