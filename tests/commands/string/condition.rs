//! Conditions on values: SET IFEQ and its kin, DELEX, DELIFEQ, DIGEST.

use super::expiry_ms;
use crate::harness::both;

#[test]
fn set_compares_the_value() {
    both(|t| {
        t.expect("SET k w IFEQ v", "(nil)");
        t.expect("GET k", "(nil)");
        t.expect("SET k 12 IFNE v", "OK");
        t.expect("SET k w IFNE 12", "(nil)");
        t.expect("SET k w IFEQ 012", "(nil)");
        t.expect("SET k w ifeq 12", "OK");
        t.expect("SET k x IFNE v EX 10", "OK");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("SET k y IFEQ x KEEPTTL", "OK");
        assert_eq!(expiry_ms(t, "k"), Some(10_000));
        t.expect("SET k z IFEQ x GET", r#""y""#);
        t.expect("SET k z GET IFEQ y", r#""y""#);
        t.expect("GET k", r#""z""#);
        t.expect("SET other z GET IFEQ z", "(nil)");
        t.expect("GET other", "(nil)");
        t.expect("SET other z GET IFNE z", "(nil)");
        t.expect("GET other", r#""z""#);
        t.expect("SET k \"\"", "OK");
        t.expect("SET k w IFNE \"\"", "(nil)");
        t.expect("SET k w IFEQ \"\"", "OK");
    });
}

#[test]
fn set_compares_the_digest() {
    both(|t| {
        t.expect("SET k new IFDEQ 78af5f94892f3950", "(nil)");
        t.expect("GET k", "(nil)");
        t.expect("SET k abc IFDNE 78af5f94892f3950", "OK");
        t.expect("SET k new IFDNE 78AF5F94892F3950", "(nil)");
        t.expect("SET k new IFDEQ 78af5f94892f3951", "(nil)");
        t.expect("SET k new IFDEQ 78AF5F94892F3950 GET", r#""abc""#);
        t.expect("GET k", r#""new""#);
        for bad in ["\"\"", "78af5f94892f395", "078af5f94892f3950", "78af5f94892f395g"] {
            for option in ["IFDEQ", "IFDNE"] {
                let text = "ERR digest must be exactly 16 hexadecimal characters";
                t.expect_error(&format!("SET k v {option} {bad}"), text);
                t.expect_error(&format!("DELEX k {option} {bad}"), text);
                t.expect(&format!("DELEX nokey {option} {bad}"), "(integer) 0");
            }
        }
        t.expect("GET k", r#""new""#);
    });
}

#[test]
fn digest_of_a_string() {
    both(|t| {
        t.expect("SET k abc", "OK");
        t.expect("DIGEST k", r#""78af5f94892f3950""#);
        t.expect("SET k \"\"", "OK");
        t.expect("DIGEST k", r#""2d06800538d394c2""#);
        let digests: Vec<String> = ["12345", "1234"]
            .iter()
            .map(|text| {
                t.expect(&format!("SET k {text}"), "OK");
                let of_int = t.text("DIGEST k");
                t.expect("SET k \"\"", "OK");
                t.run(&format!("APPEND k {text}"));
                assert_eq!(t.text("DIGEST k"), of_int, "the encoding does not matter");
                of_int
            })
            .collect();
        assert_ne!(digests[0], digests[1]);
    });
}

#[test]
fn digest_keeps_leading_zeros() {
    both(|t| {
        let value = "v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd";
        t.expect(&format!("SET k {value}"), "OK");
        t.expect("DIGEST k", r#""00006c38adf31777""#);
    });
}

#[test]
fn delex_removes_what_fits() {
    both(|t| {
        t.expect("DELEX k", "(integer) 0");
        for (condition, fits) in [
            ("", 1),
            ("IFEQ abc", 1),
            ("ifeq ab", 0),
            ("IFNE abc", 0),
            ("IFNE ab", 1),
            ("IFDEQ 78AF5F94892F3950", 1),
            ("IFDEQ 0000000000000000", 0),
            ("IFDNE 78af5f94892f3950", 0),
            ("IFDNE 0000000000000000", 1),
        ] {
            t.expect("SET k abc", "OK");
            t.expect(&format!("DELEX k {condition}"), &format!("(integer) {fits}"));
            t.expect("GET k", if fits == 1 { "(nil)" } else { r#""abc""# });
            if !condition.is_empty() {
                t.expect(&format!("DELEX nokey {condition}"), "(integer) 0");
            }
        }
        t.expect_error("DELEX k IFEQ", "ERR wrong number of arguments for 'delex' command");
        t.expect_error("DELEX k IFEQ v w", "ERR wrong number of arguments for 'delex' command");
        t.expect_error("DELEX k NX v", "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
    });
}

#[test]
fn delifeq_removes_an_equal_value() {
    both(|t| {
        t.expect("DELIFEQ k v", "(integer) 0");
        t.expect("SET k 12", "OK");
        t.expect("DELIFEQ k 1", "(integer) 0");
        t.expect("DELIFEQ k 12", "(integer) 1");
        t.expect("GET k", "(nil)");
    });
}
