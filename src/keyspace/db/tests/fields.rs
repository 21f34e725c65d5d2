//! The index of hashes by their earliest field against a walk over all entries.

use proptest::prelude::*;

use super::{db, name, set};
use crate::keyspace::{Db, EntryBox, Ttl};
use crate::types::Object;
use crate::types::hash::{FieldTtl, Hash, Limits};

const LIMITS: Limits = Limits { entries: 2, value_bytes: 64 };

#[derive(Debug, Clone)]
enum Step {
    /// Puts a hash with these fields in, whatever the key held.
    Insert(u16, Vec<(u8, Option<u64>)>),
    SetField(u16, u8, FieldTtl),
    SetExpiry(u16, u8, Option<u64>),
    RemoveField(u16, u8),
    SetString(u16),
    Remove(u16),
    Rename(u16, u16),
    Due(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0u16..12;
    let field = || 0u8..5;
    // Few times, so that several hashes share one.
    let time = || 1u64..12;
    let ttl = prop_oneof![Just(FieldTtl::Keep), Just(FieldTtl::Clear), time().prop_map(FieldTtl::At)];
    prop_oneof![
        3 => (key(), prop::collection::vec((field(), prop::option::of(time())), 0..5))
            .prop_map(|(key, fields)| Step::Insert(key, fields)),
        4 => (key(), field(), ttl).prop_map(|(key, field, ttl)| Step::SetField(key, field, ttl)),
        3 => (key(), field(), prop::option::of(time())).prop_map(|(key, field, at)| Step::SetExpiry(key, field, at)),
        2 => (key(), field()).prop_map(|(key, field)| Step::RemoveField(key, field)),
        1 => key().prop_map(Step::SetString),
        1 => key().prop_map(Step::Remove),
        2 => (key(), key()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => time().prop_map(Step::Due),
    ]
}

/// Changes the hash of a key, if it has one.
fn edit(db: &mut Db, key: u16, change: impl FnOnce(&mut Hash)) {
    let key = name(key);
    let hash = db.hasher.hash(&key);
    if let Some(location) = db.find(&key, hash) {
        let _ = db.edit(location, hash, change);
    }
}

fn run(db: &mut Db, step: Step) {
    match step {
        Step::Insert(key, fields) => {
            let mut hash = Hash::new();
            for (field, at_ms) in fields {
                hash.set(&[field], b"v", at_ms.map_or(FieldTtl::Clear, FieldTtl::At), 0, LIMITS);
            }
            let key = name(key);
            db.insert(EntryBox::object(&key, Object::Hash(hash), None, 0), db.hasher.hash(&key));
        }
        Step::SetField(key, field, ttl) => edit(db, key, |hash| _ = hash.set(&[field], b"w", ttl, 0, LIMITS)),
        Step::SetExpiry(key, field, at_ms) => edit(db, key, |hash| _ = hash.set_expiry(&[field], at_ms)),
        Step::RemoveField(key, field) => edit(db, key, |hash| _ = hash.remove(&[field])),
        Step::SetString(key) => _ = set(db, &name(key), b"text", Ttl::Keep),
        Step::Remove(key) => _ = db.remove(&name(key), db.hasher.hash(&name(key))),
        Step::Rename(from, to) => {
            if let Some(entry) = db.remove(&name(from), db.hasher.hash(&name(from))) {
                db.insert(entry.with_key(&name(to)), db.hasher.hash(&name(to)));
            }
        }
        Step::Due(now_ms) => {
            while let Some(location) = db.find_due_fields(now_ms) {
                let hash = db.hasher.hash(db.entry(location).key());
                let removed = db.edit(location, hash, |hash: &mut Hash| hash.remove_due(now_ms, 1, |_| {}));
                assert_eq!(removed, Some(1), "what the index finds is due");
            }
            assert!(db.iter().all(|entry| entry.next_field_expiry().is_none_or(|at_ms| at_ms > now_ms)));
        }
    }
}

proptest! {
    #[test]
    fn the_index_of_hashes_follows_every_change(steps in prop::collection::vec(step(), 0..120)) {
        let mut db = db();
        for step in steps {
            run(&mut db, step);
            let times: Vec<u64> = db.iter().filter_map(|entry| entry.next_field_expiry()).collect();
            prop_assert_eq!(db.field_expires_len(), times.len());
            let first = db.find_due_fields(u64::MAX).and_then(|location| db.entry(location).next_field_expiry());
            prop_assert_eq!(first, times.into_iter().min());
        }
        db.clear();
        prop_assert_eq!((db.field_expires_len(), db.find_due_fields(u64::MAX)), (0, None));
    }
}
