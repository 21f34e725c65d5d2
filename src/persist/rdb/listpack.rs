//! Listpacks: Redis's sequence of strings and integers in one block, which small collections are saved as.
//!
//! ```text
//! bytes in all (4), number of elements (2, 65535 when unknown), elements, 0xff
//!
//! element: head [body], then the length of both, so that it can be walked backwards
//! 0nnnnnnn            the integer 0 to 127
//! 10nnnnnn            a string of n bytes
//! 110nnnnn n          an integer of 13 bits
//! 1110nnnn n          a string of n bytes, 12 bits
//! f0 n n n n          a string of n bytes
//! f1, f2, f3, f4      an integer of 2, 3, 4, 8 bytes
//! ```
//!
//! Integers in heads are big endian, all others little endian. Source: the format's description that comes with Redis,
//! and blobs made by it.

use crate::util::number::parse_i64;

const HEADER: usize = 6;
const END: u8 = 0xff;

/// Writes a listpack into a buffer that is used again.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    count: usize,
}

impl Writer {
    /// Begins a new one.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.resize(HEADER, 0);
        self.count = 0;
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds a string; one that is the text of an integer is written as such.
    pub(super) fn text(&mut self, text: &[u8]) {
        if let Some(number) = parse_i64(text) {
            return self.int(number);
        }
        let start = self.bytes.len();
        match text.len() {
            len @ 0..64 => self.bytes.push(0x80 | len as u8),
            len @ 64..4096 => self.bytes.extend([0xe0 | (len >> 8) as u8, len as u8]),
            len => {
                self.bytes.push(0xf0);
                self.bytes.extend((len as u32).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(text);
        self.end(start);
    }

    /// Adds an integer.
    pub(super) fn int(&mut self, number: i64) {
        let start = self.bytes.len();
        let le = number.to_le_bytes();
        match number {
            0..128 => self.bytes.push(number as u8),
            -4096..4096 => self.bytes.extend([0xc0 | (number >> 8 & 0x1f) as u8, number as u8]),
            -0x8000..0x8000 => self.tagged(0xf1, &le[..2]),
            -0x80_0000..0x80_0000 => self.tagged(0xf2, &le[..3]),
            -0x8000_0000..0x8000_0000 => self.tagged(0xf3, &le[..4]),
            _ => self.tagged(0xf4, &le),
        }
        self.end(start);
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends the element that began at `start`.
    fn end(&mut self, start: usize) {
        self.bytes.extend(back_len_bytes(self.bytes.len() - start));
        self.count += 1;
    }

    /// The finished block.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.bytes.push(END);
        let total = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        self.bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
        &self.bytes
    }
}

/// The length `len` of an element as it is written behind it: seven bits a byte, high ones first, each byte but the
/// first with its top bit set. Redis counts a length as large a little before its bits do not fit any more.
pub(super) fn back_len_bytes(len: usize) -> impl Iterator<Item = u8> {
    let size = match len {
        0..128 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    };
    (0..size).rev().map(move |i| {
        let bits = (len >> (7 * i)) as u8 & 0x7f;
        if i + 1 == size { bits } else { bits | 0x80 }
    })
}
