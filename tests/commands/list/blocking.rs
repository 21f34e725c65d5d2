//! BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH.

use nyala::dispatch::EndOfWait;

use super::{SYNTAX, elements};
use crate::harness::{Gate, START_MS, both};
use crate::render::render;

#[test]
fn what_is_there_is_popped_at_once() {
    both(|t| {
        t.run("RPUSH l a b c d e f g");
        t.expect("BLPOP no l 0", "1) \"l\"\n2) \"a\"");
        t.expect("BRPOP l l 1.5", "1) \"l\"\n2) \"g\"");
        t.expect("BLMPOP 0 2 no l LEFT COUNT 2", "1) \"l\"\n2) 1) \"b\"\n   2) \"c\"");
        t.expect("BLMOVE l d RIGHT LEFT 0", "\"f\"");
        t.expect("BRPOPLPUSH l d 0", "\"e\"");
        assert_eq!((elements(t, "l"), elements(t, "d")), ("d".to_owned(), "e f".to_owned()));
    });
}

#[test]
fn arguments_are_looked_at_before_keys() {
    both(|t| {
        const NOT_FLOAT: &str = "ERR timeout is not a float or out of range";
        const NEGATIVE: &str = "ERR timeout is negative";
        t.run("RPUSH l a");
        for request in ["BLPOP l", "BRPOP l", "BRPOPLPUSH l l", "BLMOVE l l LEFT LEFT"] {
            t.expect_error(&format!("{request} x"), NOT_FLOAT);
            t.expect_error(&format!("{request} -1"), NEGATIVE);
        }
        t.expect_error("BLMPOP x 1 l LEFT", NOT_FLOAT);
        t.expect_error("BLMPOP -1 1 l LEFT", NEGATIVE);
        t.expect_error("BLMPOP x 0 l LEFT", "ERR numkeys should be greater than 0");
        t.expect_error("BLMPOP -1 1 l UP", SYNTAX);
        t.expect_error("BLMPOP -1 1 l LEFT COUNT 0", "ERR count should be greater than 0");
        t.expect_error("BLMOVE l l LEFT UP x", SYNTAX);
        assert_eq!(elements(t, "l"), "a");
    });
}

#[test]
fn a_push_serves_those_who_wait_in_their_order() {
    both(|t| {
        let (first, second) = (t.client(), t.client());
        let pusher = t.client();
        t.on(first).blocks("BLPOP k other k 0");
        t.on(second).blocks("BRPOP other k 10");
        assert_eq!(t.on(second).deadline_ms(), Some(START_MS + 10_000));
        t.on(pusher).expect("RPUSH k a b c", "(integer) 3");
        t.on(pusher).expect("LRANGE k 0 -1", "1) \"b\"");
        t.on(first).expect_served("1) \"k\"\n2) \"a\"");
        t.on(second).expect_served("1) \"k\"\n2) \"c\"");
    });
}

#[test]
fn one_push_may_serve_a_chain() {
    let mut t = Gate::new();
    let (mover, popper, pusher) = (t.client(), t.client(), t.client());
    t.on(popper).blocks("BLMPOP 0 1 b LEFT COUNT 5");
    t.on(mover).blocks("BLMOVE a b LEFT RIGHT 0");
    t.on(pusher).expect("LPUSH a x", "(integer) 1");
    t.on(pusher).expect("EXISTS a b", "(integer) 0");
    t.on(mover).expect_served("\"x\"");
    t.on(popper).expect_served("1) \"b\"\n2) 1) \"x\"");
}

#[test]
fn any_way_in_which_a_list_comes_to_be_serves() {
    for (before, request) in [
        ("RPUSH src x", "RENAME src k"),
        ("RPUSH src x", "COPY src k"),
        ("RPUSH src x", "LMOVE src k LEFT LEFT"),
        ("RPUSH src x", "RPOPLPUSH src k"),
        ("SET src x", "LPUSH k x"),
    ] {
        let mut t = Gate::new();
        let (waiter, other) = (t.client(), t.client());
        t.on(other).run(before);
        t.on(waiter).blocks("BRPOPLPUSH k dst 0");
        t.on(other).run(request);
        t.on(other).expect("LRANGE dst 0 -1", "1) \"x\"");
        t.on(waiter).expect_served("\"x\"");
    }
}

#[test]
fn a_key_of_another_type_is_waited_past() {
    let mut t = Gate::new();
    let (waiter, other) = (t.client(), t.client());
    t.on(waiter).blocks("BLPOP s k 0");
    t.on(other).run("SET s x");
    t.on(waiter).expect_waiting();
    t.on(other).expect("RPUSH k a", "(integer) 1");
    t.on(waiter).expect_served("1) \"k\"\n2) \"a\"");
}

#[test]
fn a_destination_of_another_type_is_an_error_once_there_is_an_element() {
    for request in ["BLMOVE k s LEFT LEFT 0", "BRPOPLPUSH k s 0"] {
        let mut t = Gate::new();
        let (waiter, other) = (t.client(), t.client());
        t.on(other).run("SET s x");
        t.on(waiter).blocks(request);
        t.on(other).expect("RPUSH k a", "(integer) 1");
        t.on(other).expect("LRANGE k 0 -1", "1) \"a\"");
        t.on(waiter).expect_served("(error) WRONGTYPE Operation against a key holding the wrong kind of value");
    }
}

#[test]
fn a_wait_ends_with_a_null_array_or_an_error() {
    let mut t = Gate::new();
    for request in ["BLPOP k 1", "BRPOP k 1", "BLMPOP 1 1 k LEFT", "BLMOVE k l LEFT LEFT 1", "BRPOPLPUSH k l 1"] {
        t.blocks(request);
        assert_eq!(t.end_wait(EndOfWait::Timeout), "(nil)");
        t.blocks(request);
        assert_eq!(t.end_wait(EndOfWait::Error), "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK");
    }
    t.expect("RPUSH k a", "(integer) 1");
}

#[test]
fn a_wait_is_logged_when_it_is_served_and_an_end_by_error_is_counted() {
    let mut t = Gate::new();
    let waiter = t.client();
    t.config("slowlog-log-slower-than", "0");
    t.on(waiter).blocks("BLPOP k 0");
    t.expect("SLOWLOG LEN", "(integer) 0");
    t.run("RPUSH k a");
    t.on(waiter).expect_served("1) \"k\"\n2) \"a\"");
    t.config("slowlog-log-slower-than", "-1");
    // Behind the command that has served it.
    assert!(render(&t.run("SLOWLOG GET 1")).contains("BLPOP"));

    t.run("CONFIG RESETSTAT");
    t.blocks("BLPOP k 0");
    t.end_wait(EndOfWait::Error);
    assert!(t.text("INFO commandstats").lines().any(|line| {
        line.starts_with("cmdstat_blpop:calls=1,") && line.ends_with("rejected_calls=0,failed_calls=1")
    }));
    assert!(t.text("INFO errorstats").contains("errorstat_UNBLOCKED:count=1"));
}
