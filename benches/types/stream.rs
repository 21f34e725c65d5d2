//! Entries added to a stream of a million, and short ranges of it.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use nyala::types::stream::{NodeLimits, Stream, StreamId};
use nyala::util::rng::Rng;

use super::elements;

const LIMITS: NodeLimits = NodeLimits { bytes: 4096, entries: 100 };
const FIELDS: [(&[u8], &[u8]); 2] = [(b"sensor", b"1234"), (b"temperature", b"19.8")];
const START_MS: u64 = 1_700_000_000_000;
const RANGE: usize = 100;

fn add(stream: &mut Stream, number: u64) {
    stream.add(StreamId::new(START_MS + number, 0), FIELDS.iter().copied(), LIMITS);
}

pub(crate) fn bench(c: &mut Criterion) {
    let entries = elements();
    let mut stream = Stream::new();
    (0..entries).for_each(|number| add(&mut stream, number));
    let mut rng = Rng::from_seed(1);
    let id = |rng: &mut Rng| StreamId::new(START_MS + rng.below(entries - RANGE as u64), 0);
    let mut group = c.benchmark_group("stream of 1M entries");
    group.throughput(Throughput::Elements(1));
    group.bench_function("XRANGE of one", |b| b.iter(|| black_box(stream.get(id(&mut rng))).is_some()));
    group.throughput(Throughput::Elements(RANGE as u64));
    group.bench_function("XRANGE of 100", |b| {
        b.iter(|| stream.range(id(&mut rng)..=StreamId::MAX).take(RANGE).for_each(|entry| _ = black_box(entry.id)));
    });
    group.bench_function("XREVRANGE of 100", |b| {
        b.iter(|| {
            stream.range_back(StreamId::MIN..=id(&mut rng)).take(RANGE).for_each(|entry| _ = black_box(entry.id))
        });
    });
    group.throughput(Throughput::Elements(1));
    let mut next = entries;
    group.bench_function("XADD", |b| {
        b.iter(|| {
            add(&mut stream, next);
            next += 1;
        });
    });
    group.finish();
}
