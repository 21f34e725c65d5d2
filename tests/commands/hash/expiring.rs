//! Fields whose time comes: absent at once, taken out by active expiry.

use super::{integers, strings};
use crate::harness::{Gate, both};

#[test]
fn due_fields_are_absent_for_every_command() {
    both(|t| {
        for limit in ["0", "512"] {
            t.expect("FLUSHALL", "OK");
            t.config("hash-max-listpack-entries", limit);
            t.expect("HSET h a 1 b 2 c 3", "(integer) 3");
            assert_eq!(integers(t, "HPEXPIRE h 10 FIELDS 2 a b"), [1, 1]);
            t.advance_ms(9);
            t.expect("HGET h a", "\"1\"");
            t.advance_ms(1);
            t.expect("HGET h a", "(nil)");
            t.expect("HMGET h a c", "1) (nil)\n2) \"3\"");
            t.expect("HEXISTS h a", "(integer) 0");
            t.expect("HSTRLEN h a", "(integer) 0");
            assert_eq!(strings(t, "HGETALL h"), ["c", "3"]);
            t.expect_list("HKEYS h", &["c"]);
            t.expect_list("HVALS h", &["3"]);
            t.expect("HSCAN h 0", "1) \"0\"\n2) 1) \"c\"\n2) \"3\"");
            t.expect("HGETEX h FIELDS 1 a", "1) (nil)");
            t.expect("HGETDEL h FIELDS 1 a", "1) (nil)");
            t.expect("HDEL h a", "(integer) 0");
            assert_eq!(integers(t, "HTTL h FIELDS 1 a"), [-2]);
            assert_eq!(integers(t, "HPERSIST h FIELDS 1 a"), [-2]);
            assert_eq!(integers(t, "HEXPIRE h 10 FIELDS 1 a"), [-2]);
            t.expect("HSETEX h FXX FIELDS 1 a 1", "(integer) 0");
            t.expect("HLEN h", "(integer) 3");
            t.expect("HSETNX h a new", "(integer) 1");
            t.expect("HSET h b new", "(integer) 1");
            assert_eq!(integers(t, "HTTL h FIELDS 2 a b"), [-1, -1]);
            assert_eq!(t.expire_cycle(), 0, "nothing is due any more");
        }
    });
}

#[test]
fn active_expiry_takes_fields_and_emptied_hashes_out() {
    both(|t| {
        for fields in [3, 1000] {
            t.expect("FLUSHALL", "OK");
            let before = t.server.stats.totals();
            for n in 0..fields {
                t.run(&format!("HSET h f{n} {n}"));
                t.run(&format!("HPEXPIRE h {} FIELDS 1 f{n}", 10 + n % 2));
            }
            t.expect("HSET kept f v", "(integer) 1");
            t.advance_ms(10);
            let half = fields / 2 + fields % 2;
            assert_eq!(t.expire_cycle(), half);
            t.expect("HLEN h", &format!("(integer) {}", fields - half));
            t.advance_ms(1);
            assert_eq!(t.expire_cycle(), fields - half);
            t.expect("EXISTS h kept", "(integer) 1");
            let after = t.server.stats.totals();
            assert_eq!((after.expired_fields - before.expired_fields) as usize, fields);
            assert_eq!(after.expired, before.expired, "no key has expired");
            let line = format!("expired_subkeys:{}\r\n", after.expired_fields);
            assert!(t.text("INFO stats").contains(&line));
        }
    });
}

/// Every way in which a hash with due fields can come and go.
#[test]
fn the_index_follows_the_hash() {
    let subexpiry = |t: &mut Gate| -> String {
        let info = t.text("INFO keyspace");
        let of = |line: &str| line.rsplit_once('=').map(|(_, number)| number.to_owned());
        info.lines().filter(|line| line.starts_with("db")).filter_map(of).collect::<Vec<_>>().join(" ")
    };
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            for (request, left) in [
                ("HPERSIST h FIELDS 2 a b", "0"),
                ("HDEL h a b", "0"),
                ("HDEL h a", "1"),
                ("HSET h a 1 b 2", "0"),
                ("HGETDEL h FIELDS 2 a b", "0"),
                ("HGETEX h PERSIST FIELDS 2 a b", "0"),
                ("HSETEX h KEEPTTL FIELDS 2 a 1 b 2", "1"),
                ("SET h v", "0"),
                ("RENAME h other", "1"),
                ("COPY h other", "2"),
                ("MOVE h 1", "0 1"),
                ("SWAPDB 0 1", "1"),
                ("RENAME plain h", "0"),
            ] {
                t.expect("FLUSHALL", "OK");
                t.expect("HSET h a 1 b 2 c 3", "(integer) 3");
                t.expect("HSET plain f v", "(integer) 1");
                assert_eq!(integers(t, "HPEXPIRE h 10 FIELDS 2 a b"), [1, 1]);
                assert_eq!(subexpiry(t), "1");
                t.run(request);
                assert_eq!(subexpiry(t), left, "{request}");
                t.advance_ms(10);
                t.expire_cycle();
                assert!(subexpiry(t).split(' ').all(|count| count == "0"), "{request}");
            }
            t.expect("DEL h", "(integer) 1");
            t.expect("EXISTS h", "(integer) 0");
        }
    });
}

#[test]
fn the_earliest_field_counts() {
    both(|t| {
        for limit in ["0", "512"] {
            t.expect("FLUSHALL", "OK");
            t.config("hash-max-listpack-entries", limit);
            t.expect("HSET h a 1 b 2", "(integer) 2");
            t.run("HPEXPIRE h 100 FIELDS 1 a");
            t.run("HPEXPIRE h 50 FIELDS 1 b");
            t.run("HPEXPIRE h 200 FIELDS 1 b");
            t.run("HPEXPIRE h 20 FIELDS 1 a");
            t.advance_ms(20);
            assert_eq!(t.expire_cycle(), 1);
            t.expect_list("HKEYS h", &["b"]);
            t.advance_ms(180);
            assert_eq!(t.expire_cycle(), 1);
            t.expect("EXISTS h", "(integer) 0");
        }
    });
}

/// A hash that expires itself before its fields do.
#[test]
fn the_key_may_go_first() {
    both(|t| {
        t.expect("HSET h a 1", "(integer) 1");
        t.run("HPEXPIRE h 10 FIELDS 1 a");
        t.expect("PEXPIRE h 5", "(integer) 1");
        t.advance_ms(20);
        assert_eq!(t.expire_cycle(), 1);
        t.expect("DBSIZE", "(integer) 0");
        // And one that would have lived longer.
        t.expect("HSET h a 1", "(integer) 1");
        t.run("HPEXPIRE h 10 FIELDS 1 a");
        t.expect("PEXPIRE h 500", "(integer) 1");
        t.advance_ms(20);
        assert_eq!(t.expire_cycle(), 1);
        t.expect("DBSIZE", "(integer) 0");
    });
}

/// Hashes of one shard whose fields expire in the same millisecond share what the index knows of them by time alone.
#[test]
fn many_hashes_expire_at_once() {
    let mut t = Gate::new();
    for n in 0..500 {
        t.run(&format!("HSETEX h{n} PX 10 FIELDS 2 a 1 b 2"));
        t.run(&format!("HSET h{n} c 3"));
    }
    t.advance_ms(10);
    assert_eq!(t.expire_cycle(), 1000);
    t.expect("DBSIZE", "(integer) 500");
    t.expect("HLEN h77", "(integer) 1");
}
