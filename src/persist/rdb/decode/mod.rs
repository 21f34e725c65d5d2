//! Reading: records of a file, values, payloads of DUMP.
//!
//! Nothing that is read is believed: memory is taken for what is there, not for what is said to come; whatever does not
//! fit is an [`Error`] with its place, never a panic. Elements of small forms are all looked at, as Redis does only with
//! `sanitize-dump-payload`.

mod blob;
mod cursor;
mod record;
mod skip;
mod stream;
#[cfg(test)]
mod tests;
mod value;

pub use self::cursor::{Error, Fault, Result};
pub use self::record::{Entry, PayloadError, Record, is_snapshot, read_header, read_payload, read_record};
pub use self::value::Loaded;
use super::VERSION_VALKEY;
use crate::types::{hash, list, set, zset};

/// Up to where collections take their small forms.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of lists.
    pub list: list::Limits,
    /// Of sets.
    pub set: set::SetLimits,
    /// Of sorted sets.
    pub zset: zset::Limits,
    /// Of hashes.
    pub hash: hash::Limits,
}

impl Limits {
    /// The values that the parameters have by default.
    #[must_use]
    pub fn usual() -> Limits {
        Limits {
            list: list::Limits::of_setting(-2),
            set: set::SetLimits { intset_entries: 512, packed_entries: 128, packed_value_bytes: 64 },
            zset: zset::Limits { entries: 128, value_bytes: 64 },
            hash: hash::Limits { entries: 512, value_bytes: 64 },
        }
    }
}
