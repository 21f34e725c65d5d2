//! The payload of FUNCTION DUMP: each library as in an RDB file (an opcode, then its source as a string), the version of
//! the format in two bytes, and a CRC-64.

use crate::commands::Error;
use crate::persist::rdb;
use crate::util::{crc, lzf};

/// What stands before a library.
const FUNCTION: u8 = 245;
/// Newest version of the format that is read.
const VERSION_MAX: u16 = 12;
/// Version and checksum, in bytes.
const FOOTER: usize = 10;
/// Size of one library's source.
const CODE_MAX: u64 = 512 << 20;

const BAD_CHECKSUM: Error = Error::new("ERR DUMP payload version or checksum are wrong");
const NOT_A_FUNCTION: Error = Error::new("ERR given type is not a function");
const BAD_LIBRARY: Error = Error::new("ERR Failed loading library data");

/// The payload of these sources.
pub(super) fn write<'a>(codes: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for code in codes {
        out.push(FUNCTION);
        match code.len() {
            len @ 0..=0x3f => out.push(len as u8),
            len @ 0x40..=0x3fff => out.extend([0x40 | (len >> 8) as u8, len as u8]),
            len => {
                out.push(0x80);
                out.extend((len as u32).to_be_bytes());
            }
        }
        out.extend(code);
    }
    out.extend((rdb::VERSION as u16).to_le_bytes());
    let sum = crc::crc64(0, &out);
    out.extend(sum.to_le_bytes());
    out
}

/// The sources in a payload.
///
/// # Errors
/// When it is damaged, or of a later version.
pub(super) fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let body_len = payload.len().checked_sub(FOOTER).ok_or(BAD_CHECKSUM)?;
    let (checked, sum) = payload.split_at(payload.len() - 8);
    let (mut rest, version) = checked.split_at(body_len);
    if version[0] as u16 | (version[1] as u16) << 8 > VERSION_MAX || sum != crc::crc64(0, checked).to_le_bytes() {
        return Err(BAD_CHECKSUM);
    }
    let mut codes = Vec::new();
    while let Some((&opcode, after)) = rest.split_first() {
        if opcode != FUNCTION {
            return Err(NOT_A_FUNCTION);
        }
        rest = after;
        codes.push(string(&mut rest).ok_or(BAD_LIBRARY)?);
    }
    Ok(codes)
}

fn take<'a>(rest: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (bytes, after) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = after;
    Some(bytes)
}

fn number(rest: &mut &[u8], len: u64) -> Option<u64> {
    Some(take(rest, len)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// A string in one of the forms of the format: plain, compressed, or an integer.
fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let first = number(rest, 1)?;
    let little = |bytes: &[u8]| bytes.iter().rev().fold(0i64, |value, byte| value << 8 | i64::from(*byte));
    match first {
        0xc0 => return Some((little(take(rest, 1)?) as i8).to_string().into_bytes()),
        0xc1 => return Some((little(take(rest, 2)?) as i16).to_string().into_bytes()),
        0xc2 => return Some((little(take(rest, 4)?) as i32).to_string().into_bytes()),
        0xc3 => {
            let first = number(rest, 1)?;
            let packed_len = length(rest, first)?;
            let first = number(rest, 1)?;
            let len = length(rest, first).filter(|len| *len <= CODE_MAX)?;
            return lzf::decompress(take(rest, packed_len)?, len as usize);
        }
        _ => {}
    }
    let len = length(rest, first)?;
    Some(take(rest, len)?.to_vec())
}

fn length(rest: &mut &[u8], first: u64) -> Option<u64> {
    match first {
        0..=0x3f => Some(first),
        0x40..=0x7f => Some((first & 0x3f) << 8 | number(rest, 1)?),
        0x80 => number(rest, 4),
        0x81 => number(rest, 8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn payloads_of_redis_are_read() {
        // FUNCTION DUMP of Redis 7.0.15 without libraries.
        assert_eq!(read(b"\n\x00]\x9b\\@\x0f\x7f\xa2\xda"), Ok(vec![]));
        assert_eq!(write([].into_iter()), b"\n\x00]\x9b\\@\x0f\x7f\xa2\xda");
        assert_eq!(read(b"x"), Err(BAD_CHECKSUM));
    }

    proptest! {
        #[test]
        fn sources_come_back(codes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5)) {
            let payload = write(codes.iter().map(|code| &code[..]));
            prop_assert_eq!(read(&payload), Ok(codes));
        }

        #[test]
        fn anything_is_read_or_refused(mut body in prop::collection::vec(prop_oneof![any::<u8>(), Just(245u8), 0xc0..0xc4u8], 0..40)) {
            body.extend([10, 0]);
            let sum = crc::crc64(0, &body);
            body.extend(sum.to_le_bytes());
            let _ = read(&body);
        }
    }
}
