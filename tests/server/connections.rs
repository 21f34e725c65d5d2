//! What clients see and do to each other: MONITOR, CLIENT KILL, CLIENT PAUSE, CLIENT LIST, passwords.

#![allow(clippy::disallowed_methods, reason = "pauses and their ends, in real time")]

use std::time::{Duration, Instant};

use nyala::resp::decode::Value;

use crate::fixture::TestServer;
use crate::wire::{Wire, request};

/// Long enough to see that something does not happen.
const A_WHILE: Duration = Duration::from_millis(100);

/// The string that a command given as a line of words answers.
#[track_caller]
fn text(wire: &mut Wire, line: &str) -> String {
    match wire.value(line) {
        Value::Bulk(text) | Value::Simple(text) => String::from_utf8(text).expect("the text is UTF-8"),
        other => panic!("{line}: {other:?}"),
    }
}

/// Waits until the number of waiting clients is `count`.
#[track_caller]
fn wait_for_blocked(wire: &mut Wire, count: usize) {
    let until = Instant::now() + Duration::from_secs(10);
    let wanted = format!("blocked_clients:{count}\r\n");
    while !text(wire, "INFO clients").contains(&wanted) {
        assert!(Instant::now() < until, "never {wanted}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_ended(wire: &mut Wire) -> bool {
    wire.until_closed().is_empty()
}

#[test]
fn a_monitor_sees_the_commands_of_others_in_their_order() {
    const COMMANDS: usize = 5000;
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut monitor = server.connect();
    assert_eq!(monitor.call(&[b"MONITOR"]), b"+OK\r\n");
    let mut wire = server.connect();
    let pipeline: Vec<u8> = (0..COMMANDS).flat_map(|n| request(&["SET", "k", &n.to_string()])).collect();
    wire.send(&pipeline);
    for n in 0..COMMANDS {
        assert_eq!(wire.reply(), b"+OK\r\n");
        let line = String::from_utf8(monitor.reply()).unwrap();
        assert!(line.starts_with('+') && line.ends_with(&format!("] \"SET\" \"k\" \"{n}\"\r\n")), "{line}");
    }
    assert_eq!(monitor.call(&[b"GET", b"k"]), b"-ERR Replica can't interact with the keyspace\r\n");
    assert_eq!(monitor.call(&[b"RESET"]), b"+RESET\r\n");
    wire.call(&[b"PING"]);
    assert_eq!(monitor.call(&[b"ECHO", b"nothing between"]), b"$15\r\nnothing between\r\n");
}

#[test]
fn kill_ends_a_connection_whatever_it_does() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let (mut idle, mut paused, mut monitor) = (server.connect(), server.connect(), server.connect());
    for (wire, name) in [(&mut idle, "idle"), (&mut paused, "paused"), (&mut monitor, "monitor")] {
        assert_eq!(wire.call(&[b"CLIENT", b"SETNAME", name.as_bytes()]), b"+OK\r\n");
    }
    monitor.call(&[b"MONITOR"]);
    wire.call(&[b"CLIENT", b"PAUSE", b"100000", b"WRITE"]);
    paused.send(&request(&["SET", "k", "v"]));
    wait_for_blocked(&mut wire, 1);
    for (victim, name) in [(&mut idle, "idle"), (&mut paused, "paused"), (&mut monitor, "monitor")] {
        assert_eq!(wire.value(&format!("CLIENT KILL NAME {name}")), Value::Integer(1), "{name}");
        assert!(!text(&mut wire, "CLIENT LIST").contains(&format!(" name={name} ")), "{name} is off the list at once");
        victim.until_closed();
    }
    wire.call(&[b"CLIENT", b"UNPAUSE"]);
    assert_eq!(wire.call(&[b"GET", b"k"]), b"$-1\r\n", "the killed client's write was not run");
    assert_eq!(wire.value("CLIENT KILL SKIPME no"), Value::Integer(1));
    assert!(is_ended(&mut wire));
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
}

#[test]
fn kill_by_address_of_oneself() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let line = text(&mut wire, "CLIENT INFO");
    let field = |name: &str| line.split(' ').find_map(|field| field.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(field("laddr="), format!("127.0.0.1:{}", server.port()));
    assert!(field("fd=").parse::<i32>().unwrap() > 0);
    assert_eq!(text(&mut wire, &format!("CLIENT KILL {}", field("addr="))), "OK");
    assert!(is_ended(&mut wire));
}

#[test]
fn paused_clients_wait_and_go_on() {
    let server = TestServer::nyala(&[]);
    let (mut wire, mut first, mut second) = (server.connect(), server.connect(), server.connect());
    assert_eq!(wire.call(&[b"CLIENT", b"PAUSE", b"100000", b"WRITE"]), b"+OK\r\n");
    first.send(&request(&["SET", "a", "1"]));
    wait_for_blocked(&mut wire, 1);
    // What comes behind a waiting request waits too, also when it comes later.
    first.send(&[request(&["INCR", "a"]), request(&["GET", "a"])].concat());
    second.send(&request(&["GET", "a"]));
    assert_eq!(second.reply(), b"$-1\r\n");
    let list = text(&mut wire, "CLIENT LIST");
    assert!(list.lines().any(|line| line.contains(" flags=b ") && line.contains(" cmd=set ")), "{list}");
    assert_eq!(wire.call(&[b"CLIENT", b"UNPAUSE"]), b"+OK\r\n");
    assert_eq!([first.reply(), first.reply(), first.reply()], [&b"+OK\r\n"[..], b":2\r\n", b"$1\r\n2\r\n"]);
    wait_for_blocked(&mut wire, 0);
}

#[test]
fn a_client_that_leaves_while_paused_leaves_nothing_behind() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    wire.call(&[b"CLIENT", b"PAUSE", b"100000", b"WRITE"]);
    let mut leaving = server.connect();
    leaving.send(&request(&["SET", "k", "v"]));
    wait_for_blocked(&mut wire, 1);
    drop(leaving);
    wait_for_blocked(&mut wire, 0);
    wire.call(&[b"CLIENT", b"UNPAUSE"]);
    std::thread::sleep(A_WHILE);
    assert_eq!(wire.call(&[b"EXISTS", b"k"]), b":0\r\n");
}

#[test]
fn a_pause_of_all_ends_in_time() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let started = Instant::now();
    wire.call(&[b"CLIENT", b"PAUSE", b"300"]);
    wire.send(&request(&["PING"]));
    let mut other = server.connect();
    assert_eq!(other.call(&[b"PING"]), b"+PONG\r\n");
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    assert_eq!(wire.reply(), b"+PONG\r\n");
}

#[test]
fn list_tells_who_does_not_read() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    wire.call(&[b"SET", b"k", &[b'v'; 1 << 20]]);
    let mut slow = server.connect();
    slow.call(&[b"CLIENT", b"SETNAME", b"slow"]);
    slow.send(&request(&["GET", "k"]).repeat(50));
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let line = text(&mut wire, "CLIENT LIST NAME slow");
        let omem = line.split(' ').find_map(|field| field.strip_prefix("omem=")).unwrap();
        if omem.parse::<usize>().unwrap() > 1 << 20 {
            assert!(line.contains(" events=rw ") && line.contains(" oll=1 "), "{line}");
            break;
        }
        assert!(Instant::now() < until, "{line}");
        std::thread::sleep(Duration::from_millis(5));
    }
    for _ in 0..50 {
        assert_eq!(slow.reply().len(), (1 << 20) + 12);
    }
    assert!(text(&mut slow, "CLIENT INFO").contains(" omem=0 "));
    assert!(text(&mut wire, "CLIENT LIST NAME slow").contains(" omem=0 "));
}

#[test]
fn silence_holds_for_protocol_errors_too() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    wire.send(&[request(&["CLIENT", "REPLY", "OFF"]), request(&["PING"]), b"*x\r\n".to_vec()].concat());
    assert!(is_ended(&mut wire));
}

#[test]
fn a_password_guards_the_server() {
    let server = TestServer::nyala(&["--requirepass", "sesame"]);
    let mut wire = server.connect();
    assert_eq!(wire.call(&[b"GET", b"k"]), b"-NOAUTH Authentication required.\r\n");
    assert_eq!(wire.call(&[b"AUTH", b"guess"]), b"-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    assert_eq!(wire.call(&[b"AUTH", b"sesame"]), b"+OK\r\n");
    let mut stranger = server.connect();
    assert_eq!(stranger.call(&[b"PING"]), b"-NOAUTH Authentication required.\r\n");
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"requirepass", b""]), b"+OK\r\n");
    assert_eq!(stranger.call(&[b"PING"]), b"+PONG\r\n");
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"requirepass", b"new"]), b"+OK\r\n");
    assert_eq!(stranger.call(&[b"PING"]), b"-NOAUTH Authentication required.\r\n");
    assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n");
    stranger.send(b"*11\r\n");
    assert_eq!(stranger.until_closed(), b"-ERR Protocol error: unauthenticated multibulk length\r\n");
}
