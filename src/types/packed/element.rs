//! One element of a packed sequence, and how it is written.
//!
//! ```text
//! first byte
//! 0x00..=0x7f   a string of 0 to 127 bytes, which follow
//! 0x80..=0xef   the integer 0 to 111
//! 0xf0..=0xf7   an integer in the 1 to 8 bytes that follow, little endian, two's complement, as few as hold it
//! 0xf8          a string; its length in 1 byte, then its bytes
//! 0xf9          a string; its length in 2 bytes, little endian, then its bytes
//! 0xfa          a string; its length in 4 bytes, little endian, then its bytes
//! ```
//!
//! The format is our own. Every string has exactly one written form (the shortest; what [`parse_i64`] takes is always
//! written as an integer), so two elements are equal when their bytes are.

use crate::util::number::parse_i64;

const SMALL_STRINGS: usize = 0x80;
const FIRST_INT: u8 = 0x80;
const SMALL_INTS: i64 = 0x70;
const INT_OF_1: u8 = 0xf0;
const STRING_8: u8 = 0xf8;
const STRING_16: u8 = 0xf9;
const STRING_32: u8 = 0xfa;

/// An element as it is stored: a string, or the integer whose text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element<'a> {
    /// A string that is the exact text of this integer.
    Int(i64),
    /// Any other string. Given to be stored it may be a number's text too.
    Bytes(&'a [u8]),
}

impl<'a> Element<'a> {
    /// The string; `buffer` holds it where it is a number.
    #[inline]
    pub fn text<'b>(&self, buffer: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Element::Int(number) => buffer.format(number).as_bytes(),
            Element::Bytes(text) => text,
        }
    }

    /// Bytes of the string.
    pub fn text_len(&self) -> usize {
        self.text(&mut itoa::Buffer::new()).len()
    }

    /// Whether it is this string.
    #[inline]
    pub fn eq_bytes(&self, text: &[u8]) -> bool {
        match *self {
            Element::Int(number) => parse_i64(text) == Some(number),
            Element::Bytes(bytes) => bytes == text,
        }
    }

    /// The integer whose text it is.
    #[inline]
    pub fn as_int(&self) -> Option<i64> {
        match *self {
            Element::Int(number) => Some(number),
            Element::Bytes(text) => parse_i64(text),
        }
    }
}

impl<'a> From<&'a [u8]> for Element<'a> {
    #[inline]
    fn from(text: &'a [u8]) -> Self {
        Element::Bytes(text)
    }
}

impl From<i64> for Element<'_> {
    #[inline]
    fn from(number: i64) -> Self {
        Element::Int(number)
    }
}

/// An element ready to be written: a few bytes of head, and the string itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    head: [u8; 9],
    head_len: u8,
    body: &'a [u8],
}

impl<'a> Written<'a> {
    #[inline]
    pub(super) fn new(element: Element<'a>) -> Self {
        match element {
            Element::Int(number) => Written::int(number),
            Element::Bytes(text) => match parse_i64(text) {
                Some(number) => Written::int(number),
                None => Written::string(text),
            },
        }
    }

    #[inline]
    fn int(number: i64) -> Self {
        if (0..SMALL_INTS).contains(&number) {
            return Written::head(&[FIRST_INT + number as u8], &[]);
        }
        // Bits that hold it with its sign.
        let bits = 65 - (number ^ (number >> 63)).leading_zeros();
        let bytes = bits.div_ceil(8) as u8;
        let mut head = [0; 9];
        head[0] = INT_OF_1 + (bytes - 1);
        head[1..].copy_from_slice(&number.to_le_bytes());
        Written { head, head_len: 1 + bytes, body: &[] }
    }

    #[inline]
    fn string(text: &'a [u8]) -> Self {
        let len = text.len();
        if len < SMALL_STRINGS {
            Written::head(&[len as u8], text)
        } else if let Ok(len) = u8::try_from(len) {
            Written::head(&[STRING_8, len], text)
        } else if let Ok(len) = u16::try_from(len) {
            let [low, high] = len.to_le_bytes();
            Written::head(&[STRING_16, low, high], text)
        } else {
            let len = u32::try_from(len).expect("strings are shorter than 4 GiB");
            let [a, b, c, d] = len.to_le_bytes();
            Written::head(&[STRING_32, a, b, c, d], text)
        }
    }

    #[inline]
    fn head(bytes: &[u8], body: &'a [u8]) -> Self {
        let mut head = [0; 9];
        head[..bytes.len()].copy_from_slice(bytes);
        Written { head, head_len: bytes.len() as u8, body }
    }

    #[inline]
    fn head_bytes(&self) -> &[u8] {
        &self.head[..usize::from(self.head_len)]
    }

    /// Bytes that it takes.
    #[inline]
    pub(super) fn len(&self) -> usize {
        usize::from(self.head_len) + self.body.len()
    }

    /// Writes it to the start of `to`, which must have room.
    #[inline]
    pub(super) fn write(&self, to: &mut [u8]) {
        let (head, body) = to[..self.len()].split_at_mut(usize::from(self.head_len));
        head.copy_from_slice(self.head_bytes());
        body.copy_from_slice(self.body);
    }

    /// Whether `bytes`, the start of an element, begin with just this element.
    #[inline]
    pub(super) fn starts(&self, bytes: &[u8]) -> bool {
        let head_len = usize::from(self.head_len);
        if bytes[0] != self.head[0] || head_len > 1 && bytes[1..head_len] != self.head[1..head_len] {
            return false;
        }
        let found = &bytes[head_len..head_len + self.body.len()];
        // Names differ at their ends more often than at their beginnings, and eight bytes take one comparison.
        match (found.last_chunk::<8>(), self.body.last_chunk::<8>()) {
            (Some(end), Some(wanted)) if end != wanted => false,
            _ => found == self.body,
        }
    }
}

/// Bytes that the element at the start of `bytes` takes: up to its body, and of the body.
#[inline]
fn lens(bytes: &[u8]) -> (usize, usize) {
    match bytes[0] {
        first if usize::from(first) < SMALL_STRINGS => (1, usize::from(first)),
        first if first < INT_OF_1 => (1, 0),
        first if first < STRING_8 => (2 + usize::from(first - INT_OF_1), 0),
        STRING_8 => (2, usize::from(bytes[1])),
        STRING_16 => (3, usize::from(u16::from_le_bytes([bytes[1], bytes[2]]))),
        _ => (5, u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize),
    }
}

/// Bytes that the element at the start of `bytes` takes.
#[inline]
pub(super) fn written_len(bytes: &[u8]) -> usize {
    let (head, body) = lens(bytes);
    head + body
}

/// The element at the start of `bytes`, and how many of them it takes.
#[inline]
pub(super) fn read(bytes: &[u8]) -> (Element<'_>, usize) {
    let (head, body) = lens(bytes);
    let first = bytes[0];
    let element = if (FIRST_INT..INT_OF_1).contains(&first) {
        Element::Int(i64::from(first - FIRST_INT))
    } else if (INT_OF_1..STRING_8).contains(&first) {
        let mut word = [0; 8];
        word[..head - 1].copy_from_slice(&bytes[1..head]);
        let unused = 64 - 8 * (head as u32 - 1);
        Element::Int(i64::from_le_bytes(word) << unused >> unused)
    } else {
        Element::Bytes(&bytes[head..head + body])
    };
    (element, head + body)
}
