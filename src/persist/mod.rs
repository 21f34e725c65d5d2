//! What outlives the process: files of the data set.
//!
//! Formats ([`rdb`]) are pure: bytes in, bytes out. May import: keyspace, journal, types, util.

pub mod rdb;
pub mod snapshot;
