//! Ends and indexes of a list of a million elements.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use nyala::types::list::{Element, Limits, List, Side};
use nyala::util::rng::Rng;

use super::elements;

/// Texts of several lengths, the slowest case of an index.
fn filled(limits: Limits) -> List {
    let mut list = List::new();
    for number in 0..elements() {
        list.push(Side::Back, Element::of(format!("element:{}", number % 1999).as_bytes()), limits);
    }
    list
}

pub(crate) fn bench(c: &mut Criterion) {
    let count = elements();
    let limits = Limits::of_setting(-2);
    let mut list = filled(limits);
    let mut rng = Rng::from_seed(1);
    let mut group = c.benchmark_group("list of 1M elements");
    group.throughput(Throughput::Elements(1));
    group.bench_function("LINDEX", |b| b.iter(|| black_box(list.get(rng.below(count) as usize)).is_some()));
    group.bench_function("LSET", |b| {
        b.iter(|| list.set(rng.below(count) as usize, Element::of(b"element:0000"), limits));
    });
    group.bench_function("LPUSH and RPOP", |b| {
        b.iter(|| {
            list.push(Side::Front, Element::of(black_box(b"element:0000")), limits);
            list.pop(Side::Back, |element| black_box(element) == Element::Int(0))
        });
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("LRANGE of 100 in the middle", |b| {
        b.iter(|| list.iter_from(count as usize / 2, Side::Front).take(100).map(black_box).count());
    });
    group.finish();
}
