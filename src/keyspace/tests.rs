use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn keyspace() -> Arc<Keyspace> {
    Arc::new(Keyspace::new(4, KeyHasher::seeded(3)))
}

#[test]
fn every_key_has_one_shard() {
    let keyspace = keyspace();
    let mut counts = [0; 4];
    for number in 0..4000u32 {
        let shard = keyspace.shard_of(keyspace.hash(&number.to_le_bytes()));
        counts[usize::from(shard.0)] += 1;
    }
    assert!(counts.iter().all(|&count| count > 800), "{counts:?}");
}

#[test]
fn a_panic_leaves_the_shard_usable_and_counted() {
    let keyspace = keyspace();
    let id = ShardId(2);
    let inside = Arc::clone(&keyspace);
    let handler = std::thread::spawn(move || {
        let _guard = inside.lock_long(id);
        panic!("a handler's panic");
    });
    assert!(handler.join().is_err());
    assert_eq!(keyspace.lock(id).stats.poisoned, 1);
    assert_eq!(keyspace.lock_or_busy(id).unwrap().stats.poisoned, 1);
}

#[test]
fn a_shard_held_long_is_busy_and_others_are_not() {
    let keyspace = keyspace();
    let held = keyspace.lock_long(ShardId(1));
    assert!(keyspace.try_lock(ShardId(1)).is_none());
    assert_eq!(keyspace.lock_or_busy(ShardId(1)).err(), Some(Busy(ShardId(1))));
    assert_eq!(keyspace.lock_many_or_busy(&[ShardId(0), ShardId(1)]).err(), Some(Busy(ShardId(1))));
    assert!(keyspace.try_lock(ShardId(0)).is_some(), "what was locked before the busy one is released");
    assert!(keyspace.lock_or_busy(ShardId(3)).is_ok());
    drop(held);
    assert!(keyspace.lock_or_busy(ShardId(1)).is_ok());
}

#[test]
fn waiting_for_a_lock_is_counted() {
    let keyspace = keyspace();
    let started = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let held = keyspace.lock(ShardId(0));
        scope.spawn(|| {
            started.store(1, Ordering::Release);
            drop(keyspace.lock(ShardId(0)));
        });
        while started.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        // The other thread may be between its mark and its attempt; give it some turns.
        (0..10_000).for_each(|_| std::thread::yield_now());
        drop(held);
    });
    let guard = keyspace.lock(ShardId(0));
    assert_eq!((guard.stats.contended, guard.stats.wait.count()), (1, 1));
}

#[test]
#[should_panic(expected = "ascending order")]
fn a_wrong_order_is_refused() {
    drop(keyspace().lock_many(&[ShardId(2), ShardId(1)]));
}

#[test]
fn locked_shards_are_found_by_number() {
    let keyspace = keyspace();
    let mut guards = keyspace.lock_many(&[ShardId(0), ShardId(3)]);
    assert!(guards.get_mut(ShardId(1)).is_none());
    assert!(guards.get_mut(ShardId(3)).is_some());
    let (low, high) = guards.get_two_mut(ShardId(3), ShardId(0)).unwrap();
    low.stats.commands = 1;
    high.stats.commands = 2;
    assert!(guards.get_two_mut(ShardId(3), ShardId(3)).is_none());
    drop(guards);
    assert_eq!(keyspace.lock(ShardId(3)).stats.commands, 1);
    assert_eq!(keyspace.lock_all().iter_mut().map(|guard| guard.stats.commands).sum::<u64>(), 3);
}

#[test]
fn databases_are_made_when_touched_and_can_be_swapped() {
    let keyspace = keyspace();
    let hash = keyspace.hash(b"k");
    let mut shard = keyspace.lock(keyspace.shard_of(hash));
    assert!(shard.db(1).is_none());
    let _ = shard.db_mut(2).set_string(b"k", hash, StringValue::Int(1), Ttl::Clear, |_| 0);
    assert_eq!((shard.len(), shard.dbs().count()), (1, 3));
    shard.swap_dbs(2, 5);
    assert!(shard.db(2).is_some_and(Db::is_empty) && shard.db(5).is_some_and(|db| db.len() == 1));
    assert_eq!(shard.bytes(), 24);
    shard.swap_dbs(0, 5);
    shard.swap_dbs(0, 0);
    assert!(shard.db(5).is_some_and(Db::is_empty) && shard.db(0).is_some_and(|db| db.len() == 1));
}
