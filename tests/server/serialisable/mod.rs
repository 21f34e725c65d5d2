//! Histories of concurrent clients - single commands, transactions, WATCH loops, MSET, RENAME - are strictly serialisable:
//! there is an order of all steps, in accord with the time of each, in which every reply is the right one.

#![allow(clippy::disallowed_methods, reason = "the large run goes by the clock")]
#![allow(clippy::print_stderr, reason = "the large run tells how far it came")]

mod check;
mod model;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use nyala::resp::decode::Value;
use nyala::util::rng::Rng;

use crate::fixture::TestServer;
use crate::wire::Wire;
use check::{Done, is_serialisable};
use model::{Outcome, Step, Sub};

const KEYS: u64 = 5;
/// How long the large run goes on; its last round ends soon after.
const BUDGET: Duration = Duration::from_secs(240);

#[test]
fn small_histories() {
    let server = server();
    let swaps: usize = (0..4).map(|round| history_is_serialisable(&server, round, 4, 150)).sum();
    assert!(swaps > 0, "some WATCH loop gets through");
}

/// As many rounds as there is time for: how many, it tells.
#[test]
#[ignore = "takes minutes: make test-slow"]
fn large_histories() {
    const CLIENTS: u64 = 5;
    const STEPS: usize = 1000;
    let server = server();
    let started = Instant::now();
    let (mut rounds, mut swaps) = (0, 0);
    while started.elapsed() < BUDGET {
        swaps += history_is_serialisable(&server, rounds, CLIENTS, STEPS);
        rounds += 1;
    }
    eprintln!("{rounds} histories of {CLIENTS} clients with {STEPS} steps each: serialisable, {swaps} swaps");
    assert!(swaps > 0, "some WATCH loop gets through");
}

fn server() -> TestServer {
    TestServer::nyala(&["--workers", "4", "--shards", "4"])
}

/// Records a history and checks it; answers in how many of its steps a WATCH loop got through.
fn history_is_serialisable(server: &TestServer, round: u64, clients: u64, steps: usize) -> usize {
    server.connect().call(&[b"FLUSHALL"]);
    let history = record(server, round, clients, steps);
    assert!(is_serialisable(&history), "round {round}: no order explains what the clients saw: {history:#?}");
    let swapped = |done: &&Done| matches!((&done.step, &done.outcome), (Step::Swap { .. }, Outcome::All(_)));
    history.iter().flatten().filter(swapped).count()
}

/// Lets clients run random steps at the same time; answers what each has seen.
fn record(server: &TestServer, round: u64, clients: u64, steps: usize) -> Vec<Vec<Done>> {
    let clock = AtomicU64::new(0);
    thread::scope(|scope| {
        let clock = &clock;
        let running: Vec<_> = (0..clients)
            .map(|client| {
                let mut wire = server.connect();
                scope.spawn(move || {
                    let mut rng = Rng::from_seed(round << 8 | client);
                    let mut values = (0u64..).map(move |n| n << 8 | client);
                    let mut history = Vec::new();
                    while history.len() < steps {
                        act(&mut wire, &mut rng, &mut || values.next().expect("they never end"), clock, &mut history);
                    }
                    history
                })
            })
            .collect();
        running.into_iter().map(|client| client.join().expect("a client panicked")).collect()
    })
}

/// One random act, of one step or two.
fn act(wire: &mut Wire, rng: &mut Rng, value: &mut dyn FnMut() -> u64, clock: &AtomicU64, history: &mut Vec<Done>) {
    let key = |rng: &mut Rng| rng.next_u64() % KEYS;
    let mut done = |step: Step, run: &mut dyn FnMut(&Step) -> Outcome| {
        let called_at = clock.fetch_add(1, SeqCst);
        let outcome = run(&step);
        history.push(Done { step, outcome, called_at, returned_at: clock.fetch_add(1, SeqCst) });
    };
    match rng.next_u64() % 8 {
        0 => done(Step::All(vec![Sub::Set(key(rng), value())]), &mut |step| single(wire, step)),
        1 => done(Step::All(vec![Sub::Get(key(rng))]), &mut |step| single(wire, step)),
        2 => done(Step::All(vec![Sub::Rename(key(rng), key(rng))]), &mut |step| single(wire, step)),
        3 => done(Step::SetMany((0..3).map(|_| (key(rng), value())).collect()), &mut |step| single(wire, step)),
        4 => done(Step::GetMany((0..3).map(|_| key(rng)).collect()), &mut |step| single(wire, step)),
        5 | 6 => {
            let subs = (0..2 + rng.next_u64() % 3).map(|_| match rng.next_u64() % 4 {
                0 => Sub::Set(key(rng), value()),
                1 => Sub::Rename(key(rng), key(rng)),
                2 => Sub::Del(key(rng)),
                _ => Sub::Get(key(rng)),
            });
            done(Step::All(subs.collect()), &mut |step| transaction(wire, step));
        }
        _ => {
            let watched = key(rng);
            wire.call(&[b"WATCH", name(watched).as_bytes()]);
            let mut seen = None;
            done(Step::All(vec![Sub::Get(watched)]), &mut |step| {
                let outcome = single(wire, step);
                let Outcome::All(replies) = &outcome else { panic!("{outcome:?}") };
                seen = replies[0];
                outcome
            });
            let other = key(rng);
            done(Step::Swap { watched, seen, new: value(), other }, &mut |step| transaction(wire, step));
        }
    }
}

fn name(key: u64) -> String {
    format!("k{key}")
}

/// Runs a step that is one command.
fn single(wire: &mut Wire, step: &Step) -> Outcome {
    let reply = wire.value(&step.commands()[0]);
    match (step, reply) {
        (Step::GetMany(_), Value::Array(values)) => Outcome::All(values.iter().map(read).collect()),
        (_, reply) => Outcome::All(vec![read(&reply)]),
    }
}

/// Runs a step as a transaction.
fn transaction(wire: &mut Wire, step: &Step) -> Outcome {
    wire.value("MULTI");
    for command in step.commands() {
        wire.value(&command);
    }
    match wire.value("EXEC") {
        Value::Array(replies) => Outcome::All(replies.iter().map(read).collect()),
        _ => Outcome::Nothing,
    }
}

/// A reply as the model has it: values, counts, and for RENAME whether it found its key.
fn read(reply: &Value) -> Option<u64> {
    match reply {
        Value::Bulk(text) => Some(String::from_utf8_lossy(text).parse().expect("values are numbers")),
        Value::Integer(n) => Some(*n as u64),
        Value::Simple(_) => Some(1),
        _ => None,
    }
}
