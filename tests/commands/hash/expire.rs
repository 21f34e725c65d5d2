//! The HEXPIRE and HTTL families, HPERSIST.

use super::{NOT_INTEGER, integers};
use crate::harness::{START_MS, both};

const FIELDS_MISSING: &str = "ERR Mandatory argument FIELDS is missing or not at the right position";
const MISMATCH: &str = "ERR The `numfields` parameter must match the number of arguments";
const NOT_POSITIVE: &str = "ERR Number of fields must be a positive integer";

#[test]
fn all_ways_to_set_an_expiry() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            for (request, at_ms) in [
                ("HEXPIRE h 10", START_MS + 10_000),
                ("HPEXPIRE h 1001", START_MS + 1001),
                ("HEXPIREAT h 2000000000", 2_000_000_000_000),
                ("HPEXPIREAT h 2000000000123", 2_000_000_000_123),
            ] {
                t.run("DEL h");
                t.expect("HSET h a 1 b 2", "(integer) 2");
                assert_eq!(integers(t, &format!("{request} FIELDS 2 a nosuch")), [1, -2]);
                let times = |t: &mut _, command| integers(t, &format!("{command} h FIELDS 3 a b nosuch"));
                let (ms, left_ms) = (at_ms as i64, (at_ms - START_MS) as i64);
                assert_eq!(times(t, "HPEXPIRETIME"), [ms, -1, -2]);
                assert_eq!(times(t, "HEXPIRETIME"), [(ms + 999) / 1000, -1, -2]);
                assert_eq!(times(t, "HPTTL"), [left_ms, -1, -2]);
                assert_eq!(times(t, "HTTL"), [(left_ms + 999) / 1000, -1, -2]);
            }
        }
    });
}

#[test]
fn a_key_that_is_missing_has_no_fields() {
    both(|t| {
        for request in [
            "HEXPIRE k 1",
            "HPEXPIRE k 1",
            "HEXPIREAT k 1",
            "HPEXPIREAT k 1",
            "HTTL k",
            "HPTTL k",
            "HEXPIRETIME k",
            "HPEXPIRETIME k",
            "HPERSIST k",
        ] {
            assert_eq!(integers(t, &format!("{request} FIELDS 2 a b")), [-2, -2], "{request}");
        }
    });
}

#[test]
fn conditions_compare_with_the_old_expiry() {
    // Condition, old expiry (if any), new expiry, answer.
    let cases = [
        ("NX", None, 10, 1),
        ("NX", Some(10), 20, 0),
        ("XX", None, 10, 0),
        ("XX", Some(10), 20, 1),
        ("GT", None, 10, 0),
        ("GT", Some(10), 10, 0),
        ("GT", Some(10), 11, 1),
        ("LT", None, 10, 1),
        ("LT", Some(10), 10, 0),
        ("lt", Some(10), 9, 1),
        // Valkey takes several.
        ("XX LT", None, 10, 0),
        ("XX LT", Some(10), 9, 1),
        ("GT XX", Some(10), 9, 0),
        ("gt xx", Some(10), 11, 1),
        // A past time removes, if the condition lets it.
        ("NX", Some(10), 0, 0),
        ("GT", Some(10), 0, 0),
        ("LT", Some(10), 0, 2),
        ("NX", None, 0, 2),
    ];
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            for (condition, old, new, answer) in cases {
                t.run("DEL h");
                t.expect("HSET h f v other v", "(integer) 2");
                if let Some(seconds) = old {
                    assert_eq!(integers(t, &format!("HEXPIRE h {seconds} FIELDS 1 f")), [1]);
                }
                let got = integers(t, &format!("HEXPIRE h {new} {condition} FIELDS 1 f"));
                assert_eq!(got, [answer], "{condition} {old:?} {new}");
                let left = match answer {
                    2 => -2,
                    1 => new,
                    _ => old.unwrap_or(-1),
                };
                assert_eq!(integers(t, "HTTL h FIELDS 1 f"), [left], "{condition} {old:?} {new}");
            }
        }
    });
}

#[test]
fn a_past_time_removes_fields_and_the_emptied_hash() {
    both(|t| {
        for request in ["HEXPIRE h 0", "HPEXPIRE h 0", "HEXPIREAT h 1", "HPEXPIREAT h 0"] {
            t.expect("HSET h a 1 b 2", "(integer) 2");
            assert_eq!(integers(t, &format!("{request} FIELDS 2 a a")), [2, -2]);
            t.expect_list("HKEYS h", &["b"]);
            assert_eq!(integers(t, &format!("{request} FIELDS 1 b")), [2]);
            t.expect("EXISTS h", "(integer) 0");
        }
    });
}

#[test]
fn hpersist_takes_the_expiry_away() {
    both(|t| {
        t.expect("HSET h a 1 b 2", "(integer) 2");
        assert_eq!(integers(t, "HPERSIST h FIELDS 2 a nosuch"), [-1, -2]);
        assert_eq!(integers(t, "HEXPIRE h 10 FIELDS 1 a"), [1]);
        assert_eq!(integers(t, "HPERSIST h FIELDS 3 a b nosuch"), [1, -1, -2]);
        assert_eq!(integers(t, "HTTL h FIELDS 1 a"), [-1]);
        t.advance_ms(20_000);
        t.expect("HGET h a", "\"1\"");
    });
}

#[test]
fn writing_a_field_takes_its_expiry_away() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            for request in ["HSET h f w", "HMSET h f w", "HSETEX h FIELDS 1 f w"] {
                t.run("DEL h");
                t.expect("HSETEX h EX 10 FIELDS 1 f v", "(integer) 1");
                t.run(request);
                assert_eq!(integers(t, "HTTL h FIELDS 1 f"), [-1], "{request}");
            }
        }
    });
}

#[test]
fn encodings_are_those_of_redis_8() {
    both(|t| {
        t.config("hash-max-listpack-entries", "2");
        t.expect("HSET h a 1 b 2", "(integer) 2");
        t.run("HEXPIRE h 10 FIELDS 1 a");
        t.expect("OBJECT ENCODING h", "\"listpackex\"");
        t.run("HPERSIST h FIELDS 1 a");
        t.expect("OBJECT ENCODING h", "\"listpackex\"");
        t.run("HEXPIRE h 10 FIELDS 1 b");
        t.run("HSET h c 3");
        t.expect("OBJECT ENCODING h", "\"hashtable\"");
        assert_eq!(integers(t, "HTTL h FIELDS 3 a b c"), [-1, 10, -1]);
    });
}

#[test]
fn errors() {
    both(|t| {
        t.expect("HSET h f v", "(integer) 1");
        for command in ["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL", "HGETEX"] {
            t.expect_error(&format!("{command} h FIELD 1 f"), FIELDS_MISSING);
            t.expect_error(&format!("{command} h FIELDS 2 f"), MISMATCH);
            t.expect_error(&format!("{command} h FIELDS 1 f g"), MISMATCH);
            for count in ["0", "-1", "x", "1.5", "99999999999999999999"] {
                t.expect_error(&format!("{command} h FIELDS {count} f"), NOT_POSITIVE);
            }
        }
        for command in ["HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT"] {
            t.expect_error(&format!("{command} h 10 FIELD 1 f"), FIELDS_MISSING);
            t.expect_error(&format!("{command} h 10 BAD FIELDS 1 f"), FIELDS_MISSING);
            let not_compatible = "ERR NX and XX, GT or LT options at the same time are not compatible";
            t.expect_error(&format!("{command} h 10 NX XX FIELDS 1 f"), not_compatible);
            let not_compatible = "ERR GT and LT options at the same time are not compatible";
            t.expect_error(&format!("{command} h 10 GT XX LT FIELDS 1 f"), not_compatible);
            t.expect_error(&format!("{command} h 10 NX FIELDS 2 f"), MISMATCH);
            t.expect_error(&format!("{command} h 10 FIELDS 0 f"), "ERR Parameter `numFields` should be greater than 0");
            t.expect_error(&format!("{command} h x FIELDS 1 f"), NOT_INTEGER);
            t.expect_error(&format!("{command} h -1 FIELDS 1 f"), "ERR invalid expire time, must be >= 0");
            let invalid = format!("ERR invalid expire time in '{}' command", command.to_lowercase());
            t.expect_error(&format!("{command} h 9223372036854775807 FIELDS 1 f"), &invalid);
            t.expect_error(&format!("{command} h 70368744177664 FIELDS 1 f"), &invalid);
        }
        assert_eq!(integers(t, "HPEXPIREAT h 70368744177663 FIELDS 1 f"), [1]);
        assert_eq!(integers(t, "HPEXPIRETIME h FIELDS 1 f"), [70_368_744_177_663]);
    });
}
