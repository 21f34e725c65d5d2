//! Client-side caching in a real server: a copy that a client keeps is never older than what it has been told.

#![allow(clippy::disallowed_methods, reason = "a test of some length, in real time")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nyala::resp::decode::{DecodeLimits, Value, decode};
use nyala::util::rng::Rng;

use crate::fixture::TestServer;
use crate::wire::{Wire, request};

const KEYS: usize = 40;
const WRITERS: u64 = 3;
const LENGTH: Duration = Duration::from_millis(1500);

/// A client that asks the server only for what it has no copy of.
struct Cache {
    wire: Wire,
    copies: BTreeMap<Vec<u8>, Value>,
    told: usize,
}

impl Cache {
    fn new(server: &TestServer, options: &str) -> Cache {
        let mut wire = server.connect();
        wire.call(&[b"HELLO", b"3"]);
        assert_eq!(wire.value(&format!("CLIENT TRACKING ON{options}")), Value::Simple("OK".into()));
        Cache { wire, copies: BTreeMap::new(), told: 0 }
    }

    /// The next reply; what comes before it takes copies away.
    fn reply(&mut self) -> Value {
        loop {
            let bytes = self.wire.reply();
            let reply = decode(&bytes, &DecodeLimits::default()).expect("a whole reply").expect("a whole reply").0;
            let Value::Push(words) = reply else { return reply };
            self.told += 1;
            match words.into_iter().next_back().expect("a message has words") {
                Value::Array(keys) => {
                    for key in keys {
                        let Value::Bulk(key) = key else { panic!("no key: {key:?}") };
                        self.copies.remove(&key);
                    }
                }
                _ => self.copies.clear(),
            }
        }
    }

    fn ask(&mut self, words: &[&[u8]]) -> Value {
        self.wire.send(&request(words));
        self.reply()
    }

    fn get(&mut self, key: &[u8]) {
        if !self.copies.contains_key(key) {
            let value = self.ask(&[b"GET", key]);
            self.copies.insert(key.to_vec(), value);
        }
    }

    fn get_several(&mut self, keys: [&[u8]; 2]) {
        let Value::Array(values) = self.ask(&[b"MGET", keys[0], keys[1]]) else { panic!("MGET answers a list") };
        // Where one key is named twice, both values are of one moment.
        self.copies.extend(keys.map(<[u8]>::to_vec).into_iter().zip(values));
    }
}

fn name(rng: &mut Rng) -> Vec<u8> {
    format!("k{}", rng.index(KEYS)).into_bytes()
}

/// Changes keys in all kinds of ways until told to stop.
fn write(mut wire: Wire, seed: u64, stop: &AtomicBool) {
    let mut rng = Rng::from_seed(seed);
    let mut value = 0;
    while !stop.load(Relaxed) {
        value += 1;
        let (one, other) = (name(&mut rng), name(&mut rng));
        let value = format!("{seed}:{value}").into_bytes();
        match rng.index(100) {
            0 => drop(wire.call(&[b"FLUSHALL"])),
            1..10 => drop(wire.call(&[b"DEL", &one, &other])),
            10..20 => drop(wire.call(&[b"RENAME", &one, &other])),
            20..30 => drop(wire.call(&[b"SET", &one, &value, b"PX", b"5"])),
            30..50 => drop(wire.call(&[b"MSET", &one, &value, &other, &value])),
            50..60 => {
                let transaction: [&[&[u8]]; 4] =
                    [&[b"MULTI"], &[b"SET", &one, &value], &[b"APPEND", &other, b"x"], &[b"EXEC"]];
                transaction.iter().for_each(|words| drop(wire.call(words)));
            }
            _ => drop(wire.call(&[b"SET", &one, &value])),
        }
    }
}

/// Clients with these options read while others write; in the end all copies are compared.
fn copies_are_true(args: &[&str], options: &[&str]) {
    let server = TestServer::nyala(&[&["--workers", "3"], args].concat());
    let stop = AtomicBool::new(false);
    let mut caches: Vec<Cache> = options.iter().map(|options| Cache::new(&server, options)).collect();
    std::thread::scope(|scope| {
        for seed in 0..WRITERS {
            let (wire, stop) = (server.connect(), &stop);
            scope.spawn(move || write(wire, seed, stop));
        }
        let readers: Vec<_> = caches
            .iter_mut()
            .enumerate()
            .map(|(at, cache)| {
                let stop = &stop;
                scope.spawn(move || {
                    let mut rng = Rng::from_seed(100 + at as u64);
                    while !stop.load(Relaxed) {
                        match rng.index(10) {
                            0 => cache.get_several([&name(&mut rng), &name(&mut rng)]),
                            1 => assert_eq!(cache.ask(&[b"PING"]), Value::Simple("PONG".into())),
                            _ => cache.get(&name(&mut rng)),
                        }
                    }
                })
            })
            .collect();
        let until = Instant::now() + LENGTH;
        while Instant::now() < until && readers.iter().all(|reader| !reader.is_finished()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Relaxed);
    });
    // Keys that still had some milliseconds to live have gone by now.
    std::thread::sleep(Duration::from_millis(100));
    let mut wire = server.connect();
    wire.call(&[b"HELLO", b"3"]);
    for cache in &mut caches {
        assert_eq!(cache.ask(&[b"PING"]), Value::Simple("PONG".into()));
        assert!(cache.told > 0, "nothing was told");
        for (key, copy) in &cache.copies {
            let key = String::from_utf8_lossy(key);
            assert_eq!(*copy, wire.value(&format!("GET {key}")), "the copy of {key}");
        }
    }
}

#[test]
fn copies_of_what_was_read_are_true() {
    copies_are_true(&[], &["", ""]);
}

#[test]
fn copies_of_what_is_broadcast_are_true() {
    copies_are_true(
        &[],
        &[
            " BCAST",
            " BCAST PREFIX k1 PREFIX k2 PREFIX k3 PREFIX k0 PREFIX k4 PREFIX k5 PREFIX k6 \
        PREFIX k7 PREFIX k8 PREFIX k9",
        ],
    );
}

#[test]
fn copies_are_true_where_few_keys_are_remembered() {
    copies_are_true(&["--tracking-table-max-keys", "5"], &["", " NOLOOP"]);
}

#[test]
fn copies_are_true_where_keys_are_evicted() {
    copies_are_true(&["--maxmemory", "1", "--maxmemory-policy", "allkeys-random"], &["", " BCAST"]);
}
