//! The reply decoder: reply bytes to a tree that owns them. For tests, and for links on which this server is the client;
//! never on a client's path.

use super::parser::LINE_MAX;

/// A reply. What RESP2 and RESP3 say differently is kept apart, so that two servers can be compared exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `+`
    Simple(Vec<u8>),
    /// `-`
    Error(Vec<u8>),
    /// `:`
    Integer(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `$-1`
    NullBulk,
    /// `*`
    Array(Vec<Value>),
    /// `*-1`
    NullArray,
    /// `_`
    Null,
    /// `#`
    Bool(bool),
    /// `,`
    Double(f64),
    /// `(`: the digits.
    BigNumber(Vec<u8>),
    /// `!`
    BulkError(Vec<u8>),
    /// `=`
    Verbatim {
        /// Three letters.
        format: [u8; 3],
        /// What stands behind the colon.
        text: Vec<u8>,
    },
    /// `%`
    Map(Vec<(Value, Value)>),
    /// `~`
    Set(Vec<Value>),
    /// `>`
    Push(Vec<Value>),
    /// `|`
    Attribute {
        /// The attributes.
        pairs: Vec<(Value, Value)>,
        /// The value they are about.
        value: Box<Value>,
    },
}

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No type has this first byte.
    #[error("unknown reply type {0:#04x}")]
    UnknownType(u8),
    /// A line has no CRLF within the limit.
    #[error("reply line too long")]
    TooLongLine,
    /// A number, or another text between first byte and CRLF, is malformed.
    #[error("malformed reply line")]
    Malformed,
    /// No CRLF follows the bytes of a bulk.
    #[error("bulk without a line end")]
    MissingLineEnd,
    /// A length or count over the limit.
    #[error("reply too big")]
    TooBig,
    /// Aggregates nested over the limit.
    #[error("reply nested too deep")]
    TooDeep,
}

/// What a reply may be.
#[derive(Clone, Copy, Debug)]
pub struct DecodeLimits {
    /// Aggregates inside each other.
    pub depth: usize,
    /// Bytes of a bulk.
    pub bulk_len: usize,
    /// Elements of an aggregate; a pair is two.
    pub elements: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { depth: 64, bulk_len: 512 * 1024 * 1024, elements: i32::MAX as usize }
    }
}

/// Elements reserved on the word of a count alone.
const SPECULATIVE_ELEMENTS: usize = 64;

/// Decodes the first reply of `buf` and says how many bytes it has; `None` when it goes on beyond the buffer. Keeps nothing
/// between calls: a caller that gets a large reply in many small pieces should wait for more at a time.
///
/// # Errors
///
/// When no further byte can make `buf` a reply within `limits`.
pub fn decode(buf: &[u8], limits: &DecodeLimits) -> Result<Option<(Value, usize)>, DecodeError> {
    let mut decoder = Decoder { buf, pos: 0, limits };
    match decoder.value(0) {
        Ok(value) => Ok(Some((value, decoder.pos))),
        Err(Stop::Incomplete) => Ok(None),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// Why a decoder cannot go on.
enum Stop {
    Incomplete,
    Error(DecodeError),
}

impl From<DecodeError> for Stop {
    fn from(error: DecodeError) -> Self {
        Self::Error(error)
    }
}

struct Decoder<'a> {
    buf: &'a [u8],
    pos: usize,
    limits: &'a DecodeLimits,
}

impl<'a> Decoder<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, Stop> {
        let kind = *self.buf.get(self.pos).ok_or(Stop::Incomplete)?;
        if !b"+-:$*_#,(!=%~>|".contains(&kind) {
            return Err(DecodeError::UnknownType(kind).into());
        }
        if b"*%~>|".contains(&kind) && depth >= self.limits.depth {
            return Err(DecodeError::TooDeep.into());
        }
        let line = self.line()?;
        Ok(match kind {
            b'+' => Value::Simple(line.to_vec()),
            b'-' => Value::Error(line.to_vec()),
            b':' => Value::Integer(parse(line)?),
            b'$' if line == b"-1" => Value::NullBulk,
            b'$' => Value::Bulk(self.bulk(line)?.to_vec()),
            b'!' => Value::BulkError(self.bulk(line)?.to_vec()),
            b'=' => match self.bulk(line)? {
                [a, b, c, b':', text @ ..] => Value::Verbatim { format: [*a, *b, *c], text: text.to_vec() },
                _ => return Err(DecodeError::Malformed.into()),
            },
            b'_' if line.is_empty() => Value::Null,
            b'#' if line == b"t" => Value::Bool(true),
            b'#' if line == b"f" => Value::Bool(false),
            b',' => Value::Double(parse(line)?),
            b'(' => Value::BigNumber(line.to_vec()),
            b'*' if line == b"-1" => Value::NullArray,
            b'*' => Value::Array(self.elements(line, depth)?),
            b'~' => Value::Set(self.elements(line, depth)?),
            b'>' => Value::Push(self.elements(line, depth)?),
            b'%' => Value::Map(self.pairs(line, depth)?),
            b'|' => {
                let pairs = self.pairs(line, depth)?;
                Value::Attribute { pairs, value: Box::new(self.value(depth + 1)?) }
            }
            _ => return Err(DecodeError::Malformed.into()),
        })
    }

    /// What stands between the byte at `pos` and CRLF; moves behind it.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.buf[self.pos + 1..];
        let Some(len) = memchr::memchr(b'\n', &rest[..rest.len().min(LINE_MAX)]) else {
            return Err(if rest.len() < LINE_MAX { Stop::Incomplete } else { DecodeError::TooLongLine.into() });
        };
        self.pos += len + 2;
        Ok(rest[..len].strip_suffix(b"\r").ok_or(DecodeError::Malformed)?)
    }

    fn bulk(&mut self, len: &[u8]) -> Result<&'a [u8], Stop> {
        let len: usize = parse(len)?;
        if len > self.limits.bulk_len {
            return Err(DecodeError::TooBig.into());
        }
        let rest = &self.buf[self.pos..];
        if rest.len() < len + 2 {
            return Err(Stop::Incomplete);
        }
        if &rest[len..len + 2] != b"\r\n" {
            return Err(DecodeError::MissingLineEnd.into());
        }
        self.pos += len + 2;
        Ok(&rest[..len])
    }

    fn elements(&mut self, count: &[u8], depth: usize) -> Result<Vec<Value>, Stop> {
        let count = self.count(count, 1)?;
        let mut elements = Vec::with_capacity(count.min(SPECULATIVE_ELEMENTS));
        for _ in 0..count {
            elements.push(self.value(depth + 1)?);
        }
        Ok(elements)
    }

    fn pairs(&mut self, count: &[u8], depth: usize) -> Result<Vec<(Value, Value)>, Stop> {
        let count = self.count(count, 2)?;
        let mut pairs = Vec::with_capacity(count.min(SPECULATIVE_ELEMENTS));
        for _ in 0..count {
            pairs.push((self.value(depth + 1)?, self.value(depth + 1)?));
        }
        Ok(pairs)
    }

    fn count(&self, count: &[u8], values_each: usize) -> Result<usize, Stop> {
        let count: usize = parse(count)?;
        if count > self.limits.elements / values_each {
            return Err(DecodeError::TooBig.into());
        }
        Ok(count)
    }
}

fn parse<T: std::str::FromStr>(text: &[u8]) -> Result<T, DecodeError> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(DecodeError::Malformed)
}

#[cfg(test)]
mod tests;
