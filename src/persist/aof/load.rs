//! Reading a log: commands one after the other, each with the offset at which it begins. Strict: what no server has
//! written is an error, not a guess; no announced length is believed before its bytes are there.

use std::io::{self, BufRead, Read};

use thiserror::Error;

use crate::resp::{Args, OwnedArgs};

/// Bytes of a line with a count, its end included.
const LINE_MAX: u64 = 128;
/// Bytes of a line with a remark.
const REMARK_MAX: u64 = 1024;

/// Why a log cannot be read to its end.
#[derive(Debug, Error)]
pub enum LoadError {
    /// It ends in the middle of a command, or of a unit that begins at `offset`.
    #[error("Unexpected end of file reading the append only file at offset {offset}")]
    Truncated {
        /// Where what is whole ends.
        offset: u64,
    },
    /// Something else stands where a command should.
    #[error("Bad file format reading the append only file at offset {offset}")]
    Format {
        /// Where that is.
        offset: u64,
        /// Where what is whole ends.
        whole: u64,
    },
    /// A command cannot be repeated.
    #[error("{text} reading the append only file at offset {offset}")]
    Command {
        /// Where it begins.
        offset: u64,
        /// What is wrong with it.
        text: String,
    },
    /// The file cannot be read.
    #[error("Unrecoverable error reading the append only file: {0}")]
    Io(#[from] io::Error),
}

/// What stands at the head of a log.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A command.
    Command(Args<'a>),
    /// `#TS:` with seconds since 1970: what follows happened then.
    Time(u64),
    /// Another remark.
    Remark,
}

/// Reads a log.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    /// Bytes of the whole file.
    len: u64,
    offset: u64,
    /// Where what is whole ends: behind the last command outside of a unit, or the last unit.
    whole: u64,
    in_unit: bool,
    args: OwnedArgs,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads from `offset` on, where `source` stands, of a file of `len` bytes.
    pub fn new(source: R, offset: u64, len: u64) -> Reader<R> {
        Reader { source, len, offset, whole: offset, in_unit: false, args: OwnedArgs::default(), line: Vec::new() }
    }

    /// Where the next item begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Where what is whole ends.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// The next item, `None` at the end.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, LoadError> {
        let start = self.offset;
        match self.source.fill_buf()?.first() {
            None if self.in_unit => Err(LoadError::Truncated { offset: self.whole }),
            None => Ok(None),
            Some(b'#') => {
                self.read_line(REMARK_MAX)?;
                let time =
                    self.line.strip_prefix(b"#TS:").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
                if !self.in_unit {
                    self.whole = self.offset;
                }
                Ok(Some(time.map_or(Item::Remark, Item::Time)))
            }
            Some(_) => {
                self.read_command(start)?;
                let is = |word: &[u8]| self.args.view().get(0).eq_ignore_ascii_case(word);
                if is(b"MULTI") {
                    self.in_unit = true;
                } else if is(b"EXEC") {
                    self.in_unit = false;
                }
                if !self.in_unit {
                    self.whole = self.offset;
                }
                Ok(Some(Item::Command(self.args.view())))
            }
        }
    }

    fn read_command(&mut self, start: u64) -> Result<(), LoadError> {
        let count = self.read_count(b'*', start)?;
        self.args.clear();
        if count == 0 {
            return Err(self.bad(start));
        }
        for _ in 0..count {
            let at = self.offset;
            let len = self.read_count(b'$', at)?;
            if len > self.len.saturating_sub(self.offset) {
                return Err(LoadError::Truncated { offset: self.whole });
            }
            // Grows with what is there.
            self.line.clear();
            let read = (&mut self.source).take(len).read_to_end(&mut self.line)? as u64;
            self.offset += read;
            let mut end = [0; 2];
            if read < len || !self.read_exact(&mut end)? {
                return Err(LoadError::Truncated { offset: self.whole });
            }
            if end != *b"\r\n" {
                return Err(self.bad(at));
            }
            self.args.push(&self.line);
        }
        Ok(())
    }

    /// A line of a sign and a number.
    fn read_count(&mut self, sign: u8, at: u64) -> Result<u64, LoadError> {
        self.read_line(LINE_MAX)?;
        let digits = self.line.strip_prefix(&[sign]).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).ok_or_else(|| self.bad(at))
    }

    /// Reads a line; leaves it without its end.
    fn read_line(&mut self, max: u64) -> Result<(), LoadError> {
        let at = self.offset;
        self.line.clear();
        let read = (&mut self.source).take(max).read_until(b'\n', &mut self.line)? as u64;
        self.offset += read;
        if !self.line.ends_with(b"\n") {
            return Err(if read < max { LoadError::Truncated { offset: self.whole } } else { self.bad(at) });
        }
        if !self.line.ends_with(b"\r\n") {
            return Err(self.bad(at));
        }
        self.line.truncate(self.line.len() - 2);
        Ok(())
    }

    fn read_exact(&mut self, into: &mut [u8]) -> Result<bool, LoadError> {
        match self.source.read_exact(into) {
            Ok(()) => {
                self.offset += into.len() as u64;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn bad(&self, offset: u64) -> LoadError {
        LoadError::Format { offset, whole: self.whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n#TS:17\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n\
                         *1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*1\r\n$4\r\nEXEC\r\n*1\r\n$4\r\nPING\r\n";

    fn read(bytes: &[u8]) -> (Vec<String>, Option<LoadError>) {
        let mut reader = Reader::new(bytes, 0, bytes.len() as u64);
        let mut items = Vec::new();
        loop {
            match reader.next_item() {
                Ok(Some(Item::Command(argv))) => {
                    items.push(argv.iter().map(|arg| arg.escape_ascii().to_string()).collect::<Vec<_>>().join(" "))
                }
                Ok(Some(other)) => items.push(format!("{other:?}")),
                Ok(None) => return (items, None),
                Err(error) => return (items, Some(error)),
            }
        }
    }

    #[test]
    fn a_whole_log_is_read() {
        let (items, error) = read(LOG);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(items, ["SELECT 0", "Time(17)", "SET k \\r\\n", "MULTI", "INCR k", "EXEC", "PING"]);
    }

    #[test]
    fn every_cut_tells_where_the_whole_part_ends() {
        let wholes = [0, 23, 31, 59, 109];
        for cut in 0..LOG.len() {
            let (_, error) = read(&LOG[..cut]);
            let last = *wholes.iter().rev().find(|&&whole| whole <= cut).unwrap();
            match error {
                None => assert!(wholes.contains(&cut), "{cut}"),
                Some(LoadError::Truncated { offset }) => assert_eq!(offset, last as u64, "{cut}"),
                Some(other) => panic!("{cut}: {other}"),
            }
        }
    }

    #[test]
    fn what_no_server_writes_is_refused() {
        for (bytes, offset) in [
            (&b"!!!\r\n"[..], 0),
            (b"PING\r\n", 0),
            (b"*0\r\n", 0),
            (b"*-1\r\n", 0),
            (b"*1\n$4\nPING\n", 0),
            (b"*1\r\n:4\r\nPING\r\n", 4),
            (b"*1\r\n$3\r\nPING\r\n", 4),
            (b"*99999999999999999999\r\n", 0),
        ] {
            match read(bytes).1 {
                Some(LoadError::Format { offset: at, whole: 0 }) => assert_eq!(at, offset, "{}", bytes.escape_ascii()),
                other => panic!("{}: {other:?}", bytes.escape_ascii()),
            }
        }
        // A length beyond the file is a cut, and allocates nothing.
        let (_, error) = read(b"*1\r\n$9999999999999\r\nPING\r\n");
        assert!(matches!(error, Some(LoadError::Truncated { offset: 0 })), "{error:?}");
    }

    #[test]
    fn no_flipped_bit_panics() {
        for at in 0..LOG.len() * 8 {
            let mut bytes = LOG.to_vec();
            bytes[at / 8] ^= 1 << (at % 8);
            let _ = read(&bytes);
        }
    }
}
