//! Reading numbers and strings from bytes, and what can be wrong with them.

use std::borrow::Cow;
use std::fmt;

use super::super::format::length;
use crate::types::packed::Element;
use crate::util::lzf;

/// Why bytes can not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Position of the first byte that is wrong, or behind which bytes are missing. Of what is wrong inside of a string
    /// that holds a structure of its own: where the string ends.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end too early.
    Truncated,
    /// They say what can not be.
    Corrupt(&'static str),
    /// The same within a value of this form.
    BadValue {
        /// The value's type and form.
        form: &'static str,
        /// What can not be.
        what: &'static str,
    },
    /// They are right perhaps, but nothing here understands them.
    Unsupported(String),
    /// The collection has no elements: to be left out.
    EmptyKey,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Truncated => f.write_str("unexpected end"),
            Fault::Corrupt(what) => f.write_str(what),
            Fault::BadValue { form, what } => write!(f, "{form} integrity check failed: {what}"),
            Fault::Unsupported(what) => f.write_str(what),
            Fault::EmptyKey => f.write_str("a collection without elements"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.fault, self.offset)
    }
}

impl std::error::Error for Error {}

/// The answer of everything that reads.
pub type Result<T> = std::result::Result<T, Error>;

/// A place in some bytes.
#[derive(Debug, Clone)]
pub(in super::super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    base: u64,
}

/// A length, or what stands in the place of one in front of a string with an encoding of its own.
enum Length {
    Plain(u64),
    Special(u8),
}

/// A string as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Text<'a> {
    Int(i32),
    Bytes(Cow<'a, [u8]>),
}

impl Text<'_> {
    /// The string as an element of a collection.
    pub(in super::super) fn element(&self) -> Element<'_> {
        match self {
            Text::Int(number) => Element::Int(i64::from(*number)),
            Text::Bytes(bytes) => Element::Bytes(bytes),
        }
    }
}

impl<'a> Text<'a> {
    pub(in super::super) fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Text::Int(number) => Cow::Owned(itoa::Buffer::new().format(number).into()),
            Text::Bytes(bytes) => bytes,
        }
    }
}

impl<'a> Cursor<'a> {
    /// `base`: the offset of the first byte, for errors.
    pub(in super::super) fn new(bytes: &'a [u8], base: u64) -> Cursor<'a> {
        Cursor { bytes, at: 0, base }
    }

    /// How many bytes were taken.
    pub(in super::super) fn taken(&self) -> usize {
        self.at
    }

    /// The offset of the next byte.
    pub(in super::super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    pub(in super::super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The bytes taken from `start` on.
    pub(in super::super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    pub(in super::super) fn fault<T>(&self, fault: Fault) -> Result<T> {
        Err(Error { offset: self.offset(), fault })
    }

    pub(in super::super) fn corrupt<T>(&self, what: &'static str) -> Result<T> {
        self.fault(Fault::Corrupt(what))
    }

    /// What was read from a string that ends here, unless that is `None`.
    pub(in super::super) fn inside<T>(&self, read: Option<T>, what: &'static str) -> Result<T> {
        read.map_or_else(|| self.corrupt(what), Ok)
    }

    pub(in super::super) fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let taken = usize::try_from(count).ok().and_then(|count| self.rest().get(..count));
        match taken {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => Err(Error { offset: self.base + self.bytes.len() as u64, fault: Fault::Truncated }),
        }
    }

    pub(in super::super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N as u64)?;
        Ok(bytes.try_into().expect("just so many bytes were taken"))
    }

    pub(in super::super) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(in super::super) fn u64_le(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn any_len(&mut self) -> Result<Length> {
        let start = self.at;
        let head = self.byte()?;
        Ok(match head {
            0..0x40 => Length::Plain(u64::from(head)),
            0x40..0x80 => Length::Plain(u64::from(head & 0x3f) << 8 | u64::from(self.byte()?)),
            length::BITS_32 => Length::Plain(u64::from(u32::from_be_bytes(self.array()?))),
            length::BITS_64 => Length::Plain(u64::from_be_bytes(self.array()?)),
            length::INT_8..=length::LZF => Length::Special(head),
            _ => {
                self.at = start;
                return self.corrupt("an unknown encoding of a length");
            }
        })
    }

    /// A length, or another number written like one.
    pub(in super::super) fn len(&mut self) -> Result<u64> {
        let start = self.at;
        match self.any_len()? {
            Length::Plain(len) => Ok(len),
            Length::Special(_) => {
                self.at = start;
                self.corrupt("the encoding of a string where a length belongs")
            }
        }
    }

    /// A string.
    pub(in super::super) fn text(&mut self) -> Result<Text<'a>> {
        Ok(match self.any_len()? {
            Length::Plain(len) => Text::Bytes(Cow::Borrowed(self.take(len)?)),
            Length::Special(length::INT_8) => Text::Int(i32::from(i8::from_le_bytes(self.array()?))),
            Length::Special(length::INT_16) => Text::Int(i32::from(i16::from_le_bytes(self.array()?))),
            Length::Special(length::INT_32) => Text::Int(i32::from_le_bytes(self.array()?)),
            Length::Special(_) => {
                let packed_len = self.len()?;
                let len = self.len()?;
                let packed = self.take(packed_len)?;
                let text = usize::try_from(len).ok().and_then(|len| lzf::decompress(packed, len));
                Text::Bytes(Cow::Owned(self.inside(text, "a compressed string that is none")?))
            }
        })
    }

    /// The bytes of a string.
    pub(in super::super) fn blob(&mut self) -> Result<Cow<'a, [u8]>> {
        self.text().map(Text::into_bytes)
    }

    /// Goes behind a string.
    pub(in super::super) fn skip_text(&mut self) -> Result<()> {
        let len = match self.any_len()? {
            Length::Plain(len) => len,
            Length::Special(length::INT_8) => 1,
            Length::Special(length::INT_16) => 2,
            Length::Special(length::INT_32) => 4,
            Length::Special(_) => {
                let packed = self.len()?;
                self.len()?;
                packed
            }
        };
        self.take(len).map(drop)
    }
}
