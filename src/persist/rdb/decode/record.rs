//! The records of a file, one by one, and the payloads of DUMP.

use std::borrow::Cow;
use std::io::{self, Read, Seek};

use super::super::format::{HEADER_BYTES, MAGIC, VERSION_FIELD_EXPIRY, VERSION_VALKEY, kind, opcode};
use super::cursor::{Cursor, Error, Fault, Result, Text};
use super::skip::{skip, skip_module};
use super::value::{self, Loaded, Rules};
use super::{Limits, value::module_name};
use crate::util::crc::crc64;

/// What a file consists of, after its head.
#[derive(Debug)]
pub enum Record<'a> {
    /// A fact about the file.
    Aux {
        /// Its name.
        name: Cow<'a, [u8]>,
        /// What is said.
        value: Cow<'a, [u8]>,
    },
    /// The entries from here on belong to that database.
    SelectDb(u64),
    /// About how many keys the database has, and how many of them have an expiry.
    ResizeDb {
        /// All keys.
        keys: u64,
        /// Those with an expiry.
        expiring: u64,
    },
    /// A library of functions, by its code.
    Function(Cow<'a, [u8]>),
    /// A key with its value.
    Entry(Entry<'a>),
    /// What concerns slots of a cluster, which is known otherwise.
    Skipped,
    /// The last one. The eight bytes behind it are the checksum, from version 5 on.
    End,
}

/// A key with its value, which is not read yet.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The key.
    pub key: Cow<'a, [u8]>,
    /// When it expires, in milliseconds since 1970, as it is written; below zero is long ago.
    pub expire_at_ms: Option<i64>,
    /// Seconds since it was last used.
    pub idle_s: Option<u64>,
    /// How often it is used.
    pub frequency: Option<u8>,
    /// The value's type.
    pub kind: u8,
    /// The value's bytes.
    pub body: &'a [u8],
    /// Where these begin in the file.
    pub offset: u64,
}

impl<'a> Entry<'a> {
    /// Reads the value. With `now_ms`, fields of hashes whose time has come are left out.
    ///
    /// # Errors
    /// When it is none, or has no elements.
    pub fn value(&self, version: u32, limits: &Limits, now_ms: Option<u64>) -> Result<Loaded<'a>> {
        let mut cursor = Cursor::new(self.body, self.offset);
        value::read(&mut cursor, self.kind, Rules { version, limits, now_ms })
    }
}

/// Whether a file begins as a snapshot does; it is read from its start again afterwards.
///
/// # Errors
/// Of reading.
pub fn is_snapshot(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let mut head = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(MAGIC.iter().any(|magic| head.starts_with(magic)))
}

/// The version that the head of a file tells.
///
/// # Errors
/// When it is no RDB file, or one of a version that is not known.
pub fn read_header(bytes: &[u8]) -> Result<u32> {
    let mut cursor = Cursor::new(bytes, 0);
    let head: [u8; HEADER_BYTES] = cursor.array()?;
    let fail = |fault| Err(Error { offset: 0, fault });
    let Some(digits) = MAGIC.iter().find_map(|magic| head.strip_prefix(*magic)) else {
        return fail(Fault::Corrupt("Wrong signature trying to load DB from file"));
    };
    let version = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    match version {
        Some(version) if is_known(version) => Ok(version),
        _ => fail(Fault::Unsupported(format!("Can't handle RDB format version {}", digits.escape_ascii()))),
    }
}

/// Whether files and payloads of this version are read.
fn is_known(version: u32) -> bool {
    (1..=VERSION_FIELD_EXPIRY).contains(&version) || version == VERSION_VALKEY
}

/// The record at the start of `bytes`, which begin at `offset` in the file, and how many of them it takes.
///
/// # Errors
/// [`Fault::Truncated`] when the record does not end within the bytes; other faults when it is none.
pub fn read_record(bytes: &[u8], offset: u64, version: u32) -> Result<(Record<'_>, usize)> {
    let mut cursor = Cursor::new(bytes, offset);
    let (mut expire_at_ms, mut idle_s, mut frequency) = (None, None, None);
    let record = loop {
        let start = cursor.offset();
        match cursor.byte()? {
            opcode::EXPIRE_MS => expire_at_ms = Some(i64::from_le_bytes(cursor.array()?)),
            opcode::EXPIRE_S => expire_at_ms = Some(i64::from(i32::from_le_bytes(cursor.array()?)) * 1000),
            opcode::IDLE => idle_s = Some(cursor.len()?),
            opcode::FREQ => frequency = Some(cursor.byte()?),
            opcode::AUX => break Record::Aux { name: cursor.blob()?, value: cursor.blob()? },
            opcode::SELECT_DB => break Record::SelectDb(cursor.len()?),
            opcode::RESIZE_DB => break Record::ResizeDb { keys: cursor.len()?, expiring: cursor.len()? },
            opcode::FUNCTION => break Record::Function(cursor.blob()?),
            opcode::FUNCTION_PRE_GA => {
                let what = "functions in the form of a release candidate of Redis 7.0".to_owned();
                return Err(Error { offset: start, fault: Fault::Unsupported(what) });
            }
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    cursor.len()?;
                }
                break Record::Skipped;
            }
            opcode::SLOT_IMPORT => {
                cursor.skip_text()?;
                for _ in 0..cursor.len()? {
                    cursor.len()?;
                    cursor.len()?;
                }
                break Record::Skipped;
            }
            opcode::MODULE_AUX => {
                let name = module_name(cursor.len()?);
                skip_module(&mut cursor)?;
                let what = format!("data of the module type '{name}'");
                return Err(Error { offset: start, fault: Fault::Unsupported(what) });
            }
            opcode::END => break Record::End,
            kind => {
                if !is_value(kind, version) {
                    return Err(Error { offset: start, fault: Fault::Corrupt("an unknown type of record") });
                }
                let key = cursor.text().map(Text::into_bytes)?;
                let (body, offset) = (cursor.taken(), cursor.offset());
                skip(&mut cursor, kind, version)?;
                let body = cursor.since(body);
                break Record::Entry(Entry { key, expire_at_ms, idle_s, frequency, kind, body, offset });
            }
        }
    };
    Ok((record, cursor.taken()))
}

/// Whether a type of values is known in files of this version.
fn is_value(kind: u8, version: u32) -> bool {
    match kind {
        0..=kind::MODULE | kind::HASH_ZIPMAP..=kind::HASH_22 => true,
        kind::HASH_LISTPACK_EX_PRE_GA..=kind::HASH_LISTPACK_EX => version < VERSION_VALKEY,
        _ => false,
    }
}

/// Why a payload of RESTORE is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadError {
    /// It is of a later version, or its checksum is another one.
    VersionOrChecksum,
    /// Its bytes are no value.
    Format(Error),
}

/// Reads a payload that DUMP has made. `checksum`: whether its checksum has to be right. With `now_ms`, fields of hashes
/// whose time has come are left out.
///
/// # Errors
/// When it is none.
pub fn read_payload<'a>(
    payload: &'a [u8],
    checksum: bool,
    limits: &Limits,
    now_ms: Option<u64>,
) -> std::result::Result<Loaded<'a>, PayloadError> {
    let (rest, crc) = payload.split_last_chunk::<8>().ok_or(PayloadError::VersionOrChecksum)?;
    let (body, version) = rest.split_last_chunk::<2>().ok_or(PayloadError::VersionOrChecksum)?;
    let version = u32::from(u16::from_le_bytes(*version));
    let is_later = version > VERSION_FIELD_EXPIRY && version != VERSION_VALKEY;
    if is_later || checksum && u64::from_le_bytes(*crc) != crc64(0, rest) {
        return Err(PayloadError::VersionOrChecksum);
    }
    let mut cursor = Cursor::new(body, 0);
    let loaded = cursor.byte().and_then(|kind| {
        let loaded = value::read(&mut cursor, kind, Rules { version, limits, now_ms })?;
        if cursor.rest().is_empty() { Ok(loaded) } else { cursor.corrupt("bytes behind the value") }
    });
    loaded.map_err(PayloadError::Format)
}
