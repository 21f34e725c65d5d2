//! HSET, HMSET, HSETNX, HGET, HMGET, HDEL, HEXISTS, HLEN, HSTRLEN, and the encodings.

use super::strings;
use crate::harness::both;

#[test]
fn hset_counts_new_fields() {
    both(|t| {
        t.expect("HSET h a 1 b 2 a 3", "(integer) 2");
        t.expect("HSET h a 4 c 5", "(integer) 1");
        t.expect("HMSET h a 6 d 7", "OK");
        t.expect_list("HMGET h a b c d", &["6", "2", "5", "7"]);
        t.expect("HLEN h", "(integer) 4");
        t.expect_error("HSET h a", "ERR wrong number of arguments for 'hset' command");
        t.expect_error("HSET h a 1 b", "ERR wrong number of arguments for 'hset' command");
        t.expect_error("HMSET h a 1 b", "ERR wrong number of arguments for 'hmset' command");
        t.expect("HLEN h", "(integer) 4");
    });
}

#[test]
fn hsetnx_leaves_what_is_there() {
    both(|t| {
        t.expect("HSETNX h f 1", "(integer) 1");
        t.expect("HSETNX h f 2", "(integer) 0");
        t.expect("HGET h f", "\"1\"");
    });
}

#[test]
fn missing_fields_and_keys_read_as_nothing() {
    both(|t| {
        t.expect("HSET h f v \"\" empty", "(integer) 2");
        t.expect("HGET h nosuch", "(nil)");
        t.expect("HGET nosuch f", "(nil)");
        t.expect("HGET h \"\"", "\"empty\"");
        t.expect("HMGET h f nosuch f", "1) \"v\"\n2) (nil)\n3) \"v\"");
        t.expect("HMGET nosuch f g", "1) (nil)\n2) (nil)");
        t.expect("HEXISTS h f", "(integer) 1");
        t.expect("HEXISTS h nosuch", "(integer) 0");
        t.expect("HEXISTS nosuch f", "(integer) 0");
        t.expect("HLEN nosuch", "(integer) 0");
        t.expect("HSTRLEN h \"\"", "(integer) 5");
        t.expect("HSTRLEN h nosuch", "(integer) 0");
        t.expect("HSTRLEN nosuch f", "(integer) 0");
    });
}

#[test]
fn numbers_are_strings_to_clients() {
    both(|t| {
        t.expect("HSET h 1 -9223372036854775808 01 007 2 12", "(integer) 3");
        t.expect_list("HMGET h 1 01 2", &["-9223372036854775808", "007", "12"]);
        t.expect("HSTRLEN h 1", "(integer) 20");
        t.expect_list("HKEYS h", &["1", "01", "2"]);
    });
}

#[test]
fn hdel_removes_the_hash_with_its_last_field() {
    both(|t| {
        for limit in ["0", "512"] {
            t.config("hash-max-listpack-entries", limit);
            t.expect("HSET h a 1 b 2 c 3", "(integer) 3");
            t.expect("HDEL h a a nosuch", "(integer) 1");
            t.expect("EXISTS h", "(integer) 1");
            t.expect("HDEL h b c", "(integer) 2");
            t.expect("EXISTS h", "(integer) 0");
            t.expect("HDEL h b", "(integer) 0");
        }
    });
}

#[test]
fn encodings_follow_the_configuration() {
    both(|t| {
        t.config("hash-max-listpack-entries", "3");
        t.config("hash-max-listpack-value", "5");
        t.expect("HSET h a 12345 b 2 c 3", "(integer) 3");
        t.expect("OBJECT ENCODING h", "\"listpack\"");
        t.expect("HSET h a 5", "(integer) 0");
        t.expect("OBJECT ENCODING h", "\"listpack\"");
        t.expect("HSETNX h d 4", "(integer) 1");
        t.expect("OBJECT ENCODING h", "\"hashtable\"");
        t.expect("HDEL h a b d", "(integer) 3");
        t.expect("OBJECT ENCODING h", "\"hashtable\"");
        t.expect("HSET value f 123456", "(integer) 1");
        t.expect("OBJECT ENCODING value", "\"hashtable\"");
        t.expect("HINCRBY field field1 1", "(integer) 1");
        t.expect("OBJECT ENCODING field", "\"hashtable\"");
        t.config("hash-max-listpack-entries", "0");
        t.expect("HSET none f v", "(integer) 1");
        t.expect("OBJECT ENCODING none", "\"hashtable\"");
    });
}

#[test]
fn hashes_are_copied_moved_and_renamed_whole() {
    both(|t| {
        for fields in [3, 2000] {
            t.expect("FLUSHALL", "OK");
            (0..fields).for_each(|n| assert_eq!(t.integer(&format!("HSET h f{n} {n}")), 1));
            t.expect("COPY h copy", "(integer) 1");
            t.expect("HSET copy f0 other", "(integer) 0");
            t.expect("RENAME h renamed", "OK");
            t.expect("MOVE renamed 1", "(integer) 1");
            t.expect("SELECT 1", "OK");
            t.expect("HLEN renamed", &format!("(integer) {fields}"));
            t.expect("HGET renamed f0", "\"0\"");
            assert_eq!(strings(t, "HVALS renamed").len(), fields);
            t.expect("SELECT 0", "OK");
            t.expect("HGET copy f0", "\"other\"");
        }
    });
}

/// The sums that INFO and MEMORY USAGE show follow every change; an emptied database holds nothing.
#[test]
fn memory_is_counted() {
    both(|t| {
        (0..2000).for_each(|n| _ = t.integer(&format!("HSET h field:{n} value:{n}")));
        let usage = t.integer("MEMORY USAGE h");
        assert!((2000 * 30..2000 * 60).contains(&usage), "{usage}");
        (0..1999).for_each(|n| _ = t.integer(&format!("HDEL h field:{n}")));
        let usage = t.integer("MEMORY USAGE h");
        assert!(usage < 2000, "{usage}");
    });
}
