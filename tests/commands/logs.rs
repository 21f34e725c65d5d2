//! SLOWLOG, COMMANDLOG and MONITOR. Time stands still in these tests but commands are timed by the processor, so the logs
//! are steered by thresholds that everything or nothing reaches.

use nyala::client::{SessionFlags, signal};

use crate::harness::{Gate, START_MS, both};
use crate::render::render;

/// The arguments of the entries of a log, the latest first.
#[track_caller]
fn logged(t: &mut Gate, request: &str) -> Vec<String> {
    use nyala::resp::decode::Value::{Array, Bulk};
    let Array(entries) = t.run(request) else { panic!("{request}: an array is expected") };
    let words = |entry: &nyala::resp::decode::Value| {
        let Array(fields) = entry else { panic!("an entry is an array") };
        let Array(args) = &fields[3] else { panic!("arguments are an array") };
        let words = args.iter().map(|arg| match arg {
            Bulk(word) => String::from_utf8_lossy(word).into_owned(),
            other => panic!("{other:?}"),
        });
        words.collect::<Vec<_>>().join(" ")
    };
    entries.iter().map(words).collect()
}

#[test]
fn the_slow_log_holds_the_latest_commands() {
    both(|t| {
        t.config("slowlog-log-slower-than", "0");
        t.config("slowlog-max-len", "3");
        for request in ["SET a b", "GET a", "PING", "ECHO hi"] {
            t.run(request);
        }
        t.expect("SLOWLOG LEN", "(integer) 3");
        assert_eq!(logged(t, "SLOWLOG GET"), ["SLOWLOG LEN", "ECHO hi", "PING"]);
        assert_eq!(logged(t, "SLOWLOG GET 1"), ["SLOWLOG GET"]);
        assert_eq!(logged(t, "SLOWLOG GET 0"), [""; 0]);
        assert_eq!(logged(t, "SLOWLOG GET -1").len(), 3);
        t.expect("SLOWLOG RESET", "OK");
        assert_eq!(logged(t, "SLOWLOG GET"), ["SLOWLOG RESET"]);
        t.config("slowlog-log-slower-than", "-1");
        t.expect("SLOWLOG RESET", "OK");
        t.run("PING");
        t.expect("SLOWLOG LEN", "(integer) 0");
    });
}

#[test]
fn an_entry_tells_who_did_what_and_when() {
    both(|t| {
        t.run("CLIENT SETNAME joe");
        t.config("slowlog-log-slower-than", "0");
        t.run("PING");
        t.run("ECHO x");
        t.config("slowlog-log-slower-than", "-1");
        let text = render(&t.run("SLOWLOG GET 1"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "1) 1) (integer) 1");
        assert_eq!(lines[1], format!("2) (integer) {}", START_MS / 1000));
        assert!(lines[2].starts_with("3) (integer) "));
        assert_eq!(lines[3..], ["4) 1) \"ECHO\"", "2) \"x\"", "5) \"?:0\"", "6) \"joe\""]);
    });
}

#[test]
fn shorter_limits_count_at_once() {
    let mut t = Gate::new();
    t.config("slowlog-log-slower-than", "0");
    for _ in 0..5 {
        t.run("PING");
    }
    t.config("slowlog-log-slower-than", "-1");
    t.config("slowlog-max-len", "2");
    t.expect("SLOWLOG LEN", "(integer) 2");
    t.config("slowlog-log-slower-than", "0");
    t.config("slowlog-max-len", "0");
    t.expect("SLOWLOG LEN", "(integer) 0");
}

#[test]
fn long_requests_are_cut() {
    let mut t = Gate::new();
    t.config("slowlog-log-slower-than", "0");
    let many: Vec<String> = (0..33).map(|n| n.to_string()).collect();
    t.run(&format!("MGET {}", many.join(" ")));
    t.run(&format!("ECHO {}", "A".repeat(129)));
    t.config("slowlog-log-slower-than", "-1");
    let entries = logged(&mut t, "SLOWLOG GET 2");
    assert_eq!(entries[0], format!("ECHO {}... (1 more bytes)", "A".repeat(128)));
    assert_eq!(entries[1], format!("MGET {} ... (3 more arguments)", many[..30].join(" ")));
}

#[test]
fn secrets_are_not_logged() {
    let mut t = Gate::new();
    t.config("slowlog-log-slower-than", "0");
    for request in ["AUTH x", "AUTH u x", "HELLO 2 AUTH u x SETNAME n", "HELLO 2 SETNAME m", "nosuch x", "GET"] {
        t.raw(request);
    }
    let expected = [
        "HELLO 2 SETNAME m",
        "HELLO 2 AUTH (redacted) (redacted) SETNAME n",
        "AUTH (redacted) (redacted)",
        "AUTH (redacted)",
    ];
    assert_eq!(logged(&mut t, "SLOWLOG GET"), expected);
    t.run("CONFIG SET maxmemory 0 MasterAuth secret requirepass ''");
    let expected = "CONFIG SET maxmemory 0 MasterAuth (redacted) requirepass (redacted)";
    assert_eq!(logged(&mut t, "SLOWLOG GET 1"), [expected]);
}

#[test]
fn unfit_requests_for_logs_are_refused() {
    both(|t| {
        let count = "ERR count should be greater than or equal to -1";
        let kind = "ERR type should be one of the following: slow, large-request, large-reply";
        for (request, text) in [
            ("SLOWLOG GET -2", count),
            ("SLOWLOG GET x", count),
            ("SLOWLOG GET 1 2", "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."),
            ("SLOWLOG LEN x", "ERR wrong number of arguments for 'slowlog|len' command"),
            ("SLOWLOG foo", "ERR unknown subcommand 'foo'. Try SLOWLOG HELP."),
            ("COMMANDLOG GET", "ERR wrong number of arguments for 'commandlog|get' command"),
            ("COMMANDLOG GET x slow", count),
            ("COMMANDLOG GET -2 foo", count),
            ("COMMANDLOG GET 1 foo", kind),
            ("COMMANDLOG LEN foo", kind),
            ("COMMANDLOG RESET foo", kind),
        ] {
            t.expect_error(request, text);
        }
    });
}

#[test]
fn large_requests_and_replies_have_logs() {
    both(|t| {
        t.config("commandlog-request-larger-than", "40");
        t.config("commandlog-reply-larger-than", "20");
        let echo = |len: usize| format!("ECHO {}", "a".repeat(len));
        for len in [12, 13, 18, 19] {
            t.run(&echo(len));
        }
        t.config("commandlog-request-larger-than", "-1");
        t.config("commandlog-reply-larger-than", "-1");
        t.run(&echo(1000));
        assert_eq!(logged(t, "COMMANDLOG GET -1 large-reply"), [echo(19), echo(18), echo(13)]);
        assert_eq!(logged(t, "COMMANDLOG GET -1 Large-Request"), [echo(19)]);
        let entry = render(&t.run("COMMANDLOG GET 1 large-request"));
        assert_eq!(entry.lines().nth(2), Some("3) (integer) 40"));
        let entry = render(&t.run("COMMANDLOG GET 1 large-reply"));
        assert_eq!(entry.lines().nth(2), Some("3) (integer) 26"));
        t.expect("COMMANDLOG LEN large-reply", "(integer) 3");
        t.expect("COMMANDLOG RESET large-reply", "OK");
        t.expect("COMMANDLOG LEN large-reply", "(integer) 0");
        t.expect("COMMANDLOG LEN large-request", "(integer) 1");
        t.expect("COMMANDLOG LEN slow", "(integer) 0");
    });
}

#[test]
fn commandlog_slow_is_the_slow_log() {
    let mut t = Gate::new();
    t.config("slowlog-log-slower-than", "0");
    t.run("PING");
    assert_eq!(logged(&mut t, "COMMANDLOG GET 1 slow"), ["PING"]);
    t.expect("COMMANDLOG RESET slow", "OK");
    assert_eq!(logged(&mut t, "SLOWLOG GET"), ["COMMANDLOG RESET slow"]);
}

#[test]
fn a_dropped_reply_is_not_large() {
    let mut t = Gate::new();
    t.config("commandlog-reply-larger-than", "4");
    t.raw("CLIENT REPLY SKIP");
    t.raw("ECHO dropped");
    t.config("commandlog-reply-larger-than", "-1");
    t.expect("COMMANDLOG LEN large-reply", "(integer) 0");
}

/// Lines that a monitor got, without their times.
fn lines(mail: &[nyala::resp::decode::Value]) -> Vec<String> {
    mail.iter().map(|line| render(line).split_once(' ').expect("a time comes first").1.to_owned()).collect()
}

#[test]
fn a_monitor_sees_what_others_run() {
    both(|t| {
        let watcher = t.client();
        if t.protocol() == 3 {
            t.on(watcher).resp3();
        }
        t.on(watcher).expect_raw("MONITOR", "+OK\r\n");
        assert_eq!(t.on(watcher).raw("MONITOR"), b"", "a second one does not answer");
        t.run("SELECT 2");
        let first = t.on(watcher).mail().remove(0);
        assert!(render(&first).starts_with(&format!("{}.", START_MS / 1000)));
        t.run("PING");
        assert_eq!(lines(&t.on(watcher).mail()), ["[2 ?:0] \"PING\""]);
    });
}

#[test]
fn a_monitor_does_not_see_administration_and_secrets() {
    let mut t = Gate::new();
    let watcher = t.client();
    t.on(watcher).run("MONITOR");
    for request in
        ["SET k \"a b\\n\\x00\\\"\"", "GET", "nosuch", "SELECT 2", "GETRANGE k 0", "CLIENT LIST", "SLOWLOG LEN"]
    {
        t.raw(request);
    }
    for request in ["CLIENT ID", "AUTH pass", "HELLO 2 AUTH user pass SETNAME me", "RESET"] {
        t.raw(request);
    }
    let expected = [
        r#"[0 ?:0] "SET" "k" "a b\n\x00\"""#,
        r#"[2 ?:0] "SELECT" "2""#,
        r#"[2 ?:0] "CLIENT" "ID""#,
        r#"[2 ?:0] "AUTH" "(redacted)""#,
        r#"[2 ?:0] "HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "me""#,
        r#"[0 ?:0] "RESET""#,
    ];
    assert_eq!(lines(&t.on(watcher).mail()), expected);
}

#[test]
fn a_monitor_sees_its_own_commands_behind_their_replies() {
    let mut t = Gate::new();
    let other = t.client();
    t.expect("MONITOR", "OK");
    t.on(other).run("ECHO first");
    let text = String::from_utf8(t.raw("PING")).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[0], "+PONG");
    assert!(lines[1].ends_with("[0 ?:0] \"ECHO\" \"first\"") && lines[2].ends_with("[0 ?:0] \"PING\""), "{text}");
    t.expect_raw("RESET", "+RESET\r\n");
    t.on(other).run("PING");
    assert!(t.mail().is_empty() && !t.session().is(SessionFlags::MONITOR));
}

#[test]
fn a_monitor_sees_a_script_before_its_commands() {
    let mut t = Gate::new();
    let watcher = t.client();
    t.on(watcher).run("MONITOR");
    // What must be run again on another thread, or under all locks, is shown once.
    let script = "redis.call('set', KEYS[1], 1) redis.call('select', 2) return redis.pcall('nosuch')";
    t.raw(&format!("EVAL \"{script}\" 1 k"));
    let shown = [
        format!(r#"[0 ?:0] "EVAL" "{script}" "1" "k""#),
        r#"[0 lua] "set" "k" "1""#.to_owned(),
        r#"[2 lua] "select" "2""#.to_owned(),
    ];
    assert_eq!(lines(&t.on(watcher).mail()), shown);
    let reaching = "return redis.call('get', 'k')";
    t.raw(&format!("EVAL \"{reaching}\" 0"));
    let shown = [format!(r#"[0 ?:0] "EVAL" "{reaching}" "0""#), r#"[0 lua] "get" "k""#.to_owned()];
    assert_eq!(lines(&t.on(watcher).mail()), shown);
    for request in ["MULTI", "EVALSHA 0123 0", "EXEC", "EVAL x y"] {
        t.raw(request);
    }
    let shown =
        [r#"[0 ?:0] "MULTI""#, r#"[0 ?:0] "EVALSHA" "0123" "0""#, r#"[0 ?:0] "EXEC""#, r#"[0 ?:0] "EVAL" "x" "y""#];
    assert_eq!(lines(&t.on(watcher).mail()), shown);
}

#[test]
fn a_monitor_may_not_touch_keys() {
    both(|t| {
        t.expect("MONITOR", "OK");
        for request in ["GET k", "SET k v"] {
            t.expect_error(request, "ERR Replica can't interact with the keyspace");
        }
        assert!(t.raw("QUIT").starts_with(b"+OK\r\n"));
        assert!(t.is_closed());
    });
}

#[test]
fn a_monitor_without_replies_gets_no_lines() {
    let mut t = Gate::new();
    let watcher = t.client();
    t.on(watcher).run("MONITOR");
    assert_eq!(t.on(watcher).raw("CLIENT REPLY OFF"), b"");
    t.run("PING");
    assert!(t.on(watcher).mail().is_empty());
    assert!(t.on(watcher).raw("CLIENT REPLY ON").starts_with(b"+OK\r\n"));
    t.run("ECHO again");
    assert_eq!(lines(&t.on(watcher).mail()), ["[0 ?:0] \"ECHO\" \"again\""]);
}

#[test]
fn a_monitor_that_does_not_read_is_cut_off() {
    let mut t = Gate::new();
    let watcher = t.client();
    t.on(watcher).run("MONITOR");
    t.config("client-output-buffer-limit", "replica 200 0 0");
    for _ in 0..10 {
        t.run("ECHO 12345678901234567890");
    }
    assert!(t.on(watcher).session().client.signals() & signal::KILL != 0);
    assert!(t.on(watcher).session().client.mail_bytes() <= 200);
}
