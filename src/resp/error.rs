//! What a peer can do wrong on the wire. Each of these closes its connection, after the text has been sent.

use std::fmt;

/// A violation of the protocol. Its `Display` is the text of the reply, without `-` and CRLF, in Redis's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// An inline request has no newline within the limit.
    TooBigInline,
    /// A quote of an inline request is not closed, or is followed by something other than a space.
    UnbalancedQuotes,
    /// The count behind `*` has no CR within the limit.
    TooBigCount,
    /// The count behind `*` is no number, or more than `i32::MAX`.
    InvalidCount,
    /// More arguments than a client may send before it has authenticated.
    UnauthenticatedCount,
    /// An argument begins with this byte instead of `$`.
    ExpectedBulk(u8),
    /// The length behind `$` has no CR within the limit.
    TooBigLength,
    /// The length behind `$` is no number, negative, or over `proto-max-bulk-len`.
    InvalidLength,
    /// A longer argument than a client may send before it has authenticated.
    UnauthenticatedLength,
    /// A request of 4 GiB, its big bulks not counted. `client-query-buffer-limit` normally ends it long before.
    TooBigRequest,
}

impl ProtocolError {
    /// The text of the reply as bytes: the byte that [`ProtocolError::ExpectedBulk`] quotes need not be ASCII.
    pub fn text(self) -> Vec<u8> {
        match self {
            Self::ExpectedBulk(got) => [b"ERR Protocol error: expected '$', got '", &[got][..], b"'"].concat(),
            other => format!("ERR Protocol error: {}", other.reason()).into_bytes(),
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::TooBigInline => "too big inline request",
            Self::UnbalancedQuotes => "unbalanced quotes in request",
            Self::TooBigCount => "too big mbulk count string",
            Self::InvalidCount => "invalid multibulk length",
            Self::UnauthenticatedCount => "unauthenticated multibulk length",
            Self::ExpectedBulk(_) => "expected '$'",
            Self::TooBigLength => "too big bulk count string",
            Self::InvalidLength => "invalid bulk length",
            Self::UnauthenticatedLength => "unauthenticated bulk length",
            Self::TooBigRequest => "too big request",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text()))
    }
}

impl std::error::Error for ProtocolError {}
