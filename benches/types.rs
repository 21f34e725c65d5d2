//! The collection types alone, large: no server around them, no network. One file a type in `benches/types/`.
#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{criterion_group, criterion_main};

#[path = "types/hash.rs"]
mod hash;
#[path = "types/list.rs"]
mod list;
#[path = "types/set.rs"]
mod set;
#[path = "types/stream.rs"]
mod stream;
#[path = "types/zset.rs"]
mod zset;

/// Elements of each collection: a million, or few where each bench runs just once, to see that it does.
fn elements() -> u64 {
    // Cargo says --bench when it is not about tests.
    if std::env::args().any(|arg| arg == "--bench") { 1_000_000 } else { 10_000 }
}

/// The name of an element: all are of one length.
fn name(number: u64) -> [u8; 14] {
    let mut name = *b"name::00000000";
    let mut rest = number;
    for digit in name[6..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    name
}

criterion_group!(benches, hash::bench, list::bench, set::bench, stream::bench, zset::bench);
criterion_main!(benches);
