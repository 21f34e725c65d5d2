//! `redis.*`: what a script can ask of the server. See Redis's documentation, "Redis Lua API reference".

use std::rc::Rc;

use mlua::{Function as LuaFunction, Lua, Table, Value};

use super::beyond_limit;
use super::direct::{self, Left};
use super::replies::{Answer, read};
use super::sandbox::{Any, Signals};
use crate::resp::{OwnedArgs, Protocol};
use crate::script::digest::Digest;
use crate::script::error::Raised;
use crate::script::flags::{BAD_NAME, ScriptFlags, is_name};
use crate::script::host::{Refused, with_host};
use crate::script::library::Function;
use crate::script::number::percent_g;
use crate::util::version;

const NO_ARGUMENTS: &str = "ERR Please specify at least one argument for this redis lib call";
const BAD_ARGUMENTS: &str = "ERR Lua redis lib command arguments must be strings or integers";

/// Names of the levels of `redis.log`, and of the flags of `redis.set_repl`.
const CONSTANTS: &[(&str, i64)] = &[("LOG_DEBUG", 0), ("LOG_VERBOSE", 1), ("LOG_NOTICE", 2), ("LOG_WARNING", 3)];
const REPL: &[(&str, i64)] =
    &[("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_SLAVE", 2), ("REPL_REPLICA", 2), ("REPL_ALL", 3)];

/// The functions that a library has registered so far.
#[derive(Debug)]
pub(super) struct Registrations {
    functions: Vec<Function>,
    callbacks: Table,
}

impl Registrations {
    /// None yet; the functions themselves go to `callbacks` under their names.
    pub(super) fn new(callbacks: Table) -> Registrations {
        Registrations { functions: Vec::new(), callbacks }
    }

    pub(super) fn into_functions(self) -> Vec<Function> {
        self.functions
    }
}

/// Puts the three versions of the `redis` table into `host`: for EVAL, for functions, and for libraries at their load.
///
/// # Errors
/// None but for want of memory.
pub(super) fn install(lua: &Lua, host: &Table, signals: &Rc<Signals>) -> mlua::Result<()> {
    let at_load = lua.create_table()?;
    for (name, value) in CONSTANTS {
        at_load.raw_set(*name, *value)?;
    }
    at_load.raw_set("REDIS_VERSION", version::REDIS_VERSION)?;
    at_load.raw_set("REDIS_VERSION_NUM", version_number())?;
    at_load.raw_set("log", lua.create_function(|_, args: Any| log(&args))?)?;
    let in_functions = copy(lua, &at_load)?;
    let told = Rc::clone(signals);
    at_load.raw_set("register_function", lua.create_function(move |_, args: Any| register(&told, &args))?)?;
    for (name, value) in REPL {
        in_functions.raw_set(*name, *value)?;
    }
    for (name, raises) in [("call", true), ("pcall", false)] {
        let signals = Rc::clone(signals);
        let rest =
            lua.create_function(move |lua, args: Any| beyond_limit(lua, || answer(lua, &signals, &args, raises)))?;
        in_functions.raw_set(name, direct::call_function(lua, rest)?)?;
    }
    host.raw_set("lists", direct::lists_function(lua)?)?;
    in_functions.raw_set("error_reply", lua.create_function(|lua, args: Any| error_reply(lua, &args))?)?;
    in_functions.raw_set("status_reply", lua.create_function(|lua, args: Any| status_reply(lua, &args))?)?;
    in_functions.raw_set("sha1hex", lua.create_function(|lua, args: Any| sha1hex(lua, &args))?)?;
    in_functions.raw_set("setresp", lua.create_function(|lua, args: Any| setresp(lua, &args))?)?;
    in_functions.raw_set("set_repl", lua.create_function(|lua, args: Any| set_repl(lua, &args))?)?;
    in_functions.raw_set("acl_check_cmd", lua.create_function(|_, args: Any| acl_check_cmd(&args))?)?;
    let in_scripts = copy(lua, &in_functions)?;
    in_scripts.raw_set("replicate_commands", lua.create_function(|_, _: Any| Ok(true))?)?;
    in_scripts.raw_set("breakpoint", lua.create_function(|_, _: Any| Ok(false))?)?;
    in_scripts.raw_set("debug", lua.create_function(|_, _: Any| Ok(()))?)?;
    host.raw_set("redis_eval", in_scripts)?;
    host.raw_set("redis_function", in_functions)?;
    host.raw_set("redis_load", at_load)
}

fn copy(lua: &Lua, table: &Table) -> mlua::Result<Table> {
    let copy = lua.create_table()?;
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair?;
        copy.raw_set(name, value)?;
    }
    Ok(copy)
}

/// Major, minor and patch in a byte each.
fn version_number() -> i64 {
    version::REDIS_VERSION.split('.').fold(0, |number, part| number << 8 | part.parse::<i64>().unwrap_or(0))
}

/// A table that says that it is an error.
pub(super) fn plain_error(lua: &Lua, text: &[u8]) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 2)?;
    table.raw_set("err", lua.create_string(text)?)?;
    Ok(table)
}

/// The same for the error of a command, which has been counted.
pub(super) fn error_table(lua: &Lua, text: &[u8]) -> mlua::Result<Table> {
    let table = plain_error(lua, text)?;
    table.raw_set("ignore_error_stats_update", true)?;
    Ok(table)
}

/// What [`direct`] has left of `redis.call` and `redis.pcall`.
fn answer(lua: &Lua, signals: &Signals, args: &Any, raises: bool) -> mlua::Result<Value> {
    let fail = |text: Vec<u8>| {
        if raises {
            return Err(mlua::Error::external(Raised::Counted(text)));
        }
        error_table(lua, &text).map(Value::Table)
    };
    match direct::take_left() {
        Some(Left::Reply(bytes)) => match read(lua, &bytes)? {
            Answer::Value(value) => Ok(value),
            Answer::Error(text) => fail(text),
        },
        Some(Left::Refused(Refused::Error(text))) => fail(text),
        Some(Left::Refused(Refused::Stop(stop))) => {
            signals.stop.set(Some(stop));
            Err(mlua::Error::external(Raised::Stop(stop)))
        }
        Some(Left::NoHost) => fail(b"ERR redis.call is of no use here".to_vec()),
        Some(Left::Panicked(panic)) => std::panic::resume_unwind(panic),
        None => {
            let text = if args.is_empty() { NO_ARGUMENTS } else { BAD_ARGUMENTS };
            if raises { Err(Raised::reply(text)) } else { plain_error(lua, text.as_bytes()).map(Value::Table) }
        }
    }
}

fn read_arguments(args: &Any) -> Result<OwnedArgs, &'static str> {
    let mut argv = OwnedArgs::default();
    for arg in args.iter() {
        match arg {
            Value::String(text) => argv.push(&text.as_bytes()),
            Value::Integer(n) => write_number(&mut argv, *n as f64),
            Value::Number(x) => write_number(&mut argv, *x),
            _ => return Err(BAD_ARGUMENTS),
        }
    }
    if args.is_empty() { Err(NO_ARGUMENTS) } else { Ok(argv) }
}

/// A number as an argument of a command: as C's `%.17g` prints it.
pub(super) fn write_number(argv: &mut OwnedArgs, x: f64) {
    // From here on an exponent is printed.
    const SHORT_END: f64 = 1e17;
    let is_short = x.abs() < SHORT_END && x.fract() == 0.0 && (x != 0.0 || x.is_sign_positive());
    if is_short {
        argv.push(itoa::Buffer::new().format(x as i64).as_bytes());
    } else {
        argv.push(percent_g(x, 17).as_bytes());
    }
}

/// The only argument, if it is one and a string.
fn only_text(args: &Any) -> Option<Vec<u8>> {
    match (args.len(), args.front()) {
        (1, Some(Value::String(text))) => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

fn error_reply(lua: &Lua, args: &Any) -> mlua::Result<Table> {
    let Some(text) = only_text(args) else { return plain_error(lua, b"ERR wrong number or type of arguments") };
    let text = text.strip_prefix(b"-").unwrap_or(&text);
    let text = text.trim_ascii_end_of_lines();
    let table = lua.create_table_with_capacity(0, 1)?;
    let has_code = text.contains(&b' ');
    let whole = if has_code { text.to_vec() } else { [b"ERR ", text].concat() };
    table.raw_set("err", lua.create_string(whole)?)?;
    Ok(table)
}

fn status_reply(lua: &Lua, args: &Any) -> mlua::Result<Table> {
    let Some(text) = only_text(args) else { return plain_error(lua, b"ERR wrong number or type of arguments") };
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set("ok", lua.create_string(text)?)?;
    Ok(table)
}

/// Texts without the line ends behind them.
trait EndOfLines {
    fn trim_ascii_end_of_lines(&self) -> &[u8];
}

impl EndOfLines for [u8] {
    fn trim_ascii_end_of_lines(&self) -> &[u8] {
        let end = self.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        &self[..end]
    }
}

/// A string or number as text; nothing else has one.
fn text_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Integer(n) => Some(n.to_string().into_bytes()),
        Value::Number(x) => Some(percent_g(*x, 14).into_bytes()),
        _ => None,
    }
}

/// As Lua's `tonumber` for base 10.
fn number_of(lua: &Lua, value: &Value) -> Option<f64> {
    lua.coerce_number(value.clone()).ok().flatten()
}

fn sha1hex(lua: &Lua, args: &Any) -> mlua::Result<mlua::LuaString> {
    let [value] = args.iter().collect::<Vec<_>>()[..] else {
        return Err(Raised::reply("ERR wrong number of arguments"));
    };
    lua.create_string(Digest::of(&text_of(value).unwrap_or_default()).hex())
}

fn log(args: &Any) -> mlua::Result<()> {
    if args.len() < 2 {
        return Err(Raised::reply("ERR redis.log() requires two arguments or more."));
    }
    let level = match &args[0] {
        Value::Integer(n) => *n as f64,
        Value::Number(x) => *x,
        Value::String(text) => std::str::from_utf8(&text.as_bytes())
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or_else(|| Raised::reply("ERR First argument must be a number (log level)."))?,
        _ => return Err(Raised::reply("ERR First argument must be a number (log level).")),
    };
    if !(0.0..4.0).contains(&level.trunc()) {
        return Err(Raised::reply("ERR Invalid debug level."));
    }
    let words: Vec<Vec<u8>> = args.iter().skip(1).filter_map(text_of).collect();
    with_host(|host| host.log(level as u8, &words.join(&b' ')));
    Ok(())
}

fn setresp(lua: &Lua, args: &Any) -> mlua::Result<()> {
    if args.len() != 1 {
        return Err(Raised::reply("ERR redis.setresp() requires one argument."));
    }
    let protocol = match number_of(lua, &args[0]).unwrap_or(0.0).trunc() {
        2.0 => Protocol::Resp2,
        3.0 => Protocol::Resp3,
        _ => return Err(Raised::reply("ERR RESP version must be 2 or 3.")),
    };
    with_host(|host| host.set_protocol(protocol));
    Ok(())
}

fn set_repl(lua: &Lua, args: &Any) -> mlua::Result<()> {
    if args.len() != 1 {
        return Err(Raised::reply("ERR redis.set_repl() requires two arguments."));
    }
    let flags = number_of(lua, &args[0]).unwrap_or(0.0) as i64;
    if flags & !3 != 0 {
        return Err(Raised::reply("ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."));
    }
    with_host(|host| host.set_repl(flags as u8));
    Ok(())
}

fn acl_check_cmd(args: &Any) -> mlua::Result<bool> {
    let argv = read_arguments(args).map_err(Raised::reply)?;
    let may = with_host(|host| host.may_run(argv.view())).flatten();
    may.ok_or_else(|| Raised::reply("ERR Invalid command passed to redis.acl_check_cmd()"))
}

/// `redis.register_function`, with a name and a function or with one table of named arguments.
fn register(signals: &Signals, args: &Any) -> mlua::Result<()> {
    let error = |text: &str| Err(Raised::reply(text));
    let mut registrations = signals.registered.borrow_mut();
    let Some(Registrations { functions, callbacks }) = registrations.as_mut() else {
        return error("ERR redis.register_function can only be called on FUNCTION LOAD command");
    };
    let (function, callback) = match args.len() {
        1 => match &args[0] {
            Value::Table(named) => named_arguments(named)?,
            _ => {
                return error(
                    "ERR calling redis.register_function with a single argument is only applicable to Lua table \
                     (representing named arguments).",
                );
            }
        },
        2 => {
            let Some(name) = text_of(&args[0]) else {
                return error("ERR first argument to redis.register_function must be a string");
            };
            let Value::Function(callback) = &args[1] else {
                return error("ERR second argument to redis.register_function must be a function");
            };
            (named(&name)?, callback.clone())
        }
        _ => return error("ERR wrong number of arguments to redis.register_function"),
    };
    if functions.iter().any(|other| other.name.eq_ignore_ascii_case(&function.name)) {
        return error("ERR Function already exists in the library");
    }
    callbacks.raw_set(&function.name[..], callback)?;
    functions.push(function);
    Ok(())
}

/// A function without flags of that name.
fn named(name: &[u8]) -> mlua::Result<Function> {
    if !is_name(name) {
        return Err(Raised::reply(BAD_NAME));
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Ok(Function { name, description: None, flags: ScriptFlags::empty() })
}

fn named_arguments(table: &Table) -> mlua::Result<(Function, LuaFunction)> {
    let (mut name, mut description, mut callback, mut flags) = (None, None, None, ScriptFlags::empty());
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let key = text_of(&key).unwrap_or_default();
        match &key.to_ascii_lowercase()[..] {
            b"function_name" => {
                let text = text_of(&value);
                name = Some(text.ok_or_else(|| {
                    Raised::reply("ERR function_name argument given to redis.register_function must be a string")
                })?);
            }
            b"description" => {
                let text = text_of(&value);
                description = Some(text.ok_or_else(|| {
                    Raised::reply("ERR description argument given to redis.register_function must be a string")
                })?);
            }
            b"callback" => match value {
                Value::Function(function) => callback = Some(function),
                _ => {
                    return Err(Raised::reply(
                        "ERR callback argument given to redis.register_function must be a function",
                    ));
                }
            },
            b"flags" => match &value {
                Value::Table(list) => flags = flags_of(list)?,
                _ => {
                    return Err(Raised::reply(
                        "ERR flags argument to redis.register_function must be a table representing function flags",
                    ));
                }
            },
            _ => return Err(Raised::reply("ERR unknown argument given to redis.register_function")),
        }
    }
    let name = name.ok_or_else(|| Raised::reply("ERR redis.register_function must get a function name argument"))?;
    let callback = callback.ok_or_else(|| Raised::reply("ERR redis.register_function must get a callback argument"))?;
    Ok((Function { description, flags, ..named(&name)? }, callback))
}

fn flags_of(list: &Table) -> mlua::Result<ScriptFlags> {
    let mut flags = ScriptFlags::empty();
    for at in 1.. {
        match list.raw_get::<Value>(at)? {
            Value::Nil => break,
            Value::String(name) => {
                let flag = ScriptFlags::named(&name.as_bytes());
                flags |= flag.ok_or_else(|| Raised::reply("ERR unknown flag given"))?;
            }
            _ => return Err(Raised::reply("ERR unknown flag given")),
        }
    }
    Ok(flags)
}
