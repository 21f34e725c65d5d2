//! HGETALL, HKEYS, HVALS, HSCAN.

use super::{NOT_INTEGER, SYNTAX, strings};
use crate::harness::{Gate, both};
use nyala::resp::decode::Value;

#[test]
fn whole_hashes() {
    both(|t| {
        t.expect("HSET h a 1 b 2", "(integer) 2");
        t.expect_in("HGETALL h", "1) \"a\"\n2) \"1\"\n3) \"b\"\n4) \"2\"", "1# \"a\" => \"1\"\n2# \"b\" => \"2\"");
        t.expect_list("HKEYS h", &["a", "b"]);
        t.expect_list("HVALS h", &["1", "2"]);
        t.expect_in("HGETALL nosuch", "(empty array)", "(empty hash)");
        t.expect("HKEYS nosuch", "(empty array)");
        t.expect("HVALS nosuch", "(empty array)");
    });
}

/// A hash with this many fields, filled by few commands.
fn fill(t: &mut Gate, fields: usize) {
    for from in (0..fields).step_by(1000) {
        let pairs: String = (from..fields.min(from + 1000)).map(|n| format!(" f{n} v{n}")).collect();
        t.run(&format!("HSET h{pairs}"));
    }
}

#[test]
fn large_hashes_come_whole() {
    both(|t| {
        fill(t, 30_000);
        for request in ["HGETALL h", "HKEYS h", "HVALS h", "HSCAN h 0 COUNT 1000000", "HRANDFIELD h 25000"] {
            let mut all = strings(t, request);
            all.retain(|text| text != "0");
            all.sort_unstable();
            all.dedup();
            let expected = match request.split(' ').next() {
                Some("HGETALL" | "HSCAN") => 60_000,
                Some("HRANDFIELD") => 25_000,
                _ => 30_000,
            };
            assert_eq!(all.len(), expected, "{request}");
        }
    });
}

/// Field names of a whole scan.
fn scan(t: &mut Gate, options: &str, step: usize) -> Vec<String> {
    let (mut cursor, mut names) = ("0".to_owned(), Vec::new());
    loop {
        let Value::Array(page) = t.run(&format!("HSCAN h {cursor} {options}")) else { panic!("a page is expected") };
        let [Value::Bulk(next), Value::Array(elements)] = page.as_slice() else { panic!("{page:?}") };
        for element in elements.iter().step_by(step) {
            let Value::Bulk(text) = element else { panic!("{element:?}") };
            names.push(String::from_utf8(text.clone()).expect("fields are ASCII"));
        }
        cursor = String::from_utf8(next.clone()).expect("fields are ASCII");
        if cursor == "0" {
            return names;
        }
    }
}

#[test]
fn hscan_shows_every_field_once() {
    both(|t| {
        for fields in [10, 3000] {
            t.expect("FLUSHALL", "OK");
            fill(t, fields);
            for (options, step) in [("", 2), ("COUNT 100", 2), ("NOVALUES", 1), ("novalues COUNT 7", 1)] {
                let mut names = scan(t, options, step);
                assert_eq!(names.len(), fields, "{options}");
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), fields, "{options}");
            }
            assert_eq!(scan(t, "MATCH f1*9", 2).len(), if fields == 10 { 0 } else { 111 });
        }
    });
}

#[test]
fn hscan_shows_a_small_hash_at_once() {
    both(|t| {
        t.expect("HSET h a 1 b 2", "(integer) 2");
        t.expect("HSCAN h 0 COUNT 1", "1) \"0\"\n2) 1) \"a\"\n2) \"1\"\n3) \"b\"\n4) \"2\"");
        t.expect("HSCAN h 99", "1) \"0\"\n2) 1) \"a\"\n2) \"1\"\n3) \"b\"\n4) \"2\"");
        t.expect("HSCAN h 0 MATCH b NOVALUES", "1) \"0\"\n2) 1) \"b\"");
        t.expect("HSCAN h 0 MATCH 1", "1) \"0\"\n2) (empty array)");
        t.expect("HSCAN nosuch 0", "1) \"0\"\n2) (empty array)");
        t.expect("HSCAN nosuch 0 BAD", "1) \"0\"\n2) (empty array)");
        t.expect_error("HSCAN nosuch x", "ERR invalid cursor");
        t.expect_error("HSCAN h x", "ERR invalid cursor");
        t.expect_error("HSCAN h 0 BAD", SYNTAX);
        t.expect_error("HSCAN h 0 COUNT 0", SYNTAX);
        t.expect_error("HSCAN h 0 COUNT x", NOT_INTEGER);
        t.expect_error("HSCAN h 0 TYPE hash", SYNTAX);
        t.expect_error("SCAN 0 NOVALUES", SYNTAX);
    });
}
