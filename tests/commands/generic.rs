//! Commands on keys of any type.

use nyala::keyspace::ShardId;

use crate::harness::{Gate, START_MS, both};

mod dump;
mod expiry;
mod sort;
mod walk;

/// Sets a key in another database.
fn set_in(t: &mut Gate, db: usize, request: &str) {
    let before = t.session().db;
    t.session().select(db);
    t.expect(request, "OK");
    t.session().select(before);
}

#[test]
fn del_counts_keys_that_were_there() {
    both(|t| {
        t.expect("MSET a 1 b 2 c 3", "OK");
        t.expect("DEL a b b nosuch", "(integer) 2");
        t.expect("UNLINK c nosuch", "(integer) 1");
        t.expect("DEL a b c", "(integer) 0");
        t.expect("DBSIZE", "(integer) 0");
        t.expect("SET a 1 PX 10", "OK");
        t.advance_ms(10);
        t.expect("DEL a", "(integer) 0");
        t.expect_error("DEL", "ERR wrong number of arguments for 'del' command");
    });
}

#[test]
fn exists_and_touch_count_a_repeated_key_each_time() {
    both(|t| {
        t.expect("MSET a 1 b 2", "OK");
        t.expect("EXISTS a a b nosuch", "(integer) 3");
        t.expect("TOUCH a a b nosuch", "(integer) 3");
        t.expect("EXISTS nosuch", "(integer) 0");
    });
}

#[test]
fn facts_count_hits_and_misses() {
    let mut t = Gate::new();
    t.expect("SET a 1", "OK");
    let before = t.server.stats.totals();
    for request in ["TYPE a", "TTL a", "EXISTS a", "TOUCH a", "OBJECT ENCODING a", "PEXPIRETIME a"] {
        t.run(request);
        t.run(&request.replace(" a", " nosuch"));
    }
    let after = t.server.stats.totals();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (6, 6));
}

#[test]
fn type_is_a_simple_string() {
    both(|t| {
        t.expect("SET a 1", "OK");
        t.expect_raw("TYPE a", "+string\r\n");
        t.expect_raw("TYPE nosuch", "+none\r\n");
    });
}

#[test]
fn changes_are_counted_once_each() {
    let mut t = Gate::new();
    let mut dirty = |request: &str| {
        let before = t.server.stats.totals().dirty;
        t.run(request);
        t.server.stats.totals().dirty - before
    };
    assert_eq!(dirty("MSET a 1 b 2 c 3"), 3);
    assert_eq!(dirty("DEL a b nosuch"), 2);
    assert_eq!((dirty("RENAME c d"), dirty("RENAME d d"), dirty("COPY d e"), dirty("MOVE e 1")), (1, 0, 1, 1));
    assert_eq!((dirty("EXPIRE d 10"), dirty("PERSIST d"), dirty("PERSIST d"), dirty("EXPIRE d -1")), (1, 1, 0, 1));
    assert_eq!((dirty("SWAPDB 0 1"), dirty("SWAPDB 0 0"), dirty("FLUSHALL")), (1, 1, 1));
}

#[test]
fn rename_moves_value_and_expiry() {
    both(|t| {
        // So many pairs that both shapes occur: within a shard, and from one to another.
        for n in 0..20 {
            t.expect(&format!("SET from{n} {n}"), "OK");
            t.expect(&format!("SET to{n} old PX 50"), "OK");
            t.expect(&format!("PEXPIREAT from{n} {}", START_MS + 100), "(integer) 1");
            t.expect(&format!("RENAME from{n} to{n}"), "OK");
            t.expect(&format!("EXISTS from{n}"), "(integer) 0");
            t.expect(&format!("GET to{n}"), &format!("\"{n}\""));
            t.expect(&format!("PEXPIRETIME to{n}"), &format!("(integer) {}", START_MS + 100));
        }
        t.expect("SET plain 1", "OK");
        t.expect("RENAME plain to0", "OK");
        t.expect("TTL to0", "(integer) -1");
    });
}

#[test]
fn rename_to_the_same_name_or_from_nothing() {
    both(|t| {
        t.expect("SET a 1", "OK");
        t.expect("RENAME a a", "OK");
        t.expect("RENAMENX a a", "(integer) 0");
        for request in ["RENAME nosuch a", "RENAMENX nosuch a", "RENAME nosuch nosuch", "RENAMENX nosuch nosuch"] {
            t.expect_error(request, "ERR no such key");
        }
        t.expect("GET a", "\"1\"");
        t.expect("SET b 2 PX 5", "OK");
        t.advance_ms(5);
        t.expect_error("RENAME b a", "ERR no such key");
    });
}

#[test]
fn renamenx_leaves_a_taken_name_alone() {
    both(|t| {
        t.expect("MSET a 1 b 2", "OK");
        t.expect("RENAMENX a b", "(integer) 0");
        t.expect("MGET a b", "1) \"1\"\n2) \"2\"");
        t.expect("RENAMENX a c", "(integer) 1");
        t.expect("SET x 1 PX 5", "OK");
        t.advance_ms(5);
        t.expect("RENAMENX b x", "(integer) 1");
    });
}

#[test]
fn copy_leaves_the_source_and_takes_the_expiry_along() {
    both(|t| {
        t.expect("SET a hello PX 100", "OK");
        for n in 0..20 {
            t.expect(&format!("COPY a b{n}"), "(integer) 1");
            t.expect(&format!("GET b{n}"), "\"hello\"");
            t.expect(&format!("PTTL b{n}"), "(integer) 100");
        }
        t.expect("SET c taken", "OK");
        t.expect("COPY a c", "(integer) 0");
        t.expect("COPY a c REPLACE", "(integer) 1");
        t.expect("COPY nosuch d", "(integer) 0");
        t.expect_error("COPY a a", "ERR source and destination objects are the same");
        t.expect("APPEND b0 ' world'", "(integer) 11");
        t.expect("GET a", "\"hello\"");
    });
}

#[test]
fn a_copy_of_a_large_string_is_independent() {
    both(|t| {
        t.run_args(&[b"SET", b"a", &vec![b'x'; 100_000]]);
        t.expect("COPY a b", "(integer) 1");
        t.expect("SETRANGE b 0 y", "(integer) 100000");
        t.expect("GETRANGE a 0 0", "\"x\"");
        t.expect("GETRANGE b 0 1", "\"yx\"");
    });
}

#[test]
fn copy_to_another_database() {
    both(|t| {
        t.expect("SET a 1", "OK");
        t.expect("COPY a a DB 1", "(integer) 1");
        t.expect("COPY a a DB 1", "(integer) 0");
        t.expect("COPY a a REPLACE DB 1", "(integer) 1");
        t.expect_error("COPY a a DB 0", "ERR source and destination objects are the same");
        t.expect_error("COPY a b DB 16", "ERR DB index is out of range");
        t.expect_error("COPY a b DB -1", "ERR DB index is out of range");
        t.expect_error("COPY a b DB x", "ERR value is not an integer or out of range");
        t.expect_error("COPY a b DB", "ERR syntax error");
        t.expect_error("COPY a b NX", "ERR syntax error");
        t.session().select(1);
        t.expect("GET a", "\"1\"");
        t.expect("DBSIZE", "(integer) 1");
    });
}

#[test]
fn move_needs_a_free_name_in_the_other_database() {
    both(|t| {
        t.expect("SET a 1 PX 100", "OK");
        t.expect("MOVE a 1", "(integer) 1");
        t.expect("EXISTS a", "(integer) 0");
        t.expect("SET a 2", "OK");
        t.expect("MOVE a 1", "(integer) 0");
        t.expect("MOVE nosuch 1", "(integer) 0");
        t.expect_error("MOVE a 0", "ERR source and destination objects are the same");
        t.expect_error("MOVE a 16", "ERR DB index is out of range");
        t.expect_error("MOVE a x", "ERR value is not an integer or out of range");
        t.session().select(1);
        t.expect("GET a", "\"1\"");
        t.expect("PTTL a", "(integer) 100");
        t.advance_ms(100);
        t.session().select(0);
        t.expect("MOVE a 1", "(integer) 1");
    });
}

#[test]
fn object_encoding_and_refcount() {
    both(|t| {
        let long = "x".repeat(45);
        for (value, encoding) in [("12", "int"), ("hello", "embstr"), (&long, "raw"), ("3.5", "embstr")] {
            t.expect(&format!("SET k {value}"), "OK");
            t.expect("OBJECT ENCODING k", &format!("\"{encoding}\""));
        }
        t.expect("OBJECT REFCOUNT k", "(integer) 1");
        for (number, count) in [(-1, 1), (0, i32::MAX), (9999, i32::MAX), (10_000, 1)] {
            t.expect(&format!("SET k {number}"), "OK");
            t.expect("OBJECT REFCOUNT k", &format!("(integer) {count}"));
        }
        for sub in ["ENCODING", "REFCOUNT", "IDLETIME", "FREQ"] {
            t.expect(&format!("OBJECT {sub} nosuch"), "(nil)");
            t.expect_error(
                &format!("OBJECT {sub}"),
                &format!("ERR wrong number of arguments for 'object|{}' command", sub.to_lowercase()),
            );
        }
    });
}

#[test]
fn object_idletime_counts_from_the_last_use() {
    both(|t| {
        t.expect("SET k v", "OK");
        t.advance_ms(5_000);
        t.expect("TTL k", "(integer) -1");
        t.expect("EXISTS k", "(integer) 1");
        t.expect("OBJECT IDLETIME k", "(integer) 5");
        t.expect("TOUCH k", "(integer) 1");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        t.advance_ms(3_000);
        t.expect("EXPIRE k 100", "(integer) 1");
        t.expect("OBJECT IDLETIME k", "(integer) 0");
        let freq = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                    switching between policies at runtime LRU and LFU data will take some time to adjust.";
        t.expect_error("OBJECT FREQ k", freq);
        t.config("maxmemory-policy", "allkeys-lfu");
        let idle = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching \
                    between policies at runtime LRU and LFU data will take some time to adjust.";
        t.expect_error("OBJECT IDLETIME k", idle);
    });
}

#[test]
fn dbsize_counts_the_selected_database() {
    both(|t| {
        for n in 0..50 {
            t.expect(&format!("SET k{n} v"), "OK");
        }
        set_in(t, 3, "SET other v");
        t.expect("DBSIZE", "(integer) 50");
        t.session().select(3);
        t.expect("DBSIZE", "(integer) 1");
        t.session().select(4);
        t.expect("DBSIZE", "(integer) 0");
    });
}

#[test]
fn flushdb_empties_one_database_and_flushall_every_one() {
    for mode in ["", "SYNC", "ASYNC", "async"] {
        both(|t| {
            t.expect("MSET a 1 b 2 c 3", "OK");
            set_in(t, 1, "SET d 4");
            set_in(t, 2, "SET e 5 EX 100");
            t.session().select(1);
            t.expect(&format!("FLUSHDB {mode}"), "OK");
            t.expect("DBSIZE", "(integer) 0");
            t.session().select(0);
            t.expect("DBSIZE", "(integer) 3");
            t.expect(&format!("FLUSHALL {mode}"), "OK");
            for db in 0..3 {
                t.session().select(db);
                t.expect("DBSIZE", "(integer) 0");
            }
            t.expect("SET e 5", "OK");
            t.expect("TTL e", "(integer) -1");
        });
    }
    both(|t| {
        t.expect_error("FLUSHALL now", "ERR syntax error");
        t.expect_error("FLUSHDB SYNC SYNC", "ERR syntax error");
    });
}

#[test]
fn flushall_sync_of_many_keys_leaves_the_worker_and_frees_before_it_answers() {
    let mut t = Gate::new();
    for n in 0..30_000 {
        t.run_args(&[b"SET", format!("k{n}").as_bytes(), b"v"]);
    }
    t.config("lazyfree-lazy-user-flush", "no");
    t.expect("FLUSHALL", "OK");
    assert_eq!((t.server.lazy_free.pending(), t.server.lazy_free.freed()), (0, 0));
    t.expect("SET k v", "OK");
    t.config("lazyfree-lazy-user-flush", "yes");
    t.expect("FLUSHALL", "OK");
    while t.server.lazy_free.freed() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(t.server.lazy_free.freed(), 1);
}

#[test]
fn swapdb_exchanges_all_keys() {
    both(|t| {
        for n in 0..20 {
            t.expect(&format!("SET k{n} v EX 100"), "OK");
        }
        set_in(t, 9, "SET other v");
        t.expect("SWAPDB 0 9", "OK");
        t.expect("DBSIZE", "(integer) 1");
        t.expect("GET other", "\"v\"");
        t.session().select(9);
        t.expect("DBSIZE", "(integer) 20");
        t.expect("TTL k7", "(integer) 100");
        t.advance_ms(100_000);
        assert_eq!(t.expire_cycle(), 20);
        t.expect("SWAPDB 9 9", "OK");
        t.expect_error("SWAPDB x 0", "ERR invalid first DB index");
        t.expect_error("SWAPDB 0 x", "ERR invalid second DB index");
        t.expect_error("SWAPDB 0 16", "ERR DB index is out of range");
        t.expect_error("SWAPDB -1 0", "ERR DB index is out of range");
    });
}

/// A shard as a long command holds it.
fn last_shard(t: &Gate) -> ShardId {
    t.server.keyspace.shard_ids().last().expect("there are shards")
}
