//! Whether keys go in time, and what that does to other clients: `cargo bench --bench expiry`.
//!
//! Runs against a server of its own. In the first, a million keys expire evenly over a minute while clients keep the server
//! at half of what it can do; in the second somebody is told of each by an `expired` event; in the third they all expire at
//! one moment. How late keys go is read off DBSIZE,
//! asked every few milliseconds: the k-th key is gone when so many are missing. How long other clients wait is counted
//! from the time at which a request was due, so that a stall is charged to all requests that it delays.
//!
//! Environment: `KEYS`, `WINDOW_S`, `CLIENTS`, `RATE` (requests per second; half of the measured most unless given),
//! `SERVER` (another binary that takes Redis's arguments). Fails when the bound is missed: 99 % of the keys gone, and of
//! the events delivered, within 100 ms of their time, and p99 of the others at most doubled.

#![allow(clippy::disallowed_methods, reason = "a measurement in real time, of another process")]
#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::unwrap_used, reason = "a bench may stop at the first fault")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fixture::TestServer;
use nyala::resp::decode::Value;
use wire::{Wire, request};

#[path = "../tests/server/fixture.rs"]
mod fixture;
#[path = "../tests/server/wire.rs"]
mod wire;

const VALUE: [u8; 32] = [b'v'; 32];
const POLL: Duration = Duration::from_millis(2);
const LAG_BOUND_MS: u64 = 100;

struct Plan {
    /// Keys that expire.
    keys: u64,
    /// Keys without an expiry, which the clients read and write.
    steady: u64,
    /// How long it may take to load the keys that expire.
    loading_ms: u64,
    window_ms: u64,
    baseline_ms: u64,
    clients: u64,
    rate: u64,
}

fn main() -> ExitCode {
    // Cargo says --bench when it is not about tests.
    let quick = !std::env::args().any(|arg| arg == "--bench");
    let number = |name: &str, usual| std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap());
    let (keys, window_s) = if quick { (5_000, 1) } else { (1_000_000, 60) };
    let mut plan = Plan {
        keys: number("KEYS", keys),
        steady: if quick { 2000 } else { 100_000 },
        loading_ms: 0,
        window_ms: number("WINDOW_S", window_s) * 1000,
        baseline_ms: if quick { 300 } else { 10_000 },
        clients: number("CLIENTS", 16),
        rate: number("RATE", 0),
    };
    let binary = std::env::var("SERVER").unwrap_or_else(|_| env!("CARGO_BIN_EXE_nyala").to_owned());
    let server = TestServer::peer(&binary, &["--save", ""]);
    let started_ms = now_ms();
    load(&server, plan.steady, |n| vec![b"SET".to_vec(), steady(n), VALUE.to_vec()]);
    plan.loading_ms = 1000 + (now_ms() - started_ms) * 4 * plan.keys / plan.steady;
    if plan.rate == 0 {
        plan.rate = most(&server, &plan, if quick { 200 } else { 3000 }) / 2;
    }
    println!("{binary}: {} keys, {} clients, {} requests/s", plan.keys, plan.clients, plan.rate);
    idle(&server, if quick { 100 } else { 3000 });
    let window_ms = plan.window_ms;
    let mut in_time = run(&server, &plan, "over the window", None, |n| n * window_ms / plan.keys);
    let listener = Listener::start(&server);
    in_time &= run(&server, &plan, "over the window, with events", Some(listener), |n| n * window_ms / plan.keys);
    run(&server, &plan, "at one moment", None, |_| 0);
    if in_time || quick { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sets keys due at `due(n)` ms after a start, which lies far enough ahead for the loading and for the measurement of
/// the clients before anything expires; answers whether the bound was kept.
fn run(server: &TestServer, plan: &Plan, title: &str, listener: Option<Listener>, due: impl Fn(u64) -> u64) -> bool {
    let start_ms = now_ms() + plan.loading_ms + plan.baseline_ms;
    load(server, plan.keys, |n| {
        let at_ms = (start_ms + due(n)).to_string().into_bytes();
        vec![b"SET".to_vec(), format!("volatile:{n}").into_bytes(), VALUE.to_vec(), b"PXAT".to_vec(), at_ms]
    });
    let ready_ms = start_ms - plan.baseline_ms;
    assert!(now_ms() < ready_ms, "loading took too long");
    sleep(Duration::from_millis(ready_ms - now_ms()));

    let load = Load::start(server.port(), plan);
    let before = cpu_ms(server);
    sleep(Duration::from_millis(start_ms.saturating_sub(now_ms())));
    let between = cpu_ms(server);
    let (sizes, end_ms) = watch(server, plan.steady, start_ms + due(plan.keys - 1));
    let after = cpu_ms(server);
    let waits = load.stop();

    let mut lags = Vec::new();
    let mut polled = sizes.iter().peekable();
    for n in 0..plan.keys {
        while polled.next_if(|(_, gone)| *gone <= n).is_some() {}
        let gone_ms = polled.peek().map_or(end_ms, |(at_ms, _)| *at_ms);
        lags.push(gone_ms.saturating_sub(start_ms + due(n)) * 1000);
    }
    let part = |from_ms: u64, to_ms: u64| {
        let inside = waits.iter().filter(|(at_ms, _)| (from_ms..to_ms).contains(at_ms));
        inside.map(|(_, wait_us)| *wait_us).collect::<Vec<u64>>()
    };
    let (baseline, expiring) = (part(ready_ms + 200, start_ms), part(start_ms, end_ms));
    println!("{} keys expiring {title}, all gone {} ms after the first was due", plan.keys, end_ms - start_ms);
    let mut lag = show("  lag of keys     ", lags);
    if let Some(listener) = listener {
        let told = listener.stop(plan.keys);
        let lags = told.iter().map(|&(n, at_us)| at_us.saturating_sub((start_ms + due(n)) * 1000)).collect();
        lag = lag.max(show("  lag of events   ", lags));
    }
    let quiet = show("  clients before  ", baseline);
    let busy = show("  clients meanwhile", expiring);
    let percent = |cpu_ms: u64, ms: u64| cpu_ms * 100 / ms.max(1);
    println!(
        "  server's CPU     before {} %, meanwhile {} % of one processor",
        percent(between - before, plan.baseline_ms),
        percent(after - between, end_ms - start_ms)
    );
    lag <= LAG_BOUND_MS * 1000 && busy <= 2 * quiet
}

/// Polls until only the steady keys are left and `last_due_ms` has passed: (time, keys gone) wherever that number changed.
fn watch(server: &TestServer, steady: u64, last_due_ms: u64) -> (Vec<(u64, u64)>, u64) {
    let mut wire = server.connect();
    let full = dbsize(&mut wire);
    let mut sizes = vec![(now_ms(), 0)];
    loop {
        let gone = full.saturating_sub(dbsize(&mut wire));
        let at_ms = now_ms();
        if sizes.last().is_some_and(|(_, before)| *before != gone) {
            sizes.push((at_ms, gone));
        }
        if full - gone <= steady && at_ms > last_due_ms {
            let end_ms = sizes.last().map_or(at_ms, |(at_ms, _)| *at_ms);
            return (sizes, end_ms);
        }
        assert!(at_ms < last_due_ms + 60_000, "{} keys are left", full - gone - steady);
        sleep(POLL);
    }
}

fn dbsize(wire: &mut Wire) -> u64 {
    match wire.value("DBSIZE") {
        Value::Integer(keys) => keys as u64,
        other => panic!("DBSIZE answers {other:?}"),
    }
}

/// Prints percentiles of times in microseconds; answers the 99th.
fn show(title: &str, mut us: Vec<u64>) -> u64 {
    us.sort_unstable();
    let at = |percent: f64| us.get(((us.len() as f64 * percent / 100.0) as usize).min(us.len().max(1) - 1)).copied();
    let ms = |percent| at(percent).unwrap_or(0) as f64 / 1000.0;
    println!("{title} p50 {:.2} p99 {:.2} p99.9 {:.2} max {:.2} ms", ms(50.0), ms(99.0), ms(99.9), ms(100.0));
    at(99.0).unwrap_or(0)
}

/// What the server uses when nobody asks it for anything.
fn idle(server: &TestServer, ms: u64) {
    let before = cpu_ms(server);
    sleep(Duration::from_millis(ms));
    println!("idle: {:.1} % of one processor", (cpu_ms(server) - before) as f64 * 100.0 / ms as f64);
}

/// Hears of expired keys.
struct Listener {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(u64, u64)>>,
}

impl Listener {
    fn start(server: &TestServer) -> Listener {
        let mut wire = server.connect();
        assert_eq!(wire.call(&[b"CONFIG", b"SET", b"notify-keyspace-events", b"Ex"]), b"+OK\r\n");
        wire.call(&[b"SUBSCRIBE", b"__keyevent@0__:expired"]);
        let mut stream = wire.into_stream();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = spawn(move || {
            let (mut told, mut text) = (Vec::new(), Vec::new());
            let mut buffer = vec![0; 1 << 18];
            loop {
                match stream.read(&mut buffer) {
                    Ok(0) => panic!("the listener is cut off"),
                    Ok(count) => text.extend_from_slice(&buffer[..count]),
                    Err(_) if ends.load(Relaxed) => return told,
                    Err(_) => continue,
                }
                let at_us = unix().as_micros() as u64;
                // Names of keys are the last words of messages; what follows the last line end is not whole.
                let whole = text.windows(2).rposition(|end| end == b"\r\n").map_or(0, |at| at + 2);
                let lines = text[..whole].split(|&byte| byte == b'\n');
                let numbers = lines.filter_map(|line| line.strip_prefix(b"volatile:")?.strip_suffix(b"\r"));
                told.extend(numbers.map(|n| (std::str::from_utf8(n).unwrap().parse::<u64>().unwrap(), at_us)));
                text.drain(..whole);
            }
        });
        Listener { port: server.port(), stop, thread }
    }

    /// (Number of a key, time of its event in us), of all keys.
    fn stop(self, keys: u64) -> Vec<(u64, u64)> {
        self.stop.store(true, Relaxed);
        let told = self.thread.join().unwrap();
        assert_eq!(told.len() as u64, keys, "an event for each key");
        let reply = Wire::connect(self.port).unwrap().call(&[b"CONFIG", b"SET", b"notify-keyspace-events", b""]);
        assert_eq!(reply, b"+OK\r\n");
        told
    }
}

/// Clients that send one request after the other, each at its time.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<(u64, u64)>>>,
}

impl Load {
    fn start(port: u16, plan: &Plan) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let (clients, steady) = (plan.clients, plan.steady);
        let every = Duration::from_nanos(1_000_000_000 * clients / plan.rate.max(1));
        let threads: Vec<_> = (0..clients)
            .map(|client| {
                let stop = Arc::clone(&stop);
                spawn(move || {
                    let mut peer = Peer::connect(port, client, steady);
                    let mut waits = Vec::new();
                    let mut at = unix() + every.mul_f64(client as f64 / clients as f64);
                    while !stop.load(Relaxed) {
                        sleep(at.saturating_sub(unix()));
                        peer.ask();
                        waits.push((at.as_millis() as u64, unix().saturating_sub(at).as_micros() as u64));
                        at += every;
                    }
                    waits
                })
            })
            .collect();
        Load { stop, threads }
    }

    /// (Time at which a request was due in ms, how long its reply took from then on in us), of all clients.
    fn stop(self) -> Vec<(u64, u64)> {
        self.stop.store(true, Relaxed);
        self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }
}

/// Requests per second of as many clients that do not wait.
fn most(server: &TestServer, plan: &Plan, ms: u64) -> u64 {
    let end_ms = now_ms() + ms;
    let asked = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..plan.clients)
        .map(|client| {
            let (asked, port, steady) = (Arc::clone(&asked), server.port(), plan.steady);
            spawn(move || {
                let mut peer = Peer::connect(port, client, steady);
                while now_ms() < end_ms {
                    peer.ask();
                    asked.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    asked.load(Relaxed) * 1000 / ms
}

/// A client that reads nine times and writes once, keys taken in a scattered order.
struct Peer {
    stream: TcpStream,
    steady: u64,
    turn: u64,
    reply: [u8; 64],
}

impl Peer {
    fn connect(port: u16, client: u64, steady: u64) -> Peer {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, steady, turn: client * 7919, reply: [0; 64] }
    }

    fn ask(&mut self) {
        self.turn += 1;
        let key = steady(self.turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) % self.steady);
        let (request, reply_len) = if self.turn.is_multiple_of(10) {
            (request(&[b"SET", &key[..], &VALUE]), "+OK\r\n".len())
        } else {
            (request(&[b"GET", &key[..]]), "$32\r\n".len() + VALUE.len() + 2)
        };
        self.stream.write_all(&request).unwrap();
        self.stream.read_exact(&mut self.reply[..reply_len]).unwrap();
    }
}

fn steady(n: u64) -> Vec<u8> {
    format!("steady:{n}").into_bytes()
}

/// Sends `count` writes in pipelines.
fn load(server: &TestServer, count: u64, command: impl Fn(u64) -> Vec<Vec<u8>>) {
    let mut wire = server.connect();
    for from in (0..count).step_by(500) {
        let numbers = from..count.min(from + 500);
        let replies = numbers.end - numbers.start;
        let pipeline: Vec<u8> = numbers.flat_map(|n| request(&command(n))).collect();
        wire.send(&pipeline);
        for _ in 0..replies {
            wire.try_reply().unwrap();
        }
    }
}

fn unix() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn now_ms() -> u64 {
    unix().as_millis() as u64
}

/// User and system time of the server's process so far.
fn cpu_ms(server: &TestServer) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // In hundredths of a second, as every Linux reports them.
    (ticks(11) + ticks(12)) * 10
}
