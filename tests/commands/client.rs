//! CLIENT. Texts and the meaning of filters are those of redis-server 7.0.15; of the filters that it does not know, those
//! of Valkey 9.1.

use std::sync::atomic::Ordering::Relaxed;

use nyala::client::{SessionFlags, signal};
use nyala::dispatch::{Wait, cron};

use crate::harness::{Answer, ClientId, Gate, both};

fn fields(line: &str) -> Vec<(&str, &str)> {
    line.trim_end().split(' ').map(|field| field.split_once('=').expect("fields have a value")).collect()
}

/// Ids in the lines of CLIENT LIST, in their order.
#[track_caller]
fn ids(t: &mut Gate, request: &str) -> Vec<u64> {
    t.text(request).lines().map(|line| fields(line)[0].1.parse().expect("an id")).collect()
}

/// A second client, called `other`.
fn other(t: &mut Gate) -> ClientId {
    let other = t.client();
    t.on(other).expect("CLIENT SETNAME other", "OK");
    other
}

fn is_killed(t: &mut Gate, client: ClientId) -> bool {
    t.on(client).session().client.signals() & signal::KILL != 0
}

#[test]
fn a_client_has_an_id() {
    both(|t| {
        t.expect("CLIENT ID", "(integer) 1");
        let other = t.client();
        t.on(other).expect("CLIENT ID", "(integer) 2");
        t.expect_error("CLIENT ID x", "ERR wrong number of arguments for 'client|id' command");
        t.expect_error("CLIENT", "ERR wrong number of arguments for 'client' command");
        t.expect_error("CLIENT foo", "ERR unknown subcommand 'foo'. Try CLIENT HELP.");
    });
}

#[test]
fn a_client_can_have_a_name() {
    both(|t| {
        t.expect("CLIENT GETNAME", "(nil)");
        t.expect("CLIENT SETNAME me", "OK");
        t.expect("CLIENT GETNAME", "\"me\"");
        for name in ["a b", "a\\n", "\\x80", "\\x7f"] {
            t.expect_error(
                &format!("CLIENT SETNAME \"{name}\""),
                "ERR Client names cannot contain spaces, newlines or special characters.",
            );
        }
        t.expect("CLIENT GETNAME", "\"me\"");
        t.expect("CLIENT SETNAME \"\"", "OK");
        t.expect("CLIENT GETNAME", "(nil)");
    });
}

#[test]
fn a_client_can_tell_its_library() {
    both(|t| {
        t.expect("CLIENT SETINFO lib-NAME lib(x)", "OK");
        t.expect("CLIENT SETINFO LIB-VER 1.2", "OK");
        assert!(t.text("CLIENT INFO").contains(" lib-name=lib(x) lib-ver=1.2 "));
        t.expect("CLIENT SETINFO LIB-VER \"\"", "OK");
        assert!(t.text("CLIENT INFO").contains(" lib-ver= "));
        t.expect_error(
            "CLIENT SETINFO Lib-Ver \"a b\"",
            "ERR Lib-Ver cannot contain spaces, newlines or special characters.",
        );
        t.expect_error("CLIENT SETINFO foo x", "ERR Unrecognized option 'foo'");
        t.expect_error("CLIENT SETINFO lib-name", "ERR wrong number of arguments for 'client|setinfo' command");
    });
}

#[test]
fn switches_are_on_or_off() {
    both(|t| {
        let flags = |t: &mut Gate| {
            let line = t.text("CLIENT INFO");
            fields(&line).iter().find(|field| field.0 == "flags").unwrap().1.to_owned()
        };
        t.expect("CLIENT NO-EVICT on", "OK");
        t.expect("CLIENT NO-TOUCH ON", "OK");
        assert_eq!(flags(t), "eT");
        t.expect("CLIENT NO-EVICT OFF", "OK");
        assert_eq!(flags(t), "T");
        t.expect("CLIENT NO-TOUCH off", "OK");
        assert_eq!(flags(t), "N");
        t.expect_error("CLIENT NO-TOUCH x", "ERR syntax error");
        t.expect_error("CLIENT NO-EVICT", "ERR wrong number of arguments for 'client|no-evict' command");
        t.expect("CLIENT CAPA what REDIRECT", "OK");
        assert!(t.text("CLIENT INFO").contains(" capa=r "));
        t.expect("CLIENT IMPORT-SOURCE OFF", "OK");
        t.expect_error("CLIENT IMPORT-SOURCE ON", "ERR Server is not in import mode");
    });
}

#[test]
fn a_client_that_does_not_touch_leaves_idle_times_alone() {
    both(|t| {
        t.run("SET k v");
        t.run("CLIENT NO-TOUCH ON");
        t.advance_ms(10_000);
        t.run("GET k");
        t.expect("OBJECT IDLETIME k", "(integer) 10");
        t.run("TOUCH k");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        t.advance_ms(10_000);
        t.run("CLIENT NO-TOUCH OFF");
        t.run("GET k");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
    });
}

#[test]
fn info_is_one_line_that_begins_as_in_redis_7() {
    both(|t| {
        t.run("SELECT 3");
        t.advance_ms(12_500);
        let line = t.text("CLIENT INFO");
        let proto = t.protocol();
        assert!(line.ends_with('\n') && line.lines().count() == 1);
        let names: Vec<&str> = fields(&line).iter().map(|field| field.0).collect();
        let expected = "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs \
                        rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver io-thread watch capa \
                        tot-net-in tot-net-out tot-cmds";
        assert_eq!(names.join(" "), expected);
        for (name, value) in fields(&line) {
            let wanted = match name {
                "id" => "1",
                "age" => "12",
                "db" => "3",
                "flags" => "N",
                "qbuf" => "26",
                "argv-mem" => "10",
                "multi" | "redir" => "-1",
                "events" => "r",
                "cmd" => "client|info",
                "user" => "default",
                "tot-cmds" => "1",
                "multi-mem" | "obl" | "oll" | "omem" | "sub" | "psub" | "ssub" | "watch" => "0",
                "resp" if proto == 3 => "3",
                "resp" => "2",
                _ => continue,
            };
            assert_eq!((name, value), (name, wanted));
        }
    });
}

#[test]
fn list_shows_all_clients() {
    both(|t| {
        let other = other(t);
        let third = t.client();
        assert_eq!(ids(t, "CLIENT LIST"), [1, 2, 3]);
        let text = t.text("CLIENT LIST");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains(" cmd=client|list "));
        assert!(lines[1].contains(" name=other ") && lines[1].contains(" cmd=client|setname "));
        assert!(lines[1].contains(" qbuf=0 ") && lines[1].contains(" argv-mem=0 "));
        assert!(lines[2].contains(" cmd=NULL "));
        t.on(other).session().client.facts.output_pending.store(20_000, Relaxed);
        let line = t.text("CLIENT LIST ID 2");
        assert!(line.contains(" obl=16384 oll=1 omem=3616 ") && line.contains(" events=rw "), "{line}");
        t.on(third).expect("MONITOR", "OK");
        assert!(t.text("CLIENT LIST ID 3").contains(" flags=O "));
    });
}

#[test]
fn list_of_ids_keeps_their_order() {
    let mut t = Gate::new();
    other(&mut t);
    assert_eq!(ids(&mut t, "CLIENT LIST ID 2 1 99 2"), [2, 1, 2]);
    assert!(ids(&mut t, "CLIENT LIST ID 0 -1 99").is_empty());
    for (request, text) in [
        ("CLIENT LIST ID", "ERR syntax error"),
        ("CLIENT LIST ID x", "ERR Invalid client ID"),
        ("CLIENT LIST ID 1 foo", "ERR Invalid client ID"),
        ("CLIENT LIST foo", "ERR syntax error"),
        ("CLIENT LIST TYPE", "ERR syntax error"),
        ("CLIENT LIST TYPE foo", "ERR Unknown client type 'foo'"),
        ("CLIENT LIST TYPE normal foo", "ERR syntax error"),
    ] {
        t.expect_error(request, text);
    }
}

#[test]
fn filters_select_clients() {
    let mut t = Gate::new();
    let other = other(&mut t);
    let third = t.client();
    t.on(other).expect("SELECT 2", "OK");
    t.on(other).expect("CLIENT SETINFO LIB-NAME lib", "OK");
    t.on(other).expect("CLIENT SETINFO LIB-VER 7", "OK");
    t.on(other).expect("CLIENT CAPA REDIRECT", "OK");
    t.on(third).expect("CLIENT NO-TOUCH ON", "OK");
    t.on(third).session().client.facts.sub.store(1, Relaxed);
    for (filter, expected) in [
        ("TYPE normal", &[1, 2][..]),
        ("TYPE PUBSUB", &[3]),
        ("TYPE master", &[]),
        ("TYPE primary", &[]),
        ("TYPE slave", &[]),
        ("TYPE replica", &[]),
        ("NOT-TYPE pubsub", &[1, 2]),
        ("USER default", &[1, 2, 3]),
        ("NOT-USER default", &[]),
        ("ADDR ?:0", &[1, 2, 3]),
        ("ADDR x", &[]),
        ("NOT-ADDR x", &[1, 2, 3]),
        ("LADDR ?:0", &[1, 2, 3]),
        ("NOT-LADDR ?:0", &[]),
        ("IP 127.0.0.1", &[]),
        ("NOT-IP 127.0.0.1", &[1, 2, 3]),
        ("NAME other", &[2]),
        ("NAME \"\"", &[]),
        ("NOT-NAME other", &[1, 3]),
        ("NOT-NAME \"\"", &[1, 2, 3]),
        ("LIB-NAME lib", &[2]),
        ("NOT-LIB-NAME lib", &[1, 3]),
        ("LIB-VER 7", &[2]),
        ("NOT-LIB-VER 7", &[1, 3]),
        ("FLAGS N", &[1, 2]),
        ("FLAGS TP", &[3]),
        ("FLAGS NT", &[]),
        ("FLAGS \"\"", &[1, 2, 3]),
        ("NOT-FLAGS N", &[3]),
        ("CAPA r", &[2]),
        ("NOT-CAPA r", &[1, 3]),
        ("DB 2", &[2]),
        ("NOT-DB 2", &[1, 3]),
        ("NOT-ID 1", &[2, 3]),
        ("NOT-ID 1 3 9", &[2]),
        ("ID 1 2 NOT-ID 2", &[1]),
        ("ID 1 2 DB 2", &[2]),
        ("DB 2 ID 1 2", &[2]),
        ("ID 1 ID 2", &[2]),
        ("SKIPME yes", &[2, 3]),
        ("SKIPME no", &[1, 2, 3]),
        ("ID 3 2 1 SKIPME yes", &[2, 3]),
        ("NAME x NAME other", &[2]),
    ] {
        assert_eq!(ids(&mut t, &format!("CLIENT LIST {filter}")), expected, "{filter}");
    }
}

#[test]
fn filters_by_time() {
    let mut t = Gate::new();
    t.advance_ms(5000);
    t.client();
    t.advance_ms(5000);
    for (filter, expected) in
        [("MAXAGE 11", &[][..]), ("MAXAGE 10", &[1]), ("MAXAGE 5", &[1, 2]), ("IDLE 6", &[1]), ("IDLE 5", &[1, 2])]
    {
        assert_eq!(ids(&mut t, &format!("CLIENT LIST {filter}")), expected, "{filter}");
    }
}

#[test]
fn unfit_filters_are_refused() {
    both(|t| {
        for (filter, text) in [
            ("ID x", "ERR client-id should be greater than 0"),
            ("ID 0", "ERR client-id should be greater than 0"),
            ("ID 5 -1", "ERR client-id should be greater than 0"),
            ("NOT-ID 0", "ERR client-id should be greater than 0"),
            ("ID 5 foo", "ERR syntax error"),
            ("ID 5 SKIPME", "ERR syntax error"),
            ("ID 5 SKIPME maybe", "ERR syntax error"),
            ("SKIPME yes_or_no", "ERR syntax error"),
            ("TYPE wrong_type", "ERR Unknown client type 'wrong_type'"),
            ("NOT-TYPE foo", "ERR Unknown client type 'foo'"),
            ("USER foo", "ERR No such user 'foo'"),
            ("MAXAGE x", "ERR maxage is not an integer or out of range"),
            ("MAXAGE 0", "ERR maxage should be greater than 0"),
            ("IDLE x", "ERR idle is not an integer or out of range"),
            ("IDLE -1", "ERR idle should be greater than 0"),
            ("DB x", "ERR DB is not an integer or out of range"),
            ("DB 16", "ERR DB number should be between 0 and 15"),
            ("DB -1", "ERR DB number should be between 0 and 15"),
            ("FLAGS NZ", "ERR Unknown flags found in the provided filter: NZ"),
            ("CAPA rx", "ERR Unknown capa found in the provided filter: rx"),
            ("NOT-SKIPME yes", "ERR syntax error"),
            ("NOT-MAXAGE 1", "ERR syntax error"),
            ("NOT-IDLE 1", "ERR syntax error"),
        ] {
            t.expect_error(&format!("CLIENT KILL {filter}"), text);
        }
        t.expect_error("CLIENT KILL", "ERR wrong number of arguments for 'client|kill' command");
        t.expect_error("CLIENT KILL x", "ERR No such client");
    });
}

#[test]
fn kill_ends_others_and_counts_them() {
    both(|t| {
        let first = other(t);
        let second = other(t);
        t.expect("CLIENT KILL ID 2 NAME nobody", "(integer) 0");
        assert!(!is_killed(t, first));
        t.expect("CLIENT KILL ID 2", "(integer) 1");
        assert!(is_killed(t, first) && !is_killed(t, second));
        assert_eq!(ids(t, "CLIENT LIST"), [1, 3]);
        t.expect("CLIENT KILL ID 2", "(integer) 0");
        t.expect("CLIENT KILL ID 1 3", "(integer) 1");
        assert!(is_killed(t, second));
        assert!(!t.is_closed());
        t.expect("CLIENT KILL TYPE normal", "(integer) 0");
    });
}

#[test]
fn kill_of_oneself_answers_first() {
    both(|t| {
        t.expect("CLIENT KILL ID 1", "(integer) 0");
        let other = other(t);
        t.expect("CLIENT KILL SKIPME no", "(integer) 2");
        assert!(is_killed(t, other) && t.is_closed());
    });
    both(|t| {
        t.expect("CLIENT KILL ?:0", "OK");
        assert!(t.is_closed());
    });
}

#[test]
fn unblock_wakes_clients_in_blocking_commands_only() {
    both(|t| {
        let other = other(t);
        t.expect("CLIENT UNBLOCK 2", "(integer) 0");
        t.expect("CLIENT UNBLOCK 99", "(integer) 0");
        t.expect("CLIENT UNBLOCK -1", "(integer) 0");
        let client = t.on(other).session().client.clone();
        client.blocked.store(true, Relaxed);
        assert!(t.text("CLIENT LIST ID 2").contains(" flags=b "));
        t.expect("CLIENT UNBLOCK 2 error", "(integer) 1");
        assert_eq!(client.take_signals(u32::MAX), signal::UNBLOCK_ERROR);
        t.expect("CLIENT UNBLOCK 2", "(integer) 0");
        client.blocked.store(true, Relaxed);
        t.expect("CLIENT UNBLOCK 2 TIMEOUT", "(integer) 1");
        assert_eq!(client.take_signals(u32::MAX), signal::UNBLOCK_TIMEOUT);
        t.expect_error("CLIENT UNBLOCK x", "ERR value is not an integer or out of range");
        t.expect_error("CLIENT UNBLOCK x foo", "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        t.expect_error(
            "CLIENT unBlock 1 error x",
            "ERR unknown subcommand or wrong number of arguments for 'unBlock'. Try CLIENT HELP.",
        );
    });
}

fn waits(t: &mut Gate, args: &[&str]) -> bool {
    let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    t.submit(&args) == Answer::Waits(Wait::Paused)
}

#[test]
fn a_pause_of_writes_lets_reads_through() {
    both(|t| {
        t.run("SET k v");
        t.expect("CLIENT PAUSE 1000 write", "OK");
        assert!(waits(t, &["SET", "k", "w"]));
        t.expect("GET k", "\"v\"");
        t.expect_error("SET k", "ERR wrong number of arguments for 'set' command");
        t.expect("CLIENT UNPAUSE", "OK");
        t.expect("SET k w", "OK");
    });
}

#[test]
fn a_pause_of_all_holds_everybody_up_but_monitors() {
    both(|t| {
        let monitor = t.client();
        t.on(monitor).expect("MONITOR", "OK");
        t.expect("CLIENT PAUSE 1000", "OK");
        assert!(waits(t, &["PING"]) && waits(t, &["CLIENT", "UNPAUSE"]));
        t.on(monitor).expect_raw("CLIENT UNPAUSE", "+OK\r\n");
        t.expect("PING", "PONG");
    });
}

#[test]
fn a_pause_ends_by_itself() {
    both(|t| {
        t.expect("CLIENT PAUSE 100 ALL", "OK");
        t.advance_ms(99);
        assert!(waits(t, &["PING"]) && t.server.is_paused());
        t.advance_ms(1);
        t.expect("PING", "PONG");
        t.expect("CLIENT PAUSE 100", "OK");
        t.advance_ms(100);
        cron::expire_all(&t.server);
        assert!(!t.server.is_paused(), "the cron ends it too");
    });
}

#[test]
fn a_pause_is_never_shortened_or_narrowed() {
    both(|t| {
        t.expect("CLIENT PAUSE 1000 WRITE", "OK");
        t.expect("CLIENT PAUSE 10 WRITE", "OK");
        t.advance_ms(500);
        assert!(waits(t, &["SET", "k", "v"]));
        t.expect("CLIENT PAUSE 10 ALL", "OK");
        t.advance_ms(499);
        assert!(waits(t, &["PING"]));
        t.advance_ms(1);
        t.expect("PING", "PONG");
    });
}

#[test]
fn nothing_expires_actively_during_a_pause() {
    let mut t = Gate::new();
    t.run("SET k v PX 10");
    t.run("CLIENT PAUSE 1000 WRITE");
    t.advance_ms(20);
    assert_eq!(t.expire_cycle(), 0);
    t.run("CLIENT UNPAUSE");
    assert_eq!(t.expire_cycle(), 1);
}

#[test]
fn unfit_pauses_are_refused() {
    both(|t| {
        for (request, text) in [
            ("CLIENT PAUSE x", "ERR timeout is not an integer or out of range"),
            ("CLIENT PAUSE -1", "ERR timeout is negative"),
            ("CLIENT PAUSE 9223372036854775807", "ERR timeout is out of range"),
            ("CLIENT PAUSE x foo", "ERR CLIENT PAUSE mode must be WRITE or ALL"),
            ("CLIENT PAUSE", "ERR wrong number of arguments for 'client|pause' command"),
            (
                "CLIENT PAUSE 1 WRITE x",
                "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.",
            ),
            ("CLIENT UNPAUSE x", "ERR wrong number of arguments for 'client|unpause' command"),
        ] {
            t.expect_error(request, text);
        }
        assert!(!t.server.is_paused());
    });
}

/// Requests after each other, and all that is answered; taken down from redis-server 7.0.15.
const REPLIES: &[(&[&str], &str)] = &[
    (&["client reply on", "ping"], "+OK +PONG"),
    (&["client reply off", "ping", "client reply on", "ping"], "+OK +PONG"),
    (&["client reply skip", "ping", "ping"], "+PONG"),
    (&["client reply skip", "client reply skip", "ping", "ping", "ping"], "+PONG +PONG"),
    (&["client reply skip", "client reply off", "ping", "ping"], ""),
    (&["client reply skip", "client reply on", "ping"], "+OK +PONG"),
    (&["client reply skip", "nosuch", "ping"], "+PONG"),
    (&["client reply skip", "get", "ping"], "+PONG"),
    (&["client reply off", "nosuch", "client reply on", "ping"], "+OK +PONG"),
    (&["client reply off", "client reply skip", "client reply on", "ping"], "+OK +PONG"),
    (&["client reply off", "client reply skip", "ping", "ping", "client reply on", "ping", "ping"], "+OK +PONG +PONG"),
    (&["client reply skip", "client reply foo", "ping"], "+PONG"),
    (&["client reply off", "client reply foo", "client reply on"], "+OK"),
    (&["client reply off", "reset", "ping"], "+RESET +PONG"),
    (&["client reply skip", "reset", "ping"], "+PONG"),
    (&["client reply off", "quit"], ""),
    (&["client reply skip", "quit"], ""),
    (&["client reply skip", "select 99", "ping"], "+PONG"),
    (&["client reply off", "hello 3", "client reply on", "get none"], "+OK _"),
    (&["client reply skip", "client", "ping", "ping"], "+PONG +PONG"),
    (&["client reply skip", "mset a b", "ping"], "+PONG"),
];

#[test]
fn replies_are_dropped_as_asked_for() {
    for (requests, expected) in REPLIES {
        let mut t = Gate::new();
        let got: Vec<u8> = requests.iter().flat_map(|request| t.raw(request)).collect();
        let got = String::from_utf8(got).unwrap();
        assert_eq!(got.lines().collect::<Vec<_>>().join(" "), *expected, "{requests:?}");
    }
    let mut t = Gate::new();
    t.expect_error("CLIENT REPLY foo", "ERR syntax error");
    t.expect_error("CLIENT REPLY SKIP x", "ERR wrong number of arguments for 'client|reply' command");
    assert_eq!(t.session().flags, SessionFlags::empty());
}
