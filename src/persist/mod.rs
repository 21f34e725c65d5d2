//! What outlives the process: files of the data set.
//!
//! Formats ([`rdb`]) are pure: bytes in, bytes out. May import: keyspace, journal, types, util.

pub mod aof;
mod check;
mod loading;
pub mod rdb;
pub mod snapshot;

pub use check::check_file;
pub use loading::Loading;
