//! One member at a time in a set of a million members, and what two such sets have in common.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{Criterion, Throughput};
use nyala::types::set::{Set, SetLimits, algebra};
use nyala::util::rng::Rng;

use super::{elements, name};

const LIMITS: SetLimits = SetLimits { intset_entries: 512, packed_entries: 128, packed_value_bytes: 64 };

/// Every `step`-th of the names up to `step` times as many as there are members.
fn filled(step: u64) -> Set {
    let mut set = Set::new();
    for number in 0..elements() {
        set.insert(&name(number * step), &LIMITS);
    }
    set
}

/// Members that both have.
fn common(one: &Set, other: &Set) -> usize {
    let mut count = 0;
    algebra::intersection(&[Some(one), Some(other)], |member| {
        black_box(member);
        count += 1;
        ControlFlow::Continue(())
    });
    count
}

pub(crate) fn bench(c: &mut Criterion) {
    let members = elements();
    let (mut set, sparse) = (filled(1), filled(2));
    let mut rng = Rng::from_seed(1);
    let mut group = c.benchmark_group("set of 1M members");
    group.throughput(Throughput::Elements(1));
    group.bench_function("SISMEMBER", |b| b.iter(|| black_box(set.contains(&name(rng.below(members))))));
    group.bench_function("SADD and SREM", |b| {
        b.iter(|| {
            let name = name(members + rng.below(members));
            set.insert(&name, &LIMITS);
            set.remove(&name)
        });
    });
    group.throughput(Throughput::Elements(members));
    group.sample_size(10);
    group.bench_function("SINTER of two, half in common", |b| b.iter(|| common(&set, &sparse)));
    group.finish();
    assert_eq!(common(&set, &sparse) as u64, members / 2);
}
