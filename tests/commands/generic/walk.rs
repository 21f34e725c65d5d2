//! SCAN, KEYS and RANDOMKEY.

use std::collections::{BTreeMap, BTreeSet};

use nyala::dispatch::Wait;
use nyala::resp::decode::Value;
use proptest::prelude::*;

use crate::harness::{Answer, Gate, both};

/// A page of SCAN: the next cursor and the keys.
#[track_caller]
fn page(t: &mut Gate, request: &str) -> (u64, Vec<String>) {
    let Value::Array(page) = t.run(request) else { panic!("a page is an array") };
    let [Value::Bulk(cursor), Value::Array(keys)] = &page[..] else { panic!("a page is a cursor and an array") };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("keys are text here");
    let keys = keys.iter().map(|key| match key {
        Value::Bulk(key) => text(key),
        other => panic!("a key is a bulk string, not {other:?}"),
    });
    (text(cursor).parse().expect("a cursor is a number"), keys.collect())
}

/// All keys that a whole walk shows, in its order.
fn scan_all(t: &mut Gate, options: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut cursor = 0;
    loop {
        let (next, found) = page(t, &format!("SCAN {cursor} {options}"));
        assert!(next < 1 << 63, "clients read cursors as signed numbers");
        keys.extend(found);
        if next == 0 {
            return keys;
        }
        cursor = next;
    }
}

fn fill(t: &mut Gate, count: usize) {
    for n in 0..count {
        t.run_args(&[b"SET", format!("key:{n}").as_bytes(), b"v"]);
    }
}

#[test]
fn a_walk_shows_each_key_once() {
    both(|t| {
        assert_eq!(page(t, "SCAN 0"), (0, vec![]));
        fill(t, 1000);
        for options in
            ["", "COUNT 1", "COUNT 7", "COUNT 600", "COUNT 100000", "MATCH * COUNT 50", "TYPE string COUNT 33"]
        {
            let keys = scan_all(t, options);
            assert_eq!(keys.len(), 1000, "{options}");
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 1000, "{options}");
        }
    });
}

#[test]
fn count_bounds_a_page() {
    both(|t| {
        fill(t, 1000);
        for count in [1, 10, 100, 700] {
            let mut cursor = 0;
            loop {
                let (next, keys) = page(t, &format!("SCAN {cursor} COUNT {count}"));
                assert!(keys.len() <= count + 3, "{} keys for COUNT {count}", keys.len());
                if next == 0 {
                    break;
                }
                assert!(keys.len() >= count, "only the last page may be short, not {} for COUNT {count}", keys.len());
                cursor = next;
            }
        }
    });
}

#[test]
fn a_page_goes_on_through_shards_that_hold_little() {
    let mut t = Gate::new();
    t.expect("SET lonely v", "OK");
    assert_eq!(page(&mut t, "SCAN 0"), (0, vec!["lonely".into()]));
}

#[test]
fn match_and_type_filter_what_is_shown() {
    both(|t| {
        fill(t, 100);
        let mut keys = scan_all(t, "MATCH key:1? COUNT 10");
        keys.sort();
        assert_eq!(keys, (10..20).map(|n| format!("key:{n}")).collect::<Vec<_>>());
        assert_eq!(scan_all(t, "MATCH nosuch*").len(), 0);
        assert_eq!(scan_all(t, "TYPE list").len(), 0);
        assert_eq!(scan_all(t, "TYPE nosuch").len(), 0);
        assert_eq!(scan_all(t, "type STRING").len(), 100);
    });
}

#[test]
fn expired_keys_are_not_shown_and_go() {
    both(|t| {
        fill(t, 100);
        for n in 0..50 {
            t.expect(&format!("PEXPIRE key:{n} 10"), "(integer) 1");
        }
        t.advance_ms(10);
        t.expect("DBSIZE", "(integer) 100");
        assert_eq!(scan_all(t, "").len(), 50);
        t.expect("DBSIZE", "(integer) 50");
        assert_eq!(t.server.stats.totals().expired, 50);
    });
}

#[test]
fn wrong_cursors_and_options() {
    both(|t| {
        for request in ["SCAN x", "SCAN 1.5", "SCAN \" 0\"", "SCAN 18446744073709551616"] {
            t.expect_error(request, "ERR invalid cursor");
        }
        for request in
            ["SCAN 0 COUNT", "SCAN 0 COUNT 0", "SCAN 0 COUNT -1", "SCAN 0 MATCH", "SCAN 0 NOVALUES", "SCAN 0 TYPE"]
        {
            t.expect_error(request, "ERR syntax error");
        }
        t.expect_error("SCAN 0 COUNT ten", "ERR value is not an integer or out of range");
        fill(t, 10);
        for request in ["SCAN 18446744073709551615", "SCAN -1", "SCAN 9223372036854775807"] {
            assert_eq!(page(t, request), (0, vec![]), "{request}");
        }
    });
}

#[test]
fn a_large_page_leaves_the_worker() {
    let mut t = Gate::new();
    fill(&mut t, 30_000);
    assert_eq!(t.submit(&[b"SCAN", b"0", b"COUNT", b"10"]), t.submit(&[b"SCAN", b"0", b"COUNT", b"10"]));
    let (next, keys) = page(&mut t, "SCAN 0 COUNT 1000000");
    assert_eq!((next, keys.len()), (0, 30_000));
    assert_eq!(scan_all(&mut t, "COUNT 25000").len(), 30_000);
}

#[test]
fn a_shard_held_for_long_ends_a_page_or_makes_it_wait() {
    let mut t = Gate::new();
    fill(&mut t, 100);
    let server = std::sync::Arc::clone(&t.server);
    let held = server.keyspace.lock_long(super::last_shard(&t));
    let (cursor, before) = page(&mut t, "SCAN 0 COUNT 1000");
    assert_ne!(cursor, 0);
    let next = format!("SCAN {cursor} COUNT 1000");
    let words: Vec<&[u8]> = next.split(' ').map(str::as_bytes).collect();
    assert_eq!(t.submit(&words), Answer::Waits(Wait::Shards));
    for request in [&[&b"DBSIZE"[..]][..], &[b"KEYS", b"*"], &[b"RANDOMKEY"], &[b"FLUSHALL"]] {
        assert_eq!(t.submit(request), Answer::Waits(Wait::Shards));
    }
    drop(held);
    let (end, after) = page(&mut t, &next);
    assert_eq!((end, before.len() + after.len()), (0, 100));
    t.expect("DBSIZE", "(integer) 100");
}

/// A step between two pages.
#[derive(Debug, Clone)]
enum Step {
    Add(u16),
    Remove(u16),
    Rename(u16, u16),
    Page(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..600u16;
    let step = prop_oneof![
        4 => key.clone().prop_map(Step::Add),
        4 => key.clone().prop_map(Step::Remove),
        1 => (key.clone(), key).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (1..40u16).prop_map(Step::Page),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn keys_present_throughout_are_shown_exactly_once(first in prop::collection::btree_set(0..600u16, 0..500), steps in steps()) {
        let mut t = Gate::new();
        let name = |key: u16| format!("key:{key}");
        let mut present = first;
        for &key in &present {
            t.run(&format!("SET {} v", name(key)));
        }
        let mut throughout = present.clone();
        let mut ever = present.clone();
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        let mut cursor = None;
        let steps = steps.into_iter().chain(std::iter::repeat_n(Step::Page(30), 50));
        for step in steps {
            match step {
                Step::Add(key) => {
                    t.run(&format!("SET {} v", name(key)));
                    present.insert(key);
                    ever.insert(key);
                }
                Step::Remove(key) => {
                    t.run(&format!("DEL {}", name(key)));
                    present.remove(&key);
                    throughout.remove(&key);
                }
                Step::Rename(from, to) if from != to && present.remove(&from) => {
                    t.run(&format!("RENAME {} {}", name(from), name(to)));
                    throughout.remove(&from);
                    // What the name held before was replaced, but a key of that name was there all the time.
                    present.insert(to);
                    ever.insert(to);
                }
                Step::Rename(..) => {}
                Step::Page(count) => {
                    let (next, keys) = page(&mut t, &format!("SCAN {} COUNT {count}", cursor.unwrap_or(0)));
                    keys.into_iter().for_each(|key| *shown.entry(key).or_default() += 1);
                    cursor = Some(next);
                    if next == 0 {
                        break;
                    }
                }
            }
        }
        prop_assert_eq!(cursor, Some(0), "the walk ends");
        for &key in &throughout {
            prop_assert_eq!(shown.get(&name(key)).copied(), Some(1), "{}", key);
        }
        for (key, times) in &shown {
            let number = key["key:".len()..].parse().expect("names end in a number");
            prop_assert!(ever.contains(&number) && *times == 1, "{} was shown {} times", key, times);
        }
    }
}

#[test]
fn keys_lists_what_fits_the_pattern() {
    both(|t| {
        t.expect("KEYS *", "(empty array)");
        t.expect("MSET hello 1 hallo 2 hxllo 3 other 4", "OK");
        let mut sorted = |pattern: &str| {
            let Value::Array(keys) = t.run(&format!("KEYS {pattern}")) else { panic!("an array is expected") };
            let mut keys: Vec<String> = keys.iter().map(crate::render::render).collect();
            keys.sort();
            keys.join(" ")
        };
        assert_eq!(sorted("h?llo"), r#""hallo" "hello" "hxllo""#);
        assert_eq!(sorted("h[ae]llo"), r#""hallo" "hello""#);
        assert_eq!(sorted("h[^e]llo"), r#""hallo" "hxllo""#);
        assert_eq!(sorted("other"), r#""other""#);
        assert_eq!(sorted("nosuch"), "");
        assert_eq!(sorted("*"), r#""hallo" "hello" "hxllo" "other""#);
        t.expect("SET gone 1 PX 5", "OK");
        t.advance_ms(5);
        t.expect("KEYS gone", "(empty array)");
        t.expect("DBSIZE", "(integer) 4");
    });
}

#[test]
fn keys_of_many_leaves_the_worker() {
    let mut t = Gate::new();
    fill(&mut t, 21_000);
    let Value::Array(keys) = t.run("KEYS key:*") else { panic!("an array is expected") };
    assert_eq!(keys.len(), 21_000);
    let distinct: BTreeSet<String> = keys.iter().map(crate::render::render).collect();
    assert_eq!(distinct.len(), 21_000);
}

#[test]
fn randomkey_reaches_every_key_about_equally() {
    let mut t = Gate::new();
    t.expect("RANDOMKEY", "(nil)");
    fill(&mut t, 20);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..4000 {
        *counts.entry(t.text("RANDOMKEY")).or_default() += 1;
    }
    assert_eq!(counts.len(), 20);
    // 200 are expected of each; a fair coin strays from that by more than 70 once in a million draws of this test.
    assert!(counts.values().all(|count| (130..270).contains(count)), "{counts:?}");
}

#[test]
fn randomkey_passes_over_expired_keys() {
    both(|t| {
        fill(t, 30);
        for n in 1..30 {
            t.expect(&format!("PEXPIRE key:{n} 10"), "(integer) 1");
        }
        t.advance_ms(10);
        t.expect("RANDOMKEY", "\"key:0\"");
        t.expect("DEL key:0", "(integer) 1");
        t.expect("RANDOMKEY", "(nil)");
        t.expect("DBSIZE", "(integer) 0");
    });
}
