//! From a request's words to its row: `cargo bench --bench lookup`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nyala::commands::table;

fn lookup(c: &mut Criterion) {
    let mut group = c.benchmark_group("lookup");
    let find = |name: &[u8]| table().find(black_box(name)).map(|command| command.id);
    group.bench_function("get", |b| b.iter(|| find(b"GET")));
    group.bench_function("get_lower_case", |b| b.iter(|| find(b"get")));
    group.bench_function("georadiusbymember_ro", |b| b.iter(|| find(b"GEORADIUSBYMEMBER_RO")));
    group.bench_function("unknown", |b| b.iter(|| find(b"NOSUCH")));
    group.bench_function("client_list", |b| {
        b.iter(|| {
            let container = table().find(black_box(b"CLIENT"))?;
            table().find_subcommand(container, black_box(b"LIST")).map(|command| command.id)
        });
    });
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
