//! HSET and HGET on a hash of a million fields.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use nyala::types::hash::{FieldTtl, Hash, Limits};
use nyala::util::rng::Rng;

const FIELDS: u64 = 1_000_000;
const LIMITS: Limits = Limits { entries: 512, value_bytes: 64 };
const NOW_MS: u64 = 1_700_000_000_000;

fn name(number: u64) -> [u8; 14] {
    let mut name = *b"field:00000000";
    let mut rest = number;
    for digit in name[6..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    name
}

fn filled() -> Hash {
    let mut hash = Hash::new();
    for number in 0..FIELDS {
        hash.set(&name(number), b"value:00000000", FieldTtl::Clear, NOW_MS, LIMITS);
    }
    hash
}

pub(crate) fn bench(c: &mut Criterion) {
    let mut hash = filled();
    let mut rng = Rng::from_seed(1);
    let mut group = c.benchmark_group("hash of 1M fields");
    group.throughput(Throughput::Elements(1));
    group.bench_function("HGET", |b| b.iter(|| black_box(hash.get(&name(rng.below(FIELDS)), NOW_MS))));
    group.bench_function("HGET of no field", |b| {
        b.iter(|| black_box(hash.get(&name(FIELDS + rng.below(FIELDS)), NOW_MS)))
    });
    group.bench_function("HSET over", |b| {
        b.iter(|| hash.set(&name(rng.below(FIELDS)), b"other:00000000", FieldTtl::Clear, NOW_MS, LIMITS));
    });
    group.bench_function("HSET and HDEL", |b| {
        b.iter(|| {
            let name = name(FIELDS + rng.below(FIELDS));
            hash.set(&name, b"value:00000000", FieldTtl::Clear, NOW_MS, LIMITS);
            hash.remove(&name)
        });
    });
    group.bench_function("HSET and HDEL with an expiry", |b| {
        b.iter(|| {
            let name = name(FIELDS + rng.below(FIELDS));
            hash.set(&name, b"value:00000000", FieldTtl::At(NOW_MS + rng.below(1 << 20)), NOW_MS, LIMITS);
            hash.remove(&name)
        });
    });
    group.finish();
}
