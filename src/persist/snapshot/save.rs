//! One save: its point in time, the threads that take the entries, the one that writes.

use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::file::NewFile;
use crate::keyspace::snapshot::{Chunk, Saver, Sink, Snapshot};
use crate::keyspace::{Access, EntryRef, Keyspace, Locked, ShardId};
use crate::persist::rdb::{Encoder, Options};
use crate::util::sync::lock;
use crate::util::{os, task};

/// Pieces of about a quarter of a megabyte that may wait to be written; a large collection is one piece.
const QUEUE_CHUNKS: usize = 32;

/// What to write, and how.
#[derive(Debug)]
pub struct Plan {
    /// The file, from the root.
    pub path: PathBuf,
    /// How entries are encoded.
    pub options: Options,
    /// The file ends with a checksum.
    pub checksum: bool,
    /// It is forced to disk as it grows.
    pub in_pieces: bool,
    /// What is told of the use of keys.
    pub usage: Usage,
    /// Facts at the head of the file, by name.
    pub facts: Vec<(&'static str, String)>,
    /// The code of the libraries of functions.
    pub functions: Vec<Vec<u8>>,
    /// Microseconds to wait for each key, for tests.
    pub delay_us: u64,
    /// Threads that take entries, beside the one that writes.
    pub threads: usize,
}

/// What a file tells of how its keys are used.
#[derive(Debug, Clone, Copy)]
pub enum Usage {
    /// Nothing.
    Untold,
    /// How long ago, or how often, as the server keeps it.
    Told(Access),
}

/// Why there is no file.
#[derive(Debug)]
pub enum SaveError {
    /// The system's reason.
    Io(io::Error),
    /// Nobody wants it any more.
    Cancelled,
}

impl From<io::Error> for SaveError {
    fn from(error: io::Error) -> Self {
        SaveError::Io(error)
    }
}

/// What a save made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Entries.
    pub keys: u64,
    /// Length of the file.
    pub bytes: u64,
}

enum Message {
    Chunk(Chunk),
    /// Nothing comes behind.
    End,
}

/// Shared by all threads of a save.
#[derive(Debug, Default)]
struct Shared {
    saved_keys: AtomicU64,
    /// Microseconds to wait for each key, for tests.
    delay_us: AtomicU64,
    stopped: Mutex<Option<Stop>>,
    /// Raised when one of the two is another.
    hurried: Condvar,
}

/// Why a save ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nobody wants it any more.
    Cancelled,
    /// A test wants it to fail.
    Failed,
}

/// Reaches a save that runs.
#[derive(Debug, Clone)]
pub struct Handle {
    snapshot: Arc<Snapshot>,
    shared: Arc<Shared>,
}

impl Handle {
    /// Begins a snapshot whose keys are counted on their way to `sink`, which waits `delay_us` for each. All shards are
    /// locked.
    ///
    /// # Panics
    /// Unless all shards are locked.
    pub fn begin(locked: &mut Locked<'_>, sink: impl Sink + 'static, delay_us: u64) -> Handle {
        let shared = Arc::new(Shared { delay_us: delay_us.into(), ..Shared::default() });
        let counted = Counted { sink, shared: Arc::clone(&shared) };
        Handle { snapshot: Snapshot::begin(locked, Box::new(counted)), shared }
    }

    /// The snapshot that savers go along.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Ends it soon, without a file.
    pub fn cancel(&self) {
        self.stop(Stop::Cancelled);
    }

    /// Makes it fail, for tests.
    pub fn fail(&self) {
        self.stop(Stop::Failed);
    }

    fn stop(&self, why: Stop) {
        self.snapshot.cancel();
        self.shared.stopped().get_or_insert(why);
        self.shared.hurried.notify_all();
    }

    /// Changes the time that is waited for each key, in microseconds.
    pub fn set_delay(&self, delay_us: u64) {
        let _nobody_looks_now = self.shared.stopped();
        self.shared.delay_us.store(delay_us, Relaxed);
        self.shared.hurried.notify_all();
    }

    /// Why it has ended early.
    fn reason(&self) -> SaveError {
        let why = *self.shared.stopped();
        match why {
            Some(Stop::Cancelled) => SaveError::Cancelled,
            Some(Stop::Failed) => SaveError::Io(io::Error::other("it was made to fail")),
            None => SaveError::Io(io::Error::other("an entry could not be encoded")),
        }
    }

    /// Keys saved so far, and keys in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.shared.saved_keys.load(Relaxed), self.snapshot.keys() as u64)
    }

    /// Bytes that writers have handed over and that are still in memory, now and at the most.
    #[must_use]
    pub fn early_bytes(&self) -> (u64, u64) {
        self.snapshot.early_bytes()
    }
}

/// A snapshot that has begun and is to be written.
#[derive(Debug)]
pub struct Save {
    plan: Plan,
    handle: Handle,
    messages: Receiver<Message>,
    sender: SyncSender<Message>,
    /// Keys of each database, and how many of them expire.
    sizes: Vec<(usize, usize)>,
    has_field_expiry: bool,
}

impl Save {
    /// Begins: what the databases hold now is what will be in the file. All shards are locked, so whatever else belongs to
    /// this point in time (a number in the journal) may be noted before they are let go.
    ///
    /// # Panics
    /// Unless all shards are locked.
    #[must_use]
    pub fn begin(plan: Plan, locked: &mut Locked<'_>) -> Save {
        let (sender, messages) = sync_channel(QUEUE_CHUNKS);
        let mut sizes = Vec::new();
        let mut has_field_expiry = false;
        for (number, db) in locked.guards_mut().flat_map(|guard| guard.dbs().collect::<Vec<_>>()) {
            sizes.resize(sizes.len().max(number + 1), (0, 0));
            sizes[number].0 += db.len();
            sizes[number].1 += db.expires_len();
            has_field_expiry |= db.field_expires_len() > 0;
        }
        let sink = RdbSink { options: plan.options, usage: plan.usage, sender: sender.clone() };
        let handle = Handle::begin(locked, sink, plan.delay_us);
        Save { plan, handle, messages, sender, sizes, has_field_expiry }
    }

    /// Reaches it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Writes the file; blocks the thread meanwhile. Locking: the shards, each for one batch of entries at a time. The
    /// caller holds none.
    ///
    /// # Errors
    /// When there is no file: a file that had its name before is still there.
    pub fn run(self, keyspace: &Keyspace) -> Result<Saved, SaveError> {
        let threads = self.plan.threads.max(1);
        let (next, working) = (AtomicUsize::new(0), AtomicUsize::new(threads));
        let (snapshot, sender) = (&*self.handle.snapshot, &self.sender);
        let save = |_| {
            os::lower_priority();
            let mut saver = Saver::new(snapshot);
            while let Some(id) = shard(next.fetch_add(1, Relaxed), keyspace) {
                // A fault in the encoder has cancelled the snapshot: the second round only takes its marks away.
                while catch_unwind(AssertUnwindSafe(|| saver.save_shard(keyspace, id))).is_err() {
                    saver = Saver::new(snapshot);
                }
            }
            if working.fetch_sub(1, SeqCst) == 1 {
                snapshot.wait();
                // The writer listens until it has this.
                let _ = sender.send(Message::End);
            }
        };
        let (plan, sizes) = (&self.plan, &self.sizes);
        let encoder = Encoder::new(plan.options);
        let version = encoder.file_version(self.has_field_expiry);
        let written = task::beside("save", threads, save, || {
            let written = write(plan, encoder, version, sizes, &self.messages);
            if written.is_err() {
                snapshot.cancel();
                // The savers go to the end, and whoever waits for room gets it.
                while let Ok(Message::Chunk(_)) = self.messages.recv() {}
            }
            written
        });
        let (file, end) = written?;
        if snapshot.is_cancelled() {
            return Err(self.handle.reason());
        }
        let bytes = file.finish(end)?;
        Ok(Saved { keys: self.handle.progress().0, bytes })
    }
}

fn shard(number: usize, keyspace: &Keyspace) -> Option<ShardId> {
    (number < keyspace.shard_count()).then_some(ShardId(number as u16))
}

/// Writes what comes until the end of the entries; answers the file, and what ends it.
fn write(
    plan: &Plan,
    mut encoder: Encoder,
    version: u32,
    sizes: &[(usize, usize)],
    messages: &Receiver<Message>,
) -> io::Result<(NewFile, impl FnOnce(Option<u64>) -> Vec<u8> + use<>)> {
    let mut file = NewFile::create(&plan.path, plan.checksum, plan.in_pieces)?;
    let mut head = Vec::new();
    encoder.header(&mut head, version);
    plan.facts.iter().for_each(|(name, value)| encoder.aux(&mut head, name, value));
    plan.functions.iter().for_each(|code| encoder.function(&mut head, code));
    file.append(&head)?;
    let mut selected = None;
    while let Ok(message) = messages.recv() {
        let Message::Chunk(chunk) = message else { break };
        if selected != Some(chunk.db) {
            selected = Some(chunk.db);
            let (keys, expiring) = sizes.get(chunk.db).copied().unwrap_or_default();
            head.clear();
            encoder.select_db(&mut head, chunk.db, keys, expiring);
            file.append(&head)?;
        }
        file.append(&chunk.entries)?;
    }
    let end = move |crc| {
        let mut end = Vec::new();
        encoder.end(&mut end, crc);
        end
    };
    Ok((file, end))
}

/// Encodes entries, and gives them to the thread that writes.
struct RdbSink {
    options: Options,
    usage: Usage,
    sender: SyncSender<Message>,
}

thread_local! {
    /// Keeps its scratch memory from entry to entry.
    static ENCODER: RefCell<Option<(Options, Encoder)>> = const { RefCell::new(None) };
}

impl Sink for RdbSink {
    fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>) {
        ENCODER.with_borrow_mut(|kept| {
            let (options, encoder) = kept.get_or_insert_with(|| (self.options, Encoder::new(self.options)));
            if *options != self.options {
                (*options, *encoder) = (self.options, Encoder::new(self.options));
            }
            if let Usage::Told(access) = self.usage {
                match access.frequency(entry.lru()) {
                    Some(counter) => encoder.frequency(out, counter),
                    None => encoder.idle(out, access.idle_s(entry.lru()).into()),
                }
            }
            encoder.entry(out, entry);
        });
    }

    fn deliver(&self, chunk: Chunk) {
        // Without its writer the save has failed already.
        let _ = self.sender.send(Message::Chunk(chunk));
    }
}

/// Counts the keys that go to a sink.
struct Counted<S> {
    sink: S,
    shared: Arc<Shared>,
}

impl<S: Sink> Sink for Counted<S> {
    fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>) {
        self.sink.encode(entry, out);
    }

    fn deliver(&self, chunk: Chunk) {
        if self.shared.delay_us.load(Relaxed) == 0 {
            self.shared.saved_keys.fetch_add(chunk.keys as u64, Relaxed);
        } else {
            self.shared.dawdle(chunk.keys);
        }
        self.sink.deliver(chunk);
    }
}

impl Shared {
    fn stopped(&self) -> MutexGuard<'_, Option<Stop>> {
        lock(&self.stopped)
    }

    /// Takes as long as a test wants for each of so many keys.
    #[cold]
    fn dawdle(&self, keys: usize) {
        let delay_us = || self.delay_us.load(Relaxed);
        let mut stopped = self.stopped();
        for _ in 0..keys {
            let us = delay_us();
            let goes_on = |stopped: &mut Option<Stop>| stopped.is_none() && delay_us() == us;
            let waited = self.hurried.wait_timeout_while(stopped, Duration::from_micros(us), goes_on);
            stopped = waited.unwrap_or_else(PoisonError::into_inner).0;
            if stopped.is_some() {
                return;
            }
            self.saved_keys.fetch_add(1, Relaxed);
        }
    }
}
