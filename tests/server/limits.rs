//! Clients beyond what the server gives: too many, too idle, too greedy, too slow.

#![allow(clippy::disallowed_methods, reason = "what a client is given is also time")]

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use nyala::util::os::raise_file_limit;

use crate::fixture::TestServer;
use crate::wire::{Wire, request};

/// How long something may take that is to happen soon.
const SOON: Duration = Duration::from_secs(15);

#[track_caller]
fn set(server: &TestServer, parameter: &str, value: &str) {
    let reply = server.connect().call(&[b"CONFIG", b"SET", parameter.as_bytes(), value.as_bytes()]);
    assert_eq!(reply, b"+OK\r\n", "{parameter} {value}");
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < SOON, "it does not happen that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}

/// The ids of the connected clients.
fn clients(wire: &mut Wire) -> Vec<u64> {
    let list = wire.call(&[b"CLIENT", b"LIST"]);
    let lines = String::from_utf8_lossy(&list).into_owned();
    let ids = lines.lines().filter_map(|line| line.strip_prefix("id=")?.split(' ').next()?.parse().ok());
    ids.collect()
}

fn id(wire: &mut Wire) -> u64 {
    let reply = wire.call(&[b"CLIENT", b"ID"]);
    String::from_utf8_lossy(&reply).trim_matches([':', '\r', '\n']).parse().expect("an id is a number")
}

/// One of INFO's numbers.
fn info(wire: &mut Wire, field: &str) -> u64 {
    let info = wire.call(&[b"INFO", b"everything"]);
    let info = String::from_utf8_lossy(&info).into_owned();
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("INFO has no {field}")).parse().expect("the field is a number")
}

#[test]
fn more_clients_than_maxclients_are_told_so() {
    let server = TestServer::nyala(&["--maxclients", "3"]);
    // The client that waited for the server's start is still leaving, perhaps.
    let mut first = server.connect();
    wait_until("only one client is left", || clients(&mut first).len() == 1);
    let others = [server.connect(), server.connect()];
    assert_eq!(server.connect().until_closed(), b"-ERR max number of clients reached\r\n");
    assert_eq!(info(&mut first, "rejected_connections"), 1);

    drop(others);
    wait_until("a client is let in again", || {
        server.connect().try_call(&[b"PING"]).is_some_and(|reply| reply == b"+PONG\r\n")
    });
}

/// Processor time the process has used.
fn cpu_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let after_name = stat.rsplit(')').next().expect("a split has a last part");
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}

#[test]
fn without_descriptors_accepting_waits_and_recovers() {
    let server = TestServer::nyala(&[]);
    let pid = server.pid().to_string();
    let mut first = server.connect();
    assert_eq!(first.call(&[b"PING"]), b"+PONG\r\n");
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the process lives").count();
    let limit = format!("--nofile={}:20000", open + 2);
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(done.expect("prlimit can be run").success());

    // The kernel accepts them all; the server has descriptors for two.
    let mut wires: Vec<Wire> = (0..6).map(|_| server.connect()).collect();
    for wire in &mut wires[..2] {
        assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n");
    }
    wait_until("the log tells", || server.log().contains("Accepting client connection"));
    let before = cpu_time(server.pid());
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(first.call(&[b"PING"]), b"+PONG\r\n", "those inside are served");
    let used = cpu_time(server.pid()) - before;
    assert!(used < Duration::from_millis(300), "{used:?} of processor time while waiting");

    for mut wire in wires.drain(..2) {
        wire.end();
    }
    for wire in &mut wires[..2] {
        assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n", "accepted when descriptors are free again");
    }
}

#[test]
fn a_client_that_never_reads_is_cut_off_at_the_hard_limit() {
    let server = TestServer::nyala(&["--client-output-buffer-limit", "normal 1mb 0 0"]);
    let mut other = server.connect();
    assert_eq!(other.call(&[b"SET", b"k", &vec![b'v'; 100_000]]), b"+OK\r\n");
    let mut slow = server.connect();
    let slow_id = id(&mut slow);
    // 100 MB of replies; it fails as soon as the connection is closed.
    let _ = slow.try_send(&request(&["GET", "k"]).repeat(1000));
    wait_until("the client is gone", || !clients(&mut other).contains(&slow_id));
    assert_eq!(info(&mut other, "client_output_buffer_limit_disconnections"), 1);
    assert!(server.log().contains("overcoming of output buffer limits"), "{}", server.log());
}

#[test]
fn a_reply_beyond_the_hard_limit_is_not_sent() {
    let server = TestServer::nyala(&["--client-output-buffer-limit", "normal 100000 0 0"]);
    assert_eq!(server.connect().call(&[b"SET", b"k", &vec![b'v'; 200_000]]), b"+OK\r\n");
    let mut wire = server.connect();
    wire.send(&request(&["GET", "k"]));
    assert_eq!(wire.until_closed(), b"");
}

#[test]
fn a_client_over_the_soft_limit_has_its_seconds() {
    let server = TestServer::nyala(&["--client-output-buffer-limit", "normal 0 100kb 1"]);
    let mut other = server.connect();
    assert_eq!(other.call(&[b"SET", b"k", &vec![b'v'; 1_000_000]]), b"+OK\r\n");
    let (mut slow, mut late) = (server.connect(), server.connect());
    let (slow_id, late_id) = (id(&mut slow), id(&mut late));
    // More than the sockets hold. From now on nothing happens on the two connections.
    let start = Instant::now();
    for wire in [&mut slow, &mut late] {
        wire.send(&request(&["GET", "k"]).repeat(30));
    }
    wait_until("both are over the limit", || info(&mut other, "mem_clients_normal") > 2_000_000);
    for at in 0..30 {
        assert_eq!(late.reply().len(), 1_000_012, "reply {at}");
    }
    assert!(clients(&mut other).contains(&slow_id), "after {:?}", start.elapsed());
    wait_until("the client that does not read is gone", || !clients(&mut other).contains(&slow_id));
    assert!(start.elapsed() >= Duration::from_secs(1), "after {:?}", start.elapsed());
    assert!(clients(&mut other).contains(&late_id), "the one that has read in time stays");
}

#[test]
fn idle_clients_are_closed_after_the_timeout() {
    let server = TestServer::nyala(&[]);
    let (mut idle, mut busy) = (server.connect(), server.connect());
    assert_eq!(idle.call(&[b"PING"]), b"+PONG\r\n");
    set(&server, "timeout", "1");
    let idle_id = id(&mut idle);
    let start = Instant::now();
    wait_until("the idle client is closed", || !clients(&mut busy).contains(&idle_id));
    assert!(start.elapsed() >= Duration::from_millis(900), "after {:?}", start.elapsed());
    assert_eq!(idle.until_closed(), b"");
}

#[test]
fn an_unfinished_request_beyond_the_limit_ends_its_client() {
    let server = TestServer::nyala(&["--client-query-buffer-limit", "1mb"]);
    let header = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n";
    // One large argument, then many small ones, neither of them finished.
    let large = [&header[..], b"$2000000\r\n", &[b'v'; 1000]].concat();
    let small = [b"*100000\r\n", &request(&[[b'v'; 1000]; 1200])["*1200\r\n".len()..]].concat();
    for bytes in [large, small] {
        let mut wire = server.connect();
        let _ = wire.try_send(&bytes);
        assert_eq!(wire.until_closed(), b"");
    }
    let mut wire = server.connect();
    let value = vec![b'v'; 900_000];
    assert_eq!(wire.call(&[b"SET", b"k", &value]), b"+OK\r\n", "below the limit");
    assert_eq!(info(&mut wire, "client_query_buffer_limit_disconnections"), 2);
}

#[test]
fn a_request_of_a_million_arguments_comes_in_pieces() {
    const ARGS: usize = 1_000_000;
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let mut bytes = format!("*{}\r\n$6\r\nEXISTS\r\n", ARGS + 1).into_bytes();
    bytes.extend(b"$4\r\nnone\r\n".repeat(ARGS));
    for piece in bytes.chunks(8 * 1024) {
        wire.send(piece);
    }
    assert_eq!(wire.reply(), b":0\r\n");
}

#[test]
fn large_arguments_after_many_small_ones_are_read_in_linear_time() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    // Each large argument is read into memory of its own; the 3 MB before them must not be copied each time.
    let mut args: Vec<Vec<u8>> = vec![b"DEL".to_vec()];
    args.extend((0..200_000).map(|at| format!("none{at}").into_bytes()));
    args.extend((0..2000).map(|_| vec![b'x'; 20_000]));
    wire.send(&request(&args));
    assert_eq!(wire.reply(), b":0\r\n");
}

/// Resident memory in bytes.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel tells");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}

#[test]
fn an_idle_connection_costs_less_than_two_kilobytes() {
    const CLIENTS: usize = 10_000;
    let (limit, _) = raise_file_limit(CLIENTS as u64 + 100).expect("the limit can be read");
    let clients = CLIENTS.min(limit as usize - 100);
    let server = TestServer::nyala(&["--maxclients", "10100"]);
    // What the first clients of a server cost once is not theirs alone.
    let connect = |count: usize| -> Vec<TcpStream> {
        let connected = (0..count).map(|_| {
            let mut wire = server.connect();
            assert_eq!(wire.call(&[b"SET", b"key", b"value"]), b"+OK\r\n");
            wire.into_stream()
        });
        connected.collect()
    };
    let warm_up = connect(100);
    let before = resident(server.pid());
    let idle = connect(clients - 100);
    let each = (resident(server.pid()) - before) / idle.len();
    assert!(each <= 2048, "{each} bytes for each of {} idle connections", idle.len());
    drop(warm_up);
}
