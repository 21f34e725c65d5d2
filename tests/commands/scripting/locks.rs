//! Which shards a script runs under, and where.

use super::eval::expect_eval;
use super::expect;
use crate::harness::{Gate, both};

/// Keys of many names, so that some are in other shards than `k`.
const SPREAD: &str = "for i = 1, 20 do redis.call('INCR', 'key:' .. i) end";

#[test]
fn undeclared_keys_are_met_under_all_locks() {
    both(|t| {
        // Reads first; then writes; a write before the undeclared key.
        expect_eval(t, "local n = 0 for i = 1, 20 do n = n + redis.call('EXISTS', 'key:' .. i) end return n", "0", "0");
        for round in 1..=5 {
            expect_eval(t, &format!("{SPREAD} return redis.call('GET', 'key:20')"), "1 k", &format!("\"{round}\""));
            expect_eval(
                t,
                &format!("redis.call('INCR', KEYS[1]) {SPREAD} return tonumber(redis.call('GET', KEYS[1]))"),
                "1 once",
                &round.to_string(),
            );
            for key in 1..=20 {
                expect(t, &format!("DECR key:{key}"), &round.to_string());
            }
        }
    });
}

#[test]
fn a_script_that_turns_to_an_undeclared_key_late_still_runs() {
    both(|t| {
        let source = "redis.call('INCR', KEYS[1]) if ARGV[1] then return redis.call('INCR', ARGV[1]) end return 0";
        for _ in 0..5 {
            expect_eval(t, source, "1 k", "0");
        }
        // It counts as clean by now, and has written when it comes to the other key.
        for key in 0..20 {
            expect_eval(t, source, &format!("1 k other:{key}"), "1");
        }
        expect(t, "GET k", r#""25""#);
    });
}

#[test]
fn walks_over_all_keys_run_under_all_locks() {
    both(|t| {
        t.run("MSET a 1 b 2 c 3");
        for _ in 0..5 {
            expect_eval(t, "return redis.call('DBSIZE')", "0", "3");
            expect_eval(t, "redis.call('SET', KEYS[1], 1) return #redis.call('KEYS', '*')", "1 a", "3");
        }
        expect_eval(t, "return redis.call('FLUSHALL')", "0", "OK");
        expect(t, "DBSIZE", "0");
    });
}

#[test]
fn a_fast_script_stays_on_the_worker() {
    let mut t = Gate::new();
    for _ in 0..3 {
        expect_eval(&mut t, "return redis.call('GET', KEYS[1])", "1 k", "(nil)");
    }
    let before = t.long_requests;
    assert!(before > 0, "it must prove itself elsewhere");
    expect_eval(&mut t, "return redis.call('GET', KEYS[1])", "1 k", "(nil)");
    assert_eq!(t.long_requests, before);
    // Once slow, it leaves the worker, from its start, and must prove itself anew.
    let spin = "for i = 1, tonumber(ARGV[1]) do end return redis.call('GET', KEYS[1])";
    for _ in 0..4 {
        expect_eval(&mut t, spin, "1 k 1", "(nil)");
    }
    let before = t.long_requests;
    expect_eval(&mut t, spin, "1 k 30000000", "(nil)");
    assert_eq!(t.long_requests, before + 1);
    expect_eval(&mut t, spin, "1 k 1", "(nil)");
    assert_eq!(t.long_requests, before + 2);
}

#[test]
fn messages_are_published_once() {
    both(|t| {
        let other = t.client();
        t.on(other).run("SUBSCRIBE c");
        t.on(other).mail();
        expect_eval(
            t,
            "redis.call('PUBLISH', 'c', 'm') for i = 1, 20 do redis.call('GET', 'key:' .. i) end return 1",
            "0",
            "1",
        );
        assert_eq!(t.on(other).mail().len(), 1);
    });
}

#[test]
fn a_script_that_has_held_up_its_worker_never_runs_there_again() {
    let mut t = Gate::new();
    let spin = "redis.call('SET', KEYS[1], 1) for i = 1, tonumber(ARGV[1]) do end return 1";
    for _ in 0..4 {
        expect_eval(&mut t, spin, "1 k 1", "1");
    }
    let before = t.long_requests;
    // It has written: it ends where it began.
    expect_eval(&mut t, spin, "1 k 200000000", "1");
    assert_eq!(t.long_requests, before);
    for round in 1..=5 {
        expect_eval(&mut t, spin, "1 k 1", "1");
        assert_eq!(t.long_requests, before + round);
    }
    expect(&mut t, "SET k 2", "OK");
}

#[test]
fn a_transaction_with_an_unknown_script_leaves_the_worker_before_it_writes() {
    let mut t = Gate::new();
    let source = "return redis.call('GET', KEYS[1])";
    let leaves = |t: &mut Gate| {
        let before = t.long_requests;
        t.run("MULTI");
        t.run("SET k 1");
        t.run_args(&[b"EVAL", source.as_bytes(), b"1", b"k"]);
        expect(t, "EXEC", r#"[OK, "1"]"#);
        t.long_requests - before == 1
    };
    assert!((0..3).all(|_| leaves(&mut t)), "it has not been seen often enough");
    // On a busy machine it may look slow now and then, and has to show again that it is not.
    assert!((0..100).any(|_| !leaves(&mut t)), "it is known to be fast");
}
