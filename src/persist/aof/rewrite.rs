//! A new base: all entries as they are at one point, written to a temporary file while the server goes on. And who asks
//! for one: the jobs of the thread that writes them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::commands::write_entry;
use super::writer::Writer;
use crate::keyspace::EntryRef;
use crate::keyspace::snapshot::{Chunk, Sink};
use crate::resp::write_request;
use crate::util::sync::lock;

/// Bytes written to the file at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// The file of a base of commands that is being written. One of a snapshot is [`crate::persist::snapshot`]'s.
#[derive(Debug)]
pub struct Base(Mutex<Out>);

#[derive(Debug)]
struct Out {
    file: BufWriter<File>,
    db: Option<usize>,
    failed: Option<io::Error>,
}

impl Base {
    /// Makes the file. `time_s`: the time that its head tells, in seconds since 1970.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create(path: &Path, time_s: Option<u64>) -> io::Result<Arc<Base>> {
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
        if let Some(time_s) = time_s {
            write!(file, "#TS:{time_s}\r\n")?;
        }
        Ok(Arc::new(Base(Mutex::new(Out { file, db: None, failed: None }))))
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        lock(&self.0)
    }

    /// Adds a library of functions, by its code.
    pub fn add_function(&self, code: &[u8]) {
        self.out().put(&[b"FUNCTION", b"LOAD", code]);
    }

    /// Ends the file and forces it to the disk.
    ///
    /// # Errors
    /// The first one since it was made.
    pub fn finish(&self) -> io::Result<()> {
        let mut out = self.out();
        if let Some(error) = out.failed.take() {
            return Err(error);
        }
        out.file.flush()?;
        out.file.get_ref().sync_all()
    }
}

impl Out {
    fn put(&mut self, words: &[&[u8]]) {
        let mut bytes = Vec::new();
        write_request(words, &mut bytes);
        self.write(&bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(bytes).err();
        }
    }
}

/// The base as a snapshot fills it.
#[derive(Debug)]
pub struct BaseSink(pub Arc<Base>);

impl Sink for BaseSink {
    fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>) {
        write_entry(out, entry);
    }

    fn deliver(&self, chunk: Chunk) {
        let mut out = self.0.out();
        if out.db != Some(chunk.db) {
            out.db = Some(chunk.db);
            out.put(&[b"SELECT", itoa::Buffer::new().format(chunk.db).as_bytes()]);
        }
        out.write(&chunk.entries);
    }
}

/// What the thread that writes bases is to do.
#[derive(Debug)]
pub enum Job {
    /// A new base for the log as it runs, or for one that is off.
    Rewrite,
    /// The first base of a log that begins now, with this writer.
    Start(Box<Writer>),
    /// The server ends.
    End,
}

/// Asks for bases, and what became of them.
#[derive(Debug, Default)]
pub struct Rewrite {
    job: Mutex<Option<Job>>,
    asked: Condvar,
    /// One is being written, or is about to be.
    is_busy: AtomicBool,
    is_cancelled: AtomicBool,
    /// When the running one began, in milliseconds since 1970.
    pub started_at_ms: AtomicU64,
    /// How long the last one took, in milliseconds; one less than that where there was none.
    last_ms_plus_one: AtomicI64,
    last_failed: AtomicBool,
    /// How many have been begun.
    pub count: AtomicU64,
    /// Failures since the last that went well, and when the last was, in milliseconds since 1970.
    pub failures: AtomicU64,
    /// The second of the two.
    pub failed_at_ms: AtomicU64,
    /// The server's log has heard that a rewrite waits since others have failed.
    pub told_rest: AtomicBool,
    /// Bytes of the log after the last one, from which its growth is counted.
    pub size: AtomicU64,
}

impl Rewrite {
    /// Leaves a job to the thread; false when it has one.
    pub fn ask(&self, job: Job) -> bool {
        let mut waiting = lock(&self.job);
        let ends = matches!(job, Job::End);
        if self.is_busy.swap(true, Relaxed) && !ends {
            return false;
        }
        self.is_cancelled.store(ends, Relaxed);
        *waiting = Some(job);
        self.asked.notify_all();
        true
    }

    /// Waits for a job.
    pub fn next_job(&self) -> Job {
        let mut waiting = lock(&self.job);
        loop {
            match waiting.take() {
                Some(job) => return job,
                None => waiting = self.asked.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Whether one is being written.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_busy.load(Relaxed)
    }

    /// The running one is not wanted any more.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Relaxed);
    }

    /// Whether that is so.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Relaxed)
    }

    /// Notes the beginning of a job.
    pub fn begun(&self, now_ms: u64) {
        self.started_at_ms.store(now_ms, Relaxed);
        self.count.fetch_add(1, Relaxed);
    }

    /// Notes the end of a job.
    pub fn ended(&self, now_ms: u64, went_well: bool) {
        let took_ms = now_ms.saturating_sub(self.started_at_ms.load(Relaxed));
        self.last_ms_plus_one.store(took_ms as i64 + 1, Relaxed);
        self.last_failed.store(!went_well, Relaxed);
        self.told_rest.store(false, Relaxed);
        if went_well {
            self.failures.store(0, Relaxed);
        } else {
            self.failures.fetch_add(1, Relaxed);
            self.failed_at_ms.store(now_ms, Relaxed);
        }
        self.is_busy.store(false, Relaxed);
    }

    /// How long the last one took, in milliseconds; -1 where there was none.
    #[must_use]
    pub fn last_ms(&self) -> i64 {
        self.last_ms_plus_one.load(Relaxed) - 1
    }

    /// Whether the last one failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.last_failed.load(Relaxed)
    }
}
