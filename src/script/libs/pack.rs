//! `struct`: values to binary strings and back by a format. See the documentation of Lua's struct library 0.2.

use mlua::{Lua, MultiValue, Table, Value};

use super::{number_argument, string_argument};
use crate::script::interpreter::{Blamed, bad_argument, raise};

/// Bytes of the longest integer.
const INTEGER_MAX: usize = 32;
/// Largest alignment without a number behind `!`.
const ALIGN: usize = 8;
/// Bytes of a packed string.
const PACKED_MAX: usize = 512 << 20;
/// Values unpacked at once.
const RESULTS_MAX: usize = 7000;

/// The library.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn library(lua: &Lua) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    library.raw_set("pack", lua.create_function(|lua, args: MultiValue| pack(lua, &args))?)?;
    library.raw_set("unpack", lua.create_function(|lua, args: MultiValue| unpack(lua, &args))?)?;
    library.raw_set("size", lua.create_function(|lua, args: MultiValue| size(lua, &args))?)?;
    Ok(library)
}

/// One option of a format.
struct Item {
    option: u8,
    size: usize,
    /// Bytes skipped before it.
    padding: usize,
}

/// A format, read from left to right.
struct Format<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
    little: bool,
    align: usize,
}

impl<'a> Format<'a> {
    fn new(lua: &'a Lua, text: &'a [u8]) -> Format<'a> {
        Format { lua, rest: text, little: true, align: 1 }
    }

    /// The digits at the head, else `default`.
    fn number(&mut self, default: usize) -> mlua::Result<usize> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let mut value: i64 = 0;
        for digit in number {
            value = value * 10 + i64::from(digit - b'0');
            if value > i64::from(i32::MAX) {
                return Err(raise(self.lua, Blamed::Running, "integral size overflow"));
            }
        }
        Ok(value as usize)
    }

    /// The next option; `at`: the bytes before it.
    fn next(&mut self, at: usize) -> mlua::Result<Option<Item>> {
        while let Some((&option, rest)) = self.rest.split_first() {
            self.rest = rest;
            match option {
                b' ' => {}
                b'<' => self.little = true,
                b'>' => self.little = false,
                b'!' => {
                    let align = self.number(ALIGN)?;
                    if !align.is_power_of_two() {
                        return Err(raise(self.lua, Blamed::Running, format!("alignment {align} is not a power of 2")));
                    }
                    self.align = align;
                }
                _ => {
                    let size = self.size_of(option)?;
                    let padding = self.padding(option, size, at);
                    return Ok(Some(Item { option, size, padding }));
                }
            }
        }
        Ok(None)
    }

    fn size_of(&mut self, option: u8) -> mlua::Result<usize> {
        Ok(match option {
            b'b' | b'B' | b'x' => 1,
            b'h' | b'H' => 2,
            b'f' => 4,
            b'l' | b'L' | b'T' | b'd' => 8,
            b'c' => self.number(1)?,
            b'i' | b'I' => {
                let size = self.number(4)?;
                if size > INTEGER_MAX {
                    let text = format!("integral size {size} is larger than limit of {INTEGER_MAX}");
                    return Err(raise(self.lua, Blamed::Running, text));
                }
                size
            }
            _ => 0,
        })
    }

    fn padding(&self, option: u8, size: usize, at: usize) -> usize {
        if size == 0 || option == b'c' {
            return 0;
        }
        let size = size.min(self.align);
        if size > 1 { (size - (at & (size - 1))) & (size - 1) } else { 0 }
    }

    fn invalid(&self, option: u8) -> mlua::Error {
        let text = [b"invalid format option '", &[option][..], b"'"].concat();
        bad_argument(self.lua, Blamed::Running, 1, &String::from_utf8_lossy(&text))
    }
}

fn pack(lua: &Lua, args: &MultiValue) -> mlua::Result<mlua::LuaString> {
    let format = string_argument(lua, args, 0)?;
    let format = format.as_bytes();
    let mut format = Format::new(lua, &format);
    let mut out: Vec<u8> = Vec::new();
    let mut args = args.clone();
    let mut next = 1;
    while let Some(Item { option, size, padding }) = format.next(out.len())? {
        if out.len() + padding + size > PACKED_MAX {
            return Err(raise(lua, Blamed::Running, "resulting string too large"));
        }
        out.resize(out.len() + padding, 0);
        if !b"bBhHlLTiIfdsc".contains(&option) {
            if option != b'x' {
                return Err(format.invalid(option));
            }
            out.push(0);
            continue;
        }
        if next >= args.len() {
            args.push_back(Value::Nil);
        }
        match option {
            b'f' => {
                let bytes = (number_argument(lua, &args, next)? as f32).to_le_bytes();
                push(&mut out, &bytes, format.little);
            }
            b'd' => push(&mut out, &number_argument(lua, &args, next)?.to_le_bytes(), format.little),
            b's' | b'c' => {
                let text = string_argument(lua, &args, next)?;
                let text = text.as_bytes();
                let len = if size == 0 { text.len() } else { size };
                let Some(text) = text.get(..len) else {
                    return Err(bad_argument(lua, Blamed::Running, next + 2, "string too short"));
                };
                out.extend_from_slice(text);
                if option == b's' {
                    out.push(0);
                }
            }
            _ => {
                let number = number_argument(lua, &args, next)?;
                let value = if number < 0.0 { number as i64 as u64 } else { number as u64 };
                let mut bytes = [0; INTEGER_MAX];
                bytes[..8].copy_from_slice(&value.to_le_bytes());
                push(&mut out, &bytes[..size], format.little);
            }
        }
        next += 1;
    }
    lua.create_string(out)
}

fn push(out: &mut Vec<u8>, little_endian: &[u8], little: bool) {
    let start = out.len();
    out.extend_from_slice(little_endian);
    if !little {
        out[start..].reverse();
    }
}

fn unpack(lua: &Lua, args: &MultiValue) -> mlua::Result<MultiValue> {
    let format = string_argument(lua, args, 0)?;
    let data = string_argument(lua, args, 1)?;
    let (format, data) = (format.as_bytes(), data.as_bytes());
    let too_short = || bad_argument(lua, Blamed::Running, 2, "data string too short");
    let from = if args.get(2).is_none_or(Value::is_nil) { 1 } else { number_argument(lua, args, 2)? as i64 };
    if from == 0 {
        return Err(bad_argument(lua, Blamed::Running, 3, "offset must be 1 or greater"));
    }
    let mut at = usize::try_from(from - 1).map_err(|_| too_short())?;
    let mut format = Format::new(lua, &format);
    let mut results = MultiValue::new();
    while let Some(Item { option, mut size, padding }) = format.next(at)? {
        at = at.saturating_add(padding);
        let rest = data.get(at..).ok_or_else(too_short)?;
        let mut bytes = rest.get(..size).ok_or_else(too_short)?;
        if results.len() >= RESULTS_MAX {
            return Err(raise(lua, Blamed::Running, "stack overflow (too many results)"));
        }
        match option {
            b'x' => {}
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let is_signed = option.is_ascii_lowercase();
                results.push_back(Value::Number(integer(bytes, format.little, is_signed)));
            }
            b'f' => {
                let mut raw: [u8; 4] = bytes.try_into().expect("a float has four bytes");
                if !format.little {
                    raw.reverse();
                }
                results.push_back(Value::Number(f64::from(f32::from_le_bytes(raw))));
            }
            b'd' => {
                let mut raw: [u8; 8] = bytes.try_into().expect("a double has eight bytes");
                if !format.little {
                    raw.reverse();
                }
                results.push_back(Value::Number(f64::from_le_bytes(raw)));
            }
            b'c' => {
                if size == 0 {
                    let before = match results.pop_back() {
                        Some(Value::Number(x)) => x,
                        _ => return Err(raise(lua, Blamed::Running, "format 'c0' needs a previous size")),
                    };
                    size = before as usize;
                    bytes = rest.get(..size).ok_or_else(too_short)?;
                }
                results.push_back(Value::String(lua.create_string(bytes)?));
            }
            b's' => {
                let Some(end) = memchr::memchr(0, rest) else {
                    return Err(raise(lua, Blamed::Running, "unfinished string in data"));
                };
                results.push_back(Value::String(lua.create_string(&rest[..end])?));
                size = end + 1;
            }
            _ => return Err(format.invalid(option)),
        }
        at += size;
    }
    results.push_back(Value::Number((at + 1) as f64));
    Ok(results)
}

/// Of a long integer the last eight bytes count.
fn integer(bytes: &[u8], little: bool, is_signed: bool) -> f64 {
    let shift = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let value = if little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) };
    if !is_signed {
        return value as f64;
    }
    let unused = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    ((value << unused) as i64 >> unused) as f64
}

fn size(lua: &Lua, args: &MultiValue) -> mlua::Result<f64> {
    let text = string_argument(lua, args, 0)?;
    let text = text.as_bytes();
    let mut format = Format::new(lua, &text);
    let mut at = 0usize;
    while let Some(Item { option, size, padding }) = format.next(at)? {
        if option == b's' || option == b'c' && size == 0 {
            let name = if option == b's' { "s" } else { "c0" };
            return Err(bad_argument(lua, Blamed::Running, 1, &format!("option '{name}' has no fixed size")));
        }
        at = at.saturating_add(padding).saturating_add(size);
    }
    Ok(at as f64)
}
