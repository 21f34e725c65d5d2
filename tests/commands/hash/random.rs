//! HRANDFIELD.

use super::{NOT_INTEGER, SYNTAX, strings};
use crate::harness::{Gate, both};

fn fill(t: &mut Gate, fields: usize) {
    let pairs: String = (0..fields).map(|n| format!(" f{n} {n}")).collect();
    t.run(&format!("HSET h{pairs}"));
}

#[test]
fn one_field_or_none() {
    both(|t| {
        t.expect("HRANDFIELD nosuch", "(nil)");
        t.expect("HRANDFIELD nosuch 3", "(empty array)");
        t.expect("HRANDFIELD nosuch -3 WITHVALUES", "(empty array)");
        t.expect("HSET h f v", "(integer) 1");
        t.expect("HRANDFIELD h", "\"f\"");
        t.expect("HRANDFIELD h 0", "(empty array)");
        t.expect_list("HRANDFIELD h 3", &["f"]);
        t.expect_list("HRANDFIELD h -3", &["f", "f", "f"]);
        t.expect_in("HRANDFIELD h 1 WITHVALUES", "1) \"f\"\n2) \"v\"", "1) 1) \"f\"\n2) \"v\"");
        t.expect_in(
            "HRANDFIELD h -2 withvalues",
            "1) \"f\"\n2) \"v\"\n3) \"f\"\n4) \"v\"",
            "1) 1) \"f\"\n2) \"v\"\n2) 1) \"f\"\n2) \"v\"",
        );
    });
}

#[test]
fn counts_are_distinct_and_negative_ones_are_not() {
    both(|t| {
        for fields in [10, 100, 2000] {
            t.expect("FLUSHALL", "OK");
            fill(t, fields);
            // A few, nearly all, all, more than all.
            for count in [1, 3, fields / 5, fields - 1, fields, fields + 5] {
                let mut names = strings(t, &format!("HRANDFIELD h {count}"));
                assert_eq!(names.len(), count.min(fields));
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), count.min(fields), "{count} of {fields}");
                let pairs = strings(t, &format!("HRANDFIELD h {count} WITHVALUES"));
                assert_eq!(pairs.len(), 2 * count.min(fields));
                assert!(pairs.chunks(2).all(|pair| pair[0][1..] == pair[1]), "every field with its own value");
            }
            assert_eq!(strings(t, "HRANDFIELD h -50").len(), 50);
        }
    });
}

#[test]
fn every_field_comes_up() {
    let mut t = Gate::new();
    for fields in [8, 600] {
        t.expect("FLUSHALL", "OK");
        fill(&mut t, fields);
        for count in [1, 3, -3, fields as i64 - 1] {
            let draws = 20 * fields * 3 / count.unsigned_abs() as usize;
            let mut seen: Vec<String> =
                (0..draws).flat_map(|_| strings(&mut t, &format!("HRANDFIELD h {count}"))).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), fields, "{count} of {fields}");
        }
    }
}

#[test]
fn due_fields_do_not_come_up() {
    both(|t| {
        for fields in [10, 2000] {
            t.expect("FLUSHALL", "OK");
            fill(t, fields);
            for n in 1..fields {
                t.run(&format!("HPEXPIRE h 5 FIELDS 1 f{n}"));
            }
            t.advance_ms(5);
            t.expect("HRANDFIELD h", "\"f0\"");
            t.expect_list("HRANDFIELD h 2", &["f0"]);
            t.expect_list("HRANDFIELD h -2", &["f0", "f0"]);
            t.run("HPEXPIRE h 5 FIELDS 1 f0");
            t.advance_ms(5);
            t.expect("HRANDFIELD h", "(nil)");
            t.expect("HRANDFIELD h 2", "(empty array)");
            t.expect("HRANDFIELD h -2", "(empty array)");
        }
    });
}

#[test]
fn errors() {
    both(|t| {
        t.expect("HSET h f v", "(integer) 1");
        t.expect_error("HRANDFIELD h x", NOT_INTEGER);
        t.expect_error("HRANDFIELD h 1 x", SYNTAX);
        t.expect_error("HRANDFIELD h 1 WITHVALUES x", SYNTAX);
        let out_of_range = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
        t.expect_error("HRANDFIELD h -9223372036854775808", out_of_range);
        t.expect_error("HRANDFIELD h -9223372036854775807 WITHVALUES", "ERR value is out of range");
        t.expect_error("HRANDFIELD h 4611686018427387904 WITHVALUES", "ERR value is out of range");
        t.expect_list("HRANDFIELD h 9223372036854775807", &["f"]);
    });
}
