//! From the bytes of a reply to Lua values, by the table in Redis's documentation ("Redis Lua API reference").

use mlua::{Lua, Table, Value};

use super::api::error_table;

/// Aggregates inside each other in a reply; commands nest a handful.
const DEPTH_MAX: usize = 128;

/// What a command answered.
pub(super) enum Answer {
    Value(Value),
    /// An error, its code first.
    Error(Vec<u8>),
}

/// Reads one whole reply.
///
/// # Errors
/// When Lua has no room for it.
pub(super) fn read(lua: &Lua, bytes: &[u8]) -> mlua::Result<Answer> {
    if let Some(text) = bytes.strip_prefix(b"-") {
        return Ok(Answer::Error(text.trim_ascii_end().to_vec()));
    }
    Reader { lua, rest: bytes }.value(0).map(Answer::Value)
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Takes as many bytes as a line says.
    fn text(&mut self, line: &[u8]) -> mlua::Result<&'a [u8]> {
        take(&mut self.rest, number(line)?).ok_or_else(malformed)
    }

    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        let (kind, line) = take_line(&mut self.rest).ok_or_else(malformed)?;
        if depth > DEPTH_MAX {
            return Err(malformed());
        }
        match kind {
            b'+' => self.table("ok", |lua| lua.create_string(line).map(Value::String)),
            b'-' => error_table(self.lua, line).map(Value::Table),
            b':' => Ok(Value::Number(number::<i64>(line)? as f64)),
            b'$' if line == b"-1" => Ok(Value::Boolean(false)),
            b'*' if line == b"-1" => Ok(Value::Boolean(false)),
            b'$' => {
                let text = self.text(line)?;
                self.lua.create_string(text).map(Value::String)
            }
            b'*' | b'>' => self.array(number(line)?, depth),
            b'_' => Ok(Value::Nil),
            b'#' => Ok(Value::Boolean(line == b"t")),
            b',' => {
                let x = crate::util::number::parse_f64(line).unwrap_or(f64::NAN);
                self.table("double", |_| Ok(Value::Number(x)))
            }
            b'(' => self.table("big_number", |lua| lua.create_string(line).map(Value::String)),
            b'=' => {
                let text = self.text(line)?;
                let (format, text) = (text.get(..3).unwrap_or_default(), text.get(4..).unwrap_or_default());
                let parts = self.lua.create_table_with_capacity(0, 2)?;
                parts.raw_set("string", self.lua.create_string(text)?)?;
                parts.raw_set("format", self.lua.create_string(format)?)?;
                self.table("verbatim_string", |_| Ok(Value::Table(parts)))
            }
            b'%' => {
                let map = self.lua.create_table()?;
                for _ in 0..number::<usize>(line)? {
                    let (key, value) = (self.value(depth + 1)?, self.value(depth + 1)?);
                    set(&map, key, value)?;
                }
                self.table("map", |_| Ok(Value::Table(map)))
            }
            b'~' => {
                let members = self.lua.create_table()?;
                for _ in 0..number::<usize>(line)? {
                    let member = self.value(depth + 1)?;
                    set(&members, member, Value::Boolean(true))?;
                }
                self.table("set", |_| Ok(Value::Table(members)))
            }
            b'|' => {
                // Attributes are not shown to scripts.
                for _ in 0..2 * number::<usize>(line)? {
                    self.value(depth + 1)?;
                }
                self.value(depth)
            }
            _ => Err(malformed()),
        }
    }

    fn array(&mut self, len: usize, depth: usize) -> mlua::Result<Value> {
        // No element has fewer than three bytes.
        let table = self.lua.create_table_with_capacity(len.min(self.rest.len() / 3), 0)?;
        for at in 1..=len {
            table.raw_seti(at, self.value(depth + 1)?)?;
        }
        Ok(Value::Table(table))
    }

    /// A table with one field, which says what the value is.
    fn table(&self, name: &str, value: impl FnOnce(&Lua) -> mlua::Result<Value>) -> mlua::Result<Value> {
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(name, value(self.lua)?)?;
        Ok(Value::Table(table))
    }
}

/// Takes a line: its first byte, and the others.
pub(super) fn take_line<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let end = memchr::memchr(b'\r', rest)?;
    let (&kind, line) = take(rest, end)?.split_first()?;
    Some((kind, line))
}

/// Takes `len` bytes and the line end behind them.
pub(super) fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (bytes, behind) = rest.split_at_checked(len)?;
    *rest = behind.get(2..)?;
    Some(bytes)
}

/// Sets a field, unless its key is nothing that a table can have.
fn set(table: &Table, key: Value, value: Value) -> mlua::Result<()> {
    match key {
        Value::Nil => Ok(()),
        Value::Number(x) if x.is_nan() => Ok(()),
        key => table.raw_set(key, value),
    }
}

fn number<T: std::str::FromStr>(text: &[u8]) -> mlua::Result<T> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)
}

fn malformed() -> mlua::Error {
    mlua::Error::runtime("a command answered a malformed reply")
}
