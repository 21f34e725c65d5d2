//! Where the server listens, at its start and later.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use crate::fixture::{TestServer, free_port};
use crate::wire::Wire;

#[test]
fn a_unix_socket_serves_and_goes_with_the_server() {
    let mut server = TestServer::nyala(&["--unixsocket", "sock", "--unixsocketperm", "700"]);
    let path = server.dir().join("sock");
    assert_eq!(std::fs::metadata(&path).expect("the socket is there").permissions().mode() & 0o777, 0o700);
    let mut socket = UnixStream::connect(&path).expect("the socket accepts");
    socket.write_all(b"PING\r\n").expect("the server reads");
    let mut line = String::new();
    BufReader::new(&socket).read_line(&mut line).expect("the server answers");
    assert_eq!(line, "+PONG\r\n");
    let list = server.connect().call(&[b"CLIENT", b"LIST"]);
    assert!(String::from_utf8_lossy(&list).contains("sock:0 "), "{}", list.escape_ascii());

    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(!path.exists());
}

#[test]
fn the_port_moves_and_connections_stay() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    let new_port = free_port();
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"port", new_port.to_string().as_bytes()]), b"+OK\r\n");
    assert!(Wire::connect(server.port()).is_err(), "the old port is closed");
    let mut moved = Wire::connect(new_port).expect("the new port is open");
    assert_eq!(moved.call(&[b"PING"]), b"+PONG\r\n");
    assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n");
}

#[test]
fn other_addresses_on_the_same_port() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    for bind in ["127.0.0.1 -::1", "127.0.0.1", "127.0.0.1 127.0.0.2"] {
        assert_eq!(wire.call(&[b"CONFIG", b"SET", b"bind", bind.as_bytes()]), b"+OK\r\n", "{bind}");
        assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n", "{bind}");
    }
    let reply = wire.call(&[b"CONFIG", b"SET", b"bind", b"999.999.999.999"]);
    assert_eq!(
        reply.escape_ascii().to_string(),
        "-ERR CONFIG SET failed (possibly related to argument \\'bind\\') - Failed to bind to specified addresses.\\r\\n"
    );
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n", "the addresses of before are open again");
}

#[test]
fn a_taken_port_leaves_the_old_one_open() {
    let (server, other) = (TestServer::nyala(&[]), TestServer::nyala(&[]));
    let mut wire = server.connect();
    let reply = wire.call(&[b"CONFIG", b"SET", b"port", other.port().to_string().as_bytes()]);
    assert_eq!(
        reply.escape_ascii().to_string(),
        "-ERR CONFIG SET failed (possibly related to argument \\'port\\') - Unable to listen on this port. \
         Check server logs.\\r\\n"
    );
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
    let port = wire.call(&[b"CONFIG", b"GET", b"port"]);
    assert!(String::from_utf8_lossy(&port).contains(&server.port().to_string()));
}

#[test]
fn without_a_port_there_is_only_the_unix_socket() {
    let server = TestServer::nyala(&["--unixsocket", "sock"]);
    let mut wire = server.connect();
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"port", b"0"]), b"+OK\r\n");
    assert!(Wire::connect(server.port()).is_err());
    assert!(UnixStream::connect(server.dir().join("sock")).is_ok());
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"port", server.port().to_string().as_bytes()]), b"+OK\r\n");
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
}
