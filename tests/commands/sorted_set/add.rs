//! ZADD, ZINCRBY.

use super::{dirty, expect_pairs, expect_score};
use crate::harness::{Gate, both};

#[test]
fn members_are_added_and_moved() {
    both(|t| {
        t.expect("ZADD z 1 a 2 b", "(integer) 2");
        t.expect("ZADD z 3 a 4 c", "(integer) 1");
        t.expect("ZADD z 5 d 6 d", "(integer) 1");
        expect_pairs(t, "ZRANGE z 0 -1 WITHSCORES", &[("b", 2.0), ("a", 3.0), ("c", 4.0), ("d", 6.0)]);
        t.expect("ZADD z CH 3 a 9 b 7 e", "(integer) 2");
    });
}

#[test]
fn scores_are_floats_in_any_notation() {
    both(|t| {
        t.expect("ZADD z 0x10 hex 1e3 exp -inf low +Infinity high .5 half", "(integer) 5");
        let all = [("low", f64::NEG_INFINITY), ("half", 0.5), ("hex", 16.0), ("exp", 1000.0), ("high", f64::INFINITY)];
        expect_pairs(t, "ZRANGE z 0 -1 WITHSCORES", &all);
        for score in ["x", "nan", "\" 1\"", "1x", "\"\""] {
            t.expect_error(&format!("ZADD z 1 good {score} bad"), "ERR value is not a valid float");
        }
        t.expect("ZSCORE z good", "(nil)");
    });
}

#[test]
fn conditions_let_members_through() {
    both(|t| {
        t.expect("ZADD z 5 a", "(integer) 1");
        t.expect("ZADD z NX 9 a 1 b", "(integer) 1");
        t.expect("ZADD z XX 6 a 1 c", "(integer) 0");
        expect_pairs(t, "ZRANGE z 0 -1 WITHSCORES", &[("b", 1.0), ("a", 6.0)]);
        t.expect("ZADD z GT CH 5 a 2 b 3 new", "(integer) 2");
        t.expect("ZADD z LT CH 5 a 9 b", "(integer) 1");
        t.expect("ZADD z XX GT CH 7 a 7 other", "(integer) 1");
        expect_pairs(t, "ZRANGE z 0 -1 WITHSCORES", &[("b", 2.0), ("new", 3.0), ("a", 7.0)]);
        t.expect("ZADD none XX 1 a", "(integer) 0");
        t.expect("EXISTS none", "(integer) 0");
    });
}

#[test]
fn increments_answer_the_new_score() {
    both(|t| {
        expect_score(t, "ZADD z INCR 5 a", 5.0);
        expect_score(t, "ZADD z INCR -1.5 a", 3.5);
        expect_score(t, "ZINCRBY z 2 a", 5.5);
        t.expect("ZADD z NX INCR 1 a", "(nil)");
        t.expect("ZADD z XX INCR 1 b", "(nil)");
        t.expect("ZADD z GT INCR -1 a", "(nil)");
        t.expect("ZADD z LT INCR 1 a", "(nil)");
        expect_score(t, "ZINCRBY z 1 b", 1.0);
        t.expect_error("ZINCRBY z x a", "ERR value is not a valid float");
        t.expect("ZADD z inf top", "(integer) 1");
        t.expect_error("ZINCRBY z -inf top", "ERR resulting score is not a number (NaN)");
        expect_score(t, "ZSCORE z top", f64::INFINITY);
    });
}

#[test]
fn options_that_do_not_fit() {
    both(|t| {
        t.expect_error("ZADD z NX XX 1 a", "ERR XX and NX options at the same time are not compatible");
        for request in ["ZADD z NX GT 1 a", "ZADD z NX LT 1 a", "ZADD z GT LT 1 a"] {
            t.expect_error(request, "ERR GT, LT, and/or NX options at the same time are not compatible");
        }
        t.expect_error("ZADD z INCR 1 a 2 b", "ERR INCR option supports a single increment-element pair");
        for request in ["ZADD z 1 a 2", "ZADD z CH NX", "ZADD z NX CH 1"] {
            t.expect_error(request, "ERR syntax error");
        }
        t.expect_error("ZADD z 1", "ERR wrong number of arguments for 'zadd' command");
        t.expect("EXISTS z", "(integer) 0");
    });
}

#[test]
fn changes_are_counted_by_member() {
    let mut t = Gate::new();
    assert_eq!(dirty(&mut t, "ZADD z 1 a 2 b 3 c"), 3);
    assert_eq!(
        (dirty(&mut t, "ZADD z 1 a 5 b 9 d"), dirty(&mut t, "ZADD z 1 a"), dirty(&mut t, "ZADD z NX 7 a")),
        (2, 0, 0)
    );
    assert_eq!((dirty(&mut t, "ZINCRBY z 1 a"), dirty(&mut t, "ZINCRBY z 0 a")), (1, 0));
}
