//! Publish/subscribe in a real server: the order of messages, subscribers that do not read, and those that go.

#![allow(clippy::disallowed_methods, reason = "what a subscriber is given is also time")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nyala::resp::decode::{DecodeLimits, Value, decode};

use crate::fixture::TestServer;
use crate::wire::{Wire, request};

/// How long something may take that is to happen soon.
const SOON: Duration = Duration::from_secs(15);

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < SOON, "it does not happen that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    start.elapsed()
}

/// One of INFO's numbers.
fn info(wire: &mut Wire, field: &str) -> u64 {
    let info = wire.call(&[b"INFO", b"everything"]);
    let info = String::from_utf8_lossy(&info).into_owned();
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("INFO has no {field}")).parse().expect("the field is a number")
}

/// The next message or reply.
fn next(wire: &mut Wire) -> Value {
    decode(&wire.reply(), &DecodeLimits::default()).expect("a whole reply").expect("a whole reply").0
}

/// The words of the next message.
#[track_caller]
fn message(wire: &mut Wire) -> Vec<String> {
    let (Value::Array(words) | Value::Push(words)) = next(wire) else { panic!("a message is expected") };
    let word = |word| match word {
        Value::Bulk(text) => String::from_utf8(text).expect("words are text"),
        Value::Integer(number) => number.to_string(),
        other => panic!("a word is expected, not {other:?}"),
    };
    words.into_iter().map(word).collect()
}

fn subscriber(server: &TestServer, command: &[&[u8]]) -> Wire {
    let mut wire = server.connect();
    wire.call(command);
    wire
}

#[test]
fn subscribers_see_the_messages_of_a_channel_in_one_order() {
    const PUBLISHERS: usize = 3;
    const EACH: usize = 3000;
    let server = TestServer::nyala(&["--workers", "3"]);
    let commands: [&[&[u8]]; 4] =
        [&[b"SUBSCRIBE", b"news"], &[b"SUBSCRIBE", b"news"], &[b"PSUBSCRIBE", b"n*"], &[b"SUBSCRIBE", b"news"]];
    let mut subscribers = commands.map(|command| subscriber(&server, command));
    let seen: Vec<Vec<String>> = std::thread::scope(|scope| {
        for publisher in 0..PUBLISHERS {
            let mut wire = server.connect();
            scope.spawn(move || {
                for from in (0..EACH).step_by(100) {
                    let requests = (from..from + 100)
                        .flat_map(|at| request(&["PUBLISH", "news", &format!("{publisher}:{at}")]))
                        .collect::<Vec<u8>>();
                    wire.send(&requests);
                    (0..100).for_each(|_| assert_eq!(wire.reply(), b":4\r\n"));
                }
            });
        }
        let readers: Vec<_> = subscribers
            .iter_mut()
            .map(|wire| {
                scope.spawn(move || {
                    (0..PUBLISHERS * EACH).map(|_| message(wire).pop().expect("a message has a text")).collect()
                })
            })
            .collect();
        readers.into_iter().map(|reader| reader.join().expect("the subscriber is told all")).collect()
    });
    for seen in &seen {
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        for text in seen {
            let (publisher, at) = text.split_once(':').expect("a text names its publisher");
            let expected = next.entry(publisher).or_default();
            assert_eq!(at, expected.to_string(), "of publisher {publisher}");
            *expected += 1;
        }
    }
    assert!(seen[0] == seen[1] && seen[0] == seen[3], "subscribers of the channel see different orders");
}

#[test]
fn a_subscriber_that_never_reads_is_cut_off_at_the_hard_limit() {
    let server = TestServer::nyala(&["--workers", "2", "--client-output-buffer-limit", "pubsub 1mb 0 0"]);
    let mut publisher = server.connect();
    let (mut slow, mut reading) =
        (subscriber(&server, &[b"SUBSCRIBE", b"c"]), subscriber(&server, &[b"SUBSCRIBE", b"c"]));
    let text = vec![b'x'; 100_000];
    let mut count = 0;
    wait_until("the subscriber is cut off", || {
        let reached = publisher.call(&[b"PUBLISH", b"c", &text]);
        let reply = message(&mut reading);
        assert_eq!((reply[0].as_str(), reply[2].len()), ("message", text.len()));
        count += 1;
        reached == b":1\r\n"
    });
    assert!(count > 10, "cut off after {count} messages");
    assert_eq!(info(&mut publisher, "client_output_buffer_limit_disconnections"), 1);
    assert!(server.log().contains("overcoming of output buffer limits"), "{}", server.log());
    // What it is sent before does not matter; then the connection ends.
    assert!(slow.until_closed().len() < count * 2 * text.len());
}

#[test]
fn a_subscriber_beyond_the_soft_limit_has_some_seconds_to_read() {
    let server = TestServer::nyala(&["--workers", "2", "--client-output-buffer-limit", "pubsub 0 500kb 2"]);
    let mut publisher = server.connect();
    // The system takes some megabytes off the server's hands.
    let send = |publisher: &mut Wire| {
        for _ in 0..20 {
            publisher.call(&[b"PUBLISH", b"c", &vec![b'x'; 1_000_000]]);
        }
    };
    let mut late = subscriber(&server, &[b"SUBSCRIBE", b"c"]);
    send(&mut publisher);
    std::thread::sleep(Duration::from_millis(700));
    for _ in 0..20 {
        assert_eq!(message(&mut late)[0], "message", "who reads in time gets everything");
    }
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(info(&mut publisher, "client_output_buffer_limit_disconnections"), 0, "its time began anew");

    let never = subscriber(&server, &[b"SUBSCRIBE", b"d"]);
    let start = Instant::now();
    for _ in 0..20 {
        publisher.call(&[b"PUBLISH", b"d", &vec![b'x'; 1_000_000]]);
    }
    wait_until("the subscriber is cut off", || publisher.call(&[b"PUBLISH", b"d", b"x"]) == b":0\r\n");
    assert!(start.elapsed() >= Duration::from_millis(1900), "{:?}", start.elapsed());
    assert_eq!(info(&mut publisher, "client_output_buffer_limit_disconnections"), 1);
    drop(never);
}

#[test]
fn who_speaks_resp2_runs_few_commands_while_subscribed() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    wire.send(b"SUBSCRIBE a\r\nPING\r\nPING hi\r\nGET k\r\nSUBSCRIBE b\r\nUNSUBSCRIBE a b\r\nPING\r\nGET k\r\n");
    let confirmed =
        |kind: &str, name: &str, count: u32| format!("*3\r\n${}\r\n{kind}\r\n$1\r\n{name}\r\n:{count}\r\n", kind.len());
    let refused = "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                   this context\r\n";
    for expected in [
        &confirmed("subscribe", "a", 1),
        "*2\r\n$4\r\npong\r\n$0\r\n\r\n",
        "*2\r\n$4\r\npong\r\n$2\r\nhi\r\n",
        refused,
        &confirmed("subscribe", "b", 2),
        &confirmed("unsubscribe", "a", 1),
        &confirmed("unsubscribe", "b", 0),
        "+PONG\r\n",
        "$-1\r\n",
    ] {
        assert_eq!(wire.reply().escape_ascii().to_string(), expected.as_bytes().escape_ascii().to_string());
    }
}

#[test]
fn who_speaks_resp3_goes_on_with_other_commands() {
    const MESSAGES: usize = 2000;
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut wire = server.connect();
    wire.call(&[b"HELLO", b"3"]);
    wire.call(&[b"SUBSCRIBE", b"c"]);
    let mut publisher = server.connect();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for at in 0..MESSAGES {
                publisher.call(&[b"PUBLISH", b"c", at.to_string().as_bytes()]);
            }
        });
        let (mut told, mut replies) = (0, 0);
        while told < MESSAGES || replies < 2 * MESSAGES {
            if replies % 2 == 0 && replies < 2 * MESSAGES {
                wire.send(&request(&["INCR", "n"]));
                wire.send(&request(&["PING"]));
            }
            match next(&mut wire) {
                Value::Push(words) => {
                    assert_eq!(words[2], Value::Bulk(told.to_string().into()));
                    told += 1;
                }
                Value::Integer(n) => {
                    assert_eq!((n, replies % 2), (replies as i64 / 2 + 1, 0));
                    replies += 1;
                }
                Value::Simple(text) => {
                    assert_eq!((text.as_slice(), replies % 2), (&b"PONG"[..], 1));
                    replies += 1;
                }
                other => panic!("neither a message nor a reply: {other:?}"),
            }
        }
    });
}

#[test]
fn nothing_is_left_of_subscribers_that_go() {
    let server = TestServer::nyala(&["--workers", "2"]);
    let mut wire = server.connect();
    for _ in 0..3 {
        let mut subscribers: Vec<Wire> = (0..50).map(|_| server.connect()).collect();
        for (at, subscriber) in subscribers.iter_mut().enumerate() {
            let own = format!("own{at}");
            for command in [["SUBSCRIBE", "all", &own], ["PSUBSCRIBE", "a*", &own], ["SSUBSCRIBE", "all", &own]] {
                subscriber.send(&request(&command));
                (0..2).for_each(|_| drop(subscriber.reply()));
            }
        }
        assert_eq!(wire.call(&[b"PUBLISH", b"all", b"x"]), b":100\r\n");
        assert_eq!(info(&mut wire, "pubsub_channels"), 51);
        assert_eq!(info(&mut wire, "pubsub_patterns"), 51);
        assert_eq!(info(&mut wire, "pubsubshard_channels"), 51);
        // Some say so, some just go, some are sent away.
        subscribers[0].send(&request(&["QUIT"]));
        subscribers[1].send(&request(&["RESET"]));
        let id = wire.value("CLIENT LIST TYPE pubsub");
        let Value::Bulk(list) = id else { panic!("CLIENT LIST answers text") };
        let list = String::from_utf8(list).expect("the list is text");
        let id = list.lines().last().and_then(|line| line.strip_prefix("id=")?.split(' ').next());
        assert_eq!(wire.value(&format!("CLIENT KILL ID {}", id.expect("there are subscribers"))), Value::Integer(1));
        drop(subscribers);
        wait_until("all have gone", || info(&mut wire, "connected_clients") == 1);
        for field in ["pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "pubsub_clients"] {
            assert_eq!(info(&mut wire, field), 0, "{field}");
        }
        assert_eq!(wire.call(&[b"PUBSUB", b"CHANNELS"]), b"*0\r\n");
        assert_eq!(wire.call(&[b"PUBLISH", b"all", b"x"]), b":0\r\n");
    }
}

/// Subscribes, and goes in one of several ways.
fn come_and_go(server: &TestServer, round: usize) {
    let own = format!("own{round}");
    let mut wire = server.connect();
    for command in ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"] {
        wire.send(&request(&[command, "a1", &own]));
    }
    match round % 4 {
        // Before it is answered.
        0 => {}
        // In the middle of its messages.
        1 => (0..10).for_each(|_| drop(wire.reply())),
        // With some of its subscriptions.
        2 => {
            wire.send(&[request(&["UNSUBSCRIBE", &own]), request(&["SUNSUBSCRIBE"]), request(&["QUIT"])].concat());
            wire.until_closed();
        }
        // Without any.
        _ => {
            let leave = ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"].map(|command| request(&[command]));
            wire.send(&leave.concat());
            while !wire.reply().starts_with(b"*3\r\n$12\r\nsunsubscribe") {}
        }
    }
}

#[test]
fn nothing_is_left_of_subscribers_that_go_while_others_publish() {
    const LISTENERS: usize = 4;
    const ROUNDS: usize = 250;
    let server = TestServer::nyala(&["--workers", "2"]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut wire = server.connect();
            let both = [request(&["PUBLISH", "a1", "x"]), request(&["SPUBLISH", "a1", "x"])].concat();
            while !is_over.load(Relaxed) {
                wire.send(&both.repeat(20));
                (0..40).for_each(|_| drop(wire.reply()));
            }
        });
        let come_and_go = || (0..ROUNDS).for_each(|round| come_and_go(&server, round));
        let listeners: Vec<_> = (0..LISTENERS).map(|_| scope.spawn(come_and_go)).collect();
        let ends: Vec<_> = listeners.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Relaxed);
        ends.into_iter().for_each(|end| end.expect("listeners come and go"));
    });
    let mut wire = server.connect();
    wait_until("all have gone", || info(&mut wire, "connected_clients") == 1);
    for field in ["pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "pubsub_clients"] {
        assert_eq!(info(&mut wire, field), 0, "{field}");
    }
}
