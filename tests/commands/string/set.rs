//! SET and its kin.

use nyala::resp::BIG_BULK;

use super::{NOT_INTEGER, SYNTAX, encoding, expiry_ms};
use crate::harness::{Gate, both};

#[test]
fn set_picks_the_encoding() {
    let mut t = Gate::new();
    let (short, long) = ("x".repeat(44), "x".repeat(45));
    for (value, expected) in [
        ("0", "int"),
        ("-1", "int"),
        ("9223372036854775807", "int"),
        ("9223372036854775808", "embstr"),
        ("01", "embstr"),
        ("+1", "embstr"),
        ("-0", "embstr"),
        ("", "embstr"),
        ("1.5", "embstr"),
        (&short, "embstr"),
        (&long, "raw"),
    ] {
        t.run_args(&[b"SET", b"k", value.as_bytes()]);
        assert_eq!(encoding(&t, "k"), expected, "{value}");
    }
    t.run_args(&[b"SET", b"k", &vec![b'1'; BIG_BULK]]);
    assert_eq!(encoding(&t, "k"), "raw");
}

#[test]
fn set_removes_the_expiry_unless_told_to_keep_it() {
    both(|t| {
        t.expect("SET k v EX 10", "OK");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("SET k w KEEPTTL", "OK");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("SET k x", "OK");
        assert_eq!(expiry_ms(t, "k"), None);
        t.expect("SET k x KEEPTTL", "OK");
        assert_eq!(expiry_ms(t, "k"), None);
    });
}

#[test]
fn set_expires_the_key() {
    both(|t| {
        for (options, ms) in [
            ("EX 10", 10_000),
            ("px 10", 10),
            ("EXAT 1704067201", 1000),
            ("PXAT 1704067200005", 5),
            ("EX 10 EX 20", 20_000),
            ("nx Ex 3", 3000),
        ] {
            t.expect(&format!("SET k v {options}"), "OK");
            assert_eq!(expiry_ms(t, "k"), Some(ms), "{options}");
            t.advance_ms(ms as u64 - 1);
            t.expect("GET k", r#""v""#);
            t.advance_ms(1);
            t.expect("GET k", "(nil)");
            *t = Gate::new();
        }
    });
}

#[test]
fn set_with_an_expiry_in_the_past_leaves_no_key() {
    both(|t| {
        for past in ["EXAT 1", "PXAT 1", "PXAT 1704067200000"] {
            t.expect("SET k v", "OK");
            t.expect(&format!("SET k w {past}"), "OK");
            t.expect("GET k", "(nil)");
            t.expect(&format!("SET k w {past} GET"), "(nil)");
            t.expect("SETNX k v", "(integer) 1");
        }
    });
}

#[test]
fn an_expired_value_is_none_for_every_condition() {
    both(|t| {
        let again = |t: &mut Gate| {
            t.expect("SET k v PX 5", "OK");
            t.advance_ms(5);
        };
        again(t);
        t.expect("SET k w XX", "(nil)");
        again(t);
        t.expect("SET k w IFEQ v", "(nil)");
        again(t);
        t.expect("SET k w GET", "(nil)");
        again(t);
        t.expect("SET k w KEEPTTL", "OK");
        assert_eq!(expiry_ms(t, "k"), None);
        again(t);
        t.expect("INCR k", "(integer) 1");
        again(t);
        t.expect("APPEND k x", "(integer) 1");
        again(t);
        t.expect("MSETNX k 1 l 2", "(integer) 1");
        again(t);
        t.expect("SET k w", "OK");
        assert_eq!(t.server.stats.totals().expired, 8, "a value that is overwritten expires first");
    });
}

#[test]
fn set_with_nx_and_xx() {
    both(|t| {
        t.expect("SET k v XX", "(nil)");
        t.expect("GET k", "(nil)");
        t.expect("SET k v NX", "OK");
        t.expect("SET k w nx", "(nil)");
        t.expect("SET k w NX NX", "(nil)");
        t.expect("GET k", r#""v""#);
        t.expect("SET k w xx", "OK");
        t.expect("GET k", r#""w""#);
        t.expect("SET k x NX EX 10", "(nil)");
        assert_eq!(expiry_ms(t, "k"), None);
    });
}

#[test]
fn set_with_get_replies_with_the_old_value() {
    both(|t| {
        t.expect_raw("SET k v GET", if t.protocol() == 3 { "_\r\n" } else { "$-1\r\n" });
        t.expect("SET k 7 GET", r#""v""#);
        t.expect("SET k w GET EX 10 GET", r#""7""#);
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("SET k x NX GET", r#""w""#);
        t.expect("SET k x XX GET", r#""w""#);
        t.expect("GET k", r#""x""#);
        t.expect("SET new y XX GET", "(nil)");
        t.expect("GET new", "(nil)");
        t.expect("SET new y NX GET", "(nil)");
        t.expect("GET new", r#""y""#);
    });
}

#[test]
fn set_refuses_options_that_do_not_fit() {
    both(|t| {
        t.expect("SET k v", "OK");
        for options in [
            "NX XX",
            "XX NX",
            "IFEQ",
            "IFEQ v XX",
            "NX IFEQ v",
            "IFEQ v IFEQ v",
            "IFEQ v IFDEQ 78af5f94892f3950",
            "EX",
            "EX 10 PX 10",
            "EX 10 KEEPTTL",
            "KEEPTTL EXAT 10",
            "PERSIST",
            "PERSIST 10",
            "foo",
            "\"\"",
            "EX ten foo",
            "NXX",
            "ANOPTIONTHATISLONGERTHANANYONETHATISKNOWN",
        ] {
            t.expect_error(&format!("SET k w {options}"), SYNTAX);
        }
        for options in ["EX 0", "PX -1", "EXAT 0", "PXAT -1", "EX 9223372036854775807", "PX 9223372036854775807"] {
            t.expect_error(&format!("SET k w {options}"), "ERR invalid expire time in 'set' command");
        }
        for options in ["EX ten", "PX 1.5", "EXAT \"\"", "PXAT 9223372036854775808", "EX \" 1\"", "GET EX ten"] {
            t.expect_error(&format!("SET k w {options}"), NOT_INTEGER);
        }
        t.expect("GET k", r#""v""#);
    });
}

#[test]
fn setnx_setex_psetex() {
    both(|t| {
        t.expect("SETNX k 1", "(integer) 1");
        t.expect("SETNX k 2", "(integer) 0");
        t.expect("GET k", r#""1""#);
        t.expect("SETEX k 10 v", "OK");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("PSETEX k 10 12", "OK");
        assert_eq!((expiry_ms(t, "k"), encoding(t, "k")), (Some(10), "int"));
        t.expect_error("SETEX k 0 v", "ERR invalid expire time in 'setex' command");
        t.expect_error("SETEX k 9223372036854776 v", "ERR invalid expire time in 'setex' command");
        t.expect_error("PSETEX k -1 v", "ERR invalid expire time in 'psetex' command");
        t.expect_error("PSETEX k v 10", NOT_INTEGER);
        t.expect("GET k", r#""12""#);
    });
}

#[test]
fn getset_removes_the_expiry() {
    both(|t| {
        t.expect("SET k v EX 10", "OK");
        t.expect("GETSET k 12", r#""v""#);
        assert_eq!((expiry_ms(t, "k"), encoding(t, "k")), (None, "int"));
        t.expect("GETSET k w", r#""12""#);
        t.expect("GET k", r#""w""#);
    });
}
