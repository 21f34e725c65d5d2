//! The collection types alone, large: no server around them, no network. One file a type in `benches/types/`.
#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{criterion_group, criterion_main};

#[path = "types/hash.rs"]
mod hash;
#[path = "types/list.rs"]
mod list;
#[path = "types/zset.rs"]
mod zset;

criterion_group!(benches, hash::bench, list::bench, zset::bench);
criterion_main!(benches);
