//! `find`, `match`, `gmatch` and `gsub` of `string`, which end when the run is to end.
//!
//! Lua's own are written in C and look at nothing until they are done, which for some patterns is after years. These do
//! and say the same, to the letter of their errors, and tell [`Signals::spend`] of their steps. To call them takes 0.2 to
//! 0.5 us longer, as mlua makes handles of all values; so what is done in a few microseconds at worst is left to Lua's own,
//! see [`is_bounded`]. What is long takes up to twice the time of Lua's own.

mod matcher;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use memchr::memmem::Finder;
use mlua::{Function, Lua, LuaString, MultiValue, Table, Value};

use self::matcher::{Capture, Fault, Matcher};
use super::{number_for, string_for, type_name};
use crate::script::Stop;
use crate::script::interpreter::{Blamed, Looking, MEMORY_MAX, Signals, bad_argument, bounded_function, raise};

/// Bytes that make a pattern more than a text, for `find`.
const SPECIALS: &[u8] = b"^$*+?.([%-";
/// Bytes that are searched for a text without a look at whether the run is to end.
const WINDOW: usize = 1 << 18;
/// Bytes that are searched or copied in the time of a step.
const STEP_BYTES: usize = 16;

/// Steps up to which a call is left to Lua's own function; it takes some 40 us for them at worst.
const BOUND_STEPS: usize = 1 << 14;
/// Bytes of a pattern and of a replacement up to which the same is considered.
const BOUND_BYTES: usize = 256;

/// Puts the functions into `string`, in place of Lua's own.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn install(lua: &Lua, string: &Table, signals: &Rc<Signals>) -> mlua::Result<()> {
    for (name, function) in functions(lua, signals)? {
        string.raw_set(name, bounded_function(lua, Looking::AtTexts, string.raw_get(name)?, function)?)?;
    }
    Ok(())
}

/// One of our functions.
type Ours = fn(&Call<'_>) -> mlua::Result<MultiValue>;

/// Our functions, under their names.
fn functions(lua: &Lua, signals: &Rc<Signals>) -> mlua::Result<Vec<(&'static str, Function)>> {
    let functions: [(_, Ours); 4] = [("find", find), ("match", match_once), ("gmatch", gmatch), ("gsub", gsub)];
    let of_lua = |(name, function): (_, Ours)| {
        let signals = Rc::clone(signals);
        let called = move |lua: &Lua, args: MultiValue| {
            // A script has called the function that has called ours.
            function(&Call { lua, signals: &signals, args: &args, blamed: Blamed::Caller })
        };
        Ok((name, lua.create_function(called)?))
    };
    functions.into_iter().map(of_lua).collect()
}

/// Whether a call takes some microseconds at worst, by what can be seen of its first three arguments. Where a match and
/// each of its repetitions end may be tried for all positions in order: so many ways there are to choose as many positions.
/// Each of them looks at the whole pattern.
pub(in crate::script) fn is_bounded(subject: &[u8], pattern: &[u8], third: &[u8]) -> bool {
    if pattern.len().max(third.len()) > BOUND_BYTES {
        return false;
    }
    let positions = subject.len() + 1;
    let (mut steps, mut chosen, mut before) = (pattern.len() + 1, 0, 0);
    if pattern.first() != Some(&b'^') {
        (steps, chosen) = (steps.saturating_mul(positions), 1);
    }
    for &byte in pattern {
        match (before, byte) {
            (_, b'*' | b'+' | b'-') => {
                steps = steps.saturating_mul(positions + chosen) / (chosen + 1);
                chosen += 1;
            }
            (_, b'?') => steps = steps.saturating_mul(2),
            // What is balanced, and what was captured, is looked at to its end.
            (b'%', b'b' | b'0'..=b'9') => steps = steps.saturating_mul(positions),
            _ => {}
        }
        before = byte;
    }
    steps <= BOUND_STEPS
}

/// A call of one of the functions.
struct Call<'a> {
    lua: &'a Lua,
    signals: &'a Rc<Signals>,
    args: &'a MultiValue,
    blamed: Blamed,
}

impl Call<'_> {
    fn text(&self, index: usize) -> mlua::Result<LuaString> {
        string_for(self.lua, self.blamed, self.args, index)
    }

    fn integer_or(&self, index: usize, default: i64) -> mlua::Result<i64> {
        match self.args.get(index) {
            None | Some(Value::Nil) => Ok(default),
            Some(_) => number_for(self.lua, self.blamed, self.args, index).map(as_integer),
        }
    }

    /// Where to begin, from 0: what the third argument says, which counts from 1, or from the end if it is negative.
    fn start(&self, len: usize) -> mlua::Result<usize> {
        let position = self.integer_or(2, 1)?;
        let from_front = if position < 0 { position.saturating_add(len as i64 + 1) } else { position };
        Ok(usize::try_from(from_front - 1).unwrap_or(0).min(len))
    }

    fn matcher<'m>(&'m self, subject: &'m [u8], pattern: &'m [u8]) -> Matcher<'m> {
        Matcher::new(subject, pattern, self.signals)
    }

    fn error(&self, fault: Fault) -> mlua::Error {
        match fault {
            Fault::Malformed(text) => raise(self.lua, self.blamed, text),
            Fault::Stop(stop) => self.signals.stopped(self.lua, self.blamed, stop),
        }
    }

    /// A capture of the matcher's last match as a value.
    fn capture(&self, matcher: &Matcher<'_>, index: usize, matched: &Range<usize>) -> mlua::Result<Value> {
        match matcher.capture(index, matched).map_err(|fault| self.error(fault))? {
            Capture::Text(range) => self.lua.create_string(&matcher.subject()[range]).map(Value::String),
            Capture::Position(at) => Ok(position(at)),
        }
    }

    /// The captures of the last match, or all of it if there are none.
    fn captures(&self, matcher: &Matcher<'_>, matched: &Range<usize>) -> mlua::Result<MultiValue> {
        (0..matcher.captures().max(1)).map(|index| self.capture(matcher, index, matched)).collect()
    }
}

/// As C turns a number into an integer on common processors.
fn as_integer(x: f64) -> i64 {
    const LIMIT: f64 = (1_u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&x) { x as i64 } else { i64::MIN }
}

/// A position, given from 0, as scripts see it: from 1.
fn position(at: usize) -> Value {
    Value::Number(at as f64 + 1.0)
}

fn find(call: &Call<'_>) -> mlua::Result<MultiValue> {
    let (subject, pattern) = (call.text(0)?, call.text(1)?);
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let start = call.start(subject.len())?;
    if call.args.get(3).is_some_and(is_true) || !has_specials(&pattern) {
        let found = find_text(&subject[start..], &pattern, call.signals);
        let found = found.map_err(|stop| call.error(Fault::Stop(stop)))?;
        return Ok(found.map_or_else(nothing, |at| {
            let first = start + at;
            [position(first), Value::Number((first + pattern.len()) as f64)].into_iter().collect()
        }));
    }
    let (matcher, found) = search(call, &subject, &pattern, start)?;
    let Some(matched) = found else { return Ok(nothing()) };
    let mut values = MultiValue::new();
    if matcher.captures() > 0 {
        values = call.captures(&matcher, &matched)?;
    }
    values.push_front(Value::Number(matched.end as f64));
    values.push_front(position(matched.start));
    Ok(values)
}

fn match_once(call: &Call<'_>) -> mlua::Result<MultiValue> {
    let (subject, pattern) = (call.text(0)?, call.text(1)?);
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let start = call.start(subject.len())?;
    let (matcher, found) = search(call, &subject, &pattern, start)?;
    found.map_or_else(|| Ok(nothing()), |matched| call.captures(&matcher, &matched))
}

fn nothing() -> MultiValue {
    [Value::Nil].into_iter().collect()
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Nil | Value::Boolean(false))
}

/// Whether a pattern is more than a text. What stands behind a zero byte does not count.
fn has_specials(pattern: &[u8]) -> bool {
    pattern.iter().take_while(|byte| **byte != 0).any(|byte| SPECIALS.contains(byte))
}

/// Where a text is found first.
fn find_text(subject: &[u8], text: &[u8], signals: &Signals) -> Result<Option<usize>, Stop> {
    let finder = Finder::new(text);
    let window = WINDOW.max(text.len());
    let mut from = 0;
    loop {
        // So far that what begins inside of the window ends there.
        let end = subject.len().min(from + window + text.len());
        signals.spend((end - from) / STEP_BYTES)?;
        if let Some(at) = finder.find(&subject[from..end]) {
            return Ok(Some(from + at));
        }
        if end == subject.len() {
            return Ok(None);
        }
        from += window;
    }
}

/// Looks for a pattern that may be anchored.
fn search<'m>(
    call: &'m Call<'_>,
    subject: &'m [u8],
    pattern: &'m [u8],
    start: usize,
) -> mlua::Result<(Matcher<'m>, Option<Range<usize>>)> {
    let anchored = pattern.strip_prefix(b"^");
    let mut matcher = call.matcher(subject, anchored.unwrap_or(pattern));
    let found = match anchored {
        Some(_) => matcher.match_at(start).map(|end| end.map(|end| start..end)),
        None => matcher.search(start),
    };
    let found = found.map_err(|fault| call.error(fault))?;
    Ok((matcher, found))
}

/// Answers the function that finds one match after the other. An anchor is none here.
fn gmatch(call: &Call<'_>) -> mlua::Result<MultiValue> {
    let (subject, pattern) = (call.text(0)?, call.text(1)?);
    let (signals, next) = (Rc::clone(call.signals), Cell::new(0));
    let next_match = move |lua: &Lua, args: MultiValue| {
        let call = Call { lua, signals: &signals, args: &args, blamed: Blamed::Running };
        let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
        let mut matcher = call.matcher(&subject, &pattern);
        let Some(matched) = matcher.search(next.get()).map_err(|fault| call.error(fault))? else {
            return Ok(MultiValue::new());
        };
        next.set(matched.end + usize::from(matched.is_empty()));
        call.captures(&matcher, &matched)
    };
    Ok([Value::Function(call.lua.create_function(next_match)?)].into_iter().collect())
}

/// What a match is replaced by.
enum Replacement {
    Text(LuaString),
    Table(Table),
    Function(Function),
}

impl Replacement {
    fn of(call: &Call<'_>) -> mlua::Result<Replacement> {
        match call.args.get(2) {
            Some(Value::Table(table)) => Ok(Replacement::Table(table.clone())),
            Some(Value::Function(function)) => Ok(Replacement::Function(function.clone())),
            Some(Value::String(_) | Value::Number(_) | Value::Integer(_)) => call.text(2).map(Replacement::Text),
            _ => Err(bad_argument(call.lua, call.blamed, 3, "string/function/table expected")),
        }
    }
}

fn gsub(call: &Call<'_>) -> mlua::Result<MultiValue> {
    let (subject, pattern) = (call.text(0)?, call.text(1)?);
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let most = call.integer_or(3, subject.len() as i64 + 1)? as i32;
    let replacement = Replacement::of(call)?;
    let anchored = pattern.strip_prefix(b"^");
    let mut matcher = call.matcher(&subject, anchored.unwrap_or(&pattern));
    let (mut result, mut at, mut count) = (Vec::new(), 0, 0);
    while count < most {
        let end = matcher.match_at(at).map_err(|fault| call.error(fault))?;
        if let Some(end) = end {
            count += 1;
            replace(call, &matcher, &(at..end), &replacement, &mut result)?;
        }
        match end {
            Some(end) if end > at => at = end,
            _ if at < subject.len() => {
                result.push(subject[at]);
                at += 1;
            }
            _ => break,
        }
        if anchored.is_some() {
            break;
        }
    }
    result.extend_from_slice(&subject[at..]);
    let result = call.lua.create_string(&result)?;
    Ok([Value::String(result), Value::Number(count.into())].into_iter().collect())
}

/// Adds what a match is replaced by to the result.
fn replace(
    call: &Call<'_>,
    matcher: &Matcher<'_>,
    matched: &Range<usize>,
    replacement: &Replacement,
    result: &mut Vec<u8>,
) -> mlua::Result<()> {
    let len = result.len();
    let value = match replacement {
        Replacement::Text(text) => {
            expand(call, matcher, matched, &text.as_bytes(), result)?;
            Value::Nil
        }
        Replacement::Table(table) => table.get(call.capture(matcher, 0, matched)?)?,
        Replacement::Function(function) => function.call(call.captures(matcher, matched)?)?,
    };
    match value {
        _ if matches!(replacement, Replacement::Text(_)) => {}
        Value::Nil | Value::Boolean(false) => result.extend_from_slice(&matcher.subject()[matched.clone()]),
        Value::String(text) => result.extend_from_slice(&text.as_bytes()),
        number @ (Value::Number(_) | Value::Integer(_)) => {
            let text = call.lua.coerce_string(number)?.expect("a number has a text");
            result.extend_from_slice(&text.as_bytes());
        }
        other => {
            let text = format!("invalid replacement value (a {})", type_name(Some(&other)));
            return Err(raise(call.lua, call.blamed, text));
        }
    }
    // The result is no string of Lua's yet.
    if call.lua.used_memory() + result.len() > MEMORY_MAX {
        return Err(mlua::Error::MemoryError("not enough memory".to_owned()));
    }
    matcher.count((result.len() - len) / STEP_BYTES).map_err(|fault| call.error(fault))
}

/// Adds a replacement text: `%1` and so on stand for captures, `%0` for the match. A percent sign at the end of the text
/// stands for a zero byte, which Lua's functions find there.
fn expand(
    call: &Call<'_>,
    matcher: &Matcher<'_>,
    matched: &Range<usize>,
    text: &[u8],
    result: &mut Vec<u8>,
) -> mlua::Result<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        result.extend_from_slice(&rest[..at]);
        let sign = rest.get(at + 1).copied().unwrap_or(0);
        rest = rest.get(at + 2..).unwrap_or_default();
        let capture = match sign {
            b'0' => Capture::Text(matched.clone()),
            b'1'..=b'9' => {
                let capture = matcher.capture(usize::from(sign - b'1'), matched);
                capture.map_err(|fault| call.error(fault))?
            }
            other => {
                result.push(other);
                continue;
            }
        };
        match capture {
            Capture::Text(range) => result.extend_from_slice(&matcher.subject()[range]),
            Capture::Position(at) => result.extend_from_slice(itoa::Buffer::new().format(at + 1).as_bytes()),
        }
    }
    result.extend_from_slice(rest);
    Ok(())
}
