//! Every interleaving of small programs over the shards' locks: `cargo test --features loom --test loom_shards`.
#![cfg(feature = "loom")]
#![allow(missing_docs, reason = "a test")]

use loom::sync::Arc;
use loom::thread;
use nyala::keyspace::{KeyHasher, Keyspace, ShardData, ShardId, StringValue, Ttl, Value};

/// Two shards, and one key in each.
fn two_shards() -> (Arc<Keyspace>, [Vec<u8>; 2]) {
    let keyspace = Keyspace::new(2, KeyHasher::seeded(1));
    let key_of = |shard: u16| {
        let keys = (0u32..).map(|number| number.to_string().into_bytes());
        keys.into_iter().find(|key| keyspace.shard_of(keyspace.hash(key)) == ShardId(shard)).unwrap()
    };
    let keys = [key_of(0), key_of(1)];
    (Arc::new(keyspace), keys)
}

const BOTH: [ShardId; 2] = [ShardId(0), ShardId(1)];

fn set(keyspace: &Keyspace, shard: &mut ShardData, key: &[u8], value: i64) {
    let _ = shard.db_mut(0).set_string(key, keyspace.hash(key), StringValue::Int(value), Ttl::Clear, |_| 0);
}

fn get(keyspace: &Keyspace, shard: &ShardData, key: &[u8]) -> i64 {
    match shard.db(0).and_then(|db| db.get(key, keyspace.hash(key))).map(|entry| entry.value()) {
        Some(Value::Int(number)) => number,
        _ => 0,
    }
}

fn incr(keyspace: &Keyspace, id: ShardId, key: &[u8]) {
    let mut shard = keyspace.lock(id);
    let number = get(keyspace, &shard, key);
    set(keyspace, &mut shard, key, number + 1);
}

#[test]
fn no_update_is_lost() {
    loom::model(|| {
        let (keyspace, keys) = two_shards();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (keyspace, key) = (Arc::clone(&keyspace), keys[0].clone());
                thread::spawn(move || incr(&keyspace, ShardId(0), &key))
            })
            .collect();
        incr(&keyspace, ShardId(0), &keys[0]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(get(&keyspace, &keyspace.lock(ShardId(0)), &keys[0]), 3);
    });
}

#[test]
fn mset_is_seen_whole_by_mget() {
    loom::model(|| {
        let (keyspace, keys) = two_shards();
        let writer = {
            let (keyspace, keys) = (Arc::clone(&keyspace), keys.clone());
            thread::spawn(move || {
                let mut shards = keyspace.lock_many(&BOTH);
                for (id, key) in BOTH.into_iter().zip(&keys) {
                    set(&keyspace, shards.get_mut(id).unwrap(), key, 1);
                }
            })
        };
        let seen = {
            let mut shards = keyspace.lock_many(&BOTH);
            BOTH.map(|id| get(&keyspace, shards.get_mut(id).unwrap(), &keys[usize::from(id.0)]))
        };
        assert!(seen == [0, 0] || seen == [1, 1], "{seen:?}");
        writer.join().unwrap();
    });
}

#[test]
fn commands_over_overlapping_shards_do_not_deadlock() {
    loom::model(|| {
        let (keyspace, keys) = two_shards();
        let all = {
            let keyspace = Arc::clone(&keyspace);
            thread::spawn(move || keyspace.lock_all().iter_mut().for_each(|shard| shard.stats.commands += 1))
        };
        let single = {
            let (keyspace, key) = (Arc::clone(&keyspace), keys[1].clone());
            thread::spawn(move || incr(&keyspace, ShardId(1), &key))
        };
        keyspace.lock_many(&BOTH).iter_mut().for_each(|shard| shard.stats.commands += 1);
        all.join().unwrap();
        single.join().unwrap();
        assert!(keyspace.lock_all().iter_mut().all(|shard| shard.stats.commands == 2));
    });
}

#[test]
fn busy_is_answered_only_while_a_marked_guard_lives() {
    loom::model(|| {
        let (keyspace, _) = two_shards();
        let long = {
            let keyspace = Arc::clone(&keyspace);
            thread::spawn(move || drop(keyspace.lock_long(ShardId(0))))
        };
        if let Ok(mut shard) = keyspace.lock_or_busy(ShardId(0)) {
            shard.stats.commands += 1;
        }
        long.join().unwrap();
        assert!(keyspace.lock_or_busy(ShardId(0)).is_ok());
    });
}

#[test]
fn no_worker_blocks_behind_who_turns_out_to_be_long() {
    loom::model(|| {
        let (keyspace, keys) = two_shards();
        let worker = {
            let (keyspace, key) = (Arc::clone(&keyspace), keys[0].clone());
            thread::spawn(move || {
                if let Ok(shard) = keyspace.lock_or_busy(ShardId(0)) {
                    assert!(matches!(get(&keyspace, &shard, &key), 0 | 2), "nobody sees a change half done");
                }
            })
        };
        let mut shard = keyspace.lock(ShardId(0));
        set(&keyspace, &mut shard, &keys[0], 1);
        let mut shard = shard.into_long();
        set(&keyspace, &mut shard, &keys[0], 2);
        drop(shard);
        worker.join().unwrap();
    });
}

/// The model finds what it is there to find: a read and a write under two locks lose an update.
#[test]
#[should_panic(expected = "lost")]
fn an_update_under_two_locks_is_seen_to_be_lost() {
    loom::model(|| {
        let (keyspace, keys) = two_shards();
        let careless = |keyspace: &Keyspace, key: &[u8]| {
            let number = get(keyspace, &keyspace.lock(ShardId(0)), key);
            set(keyspace, &mut keyspace.lock(ShardId(0)), key, number + 1);
        };
        let other = {
            let (keyspace, key) = (Arc::clone(&keyspace), keys[0].clone());
            thread::spawn(move || careless(&keyspace, &key))
        };
        careless(&keyspace, &keys[0]);
        other.join().unwrap();
        assert_eq!(get(&keyspace, &keyspace.lock(ShardId(0)), &keys[0]), 2, "lost");
    });
}
