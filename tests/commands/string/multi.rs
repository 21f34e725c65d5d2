//! MGET, MSET, MSETNX, MSETEX.

use super::{NOT_INTEGER, SYNTAX, expiry_ms};
use crate::harness::both;

#[test]
fn mget_reads_several_keys() {
    both(|t| {
        t.expect("MSET a 1 b two c \"\"", "OK");
        let null = if t.protocol() == 3 { "_\r\n" } else { "$-1\r\n" };
        t.expect_raw("MGET a nokey b a c", &format!("*5\r\n$1\r\n1\r\n{null}$3\r\ntwo\r\n$1\r\n1\r\n$0\r\n\r\n"));
    });
}

#[test]
fn mset_sets_in_order_and_removes_expiries() {
    both(|t| {
        t.expect("SET a v EX 10", "OK");
        t.expect("MSET a 1 b 2 a 3", "OK");
        t.expect_list("MGET a b", &["3", "2"]);
        assert_eq!(expiry_ms(t, "a"), None);
        t.expect_error("MSET a 1 b", "ERR wrong number of arguments for 'mset' command");
        t.expect_error("MSET a 1 b 2 c", "ERR wrong number of arguments for 'mset' command");
        t.expect_list("MGET a b", &["3", "2"]);
    });
}

#[test]
fn msetnx_sets_all_or_none() {
    both(|t| {
        t.expect("MSETNX a 1 b 2 a 3", "(integer) 1");
        t.expect_list("MGET a b", &["3", "2"]);
        for request in ["MSETNX c 1 d 2 e 3 f 4 a 5", "MSETNX a 5 c 1 d 2"] {
            t.expect(request, "(integer) 0");
        }
        for key in ["c", "d", "e", "f"] {
            t.expect(&format!("GET {key}"), "(nil)");
        }
        t.expect_error("MSETNX a 1 b", "ERR wrong number of arguments for 'msetnx' command");
    });
}

#[test]
fn msetex_sets_with_one_expiry() {
    both(|t| {
        for (options, ms) in [
            ("EX 10", Some(10_000)),
            ("KEEPTTL", Some(10_000)),
            ("PX 10", Some(10)),
            ("EXAT 1704067205", Some(5000)),
            ("xx PXAT 1704067200007", Some(7)),
            ("", None),
            ("XX XX", None),
        ] {
            t.expect(&format!("MSETEX 3 a 1 b 2 a 3 {options}"), "(integer) 1");
            t.expect_list("MGET a b", &["3", "2"]);
            assert_eq!((expiry_ms(t, "a"), expiry_ms(t, "b")), (ms, ms), "{options}");
        }
        t.expect("MSETEX 2 c 1 a 2 NX EX 10", "(integer) 0");
        t.expect("MSETEX 2 a 2 c 1 XX", "(integer) 0");
        t.expect("GET c", "(nil)");
        t.expect("GET a", r#""3""#);
        t.expect("MSETEX 2 c NX d XX NX", "(integer) 1");
        t.expect_list("MGET c d", &["NX", "XX"]);
        t.expect("MSETEX 1 a x PXAT 1", "(integer) 1");
        t.expect("GET a", "(nil)");
    });
}

#[test]
fn msetex_refuses_what_does_not_fit() {
    both(|t| {
        for count in ["0", "-1", "1.5", "many", "2147483648"] {
            t.expect_error(&format!("MSETEX {count} a 1"), "ERR invalid numkeys value");
        }
        for request in ["2 a 1", "2 a 1 b", "2147483647 a 1"] {
            t.expect_error(&format!("MSETEX {request}"), "ERR wrong number of key-value pairs");
        }
        for request in ["1 a 1 b", "1 a 1 b 2", "1 a 1 EX", "1 a 1 NX XX"] {
            t.expect_error(&format!("MSETEX {request}"), SYNTAX);
        }
        for request in ["1 a 1 EX 1 PX 1", "1 a 1 EX 1 KEEPTTL", "1 a 1 EX 1 foo", "1 a 1 GET", "1 a 1 IFEQ 1"] {
            t.expect_error(&format!("MSETEX {request}"), SYNTAX);
        }
        t.expect_error("MSETEX 1 a 1 EX 0", "ERR invalid expire time in 'msetex' command");
        t.expect_error("MSETEX 1 a 1 PX foo", NOT_INTEGER);
        t.expect_error("MSETEX 1 a", "ERR wrong number of arguments for 'msetex' command");
        t.expect("GET a", "(nil)");
    });
}
