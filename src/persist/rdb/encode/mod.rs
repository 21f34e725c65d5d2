//! Writing: entries, values and the pieces of a file, all appended to a buffer.

mod collections;
mod stream;
#[cfg(test)]
mod tests;

use super::format::{VERSION, VERSION_FIELD_EXPIRY, kind, length, opcode};
use super::listpack;
use crate::keyspace::{EntryRef, Value};
use crate::types::Object;
use crate::util::crc::crc64;
use crate::util::lzf;

/// Longest text that may be written as an integer.
const INT_TEXT_MAX: usize = 11;
/// Shortest text that is worth compressing, and bytes that this must save.
const COMPRESS_MIN: usize = 21;
const COMPRESS_SAVES: usize = 4;

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Compresses texts (`rdbcompression`).
    pub compress: bool,
    /// Writes the times at which fields of hashes expire, which needs [`VERSION_FIELD_EXPIRY`]. Without it such fields are
    /// written as if they did not expire, and every record is one of [`VERSION`].
    pub field_expiry: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { compress: true, field_expiry: true }
    }
}

/// Appends records to buffers. Keeps scratch memory from call to call, so one is to be used for many records.
#[derive(Debug, Default)]
pub struct Encoder {
    options: Options,
    lzf: lzf::Compressor,
    pack: listpack::Writer,
}

impl Encoder {
    /// An encoder.
    #[must_use]
    pub fn new(options: Options) -> Encoder {
        Encoder { options, ..Encoder::default() }
    }

    /// The version of a file with hashes with fields that expire (`has_field_expiry`), or without any.
    #[must_use]
    pub fn file_version(&self, has_field_expiry: bool) -> u32 {
        if has_field_expiry && self.options.field_expiry { VERSION_FIELD_EXPIRY } else { VERSION }
    }

    /// The head of a file.
    pub fn header(&mut self, out: &mut Vec<u8>, version: u32) {
        out.extend_from_slice(format!("REDIS{version:04}").as_bytes());
    }

    /// A fact about the file, such as `redis-ver`. Whoever does not know the name skips it.
    pub fn aux(&mut self, out: &mut Vec<u8>, name: &str, value: &str) {
        out.push(opcode::AUX);
        self.text(out, name.as_bytes());
        self.text(out, value.as_bytes());
    }

    /// The entries from here on belong to that database. `keys`, of which `expiring` have an expiry, tell how much room to
    /// make; they are no promise.
    pub fn select_db(&mut self, out: &mut Vec<u8>, db: usize, keys: usize, expiring: usize) {
        out.push(opcode::SELECT_DB);
        put_len(out, db as u64);
        out.push(opcode::RESIZE_DB);
        put_len(out, keys as u64);
        put_len(out, expiring as u64);
    }

    /// A library of functions, by its code.
    pub fn function(&mut self, out: &mut Vec<u8>, code: &[u8]) {
        out.push(opcode::FUNCTION);
        self.text(out, code);
    }

    /// The end of a file. `crc`: the [`crc64`] of all bytes before, or `None` to write none (`rdbchecksum no`).
    pub fn end(&mut self, out: &mut Vec<u8>, crc: Option<u64>) {
        out.push(opcode::END);
        let crc = crc.map_or(0, |crc| crc64(crc, &[opcode::END]));
        out.extend(crc.to_le_bytes());
    }

    /// An entry: its expiry, type, key and value.
    pub fn entry(&mut self, out: &mut Vec<u8>, entry: EntryRef<'_>) {
        if let Some(at_ms) = entry.expire_at_ms() {
            out.push(opcode::EXPIRE_MS);
            out.extend(at_ms.to_le_bytes());
        }
        out.push(self.kind_of(entry.value()));
        self.text(out, entry.key());
        self.body(out, entry.value());
    }

    /// How long ago the key of the entry that follows was used, in seconds (under an LRU policy).
    pub fn idle(&mut self, out: &mut Vec<u8>, idle_s: u64) {
        out.push(opcode::IDLE);
        put_len(out, idle_s);
    }

    /// How often the key of the entry that follows is used (under an LFU policy).
    pub fn frequency(&mut self, out: &mut Vec<u8>, counter: u8) {
        out.extend([opcode::FREQ, counter]);
    }

    /// What DUMP answers: type, value, version and checksum.
    pub fn dump(&mut self, out: &mut Vec<u8>, value: Value<'_>) {
        let start = out.len();
        let kind = self.kind_of(value);
        out.push(kind);
        self.body(out, value);
        let has_field_expiry = matches!(kind, kind::HASH_METADATA | kind::HASH_LISTPACK_EX);
        out.extend((self.file_version(has_field_expiry) as u16).to_le_bytes());
        let crc = crc64(0, &out[start..]);
        out.extend(crc.to_le_bytes());
    }

    /// Bytes that the value takes when it is not compressed (DEBUG OBJECT). Writes it: takes as long as it is large.
    #[must_use]
    pub fn plain_len(value: Value<'_>) -> usize {
        let mut out = Vec::new();
        Encoder::new(Options { compress: false, field_expiry: true }).body(&mut out, value);
        out.len()
    }

    fn kind_of(&self, value: Value<'_>) -> u8 {
        match value {
            Value::Int(_) | Value::Str(_) | Value::Big(_) => kind::STRING,
            Value::Object(object) => collections::kind_of(object, self.options.field_expiry),
        }
    }

    fn body(&mut self, out: &mut Vec<u8>, value: Value<'_>) {
        match value {
            Value::Int(number) => self.int(out, number),
            Value::Str(text) => self.text(out, text),
            Value::Big(text) => self.text(out, text),
            Value::Object(Object::List(list)) => self.list(out, list),
            Value::Object(Object::Set(set)) => self.set(out, set),
            Value::Object(Object::ZSet(zset)) => self.zset(out, zset),
            Value::Object(Object::Hash(hash)) => self.hash(out, hash),
            Value::Object(Object::Stream(stream)) => self.stream(out, stream),
        }
    }

    /// A string in its shortest form.
    fn text(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        if text.len() <= INT_TEXT_MAX
            && let Some(number) = crate::util::number::parse_i64(text)
            && let Ok(number) = i32::try_from(number)
        {
            return put_small_int(out, number);
        }
        self.long_text(out, text);
    }

    /// A string that is no integer, or at least not to be written as one.
    fn long_text(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        if self.options.compress && text.len() >= COMPRESS_MIN {
            put_compressible(&mut self.lzf, out, text);
        } else {
            put_plain(out, text);
        }
    }

    /// The listpack that was just filled, as a string.
    fn listpack(&mut self, out: &mut Vec<u8>) {
        let blob = self.pack.finish();
        if self.options.compress && blob.len() >= COMPRESS_MIN {
            put_compressible(&mut self.lzf, out, blob);
        } else {
            put_plain(out, blob);
        }
    }

    fn int(&mut self, out: &mut Vec<u8>, number: i64) {
        match i32::try_from(number) {
            Ok(number) => put_small_int(out, number),
            Err(_) => put_plain(out, itoa::Buffer::new().format(number).as_bytes()),
        }
    }
}

/// Writes a length: in 6, 14, 32 or 64 bits, behind two bits (or a byte) that tell which.
fn put_len(out: &mut Vec<u8>, len: u64) {
    match len {
        0..0x40 => out.push(len as u8),
        0x40..0x4000 => out.extend([length::BITS_14 | (len >> 8) as u8, len as u8]),
        0x4000..=0xffff_ffff => {
            out.push(length::BITS_32);
            out.extend((len as u32).to_be_bytes());
        }
        _ => {
            out.push(length::BITS_64);
            out.extend(len.to_be_bytes());
        }
    }
}

fn put_plain(out: &mut Vec<u8>, text: &[u8]) {
    put_len(out, text.len() as u64);
    out.extend_from_slice(text);
}

fn put_small_int(out: &mut Vec<u8>, number: i32) {
    let le = number.to_le_bytes();
    let (tag, size) = match number {
        -0x80..0x80 => (length::INT_8, 1),
        -0x8000..0x8000 => (length::INT_16, 2),
        _ => (length::INT_32, 4),
    };
    out.push(tag);
    out.extend_from_slice(&le[..size]);
}

/// Writes a text compressed, or as it is where that does not save anything.
fn put_compressible(lzf: &mut lzf::Compressor, out: &mut Vec<u8>, text: &[u8]) {
    // The head comes first, but how long it is depends on what follows: compressed bytes are moved up behind it.
    let start = out.len();
    if !lzf.compress(text, out, text.len() - COMPRESS_SAVES) {
        return put_plain(out, text);
    }
    let packed = out.len() - start;
    put_head(out, packed, text.len());
    let head = out.len() - start - packed;
    out[start..].rotate_right(head);
}

fn put_head(out: &mut Vec<u8>, packed: usize, len: usize) {
    out.push(length::LZF);
    put_len(out, packed as u64);
    put_len(out, len as u64);
}
