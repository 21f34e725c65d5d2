//! From the value that a script returns to its reply, by the table in Redis's documentation ("Redis Lua API reference").

use mlua::{Table, Value};

use crate::resp::{Protocol, Reply};

/// Tables inside each other in a script's reply.
const DEPTH_MAX: usize = 1000;

/// Writes `value` as a reply. `spoken`: the protocol that the script has chosen, by which truth values are told.
pub fn write_value(reply: &mut Reply<'_>, value: &Value, spoken: Protocol) {
    write(reply, value, spoken, 0);
}

fn write(reply: &mut Reply<'_>, value: &Value, spoken: Protocol, depth: usize) {
    match value {
        Value::String(text) => reply.bulk(text.as_bytes()),
        Value::Integer(n) => reply.integer(*n),
        Value::Number(x) => reply.integer(truncated(*x)),
        Value::Boolean(yes) if spoken == Protocol::Resp3 => reply.bool(*yes),
        Value::Boolean(true) => reply.integer(1),
        Value::Table(_) if depth > DEPTH_MAX => reply.error("ERR reached lua stack limit"),
        Value::Table(table) => write_table(reply, table, spoken, depth),
        _ => reply.null(),
    }
}

/// As C casts to a 64-bit integer on this kind of processor.
fn truncated(x: f64) -> i64 {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x);
    if fits { x as i64 } else { i64::MIN }
}

fn write_table(reply: &mut Reply<'_>, table: &Table, spoken: Protocol, depth: usize) {
    if let Some(text) = text(table, "err") {
        reply.error(text);
        if matches!(field(table, "ignore_error_stats_update"), Value::Boolean(true)) {
            reply.set_counted();
        }
        return;
    }
    if let Some(text) = text(table, "ok") {
        return reply.simple(&one_line(text));
    }
    match field(table, "double") {
        Value::Integer(n) => return reply.double(n as f64),
        Value::Number(x) => return reply.double(x),
        _ => {}
    }
    if let Value::Table(map) = field(table, "map") {
        let header = reply.defer();
        let count = each(&map, |key, value| {
            write(reply, &key, spoken, depth + 1);
            write(reply, &value, spoken, depth + 1);
        });
        return reply.end_map(header, count);
    }
    if let Value::Table(set) = field(table, "set") {
        let header = reply.defer();
        let count = each(&set, |member, _| write(reply, &member, spoken, depth + 1));
        return reply.end_set(header, count);
    }
    if let Some(digits) = text(table, "big_number") {
        return reply.big_number(&one_line(digits));
    }
    if let Value::Table(parts) = field(table, "verbatim_string")
        && let (Some(string), Some(format)) = (text(&parts, "string"), text(&parts, "format"))
    {
        let mut three = [b' '; 3];
        three.iter_mut().zip(format).for_each(|(to, from)| *to = from);
        return reply.verbatim(&three, &string);
    }
    write_array(reply, table, spoken, depth);
}

/// The elements up to the first that is nil.
fn write_array(reply: &mut Reply<'_>, table: &Table, spoken: Protocol, depth: usize) {
    let header = reply.defer();
    let mut count = 0;
    loop {
        let element = table.raw_get(count + 1).unwrap_or(Value::Nil);
        if element.is_nil() {
            break;
        }
        write(reply, &element, spoken, depth + 1);
        count += 1;
    }
    reply.end_array(header, count);
}

fn field(table: &Table, name: &str) -> Value {
    table.raw_get(name).unwrap_or(Value::Nil)
}

fn text(table: &Table, name: &str) -> Option<Vec<u8>> {
    match field(table, name) {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

fn each(table: &Table, mut show: impl FnMut(Value, Value)) -> usize {
    let mut count = 0;
    // Not `for_each`: what is called within it finds little room on Lua's stack.
    for (key, value) in table.pairs::<Value, Value>().flatten() {
        show(key, value);
        count += 1;
    }
    count
}

fn one_line(mut text: Vec<u8>) -> Vec<u8> {
    text.iter_mut().filter(|byte| matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = b' ');
    text
}
