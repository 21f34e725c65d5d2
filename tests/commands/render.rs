//! Replies as text, near to how `redis-cli` prints them, so that an expectation can be read.
//!
//! Differences: numbers of elements are not padded, and elements are not indented below each other.

#![allow(dead_code, reason = "each test that shares this file uses a part of it")]

use nyala::resp::decode::Value;
use nyala::util::number::f64_text;
use nyala::util::quote::write_quoted;

/// The reply, one element a line. Ends without a line end.
pub(crate) fn render(value: &Value) -> String {
    match value {
        Value::Simple(text) => lossy(text),
        Value::Error(text) | Value::BulkError(text) => format!("(error) {}", lossy(text)),
        Value::Integer(n) => format!("(integer) {n}"),
        Value::Bulk(bytes) => quoted(bytes),
        Value::NullBulk | Value::NullArray | Value::Null => "(nil)".into(),
        Value::Bool(yes) => format!("({yes})"),
        Value::Double(x) => format!("(double) {}", lossy(f64_text(*x).as_ref())),
        Value::BigNumber(digits) => format!("(big number) {}", lossy(digits)),
        Value::Verbatim { format, text } => format!("({}) {}", lossy(format), quoted(text)),
        Value::Array(elements) => list(elements, ')', "array"),
        Value::Set(elements) => list(elements, '~', "set"),
        Value::Push(elements) => list(elements, '>', "push"),
        Value::Map(pairs) => map(pairs, '#', "hash"),
        Value::Attribute { pairs, value } => format!("{}\n{}", map(pairs, '|', "attribute"), render(value)),
    }
}

/// Bytes between double quotes, as `redis-cli` prints a bulk.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write_quoted(&mut out, bytes);
    lossy(&out)
}

fn list(elements: &[Value], mark: char, name: &str) -> String {
    numbered(elements.iter().map(render), mark, name)
}

fn map(pairs: &[(Value, Value)], mark: char, name: &str) -> String {
    numbered(pairs.iter().map(|(key, value)| format!("{} => {}", render(key), render(value))), mark, name)
}

fn numbered(elements: impl Iterator<Item = String>, mark: char, name: &str) -> String {
    let lines: Vec<String> = elements.enumerate().map(|(at, text)| format!("{}{mark} {text}", at + 1)).collect();
    if lines.is_empty() { format!("(empty {name})") } else { lines.join("\n") }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn replies_read_like_those_of_redis_cli() {
    let bulk = |text: &str| Value::Bulk(text.into());
    let inner = Value::Array(vec![bulk("b"), Value::NullBulk]);
    let outer = Value::Array(vec![Value::Integer(1), inner, Value::Map(vec![(bulk("k"), Value::Double(3.5))])]);
    assert_eq!(render(&outer), "1) (integer) 1\n2) 1) \"b\"\n2) (nil)\n3) 1# \"k\" => (double) 3.5");
    assert_eq!(render(&Value::Set(vec![])), "(empty set)");
    assert_eq!(render(&Value::Error(b"ERR no".to_vec())), "(error) ERR no");
    assert_eq!(render(&bulk("a\r\n\"")), r#""a\r\n\"""#);
}
