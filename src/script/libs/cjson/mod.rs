//! `cjson`: JSON to Lua values and back. See the documentation of Lua CJSON 2.1.0, whose defaults and errors these are.
//!
//! What a script sets (depths, precision) holds until the end of its run.

mod decode;
mod encode;

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, MultiValue, Table, Value};

use super::{number_argument, string_argument};
use crate::script::interpreter::{Blamed, bad_argument, raise};

/// Nesting that the code itself allows, whatever is set.
const DEPTH_MAX: usize = 1000;

/// What `encode_invalid_numbers` says of numbers that JSON has no text for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Invalid {
    Refused,
    Written,
    Null,
}

/// What scripts can set.
#[derive(Debug, Clone, Copy)]
pub(in crate::script) struct Settings {
    sparse_convert: bool,
    sparse_ratio: i64,
    sparse_safe: i64,
    encode_depth: i64,
    decode_depth: i64,
    precision: i64,
    keep_buffer: bool,
    encode_invalid: Invalid,
    decode_invalid: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth: DEPTH_MAX as i64,
            decode_depth: DEPTH_MAX as i64,
            precision: 14,
            keep_buffer: true,
            encode_invalid: Invalid::Refused,
            decode_invalid: true,
        }
    }
}

/// The library; its settings are in `shared`.
///
/// # Errors
/// None but for want of memory.
pub(in crate::script) fn library(lua: &Lua, shared: &Rc<Cell<Settings>>) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    library.raw_set("_NAME", "cjson")?;
    library.raw_set("_VERSION", "2.1.0")?;
    library.raw_set("null", Value::NULL)?;
    let set = |name: &str, function: fn(&Lua, &Cell<Settings>, &MultiValue) -> mlua::Result<MultiValue>| {
        let settings = Rc::clone(shared);
        library.raw_set(name, lua.create_function(move |lua, args: MultiValue| function(lua, &settings, &args))?)
    };
    set("encode", encode)?;
    set("decode", decode)?;
    set("encode_max_depth", |lua, settings, args| {
        limit(lua, settings, args, i32::MAX.into(), |settings| &mut settings.encode_depth)
    })?;
    set("decode_max_depth", |lua, settings, args| {
        limit(lua, settings, args, i32::MAX.into(), |settings| &mut settings.decode_depth)
    })?;
    set("encode_number_precision", |lua, settings, args| {
        limit(lua, settings, args, 14, |settings| &mut settings.precision)
    })?;
    set("encode_keep_buffer", |lua, settings, args| flag(lua, settings, args, |settings| &mut settings.keep_buffer))?;
    set("decode_invalid_numbers", |lua, settings, args| {
        flag(lua, settings, args, |settings| &mut settings.decode_invalid)
    })?;
    set("encode_invalid_numbers", encode_invalid_numbers)?;
    set("encode_sparse_array", encode_sparse_array)?;
    library.raw_set("new", lua.create_function(|lua, _: MultiValue| library_of_its_own(lua))?)?;
    Ok(library)
}

fn library_of_its_own(lua: &Lua) -> mlua::Result<Table> {
    library(lua, &Rc::new(Cell::new(Settings::default())))
}

fn one(value: Value) -> MultiValue {
    [value].into_iter().collect()
}

fn encode(lua: &Lua, settings: &Cell<Settings>, args: &MultiValue) -> mlua::Result<MultiValue> {
    if args.len() != 1 {
        return Err(bad_argument(lua, Blamed::Running, 1, "expected 1 argument"));
    }
    let text = encode::encode(&args[0], &settings.get()).map_err(|fault| match fault {
        encode::Fault::Text(text) => raise(lua, Blamed::Running, text),
        encode::Fault::Lua(error) => error,
    })?;
    Ok(one(Value::String(lua.create_string(text)?)))
}

fn decode(lua: &Lua, settings: &Cell<Settings>, args: &MultiValue) -> mlua::Result<MultiValue> {
    if args.len() != 1 {
        return Err(bad_argument(lua, Blamed::Running, 1, "expected 1 argument"));
    }
    let text = string_argument(lua, args, 0)?;
    let value = decode::decode(lua, &text.as_bytes(), &settings.get()).map_err(|fault| match fault {
        decode::Fault::Text(text) => raise(lua, Blamed::Running, text),
        decode::Fault::Lua(error) => error,
    })?;
    Ok(one(value))
}

/// Up to `max` arguments, else an error.
fn at_most(lua: &Lua, args: &MultiValue, max: usize) -> mlua::Result<()> {
    if args.len() <= max {
        return Ok(());
    }
    Err(bad_argument(lua, Blamed::Running, max + 1, "found too many arguments"))
}

/// The integer argument at `index` between the two.
fn integer(lua: &Lua, args: &MultiValue, index: usize, least: i64, most: i64) -> mlua::Result<i64> {
    let value = number_argument(lua, args, index)? as i64;
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let text = format!("expected integer between {least} and {most}");
    Err(bad_argument(lua, Blamed::Running, index + 1, &text))
}

fn limit(
    lua: &Lua,
    settings: &Cell<Settings>,
    args: &MultiValue,
    most: i64,
    field: fn(&mut Settings) -> &mut i64,
) -> mlua::Result<MultiValue> {
    at_most(lua, args, 1)?;
    let mut all = settings.get();
    if args.front().is_some_and(|value| !value.is_nil()) {
        *field(&mut all) = integer(lua, args, 0, 1, most)?;
        settings.set(all);
    }
    Ok(one(Value::Integer(*field(&mut all))))
}

/// An argument that is a truth value, or its name.
fn truth(lua: &Lua, args: &MultiValue) -> mlua::Result<Option<bool>> {
    match args.front() {
        None | Some(Value::Nil) => Ok(None),
        Some(Value::Boolean(yes)) => Ok(Some(*yes)),
        Some(_) => {
            let word = string_argument(lua, args, 0)?;
            match &word.as_bytes()[..] {
                b"on" => Ok(Some(true)),
                b"off" => Ok(Some(false)),
                other => Err(invalid_option(lua, other)),
            }
        }
    }
}

fn invalid_option(lua: &Lua, word: &[u8]) -> mlua::Error {
    bad_argument(lua, Blamed::Running, 1, &format!("invalid option '{}'", String::from_utf8_lossy(word)))
}

fn flag(
    lua: &Lua,
    settings: &Cell<Settings>,
    args: &MultiValue,
    field: fn(&mut Settings) -> &mut bool,
) -> mlua::Result<MultiValue> {
    at_most(lua, args, 1)?;
    let mut all = settings.get();
    if let Some(yes) = truth(lua, args)? {
        *field(&mut all) = yes;
        settings.set(all);
    }
    Ok(one(Value::Boolean(*field(&mut all))))
}

fn encode_invalid_numbers(lua: &Lua, settings: &Cell<Settings>, args: &MultiValue) -> mlua::Result<MultiValue> {
    at_most(lua, args, 1)?;
    let mut all = settings.get();
    let is_null = matches!(args.front(), Some(Value::String(word)) if word.as_bytes() == *b"null");
    if is_null {
        all.encode_invalid = Invalid::Null;
    } else if let Some(yes) = truth(lua, args)? {
        all.encode_invalid = if yes { Invalid::Written } else { Invalid::Refused };
    }
    settings.set(all);
    Ok(one(match all.encode_invalid {
        Invalid::Null => Value::String(lua.create_string("null")?),
        other => Value::Boolean(other == Invalid::Written),
    }))
}

fn encode_sparse_array(lua: &Lua, settings: &Cell<Settings>, args: &MultiValue) -> mlua::Result<MultiValue> {
    at_most(lua, args, 3)?;
    let mut all = settings.get();
    let most = i32::MAX.into();
    if let Some(yes) = truth(lua, args)? {
        all.sparse_convert = yes;
    }
    if args.get(1).is_some_and(|value| !value.is_nil()) {
        all.sparse_ratio = integer(lua, args, 1, 0, most)?;
    }
    if args.get(2).is_some_and(|value| !value.is_nil()) {
        all.sparse_safe = integer(lua, args, 2, 0, most)?;
    }
    settings.set(all);
    let shown = [Value::Boolean(all.sparse_convert), Value::Integer(all.sparse_ratio), Value::Integer(all.sparse_safe)];
    Ok(shown.into_iter().collect())
}
