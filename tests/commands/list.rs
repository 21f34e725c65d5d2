//! Lists.

use crate::harness::{Gate, both};

mod blocking;
mod moving;

const WRONGTYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
const SYNTAX: &str = "ERR syntax error";
const NOT_POSITIVE: &str = "ERR value is out of range, must be positive";

/// The list's elements in one line.
fn elements(t: &mut Gate, key: &str) -> String {
    let len = t.integer(&format!("LLEN {key}"));
    (0..len).map(|n| t.text(&format!("LINDEX {key} {n}"))).collect::<Vec<_>>().join(" ")
}

#[test]
fn pushes_answer_the_length() {
    both(|t| {
        t.expect("RPUSH l a b", "(integer) 2");
        t.expect("LPUSH l 1 2 3", "(integer) 5");
        assert_eq!(elements(t, "l"), "3 2 1 a b");
        t.expect("LPUSHX l x y", "(integer) 7");
        t.expect("RPUSHX l z", "(integer) 8");
        assert_eq!(elements(t, "l"), "y x 3 2 1 a b z");
        t.expect("LPUSHX no x", "(integer) 0");
        t.expect("RPUSHX no x", "(integer) 0");
        t.expect("EXISTS no", "(integer) 0");
        t.expect("TYPE l", "list");
        t.expect("OBJECT ENCODING l", "\"quicklist\"");
    });
}

#[test]
fn other_types_are_refused() {
    both(|t| {
        t.expect("SET s x", "OK");
        t.expect("RPUSH l a", "(integer) 1");
        for request in [
            "LPUSH s a",
            "RPUSH s a",
            "LPUSHX s a",
            "RPUSHX s a",
            "LPOP s",
            "RPOP s",
            "LPOP s 0",
            "LLEN s",
            "LINDEX s 0",
            "LSET s 0 a",
            "LRANGE s 0 1",
            "LTRIM s 0 1",
            "LREM s 0 a",
            "LINSERT s BEFORE a b",
            "LPOS s a",
            "LMPOP 1 s LEFT",
            "LMOVE s l LEFT LEFT",
            "LMOVE l s LEFT LEFT",
            "RPOPLPUSH s l",
            "RPOPLPUSH l s",
            "BLPOP s 0",
            "BRPOP s 0",
            "BLMPOP 0 1 s LEFT",
            "BLMOVE s l LEFT LEFT 0",
            "BLMOVE l s LEFT LEFT 0",
            "BRPOPLPUSH s l 0",
        ] {
            t.expect_error(request, WRONGTYPE);
        }
        assert_eq!(elements(t, "l"), "a");
    });
}

#[test]
fn pops_take_off_the_ends_and_the_key_with_the_last() {
    both(|t| {
        t.expect("RPUSH l 1 2 3 4 5 6", "(integer) 6");
        t.expect("LPOP l", "\"1\"");
        t.expect("RPOP l", "\"6\"");
        t.expect("LPOP l 2", "1) \"2\"\n2) \"3\"");
        t.expect_raw("LPOP l 0", "*0\r\n");
        t.expect("RPOP l 100", "1) \"5\"\n2) \"4\"");
        t.expect("EXISTS l", "(integer) 0");
        t.expect("LPOP l", "(nil)");
        t.expect_error("LPOP l -1", NOT_POSITIVE);
        t.expect_error("RPOP l x", NOT_POSITIVE);
        t.expect_error("LPOP l 1 2", "ERR wrong number of arguments for 'lpop' command");
        t.expect_error("RPOP l 1 2", "ERR wrong number of arguments for 'rpop' command");
    });
    let mut t = Gate::new();
    t.expect_raw("LPOP l 1", "*-1\r\n");
    t.expect_raw("LPOP l", "$-1\r\n");
}

#[test]
fn indexes_count_from_either_end() {
    both(|t| {
        t.expect("RPUSH l a b c", "(integer) 3");
        t.expect("LINDEX l 0", "\"a\"");
        t.expect("LINDEX l -1", "\"c\"");
        t.expect("LINDEX l 3", "(nil)");
        t.expect("LINDEX l -4", "(nil)");
        t.expect("LINDEX l -9223372036854775808", "(nil)");
        t.expect_error("LINDEX l x", NOT_INTEGER);
        t.expect("LINDEX no x", "(nil)");
        t.expect("LSET l -1 100", "OK");
        t.expect("LINDEX l 2", "\"100\"");
        t.expect_error("LSET l 3 x", "ERR index out of range");
        t.expect_error("LSET l -4 x", "ERR index out of range");
        t.expect_error("LSET l x x", NOT_INTEGER);
        t.expect_error("LSET no x x", "ERR no such key");
    });
}

#[test]
fn ranges_are_read_and_kept() {
    both(|t| {
        t.expect("RPUSH l a b c d", "(integer) 4");
        t.expect("LRANGE l 1 2", "1) \"b\"\n2) \"c\"");
        t.expect("LRANGE l -2 100", "1) \"c\"\n2) \"d\"");
        t.expect_raw("LRANGE l 3 1", "*0\r\n");
        t.expect_raw("LRANGE no 0 -1", "*0\r\n");
        t.expect_error("LRANGE l x 1", NOT_INTEGER);
        t.expect("LTRIM l 1 -2", "OK");
        assert_eq!(elements(t, "l"), "b c");
        t.expect("LTRIM l 5 1", "OK");
        t.expect("EXISTS l", "(integer) 0");
        t.expect("LTRIM l 0 1", "OK");
        t.expect_error("LTRIM l 0 x", NOT_INTEGER);
    });
}

#[test]
fn elements_are_found_removed_and_put_beside() {
    both(|t| {
        t.expect("RPUSH l a b a c a 1", "(integer) 6");
        t.expect("LPOS l a", "(integer) 0");
        t.expect("LPOS l a RANK 2", "(integer) 2");
        t.expect("LPOS l a RANK -1", "(integer) 4");
        t.expect("LPOS l a COUNT 0", "1) (integer) 0\n2) (integer) 2\n3) (integer) 4");
        t.expect("LPOS l a RANK -2 COUNT 1", "1) (integer) 2");
        t.expect("LPOS l a RANK 2 COUNT 0 MAXLEN 3", "1) (integer) 2");
        t.expect("LPOS l 1", "(integer) 5");
        t.expect("LPOS l 1 MAXLEN 5", "(nil)");
        t.expect("LPOS no a", "(nil)");
        t.expect_raw("LPOS no a COUNT 2", "*0\r\n");
        t.expect_raw("LPOS l x COUNT 2", "*0\r\n");
        t.expect_error("LPOS l a COUNT -1", "ERR COUNT can't be negative");
        t.expect_error("LPOS l a MAXLEN -1", "ERR MAXLEN can't be negative");
        t.expect_error("LPOS l a RANK", SYNTAX);
        t.expect_error(
            "LPOS l a RANK 0",
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start \
             from the end of the list",
        );
        t.expect("LINSERT l BEFORE c x", "(integer) 7");
        t.expect("LINSERT l after 1 y", "(integer) 8");
        assert_eq!(elements(t, "l"), "a b a x c a 1 y");
        t.expect("LINSERT l AFTER nosuch y", "(integer) -1");
        t.expect("LINSERT no AFTER a y", "(integer) 0");
        t.expect_error("LINSERT l BESIDE a y", SYNTAX);
        t.expect("LREM l -2 a", "(integer) 2");
        assert_eq!(elements(t, "l"), "a b x c 1 y");
        t.expect("LREM l 1 nosuch", "(integer) 0");
        t.expect_error("LREM l x a", NOT_INTEGER);
        t.expect("LREM no 0 a", "(integer) 0");
        t.expect("RPUSH all a a", "(integer) 2");
        t.expect("LREM all 0 a", "(integer) 2");
        t.expect("EXISTS all", "(integer) 0");
    });
}

#[test]
fn changes_are_counted_as_by_redis() {
    let mut t = Gate::new();
    let mut dirty = |request: &str| {
        let before = t.server.stats.totals().dirty;
        t.run(request);
        t.server.stats.totals().dirty - before
    };
    assert_eq!((dirty("RPUSH l a b c d e a b"), dirty("RPUSHX no a b")), (7, 0));
    assert_eq!((dirty("LPOP l 2"), dirty("LPOP l"), dirty("LPOP l 0"), dirty("LPOP no")), (2, 1, 0, 0));
    assert_eq!((dirty("LSET l 0 x"), dirty("LINSERT l BEFORE x y"), dirty("LINSERT l BEFORE nosuch y")), (1, 1, 0));
    assert_eq!((dirty("LTRIM l 0 -1"), dirty("LTRIM l 1 -2"), dirty("LREM l 0 x")), (0, 2, 1));
    assert_eq!((dirty("LMOVE l m LEFT RIGHT"), dirty("LMPOP 2 l m LEFT COUNT 5"), dirty("RPOPLPUSH no l")), (1, 1, 0));
}

#[test]
fn large_and_many_elements() {
    both(|t| {
        for size in ["-1", "-2", "-5", "1", "3", "128"] {
            t.config("list-max-listpack-size", size);
            t.run("DEL l");
            let large = "z".repeat(20_000);
            for n in 0..500 {
                t.expect(&format!("RPUSH l {n} text{n}"), &format!("(integer) {}", 2 * n + 2));
            }
            t.expect(&format!("LSET l 500 {large}"), "OK");
            t.expect(&format!("LINSERT l BEFORE {large} before"), "(integer) 1001");
            t.expect("LINDEX l 501", &format!("\"{large}\""));
            t.expect("LINDEX l 502", "\"text250\"");
            t.expect("LINDEX l -1", "\"text499\"");
            t.expect("LREM l 0 text7", "(integer) 1");
            t.expect(&format!("LPOS l {large}"), "(integer) 500");
            t.expect("LTRIM l 499 -500", "OK");
            t.expect("LLEN l", "(integer) 2");
        }
    });
}

#[test]
fn debug_shows_how_a_list_is_stored() {
    let mut t = Gate::with_args(&["--enable-debug-command", "yes"]);
    t.config("list-max-listpack-size", "2");
    t.run("RPUSH l a b c d e");
    let shown = t.text("DEBUG OBJECT l");
    assert!(shown.contains("ql_nodes:3 ql_avg_node:1.67 ql_listpack_max:2 ql_compressed:0"), "{shown}");
    t.expect("DEBUG QUICKLIST l", "Quicklist structure printed on stdout");
    t.run("SET s x");
    t.expect_error("DEBUG QUICKLIST s", "ERR Not a quicklist encoded object.");
}
