//! Streams.

use nyala::resp::decode::Value;

use crate::harness::{Gate, START_MS, both, both_with};

mod blocking;
mod claim;
mod delete;
mod group;
mod info;
mod trim;

const INVALID_ID: &str = "-ERR Invalid stream ID specified as stream command argument";
const NOT_INTEGER: &str = "-ERR value is not an integer or out of range";
const SYNTAX: &str = "-ERR syntax error";

/// A reply in one line: strings bare, arrays and maps in brackets, which are the same in both protocols then.
fn brief(value: &Value) -> String {
    match value {
        Value::Simple(text) | Value::Bulk(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Error(text) => format!("-{}", String::from_utf8_lossy(text)),
        Value::Integer(n) => n.to_string(),
        Value::NullBulk | Value::NullArray | Value::Null => "nil".to_owned(),
        Value::Array(values) => format!("[{}]", values.iter().map(brief).collect::<Vec<_>>().join(" ")),
        Value::Map(pairs) => {
            // RESP2 has an array of pairs where the keys are streams that were read, and a flat one elsewhere.
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{} {}", brief(key), brief(value))).collect();
            format!("[{}]", pairs.join(" "))
        }
        other => panic!("{other:?} is no part of a stream's reply"),
    }
}

#[track_caller]
fn says(t: &mut Gate, request: &str, expected: &str) {
    let got = brief(&t.run(request));
    assert_eq!(got, expected, "{request}");
}

/// What XREAD and XREADGROUP say, without the brackets that RESP2 has around each stream.
#[track_caller]
fn reads(t: &mut Gate, request: &str, streams: &[(&str, &str)]) {
    let inner = |(key, entries): &(&str, &str)| format!("{key} {entries}");
    let streams: Vec<String> = match t.protocol() {
        2 => streams.iter().map(|stream| format!("[{}]", inner(stream))).collect(),
        _ => streams.iter().map(inner).collect(),
    };
    says(t, request, &format!("[{}]", streams.join(" ")));
}

/// A stream `s` with the entries 1-0 to `n`-0.
fn fill(t: &mut Gate, n: u64) {
    for ms in 1..=n {
        t.expect(&format!("XADD s {ms} f v{ms}"), &format!("\"{ms}-0\""));
    }
}

#[test]
fn xadd_makes_ids_that_only_grow() {
    both(|t| {
        says(t, "XADD s * f v", &format!("{START_MS}-0"));
        says(t, "XADD s * f v", &format!("{START_MS}-1"));
        t.advance_ms(5);
        says(t, "XADD s * a 1 b 2", &format!("{}-0", START_MS + 5));
        says(t, &format!("XADD s {}-* f v", START_MS + 5), &format!("{}-1", START_MS + 5));
        says(t, &format!("XADD s {} f v", START_MS + 9), &format!("{}-0", START_MS + 9));
        // The clock is behind the last id.
        says(t, "XADD s * f v", &format!("{}-1", START_MS + 9));
        says(t, "XLEN s", "6");
        says(t, "XADD new 0-* f v", "0-1");
        says(t, "XADD new 5-* f v", "5-0");
        says(t, "TYPE s", "stream");
        says(t, "OBJECT ENCODING s", "stream");
    });
}

#[test]
fn xadd_refuses_what_does_not_fit() {
    both(|t| {
        let small = "-ERR The ID specified in XADD is equal or smaller than the target stream top item";
        let arity = "-ERR wrong number of arguments for 'xadd' command";
        fill(t, 3);
        for id in ["3", "3-0", "2-9", "1-*"] {
            says(t, &format!("XADD s {id} f v"), small);
        }
        for id in ["x", "-", "+", "3-", "-3", "$", "3-4-5"] {
            says(t, &format!("XADD s {id} f v"), INVALID_ID);
        }
        says(t, "XADD s 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0");
        says(t, "XADD s 0 f v", "-ERR The ID specified in XADD must be greater than 0-0");
        says(t, "XADD s * f", arity);
        says(t, "XADD s * f v g", arity);
        says(t, "XADD s MAXLEN 3 *", arity);
        says(t, "XADD s 3-18446744073709551615 f v", "3-18446744073709551615");
        says(t, "XADD s 3-* f v", small);
        says(t, "XADD s 18446744073709551615-18446744073709551615 f v", "18446744073709551615-18446744073709551615");
        let full = "-ERR The stream has exhausted the last possible ID, unable to add more items";
        says(t, "XADD s * f v", full);
        says(t, "XADD s 5 f v", full);
        says(t, "XLEN s", "5");
        says(t, "XADD no 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0");
        says(t, "XADD no NOMKSTREAM * f v", "nil");
        says(t, "EXISTS no", "0");
        says(t, "XADD s nomkstream 18446744073709551615-18446744073709551615 f v", full);
    });
}

#[test]
fn every_command_refuses_other_types() {
    both(|t| {
        t.expect("SET k v", "OK");
        for request in [
            "XADD k * f v",
            "XLEN k",
            "XRANGE k - +",
            "XREVRANGE k + -",
            "XDEL k 1",
            "XDELEX k IDS 1 1",
            "XACKDEL k g IDS 1 1",
            "XTRIM k MAXLEN 0",
            "XSETID k 1",
            "XREAD STREAMS k 0",
            "XREADGROUP GROUP g c STREAMS k >",
            "XACK k g 1",
            "XPENDING k g",
            "XCLAIM k g c 0 1",
            "XAUTOCLAIM k g c 0 0",
            "XGROUP CREATE k g 0",
            "XGROUP CREATE k g 0 MKSTREAM",
            "XGROUP SETID k g 0",
            "XGROUP DESTROY k g",
            "XGROUP CREATECONSUMER k g c",
            "XGROUP DELCONSUMER k g c",
            "XINFO STREAM k",
            "XINFO GROUPS k",
            "XINFO CONSUMERS k g",
        ] {
            says(t, request, "-WRONGTYPE Operation against a key holding the wrong kind of value");
        }
        says(t, "GET k", "v");
    });
}

#[test]
fn ranges_both_ways() {
    both(|t| {
        fill(t, 4);
        says(t, "XADD s 4-5 a 1 b two", "4-5");
        says(t, "XRANGE s - + COUNT 2", "[[1-0 [f v1]] [2-0 [f v2]]]");
        says(t, "XREVRANGE s + - COUNT 2", "[[4-5 [a 1 b two]] [4-0 [f v4]]]");
        says(t, "XRANGE s 2 3", "[[2-0 [f v2]] [3-0 [f v3]]]");
        says(t, "XRANGE s (2 (4", "[[3-0 [f v3]] [4-0 [f v4]] [4-5 [a 1 b two]]]");
        says(t, "XRANGE s (2 (4-0", "[[3-0 [f v3]]]");
        says(t, "XREVRANGE s (4-5 (2-0", "[[4-0 [f v4]] [3-0 [f v3]]]");
        says(t, "XRANGE s 4 4", "[[4-0 [f v4]] [4-5 [a 1 b two]]]");
        says(t, "XRANGE s 4-0 4-0", "[[4-0 [f v4]]]");
        for request in ["XRANGE s + -", "XRANGE s 9 +", "XRANGE s 3 2", "XRANGE no - +", "XREVRANGE s - +"] {
            says(t, request, "[]");
        }
        says(t, "XRANGE s - + COUNT 0", "nil");
        says(t, "XRANGE s - + COUNT -5", "nil");
        says(t, "XRANGE no - + COUNT 0", "[]");
        says(t, "XRANGE s (18446744073709551615-18446744073709551615 +", "-ERR invalid start ID for the interval");
        says(t, "XRANGE s - (0-0", "-ERR invalid end ID for the interval");
        says(t, "XRANGE s (- +", INVALID_ID);
        says(t, "XRANGE s - + COUNT", SYNTAX);
        says(t, "XRANGE s - + COUNT x", NOT_INTEGER);
        says(t, "XRANGE s - + LIMIT 3", SYNTAX);
    });
}

#[test]
fn xread_takes_what_is_behind_each_id() {
    both(|t| {
        fill(t, 3);
        says(t, "XADD u 9 x y", "9-0");
        reads(t, "XREAD STREAMS s u 2 0", &[("s", "[[3-0 [f v3]]]"), ("u", "[[9-0 [x y]]]")]);
        reads(t, "XREAD COUNT 1 STREAMS s no u 0 0 9", &[("s", "[[1-0 [f v1]]]")]);
        reads(t, "XREAD COUNT 0 STREAMS s 1-5", &[("s", "[[2-0 [f v2]] [3-0 [f v3]]]")]);
        reads(t, "XREAD COUNT 7 STREAMS s +", &[("s", "[[3-0 [f v3]]]")]);
        for ids in ["3", "$", "18446744073709551615-18446744073709551615"] {
            t.expect_raw(&format!("XREAD STREAMS s {ids}"), if t.protocol() == 2 { "*-1\r\n" } else { "_\r\n" });
        }
        says(t, "XDEL s 3", "1");
        says(t, "XREAD STREAMS s 2", "nil");
        says(t, "XREAD STREAMS no +", "nil");
    });
}

#[test]
fn xread_refuses_what_it_does_not_know() {
    both(|t| {
        let unbalanced = "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.";
        fill(t, 1);
        says(t, "XREAD STREAMS s u 0", unbalanced);
        says(t, "XREAD COUNT 5 s 0", SYNTAX);
        says(t, "XREAD COUNT x STREAMS s 0", NOT_INTEGER);
        says(t, "XREAD BLOCK x STREAMS s 0", "-ERR timeout is not an integer or out of range");
        says(t, "XREAD BLOCK -1 STREAMS s 0", "-ERR timeout is negative");
        says(t, "XREAD STREAMS s x", INVALID_ID);
        says(
            t,
            "XREAD STREAMS s >",
            "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
        );
        says(
            t,
            "XREAD GROUP g c STREAMS s 0",
            "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
        );
        says(
            t,
            "XREAD NOACK STREAMS s 0",
            "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
        );
        says(t, "XREAD CLAIM 5 STREAMS s 0", SYNTAX);
        says(t, "XREAD STREAMS streams 0", "nil");
    });
}

#[test]
fn xsetid_moves_the_last_id_and_the_counters() {
    both(|t| {
        fill(t, 3);
        says(t, "XSETID s 9-9", "OK");
        says(t, "XADD s * f v", &format!("{START_MS}-0"));
        says(t, "XDEL s 2", "1");
        says(t, "XSETID s 99999999999999 ENTRIESADDED 100 MAXDELETEDID 50", "OK");
        says(t, "XADD s * f v", "99999999999999-1");
        let info = brief(&t.run("XINFO STREAM s"));
        assert!(
            info.contains("last-generated-id 99999999999999-1 max-deleted-entry-id 50-0 entries-added 101"),
            "{info}"
        );
        says(t, "XSETID s 5", "-ERR The ID specified in XSETID is smaller than the target stream top item");
        says(
            t,
            "XSETID s 99999999999999-7 ENTRIESADDED 3",
            "-ERR The entries_added specified in XSETID is smaller than the target stream length",
        );
        says(t, "XSETID s 5 ENTRIESADDED -1", "-ERR entries_added must be positive");
        says(
            t,
            "XSETID s 5 MAXDELETEDID 6",
            "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
        );
        says(t, "XSETID s x", INVALID_ID);
        says(t, "XSETID s 5 ENTRIESADDED", SYNTAX);
        says(t, "XSETID s 5 x", SYNTAX);
        says(t, "XSETID no 5", "-ERR no such key");
    });
}

#[test]
fn changes_are_counted_as_redis_counts_them() {
    let mut t = Gate::new();
    let mut dirty = |request: &str| {
        let before = t.server.stats.totals().dirty;
        t.run(request);
        t.server.stats.totals().dirty - before
    };
    for ms in 1..=6 {
        assert_eq!(dirty(&format!("XADD s {ms} f v")), 1);
    }
    assert_eq!((dirty("XGROUP CREATE s g 0"), dirty("XGROUP CREATE s g 0"), dirty("XGROUP SETID s g 0")), (1, 0, 1));
    // A new consumer, and what it reads.
    assert_eq!((dirty("XREADGROUP GROUP g c STREAMS s >"), dirty("XREADGROUP GROUP g c STREAMS s >")), (2, 0));
    assert_eq!((dirty("XREADGROUP GROUP g c STREAMS s 0"), dirty("XACK s g 1 2 99")), (1, 2));
    assert_eq!((dirty("XCLAIM s g d 0 3 4"), dirty("XAUTOCLAIM s g d 0 0 COUNT 2")), (3, 2));
    assert_eq!((dirty("XDEL s 1 2 99"), dirty("XTRIM s MAXLEN 3"), dirty("XTRIM s MAXLEN 3")), (2, 1, 0));
    assert_eq!((dirty("XADD s MAXLEN 1 * f v"), dirty("XSETID s 9999999999999")), (1, 1));
    assert_eq!((dirty("XGROUP DELCONSUMER s g c"), dirty("XGROUP DELCONSUMER s g c")), (1, 0));
    assert_eq!(
        (dirty("XGROUP CREATECONSUMER s g c"), dirty("XGROUP DESTROY s g"), dirty("XGROUP DESTROY s g")),
        (1, 1, 0)
    );
}

#[test]
fn copies_and_digests_hold_it_all() {
    both_with(&["--enable-debug-command", "yes"], |t| {
        fill(t, 3);
        says(t, "XGROUP CREATE s g 1", "OK");
        reads(t, "XREADGROUP GROUP g c COUNT 1 STREAMS s >", &[("s", "[[2-0 [f v2]]]")]);
        says(t, "COPY s u", "1");
        says(t, "XADD s 9 f v", "9-0");
        says(t, "XRANGE u - +", "[[1-0 [f v1]] [2-0 [f v2]] [3-0 [f v3]]]");
        says(t, "XPENDING u g", "[1 2-0 2-0 [[c 1]]]");
        says(t, "XACK s g 2", "1");
        says(t, "XPENDING u g", "[1 2-0 2-0 [[c 1]]]");
        says(t, "XDEL s 9", "1");
        let digests = brief(&t.run("DEBUG DIGEST-VALUE s u"));
        let (s, u) = digests.trim_matches(['[', ']']).split_once(' ').expect("two digests");
        assert_eq!(s, u);
        assert!(t.integer("MEMORY USAGE s") > 100);
    });
}
