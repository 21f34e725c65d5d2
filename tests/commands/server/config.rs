//! CONFIG.

use crate::harness::both;

#[test]
fn get_answers_names_and_values() {
    both(|t| {
        t.expect_in("CONFIG GET maxmemory", "1) \"maxmemory\"\n2) \"0\"", "1# \"maxmemory\" => \"0\"");
        t.expect_in("CONFIG GET no-such", "(empty array)", "(empty hash)");
        t.expect_in("CONFIG GET MaxMemory", "1) \"MaxMemory\"\n2) \"0\"", "1# \"MaxMemory\" => \"0\"");
        t.expect_in(
            "CONFIG GET slowlog-m* timeout",
            "1) \"slowlog-max-len\"\n2) \"128\"\n3) \"timeout\"\n4) \"0\"",
            "1# \"slowlog-max-len\" => \"128\"\n2# \"timeout\" => \"0\"",
        );
        t.expect_error("CONFIG GET", "ERR wrong number of arguments for 'config|get' command");
    });
}

#[test]
fn set_changes_all_or_none() {
    both(|t| {
        t.expect("CONFIG SET maxmemory 100mb timeout 7", "OK");
        assert_eq!((t.server.config.maxmemory(), t.server.config.timeout()), (100 << 20, 7));
        let text = "ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an \
                    integer";
        t.expect_error("CONFIG SET maxmemory 5mb timeout x", text);
        assert_eq!(t.server.config.maxmemory(), 100 << 20);
        t.expect("CONFIG SET maxmemory 0", "OK");
    });
}

#[test]
fn set_says_what_is_wrong() {
    both(|t| {
        let failed =
            |name: &str, why: &str| format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        t.expect_error("CONFIG SET", "ERR wrong number of arguments for 'config|set' command");
        t.expect_error("CONFIG SET port", "ERR wrong number of arguments for 'config|set' command");
        t.expect_error("CONFIG SET timeout 1 maxclients", "ERR syntax error");
        t.expect_error("CONFIG SET nosuch 1", "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
        t.expect_error("CONFIG SET timeout 1 timeout 2", &failed("timeout", "duplicate parameter"));
        t.expect_error("CONFIG SET daemonize yes", &failed("daemonize", "can't set immutable config"));
        t.expect_error("CONFIG SET dir /", &failed("dir", "can't set protected config"));
        let words = "argument(s) must be one of the following: debug, verbose, notice, warning";
        t.expect_error("CONFIG SET loglevel x", &failed("loglevel", words));
    });
}

#[test]
fn what_changes_takes_effect_at_once() {
    both(|t| {
        let unlimited = t.server.attention_ns();
        t.expect("CONFIG SET slowlog-log-slower-than 5 latency-monitor-threshold 0", "OK");
        assert!(t.server.attention_ns() < unlimited);
        assert_eq!(t.server.attention_ns(), 5000);
        t.expect("CONFIG SET slowlog-log-slower-than -1 latency-monitor-threshold 3", "OK");
        assert_eq!(t.server.attention_ns(), 3_000_000);
    });
}

#[test]
fn more_clients_than_files_are_refused() {
    both(|t| {
        let reply = t.error("CONFIG SET maxclients 2000000000");
        let text = "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to \
                    handle the specified number of clients, try with ";
        assert!(reply.starts_with(text), "{reply}");
        t.expect_in("CONFIG GET maxclients", "1) \"maxclients\"\n2) \"10000\"", "1# \"maxclients\" => \"10000\"");
    });
}

#[test]
fn rewrite_needs_a_file() {
    both(|t| t.expect_error("CONFIG REWRITE", "ERR The server is running without a config file"));
}

#[test]
fn resetstat_starts_counting_again() {
    both(|t| {
        t.run("SET k v");
        t.run("GET k");
        t.run("GET none");
        t.run("NOSUCH");
        let before = t.text("INFO everything");
        for line in ["keyspace_hits:1", "keyspace_misses:1", "cmdstat_get:calls=2,", "errorstat_ERR:count=1"] {
            assert!(before.contains(line), "{line}");
        }
        t.expect("CONFIG RESETSTAT", "OK");
        let after = t.text("INFO everything");
        for line in ["keyspace_hits:0", "keyspace_misses:0", "total_error_replies:0", "rdb_changes_since_last_save:1"] {
            assert!(after.contains(line), "{line}");
        }
        for line in ["cmdstat_get", "latency_percentiles_usec_get", "errorstat_"] {
            assert!(!after.contains(line), "{line}");
        }
        let commands: u64 = t.server.keyspace.shard_ids().map(|id| t.server.keyspace.lock(id).stats.commands).sum();
        assert_eq!(commands, 0);
    });
}

#[test]
fn help_lists_the_subcommands() {
    both(|t| {
        let help = String::from_utf8(t.raw("CONFIG HELP")).expect("text");
        for name in ["GET", "HELP", "RESETSTAT", "REWRITE", "SET"] {
            assert!(help.contains(&format!("\r\n+{name}")), "{name}");
        }
        t.expect_error("CONFIG nosuch", "ERR unknown subcommand 'nosuch'. Try CONFIG HELP.");
    });
}
