//! ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.

use super::dirty;
use crate::harness::{Gate, both};

#[test]
fn members_and_ranges_go() {
    for entries in ["128", "0"] {
        both(|t| {
            t.config("zset-max-listpack-entries", entries);
            t.expect("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g", "(integer) 7");
            t.expect("ZREM z a none a g", "(integer) 2");
            t.expect("ZREMRANGEBYRANK z 0 0", "(integer) 1");
            t.expect("ZREMRANGEBYRANK z -1 -1", "(integer) 1");
            t.expect("ZREMRANGEBYRANK z 9 10", "(integer) 0");
            t.expect_list("ZRANGE z 0 -1", &["c", "d", "e"]);
            t.expect("ZREMRANGEBYSCORE z (3 4", "(integer) 1");
            t.expect("ZREMRANGEBYSCORE z 5 3", "(integer) 0");
            t.expect_list("ZRANGE z 0 -1", &["c", "e"]);
            t.expect("ZREMRANGEBYSCORE z -inf inf", "(integer) 2");
            t.expect("EXISTS z", "(integer) 0");
            t.expect("ZADD l 0 a 0 b 0 c", "(integer) 3");
            t.expect("ZREMRANGEBYLEX l (a [b", "(integer) 1");
            t.expect("ZREMRANGEBYLEX l - +", "(integer) 2");
            t.expect("EXISTS l", "(integer) 0");
            for request in ["ZREM none a", "ZREMRANGEBYRANK none 0 1", "ZREMRANGEBYLEX none - +"] {
                t.expect(request, "(integer) 0");
            }
        });
    }
}

#[test]
fn ends_are_read_before_the_key() {
    both(|t| {
        t.expect_error("ZREMRANGEBYRANK none a 1", "ERR value is not an integer or out of range");
        t.expect_error("ZREMRANGEBYSCORE none a 1", "ERR min or max is not a float");
        t.expect_error("ZREMRANGEBYLEX none a +", "ERR min or max not valid string range item");
    });
}

#[test]
fn changes_are_counted_by_member() {
    let mut t = Gate::new();
    t.run("ZADD z 1 a 2 b 3 c 4 d 5 e");
    assert_eq!((dirty(&mut t, "ZREM z a none"), dirty(&mut t, "ZREM z a")), (1, 0));
    assert_eq!((dirty(&mut t, "ZREMRANGEBYSCORE z 2 3"), dirty(&mut t, "ZREMRANGEBYRANK z 0 -1")), (2, 2));
}
