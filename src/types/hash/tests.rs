use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::util::rng::Rng;

const LIMITS: Limits = Limits { entries: 8, value_bytes: 16 };
const NOW_MS: u64 = 1_000;

/// Text of a field's name or value.
fn text(element: Element<'_>) -> Vec<u8> {
    element.text(&mut itoa::Buffer::new()).to_vec()
}

fn hash_of(count: usize) -> Hash {
    let mut hash = Hash::new();
    for n in 0..count {
        let written = hash.set(format!("f{n}").as_bytes(), b"v", FieldTtl::Clear, NOW_MS, LIMITS);
        assert_eq!(written, Written::Added);
    }
    hash
}

#[test]
fn a_hash_is_two_words_and_begins_with_nothing() {
    assert_eq!(size_of::<Hash>(), 16);
    assert_eq!((Hash::new().len(), Hash::new().memory_bytes(), Hash::new().encoding()), (0, 0, "listpack"));
}

#[test]
fn limits_are_exceeded_by_number_and_by_length() {
    assert_eq!((hash_of(8).encoding(), hash_of(9).encoding()), ("listpack", "hashtable"));
    for (name, value) in [(16, 16), (17, 1), (1, 17)] {
        let mut hash = hash_of(2);
        hash.set(&vec![b'n'; name], &vec![b'v'; value], FieldTtl::Clear, NOW_MS, LIMITS);
        assert_eq!(hash.encoding(), if name + value == 32 { "listpack" } else { "hashtable" });
        assert_eq!(hash.len(), 3);
    }
    let mut hash = hash_of(8);
    assert_eq!(hash.set(b"f3", b"other", FieldTtl::Clear, NOW_MS, LIMITS), Written::Updated);
    assert_eq!(hash.encoding(), "listpack", "an update adds no field");
}

#[test]
fn an_expiry_makes_the_small_form_wider_and_no_larger() {
    let mut hash = hash_of(8);
    assert!(hash.set_expiry(b"f3", Some(2_000)));
    assert_eq!((hash.encoding(), hash.next_field_expiry(), hash.expiring_len()), ("listpackex", Some(2_000), 1));
    assert!(hash.set_expiry(b"f3", None));
    assert_eq!((hash.encoding(), hash.next_field_expiry(), hash.expiring_len()), ("listpackex", None, 0));
    assert!(!hash.set_expiry(b"other", Some(1)));
    hash.set(b"f8", b"v", FieldTtl::At(3_000), NOW_MS, LIMITS);
    assert_eq!((hash.encoding(), hash.next_field_expiry()), ("hashtable", Some(3_000)));
}

#[test]
fn due_fields_are_absent_until_they_are_taken_out() {
    for count in [4, 100] {
        let mut hash = hash_of(count);
        hash.set_expiry(b"f1", Some(500));
        hash.set_expiry(b"f2", Some(1_000));
        hash.set_expiry(b"f3", Some(1_001));
        assert_eq!((hash.get(b"f1", NOW_MS), hash.expiry(b"f2", NOW_MS)), (None, None));
        assert_eq!(hash.expiry(b"f3", NOW_MS), Some(Some(1_001)));
        assert!(!hash.remove_if_due(b"f3", NOW_MS) && !hash.remove_if_due(b"f0", NOW_MS));
        assert_eq!((hash.len(), hash.live_len(NOW_MS), hash.has_due(NOW_MS)), (count, count - 2, true));
        assert_eq!(hash.set(b"f1", b"new", FieldTtl::Keep, NOW_MS, LIMITS), Written::Added);
        assert_eq!(hash.expiry(b"f1", NOW_MS), Some(None), "nothing of a due field is kept");

        let mut copy = hash.clone();
        assert!(copy.remove_if_due(b"f2", NOW_MS) && !copy.remove_if_due(b"f2", NOW_MS));
        assert_eq!((copy.len(), copy.has_due(NOW_MS)), (count - 1, false));

        let mut removed = Vec::new();
        assert_eq!(hash.remove_due(NOW_MS, 10, |name| removed.push(name.to_vec())), 1);
        assert_eq!(removed, [b"f2"]);
        assert_eq!((hash.len(), hash.next_field_expiry()), (count - 1, Some(1_001)));
    }
}

#[test]
fn due_fields_go_up_to_a_limit() {
    for count in [8, 100] {
        let mut hash = hash_of(count);
        (0..count).for_each(|n| assert!(hash.set_expiry(format!("f{n}").as_bytes(), Some(7))));
        assert_eq!((hash.remove_due(6, 100, |_| {}), hash.remove_due(7, 5, |_| {})), (0, 5));
        assert_eq!((hash.len(), hash.live_len(7)), (count - 5, 0));
        assert_eq!((hash.remove_due(7, 100, |_| {}), hash.len()), (count - 5, 0));
    }
}

#[test]
fn numbers_keep_their_text() {
    for count in [1, 100] {
        let mut hash = hash_of(count);
        for value in ["12", "-7", "012", "9223372036854775807", "1e5"] {
            hash.set(b"5", value.as_bytes(), FieldTtl::Clear, NOW_MS, LIMITS);
            assert_eq!(hash.get(b"5", NOW_MS).map(text), Some(value.into()));
        }
    }
}

#[test]
fn a_scan_of_the_large_form_shows_every_field_once() {
    let hash = hash_of(3000);
    let (mut seen, mut cursor, mut calls) = (Vec::new(), 0, 0);
    loop {
        cursor = hash.scan(cursor, 10, |field| seen.push(text(field.name)));
        calls += 1;
        if cursor == 0 {
            break;
        }
    }
    assert!(calls > 100);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 3000);
    let mut shown = 0;
    assert_eq!((hash_of(8).scan(0, 1, |_| shown += 1), shown), (0, 8));
}

#[test]
fn every_field_can_be_drawn() {
    let mut rng = Rng::from_seed(5);
    assert_eq!(Hash::new().random(&mut rng), None);
    for count in [5, 50] {
        let hash = hash_of(count);
        let mut drawn: Vec<_> = (0..count * 30).filter_map(|_| hash.random(&mut rng).map(|f| text(f.name))).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), count);
    }
}

/// A field per 40 bytes or so: what a table entry and a block of two short strings take.
#[test]
fn memory_follows_the_fields() {
    let mut hash = Hash::new();
    let limits = Limits { entries: 128, value_bytes: 64 };
    for n in 0..100_000 {
        hash.set(format!("field:{n:06}").as_bytes(), format!("{n:08}").as_bytes(), FieldTtl::Clear, NOW_MS, limits);
    }
    let each = hash.memory_bytes() / 100_000;
    assert!((32..48).contains(&each), "{each}");
    for n in 0..100_000 {
        assert!(hash.remove(format!("field:{n:06}").as_bytes()));
    }
    assert!(hash.memory_bytes() < 20_000, "{}", hash.memory_bytes());
}

#[derive(Debug, Clone)]
enum Step {
    Set(u8, Vec<u8>, FieldTtl),
    Remove(u8),
    SetExpiry(u8, Option<u64>),
    RemoveDue(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let value = || {
        prop_oneof![
            4 => any::<i16>().prop_map(|number| number.to_string().into_bytes()),
            4 => prop::collection::vec(any::<u8>(), 0..10),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ]
    };
    let at_ms = || 1u64..60;
    let ttl = prop_oneof![Just(FieldTtl::Keep), Just(FieldTtl::Clear), at_ms().prop_map(FieldTtl::At)];
    prop_oneof![
        8 => (0u8..20, value(), ttl).prop_map(|(name, value, ttl)| Step::Set(name, value, ttl)),
        3 => (0u8..20).prop_map(Step::Remove),
        3 => (0u8..20, prop::option::of(at_ms())).prop_map(|(name, at_ms)| Step::SetExpiry(name, at_ms)),
        1 => (0usize..5).prop_map(Step::RemoveDue),
        1 => (1u64..10).prop_map(Step::Wait),
    ]
}

/// Value and expiry.
type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>;

proptest! {
    #[test]
    fn behaves_like_a_map_of_values_with_expiries(
        steps in prop::collection::vec(step(), 0..120),
        entries in 0usize..20,
        value_bytes in 4usize..32,
    ) {
        let limits = Limits { entries, value_bytes };
        let (mut hash, mut model, mut now_ms) = (Hash::new(), Model::new(), 0);
        let name_of = |name: u8| if name.is_multiple_of(3) { format!("{name}") } else { format!("field-{name}") }.into_bytes();
        for step in steps {
            match step {
                Step::Set(name, value, ttl) => {
                    let name = name_of(name);
                    let live = model.get(&name).filter(|(_, expiry)| !is_due(*expiry, now_ms));
                    let expiry = ttl.after(live.and_then(|(_, expiry)| *expiry));
                    let expected = if live.is_some() { Written::Updated } else { Written::Added };
                    prop_assert_eq!(hash.set(&name, &value, ttl, now_ms, limits), expected);
                    model.insert(name, (value, expiry));
                }
                Step::Remove(name) => {
                    let name = name_of(name);
                    prop_assert_eq!(hash.remove(&name), model.remove(&name).is_some());
                }
                Step::SetExpiry(name, at_ms) => {
                    let name = name_of(name);
                    prop_assert_eq!(hash.set_expiry(&name, at_ms), model.contains_key(&name));
                    if let Some(field) = model.get_mut(&name) {
                        field.1 = at_ms;
                    }
                }
                Step::RemoveDue(limit) => {
                    let mut removed = Vec::new();
                    let count = hash.remove_due(now_ms, limit, |name| removed.push(name.to_vec()));
                    let due = model.values().filter(|(_, expiry)| is_due(*expiry, now_ms)).count();
                    prop_assert_eq!((count, removed.len()), (due.min(limit), count));
                    for name in removed {
                        prop_assert!(is_due(model.remove(&name).unwrap().1, now_ms));
                    }
                }
                Step::Wait(ms) => now_ms += ms,
            }
            prop_assert_eq!(hash.len(), model.len());
            prop_assert_eq!(hash.next_field_expiry(), model.values().filter_map(|field| field.1).min());
            let live = model.values().filter(|(_, expiry)| !is_due(*expiry, now_ms)).count();
            prop_assert_eq!(hash.live_len(now_ms), live);
            prop_assert_eq!(hash.expiring_len(), model.values().filter(|field| field.1.is_some()).count());
        }
        for copy in [&hash, &hash.clone()] {
            let all = copy.iter().map(|field| (text(field.name), (text(field.value), field.expire_at_ms)));
            prop_assert_eq!(all.collect::<Model>(), model.clone());
            for (name, (value, expiry)) in &model {
                let live = !is_due(*expiry, now_ms);
                prop_assert_eq!(copy.get(name, now_ms).map(text), live.then(|| value.clone()));
                prop_assert_eq!(copy.expiry(name, now_ms), live.then_some(*expiry));
            }
            prop_assert!(!copy.contains(b"none such", now_ms));
        }
        let long = model.iter().any(|(name, (value, _))| name.len() > value_bytes || value.len() > value_bytes);
        if long || model.len() > entries {
            prop_assert_eq!(hash.encoding(), "hashtable");
        }
        // The running sum of the large form equals what a walk finds.
        if let Form::Large(large) = &hash.0 {
            prop_assert_eq!(large.memory_bytes(), large.walked_bytes());
        }
    }
}
