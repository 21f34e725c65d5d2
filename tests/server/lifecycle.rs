//! Start and end of the process.

use crate::fixture::TestServer;

#[test]
fn a_signal_ends_the_server_in_order() {
    for name in ["TERM", "INT"] {
        let mut server = TestServer::nyala(&[]);
        let mut wire = server.connect();
        assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n");
        server.signal(name);
        assert_eq!(server.wait(), Some(0), "after SIG{name}");
        assert_eq!(wire.until_closed(), b"");
    }
}

#[test]
fn parameters_come_from_the_command_line() {
    let server = TestServer::nyala(&["--proto-max-bulk-len", "1mb"]);
    let mut wire = server.connect();
    wire.send(b"*2\r\n$4\r\nPING\r\n$1048577\r\n");
    assert_eq!(wire.until_closed(), b"-ERR Protocol error: invalid bulk length\r\n");
}
