//! Snapshots to files: an RDB file written beside running writers.
//!
//! [`Save::begin`] fixes the point in time, with every shard locked; [`Save::run`], on a thread that may block, takes the
//! entries from several threads and writes them into a temporary file, which gets its name when it is whole and on disk.
//! [`Snapshots`] knows what runs and how the last one ended. When one is due is decided above.
//!
//! Promises: a file under its own name is whole; one save at a time; memory beside the data set is bounded by
//! a short queue and what writers hand over. May import: keyspace, persist::rdb, util.

mod file;
mod save;
mod state;
#[cfg(test)]
mod tests;

pub use file::remove_temporaries;
pub use save::{Handle, Plan, Save, SaveError, Saved, Usage};
pub use state::{Facts, Outcome, Purpose, Snapshots};
