//! EVAL, EVALSHA, FCALL, SCRIPT and FUNCTION. Replies and errors are those of redis-server 7.0.15.

mod eval;
mod functions;
mod limits;
mod locks;
mod wrong_use;

use nyala::resp::decode::Value;

use crate::harness::Gate;
use crate::render::render;

/// A reply in one line: `[1, "a", (nil)]`, `{"k": "v"}`.
fn line(value: &Value) -> String {
    let list = |values: &[Value]| values.iter().map(line).collect::<Vec<_>>().join(", ");
    match value {
        Value::Integer(n) => n.to_string(),
        Value::Array(elements) => format!("[{}]", list(elements)),
        Value::Set(members) => format!("{{{}}}", list(members)),
        Value::Map(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{}: {}", line(key), line(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => render(other),
    }
}

/// The reply to a request.
#[track_caller]
fn expect(t: &mut Gate, request: &str, expected: &str) {
    assert_eq!(line(&t.run(request)), expected, "in RESP{}: {request}", t.protocol());
}

/// The same where the protocols differ.
#[track_caller]
fn expect_in(t: &mut Gate, request: &str, resp2: &str, resp3: &str) {
    let expected = if t.protocol() == 3 { resp3 } else { resp2 };
    expect(t, request, expected);
}
