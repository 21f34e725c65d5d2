//! LMOVE, RPOPLPUSH, LMPOP.

use super::{SYNTAX, elements};
use crate::harness::both;

#[test]
fn an_element_moves_between_any_two_ends() {
    both(|t| {
        for (from, to, moved, left) in
            [("LEFT", "LEFT", "a x", "b c"), ("LEFT", "RIGHT", "x a", "b c"), ("RIGHT", "left", "c x", "a b")]
        {
            t.run("DEL s d");
            t.run("RPUSH s a b c");
            t.run("RPUSH d x");
            let element = if from == "LEFT" { "\"a\"" } else { "\"c\"" };
            t.expect(&format!("LMOVE s d {from} {to}"), element);
            assert_eq!((elements(t, "s"), elements(t, "d")), (left.to_owned(), moved.to_owned()));
        }
        t.expect("RPOPLPUSH s new", "\"b\"");
        t.expect("RPOPLPUSH s new", "\"a\"");
        assert_eq!(elements(t, "new"), "a b");
        t.expect("EXISTS s", "(integer) 0");
        let null = if t.protocol() == 3 { "_\r\n" } else { "$-1\r\n" };
        t.expect_raw("LMOVE s new LEFT LEFT", null);
        t.expect("RPOPLPUSH s new", "(nil)");
        t.expect_error("LMOVE new s UP LEFT", SYNTAX);
        t.expect_error("LMOVE new s LEFT UP", SYNTAX);
    });
}

#[test]
fn a_list_is_rotated_within_itself() {
    both(|t| {
        t.run("RPUSH l a b c");
        t.expect("LMOVE l l LEFT RIGHT", "\"a\"");
        t.expect("RPOPLPUSH l l", "\"a\"");
        t.expect("LMOVE l l LEFT LEFT", "\"a\"");
        assert_eq!(elements(t, "l"), "a b c");
        t.run("RPUSH one x");
        t.expect("LMOVE one one RIGHT LEFT", "\"x\"");
        assert_eq!(elements(t, "one"), "x");
    });
}

#[test]
fn lmpop_takes_from_the_first_list_there_is() {
    both(|t| {
        t.run("RPUSH l a b c d");
        t.expect("LMPOP 2 no l LEFT", "1) \"l\"\n2) 1) \"a\"");
        t.expect("LMPOP 2 l no RIGHT COUNT 2", "1) \"l\"\n2) 1) \"d\"\n   2) \"c\"");
        t.expect("LMPOP 1 l right COUNT 10", "1) \"l\"\n2) 1) \"b\"");
        t.expect("EXISTS l", "(integer) 0");
        let null = if t.protocol() == 3 { "_\r\n" } else { "*-1\r\n" };
        t.expect_raw("LMPOP 1 l LEFT", null);
        for numkeys in ["0", "-1", "x"] {
            t.expect_error(&format!("LMPOP {numkeys} l LEFT"), "ERR numkeys should be greater than 0");
        }
        for count in ["0", "-1", "x"] {
            t.expect_error(&format!("LMPOP 1 l LEFT COUNT {count}"), "ERR count should be greater than 0");
        }
        for bad in ["2 l LEFT", "1 l UP", "1 l LEFT COUNT", "1 l LEFT COUNT 1 COUNT 1", "1 l LEFT X 1"] {
            t.expect_error(&format!("LMPOP {bad}"), SYNTAX);
        }
        t.expect_error("LMPOP 9223372036854775807 l LEFT", SYNTAX);
    });
}
