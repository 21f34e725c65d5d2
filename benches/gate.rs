//! Commands through the gate, in-process: what one costs between the parsed request and the written reply.
#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nyala::client::{Endpoint, Session};
use nyala::commands;
use nyala::config::Config;
use nyala::dispatch::{Executor, Step};
use nyala::keyspace::{KeyHasher, Keyspace};
use nyala::resp::{Output, OwnedArgs};
use nyala::state::Server;
use nyala::util::clock::Clock;
use nyala::util::rng::Rng;

const KEYS: usize = 100_000;
const SHARDS: usize = 256;
/// Requests prepared for one measurement: more keys than the first-level cache holds.
const REQUESTS: usize = 4096;
/// Unsent reply bytes at which a connection would write.
const FLUSH_BYTES: usize = 16 << 10;

/// A server with keys, and one client.
struct Gate {
    executor: Executor,
    session: Session,
    output: Output,
}

impl Gate {
    fn new() -> Gate {
        let keyspace = Keyspace::new(SHARDS, KeyHasher::seeded(7));
        let commands = commands::table().all().len();
        let server = Arc::new(Server::new(Config::default(), Clock::system(), keyspace, 1, commands));
        let client = server.clients.connect(Endpoint::Internal, -1, 0, server.clock.now_ms());
        let executor = Executor::worker(server, 0);
        let mut gate = Gate { executor, session: Session::new(client), output: Output::default() };
        for number in 0..KEYS {
            gate.run(&request(&["SET", &key("str", number), VALUE]));
            gate.run(&request(&["SET", &key("int", number), "100000"]));
        }
        gate
    }

    fn run(&mut self, request: &OwnedArgs) {
        let step = self.executor.execute(&mut self.session, request.view(), &mut self.output);
        assert_eq!(step, Step::Next);
        if self.output.pending() > FLUSH_BYTES {
            self.output.advance(self.output.pending());
        }
    }
}

const VALUE: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

/// A key of 16 bytes.
fn key(kind: &str, number: usize) -> String {
    format!("{kind}:{number:012}")
}

fn request(words: &[&str]) -> OwnedArgs {
    words.iter().collect()
}

/// Requests made by `make` from a random key number each.
fn requests(seed: u64, make: impl Fn(&mut dyn FnMut(&str) -> String) -> Vec<String>) -> Vec<OwnedArgs> {
    let mut rng = Rng::from_seed(seed);
    let mut any = |kind: &str| key(kind, rng.index(KEYS));
    (0..REQUESTS).map(|_| make(&mut any).iter().collect()).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn gate_mix(criterion: &mut Criterion) {
    let mut gate = Gate::new();
    let mut group = criterion.benchmark_group("gate_mix");
    group.throughput(Throughput::Elements(1));
    let big = "x".repeat(20_000);
    gate.run(&request(&["SET", "big", &big]));
    let many = |command: &str, count: usize, any: &mut dyn FnMut(&str) -> String, value: Option<&str>| {
        let mut all = words(&[command]);
        for _ in 0..count {
            all.push(any("str"));
            all.extend(value.map(str::to_owned));
        }
        all
    };
    let mixes = [
        ("ping", requests(1, |_| words(&["PING"]))),
        ("get", requests(2, |any| words(&["GET", &any("str")]))),
        ("get_int", requests(3, |any| words(&["GET", &any("int")]))),
        ("get_missing", requests(4, |any| words(&["GET", &any("not")]))),
        ("get_20k", requests(5, |_| words(&["GET", "big"]))),
        ("getrange", requests(6, |any| words(&["GETRANGE", &any("str"), "2", "-3"]))),
        ("set", requests(7, |any| words(&["SET", &any("str"), OTHER]))),
        ("set_int", requests(8, |any| words(&["SET", &any("int"), "200000"]))),
        ("set_nx", requests(9, |any| words(&["SET", &any("str"), OTHER, "NX"]))),
        ("set_get", requests(10, |any| words(&["SET", &any("str"), OTHER, "GET"]))),
        ("incr", requests(11, |any| words(&["INCR", &any("int")]))),
        ("incrby", requests(12, |any| words(&["INCRBY", &any("int"), "17"]))),
        ("mget_10", requests(13, |any| many("MGET", 10, any, None))),
        ("mset_10", requests(14, |any| many("MSET", 10, any, Some(OTHER)))),
        ("set_ex", requests(15, |any| words(&["SET", &any("exp"), OTHER, "EX", "1000"]))),
        ("setex", requests(16, |any| words(&["SETEX", &any("exp"), "1000", OTHER]))),
        ("getex", requests(17, |any| words(&["GETEX", &any("exp"), "EX", "1000"]))),
    ];
    for (name, requests) in &mixes {
        let mut next = requests.iter().cycle();
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| gate.run(black_box(next.next().expect("a cycle has no end"))));
        });
    }
    group.finish();
}

/// Keys that come and go: the path with an allocation for the entry.
fn gate_churn(criterion: &mut Criterion) {
    let mut gate = Gate::new();
    let mut group = criterion.benchmark_group("gate_churn");
    group.throughput(Throughput::Elements(REQUESTS as u64));
    let set = requests(1, |any| words(&["SET", &any("new"), VALUE]));
    let getdel = requests(1, |any| words(&["GETDEL", &any("new")]));
    group.bench_function("set_getdel", |bencher| {
        bencher.iter_batched(
            || (),
            |()| set.iter().chain(&getdel).for_each(|request| gate.run(request)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, gate_mix, gate_churn);
criterion_main!(benches);
