//! The one who writes: effects from the journal become bytes of the current incremental file, whole or not at all.
//!
//! What is not yet forced to the disk stays in memory. After a failed write the file is cut back to its last whole
//! effect; after a failed sync the kernel may have dropped pages that it calls clean, so the file is cut back to what is
//! known to be on disk, and the rest is written again.

use std::io;

use super::file::{Dir, LogFile, Open};
use super::manifest::{BaseFormat, Manifest};
use crate::journal::{Batch, Journal, Recorded};
use crate::resp::write_request;

/// Bytes not yet on disk from which nothing more is taken from the journal.
pub(super) const PENDING_MAX: usize = 64 * 1024 * 1024;
/// Memory that an idle buffer keeps, in bytes.
const IDLE_BYTES: usize = 1024 * 1024;

/// The log's files, and what is on its way into them.
#[derive(Debug)]
pub struct Writer {
    dir: Dir,
    /// `appendfilename`.
    stem: String,
    open: Open,
    manifest: Manifest,
    /// The manifest is in place.
    is_named: bool,
    batch: Option<Batch>,
    file: Box<dyn LogFile>,
    /// Bytes of the file that stay, whatever fails.
    kept: u64,
    /// What follows them: the first `written` bytes are in the file.
    pending: Vec<u8>,
    written: usize,
    /// The database that the file's last command left selected.
    selected: Option<usize>,
    /// The last time put into the file, in seconds since 1970.
    told_s: u64,
    /// Number of the last effect in `pending`, in the file, on disk.
    taken: u64,
    in_file: u64,
    on_disk: u64,
    /// Bytes of the files before this one.
    earlier_bytes: u64,
}

impl Writer {
    /// Opens the file that `manifest` names last, and puts the manifest in place. `stem`: `appendfilename`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(dir: Dir, stem: &str, open: Open, manifest: Manifest) -> io::Result<Writer> {
        let mut writer = Writer::open_unnamed(dir, stem, open, manifest)?;
        writer.name()?;
        Ok(writer)
    }

    /// The same for a log that has yet to get its base: no manifest names its file before that.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open_unnamed(dir: Dir, stem: &str, open: Open, manifest: Manifest) -> io::Result<Writer> {
        let name = &manifest.last_incremental().expect("a log that is written has a file to append to").name;
        let (file, kept) = (open.0)(&dir.file(name))?;
        let mut writer = Writer {
            dir,
            stem: stem.to_owned(),
            open,
            manifest,
            is_named: false,
            batch: None,
            file,
            kept,
            pending: Vec::new(),
            written: 0,
            selected: None,
            told_s: 0,
            taken: 0,
            in_file: 0,
            on_disk: 0,
            earlier_bytes: 0,
        };
        writer.measure();
        Ok(writer)
    }

    /// Begins behind what the journal has recorded so far. The caller holds every shard.
    pub fn attach(&mut self, journal: &Journal) {
        let batch = journal.reader();
        (self.taken, self.in_file, self.on_disk) = (batch.read(), batch.read(), batch.read());
        self.batch = Some(batch);
    }

    /// Puts the manifest in place.
    fn name(&mut self) -> io::Result<()> {
        self.dir.replace(&self.manifest_name(), self.manifest.text().as_bytes())?;
        self.is_named = true;
        Ok(())
    }

    /// Deletes the file of a log that never got its base.
    pub fn discard(self) {
        if let Some(file) = self.manifest.last_incremental().filter(|_| !self.is_named) {
            tracing::warn!("Removing the temp incr aof file {}", file.name);
            self.dir.remove(&file.name);
        }
    }

    /// Whether the log is new and without its first base.
    #[must_use]
    pub fn lacks_base(&self) -> bool {
        !self.is_named
    }

    fn manifest_name(&self) -> String {
        manifest_name(&self.stem)
    }

    /// Adds up the files that are not being appended to.
    fn measure(&mut self) {
        let len = |name: &str| std::fs::metadata(self.dir.file(name)).map_or(0, |file| file.len());
        let others = self.manifest.incremental.iter().rev().skip(1);
        self.earlier_bytes = self.manifest.base.iter().chain(others).map(|file| len(&file.name)).sum();
    }

    /// The log's directory.
    #[must_use]
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Which files make the log.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Bytes of all files, and of what is in none yet.
    #[must_use]
    pub fn sizes(&self) -> [u64; 2] {
        let written = self.kept + self.written as u64;
        [self.earlier_bytes + written, (self.pending.len() - self.written) as u64]
    }

    /// Numbers of the last effect in the file, and of the last on disk.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.in_file, self.on_disk)
    }

    /// Whether something waits to be written or to be forced to the disk.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Bytes that wait to be forced to the disk.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Takes what the journal has, up to and with number `until`. `timed`: tells when it happened.
    pub fn take(&mut self, journal: &Journal, until: u64, timed: bool) {
        if self.pending.len() - self.written >= PENDING_MAX {
            return;
        }
        let Writer { batch: Some(batch), pending, selected, told_s, .. } = self else { return };
        journal.collect(batch);
        batch.read_until(until, |effect| write_effect(effect, pending, selected, timed.then_some(told_s)));
        if batch.read() == self.taken && pending.is_empty() && pending.capacity() > IDLE_BYTES {
            *pending = Vec::new();
        }
        self.taken = batch.read();
    }

    /// Writes what was taken.
    ///
    /// # Errors
    /// Those of the system: nothing of what could not be written whole is in the file, and it is tried again next time.
    pub fn write(&mut self) -> io::Result<()> {
        let start = self.written;
        while self.written < self.pending.len() {
            let error = match self.file.append(&self.pending[self.written..]) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(count) => {
                    self.written += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            // Where it cannot be cut back, the next try goes on in the middle.
            if self.written > start && self.file.truncate(self.kept + start as u64).is_ok() {
                self.written = start;
            }
            return Err(error);
        }
        self.in_file = self.taken;
        Ok(())
    }

    /// Forces what is written to the disk.
    ///
    /// # Errors
    /// Those of the system: what is not known to be on disk is written again next time.
    pub fn sync(&mut self) -> io::Result<()> {
        if let Err(error) = self.file.sync() {
            if self.file.truncate(self.kept).is_ok() {
                self.written = 0;
                self.in_file = self.on_disk;
            }
            return Err(error);
        }
        self.let_go();
        self.on_disk = self.in_file;
        Ok(())
    }

    /// Leaves it to the system when what is written gets to the disk.
    pub fn let_go(&mut self) {
        self.kept += self.written as u64;
        self.pending.drain(..self.written);
        self.written = 0;
    }

    /// Goes on in a new incremental file. What was taken before is written and on disk.
    ///
    /// # Errors
    /// Those of the system: it goes on in the old file.
    pub fn switch(&mut self) -> io::Result<()> {
        let mut manifest = self.manifest.clone();
        let name = manifest.add_incremental(&self.stem);
        let (file, kept) = (self.open.0)(&self.dir.file(&name))?;
        let named = match self.is_named {
            true => self.dir.replace(&self.manifest_name(), manifest.text().as_bytes()),
            false => Ok(()),
        };
        if let Err(error) = named {
            self.dir.remove(&name);
            return Err(error);
        }
        (self.manifest, self.file, self.kept) = (manifest, file, kept);
        (self.selected, self.told_s) = (None, 0);
        self.measure();
        Ok(())
    }

    /// Puts a new base, which is in the file `temporary`, in the place of the old one and of all files but the current.
    ///
    /// # Errors
    /// Those of the system: the log is as it was.
    pub fn replace_base(&mut self, temporary: &str, format: BaseFormat) -> io::Result<()> {
        let mut manifest = self.manifest.clone();
        let name = manifest.next_base_name(&self.stem, format);
        manifest.replace_base(&self.stem, format, 1);
        std::fs::rename(self.dir.file(temporary), self.dir.file(&name))?;
        self.dir.sync()?;
        if let Err(error) = self.dir.replace(&self.manifest_name(), manifest.text().as_bytes()) {
            self.dir.remove(&name);
            return Err(error);
        }
        (self.manifest, self.is_named) = (manifest, true);
        self.measure();
        Ok(())
    }

    /// Deletes the files that a new base has made needless.
    pub fn remove_history(&mut self) {
        if self.manifest.history.is_empty() {
            return;
        }
        for file in std::mem::take(&mut self.manifest.history) {
            self.dir.remove(&file.name);
        }
        if let Err(error) = self.dir.replace(&self.manifest_name(), self.manifest.text().as_bytes()) {
            tracing::warn!("cannot rewrite the AOF manifest: {error}");
        }
    }
}

/// The name of a log's manifest.
#[must_use]
pub fn manifest_name(stem: &str) -> String {
    format!("{stem}.manifest")
}

/// Writes an effect as the file has it.
fn write_effect(effect: Recorded<'_>, out: &mut Vec<u8>, selected: &mut Option<usize>, told_s: Option<&mut u64>) {
    let at_s = effect.at_ms() / 1000;
    if let Some(told_s) = told_s.filter(|told_s| **told_s != at_s) {
        *told_s = at_s;
        out.extend_from_slice(b"#TS:");
        out.extend_from_slice(itoa::Buffer::new().format(at_s).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let is_unit = effect.is_unit();
    for (at, (db, bytes)) in effect.parts().enumerate() {
        if *selected != Some(db) {
            *selected = Some(db);
            write_request(&[b"SELECT", itoa::Buffer::new().format(db).as_bytes()], out);
        }
        // Behind the SELECT, as Redis has it.
        if is_unit && at == 0 {
            out.extend_from_slice(b"*1\r\n$5\r\nMULTI\r\n");
        }
        out.extend_from_slice(bytes);
    }
    if is_unit {
        out.extend_from_slice(b"*1\r\n$4\r\nEXEC\r\n");
    }
}
