//! Verifying a file: every record and every value is read, nothing is kept.

use std::io::{self, Read};

use super::decode::{Error, Fault, Limits, Record, read_header, read_record};
use super::format::HEADER_BYTES;
use super::load::LoadError;
use crate::util::crc::crc64;

/// Bytes that are read together.
const CHUNK_BYTES: usize = if cfg!(test) { 64 } else { 1 << 20 };

/// What was seen.
#[derive(Debug, Default)]
pub struct Checked {
    /// The file's version.
    pub version: u32,
    /// Bytes that are right.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
    /// Keys with an expiry.
    pub expires: u64,
    /// Keys whose time was before the file's own (`ctime`).
    pub expired: u64,
    /// The last key that was met, where something is wrong.
    pub last_key: Option<Vec<u8>>,
}

/// Reads a whole file.
///
/// # Errors
/// What is wrong first, and what was seen until then.
pub fn check(source: &mut dyn Read) -> Result<Checked, (LoadError, Checked)> {
    let mut checked = Checked::default();
    match run(source, &mut checked) {
        Ok(()) => Ok(checked),
        Err(error) => Err((error, checked)),
    }
}

fn run(source: &mut dyn Read, checked: &mut Checked) -> Result<(), LoadError> {
    let mut head = Vec::new();
    source.take(HEADER_BYTES as u64).read_to_end(&mut head)?;
    let version = read_header(&head)?;
    checked.version = version;
    checked.bytes = HEADER_BYTES as u64;
    let mut crc = crc64(0, &head);
    let mut saved_at_ms = 0;
    let mut chunk = Vec::new();
    let mut wanted = CHUNK_BYTES;
    loop {
        let missing = (wanted - chunk.len()) as u64;
        let taken = source.take(missing).read_to_end(&mut chunk)?;
        let is_last = (taken as u64) < missing;
        let mut at = 0;
        loop {
            let (record, len) = match read_record(&chunk[at..], checked.bytes, version) {
                Err(Error { fault: Fault::Truncated, .. }) if !is_last => break,
                read => read?,
            };
            match record {
                Record::End => return end(source, &chunk[at + len..], crc64(crc, &chunk[at..at + len]), checked),
                Record::Aux { name, value } if *name == *b"ctime" => {
                    let seconds = std::str::from_utf8(&value).ok().and_then(|text| text.parse::<i64>().ok());
                    saved_at_ms = seconds.map_or(0, |seconds| seconds.saturating_mul(1000));
                }
                Record::Entry(entry) => {
                    checked.keys += 1;
                    checked.expires += u64::from(entry.expire_at_ms.is_some());
                    checked.expired += u64::from(entry.expire_at_ms.is_some_and(|at_ms| at_ms < saved_at_ms));
                    match entry.value(version, &Limits::usual(), None) {
                        Ok(_) | Err(Error { fault: Fault::EmptyKey, .. }) => {}
                        Err(error) => {
                            checked.last_key = Some(entry.key.into_owned());
                            return Err(error.into());
                        }
                    }
                }
                _ => {}
            }
            crc = crc64(crc, &chunk[at..at + len]);
            at += len;
            checked.bytes += len as u64;
        }
        chunk.drain(..at);
        wanted = (2 * chunk.len()).max(CHUNK_BYTES);
    }
}

/// The checksum behind the last record; `crc` is that of all before.
fn end(source: &mut dyn Read, rest: &[u8], crc: u64, checked: &mut Checked) -> Result<(), LoadError> {
    checked.bytes += 1;
    if checked.version < 5 {
        return Ok(());
    }
    let mut told = [0; 8];
    let had = rest.len().min(8);
    told[..had].copy_from_slice(&rest[..had]);
    match source.read_exact(&mut told[had..]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(Error { offset: checked.bytes + had as u64, fault: Fault::Truncated }.into());
        }
        read => read?,
    }
    match u64::from_le_bytes(told) {
        told if told != 0 && told != crc => {
            let what = format!("Wrong RDB checksum expected: ({crc:x}) but got ({told:x})");
            Err(Error { offset: checked.bytes, fault: Fault::Unsupported(what) }.into())
        }
        _ => {
            checked.bytes += 8;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Encoder, Options};
    use super::*;
    use crate::keyspace::{EntryBox, StringValue};

    fn file() -> Vec<u8> {
        let mut encoder = Encoder::new(Options::default());
        let mut out = Vec::new();
        encoder.header(&mut out, 10);
        encoder.aux(&mut out, "ctime", "1");
        encoder.select_db(&mut out, 0, 2, 1);
        for (key, expire_at_ms) in [(&b"a"[..], None), (b"b", Some(500))] {
            let entry = EntryBox::string(key, StringValue::Raw(&[7; 100]), expire_at_ms, 0);
            encoder.entry(&mut out, entry.view());
        }
        let crc = crc64(0, &out);
        encoder.end(&mut out, Some(crc));
        out
    }

    #[test]
    fn a_right_file() {
        let file = file();
        let checked = check(&mut &file[..]).unwrap();
        assert_eq!((checked.version, checked.bytes), (10, file.len() as u64));
        assert_eq!((checked.keys, checked.expires, checked.expired), (2, 1, 1));
    }

    #[test]
    fn every_cut_and_every_flip_is_found() {
        let file = file();
        for cut in 0..file.len() {
            let (error, _) = check(&mut &file[..cut]).unwrap_err();
            let LoadError::Format(error) = error else { panic!("{error}") };
            assert_eq!((error.offset, error.fault), (cut as u64, Fault::Truncated));
        }
        for at in 0..file.len() - 8 {
            let mut flipped = file.clone();
            flipped[at] ^= 4;
            assert!(check(&mut &flipped[..]).is_err(), "{at}");
        }
    }
}
