//! Every command: a row in its group's table and a handler below it.
//!
//! Start with [`spec`] (what a row states), then any group's file. A new command is one row and one function in one
//! file; a new group is one file and one line in [`GROUPS`]. Handlers are synchronous, run under the shard locks that
//! dispatch took for their declared keys, and have three paragraphs: parse all, act, reply. No error comes after the
//! first change.
//!
//! May import: state and everything below it.

pub mod args;
pub mod bitmap;
pub mod blocking;
pub mod categories;
pub mod connection;
pub mod context;
#[cfg(test)]
mod docs;
pub mod error;
pub mod expiry;
pub mod generic;
pub mod geo;
pub mod hash;
pub mod help;
pub mod hyperloglog;
pub mod keys;
pub mod list;
pub mod lookup;
pub mod names;
pub mod prelude;
pub mod pubsub;
pub mod scan;
pub mod scripting;
pub mod server;
pub mod set;
pub mod sorted_set;
pub mod spec;
pub mod stream;
pub mod string;
pub mod transaction;
pub mod usage;
mod verify;

pub use args::{Args, DeclaredKey, Payload};
pub use context::{Call, Called, Cx, DONE, Flow, Outcome};
pub use error::Error;
pub use lookup::{CommandTable, Registered, RenameError};

pub use crate::keyspace::Key;

use std::sync::OnceLock;

use spec::Group;

/// Every group of commands.
pub const GROUPS: &[Group] = &[
    bitmap::GROUP,
    connection::GROUP,
    generic::GROUP,
    geo::GROUP,
    hash::GROUP,
    hyperloglog::GROUP,
    list::GROUP,
    pubsub::GROUP,
    scripting::GROUP,
    server::GROUP,
    set::GROUP,
    sorted_set::GROUP,
    stream::GROUP,
    string::GROUP,
    transaction::GROUP,
];

static TABLE: OnceLock<CommandTable> = OnceLock::new();

/// Builds the table with the configuration's renames. Called once, before anything looks a command up.
///
/// # Errors
/// When a rename does not fit, or the table was built already.
pub fn install(renames: &[(String, String)]) -> Result<(), RenameError> {
    TABLE.set(CommandTable::new(renames)?).map_err(|_| RenameError::TooLate)
}

/// The table of all commands.
pub fn table() -> &'static CommandTable {
    TABLE.get_or_init(|| CommandTable::new(&[]).expect("the table without renames is well-formed"))
}
