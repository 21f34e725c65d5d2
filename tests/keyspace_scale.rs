//! The keyspace at size: memory per key and the longest insert. Ignored by default; run with
//! `cargo test --profile quick --test keyspace_scale -- --ignored --nocapture --test-threads 1`.
#![cfg(not(feature = "loom"))]
#![allow(clippy::print_stderr, reason = "the figures are the point")]

use nyala::keyspace::{KeyHasher, Keyspace, StringValue, Ttl};
use nyala::util::alloc::{memory_stats, purge};
use nyala::util::clock::{ticks, ticks_to_ns};

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("the test runs on Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("the second field counts resident pages") * 4096
}

fn key(number: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut rest = number;
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

fn set(keyspace: &Keyspace, number: u64, value: &[u8]) {
    let key = key(number);
    let hash = keyspace.hash(&key);
    let mut shard = keyspace.lock(keyspace.shard_of(hash));
    let _ = shard.db_mut(0).set_string(&key, hash, StringValue::encode(value), Ttl::Clear, |_| 0);
}

fn bytes_per_key(value: &[u8], shards: usize) -> f64 {
    const KEYS: u64 = 2_000_000;
    purge();
    let before = resident_bytes();
    let keyspace = Keyspace::new(shards, KeyHasher::random());
    (0..KEYS).for_each(|number| set(&keyspace, number, value));
    purge();
    let per_key = resident_bytes().saturating_sub(before) as f64 / KEYS as f64;
    let (index, entries) = keyspace.lock_all().iter_mut().fold((0, 0), |(index, entries), shard| {
        let db = shard.db_mut(0);
        (index + db.index_bytes(), entries + db.bytes())
    });
    eprintln!(
        "{shards} shards, value {}: {per_key:.1} B/key resident; entries {:.1}, index {:.1}; {:?}",
        value.len(),
        entries as f64 / KEYS as f64,
        index as f64 / KEYS as f64,
        memory_stats()
    );
    per_key
}

#[test]
#[ignore = "two million keys"]
fn memory_per_key_is_within_its_bounds() {
    for shards in [64, 256] {
        assert!(bytes_per_key(&[b'v'; 32], shards) <= 70.0);
        assert!(bytes_per_key(b"12345678", shards) <= 48.0);
    }
}

#[test]
#[ignore = "ten million keys, three times"]
fn no_insert_stalls_its_shard() {
    const KEYS: usize = 10_000_000;
    for shards in [64, 256] {
        // The same seed makes the same insert grow the same segment each time; the least of three leaves out what
        // else ran on the machine.
        let mut least_ns = vec![u32::MAX; KEYS];
        for _ in 0..3 {
            let keyspace = Keyspace::new(shards, KeyHasher::seeded(5));
            for (number, least_ns) in least_ns.iter_mut().enumerate() {
                let before = ticks();
                set(&keyspace, number as u64, &[b'v'; 32]);
                *least_ns = (*least_ns).min(ticks_to_ns(ticks() - before) as u32);
            }
        }
        let longest = least_ns.iter().max().copied().unwrap_or(0);
        let above = |ns: u32| least_ns.iter().filter(|&&took| took > ns).count();
        let mean = least_ns.iter().map(|&ns| u64::from(ns)).sum::<u64>() / KEYS as u64;
        eprintln!(
            "{shards} shards: longest insert {longest} ns, above 10 us {}, above 100 us {}, mean {mean} ns",
            above(10_000),
            above(100_000)
        );
        assert!(longest < 1_000_000);
    }
}

#[test]
#[ignore = "ten million keys"]
fn deletion_gives_memory_back() {
    const KEYS: u64 = 10_000_000;
    let start_bytes = resident_bytes();
    let keyspace = Keyspace::new(64, KeyHasher::random());
    (0..KEYS).for_each(|number| set(&keyspace, number, &[b'v'; 32]));
    let full_bytes = resident_bytes() - start_bytes;
    // One in a hundred stays, the neighbours of each being removed.
    for number in (0..KEYS).filter(|number| number % 100 != 0) {
        let key = key(number);
        let hash = keyspace.hash(&key);
        let entry = keyspace.lock(keyspace.shard_of(hash)).db_mut(0).remove(&key, hash);
        assert!(entry.is_some());
    }
    purge();
    let left_bytes = resident_bytes().saturating_sub(start_bytes);
    let index_bytes: usize = keyspace.lock_all().iter_mut().map(|shard| shard.db_mut(0).index_bytes()).sum();
    eprintln!(
        "resident {} MiB, after removing 99 %: {} MiB, index {index_bytes} B",
        full_bytes >> 20,
        left_bytes >> 20
    );
    assert!(index_bytes < 4 << 20);
    assert!(left_bytes < full_bytes);
}
