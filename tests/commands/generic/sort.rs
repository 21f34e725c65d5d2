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

/// What redis-server 7.0.15 answers: elements of any kind of text, equal weights, and scores as the order.
#[test]
fn sort_of_lists_and_sorted_sets() {
    both(|t| {
        t.expect("RPUSH l 10 1e2 -0 0 0x10 -inf ' 3' 2.5 inf", "(integer) 9");
        t.expect_list("SORT l", &["-inf", "-0", "0", "2.5", " 3", "10", "0x10", "1e2", "inf"]);
        t.expect_list("SORT l DESC LIMIT 0 3", &["inf", "1e2", "0x10"]);
        t.expect_list("SORT l ALPHA LIMIT 0 4", &[" 3", "-0", "-inf", "0"]);
        t.expect("RPUSH l 10x", "(integer) 10");
        t.expect_error("SORT l", "ERR One or more scores can't be converted into double");
        t.expect_error("SORT l STORE d", "ERR One or more scores can't be converted into double");
        t.expect("EXISTS d", "(integer) 0");
        // Weights that are equal leave the order to the elements.
        t.expect("RPUSH same 2 1 3", "(integer) 3");
        t.expect_list("SORT same BY none_*", &["1", "2", "3"]);
        t.expect_list("SORT same BY none_* DESC", &["3", "2", "1"]);

        t.expect("ZADD z 3 10 2 20 1 30 2 5", "(integer) 4");
        t.expect_list("SORT z", &["5", "10", "20", "30"]);
        t.expect_list("SORT z DESC", &["30", "20", "10", "5"]);
        t.expect_list("SORT z ALPHA", &["10", "20", "30", "5"]);
        t.expect_list("SORT z BY nostar", &["30", "20", "5", "10"]);
        t.expect_list("SORT z BY nostar DESC", &["10", "5", "20", "30"]);
        t.expect_list("SORT z BY nostar ASC LIMIT 1 2", &["20", "5"]);
        t.expect_list("SORT z BY nostar DESC LIMIT 1 2", &["5", "20"]);
        t.expect("SORT z BY nostar DESC LIMIT 3 9 STORE d", "(integer) 1");
        t.expect_list("LRANGE d 0 -1", &["30"]);
        t.expect("ZADD z 0 text", "(integer) 1");
        t.expect_error("SORT z", "ERR One or more scores can't be converted into double");
        t.expect_list("SORT z BY nostar LIMIT 0 1", &["text"]);
        for wrong in ["SETBIT b 1 1", "HSET b f v", "XADD b * f v"] {
            t.run("DEL b");
            t.run(wrong);
            t.expect_error("SORT b", "WRONGTYPE Operation against a key holding the wrong kind of value");
        }
    });
}

/// Commands that each shard has run so far.
fn commands(t: &mut Gate) -> Vec<u64> {
    let keyspace = &t.server.keyspace;
    keyspace.shard_ids().map(|id| keyspace.lock(id).stats.commands).collect()
}

#[test]
fn sort_locks_the_shards_that_it_needs() {
    both(|t| {
        let shard_of = |t: &Gate, name: &str| t.server.keyspace.shard_of(t.server.keyspace.hash(name.as_bytes())).0;
        let source = (0..).map(|n| format!("l{n}")).find(|name| shard_of(t, name) == 1).expect("names are endless");
        let target = (0..).map(|n| format!("d{n}")).find(|name| shard_of(t, name) == 3).expect("names are endless");
        t.run(&format!("RPUSH {source} 2 1"));
        let cases = [
            (format!("SORT {source}"), [0, 1, 0, 0]),
            (format!("SORT_RO {source} DESC ALPHA LIMIT 0 1"), [0, 1, 0, 0]),
            (format!("SORT {source} STORE {source}"), [0, 1, 0, 0]),
            (format!("SORT {source} STORE {target}"), [0, 1, 0, 1]),
            (format!("SORT {source} STORE {target} ALPHA"), [0, 1, 0, 1]),
            (format!("SORT {source} STORE elsewhere STORE {target}"), [0, 1, 0, 1]),
            (format!("SORT {source} BY nostar GET # STORE {target}"), [0, 1, 0, 1]),
            (format!("SORT_RO {source} GET nostar"), [0, 1, 0, 0]),
            (format!("SORT {source} BY w_*"), [1, 1, 1, 1]),
            (format!("SORT_RO {source} get h_*->f"), [1, 1, 1, 1]),
            (format!("SORT {source} LIMIT 0 1 GET * STORE {target}"), [1, 1, 1, 1]),
            // Not understood: nothing is looked up.
            (format!("SORT {source} LIMIT 0 STORE {target}"), [0, 1, 0, 0]),
        ];
        for (request, expected) in cases {
            let before = commands(t);
            t.run(&request);
            let locked: Vec<u64> = commands(t).iter().zip(before).map(|(after, before)| after - before).collect();
            assert_eq!(locked, expected, "{request}");
        }
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
