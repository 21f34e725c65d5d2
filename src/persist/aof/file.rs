//! The files below the log: a small trait, so that tests can put faults between, and what a directory needs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::util::os;

/// A file that is only appended to.
pub trait LogFile: Send + std::fmt::Debug {
    /// Appends some of `bytes`; answers how many.
    ///
    /// # Errors
    /// Those of the system.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Forces what was appended to the disk.
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file off behind `len` bytes.
    ///
    /// # Errors
    /// Those of the system.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

impl LogFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

type OpenFn = dyn Fn(&Path) -> io::Result<(Box<dyn LogFile>, u64)> + Send;

/// Opens a log to append to; answers its length too. A test puts its own in the place of [`Open::real`].
pub struct Open(pub Box<OpenFn>);

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Open")
    }
}

impl Open {
    /// Real files.
    #[must_use]
    pub fn real() -> Open {
        Open(Box::new(|path| {
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            let len = file.metadata()?.len();
            Ok((Box::new(file), len))
        }))
    }
}

/// Cuts a file off behind `len` bytes, on the disk too.
///
/// # Errors
/// Those of the system.
pub fn cut_off(path: &Path, len: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(len)?;
    file.sync_all()
}

/// The log's directory, which no other server uses at the same time.
#[derive(Debug)]
pub struct Dir {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Dir {
    /// Makes the directory, if it is not there, and takes it.
    ///
    /// # Errors
    /// Those of the system, and when another server has it.
    pub fn take(path: &Path) -> io::Result<Dir> {
        fs::create_dir_all(path)?;
        let lock = File::open(path)?;
        if !os::lock_file(&lock)? {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another server uses this directory"));
        }
        Ok(Dir { path: path.to_owned(), _lock: lock })
    }

    /// Where a file of it is.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Forces the names of its files to the disk.
    ///
    /// # Errors
    /// Those of the system.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Puts `text` in the place of a file, all at once.
    ///
    /// # Errors
    /// Those of the system; the file is then as it was.
    pub fn replace(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let temporary = self.file(&format!("temp-{name}"));
        let mut file = File::create(&temporary)?;
        let written = file.write_all(text).and_then(|()| file.sync_all());
        let done = written.and_then(|()| fs::rename(&temporary, self.file(name)));
        if done.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        done?;
        self.sync()
    }

    /// Deletes a file, if it is there.
    pub fn remove(&self, name: &str) {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("cannot delete {}: {error}", self.file(name).display());
            }
            _ => {}
        }
    }

    /// Deletes what a server that ended midway has left behind.
    pub fn remove_temporaries(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for name in entries.flatten().map(|entry| entry.file_name()) {
            if let Some(name) = name.to_str().filter(|name| name.starts_with("temp-")) {
                self.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_server() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("log");
        let first = Dir::take(&path).unwrap();
        assert_eq!(Dir::take(&path).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        Dir::take(&path).unwrap();
    }

    #[test]
    fn a_replaced_file_leaves_nothing_behind() {
        let parent = tempfile::tempdir().unwrap();
        let dir = Dir::take(parent.path()).unwrap();
        dir.replace("m", b"one").unwrap();
        dir.replace("m", b"two").unwrap();
        assert_eq!(fs::read(dir.file("m")).unwrap(), b"two");
        fs::write(dir.file("temp-x"), b"").unwrap();
        dir.remove_temporaries();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
