//! The interpreter of one thread: compiles and runs scripts and functions in a sandbox.

mod api;
mod direct;
mod hook;
mod replies;
mod results;
mod sandbox;

pub(super) use direct::{Looking, bounded_function};
pub(super) use sandbox::{Blamed, Signals, bad_argument, raise};

pub use results::write_value;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ahash::AHashMap;
use mlua::{Function as LuaFunction, Lua, Table, Value};

use self::sandbox::Sandbox;
use super::cache::{Script, Scripts};
use super::digest::Digest;
use super::error::{Failure, Raised, Stop};
use super::flags::Header;
use super::host::{Host, lend};
use super::library::{Function, Libraries, Library, LibraryError};

/// Memory that a script may use, in bytes: what its interpreter holds as a whole.
pub(super) const MEMORY_MAX: usize = 512 << 20;
/// Memory with which an interpreter is left between runs before all its garbage is collected.
const KEPT_BYTES: usize = 64 << 20;
/// Name of the chunk of every script.
const SCRIPT: &str = "@user_script";
/// Compiled scripts that an interpreter keeps. With one more, all are forgotten.
const COMPILED_MAX: usize = 2000;
/// Libraries that an interpreter keeps loaded, in the same way.
const LOADED_MAX: usize = 1000;

/// A script, compiled for this thread.
#[derive(Debug)]
pub struct Compiled {
    /// The script.
    pub script: Arc<Script>,
    function: LuaFunction,
}

/// What to run.
#[derive(Debug, Clone, Copy)]
pub enum Program<'a> {
    /// A script.
    Script(&'a Compiled),
    /// A function of a library, by its name.
    Function(&'a Library, &'a str),
}

/// How a run ended.
#[derive(Debug)]
pub enum Ran {
    /// With this value, for [`write_value`].
    Value(Value),
    /// With an error that nobody caught.
    Failed(Failure),
    /// It was ended: why, and where it was.
    Stopped(Stop, Option<(String, usize)>),
}

/// An interpreter. What one script leaves behind no other sees.
pub struct Interpreter {
    sandbox: Sandbox,
    /// What follows holds for these scripts of a server, see [`Scripts::generation`].
    generation: (u64, u64),
    scripts: AHashMap<Digest, Rc<Compiled>>,
    known: Rc<Libraries>,
    /// Functions by name, by the number of their library.
    libraries: AHashMap<u64, Table>,
    /// Its share of [`interpreter_bytes`].
    counted: usize,
}

/// Memory of all interpreters.
static BYTES: AtomicUsize = AtomicUsize::new(0);
/// An interpreter's share is told anew when it is off by so much.
const COUNTED_BYTES: usize = 64 << 10;

/// Memory that the interpreters of all threads hold, in bytes; each may be off by some kilobytes.
pub fn interpreter_bytes() -> usize {
    BYTES.load(Relaxed)
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter").field("scripts", &self.scripts.len()).finish_non_exhaustive()
    }
}

thread_local! {
    static INTERPRETER: RefCell<Option<Interpreter>> = const { RefCell::new(None) };
}

/// Runs `f` on this thread's interpreter, which is made when it is first needed.
///
/// # Panics
/// When `f` calls this again: scripts do not run scripts.
pub fn with_interpreter<R>(f: impl FnOnce(&mut Interpreter) -> R) -> R {
    INTERPRETER.with_borrow_mut(|slot| f(slot.get_or_insert_with(Interpreter::new)))
}

impl Interpreter {
    /// A new one.
    ///
    /// # Panics
    /// When its own prelude fails.
    #[must_use]
    pub fn new() -> Interpreter {
        let sandbox = sandbox::build().expect("the prelude of the sandbox runs");
        Interpreter {
            sandbox,
            generation: (0, 0),
            scripts: AHashMap::default(),
            known: Rc::default(),
            libraries: AHashMap::default(),
            counted: 0,
        }
    }

    /// Its Lua state.
    #[cfg(test)]
    pub(super) fn lua(&self) -> &Lua {
        &self.sandbox.lua
    }

    /// Memory that it holds, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.sandbox.lua.used_memory()
    }

    /// Forgets what no longer holds.
    fn follow(&mut self, scripts: &Scripts) {
        let generation = scripts.generation();
        if generation == self.generation {
            return;
        }
        self.generation = generation;
        self.scripts.clear();
        let libraries = scripts.libraries();
        self.libraries.retain(|number, _| libraries.iter().any(|library| library.number == *number));
        self.known = Rc::new(Libraries::clone(&libraries));
        let _ = self.sandbox.lua.gc_collect();
    }

    /// A cached script.
    pub fn script(&mut self, scripts: &Scripts, digest: &Digest) -> Option<Rc<Compiled>> {
        self.follow(scripts);
        if let Some(compiled) = self.scripts.get(digest) {
            return Some(Rc::clone(compiled));
        }
        let script = scripts.get(digest)?;
        let function = self.load(script.body(), SCRIPT, &self.sandbox.eval_globals).ok()?;
        Some(self.remember(script, function))
    }

    /// Compiles a script and adds it to the cache. `keeps`: see [`Scripts::add`].
    ///
    /// # Errors
    /// The text of the error reply, when its header or the rest is not well-formed.
    pub fn add_script(
        &mut self,
        scripts: &Scripts,
        digest: Digest,
        source: &[u8],
        keeps: bool,
    ) -> Result<Rc<Compiled>, Vec<u8>> {
        let header = Header::of_script(source)?;
        let function = self
            .load(&source[header.len..], SCRIPT, &self.sandbox.eval_globals)
            .map_err(|message| [b"ERR Error compiling script (new function): ", &message[..]].concat())?;
        self.follow(scripts);
        Ok(self.remember(scripts.add(digest, source, header, keeps), function))
    }

    fn remember(&mut self, script: Arc<Script>, function: LuaFunction) -> Rc<Compiled> {
        if self.scripts.len() >= COMPILED_MAX {
            self.scripts.clear();
        }
        let digest = script.digest;
        let compiled = Rc::new(Compiled { script, function });
        self.scripts.insert(digest, Rc::clone(&compiled));
        compiled
    }

    /// The libraries.
    pub fn libraries(&mut self, scripts: &Scripts) -> Rc<Libraries> {
        self.follow(scripts);
        Rc::clone(&self.known)
    }

    /// Runs a program. `keys` and `args` are what the script sees as such.
    pub fn run<'a>(
        &mut self,
        program: Program<'_>,
        keys: impl ExactSizeIterator<Item = &'a [u8]>,
        args: impl ExactSizeIterator<Item = &'a [u8]>,
        host: &mut dyn Host,
    ) -> Ran {
        let loaded;
        let function = match program {
            Program::Script(compiled) => &compiled.function,
            Program::Function(library, name) => match self.function(library, name) {
                Ok(function) => {
                    loaded = function;
                    &loaded
                }
                Err(text) => return Ran::Failed(Failure { text, place: None, is_counted: false }),
            },
        };
        let ran = self.call(program, function, keys, args, host);
        self.tidy();
        ran.unwrap_or_else(|error| Ran::Failed(failure_of(&error)))
    }

    fn call<'a>(
        &self,
        program: Program<'_>,
        function: &LuaFunction,
        keys: impl ExactSizeIterator<Item = &'a [u8]>,
        args: impl ExactSizeIterator<Item = &'a [u8]>,
        host: &mut dyn Host,
    ) -> mlua::Result<Ran> {
        let Sandbox { lua, signals, run_script, run_function, .. } = &self.sandbox;
        direct::set_lists(keys, args);
        signals.stop.set(None);
        signals.json.take();
        let run = match program {
            Program::Script(..) => run_script,
            Program::Function(..) => run_function,
        };
        let ended = within_limit(lua, || lend(host, || run.call::<(bool, Value)>(function)));
        if let Some(stop) = signals.stop.take() {
            let place = signals.failure.take().and_then(|failure| failure.place);
            return Ok(Ran::Stopped(stop, place));
        }
        let (ok, value) = ended?;
        if ok {
            return Ok(Ran::Value(value));
        }
        // Out of memory, or of room for the handler, Lua does not call it.
        let failure = signals.failure.take().unwrap_or_else(|| Failure {
            text: [b"ERR ", &sandbox::shown(lua, &value)[..]].concat(),
            place: None,
            is_counted: false,
        });
        Ok(Ran::Failed(failure))
    }

    fn load(&self, source: &[u8], name: &str, environment: &Table) -> Result<LuaFunction, Vec<u8>> {
        if source.first() == Some(&0x1b) {
            return Err(format!("{}:1: unexpected symbol near 'char(27)'", &name[1..]).into_bytes());
        }
        let chunk = self.sandbox.lua.load(source).set_name(name).set_mode(mlua::chunk::ChunkMode::Text);
        chunk.set_environment(environment.clone()).into_function().map_err(|error| match error {
            mlua::Error::SyntaxError { message, .. } => message.into_bytes(),
            other => other.to_string().into_bytes(),
        })
    }

    /// The function of a library, which is loaded if it is not yet. Errors are texts for the reply.
    fn function(&mut self, library: &Library, name: &str) -> Result<LuaFunction, Vec<u8>> {
        if !self.libraries.contains_key(&library.number) {
            let mut patient = Patient;
            let (_, functions) = self.load_library(library.body(), &mut patient).map_err(LibraryError::into_text)?;
            if self.libraries.len() >= LOADED_MAX {
                self.libraries.clear();
            }
            self.libraries.insert(library.number, functions);
        }
        let functions = self.libraries.get(&library.number).expect("it was just loaded");
        functions.raw_get(name).map_err(|error| Raised::of(&error).to_string().into_bytes())
    }

    /// Runs a library's code and tells what it registers, and the functions by name.
    fn load_library(&self, body: &[u8], host: &mut dyn Host) -> Result<(Vec<Function>, Table), LibraryError> {
        let Sandbox { lua, signals, function_globals, loading, run, .. } = &self.sandbox;
        let function = self.load(body, "@user_function", function_globals).map_err(LibraryError::NotCompiled)?;
        let failed = |error: mlua::Error| LibraryError::Failed(failure_of(&error).text);
        let functions = lua.create_table().map_err(failed)?;
        signals.stop.set(None);
        signals.registered.replace(Some(api::Registrations::new(functions.clone())));
        let mut stop = None;
        let ran = loading.call::<()>(true).and_then(|()| {
            let ran = within_limit(lua, || lend(host, || run.call::<(bool, Value)>(function)));
            stop = signals.stop.take();
            loading.call::<()>(false)?;
            ran
        });
        let registered = signals.registered.take().map(api::Registrations::into_functions).unwrap_or_default();
        if stop.is_some() {
            return Err(LibraryError::Timeout);
        }
        let (ok, _) = ran.map_err(failed)?;
        if !ok {
            let text = signals.failure.take().map_or_else(|| b"ERR not enough memory".to_vec(), |failure| failure.text);
            return Err(LibraryError::Failed(text));
        }
        Ok((registered, functions))
    }

    /// Runs a new library's code and tells what it registers.
    ///
    /// # Errors
    /// When it does not compile, fails, or registers nothing.
    pub fn try_library(&mut self, body: &[u8], host: &mut dyn Host) -> Result<Vec<Function>, LibraryError> {
        let (functions, _) = self.load_library(body, host)?;
        if functions.is_empty() { Err(LibraryError::Empty) } else { Ok(functions) }
    }

    /// Reads a library from its source, its name from the first line.
    ///
    /// # Errors
    /// The text of the error reply.
    pub fn read_library(&mut self, code: &[u8], host: &mut dyn Host) -> Result<Library, Vec<u8>> {
        let (name, header_len) = Header::of_library(code)?;
        let functions = self.try_library(&code[header_len..], host).map_err(LibraryError::into_text)?;
        Ok(Library::new(name, code.to_vec(), header_len, functions))
    }

    /// Collects the garbage of a run that has left much of it.
    fn tidy(&mut self) {
        if self.memory_bytes() > KEPT_BYTES {
            // What cannot be collected now is so later.
            let _ = self.sandbox.lua.gc_collect();
        }
        let bytes = self.memory_bytes();
        if bytes.abs_diff(self.counted) > COUNTED_BYTES {
            BYTES.fetch_add(bytes.wrapping_sub(self.counted), Relaxed);
            self.counted = bytes;
        }
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        BYTES.fetch_sub(self.counted, Relaxed);
    }
}

impl Default for Interpreter {
    fn default() -> Self {
        Interpreter::new()
    }
}

/// A library that was accepted once is loaded without a limit of time.
struct Patient;

impl Host for Patient {
    fn call(&mut self, _: crate::resp::Args<'_>, _: &mut dyn FnMut(&[u8])) -> Result<(), super::Refused> {
        Err(super::Refused::Error(b"ERR a library calls nothing while it is loaded".to_vec()))
    }

    fn set_protocol(&mut self, _: crate::resp::Protocol) {}

    fn set_repl(&mut self, _: u8) {}

    fn log(&mut self, _: u8, _: &[u8]) {}

    fn may_run(&mut self, _: crate::resp::Args<'_>) -> Option<bool> {
        None
    }

    fn tick(&mut self) -> Option<Stop> {
        None
    }
}

/// Runs Lua code with the limit of memory. It stands for that time alone: with it, mlua guards every allocation of Rust.
fn within_limit<R>(lua: &Lua, f: impl FnOnce() -> R) -> R {
    let _ = lua.set_memory_limit(MEMORY_MAX);
    let result = f();
    let _ = lua.set_memory_limit(0);
    result
}

/// Runs what Rust allocates for a script, in the midst of its run, without the limit. The script meets it right after.
fn beyond_limit<R>(lua: &Lua, f: impl FnOnce() -> R) -> R {
    let _ = lua.set_memory_limit(0);
    let result = f();
    let _ = lua.set_memory_limit(MEMORY_MAX);
    result
}

fn failure_of(error: &mlua::Error) -> Failure {
    Failure { text: [b"ERR ", Raised::of(error).to_string().as_bytes()].concat(), place: None, is_counted: false }
}

#[cfg(test)]
mod tests;
