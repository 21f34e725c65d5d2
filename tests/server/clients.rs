//! A foreign client library: the `redis` crate, in both protocols.

use redis::{Commands, Connection};

use crate::fixture::TestServer;

/// Connections in RESP2 and RESP3.
fn connections(server: &TestServer) -> [Connection; 2] {
    ["", "?protocol=resp3"].map(|protocol| {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/{protocol}", server.port()));
        client.expect("the address is well-formed").get_connection().expect("the server accepts connections")
    })
}

#[test]
fn strings() {
    let server = TestServer::nyala(&[]);
    for mut client in connections(&server) {
        let _: () = client.set("k", b"a\r\nb").expect("SET works");
        assert_eq!(client.get::<_, Vec<u8>>("k").expect("GET works"), b"a\r\nb");
        assert_eq!(client.get::<_, Option<String>>("none").expect("GET works"), None);
    }
}

#[test]
fn pipelines() {
    let server = TestServer::nyala(&[]);
    for mut client in connections(&server) {
        let mut pipe = redis::pipe();
        for at in 0..1000 {
            pipe.set(format!("k{at}"), at).ignore().get(format!("k{at}"));
        }
        let replies: Vec<i64> = pipe.query(&mut client).expect("the pipeline works");
        assert_eq!(replies, (0..1000).collect::<Vec<i64>>());
    }
}

#[test]
fn an_error_leaves_the_connection_usable() {
    let server = TestServer::nyala(&[]);
    for mut client in connections(&server) {
        let failed = redis::cmd("NOSUCH").arg("x").query::<String>(&mut client);
        let error = failed.expect_err("there is no such command");
        assert!(error.to_string().contains("unknown command 'NOSUCH'"), "{error}");
        assert_eq!(redis::cmd("PING").query::<String>(&mut client).expect("PING works"), "PONG");
    }
}
