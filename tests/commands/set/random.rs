//! SPOP and SRANDMEMBER.

use std::collections::BTreeSet;

use super::{NOT_INTEGER, SYNTAX, sorted};
use crate::harness::both;

const NOT_POSITIVE: &str = "ERR value is out of range, must be positive";

#[test]
fn spop_takes_members_out() {
    both(|t| {
        t.expect_in("SPOP none", "(nil)", "(nil)");
        assert!(sorted(t, "SPOP none 3").is_empty());
        for members in ["1 2 3 4 5 6", "a b c d e f"] {
            t.expect(&format!("SADD s {members}"), "(integer) 6");
            let one = t.text("SPOP s");
            t.expect(&format!("SISMEMBER s {one}"), "(integer) 0");
            assert!(sorted(t, "SPOP s 0").is_empty());
            let popped = sorted(t, "SPOP s 2");
            assert_eq!(popped.len(), 2);
            let mut all: Vec<String> = sorted(t, "SMEMBERS s");
            all.extend(popped);
            all.push(one);
            all.sort();
            assert_eq!(all.join(" "), members);
            assert_eq!(sorted(t, "SPOP s 10").len(), 3);
            t.expect("EXISTS s", "(integer) 0");
            t.expect("SADD s x", "(integer) 1");
            t.expect("SPOP s", "\"x\"");
            t.expect("EXISTS s", "(integer) 0");
        }
        t.expect("SADD s a b", "(integer) 2");
        t.expect_error("SPOP s -1", NOT_POSITIVE);
        t.expect_error("SPOP s x", NOT_POSITIVE);
        t.expect_error("SPOP s 1 2", SYNTAX);
    });
}

#[test]
fn srandmember_leaves_them_in() {
    both(|t| {
        t.expect_in("SRANDMEMBER none", "(nil)", "(nil)");
        assert!(sorted(t, "SRANDMEMBER none 3").is_empty());
        let many: Vec<String> = (0..300).map(|n| format!("m{n}")).collect();
        for (members, len) in [("1 2 3 4 5", 5), ("a b c d e", 5), (&*many.join(" "), 300)] {
            t.run("DEL s");
            t.expect(&format!("SADD s {members}"), &format!("(integer) {len}"));
            let all: BTreeSet<String> = sorted(t, "SMEMBERS s").into_iter().collect();
            assert!(all.contains(&t.text("SRANDMEMBER s")));
            for count in [0, 1, 3, 4, 200, 299, 400] {
                let some = sorted(t, &format!("SRANDMEMBER s {count}"));
                let different: BTreeSet<String> = some.iter().cloned().collect();
                assert_eq!((some.len(), different.len()), (count.min(len), count.min(len)), "{count}");
                assert!(different.is_subset(&all));
                let repeated = sorted(t, &format!("SRANDMEMBER s -{}", count + 1));
                assert!(repeated.len() == count + 1 && repeated.iter().all(|member| all.contains(member)));
            }
            t.expect("SCARD s", &format!("(integer) {len}"));
        }
        t.expect_error("SRANDMEMBER s x", NOT_INTEGER);
        t.expect_error("SRANDMEMBER s 1 2", SYNTAX);
        t.expect_error(
            "SRANDMEMBER s -9223372036854775808",
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        );
    });
}
