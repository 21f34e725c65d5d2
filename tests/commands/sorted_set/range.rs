//! ZRANGE and its old forms, ZRANGESTORE.

use super::{dirty, expect_pairs};
use crate::harness::{Gate, both};

const LETTERS: &str = "ZADD z 1 a 2 b 3 c 4 d 5 e";
const NAMES: &str = "ZADD l 0 alpha 0 bar 0 cool 0 down 0 elephant 0 foo";

/// On a small and on a large set.
fn both_forms(mut case: impl FnMut(&mut Gate)) {
    for entries in ["128", "0"] {
        both(|t| {
            t.config("zset-max-listpack-entries", entries);
            t.expect(LETTERS, "(integer) 5");
            t.expect(NAMES, "(integer) 6");
            case(t);
        });
    }
}

#[test]
fn by_rank() {
    both_forms(|t| {
        t.expect_list("ZRANGE z 0 -1", &["a", "b", "c", "d", "e"]);
        t.expect_list("ZRANGE z 1 2", &["b", "c"]);
        t.expect_list("ZRANGE z -2 100", &["d", "e"]);
        t.expect_list("ZRANGE z -100 0", &["a"]);
        t.expect_list("ZRANGE z 3 1", &[]);
        t.expect_list("ZRANGE z 5 9", &[]);
        t.expect_list("ZRANGE z 0 1 REV", &["e", "d"]);
        t.expect_list("ZREVRANGE z 1 -2", &["d", "c", "b"]);
        expect_pairs(t, "ZREVRANGE z 0 1 WITHSCORES", &[("e", 5.0), ("d", 4.0)]);
        expect_pairs(t, "ZRANGE z 0 0 WITHSCORES", &[("a", 1.0)]);
        t.expect_list("ZRANGE none 0 -1", &[]);
        t.expect_list("ZRANGE z 0 0 LIMIT 0 -1", &["a"]);
    });
}

#[test]
fn by_score() {
    both_forms(|t| {
        t.expect_list("ZRANGE z 2 4 BYSCORE", &["b", "c", "d"]);
        t.expect_list("ZRANGE z (2 (4 BYSCORE", &["c"]);
        t.expect_list("ZRANGE z -inf +inf BYSCORE LIMIT 1 2", &["b", "c"]);
        t.expect_list("ZRANGE z -inf +inf BYSCORE LIMIT 3 -1", &["d", "e"]);
        t.expect_list("ZRANGE z -inf +inf BYSCORE LIMIT -1 2", &[]);
        t.expect_list("ZRANGE z -inf +inf BYSCORE LIMIT 9 2", &[]);
        t.expect_list("ZRANGE z 4 2 BYSCORE REV", &["d", "c", "b"]);
        t.expect_list("ZRANGE z 2 4 BYSCORE REV", &[]);
        t.expect_list("ZRANGEBYSCORE z 4 9", &["d", "e"]);
        t.expect_list("ZRANGEBYSCORE z 9 4", &[]);
        t.expect_list("ZREVRANGEBYSCORE z +inf (2 LIMIT 1 1", &["d"]);
        expect_pairs(t, "ZREVRANGEBYSCORE z 2 1 WITHSCORES", &[("b", 2.0), ("a", 1.0)]);
        expect_pairs(t, "ZRANGEBYSCORE z 1 2 WITHSCORES LIMIT 1 5", &[("b", 2.0)]);
    });
}

/// Redis does not say what these ranges are, but applications see what it does.
#[test]
fn by_name_where_scores_differ() {
    both(|t| {
        t.run("ZADD mixed -2.5 2 5.75 a 6.25 @ 7 b");
        t.expect_list("ZRANGEBYLEX mixed [a [a", &["a", "@"]);
        t.expect_list("ZREVRANGEBYLEX mixed [a [@", &["@", "a"]);
        t.expect_list("ZRANGEBYLEX mixed (b +", &[]);
        t.run("ZREM mixed b");
        t.expect("ZREMRANGEBYLEX mixed [a (b", "(integer) 0");
    });
}

#[test]
fn by_name() {
    both_forms(|t| {
        t.expect_list("ZRANGEBYLEX l - [cool", &["alpha", "bar", "cool"]);
        t.expect_list("ZRANGEBYLEX l (bar (down", &["cool"]);
        t.expect_list("ZRANGEBYLEX l + -", &[]);
        t.expect_list("ZRANGEBYLEX l [e +", &["elephant", "foo"]);
        t.expect_list("ZRANGEBYLEX l - + LIMIT 1 2", &["bar", "cool"]);
        t.expect_list("ZREVRANGEBYLEX l + [down", &["foo", "elephant", "down"]);
        t.expect_list("ZREVRANGEBYLEX l (foo - LIMIT 1 2", &["down", "cool"]);
        t.expect_list("ZRANGE l [a [b BYLEX", &["alpha"]);
        t.expect_list("ZRANGE l [b [a BYLEX REV", &["alpha"]);
    });
}

#[test]
fn options_that_do_not_fit() {
    both_forms(|t| {
        let no_limit = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
        t.expect_error("ZRANGE z 0 -1 LIMIT 0 1", no_limit);
        t.expect_error("ZREVRANGE z 0 -1 LIMIT 0 1", no_limit);
        let no_scores = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
        t.expect_error("ZRANGE l - + BYLEX WITHSCORES", no_scores);
        t.expect_error("ZRANGEBYLEX l - + WITHSCORES", no_scores);
        for request in [
            "ZRANGE z 0 1 BYLEX BYSCORE",
            "ZRANGE z 0 1 BYSCORE LIMIT 0",
            "ZRANGE z 0 1 foo",
            "ZREVRANGE z 0 1 REV",
            "ZRANGEBYSCORE z 0 1 BYSCORE",
            "ZRANGESTORE d z 0 1 WITHSCORES",
        ] {
            t.expect_error(request, "ERR syntax error");
        }
        t.expect_error("ZRANGE z a 1", "ERR value is not an integer or out of range");
        t.expect_error("ZRANGE z 0 1 BYSCORE LIMIT a 1", "ERR value is not an integer or out of range");
        t.expect_error("ZRANGEBYSCORE z x 1", "ERR min or max is not a float");
        t.expect_error("ZRANGE z 1 nan BYSCORE", "ERR min or max is not a float");
        t.expect_error("ZRANGEBYLEX l a +", "ERR min or max not valid string range item");
        t.expect_error("ZRANGEBYLEX none - b", "ERR min or max not valid string range item");
    });
}

#[test]
fn ranges_are_stored() {
    both_forms(|t| {
        t.expect("ZRANGESTORE d z 1 3", "(integer) 3");
        expect_pairs(t, "ZRANGE d 0 -1 WITHSCORES", &[("b", 2.0), ("c", 3.0), ("d", 4.0)]);
        t.expect("ZRANGESTORE d z (1 +inf BYSCORE LIMIT 1 2", "(integer) 2");
        t.expect_list("ZRANGE d 0 -1", &["c", "d"]);
        t.expect("ZRANGESTORE d l [c [dz BYLEX", "(integer) 2");
        t.expect_list("ZRANGE d 0 -1", &["cool", "down"]);
        t.expect("ZRANGESTORE z z 0 1 REV", "(integer) 2");
        t.expect_list("ZRANGE z 0 -1", &["d", "e"]);
        t.expect("SET d x", "OK");
        t.expect("ZRANGESTORE d none 0 -1", "(integer) 0");
        t.expect("EXISTS d", "(integer) 0");
    });
    let mut t = Gate::new();
    t.run(LETTERS);
    assert_eq!((dirty(&mut t, "ZRANGESTORE d z 0 -1"), dirty(&mut t, "ZRANGESTORE d z 9 9")), (1, 1));
    assert_eq!(dirty(&mut t, "ZRANGESTORE d z 9 9"), 0);
}

#[test]
fn long_ranges_leave_the_worker() {
    let mut t = Gate::new();
    for from in (0..30_000).step_by(1000) {
        let members: String = (from..from + 1000).map(|n| format!(" {n} m{n}")).collect();
        t.run(&format!("ZADD z{members}"));
    }
    t.expect("ZCARD z", "(integer) 30000");
    assert_eq!(t.run("ZRANGE z 0 -1"), t.run("ZRANGEBYSCORE z -inf inf"));
    t.expect_list("ZRANGE z 12345 12346", &["m12345", "m12346"]);
    t.expect_list("ZRANGE z 1 0 REV", &[]);
    t.expect("ZRANK z m20000", "(integer) 20000");
    t.expect("ZREMRANGEBYRANK z 1 29998", "(integer) 29998");
    t.expect_list("ZRANGE z 0 -1", &["m0", "m29999"]);
}
