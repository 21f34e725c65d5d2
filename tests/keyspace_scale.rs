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
    let _ = shard.db_mut(0).set_string(&key, hash, StringValue::encode(value), Ttl::Clear, 0);
}

fn bytes_per_key(value: &[u8], shards: usize) -> f64 {
    const KEYS: u64 = 2_000_000;
    let before = resident_bytes();
    let keyspace = Keyspace::new(shards, KeyHasher::random());
    (0..KEYS).for_each(|number| set(&keyspace, number, value));
    purge();
    let per_key = (resident_bytes() - before) as f64 / KEYS as f64;
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
#[ignore = "ten million keys"]
fn no_insert_stalls_and_deletion_gives_memory_back() {
    const KEYS: u64 = 10_000_000;
    for shards in [64, 256] {
        let start_bytes = resident_bytes();
        let keyspace = Keyspace::new(shards, KeyHasher::random());
        let start = ticks();
        let (mut longest, mut above_100us) = (0, 0);
        for number in 0..KEYS {
            let before = ticks();
            set(&keyspace, number, &[b'v'; 32]);
            let took_ns = ticks_to_ns(ticks() - before);
            longest = longest.max(took_ns);
            above_100us += u64::from(took_ns > 100_000);
        }
        let mean_ns = ticks_to_ns(ticks() - start) / KEYS;
        let full_bytes = resident_bytes();
        eprintln!("{shards} shards: longest insert {longest} ns, above 100 us {above_100us}, mean {mean_ns} ns");
        let start = ticks();
        for number in 0..KEYS - KEYS / 100 {
            let key = key(number);
            let hash = keyspace.hash(&key);
            let entry = keyspace.lock(keyspace.shard_of(hash)).db_mut(0).remove(&key, hash);
            assert!(entry.is_some());
        }
        let mean_ns = ticks_to_ns(ticks() - start) / KEYS;
        purge();
        let left_bytes = resident_bytes();
        eprintln!(
            "mean removal {mean_ns} ns; resident {} MiB, after removing 99 %: {} MiB",
            (full_bytes - start_bytes) >> 20,
            left_bytes.saturating_sub(start_bytes) >> 20
        );
        // Scattered survivors may hold their pages; what the index took must be back.
        assert!(left_bytes < full_bytes);
    }
}
