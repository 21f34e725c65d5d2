//! DEBUG.

use std::sync::atomic::Ordering::Relaxed;

use crate::harness::{Gate, both, both_with};

fn with_debug(case: impl FnMut(&mut Gate)) {
    both_with(&["--enable-debug-command", "yes"], case);
}

#[test]
fn debug_must_be_allowed() {
    both(|t| {
        let text = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
                    from a local connection, otherwise you need to set this option in the configuration file, and then \
                    restart the server.";
        t.expect_error("DEBUG SLEEP 0", text);
    });
}

#[test]
fn unknown_words_are_named() {
    with_debug(|t| {
        let text =
            |word: &str| format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try DEBUG HELP.");
        for (request, word) in [
            ("DEBUG nosuch", "nosuch"),
            ("DEBUG SLEEP", "SLEEP"),
            ("DEBUG sleep 0 0", "sleep"),
            ("DEBUG OBJECT", "OBJECT"),
            ("DEBUG REPLYBUFFER x 1", "replybuffer"),
            ("DEBUG HELP x", "HELP"),
        ] {
            t.expect_error(request, &text(word));
        }
    });
}

#[test]
fn nothing_fails_where_nothing_is_saved() {
    with_debug(|t| {
        t.expect_error("DEBUG FAIL-SAVE", "ERR No snapshot and no rewrite of the append-only file is in progress");
    });
}

#[test]
fn help_has_two_lines_for_each_subcommand() {
    with_debug(|t| {
        let help = String::from_utf8(t.raw("DEBUG HELP")).expect("text");
        let lines: Vec<&str> = help.lines().skip(1).collect();
        assert!(lines[0].starts_with("+DEBUG <subcommand>"));
        assert_eq!(lines.len() % 2, 1);
        assert!(lines.contains(&"+SET-ACTIVE-EXPIRE <0|1>"));
        assert!(lines.iter().skip(2).step_by(2).all(|line| line.starts_with("+    ")));
    });
}

#[test]
fn protocol_answers_a_value_of_each_type() {
    with_debug(|t| {
        for (kind, resp2, resp3) in [
            ("string", "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"),
            ("integer", ":12345\r\n", ":12345\r\n"),
            ("double", "$5\r\n3.141\r\n", ",3.141\r\n"),
            (
                "bignum",
                "$37\r\n1234567999999999999999999999999999999\r\n",
                "(1234567999999999999999999999999999999\r\n",
            ),
            ("null", "$-1\r\n", "_\r\n"),
            ("array", "*3\r\n:0\r\n:1\r\n:2\r\n", "*3\r\n:0\r\n:1\r\n:2\r\n"),
            ("set", "*3\r\n:0\r\n:1\r\n:2\r\n", "~3\r\n:0\r\n:1\r\n:2\r\n"),
            ("map", "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
            (
                "attrib",
                "$39\r\nSome real reply following the attribute\r\n",
                "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the \
                 attribute\r\n",
            ),
            (
                "push",
                "-ERR RESP2 is not supported by this command\r\n",
                ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n",
            ),
            ("verbatim", "$25\r\nThis is a verbatim\nstring\r\n", "=29\r\ntxt:This is a verbatim\nstring\r\n"),
            ("TRUE", ":1\r\n", "#t\r\n"),
            ("false", ":0\r\n", "#f\r\n"),
        ] {
            let expected = if t.protocol() == 3 { resp3 } else { resp2 };
            t.expect_raw(&format!("DEBUG PROTOCOL {kind}"), expected);
        }
        let types = "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";
        let text = format!("ERR Wrong protocol type name. Please use one of the following: {types}");
        t.expect_error("DEBUG PROTOCOL x", &text);
    });
}

#[test]
fn errors_and_logs_are_made_on_demand() {
    with_debug(|t| {
        t.expect_raw("DEBUG ERROR \"OWN code\"", "-OWN code\r\n");
        t.expect_raw("DEBUG ERROR \"two\\nlines\"", "-two lines\r\n");
        t.expect("DEBUG LOG hello", "OK");
        assert!(t.text("INFO errorstats").contains("errorstat_OWN:count=1\r\n"));
    });
}

#[test]
fn switches() {
    with_debug(|t| {
        t.run("SET k v PX 5");
        t.expect("DEBUG SET-ACTIVE-EXPIRE 0", "OK");
        t.advance_ms(10);
        assert_eq!(t.expire_cycle(), 0);
        t.expect("DEBUG SET-ACTIVE-EXPIRE 1", "OK");
        t.expect("DEBUG PAUSE-CRON 1", "OK");
        assert_eq!(t.expire_cycle(), 0);
        t.expect("DEBUG PAUSE-CRON 0", "OK");
        assert_eq!(t.expire_cycle(), 1);

        let before = t.server.replication_id();
        t.expect("DEBUG CHANGE-REPL-ID", "OK");
        assert_ne!(t.server.replication_id(), before);
    });
}

#[test]
fn switches_without_effect_are_taken() {
    with_debug(|t| {
        for request in [
            "DEBUG REPLYBUFFER RESIZING 0",
            "DEBUG REPLYBUFFER peak-reset-time never",
            "DEBUG QUICKLIST-PACKED-THRESHOLD 100b",
            "DEBUG QUICKLIST-PACKED-THRESHOLD 0",
            "DEBUG SET-DISABLE-DENY-SCRIPTS 1",
            "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1",
            "DEBUG DICT-RESIZING 0",
            "DEBUG AOF-FLUSH-SLEEP 0",
        ] {
            t.expect(request, "OK");
        }
        let text = "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
        t.expect_error("DEBUG QUICKLIST-PACKED-THRESHOLD x", text);
        t.expect_error("DEBUG QUICKLIST-PACKED-THRESHOLD 10gb", text);
    });
}

#[test]
fn sleep_takes_its_time_away_from_the_worker() {
    with_debug(|t| {
        t.expect("DEBUG SLEEP 0", "OK");
        t.expect("DEBUG SLEEP 0.002", "OK");
        t.expect("DEBUG SLEEP -1", "OK");
        t.expect("DEBUG SLEEP x", "OK");
        assert_eq!(t.server.long_running.load(Relaxed), 0);
    });
}

#[test]
fn a_panic_closes_the_connection_and_leaves_the_data() {
    with_debug(|t| {
        t.run("SET k v");
        for request in ["DEBUG PANIC", "DEBUG PANIC k"] {
            let text = "-ERR internal error: the command failed and its connection is closed\r\n";
            t.expect_raw(request, text);
            assert!(t.is_closed());
            let protocol = t.protocol();
            t.reconnect();
            t.session().set_proto(protocol);
        }
        t.expect("GET k", "\"v\"");
        let info = t.text("INFO nyala");
        assert!(info.contains("handler_panics:2\r\n") && info.contains("shard_lock_poisoned:1\r\n"), "{info}");
    });
}

#[test]
fn object_shows_how_a_value_is_stored() {
    with_debug(|t| {
        for (value, shown) in [
            ("12", "encoding:int serializedlength:2"),
            ("1234567", "encoding:int serializedlength:5"),
            ("12345678901", "encoding:int serializedlength:12"),
            ("text", "encoding:embstr serializedlength:5"),
            (&"x".repeat(100), "encoding:raw serializedlength:102"),
        ] {
            t.run(&format!("SET k {value}"));
            t.advance_ms(3000);
            let text = t.text("DEBUG OBJECT k");
            assert!(text.starts_with("Value at:0x") && text.contains(" refcount:1 "), "{text}");
            assert!(text.contains(shown) && text.ends_with(" lru_seconds_idle:3"), "{text}");
        }
        t.expect_error("DEBUG OBJECT none", "ERR no such key");
        t.run("DEBUG SET-ACTIVE-EXPIRE 0");
        t.run("SET due v PX 1");
        t.advance_ms(2);
        assert!(t.text("DEBUG OBJECT due").starts_with("Value at:"), "it is there until somebody meets it");
        t.expect("EXISTS due", "(integer) 0");
        t.expect_error("DEBUG OBJECT due", "ERR no such key");
    });
}

#[test]
fn looks_at_values_of_another_encoding() {
    with_debug(|t| {
        t.run("SET n 1");
        t.run("SET text hello");
        let hash = "ERR The value stored at the specified key is not represented using an hash table";
        t.expect_error("DEBUG HTSTATS-KEY n", hash);
        t.expect_error("DEBUG LISTPACK n", "ERR Not a listpack encoded object.");
        t.expect("HSET h f v", "(integer) 1");
        t.expect("DEBUG LISTPACK h", "Listpack structure printed on stdout");
        t.expect_error("DEBUG QUICKLIST n", "ERR Not a quicklist encoded object.");
        t.expect_error("DEBUG SDSLEN n", "ERR Not an sds encoded string.");
        for request in ["HTSTATS-KEY", "LISTPACK", "QUICKLIST", "SDSLEN"] {
            t.expect_error(&format!("DEBUG {request} none"), "ERR no such key");
        }
        let text = t.text("DEBUG SDSLEN text");
        let shown = "key_sds_len:4, key_sds_avail:0, key_zmalloc: 8, val_sds_len:5, val_sds_avail:0, val_zmalloc: 8";
        assert_eq!(text, shown);
    });
}

#[test]
fn htstats_counts_the_keys_of_a_database() {
    with_debug(|t| {
        t.expect("DEBUG POPULATE 1000", "OK");
        t.run("SET key:0 v EX 100");
        let text = t.text("DEBUG HTSTATS 0");
        assert!(text.starts_with("[Index]\n keys: 1000\n") && text.ends_with("[Expiry index]\n keys: 1\n"), "{text}");
        assert!(t.text("DEBUG HTSTATS 9").starts_with("[Index]\n keys: 0\n"));
        t.expect_error("DEBUG HTSTATS 16", "ERR Out of range database");
        t.expect_error("DEBUG HTSTATS -1", "ERR Out of range database");
        t.expect_error("DEBUG HTSTATS x", "ERR value is not an integer or out of range");
    });
}

#[test]
fn populate_leaves_existing_keys_alone() {
    with_debug(|t| {
        t.run("SET key:1 mine");
        t.expect("DEBUG POPULATE 3", "OK");
        t.expect("GET key:0", "\"value:0\"");
        t.expect("GET key:1", "\"mine\"");
        t.expect("GET key:3", "(nil)");
        t.expect("DEBUG POPULATE 2 other 10", "OK");
        t.expect("GET other:1", "\"value:1\\x00\\x00\\x00\"");
        t.expect("DEBUG POPULATE 1 short 3", "OK");
        t.expect("GET short:0", "\"val\"");
        // More than a worker does at a time.
        t.expect("DEBUG POPULATE 25000 many", "OK");
        t.expect("GET many:24999", "\"value:24999\"");
        for request in ["DEBUG POPULATE x", "DEBUG POPULATE -1", "DEBUG POPULATE 1 p x"] {
            t.expect_error(request, "ERR value is out of range, must be positive");
        }
    });
}

/// The expected digests are those that Redis 7.0.15 answers for the same data.
#[test]
fn equal_data_sets_have_equal_digests() {
    with_debug(|t| {
        let zeros = "0".repeat(40);
        t.expect("DEBUG DIGEST", &zeros);
        t.run("SET a 1");
        t.expect(
            "DEBUG DIGEST-VALUE a none",
            "1) b4fc66738120fba0b5aa500ab5c2bf89cea1c5da\n2) 0000000000000000000000000000000000000000",
        );
        t.expect("DEBUG DIGEST-VALUE", "(empty array)");
        t.expect("DEBUG DIGEST", "943d800368fb9c0e951138f1bc0e313ac769d91f");
        t.run("SET b text");
        let both = t.text("DEBUG DIGEST");
        assert_eq!(both, "6b04c723239f37ba9aa40bc71d2b712b222f9aa6");

        t.run("SET b other");
        assert_ne!(t.text("DEBUG DIGEST"), both);
        t.run("SET b text EX 100");
        let expiring = t.text("DEBUG DIGEST");
        assert_eq!(expiring, "dc478c84d36e467dcd270d096f02df90d02464af");
        t.session().select(3);
        t.run("SET c hello");
        t.expect("DEBUG DIGEST", "efdaf05b2df658e78613803dd350395c1c7233f8");
        t.run("GETDEL c");
        t.session().select(0);
        t.run("SET b text EX 5000");
        assert_eq!(t.text("DEBUG DIGEST"), expiring, "only that a key expires counts");
        t.advance_ms(5_000_000);
        assert_ne!(t.text("DEBUG DIGEST"), expiring, "what has expired is not there");

        let mut other = Gate::with_args(&["--enable-debug-command", "yes", "--shards", "1"]);
        other.run("SET b text");
        other.run("SET a 1");
        assert_eq!(other.text("DEBUG DIGEST"), both);
        let mut elsewhere = Gate::with_args(&["--enable-debug-command", "yes"]);
        elsewhere.session().select(1);
        elsewhere.run("SET b text");
        elsewhere.run("SET a 1");
        assert_ne!(elsewhere.text("DEBUG DIGEST"), both);
    });
}
