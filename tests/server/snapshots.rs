//! Snapshots of a real server: what Redis reads of them, what is saved at the end, and what is left when that fails.

#![allow(clippy::disallowed_methods, reason = "another process is waited for, in real time")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::fixture::{TestServer, installed};
use crate::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

fn call(wire: &mut Wire, line: &str) -> Vec<u8> {
    wire.call(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
}

/// Keys of every type in several databases, some of which expire much later.
fn fill(wire: &mut Wire) {
    for n in 0..300 {
        call(wire, &format!("SELECT {}", n % 3));
        for line in [
            format!("SET text:{n} {}", "abc".repeat(n)),
            format!("SET number:{n} {n}"),
            format!("PEXPIRE text:{n} {}", 1_000_000_000 + n),
            format!("HSET hash:{} field:{n} {n}", n % 20),
            format!("RPUSH list:{} {n} element:{n}", n % 20),
            format!("SADD set:{} {}", n % 20, n * if n % 40 < 20 { 1 } else { 100_000 }),
            format!("SADD names:{} name:{n}", n % 20),
            format!("ZADD zset:{} {n}.5 member:{n}", n % 20),
            format!("XADD stream:{} * field {n}", n % 5),
        ] {
            let reply = call(wire, &line);
            assert_ne!(reply[0], b'-', "{line}: {}", reply.escape_ascii());
        }
    }
    wire.call(&[b"SET", b"large", &b"large ".repeat(50_000)]);
    wire.call(&[
        b"FUNCTION",
        b"LOAD",
        b"#!lua name=saved\nredis.register_function('f', function() return 'called' end)",
    ]);
}

/// DEBUG DIGEST of the file in a folder, as the installed Redis reads it, with its functions.
fn digest_by_redis(dir: &Path) -> Option<Vec<u8>> {
    let dir = dir.to_str().expect("it is text");
    let redis = TestServer::redis(&["--dir", dir, "--enable-debug-command", "yes"])?;
    let mut wire = redis.connect();
    assert_eq!(call(&mut wire, "FCALL f 0"), b"$6\r\ncalled\r\n");
    Some(call(&mut wire, "DEBUG DIGEST"))
}

fn wait_for_save(wire: &mut Wire) {
    let start = Instant::now();
    while String::from_utf8_lossy(&call(wire, "INFO persistence")).contains("rdb_bgsave_in_progress:1") {
        assert!(start.elapsed() < PATIENCE, "the snapshot does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Names of files other than the log.
fn files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).expect("the folder is there").map(|entry| entry.expect("it can be read").file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().expect("it is text")).collect();
    names.retain(|name| name != "log");
    names
}

#[test]
fn redis_reads_a_point_in_time_between_writes() {
    if !installed("redis-server") {
        return;
    }
    let server = TestServer::nyala(&["--enable-debug-command", "yes", "--rdb-key-save-delay", "50"]);
    let mut wire = server.connect();
    fill(&mut wire);
    for round in 0..3 {
        let digest = call(&mut wire, "DEBUG DIGEST");
        assert_eq!(call(&mut wire, "BGSAVE"), b"+Background saving started\r\n");
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in 0..2 {
                let (server, is_done) = (&server, &is_done);
                scope.spawn(move || {
                    let mut wire = server.connect();
                    for n in (0..300).cycle() {
                        if is_done.load(Relaxed) {
                            break;
                        }
                        call(&mut wire, &format!("SELECT {}", n % 3));
                        call(&mut wire, &format!("SET text:{n} round:{round}:{writer}"));
                        call(&mut wire, &format!("RENAME number:{n} number:{}", (n + 3) % 300));
                        call(&mut wire, &format!("HSET hash:{} field:{n} {round}", n % 20));
                        call(&mut wire, &format!("LPOP list:{}", n % 20));
                        if n == 200 {
                            call(&mut wire, "SWAPDB 0 1");
                        }
                    }
                });
            }
            if round == 2 {
                call(&mut wire, "FLUSHDB ASYNC");
            }
            wait_for_save(&mut wire);
            is_done.store(true, Relaxed);
        });
        assert_eq!(digest_by_redis(server.dir()), Some(digest), "round {round}");
        assert_eq!(files(server.dir()), ["dump.rdb"]);
    }
}

#[test]
fn the_end_of_the_server_saves_and_a_snapshot_that_runs_leaves_nothing() {
    let mut server = TestServer::nyala(&["--save", "3600 1"]);
    let mut wire = server.connect();
    assert_eq!(call(&mut wire, "SET first word"), b"+OK\r\n");
    assert_eq!(call(&mut wire, "CONFIG SET rdb-key-save-delay 60000000"), b"+OK\r\n");
    assert_eq!(call(&mut wire, "BGSAVE"), b"+Background saving started\r\n");
    let start = Instant::now();
    while files(server.dir()).is_empty() {
        assert!(start.elapsed() < PATIENCE, "no temporary file");
    }
    assert_eq!(call(&mut wire, "CONFIG SET rdb-key-save-delay 0"), b"+OK\r\n");
    assert_eq!(call(&mut wire, "SET last word"), b"+OK\r\n");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert_eq!(files(server.dir()), ["dump.rdb"]);
    let file = fs::read(server.dir().join("dump.rdb")).expect("it is there");
    for word in [b"first".as_slice(), b"last"] {
        assert!(file.windows(word.len()).any(|bytes| bytes == word));
    }
}

#[test]
fn a_server_that_cannot_save_does_not_end_unless_it_must() {
    let mut server = TestServer::nyala(&["--save", "3600 1", "--dbfilename", "taken"]);
    // A folder has the name of the file.
    fs::create_dir_all(server.dir().join("taken/by")).expect("it can be made");
    let mut wire = server.connect();
    assert_eq!(call(&mut wire, "SET k v"), b"+OK\r\n");
    server.signal("TERM");
    let start = Instant::now();
    while !server.log().contains("Error trying to save the DB, can't exit.") {
        assert!(start.elapsed() < PATIENCE, "{}", server.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(call(&mut wire, "SET k other"), b"+OK\r\n", "it goes on");
    assert_eq!(call(&mut wire, "SHUTDOWN"), b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    assert_eq!(call(&mut wire, "GET k"), b"$5\r\nother\r\n");
    assert_eq!(files(server.dir()), ["taken"]);
    wire.send(b"SHUTDOWN FORCE\r\n");
    assert_eq!(wire.until_closed(), b"");
    assert_eq!(server.wait(), Some(0));
}
