//! The sandbox of a new interpreter: the functions that its prelude takes from Rust.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mlua::debug::Debug;
use mlua::{Function, Lua, MultiValue, StdLib, Table, Value};

use super::{api, direct, hook};
use crate::script::error::{Failure, Raised, Stop};
use crate::script::host::with_host;
use crate::script::libs;

/// Name of the prelude's chunk: its frames are no script's.
const PRELUDE: &str = "=prelude";
/// Frames looked at for the place of an error.
const FRAMES: usize = 64;
/// Steps of functions between two looks at whether the run is to end; a step takes some nanoseconds.
const LOOK_STEPS: usize = 10_000;

/// What the functions of the sandbox and the interpreter tell each other during a run.
#[derive(Debug, Default)]
pub(in crate::script) struct Signals {
    /// The error that ended the run.
    pub(super) failure: RefCell<Option<Failure>>,
    /// The run is being ended.
    pub(super) stop: Cell<Option<Stop>>,
    /// What the script has set of `cjson`.
    pub(super) json: Rc<Cell<libs::cjson::Settings>>,
    /// Registrations of the library that is being loaded.
    pub(super) registered: RefCell<Option<api::Registrations>>,
    /// Steps since the last look at whether the run is to end.
    spent: Cell<usize>,
}

impl Signals {
    /// Counts steps of a function that may take its time; every few thousand of them looks whether the run is to end.
    ///
    /// # Errors
    /// When it is: the function raises [`Signals::stopped`] then.
    #[inline]
    pub(in crate::script) fn spend(&self, steps: usize) -> Result<(), Stop> {
        let spent = self.spent.get() + steps;
        self.spent.set(spent);
        if spent < LOOK_STEPS { Ok(()) } else { self.look() }
    }

    #[cold]
    fn look(&self) -> Result<(), Stop> {
        self.spent.set(0);
        let stop = self.stop.get().or_else(|| with_host(|host| host.tick()).flatten());
        stop.map_or(Ok(()), Err)
    }

    /// The run ends inside of this function.
    pub(in crate::script) fn stopped(&self, lua: &Lua, blamed: Blamed, stop: Stop) -> mlua::Error {
        if self.stop.replace(Some(stop)).is_none() {
            let place = lua.inspect_stack(blamed as usize + 1, place_of).flatten();
            self.failure.replace(Some(Failure { text: Vec::new(), place, is_counted: false }));
        }
        mlua::Error::external(Raised::Stop(stop))
    }
}

/// The chunk and line of a function on the stack.
fn place_of(debug: &Debug<'_>) -> Option<(String, usize)> {
    let line = debug.current_line()?;
    Some((debug.source().source?.into_owned(), line))
}

/// What the prelude answers.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) lua: Lua,
    pub(super) signals: Rc<Signals>,
    /// The environment of EVAL scripts.
    pub(super) eval_globals: Table,
    /// The environment of libraries.
    pub(super) function_globals: Table,
    /// Switches that to what a library sees while it is loaded.
    pub(super) loading: Function,
    /// Runs the code of a library.
    pub(super) run: Function,
    /// Runs a script, with the lists of [`super::direct::set_lists`] as KEYS and ARGV.
    pub(super) run_script: Function,
    /// Runs a function with the same lists.
    pub(super) run_function: Function,
}

/// Builds a sandbox.
///
/// # Errors
/// None but those of a fault in the prelude.
pub(super) fn build() -> mlua::Result<Sandbox> {
    let std = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
    let lua = Lua::new_with(std, mlua::LuaOptions::default())?;
    let signals = Rc::new(Signals::default());
    let host = lua.create_table()?;
    host.raw_set("deny", lua.create_function(|lua, ()| deny(lua))?)?;
    host.raw_set("deny_plainly", lua.create_function(|_, ()| deny_plainly())?)?;
    host.raw_set("missing", lua.create_function(missing)?)?;
    host.raw_set("metatable", lua.create_function(|_, table: Table| Ok(table.metatable()))?)?;
    host.raw_set("as_text", lua.create_function(as_text)?)?;
    host.raw_set("as_table", lua.create_function(as_table)?)?;
    host.raw_set("is_stop", lua.create_function(|_, value: Value| Ok(stop_of(&value).is_some()))?)?;
    let told = Rc::clone(&signals);
    host.raw_set(
        "failed",
        lua.create_function(move |lua, error: Value| {
            failed(lua, &told, &error);
            Ok(())
        })?,
    )?;
    let sort = |lua: &Lua, (theirs, ours)| direct::bounded_function(lua, direct::Looking::AtList, theirs, ours);
    host.raw_set("bounded_sort", lua.create_function(sort)?)?;
    libs::random::install(&lua, &host)?;
    libs::pattern::install(&lua, &lua.globals().get("string")?, &signals)?;
    let libraries = lua.create_table()?;
    libraries.raw_set("bit", libs::bit::library(&lua)?)?;
    libraries.raw_set("cjson", libs::cjson::library(&lua, &signals.json)?)?;
    libraries.raw_set("cmsgpack", libs::cmsgpack::library(&lua)?)?;
    libraries.raw_set("struct", libs::pack::library(&lua)?)?;
    libraries.raw_set("os", libs::os(&lua)?)?;
    host.raw_set("libraries", libraries)?;
    api::install(&lua, &host, &signals)?;
    let (eval_globals, function_globals, loading, run, run_script, run_function) = lua
        .load(include_str!("prelude.lua"))
        .set_name(PRELUDE)
        .call::<(Table, Table, Function, Function, Function, Function)>(host)?;
    lua.set_globals(eval_globals.clone())?;
    let told = Rc::clone(&signals);
    let look = move |lua: &Lua, ()| told.look().map_err(|stop| told.stopped(lua, Blamed::Running, stop));
    hook::set(&lua, lua.create_function(look)?)?;
    Ok(Sandbox { lua, signals, eval_globals, function_globals, loading, run, run_script, run_function })
}

/// The function that an error is about.
#[derive(Debug, Clone, Copy)]
pub(in crate::script) enum Blamed {
    /// The one that runs.
    Running = 0,
    /// The one that has called it, see [`super::direct::bounded_function`].
    Caller = 1,
}

/// An error of a library function: before the text stands the place where it was called, as Lua puts it before its own.
pub(in crate::script) fn raise(lua: &Lua, blamed: Blamed, text: impl AsRef<[u8]>) -> mlua::Error {
    let place = lua.inspect_stack(blamed as usize + 1, |debug| {
        let line = debug.current_line()?;
        let source = debug.source();
        Some(format!("{}:{line}: ", source.short_src.as_deref().unwrap_or("?")))
    });
    let place = place.flatten().unwrap_or_default();
    mlua::Error::external(Raised::Text([place.as_bytes(), text.as_ref()].concat()))
}

/// "bad argument": what Lua's own functions say of an argument. They are called as the script calls them, a question mark
/// where it does so by no name; the object of a method is no argument.
pub(in crate::script) fn bad_argument(lua: &Lua, blamed: Blamed, number: usize, text: &str) -> mlua::Error {
    let names = |debug: &Debug<'_>| {
        let names = debug.names();
        (names.name.map(Cow::into_owned), names.name_what == Some("method"))
    };
    let (name, is_method) = lua.inspect_stack(blamed as usize, names).unwrap_or_default();
    let name = name.as_deref().unwrap_or("?");
    let text = match number {
        1 if is_method => format!("calling '{name}' on bad self ({text})"),
        number => format!("bad argument #{} to '{name}' ({text})", number - usize::from(is_method)),
    };
    raise(lua, blamed, text)
}

fn deny(lua: &Lua) -> mlua::Result<()> {
    Err(raise(lua, Blamed::Running, "Attempt to modify a readonly table"))
}

fn deny_plainly() -> mlua::Result<()> {
    Err(mlua::Error::external(Raised::Text(b"Attempt to modify a readonly table".to_vec())))
}

/// A global that is not there.
fn missing(lua: &Lua, (_, name): (Value, Value)) -> mlua::Result<()> {
    let name = match &name {
        Value::String(name) => name.as_bytes().to_vec(),
        other => other.type_name().into(),
    };
    let text = [b"Script attempted to access nonexistent global variable '", &name[..], b"'"].concat();
    Err(raise(lua, Blamed::Running, text))
}

fn stop_of(value: &Value) -> Option<Stop> {
    match value {
        Value::Error(error) => match Raised::of(error) {
            Raised::Stop(stop) => Some(stop),
            _ => None,
        },
        _ => None,
    }
}

/// A caught error as pcall shows it. The end of a run goes on.
fn as_text(lua: &Lua, value: Value) -> mlua::Result<Value> {
    let Value::Error(error) = &value else { return Ok(value) };
    match Raised::of(error) {
        Raised::Stop(_) => Err(*error.clone()),
        Raised::Reply(text) | Raised::Counted(text) | Raised::Text(text) => lua.create_string(text).map(Value::String),
    }
}

/// A caught error as all others show it.
fn as_table(lua: &Lua, value: Value) -> mlua::Result<Value> {
    let Value::Error(error) = &value else { return Ok(value) };
    match Raised::of(error) {
        Raised::Stop(_) => Err(*error.clone()),
        Raised::Reply(text) => api::plain_error(lua, &text).map(Value::Table),
        Raised::Counted(text) => api::error_table(lua, &text).map(Value::Table),
        Raised::Text(text) => lua.create_string(text).map(Value::String),
    }
}

/// The message handler of a run: remembers what failed, and where.
fn failed(lua: &Lua, signals: &Signals, error: &Value) {
    let with_code = |text: &[u8]| [b"ERR ", text].concat();
    let mut is_counted = false;
    let text = match error {
        Value::Error(error) => match Raised::of(error) {
            Raised::Counted(text) => {
                is_counted = true;
                text
            }
            Raised::Reply(text) => text,
            Raised::Text(text) => with_code(&text),
            Raised::Stop(_) => return,
        },
        Value::Table(table) => match table.raw_get::<Value>("err") {
            Ok(Value::String(text)) => {
                is_counted = table.raw_get("ignore_error_stats_update").unwrap_or(false);
                text.as_bytes().to_vec()
            }
            _ => b"ERR unknown error".to_vec(),
        },
        other => with_code(&shown(lua, other)),
    };
    let place = (1..FRAMES).find_map(|level| {
        let frame = lua.inspect_stack(level, place_of).flatten();
        frame.filter(|(source, _)| source != PRELUDE)
    });
    signals.failure.replace(Some(Failure { text, place, is_counted }));
}

/// As `tostring` shows a value.
pub(super) fn shown(lua: &Lua, value: &Value) -> Vec<u8> {
    match value {
        Value::Nil => b"nil".to_vec(),
        Value::Boolean(yes) => yes.to_string().into_bytes(),
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Integer(_) | Value::Number(_) => {
            let text = lua.coerce_string(value.clone()).ok().flatten();
            text.map(|text| text.as_bytes().to_vec()).unwrap_or_default()
        }
        other => format!("{}: {:p}", other.type_name(), other.to_pointer()).into_bytes(),
    }
}

/// The arguments of a function that takes any.
pub(super) type Any = MultiValue;
