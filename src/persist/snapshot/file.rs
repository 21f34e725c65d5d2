//! A file that gets its name once it is whole and on disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::util::crc::crc64;

/// Bytes after which a file is forced to disk where that is done piece by piece; Redis's figure.
const PIECE_BYTES: usize = 4 << 20;
/// Bytes that are written at once.
const WRITE_BYTES: usize = 64 << 10;
/// Names of temporary snapshots, as by Redis: the number of the process stands between, and a count if one is taken.
const TEMPORARY: (&str, &str) = ("temp-", ".rdb");

/// A file that is being written under a temporary name, and is deleted unless it is finished.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    temporary: Temporary,
    path: PathBuf,
    crc: Option<u64>,
    in_pieces: bool,
    buffer: Vec<u8>,
    unsynced: usize,
    bytes: u64,
}

/// Deleted when it is dropped.
#[derive(Debug)]
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!("cannot delete {}: {error}", path.display());
        }
    }
}

impl NewFile {
    /// Begins the file `path`. `checksum`: the CRC of its bytes is kept; `in_pieces`: it is forced to disk as it grows.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn create(path: &Path, checksum: bool, in_pieces: bool) -> io::Result<NewFile> {
        let (file, temporary) = create_temporary(path)?;
        Ok(NewFile {
            file,
            temporary: Temporary(Some(temporary)),
            path: path.to_owned(),
            crc: checksum.then_some(0),
            in_pieces,
            buffer: Vec::with_capacity(WRITE_BYTES),
            unsynced: 0,
            bytes: 0,
        })
    }

    /// Appends.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() >= WRITE_BYTES {
            self.flush()?;
        }
        if bytes.len() < WRITE_BYTES {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        self.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let written = self.write(&buffer);
        buffer.clear();
        self.buffer = buffer;
        written
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc = self.crc.map(|crc| crc64(crc, bytes));
        for piece in bytes.chunks(PIECE_BYTES) {
            self.file.write_all(piece)?;
            self.bytes += piece.len() as u64;
            self.unsynced += piece.len();
            if self.in_pieces && self.unsynced >= PIECE_BYTES {
                self.file.sync_data()?;
                self.unsynced = 0;
            }
        }
        Ok(())
    }

    /// Appends what `end` makes of the CRC of all before, forces the file to disk and gives it its name. Answers its length
    /// in bytes.
    ///
    /// # Errors
    /// Those of the system; a file that had the name before is still there then, unless the last step, which makes
    /// the name durable, has failed.
    pub(super) fn finish(mut self, end: impl FnOnce(Option<u64>) -> Vec<u8>) -> io::Result<u64> {
        self.flush()?;
        self.append(&end(self.crc))?;
        self.flush()?;
        self.file.sync_all()?;
        if let Some(temporary) = &self.temporary.0 {
            fs::rename(temporary, &self.path)?;
        }
        self.temporary.0 = None;
        let directory = self.path.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(self.bytes)
    }
}

/// A new file beside `path`.
fn create_temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    let process = std::process::id();
    let mut taken = 0;
    loop {
        let count = if taken == 0 { String::new() } else { format!("-{taken}") };
        let temporary = path.with_file_name(format!("{}{process}{count}{}", TEMPORARY.0, TEMPORARY.1));
        match File::create_new(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken += 1,
            created => return Ok((created?, temporary)),
        }
    }
}

/// Deletes the temporary snapshots that servers left behind in a directory which have ended midway.
pub fn remove_temporaries(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(process_of) else { continue };
        if process == std::process::id() || !Path::new("/proc").join(process.to_string()).exists() {
            drop(Temporary(Some(entry.path())));
        }
    }
}

/// The number of the process that a temporary file is named after.
fn process_of(name: &str) -> Option<u32> {
    let numbers = name.strip_prefix(TEMPORARY.0)?.strip_suffix(TEMPORARY.1)?;
    numbers.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_gets_its_name_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dump.rdb");
        let big = vec![7; WRITE_BYTES + 1];
        for checksum in [true, false] {
            let mut file = NewFile::create(&path, checksum, true).unwrap();
            for part in [b"small".as_slice(), &big, b"", b"last"] {
                file.append(part).unwrap();
            }
            assert!(!checksum || !path.exists());
            let all = [b"small".as_slice(), &big, b"last"].concat();
            let len = file.finish(|crc| format!("{crc:?}").into_bytes()).unwrap();
            let crc = checksum.then(|| crc64(0, &all));
            assert_eq!(fs::read(&path).unwrap(), [all, format!("{crc:?}").into_bytes()].concat());
            assert_eq!(len, fs::metadata(&path).unwrap().len());
            assert_eq!(names(directory.path()), ["dump.rdb"]);
        }
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dump.rdb");
        fs::write(&path, b"old").unwrap();
        NewFile::create(&path, true, true).unwrap().append(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["dump.rdb"]);
        let two = [1, 2].map(|_| NewFile::create(&path, true, true).unwrap());
        let process = std::process::id();
        let expected = ["dump.rdb".to_owned(), format!("temp-{process}-1.rdb"), format!("temp-{process}.rdb")];
        assert_eq!(names(directory.path()), expected);
        drop(two);
        assert_eq!(names(directory.path()), ["dump.rdb"]);
        assert!(NewFile::create(&directory.path().join("nowhere/dump.rdb"), true, true).is_err());
    }

    #[test]
    fn only_temporaries_of_the_dead_are_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let dead = "temp-4194305-3.rdb";
        let alive = format!("temp-{}.rdb", std::os::unix::process::parent_id());
        for name in [dead, &alive, "temp-x.rdb", "dump.rdb", "temp-12.aof"] {
            fs::write(directory.path().join(name), b"").unwrap();
        }
        remove_temporaries(directory.path());
        let mut left = vec!["dump.rdb".to_owned(), alive, "temp-12.aof".to_owned(), "temp-x.rdb".to_owned()];
        left.sort();
        assert_eq!(names(directory.path()), left);
    }
}
