//! APPEND, GETRANGE, SETRANGE, SUBSTR, STRLEN.

use nyala::resp::BIG_BULK;
use nyala::resp::decode::Value;
use nyala::util::rng::Rng;

use super::{NOT_INTEGER, encoding, expiry_ms};
use crate::harness::{Gate, both};

#[test]
fn append_makes_raw_strings() {
    both(|t| {
        t.expect("APPEND k 12", "(integer) 2");
        assert_eq!(encoding(t, "k"), "int");
        t.expect("APPEND k 3", "(integer) 3");
        assert_eq!(encoding(t, "k"), "raw");
        t.expect("GET k", r#""123""#);
        t.expect("SET k v EX 10", "OK");
        t.expect("APPEND k \"\"", "(integer) 1");
        assert_eq!((encoding(t, "k"), expiry_ms(t, "k")), ("raw", Some(10_000)));
        t.expect("APPEND empty \"\"", "(integer) 0");
        assert_eq!(encoding(t, "empty"), "embstr");
    });
}

#[test]
fn append_grows_across_every_limit() {
    both(|t| {
        let (mut expected, mut random) = (Vec::new(), Rng::from_seed(1));
        while expected.len() < 3 * BIG_BULK {
            let piece = vec![b'a' + random.below(26) as u8; random.index(3000)];
            expected.extend_from_slice(&piece);
            t.run_args(&[b"APPEND", b"k", &piece]);
            t.expect("STRLEN k", &format!("(integer) {}", expected.len()));
        }
        assert_eq!(t.text("GET k").as_bytes(), expected);
    });
}

/// A value that a reply still waits to send is not changed under it.
#[test]
fn a_value_on_its_way_out_is_not_changed() {
    use nyala::resp::{Output, OwnedArgs};

    let mut t = Gate::new();
    let value = vec![b'x'; BIG_BULK];
    t.run_args(&[b"SET", b"k", &value]);
    let mut executor = nyala::dispatch::Executor::worker(std::sync::Arc::clone(&t.server), 0);
    let mut output = Output::default();
    let argv: OwnedArgs = ["GET", "k"].iter().collect();
    let _ = executor.execute(t.session(), argv.view(), &mut output);
    t.expect("SETRANGE k 0 y", &format!("(integer) {BIG_BULK}"));
    t.expect("APPEND k y", &format!("(integer) {}", BIG_BULK + 1));
    let mut sent = Vec::new();
    output.copy_to(&mut sent);
    assert!(sent.starts_with(b"$16384\r\nxx") && sent.ends_with(b"xx\r\n"));
    t.expect("GETRANGE k 0 1", r#""yx""#);
}

#[test]
fn setrange_overwrites_and_fills_with_zeros() {
    both(|t| {
        t.expect("SETRANGE k 3 ab", "(integer) 5");
        t.expect("GET k", r#""\x00\x00\x00ab""#);
        assert_eq!(encoding(t, "k"), "raw");
        t.expect("SETRANGE k 0 xyz", "(integer) 5");
        t.expect("SETRANGE k 4 cd", "(integer) 6");
        t.expect("GET k", r#""xyzacd""#);
        t.expect("SET k 1234 EX 10", "OK");
        t.expect("SETRANGE k 1 9", "(integer) 4");
        t.expect("GET k", r#""1934""#);
        assert_eq!((encoding(t, "k"), expiry_ms(t, "k")), ("raw", Some(10_000)));
        t.expect("SETRANGE k 5000 z", "(integer) 5001");
        t.expect("GETRANGE k 2 5", r#""34\x00\x00""#);
        t.expect("SETRANGE new 20000 z", "(integer) 20001");
        t.expect("GETRANGE new -2 -1", r#""\x00z""#);
    });
}

#[test]
fn setrange_with_nothing_changes_nothing() {
    both(|t| {
        t.expect("SETRANGE k 5 \"\"", "(integer) 0");
        t.expect("GET k", "(nil)");
        t.expect("SET k 12", "OK");
        t.expect("SETRANGE k 5 \"\"", "(integer) 2");
        t.expect("SETRANGE k 9223372036854775807 \"\"", "(integer) 2");
        assert_eq!(encoding(t, "k"), "int");
    });
}

#[test]
fn strings_do_not_grow_beyond_the_limit() {
    both(|t| {
        let too_long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        for offset in ["9223372036854775807", "536870912", "4294967296"] {
            t.expect_error(&format!("SETRANGE k {offset} a"), too_long);
        }
        t.expect_error("SETRANGE k -1 a", "ERR offset is out of range");
        t.expect_error("SETRANGE k x a", NOT_INTEGER);
        t.config("proto-max-bulk-len", "1mb");
        t.expect("SETRANGE k 1048575 a", "(integer) 1048576");
        t.expect_error("SETRANGE k 1048576 a", too_long);
        t.expect_error("APPEND k a", too_long);
        t.expect("APPEND k \"\"", "(integer) 1048576");
        t.expect("STRLEN k", "(integer) 1048576");
    });
}

#[test]
fn getrange_and_substr() {
    both(|t| {
        for value in ["12345", "abcde"] {
            t.expect(&format!("SET k {value}"), "OK");
            for (start, end, from, to) in [
                ("0", "-1", 0, 5),
                ("1", "3", 1, 4),
                ("-3", "-2", 2, 4),
                ("-100", "-99", 0, 1),
                ("-99", "-100", 0, 0),
                ("3", "1", 0, 0),
                ("5", "9", 0, 0),
                ("2", "9223372036854775807", 2, 5),
                ("-9223372036854775808", "1", 0, 2),
            ] {
                let expected = format!("{:?}", &value[from..to]);
                t.expect(&format!("GETRANGE k {start} {end}"), &expected);
                t.expect(&format!("SUBSTR k {start} {end}"), &expected);
            }
        }
        t.expect_error("GETRANGE k a 1", NOT_INTEGER);
        t.expect_error("SUBSTR nokey 0 9223372036854775808", NOT_INTEGER);
    });
}

#[test]
fn strlen_of_every_encoding() {
    both(|t| {
        t.expect("SET k -123", "OK");
        t.expect("STRLEN k", "(integer) 4");
        t.expect("SET k \"a\\x00b\"", "OK");
        t.expect("STRLEN k", "(integer) 3");
    });
}

/// A long string that somebody else still holds is copied before it changes: not on a worker. Alone it changes in place.
#[test]
fn what_must_be_copied_first_leaves_the_worker() {
    const LEN: usize = 6 << 20;
    both(|t| {
        for change in ["APPEND k x", "SETRANGE k 7 x", "SETBIT k 7 1", "BITFIELD k SET u8 0 7"] {
            t.run_args(&[b"SET", b"k", &[0; LEN]]);
            t.run("COPY k other REPLACE");
            let before = t.long_requests;
            t.run(change);
            assert_eq!(t.long_requests, before + 1, "{change} while it is shared");
            t.run(change);
            assert_eq!(t.long_requests, before + 1, "{change} of one's own");
            assert!(t.run("GET other") == Value::Bulk(vec![0; LEN]), "{change} has changed the other one");
        }
    });
}
