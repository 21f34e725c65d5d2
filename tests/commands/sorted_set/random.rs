//! ZRANDMEMBER.

use std::collections::BTreeMap;

use nyala::resp::decode::Value;

use super::{bulk, expect_pairs, score};
use crate::harness::{Gate, both};

fn drawn(t: &mut Gate, request: &str) -> Vec<String> {
    let Value::Array(members) = t.run(request) else { panic!("{request}: an array is expected") };
    members.iter().map(|member| format!("{member:?}")).collect()
}

#[test]
fn draws_are_distinct_or_repeat() {
    for entries in ["128", "0"] {
        both(|t| {
            t.config("zset-max-listpack-entries", entries);
            let members: String = (0..40).map(|n| format!(" {n} m{n}")).collect();
            t.run(&format!("ZADD z{members}"));
            for count in [1, 5, 20, 39] {
                let mut found = drawn(t, &format!("ZRANDMEMBER z {count}"));
                found.sort();
                found.dedup();
                assert_eq!(found.len(), count);
            }
            assert_eq!(drawn(t, "ZRANDMEMBER z 100").len(), 40);
            assert_eq!(drawn(t, "ZRANDMEMBER z -100").len(), 100);
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for _ in 0..30 {
                drawn(t, "ZRANDMEMBER z -200").into_iter().for_each(|member| *counts.entry(member).or_default() += 1);
            }
            assert_eq!(counts.len(), 40);
            assert!(counts.values().all(|count| (80..250).contains(count)), "{counts:?}");
        });
    }
}

#[test]
fn scores_come_along() {
    both(|t| {
        t.expect("ZADD z 1.5 a", "(integer) 1");
        t.expect("ZRANDMEMBER z", "\"a\"");
        t.expect_list("ZRANDMEMBER z 3", &["a"]);
        t.expect_list("ZRANDMEMBER z -2", &["a", "a"]);
        expect_pairs(t, "ZRANDMEMBER z 3 WITHSCORES", &[("a", 1.5)]);
        expect_pairs(t, "ZRANDMEMBER z -2 WITHSCORES", &[("a", 1.5), ("a", 1.5)]);
        let one = score(t, 1.5);
        assert_ne!(one, bulk("a"));
    });
}

#[test]
fn odd_counts() {
    both(|t| {
        t.expect("ZADD z 1 a", "(integer) 1");
        t.expect("ZRANDMEMBER none", "(nil)");
        t.expect("ZRANDMEMBER none 5 WITHSCORES", "(empty array)");
        t.expect("ZRANDMEMBER z 0", "(empty array)");
        t.expect_error("ZRANDMEMBER z x", "ERR value is not an integer or out of range");
        t.expect_error(
            "ZRANDMEMBER z -9223372036854775808",
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        );
        t.expect_error("ZRANDMEMBER z 9223372036854775807 WITHSCORES", "ERR value is out of range");
        t.expect_error("ZRANDMEMBER z 1 SCORES", "ERR syntax error");
        t.expect_error("ZRANDMEMBER z 1 WITHSCORES x", "ERR syntax error");
    });
}
