//! Lua values to JSON.

use mlua::{Table, Value};

use super::super::type_name;
use super::{DEPTH_MAX, Invalid, Settings};
use crate::script::number::percent_g;

/// Why a value cannot be written.
pub(super) enum Fault {
    Text(String),
    Lua(mlua::Error),
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Fault {
        Fault::Lua(error)
    }
}

/// The JSON text of a value.
pub(super) fn encode(value: &Value, settings: &Settings) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer { out: Vec::new(), settings };
    writer.value(value, 0)?;
    Ok(writer.out)
}

fn refuse(what: &str, why: &str) -> Fault {
    Fault::Text(format!("Cannot serialise {what}: {why}"))
}

struct Writer<'a> {
    out: Vec<u8>,
    settings: &'a Settings,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Fault> {
        match value {
            Value::Nil => self.out.extend(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => self.out.extend(b"null"),
            Value::Boolean(yes) => self.out.extend(if *yes { &b"true"[..] } else { b"false" }),
            Value::Integer(n) => self.number(*n as f64)?,
            Value::Number(x) => self.number(*x)?,
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Table(table) => self.table(table, depth + 1)?,
            other => return Err(refuse(type_name(Some(other)), "type not supported")),
        }
        Ok(())
    }

    fn number(&mut self, x: f64) -> Result<(), Fault> {
        if x.is_finite() {
            self.out.extend(percent_g(x, self.settings.precision as usize).as_bytes());
            return Ok(());
        }
        match self.settings.encode_invalid {
            Invalid::Refused => return Err(refuse("number", "must not be NaN or Inf")),
            Invalid::Null => self.out.extend(b"null"),
            Invalid::Written if x.is_nan() => self.out.extend(b"nan"),
            Invalid::Written => self.out.extend(percent_g(x, 1).as_bytes()),
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            match byte {
                b'"' => self.out.extend(b"\\\""),
                b'\\' => self.out.extend(b"\\\\"),
                b'/' => self.out.extend(b"\\/"),
                0x08 => self.out.extend(b"\\b"),
                b'\t' => self.out.extend(b"\\t"),
                b'\n' => self.out.extend(b"\\n"),
                0x0c => self.out.extend(b"\\f"),
                b'\r' => self.out.extend(b"\\r"),
                0..=0x1f | 0x7f => self.out.extend(format!("\\u{byte:04x}").as_bytes()),
                _ => self.out.push(byte),
            }
        }
        self.out.push(b'"');
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Fault> {
        if depth > DEPTH_MAX.min(self.settings.encode_depth as usize) {
            return Err(Fault::Text(format!("Cannot serialise, excessive nesting ({depth})")));
        }
        match self.array_len(table)? {
            Some(len) => self.array(table, len, depth),
            None => self.object(table, depth),
        }
    }

    /// The length of a table that is an array: its keys are positive integers, and not too many are missing.
    fn array_len(&self, table: &Table) -> Result<Option<usize>, Fault> {
        let (mut count, mut highest, mut is_array) = (0i64, 0i64, true);
        table.for_each(|key: Value, _: Value| {
            count += 1;
            match key {
                Value::Integer(n) if n >= 1 => highest = highest.max(n),
                _ => is_array = false,
            }
            Ok(())
        })?;
        if !is_array || highest == 0 {
            return Ok(None);
        }
        let Settings { sparse_convert, sparse_ratio, sparse_safe, .. } = *self.settings;
        let is_sparse = sparse_ratio > 0 && highest > count.saturating_mul(sparse_ratio) && highest > sparse_safe;
        match (is_sparse, sparse_convert) {
            (true, true) => Ok(None),
            (true, false) => Err(refuse("table", "excessively sparse array")),
            (false, _) => Ok(Some(highest as usize)),
        }
    }

    fn array(&mut self, table: &Table, len: usize, depth: usize) -> Result<(), Fault> {
        self.out.push(b'[');
        for at in 1..=len {
            if at > 1 {
                self.out.push(b',');
            }
            self.value(&table.raw_get::<Value>(at)?, depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: usize) -> Result<(), Fault> {
        self.out.push(b'{');
        // Not `for_each`: what is called within it finds little room on Lua's stack.
        for (at, pair) in table.pairs::<Value, Value>().enumerate() {
            let (key, value) = pair?;
            if at > 0 {
                self.out.push(b',');
            }
            self.field(&key, &value, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn field(&mut self, key: &Value, value: &Value, depth: usize) -> Result<(), Fault> {
        match key {
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Integer(_) | Value::Number(_) => {
                self.out.push(b'"');
                self.value(key, depth)?;
                self.out.push(b'"');
            }
            other => return Err(refuse(type_name(Some(other)), "table key must be a number or string")),
        }
        self.out.push(b':');
        self.value(value, depth)
    }
}
