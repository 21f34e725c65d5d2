//! CLIENT TRACKING and its kin: who is told what of keys that change. Replies and messages are those of redis-server 7.0.15.

use nyala::resp::decode::Value;

use crate::harness::{ClientId, Gate};
use crate::render::render;

/// A client that speaks RESP3 and tracks with these options, and another one, which is the one that requests go to.
fn tracker(options: &str) -> (Gate, ClientId) {
    let mut t = Gate::new();
    let reader = t.client();
    t.on(reader).resp3();
    t.on(reader).expect(&format!("CLIENT TRACKING ON {options}"), "OK");
    (t, reader)
}

/// What has come for a client since the last call: the keys of each message, `*` for all.
#[track_caller]
fn told(t: &mut Gate, client: ClientId) -> Vec<String> {
    let messages = t.on(client).mail();
    messages.iter().map(keys).collect()
}

#[track_caller]
fn keys(message: &Value) -> String {
    let (Value::Push(words) | Value::Array(words)) = message else { panic!("no message: {message:?}") };
    let word = |value: &Value| match value {
        Value::Bulk(text) => String::from_utf8(text.clone()).expect("words are text"),
        other => render(other),
    };
    match words.last().expect("a message has words") {
        Value::Array(keys) => keys.iter().map(word).collect::<Vec<_>>().join(" "),
        Value::Null => "*".into(),
        _ => words.iter().map(word).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn a_reader_is_told_once_of_each_key_it_has_read() {
    let (mut t, reader) = tracker("");
    t.on(reader).run("MGET k l k");
    t.run("MSET l 1 other 2 k 3");
    assert_eq!(told(&mut t, reader), ["l", "k"]);
    t.run("SET k 4");
    assert!(told(&mut t, reader).is_empty(), "it has not read the key again");
    t.on(reader).run("GET k");
    t.run("DEL k");
    assert_eq!(told(&mut t, reader), ["k"]);
    t.expect("GET k", "(nil)");
    t.run("SET k 1");
    assert!(told(&mut t, reader).is_empty(), "the read of another client");
}

#[test]
fn reads_that_find_nothing_or_fail_are_remembered_and_writes_are_not() {
    let (mut t, reader) = tracker("");
    for (read, write) in [
        ("EXISTS k", "SET k 1"),
        ("LLEN k", "SET k 2"),
        ("TTL k", "EXPIRE k 100"),
        ("OBJECT ENCODING k", "PERSIST k"),
        ("STRLEN k", "RENAME k k2"),
        ("TYPE k", "RENAME k2 k"),
        ("SORT_RO k", "DEL k"),
        ("XRANGE k - +", "XADD k 1-1 f v"),
        ("XLEN k", "XDEL k 1-1"),
    ] {
        t.on(reader).run(read);
        t.run(write);
        assert_eq!(told(&mut t, reader), ["k"], "{read}, {write}");
    }
    t.on(reader).run("GETDEL k");
    t.on(reader).run("SET k 1");
    t.run("SET k 2");
    assert!(told(&mut t, reader).is_empty());
    // Groups are in no copy.
    t.run("DEL k");
    t.run("XADD k 1-1 f v");
    t.on(reader).run("XRANGE k - +");
    for write in ["XGROUP CREATE k g 0", "XREADGROUP GROUP g c STREAMS k >", "XACK k g 1-1", "XGROUP SETID k g 0"] {
        t.run(write);
    }
    assert!(told(&mut t, reader).is_empty());
    t.run("XTRIM k MAXLEN 0");
    assert_eq!(told(&mut t, reader), ["k"]);
}

#[test]
fn what_a_client_changes_itself_it_is_told_behind_the_reply() {
    let mut t = Gate::new();
    t.resp3();
    t.expect("CLIENT TRACKING ON", "OK");
    t.run("GET k");
    t.expect_raw("SET k 1", "+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    t.run("GET k");
    t.expect_raw("FLUSHALL", "+OK\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n");
    t.expect("CLIENT TRACKING ON NOLOOP", "OK");
    t.run("GET k");
    t.expect_raw("SET k 1", "+OK\r\n");
    let other = t.client();
    t.on(other).run("SET k 2");
    t.run("GET k");
    t.on(other).run("SET k 3");
    // What others have changed before comes before the reply.
    t.expect_raw("PING", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+PONG\r\n");
    t.run("GET k");
    t.on(other).run("SET k 3");
    t.expect_raw(
        "GET",
        &format!(
            ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n-{}\r\n",
            "ERR wrong number of arguments for 'get' command"
        ),
    );
}

#[test]
fn messages_come_though_replies_are_off() {
    let (mut t, reader) = tracker("");
    t.on(reader).run("GET k");
    assert!(t.on(reader).raw("CLIENT REPLY OFF").is_empty());
    t.run("SET k 1");
    assert_eq!(told(&mut t, reader), ["k"]);
}

#[test]
fn expiry_and_flushing_and_other_databases_count() {
    let (mut t, reader) = tracker("NOLOOP");
    t.run("SET k 1 PX 100");
    t.on(reader).run("GET k");
    t.advance_ms(200);
    assert_eq!(t.expire_cycle(), 1);
    assert_eq!(told(&mut t, reader), ["k"]);
    t.run("SET k 1 PX 100");
    t.on(reader).run("GET k");
    t.advance_ms(200);
    t.run("GET k");
    assert_eq!(told(&mut t, reader), ["k"]);
    t.on(reader).run("GET k");
    t.run("SELECT 3");
    t.run("SET k 1");
    assert_eq!(told(&mut t, reader), ["k"]);
    t.on(reader).run("GET k");
    t.run("FLUSHDB");
    assert_eq!(told(&mut t, reader), ["*"]);
}

#[test]
fn optin_and_optout_speak_of_one_command() {
    let (mut t, reader) = tracker("OPTIN");
    let is_told = |t: &mut Gate, requests: &[&str]| {
        for request in requests {
            t.on(reader).run(request);
        }
        t.run("SET k 1");
        !told(t, reader).is_empty()
    };
    assert!(!is_told(&mut t, &["GET k"]));
    assert!(is_told(&mut t, &["CLIENT CACHING YES", "GET k"]));
    assert!(is_told(&mut t, &["CLIENT CACHING YES", "CLIENT ID", "GET k"]));
    assert!(!is_told(&mut t, &["CLIENT CACHING YES", "PING", "GET k"]));
    assert!(!is_told(&mut t, &["CLIENT CACHING YES", "NOSUCH", "GET k"]));
    assert!(!is_told(&mut t, &["CLIENT CACHING YES", "GET", "GET k"]));
    assert!(is_told(&mut t, &["CLIENT TRACKING OFF", "CLIENT TRACKING ON OPTOUT", "GET k"]));
    assert!(!is_told(&mut t, &["CLIENT CACHING NO", "GET k"]));
    assert!(is_told(&mut t, &["CLIENT CACHING NO", "GET x", "GET k"]));
}

#[test]
fn transactions_are_one_command() {
    let (mut t, reader) = tracker("OPTIN");
    for request in ["CLIENT CACHING YES", "MULTI", "GET k", "SET own 1", "GET own", "MGET l k"] {
        t.on(reader).run(request);
    }
    assert!(told(&mut t, reader).is_empty());
    t.on(reader).run("EXEC");
    t.run("MSET k 1 l 2 own 3");
    assert_eq!(told(&mut t, reader), ["k", "l", "own"]);
    t.on(reader).run("GET k");
    t.run("SET k 1");
    assert!(told(&mut t, reader).is_empty(), "the exception ends with the transaction");

    let (mut t, reader) = tracker("");
    for request in ["MULTI", "GET a", "SET a 1", "SET b 1"] {
        t.on(reader).run(request);
    }
    t.on(reader).expect_raw("EXEC", "*3\r\n_\r\n+OK\r\n+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n");
    t.on(reader).run("GET a");
    for request in ["MULTI", "FLUSHDB", "PING"] {
        t.on(reader).run(request);
    }
    t.on(reader).expect_raw("EXEC", "*2\r\n+OK\r\n+PONG\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n");
    t.on(reader).run("CLIENT TRACKING OFF");
    t.on(reader).run("CLIENT TRACKING ON BCAST PREFIX a");
    for request in ["MULTI", "SET ab 1", "SET k 1", "SET aa 1", "DEL ab"] {
        t.run(request);
    }
    t.run("EXEC");
    assert_eq!(told(&mut t, reader), ["aa ab"]);
}

#[test]
fn scripts_read_what_they_declare_and_what_they_ask_for() {
    let (mut t, reader) = tracker("");
    let mut told_after = |script: &str| {
        let (script, keys): (&[u8], [&[u8]; 2]) = (script.as_bytes(), [b"a", b"b"]);
        t.on(reader).raw_args(&[b"EVAL", script, b"2", keys[0], keys[1]]);
        t.run("MSET a 1 b 1 c 1");
        told(&mut t, reader)
    };
    assert!(told_after("return 1").is_empty());
    assert!(told_after("return redis.call('set', 'a', 1)").is_empty());
    assert_eq!(told_after("return redis.call('get', 'a')"), ["a", "b"]);
    assert_eq!(told_after("redis.call('get', 'a'); return redis.call('ping')"), ["a", "b"]);
    // Redis 7.0 remembers what is declared, Redis 7.2 what is read.
    assert_eq!(told_after("return redis.call('get', 'c')"), ["a", "b", "c"]);
    assert!(told_after("return 1").is_empty(), "one script is not the other");
}

#[test]
fn broadcasts_tell_of_all_keys_with_a_prefix() {
    let (mut t, all) = tracker("BCAST");
    let some = t.client();
    t.on(some).resp3();
    t.on(some).expect("CLIENT TRACKING ON BCAST NOLOOP PREFIX a PREFIX b", "OK");
    t.run("MSET k 1 b 2 ab 3 aa 4 b 5");
    assert_eq!(told(&mut t, all), ["aa ab b k"]);
    assert_eq!(told(&mut t, some), ["aa ab", "b"]);
    t.on(some).run("MSET k 1 b 2");
    assert_eq!((told(&mut t, all), told(&mut t, some)), (vec!["b k".into()], vec![]));
    t.on(some).run("SET a 1 PX 10");
    t.advance_ms(20);
    t.on(some).expect_raw("GET a", "_\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n");
    assert_eq!(told(&mut t, all), ["a", "a"]);
    t.run("FLUSHALL");
    assert_eq!((told(&mut t, all), told(&mut t, some)), (vec!["*".into()], vec!["*".into()]));
    t.on(some).expect("CLIENT TRACKING OFF", "OK");
    t.on(all).expect("RESET", "RESET");
    assert_eq!(t.run("SET a 1"), Value::Simple("OK".into()));
    assert!(told(&mut t, some).is_empty());
    assert!(t.text("INFO stats").contains("tracking_total_prefixes:0\r\n"));
}

#[test]
fn another_client_is_told_in_its_own_protocol() {
    let mut t = Gate::new();
    let (reader, target) = (t.client(), t.client());
    let id = t.on(target).integer("CLIENT ID");
    t.on(reader).expect(&format!("CLIENT TRACKING ON REDIRECT {id}"), "OK");
    t.on(reader).expect("CLIENT GETREDIR", &format!("(integer) {id}"));
    t.on(reader).run("GET k");
    t.run("SET k 1");
    assert!(t.on(target).mail().is_empty(), "RESP2, and subscribed to nothing");
    t.on(target).raw("SUBSCRIBE __redis__:invalidate");
    t.on(reader).run("GET k");
    t.run("SET k 1");
    t.run("FLUSHALL");
    let bulk = |text: &str| Value::Bulk(text.into());
    let message = |what| Value::Array(vec![bulk("message"), bulk("__redis__:invalidate"), what]);
    assert_eq!(t.on(target).mail(), [message(Value::Array(vec![bulk("k")])), message(Value::NullBulk)]);
    t.on(target).raw("UNSUBSCRIBE");
    t.on(target).resp3();
    t.on(reader).run("GET k");
    t.run("SET k 1");
    assert_eq!(told(&mut t, target), ["k"]);

    // Once it has gone, the tracking client is told so where it can be.
    t.on(target).reconnect();
    t.on(reader).run("GET k");
    t.run("SET k 1");
    assert!(t.on(reader).mail().is_empty());
    t.on(reader).resp3();
    assert!(t.on(reader).text("CLIENT INFO").contains(" flags=tR "));
    t.on(reader).run("GET k");
    t.run("SET k 1");
    let broken = Value::Push(vec![bulk("tracking-redir-broken"), Value::Integer(id)]);
    assert_eq!(t.on(reader).mail(), [broken]);
    assert!(t.on(reader).text("CLIENT INFO").contains(&format!(" redir={id} ")));
}

#[test]
fn resp2_alone_is_told_nothing() {
    let mut t = Gate::new();
    let reader = t.client();
    t.on(reader).expect("CLIENT TRACKING ON", "OK");
    t.on(reader).run("GET k");
    t.run("SET k 1");
    t.run("FLUSHALL");
    t.on(reader).expect_raw("PING", "+PONG\r\n");
}

#[test]
fn the_table_is_limited() {
    let (mut t, reader) = tracker("");
    t.on(reader).run("MGET 1 2 3 4 5 6 7 8 9 10");
    assert!(t.text("INFO stats").contains("tracking_total_keys:10\r\ntracking_total_items:10\r\n"));
    t.config("tracking-table-max-keys", "3");
    t.on(reader).raw("PING");
    assert!(t.text("INFO stats").contains("tracking_total_keys:3\r\ntracking_total_items:3\r\n"));
    t.config("tracking-table-max-keys", "0");
    t.on(reader).run("MGET 1 2 3 4 5 6 7 8 9 10");
    assert!(t.text("INFO stats").contains("tracking_total_keys:10\r\n"));
    t.run("FLUSHALL");
    assert!(t.text("INFO stats").contains("tracking_total_keys:0\r\ntracking_total_items:0\r\n"));
    // What is remembered for nobody is forgotten as time goes by.
    t.on(reader).raw("MGET 1 2 3");
    t.slow_tick();
    assert!(t.text("INFO stats").contains("tracking_total_keys:3\r\ntracking_total_items:3\r\n"));
    t.on(reader).expect("CLIENT TRACKING OFF", "OK");
    t.on(reader).expect("CLIENT TRACKING ON BCAST", "OK");
    t.slow_tick();
    assert!(t.text("INFO stats").contains("tracking_total_keys:0\r\ntracking_total_items:0\r\n"));
}

#[test]
fn a_served_client_is_told_behind_its_reply() {
    let (mut t, reader) = tracker("");
    t.run("RPUSH to x");
    t.on(reader).run("LRANGE to 0 -1");
    t.on(reader).blocks("BLMOVE from to LEFT LEFT 0");
    t.run("RPUSH from y");
    t.on(reader).expect_served("\"y\"");
    assert_eq!(told(&mut t, reader), ["to"]);
}

#[test]
fn facts_about_tracking() {
    let mut t = Gate::new();
    t.resp3();
    let info = |t: &mut Gate| render(&t.run("CLIENT TRACKINGINFO"));
    let off = info(&mut t);
    t.expect("CLIENT GETREDIR", "(integer) -1");
    t.expect("CLIENT TRACKING ON OPTIN NOLOOP", "OK");
    t.expect("CLIENT CACHING YES", "OK");
    let on = info(&mut t);
    for word in ["on", "optin", "caching-yes", "noloop"] {
        assert!(on.contains(&format!("\"{word}\"")), "{on}");
    }
    t.expect("CLIENT GETREDIR", "(integer) 0");
    assert!(t.text("CLIENT INFO").contains(" flags=t "));
    assert!(t.text("INFO clients").contains("tracking_clients:1\r\n"));
    t.expect("CLIENT TRACKING OFF", "OK");
    assert_eq!(info(&mut t), off);
    t.expect("CLIENT TRACKING ON BCAST PREFIX b PREFIX a", "OK");
    assert!(info(&mut t).contains("\"prefixes\" => 1) \"a\""), "{}", info(&mut t));
    assert!(t.text("CLIENT INFO").contains(" flags=tB "));
    t.expect("RESET", "RESET");
    t.resp3();
    assert_eq!(info(&mut t), off);
}

#[test]
fn options_must_fit() {
    let mut t = Gate::new();
    let switched = "before disabling tracking for this client, and then re-enabling it with a different mode.";
    let overlap = "Prefixes for a single client must not overlap.";
    for (request, error) in [
        ("ON REDIRECT", "syntax error"),
        ("ON PREFIX", "syntax error"),
        ("MAYBE", "syntax error"),
        ("OFF FOO", "syntax error"),
        ("ON REDIRECT x", "value is not an integer or out of range"),
        ("ON REDIRECT 0", "The client ID you want redirect to does not exist"),
        ("ON REDIRECT 1 REDIRECT 1", "A client can only redirect to a single other client"),
        ("ON PREFIX x", "PREFIX option requires BCAST mode to be enabled"),
        ("ON OPTIN OPTOUT", "You can't specify both OPTIN mode and OPTOUT mode"),
        ("ON BCAST OPTIN", "OPTIN and OPTOUT are not compatible with BCAST"),
        (
            "ON BCAST PREFIX FOOBAR PREFIX FOO",
            &format!("Prefix 'FOOBAR' overlaps with another provided prefix 'FOO'. {overlap}"),
        ),
    ] {
        t.expect_error(&format!("CLIENT TRACKING {request}"), &format!("ERR {error}"));
    }
    t.expect("CLIENT TRACKING ON BCAST PREFIX FOO", "OK");
    t.expect_error(
        "CLIENT TRACKING ON BCAST PREFIX FO",
        &format!("ERR Prefix 'FO' overlaps with an existing prefix 'FOO'. {overlap}"),
    );
    t.expect("CLIENT TRACKING ON BCAST PREFIX BAR", "OK");
    t.expect_error("CLIENT TRACKING ON", &format!("ERR You can't switch BCAST mode on/off {switched}"));
    t.expect("CLIENT TRACKING OFF", "OK");
    t.expect_error(
        "CLIENT CACHING YES",
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    );
    t.expect("CLIENT TRACKING ON OPTIN", "OK");
    t.expect_error("CLIENT TRACKING ON OPTOUT", &format!("ERR You can't switch OPTIN/OPTOUT mode {switched}"));
    t.expect_error("CLIENT CACHING NO", "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    t.expect_error("CLIENT CACHING MAYBE", "ERR syntax error");
    t.expect("CLIENT TRACKING ON", "OK");
    t.expect_error(
        "CLIENT CACHING YES",
        "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
    );
}
