//! SORT, SORT_RO, WAIT, WAITAOF.

use crate::harness::{Gate, both};

const SYNTAX: &str = "ERR syntax error";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";

fn fill(t: &mut Gate) {
    t.expect("RPUSH l 3 1 2 10", "(integer) 4");
    t.expect("MSET w_1 9 w_2 5 w_3 1 w_10 7 o_1 one o_2 two", "OK");
    t.expect("HSET h_1 w 3 n first", "(integer) 2");
    t.expect("HSET h_2 w 2", "(integer) 1");
}

#[test]
fn sort_orders_numbers_and_texts() {
    both(|t| {
        fill(t);
        t.expect("SADD s b a c", "(integer) 3");
        t.expect_list("SORT l", &["1", "2", "3", "10"]);
        t.expect_list("SORT l DESC", &["10", "3", "2", "1"]);
        t.expect_list("SORT l ALPHA", &["1", "10", "2", "3"]);
        t.expect_list("SORT s ALPHA DESC", &["c", "b", "a"]);
        t.expect_list("SORT_RO l ALPHA LIMIT 1 2", &["10", "2"]);
        t.expect_list("SORT l LIMIT -3 1", &["1"]);
        t.expect_list("SORT l LIMIT 2 -1", &["3", "10"]);
        t.expect("SORT l LIMIT 9 1", "(empty array)");
        t.expect("SORT none", "(empty array)");
        t.expect_error("SORT s", "ERR One or more scores can't be converted into double");
        t.expect_error("SORT w_1", "WRONGTYPE Operation against a key holding the wrong kind of value");
        t.expect_error("SORT l LIMIT 1", SYNTAX);
        t.expect_error("SORT l LIMIT 1 x", NOT_INTEGER);
        t.expect_error("SORT l FOO", SYNTAX);
        t.expect_error("SORT l STORE", SYNTAX);
        t.expect_error("SORT_RO l STORE d", SYNTAX);
    });
}

#[test]
fn sort_by_and_get_look_other_keys_up() {
    both(|t| {
        fill(t);
        t.expect_list("SORT l BY w_*", &["3", "2", "10", "1"]);
        t.expect_list("SORT l BY h_*->w", &["10", "3", "2", "1"]);
        t.expect_list("SORT l BY w_* ALPHA DESC", &["1", "10", "2", "3"]);
        t.expect_list("SORT l BY nostar", &["3", "1", "2", "10"]);
        t.expect_list("SORT l BY nostar DESC LIMIT 0 2", &["10", "2"]);
        t.expect(
            "SORT l LIMIT 0 2 GET # GET o_* GET h_*->n",
            "1) \"1\"\n2) \"one\"\n3) \"first\"\n4) \"2\"\n5) \"two\"\n6) (nil)",
        );
        t.expect("SORT l LIMIT 0 1 GET nostar GET h_* GET h_*->", "1) (nil)\n2) (nil)\n3) (nil)");
    });
}

#[test]
fn sort_stores_a_list() {
    both(|t| {
        fill(t);
        t.expect("SORT l STORE d", "(integer) 4");
        t.expect_list("LRANGE d 0 -1", &["1", "2", "3", "10"]);
        t.expect("SORT l GET o_* STORE w_1", "(integer) 4");
        t.expect_list("LRANGE w_1 0 -1", &["one", "two", "", ""]);
        t.expect("SADD s c a b", "(integer) 3");
        t.expect("SORT s BY nostar STORE d", "(integer) 3");
        t.expect_list("LRANGE d 0 -1", &["a", "b", "c"]);
        t.expect("SORT none STORE d", "(integer) 0");
        t.expect("EXISTS d", "(integer) 0");
        t.expect("SORT l STORE l", "(integer) 4");
        t.expect_list("LRANGE l 0 -1", &["1", "2", "3", "10"]);
    });
}

#[test]
fn a_server_without_replicas_waits_for_none() {
    both(|t| {
        t.expect("WAIT 0 0", "(integer) 0");
        t.expect("WAITAOF 0 0 0", "1) (integer) 0\n2) (integer) 0");
        t.blocks("WAIT 1 50");
        let deadline_ms = t.deadline_ms();
        assert_eq!(deadline_ms, Some(t.now_ms() + 50));
    });
    both(|t| {
        t.expect_error("WAIT x 1", NOT_INTEGER);
        t.expect_error("WAIT 1 x", "ERR timeout is not an integer or out of range");
        t.expect_error("WAIT 1 -1", "ERR timeout is negative");
        t.expect_error("WAITAOF 1 0 0", "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
        t.blocks("WAITAOF 0 1 50");
    });
}
