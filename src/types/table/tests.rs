use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::util::rng::Rng;

/// An element is a number that is its own key, under hashes that the test chooses.
fn insert(table: &mut Table<u64>, hash: u64, value: u64) -> bool {
    table.insert_if_absent(hash, |&other| other == value, || value)
}

fn spread(value: u64) -> u64 {
    hash(&value.to_le_bytes())
}

/// What must hold of every table.
fn check<T>(table: &Table<T>) {
    assert_eq!(table.directory.len(), 1 << table.depth);
    assert_eq!(table.len, table.segments.iter().map(Segment::len).sum::<usize>());
    assert_eq!(table.contents_bytes, table.segments.iter().map(Segment::contents_bytes).sum::<usize>());
    assert_eq!(table.ordered().count(), table.segments.len());
    for segment in table.ordered() {
        assert!(std::ptr::eq(segment, &raw const table.segments[table.segment_at(segment.prefix)]));
    }
}

#[test]
fn a_table_grows_and_shrinks_in_small_steps() {
    let mut table = Table::new();
    for value in 0..50_000u64 {
        let before = table.memory_bytes();
        assert!(insert(&mut table, spread(value), value));
        assert!(table.memory_bytes() < before * 3 + 10_000, "{value}");
    }
    check(&table);
    let bytes = table.memory_bytes() as f64 / 50_000.0;
    assert!(bytes < 15.0, "{bytes} bytes an element of 8");
    assert!(table.segments.len() > 100);
    for value in 0..50_000u64 {
        assert_eq!(table.remove(spread(value), |&other| other == value), Some(value));
        assert_eq!(table.remove(spread(value), |&other| other == value), None);
    }
    check(&table);
    assert!(table.is_empty());
    assert_eq!(table.segments.len(), 1);
    assert!(table.memory_bytes() < 2_000, "{}", table.memory_bytes());
}

#[test]
fn memory_of_a_million_elements() {
    let mut table = Table::new();
    for value in 0..1_000_000u64 {
        table.insert_unique(spread(value), value);
    }
    let bytes = table.memory_bytes() as f64 / 1e6;
    assert!(bytes < 14.5, "{bytes} bytes an element of 8");
}

#[test]
fn every_element_is_equally_likely() {
    let mut rng = Rng::from_seed(7);
    for len in [1u64, 5, 600, 3000] {
        let mut table = Table::new();
        (0..len).for_each(|value| table.insert_unique(spread(value), value));
        let mut counts = vec![0u32; len as usize];
        for _ in 0..len * 100 {
            counts[*table.random(&mut rng).unwrap() as usize] += 1;
        }
        // Chi-square with len - 1 degrees of freedom: its mean is len - 1, its deviation sqrt(2 len).
        let chi: f64 = counts.iter().map(|&n| (f64::from(n) - 100.0).powi(2) / 100.0).sum();
        let slack = 5.0 * (2.0 * len as f64).sqrt();
        assert!(chi < len as f64 + slack, "{len}: {chi}");
    }
    assert!(Table::<u64>::new().random(&mut rng).is_none());
}

#[test]
fn what_is_left_after_removals_is_equally_likely_too() {
    let mut rng = Rng::from_seed(8);
    let mut table = Table::new();
    (0..20_000u64).for_each(|value| table.insert_unique(spread(value), value));
    while table.len() > 200 {
        assert!(table.remove_random(&mut rng).is_some());
    }
    check(&table);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..20_000 {
        *counts.entry(*table.random(&mut rng).unwrap()).or_insert(0u32) += 1;
    }
    assert_eq!(counts.len(), 200);
    let chi: f64 = counts.values().map(|&n| (f64::from(n) - 100.0).powi(2) / 100.0).sum();
    assert!(chi < 300.0, "{chi}");
}

#[test]
fn a_bad_hash_is_slow_but_right() {
    let mut table = Table::new();
    for value in 0..2_000u64 {
        assert!(insert(&mut table, (value % 3) << 40, value));
    }
    check(&table);
    for value in 0..2_000u64 {
        assert!(!insert(&mut table, (value % 3) << 40, value));
    }
    let mut rng = Rng::from_seed(1);
    assert!(table.random(&mut rng).is_some());
    let mut seen = 0;
    assert_eq!(table.scan(0, 10, |_| seen += 1), 1 << 8, "elements of one position come together");
    assert_eq!(seen, 667);
    for value in 0..2_000u64 {
        assert_eq!(table.remove((value % 3) << 40, |&other| other == value), Some(value));
    }
    check(&table);
}

#[test]
fn a_scan_shows_about_as_many_as_wanted() {
    let mut table = Table::new();
    (0..10_000u64).for_each(|value| table.insert_unique(spread(value), value));
    for count in [1, 10, 1000, 20_000] {
        let (mut cursor, mut calls, mut seen) = (0, 0, BTreeSet::new());
        loop {
            let before = seen.len();
            cursor = table.scan(cursor, count, |&value| assert!(seen.insert(value)));
            calls += 1;
            assert!(seen.len() - before <= count + 2 && (cursor == 0 || seen.len() - before >= count));
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len(), 10_000);
        assert!(calls <= 10_000 / count + 1, "{calls}");
    }
    assert_eq!(table.scan(u64::MAX, 10, |_| panic!("nothing is there")), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64),
    Remove(u64),
    RemoveRandom(u64),
    Scan(usize),
}

fn step(range: u64) -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..range).prop_map(Step::Insert),
        6 => (0..range).prop_map(Step::Remove),
        1 => any::<u64>().prop_map(Step::RemoveRandom),
        1 => (1usize..200).prop_map(Step::Scan),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_table_is_a_set(
        first in 0u64..4000,
        steps in prop::collection::vec(step(4000), 0..3000),
        // Few bits of hash make many equal positions.
        mask in prop_oneof![Just(u64::MAX), Just(0xff0f_ff00_0000_0000u64), Just(0xf << 33)],
    ) {
        let hashed = |value: u64| spread(value) & mask;
        let mut table = Table::new();
        let mut model: BTreeSet<u64> = (0..first).collect();
        model.iter().for_each(|&value| assert!(insert(&mut table, hashed(value), value)));
        let (mut cursor, mut seen, mut stable) = (0, BTreeSet::new(), model.clone());
        for step in steps {
            match step {
                Step::Insert(value) => {
                    prop_assert_eq!(insert(&mut table, hashed(value), value), model.insert(value));
                }
                Step::Remove(value) => {
                    let removed = table.remove(hashed(value), |&other| other == value);
                    prop_assert_eq!(removed.is_some(), model.remove(&value));
                    stable.remove(&value);
                }
                Step::RemoveRandom(seed) => {
                    if let Some(value) = table.remove_random(&mut Rng::from_seed(seed)) {
                        prop_assert!(model.remove(&value));
                        stable.remove(&value);
                    }
                    prop_assert_eq!(table.len(), model.len());
                    let wanted = [hashed(seed), hashed(seed / 2), seed];
                    table.prefetch_all(&wanted, |value| assert!(model.contains(value), "only what is there"));
                }
                Step::Scan(count) => {
                    // Elements that come and go may be seen twice; those that stay may not.
                    cursor = table.scan(cursor, count, |&value| {
                        assert!(seen.insert(value) || !stable.contains(&value));
                    });
                    if cursor == 0 {
                        prop_assert!(stable.is_subset(&seen));
                        seen.clear();
                        stable.clone_from(&model);
                    }
                }
            }
        }
        check(&table);
        prop_assert_eq!(table.iter().copied().collect::<BTreeSet<_>>(), model.clone());
        prop_assert_eq!(table.iter().count(), model.len());
        let copy = table.clone();
        for value in 0..4000 {
            prop_assert_eq!(copy.find(hashed(value), |&other| other == value).is_some(), model.contains(&value));
            prop_assert_eq!(table.find_mut(hashed(value), |&other| other == value).is_some(), model.contains(&value));
        }
        table.clear();
        prop_assert!(table.is_empty() && table.iter().next().is_none());
    }
}
