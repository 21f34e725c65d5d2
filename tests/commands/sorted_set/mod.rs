//! Sorted sets.

use nyala::resp::decode::Value;
use nyala::util::number::f64_text;

use crate::harness::{Gate, both};
use crate::render::render;

mod add;
mod combine;
mod pop;
mod random;
mod range;
mod read;
mod remove;

/// What every command answers for a key of another type.
pub(crate) const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

fn bulk(text: &str) -> Value {
    Value::Bulk(text.as_bytes().into())
}

/// A score as the protocol shows it.
fn score(t: &Gate, score: f64) -> Value {
    if t.protocol() == 3 { Value::Double(score) } else { Value::Bulk(f64_text(score).to_vec()) }
}

/// Members with scores: in pairs in RESP3 (`nested`: in RESP2 too), in turn otherwise.
fn pairs(t: &Gate, members: &[(&str, f64)], nested: bool) -> Value {
    let pair = |&(member, its): &(&str, f64)| [bulk(member), score(t, its)];
    if nested || t.protocol() == 3 {
        Value::Array(members.iter().map(|member| Value::Array(pair(member).into())).collect())
    } else {
        Value::Array(members.iter().flat_map(pair).collect())
    }
}

/// Checks a reply of members with their scores.
#[track_caller]
pub(crate) fn expect_pairs(t: &mut Gate, request: &str, members: &[(&str, f64)]) {
    let expected = pairs(t, members, false);
    let got = t.run(request);
    assert_eq!(got, expected, "{request}: {}", render(&got));
}

/// Checks a reply that is a score.
#[track_caller]
fn expect_score(t: &mut Gate, request: &str, expected: f64) {
    let expected = score(t, expected);
    let got = t.run(request);
    assert_eq!(got, expected, "{request}: {}", render(&got));
}

/// How often a request counts as a change.
fn dirty(t: &mut Gate, request: &str) -> u64 {
    let before = t.server.stats.totals().dirty;
    t.run(request);
    t.server.stats.totals().dirty - before
}

#[test]
fn other_types_are_refused() {
    both(|t| {
        t.expect("SET s x", "OK");
        for request in [
            "ZADD s 1 a",
            "ZADD s XX 1 a",
            "ZINCRBY s 1 a",
            "ZCARD s",
            "ZCOUNT s 1 2",
            "ZLEXCOUNT s - +",
            "ZSCORE s a",
            "ZMSCORE s a",
            "ZRANK s a",
            "ZREVRANK s a WITHSCORE",
            "ZSCAN s 0",
            "ZRANGE s 0 1",
            "ZREVRANGEBYSCORE s 1 0",
            "ZRANGESTORE d s 0 1",
            "ZREM s a",
            "ZREMRANGEBYRANK s 0 1",
            "ZREMRANGEBYSCORE s 0 1",
            "ZREMRANGEBYLEX s - +",
            "ZPOPMIN s",
            "ZPOPMAX s 0",
            "ZMPOP 2 none s MIN",
            "BZPOPMIN none s 0",
            "BZMPOP 0 1 s MAX",
            "ZRANDMEMBER s",
            "ZRANDMEMBER s 2",
            "ZUNION 1 s",
            "ZINTERSTORE d 2 none s",
            "ZINTERCARD 1 s",
            "ZDIFF 2 s s foo",
        ] {
            t.expect_error(request, WRONG_TYPE);
        }
    });
}

#[test]
fn encodings_change_at_the_configured_limits() {
    both(|t| {
        t.config("zset-max-listpack-entries", "4");
        t.config("zset-max-listpack-value", "8");
        t.expect("ZADD z 1 a 2 b 3 c 4 d", "(integer) 4");
        t.expect("OBJECT ENCODING z", "\"listpack\"");
        t.expect("ZADD z 9 a", "(integer) 0");
        t.expect("OBJECT ENCODING z", "\"listpack\"");
        t.expect("ZADD z 5 e", "(integer) 1");
        t.expect("OBJECT ENCODING z", "\"skiplist\"");
        expect_pairs(t, "ZRANGE z 0 -1 WITHSCORES", &[("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0), ("a", 9.0)]);
        t.expect("ZREM z a b c d", "(integer) 4");
        t.expect("OBJECT ENCODING z", "\"skiplist\"");
        t.expect("ZRANGESTORE y z 0 -1", "(integer) 1");
        t.expect("OBJECT ENCODING y", "\"listpack\"");
        t.expect("ZADD w 1 12345678 1 123456789", "(integer) 2");
        t.expect("OBJECT ENCODING w", "\"skiplist\"");
        t.expect("ZUNIONSTORE v 1 w", "(integer) 2");
        t.expect("OBJECT ENCODING v", "\"skiplist\"");
    });
}

#[test]
fn types_and_copies() {
    both(|t| {
        t.expect("ZADD z 1 a 2 b", "(integer) 2");
        t.expect("TYPE z", "zset");
        t.expect("COPY z y", "(integer) 1");
        t.expect("ZREM z a", "(integer) 1");
        expect_pairs(t, "ZRANGE y 0 -1 WITHSCORES", &[("a", 1.0), ("b", 2.0)]);
        t.expect("RENAME y x", "OK");
        t.expect("ZCARD x", "(integer) 2");
    });
}
