//! Clients that wait in blocking commands, in a real server: many of them, in their order, whatever wakes them or ends
//! their wait.

#![allow(clippy::disallowed_methods, reason = "waits and their ends, in real time")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nyala::util::os::raise_file_limit;

use crate::fixture::TestServer;
use crate::wire::{Wire, request};

/// Number of clients that wait.
#[track_caller]
fn blocked(wire: &mut Wire) -> usize {
    let info = String::from_utf8(wire.call(&[b"INFO", b"clients"])).expect("INFO is text");
    let count = info.lines().find_map(|line| line.strip_prefix("blocked_clients:")).expect("INFO has the field");
    count.parse().expect("the field is a number")
}

/// Waits until so many clients wait.
#[track_caller]
fn wait_for_blocked(wire: &mut Wire, count: usize) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let now = blocked(wire);
        if now == count {
            return;
        }
        assert!(Instant::now() < until, "{now} clients wait, not {count}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn words(line: &str) -> Vec<u8> {
    request(&line.split(' ').collect::<Vec<_>>())
}

/// So many clients that wait, each in the command that `command` makes of its number, in this order.
fn waiting(server: &TestServer, count: usize, command: impl Fn(usize) -> String) -> Vec<Wire> {
    raise_file_limit(2 * count as u64 + 200).expect("the system allows so many connections");
    let mut wire = server.connect();
    let mut clients = Vec::with_capacity(count);
    for at in 0..count {
        let mut client = server.connect();
        client.send(&words(&command(at)));
        clients.push(client);
        wait_for_blocked(&mut wire, at + 1);
    }
    clients
}

/// The list's element in the reply to BLPOP.
#[track_caller]
fn popped(client: &mut Wire) -> String {
    let reply = String::from_utf8(client.reply()).expect("a reply is text");
    let lines: Vec<&str> = reply.split("\r\n").collect();
    assert_eq!((lines[0], lines.len()), ("*2", 6), "{reply}");
    lines[4].to_owned()
}

/// So many clients wait for one key; elements come one by one, and then from several pushers at the same time.
fn first_come_first_served(count: usize) {
    const PUSHERS: usize = 4;
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut clients = waiting(&server, count, |_| "BLPOP queue 0".to_owned()).into_iter();
    let mut wire = server.connect();
    let alone = count / 3;
    for at in 0..alone {
        assert_eq!(wire.call(&[b"RPUSH", b"queue", at.to_string().as_bytes()]), b":1\r\n");
        assert_eq!(popped(&mut clients.next().expect("enough clients wait")), at.to_string());
    }
    std::thread::scope(|scope| {
        for pusher in 0..PUSHERS {
            let mut wire = server.connect();
            scope.spawn(move || {
                for at in (alone + pusher..count).step_by(PUSHERS) {
                    let reply = wire.call(&[b"RPUSH", b"queue", format!("{pusher}:{at}").as_bytes()]);
                    assert!(reply.starts_with(b":"), "{}", reply.escape_ascii());
                }
            });
        }
    });
    wait_for_blocked(&mut wire, 0);
    assert_eq!(wire.call(&[b"LLEN", b"queue"]), b":0\r\n");
    // What one pusher has sent reaches the clients in its order.
    let mut last = [0; PUSHERS];
    for mut client in clients {
        let element = popped(&mut client);
        let (pusher, at) = element.split_once(':').expect("an element names its pusher");
        let (pusher, at): (usize, usize) = (pusher.parse().expect("a number"), at.parse().expect("a number"));
        assert!(last[pusher] < at, "{element} came behind {}", last[pusher]);
        last[pusher] = at;
    }
}

#[test]
fn who_waits_first_is_served_first() {
    first_come_first_served(300);
}

#[test]
#[ignore = "slow: 5,000 connections"]
fn who_waits_first_is_served_first_among_5000() {
    first_come_first_served(5000);
}

/// So many clients wait for a key each, and for one that is common to all of them.
fn a_key_for_each(count: usize) {
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut clients = waiting(&server, count, |at| format!("BLPOP own:{at} common 0"));
    let mut wire = server.connect();
    let pushes: Vec<u8> = (0..count).rev().flat_map(|at| words(&format!("RPUSH own:{at} {at}"))).collect();
    wire.send(&pushes);
    for _ in 0..count {
        assert_eq!(wire.reply(), b":1\r\n");
    }
    for (at, client) in clients.iter_mut().enumerate() {
        assert_eq!(popped(client), at.to_string());
    }
    // Nobody waits for the common key any more.
    assert_eq!(wire.call(&[b"RPUSH", b"common", b"x"]), b":1\r\n");
    assert_eq!(wire.call(&[b"DBSIZE"]), b":1\r\n");
    wait_for_blocked(&mut wire, 0);
}

#[test]
fn each_client_hears_of_its_own_key() {
    a_key_for_each(300);
}

#[test]
#[ignore = "slow: 5,000 connections"]
fn each_of_5000_clients_hears_of_its_own_key() {
    a_key_for_each(5000);
}

#[test]
fn who_leaves_while_waiting_takes_nothing_along() {
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut wire = server.connect();
    let mut clients = waiting(&server, 60, |_| "BLPOP queue other 0".to_owned());
    // Every second one goes: some closed, some by CLIENT KILL.
    let mut at = 0;
    clients.retain(|_| {
        at += 1;
        at % 2 == 0
    });
    wait_for_blocked(&mut wire, 30);
    for at in 0..30 {
        assert_eq!(wire.call(&[b"RPUSH", b"queue", at.to_string().as_bytes()]), b":1\r\n");
    }
    for (at, client) in clients.iter_mut().enumerate() {
        assert_eq!(popped(client), at.to_string());
        client.send(&words("BLPOP queue 0"));
    }
    wait_for_blocked(&mut wire, 30);
    assert_eq!(wire.call(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"]), b":30\r\n");
    wait_for_blocked(&mut wire, 0);
    assert_eq!(wire.call(&[b"RPUSH", b"queue", b"stays"]), b":1\r\n");
    assert_eq!(wire.call(&[b"LLEN", b"queue"]), b":1\r\n");
}

/// What several clients do in turn: `name: command` sends a command and reads its reply, `name> command` sends one in
/// which the client waits, `name<` reads what comes of that.
const SCENES: &[(&str, &[&str])] = &[
    ("RENAME", &["a> BLPOP k 0", "b: RPUSH l x y", "b: RENAME l k", "a<", "b: LRANGE k 0 -1"]),
    ("RENAMENX", &["a> BRPOP k 0", "b: RPUSH l x y", "b: RENAMENX l k", "a<"]),
    ("COPY", &["a> BLPOP k 0", "b: RPUSH l x", "b: COPY l k", "a<", "b: EXISTS k l"]),
    ("SORT STORE", &["a> BLPOP k 0", "b: RPUSH l 3 1 2", "b: SORT l STORE k", "a<", "b: LRANGE k 0 -1"]),
    ("SORT BY STORE", &["a> BLPOP k 0", "b: RPUSH l 3 1", "b: SORT l BY w_* STORE k", "a<", "b: LRANGE k 0 -1"]),
    ("SWAPDB", &["a> BLPOP k 0", "b: SELECT 1", "b: RPUSH k x", "b: SWAPDB 0 1", "a<"]),
    ("MOVE", &["a> BLPOP k 0", "b: SELECT 1", "b: RPUSH k x", "b: MOVE k 0", "a<"]),
    ("another database", &["a> BLPOP k 0", "b: SELECT 1", "b: RPUSH k x", "b: SELECT 0", "b: RPUSH k y", "a<"]),
    ("LMOVE", &["a> BLPOP k 0", "b: RPUSH l x", "b: LMOVE l k LEFT LEFT", "a<", "b: EXISTS k l"]),
    ("LINSERT", &["a> BLPOP k 0", "b: LINSERT k BEFORE x y", "b: LPUSHX k x", "b: RPUSH k z", "a<"]),
    ("ZRANGESTORE", &["a> BZPOPMIN k 0", "b: ZADD z 2 x 1 y", "b: ZRANGESTORE k z 0 -1", "a<", "b: ZCARD k"]),
    ("ZUNIONSTORE", &["a> BZPOPMAX k 0", "b: ZADD z 2 x 1 y", "b: ZUNIONSTORE k 1 z", "a<", "b: ZCARD k"]),
    ("GEOADD", &["a> BZPOPMIN k 0", "b: GEOADD k 13 38 Palermo", "a<"]),
    ("ZINCRBY", &["a> BZMPOP 0 1 k MIN", "b: ZINCRBY k 5 x", "a<"]),
    (
        "a push of several serves several",
        &["a> BLPOP k 0", "b> BLPOP k 0", "c: RPUSH k x y z", "a<", "b<", "c: LLEN k"],
    ),
    (
        "the longest wait first",
        &["a> BRPOP k j 0", "b> BLPOP j k 0", "c: RPUSH k x y z", "a<", "b<", "c: LRANGE k 0 -1"],
    ),
    ("the same key twice", &["a> BLPOP k k 0", "b: RPUSH k x y", "a<", "b: LLEN k", "b: RPUSH k z"]),
    (
        "chain",
        &[
            "a> BLMOVE k l LEFT RIGHT 0",
            "b> BLPOP l 0",
            "c: RPUSH k x y",
            "a<",
            "b<",
            "c: EXISTS l",
            "c: LRANGE k 0 -1",
        ],
    ),
    (
        "chain of three",
        &[
            "a> BLMOVE k l LEFT RIGHT 0",
            "b> BRPOPLPUSH l m 0",
            "c> BLMOVE m n RIGHT LEFT 0",
            "d> BLMPOP 0 1 n RIGHT",
            "e: RPUSH k x",
            "a<",
            "b<",
            "c<",
            "d<",
            "e: EXISTS k l m n",
        ],
    ),
    ("round", &["a> BLMOVE k k LEFT RIGHT 0", "b: RPUSH k x y", "a<", "b: LRANGE k 0 -1"]),
    ("a wrong destination", &["b: SET s x", "a> BLMOVE k s LEFT LEFT 0", "b: RPUSH k x", "a<", "b: LRANGE k 0 -1"]),
    (
        "a wrong type is waited past",
        &["a> BLPOP k j 0", "b: SADD k x", "b: DEL k", "b: ZADD k 1 x", "b: RPUSH j y", "a<"],
    ),
    ("two kinds", &["a> BLPOP k 0", "b> BZPOPMIN k 0", "c: ZADD k 1 x", "b<", "c: RPUSH k y", "a<"]),
    ("XREAD", &["a> XREAD BLOCK 0 STREAMS s t $ 5", "b: XADD t 5-0 f v", "b: XADD t 5-1 f v", "a<"]),
    (
        "XREAD of two",
        &[
            "a> XREAD BLOCK 0 STREAMS s $",
            "b> XREAD BLOCK 0 STREAMS s 7",
            "c: XADD s 3-1 f v",
            "a<",
            "c: XADD s 8-1 f v",
            "b<",
        ],
    ),
    (
        "XREADGROUP",
        &[
            "b: XGROUP CREATE s g $ MKSTREAM",
            "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >",
            "c> XREADGROUP GROUP g two BLOCK 0 STREAMS s >",
            "b: XADD s 1-1 f v",
            "a<",
            "b: XADD s 1-2 f v",
            "c<",
            "b: XACK s g 1-1 1-2",
        ],
    ),
    (
        "group gone",
        &[
            "b: XGROUP CREATE s g $ MKSTREAM",
            "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >",
            "b: XGROUP DESTROY s g",
            "a<",
        ],
    ),
    (
        "stream gone",
        &["b: XGROUP CREATE s g $ MKSTREAM", "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "b: DEL s", "a<"],
    ),
    (
        "stream unlinked",
        &["b: XGROUP CREATE s g $ MKSTREAM", "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "b: UNLINK s", "a<"],
    ),
    (
        "stream renamed",
        &["b: XGROUP CREATE s g $ MKSTREAM", "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "b: RENAME s t", "a<"],
    ),
    (
        "stream flushed",
        &["b: XGROUP CREATE s g $ MKSTREAM", "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "b: FLUSHALL", "a<"],
    ),
    (
        "stream overwritten",
        &["b: XGROUP CREATE s g $ MKSTREAM", "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "b: SET s x", "a<"],
    ),
    (
        "stream swapped away",
        &["b: XGROUP CREATE s g $ MKSTREAM", "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "b: SWAPDB 0 1", "a<"],
    ),
    (
        "stream of another group",
        &[
            "b: XGROUP CREATE s g $ MKSTREAM",
            "b: XADD t 1-1 f v",
            "a> XREADGROUP GROUP g one BLOCK 0 STREAMS s >",
            "b: RENAME t s",
            "a<",
        ],
    ),
    (
        "a fraction of a second",
        &["a> BLPOP k 0.05", "a<", "a> BLMOVE k l LEFT LEFT 0.05", "a<", "a> BZPOPMIN k 0.05", "a<"],
    ),
    ("milliseconds", &["a> XREAD BLOCK 50 STREAMS s $", "a<", "a> BLMPOP 0.05 2 k l LEFT COUNT 3", "a<"]),
    ("unblocked", &["a> BLPOP k 0", "b: CLIENT UNBLOCK {a}", "a<", "b: CLIENT UNBLOCK {a}", "a: PING"]),
    ("unblocked by an error", &["a> XREAD BLOCK 0 STREAMS s $", "b: CLIENT UNBLOCK {a} ERROR", "a<", "a: PING"]),
    ("unblocked as if in time", &["a> BLMOVE k l LEFT LEFT 0", "b: CLIENT UNBLOCK {a} TIMEOUT", "a<", "b: RPUSH k x"]),
    (
        "no such client",
        &["a> BLPOP k 0", "b: CLIENT UNBLOCK 999999", "b: CLIENT UNBLOCK {a} NEVER", "b: RPUSH k x", "a<"],
    ),
    (
        "paused writers",
        &["a> BLPOP k 0", "b: CLIENT PAUSE 60000 WRITE", "c> RPUSH k x", "b: LLEN k", "b: CLIENT UNPAUSE", "a<", "c<"],
    ),
    (
        "a wait ends in a pause",
        &["a> BLPOP k 0.1", "b: CLIENT PAUSE 60000 WRITE", "c> RPUSH k x", "a<", "b: CLIENT UNPAUSE", "c<"],
    ),
    (
        "unblocked in a pause",
        &["a> BLPOP k 0", "b: CLIENT PAUSE 60000 WRITE", "b: CLIENT UNBLOCK {a}", "a<", "b: CLIENT UNPAUSE"],
    ),
    (
        "a wait that begins in a pause",
        &["b: RPUSH k x", "b: CLIENT PAUSE 60000 WRITE", "a> BLPOP k 0", "b: LLEN k", "b: CLIENT UNPAUSE", "a<"],
    ),
    (
        "a transaction fills several keys",
        &[
            "a> BLMOVE k d LEFT RIGHT 0",
            "b> BLMOVE l d LEFT RIGHT 0",
            "c> BLMOVE m d LEFT RIGHT 0",
            "e: MULTI",
            "e: RPUSH m x",
            "e: RPUSH k y",
            "e: RPUSH l z",
            "e: RPUSH m again",
            "e: EXEC",
            "a<",
            "b<",
            "c<",
            "e: LRANGE d 0 -1",
        ],
    ),
    (
        "a transaction takes away what it gave",
        &["a> BLPOP k 0.1", "b: MULTI", "b: RPUSH k x", "b: DEL k", "b: SADD k x", "b: EXEC", "a<", "b: SCARD k"],
    ),
    (
        "a transaction does not wait",
        &["a: MULTI", "a: BLPOP k 0", "a: BLMOVE k l LEFT LEFT 0", "a: XREAD BLOCK 0 STREAMS s $", "a: EXEC"],
    ),
    ("several of one client", &["a> BLPOP k 0", "b: RPUSH k x", "a<", "a> BLPOP k 0", "b: RPUSH k y", "a<"]),
    (
        "RESP3",
        &[
            "a: HELLO 3",
            "a> BLPOP k 0.05",
            "a<",
            "a> BZPOPMIN z 0",
            "b: ZADD z 1.5 x",
            "a<",
            "a> BLMOVE k l LEFT LEFT 0.05",
            "a<",
        ],
    ),
];

/// The replies in a scene, in their order.
fn play(server: &TestServer, steps: &[&str]) -> Vec<String> {
    let mut replies = Vec::new();
    let mut watcher = server.connect();
    let mut clients: BTreeMap<String, (Wire, String)> = BTreeMap::new();
    for step in steps {
        let (name, rest) = step.split_at(1);
        let (how, command) = rest.split_at(1);
        let mut command = command.trim_start().to_owned();
        for (name, (_, id)) in &clients {
            command = command.replace(&format!("{{{name}}}"), id);
        }
        let (client, _) = clients.entry(name.to_owned()).or_insert_with(|| {
            let mut wire = server.connect();
            let id = String::from_utf8(wire.call(&[b"CLIENT", b"ID"])).expect("a number");
            (wire, id.trim_matches([':', '\r', '\n']).to_owned())
        });
        match how {
            ":" => {
                client.send(&words(&command));
                let reply = client.reply();
                // HELLO tells who the server is.
                let shown = if command.starts_with("HELLO") { "..".into() } else { reply.escape_ascii().to_string() };
                replies.push(format!("{step} {shown}"));
            }
            ">" => {
                let before = blocked(&mut watcher);
                client.send(&words(&command));
                wait_for_blocked(&mut watcher, before + 1);
            }
            _ => {
                replies.push(format!("{step} {}", client.reply().escape_ascii()));
            }
        }
    }
    assert_eq!(watcher.call(&[b"FLUSHALL"]), b"+OK\r\n");
    replies
}

#[test]
fn scenes_end_as_in_redis() {
    let nyala = TestServer::nyala(&["--workers", "2"]);
    let Some(redis) = TestServer::redis(&[]) else { return };
    for (name, steps) in SCENES {
        assert_eq!(play(&nyala, steps), play(&redis, steps), "{name}");
    }
}

#[test]
fn a_restored_list_serves() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    assert_eq!(wire.call(&[b"RPUSH", b"list", b"a", b"b"]), b":2\r\n");
    let dumped = wire.call(&[b"DUMP", b"list"]);
    let start = dumped.iter().position(|&byte| byte == b'\n').expect("a bulk string has a length") + 1;
    let mut waiter = waiting(&server, 1, |_| "BRPOP queue 0".to_owned()).remove(0);
    assert_eq!(wire.call(&[b"RESTORE", b"queue", b"0", &dumped[start..dumped.len() - 2]]), b"+OK\r\n");
    assert_eq!(popped(&mut waiter), "b");
    assert_eq!(wire.call(&[b"LLEN", b"queue"]), b":1\r\n");
}
