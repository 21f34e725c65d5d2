//! What a request costs to parse, and a reply to write. No socket, no command.

#![allow(missing_docs, reason = "criterion's macros write undocumented items")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nyala::resp::{Limits, Output, Parsed, Parser, Protocol, Reply};

fn request(args: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        bytes.extend(format!("${}\r\n", arg.len()).bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Parses `pipeline` requests out of one buffer, and touches every argument as a command would.
fn parse(c: &mut Criterion, name: &str, one: &[u8], pipeline: usize) {
    let buf = one.repeat(pipeline);
    let (mut parser, limits) = (Parser::default(), Limits::default());
    let mut group = c.benchmark_group("resp_parse");
    group.throughput(Throughput::Elements(pipeline as u64));
    group.bench_function(name, |b| {
        b.iter(|| {
            let buf = black_box(&buf[..]);
            let mut pos = 0;
            while let Ok(Parsed::Request { consumed }) = parser.parse(&buf[pos..], &limits) {
                let args = parser.request(&buf[pos..]);
                args.iter().for_each(|arg| {
                    black_box(arg);
                });
                pos += consumed;
            }
            assert_eq!(pos, buf.len());
        });
    });
}

fn resp_parse(c: &mut Criterion) {
    let key = b"key:000000012345";
    let get = request(&[b"GET", key]);
    parse(c, "get/pipeline=1", &get, 1);
    parse(c, "get/pipeline=64", &get, 64);
    parse(c, "set_32b", &request(&[b"SET", key, &[b'v'; 32]]), 64);
    let pairs = std::iter::repeat_n([&key[..], &[b'v'; 32]], 1000).flatten();
    let mset: Vec<&[u8]> = std::iter::once(&b"MSET"[..]).chain(pairs).collect();
    parse(c, "mset_1000", &request(&mset), 1);
}

/// Writes 64 replies and sends them.
fn write(c: &mut Criterion, name: &str, mut one: impl FnMut(&mut Reply<'_>)) {
    const PIPELINE: usize = 64;
    let mut output = Output::default();
    let mut group = c.benchmark_group("reply_write");
    group.throughput(Throughput::Elements(PIPELINE as u64));
    group.bench_function(name, |b| {
        b.iter(|| {
            for _ in 0..PIPELINE {
                one(&mut Reply::new(black_box(&mut output), black_box(Protocol::Resp2)));
            }
            black_box(output.as_slice());
            output.advance(output.pending());
        });
    });
}

fn reply_write(c: &mut Criterion) {
    // Slices: of an array the compiler would know the length, and write its header when compiling.
    let (value, element) = (&[b'v'; 32][..], &b"0123456789"[..]);
    write(c, "bulk_32b", |reply| reply.bulk(black_box(value)));
    write(c, "integer", |reply| reply.integer(black_box(12345)));
    write(c, "array_100", |reply| {
        reply.array(100);
        (0..100).for_each(|_| reply.bulk(black_box(element)));
    });
}

criterion_group!(benches, resp_parse, reply_write);
criterion_main!(benches);
