//! SADD, SREM, SMOVE, SCARD, SISMEMBER, SMISMEMBER, SMEMBERS, SSCAN, and the encodings.

use super::{NOT_INTEGER, SYNTAX, WRONGTYPE, expect_set, sorted};
use crate::harness::{both, both_with};

#[test]
fn members_are_added_and_removed_once() {
    both(|t| {
        t.expect("SADD s a b a", "(integer) 2");
        t.expect("SADD s b c", "(integer) 1");
        expect_set(t, "SMEMBERS s", "a b c");
        t.expect("SCARD s", "(integer) 3");
        t.expect("SREM s a a x", "(integer) 1");
        t.expect("SREM s b c", "(integer) 2");
        t.expect("EXISTS s", "(integer) 0");
        t.expect("SREM s b", "(integer) 0");
        t.expect("SCARD s", "(integer) 0");
        expect_set(t, "SMEMBERS s", "");
        t.expect_error("SADD s", "ERR wrong number of arguments for 'sadd' command");
        t.expect_error("SREM s", "ERR wrong number of arguments for 'srem' command");
    });
}

#[test]
fn members_are_asked_for() {
    both(|t| {
        t.expect("SADD s a 1 \"\"", "(integer) 3");
        t.expect("SISMEMBER s a", "(integer) 1");
        t.expect("SISMEMBER s \"\"", "(integer) 1");
        t.expect("SISMEMBER s 01", "(integer) 0");
        t.expect("SISMEMBER none a", "(integer) 0");
        t.expect("SMISMEMBER s a x 1 a", "1) (integer) 1\n2) (integer) 0\n3) (integer) 1\n4) (integer) 1");
        t.expect("SMISMEMBER none a b", "1) (integer) 0\n2) (integer) 0");
    });
}

#[test]
fn smove_takes_from_one_and_gives_to_another() {
    both(|t| {
        t.expect("SADD a 1 x", "(integer) 2");
        t.expect("SADD b 2 x", "(integer) 2");
        t.expect("SMOVE a b 1", "(integer) 1");
        expect_set(t, "SMEMBERS b", "1 2 x");
        t.expect("SMOVE a b nosuch", "(integer) 0");
        t.expect("SMOVE a a x", "(integer) 1");
        t.expect("SMOVE a a nosuch", "(integer) 0");
        t.expect("SMOVE a b x", "(integer) 1");
        t.expect("EXISTS a", "(integer) 0");
        t.expect("SMOVE a b x", "(integer) 0");
        t.expect("SMOVE b new 2", "(integer) 1");
        expect_set(t, "SMEMBERS new", "2");
        t.expect("SET str v", "OK");
        t.expect("SMOVE none str x", "(integer) 0");
        t.expect_error("SMOVE b str x", WRONGTYPE);
        t.expect_error("SMOVE str b x", WRONGTYPE);
        expect_set(t, "SMEMBERS b", "1 x");
    });
}

#[test]
fn encodings_follow_the_configuration() {
    both(|t| {
        t.config("set-max-intset-entries", "4");
        t.expect("SADD ints 1 2 -3 9223372036854775807", "(integer) 4");
        t.expect("OBJECT ENCODING ints", "\"intset\"");
        t.expect("SADD ints 5", "(integer) 1");
        t.expect("OBJECT ENCODING ints", "\"hashtable\"");
        t.expect("SREM ints 5 2", "(integer) 2");
        t.expect("OBJECT ENCODING ints", "\"hashtable\"");
        expect_set(t, "SMEMBERS ints", "-3 1 9223372036854775807");
        for (key, member) in [("word", "x"), ("zero", "01"), ("wide", "9223372036854775808")] {
            t.expect(&format!("SADD {key} 1 {member}"), "(integer) 2");
            t.expect(&format!("OBJECT ENCODING {key}"), "\"hashtable\"");
        }
        t.expect("TYPE word", "set");
    });
}

#[test]
fn small_and_large_sets_answer_alike() {
    both(|t| {
        for limit in ["0", "128"] {
            t.config("set-max-listpack-entries", limit);
            t.expect("FLUSHALL", "OK");
            t.expect("SADD s a b 12", "(integer) 3");
            t.expect("SADD s b", "(integer) 0");
            t.expect("SISMEMBER s 12", "(integer) 1");
            expect_set(t, "SMEMBERS s", "12 a b");
            t.expect("COPY s copy", "(integer) 1");
            t.expect("SREM copy a", "(integer) 1");
            expect_set(t, "SUNION s copy", "12 a b");
            expect_set(t, "SDIFF s copy", "a");
        }
    });
}

#[test]
fn sscan_shows_each_member_once() {
    both(|t| {
        let members: Vec<String> = (0..1000).map(|n| format!("m{n}")).collect();
        t.expect(&format!("SADD s {}", members.join(" ")), "(integer) 1000");
        let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
        loop {
            let page = t.run(&format!("SSCAN s {cursor} COUNT 50"));
            let nyala::resp::decode::Value::Array(mut page) = page else { panic!("{page:?}") };
            let nyala::resp::decode::Value::Array(members) = page.pop().expect("two") else { panic!() };
            let nyala::resp::decode::Value::Bulk(next) = page.pop().expect("two") else { panic!() };
            seen.extend(members.into_iter().map(|member| format!("{member:?}")));
            cursor = String::from_utf8(next).expect("digits");
            calls += 1;
            if cursor == "0" {
                break;
            }
        }
        assert!((19..=21).contains(&calls), "{calls}");
        assert_eq!(seen.len(), 1000);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 1000);

        t.expect("SADD small 1 2 x12", "(integer) 3");
        assert_eq!(sorted(t, "SSCAN small 0"), ["0", "1", "2", "x12"]);
        assert_eq!(sorted(t, "SSCAN small 0 MATCH *2 COUNT 1"), ["0", "2", "x12"]);
        assert_eq!(sorted(t, "SSCAN none 0 FOO"), ["0"]);
        t.expect_error("SSCAN small x", "ERR invalid cursor");
        t.expect_error("SSCAN small 0 FOO", SYNTAX);
        t.expect_error("SSCAN small 0 COUNT 0", SYNTAX);
        t.expect_error("SSCAN small 0 COUNT x", NOT_INTEGER);
    });
}

#[test]
fn other_types_are_refused() {
    both(|t| {
        t.expect("SET str v", "OK");
        for request in [
            "SADD str a",
            "SREM str a",
            "SCARD str",
            "SISMEMBER str a",
            "SMISMEMBER str a",
            "SMEMBERS str",
            "SSCAN str 0",
            "SPOP str",
            "SPOP str 1",
            "SPOP str 0",
            "SRANDMEMBER str",
            "SRANDMEMBER str 1",
            "SINTER none str",
            "SUNION none str",
            "SDIFF none str",
            "SINTERSTORE d none str",
            "SUNIONSTORE d str",
            "SDIFFSTORE d none str",
            "SINTERCARD 2 none str",
        ] {
            t.expect_error(request, WRONGTYPE);
        }
        t.expect("GET str", "\"v\"");
    });
}

#[test]
fn memory_is_counted() {
    both(|t| {
        t.expect("SADD ints 1 2 3", "(integer) 3");
        let small = t.integer("MEMORY USAGE ints");
        let members: Vec<String> = (0..5000).map(|n| format!("member:{n:08}")).collect();
        t.expect(&format!("SADD s {}", members.join(" ")), "(integer) 5000");
        let each = t.integer("MEMORY USAGE s") / 5000;
        assert!(small < 120 && (25..40).contains(&each), "{small} {each}");
    });
}

#[test]
fn digests_depend_on_the_members_alone() {
    both_with(&["--enable-debug-command", "yes"], |t| {
        t.expect("SADD a 1 2 3", "(integer) 3");
        t.expect("SADD b 3 x 2 1", "(integer) 4");
        assert_ne!(t.run("DEBUG DIGEST-VALUE a"), t.run("DEBUG DIGEST-VALUE b"));
        t.expect("SREM b x", "(integer) 1");
        assert_eq!(t.run("DEBUG DIGEST-VALUE a"), t.run("DEBUG DIGEST-VALUE b"));
        // As redis-server 7.0.15 computes it.
        t.expect("DEBUG DIGEST-VALUE a", "1) 2a462a3f51a1db89738ebbeef0c47ce1bbc85246");
    });
}
