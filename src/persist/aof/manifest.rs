//! The manifest: which files make the log, and in which order. Redis 7's text format:
//! `file NAME seq N type T`, one line a file, where T is `b` (base), `i` (incremental) or `h` (history: to be deleted).
//!
//! Source: the layout that redis-server 7.0 writes and accepts, found by trying.

use std::fmt::Write;
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::util::split_args::split_args;

/// Bytes of a line, its end included.
const LINE_MAX: usize = 1024;

/// One file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name in the log's directory.
    pub name: String,
    /// Its number among those of its kind.
    pub seq: u64,
}

/// The files of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The data set at some point.
    pub base: Option<Named>,
    /// What happened since, in order.
    pub incremental: Vec<Named>,
    /// What is no longer needed.
    pub history: Vec<Named>,
    /// The highest number of a base so far.
    base_seq: u64,
    /// The highest number of an incremental file so far.
    incremental_seq: u64,
}

/// How a base is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseFormat {
    /// A snapshot.
    Rdb,
    /// Commands.
    Aof,
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Fault {
    #[error("Found an empty AOF manifest")]
    Empty,
    #[error("Invalid AOF manifest file format")]
    Format,
    #[error("The AOF manifest file contains too long line")]
    LongLine,
    #[error("Unknown AOF file type")]
    Type,
    #[error("Found duplicate base file information")]
    TwoBases,
    #[error("Found a non-monotonic sequence number")]
    Order,
}

/// A line of a manifest at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}, in line {line}: '{text}'")]
pub struct ManifestError {
    /// What is wrong.
    pub fault: Fault,
    /// The line, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl Manifest {
    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or is no manifest.
    pub fn read(path: &Path) -> io::Result<Option<Manifest>> {
        match std::fs::read(path) {
            Ok(text) => Manifest::parse(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// The first line at fault.
    pub fn parse(text: &[u8]) -> Result<Manifest, ManifestError> {
        let mut manifest = Manifest::default();
        let mut lines = 0;
        for (at, line) in text.split_inclusive(|&b| b == b'\n').enumerate() {
            let fail =
                |fault| ManifestError { fault, line: at + 1, text: String::from_utf8_lossy(line.trim_ascii()).into() };
            lines += 1;
            if line.starts_with(b"#") {
                continue;
            }
            if line.len() > LINE_MAX {
                return Err(fail(Fault::LongLine));
            }
            if !line.ends_with(b"\n") {
                return Err(fail(Fault::Format));
            }
            manifest.add_line(line).map_err(fail)?;
        }
        match lines {
            0 => Err(ManifestError { fault: Fault::Empty, line: 0, text: String::new() }),
            _ => Ok(manifest),
        }
    }

    fn add_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let words = split_args(line.trim_ascii()).ok_or(Fault::Format)?;
        if words.len() < 6 || words.len() % 2 == 1 {
            return Err(Fault::Format);
        }
        let (mut name, mut seq, mut kind) = (None, 0, None);
        // Pairs with other names are those of later versions.
        for pair in words.chunks_exact(2) {
            let value = std::str::from_utf8(&pair[1]).map_err(|_| Fault::Format)?;
            match pair[0].to_ascii_lowercase().as_slice() {
                b"file" if value.contains('/') => return Err(Fault::Format),
                b"file" => name = Some(value.to_owned()),
                b"seq" => seq = value.parse().map_err(|_| Fault::Format)?,
                b"type" => kind = value.bytes().next(),
                _ => {}
            }
        }
        let (Some(name), Some(kind), 1..) = (name, kind, seq) else { return Err(Fault::Format) };
        let named = Named { name, seq };
        match kind {
            b'b' if self.base.is_some() => return Err(Fault::TwoBases),
            b'b' => {
                self.base_seq = seq;
                self.base = Some(named);
            }
            b'h' => self.history.push(named),
            b'i' if seq <= self.incremental_seq => return Err(Fault::Order),
            b'i' => {
                self.incremental_seq = seq;
                self.incremental.push(named);
            }
            _ => return Err(Fault::Type),
        }
        Ok(())
    }

    /// The manifest of a log that was one file: it becomes the base.
    #[must_use]
    pub fn of_one_file(name: &str) -> Manifest {
        let base = Some(Named { name: name.to_owned(), seq: 1 });
        Manifest { base, base_seq: 1, ..Manifest::default() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let base = self.base.iter().map(|file| (file, 'b'));
        let history = self.history.iter().map(|file| (file, 'h'));
        let incremental = self.incremental.iter().map(|file| (file, 'i'));
        for (Named { name, seq }, kind) in base.chain(history).chain(incremental) {
            let _ = writeln!(text, "file {} seq {seq} type {kind}", quoted(name));
        }
        text
    }

    /// Every file that is to be loaded, in order.
    pub fn loaded(&self) -> impl ExactSizeIterator<Item = &Named> + Clone {
        let all: Vec<&Named> = self.base.iter().chain(&self.incremental).collect();
        all.into_iter()
    }

    /// The file that is being appended to.
    #[must_use]
    pub fn last_incremental(&self) -> Option<&Named> {
        self.incremental.last()
    }

    /// Whether it names no data at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.incremental.is_empty()
    }

    /// Adds the next incremental file; answers its name. `stem`: `appendfilename`.
    pub fn add_incremental(&mut self, stem: &str) -> String {
        self.incremental_seq += 1;
        let name = format!("{stem}.{}.incr.aof", self.incremental_seq);
        self.incremental.push(Named { name: name.clone(), seq: self.incremental_seq });
        name
    }

    /// The name that the next base will have.
    #[must_use]
    pub fn next_base_name(&self, stem: &str, format: BaseFormat) -> String {
        let suffix = match format {
            BaseFormat::Rdb => "rdb",
            BaseFormat::Aof => "aof",
        };
        format!("{stem}.{}.base.{suffix}", self.base_seq + 1)
    }

    /// Puts a new base in place, which stands for the old one and for all incremental files but the last `kept`.
    pub fn replace_base(&mut self, stem: &str, format: BaseFormat, kept: usize) {
        let name = self.next_base_name(stem, format);
        self.base_seq += 1;
        let old = self.incremental.len().saturating_sub(kept);
        // What was used last stands first, as Redis has it.
        let base = self.base.replace(Named { name, seq: self.base_seq });
        self.history.splice(..0, self.incremental.drain(..old).rev().chain(base));
    }
}

/// A name as a line has it: in quotes where it would be more than one word.
fn quoted(name: &str) -> String {
    let is_plain =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\'' && b != b'\\');
    if is_plain {
        return name.to_owned();
    }
    let mut text = Vec::new();
    crate::util::quote::write_quoted(&mut text, name.as_bytes());
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "file appendonly.aof.2.base.rdb seq 2 type b\n\
                        file appendonly.aof.1.incr.aof seq 1 type h\n\
                        file appendonly.aof.4.incr.aof seq 4 type i\n\
                        file appendonly.aof.7.incr.aof seq 7 type i\n";

    #[test]
    fn what_is_written_is_read() {
        let manifest = Manifest::parse(TEXT.as_bytes()).unwrap();
        assert_eq!(manifest.text(), TEXT);
        assert_eq!(manifest.loaded().map(|file| file.seq).collect::<Vec<_>>(), [2, 4, 7]);
    }

    #[test]
    fn files_follow_each_other() {
        let mut manifest = Manifest::default();
        assert_eq!(manifest.next_base_name("a b", BaseFormat::Aof), "a b.1.base.aof");
        manifest.replace_base("a b", BaseFormat::Aof, 0);
        assert_eq!(manifest.add_incremental("a b"), "a b.1.incr.aof");
        assert_eq!(manifest.text(), "file \"a b.1.base.aof\" seq 1 type b\nfile \"a b.1.incr.aof\" seq 1 type i\n");
        assert_eq!(Manifest::parse(manifest.text().as_bytes()), Ok(manifest.clone()));
        manifest.add_incremental("a b");
        manifest.replace_base("a b", BaseFormat::Rdb, 1);
        assert_eq!(manifest.base.as_ref().map(|base| &*base.name), Some("a b.2.base.rdb"));
        assert_eq!((manifest.incremental.len(), manifest.history.len()), (1, 2));
        let history: Vec<_> = manifest.history.iter().map(|file| &*file.name).collect();
        assert_eq!(history, ["a b.1.incr.aof", "a b.1.base.aof"], "what was used last stands first");
    }

    #[test]
    fn faults_are_named() {
        let long = format!("file {} seq 1 type b\n", "x".repeat(LINE_MAX));
        for (text, fault, line) in [
            ("", Fault::Empty, 0),
            ("\n", Fault::Format, 1),
            ("file a seq 1 type i", Fault::Format, 1),
            ("file a seq 1 type\n", Fault::Format, 1),
            ("file a/b seq 1 type i\n", Fault::Format, 1),
            ("file a seq 0 type i\n", Fault::Format, 1),
            ("file a seq x type i\n", Fault::Format, 1),
            ("file a seq 1 type q\n", Fault::Type, 1),
            ("#\nfile a seq 1 type b\nfile b seq 2 type b\n", Fault::TwoBases, 3),
            ("file a seq 2 type i\nfile b seq 2 type i\n", Fault::Order, 2),
            (&long, Fault::LongLine, 1),
        ] {
            let error = Manifest::parse(text.as_bytes()).unwrap_err();
            assert_eq!((error.fault, error.line), (fault, line), "{text:?}");
        }
        let newer = Manifest::parse(b"file a seq 1 type b newkey newvalue\n").unwrap();
        assert_eq!(newer.base.map(|base| base.name), Some("a".to_owned()));
    }
}
