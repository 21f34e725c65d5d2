//! Connections over a socket pair, on a worker that is the test's own thread.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use ahash::AHashMap;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::replies::WRITE_BATCH;
use super::start;
use crate::client::Endpoint;
use crate::commands;
use crate::config::Config;
use crate::keyspace::{KeyHasher, Keyspace};
use crate::net::stream::Accepted;
use crate::net::worker::{Handover, Registration, take_seat};
use crate::state::{PauseScope, Server};
use crate::util::clock::Clock;

/// Runs `case` with a server, on a worker.
fn on_worker(case: impl AsyncFnOnce(&Arc<Server>)) {
    let keyspace = Keyspace::new(4, KeyHasher::seeded(1));
    let commands = commands::table().all().len();
    let server = Arc::new(Server::new(Config::default(), Clock::system(), keyspace, 1, commands));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        take_seat(&server, 0);
        case(&server).await;
    });
}

/// A client's end of a new connection.
fn connect(server: &Arc<Server>) -> UnixStream {
    // Replies fill the socket, and are written in parts.
    connect_with(server, 4096)
}

/// The same; the socket holds about so many bytes of replies.
fn connect_with(server: &Arc<Server>, send_buffer: usize) -> UnixStream {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    socket2::SockRef::from(&theirs).set_send_buffer_size(send_buffer).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let registration = Registration::new(server, Endpoint::Unix("test".into()), 0, 0);
    start(Handover { socket: Accepted::Unix(theirs), registration, needs_auth: false });
    UnixStream::from_std(ours).unwrap()
}

#[derive(Debug, Clone)]
enum Request {
    Set(u8, usize),
    Get(u8),
    Echo(usize),
    Inline(usize),
    Nothing,
    Wrong,
}

fn request() -> impl Strategy<Value = Request> {
    // Around the length from which a bulk is read into memory of its own, and beyond one read.
    let len = || prop_oneof![4 => 0..50usize, 2 => 16_000..17_000usize, 1 => 60_000..200_000usize];
    prop_oneof![
        4 => (0..3u8, len()).prop_map(|(key, len)| Request::Set(key, len)),
        4 => (0..3u8).prop_map(Request::Get),
        2 => len().prop_map(Request::Echo),
        1 => (1..100usize).prop_map(Request::Inline),
        1 => Just(Request::Nothing),
        1 => Just(Request::Wrong),
    ]
}

fn bulk(text: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()
}

fn array(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    words.iter().for_each(|word| bytes.extend(bulk(word)));
    bytes
}

/// The bytes that a client sends, and those that it must get.
fn script(requests: &[Request]) -> (Vec<u8>, Vec<u8>) {
    let mut stored: AHashMap<u8, Vec<u8>> = AHashMap::new();
    let (mut sent, mut expected) = (Vec::new(), Vec::new());
    for (at, request) in requests.iter().enumerate() {
        let fill = b'a' + (at % 26) as u8;
        match *request {
            Request::Set(key, len) => {
                let value = vec![fill; len];
                sent.extend(array(&[b"SET", &[b'k', key], &value]));
                expected.extend(b"+OK\r\n");
                stored.insert(key, value);
            }
            Request::Get(key) => {
                sent.extend(array(&[b"GET", &[b'k', key]]));
                match stored.get(&key) {
                    Some(value) => expected.extend(bulk(value)),
                    None => expected.extend(b"$-1\r\n"),
                }
            }
            Request::Echo(len) => {
                let message = vec![fill; len];
                sent.extend(array(&[b"PING", &message]));
                expected.extend(bulk(&message));
            }
            Request::Inline(len) => {
                let message = vec![fill; len];
                sent.extend([b"ping ", &message[..], b"\r\n"].concat());
                expected.extend(bulk(&message));
            }
            Request::Nothing => sent.extend(b"\r\n*0\r\n"),
            Request::Wrong => {
                sent.extend(array(&[b"GET"]));
                expected.extend(b"-ERR wrong number of arguments for 'get' command\r\n");
            }
        }
    }
    (sent, expected)
}

/// Sends `bytes` in pieces that end at `cuts`; before a piece at an odd place all clients are paused for a while.
async fn send_in_pieces(server: &Server, socket: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8], cuts: &[usize]) {
    let mut from = 0;
    for (at, cut) in cuts.iter().copied().chain([bytes.len()]).enumerate() {
        if at % 2 == 1 {
            server.pause(u64::MAX, PauseScope::All);
        }
        let unpause = async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            server.unpause();
        };
        let (written, ()) = tokio::join!(socket.write_all(&bytes[from..cut]), unpause);
        written.unwrap();
        from = cut;
        tokio::task::yield_now().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// However the bytes are cut, whatever waits in between, and however slowly replies are taken.
    #[test]
    fn every_request_is_answered_in_order(
        requests in prop::collection::vec(request(), 1..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let (sent, expected) = script(&requests);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(sent.len())).collect();
        cuts.sort_unstable();
        on_worker(async |server| {
            let (mut reader, mut writer) = connect(server).into_split();
            let mut got = vec![0; expected.len()];
            let (_, read) = tokio::join!(
                send_in_pieces(server, &mut writer, &sent, &cuts),
                reader.read_exact(&mut got),
            );
            read.unwrap();
            assert!(got == expected, "replies differ");

            // All is said; nothing is held any more.
            let client = server.clients.all().pop().unwrap();
            assert_eq!(client.facts.net_in.load(Relaxed), sent.len() as u64);
            assert_eq!(client.facts.net_out.load(Relaxed), expected.len() as u64);
            assert_eq!(client.facts.query_buffer.load(Relaxed), 0);
            assert_eq!(client.facts.output_pending.load(Relaxed), 0);
            drop((reader, writer));
            while !server.clients.is_empty() {
                tokio::task::yield_now().await;
            }
        });
    }
}

/// Commands on few keys, in few shards; those of one key may run under one lock.
const COMMANDS: &[&str] = &[
    "SET {k} 1",
    "GET {k}",
    "INCR {k}",
    "APPEND {k} 0",
    "DEL {k}",
    "LPUSH {k} a b",
    "RPOP {k}",
    "LRANGE {k} 0 -1",
    "SADD {k} x",
    "SPOP {k} 9",
    "HSET {k} f v",
    "HGETALL {k}",
    "ZADD {k} 1 m",
    "ZADD {k} x m",
    "HGET {k} f",
    "SISMEMBER {k} x",
    "ZSCORE {k} m",
    "TYPE {k}",
    "EXISTS {k} {k}",
    "GETDEL {k}",
    "MSET {k} 5 k9 6",
    "GET",
    "NO {k}",
    "PING",
    "MULTI",
    "EXEC",
    "WATCH {k}",
    "SELECT 1",
    "SELECT 0",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY OFF",
    "CLIENT REPLY ON",
    "CLIENT TRACKING ON BCAST",
    "CLIENT TRACKING OFF",
    "HELLO 3",
    "HELLO 2",
    "CONFIG SET maxmemory 1",
    "CONFIG SET maxmemory 0",
    "CONFIG SET notify-keyspace-events KEA",
    "SUBSCRIBE __keyspace@0__:k1",
    "UNSUBSCRIBE",
    "CONFIG SET hash-max-listpack-entries 0",
    "CONFIG SET set-max-listpack-entries 0",
    "CONFIG SET zset-max-listpack-entries 0",
    "DBSIZE",
    "RENAME {k} k1",
    "RESET",
];

fn line() -> impl Strategy<Value = String> {
    // One key most of the time.
    let key = prop_oneof![8 => Just("k1"), 1 => Just("k2"), 1 => Just("k3")];
    let command = prop_oneof![6 => 0..20usize, 1 => 0..COMMANDS.len()];
    (command, key).prop_map(|(at, key)| COMMANDS[at].replace("{k}", key))
}

fn words(line: &str) -> Vec<u8> {
    array(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
}

/// What a client gets that sends these bytes, one after the other, and what the server has then counted.
async fn outcome(server: &Arc<Server>, pieces: impl IntoIterator<Item = Vec<u8>>) -> (Vec<u8>, Vec<u64>) {
    let end = [words("RESET"), words("ECHO done")].concat();
    let mut socket = connect(server);
    for piece in pieces.into_iter().chain([end]) {
        socket.write_all(&piece).await.unwrap();
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
    let mut got = Vec::new();
    while !got.ends_with(&bulk(b"done")) {
        assert_ne!(socket.read_buf(&mut got).await.unwrap(), 0, "{}", got.escape_ascii());
    }
    let stats = server.stats.worker(0);
    let counters = &stats.counters;
    let commands = (0..commands::table().all().len() as u16).map(|id| stats.command(id));
    let counts = commands
        .flat_map(|command| [&command.calls, &command.failed, &command.rejected])
        .chain([&counters.dirty, &counters.hits, &counters.misses])
        .map(|count| count.load(Relaxed));
    (got, counts.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Requests of a pipeline share locks and look-ups; that must not show.
    #[test]
    fn a_pipeline_is_answered_as_its_requests_one_by_one(lines in prop::collection::vec(line(), 1..60)) {
        let requests: Vec<Vec<u8>> = lines.iter().map(|line| words(line)).collect();
        let run = |pieces: Vec<Vec<u8>>| {
            let mut seen = None;
            on_worker(async |server| seen = Some(outcome(server, pieces.clone()).await));
            seen.unwrap()
        };
        let (together, counted) = run(vec![requests.concat()]);
        let (single, counted_single) = run(requests);
        prop_assert_eq!(together.escape_ascii().to_string(), single.escape_ascii().to_string());
        prop_assert!(counted == counted_single, "other counts");
    }
}

#[test]
fn a_request_in_many_pieces_is_answered_once() {
    on_worker(async |server| {
        let mut socket = connect(server);
        for byte in array(&[b"PING", b"hello"]) {
            socket.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut got = [0; 11];
        socket.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"$5\r\nhello\r\n");
    });
}

#[test]
fn a_fault_in_the_protocol_is_told_and_ends_the_connection() {
    on_worker(async |server| {
        let mut socket = connect(server);
        socket.write_all(b"*1\r\n$4\r\nPING\r\n*1\r\n!4\r\nPING\r\n*1\r\n$4\r\nPING\r\n").await.unwrap();
        let mut got = Vec::new();
        socket.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
        assert!(server.clients.is_empty());
    });
}

#[test]
fn signals_end_a_connection_that_waits() {
    on_worker(async |server| {
        server.pause(u64::MAX, PauseScope::All);
        let mut socket = connect(server);
        socket.write_all(b"PING\r\n").await.unwrap();
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        server.clients.all()[0].raise(crate::client::signal::KILL);
        let mut got = Vec::new();
        socket.read_to_end(&mut got).await.unwrap();
        assert!(got.is_empty());
    });
}

#[test]
fn others_have_their_turn_while_a_long_reply_is_written() {
    on_worker(async |server| {
        let mut socket = connect_with(server, 1 << 20);
        socket.write_all(&array(&[b"SET", b"k", &vec![b'v'; 4 << 20]])).await.unwrap();
        let mut got = [0; 5];
        socket.read_exact(&mut got).await.unwrap();
        socket.write_all(&array(&[b"GET", b"k"])).await.unwrap();
        // What has come for other tasks, as for this one, is seen after each batch, though the socket would take more.
        socket.read_exact(&mut got).await.unwrap();
        let client = server.clients.all().pop().unwrap();
        assert!(client.facts.net_out.load(Relaxed) <= 2 * WRITE_BATCH as u64);
    });
}

#[test]
fn mail_is_sent_between_replies() {
    on_worker(async |server| {
        let mut socket = connect(server);
        let client = server.clients.all().pop().unwrap();
        client.post(b"+news\r\n", 0).unwrap();
        let mut got = [0; 7];
        socket.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"+news\r\n");
        socket.write_all(b"PING\r\n").await.unwrap();
        socket.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"+PONG\r\n");
    });
}
