//! XTRIM, and what XADD trims.

use super::{INVALID_ID, NOT_INTEGER, SYNTAX, fill, says};
use crate::harness::both;

#[test]
fn exact_trimming_leaves_what_was_asked_for() {
    both(|t| {
        fill(t, 9);
        says(t, "XTRIM s MAXLEN 7", "2");
        says(t, "XTRIM s MAXLEN = 7", "0");
        says(t, "XTRIM s MINID 5", "2");
        says(t, "XTRIM s MINID = 5-0", "0");
        says(t, "XRANGE s - + COUNT 1", "[[5-0 [f v5]]]");
        says(t, "XADD s MAXLEN 2 20 f v", "20-0");
        says(t, "XRANGE s - +", "[[9-0 [f v9]] [20-0 [f v]]]");
        says(t, "XADD s MINID 21 22 f v", "22-0");
        says(t, "XLEN s", "1");
        says(t, "XTRIM s MAXLEN 0", "1");
        says(t, "XLEN s", "0");
        says(t, "EXISTS s", "1");
        says(t, "XTRIM no MAXLEN 0", "0");
        says(t, "XADD s MAXLEN 0 30 f v", "30-0");
        says(t, "XLEN s", "0");
    });
}

#[test]
fn approximate_trimming_takes_whole_nodes() {
    both(|t| {
        t.config("stream-node-max-entries", "10");
        fill(t, 55);
        says(t, "XTRIM s MAXLEN ~ 36", "10");
        says(t, "XTRIM s MAXLEN ~ 35", "10");
        says(t, "XTRIM s MINID ~ 40", "10");
        says(t, "XTRIM s MINID ~ 41", "10");
        says(t, "XLEN s", "15");
        says(t, "XADD s MAXLEN ~ 6 60 f v", "60-0");
        says(t, "XLEN s", "6");
        t.config("stream-node-max-entries", "100");
    });
}

#[test]
fn limits_end_approximate_trimming() {
    both(|t| {
        t.config("stream-node-max-entries", "3");
        fill(t, 12);
        says(t, "XTRIM s MAXLEN ~ 0 LIMIT 2", "0");
        says(t, "XTRIM s MAXLEN ~ 0 LIMIT 7", "6");
        says(t, "XTRIM s MAXLEN ~ 0 LIMIT 0", "6");
    });
}

#[test]
fn nodes_are_full_by_bytes_too() {
    both(|t| {
        t.config("stream-node-max-bytes", "100");
        fill(t, 20);
        // Seven entries to a node, as in Redis.
        says(t, "XTRIM s MAXLEN ~ 11", "7");
    });
}

#[test]
fn unfit_options() {
    both(|t| {
        fill(t, 3);
        let both_ways = "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
        let no_tilde = "-ERR syntax error, LIMIT cannot be used without the special ~ option";
        says(t, "XTRIM s MAXLEN 1 MINID 3", both_ways);
        says(t, "XADD s MAXLEN 1 MAXLEN 3 * f v", both_ways);
        says(t, "XTRIM s MAXLEN -1", "-ERR The MAXLEN argument must be >= 0.");
        says(t, "XTRIM s MAXLEN x", NOT_INTEGER);
        says(t, "XTRIM s MINID x", INVALID_ID);
        says(t, "XTRIM s MAXLEN ~ 1 LIMIT -1", "-ERR The LIMIT argument must be >= 0.");
        says(t, "XTRIM s MAXLEN 1 LIMIT 5", no_tilde);
        says(t, "XADD s LIMIT 0 * f v", no_tilde);
        says(
            t,
            "XADD s LIMIT 5 * f v",
            "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
        );
        says(t, "XTRIM s KEEPREF ACKED", SYNTAX);
        says(t, "XTRIM s KEEPREF DELREF MAXLEN 1", SYNTAX);
        says(t, "XTRIM s x y", SYNTAX);
        says(t, "XTRIM s x", "-ERR wrong number of arguments for 'xtrim' command");
        says(t, "XTRIM s ACKED KEEPREF", SYNTAX);
        says(t, "XTRIM s LIMIT 0 ACKED", "-ERR syntax error, XTRIM must be called with a trimming strategy");
        says(t, "XLEN s", "3");
    });
}

#[test]
fn references_keep_entries_or_go_with_them() {
    both(|t| {
        fill(t, 5);
        says(t, "XGROUP CREATE s g 0", "OK");
        says(t, "XADD s MAXLEN = 1 ACKED 6 f v", "6-0");
        says(t, "XLEN s", "6");
        t.run("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
        says(t, "XACK s g 1 3", "2");
        says(t, "XTRIM s MAXLEN 1 ACKED", "2");
        says(t, "XRANGE s - 4", "[[2-0 [f v2]] [4-0 [f v4]]]");
        says(t, "XTRIM s MINID 3", "1");
        says(t, "XPENDING s g", "[1 2-0 2-0 [[c 1]]]");
        t.run("XREADGROUP GROUP g c STREAMS s >");
        says(t, "XTRIM s MINID 5 DELREF", "1");
        says(t, "XPENDING s g", "[3 2-0 6-0 [[c 3]]]");
        says(t, "XADD s DELREF MAXLEN 0 7 f v", "7-0");
        says(t, "XPENDING s g", "[1 2-0 2-0 [[c 1]]]");
    });
}
