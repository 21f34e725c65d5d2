//! Scripts that go on for long in a real server: who is told so, and how they end.

#![allow(clippy::disallowed_methods, reason = "a test looks at the clock and waits for a script to take its time")]

use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::TestServer;
use crate::wire::request;

const BUSY: &[u8] = b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
/// From SCRIPT KILL to the script's end; the promise is 50 ms on a machine that has nothing else to do.
const END_MS: u64 = 1000;
/// The same where memory by the 10 MB is filled, for which a busy machine alone takes longer.
const END_BESIDE_LUA_MS: u64 = 15_000;

/// Starts a script without waiting for its reply, and waits until it is past the threshold.
fn start(server: &TestServer, args: &[&[u8]]) -> crate::wire::Wire {
    let mut client = server.connect();
    client.send(&request(args));
    thread::sleep(Duration::from_millis(300));
    client
}

#[test]
fn a_busy_script_holds_up_its_own_keys_alone_and_can_be_killed() {
    let server = TestServer::nyala(&["--busy-reply-threshold", "100"]);
    let mut other = server.connect();
    // Known as fast, it begins on a worker and leaves it.
    let turns = b"if ARGV[1] then while true do pcall(function() while true do end end) end end return 1";
    for _ in 0..5 {
        assert_eq!(other.call(&[b"EVAL", turns, b"1", b"k"]), b":1\r\n");
    }
    for source in [&b"while true do end"[..], turns] {
        let mut client = start(&server, &[b"EVAL", source, b"1", b"k", b"x"]);
        assert_eq!(other.call(&[b"GET", b"k"]), BUSY);
        assert_eq!(other.call(&[b"FLUSHALL"]), BUSY);
        assert_eq!(other.call(&[b"PING"]), b"+PONG\r\n");
        let free = (0..64).filter(|n| other.call(&[b"GET", format!("key:{n}").as_bytes()]) == b"$-1\r\n").count();
        assert!(free > 32, "{free} of 64 keys are free");
        let killed = Instant::now();
        assert_eq!(other.call(&[b"SCRIPT", b"KILL"]), b"+OK\r\n");
        assert!(client.reply().starts_with(b"-ERR Script killed by user with SCRIPT KILL... script: "));
        assert!(killed.elapsed() < Duration::from_millis(END_MS), "{:?}", killed.elapsed());
        assert_eq!(other.call(&[b"GET", b"k"]), b"$-1\r\n");
    }
    assert_eq!(other.call(&[b"SCRIPT", b"KILL"]), b"-NOTBUSY No scripts in execution right now.\r\n");
    assert_eq!(server.log().matches("Slow script detected").count(), 2, "each of the two is told once");
}

#[test]
fn a_script_that_has_written_ends_with_the_server_alone() {
    let mut server = TestServer::nyala(&["--busy-reply-threshold", "100", "--save", ""]);
    let source = b"redis.call('SET', KEYS[1], 'x') while true do end";
    let _client = start(&server, &[b"EVAL", source, b"1", b"k"]);
    let mut other = server.connect();
    assert!(other.call(&[b"SCRIPT", b"KILL"]).starts_with(b"-UNKILLABLE "));
    assert_eq!(other.call(&[b"GET", b"k"]), BUSY);
    other.send(&request(&[&b"SHUTDOWN"[..], b"NOSAVE"]));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_script_that_needs_what_a_busy_one_holds_is_told_so_and_holds_nothing_meanwhile() {
    let server = TestServer::nyala(&["--busy-reply-threshold", "1000"]);
    let mut other = server.connect();
    let mut busy = start(&server, &[b"EVAL", b"while true do end", b"1", b"k"]);
    // It declares another key than it reads: it begins, and then needs all shards.
    let reaching = start(&server, &[b"EVAL", b"return redis.call('DBSIZE')", b"1", b"another"]);
    let free =
        (0..64).map(|n| format!("key:{n}")).find(|key| other.call(&[b"SET", key.as_bytes(), b"x"]) == b"+OK\r\n");
    assert!(free.is_some(), "who waits holds no shard");
    let mut waiting = [reaching, start(&server, &[b"EVAL", b"return 1", b"2", b"another", b"k"])];
    assert!(waiting.iter_mut().all(|client| client.reply() == BUSY));
    assert_eq!(other.call(&[b"SCRIPT", b"KILL"]), b"+OK\r\n");
    assert!(busy.reply().starts_with(b"-ERR Script killed by user"));
    assert_eq!(other.call(&[b"EVAL", b"return redis.call('GET', KEYS[1])", b"1", b"k"]), b"$-1\r\n");
}

#[test]
fn a_fast_script_that_loops_once_it_has_written_holds_up_its_worker_alone() {
    let mut server = TestServer::nyala(&["--busy-reply-threshold", "100", "--workers", "2", "--save", ""]);
    // They are given to the workers in turn.
    let [mut looping, mut other, _there, writer] = [(); 4].map(|()| server.connect());
    let source = b"redis.call('SET', KEYS[1], 'x') if ARGV[1] then while true do end end return 1";
    for _ in 0..5 {
        assert_eq!(looping.call(&[b"EVAL", source, b"1", b"k"]), b":1\r\n");
    }
    // This one may be blocked for the key's shard when the script begins to loop.
    let writing = thread::spawn(move || {
        let mut writer = writer;
        while writer.call(&[b"SET", b"k", b"y"]) == b"+OK\r\n" {}
        writer.call(&[b"PING"])
    });
    looping.send(&request(&[&b"EVAL"[..], source, b"1", b"k", b"x"]));
    assert_eq!(writing.join().expect("it sees BUSY"), b"+PONG\r\n");
    assert_eq!(other.call(&[b"GET", b"k"]), BUSY);
    let mut others = [(); 4].map(|()| server.connect());
    for client in &mut others {
        assert_eq!(client.call(&[b"PING"]), b"+PONG\r\n", "new connections are given to the other worker");
        assert_eq!(client.call(&[b"FLUSHALL"]), BUSY);
    }
    let free = (0..64).filter(|n| other.call(&[b"GET", format!("key:{n}").as_bytes()]) == b"$-1\r\n").count();
    assert!(free > 32, "{free} of 64 keys are free");
    assert!(other.call(&[b"SCRIPT", b"KILL"]).starts_with(b"-UNKILLABLE "));
    other.send(&request(&[&b"SHUTDOWN"[..], b"NOSAVE"]));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn with_one_worker_a_fast_script_that_loops_can_be_killed() {
    let server = TestServer::nyala(&["--busy-reply-threshold", "100", "--workers", "1"]);
    let mut other = server.connect();
    let source = b"if ARGV[1] then while true do end end return redis.call('SET', KEYS[1], 'x')";
    for _ in 0..5 {
        assert_eq!(other.call(&[b"EVAL", source, b"1", b"k"]), b"+OK\r\n");
    }
    let mut looping = start(&server, &[b"EVAL", source, b"1", b"k", b"x"]);
    for client in [&mut other, &mut server.connect()] {
        assert_eq!(client.call(&[b"PING"]), b"+PONG\r\n");
        assert_eq!(client.call(&[b"GET", b"k"]), BUSY);
    }
    assert_eq!(other.call(&[b"SCRIPT", b"KILL"]), b"+OK\r\n");
    assert!(looping.reply().starts_with(b"-ERR Script killed by user with SCRIPT KILL... script: "));
    assert_eq!(other.call(&[b"GET", b"k"]), b"$1\r\nx\r\n");
}

#[test]
fn with_one_worker_a_fast_script_that_loops_once_it_has_written_leaves_room_for_new_connections() {
    let mut server = TestServer::nyala(&["--busy-reply-threshold", "100", "--workers", "1", "--save", ""]);
    let mut waiting = server.connect();
    let source = b"redis.call('SET', KEYS[1], 'x') if ARGV[1] then while true do end end return 1";
    for _ in 0..5 {
        assert_eq!(waiting.call(&[b"EVAL", source, b"1", b"k"]), b":1\r\n");
    }
    let _looping = start(&server, &[b"EVAL", source, b"1", b"k", b"x"]);
    // It is on the worker that is held up.
    waiting.send(&request(&[b"PING"]));
    for mut client in [(); 3].map(|()| server.connect()) {
        assert_eq!(client.call(&[b"PING"]), b"+PONG\r\n");
        assert_eq!(client.call(&[b"GET", b"k"]), BUSY);
        assert_eq!(client.call(&[b"FLUSHALL"]), BUSY);
        assert!(client.call(&[b"SCRIPT", b"KILL"]).starts_with(b"-UNKILLABLE "));
        let free = (0..64).filter(|n| client.call(&[b"GET", format!("key:{n}").as_bytes()]) == b"$-1\r\n").count();
        assert!(free > 32, "{free} of 64 keys are free");
    }
    let mut last = server.connect();
    last.send(&request(&[&b"SHUTDOWN"[..], b"NOSAVE"]));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn scripts_that_spend_their_time_outside_of_lua_code_can_be_killed() {
    let server = TestServer::nyala(&["--busy-reply-threshold", "100"]);
    let mut other = server.connect();
    for source in [
        &b"return string.rep('a', 1e5):find('.-.-.-.-b')"[..],
        b"return string.rep('a', 1e5):match('a*a*a*a*b')",
        b"return string.rep('a', 1e5):gsub('.-.-.-.-b', '')",
        b"for match in string.rep('a', 1e5):gmatch('.-.-.-.-b') do end",
        b"while true do pcall(string.find, string.rep('a', 1e5), '.-.-.-.-b') end",
        b"while true do string.rep('a', 1e7) end",
        b"local s = string.rep('a', 1e7) while true do local both = s .. s end",
        b"local t = {} for i = 1, 3e5 do t[i] = 'a' end while true do table.concat(t) end",
        b"local t = {} for i = 1, 3e5 do t[i] = 'a' end while true do table.insert(t, 1, table.remove(t, 1)) end",
        b"local t = {} for i = 1, 3e5 do t[i] = i * 7919 % 300007 end while true do table.sort(t) end",
    ] {
        let mut client = start(&server, &[b"EVAL", source, b"1", b"k"]);
        assert_eq!(other.call(&[b"GET", b"k"]), BUSY, "{}", source.escape_ascii());
        let killed = Instant::now();
        assert_eq!(other.call(&[b"SCRIPT", b"KILL"]), b"+OK\r\n");
        assert!(client.reply().starts_with(b"-ERR Script killed by user with SCRIPT KILL... script: "));
        let took = killed.elapsed();
        assert!(took < Duration::from_millis(END_BESIDE_LUA_MS), "{}: {took:?}", source.escape_ascii());
        assert_eq!(other.call(&[b"GET", b"k"]), b"$-1\r\n");
    }
}
