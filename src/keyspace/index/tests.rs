use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::{KeyHasher, StringValue};

fn entry(key: &[u8]) -> EntryBox {
    EntryBox::string(key, StringValue::Emb(b""), None, 0)
}

fn good(key: &[u8]) -> u32 {
    KeyHasher::seeded(7).hash(key).position()
}

fn number_of(key: &[u8]) -> u32 {
    std::str::from_utf8(key).unwrap().parse().unwrap()
}

fn key(number: u32) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// Inserts, finds, walks and removes `count` keys under a given hash.
fn round_trip(count: u32, positions: &impl Positions) {
    let mut index = Index::default();
    for number in 0..count {
        let key = key(number);
        assert!(index.find(&key, positions.position(&key)).is_none());
        index.insert(entry(&key), positions.position(&key), positions);
    }
    assert_eq!(index.len(), count as usize);
    let mut seen = vec![0; count as usize];
    let mut last = 0;
    let mut cursor = Some(0);
    while let Some(from) = cursor {
        cursor = index.scan(from, 10, positions, |entry| {
            seen[number_of(entry.key()) as usize] += 1;
            let position = positions.position(entry.key());
            assert!(position >= from);
            last = last.max(position);
        });
        assert!(cursor.is_none_or(|next| next > last), "all entries of a position come together");
    }
    assert!(seen.iter().all(|&times| times == 1));
    for number in 0..count {
        let key = key(number);
        let location = index.find(&key, positions.position(&key)).unwrap();
        assert_eq!(index.remove(location).view().key(), key);
    }
    assert!(index.is_empty());
    assert_eq!((index.segment_count(), index.memory_bytes()), (0, 0));
}

#[test]
fn good_hashes_fill_segments_evenly() {
    round_trip(if cfg!(miri) { 700 } else { 60_000 }, &good);
}

#[test]
fn equal_positions_neither_loop_nor_get_lost() {
    round_trip(if cfg!(miri) { 100 } else { 2_000 }, &|_: &[u8]| 0x1234_5678);
    round_trip(if cfg!(miri) { 100 } else { 2_000 }, &|_: &[u8]| u32::MAX);
    round_trip(if cfg!(miri) { 100 } else { 2_000 }, &|_: &[u8]| 0);
}

#[test]
fn poor_positions_neither_loop_nor_get_lost() {
    let count = if cfg!(miri) { 200 } else { 4_000 };
    // Few distinct values, low bits only, one crowded corner beside an even spread.
    round_trip(count, &|key: &[u8]| good(key) & 0xf000_000f);
    round_trip(count, &|key: &[u8]| good(key) & 0xff);
    round_trip(count, &|key: &[u8]| good(key) & 0xffff);
    round_trip(count, &|key: &[u8]| if number_of(key).is_multiple_of(3) { good(key) } else { 0x8000_0000 });
    round_trip(count, &number_of);
}

#[test]
fn a_good_hash_needs_no_overflow_and_fills_well() {
    let mut index = Index::default();
    let mut lowest = 1.0f64;
    for number in 0..if cfg!(miri) { 1_000 } else { 200_000u32 } {
        let key = key(number);
        index.insert(entry(&key), good(&key), &good);
        if number >= 500 && number % 100 == 0 {
            lowest = lowest.min(index.len() as f64 / index.capacity() as f64);
        }
    }
    assert_eq!(index.overflow_len(), 0);
    assert!(lowest > 0.6, "{lowest}");
}

#[test]
fn mass_deletion_gives_the_memory_back() {
    let count = if cfg!(miri) { 1_000 } else { 100_000u32 };
    let mut index = Index::default();
    for number in 0..count {
        index.insert(entry(&key(number)), good(&key(number)), &good);
    }
    let full = index.memory_bytes();
    for number in 0..count - count / 100 {
        let location = index.find(&key(number), good(&key(number))).unwrap();
        drop(index.remove(location));
    }
    assert!(index.memory_bytes() * 20 < full, "{} of {full}", index.memory_bytes());
    for number in count - count / 100..count {
        assert!(index.find(&key(number), good(&key(number))).is_some());
    }
}

#[test]
fn every_entry_comes_up_at_random() {
    let mut index = Index::default();
    assert!(index.random(5).is_none());
    for number in 0..300 {
        index.insert(entry(&key(number)), good(&key(number)), &good);
    }
    let mut seen = vec![0u32; 300];
    let mut dice = 1u64;
    for _ in 0..if cfg!(miri) { 3_000 } else { 60_000 } {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seen[number_of(index.random(dice ^ dice << 32).unwrap().key()) as usize] += 1;
    }
    assert!(seen.iter().all(|&times| times > 0));
}

/// What happens between two steps of a walk.
#[derive(Debug, Clone)]
enum Between {
    Insert(u32, u32),
    Remove(u32, u32),
}

fn between() -> impl Strategy<Value = Between> {
    let number = 0u32..6_000;
    let width = prop_oneof![1u32..20, 500u32..3_000];
    prop_oneof![
        (number.clone(), width.clone()).prop_map(|(from, width)| Between::Insert(from, width)),
        (number, width).prop_map(|(from, width)| Between::Remove(from, width)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: if cfg!(miri) { 1 } else { 48 }, ..ProptestConfig::default() })]
    #[test]
    fn a_walk_visits_what_stays_exactly_once(
        first in 0u32..4_000,
        steps in prop::collection::vec((1usize..200, between()), 1..40),
        mask in prop_oneof![4 => Just(u32::MAX), 1 => Just(0xff00_0fff), 1 => Just(0x0000_ffff)],
    ) {
        let positions = |key: &[u8]| good(key) & mask;
        let mut index = Index::default();
        // Present since, and times seen.
        let mut staying: BTreeMap<u32, u32> = BTreeMap::new();
        let mut come_later: BTreeMap<u32, u32> = BTreeMap::new();
        for number in 0..first {
            index.insert(entry(&key(number)), positions(&key(number)), &positions);
            staying.insert(number, 0);
        }
        let mut steps = steps.into_iter().cycle();
        let mut cursor = Some(0);
        let mut calls = 0;
        while let Some(from) = cursor {
            let (count, between) = steps.next().unwrap();
            // After a while larger steps, so that the walk ends soon.
            let count = if calls > 100 { count * 50 } else { count };
            calls += 1;
            cursor = index.scan(from, count, &positions, |entry| {
                let number = number_of(entry.key());
                *staying.get_mut(&number).or(come_later.get_mut(&number)).expect("a visited key is present") += 1;
            });
            let (numbers, insert) = match between {
                Between::Insert(from, width) => (from..from + width, true),
                Between::Remove(from, width) => (from..from + width, false),
            };
            for number in numbers {
                let name = key(number);
                match (index.find(&name, positions(&name)), insert) {
                    (None, true) => {
                        index.insert(entry(&name), positions(&name), &positions);
                        come_later.insert(number, 0);
                    }
                    (Some(location), false) => {
                        drop(index.remove(location));
                        staying.remove(&number);
                        come_later.remove(&number);
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(index.len(), staying.len() + come_later.len());
        }
        prop_assert!(staying.values().all(|&times| times == 1));
        prop_assert!(come_later.values().all(|&times| times <= 1));
    }
}
