//! SUBSCRIBE, PUBLISH and their kin, and keyspace events. Replies are those of redis-server 7.0.15.

use nyala::client::SessionFlags;
use nyala::resp::decode::Value;

use crate::harness::{Gate, both};
use crate::render::render;

/// What has come for the client, one message a line, its words separated by spaces.
#[track_caller]
fn mail(t: &mut Gate) -> Vec<String> {
    let word = |value: Value| match value {
        Value::Bulk(text) => String::from_utf8(text).expect("words are text"),
        other => panic!("a string is expected, not {other:?}"),
    };
    let (messages, is_pushed) = (t.mail(), t.protocol() == 3);
    let line = |message: Value| match message {
        Value::Array(words) if !is_pushed => words.into_iter().map(word).collect::<Vec<_>>().join(" "),
        Value::Push(words) if is_pushed => words.into_iter().map(word).collect::<Vec<_>>().join(" "),
        other => panic!("a message is expected, not {other:?}"),
    };
    messages.into_iter().map(line).collect()
}

#[test]
fn subscriptions_are_confirmed_one_by_one() {
    both(|t| {
        let kind = if t.protocol() == 3 { '>' } else { '*' };
        let line = |word: &str, name: &str, count: u32| {
            format!("{kind}3\r\n${}\r\n{word}\r\n${}\r\n{name}\r\n:{count}\r\n", word.len(), name.len())
        };
        let confirmed =
            |rows: &[(&str, &str, u32)]| rows.iter().map(|row| line(row.0, row.1, row.2)).collect::<String>();
        t.expect_raw(
            "SUBSCRIBE a b a",
            &confirmed(&[("subscribe", "a", 1), ("subscribe", "b", 2), ("subscribe", "a", 2)]),
        );
        t.expect_raw("PSUBSCRIBE a*", &confirmed(&[("psubscribe", "a*", 3)]));
        t.expect_raw("SSUBSCRIBE a", &confirmed(&[("ssubscribe", "a", 1)]));
        t.expect_raw("UNSUBSCRIBE a none", &confirmed(&[("unsubscribe", "a", 2), ("unsubscribe", "none", 2)]));
        t.expect_raw("UNSUBSCRIBE", &confirmed(&[("unsubscribe", "b", 1)]));
        t.expect_raw("PUNSUBSCRIBE", &confirmed(&[("punsubscribe", "a*", 0)]));
        t.expect_raw("SUNSUBSCRIBE a", &confirmed(&[("sunsubscribe", "a", 0)]));
        let null = if t.protocol() == 3 { "_" } else { "$-1" };
        t.expect_raw("UNSUBSCRIBE", &format!("{kind}3\r\n$11\r\nunsubscribe\r\n{null}\r\n:0\r\n"));
        assert!(!t.session().is(SessionFlags::SUBSCRIBED));
        t.expect("PING", "PONG");
    });
}

#[test]
fn messages_reach_channels_and_patterns() {
    both(|t| {
        t.raw("SUBSCRIBE news");
        t.raw("PSUBSCRIBE n?ws");
        t.raw("SSUBSCRIBE news");
        let other = t.client();
        t.on(other).expect("PUBLISH news hello", "(integer) 2");
        t.on(other).expect("PUBLISH nows hello", "(integer) 1");
        t.on(other).expect("PUBLISH none hello", "(integer) 0");
        t.on(other).expect("SPUBLISH news apart", "(integer) 1");
        assert_eq!(
            mail(t),
            ["message news hello", "pmessage n?ws news hello", "pmessage n?ws nows hello", "smessage news apart"]
        );
        t.on(other).expect_error("PUBLISH a b c", "ERR wrong number of arguments for 'publish' command");
    });
}

#[test]
fn nothing_comes_after_the_end_of_a_subscription() {
    both(|t| {
        t.raw("SUBSCRIBE a b");
        let other = t.client();
        t.on(other).expect("PUBLISH a before", "(integer) 1");
        let replies = t.replies(&[b"UNSUBSCRIBE", b"a"]);
        assert!(render(&replies[0]).contains("before"), "what came before is told before");
        assert!(render(&replies[1]).contains("unsubscribe"));
        assert_eq!(replies.len(), 2);
        t.on(other).expect("PUBLISH a after", "(integer) 0");
        assert!(mail(t).is_empty());
        t.on(other).expect("PUBLISH b x", "(integer) 1");
        let replies = t.replies(&[b"RESET"]);
        assert_eq!(replies.len(), 2);
        t.on(other).expect("PUBLISH b x", "(integer) 0");
        t.expect("GET k", "(nil)");
    });
}

#[test]
fn subscribed_in_resp2_few_commands_are_allowed() {
    let mut t = Gate::new();
    t.raw("SUBSCRIBE a");
    for (request, name) in
        [("GET k", "get"), ("PUBLISH a x", "publish"), ("PUBSUB NUMPAT", "pubsub|numpat"), ("HELLO 3", "hello")]
    {
        let text = format!(
            "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
             context"
        );
        t.expect_error(request, &text);
    }
    t.expect_list("PING", &["pong", ""]);
    t.expect_list("PING x", &["pong", "x"]);
    t.expect("QUIT", "OK");
    assert!(t.is_closed());
}

#[test]
fn in_resp3_all_commands_are_allowed_and_own_messages_follow_the_reply() {
    let mut t = Gate::new();
    t.resp3();
    t.raw("SUBSCRIBE a");
    t.expect("SET k v", "OK");
    t.expect("PING", "PONG");
    t.expect_raw("PUBLISH a me", ":1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nme\r\n");
    let other = t.client();
    t.on(other).raw("PUBLISH a old");
    let bytes = t.raw("HELLO 2");
    assert!(bytes.starts_with(b">3") && bytes.windows(5).any(|window| window == b"\r\n*14"));
    t.on(other).raw("PUBLISH a new");
    let mut output = nyala::resp::Output::default();
    t.session().client.take_mail(&mut output);
    assert!(output.as_slice().is_some_and(|bytes| bytes.starts_with(b"*3")));
}

#[test]
fn no_message_comes_between_the_replies_of_a_transaction() {
    both(|t| {
        let other = t.client();
        t.expect("MULTI", "OK");
        for request in ["SUBSCRIBE c", "PUBLISH c own", "UNSUBSCRIBE c", "HELLO 3", "PING"] {
            t.expect(request, "QUEUED");
        }
        t.on(other).raw("SET k v");
        let reply = String::from_utf8(t.raw("EXEC")).expect("replies are text");
        let kind = |kind: &str| reply.matches(kind).count();
        assert_eq!((kind("subscribe\r\n"), kind("+PONG\r\n"), kind("own\r\n")), (2, 1, 0), "{reply}");
        assert_eq!(t.mail().len(), 1, "the message comes behind it");
        t.resp3();

        t.raw("SUBSCRIBE c d");
        t.expect("MULTI", "OK");
        t.expect("UNSUBSCRIBE c", "QUEUED");
        t.expect("PING", "QUEUED");
        t.on(other).run("PUBLISH c late");
        let reply = String::from_utf8(t.raw("EXEC")).expect("replies are text");
        assert!(reply.starts_with("*2\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:1\r\n+PONG\r\n"), "{reply}");
        assert!(reply.ends_with("late\r\n"), "{reply}");
        t.raw("RESET");
        if t.protocol() == 2 {
            t.expect("PING", "PONG");
        }
    });
}

#[test]
fn silence_keeps_replies_back_but_no_messages() {
    both(|t| {
        let kind = if t.protocol() == 3 { '>' } else { '*' };
        t.expect_raw("CLIENT REPLY OFF", "");
        t.expect_raw("SUBSCRIBE a", &format!("{kind}3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"));
        t.expect_raw("PING", "");
        let other = t.client();
        t.on(other).raw("PUBLISH a x");
        assert_eq!(mail(t), ["message a x"]);
        t.expect_raw("UNSUBSCRIBE a", &format!("{kind}3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"));
        t.expect("CLIENT REPLY ON", "OK");
        t.expect_raw("CLIENT REPLY SKIP", "");
        assert!(!t.raw("SUBSCRIBE a").is_empty());
        assert!(!t.raw("PING").is_empty(), "the skipping was for SUBSCRIBE");
    });
}

#[test]
fn pubsub_tells_who_is_there() {
    both(|t| {
        let other = t.client();
        t.on(other).raw("SUBSCRIBE a b");
        t.on(other).raw("PSUBSCRIBE x* y*");
        t.on(other).raw("SSUBSCRIBE s");
        let third = t.client();
        t.on(third).raw("SUBSCRIBE a");
        t.expect_list("PUBSUB CHANNELS a*", &["a"]);
        assert_eq!(render(&t.run("PUBSUB CHANNELS")).lines().count(), 2);
        t.expect("PUBSUB NUMPAT", "(integer) 2");
        t.expect("PUBSUB NUMSUB a b c", "1) \"a\"\n2) (integer) 2\n3) \"b\"\n4) (integer) 1\n5) \"c\"\n6) (integer) 0");
        t.expect_list("PUBSUB SHARDCHANNELS", &["s"]);
        t.expect("PUBSUB SHARDNUMSUB s a", "1) \"s\"\n2) (integer) 1\n3) \"a\"\n4) (integer) 0");
        t.expect_error(
            "PUBSUB CHANNELS a b",
            "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.",
        );
        let info = t.text("INFO stats");
        for line in ["pubsub_channels:2", "pubsub_patterns:2", "pubsubshard_channels:1"] {
            assert!(info.contains(line), "{line}");
        }
        let list = t.text("CLIENT LIST TYPE pubsub");
        assert_eq!(list.lines().count(), 2);
        assert!(list.contains("flags=P") && list.contains("sub=2 psub=2 ssub=1"));
        t.expect("CLIENT KILL TYPE pubsub", "(integer) 2");
        t.expect("PUBSUB NUMPAT", "(integer) 0");
        t.expect("PUBLISH a x", "(integer) 0");
    });
}

#[test]
fn who_does_not_read_is_cut_off() {
    both(|t| {
        t.config("client-output-buffer-limit", "pubsub 20kb 0 0");
        let slow = t.client();
        t.on(slow).raw("SUBSCRIBE a");
        let message = "x".repeat(6000);
        for _ in 0..3 {
            t.expect(&format!("PUBLISH a {message}"), "(integer) 1");
        }
        assert!(!t.on(slow).is_closed());
        t.expect(&format!("PUBLISH a {message}"), "(integer) 1");
        assert!(t.on(slow).is_closed());
    });
}

/// Events of a few commands, as `event key` of each, in the order of their coming.
#[track_caller]
fn events(t: &mut Gate, classes: &str, requests: &[&str]) -> Vec<String> {
    t.config("notify-keyspace-events", classes);
    let watcher = t.client();
    t.on(watcher).raw("PSUBSCRIBE __key*");
    for request in requests {
        let _ = t.raw(request);
    }
    let messages = mail(&mut t.on(watcher));
    let told = messages.iter().map(|message| message.replace("pmessage __key* __key", "")).collect();
    t.on(watcher).raw("RESET");
    told
}

#[test]
fn events_are_told_on_two_channels() {
    both(|t| {
        assert_eq!(
            events(t, "KEA", &["SET k v", "GET none", "SELECT 3", "SET j v EX 10", "DEL j none", "SELECT 0"]),
            [
                "space@0__:k set",
                "event@0__:set k",
                "space@3__:j set",
                "event@3__:set j",
                "space@3__:j expire",
                "event@3__:expire j",
                "space@3__:j del",
                "event@3__:del j",
            ]
        );
        assert_eq!(events(t, "Kg", &["SET k v", "DEL k"]), ["space@0__:k del"]);
        assert_eq!(events(t, "A", &["SET k v", "DEL k"]), [""; 0], "no channel was chosen");
        assert_eq!(events(t, "", &["SET k v", "DEL k"]), [""; 0]);
        assert_eq!(
            events(t, "Enm$", &["GET k", "SET k v", "SET k v"]),
            ["event@0__:keymiss k", "event@0__:new k", "event@0__:set k", "event@0__:set k",]
        );
    });
}

#[test]
fn expired_keys_are_told_by_whoever_finds_them() {
    both(|t| {
        t.config("notify-keyspace-events", "Exm");
        let watcher = t.client();
        t.on(watcher).raw("SUBSCRIBE __keyevent@0__:expired __keyevent@0__:keymiss");
        t.expect("SET k v PX 10", "OK");
        t.expect("SET j v PX 10", "OK");
        t.advance_ms(20);
        t.expect("GET k", "(nil)");
        assert_eq!(mail(&mut t.on(watcher)), ["message __keyevent@0__:expired k", "message __keyevent@0__:keymiss k"]);
        assert_eq!(t.expire_cycle(), 1);
        assert_eq!(mail(&mut t.on(watcher)), ["message __keyevent@0__:expired j"]);
    });
}

/// The events of one request.
#[track_caller]
fn told(t: &mut Gate, request: &str) -> String {
    let all: Vec<String> = events(t, "EAoc", &[request]);
    all.iter().map(|event| event.replace("event@0__:", "")).collect::<Vec<_>>().join(", ")
}

#[test]
fn values_that_take_the_place_of_others_are_told() {
    both(|t| {
        t.run("RPUSH l 1 2");
        t.run("SADD s 1");
        assert_eq!(told(t, "SET k v"), "set k");
        assert_eq!(told(t, "SET k w"), "overwritten k, set k");
        assert_eq!(told(t, "MSET k w"), "overwritten k, set k");
        assert_eq!(told(t, "GETSET k w"), "overwritten k, set k");
        assert_eq!(told(t, "SET l v KEEPTTL EX 10"), "");
        assert_eq!(told(t, "SET l v EX 100"), "overwritten l, type_changed l, set l, expire l");
        assert_eq!(told(t, "SUNIONSTORE l s"), "overwritten l, type_changed l, sunionstore l");
        assert_eq!(told(t, "SUNIONSTORE l s"), "overwritten l, sunionstore l");
        assert_eq!(told(t, "SORT s STORE l"), "overwritten l, type_changed l, sortstore l");
        assert_eq!(told(t, "ZUNIONSTORE l 1 s"), "overwritten l, type_changed l, zunionstore l");
        assert_eq!(told(t, "BITOP NOT l k"), "overwritten l, type_changed l, set l");
        assert_eq!(told(t, "COPY s l REPLACE"), "copy_to l, overwritten l, type_changed l");
        assert_eq!(told(t, "RENAME l k"), "rename_from l, rename_to k, overwritten k, type_changed k");
        assert_eq!(told(t, "RENAME k fresh"), "rename_from k, rename_to fresh");
        t.run("RPUSH list 1");
        let payload = t.run("DUMP fresh");
        let Value::Bulk(payload) = payload else { panic!("DUMP answers bytes") };
        t.config("notify-keyspace-events", "EAnoc");
        let watcher = t.client();
        t.on(watcher).raw("PSUBSCRIBE __keyevent*");
        t.run_args(&[b"RESTORE", b"list", b"0", &payload, b"REPLACE"]);
        let restored: Vec<String> = mail(&mut t.on(watcher));
        let names = restored.iter().filter_map(|line| line.split("__:").nth(1)).collect::<Vec<_>>();
        assert_eq!(names, ["new list", "restore list", "overwritten list", "type_changed list"]);
        t.on(watcher).raw("RESET");
        for (request, events) in [("APPEND a 1", "append a"), ("APPEND a 1", "append a"), ("INCR a", "incrby a")] {
            assert_eq!(told(t, request), events);
        }
        assert_eq!(told(t, "SADD s 2"), "sadd s");
        assert_eq!(told(t, "SUNIONSTORE s none"), "del s");
    });
}
