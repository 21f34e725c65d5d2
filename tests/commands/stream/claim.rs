//! XCLAIM, XAUTOCLAIM.

use super::{INVALID_ID, SYNTAX, fill, says};
use crate::harness::{Gate, both};

const NO_GROUP: &str = "-NOGROUP No such key 's' or consumer group 'no'";

/// Entries 1-0 to 4-0, all of which `c` has had for 100 milliseconds.
fn pending(t: &mut Gate) {
    fill(t, 4);
    says(t, "XGROUP CREATE s g 0", "OK");
    t.run("XREADGROUP GROUP g c STREAMS s >");
    t.advance_ms(100);
}

#[test]
fn xclaim_takes_over_what_is_idle() {
    both(|t| {
        pending(t);
        says(t, "XCLAIM s g d 101 1 2", "[]");
        says(t, "XCLAIM s g d 100 1 2 9", "[[1-0 [f v1]] [2-0 [f v2]]]");
        says(t, "XCLAIM s g d 0 3 JUSTID", "[3-0]");
        says(t, "XPENDING s g - + 9", "[[1-0 d 0 2] [2-0 d 0 2] [3-0 d 0 1] [4-0 c 100 1]]");
        says(t, "XCLAIM s g e 0 4 IDLE 30 RETRYCOUNT 9", "[[4-0 [f v4]]]");
        says(t, "XPENDING s g 4 4 1", "[[4-0 e 30 9]]");
        says(t, "XCLAIM s g e -5 4 TIME 1 justid", "[4-0]");
        let waited = t.now_ms() - 1;
        says(t, "XPENDING s g 4 4 1", &format!("[[4-0 e {waited} 9]]"));
        // A time to come is none.
        says(t, "XCLAIM s g e 0 4 TIME 99999999999999 JUSTID", "[4-0]");
        says(t, "XPENDING s g 4 4 1", "[[4-0 e 0 9]]");
    });
}

#[test]
fn xclaim_may_make_entries_pending_and_moves_the_group() {
    both(|t| {
        fill(t, 3);
        says(t, "XGROUP CREATE s g 0", "OK");
        says(t, "XCLAIM s g c 0 1 2", "[]");
        says(t, "XCLAIM s g c 0 1 9 FORCE JUSTID", "[1-0]");
        says(t, "XCLAIM s g c 0 2 FORCE", "[[2-0 [f v2]]]");
        says(t, "XPENDING s g - + 9", "[[1-0 c 0 1] [2-0 c 0 2]]");
        says(t, "XCLAIM s g c 0 1 LASTID 2-0 JUSTID", "[1-0]");
        t.run("XREADGROUP GROUP g c STREAMS s >");
        says(t, "XPENDING s g", "[3 1-0 3-0 [[c 3]]]");
    });
}

#[test]
fn deleted_entries_are_pending_until_claimed() {
    both(|t| {
        pending(t);
        says(t, "XDEL s 1 3", "2");
        says(t, "XCLAIM s g d 0 1 2", "[[2-0 [f v2]]]");
        says(t, "XPENDING s g", "[3 2-0 4-0 [[c 2] [d 1]]]");
        says(t, "XAUTOCLAIM s g d 50 0", "[0-0 [[4-0 [f v4]]] [3-0]]");
        says(t, "XPENDING s g", "[2 2-0 4-0 [[d 2]]]");
    });
}

#[test]
fn xautoclaim_walks() {
    both(|t| {
        pending(t);
        says(t, "XAUTOCLAIM s g d 100 - COUNT 2", "[3-0 [[1-0 [f v1]] [2-0 [f v2]]] []]");
        says(t, "XAUTOCLAIM s g d 100 3 COUNT 1 JUSTID", "[4-0 [3-0] []]");
        says(t, "XAUTOCLAIM s g d 100 (3-0", "[0-0 [[4-0 [f v4]]] []]");
        says(t, "XAUTOCLAIM s g d 100 0", "[0-0 [] []]");
        says(t, "XPENDING s g - + 9", "[[1-0 d 0 2] [2-0 d 0 2] [3-0 d 0 1] [4-0 d 0 2]]");
        // Ten are looked at for each that may be claimed.
        t.run("DEL s");
        fill(t, 30);
        t.run("XGROUP CREATE s g 0");
        t.run("XREADGROUP GROUP g c STREAMS s >");
        says(t, "XAUTOCLAIM s g d 100 0 COUNT 2", "[21-0 [] []]");
    });
}

#[test]
fn unfit_claims() {
    both(|t| {
        pending(t);
        says(t, "XCLAIM s no c 0 x", NO_GROUP);
        says(t, "XAUTOCLAIM s no c 0 0", NO_GROUP);
        says(t, "XCLAIM s g c x 1", "-ERR Invalid min-idle-time argument for XCLAIM");
        says(t, "XAUTOCLAIM s g c x 0", "-ERR Invalid min-idle-time argument for XAUTOCLAIM");
        says(t, "XCLAIM s g c 0 1 x", "-ERR Unrecognized XCLAIM option 'x'");
        says(t, "XCLAIM s g c 0 1 FORCE 2", "-ERR Unrecognized XCLAIM option '2'");
        says(t, "XCLAIM s g c 0 1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM");
        says(t, "XCLAIM s g c 0 1 TIME x", "-ERR Invalid TIME option argument for XCLAIM");
        says(t, "XCLAIM s g c 0 1 RETRYCOUNT x", "-ERR Invalid RETRYCOUNT option argument for XCLAIM");
        says(t, "XCLAIM s g c 0 1 LASTID x", INVALID_ID);
        says(t, "XCLAIM s g c 0 1 LASTID", "-ERR Unrecognized XCLAIM option 'LASTID'");
        says(t, "XAUTOCLAIM s g c 0 x", INVALID_ID);
        says(t, "XAUTOCLAIM s g c 0 0 COUNT 0", "-ERR COUNT must be > 0");
        says(t, "XAUTOCLAIM s g c 0 0 COUNT x", "-ERR COUNT must be > 0");
        says(
            t,
            "XAUTOCLAIM s g c 0 0 COUNT 576460752303423487",
            "-ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
        );
        says(t, "XAUTOCLAIM s g c 0 0 x", SYNTAX);
        says(
            t,
            "XAUTOCLAIM s g c 0 (18446744073709551615-18446744073709551615",
            "-ERR invalid start ID for the interval",
        );
    });
}
