//! Requests however the network cuts them, pipelines, large values, and bytes that are no requests.

#![allow(clippy::disallowed_methods, reason = "pauses between packets, in real time")]

use std::time::Duration;

use crate::fixture::TestServer;
use crate::wire::request;

#[test]
fn requests_come_in_pieces() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let bytes = [request(&["SET", "k", "a\r\nb"]), request(&["GET", "k"]), b"PING\r\n".to_vec()].concat();
    for byte in &bytes {
        wire.send(&[*byte]);
        std::thread::sleep(Duration::from_micros(200));
    }
    let expected: [&[u8]; 3] = [b"+OK\r\n", b"$4\r\na\r\nb\r\n", b"+PONG\r\n"];
    assert_eq!([wire.reply(), wire.reply(), wire.reply()], expected);

    for cut in 1..bytes.len() {
        wire.send(&bytes[..cut]);
        std::thread::sleep(Duration::from_micros(500));
        wire.send(&bytes[cut..]);
        assert_eq!([wire.reply(), wire.reply(), wire.reply()], expected, "cut at {cut}");
    }
}

#[test]
fn a_pipeline_is_written_before_any_reply_is_read() {
    const COMMANDS: usize = 100_000;
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    // Replies of 40 MB fit no socket buffer: the server must go on reading while nobody reads from it.
    let value = [b'v'; 400];
    assert_eq!(wire.call(&[b"SET", b"k", &value]), b"+OK\r\n");
    wire.send(&request(&["GET", "k"]).repeat(COMMANDS));
    let expected = [b"$400\r\n", &value[..], b"\r\n"].concat();
    for at in 0..COMMANDS {
        assert!(wire.reply() == expected, "reply {at}");
    }
    assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n");
}

#[test]
fn many_clients_at_once() {
    let server = TestServer::nyala(&[]);
    let mut wires: Vec<_> = (0..300).map(|_| server.connect()).collect();
    for (at, wire) in wires.iter_mut().enumerate() {
        let name = format!("k{at}");
        wire.send(&[request(&["SET", &name, &name]), request(&["GET", &name])].concat());
    }
    for (at, wire) in wires.iter_mut().enumerate() {
        assert_eq!(wire.reply(), b"+OK\r\n");
        let name = format!("k{at}");
        assert_eq!(wire.reply(), format!("${}\r\n{name}\r\n", name.len()).into_bytes());
    }
}

#[test]
fn values_of_64_megabytes_go_in_and_out() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let value: Vec<u8> = (0..64 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(wire.call(&[b"SET", b"big", &value]), b"+OK\r\n");
    for _ in 0..2 {
        let reply = wire.call(&[b"GET", b"big"]);
        let body = reply.strip_prefix(b"$67108864\r\n").and_then(|body| body.strip_suffix(b"\r\n"));
        assert!(body == Some(&value[..]), "the value came back changed");
    }
}

#[test]
fn bytes_that_are_no_request_end_the_connection() {
    let server = TestServer::nyala(&[]);
    let cases: [(&[u8], &str); 7] = [
        (b"*abc\r\n", "invalid multibulk length"),
        (b"*1\r\n+PING\r\n", "expected '$', got '+'"),
        (b"*1\r\n$abc\r\n", "invalid bulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$99999999999\r\n", "invalid bulk length"),
        (b"GET \"k\r\n", "unbalanced quotes in request"),
        (&[b'x'; 70_000], "too big inline request"),
    ];
    for (bytes, text) in cases {
        let mut wire = server.connect();
        wire.send(&[b"PING\r\n", bytes].concat());
        let expected = format!("+PONG\r\n-ERR Protocol error: {text}\r\n");
        let got = wire.until_closed();
        assert_eq!(String::from_utf8_lossy(&got), expected, "{}", bytes[..bytes.len().min(40)].escape_ascii());
    }
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
}

#[test]
fn a_client_that_leaves_in_the_middle_harms_nobody() {
    let server = TestServer::nyala(&[]);
    let mut other = server.connect();
    for cut in [1, 8, 20, 30] {
        let mut wire = server.connect();
        wire.send(&request(&["SET", "k", "some value"])[..cut]);
        drop(wire);
    }
    let mut wire = server.connect();
    wire.send(&request(&["SET", "half", "closed"]));
    wire.end();
    assert_eq!(wire.until_closed(), b"+OK\r\n", "a client may still read once it has said all");
    assert_eq!(other.call(&[b"GET", b"half"]), b"$6\r\nclosed\r\n");
}
