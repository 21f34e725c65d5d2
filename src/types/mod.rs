//! Pure data types and encodings: no RESP, no lock, no clock.

pub mod bitfield;
pub mod bitmap;
pub mod digest;
pub mod fingerprint;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod intset;
pub mod lcs;
pub mod list;
mod object;
pub mod packed;
pub mod set;
pub mod stream;
pub mod string;
pub mod table;
pub mod text;
pub mod zset;

pub use object::{Collection, Object, ObjectType};
