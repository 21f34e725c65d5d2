//! SINTER, SUNION, SDIFF, their STORE forms, and SINTERCARD.

use super::{SYNTAX, expect_set};
use crate::harness::{Gate, both};

fn fill(t: &mut Gate) {
    t.expect("SADD a 1 2 3 4", "(integer) 4");
    t.expect("SADD b 3 4 5 x", "(integer) 4");
    t.expect("SADD c 4 x y", "(integer) 3");
}

#[test]
fn results_are_shown() {
    both(|t| {
        fill(t);
        expect_set(t, "SINTER a", "1 2 3 4");
        expect_set(t, "SINTER a b", "3 4");
        expect_set(t, "SINTER a b c", "4");
        expect_set(t, "SINTER b b", "3 4 5 x");
        expect_set(t, "SINTER a none", "");
        expect_set(t, "SUNION a b c", "1 2 3 4 5 x y");
        expect_set(t, "SUNION none b none", "3 4 5 x");
        expect_set(t, "SUNION none", "");
        expect_set(t, "SDIFF a b", "1 2");
        expect_set(t, "SDIFF b a none c", "5");
        expect_set(t, "SDIFF a a", "");
        expect_set(t, "SDIFF none a", "");
    });
}

#[test]
fn results_are_stored() {
    both(|t| {
        fill(t);
        t.expect("SINTERSTORE d a b", "(integer) 2");
        expect_set(t, "SMEMBERS d", "3 4");
        t.expect("OBJECT ENCODING d", "\"intset\"");
        t.expect("EXPIRE d 100", "(integer) 1");
        t.expect("SUNIONSTORE d a c", "(integer) 6");
        t.expect("TTL d", "(integer) -1");
        t.expect("OBJECT ENCODING d", "\"hashtable\"");
        t.expect("SDIFFSTORE d b a c", "(integer) 1");
        expect_set(t, "SMEMBERS d", "5");
        t.expect("SINTERSTORE d a none", "(integer) 0");
        t.expect("EXISTS d", "(integer) 0");
        t.expect("SDIFFSTORE d none", "(integer) 0");
        t.expect("SUNIONSTORE a a b", "(integer) 6");
        expect_set(t, "SMEMBERS a", "1 2 3 4 5 x");
        t.expect("SET str v", "OK");
        t.expect("SUNIONSTORE str c", "(integer) 3");
        t.expect("TYPE str", "set");
    });
}

#[test]
fn sintercard_counts_up_to_a_limit() {
    both(|t| {
        fill(t);
        t.expect("SINTERCARD 2 a b", "(integer) 2");
        t.expect("SINTERCARD 1 a", "(integer) 4");
        t.expect("SINTERCARD 2 a b LIMIT 1", "(integer) 1");
        t.expect("SINTERCARD 2 a b limit 0", "(integer) 2");
        t.expect("SINTERCARD 2 a b LIMIT 10", "(integer) 2");
        t.expect("SINTERCARD 2 a none", "(integer) 0");
        for numkeys in ["0", "-1", "x"] {
            t.expect_error(&format!("SINTERCARD {numkeys} a"), "ERR numkeys should be greater than 0");
        }
        t.expect_error("SINTERCARD 3 a b", "ERR Number of keys can't be greater than number of args");
        t.expect_error("SINTERCARD 2 a b LIMIT -1", "ERR LIMIT can't be negative");
        t.expect_error("SINTERCARD 2 a b LIMIT x", "ERR LIMIT can't be negative");
        t.expect_error("SINTERCARD 2 a b LIMIT", SYNTAX);
        t.expect_error("SINTERCARD 1 a b", SYNTAX);
    });
}

#[test]
fn large_sets_of_every_form() {
    both(|t| {
        let numbers = |from: usize, to: usize| (from..to).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        t.expect(&format!("SADD a {}", numbers(0, 400)), "(integer) 400");
        t.expect(&format!("SADD b {} x", numbers(300, 1500)), "(integer) 1201");
        t.expect(&format!("SADD c {}", numbers(350, 360)), "(integer) 10");
        t.expect("SINTERSTORE d a b", "(integer) 100");
        t.expect("SINTERCARD 3 a b c", "(integer) 10");
        t.expect("SUNIONSTORE d a b c", "(integer) 1501");
        t.expect("SDIFFSTORE d b a", "(integer) 1101");
        // The other way to a difference: many small sets are crossed out.
        t.expect("SDIFFSTORE d b c c c c c", "(integer) 1191");
    });
}
