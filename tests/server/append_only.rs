//! The append-only file of a real server: what is acknowledged outlives `kill -9`; files cross to redis-server and back.

#![allow(clippy::disallowed_methods, reason = "servers are killed at moments of real time")]

use std::path::Path;
use std::time::{Duration, Instant};

use nyala::resp::decode::Value;
use nyala::util::rng::Rng;

use crate::fixture::TestServer;
use crate::wire::Wire;

/// Clients that write at once.
const CLIENTS: usize = 4;

fn start(dir: &Path, fsync: &str) -> TestServer {
    let dir = dir.to_str().expect("the path is text");
    let args = ["--dir", dir, "--appendonly", "yes", "--appendfsync", fsync, "--enable-debug-command", "yes"];
    TestServer::nyala(&args)
}

fn redis(dir: &Path) -> Option<TestServer> {
    let dir = dir.to_str().expect("the path is text");
    TestServer::redis(&["--dir", dir, "--appendonly", "yes", "--enable-debug-command", "yes"])
}

/// A client's writes: its list gets 0, 1, 2, ... in pairs with a key of its own, until the server is gone; answers when
/// each was acknowledged.
fn write(mut wire: Wire, client: usize, from: usize) -> Vec<Instant> {
    let mut acknowledged = Vec::new();
    let (list, last) = (format!("list:{client}"), format!("last:{client}"));
    for n in from.. {
        let text = n.to_string();
        let calls: [&[&[u8]]; 4] = [
            &[b"MULTI"],
            &[b"RPUSH", list.as_bytes(), text.as_bytes()],
            &[b"SET", last.as_bytes(), text.as_bytes()],
            &[b"EXEC"],
        ];
        for words in calls {
            if wire.try_call(words).is_none() {
                return acknowledged;
            }
        }
        acknowledged.push(Instant::now());
    }
    unreachable!("the server is killed before all numbers are used")
}

/// The list of a client, which must have every number from 0 on; answers how many.
fn count(wire: &mut Wire, client: usize) -> usize {
    let numbers = wire.strings(&[b"LRANGE", format!("list:{client}").as_bytes(), b"0", b"-1"]);
    for (at, number) in numbers.iter().enumerate() {
        assert_eq!(*number, at.to_string().into_bytes(), "client {client}: the order of its writes is kept");
    }
    // The other half of the last unit is there too.
    let last = wire.value(&format!("GET last:{client}"));
    let expected = numbers.last().map_or(Value::NullBulk, |number| Value::Bulk(number.clone()));
    assert_eq!(last, expected, "client {client}: a unit is there whole or not at all");
    numbers.len()
}

/// Kills a server again and again while clients write: what it has acknowledged `late` before its end or earlier is there.
fn kill_rounds(rounds: usize, fsync: &str, late: Duration) {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let mut rng = Rng::from_seed(rounds as u64);
    let mut counts = [0; CLIENTS];
    for round in 0..rounds {
        let server = start(dir.path(), fsync);
        let mut wire = server.connect();
        // A new base may be in the making.
        if round % 3 == 1 {
            wire.value("BGREWRITEAOF");
        }
        let life = late + Duration::from_millis(20 + rng.below(300));
        let (written, killed): (Vec<_>, _) = std::thread::scope(|scope| {
            let clients = (0..CLIENTS).map(|client| {
                let (wire, from) = (server.connect(), counts[client]);
                scope.spawn(move || write(wire, client, from))
            });
            let clients: Vec<_> = clients.collect();
            std::thread::sleep(life);
            let killed = Instant::now();
            server.signal("KILL");
            (clients.into_iter().map(|client| client.join().expect("a client ends well")).collect(), killed)
        });
        drop(server);
        let server = start(dir.path(), fsync);
        let mut wire = server.connect();
        for (client, acknowledged) in written.into_iter().enumerate() {
            let found = count(&mut wire, client);
            let sent = counts[client] + acknowledged.len() + 1;
            assert!(found <= sent, "round {round}, client {client}: {found} of {sent} sent");
            // With no span at all, what was acknowledged while the signal was sent counts too.
            let promised = acknowledged.iter().filter(|&&at| late.is_zero() || at + late < killed).count();
            let least = counts[client] + promised;
            assert!(found >= least, "round {round}, client {client}: {found} are there, {least} are promised");
            counts[client] = found;
        }
    }
    assert!(counts.iter().sum::<usize>() > rounds, "clients have written: {counts:?}");
}

#[test]
fn nothing_acknowledged_is_lost_with_always() {
    kill_rounds(4, "always", Duration::ZERO);
}

#[test]
fn with_everysec_at_most_a_second_is_lost() {
    kill_rounds(2, "everysec", Duration::from_secs(1));
}

#[test]
#[ignore = "slow: 200 rounds"]
fn nothing_acknowledged_is_lost_in_many_rounds() {
    kill_rounds(200, "always", Duration::ZERO);
}

fn fill(wire: &mut Wire) {
    for line in [
        "SET text value",
        "SET number 17",
        "SET expiring v EX 1000",
        "RPUSH list a b c 1 2 3",
        "SADD set a b c",
        "SADD ints 1 2 3",
        "ZADD zset 1 a 2.5 b inf c",
        "HSET hash f v g 2",
        "XADD stream 1-1 f v",
        "XADD stream 2-1 f w",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >",
        "PFADD hll a b c",
        "SELECT 3",
        "SET other db",
        "SELECT 0",
    ] {
        let reply = wire.value(line);
        assert!(!matches!(reply, Value::Error(_)), "{line}: {reply:?}");
    }
}

fn until_rewritten(wire: &mut Wire) {
    wire.value("BGREWRITEAOF");
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let info = info(wire);
        if info.contains("aof_rewrite_in_progress:0") && info.contains("aof_last_bgrewrite_status:ok") {
            return;
        }
        assert!(Instant::now() < until, "the rewrite does not end:\n{info}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn end(mut server: TestServer) {
    server.signal("TERM");
    server.wait();
}

#[test]
fn files_cross_to_redis_and_back() {
    for preamble in ["yes", "no"] {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let server = start(dir.path(), "everysec");
        let mut wire = server.connect();
        wire.value(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"));
        fill(&mut wire);
        until_rewritten(&mut wire);
        wire.value("SET after rewrite");
        let digest = wire.value("DEBUG DIGEST");
        end(server);

        let Some(server) = redis(dir.path()) else { return };
        let mut wire = server.connect();
        assert_eq!(wire.value("DEBUG DIGEST"), digest, "preamble {preamble}: Redis has what we wrote");
        wire.value(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"));
        wire.value("SET by redis");
        until_rewritten(&mut wire);
        wire.value("INCR number");
        let digest = wire.value("DEBUG DIGEST");
        end(server);

        let server = start(dir.path(), "everysec");
        let mut wire = server.connect();
        assert_eq!(wire.value("DEBUG DIGEST"), digest, "preamble {preamble}: we have what Redis wrote");
    }
}

/// What a server says that does not start with a log in this folder.
fn refused(dir: &Path) -> String {
    let port = crate::fixture::free_port().to_string();
    let path = dir.to_str().expect("the path is text");
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_nyala"))
        .args(["--port", &port, "--dir", path, "--appendonly", "yes"])
        .output()
        .expect("it runs");
    assert_eq!(ended.status.code(), Some(1));
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[test]
fn the_log_is_switched_on_and_off() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().to_str().expect("the path is text");
    let server = TestServer::nyala(&["--dir", path]);
    let mut wire = server.connect();
    wire.value("SET before 1");
    assert_eq!(wire.value("CONFIG SET appendonly yes"), Value::Simple(b"OK".to_vec()));
    until_rewritten(&mut wire);
    wire.value("SET while 1");
    assert_eq!(wire.value("CONFIG SET appendonly no"), Value::Simple(b"OK".to_vec()));
    wire.value("SET after 1");
    end(server);
    let server = start(dir.path(), "everysec");
    let mut wire = server.connect();
    assert_eq!(wire.value("EXISTS before while after"), Value::Integer(2));
    // Another server on the same files is refused.
    let told = refused(dir.path());
    assert!(told.contains("another server uses this directory"), "{told}");
}

#[test]
fn a_cut_tail_is_dropped_and_a_bad_one_refused() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let server = start(dir.path(), "always");
    let mut wire = server.connect();
    wire.value("SET a 1");
    wire.value("SET b 1");
    end(server);
    let file = dir.path().join("appendonlydir/appendonly.aof.1.incr.aof");
    let whole = std::fs::read(&file).expect("the log is there");
    std::fs::write(&file, &whole[..whole.len() - 3]).expect("the log is written");
    let server = start(dir.path(), "always");
    let mut wire = server.connect();
    assert_eq!(wire.value("EXISTS a b"), Value::Integer(1));
    wire.value("SET c 1");
    end(server);
    let server = start(dir.path(), "always");
    assert_eq!(server.connect().value("EXISTS a b c"), Value::Integer(2));
    end(server);
    let mut bad = std::fs::read(&file).expect("the log is there");
    bad.extend_from_slice(b"!!!\r\n");
    std::fs::write(&file, bad).expect("the log is written");
    let told = refused(dir.path());
    assert!(told.contains("Bad file format reading the append only file"), "{told}");
}

#[test]
fn waits_end_when_the_disk_has_it_and_the_log_can_be_loaded_anew() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let server = start(dir.path(), "everysec");
    let mut wire = server.connect();
    fill(&mut wire);
    let on_disk = Value::Array(vec![Value::Integer(1), Value::Integer(0)]);
    assert_eq!(wire.value("WAITAOF 1 0 0"), on_disk, "within a second");
    assert_eq!(wire.value("WAITAOF 1 0 0"), on_disk, "at once");
    wire.value("CLIENT DURABILITY always");
    wire.value("SET durable 1");
    assert_eq!(wire.value("WAITAOF 0 0 0"), on_disk, "it is there before the reply");
    let digest = wire.value("DEBUG DIGEST");
    assert_eq!(wire.value("DEBUG LOADAOF"), Value::Simple(b"OK".to_vec()));
    assert_eq!(wire.value("DEBUG DIGEST"), digest);
    wire.value("SET after 1");
    let digest = wire.value("DEBUG DIGEST");
    assert_eq!(wire.value("DEBUG LOADAOF"), Value::Simple(b"OK".to_vec()));
    assert_eq!(wire.value("DEBUG DIGEST"), digest);
}

#[test]
fn what_a_rewrite_has_written_is_loaded_also_while_the_log_is_off() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().to_str().expect("the path is text");
    let server = TestServer::nyala(&["--dir", path, "--enable-debug-command", "yes"]);
    let mut wire = server.connect();
    let nothing = Value::Error(b"ERR Error trying to load the AOF files, check server logs.".to_vec());
    assert_eq!(wire.value("DEBUG LOADAOF"), nothing, "no file has been written yet");
    fill(&mut wire);
    wire.call(&[b"FUNCTION", b"LOAD", b"#!lua name=lib\nredis.register_function('f', function() return 1 end)"]);
    let digest = wire.value("DEBUG DIGEST");
    for with_snapshot in ["yes", "no"] {
        wire.value(&format!("CONFIG SET aof-use-rdb-preamble {with_snapshot}"));
        until_rewritten(&mut wire);
        wire.value("SET after 1");
        assert_eq!(wire.value("DEBUG LOADAOF"), Value::Simple(b"OK".to_vec()));
        assert_eq!(wire.value("DEBUG DIGEST"), digest, "snapshot at the head: {with_snapshot}");
        assert_eq!(wire.value("FCALL f 0"), Value::Integer(1));
    }
}

fn until_info(wire: &mut Wire, fact: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while !info(wire).contains(fact) {
        assert!(Instant::now() < until, "not yet {fact}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_log_that_is_to_get_its_first_base_is_loaded_with_it() {
    let server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    let mut wire = server.connect();
    wire.value("DEBUG POPULATE 50");
    wire.value("CONFIG SET rdb-key-save-delay 20000");
    wire.value("CONFIG SET appendonly yes");
    until_info(&mut wire, "current_save_keys_total:50");
    wire.value("SET after 1");
    let digest = wire.value("DEBUG DIGEST");
    assert!(info(&mut wire).contains("aof_rewrite_in_progress:1"));
    assert_eq!(wire.value("DEBUG LOADAOF"), Value::Simple(b"OK".to_vec()));
    assert_eq!(wire.value("DEBUG DIGEST"), digest);
}

#[test]
fn a_log_is_loaded_anew_at_once_while_a_snapshot_runs() {
    let server = TestServer::nyala(&["--appendonly", "yes", "--enable-debug-command", "yes"]);
    let mut wire = server.connect();
    fill(&mut wire);
    let digest = wire.value("DEBUG DIGEST");
    wire.value("CONFIG SET rdb-key-save-delay 60000000");
    wire.value("BGSAVE");
    let begun = Instant::now();
    assert_eq!(wire.value("DEBUG LOADAOF"), Value::Simple(b"OK".to_vec()));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(info(&mut wire).contains("rdb_bgsave_in_progress:1"));
    assert_eq!(wire.value("DEBUG DIGEST"), digest);
}

fn info(wire: &mut Wire) -> String {
    let Value::Bulk(info) = wire.value("INFO persistence") else { panic!("no text") };
    String::from_utf8(info).expect("INFO is text")
}

#[test]
fn turning_the_log_off_ends_a_rewrite() {
    for preamble in ["yes", "no"] {
        let server = TestServer::nyala(&["--appendonly", "yes", "--aof-use-rdb-preamble", preamble]);
        let mut wire = server.connect();
        wire.value("SET k v");
        wire.value("CONFIG SET rdb-key-save-delay 60000000");
        wire.value("BGREWRITEAOF");
        until_info(&mut wire, "current_save_keys_total:1");
        let begun = Instant::now();
        assert_eq!(wire.value("CONFIG SET appendonly no"), Value::Simple(b"OK".to_vec()));
        assert!(begun.elapsed() < Duration::from_secs(4), "preamble {preamble}: {:?}", begun.elapsed());
        let info = info(&mut wire);
        assert!(info.contains("aof_rewrite_in_progress:0") && info.contains("aof_last_bgrewrite_status:ok"), "{info}");
        let files = std::fs::read_dir(server.dir().join("appendonlydir")).expect("the log has a directory");
        assert!(files.flatten().all(|file| !file.file_name().to_string_lossy().starts_with("temp-")));
        assert!(server.log().contains("Killing the AOF rewrite"));
    }
}

#[test]
fn needless_files_go_when_they_need_not_be_kept() {
    let server = TestServer::nyala(&["--appendonly", "yes", "--aof-disable-auto-gc", "yes"]);
    let mut wire = server.connect();
    until_rewritten(&mut wire);
    until_rewritten(&mut wire);
    let dir = server.dir().join("appendonlydir");
    let manifest = || std::fs::read_to_string(dir.join("appendonly.aof.manifest")).expect("there is a manifest");
    assert_eq!(manifest().matches(" type h").count(), 4, "{}", manifest());
    wire.value("CONFIG SET aof-disable-auto-gc no");
    assert_eq!(manifest().lines().count(), 2, "{}", manifest());
    assert_eq!(std::fs::read_dir(&dir).expect("the log has a directory").count(), 3);
}
