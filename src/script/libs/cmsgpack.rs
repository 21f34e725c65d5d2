//! `cmsgpack`: Lua values to MessagePack and back, by the specification of MessagePack as far as lua-cmsgpack 0.4 knows
//! it: no binary strings and no extensions.

use mlua::{Lua, MultiValue, Table, Value};

use super::{number_argument, string_argument};
use crate::script::interpreter::{Blamed, bad_argument, raise};

/// Tables inside each other that are packed; deeper ones are nil.
const PACK_DEPTH_MAX: usize = 16;
/// Arrays and maps inside each other that are unpacked.
const UNPACK_DEPTH_MAX: usize = 1000;
/// Elements reserved on the word of a count alone.
const SPECULATIVE: usize = 64;
/// Values unpacked at once: as many as Lua passes.
const RESULTS_MAX: usize = 7000;

/// The library.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn library(lua: &Lua) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    library.raw_set("_NAME", "cmsgpack")?;
    library.raw_set("_VERSION", "lua-cmsgpack 0.4.0")?;
    library.raw_set("pack", lua.create_function(|lua, args: MultiValue| pack(lua, &args))?)?;
    library.raw_set("unpack", lua.create_function(|lua, args: MultiValue| unpack(lua, &args, None, 0))?)?;
    let unpack_one = |lua: &Lua, args: MultiValue| {
        let offset = optional(lua, &args, 1)?;
        unpack(lua, &args, Some(1), offset)
    };
    library.raw_set("unpack_one", lua.create_function(unpack_one)?)?;
    let unpack_limit = |lua: &Lua, args: MultiValue| {
        string_argument(lua, &args, 0)?;
        let limit = number_argument(lua, &args, 1)? as i64;
        let offset = optional(lua, &args, 2)?;
        unpack(lua, &args, Some(limit), offset)
    };
    library.raw_set("unpack_limit", lua.create_function(unpack_limit)?)?;
    Ok(library)
}

fn optional(lua: &Lua, args: &MultiValue, index: usize) -> mlua::Result<i64> {
    if args.get(index).is_none_or(Value::is_nil) {
        return Ok(0);
    }
    Ok(number_argument(lua, args, index)? as i64)
}

fn pack(lua: &Lua, args: &MultiValue) -> mlua::Result<mlua::LuaString> {
    if args.is_empty() {
        return Err(bad_argument(lua, Blamed::Running, 0, "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    for value in args.iter() {
        write(&mut out, value, 0)?;
    }
    lua.create_string(out)
}

fn write(out: &mut Vec<u8>, value: &Value, depth: usize) -> mlua::Result<()> {
    match value {
        Value::Boolean(yes) => out.push(if *yes { 0xc3 } else { 0xc2 }),
        Value::Integer(n) => write_integer(out, *n),
        Value::Number(x) => write_number(out, *x),
        Value::String(text) => write_string(out, &text.as_bytes()),
        Value::Table(table) if depth < PACK_DEPTH_MAX => write_table(out, table, depth)?,
        _ => out.push(0xc0),
    }
    Ok(())
}

fn write_integer(out: &mut Vec<u8>, n: i64) {
    if n >= 0 {
        match n as u64 {
            n @ 0..=0x7f => out.push(n as u8),
            n @ 0x80..=0xff => out.extend([0xcc, n as u8]),
            n @ 0x100..=0xffff => with_header(out, 0xcd, &(n as u16).to_be_bytes()),
            n @ 0x1_0000..=0xffff_ffff => with_header(out, 0xce, &(n as u32).to_be_bytes()),
            n => with_header(out, 0xcf, &n.to_be_bytes()),
        }
    } else {
        match n {
            -32..0 => out.push(n as i8 as u8),
            -128..-32 => out.extend([0xd0, n as i8 as u8]),
            -0x8000..-128 => with_header(out, 0xd1, &(n as i16).to_be_bytes()),
            -0x8000_0000..-0x8000 => with_header(out, 0xd2, &(n as i32).to_be_bytes()),
            _ => with_header(out, 0xd3, &n.to_be_bytes()),
        }
    }
}

fn write_number(out: &mut Vec<u8>, x: f64) {
    if x.trunc() == x && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) {
        write_integer(out, x as i64);
    } else if f64::from(x as f32) == x {
        with_header(out, 0xca, &(x as f32).to_be_bytes());
    } else {
        with_header(out, 0xcb, &x.to_be_bytes());
    }
}

fn with_header(out: &mut Vec<u8>, header: u8, bytes: &[u8]) {
    out.push(header);
    out.extend_from_slice(bytes);
}

fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        len @ ..32 => out.push(0xa0 | len as u8),
        len @ 32..=0xff => out.extend([0xd9, len as u8]),
        len @ 0x100..=0xffff => with_header(out, 0xda, &(len as u16).to_be_bytes()),
        len => with_header(out, 0xdb, &(len as u32).to_be_bytes()),
    }
    out.extend_from_slice(text);
}

/// Header of an array or map: the small form with the count in it, or one of 16 or 32 bits.
fn write_count(out: &mut Vec<u8>, count: usize, small: u8, wide: u8) {
    match count {
        0..=15 => out.push(small | count as u8),
        16..=0xffff => with_header(out, wide, &(count as u16).to_be_bytes()),
        _ => with_header(out, wide + 1, &(count as u32).to_be_bytes()),
    }
}

fn write_table(out: &mut Vec<u8>, table: &Table, depth: usize) -> mlua::Result<()> {
    let (mut count, mut highest, mut is_array) = (0usize, 0i64, true);
    table.for_each(|key: Value, _: Value| {
        count += 1;
        match key {
            Value::Integer(n) if n > 0 => highest = highest.max(n),
            _ => is_array = false,
        }
        Ok(())
    })?;
    if is_array && highest as usize == count {
        write_count(out, count, 0x90, 0xdc);
        for at in 1..=count {
            write(out, &table.raw_get::<Value>(at)?, depth + 1)?;
        }
        return Ok(());
    }
    write_count(out, count, 0x80, 0xde);
    // Not `for_each`: what is called within it finds little room on Lua's stack.
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        write(out, &key, depth + 1)?;
        write(out, &value, depth + 1)?;
    }
    Ok(())
}

/// Why bytes are no MessagePack.
enum Fault {
    Missing,
    Bad,
    TooDeep,
    Lua(mlua::Error),
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Fault {
        Fault::Lua(error)
    }
}

/// With a limit the offset to go on with comes first, -1 at the end.
fn unpack(lua: &Lua, args: &MultiValue, limit: Option<i64>, offset: i64) -> mlua::Result<MultiValue> {
    let data = string_argument(lua, args, 0)?;
    let data = data.as_bytes();
    let wanted = limit.unwrap_or(0);
    if wanted < 0 || offset < 0 {
        let text = format!("Invalid request to unpack with offset of {offset} and limit of {}.", data.len());
        return Err(raise(lua, Blamed::Running, text));
    }
    let Some(rest) = data.get(offset as usize..) else {
        return Err(raise(
            lua,
            Blamed::Running,
            format!("Start offset {offset} greater than input length {}.", data.len()),
        ));
    };
    let mut reader = Reader { lua, rest };
    let mut results = MultiValue::new();
    while !reader.rest.is_empty() && (wanted == 0 || (results.len() as i64) < wanted) {
        if results.len() >= RESULTS_MAX {
            return Err(raise(lua, Blamed::Running, "too many values to unpack"));
        }
        let value = reader.value(0).map_err(|fault| match fault {
            Fault::Missing => raise(lua, Blamed::Running, "Missing bytes in input."),
            Fault::Bad => raise(lua, Blamed::Running, "Bad data format in input."),
            Fault::TooDeep => raise(lua, Blamed::Running, "stack overflow (in function mp_decode_to_lua_array)"),
            Fault::Lua(error) => error,
        })?;
        results.push_back(value);
    }
    if wanted > 0 {
        let next = if reader.rest.is_empty() { -1.0 } else { (data.len() - reader.rest.len()) as f64 };
        results.push_front(Value::Number(next));
    }
    Ok(results)
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Fault::Missing)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// An unsigned integer of so many bytes.
    fn unsigned(&mut self, len: usize) -> Result<u64, Fault> {
        Ok(self.take(len)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// The same with a sign.
    fn signed(&mut self, len: usize) -> Result<i64, Fault> {
        let unused = 64 - 8 * len as u32;
        Ok((self.unsigned(len)? << unused) as i64 >> unused)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > UNPACK_DEPTH_MAX {
            return Err(Fault::TooDeep);
        }
        let number = |x: f64| Ok(Value::Number(x));
        let kind = self.unsigned(1)? as u8;
        match kind {
            0..=0x7f => number(f64::from(kind)),
            0x80..=0x8f => self.map(usize::from(kind & 0x0f), depth),
            0x90..=0x9f => self.array(usize::from(kind & 0x0f), depth),
            0xa0..=0xbf => self.string(usize::from(kind & 0x1f)),
            0xc0 => Ok(Value::Nil),
            0xc2 => Ok(Value::Boolean(false)),
            0xc3 => Ok(Value::Boolean(true)),
            0xca => number(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xcb => number(f64::from_bits(self.unsigned(8)?)),
            0xcc => number(self.unsigned(1)? as f64),
            0xcd => number(self.unsigned(2)? as f64),
            0xce => number(self.unsigned(4)? as f64),
            // As the C library: taken for signed.
            0xcf => number(self.unsigned(8)? as i64 as f64),
            0xd0 => number(self.signed(1)? as f64),
            0xd1 => number(self.signed(2)? as f64),
            0xd2 => number(self.signed(4)? as f64),
            0xd3 => number(self.signed(8)? as f64),
            0xd9 => self.long(1).and_then(|len| self.string(len)),
            0xda => self.long(2).and_then(|len| self.string(len)),
            0xdb => self.long(4).and_then(|len| self.string(len)),
            0xdc => self.long(2).and_then(|len| self.array(len, depth)),
            0xdd => self.long(4).and_then(|len| self.array(len, depth)),
            0xde => self.long(2).and_then(|len| self.map(len, depth)),
            0xdf => self.long(4).and_then(|len| self.map(len, depth)),
            0xe0..=0xff => number(f64::from(kind as i8)),
            _ => Err(Fault::Bad),
        }
    }

    fn long(&mut self, bytes: usize) -> Result<usize, Fault> {
        Ok(self.unsigned(bytes)? as usize)
    }

    fn string(&mut self, len: usize) -> Result<Value, Fault> {
        let text = self.take(len)?;
        Ok(Value::String(self.lua.create_string(text)?))
    }

    fn array(&mut self, len: usize, depth: usize) -> Result<Value, Fault> {
        let table = self.lua.create_table_with_capacity(len.min(SPECULATIVE), 0)?;
        for at in 1..=len {
            table.raw_seti(at, self.value(depth + 1)?)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, len: usize, depth: usize) -> Result<Value, Fault> {
        let table = self.lua.create_table()?;
        for _ in 0..len {
            let (key, value) = (self.value(depth + 1)?, self.value(depth + 1)?);
            match key {
                Value::Nil => return Err(mlua::Error::runtime("table index is nil").into()),
                Value::Number(x) if x.is_nan() => return Err(mlua::Error::runtime("table index is NaN").into()),
                key => table.raw_set(key, value)?,
            }
        }
        Ok(Value::Table(table))
    }
}
