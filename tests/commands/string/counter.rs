//! INCR and its kin.

use super::{NOT_INTEGER, encoding, expiry_ms};
use crate::harness::both;

#[test]
fn counters_count() {
    both(|t| {
        t.expect("INCR k", "(integer) 1");
        assert_eq!(encoding(t, "k"), "int");
        t.expect("INCRBY k 41", "(integer) 42");
        t.expect("DECR k", "(integer) 41");
        t.expect("DECRBY k 1", "(integer) 40");
        t.expect("INCRBY k -50", "(integer) -10");
        t.expect("DECRBY k -3", "(integer) -7");
        t.expect("GET k", r#""-7""#);
        t.expect("DECR new", "(integer) -1");
        t.expect("DECRBY other -9223372036854775807", "(integer) 9223372036854775807");
    });
}

#[test]
fn counters_keep_the_expiry_and_make_integers_of_text() {
    both(|t| {
        t.expect("SET k 5 EX 10", "OK");
        t.expect("INCR k", "(integer) 6");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("SET k \"\"", "OK");
        t.expect("APPEND k 99", "(integer) 2");
        assert_eq!(encoding(t, "k"), "raw");
        t.expect("DECR k", "(integer) 98");
        assert_eq!(encoding(t, "k"), "int");
    });
}

#[test]
fn counters_refuse_what_is_no_integer_or_overflows() {
    both(|t| {
        for value in ["a", "\"\"", "\" 1\"", "1.0", "01", "+1", "-0", "9223372036854775808"] {
            t.expect(&format!("SET k {value}"), "OK");
            t.expect_error("INCR k", NOT_INTEGER);
            t.expect_error("DECRBY k 2", NOT_INTEGER);
        }
        t.run_args(&[b"SET", b"k", &[b'1'; 5000]]);
        t.expect_error("INCR k", NOT_INTEGER);
        t.expect("SET k 9223372036854775807", "OK");
        t.expect_error("INCR k", "ERR increment or decrement would overflow");
        t.expect("DECRBY k 9223372036854775807", "(integer) 0");
        t.expect("DECRBY k 9223372036854775807", "(integer) -9223372036854775807");
        t.expect("DECR k", "(integer) -9223372036854775808");
        t.expect_error("DECR k", "ERR increment or decrement would overflow");
        t.expect_error("DECRBY k -9223372036854775808", "ERR decrement would overflow");
        t.expect("INCRBY nokey -9223372036854775808", "(integer) -9223372036854775808");
        for by in ["ten", "\"\"", "1.5", "9223372036854775808"] {
            t.expect_error(&format!("INCRBY k {by}"), NOT_INTEGER);
            t.expect_error(&format!("DECRBY k {by}"), NOT_INTEGER);
        }
    });
}

#[test]
fn incrbyfloat_adds() {
    both(|t| {
        t.expect("INCRBYFLOAT k 10.50", r#""10.5""#);
        assert_eq!(encoding(t, "k"), "embstr");
        t.expect("INCRBYFLOAT k 0.1", r#""10.6""#);
        t.expect("INCRBYFLOAT k -5", r#""5.6""#);
        t.expect("INCRBYFLOAT k 5.0e3", r#""5005.60000000000000009""#);
        t.expect("SET k 3 EX 10", "OK");
        t.expect("INCRBYFLOAT k 2", r#""5""#);
        assert_eq!((encoding(t, "k"), expiry_ms(t, "k")), ("embstr", Some(10_000)));
        t.expect("INCR k", "(integer) 6");
        t.expect("INCRBYFLOAT k 1e40", r#""9999999999999999999783686092270256259072""#);
        t.expect("INCRBYFLOAT k 1e50", r#""100000000010000000008388076242351276750871828889600""#);
        assert_eq!(encoding(t, "k"), "raw");
        t.expect("SET k 0", "OK");
        t.expect("INCRBYFLOAT k -0.0", r#""0""#);
    });
}

#[test]
fn incrbyfloat_refuses_what_is_no_float() {
    both(|t| {
        let not_float = "ERR value is not a valid float";
        for value in ["a", "\"\"", "\" 1\"", "\"1 \"", "nan", "1e99999"] {
            t.expect(&format!("SET k {value}"), "OK");
            t.expect_error("INCRBYFLOAT k 1", not_float);
            t.expect_error(&format!("INCRBYFLOAT new {value}"), not_float);
        }
        let infinite = "ERR increment would produce NaN or Infinity";
        t.expect_error("INCRBYFLOAT new inf", infinite);
        t.expect("SET k inf", "OK");
        t.expect_error("INCRBYFLOAT k -inf", infinite);
        t.expect_error("INCRBYFLOAT k 1", infinite);
        t.expect("GET new", "(nil)");
    });
}
