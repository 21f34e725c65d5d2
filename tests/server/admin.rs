//! Administration as sockets and other clients meet it.

#![allow(clippy::disallowed_methods, reason = "a test waits for another process, in real time")]

use std::time::{Duration, Instant};

use nyala::resp::decode::Value;

use crate::fixture::{TestServer, free_port};
use crate::wire::Wire;

fn text(wire: &mut Wire, line: &str) -> String {
    match wire.value(line) {
        Value::Bulk(text) | Value::Simple(text) | Value::Error(text) => String::from_utf8(text).expect("text"),
        other => panic!("{line}: {other:?}"),
    }
}

fn field(wire: &mut Wire, name: &str) -> String {
    let info = text(wire, "INFO everything");
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no field {name}")).to_owned()
}

#[test]
fn a_sleep_holds_up_who_wants_keys_and_nobody_else() {
    let server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    let (mut sleeper, mut reader, mut other) = (server.connect(), server.connect(), server.connect());
    let start = Instant::now();
    sleeper.send(b"*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$1\r\n1\r\n");
    // This section needs no shard, so it does not wait.
    while text(&mut other, "INFO threads").contains("long_commands_running:0") {
        assert!(start.elapsed() < Duration::from_secs(10), "the sleep does not begin");
    }
    // It is shown from its first shard on: the others follow.
    std::thread::sleep(Duration::from_millis(200));
    reader.send(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    assert_eq!(text(&mut other, "PING"), "PONG");
    let answered = Instant::now();
    assert_eq!(reader.reply(), b"$-1\r\n");
    assert!(start.elapsed() >= Duration::from_secs(1), "GET does not wait for the sleep");
    assert!(answered.elapsed() >= Duration::from_millis(100), "PING waits for the sleep");
    assert_eq!(sleeper.reply(), b"+OK\r\n");
}

#[test]
fn a_panic_ends_one_connection() {
    let server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    let (mut unlucky, mut other) = (server.connect(), server.connect());
    assert_eq!(text(&mut other, "SET k v"), "OK");
    unlucky.send(b"*3\r\n$5\r\nDEBUG\r\n$5\r\nPANIC\r\n$1\r\nk\r\n");
    let rest = unlucky.until_closed();
    assert!(rest.starts_with(b"-ERR internal error"), "{}", rest.escape_ascii());
    assert_eq!(text(&mut other, "GET k"), "v");
    assert_eq!(
        (field(&mut other, "handler_panics"), field(&mut other, "shard_lock_poisoned")),
        ("1".into(), "1".into())
    );
    assert!(server.log().contains("a command handler panicked"));
}

#[test]
fn the_port_can_change_while_clients_are_connected() {
    let server = TestServer::nyala(&[]);
    let mut before = server.connect();
    let port = free_port();
    assert_eq!(text(&mut before, &format!("CONFIG SET port {port}")), "OK");
    let mut after = Wire::connect(port).expect("the new port is open");
    assert_eq!(text(&mut after, "PING"), "PONG");
    assert_eq!(text(&mut before, "PING"), "PONG");
    assert_eq!(field(&mut before, "tcp_port"), port.to_string());
    assert!(Wire::connect(server.port()).is_err(), "the old port is still open");

    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let taken = taken.local_addr().map(|address| (address.port(), taken)).expect("a bound socket has an address");
    let reply = text(&mut before, &format!("CONFIG SET port {}", taken.0));
    let wanted = "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.";
    assert_eq!(reply, wanted);
    assert_eq!(text(&mut Wire::connect(port).expect("the port before is open"), "PING"), "PONG");
}

#[test]
fn info_counts_clients_and_bytes() {
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut wires: Vec<Wire> = (0..5).map(|_| server.connect()).collect();
    wires.iter_mut().for_each(|wire| assert_eq!(text(wire, "PING"), "PONG"));
    let wire = &mut wires[0];
    assert_eq!(field(wire, "connected_clients"), "5");
    let number = |wire: &mut Wire, name: &str| field(wire, name).parse::<f64>().expect("a number");
    assert!(number(wire, "total_connections_received") >= 6.0, "the test's own and that of the fixture");
    assert!(number(wire, "total_net_input_bytes") > 100.0);
    assert!(number(wire, "total_net_output_bytes") > number(wire, "total_net_input_bytes"));
    assert!(number(wire, "total_reads_processed") >= 10.0 && number(wire, "total_writes_processed") >= 10.0);
    let clients = |wire: &mut Wire, thread: &str| {
        let line = field(wire, thread);
        let count = line.split(',').find_map(|pair| pair.strip_prefix("clients=")).expect("a count");
        count.parse::<u32>().expect("a number")
    };
    assert_eq!(clients(wire, "io_thread_0") + clients(wire, "io_thread_1"), 5);
    assert_eq!(field(wire, "listener0"), format!("name=tcp,bind=127.0.0.1,port={}", server.port()));
    assert_eq!(field(wire, "process_id"), server.pid().to_string());
    drop(wires.split_off(1));
    let wire = &mut wires[0];
    let until = Instant::now() + Duration::from_secs(10);
    while field(wire, "connected_clients") != "1" {
        assert!(Instant::now() < until, "closed connections stay in INFO");
    }
}

#[test]
fn rates_are_sampled() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let until = Instant::now() + Duration::from_secs(10);
    while field(&mut wire, "instantaneous_ops_per_sec") == "0"
        || field(&mut wire, "instantaneous_output_kbps") == "0.00"
    {
        assert!(Instant::now() < until, "no rate");
    }
}

#[test]
fn shutdown_ends_the_process_without_a_reply() {
    for line in ["SHUTDOWN", "SHUTDOWN NOSAVE", "SHUTDOWN NOW FORCE"] {
        let mut server = TestServer::nyala(&[]);
        let mut wire = server.connect();
        wire.send(format!("{line}\r\nPING\r\n").as_bytes());
        assert_eq!(wire.until_closed(), b"", "{line}");
        assert_eq!(server.wait(), Some(0), "{line}");
    }
}
