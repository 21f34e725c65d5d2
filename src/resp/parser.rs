//! The request parser: from the read buffer to the spans of the arguments, each byte looked at once.
//!
//! The connection owns the buffer. It gives [`Parser::parse`] the bytes from the start of the request under way, and does
//! what the answer says:
//!
//! ```
//! # use nyala::resp::{BigBulk, Limits, Parsed, Parser};
//! # use bytes::BufMut;
//! # let mut buf = b"*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$20000\r\nxx".to_vec();
//! # let (mut parser, limits, mut pos, mut names) = (Parser::default(), Limits::default(), 0, vec![]);
//! # let mut network = [&[b'x'; 19998][..], b"\r\n"].concat();
//! loop {
//!     match parser.parse(&buf[pos..], &limits)? {
//!         Parsed::Request { consumed } => {
//!             let args = parser.request(&buf[pos..]);
//!             names.push(args.get(0).to_vec()); // run it
//!             pos += consumed;
//!         }
//!         Parsed::Empty { consumed } => pos += consumed,
//!         Parsed::Incomplete => break, // drop buf[..pos], read more behind the rest
//!         Parsed::Big { start, len } => {
//!             let mut big = BigBulk::new(len, &buf[pos + start..]);
//!             buf.truncate(pos + start); // what follows the bulk continues here
//!             while big.missing() > 0 {
//!                 big.space().put(&network[..]); // read
//!             }
//!             parser.big_done(big.finish());
//!         }
//!     }
//! }
//! # assert_eq!(names, [b"PING", b"ECHO"]);
//! # Ok::<_, nyala::resp::ProtocolError>(())
//! ```
//!
//! A request cut by the network is resumed where it stopped, so a request of any size is parsed in linear time. As in
//! Redis, a line ends at its CR and the byte behind is skipped unseen, and so are the two bytes behind a bulk.
//!
//! Two things differ from Redis on purpose: a NUL byte is a byte like any other where Redis would stop to look further,
//! and whether a line is too long never depends on how it was cut.

use bytes::Bytes;

use super::BIG_BULK;
use super::args::{Args, Span};
use super::error::ProtocolError;
use crate::util::number::parse_i64;
use crate::util::split_args::split_args;

/// Arguments a client may send in one request before it has authenticated.
pub const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
/// Bytes an argument may have before its client has authenticated.
pub const UNAUTHENTICATED_BULK_MAX: i64 = 16 * 1024;
/// Bytes of a line without its end: an inline request, or a count with its `*` or `$`.
pub const LINE_MAX: usize = 64 * 1024;

/// Spans reserved on the word of a count alone.
const SPECULATIVE_SPANS: usize = 1024;
/// Spans whose memory is kept from one request to the next.
const KEPT_SPANS: usize = 1024;

/// What a request may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`, in bytes.
    pub max_bulk_len: u64,
    /// Until it is true, the limits for unauthenticated clients hold too.
    pub authenticated: bool,
    /// From this length on, a bulk not yet complete in the buffer is offered as [`Parsed::Big`].
    pub big_bulk: usize,
    /// [`LINE_MAX`].
    pub inline_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bulk_len: 512 * 1024 * 1024, authenticated: true, big_bulk: BIG_BULK, inline_max: LINE_MAX }
    }
}

/// What [`Parser::parse`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole request: [`Parser::request`] shows it until the next `parse`, which begins `consumed` bytes further.
    Request {
        /// Length of the request in the buffer.
        consumed: usize,
    },
    /// An empty line, or a count of none: to be skipped without a reply.
    Empty {
        /// Its length in the buffer.
        consumed: usize,
    },
    /// The request goes on beyond the buffer: call again with the same bytes and more behind them.
    Incomplete,
    /// A big bulk goes on beyond the buffer. The rest of the buffer, from `start` on, belongs to it: move that into a
    /// [`BigBulk`](super::BigBulk), truncate the buffer to `start`, and go on behind the bulk after
    /// [`Parser::big_done`]. To treat it as [`Parsed::Incomplete`] is also right, but costs a copy.
    Big {
        /// Where the bulk begins, from the start of the request.
        start: usize,
        /// Its announced length, without the final CRLF.
        len: usize,
    },
}

/// The resumable state of one connection's requests. Holds no heap memory before the first request.
#[derive(Debug, Default)]
pub struct Parser {
    /// The arguments found so far, or those of the request just finished.
    spans: Vec<Span>,
    /// Those of them that do not lie in the buffer.
    apart: Vec<Bytes>,
    /// First byte not yet parsed, from the start of the request.
    pos: usize,
    /// Bytes from `pos` on in which no end of line was found.
    searched: usize,
    /// Arguments still to come.
    args_left: u32,
    /// The length of the argument at `pos`, once its header is parsed.
    bulk: Option<usize>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Before the first byte of a request.
    #[default]
    Start,
    /// Behind the count.
    Arguments,
    /// The request is complete, and still shown.
    Done,
}

impl Parser {
    /// Parses on. `buf` begins with the first byte of the request under way.
    ///
    /// # Errors
    ///
    /// The connection must be closed after the error has been replied: no later byte can be trusted.
    #[inline]
    pub fn parse(&mut self, buf: &[u8], limits: &Limits) -> Result<Parsed, ProtocolError> {
        if self.phase == Phase::Done {
            self.forget();
        }
        if buf.len() >= u32::MAX as usize {
            return Err(ProtocolError::TooBigRequest);
        }
        if self.phase == Phase::Start {
            let count = match *buf {
                [] => return Ok(Parsed::Incomplete),
                [b'*', digit @ b'1'..=b'9', b'\r', _, ..] => {
                    self.skip(4);
                    i64::from(digit - b'0')
                }
                [b'*', ..] => match self.number(buf, limits, ProtocolError::TooBigCount)? {
                    Line::Unfinished => return Ok(Parsed::Incomplete),
                    Line::Number(count) if count <= i64::from(i32::MAX) => count,
                    _ => return Err(ProtocolError::InvalidCount),
                },
                _ => return self.inline(buf, limits),
            };
            if !limits.authenticated && count > UNAUTHENTICATED_ARGS_MAX {
                return Err(ProtocolError::UnauthenticatedCount);
            }
            if count <= 0 {
                let consumed = self.pos;
                self.forget();
                return Ok(Parsed::Empty { consumed });
            }
            self.args_left = count as u32;
            self.spans.reserve((count as usize).min(SPECULATIVE_SPANS));
            self.phase = Phase::Arguments;
        }
        self.arguments(buf, limits)
    }

    /// The request that `parse` has just found in the same `buf`.
    #[inline]
    pub fn request<'a>(&'a self, buf: &'a [u8]) -> Args<'a> {
        debug_assert_eq!(self.phase, Phase::Done, "a request is shown from Parsed::Request to the next parse");
        Args::new(buf, &self.spans, &self.apart)
    }

    /// Takes the bulk that [`Parsed::Big`] announced. The buffer goes on behind it.
    pub fn big_done(&mut self, bulk: Bytes) {
        debug_assert_eq!(self.bulk, Some(bulk.len()), "the bulk is the one announced");
        self.push_apart(bulk);
        self.bulk = None;
        self.args_left -= 1;
    }

    /// Whether some bytes of a request not yet complete have been parsed.
    pub fn is_midway(&self) -> bool {
        self.phase == Phase::Arguments || self.searched > 0
    }

    /// How many arguments the request under way has so far.
    pub fn args_so_far(&self) -> usize {
        if self.phase == Phase::Done { 0 } else { self.spans.len() }
    }

    /// Starts anew with no heap memory, whatever was under way.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Memory held on the heap, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.spans.capacity() * size_of::<Span>()
            + self.apart.capacity() * size_of::<Bytes>()
            + self.apart.iter().map(Bytes::len).sum::<usize>()
    }

    /// Makes ready for the next request. Drops what lies apart: a big value must not stay while its client idles.
    #[inline]
    fn forget(&mut self) {
        self.spans.clear();
        if self.spans.capacity() > KEPT_SPANS {
            self.spans = Vec::new();
        }
        if !self.apart.is_empty() {
            self.apart = Vec::new();
        }
        self.pos = 0;
        self.phase = Phase::Start;
    }

    /// Parses arguments from `pos` on, until there is none left or the buffer ends.
    #[inline]
    fn arguments(&mut self, buf: &[u8], limits: &Limits) -> Result<Parsed, ProtocolError> {
        while self.args_left > 0 {
            let len = match self.bulk {
                Some(len) => len,
                None => match self.bulk_header(buf, limits)? {
                    Some(len) => len,
                    None => return Ok(Parsed::Incomplete),
                },
            };
            if buf.len() - self.pos < len + 2 {
                self.bulk = Some(len);
                let big = len >= limits.big_bulk;
                return Ok(if big { Parsed::Big { start: self.pos, len } } else { Parsed::Incomplete });
            }
            self.spans.push(Span::of_buffer(self.pos, len));
            self.pos += len + 2;
            self.bulk = None;
            self.args_left -= 1;
        }
        self.phase = Phase::Done;
        Ok(Parsed::Request { consumed: self.pos })
    }

    /// Parses `$len\r\n` at `pos` and moves behind it; `None` when it goes on beyond the buffer.
    #[inline]
    fn bulk_header(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        let len = match buf[self.pos..] {
            [b'$', a @ b'1'..=b'9', b'\r', _, ..] => {
                self.skip(4);
                i64::from(a - b'0')
            }
            [b'$', a @ b'1'..=b'9', b @ b'0'..=b'9', b'\r', _, ..] => {
                self.skip(5);
                i64::from(a - b'0') * 10 + i64::from(b - b'0')
            }
            _ => {
                let at = self.pos;
                match self.number(buf, limits, ProtocolError::TooBigLength)? {
                    Line::Unfinished => return Ok(None),
                    _ if buf[at] != b'$' => return Err(ProtocolError::ExpectedBulk(buf[at])),
                    Line::Number(len) => len,
                    Line::Invalid => return Err(ProtocolError::InvalidLength),
                }
            }
        };
        if len < 0 || len as u64 > limits.max_bulk_len {
            return Err(ProtocolError::InvalidLength);
        }
        if !limits.authenticated && len > UNAUTHENTICATED_BULK_MAX {
            return Err(ProtocolError::UnauthenticatedLength);
        }
        Ok(Some(len as usize))
    }

    /// Parses the line at `pos` as one byte and a number, and moves behind it.
    fn number(&mut self, buf: &[u8], limits: &Limits, too_big: ProtocolError) -> Result<Line, ProtocolError> {
        let Some(len) = self.line(buf, b'\r', limits.inline_max, too_big)? else {
            return Ok(Line::Unfinished);
        };
        if buf.len() < self.pos + len + 2 {
            return Ok(Line::Unfinished); // the byte behind the CR has not come
        }
        let number = buf[self.pos..][..len].get(1..).and_then(parse_i64);
        self.skip(len + 2);
        Ok(number.map_or(Line::Invalid, Line::Number))
    }

    /// Moves behind a line.
    #[inline]
    fn skip(&mut self, line: usize) {
        self.pos += line;
        self.searched = 0;
    }

    /// The length of the line at `pos`, up to `end`, searching on from where the last search stopped.
    fn line(
        &mut self,
        buf: &[u8],
        end: u8,
        max: usize,
        too_big: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let line = &buf[self.pos..];
        let line = &line[..line.len().min(max + 1)];
        match memchr::memchr(end, &line[self.searched..]) {
            Some(at) => {
                self.searched += at;
                Ok(Some(self.searched))
            }
            None if line.len() > max => Err(too_big),
            None => {
                self.searched = line.len();
                Ok(None)
            }
        }
    }

    /// Parses a request typed by hand: words in one line.
    #[cold]
    fn inline(&mut self, buf: &[u8], limits: &Limits) -> Result<Parsed, ProtocolError> {
        let Some(len) = self.line(buf, b'\n', limits.inline_max, ProtocolError::TooBigInline)? else {
            return Ok(Parsed::Incomplete);
        };
        self.searched = 0;
        let words = split_args(&buf[..len]).ok_or(ProtocolError::UnbalancedQuotes)?;
        let consumed = len + 1;
        if words.is_empty() {
            return Ok(Parsed::Empty { consumed });
        }
        words.into_iter().for_each(|word| self.push_apart(word.into()));
        self.phase = Phase::Done;
        Ok(Parsed::Request { consumed })
    }

    fn push_apart(&mut self, arg: Bytes) {
        self.spans.push(Span::of_apart(self.apart.len()));
        self.apart.push(arg);
    }
}

/// What [`Parser::number`] found.
enum Line {
    Unfinished,
    Invalid,
    Number(i64),
}

#[cfg(test)]
mod tests;
