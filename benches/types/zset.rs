//! One member at a time, and short ranges, in a sorted set of a million members with random scores.

use std::hint::black_box;
use std::ops::Bound;

use criterion::{Criterion, Throughput};
use nyala::types::packed::Element;
use nyala::types::zset::{Limits, ScoreRange, ZSet};
use nyala::util::rng::Rng;

use super::{elements, name};

const SCORES: u64 = 1 << 40;
const LIMITS: Limits = Limits { entries: 128, value_bytes: 64 };
const RANGE: usize = 100;

fn filled(rng: &mut Rng) -> ZSet {
    let mut zset = ZSet::new();
    for number in 0..elements() {
        zset.insert(&name(number), rng.below(SCORES) as f64, LIMITS);
    }
    zset
}

pub(crate) fn bench(c: &mut Criterion) {
    let members = elements();
    let mut rng = Rng::from_seed(1);
    let mut zset = filled(&mut rng);
    let mut group = c.benchmark_group("sorted set of 1M members");
    group.throughput(Throughput::Elements(1));
    group.bench_function("ZSCORE", |b| b.iter(|| black_box(zset.score(&name(rng.below(members))))));
    group.bench_function("ZRANK", |b| b.iter(|| black_box(zset.rank(&name(rng.below(members))))));
    group.bench_function("ZCOUNT", |b| {
        b.iter(|| {
            let min = Bound::Included(rng.below(SCORES) as f64);
            black_box(zset.score_range(&ScoreRange { min, max: Bound::Unbounded }))
        });
    });
    group.bench_function("ZADD over", |b| {
        b.iter(|| zset.insert(&name(rng.below(members)), rng.below(SCORES) as f64, LIMITS));
    });
    group.bench_function("ZADD and ZREM", |b| {
        b.iter(|| {
            let name = name(members + rng.below(members));
            zset.insert(&name, rng.below(SCORES) as f64, LIMITS);
            zset.remove(&name)
        });
    });
    group.bench_function("ZPOPMIN and ZADD", |b| {
        b.iter(|| {
            let Some((Element::Bytes(member), _)) = zset.get(0) else { unreachable!("members are no numbers") };
            let member = member.to_vec();
            zset.remove_range(0..1);
            zset.insert(&member, rng.below(SCORES) as f64, LIMITS)
        });
    });
    group.throughput(Throughput::Elements(RANGE as u64));
    group.bench_function("ZRANGE of 100 by rank", |b| {
        b.iter(|| {
            let start = rng.index(zset.len() - RANGE);
            zset.visit(start..start + RANGE, false, |member, score| {
                black_box((member, score));
            });
        });
    });
    group.bench_function("ZRANGE of 100 by score", |b| {
        b.iter(|| {
            let min = Bound::Included(rng.below(SCORES) as f64);
            let start = zset.score_range(&ScoreRange { min, max: Bound::Unbounded }).start.min(zset.len() - RANGE);
            zset.visit(start..start + RANGE, true, |member, score| {
                black_box((member, score));
            });
        });
    });
    group.finish();
}
