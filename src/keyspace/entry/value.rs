//! String values on their way in ([`StringValue`]) and values on their way out ([`Value`]), with Redis's encodings.

use bytes::Bytes;

use crate::types::Object;

/// Longest text kept inside the entry; a longer one gets its own buffer, shared by reference with output queues.
///
/// Below it, copying the text into a reply costs no more than the counting of references and the extra element of a
/// vectored write (about 0.1 us for 4 KiB); above, the copy under the lock begins to show.
pub const INLINE_LIMIT_BYTES: usize = 4096;

/// Longest text that OBJECT ENCODING calls `embstr`; Redis's figure.
pub const EMBSTR_LIMIT_BYTES: usize = 44;

/// What a key holds, read from the entry's header alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A string that is a canonical 64-bit integer (`int`).
    StrInt = 0,
    /// A short string as it was set (`embstr`).
    StrEmb = 1,
    /// Any other string inside the entry (`raw`).
    StrRaw = 2,
    /// A string in a buffer of its own (`raw`).
    StrBig = 3,
    /// A list.
    List = 4,
    /// A set.
    Set = 5,
    /// A sorted set.
    ZSet = 6,
    /// A hash.
    Hash = 7,
    /// A stream.
    Stream = 8,
}

impl Kind {
    pub(super) const fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::StrInt,
            1 => Self::StrEmb,
            2 => Self::StrRaw,
            3 => Self::StrBig,
            4 => Self::List,
            5 => Self::Set,
            6 => Self::ZSet,
            7 => Self::Hash,
            _ => Self::Stream,
        }
    }

    /// True for the four kinds of string.
    #[inline]
    pub const fn is_string(self) -> bool {
        (self as u8) <= Self::StrBig as u8
    }

    /// True for the strings that lie in the entry whole.
    #[inline]
    pub const fn is_inline(self) -> bool {
        (self as u8) < Self::StrBig as u8
    }

    /// The word that TYPE answers.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::StrInt | Self::StrEmb | Self::StrRaw | Self::StrBig => "string",
            Self::List => "list",
            Self::Set => "set",
            Self::ZSet => "zset",
            Self::Hash => "hash",
            Self::Stream => "stream",
        }
    }

    /// The kind of an entry that holds `object`.
    pub fn of_object(object: &Object) -> Self {
        use crate::types::ObjectType;
        match object.object_type() {
            ObjectType::List => Self::List,
            ObjectType::Set => Self::Set,
            ObjectType::ZSet => Self::ZSet,
            ObjectType::Hash => Self::Hash,
            ObjectType::Stream => Self::Stream,
        }
    }
}

/// A string about to be stored, its encoding decided.
#[derive(Debug, Clone)]
pub enum StringValue<'a> {
    /// A canonical integer.
    Int(i64),
    /// At most [`EMBSTR_LIMIT_BYTES`] of text.
    Emb(&'a [u8]),
    /// Text of at most [`INLINE_LIMIT_BYTES`], stored as `raw`.
    Raw(&'a [u8]),
    /// A text with a buffer of its own.
    Big(Bytes),
}

impl<'a> StringValue<'a> {
    /// Picks the encoding as SET does: integer text becomes an int, short text embstr, the rest raw.
    #[inline]
    pub fn encode(text: &'a [u8]) -> Self {
        if let Some(number) = parse_int(text) {
            Self::Int(number)
        } else if text.len() <= EMBSTR_LIMIT_BYTES {
            Self::Emb(text)
        } else {
            Self::raw(text)
        }
    }

    /// As [`encode`](Self::encode) for a text that already has its own buffer: kept without a copy when it is long.
    pub fn encode_bytes(text: &'a Bytes) -> Self {
        if text.len() > INLINE_LIMIT_BYTES { Self::Big(text.clone()) } else { Self::encode(text) }
    }

    /// Keeps `text` a text though it may look like an integer: `embstr` when short, else `raw` (INCRBYFLOAT).
    pub fn plain(text: &'a [u8]) -> Self {
        if text.len() <= EMBSTR_LIMIT_BYTES { Self::Emb(text) } else { Self::raw(text) }
    }

    /// Stores `text` as `raw` whatever its length: the result of APPEND, SETRANGE, SETBIT and the like.
    pub fn raw(text: &'a [u8]) -> Self {
        if text.len() > INLINE_LIMIT_BYTES { Self::Big(Bytes::copy_from_slice(text)) } else { Self::Raw(text) }
    }

    /// As [`raw`](Self::raw) for a text that was made for it: a long one is taken without a copy.
    pub fn raw_vec(text: &'a mut Vec<u8>) -> Self {
        if text.len() > INLINE_LIMIT_BYTES { Self::Big(std::mem::take(text).into()) } else { Self::Raw(text) }
    }

    /// Bytes that the value takes inside the entry.
    #[inline]
    pub(super) fn inline_len(&self) -> usize {
        match self {
            Self::Int(_) | Self::Big(_) => 8,
            Self::Emb(text) | Self::Raw(text) => text.len(),
        }
    }

    #[inline]
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Int(_) => Kind::StrInt,
            Self::Emb(_) => Kind::StrEmb,
            Self::Raw(_) => Kind::StrRaw,
            Self::Big(_) => Kind::StrBig,
        }
    }
}

/// A value as read from its entry.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A string kept as an integer.
    Int(i64),
    /// A string kept inside the entry.
    Str(&'a [u8]),
    /// A string with a buffer of its own; clone it to hand it out without a copy.
    Big(&'a Bytes),
    /// Any other type.
    Object(&'a Object),
}

impl<'a> Value<'a> {
    /// Length of the string in bytes, `None` for another type.
    pub fn str_len(&self) -> Option<usize> {
        match self {
            Self::Int(number) => Some(itoa::Buffer::new().format(*number).len()),
            Self::Str(text) => Some(text.len()),
            Self::Big(text) => Some(text.len()),
            Self::Object(_) => None,
        }
    }

    /// Bytes to be copied before the string can change in place: all of a big one that is shared with a copy of the key or
    /// with the replies of slow readers.
    #[inline]
    pub fn shared_len(&self) -> usize {
        match self {
            Self::Big(text) if !text.is_unique() => text.len(),
            _ => 0,
        }
    }

    /// The string's bytes, an integer being written to `scratch` first. `None` for another type.
    #[inline]
    pub fn text<'b>(&self, scratch: &'b mut itoa::Buffer) -> Option<&'b [u8]>
    where
        'a: 'b,
    {
        match self {
            Self::Int(number) => Some(scratch.format(*number).as_bytes()),
            Self::Str(text) => Some(text),
            Self::Big(text) => Some(text),
            Self::Object(_) => None,
        }
    }
}

/// The integer of which `text` is the canonical decimal form: no plus sign, no leading zero, no `-0`, fits 64 bits.
#[inline]
pub(super) fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let first = *digits.first()?;
    if digits.len() > 19 || !first.is_ascii_digit() {
        return None;
    }
    if first == b'0' {
        return (digits.len() == 1 && !negative).then_some(0);
    }
    let mut magnitude: u64 = 0;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Nineteen digits stay below 2^64.
        magnitude = magnitude * 10 + u64::from(digit);
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}
