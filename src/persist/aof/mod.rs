//! The append-only file: effects of writes on disk, in Redis 7's layout of several files.
//!
//! One thread ([`Aof::turn`]) takes effects from the journal, writes them, and forces them to the disk as often as asked;
//! whoever must not answer before that waits for [`Aof::durable`] without holding anything. Formats: [`Manifest`] says
//! which files make the log, [`load`] reads them, [`Writer`] appends.
//!
//! Promises: a file ends with a whole effect, unless the machine stops midway; what counts as durable has been synced; a
//! failed write or sync is tried again and loses nothing. May import: keyspace, journal, resp, types, util.

pub mod check;
mod commands;
pub mod file;
pub mod load;
pub mod manifest;
mod rewrite;
mod writer;

pub use commands::write_entry;
pub use manifest::{BaseFormat, Manifest};
pub use rewrite::{Base, BaseSink, Job, Rewrite};
pub use writer::{Writer, manifest_name};

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use tokio::sync::Notify;

use crate::journal::Journal;
use crate::util::clock::{ticks, ticks_to_ns};
use crate::util::sync::lock;

/// When what is written is forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fsync {
    /// Once a second.
    Everysec,
    /// Before the reply of the write is sent.
    Always,
    /// When the kernel chooses.
    No,
}

/// Between two syncs where nobody waits for them.
const SYNC_EVERY_MS: u64 = 1000;
/// Bytes that do not wait for that: all that is not on disk stays in memory.
const SYNC_BYTES: usize = 8 * 1024 * 1024;
/// A sync that takes longer counts as delayed.
const DELAYED_MS: u64 = 2000;
/// The writer's rest after it has written, in which more effects gather.
const REST: Duration = Duration::from_millis(2);
/// How long the writer sleeps when there is nothing to do. Whoever is about to reply wakes it earlier.
const SLEEP: Duration = Duration::from_millis(100);
/// Between two tries after a failure.
const RETRY: Duration = Duration::from_millis(200);

/// Longest wait for a group to gather.
const GATHER_MAX: Duration = Duration::from_millis(10);

const AWAKE: u8 = 0;
const RESTING: u8 = 1;
const ASLEEP: u8 = 2;
const GATHERING: u8 = 3;

/// The log as everybody sees it.
#[derive(Debug, Default)]
pub struct Aof {
    writer: Mutex<Option<Writer>>,
    thread: OnceLock<Thread>,
    is_on: AtomicBool,
    sleep: AtomicU8,
    /// Number up to which effects are in the file, on disk, and wanted there at once.
    written: AtomicU64,
    durable: AtomicU64,
    wanted: AtomicU64,
    /// Raised when one of the first two has moved.
    pub progressed: Notify,
    gathering: Gathering,
    /// Number behind which a new file begins.
    switch_at: Mutex<Option<u64>>,
    settings: Mutex<Settings>,
    failure: Mutex<Option<Failure>>,
    has_failed: AtomicBool,
    /// `appendfsync` once more, for those who are about to reply.
    fsync: AtomicU8,
    /// New bases.
    pub rewrite: Rewrite,
    /// What INFO tells.
    pub facts: Facts,
}

/// How the next group of those who wait for the disk comes together.
///
/// Who gets a reply from the last group will write again soon, as a rule. If the next sync began at once, those would
/// have to wait for the one after it: half of the clients would take turns with the other half, and each sync serve few.
#[derive(Debug, Default)]
struct Gathering {
    /// How many have come so far.
    came: AtomicU64,
    /// How many had come when the last sync began.
    synced: AtomicU64,
    /// How many the last sync has let go, and its time.
    let_go: AtomicU64,
    sync_ns: AtomicU64,
    /// How many are waited for.
    awaited: AtomicU64,
}

/// Parameters.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `appendfsync`.
    pub fsync: Fsync,
    /// `aof-timestamp-enabled`.
    pub timed: bool,
    /// `no-appendfsync-on-rewrite`, during a rewrite.
    pub spares_disk: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { fsync: Fsync::Everysec, timed: false, spares_disk: false }
    }
}

/// What went wrong last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// It was a sync, not a write.
    pub is_sync: bool,
    /// The system's text.
    pub text: String,
}

/// Counts and sizes, in bytes.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "named as INFO prints them")]
pub struct Facts {
    pub current_size: AtomicU64,
    pub buffer_length: AtomicU64,
    pub delayed_fsync: AtomicU64,
    /// When the last sync was done, in milliseconds since 1970.
    pub synced_at_ms: AtomicU64,
}

/// What the writer does after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Something was written: more will come.
    Rest,
    /// Nothing to do.
    Sleep,
    /// Somebody waits for the disk already.
    GoOn,
    /// It failed.
    Retry,
}

impl Aof {
    /// Whether effects are being logged.
    #[inline]
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Number up to which effects are on disk.
    #[inline]
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable.load(SeqCst)
    }

    /// Number up to which effects are in the file.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(SeqCst)
    }

    /// Wakes the writer, who has something to write. Costs a look at one word where it is awake.
    #[inline]
    pub fn wake(&self) {
        if self.sleep.load(SeqCst) == ASLEEP {
            self.unpark();
        }
    }

    /// Asks for effects up to `seq` to be forced to the disk at once.
    pub fn want(&self, seq: u64) {
        self.wanted.fetch_max(seq, SeqCst);
        let came = self.gathering.came.fetch_add(1, SeqCst) + 1;
        match self.sleep.load(SeqCst) {
            AWAKE => {}
            GATHERING if came < self.gathering.awaited.load(SeqCst) => {}
            _ => self.unpark(),
        }
    }

    #[cold]
    fn unpark(&self) {
        if self.sleep.swap(AWAKE, SeqCst) != AWAKE
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Why writes are refused now.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        if !self.has_failed.load(Relaxed) {
            return None;
        }
        lock(&self.failure).clone()
    }

    /// Changes the parameters.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = lock(&self.settings);
        change(&mut settings);
        self.fsync.store(settings.fsync as u8, Relaxed);
    }

    /// Whether replies to writes wait for the disk, as far as a client has not chosen otherwise.
    #[inline]
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.fsync.load(Relaxed) == Fsync::Always as u8
    }

    /// The parameters.
    #[must_use]
    pub fn settings(&self) -> Settings {
        *lock(&self.settings)
    }

    /// Begins to log with this writer. The caller holds every shard.
    pub fn start(&self, mut writer: Writer, journal: &Journal) {
        writer.attach(journal);
        let (_, on_disk) = writer.progress();
        self.written.store(on_disk, SeqCst);
        self.durable.store(on_disk, SeqCst);
        *lock(&self.writer) = Some(writer);
        journal.turn(true);
        self.is_on.store(true, SeqCst);
        self.unpark();
    }

    /// Ends logging; what was recorded is written and on disk then, if the disk takes it.
    pub fn stop(&self, journal: &Journal, now_ms: u64) -> bool {
        self.want(journal.last());
        let done = self.turn(journal, now_ms) != Pace::Retry;
        self.is_on.store(false, SeqCst);
        let writer = lock(&self.writer).take();
        if let Some(writer) = writer {
            writer.discard();
        }
        *lock(&self.switch_at) = None;
        *lock(&self.failure) = None;
        self.has_failed.store(false, Relaxed);
        self.durable.store(u64::MAX, SeqCst);
        self.progressed.notify_waiters();
        done
    }

    /// Runs `f` on the writer, if there is one. Waits for the disk; the caller holds no shard.
    pub fn with_writer<R>(&self, f: impl FnOnce(&mut Writer) -> R) -> Option<R> {
        lock(&self.writer).as_mut().map(f)
    }

    /// Whether a new file has yet to begin.
    #[must_use]
    pub fn is_switching(&self) -> bool {
        lock(&self.switch_at).is_some()
    }

    /// Gives up a new file that has not begun.
    pub fn cancel_switch(&self) {
        *lock(&self.switch_at) = None;
    }

    /// Lets a new file begin behind effect `seq`. The caller holds every shard, so that it is the last.
    pub fn switch_behind(&self, seq: u64) {
        *lock(&self.switch_at) = Some(seq);
        self.unpark();
    }

    /// The writer's thread: takes turns until `ends`, which is asked after each, says so.
    pub fn run(&self, journal: &Journal, now_ms: impl Fn() -> u64, ends: impl Fn() -> bool) {
        let _ = self.thread.set(std::thread::current());
        loop {
            let pace = self.turn(journal, now_ms());
            if ends() {
                return;
            }
            let (state, span) = match pace {
                Pace::GoOn => {
                    self.gather();
                    continue;
                }
                Pace::Rest => (RESTING, REST),
                Pace::Retry => (RESTING, RETRY),
                Pace::Sleep => (ASLEEP, SLEEP),
            };
            self.sleep.store(state, SeqCst);
            // Whoever came before the line above did not wake us.
            let is_wanted = self.wanted.load(SeqCst) > self.durable();
            let has_news = state == ASLEEP && self.is_on() && journal.last() > self.written();
            if pace == Pace::Retry || !(is_wanted || has_news) {
                std::thread::park_timeout(span);
            }
            self.sleep.store(AWAKE, SeqCst);
        }
    }

    /// Waits until as many have come again as the last sync has let go, but no longer than that has taken.
    fn gather(&self) {
        let most = self.begin_gathering();
        // Whoever came before that did not wake us.
        if self.gathering.came.load(SeqCst) < self.gathering.awaited.load(SeqCst) {
            std::thread::park_timeout(most);
        }
        self.sleep.store(AWAKE, SeqCst);
    }

    /// From now on only the last of the next group wakes the writer; answers for how long to wait for it.
    fn begin_gathering(&self) -> Duration {
        let Gathering { came, let_go, sync_ns, awaited, .. } = &self.gathering;
        awaited.store(came.load(SeqCst) + let_go.swap(0, Relaxed), SeqCst);
        self.sleep.store(GATHERING, SeqCst);
        Duration::from_nanos(sync_ns.load(Relaxed)).min(GATHER_MAX)
    }

    /// One turn of the writer: takes, writes, and syncs if it is time.
    pub fn turn(&self, journal: &Journal, now_ms: u64) -> Pace {
        let mut guard = lock(&self.writer);
        let Some(writer) = guard.as_mut() else { return Pace::Sleep };
        let settings = self.settings();
        let before = writer.progress();
        // Read before the effects are: what is wanted is among them.
        let wanted = self.wanted.load(SeqCst);
        let came = self.gathering.came.load(SeqCst);
        let switch_at = *lock(&self.switch_at);
        writer.take(journal, switch_at.unwrap_or(u64::MAX), settings.timed);
        let synced_at_ms = self.facts.synced_at_ms.load(Relaxed);
        let is_due = now_ms.saturating_sub(synced_at_ms) >= SYNC_EVERY_MS;
        let syncs = wanted > before.1
            || switch_at.is_some()
            || match settings.fsync {
                Fsync::Always => true,
                Fsync::Everysec if settings.spares_disk => writer.pending_bytes() >= writer::PENDING_MAX,
                Fsync::Everysec => is_due || writer.pending_bytes() >= SYNC_BYTES,
                Fsync::No => false,
            };
        let mut done = self.note(writer.write(), false);
        if done && syncs && writer.is_behind() {
            let started = ticks();
            done = self.note(writer.sync(), true);
            let ns = ticks_to_ns(ticks() - started);
            self.count_sync(ns / 1_000_000);
            self.gathering.sync_ns.store(ns, Relaxed);
            let before = self.gathering.synced.swap(came, Relaxed);
            self.gathering.let_go.store(came - before, Relaxed);
            self.facts.synced_at_ms.store(now_ms, Relaxed);
        } else if done && settings.fsync == Fsync::No {
            writer.let_go();
        }
        if done && let Some(at) = switch_at.filter(|&at| writer.progress().0 >= at) {
            done = self.note(writer.switch(), false);
            if done {
                lock(&self.switch_at).take_if(|wanted| *wanted == at);
            }
        }
        let after = writer.progress();
        self.publish(writer, before != after);
        match () {
            () if !done => Pace::Retry,
            () if switch_at.is_some() || self.wanted.load(SeqCst) > after.1 && journal.last() > after.1 => Pace::GoOn,
            // The next group has gathered while the disk worked.
            () if settings.fsync == Fsync::Always && before != after => Pace::GoOn,
            () if before != after => Pace::Rest,
            () => Pace::Sleep,
        }
    }

    fn publish(&self, writer: &Writer, has_moved: bool) {
        let [current, waiting] = writer.sizes();
        self.facts.current_size.store(current, Relaxed);
        self.facts.buffer_length.store(waiting, Relaxed);
        if has_moved {
            let (written, durable) = writer.progress();
            self.written.store(written, SeqCst);
            self.durable.store(durable, SeqCst);
            self.progressed.notify_waiters();
        }
    }

    /// Counts a sync that took so long.
    fn count_sync(&self, ms: u64) {
        if ms > DELAYED_MS {
            self.facts.delayed_fsync.fetch_add(1, Relaxed);
        }
    }

    /// Remembers how it went; true when it went well.
    fn note(&self, result: std::io::Result<()>, is_sync: bool) -> bool {
        let error = match result {
            Ok(()) => {
                // A write that works does not say that a sync does.
                let mut failure = lock(&self.failure);
                if failure.as_ref().is_some_and(|failure| failure.is_sync == is_sync) {
                    tracing::warn!("AOF write error looks solved, Nyala can write again.");
                    *failure = None;
                    self.has_failed.store(false, Relaxed);
                }
                return true;
            }
            Err(error) => error,
        };
        let text = crate::util::os::error_text(&error);
        let mut failure = lock(&self.failure);
        if failure.is_none() {
            let what = if is_sync { "fsync" } else { "writing to" };
            tracing::warn!("Error {what} the AOF file: {text}");
        }
        *failure = Some(Failure { is_sync, text });
        self.has_failed.store(true, Relaxed);
        false
    }
}

#[cfg(test)]
mod tests;
