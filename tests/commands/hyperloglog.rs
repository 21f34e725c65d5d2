//! HyperLogLog commands. Expected replies are those of Redis 7.0.15.

use nyala::resp::decode::Value;

use crate::harness::{Gate, both};

const NOT_HLL: &str = "WRONGTYPE Key is not a valid HyperLogLog string value.";
const CORRUPTED: &str = "INVALIDOBJ Corrupted HLL object detected";

/// What Redis stores after `PFADD h a b c`.
const REDIS_VALUE: &str = r#""HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ""#;

/// Adds `count` elements that start with `prefix`.
fn add(t: &mut Gate, key: &str, prefix: &str, count: usize) {
    let elements: Vec<String> = (0..count).map(|n| format!("{prefix}{n}")).collect();
    for some in elements.chunks(1000) {
        t.run(&format!("PFADD {key} {}", some.join(" ")));
    }
}

fn bytes(t: &mut Gate, key: &str) -> Vec<u8> {
    match t.run(&format!("GET {key}")) {
        Value::Bulk(bytes) => bytes,
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn pfadd_says_whether_the_estimate_changed() {
    both(|t| {
        t.expect("PFADD h", "(integer) 1");
        t.expect("PFADD h", "(integer) 0");
        t.expect("PFADD h a b c", "(integer) 1");
        t.expect("PFADD h a b", "(integer) 0");
        t.expect("PFADD h a b d", "(integer) 1");
        t.expect("PFCOUNT h", "(integer) 4");
        t.expect("PFCOUNT nosuch", "(integer) 0");
    });
}

#[test]
fn the_value_is_that_of_redis() {
    both(|t| {
        t.run("PFADD h a b c");
        t.expect("GET h", REDIS_VALUE);
        t.run("PFCOUNT h");
        assert_eq!(&bytes(t, "h")[8..16], &3u64.to_le_bytes(), "PFCOUNT stores it");
    });
}

#[test]
fn a_sparse_value_becomes_dense_when_it_grows() {
    both(|t| {
        add(t, "h", "e", 10);
        t.expect("PFDEBUG ENCODING h", "sparse");
        add(t, "h", "e", 3000);
        t.expect("PFDEBUG ENCODING h", "dense");
        assert_eq!(bytes(t, "h").len(), 16 + 12288);
        t.config("hll-sparse-max-bytes", "30");
        add(t, "small", "e", 20);
        t.expect("PFDEBUG ENCODING small", "dense");
    });
}

#[test]
fn dense_values_count_on() {
    both(|t| {
        add(t, "h", "e", 20_000);
        let count = t.integer("PFCOUNT h");
        assert!((19_500..20_500).contains(&count), "{count}");
        t.expect("PFADD h e0 e1", "(integer) 0");
        assert_eq!(t.integer("PFCOUNT h"), count);
    });
}

#[test]
fn pfcount_of_several_keys_counts_their_union() {
    both(|t| {
        t.run("PFADD a x y z");
        t.run("PFADD b z w");
        t.expect("PFCOUNT a b nosuch", "(integer) 4");
        t.expect("PFCOUNT nosuch nosuch", "(integer) 0");
        add(t, "c", "e", 5000);
        let alone = t.integer("PFCOUNT c");
        assert_eq!(t.integer("PFCOUNT c c"), alone);
        assert!(t.integer("PFCOUNT a b c") > alone);
    });
}

#[test]
fn pfmerge_unites_into_the_destination() {
    both(|t| {
        t.run("PFADD a x y z");
        t.run("PFADD b z w");
        t.expect("PFMERGE d a b nosuch", "OK");
        t.expect("PFCOUNT d", "(integer) 4");
        t.expect("PFDEBUG ENCODING d", "sparse");
        t.expect("PFMERGE d", "OK");
        t.expect("PFCOUNT d", "(integer) 4");
        t.expect("PFMERGE new", "OK");
        t.expect("PFCOUNT new", "(integer) 0");
        t.run("PFADD new q");
        t.expect("PFMERGE d new", "OK");
        t.expect("PFCOUNT d", "(integer) 5");
        t.run("PFDEBUG TODENSE a");
        t.expect("PFMERGE b a", "OK");
        t.expect("PFDEBUG ENCODING b", "dense");
        t.expect("PFCOUNT b", "(integer) 4");
    });
}

#[test]
fn other_strings_are_refused() {
    both(|t| {
        t.run("SET s hello");
        t.run("SET n 12");
        t.run(r#"SET cut "HYLL\x00""#);
        for key in ["s", "n", "cut"] {
            t.expect_error(&format!("PFADD {key} a"), NOT_HLL);
            t.expect_error(&format!("PFCOUNT {key}"), NOT_HLL);
            t.expect_error(&format!("PFCOUNT nosuch {key}"), NOT_HLL);
            t.expect_error(&format!("PFMERGE d {key}"), NOT_HLL);
            t.expect_error(&format!("PFMERGE {key} nosuch"), NOT_HLL);
            t.expect_error(&format!("PFDEBUG ENCODING {key}"), NOT_HLL);
        }
        t.expect("GET d", "(nil)");
        t.expect("GET s", r#""hello""#);
    });
}

#[test]
fn broken_runs_are_refused() {
    both(|t| {
        let mut broken = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
        broken.extend([0x7f, 0xff, 0x7f, 0xff]);
        t.run_args(&[b"SET", b"h", &broken]);
        t.expect_error("PFCOUNT h", CORRUPTED);
        t.expect_error("PFCOUNT h nosuch", CORRUPTED);
        t.expect_error("PFMERGE d h", CORRUPTED);
        t.expect_error("PFDEBUG GETREG h", CORRUPTED);
        t.expect_error("PFDEBUG TODENSE h", CORRUPTED);
        assert_eq!(bytes(t, "h"), broken);
    });
}

#[test]
fn pfdebug_shows_the_insides() {
    both(|t| {
        t.expect_error("PFDEBUG ENCODING h", "ERR The specified key does not exist");
        t.run("PFADD h a b c");
        t.expect("PFDEBUG DECODE h", r#""Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603""#);
        t.expect_error("PFDEBUG FOO h", "ERR Unknown PFDEBUG subcommand 'FOO'");
        let Value::Array(registers) = t.run("PFDEBUG GETREG h") else { panic!("no array") };
        assert_eq!(registers.len(), 16384);
        assert_eq!(registers.iter().filter(|register| **register != Value::Integer(0)).count(), 3);
        t.expect("PFDEBUG encoding h", "dense");
        t.expect_error("PFDEBUG DECODE h", "ERR HLL encoding is not sparse");
        t.expect("PFDEBUG TODENSE h", "(integer) 0");
        t.run("PFADD s a");
        t.expect("PFDEBUG TODENSE s", "(integer) 1");
        t.expect("PFCOUNT s", "(integer) 1");
    });
}
