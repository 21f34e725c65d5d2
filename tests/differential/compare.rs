//! Whether two replies to the same command are as equal as its rule wants.

use nyala::resp::decode::{DecodeLimits, Value, decode};
use nyala::util::number::{f64_text, f64_text_g, parse_f64};

use crate::rules::Rule;

/// Bytes of an error that do not come from the arguments.
const ERROR_START: usize = 10;

/// Whether the replies to the same arguments are equal under the rule.
pub(crate) fn equal(rule: Rule, argv: &[Vec<u8>], ours: &[u8], theirs: &[u8]) -> bool {
    if ours == theirs {
        return true;
    }
    if rule == Rule::AnyError && ours[0] == b'-' && theirs[0] == b'-' {
        return true;
    }
    // An argument that Redis's error repeats ends at a NUL, as strings of C do.
    if ours[0] == b'-' && theirs[0] == b'-' && argv.iter().any(|arg| arg.contains(&0)) {
        let start = |reply: &[u8]| reply[..reply.len().min(ERROR_START)].to_vec();
        return start(ours) == start(theirs);
    }
    match rule {
        Rule::Skip | Rule::Exact | Rule::AnyError => false,
        Rule::Near(distance) => match (value(ours), value(theirs)) {
            (Value::Integer(a), Value::Integer(b)) => a > 0 && b > 0 && a.abs_diff(b) <= distance.unsigned_abs(),
            _ => false,
        },
        Rule::Doubles => by_value(value(ours)) == by_value(value(theirs)),
        Rule::Unsorted => {
            let (ours, theirs) = (sorted(ours), sorted(theirs));
            // LIMIT picks from what lies in no order.
            is_unsorted(argv) && (ours == theirs || has_word(argv, "LIMIT") && ours.len() == theirs.len())
        }
        Rule::AnyOrder => ours.first() == theirs.first() && sorted(ours) == sorted(theirs),
    }
}

fn value(bytes: &[u8]) -> Value {
    match decode(bytes, &DecodeLimits::default()) {
        Ok(Some((value, _))) => value,
        other => panic!("{} is no reply: {other:?}", bytes.escape_ascii()),
    }
}

/// Whether a call of SORT shows elements as they lie, which for a set is in no order: BY names no `*`, or looks for texts,
/// of which equal ones (and those that are missing) leave the elements as they lie.
fn is_unsorted(argv: &[Vec<u8>]) -> bool {
    let is_alpha = has_word(argv, "ALPHA");
    argv.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(b"BY") && (is_alpha || !pair[1].contains(&b'*')))
}

fn has_word(argv: &[Vec<u8>], word: &str) -> bool {
    argv.iter().any(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
}

/// A reply, rendered so that doubles, and strings that are the text of one, are shown by their value.
fn by_value(value: Value) -> String {
    fn tidied(value: Value) -> Value {
        match value {
            Value::Bulk(text) => {
                let is_text = |x: &f64| f64_text(*x)[..] == text[..] || f64_text_g(*x, 17)[..] == text[..];
                parse_f64(&text).filter(is_text).map_or(Value::Bulk(text), Value::Double)
            }
            Value::Array(elements) => Value::Array(elements.into_iter().map(tidied).collect()),
            other => other,
        }
    }
    format!("{:?}", tidied(value))
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
    assert!(same(Rule::AnyError, b"-ERR one\r\n", b"-ERR other\r\n"));
    assert!(!same(Rule::AnyError, b"-ERR one\r\n", b":1\r\n"));
    assert!(same(Rule::Doubles, b"*2\r\n$1\r\na\r\n$3\r\n0.1\r\n", b"*2\r\n$1\r\na\r\n$19\r\n0.10000000000000001\r\n"));
    assert!(same(Rule::Doubles, b",5e-324\r\n", b",4.9406564584124654e-324\r\n"));
    assert!(!same(Rule::Doubles, b"$3\r\n0.1\r\n", b"$3\r\n0.2\r\n"));
    assert!(!same(Rule::Doubles, b"$4\r\n0.10\r\n", b"$19\r\n0.10000000000000001\r\n"));
    assert!(equal(Rule::Exact, &[b"a\0b".to_vec()], b"-ERR Unknown a\0b\r\n", b"-ERR Unknown a\r\n"));
    assert!(!equal(Rule::Exact, &[b"ab".to_vec()], b"-ERR Unknown ab\r\n", b"-ERR Unknown a\r\n"));
}
