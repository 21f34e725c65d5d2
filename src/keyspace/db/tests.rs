mod fields;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::Kind;

/// A value and its expiry.
type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>;

fn db() -> Db {
    Db::new(KeyHasher::seeded(1))
}

fn set(db: &mut Db, key: &[u8], value: &[u8], ttl: Ttl) -> Written {
    let hash = db.hasher.hash(key);
    db.set_string(key, hash, StringValue::encode(value), ttl, |_| 0)
}

fn text_of(entry: EntryRef<'_>) -> Vec<u8> {
    entry.value().text(&mut itoa::Buffer::new()).unwrap().to_vec()
}

fn check(db: &Db, model: &Model) {
    assert_eq!(db.len(), model.len());
    assert_eq!(db.expires_len(), model.values().filter(|(_, expiry)| expiry.is_some()).count());
    assert_eq!(db.next_due(), model.values().filter_map(|&(_, expiry)| expiry).min());
    let mut bytes = 0;
    let mut found = Model::new();
    for entry in db.iter() {
        bytes += entry.memory_bytes();
        found.insert(entry.key().to_vec(), (text_of(entry), entry.expire_at_ms()));
    }
    assert_eq!(db.bytes(), bytes);
    assert!(found == *model, "contents differ");
    for key in model.keys() {
        assert_eq!(db.get(key, db.hasher.hash(key)).unwrap().key(), key);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Set(u16, Vec<u8>, Option<Option<u64>>),
    /// Sets this many keys from the first number on, to cross the segments' thresholds.
    SetMany(u16, u16, Option<u64>),
    RemoveMany(u16, u16),
    Remove(u16),
    Expire(u16, Option<u64>),
    Append(u16, Vec<u8>),
    Int(u16, i64),
    Rename(u16, u16),
    Copy(u16, u16),
    Due(u64, u8),
    Clear,
}

/// Few times, so that several keys expire at the same one.
fn time() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1000u64..1040, 1 => any::<u64>()]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    (prop_oneof![6 => 0usize..100, 1 => 4000usize..9000], any::<u8>()).prop_map(|(len, byte)| vec![byte; len])
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0u16..3000;
    prop_oneof![
        6 => (key(), text(), prop::option::of(prop::option::of(time()))).prop_map(|(k, v, t)| Step::Set(k, v, t)),
        2 => (key(), 1u16..1500, prop::option::of(time())).prop_map(|(k, n, t)| Step::SetMany(k, n, t)),
        2 => (key(), 1u16..1500).prop_map(|(k, n)| Step::RemoveMany(k, n)),
        3 => key().prop_map(Step::Remove),
        4 => (key(), prop::option::of(time())).prop_map(|(k, t)| Step::Expire(k, t)),
        3 => (key(), text()).prop_map(|(k, v)| Step::Append(k, v)),
        2 => (key(), any::<i64>()).prop_map(|(k, v)| Step::Int(k, v)),
        3 => (key(), key()).prop_map(|(a, b)| Step::Rename(a, b)),
        2 => (key(), key()).prop_map(|(a, b)| Step::Copy(a, b)),
        2 => (1000u64..1040, any::<u8>()).prop_map(|(now, n)| Step::Due(now, n)),
        1 => Just(Step::Clear),
    ]
}

fn name(number: u16) -> Vec<u8> {
    format!("key:{number}").into_bytes()
}

fn run(db: &mut Db, model: &mut Model, step: Step) {
    match step {
        Step::Set(number, value, ttl) => {
            let key = name(number);
            let old = model.get(&key).cloned();
            let (ttl, expiry) = match ttl {
                None => (Ttl::Keep, old.as_ref().and_then(|&(_, expiry)| expiry)),
                Some(None) => (Ttl::Clear, None),
                Some(Some(at_ms)) => (Ttl::At(at_ms), Some(at_ms)),
            };
            let written = set(db, &key, &value, ttl);
            assert_eq!(written.existed, old.is_some());
            model.insert(key, (value, expiry));
        }
        Step::SetMany(from, count, expiry) => {
            for number in from..from + count {
                let ttl = expiry.map_or(Ttl::Clear, Ttl::At);
                let _ = set(db, &name(number), b"many", ttl);
                model.insert(name(number), (b"many".to_vec(), expiry));
            }
        }
        Step::RemoveMany(from, count) => {
            for number in from..from + count {
                run(db, model, Step::Remove(number));
            }
        }
        Step::Remove(number) => {
            let key = name(number);
            let removed = db.remove(&key, db.hasher.hash(&key));
            let expected = model.remove(&key);
            assert_eq!(removed.as_ref().map(|entry| text_of(entry.view())), expected.map(|(value, _)| value));
        }
        Step::Expire(number, expiry) => {
            let key = name(number);
            let hash = db.hasher.hash(&key);
            let there = model.get_mut(&key).map(|(_, old)| *old = expiry).is_some();
            assert_eq!(db.set_expire(&key, hash, expiry), there);
        }
        Step::Append(number, tail) => {
            let key = name(number);
            let hash = db.hasher.hash(&key);
            if let Some(mut entry) = db.get_mut(&key, hash) {
                let (value, _) = model.get_mut(&key).unwrap();
                value.extend_from_slice(&tail);
                assert_eq!(entry.append(&tail), value.len());
                assert!(matches!(entry.view().kind(), Kind::StrRaw | Kind::StrBig));
            }
        }
        Step::Int(number, value) => {
            let key = name(number);
            let hash = db.hasher.hash(&key);
            if let Some(mut entry) = db.get_mut(&key, hash) {
                let _ = entry.set_int(value);
                model.get_mut(&key).unwrap().0 = value.to_string().into_bytes();
            }
        }
        Step::Rename(from, to) => {
            let (from, to) = (name(from), name(to));
            if let Some(entry) = db.remove(&from, db.hasher.hash(&from)) {
                let hash = db.hasher.hash(&to);
                let old = db.insert(entry.with_key(&to), hash);
                let moved = model.remove(&from).unwrap();
                assert_eq!(old.is_some(), model.insert(to, moved).is_some());
            }
        }
        Step::Copy(from, to) => {
            let (from, to) = (name(from), name(to));
            let copy = db.get(&from, db.hasher.hash(&from)).map(|entry| entry.to_owned_as(&to, entry.lru()));
            if let Some(copy) = copy {
                let hash = db.hasher.hash(&to);
                let old = db.insert(copy, hash);
                let value = model[&from].clone();
                assert_eq!(old.is_some(), model.insert(to, value).is_some());
            }
        }
        Step::Due(now_ms, limit) => {
            for _ in 0..limit {
                let Some(entry) = db.pop_due(now_ms) else { break };
                let (_, expiry) = model.remove(entry.view().key()).expect("an expired key was present");
                assert_eq!(entry.view().expire_at_ms(), expiry);
                assert!(expiry.unwrap() <= now_ms);
                let rest = model.values().filter_map(|&(_, expiry)| expiry).min();
                assert!(rest.is_none_or(|rest| rest >= expiry.unwrap()), "the earliest goes first");
            }
        }
        Step::Clear => {
            let old = db.clear();
            check(&old, model);
            model.clear();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: if cfg!(miri) { 1 } else { 48 }, ..ProptestConfig::default() })]
    #[test]
    fn a_database_behaves_as_an_ordered_map_does(steps in prop::collection::vec(step(), 1..60)) {
        let (mut db, mut model) = (db(), Model::new());
        for step in steps {
            run(&mut db, &mut model, step);
        }
        check(&db, &model);
    }
}

#[test]
fn keys_that_share_a_record_expire_each() {
    let mut db = db();
    // Two keys with the same position are hard to find; the expiry index sees positions only, so feed it directly.
    let hash = |low: u64| KeyHash(0xabcd_ef01 << 32 | low);
    let mut expires = ExpireIndex::default();
    expires.add(5, hash(1).position());
    expires.add(5, hash(2).position());
    assert_eq!((expires.len(), expires.first()), (2, Some((5, hash(1).position()))));
    expires.remove(5, hash(1).position(), false);
    assert_eq!((expires.len(), expires.first()), (1, Some((5, hash(1).position()))));
    expires.remove(5, hash(2).position(), true);
    assert_eq!((expires.len(), expires.first(), expires.mean_ms()), (0, None, None));
    // Many keys at one time, all of them found.
    for number in 0..2000 {
        let _ = set(&mut db, &name(number), b"v", Ttl::At(9));
    }
    assert_eq!((0..).take_while(|_| db.pop_due(9).is_some()).count(), 2000);
    assert_eq!((db.len(), db.expires_len(), db.next_due(), db.bytes()), (0, 0, None, 0));
}

#[test]
fn average_ttl_is_the_mean_of_what_is_left() {
    let mut db = db();
    assert_eq!(db.average_ttl_ms(100), 0);
    let _ = set(&mut db, b"a", b"1", Ttl::At(1100));
    let _ = set(&mut db, b"b", b"1", Ttl::At(1300));
    assert_eq!(db.average_ttl_ms(100), 1100);
    assert_eq!(db.average_ttl_ms(5000), 0);
}
