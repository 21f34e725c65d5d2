//! What it takes to deliver messages, beside redis-server: `cargo bench --bench pubsub`.
//!
//! Publishers send pipelines of PUBLISH to one channel with 1, 10 and 1,000 subscribers, which read and throw away. The
//! servers take turns, the others idle. Counted are deliveries (messages times subscribers) per second, until the last
//! subscriber has the last message, and the server's processor time for each.
//!
//! Environment: `SUBSCRIBERS` ("1 10 1000"), `DELIVERIES` (of one run), `ROUNDS`, `PUBLISHERS`, `PIPELINE`, `PAYLOAD`
//! (bytes), `SERVER` and `PEER` (other binaries that take Redis's arguments, in place of ours and of redis-server). Fails when a bound is missed:
//! at least 1.5 times the deliveries per second of redis-server, and at most 0.7 times its processor time for each.

#![allow(clippy::disallowed_methods, reason = "a measurement in real time, of another process")]
#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::unwrap_used, reason = "a bench may stop at the first fault")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use fixture::TestServer;
use nyala::util::os::raise_file_limit;
use tokio::io::AsyncReadExt;
use wire::request;

#[path = "../tests/server/fixture.rs"]
mod fixture;
#[path = "../tests/server/wire.rs"]
mod wire;

const CHANNEL: &str = "bench";
const LEAST_SPEED: f64 = 1.5;
const MOST_CPU: f64 = 0.7;
/// How many pipelines of all publishers may be under way to the subscribers.
const AHEAD: u64 = 4;
/// Bytes that a subscriber reads at once.
const READ_BYTES: usize = 64 * 1024;

struct Plan {
    deliveries: u64,
    publishers: u64,
    pipeline: u64,
    payload: Vec<u8>,
}

/// One run on one server.
#[derive(Clone, Copy)]
struct Sample {
    per_second: f64,
    cpu_us: f64,
}

fn main() -> ExitCode {
    // Cargo says --bench when it is not about tests.
    let quick = !std::env::args().any(|arg| arg == "--bench");
    let text = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let number = |name: &str, usual: u64| text(name, &usual.to_string()).parse::<u64>().unwrap();
    let plan = Plan {
        deliveries: number("DELIVERIES", if quick { 20_000 } else { 3_000_000 }),
        publishers: number("PUBLISHERS", 8),
        pipeline: number("PIPELINE", 16),
        payload: vec![b'x'; number("PAYLOAD", 32) as usize],
    };
    let rounds = number("ROUNDS", if quick { 1 } else { 5 });
    raise_file_limit(4096).unwrap();
    let args = ["--client-output-buffer-limit", "pubsub 0 0 0"];
    let ours = TestServer::peer(&text("SERVER", env!("CARGO_BIN_EXE_nyala")), &args);
    let theirs = match std::env::var("PEER") {
        Ok(path) => TestServer::peer(&path, &args),
        Err(_) => match TestServer::redis(&args) {
            Some(server) => server,
            None => return ExitCode::SUCCESS,
        },
    };
    let mut kept = true;
    for subscribers in text("SUBSCRIBERS", if quick { "1 20" } else { "1 10 1000" }).split(' ') {
        let count = subscribers.parse().unwrap();
        let mut samples = [Vec::new(), Vec::new()];
        for round in 0..=rounds {
            let mut both = [(0, &ours), (1, &theirs)];
            both.rotate_left(round as usize % 2);
            for (at, server) in both {
                let sample = run(server, &plan, count);
                // The first round warms up.
                if round > 0 || quick {
                    samples[at].push(sample);
                }
            }
        }
        kept &= report(count, &samples);
    }
    if kept || quick { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the medians and the ratios of the rounds; answers whether the bounds were kept.
fn report(subscribers: u64, [ours, theirs]: &[Vec<Sample>; 2]) -> bool {
    println!("{subscribers} subscribers");
    for (name, samples) in [("nyala", ours), ("redis-server", theirs)] {
        println!(
            "  {name:12} {:>10.0} deliveries/s, {:.3} us of processor time for each",
            median(samples.iter().map(|sample| sample.per_second)),
            median(samples.iter().map(|sample| sample.cpu_us))
        );
    }
    let pairs = || ours.iter().zip(theirs);
    let speed: Vec<f64> = pairs().map(|(ours, theirs)| ours.per_second / theirs.per_second).collect();
    let cpu: Vec<f64> = pairs().map(|(ours, theirs)| ours.cpu_us / theirs.cpu_us).collect();
    let range = |ratios: &[f64]| {
        let (least, most) = ratios.iter().fold((f64::MAX, 0f64), |(a, b), &x| (a.min(x), b.max(x)));
        format!("{:.2}x ({least:.2}-{most:.2})", median(ratios.iter().copied()))
    };
    println!("  ratios       {} deliveries/s, {} processor time", range(&speed), range(&cpu));
    median(speed.into_iter()) >= LEAST_SPEED && median(cpu.into_iter()) <= MOST_CPU
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn run(server: &TestServer, plan: &Plan, subscribers: u64) -> Sample {
    let listeners = Listeners::start(server.port(), subscribers);
    let message = request(&["message", CHANNEL, std::str::from_utf8(&plan.payload).unwrap()]).len() as u64;
    let pipeline =
        request(&["PUBLISH", CHANNEL, std::str::from_utf8(&plan.payload).unwrap()]).repeat(plan.pipeline as usize);
    let mut replies = vec![0; format!(":{subscribers}\r\n").len() * plan.pipeline as usize];
    let mut publishers: Vec<TcpStream> = (0..plan.publishers).map(|_| connect(server.port())).collect();
    let turn = plan.publishers * plan.pipeline;
    let turns = plan.deliveries.div_ceil(turn * subscribers);

    let (before, start) = (cpu_us(server), Instant::now());
    for sent in 0..turns {
        publishers.iter_mut().for_each(|publisher| publisher.write_all(&pipeline).unwrap());
        publishers.iter_mut().for_each(|publisher| publisher.read_exact(&mut replies).unwrap());
        listeners.wait_for(sent.saturating_sub(AHEAD) * turn * subscribers * message);
    }
    let delivered = turns * turn * subscribers;
    listeners.wait_for(delivered * message);
    let (spent, took) = (cpu_us(server) - before, start.elapsed());
    listeners.stop();
    Sample { per_second: delivered as f64 / took.as_secs_f64(), cpu_us: spent as f64 / delivered as f64 }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Subscribers on a thread of their own, which count what they get.
struct Listeners {
    bytes: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    streams: Vec<TcpStream>,
}

impl Listeners {
    fn start(port: u16, count: u64) -> Listeners {
        let subscribe = request(&["SUBSCRIBE", CHANNEL]);
        let streams: Vec<TcpStream> = (0..count)
            .map(|_| {
                let mut stream = connect(port);
                stream.write_all(&subscribe).unwrap();
                let mut confirmed = vec![0; request(&["subscribe", CHANNEL]).len() + ":1\r\n".len()];
                stream.read_exact(&mut confirmed).unwrap();
                stream
            })
            .collect();
        let (bytes, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let own: Vec<TcpStream> = streams.iter().map(|stream| stream.try_clone().unwrap()).collect();
        let (counter, ends) = (Arc::clone(&bytes), Arc::clone(&stop));
        let thread = spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let tasks = tokio::task::LocalSet::new();
            for stream in own {
                stream.set_nonblocking(true).unwrap();
                let (counter, ends) = (Arc::clone(&counter), Arc::clone(&ends));
                tasks.spawn_local(async move {
                    let mut stream = tokio::net::TcpStream::from_std(stream).unwrap();
                    let mut buffer = vec![0; READ_BYTES];
                    loop {
                        match stream.read(&mut buffer).await {
                            Ok(count @ 1..) => _ = counter.fetch_add(count as u64, Relaxed),
                            _ if ends.load(Relaxed) => return,
                            end => panic!("a subscriber is cut off: {end:?}"),
                        }
                    }
                });
            }
            runtime.block_on(tasks);
        });
        Listeners { bytes, stop, thread, streams }
    }

    /// Waits until all together have got so many bytes.
    fn wait_for(&self, bytes: u64) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.bytes.load(Relaxed) < bytes {
            assert!(Instant::now() < until, "messages do not come: {} of {bytes}", self.bytes.load(Relaxed));
            sleep(Duration::from_micros(20));
        }
    }

    fn stop(self) {
        self.stop.store(true, Relaxed);
        for stream in &self.streams {
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        }
        self.thread.join().unwrap();
    }
}

/// User and system time of the server's process so far.
fn cpu_us(server: &TestServer) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // In hundredths of a second, as every Linux reports them.
    (ticks(11) + ticks(12)) * 10_000
}
