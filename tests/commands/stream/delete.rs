//! XDEL, XACK, XDELEX, XACKDEL.

use super::{INVALID_ID, SYNTAX, fill, says};
use crate::harness::{Gate, both};

/// Entries 1-0 to 4-0, of which two groups have read three.
fn read_by_two(t: &mut Gate) {
    fill(t, 4);
    for group in ["g", "h"] {
        says(t, &format!("XGROUP CREATE s {group} 0"), "OK");
        t.run(&format!("XREADGROUP GROUP {group} c COUNT 3 STREAMS s >"));
    }
}

#[test]
fn xdel_deletes_what_is_there() {
    both(|t| {
        fill(t, 4);
        says(t, "XDEL s 2 9 2-0 3", "2");
        says(t, "XRANGE s - +", "[[1-0 [f v1]] [4-0 [f v4]]]");
        says(t, "XDEL s 1 x", INVALID_ID);
        says(t, "XLEN s", "2");
        says(t, "XDEL no x", "0");
        says(t, "XDEL s 1 4", "2");
        says(t, "EXISTS s", "1");
        says(t, "XADD s 4 f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
    });
}

#[test]
fn xack_takes_off_what_is_pending() {
    both(|t| {
        read_by_two(t);
        says(t, "XACK s g 1 1 4 2", "2");
        says(t, "XPENDING s g", "[1 3-0 3-0 [[c 1]]]");
        says(t, "XPENDING s h", "[3 1-0 3-0 [[c 3]]]");
        says(t, "XACK s g 3 x", INVALID_ID);
        says(t, "XACK s g 3", "1");
        says(t, "XPENDING s g", "[0 nil nil nil]");
        says(t, "XACK s no x", "0");
        says(t, "XACK no g x", "0");
    });
}

#[test]
fn xdelex_tells_of_each_id() {
    both(|t| {
        read_by_two(t);
        says(t, "XDELEX s ACKED IDS 3 1 4 9", "[2 2 -1]");
        says(t, "XACK s g 1", "1");
        says(t, "XDELEX s ACKED IDS 1 1", "[2]");
        says(t, "XACK s h 1", "1");
        says(t, "XDELEX s ACKED IDS 1 1", "[1]");
        says(t, "XDELEX s DELREF IDS 2 2 2", "[1 -1]");
        says(t, "XPENDING s g", "[1 3-0 3-0 [[c 1]]]");
        says(t, "XDELEX s IDS 1 3", "[1]");
        says(t, "XPENDING s h", "[1 3-0 3-0 [[c 1]]]");
        says(t, "XDELEX s DELREF IDS 1 3", "[-1]");
        says(t, "XPENDING s h", "[0 nil nil nil]");
        says(t, "XDELEX s keepref IDS 1 4", "[1]");
        says(t, "XLEN s", "0");
        says(t, "XDELEX no IDS 2 1-1 2", "[-1 -1]");
    });
}

#[test]
fn xackdel_acknowledges_first() {
    both(|t| {
        read_by_two(t);
        says(t, "XACKDEL s g ACKED IDS 2 1 4", "[2 -1]");
        says(t, "XACKDEL s h ACKED IDS 1 1", "[1]");
        says(t, "XACKDEL s g DELREF IDS 1 2", "[1]");
        says(t, "XPENDING s h", "[1 3-0 3-0 [[c 1]]]");
        says(t, "XACKDEL s g IDS 1 3", "[1]");
        says(t, "XPENDING s h", "[1 3-0 3-0 [[c 1]]]");
        says(t, "XRANGE s - +", "[[4-0 [f v4]]]");
        says(t, "XACKDEL s no IDS 1 4", "[-1]");
        says(t, "XACKDEL no g IDS 2 4 5", "[-1 -1]");
    });
}

#[test]
fn lists_of_ids_say_how_many_they_are() {
    both(|t| {
        fill(t, 1);
        let positive = "-ERR Number of IDs must be a positive integer";
        for request in ["XDELEX s", "XACKDEL s g"] {
            for count in ["x", "0", "-5"] {
                says(t, &format!("{request} IDS {count} 1"), positive);
            }
            let mismatch = "-ERR The `numids` parameter must match the number of arguments";
            says(t, &format!("{request} IDS 3 1 2"), mismatch);
            says(t, &format!("{request} IDS 1 1 2"), SYNTAX);
            says(t, &format!("{request} KEEPREF DELREF IDS 1 1"), SYNTAX);
            says(t, &format!("{request} WHAT IDS 1 1"), SYNTAX);
            says(t, &format!("{request} IDS 1 x"), INVALID_ID);
        }
        says(t, "XLEN s", "1");
    });
}
