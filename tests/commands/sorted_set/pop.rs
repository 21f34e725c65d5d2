//! ZPOPMIN, ZPOPMAX, ZMPOP; BZPOPMIN, BZPOPMAX, BZMPOP.

use nyala::dispatch::EndOfWait;
use nyala::resp::decode::Value;

use super::{bulk, dirty, expect_pairs, pairs, score};
use crate::harness::{Gate, both};

#[test]
fn pops_take_from_either_end() {
    for entries in ["128", "0"] {
        both(|t| {
            t.config("zset-max-listpack-entries", entries);
            t.expect("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f", "(integer) 6");
            let expected = Value::Array(vec![bulk("a"), score(t, 1.0)]);
            assert_eq!(t.run("ZPOPMIN z"), expected, "flat without a count");
            expect_pairs(t, "ZPOPMAX z 2", &[("f", 6.0), ("e", 5.0)]);
            expect_pairs(t, "ZPOPMIN z 1", &[("b", 2.0)]);
            t.expect("ZPOPMIN z 0", "(empty array)");
            expect_pairs(t, "ZPOPMAX z 100", &[("d", 4.0), ("c", 3.0)]);
            t.expect("EXISTS z", "(integer) 0");
            t.expect("ZPOPMIN z", "(empty array)");
            t.expect("ZPOPMAX z 5", "(empty array)");
            for count in ["-1", "x", "1.5"] {
                t.expect_error(&format!("ZPOPMIN z {count}"), "ERR value is out of range, must be positive");
            }
            t.expect_error("ZPOPMIN z 1 2", "ERR syntax error");
        });
    }
}

fn keyed(t: &Gate, key: &str, members: &[(&str, f64)]) -> Value {
    Value::Array(vec![bulk(key), pairs(t, members, true)])
}

#[test]
fn zmpop_takes_from_the_first_key_that_is_there() {
    both(|t| {
        t.expect("ZADD z 1 a 2 b 3 c", "(integer) 3");
        let expected = keyed(t, "z", &[("a", 1.0)]);
        assert_eq!(t.run("ZMPOP 2 none z MIN"), expected);
        let expected = keyed(t, "z", &[("c", 3.0), ("b", 2.0)]);
        assert_eq!(t.run("ZMPOP 1 z max count 5"), expected);
        t.expect_raw("ZMPOP 2 none z MIN", if t.protocol() == 3 { "_\r\n" } else { "*-1\r\n" });
        for numkeys in ["0", "-1", "x"] {
            t.expect_error(&format!("ZMPOP {numkeys} z MIN"), "ERR numkeys should be greater than 0");
        }
        for count in ["0", "-1", "x"] {
            t.expect_error(&format!("ZMPOP 1 z MIN COUNT {count}"), "ERR count should be greater than 0");
        }
        for request in ["ZMPOP 2 z MIN", "ZMPOP 1 z LOW", "ZMPOP 1 z MIN COUNT", "ZMPOP 1 z MIN COUNT 1 COUNT 2"] {
            t.expect_error(request, "ERR syntax error");
        }
    });
}

#[test]
fn blocking_pops_answer_at_once_what_is_there() {
    both(|t| {
        t.expect("ZADD z 1 a 2 b 3 c", "(integer) 3");
        let expected = Value::Array(vec![bulk("z"), bulk("a"), score(t, 1.0)]);
        assert_eq!(t.run("BZPOPMIN none z 0"), expected);
        let expected = Value::Array(vec![bulk("z"), bulk("c"), score(t, 3.0)]);
        assert_eq!(t.run("BZPOPMAX z none 1.5"), expected);
        let expected = keyed(t, "z", &[("b", 2.0)]);
        assert_eq!(t.run("BZMPOP 0 1 z MIN COUNT 10"), expected);
        t.expect_error("BZPOPMIN z x", "ERR timeout is not a float or out of range");
        t.expect_error("BZPOPMIN z -1", "ERR timeout is negative");
        t.expect_error("BZMPOP x 1 z MIN", "ERR timeout is not a float or out of range");
        t.expect_error("BZMPOP x 1 z MIN COUNT 0", "ERR count should be greater than 0");
        t.expect_error("BZMPOP -1 1 z UP", "ERR syntax error");
        t.expect_error("BZMPOP 0 0 z MIN", "ERR numkeys should be greater than 0");
    });
}

#[test]
fn waiters_are_served_in_their_order() {
    both(|t| {
        let [first, second, third] = [t.client(), t.client(), t.client()];
        for client in [first, second, third] {
            if t.protocol() == 3 {
                t.on(client).resp3();
            }
        }
        t.on(first).blocks("BZPOPMAX other z 0");
        t.on(second).blocks("BZMPOP 10 2 z other MIN COUNT 2");
        t.on(third).blocks("BZPOPMIN z 0.5");
        t.expect("SADD z member", "(integer) 1");
        t.on(first).expect_waiting();
        t.expect("DEL z", "(integer) 1");
        t.expect("ZADD z 1 a 2 b 3 c 4 d", "(integer) 4");
        let expected = Value::Array(vec![bulk("z"), bulk("d"), score(t, 4.0)]);
        assert_eq!(t.on(first).served(), Some(expected));
        let expected = keyed(t, "z", &[("a", 1.0), ("b", 2.0)]);
        assert_eq!(t.on(second).served(), Some(expected));
        let expected = Value::Array(vec![bulk("z"), bulk("c"), score(t, 3.0)]);
        assert_eq!(t.on(third).served(), Some(expected));
        t.expect("EXISTS z", "(integer) 0");
    });
}

#[test]
fn waits_end_with_null_arrays() {
    both(|t| {
        for request in ["BZPOPMIN z 0", "BZPOPMAX z y 0", "BZMPOP 0 1 z MAX"] {
            t.blocks(request);
            assert_eq!(t.deadline_ms(), None);
            assert_eq!(t.end_wait(EndOfWait::Timeout), "(nil)");
        }
        let now_ms = t.now_ms();
        t.blocks("BZPOPMIN z 1.5");
        assert_eq!(t.deadline_ms(), Some(now_ms + 1500));
        t.end_wait(EndOfWait::Timeout);
    });
}

#[test]
fn results_of_other_commands_wake_too() {
    let mut t = Gate::new();
    t.run("ZADD src 1 a 2 b");
    let waiter = t.client();
    for request in ["ZUNIONSTORE z 1 src", "ZRANGESTORE z src 0 0", "COPY src z", "ZINCRBY z 1 a"] {
        t.on(waiter).blocks("BZPOPMIN z 0");
        t.run(request);
        t.on(waiter).expect_served("1) \"z\"\n2) \"a\"\n3) \"1\"");
        t.run("DEL z");
    }
}

#[test]
fn changes_are_counted_by_member() {
    let mut t = Gate::new();
    t.run("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
    assert_eq!((dirty(&mut t, "ZPOPMIN z"), dirty(&mut t, "ZPOPMAX z 2"), dirty(&mut t, "ZPOPMAX z 0")), (1, 2, 0));
    assert_eq!((dirty(&mut t, "ZMPOP 1 z MIN COUNT 2"), dirty(&mut t, "BZPOPMIN z 0")), (2, 1));
}
