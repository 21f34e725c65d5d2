//! Whether two replies to the same command are as equal as its rule wants.

use nyala::resp::decode::{DecodeLimits, Value, decode};

use crate::rules::Rule;

/// Bytes of an error that do not come from the arguments.
const ERROR_START: usize = 10;

/// Whether the replies to the same arguments are equal under the rule.
pub(crate) fn equal(rule: Rule, argv: &[Vec<u8>], ours: &[u8], theirs: &[u8]) -> bool {
    if ours == theirs {
        return true;
    }
    // An argument that Redis's error repeats ends at a NUL, as strings of C do.
    if ours[0] == b'-' && theirs[0] == b'-' && argv.iter().any(|arg| arg.contains(&0)) {
        let start = |reply: &[u8]| reply[..reply.len().min(ERROR_START)].to_vec();
        return start(ours) == start(theirs);
    }
    match rule {
        Rule::Skip | Rule::Exact => false,
        Rule::Near(distance) => match (value(ours), value(theirs)) {
            (Value::Integer(a), Value::Integer(b)) => a > 0 && b > 0 && a.abs_diff(b) <= distance.unsigned_abs(),
            _ => false,
        },
        Rule::AnyOrder => ours.first() == theirs.first() && sorted(ours) == sorted(theirs),
    }
}

fn value(bytes: &[u8]) -> Value {
    match decode(bytes, &DecodeLimits::default()) {
        Ok(Some((value, _))) => value,
        other => panic!("{} is no reply: {other:?}", bytes.escape_ascii()),
    }
}

/// The elements of an aggregate as sorted texts.
fn sorted(bytes: &[u8]) -> Vec<String> {
    let mut texts: Vec<String> = match value(bytes) {
        Value::Array(elements) | Value::Set(elements) => elements.iter().map(|e| format!("{e:?}")).collect(),
        Value::Map(pairs) => pairs.iter().map(|pair| format!("{pair:?}")).collect(),
        other => vec![format!("{other:?}")],
    };
    texts.sort();
    texts
}

#[test]
fn rules_decide_what_is_equal() {
    let same = |rule, ours: &[u8], theirs: &[u8]| equal(rule, &[], ours, theirs);
    assert!(same(Rule::Near(2), b":10\r\n", b":12\r\n"));
    assert!(!same(Rule::Near(2), b":10\r\n", b":13\r\n"));
    assert!(!same(Rule::Near(2), b":-1\r\n", b":1\r\n"));
    assert!(!same(Rule::Exact, b":10\r\n", b":12\r\n"));
    assert!(same(Rule::AnyOrder, b"*2\r\n:1\r\n:2\r\n", b"*2\r\n:2\r\n:1\r\n"));
    assert!(!same(Rule::AnyOrder, b"*2\r\n:1\r\n:1\r\n", b"*2\r\n:2\r\n:1\r\n"));
    assert!(!same(Rule::AnyOrder, b"*1\r\n:1\r\n", b"~1\r\n:1\r\n"));
    assert!(equal(Rule::Exact, &[b"a\0b".to_vec()], b"-ERR Unknown a\0b\r\n", b"-ERR Unknown a\r\n"));
    assert!(!equal(Rule::Exact, &[b"ab".to_vec()], b"-ERR Unknown ab\r\n", b"-ERR Unknown a\r\n"));
}
