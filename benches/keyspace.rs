//! The keyspace alone: point reads and writes of one shard, and what the choice of lock is worth under contention.
#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dashmap::DashMap;
use nyala::keyspace::{KeyHasher, Keyspace, StringValue, Ttl, Value};
use nyala::util::clock::{ticks, ticks_to_ns};

const KEYS: u64 = 100_000;
const SHARDS: usize = 64;
const VALUE: &[u8] = &[b'v'; 32];

/// A key of 16 bytes.
fn key(number: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut rest = number;
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// The next number of a cheap generator.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// What is compared under contention.
trait Store: Sync {
    fn get(&self, key: &[u8]) -> usize;
    fn set(&self, key: &[u8], value: &[u8]);
}

impl Store for Keyspace {
    fn get(&self, key: &[u8]) -> usize {
        let hash = self.hash(key);
        let mut shard = self.lock(self.shard_of(hash));
        match shard.db_mut(0).get(key, hash).map(|entry| entry.value()) {
            Some(Value::Str(text)) => usize::from(text[0]) + text.len(),
            _ => 0,
        }
    }

    fn set(&self, key: &[u8], value: &[u8]) {
        let hash = self.hash(key);
        let mut shard = self.lock(self.shard_of(hash));
        let _ = shard.db_mut(0).set_string(key, hash, StringValue::encode(value), Ttl::Clear, |_| 0);
    }
}

impl Store for DashMap<Box<[u8]>, Bytes, ahash::RandomState> {
    fn get(&self, key: &[u8]) -> usize {
        DashMap::get(self, key).map_or(0, |text| usize::from(text[0]) + text.len())
    }

    fn set(&self, key: &[u8], value: &[u8]) {
        self.insert(key.into(), Bytes::copy_from_slice(value));
    }
}

/// The map most servers begin with: a hash map behind one lock.
struct OneLock(Mutex<ahash::AHashMap<Box<[u8]>, Bytes>>);

impl Store for OneLock {
    fn get(&self, key: &[u8]) -> usize {
        let map = self.0.lock().expect("no holder panics");
        map.get(key).map_or(0, |text| usize::from(text[0]) + text.len())
    }

    fn set(&self, key: &[u8], value: &[u8]) {
        let mut map = self.0.lock().expect("no holder panics");
        map.insert(key.into(), Bytes::copy_from_slice(value));
    }
}

fn filled<S: Store>(store: S) -> S {
    (0..KEYS).for_each(|number| store.set(&key(number), VALUE));
    store
}

fn point(criterion: &mut Criterion) {
    let keyspace = filled(Keyspace::new(SHARDS, KeyHasher::seeded(1)));
    let mut group = criterion.benchmark_group("keyspace_point");
    group.throughput(Throughput::Elements(1));
    let mut seed = 88_172_645_463_325_252;
    group.bench_function("get", |bench| bench.iter(|| keyspace.get(black_box(&key(next(&mut seed) % KEYS)))));
    group.bench_function("set", |bench| bench.iter(|| keyspace.set(black_box(&key(next(&mut seed) % KEYS)), VALUE)));
    group.finish();
}

/// Runs `operations` in all, spread over `threads`, and returns how long that took.
fn spread<S: Store>(store: &S, threads: u64, operations: u64, set_percent: u64) -> Duration {
    let go = AtomicBool::new(false);
    let start = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let go = &go;
            scope.spawn(move || {
                let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (thread + 1);
                while !go.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                for _ in 0..operations.div_ceil(threads) {
                    let dice = next(&mut seed);
                    let key = key((dice >> 8) % KEYS);
                    if dice % 100 < set_percent {
                        store.set(&key, VALUE);
                    } else {
                        black_box(store.get(&key));
                    }
                }
            });
        }
        start.store(ticks(), Ordering::Relaxed);
        go.store(true, Ordering::Release);
    });
    Duration::from_nanos(ticks_to_ns(ticks() - start.into_inner()))
}

fn contention(criterion: &mut Criterion) {
    let one_lock = filled(OneLock(Mutex::default()));
    let shards = filled(Keyspace::new(SHARDS, KeyHasher::seeded(1)));
    let dashmap = filled(DashMap::with_hasher_and_shard_amount(ahash::RandomState::new(), SHARDS));
    let mut group = criterion.benchmark_group("keyspace_contention");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(1));
    for (mix, set_percent) in [("get", 0), ("mix", 20), ("set", 100)] {
        for threads in [1, 2, 4, 8, 16] {
            let parameter = format!("{mix}/threads={threads}");
            group.bench_function(BenchmarkId::new("one_lock", &parameter), |bench| {
                bench.iter_custom(|operations| spread(&one_lock, threads, operations, set_percent));
            });
            group.bench_function(BenchmarkId::new("shards", &parameter), |bench| {
                bench.iter_custom(|operations| spread(&shards, threads, operations, set_percent));
            });
            group.bench_function(BenchmarkId::new("dashmap", &parameter), |bench| {
                bench.iter_custom(|operations| spread(&dashmap, threads, operations, set_percent));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, point, contention);
criterion_main!(benches);
