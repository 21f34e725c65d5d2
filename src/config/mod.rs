//! Configuration: one table of parameters ([`table`]) from which the reader of redis.conf and of the command line,
//! CONFIG GET, SET and REWRITE, the typed readers and `docs/config.md` derive.
//!
//! Promises: a value in force always passed its row's check; CONFIG SET changes all of its parameters or none; a value
//! that would promise what the server does not do is refused with the reason; reading a numeric parameter is one relaxed
//! load. Texts of errors are Redis 7.0's, byte for byte, without the `ERR ` in front.
//!
//! A new parameter is one row in the file of its topic, and one line in `readers.rs` when a room reads it.
//!
//! Imports `util`, and from `keyspace` the classes of events. What a change entails elsewhere (a new listener, another log level) is done by the caller's
//! closure, see [`Config::set`].

mod dir;
#[cfg(test)]
mod docs;
mod events;
mod get;
mod include;
mod invocation;
mod load;
mod number;
mod param;
mod readers;
mod rewrite;
mod set;
mod store;
pub mod table;
#[cfg(test)]
mod tests;
mod user;
mod value;
mod words;

pub use invocation::{Invocation, USAGE};
pub use load::{LoadError, Origin};
pub use number::{memory_with_unit, parse_memory, percentile_text};
pub use param::{Kind, Param, Status, TextRule};
pub use readers::ShutdownOptions;
pub use rewrite::RewriteError;
pub use set::{Caller, SetError};
pub use store::Config;
pub use table::ParamId;
pub use value::{ClientClass, OutputLimit, Reason, SavePoint};
pub use words::{AppendFsync, Guard, LogFormat, LogLevel, MaxmemoryPolicy, SanitizeDump, Supervised, Words};

/// A `rename-command` line. Whether the command exists and the new name is free is the command table's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// Where the line stands, and its number there.
    pub place: (Origin, usize),
    /// The command's own name.
    pub from: String,
    /// Its new name; empty to disable the command.
    pub to: String,
}
