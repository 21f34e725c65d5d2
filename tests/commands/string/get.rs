//! GET, GETDEL, GETEX.

use nyala::resp::BIG_BULK;

use super::{NOT_INTEGER, SYNTAX, expiry_ms};
use crate::harness::both;

#[test]
fn get_returns_what_set_stored() {
    both(|t| {
        t.expect("SET k \"a\\r\\n\\x00b\"", "OK");
        t.expect("GET k", r#""a\r\n\x00b""#);
        t.expect("SET k 12", "OK");
        t.expect("GET k", r#""12""#);
        t.expect("SET k \"\"", "OK");
        t.expect("GET k", r#""""#);
    });
}

#[test]
fn a_key_that_is_not_there_is_null() {
    both(|t| {
        t.expect_raw("GET nosuch", if t.protocol() == 3 { "_\r\n" } else { "$-1\r\n" });
        t.expect("GETDEL nosuch", "(nil)");
        t.expect("GETEX nosuch", "(nil)");
        t.expect("DIGEST nosuch", "(nil)");
        t.expect("GETSET nosuch v", "(nil)");
        t.expect("GET nosuch", r#""v""#);
        t.expect("STRLEN nokey", "(integer) 0");
        t.expect("GETRANGE nokey 0 -1", r#""""#);
    });
}

#[test]
fn large_values_are_returned_whole() {
    both(|t| {
        for len in [4096, 4097, BIG_BULK - 1, BIG_BULK, 1 << 20] {
            let value = vec![b'x'; len];
            t.run_args(&[b"SET", b"k", &value]);
            let reply = t.raw("GET k");
            assert!(reply.starts_with(format!("${len}\r\nxxx").as_bytes()));
            assert_eq!(reply.len(), format!("${len}\r\n\r\n").len() + len);
            t.expect("STRLEN k", &format!("(integer) {len}"));
            assert_eq!(t.raw(&format!("GETRANGE k 1 {}", len - 2)).len(), reply.len() - 2);
            t.expect("GETRANGE k -3 -2", r#""xx""#);
        }
    });
}

#[test]
fn getdel_removes_the_key() {
    both(|t| {
        let value = "v".repeat(70_000);
        t.run_args(&[b"SET", b"k", value.as_bytes()]);
        assert_eq!(t.text("GETDEL k"), value);
        t.expect("GETDEL k", "(nil)");
        t.expect("SET k 5 EX 10", "OK");
        t.expect("GETDEL k", r#""5""#);
        t.expect("GET k", "(nil)");
    });
}

#[test]
fn getex_changes_the_expiry() {
    both(|t| {
        t.expect("SET k v", "OK");
        for (option, ms) in [
            ("EX 10", Some(10_000)),
            ("", Some(10_000)),
            ("px 10", Some(10)),
            ("PERSIST", None),
            ("PERSIST PERSIST", None),
            ("EXAT 1704067205", Some(5000)),
            ("PXAT 1704067200007", Some(7)),
            ("PX 1 PX 2", Some(2)),
        ] {
            t.expect(&format!("GETEX k {option}"), r#""v""#);
            assert_eq!(expiry_ms(t, "k"), ms, "{option}");
        }
        t.expect("GETEX k EXAT 1", r#""v""#);
        t.expect("GET k", "(nil)");
        t.expect("SET k v", "OK");
        t.expect("GETEX k PXAT 1704067200000", r#""v""#);
        t.expect("GETEX k", "(nil)");
    });
}

#[test]
fn getex_refuses_options_that_do_not_fit() {
    both(|t| {
        t.expect("SET k v EX 10", "OK");
        for options in ["EX", "KEEPTTL", "NX", "GET", "EX 10 PERSIST", "PERSIST EX 10", "EX 1 PX 1", "foo"] {
            t.expect_error(&format!("GETEX k {options}"), SYNTAX);
            t.expect_error(&format!("GETEX nokey {options}"), SYNTAX);
        }
        t.expect_error("GETEX k EX 0", "ERR invalid expire time in 'getex' command");
        t.expect_error("GETEX k PXAT -1", "ERR invalid expire time in 'getex' command");
        t.expect_error("GETEX k EX ten", NOT_INTEGER);
        t.expect("GETEX nokey EX 0", "(nil)");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
    });
}
