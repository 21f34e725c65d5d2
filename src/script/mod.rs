//! Lua scripts and functions: the sandboxed interpreter, the libraries that scripts may use, and what the server keeps
//! of scripts from one run to the next.
//!
//! Promises: a script reaches nothing but what a [`Host`] does for it; it cannot read memory or crash the process, and
//! changes nothing that another script sees; a run can be ended at any time, whatever it catches. An interpreter belongs
//! to one thread ([`with_interpreter`]); scripts and libraries are shared by all ([`Scripts`]).
//!
//! Knows no command. May import: config, stats, keyspace and below.

mod cache;
mod digest;
mod error;
mod flags;
mod host;
mod interpreter;
mod library;
mod libs;
mod number;
mod runs;

pub use cache::{Script, Scripts, Standing};
pub use digest::Digest;
pub use error::{Failure, Stop};
pub use flags::{Header, ScriptFlags};
pub use host::{Host, Refused};
pub use interpreter::{Compiled, Interpreter, Program, Ran, interpreter_bytes, with_interpreter, write_value};
pub use library::{Function, Libraries, Library, LibraryError, Policy};
pub use runs::{Kill, Run, RunKind, Runs};
