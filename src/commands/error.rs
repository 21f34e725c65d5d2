//! Error replies: Redis's texts, in one place.

use std::borrow::Cow;

/// Why a handler did not act. Nothing has changed when a handler returns one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The error reply, its code word first, without the leading `-`.
    Reply(Cow<'static, [u8]>),
    /// The command has turned out too long for a worker: dispatch runs it again on a blocking thread.
    TooLongForWorker,
}

impl Error {
    /// A fixed text.
    #[must_use]
    pub const fn new(text: &'static str) -> Error {
        Error::Reply(Cow::Borrowed(text.as_bytes()))
    }

    /// A text made on the spot.
    #[must_use]
    pub fn text(text: impl Into<Vec<u8>>) -> Error {
        Error::Reply(Cow::Owned(text.into()))
    }

    /// "wrong number of arguments" for the command called `name` (containers: `container|sub`).
    #[must_use]
    pub fn arity(name: &str) -> Error {
        Error::text(format!("ERR wrong number of arguments for '{}' command", name.to_ascii_lowercase()))
    }

    /// "invalid expire time" for the command called `name`.
    #[must_use]
    pub fn expire_time(name: &str) -> Error {
        Error::text(format!("ERR invalid expire time in '{}' command", name.to_ascii_lowercase()))
    }
}

/// Unfitting options or words.
pub const SYNTAX: Error = Error::new("ERR syntax error");
/// The key holds a value of another type.
pub const WRONGTYPE: Error = Error::new("WRONGTYPE Operation against a key holding the wrong kind of value");
/// Not a 64-bit signed integer.
pub const NOT_INTEGER: Error = Error::new("ERR value is not an integer or out of range");
/// Not a floating point number.
pub const NOT_FLOAT: Error = Error::new("ERR value is not a valid float");
/// A count or the like out of its range.
pub const OUT_OF_RANGE: Error = Error::new("ERR value is out of range");
/// A count that must be positive.
pub const NOT_POSITIVE: Error = Error::new("ERR value is out of range, must be positive");
/// No key of that name (RENAME, OBJECT, ...).
pub const NO_SUCH_KEY: Error = Error::new("ERR no such key");
/// The result would not fit 64 bits.
pub const OVERFLOW: Error = Error::new("ERR increment or decrement would overflow");
/// An index outside the databases.
pub const DB_OUT_OF_RANGE: Error = Error::new("ERR DB index is out of range");
/// Source and destination are the same.
pub const SAME_OBJECT: Error = Error::new("ERR source and destination objects are the same");
/// An index outside a value.
pub const INDEX_OUT_OF_RANGE: Error = Error::new("ERR index out of range");
/// A string would grow beyond `proto-max-bulk-len`.
pub const STRING_TOO_LONG: Error = Error::new("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
/// The client has not authenticated.
pub const NOAUTH: Error = Error::new("NOAUTH Authentication required.");
/// A decrement whose opposite does not fit 64 bits.
pub const DECREMENT_OVERFLOW: Error = Error::new("ERR decrement would overflow");
/// A sum of floats that is no finite number.
pub const NAN_OR_INFINITY: Error = Error::new("ERR increment would produce NaN or Infinity");
/// A negative offset.
pub const OFFSET_OUT_OF_RANGE: Error = Error::new("ERR offset is out of range");
/// A count of keys that is none, or not positive.
pub const INVALID_NUMKEYS: Error = Error::new("ERR invalid numkeys value or out of range");
/// A digest to compare with that is none.
pub const NOT_DIGEST: Error = Error::new("ERR digest must be exactly 16 hexadecimal characters");
/// Not a condition that DELEX knows.
pub const INVALID_CONDITION: Error = Error::new("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
/// LCS of other types.
pub const LCS_NOT_STRINGS: Error = Error::new("ERR The specified keys must contain string values");
/// LCS with both options.
pub const LCS_LEN_AND_IDX: Error = Error::new("ERR If you want both the length and indexes, please just use IDX.");
