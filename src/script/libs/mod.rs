//! The libraries that scripts find beside Lua's own: `bit`, `cjson`, `cmsgpack`, `struct`, and parts of `math` and `os`.
//!
//! They behave as the C libraries that Redis brings, to the letter of their errors, on any bytes: no input makes them
//! panic, and how deep they go is bounded.

pub(super) mod bit;
pub(super) mod cjson;
pub(super) mod cmsgpack;
pub(super) mod pack;
pub(super) mod pattern;
pub(super) mod random;
#[cfg(test)]
mod tests;

use mlua::{Lua, LuaString, MultiValue, Table, Value};

use super::interpreter::{Blamed, bad_argument};
use crate::util::clock::{ticks, ticks_to_ns};

/// `os`: the clock alone, in seconds since the interpreter was made.
///
/// # Errors
/// None but for want of memory.
pub(super) fn os(lua: &Lua) -> mlua::Result<Table> {
    let os = lua.create_table()?;
    let start = ticks();
    os.raw_set("clock", lua.create_function(move |_, _: MultiValue| Ok(ticks_to_ns(ticks() - start) as f64 / 1e9))?)?;
    Ok(os)
}

/// The name of a value's type, as Lua's errors print it.
fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "no value",
        Some(Value::Integer(_)) => "number",
        Some(Value::LightUserData(_) | Value::Error(_)) => "userdata",
        Some(value) => value.type_name(),
    }
}

/// The argument at `index` (from 0) as a number.
fn number_argument(lua: &Lua, args: &MultiValue, index: usize) -> mlua::Result<f64> {
    number_for(lua, Blamed::Running, args, index)
}

/// The same for a function that may have been called by the one that is blamed.
fn number_for(lua: &Lua, blamed: Blamed, args: &MultiValue, index: usize) -> mlua::Result<f64> {
    let number = match args.get(index) {
        Some(Value::Number(x)) => Some(*x),
        Some(Value::Integer(n)) => Some(*n as f64),
        Some(text @ Value::String(_)) => lua.coerce_number(text.clone())?,
        _ => None,
    };
    number.ok_or_else(|| {
        let text = format!("number expected, got {}", type_name(args.get(index)));
        bad_argument(lua, blamed, index + 1, &text)
    })
}

/// The argument at `index` (from 0) as a string; numbers are taken as text.
fn string_argument(lua: &Lua, args: &MultiValue, index: usize) -> mlua::Result<LuaString> {
    string_for(lua, Blamed::Running, args, index)
}

/// The same for a function that may have been called by the one that is blamed.
fn string_for(lua: &Lua, blamed: Blamed, args: &MultiValue, index: usize) -> mlua::Result<LuaString> {
    let text = match args.get(index) {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Integer(_))) => lua.coerce_string(value.clone())?,
        _ => None,
    };
    text.ok_or_else(|| {
        let text = format!("string expected, got {}", type_name(args.get(index)));
        bad_argument(lua, blamed, index + 1, &text)
    })
}
