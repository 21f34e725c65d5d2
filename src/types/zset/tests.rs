use std::collections::BTreeMap;
use std::ops::Bound;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { entries: 8, value_bytes: 12 };

/// A sorted set as plainly as can be.
#[derive(Debug, Default, Clone)]
struct Model(BTreeMap<Vec<u8>, f64>);

impl Model {
    fn sorted(&self) -> Vec<(Vec<u8>, f64)> {
        let mut all: Vec<_> = self.0.iter().map(|(member, score)| (member.clone(), *score)).collect();
        all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then_with(|| a.0.cmp(&b.0)));
        all
    }

    fn ranks(&self, is_in: impl Fn(&[u8], f64) -> bool) -> Vec<usize> {
        let all = self.sorted().into_iter().enumerate();
        all.filter(|(_, (member, score))| is_in(member, *score)).map(|(rank, _)| rank).collect()
    }
}

fn members(zset: &ZSet, ranks: Range<usize>, backwards: bool) -> Vec<(Vec<u8>, f64)> {
    let mut all = Vec::new();
    zset.visit(ranks, backwards, |member, score| all.push((member.text(&mut itoa::Buffer::new()).to_vec(), score)));
    all
}

#[derive(Debug, Clone)]
enum Step {
    Set(Vec<u8>, f64),
    /// Adds to the score of a member that is there.
    Add(Vec<u8>, f64),
    Remove(Vec<u8>),
    RemoveRange(u16, u16),
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0u32..200).prop_map(|n| n.to_string().into_bytes()),
        4 => "[a-c]{0,4}".prop_map(String::into_bytes),
        1 => "[a-c]{9,14}".prop_map(String::into_bytes),
    ]
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-3i32..3).prop_map(f64::from),
        3 => (-30i32..30).prop_map(|n| f64::from(n) / 8.0),
        2 => any::<f64>().prop_filter("a number", |score| !score.is_nan()),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)],
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (member(), score()).prop_map(|(member, score)| Step::Set(member, score)),
        2 => (member(), -4.0..4.0).prop_map(|(member, by)| Step::Add(member, by)),
        4 => member().prop_map(Step::Remove),
        1 => (0u16..=100, 0u16..=100).prop_map(|(a, b)| Step::RemoveRange(a.min(b), a.max(b))),
    ]
}

fn bound() -> impl Strategy<Value = Bound<f64>> {
    prop_oneof![score().prop_map(Bound::Included), score().prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

proptest! {
    #[test]
    fn behaves_like_a_sorted_map(
        steps in prop::collection::vec(step(), 0..100),
        limit in prop_oneof![Just(8usize), Just(1000), Just(0)],
        min in bound(),
        max in bound(),
    ) {
        let limits = Limits { entries: limit, ..LIMITS };
        let (mut zset, mut model) = (ZSet::new(), Model::default());
        let mut must_be_large = false;
        for step in steps {
            match step {
                Step::Set(member, score) => {
                    must_be_large |= !model.0.contains_key(&member)
                        && (model.0.len() >= limits.entries || member.len() > limits.value_bytes);
                    let old = zset.insert(&member, score, limits);
                    // Both zeros are the same score: the old one stays.
                    let stays = model.0.get(&member).is_some_and(|&old| old == score);
                    let had = if stays { model.0.get(&member).copied() } else { model.0.insert(member, score) };
                    prop_assert_eq!(old, had);
                }
                Step::Add(member, by) => {
                    zset.update(&member, limits, |old| old.map(|old| old + by));
                    if let Some(score) = model.0.get_mut(&member) {
                        *score += by;
                    }
                }
                Step::Remove(member) => prop_assert_eq!(zset.remove(&member), model.0.remove(&member)),
                Step::RemoveRange(start, end) => {
                    let len = model.0.len();
                    let range = len * usize::from(start) / 100..len * usize::from(end) / 100;
                    for (member, _) in &model.sorted()[range.clone()] {
                        model.0.remove(member);
                    }
                    zset.remove_range(range);
                }
            }
            prop_assert_eq!(zset.len(), model.0.len());
        }
        prop_assert_eq!(zset.encoding(), if must_be_large { "skiplist" } else { "listpack" });

        let sorted = model.sorted();
        for copy in [&zset, &zset.clone()] {
            prop_assert_eq!(&members(copy, 0..sorted.len(), false), &sorted);
            let mut backwards = members(copy, 0..sorted.len(), true);
            backwards.reverse();
            prop_assert_eq!(&backwards, &sorted);
        }
        let middle = sorted.len() / 3..sorted.len() * 2 / 3;
        prop_assert_eq!(&members(&zset, middle.clone(), false)[..], &sorted[middle]);
        for (rank, (member, score)) in sorted.iter().enumerate() {
            prop_assert_eq!(zset.rank(member), Some((rank, *score)));
            prop_assert_eq!(zset.score(member), Some(*score));
            let (found, its) = zset.get(rank).unwrap();
            prop_assert!(found.eq_bytes(member) && its == *score);
        }
        prop_assert!(zset.get(sorted.len()).is_none() && zset.rank(b"missing").is_none());

        let range = ScoreRange { min, max };
        let found: Vec<usize> = zset.score_range(&range).collect();
        prop_assert_eq!(found, model.ranks(|_, score| !range.is_before(score) && !range.is_behind(score)));

        let mut seen = Vec::new();
        let mut cursor = 0;
        loop {
            cursor = zset.scan(cursor, 3, |member, _| seen.push(member.text(&mut itoa::Buffer::new()).to_vec()));
            if cursor == 0 {
                break;
            }
        }
        seen.sort();
        prop_assert!(seen.iter().eq(model.0.keys()));
    }

    #[test]
    fn ranges_of_members_are_those_in_between(
        names in prop::collection::btree_set(member(), 0..30),
        ends in (member(), member(), 0..4, 0..4),
    ) {
        let end = |kind, text| match kind {
            0 => LexEnd::Lowest,
            1 => LexEnd::Highest,
            2 => LexEnd::Included(text),
            _ => LexEnd::Excluded(text),
        };
        let range = LexRange { min: end(ends.2, &ends.0), max: end(ends.3, &ends.1) };
        for limits in [LIMITS, Limits { entries: 1000, value_bytes: 100 }] {
            let (mut zset, mut model) = (ZSet::new(), Model::default());
            for name in &names {
                zset.insert(name, 1.0, limits);
                model.0.insert(name.clone(), 1.0);
            }
            for backwards in [false, true] {
                let found: Vec<usize> = zset.lex_range(&range, backwards).collect();
                prop_assert_eq!(found, model.ranks(|name, _| !range.is_before(name) && !range.is_behind(name)));
            }
        }
    }
}

#[test]
fn a_set_is_two_words() {
    assert_eq!(size_of::<ZSet>(), 16);
    assert_eq!((ZSet::new().memory_bytes(), ZSet::new().encoding()), (0, "listpack"));
}

#[test]
fn small_sets_take_a_byte_beside_member_and_score() {
    let mut zset = ZSet::new();
    for n in 0..10 {
        zset.insert(format!("member:{n:03}").as_bytes(), f64::from(n), LIMITS_OF_REDIS);
    }
    assert_eq!((zset.encoding(), zset.memory_bytes()), ("listpack", 128));
}

const LIMITS_OF_REDIS: Limits = Limits { entries: 128, value_bytes: 64 };

#[test]
fn memory_follows_the_members() {
    let mut zset = ZSet::new();
    for n in 0u32..10_000 {
        zset.insert(format!("m{:09}", n.wrapping_mul(0x9e37_79b1)).as_bytes(), f64::from(n % 977), LIMITS_OF_REDIS);
    }
    let (len, bytes) = (zset.len(), zset.memory_bytes());
    assert_eq!((len, zset.encoding()), (10_000, "skiplist"));
    assert!(bytes / len <= 66, "{} bytes a member", bytes / len);
    let copy = zset.clone();
    assert!(copy.memory_bytes().abs_diff(bytes) <= bytes / 10, "{} {bytes}", copy.memory_bytes());
    zset.remove_range(100..10_000);
    assert!(zset.memory_bytes() < bytes / 10, "{} {bytes}", zset.memory_bytes());
}
