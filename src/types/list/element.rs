//! An element of a list, and its form inside a block: a tag of one byte, and some bytes of data.
//!
//! The tag alone says how long the data is, but for long texts, whose length stands at both ends of their data so that a
//! block can be read from either side.

use bytes::Bytes;

use crate::util::number::parse_i64;

/// Texts longer than this get a buffer of their own, outside the blocks.
pub(super) const BLOCK_TEXT_MAX: usize = 2048;

/// The longest canonical integer, `-9223372036854775808`.
const INTEGER_TEXT_MAX: usize = 20;

/// An element on its way into or out of a list.
///
/// A text that is the canonical form of a 64-bit integer is always an `Int`: two elements are equal as strings exactly
/// if they are equal as values.
#[derive(Debug, Clone, Copy)]
pub enum Element<'a> {
    /// An integer, which stands for its decimal text.
    Int(i64),
    /// Any other text.
    Text(&'a [u8]),
    /// A text in a buffer of its own, which can be handed on without a copy.
    Shared(&'a Bytes),
}

impl<'a> Element<'a> {
    /// The element that `text` stands for.
    #[inline]
    pub fn of(text: &'a [u8]) -> Self {
        match text {
            [b'-' | b'0'..=b'9', ..] if text.len() <= INTEGER_TEXT_MAX => {
                parse_i64(text).map_or(Self::Text(text), Self::Int)
            }
            _ => Self::Text(text),
        }
    }

    /// The element that the text in `buffer` stands for; a long one will share the buffer.
    pub fn of_buffer(buffer: &'a Bytes) -> Self {
        if buffer.len() > BLOCK_TEXT_MAX { Self::Shared(buffer) } else { Self::of(buffer) }
    }

    /// The element's bytes, an integer being written to `scratch` first.
    #[inline]
    pub fn text<'b>(&self, scratch: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Int(number) => scratch.format(*number).as_bytes(),
            Self::Text(text) => text,
            Self::Shared(buffer) => buffer,
        }
    }

    /// Whether the element is too large for a block.
    #[inline]
    pub(super) fn is_large(&self) -> bool {
        match self {
            Self::Int(_) => false,
            Self::Text(text) => text.len() > BLOCK_TEXT_MAX,
            Self::Shared(_) => true,
        }
    }

    /// A copy that borrows nothing; a buffer is shared.
    pub fn to_owned(self) -> OwnedElement {
        match self {
            Self::Int(number) => OwnedElement::Int(number),
            Self::Text(text) => OwnedElement::Text(text.into()),
            Self::Shared(buffer) => OwnedElement::Shared(buffer.clone()),
        }
    }
}

impl PartialEq for Element<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Int(_), _) | (_, Self::Int(_)) => false,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Shared(a), Self::Shared(b)) => a == b,
            (Self::Text(a), Self::Shared(b)) | (Self::Shared(b), Self::Text(a)) => *a == &b[..],
        }
    }
}

/// An element taken out of its list.
#[derive(Debug, Clone)]
pub enum OwnedElement {
    /// See [`Element::Int`].
    Int(i64),
    /// See [`Element::Text`].
    Text(smallvec::SmallVec<[u8; 64]>),
    /// See [`Element::Shared`].
    Shared(Bytes),
}

impl OwnedElement {
    /// The element.
    pub fn borrow(&self) -> Element<'_> {
        match self {
            Self::Int(number) => Element::Int(*number),
            Self::Text(text) => Element::Text(text),
            Self::Shared(buffer) => Element::Shared(buffer),
        }
    }
}

/// Tags below are the length of a text.
pub(super) const INTS: u8 = 0xF0;

/// No element has this tag: an integer of no bytes.
pub(super) const NO_TAG: u8 = INTS;

/// A text whose length does not fit the tag.
pub(super) const LONG: u8 = 0xFF;

/// Bytes of the length at either end of a long text.
const LENGTH: usize = 2;

/// Bytes of data that an element with `tag` has, a long text aside.
#[inline]
pub(super) fn fixed_size(tag: u8) -> usize {
    usize::from(if tag < INTS { tag } else { tag & 0x0F })
}

/// Whether `tag` is that of an integer; its low half is then the number of its bytes.
#[inline]
pub(super) fn is_int(tag: u8) -> bool {
    (INTS..LONG).contains(&tag)
}

/// The tag of `element` in the fewest bytes, and how many these are.
#[inline]
pub(super) fn measure(element: Element<'_>) -> (u8, usize) {
    let text: &[u8] = match element {
        Element::Int(number) => {
            // One bit for the sign.
            let bits = 65 - (number ^ number >> 63).leading_zeros();
            let size = bits.div_ceil(8) as u8;
            return (INTS | size, usize::from(size));
        }
        Element::Text(text) => text,
        Element::Shared(buffer) => buffer,
    };
    if text.len() < usize::from(INTS) { (text.len() as u8, text.len()) } else { (LONG, text.len() + 2 * LENGTH) }
}

/// Writes `element` under a tag that it fits; `data` has just the right length.
#[inline]
pub(super) fn write(element: Element<'_>, tag: u8, data: &mut [u8]) {
    let text: &[u8] = match element {
        Element::Int(number) => {
            data.copy_from_slice(&number.to_le_bytes()[..data.len()]);
            return;
        }
        Element::Text(text) => text,
        Element::Shared(buffer) => buffer,
    };
    if tag == LONG {
        let length = (text.len() as u16).to_le_bytes();
        let end = data.len() - LENGTH;
        data[..LENGTH].copy_from_slice(&length);
        data[LENGTH..end].copy_from_slice(text);
        data[end..].copy_from_slice(&length);
    } else {
        data.copy_from_slice(text);
    }
}

/// Reads the element with `tag` and just this data.
#[inline]
pub(super) fn read(tag: u8, data: &[u8]) -> Element<'_> {
    match tag {
        LONG => Element::Text(&data[LENGTH..data.len() - LENGTH]),
        _ if is_int(tag) => Element::Int(read_int(data)),
        _ => Element::Text(data),
    }
}

#[inline]
fn read_int(data: &[u8]) -> i64 {
    fn extend<const SIZE: usize>(data: &[u8]) -> i64 {
        let mut bytes = [0; 8];
        bytes[8 - SIZE..].copy_from_slice(&data[..SIZE]);
        i64::from_le_bytes(bytes) >> (64 - 8 * SIZE)
    }
    match data.len() {
        1 => extend::<1>(data),
        2 => extend::<2>(data),
        3 => extend::<3>(data),
        4 => extend::<4>(data),
        5 => extend::<5>(data),
        6 => extend::<6>(data),
        7 => extend::<7>(data),
        _ => extend::<8>(data),
    }
}

/// Bytes of the element with `tag` whose data begins at the start of `data`.
#[inline]
pub(super) fn size_at_start(tag: u8, data: &[u8]) -> usize {
    if tag == LONG { long_size([data[0], data[1]]) } else { fixed_size(tag) }
}

/// Bytes of the element with `tag` whose data ends at the end of `data`.
#[inline]
pub(super) fn size_at_end(tag: u8, data: &[u8]) -> usize {
    if tag == LONG { long_size([data[data.len() - 2], data[data.len() - 1]]) } else { fixed_size(tag) }
}

fn long_size(length: [u8; LENGTH]) -> usize {
    usize::from(u16::from_le_bytes(length)) + 2 * LENGTH
}
