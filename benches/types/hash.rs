//! HSET and HGET on a hash of a million fields.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use nyala::types::hash::{FieldTtl, Hash, Limits};
use nyala::util::rng::Rng;

use super::{elements, name};

const LIMITS: Limits = Limits { entries: 512, value_bytes: 64 };
const NOW_MS: u64 = 1_700_000_000_000;

fn filled() -> Hash {
    let mut hash = Hash::new();
    for number in 0..elements() {
        hash.set(&name(number), b"value:00000000", FieldTtl::Clear, NOW_MS, LIMITS);
    }
    hash
}

pub(crate) fn bench(c: &mut Criterion) {
    let fields = elements();
    let mut hash = filled();
    let mut rng = Rng::from_seed(1);
    let mut group = c.benchmark_group("hash of 1M fields");
    group.throughput(Throughput::Elements(1));
    group.bench_function("HGET", |b| b.iter(|| black_box(hash.get(&name(rng.below(fields)), NOW_MS))));
    group.bench_function("HGET of no field", |b| {
        b.iter(|| black_box(hash.get(&name(fields + rng.below(fields)), NOW_MS)))
    });
    group.bench_function("HSET over", |b| {
        b.iter(|| hash.set(&name(rng.below(fields)), b"other:00000000", FieldTtl::Clear, NOW_MS, LIMITS));
    });
    group.bench_function("HSET and HDEL", |b| {
        b.iter(|| {
            let name = name(fields + rng.below(fields));
            hash.set(&name, b"value:00000000", FieldTtl::Clear, NOW_MS, LIMITS);
            hash.remove(&name)
        });
    });
    group.bench_function("HSET and HDEL with an expiry", |b| {
        b.iter(|| {
            let name = name(fields + rng.below(fields));
            hash.set(&name, b"value:00000000", FieldTtl::At(NOW_MS + rng.below(1 << 20)), NOW_MS, LIMITS);
            hash.remove(&name)
        });
    });
    group.finish();
}
