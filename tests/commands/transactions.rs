//! MULTI, EXEC, DISCARD, WATCH, UNWATCH, and how other commands behave among them.

use crate::harness::{Gate, both};

const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";

#[test]
fn queued_commands_run_in_one_step() {
    both(|t| {
        t.expect("MULTI", "OK");
        t.expect("SET k 1", "QUEUED");
        t.expect("INCR k", "QUEUED");
        t.expect("LPUSH other a b", "QUEUED");
        t.expect("LRANGE other 0 -1", "QUEUED");
        t.expect("EXEC", "1) OK\n2) (integer) 2\n3) (integer) 2\n4) 1) \"b\"\n2) \"a\"");
        t.expect("GET k", "\"2\"");
        t.expect("MULTI", "OK");
        t.expect("EXEC", "(empty array)");
    });
}

#[test]
fn an_error_of_one_command_leaves_the_others_alone() {
    both(|t| {
        t.expect("SET k text", "OK");
        t.expect("MULTI", "OK");
        t.expect("INCR k", "QUEUED");
        t.expect("SET j 1", "QUEUED");
        t.expect("EXEC", "1) (error) ERR value is not an integer or out of range\n2) OK");
        t.expect("GET j", "\"1\"");
    });
}

#[test]
fn a_refused_command_makes_exec_refuse_all() {
    both(|t| {
        for refused in ["NOSUCH", "GET", "CLIENT NOSUCH"] {
            t.expect("MULTI", "OK");
            t.expect("SET k 1", "QUEUED");
            t.run(refused);
            t.expect_error("EXEC", ABORTED);
            t.expect("EXISTS k", "(integer) 0");
            t.expect_error("EXEC", "ERR EXEC without MULTI");
        }
    });
}

#[test]
fn a_faulty_exec_ends_the_transaction() {
    both(|t| {
        const FAULTY: &str = "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command";
        t.expect("MULTI", "OK");
        t.expect("SET k 1", "QUEUED");
        t.expect_error("EXEC now", FAULTY);
        t.expect_error("EXEC", "ERR EXEC without MULTI");
        t.expect_error("EXEC now", FAULTY);
        t.expect("EXISTS k", "(integer) 0");
    });
}

#[test]
fn wrong_order_is_told_and_ends_nothing() {
    both(|t| {
        t.expect_error("EXEC", "ERR EXEC without MULTI");
        t.expect_error("DISCARD", "ERR DISCARD without MULTI");
        t.expect("MULTI", "OK");
        t.expect_error("MULTI", "ERR MULTI calls can not be nested");
        t.expect_error("WATCH k", "ERR WATCH inside MULTI is not allowed");
        t.expect("SET k 1", "QUEUED");
        t.expect("EXEC", "1) OK");
        t.expect("MULTI", "OK");
        t.expect("SET k 2", "QUEUED");
        t.expect("DISCARD", "OK");
        t.expect("GET k", "\"1\"");
    });
}

#[test]
fn a_watched_key_that_changes_stops_exec() {
    for change in ["SET k 2", "DEL k", "EXPIRE k 100", "RENAME k j", "FLUSHALL", "SWAPDB 0 1", "MOVE k 1", "APPEND k x"]
    {
        both(|t| {
            let other = t.client();
            t.expect("SET k 1", "OK");
            t.expect("WATCH unrelated k k", "OK");
            t.on(other).run(change);
            t.expect("MULTI", "OK");
            t.expect("SET ran yes", "QUEUED");
            t.expect("EXEC", "(nil)");
            t.expect("EXISTS ran", "(integer) 0");
            // The watch has ended with EXEC.
            t.on(other).run("SET k 3");
            t.expect("MULTI", "OK");
            t.expect("PING", "QUEUED");
            t.expect("EXEC", "1) PONG");
        });
    }
}

#[test]
fn what_is_no_change_lets_exec_run() {
    for harmless in ["GET k", "SET other 1", "DEL absent", "EXPIRE absent 100", "FLUSHDB", "SWAPDB 1 2", "TOUCH k"] {
        both(|t| {
            let other = t.client();
            let keeps_db = harmless == "FLUSHDB";
            t.expect("SET k 1", "OK");
            t.expect("WATCH k absent", "OK");
            if keeps_db {
                t.on(other).expect("SELECT 3", "OK");
            }
            t.on(other).run(harmless);
            t.expect("MULTI", "OK");
            t.expect("PING", "QUEUED");
            t.expect("EXEC", "1) PONG");
        });
    }
}

#[test]
fn an_own_change_counts_and_unwatch_ends_all() {
    both(|t| {
        t.expect("WATCH k", "OK");
        t.expect("SET k 1", "OK");
        t.expect("MULTI", "OK");
        t.expect("PING", "QUEUED");
        t.expect("EXEC", "(nil)");

        for end in ["UNWATCH", "DISCARD", "RESET"] {
            t.expect("WATCH k", "OK");
            if end == "DISCARD" {
                t.expect("MULTI", "OK");
            }
            t.run(end);
            t.expect("SET k 2", "OK");
            t.expect("MULTI", "OK");
            t.expect("PING", "QUEUED");
            t.expect("EXEC", "1) PONG");
        }
    });
}

#[test]
fn keys_expire_while_they_are_watched() {
    both(|t| {
        t.expect("SET k 1 PX 100", "OK");
        t.expect("WATCH k", "OK");
        t.advance_ms(101);
        t.expect("MULTI", "OK");
        t.expect("PING", "QUEUED");
        t.expect("EXEC", "(nil)");

        // One whose time had come before is not there: that it is removed is no change.
        t.expect("SET k 1 PX 100", "OK");
        t.advance_ms(101);
        t.expect("WATCH k", "OK");
        t.expire_cycle();
        t.expect("MULTI", "OK");
        t.expect("PING", "QUEUED");
        t.expect("EXEC", "1) PONG");
    });
}

#[test]
fn a_swapped_in_key_whose_time_has_come_is_no_change() {
    both(|t| {
        t.expect("SET k 1 PX 100", "OK");
        t.advance_ms(101);
        t.expect("SELECT 1", "OK");
        t.expect("WATCH k", "OK");
        t.expect("SWAPDB 0 1", "OK");
        t.expect("MULTI", "OK");
        t.expect("PING", "QUEUED");
        t.expect("EXEC", "1) PONG");
    });
}

#[test]
fn databases_are_those_of_the_moment() {
    both(|t| {
        t.expect("MULTI", "OK");
        t.expect("SET k zero", "QUEUED");
        t.expect("SELECT 2", "QUEUED");
        t.expect("SET k two", "QUEUED");
        t.expect("EXEC", "1) OK\n2) OK\n3) OK");
        t.expect("GET k", "\"two\"");
        t.expect("SELECT 0", "OK");
        t.expect("GET k", "\"zero\"");
    });
}

#[test]
fn nothing_waits_inside() {
    both(|t| {
        t.expect("MULTI", "OK");
        for blocking in [
            "BLPOP l 0",
            "BRPOP l 0",
            "BLMPOP 0 1 l LEFT",
            "BLMOVE l m LEFT LEFT 0",
            "BRPOPLPUSH l m 0",
            "BZPOPMIN z 0",
            "XREAD BLOCK 0 STREAMS s $",
            "WAIT 1 0",
        ] {
            t.expect(blocking, "QUEUED");
        }
        t.expect("EXEC", "1) (nil)\n2) (nil)\n3) (nil)\n4) (nil)\n5) (nil)\n6) (nil)\n7) (nil)\n8) (integer) 0");
    });
}

#[test]
fn what_a_transaction_pushes_serves_who_waits_behind_it() {
    both(|t| {
        let other = t.client();
        t.on(other).blocks("BLPOP l 0");
        t.expect("MULTI", "OK");
        t.expect("RPUSH l a", "QUEUED");
        t.expect("DEL l", "QUEUED");
        t.expect("RPUSH l b", "QUEUED");
        t.expect("EXEC", "1) (integer) 1\n2) (integer) 1\n3) (integer) 1");
        t.on(other).expect_served("1) \"l\"\n2) \"b\"");
    });
}

#[test]
fn commands_on_the_whole_keyspace_run_inside() {
    both(|t| {
        t.expect("MSET a 1 b 2 c 3 d 4 e 5", "OK");
        t.expect("MULTI", "OK");
        t.expect("DBSIZE", "QUEUED");
        t.expect("FLUSHALL", "QUEUED");
        t.expect("DBSIZE", "QUEUED");
        t.expect("SET k 1", "QUEUED");
        t.expect("KEYS *", "QUEUED");
        t.expect("EXEC", "1) (integer) 5\n2) OK\n3) (integer) 0\n4) OK\n5) 1) \"k\"");
    });
}

#[test]
fn long_commands_leave_the_worker_with_all_of_it() {
    both(|t| {
        for n in 0..30_000 {
            t.run(&format!("SADD big {n}"));
        }
        t.expect("MULTI", "OK");
        t.expect("SELECT 0", "QUEUED");
        t.expect("SCARD big", "QUEUED");
        t.expect("SUNIONSTORE copy big", "QUEUED");
        t.expect("EXEC", "1) OK\n2) (integer) 30000\n3) (integer) 30000");
        // Behind a change there is no way back: it runs where it is.
        t.expect("MULTI", "OK");
        t.expect("SET k 1", "QUEUED");
        t.expect("SUNIONSTORE copy big", "QUEUED");
        t.expect("EXEC", "1) OK\n2) (integer) 30000");
    });
}

#[test]
fn replies_are_kept_back_command_by_command() {
    let mut t = Gate::new();
    t.expect("MULTI", "OK");
    t.expect("CLIENT REPLY OFF", "QUEUED");
    t.expect("PING", "QUEUED");
    t.expect("CLIENT REPLY ON", "QUEUED");
    assert_eq!(t.raw("EXEC"), b"*3\r\n+OK\r\n");
}

#[test]
fn who_has_queued_too_much_memory_is_closed() {
    let mut t = Gate::new();
    t.config("client-query-buffer-limit", "1mb");
    t.expect("MULTI", "OK");
    let value = "x".repeat(10_000);
    for _ in 0..200 {
        if t.is_closed() {
            return;
        }
        t.raw(&format!("SET k {value}"));
    }
    panic!("the queue has no limit");
}

#[test]
fn others_see_what_is_queued_and_watched() {
    both(|t| {
        t.expect("WATCH a b", "OK");
        t.expect("MULTI", "OK");
        t.expect("PING", "QUEUED");
        let other = t.client();
        let list = t.on(other).text("CLIENT LIST");
        assert!(list.contains(" multi=1 ") && list.contains(" watch=2 "), "{list}");
        t.expect("EXEC", "1) PONG");
        let list = t.on(other).text("CLIENT LIST");
        assert!(!list.contains(" multi=1 ") && !list.contains(" watch=2 "), "{list}");
    });
}

#[test]
fn a_script_that_was_known_to_keep_to_its_keys_may_go_further_behind_a_change() {
    both(|t| {
        let script = |key: usize, further: bool| {
            let body =
                "if ARGV[1]=='true' then return redis.call('set',ARGV[2],'x') end return redis.call('get',KEYS[1])";
            format!("EVAL \"{body}\" 1 k{key} {further} other{key}")
        };
        for key in 0..20 {
            t.run(&script(key, false));
        }
        for key in 0..20 {
            t.expect("MULTI", "OK");
            t.expect(&format!("SET k{key} 1"), "QUEUED");
            t.expect(&script(key, true), "QUEUED");
            t.expect("EXEC", "1) OK\n2) OK");
            t.expect(&format!("GET other{key}"), "\"x\"");
        }
    });
}
