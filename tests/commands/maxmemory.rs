//! `maxmemory`: what is evicted, what is refused, and the access fields that decide.
//!
//! Memory in use is that of the whole test process, so a limit is either far above it or below all of it.

use nyala::dispatch::cron;
use nyala::keyspace::evict::Evictor;
use nyala::util::rng::Rng;

use crate::harness::{Gate, both};

const OOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";

#[test]
fn without_eviction_only_commands_that_take_memory_are_refused() {
    both(|t| {
        t.run("SET k v");
        t.config("maxmemory", "1");
        t.expect_error("SET k w", OOM);
        t.expect_error("APPEND k w", OOM);
        t.expect_error("SETBIT k 1 1", OOM);
        t.expect("GET k", r#""v""#);
        t.expect("STRLEN k", "(integer) 1");
        t.expect("DEL k", "(integer) 1");
        t.expect_error("SET k w", OOM);
        t.config("maxmemory", "0");
        t.expect("SET k w", "OK");
        t.config("maxmemory", "100gb");
        t.expect("SET k w", "OK");
    });
}

#[test]
fn an_error_of_the_arguments_comes_before_that_of_memory() {
    both(|t| {
        t.config("maxmemory", "1");
        t.expect_error("SET k", "ERR wrong number of arguments for 'set' command");
        t.expect_error("SET k v FOO", OOM);
    });
}

#[test]
fn every_policy_evicts_what_it_may_and_nothing_else() {
    let policies = [
        ("allkeys-lru", true, true),
        ("allkeys-lfu", true, true),
        ("allkeys-random", true, true),
        ("volatile-lru", true, false),
        ("volatile-lfu", true, false),
        ("volatile-random", true, false),
        ("volatile-ttl", true, false),
        ("noeviction", false, false),
    ];
    for (policy, takes_volatile, takes_all) in policies {
        both(|t| {
            t.config("maxmemory-eviction-tenacity", "100");
            for n in 0..20 {
                t.run(&format!("SET kept:{n} v"));
                t.run(&format!("SET volatile:{n} v EX 1000"));
            }
            t.config("maxmemory-policy", policy);
            t.config("maxmemory", "1");
            // Reads make room too, as in Redis.
            t.run("GET nosuch");
            let left = match (takes_volatile, takes_all) {
                (true, true) => 0,
                (true, false) => 20,
                _ => 40,
            };
            assert_eq!(t.integer("DBSIZE"), left, "{policy}");
            t.expect_error("SET k v", OOM);
            assert_eq!(t.server.stats.totals().evicted, 40 - left as u64, "{policy}");
        });
    }
}

#[test]
fn keys_of_every_database_are_evicted() {
    both(|t| {
        t.run("SET a v");
        t.run("SELECT 9");
        t.run("SET b v");
        t.config("maxmemory-eviction-tenacity", "100");
        t.config("maxmemory-policy", "allkeys-lru");
        t.config("maxmemory", "1");
        t.run("PING");
        t.expect("DBSIZE", "(integer) 0");
        t.run("SELECT 0");
        t.expect("DBSIZE", "(integer) 0");
    });
}

#[test]
fn large_values_are_evicted_and_freed_elsewhere() {
    both(|t| {
        for n in 0..10 {
            t.run_args(&[b"SET", format!("k{n}").as_bytes(), &vec![b'x'; 1 << 20]]);
        }
        t.config("maxmemory-eviction-tenacity", "100");
        t.config("maxmemory-policy", "allkeys-random");
        t.config("maxmemory", "1");
        t.run("PING");
        t.expect("DBSIZE", "(integer) 0");
        assert_eq!(t.server.stats.totals().evicted, 10);
    });
}

#[test]
fn nothing_is_evicted_while_writes_are_paused() {
    both(|t| {
        t.run("SET k v");
        t.config("maxmemory-policy", "allkeys-lru");
        t.run("CLIENT PAUSE 1000 WRITE");
        t.config("maxmemory", "1");
        t.expect("GET k", r#""v""#);
        t.run("CLIENT UNPAUSE");
        t.run("PING");
        t.expect("GET k", "(nil)");
    });
}

#[test]
fn time_brings_eviction_to_its_end() {
    both(|t| {
        (0..2000).for_each(|n| drop(t.run(&format!("SET k{n} v"))));
        t.config("maxmemory-eviction-tenacity", "0");
        t.config("maxmemory-policy", "allkeys-lru");
        t.config("maxmemory", "1");
        t.run("PING");
        let left = t.integer("DBSIZE");
        assert!((1900..2000).contains(&left), "one slice of no length: {left}");
        let mut evictor = Evictor::new(Rng::from_seed(1));
        let mut slices = 0;
        while cron::evict(&t.server, &mut evictor) {
            slices += 1;
        }
        assert!(slices > 10, "{slices}");
        t.expect("DBSIZE", "(integer) 0");
    });
}

#[test]
fn the_time_above_the_limit_is_told() {
    both(|t| {
        let line = |t: &mut Gate, name: &str| {
            let text = t.text("INFO stats");
            let line =
                text.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).expect("INFO has the field");
            line.parse::<u64>().expect("it is a number")
        };
        t.config("maxmemory", "1");
        t.run("PING");
        t.advance_ms(300);
        assert_eq!(line(t, "current_eviction_exceeded_time"), 300);
        t.advance_ms(200);
        t.config("maxmemory", "0");
        t.config("maxmemory", "100gb");
        t.run("PING");
        assert_eq!(line(t, "current_eviction_exceeded_time"), 0);
        assert_eq!(line(t, "total_eviction_exceeded_time"), 500);
    });
}

#[test]
fn idle_time_is_kept_unless_frequency_is() {
    both(|t| {
        t.run("SET k v");
        t.advance_ms(7000);
        t.expect("OBJECT IDLETIME k", "(integer) 7");
        t.run("GET k");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        t.advance_ms(3000);
        t.run("APPEND k v");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        t.config("maxmemory-policy", "volatile-ttl");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        t.config("maxmemory-policy", "allkeys-lfu");
        assert!(t.raw("OBJECT IDLETIME k").starts_with(b"-ERR An LFU maxmemory policy is selected"));
    });
}

#[test]
fn a_client_that_does_not_touch_leaves_no_trace() {
    both(|t| {
        t.run("SET k v");
        t.run("CLIENT NO-TOUCH ON");
        t.advance_ms(5000);
        t.run("GET k");
        t.run("APPEND k v");
        t.expect("OBJECT IDLETIME k", "(integer) 5");
        t.run("SET new v");
        t.expect("OBJECT IDLETIME new", "(integer) 0");
        t.expect("TOUCH k", "(integer) 1");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        t.run("CLIENT NO-TOUCH OFF");
        t.advance_ms(5000);
        t.run("GET k");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
    });
}

#[test]
fn shared_integers_end_where_eviction_needs_their_access() {
    both(|t| {
        t.run("SET k 1");
        t.expect("OBJECT REFCOUNT k", "(integer) 2147483647");
        t.config("maxmemory", "100gb");
        t.config("maxmemory-policy", "allkeys-random");
        t.expect("OBJECT REFCOUNT k", "(integer) 2147483647");
        for policy in ["allkeys-lru", "volatile-lru", "allkeys-lfu", "volatile-lfu"] {
            t.config("maxmemory-policy", policy);
            t.expect("OBJECT REFCOUNT k", "(integer) 1");
        }
    });
}

#[test]
fn frequency_grows_with_use_and_shrinks_with_time() {
    both(|t| {
        t.config("maxmemory-policy", "volatile-lfu");
        t.config("lfu-log-factor", "0");
        t.run("SET k v");
        t.expect("OBJECT FREQ k", "(integer) 5");
        (0..10).for_each(|_| drop(t.run("GET k")));
        t.expect("OBJECT FREQ k", "(integer) 15");
        // It belongs to the key, not to the value.
        t.run("SET k other");
        t.expect("OBJECT FREQ k", "(integer) 16");
        t.advance_ms(180_000);
        t.expect("OBJECT FREQ k", "(integer) 13");
        t.config("lfu-decay-time", "0");
        t.expect("OBJECT FREQ k", "(integer) 16");
        t.run("DEL k");
        t.run("SET k v");
        t.expect("OBJECT FREQ k", "(integer) 5");
        t.config("lfu-log-factor", "1000000");
        (0..100).for_each(|_| drop(t.run("GET k")));
        assert!(t.integer("OBJECT FREQ k") <= 7);
    });
}
