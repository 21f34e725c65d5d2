//! Bytes to requests and replies to bytes, RESP2 and RESP3. No IO, no store, no clock, no lock.
//!
//! # Where to start reading
//!
//! - [`parser`] cuts the read buffer into requests. It copies nothing: a request is a list of [`args::Span`]s.
//! - [`args`] is what a command sees of a request: [`Args`], a view that is free to copy, and [`OwnedArgs`], which
//!   outlives the buffer.
//! - [`big`] collects a bulk too large for the read buffer in memory of its own, ready to be stored as it is.
//! - [`output`] holds the bytes that wait to be sent; [`reply`] writes the protocol's types into it.
//! - [`decode`] reads replies: for tests, and for links on which this server is the client.
//!
//! # Promises
//!
//! The same bytes give the same requests, however the network cut them. A pipelined request of small arguments is parsed
//! and answered without an allocation. No length that a peer announces is allocated before its bytes have come. No input
//! panics.
//!
//! Imports only `util`.

pub mod args;
pub mod big;
pub mod decode;
pub mod error;
pub mod output;
pub mod parser;
pub mod reply;

pub use args::{Args, OwnedArgs, write_request};
pub use big::BigBulk;
pub use error::ProtocolError;
pub use output::Output;
pub use parser::{Limits, Parsed, Parser};
pub use reply::{Protocol, Reply};

/// Payloads of at least this many bytes travel in memory of their own, in and out, instead of being copied.
pub const BIG_BULK: usize = 16 * 1024;
