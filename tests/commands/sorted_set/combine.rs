//! ZUNION, ZINTER, ZDIFF, their storing forms, ZINTERCARD.

use super::{dirty, expect_pairs};
use crate::harness::{Gate, both};

fn filled(t: &mut Gate) {
    t.expect("ZADD a 1 x 2 y 3 z", "(integer) 3");
    t.expect("ZADD b 10 y 20 z 30 w", "(integer) 3");
}

#[test]
fn unions_combine_scores() {
    both(|t| {
        filled(t);
        t.expect_list("ZUNION 2 a b", &["x", "y", "z", "w"]);
        expect_pairs(t, "ZUNION 2 a b WITHSCORES", &[("x", 1.0), ("y", 12.0), ("z", 23.0), ("w", 30.0)]);
        let weighted = [("x", 2.0), ("y", 9.0), ("w", 15.0), ("z", 16.0)];
        expect_pairs(t, "ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES", &weighted);
        let lowest = [("x", 1.0), ("y", 2.0), ("z", 3.0), ("w", 30.0)];
        expect_pairs(t, "ZUNION 2 a b AGGREGATE MIN WITHSCORES", &lowest);
        let highest = [("x", 1.0), ("y", 10.0), ("z", 20.0), ("w", 30.0)];
        expect_pairs(t, "ZUNION 3 a b none AGGREGATE max WITHSCORES", &highest);
        expect_pairs(t, "ZUNION 2 a a WITHSCORES", &[("x", 2.0), ("y", 4.0), ("z", 6.0)]);
    });
}

#[test]
fn intersections_and_differences() {
    both(|t| {
        filled(t);
        expect_pairs(t, "ZINTER 2 a b WITHSCORES", &[("y", 12.0), ("z", 23.0)]);
        expect_pairs(t, "ZINTER 2 b a WEIGHTS 1 0 AGGREGATE MIN WITHSCORES", &[("y", 0.0), ("z", 0.0)]);
        t.expect_list("ZINTER 2 a none", &[]);
        expect_pairs(t, "ZDIFF 2 a b WITHSCORES", &[("x", 1.0)]);
        t.expect_list("ZDIFF 2 b none", &["y", "z", "w"]);
        t.expect_list("ZDIFF 2 a a", &[]);
        t.expect_list("ZDIFF 2 none a", &[]);
        t.expect("ZINTERCARD 2 a b", "(integer) 2");
        t.expect("ZINTERCARD 2 a b LIMIT 1", "(integer) 1");
        t.expect("ZINTERCARD 2 a b LIMIT 0", "(integer) 2");
        t.expect("ZINTERCARD 2 a none", "(integer) 0");
    });
}

#[test]
fn sets_have_scores_of_one() {
    both(|t| {
        filled(t);
        t.expect("SADD s x y q", "(integer) 3");
        t.expect("SADD ints 1 2", "(integer) 2");
        expect_pairs(t, "ZINTER 2 a s WITHSCORES", &[("x", 2.0), ("y", 3.0)]);
        expect_pairs(t, "ZUNION 2 a s WEIGHTS 1 5 WITHSCORES", &[("z", 3.0), ("q", 5.0), ("x", 6.0), ("y", 7.0)]);
        expect_pairs(t, "ZDIFF 2 s a WITHSCORES", &[("q", 1.0)]);
        expect_pairs(t, "ZUNION 1 ints WITHSCORES", &[("1", 1.0), ("2", 1.0)]);
        t.expect("ZINTERCARD 2 s a", "(integer) 2");
    });
}

#[test]
fn infinities_that_cancel_out_make_zero() {
    both(|t| {
        t.expect("ZADD a inf m", "(integer) 1");
        t.expect("ZADD b -inf m", "(integer) 1");
        expect_pairs(t, "ZUNION 2 a b WITHSCORES", &[("m", 0.0)]);
        expect_pairs(t, "ZINTER 2 a b WITHSCORES", &[("m", 0.0)]);
        expect_pairs(t, "ZUNION 1 a WEIGHTS 0 WITHSCORES", &[("m", 0.0)]);
    });
}

#[test]
fn results_are_stored() {
    both(|t| {
        filled(t);
        t.expect("SET d x", "OK");
        t.expect("ZUNIONSTORE d 2 a b", "(integer) 4");
        expect_pairs(t, "ZRANGE d 0 1 WITHSCORES", &[("x", 1.0), ("y", 12.0)]);
        t.expect("EXPIRE d 100", "(integer) 1");
        t.expect("ZINTERSTORE d 2 a b WEIGHTS 1 2", "(integer) 2");
        expect_pairs(t, "ZRANGE d 0 -1 WITHSCORES", &[("y", 22.0), ("z", 43.0)]);
        t.expect("TTL d", "(integer) -1");
        t.expect("ZDIFFSTORE a 2 a b", "(integer) 1");
        expect_pairs(t, "ZRANGE a 0 -1 WITHSCORES", &[("x", 1.0)]);
        t.expect("ZINTERSTORE d 2 a none", "(integer) 0");
        t.expect("EXISTS d", "(integer) 0");
    });
    let mut t = Gate::new();
    filled(&mut t);
    assert_eq!((dirty(&mut t, "ZUNIONSTORE d 2 a b"), dirty(&mut t, "ZUNIONSTORE d 1 none")), (1, 1));
    assert_eq!(dirty(&mut t, "ZUNIONSTORE d 1 none"), 0);
}

#[test]
fn arguments_that_do_not_fit() {
    both(|t| {
        filled(t);
        for (name, shown) in [("ZUNION", "zunion"), ("ZINTERCARD", "zintercard")] {
            let text = format!("ERR at least 1 input key is needed for '{shown}' command");
            t.expect_error(&format!("{name} 0 a"), &text);
            t.expect_error(&format!("{name} -5 a"), &text);
        }
        t.expect_error("ZDIFFSTORE d 0 a", "ERR at least 1 input key is needed for 'zdiffstore' command");
        t.expect_error("ZUNION x a", "ERR value is not an integer or out of range");
        t.expect_error("ZUNION 2 a b WEIGHTS 1 x", "ERR weight value is not a float");
        t.expect_error("ZINTERCARD 2 a b LIMIT -1", "ERR LIMIT can't be negative");
        t.expect_error("ZINTERCARD 2 a b LIMIT x", "ERR LIMIT can't be negative");
        for request in [
            "ZUNION 3 a b",
            "ZUNION 2 a b WEIGHTS 1",
            "ZUNION 2 a b AGGREGATE",
            "ZUNION 2 a b AGGREGATE AVG",
            "ZUNION 2 a b LIMIT 1",
            "ZDIFF 2 a b WEIGHTS 1 2",
            "ZDIFF 2 a b AGGREGATE SUM",
            "ZUNIONSTORE d 2 a b WITHSCORES",
            "ZINTERCARD 2 a b WITHSCORES",
            "ZINTERCARD 2 a b LIMIT",
        ] {
            t.expect_error(request, "ERR syntax error");
        }
    });
}
