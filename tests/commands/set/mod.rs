//! Set commands: each command and option, in RESP2 and RESP3.

mod algebra;
mod members;
mod random;

use nyala::resp::decode::Value;

use crate::harness::Gate;

const SYNTAX: &str = "ERR syntax error";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
const WRONGTYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

/// The strings of an array or of a set, in order of bytes; those of inner ones too.
#[track_caller]
fn sorted(t: &mut Gate, request: &str) -> Vec<String> {
    fn flatten(value: Value, out: &mut Vec<String>) {
        match value {
            Value::Bulk(text) => out.push(String::from_utf8(text).expect("members are ASCII")),
            Value::Array(elements) | Value::Set(elements) => elements.into_iter().for_each(|one| flatten(one, out)),
            other => panic!("{other:?}"),
        }
    }
    let mut texts = Vec::new();
    flatten(t.run(request), &mut texts);
    texts.sort();
    texts
}

/// A set in RESP3, an array in RESP2, of these members in any order.
#[track_caller]
fn expect_set(t: &mut Gate, request: &str, members: &str) {
    let reply = t.run(request);
    assert_eq!(matches!(reply, Value::Set(_)), t.protocol() == 3, "{request}: {reply:?}");
    assert_eq!(sorted(t, request).join(" "), members, "{request}");
}
