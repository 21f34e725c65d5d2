//! The small forms that collections have in memory, as they are saved: listpacks, ziplists, zipmaps, intsets.
//!
//! Each is walked from its start, every length checked against what is there; `None` where it is not what it says.
//! Source: the descriptions of these structures that come with Redis and Valkey, and blobs made by them.

use super::super::listpack::back_len_bytes;
use crate::types::packed::Element;

/// Takes `count` bytes from the front.
fn split<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    Some(taken)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    split(rest, 1).map(|taken| taken[0])
}

/// A little-endian integer with its sign, of up to eight bytes.
fn int(bytes: &[u8]) -> i64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let unused = 64 - 8 * bytes.len() as u32;
    i64::from_le_bytes(word) << unused >> unused
}

fn u32_le(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u16_le(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// A count in a header that stops counting at its greatest value.
fn count_agrees(count: u16, found: usize) -> bool {
    count == u16::MAX || usize::from(count) == found
}

/// The elements of a listpack; see [`listpack`](super::super::listpack).
pub(in super::super) fn listpack(blob: &[u8]) -> Option<Vec<Element<'_>>> {
    const HEADER: usize = 6;
    let (total, count) = (u32_le(blob)?, u16_le(blob.get(4..)?)?);
    if total as usize != blob.len() {
        return None;
    }
    let mut rest = blob.get(HEADER..)?.strip_suffix(&[0xff])?;
    // An element takes two bytes at least.
    let mut elements = Vec::with_capacity(usize::from(count).min(rest.len() / 2));
    while !rest.is_empty() {
        let before = rest.len();
        elements.push(listpack_element(&mut rest)?);
        listpack_back_len(&mut rest, before)?;
    }
    count_agrees(count, elements.len()).then_some(elements)
}

fn listpack_element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let head = byte(rest)?;
    let text = |rest: &mut &'a [u8], len| split(rest, len).map(Element::Bytes);
    let number = |rest: &mut &'a [u8], size| split(rest, size).map(|bytes| Element::Int(int(bytes)));
    match head {
        0..0x80 => Some(Element::Int(i64::from(head))),
        0x80..0xc0 => text(rest, usize::from(head & 0x3f)),
        0xc0..0xe0 => {
            let bits = i64::from(head & 0x1f) << 8 | i64::from(byte(rest)?);
            Some(Element::Int(bits << 51 >> 51))
        }
        0xe0..0xf0 => {
            let len = usize::from(head & 0x0f) << 8 | usize::from(byte(rest)?);
            text(rest, len)
        }
        0xf0 => {
            let len = u32_le(split(rest, 4)?)?;
            text(rest, len as usize)
        }
        0xf1 => number(rest, 2),
        0xf2 => number(rest, 3),
        0xf3 => number(rest, 4),
        0xf4 => number(rest, 8),
        _ => None,
    }
}

/// The length behind an element that began where `before` bytes were left.
fn listpack_back_len(rest: &mut &[u8], before: usize) -> Option<()> {
    let told = back_len_bytes(before - rest.len());
    for byte in told {
        *rest = rest.strip_prefix(&[byte])?;
    }
    Some(())
}

/// The elements of a ziplist.
///
/// ```text
/// bytes in all (4), offset of the last element (4), number of elements (2), elements, 0xff
///
/// element: length of the one before (1 byte, or 0xfe and 4), head, body
/// 00nnnnnn            a string of n bytes
/// 01nnnnnn n          a string of n bytes, 14 bits
/// 10000000 n n n n    a string of n bytes
/// c0, d0, e0, f0, fe  an integer of 2, 4, 8, 3, 1 bytes
/// 1111nnnn            the integer n - 1, n being 1 to 13
/// ```
///
/// Lengths in heads are big endian, all other numbers little endian.
pub(super) fn ziplist(blob: &[u8]) -> Option<Vec<Element<'_>>> {
    const HEADER: usize = 10;
    let (total, tail, count) = (u32_le(blob)?, u32_le(blob.get(4..)?)?, u16_le(blob.get(8..)?)?);
    if total as usize != blob.len() {
        return None;
    }
    let mut rest = blob.get(HEADER..)?.strip_suffix(&[0xff])?;
    let end = blob.len() - 1;
    let mut elements = Vec::with_capacity(usize::from(count).min(rest.len() / 2));
    let mut before = 0;
    let mut last = HEADER;
    while !rest.is_empty() {
        let start = rest.len();
        let told = match byte(&mut rest)? {
            0xfe => u32_le(split(&mut rest, 4)?)? as usize,
            0xff => return None,
            short => usize::from(short),
        };
        if told != before {
            return None;
        }
        elements.push(ziplist_element(&mut rest)?);
        last = end - start;
        before = start - rest.len();
    }
    (tail as usize == last && count_agrees(count, elements.len())).then_some(elements)
}

fn ziplist_element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let head = byte(rest)?;
    let number = |rest: &mut &'a [u8], size| split(rest, size).map(|bytes| Element::Int(int(bytes)));
    let len = match head {
        0..0x40 => usize::from(head),
        0x40..0x80 => usize::from(head & 0x3f) << 8 | usize::from(byte(rest)?),
        0x80..0xc0 => u32::from_be_bytes(*split(rest, 4)?.first_chunk()?) as usize,
        0xc0 => return number(rest, 2),
        0xd0 => return number(rest, 4),
        0xe0 => return number(rest, 8),
        0xf0 => return number(rest, 3),
        0xfe => return number(rest, 1),
        0xf1..=0xfd => return Some(Element::Int(i64::from(head & 0x0f) - 1)),
        _ => return None,
    };
    split(rest, len).map(Element::Bytes)
}

/// Fields and values in turn of a zipmap, the hash of the first versions.
///
/// ```text
/// number of fields (1, 254 and more when unknown), (length field length spare value spare-bytes)*, 0xff
/// ```
///
/// A length is one byte, or 254 and four, little endian. Nobody writes one without a field.
pub(super) fn zipmap(blob: &[u8]) -> Option<Vec<Element<'_>>> {
    fn len(rest: &mut &[u8]) -> Option<usize> {
        match byte(rest)? {
            254 => u32_le(split(rest, 4)?).map(|len| len as usize),
            255 => None,
            short => Some(usize::from(short)),
        }
    }
    let (&count, rest) = blob.split_first()?;
    let mut rest = rest.strip_suffix(&[0xff])?;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let name_len = len(&mut rest)?;
        elements.push(Element::Bytes(split(&mut rest, name_len)?));
        let value_len = len(&mut rest)?;
        let spare = usize::from(byte(&mut rest)?);
        elements.push(Element::Bytes(split(&mut rest, value_len)?));
        split(&mut rest, spare)?;
    }
    let is_counted = count >= 254 || usize::from(count) == elements.len() / 2;
    (is_counted && !elements.is_empty()).then_some(elements)
}

/// The integers of an intset: bytes of each (4), how many (4), the integers in ascending order; all little endian.
pub(super) fn intset(blob: &[u8]) -> Option<impl ExactSizeIterator<Item = i64>> {
    let (width, count) = (u32_le(blob)? as usize, u32_le(blob.get(4..)?)? as usize);
    let numbers = blob.get(8..)?;
    let fits = matches!(width, 2 | 4 | 8) && Some(numbers.len()) == count.checked_mul(width);
    let numbers = fits.then(|| numbers.chunks_exact(width).map(int))?;
    let is_ascending = numbers.clone().zip(numbers.clone().skip(1)).all(|(one, next)| one < next);
    is_ascending.then_some(numbers)
}
