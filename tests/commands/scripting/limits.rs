//! What scripts may not do when memory is full, and what they may.

use super::eval::{eval, expect_eval};
use super::{expect, line};
use crate::harness::both;

const OOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";

#[test]
fn without_room_what_scripts_state_decides() {
    both(|t| {
        for policy in ["noeviction", "allkeys-lru", "volatile-ttl"] {
            t.config("maxmemory-policy", policy);
            t.config("maxmemory", "1");
            let (reads, writes) = ("return redis.call('GET','k')", "redis.call('SET','k',1) return 1");
            let refused = eval(t, writes, "0");
            assert!(refused.starts_with(&format!("(error) {OOM} script: ")), "{policy}: {refused}");
            expect_eval(t, "return redis.pcall('SET','k',1).err", "0", &format!("\"{OOM}\""));
            expect_eval(t, reads, "0", "(nil)");
            // Once a command that writes has run, whether it has changed anything or not, others may take memory.
            expect_eval(t, &format!("redis.call('DEL','k') {writes}"), "0", "1");
            for header in ["#!lua\n", "#!lua flags=allow-stale\n"] {
                expect_eval(t, &format!("{header}{reads}"), "0", &format!("(error) {OOM}"));
                let source = format!("{header}return 1");
                let read_only = t.run_args(&[b"EVAL_RO", source.as_bytes(), b"0"]);
                assert_eq!(line(&read_only), format!("(error) {OOM}"), "it comes first");
            }
            expect_eval(t, "#!lua flags=no-writes\nreturn 1", "0", "1");
            expect_eval(t, &format!("#!lua flags=allow-oom\n{writes}"), "0", "1");
            t.config("maxmemory", "0");
            t.run("FLUSHALL");
        }
    });
}

#[test]
fn a_transaction_may_do_what_its_scripts_state() {
    both(|t| {
        for (header, end) in [
            ("#!lua\n", format!("(error) EXECABORT Transaction discarded because of: {OOM}")),
            ("#!lua flags=allow-oom\n", "[1]".to_owned()),
            ("#!lua flags=no-writes\n", "[1]".to_owned()),
        ] {
            t.run("MULTI");
            expect_eval(t, &format!("{header}return 1"), "0", "QUEUED");
            let other = t.client();
            t.on(other).config("maxmemory", "1");
            expect(t, "EXEC", &end);
            t.config("maxmemory", "0");
        }
    });
}

#[test]
fn a_pause_of_writers_lets_scripts_through_that_do_not_write() {
    both(|t| {
        t.run("CLIENT PAUSE 100000 WRITE");
        expect_eval(t, "#!lua flags=no-writes\nreturn 1", "0", "1");
        t.run("CLIENT UNPAUSE");
        expect_eval(t, "return 1", "0", "1");
    });
}
