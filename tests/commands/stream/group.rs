//! XGROUP, XREADGROUP, XPENDING.

use super::{INVALID_ID, NOT_INTEGER, SYNTAX, brief, fill, reads, says};
use crate::harness::both;

#[test]
fn groups_begin_where_they_are_told_to() {
    both(|t| {
        fill(t, 3);
        says(t, "XGROUP CREATE s all 0", "OK");
        says(t, "XGROUP CREATE s last $ ENTRIESREAD 3", "OK");
        says(t, "XGROUP CREATE s all 0", "-BUSYGROUP Consumer Group name already exists");
        says(t, "XREADGROUP GROUP last c STREAMS s >", "nil");
        reads(t, "XREADGROUP GROUP all c COUNT 1 STREAMS s >", &[("s", "[[1-0 [f v1]]]")]);
        reads(t, "XREADGROUP GROUP all d STREAMS s >", &[("s", "[[2-0 [f v2]] [3-0 [f v3]]]")]);
        says(t, "XGROUP SETID s all 1-0", "OK");
        // What others had pending moves to who reads it.
        reads(t, "XREADGROUP GROUP all e STREAMS s >", &[("s", "[[2-0 [f v2]] [3-0 [f v3]]]")]);
        says(t, "XPENDING s all", "[3 1-0 3-0 [[c 1] [e 2]]]");
        says(t, "XGROUP CREATE new g $ MKSTREAM", "OK");
        says(t, "XLEN new", "0");
        says(t, "XGROUP SETID s all $", "OK");
        says(t, "XGROUP SETID s all -", "OK");
        says(t, "XGROUP CREATE s x -", INVALID_ID);
    });
}

#[test]
fn keys_are_found_behind_the_word_that_can_be_an_option() {
    both(|t| {
        says(t, "COMMAND GETKEYS XREADGROUP GROUP g STREAMS STREAMS a b 0 0", "[a b]");
        says(t, "COMMAND GETKEYS XREADGROUP COUNT 5 GROUP g streams STREAMS a 0", "[a]");
        says(t, "COMMAND GETKEYS XREAD COUNT STREAMS STREAMS a 0", "[a]");
        // Where GROUP does not come first, the call is faulty; Redis looks for its keys nevertheless.
        says(t, "COMMAND GETKEYS XREADGROUP STREAMS GROUP g c COUNT 1 STREAMS a 0", "[a]");
    });
}

#[test]
fn unfit_groups() {
    both(|t| {
        fill(t, 1);
        let no_key = "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the \
                      MKSTREAM option to create an empty stream automatically.";
        for request in ["CREATE no g 0", "SETID no g 0", "DESTROY no g", "CREATECONSUMER no g c", "DELCONSUMER no g c"]
        {
            says(t, &format!("XGROUP {request}"), no_key);
        }
        for request in ["SETID s g 0", "CREATECONSUMER s g c", "DELCONSUMER s g c"] {
            says(t, &format!("XGROUP {request}"), "-NOGROUP No such consumer group 'g' for key name 's'");
        }
        says(t, "XGROUP DESTROY s g", "0");
        says(t, "XGROUP CREATE s g 0 ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1");
        says(t, "XGROUP CREATE s g 0 ENTRIESREAD x", NOT_INTEGER);
        let syntax = "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.";
        says(t, "XGROUP CREATE s g 0 x", syntax);
        says(t, "XGROUP CREATE s g 0 ENTRIESREAD", syntax);
        says(t, "XGROUP CREATE s g x", INVALID_ID);
        says(t, "XINFO GROUPS s", "[]");
    });
}

#[test]
fn consumers_come_and_go() {
    both(|t| {
        fill(t, 3);
        says(t, "XGROUP CREATE s g 0", "OK");
        says(t, "XGROUP CREATECONSUMER s g c", "1");
        says(t, "XGROUP CREATECONSUMER s g c", "0");
        t.run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        t.run("XREADGROUP GROUP g d STREAMS s >");
        says(t, "XGROUP DELCONSUMER s g c", "2");
        says(t, "XGROUP DELCONSUMER s g c", "0");
        says(t, "XPENDING s g", "[1 3-0 3-0 [[d 1]]]");
        says(t, "XGROUP CREATECONSUMER s g again", "1");
        says(t, "XPENDING s g - + 9 again", "[]");
        says(t, "XGROUP DESTROY s g", "1");
        says(t, "XPENDING s g", "-NOGROUP No such key 's' or consumer group 'g'");
    });
}

#[test]
fn consumers_see_their_own_history() {
    both(|t| {
        fill(t, 3);
        says(t, "XGROUP CREATE s g 0", "OK");
        reads(t, "XREADGROUP GROUP g c STREAMS s 0", &[("s", "[]")]);
        t.run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        t.run("XREADGROUP GROUP g d STREAMS s >");
        says(t, "XDEL s 1", "1");
        reads(t, "XREADGROUP GROUP g c STREAMS s 0", &[("s", "[[1-0 nil] [2-0 [f v2]]]")]);
        reads(t, "XREADGROUP GROUP g c COUNT 1 STREAMS s 1", &[("s", "[[2-0 [f v2]]]")]);
        t.advance_ms(7);
        says(t, "XPENDING s g - + 9", "[[1-0 c 7 1] [2-0 c 7 3] [3-0 d 7 1]]");
        says(t, "XACK s g 2", "1");
        reads(t, "XREADGROUP GROUP g c STREAMS s 1", &[("s", "[]")]);
    });
}

#[test]
fn noack_leaves_nothing_pending() {
    both(|t| {
        fill(t, 2);
        says(t, "XGROUP CREATE s g 0", "OK");
        reads(t, "XREADGROUP GROUP g c NOACK STREAMS s >", &[("s", "[[1-0 [f v1]] [2-0 [f v2]]]")]);
        says(t, "XPENDING s g", "[0 nil nil nil]");
        says(t, "XREADGROUP GROUP g c NOACK STREAMS s >", "nil");
    });
}

#[test]
fn several_streams_of_one_group() {
    both(|t| {
        fill(t, 2);
        says(t, "XADD u 7 a b", "7-0");
        says(t, "XGROUP CREATE s g 1", "OK");
        says(
            t,
            "XREADGROUP GROUP g c STREAMS s u > >",
            "-NOGROUP No such key 'u' or consumer group 'g' in XREADGROUP with GROUP option",
        );
        says(t, "XGROUP CREATE u g 0", "OK");
        reads(t, "XREADGROUP GROUP g c STREAMS s u > >", &[("s", "[[2-0 [f v2]]]"), ("u", "[[7-0 [a b]]]")]);
        reads(t, "XREADGROUP GROUP g c STREAMS s u > 0", &[("u", "[[7-0 [a b]]]")]);
        // A consumer of an unusual name, in front of the word that it is.
        reads(t, "XREADGROUP NOACK GROUP g STREAMS STREAMS u 0", &[("u", "[]")]);
    });
}

#[test]
fn unfit_reading() {
    both(|t| {
        fill(t, 1);
        says(t, "XGROUP CREATE s g 0", "OK");
        says(t, "XREADGROUP GROUP g c STREAMS s", "-ERR wrong number of arguments for 'xreadgroup' command");
        says(t, "XREADGROUP COUNT 1 NOACK NOACK STREAMS s >", "-ERR Missing GROUP option for XREADGROUP");
        says(
            t,
            "XREADGROUP GROUP g c STREAMS s $",
            "-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
             specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
        );
        says(t, "XREADGROUP GROUP g c STREAMS s x", INVALID_ID);
        says(t, "XREADGROUP GROUP g c WHAT STREAMS s >", SYNTAX);
        says(t, "XREADGROUP GROUP g c COUNT x STREAMS s >", NOT_INTEGER);
        says(t, "XREADGROUP GROUP g c CLAIM x STREAMS s >", "-ERR min-idle-time is not an integer");
        says(t, "XREADGROUP GROUP g c CLAIM -1 STREAMS s >", "-ERR min-idle-time must be a positive integer");
        says(t, "XINFO CONSUMERS s g", "[]");
    });
}

#[test]
fn claim_reads_what_waits_for_long_in_front_of_what_is_new() {
    both(|t| {
        fill(t, 4);
        says(t, "XGROUP CREATE s g 0", "OK");
        t.run("XREADGROUP GROUP g c COUNT 1 STREAMS s >");
        t.advance_ms(50);
        t.run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        t.advance_ms(50);
        says(t, "XDEL s 2", "1");
        says(t, "XCLAIM s g c 0 1 TIME 1 JUSTID", "[1-0]");
        let waited = t.now_ms() - 1;
        let claimed = format!("[[1-0 [f v1] {waited} 1] [3-0 [f v3] 50 1]]");
        reads(t, "XREADGROUP GROUP g d COUNT 2 CLAIM 50 STREAMS s >", &[("s", &claimed)]);
        reads(t, "XREADGROUP GROUP g d CLAIM 50 STREAMS s >", &[("s", "[[4-0 [f v4] 0 0]]")]);
        says(t, "XREADGROUP GROUP g d CLAIM 50 STREAMS s >", "nil");
        says(t, "XPENDING s g - + 9", "[[1-0 d 0 2] [3-0 d 0 2] [4-0 d 0 1]]");
        reads(t, "XREADGROUP GROUP g d CLAIM 0 NOACK COUNT 1 STREAMS s >", &[("s", "[[1-0 [f v1] 0 2]]")]);
        // For the history it means nothing.
        reads(t, "XREADGROUP GROUP g d CLAIM 9 COUNT 1 STREAMS s 0", &[("s", "[[1-0 [f v1]]]")]);
        says(t, "XREADGROUP GROUP g d CLAIM 9223372036854775807 STREAMS s >", "nil");
    });
}

#[test]
fn xpending_lists_and_filters() {
    both(|t| {
        fill(t, 4);
        says(t, "XGROUP CREATE s g 0", "OK");
        says(t, "XPENDING s g", "[0 nil nil nil]");
        says(t, "XPENDING s g - + 9", "[]");
        t.run("XREADGROUP GROUP g b COUNT 1 STREAMS s >");
        t.advance_ms(100);
        t.run("XREADGROUP GROUP g a STREAMS s >");
        says(t, "XPENDING s g", "[4 1-0 4-0 [[a 3] [b 1]]]");
        says(t, "XPENDING s g - + 2", "[[1-0 b 100 1] [2-0 a 0 1]]");
        says(t, "XPENDING s g (2 (4-0 9", "[[3-0 a 0 1]]");
        says(t, "XPENDING s g - + 9 a", "[[2-0 a 0 1] [3-0 a 0 1] [4-0 a 0 1]]");
        says(t, "XPENDING s g IDLE 50 - + 9", "[[1-0 b 100 1]]");
        says(t, "XPENDING s g IDLE 50 - + 9 a", "[]");
        says(t, "XPENDING s g - + 9 nobody", "[]");
        says(t, "XPENDING s g - + -1", "[]");
        says(t, "XPENDING s g + - 9", "[]");
        says(t, "XPENDING s g - +", SYNTAX);
        says(t, "XPENDING s g IDLE 5 - +", SYNTAX);
        says(t, "XPENDING s g - + x", NOT_INTEGER);
        says(t, "XPENDING s g x + 1", INVALID_ID);
        says(t, "XPENDING s g - (0-0 1", "-ERR invalid end ID for the interval");
        says(t, "XPENDING no g", "-NOGROUP No such key 'no' or consumer group 'g'");
        assert_eq!(brief(&t.run("XPENDING s no")), "-NOGROUP No such key 's' or consumer group 'no'");
    });
}
