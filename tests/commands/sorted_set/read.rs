//! ZCARD, ZCOUNT, ZLEXCOUNT, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZSCAN.

use nyala::resp::decode::Value;

use super::{expect_score, score};
use crate::harness::both;

#[test]
fn counts() {
    both(|t| {
        t.expect("ZADD z 1 a 2 b 3 c", "(integer) 3");
        t.expect("ZCARD z", "(integer) 3");
        t.expect("ZCARD none", "(integer) 0");
        t.expect("ZCOUNT z 1 (3", "(integer) 2");
        t.expect("ZCOUNT z (1 inf", "(integer) 2");
        t.expect("ZCOUNT z 3 1", "(integer) 0");
        t.expect("ZCOUNT none 1 2", "(integer) 0");
        t.expect_error("ZCOUNT none x 2", "ERR min or max is not a float");
        t.expect("ZADD l 0 a 0 b 0 c", "(integer) 3");
        t.expect("ZLEXCOUNT l - (c", "(integer) 2");
        t.expect("ZLEXCOUNT l [b +", "(integer) 2");
        t.expect("ZLEXCOUNT l + -", "(integer) 0");
        t.expect_error("ZLEXCOUNT none a +", "ERR min or max not valid string range item");
    });
}

#[test]
fn scores() {
    both(|t| {
        t.expect("ZADD z 1.5 a -inf b", "(integer) 2");
        expect_score(t, "ZSCORE z a", 1.5);
        expect_score(t, "ZSCORE z b", f64::NEG_INFINITY);
        t.expect("ZSCORE z none", "(nil)");
        t.expect("ZSCORE none a", "(nil)");
        let null = if t.protocol() == 3 { Value::Null } else { Value::NullBulk };
        let expected = Value::Array(vec![score(t, 1.5), null.clone(), score(t, f64::NEG_INFINITY)]);
        assert_eq!(t.run("ZMSCORE z a none b"), expected);
        assert_eq!(t.run("ZMSCORE none a b"), Value::Array(vec![null.clone(), null]));
    });
}

#[test]
fn ranks() {
    for entries in ["128", "0"] {
        both(|t| {
            t.config("zset-max-listpack-entries", entries);
            t.expect("ZADD z 1 a 2.5 b 2.5 c", "(integer) 3");
            t.expect("ZRANK z a", "(integer) 0");
            t.expect("ZRANK z c", "(integer) 2");
            t.expect("ZREVRANK z c", "(integer) 0");
            t.expect("ZREVRANK z a", "(integer) 2");
            t.expect_in("ZRANK z b WITHSCORE", "1) (integer) 1\n2) \"2.5\"", "1) (integer) 1\n2) (double) 2.5");
            t.expect_in("ZREVRANK z a withscore", "1) (integer) 2\n2) \"1\"", "1) (integer) 2\n2) (double) 1");
            t.expect_raw("ZRANK z none", if t.protocol() == 3 { "_\r\n" } else { "$-1\r\n" });
            t.expect_raw("ZRANK z none WITHSCORE", if t.protocol() == 3 { "_\r\n" } else { "*-1\r\n" });
            t.expect("ZREVRANK none a", "(nil)");
            t.expect_error("ZRANK z a SCORE", "ERR syntax error");
            t.expect_error("ZRANK z a WITHSCORE x", "ERR wrong number of arguments for 'zrank' command");
        });
    }
}

#[test]
fn scans_show_every_member_once() {
    both(|t| {
        t.expect("ZADD small 1.5 a 2 b", "(integer) 2");
        t.expect("ZSCAN small 0", "1) \"0\"\n2) 1) \"a\"\n2) \"1.5\"\n3) \"b\"\n4) \"2\"");
        t.expect("ZSCAN small 0 MATCH b COUNT 1", "1) \"0\"\n2) 1) \"b\"\n2) \"2\"");
        t.expect("ZSCAN small 0 NOSCORES", "1) \"0\"\n2) 1) \"a\"\n2) \"b\"");
        t.expect("ZSCAN none 0 foo", "1) \"0\"\n2) (empty array)");
        t.expect_error("ZSCAN small 0 NOVALUES", "ERR syntax error");
        t.expect_error("ZSCAN small 0 COUNT 0", "ERR syntax error");
        t.expect_error("ZSCAN small x", "ERR invalid cursor");

        for n in 0..1000 {
            t.run(&format!("ZADD large {n} member:{n}"));
        }
        let (mut cursor, mut seen) = ("0".to_owned(), Vec::new());
        loop {
            let Value::Array(page) = t.run(&format!("ZSCAN large {cursor} COUNT 50 NOSCORES")) else {
                panic!("a page")
            };
            let [Value::Bulk(next), Value::Array(members)] = &page[..] else { panic!("{page:?}") };
            assert!(members.len() < 1000, "a page is not everything");
            seen.extend(members.iter().map(|member| format!("{member:?}")));
            cursor = String::from_utf8(next.clone()).unwrap();
            if cursor == "0" {
                break;
            }
        }
        seen.sort();
        let len = seen.len();
        seen.dedup();
        assert_eq!((len, seen.len()), (1000, 1000));
    });
}
