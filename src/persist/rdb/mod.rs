//! The RDB format: snapshots of Redis and Valkey, and the payloads of DUMP.
//!
//! ```text
//! REDIS0010                       magic word and version
//! aux*                            opcode 250, name, value
//! (254 db, 251 sizes, entry*)*    each database
//! function*                       opcode 245, the library's code
//! 255 crc64                       the end; the checksum of all before it, 0 for none
//!
//! entry: [252 time] [248 idle | 249 frequency] type key value
//! ```
//!
//! [`Encoder`] writes version 10, which Redis from 7.0 and Valkey read; a hash with fields that expire needs
//! version 12 (Redis 7.4), see [`Options::field_expiry`]. [`read_record`] and [`Entry::value`] read all versions of Redis
//! up to 12, and Valkey's 80. [`load()`] takes a whole file in. The format's own description are the sources named in
//! `format.rs`. Imports keyspace, types and util.

mod check;
mod decode;
mod encode;
mod format;
mod listpack;
mod load;

pub use self::check::{Checked, check};
pub use self::decode::{
    Entry, Error, Fault, Limits, Loaded, PayloadError, Record, Result, is_snapshot, read_header, read_payload,
    read_record,
};
pub use self::encode::{Encoder, Options};
pub use self::format::{HEADER_BYTES, VERSION, VERSION_FIELD_EXPIRY, VERSION_VALKEY};
pub use self::load::{LoadError, LoadOptions, Summary, load};
