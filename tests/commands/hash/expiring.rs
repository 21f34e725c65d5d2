//! Fields whose time comes: absent at once, taken out by active expiry.

use super::{integers, strings};
use crate::harness::{Gate, both};

/// Makes a hash of `a`, `b` and `c`, of which the first two have just expired.
fn expire_two_of_three(t: &mut Gate) {
    t.expect("FLUSHALL", "OK");
    t.expect("HSET h a 1 b 2 c 3", "(integer) 3");
    assert_eq!(integers(t, "HPEXPIRE h 10 FIELDS 2 a b"), [1, 1]);
    t.advance_ms(9);
    t.expect("HMGET h a b c", "1) \"1\"\n2) \"2\"\n3) \"3\"");
    t.advance_ms(1);
}

#[test]
fn due_fields_are_absent_for_every_command() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            // Request, reply, how many of the two due fields it takes out.
            for (request, reply, taken) in [
                ("HGET h a", "(nil)", 1),
                ("HMGET h a c", "1) (nil)\n2) \"3\"", 1),
                ("HMGET h b a", "1) (nil)\n2) (nil)", 2),
                ("HEXISTS h a", "(integer) 0", 1),
                ("HSTRLEN h a", "(integer) 0", 1),
                ("HLEN h", "(integer) 3", 0),
                ("HKEYS h", "1) \"c\"", 0),
                ("HVALS h", "1) \"3\"", 0),
                ("HSCAN h 0", "1) \"0\"\n2) 1) \"c\"\n2) \"3\"", 0),
                ("HRANDFIELD h", "\"c\"", 2),
                ("HRANDFIELD h 5", "1) \"c\"", 2),
                ("HGETEX h FIELDS 1 a", "1) (nil)", 1),
                ("HGETEX h EX 10 FIELDS 2 a a", "1) (nil)\n2) (nil)", 1),
                ("HGETDEL h FIELDS 2 a b", "1) (nil)\n2) (nil)", 2),
                ("HTTL h FIELDS 1 a", "1) (integer) -2", 0),
                ("HPERSIST h FIELDS 1 a", "1) (integer) -2", 0),
                ("HEXPIRE h 10 FIELDS 1 a", "1) (integer) -2", 0),
                ("HEXPIRE h 0 FIELDS 1 a", "1) (integer) -2", 0),
                ("HSETEX h FXX FIELDS 1 a 1", "(integer) 0", 1),
                ("HSETEX h FXX PX 0 FIELDS 2 c 1 b 1", "(integer) 0", 1),
                ("HSETEX h FNX FIELDS 2 a 1 b 1", "(integer) 1", 2),
                ("HSETEX h KEEPTTL FIELDS 1 a 1", "(integer) 1", 1),
                ("HSETNX h a new", "(integer) 1", 1),
                ("HINCRBY h a 5", "(integer) 5", 1),
                ("HINCRBYFLOAT h a 5", "\"5\"", 1),
            ] {
                expire_two_of_three(t);
                let before = t.server.stats.totals();
                t.expect(request, reply);
                let after = t.server.stats.totals();
                assert_eq!(after.expired_fields - before.expired_fields, taken, "{request}");
                assert_eq!(t.expire_cycle() as u64, 2 - taken, "{request}");
                assert_eq!(integers(t, "HTTL h FIELDS 1 c"), [-1], "{request}");
            }
            expire_two_of_three(t);
            assert_eq!(strings(t, "HGETALL h"), ["c", "3"]);
        }
    });
}

#[test]
fn what_is_written_over_a_due_field_does_not_expire() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            for request in [
                "HSET h a new",
                "HSETNX h a new",
                "HMSET h a new",
                "HSETEX h FIELDS 1 a new",
                "HSETEX h KEEPTTL FIELDS 1 a new",
                "HINCRBY h a 1",
                "HINCRBYFLOAT h a 1",
            ] {
                expire_two_of_three(t);
                t.run(request);
                assert_eq!(integers(t, "HTTL h FIELDS 2 a b"), [-1, -2], "{request}");
                assert_eq!(t.expire_cycle(), 1, "{request}");
            }
        }
    });
}

#[test]
fn whoever_meets_the_last_field_takes_the_key_out() {
    both(|t| {
        for request in ["HGET h f", "HMGET h f f", "HRANDFIELD h", "HGETDEL h FIELDS 1 f", "HGETEX h FIELDS 1 f"] {
            t.expect("HSETEX h PX 5 FIELDS 1 f v", "(integer) 1");
            t.advance_ms(5);
            t.expect("EXISTS h", "(integer) 1");
            t.run(request);
            t.expect("EXISTS h", "(integer) 0");
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
