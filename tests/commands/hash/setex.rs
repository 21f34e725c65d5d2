//! HSETEX, HGETEX, HGETDEL.

use super::{NOT_INTEGER, SYNTAX, integers, strings};
use crate::harness::{START_MS, both};

const ARITY: &str = "ERR wrong number of arguments for 'hsetex' command";

#[test]
fn hsetex_writes_with_every_kind_of_expiry() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            for (option, at_ms) in [
                ("", None),
                ("EX 10", Some(START_MS + 10_000)),
                ("PX 10", Some(START_MS + 10)),
                ("exat 2000000000", Some(2_000_000_000_000)),
                ("PXAT 2000000000123", Some(2_000_000_000_123)),
            ] {
                t.run("DEL h");
                t.expect(&format!("HSETEX h {option} FIELDS 2 a 1 b 2"), "(integer) 1");
                let at_ms = at_ms.map_or(-1, |at_ms| at_ms as i64);
                assert_eq!(integers(t, "HPEXPIRETIME h FIELDS 2 a b"), [at_ms, at_ms]);
                assert_eq!(strings(t, "HMGET h a b"), ["1", "2"]);
            }
            t.expect("HSETEX h PXAT 2000000000123 FIELDS 1 a 1", "(integer) 1");
            t.expect("HSETEX h KEEPTTL FIELDS 2 a 5 c 6", "(integer) 1");
            assert_eq!(integers(t, "HPEXPIRETIME h FIELDS 2 a c"), [2_000_000_000_123, -1]);
        }
    });
}

#[test]
fn hsetex_conditions_hold_for_all_fields_and_the_key() {
    both(|t| {
        t.expect("HSET h a 1 b 2", "(integer) 2");
        // Condition, fields, whether they are written.
        for (condition, fields, is_set) in [
            ("FNX", "2 c 1 a 1", 0),
            ("FNX", "2 c 1 d 1", 1),
            ("FXX", "2 a 1 nosuch 1", 0),
            ("FXX", "2 a 1 b 1", 1),
            ("NX", "1 new 1", 0),
            ("XX", "1 e 1", 1),
            ("XX FNX", "1 a 1", 0),
            ("FNX XX EX 10", "1 f 1", 1),
            ("xx fxx", "1 f 1", 1),
        ] {
            t.expect(&format!("HSETEX h {condition} FIELDS {fields}"), &format!("(integer) {is_set}"));
        }
        t.expect_list("HKEYS h", &["a", "b", "c", "d", "e", "f"]);
        for condition in ["XX", "FXX", "FXX PX 0", "XX PX 0"] {
            t.expect(&format!("HSETEX nosuch {condition} FIELDS 1 a 1"), "(integer) 0");
        }
        t.expect("EXISTS nosuch", "(integer) 0");
        t.expect("HSETEX nosuch NX FNX FIELDS 1 a 1", "(integer) 1");
        t.expect("HGET nosuch a", "\"1\"");
    });
}

#[test]
fn hsetex_with_a_past_time_removes() {
    both(|t| {
        t.expect("HSET h a 1 b 2", "(integer) 2");
        t.expect("HSETEX h FNX PX 0 FIELDS 1 a 5", "(integer) 0");
        t.expect("HSETEX h EXAT 1 FIELDS 2 a 5 c 6", "(integer) 1");
        t.expect_list("HKEYS h", &["b"]);
        t.expect("HSETEX h PX 0 FIELDS 1 b 5", "(integer) 1");
        t.expect("EXISTS h", "(integer) 0");
        t.expect("HSETEX h PX 0 FIELDS 1 b 5", "(integer) 1");
        t.expect("EXISTS h", "(integer) 0");
    });
}

#[test]
fn hsetex_errors() {
    both(|t| {
        let one_expiry = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
        let one_condition = "ERR Only one of FXX or FNX arguments can be specified";
        for (rest, text) in [
            ("FIELDS 2 a 1 b", ARITY),
            ("FIELDS 1 a 1 b 2", ARITY),
            ("FIELDS 1 a 1 FNX", ARITY),
            ("EX 10 FIELDS 1", ARITY),
            ("FNX NX EX 10", ARITY),
            ("FIELDS 0 a 1", "ERR invalid number of fields"),
            ("FIELDS x a 1", "ERR invalid number of fields"),
            ("FIELDS 2147483648 a 1", "ERR invalid number of fields"),
            ("EX 1 PX 1 FIELDS 1 a 1", one_expiry),
            ("EX 1 KEEPTTL FIELDS 1 a 1", one_expiry),
            ("KEEPTTL KEEPTTL FIELDS 1 a 1", one_expiry),
            ("FNX FXX FIELDS 1 a 1", one_condition),
            ("FNX FNX FIELDS 1 a 1", one_condition),
            ("NX XX FIELDS 1 a 1", SYNTAX),
            ("BAD FIELDS 1 a 1", "ERR unknown argument: BAD"),
            ("FNX FIELDS 1 a 1 EX", ARITY),
            ("FNX FXX2 1 EX", "ERR unknown argument: FXX2"),
            ("FNX NX KEEPTTL EX", one_expiry),
            ("FNX NX XX EX", SYNTAX),
            ("EX x FIELDS 1 a 1", NOT_INTEGER),
            ("EX -1 FIELDS 1 a 1", "ERR invalid expire time, must be >= 0"),
            ("PXAT 70368744177664 FIELDS 1 a 1", "ERR invalid expire time in 'hsetex' command"),
        ] {
            t.expect_error(&format!("HSETEX h {rest}"), text);
        }
        t.expect_error("HSETEX h FNX XX FNX EX", one_condition);
        t.expect_error("HSETEX h FNX XX KEEPTTL", ARITY);
        t.expect_error("HSETEX h FNX XX a EX", "ERR unknown argument: a");
        t.expect_error("HSETEX h FNX XX PX", ARITY);
        t.expect("EXISTS h", "(integer) 0");
    });
}

#[test]
fn hgetex_reads_and_changes_the_expiry() {
    both(|t| {
        t.expect("HSET h a 1 b 2", "(integer) 2");
        t.expect("HGETEX h FIELDS 3 a nosuch b", "1) \"1\"\n2) (nil)\n3) \"2\"");
        for (option, at_ms) in [
            ("EX 10", START_MS as i64 + 10_000),
            ("PX 10", START_MS as i64 + 10),
            ("", START_MS as i64 + 10),
            ("EXAT 2000000000", 2_000_000_000_000),
            ("pxat 2000000000123", 2_000_000_000_123),
            ("PERSIST", -1),
        ] {
            t.expect(&format!("HGETEX h {option} FIELDS 2 a nosuch"), "1) \"1\"\n2) (nil)");
            assert_eq!(integers(t, "HPEXPIRETIME h FIELDS 2 a b"), [at_ms, -1], "{option}");
        }
        t.expect("HGETEX nosuch EX 10 FIELDS 2 a b", "1) (nil)\n2) (nil)");
        t.expect("HGETEX h PX 0 FIELDS 3 a a b", "1) \"1\"\n2) (nil)\n3) \"2\"");
        t.expect("EXISTS h", "(integer) 0");
    });
}

#[test]
fn hgetex_errors() {
    both(|t| {
        t.expect("HSET h a 1", "(integer) 1");
        t.expect_error("HGETEX h EX x FIELDS 1 a", NOT_INTEGER);
        t.expect_error("HGETEX h EX -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0");
        t.expect_error("HGETEX h EX 99999999999999 FIELDS 1 a", "ERR invalid expire time in 'hgetex' command");
        t.expect_error("HGETEX h EX 10 FIELDS", "ERR wrong number of arguments for 'hgetex' command");
        let missing = "ERR Mandatory argument FIELDS is missing or not at the right position";
        t.expect_error("HGETEX h EX 10 PX 10 FIELDS 1 a", missing);
        t.expect_error("HGETEX h KEEPTTL FIELDS 1 a", missing);
    });
}

#[test]
fn hgetdel_reads_and_removes() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            t.expect("HSET h a 1 b 2 c 3", "(integer) 3");
            t.expect("HGETDEL h FIELDS 3 a nosuch a", "1) \"1\"\n2) (nil)\n3) (nil)");
            t.expect("HLEN h", "(integer) 2");
            t.expect("HGETDEL h FIELDS 2 c b", "1) \"3\"\n2) \"2\"");
            t.expect("EXISTS h", "(integer) 0");
            t.expect("HGETDEL h FIELDS 2 c b", "1) (nil)\n2) (nil)");
        }
    });
}
