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
fn counters_expiry_and_walks() {
    let server = TestServer::nyala(&[]);
    for mut client in connections(&server) {
        let _: () = redis::cmd("FLUSHALL").query(&mut client).expect("FLUSHALL works");
        assert_eq!(client.incr::<_, _, i64>("n", 5).expect("INCRBY works"), 5);
        assert_eq!(client.incr::<_, _, f64>("n", 1.5).expect("INCRBYFLOAT works"), 6.5);
        let _: () = client.mset(&[("a", 1), ("b", 2)]).expect("MSET works");
        assert_eq!(
            client.mget::<_, Vec<Option<i64>>>(&["a", "none", "b"]).expect("MGET works"),
            [Some(1), None, Some(2)]
        );
        assert!(client.expire::<_, bool>("a", 100).expect("EXPIRE works"));
        assert!((99..=100).contains(&client.ttl::<_, i64>("a").expect("TTL works")));
        let mut keys: Vec<String> = client.scan().expect("SCAN works").map(|key| key.expect("a key is text")).collect();
        keys.sort();
        assert_eq!(keys, ["a", "b", "n"]);
        assert_eq!(client.del::<_, i64>(&["a", "b", "none"]).expect("DEL works"), 2);
    }
}

#[test]
fn the_address_names_database_and_password() {
    let server = TestServer::nyala(&["--requirepass", "secret"]);
    for protocol in ["", "?protocol=resp3"] {
        let open = |user: &str| {
            let address = format!("redis://{user}127.0.0.1:{}/3{protocol}", server.port());
            redis::Client::open(address).expect("the address is well-formed").get_connection()
        };
        let mut client = open(":secret@").expect("the password is right");
        let _: () = client.set("k", "in database 3").expect("SET works");
        let _: () = redis::cmd("SELECT").arg(0).query(&mut client).expect("SELECT works");
        assert!(!client.exists::<_, bool>("k").expect("EXISTS works"));
        assert!(open(":wrong@").is_err());
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
