//! The append-only file as the server runs it: opened, switched on and off, given a new base.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Server;
use crate::config::AppendFsync;
use crate::keyspace::Locked;
use crate::keyspace::snapshot::Saver;
use crate::persist::aof::file::{Dir, Open};
use crate::persist::aof::{Base, BaseFormat, BaseSink, Fsync, Job, Manifest, Writer, manifest_name};
use crate::persist::snapshot::{Handle, Outcome, Purpose, Save, SaveError};

/// Between two looks at what others have to finish first.
const TICK: Duration = Duration::from_millis(5);

impl Server {
    /// The log's directory.
    #[must_use]
    pub fn log_dir(&self) -> PathBuf {
        self.config.dir().join(self.config.appenddirname())
    }

    /// Lets the log follow its parameters.
    pub(super) fn refresh_log(&self) {
        let config = &self.config;
        self.aof.set(|settings| {
            settings.fsync = match config.appendfsync() {
                AppendFsync::Always => Fsync::Always,
                AppendFsync::Everysec => Fsync::Everysec,
                AppendFsync::No => Fsync::No,
            };
            settings.timed = config.aof_timestamp_enabled();
            settings.spares_disk = config.no_appendfsync_on_rewrite() && self.aof.rewrite.is_busy();
        });
    }

    /// The way in which a base is written.
    fn base_format(&self) -> BaseFormat {
        if self.config.aof_use_rdb_preamble() { BaseFormat::Rdb } else { BaseFormat::Aof }
    }

    /// Begins to log behind what `manifest` names, which is loaded; a log without any file gets a base first.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open_log(&self, dir: Dir, mut manifest: Manifest) -> io::Result<()> {
        let stem = self.config.appendfilename();
        dir.remove_temporaries();
        if manifest.is_empty() {
            let (name, format) = (temporary_name(), self.base_format());
            self.write_base(&dir.file(&name), format, |_| ())?;
            let base_name = manifest.next_base_name(&stem, format);
            std::fs::rename(dir.file(&name), dir.file(&base_name))?;
            manifest.replace_base(&stem, format, 0);
        }
        if manifest.last_incremental().is_none() {
            manifest.add_incremental(&stem);
        }
        let mut writer = Writer::open(dir, &stem, Open::real(), manifest)?;
        writer.remove_history();
        self.aof.rewrite.size.store(writer.sizes()[0], Relaxed);
        let locked = self.lock_all();
        self.aof.start(writer, &self.keyspace.journal);
        drop(locked.unlock());
        Ok(())
    }

    /// Turns the log on, which then gets its base in the background, or off.
    ///
    /// # Errors
    /// Why it stays off.
    pub fn switch_log(&self, on: bool) -> io::Result<()> {
        if !on && self.aof.rewrite.is_busy() {
            tracing::info!("Killing the AOF rewrite that runs (a thread here, no child)");
            self.aof.rewrite.cancel();
            self.snapshots.cancel_if(Purpose::Rewrite);
        }
        self.until_idle();
        if !on {
            self.stop_log();
            return Ok(());
        }
        if self.aof.is_on() {
            return Ok(());
        }
        let stem = self.config.appendfilename();
        let dir = Dir::take(&self.log_dir())?;
        let mut manifest = self.log_manifest()?;
        manifest.add_incremental(&stem);
        let writer = Writer::open_unnamed(dir, &stem, Open::real(), manifest)?;
        if !self.aof.rewrite.ask(Job::Start(Box::new(writer))) {
            return Err(io::Error::other("a rewrite is still running"));
        }
        Ok(())
    }

    /// Whether a rewrite has yet to begin, since a dump is being written.
    #[must_use]
    pub fn rewrite_waits(&self) -> bool {
        self.aof.rewrite.is_busy() && matches!(self.snapshots.facts().running, Some((Purpose::Dump { .. }, _)))
    }

    /// Waits for the end of a rewrite, but not for ever.
    fn until_idle(&self) {
        let until_ms = self.clock.now_ms() + IDLE_MS;
        while self.aof.rewrite.is_busy() && self.clock.now_ms() < until_ms {
            std::thread::park_timeout(TICK);
        }
    }

    /// Ends the log, with everything on disk if that takes it.
    pub fn stop_log(&self) {
        if self.aof.is_on() {
            let locked = self.lock_all();
            self.keyspace.journal.turn(false);
            drop(locked.unlock());
            if !self.aof.stop(&self.keyspace.journal, self.clock.now_ms()) {
                tracing::warn!("The end of the append-only file could not be written");
            }
        }
    }

    /// The files of the log as its directory tells; none where there is no log.
    ///
    /// # Errors
    /// Those of the system, and what is wrong with the manifest.
    pub fn log_manifest(&self) -> io::Result<Manifest> {
        let path = self.log_dir().join(manifest_name(&self.config.appendfilename()));
        Ok(Manifest::read(&path)?.unwrap_or_default())
    }

    /// The thread that writes bases.
    pub fn run_rewrites(&self) {
        loop {
            let job = self.aof.rewrite.next_job();
            if matches!(job, Job::End) {
                return;
            }
            let rewrite = &self.aof.rewrite;
            rewrite.begun(self.clock.now_ms());
            self.refresh_log();
            let is_start = matches!(job, Job::Start(_));
            let done = match job {
                Job::Start(writer) => self.start_log(*writer),
                _ if self.aof.is_on() => self.rewrite_log(),
                _ => self.rewrite_idle_log(),
            };
            match &done {
                Ok(()) => tracing::info!("Background AOF rewrite finished successfully"),
                Err(error) if rewrite.is_cancelled() => tracing::info!("Background AOF rewrite given up: {error}"),
                Err(error) => tracing::warn!("Background AOF rewrite terminated with error: {error}"),
            }
            if done.is_err() && is_start {
                self.stop_log();
            }
            rewrite.ended(self.clock.now_ms(), done.is_ok() || rewrite.is_cancelled());
            self.refresh_log();
        }
    }

    /// Gives a running log a new base.
    fn rewrite_log(&self) -> io::Result<()> {
        let (name, format) = (temporary_name(), self.base_format());
        let path = self.aof.with_writer(|writer| writer.dir().file(&name)).ok_or_else(ended)?;
        let written = self.write_base(&path, format, |seq| self.aof.switch_behind(seq));
        let done = written.and_then(|()| self.until_switched()).and_then(|()| self.put_base(&name, format));
        if done.is_err() {
            self.aof.cancel_switch();
            let _ = std::fs::remove_file(path);
        }
        done
    }

    /// Gives a log that begins its first base.
    fn start_log(&self, writer: Writer) -> io::Result<()> {
        let (name, format) = (temporary_name(), self.base_format());
        let path = writer.dir().file(&name);
        let mut writer = Some(writer);
        let begin = |_| self.aof.start(writer.take().expect("a base begins once"), &self.keyspace.journal);
        let written = self.write_base(&path, format, begin);
        if let Some(writer) = writer {
            writer.discard();
        }
        let done = written.and_then(|()| self.put_base(&name, format));
        if done.is_err() {
            let _ = std::fs::remove_file(path);
        }
        done
    }

    /// Writes a base for a log that is off: what stood in it before is needless then.
    fn rewrite_idle_log(&self) -> io::Result<()> {
        let (name, format, stem) = (temporary_name(), self.base_format(), self.config.appendfilename());
        let dir = Dir::take(&self.log_dir())?;
        let mut manifest = self.log_manifest()?;
        if let Err(error) = self.write_base(&dir.file(&name), format, |_| ()) {
            dir.remove(&name);
            return Err(error);
        }
        std::fs::rename(dir.file(&name), dir.file(&manifest.next_base_name(&stem, format)))?;
        manifest.replace_base(&stem, format, 0);
        dir.replace(&manifest_name(&stem), manifest.text().as_bytes())?;
        for file in std::mem::take(&mut manifest.history) {
            dir.remove(&file.name);
        }
        dir.replace(&manifest_name(&stem), manifest.text().as_bytes())
    }

    /// Waits until effects go to the new file.
    fn until_switched(&self) -> io::Result<()> {
        while self.aof.is_switching() {
            if self.aof.rewrite.is_cancelled() {
                return Err(ended());
            }
            if let Some(failure) = self.aof.failure() {
                return Err(io::Error::other(failure.text));
            }
            std::thread::park_timeout(TICK);
        }
        Ok(())
    }

    fn put_base(&self, name: &str, format: BaseFormat) -> io::Result<()> {
        let put = self.aof.with_writer(|writer| {
            writer.replace_base(name, format)?;
            self.aof.rewrite.size.store(writer.sizes()[0], Relaxed);
            Ok(())
        });
        self.remove_log_history();
        put.ok_or_else(ended)?
    }

    /// Deletes the files that a new base has made needless, unless they are to be kept (`aof-disable-auto-gc`).
    pub fn remove_log_history(&self) {
        if !self.config.aof_disable_auto_gc() {
            self.aof.with_writer(Writer::remove_history);
        }
    }

    /// Writes all entries as they are at one point to a file; then `at_point` gets the number of the last effect before,
    /// with every shard locked. Waits for a snapshot that runs.
    fn write_base(&self, path: &Path, format: BaseFormat, at_point: impl FnOnce(u64)) -> io::Result<()> {
        match format {
            BaseFormat::Aof => self.write_commands(path, at_point),
            BaseFormat::Rdb => self.write_snapshot(path, at_point),
        }
    }

    /// Locks every shard when no other snapshot runs, and takes the turn.
    fn claim(&self) -> io::Result<Locked<'_>> {
        loop {
            let locked = self.lock_all();
            let now_ms = self.clock.now_ms();
            if self.snapshots.claim(Purpose::Rewrite, now_ms, self.stats.changes()).is_ok() {
                return Ok(locked);
            }
            drop(locked.unlock());
            if self.aof.rewrite.is_cancelled() {
                return Err(ended());
            }
            std::thread::park_timeout(TICK);
        }
    }

    /// Tells how to reach the base that is being written, which may have been given up just before.
    fn began(&self, handle: Handle) {
        if self.aof.rewrite.is_cancelled() {
            handle.cancel();
        }
        self.snapshots.began(handle);
    }

    fn write_snapshot(&self, path: &Path, at_point: impl FnOnce(u64)) -> io::Result<()> {
        let mut plan = self.save_plan(path.to_owned(), true);
        // What a log must give back is more than what an old server can read.
        plan.options.field_expiry = true;
        let mut locked = self.claim()?;
        // It may have waited for long.
        plan.delay_us = self.save_delay_us();
        let save = Save::begin(plan, &mut locked);
        self.began(save.handle());
        at_point(self.keyspace.journal.last());
        drop(locked.unlock());
        let saved = save.run(&self.keyspace);
        let outcome = if saved.is_ok() { Outcome::Saved } else { Outcome::Failed };
        self.snapshots.end(outcome, self.clock.now_ms());
        match saved {
            Ok(_) => Ok(()),
            Err(SaveError::Io(error)) => Err(error),
            Err(SaveError::Cancelled) => Err(ended()),
        }
    }

    fn write_commands(&self, path: &Path, at_point: impl FnOnce(u64)) -> io::Result<()> {
        let time_s = self.config.aof_timestamp_enabled().then(|| self.clock.now_ms() / 1000);
        let base = Base::create(path, time_s)?;
        for library in self.scripts.libraries().iter() {
            base.add_function(&library.code);
        }
        let mut locked = self.claim()?;
        let handle = Handle::begin(&mut locked, BaseSink(Arc::clone(&base)), self.save_delay_us());
        self.began(handle.clone());
        at_point(self.keyspace.journal.last());
        drop(locked.unlock());
        let snapshot = handle.snapshot();
        let mut saver = Saver::new(snapshot);
        for shard in self.keyspace.shard_ids() {
            saver.save_shard(&self.keyspace, shard);
        }
        snapshot.wait();
        let done = if snapshot.is_cancelled() { Err(ended()) } else { base.finish() };
        let outcome = if done.is_ok() { Outcome::Saved } else { Outcome::Failed };
        self.snapshots.end(outcome, self.clock.now_ms());
        done
    }

    /// Locks every shard for a moment; waits while a long command holds one.
    pub fn lock_all(&self) -> Locked<'_> {
        loop {
            match Locked::all(&self.keyspace, true, 0, self.clock.now_ms()) {
                Ok(locked) => return locked,
                Err(_) => std::thread::park_timeout(TICK),
            }
        }
    }

    /// Begins a new base when the log has grown as much as the parameters say, and turns a log on again whose first base
    /// failed. Called a few times a second.
    pub fn tend_log(&self) {
        let rewrite = &self.aof.rewrite;
        if !self.config.appendonly() || rewrite.is_busy() {
            return;
        }
        match (self.aof.is_on(), self.log_growth()) {
            (true, None) => {}
            _ if self.rests_from_rewrites() => {}
            (true, Some(growth)) => {
                tracing::info!("Starting automatic rewriting of AOF on {growth}% growth");
                rewrite.ask(Job::Rewrite);
            }
            (false, _) => {
                if let Err(error) = self.switch_log(true) {
                    rewrite.begun(self.clock.now_ms());
                    rewrite.ended(self.clock.now_ms(), false);
                    tracing::warn!("cannot turn the append-only file on: {error}");
                }
            }
        }
    }

    /// By how many hundredths the log has grown, if that is enough for a new base.
    fn log_growth(&self) -> Option<u64> {
        let percentage = self.config.auto_aof_rewrite_percentage();
        let (size, base) = (self.aof.facts.current_size.load(Relaxed), self.aof.rewrite.size.load(Relaxed).max(1));
        if percentage == 0 || size <= self.config.auto_aof_rewrite_min_size() {
            return None;
        }
        Some((size * 100 / base).saturating_sub(100)).filter(|growth| *growth >= percentage)
    }

    /// Whether rewrites have failed of late, so that one that is due has to wait; the log hears of a long wait once.
    fn rests_from_rewrites(&self) -> bool {
        let rewrite = &self.aof.rewrite;
        let failed_ms = self.clock.now_ms().saturating_sub(rewrite.failed_at_ms.load(Relaxed));
        let rest_ms = rest_ms(rewrite.failures.load(Relaxed));
        if failed_ms >= rest_ms {
            return false;
        }
        if rest_ms >= MINUTE_MS && !rewrite.told_rest.swap(true, Relaxed) {
            tracing::warn!(
                "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {} minutes",
                rest_ms / MINUTE_MS
            );
        }
        true
    }
}

/// How long a rewrite that runs may hold up the turning on and off of the log, in milliseconds.
const IDLE_MS: u64 = 5000;
/// Failures after which automatic tries become rare.
const FAILURES_FREE: u64 = 3;
const MINUTE_MS: u64 = 60_000;

/// How long after so many failures in a row no rewrite begins by itself, in milliseconds.
fn rest_ms(failures: u64) -> u64 {
    match failures {
        0 => 0,
        1..FAILURES_FREE => 1000,
        more => (MINUTE_MS << (more - FAILURES_FREE).min(6)).min(60 * MINUTE_MS),
    }
}

fn temporary_name() -> String {
    format!("temp-rewriteaof-bg-{}.aof", std::process::id())
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "the log has been turned off")
}
