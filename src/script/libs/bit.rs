//! `bit`: operations on 32-bit integers. See the documentation of Lua BitOp 1.0.

use mlua::{Lua, MultiValue, Table, Value};

use super::number_argument;

/// Added to a double, it moves the integer part to the low bits, rounded to even.
const TO_LOW_BITS: f64 = 6_755_399_441_055_744.0;

type OfOne = fn(u32) -> u32;
type OfTwo = fn(u32, u32) -> u32;
/// A function under its name.
type Named<F> = (&'static str, F);

/// The library.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn library(lua: &Lua) -> mlua::Result<Table> {
    let bit = lua.create_table()?;
    let fold: [Named<OfTwo>; 3] = [("band", |a, b| a & b), ("bor", |a, b| a | b), ("bxor", |a, b| a ^ b)];
    for (name, apply) in fold {
        let function = lua.create_function(move |lua, args: MultiValue| {
            let mut result = argument(lua, &args, 0)?;
            for index in 1..args.len() {
                result = apply(result, argument(lua, &args, index)?);
            }
            Ok(signed(result))
        })?;
        bit.raw_set(name, function)?;
    }
    let of_one: [Named<OfOne>; 3] = [("tobit", |a| a), ("bnot", |a| !a), ("bswap", u32::swap_bytes)];
    for (name, apply) in of_one {
        let function = lua.create_function(move |lua, args: MultiValue| Ok(signed(apply(argument(lua, &args, 0)?))))?;
        bit.raw_set(name, function)?;
    }
    let shifts: [Named<OfTwo>; 5] = [
        ("lshift", |a, n| a << n),
        ("rshift", |a, n| a >> n),
        ("arshift", |a, n| (a as i32 >> n) as u32),
        ("rol", u32::rotate_left),
        ("ror", u32::rotate_right),
    ];
    for (name, apply) in shifts {
        let function = lua.create_function(move |lua, args: MultiValue| {
            let (number, by) = (argument(lua, &args, 0)?, argument(lua, &args, 1)?);
            Ok(signed(apply(number, by & 31)))
        })?;
        bit.raw_set(name, function)?;
    }
    bit.raw_set("tohex", lua.create_function(|lua, args: MultiValue| to_hex(lua, &args))?)?;
    Ok(bit)
}

fn argument(lua: &Lua, args: &MultiValue, index: usize) -> mlua::Result<u32> {
    Ok(low_bits(number_argument(lua, args, index)?))
}

pub(super) fn low_bits(x: f64) -> u32 {
    (x + TO_LOW_BITS).to_bits() as u32
}

fn signed(bits: u32) -> Value {
    Value::Number(f64::from(bits as i32))
}

/// The last digits, as many as asked for; in upper case where that is negative.
fn to_hex(lua: &Lua, args: &MultiValue) -> mlua::Result<String> {
    let bits = argument(lua, args, 0)?;
    let digits = if args.len() > 1 { argument(lua, args, 1)? as i32 } else { 8 };
    let text = if digits < 0 { format!("{bits:08X}") } else { format!("{bits:08x}") };
    let shown = (digits.unsigned_abs() as usize).min(8);
    Ok(text[8 - shown..].to_owned())
}
