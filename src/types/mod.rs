//! Pure data types and encodings: no RESP, no lock, no clock.

mod object;

pub use object::{Object, ObjectType};
