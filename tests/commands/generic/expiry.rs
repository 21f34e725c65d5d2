//! EXPIRE, TTL and their kin; lazy and active expiry.

use nyala::dispatch::cron::expiry::Sweeper;

use crate::harness::{Gate, START_MS, both};

#[test]
fn all_ways_to_set_an_expiry() {
    both(|t| {
        let cases = [
            ("EXPIRE k 10", START_MS + 10_000),
            ("PEXPIRE k 10", START_MS + 10),
            ("EXPIREAT k 2000000000", 2_000_000_000_000),
            ("PEXPIREAT k 2000000000123", 2_000_000_000_123),
        ];
        for (request, at_ms) in cases {
            t.expect("SET k v", "OK");
            t.expect(request, "(integer) 1");
            t.expect("PEXPIRETIME k", &format!("(integer) {at_ms}"));
            t.expect("EXPIRETIME k", &format!("(integer) {}", (at_ms + 500) / 1000));
            t.expect("PTTL k", &format!("(integer) {}", at_ms - START_MS));
            t.expect("TTL k", &format!("(integer) {}", (at_ms - START_MS + 500) / 1000));
            t.expect(&request.replace(" k ", " nosuch "), "(integer) 0");
        }
    });
}

#[test]
fn no_expiry_and_no_key() {
    both(|t| {
        t.expect("SET k v", "OK");
        for command in ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"] {
            t.expect(&format!("{command} k"), "(integer) -1");
            t.expect(&format!("{command} nosuch"), "(integer) -2");
        }
        t.expect("PERSIST k", "(integer) 0");
        t.expect("PERSIST nosuch", "(integer) 0");
        t.expect("EXPIRE k 10", "(integer) 1");
        t.expect("PERSIST k", "(integer) 1");
        t.expect("TTL k", "(integer) -1");
        t.advance_ms(20_000);
        t.expect("GET k", "\"v\"");
    });
}

#[test]
fn a_time_in_the_past_deletes() {
    both(|t| {
        for request in ["EXPIRE k 0", "EXPIRE k -1", "PEXPIRE k -5", "EXPIREAT k 1", "PEXPIREAT k -9223372036854775808"]
        {
            t.expect("SET k v", "OK");
            t.expect(request, "(integer) 1");
            t.expect("EXISTS k", "(integer) 0");
        }
        let before = t.server.stats.totals().expired;
        t.expect("SET k v", "OK");
        t.expect(&format!("PEXPIREAT k {START_MS}"), "(integer) 1");
        t.expect("DBSIZE", "(integer) 0");
        assert_eq!(t.server.stats.totals().expired, before, "it was deleted, not expired");
    });
}

#[test]
fn conditions_compare_with_the_old_expiry() {
    // Condition, old expiry (if any), new expiry, whether it is set.
    let cases = [
        ("NX", None, 10, true),
        ("NX", Some(10), 20, false),
        ("XX", None, 10, false),
        ("XX", Some(10), 20, true),
        ("GT", None, 10, false),
        ("GT", Some(10), 10, false),
        ("GT", Some(10), 11, true),
        ("LT", None, 10, true),
        ("LT", Some(10), 10, false),
        ("LT", Some(10), 9, true),
        ("XX GT", Some(10), 20, true),
        ("XX LT", None, 20, false),
        ("lt lt", Some(10), 9, true),
    ];
    both(|t| {
        for (condition, old, new, is_set) in cases {
            t.expect("SET k v", "OK");
            if let Some(old) = old {
                t.expect(&format!("EXPIRE k {old}"), "(integer) 1");
            }
            t.expect(&format!("EXPIRE k {new} {condition}"), &format!("(integer) {}", i64::from(is_set)));
            let expected = if is_set { new } else { old.unwrap_or(-1) };
            assert_eq!(t.integer("TTL k"), expected, "{condition} {old:?} {new}");
        }
    });
}

#[test]
fn a_condition_also_guards_the_deletion() {
    both(|t| {
        t.expect("SET k v", "OK");
        t.expect("EXPIRE k -1 XX", "(integer) 0");
        t.expect("EXPIRE k -1 GT", "(integer) 0");
        t.expect("EXISTS k", "(integer) 1");
        t.expect("EXPIRE k -1 LT", "(integer) 1");
        t.expect("EXISTS k", "(integer) 0");
    });
}

#[test]
fn wrong_options_and_times() {
    both(|t| {
        t.expect("SET k v", "OK");
        let others = "ERR NX and XX, GT or LT options at the same time are not compatible";
        for request in ["EXPIRE k 1 NX XX", "EXPIRE k 1 NX GT", "PEXPIRE k 1 LT NX", "EXPIREAT k x NX XX"] {
            t.expect_error(request, others);
        }
        t.expect_error("EXPIRE k 1 GT LT", "ERR GT and LT options at the same time are not compatible");
        t.expect_error("EXPIRE k x AB", "ERR Unsupported option AB");
        t.expect_error("PEXPIREAT k 1 NX zz", "ERR Unsupported option zz");
        t.expect_error("EXPIRE k x", "ERR value is not an integer or out of range");
        t.expect_error("EXPIRE k \"\"", "ERR value is not an integer or out of range");
        for (command, number) in [
            ("expire", "9223372036854775807"),
            ("expire", "9223372036854775"),
            ("expire", "-9223372036854776"),
            ("expireat", "9223372036854776"),
            ("pexpire", "9223372036854775807"),
        ] {
            t.expect_error(
                &format!("{command} k {number}"),
                &format!("ERR invalid expire time in '{command}' command"),
            );
        }
        t.expect("TTL k", "(integer) -1");
        t.expect("PEXPIREAT k 9223372036854775807", "(integer) 1");
        t.expect("PEXPIRETIME k", "(integer) 9223372036854775807");
    });
}

#[test]
fn keys_are_gone_at_their_time_for_whoever_looks() {
    let lookers = ["GET k", "TTL k", "TYPE k", "EXISTS k", "TOUCH k", "OBJECT ENCODING k", "EXPIRE k 10", "PERSIST k"];
    both(|t| {
        for (n, looker) in lookers.iter().enumerate() {
            t.expect("SET k v PX 100", "OK");
            t.advance_ms(99);
            t.expect("EXISTS k", "(integer) 1");
            t.advance_ms(1);
            t.expect("DBSIZE", "(integer) 1");
            t.run(looker);
            t.expect("DBSIZE", "(integer) 0");
            assert_eq!(t.server.stats.totals().expired, n as u64 + 1, "{looker}");
        }
    });
}

#[test]
fn active_expiry_reaches_every_database_and_keeps_the_rest() {
    let mut t = Gate::new();
    for db in 0..16 {
        t.session().select(db);
        for n in 0..300 {
            t.expect(&format!("SET k{n} v PX {}", 1 + n), "OK");
        }
        t.expect("SET stays v", "OK");
    }
    t.advance_ms(100);
    assert_eq!(t.expire_cycle(), 16 * 100);
    assert_eq!(t.expire_cycle(), 0);
    assert_eq!(t.server.stats.totals().expired, 1600);
    t.advance_ms(1000);
    assert_eq!(t.expire_cycle(), 16 * 200);
    for db in 0..16 {
        t.session().select(db);
        t.expect("KEYS *", "1) \"stays\"");
    }
    let lags = t.server.stats.expiry.lags();
    assert_eq!(lags.count(), 16 * 300);
    assert!(lags.percentile_ns(100.0) < 1_200_000_000);
}

#[test]
fn active_expiry_can_be_switched_off() {
    let mut t = Gate::new();
    t.expect("SET k v PX 1", "OK");
    t.advance_ms(5);
    t.server.active_expire.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(t.expire_cycle(), 0);
    t.expect("DBSIZE", "(integer) 1");
    t.expect("EXISTS k", "(integer) 0");
    t.server.active_expire.store(true, std::sync::atomic::Ordering::Relaxed);
    t.expect("SET k v PX 1", "OK");
    t.advance_ms(5);
    assert_eq!(t.expire_cycle(), 1);
}

#[test]
fn active_expiry_passes_over_a_shard_that_a_long_command_holds() {
    let mut t = Gate::new();
    for n in 0..100 {
        t.expect(&format!("SET k{n} v PX 1"), "OK");
    }
    t.advance_ms(5);
    let server = std::sync::Arc::clone(&t.server);
    let held = server.keyspace.lock_long(super::last_shard(&t));
    let removed = t.expire_cycle();
    let kept = held.len();
    assert!(removed > 0 && kept > 0 && removed + kept == 100, "{removed} removed, {kept} kept");
    drop(held);
    assert_eq!(t.expire_cycle(), kept);
}

#[test]
fn a_burst_is_removed_in_slices() {
    let mut t = Gate::new();
    for n in 0..30_000 {
        t.run_args(&[b"SET", format!("k{n}").as_bytes(), b"v", b"PX", b"10"]);
    }
    t.advance_ms(10);
    let mut sweeper = Sweeper::default();
    let slices: Vec<_> = std::iter::repeat_with(|| sweeper.sweep(&t.server)).take_while(|swept| swept.is_cut).collect();
    assert!(slices.len() > 1, "twenty nanoseconds a key would be news");
    let longest = slices.iter().map(|swept| swept.removed).max();
    assert!(longest < Some(20_000), "{longest:?} keys in one slice");
    assert_eq!(t.server.stats.expiry.cut(), slices.len() as u64);
    t.expect("DBSIZE", "(integer) 0");
    assert_eq!(t.server.stats.totals().expired, 30_000);
}
