//! When and what is saved: BGSAVE, save points, the end of the server. How is [`crate::persist::snapshot`]'s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Gate, PauseScope, Server};
use crate::config::ShutdownOptions;
use crate::keyspace::Locked;
use crate::persist::snapshot::{Outcome, Plan, Purpose, Save, SaveError, Usage};
use crate::util::{memory, os, task, version};

/// How long a failed snapshot is not tried again; Redis's figure.
const RETRY_MS: u64 = 5_000;
/// Most threads that take entries.
const THREADS_MAX: usize = 8;
/// How often the last snapshot is repeated because something was still changed meanwhile.
const LAST_TRIES: usize = 3;

/// Why no snapshot has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveRefused {
    /// Another one runs.
    Busy(Purpose),
    /// There is nobody to write it.
    NoThread,
}

impl Server {
    /// How the data set is written to the file `path` now.
    #[must_use]
    pub fn save_plan(&self, path: std::path::PathBuf, is_log_base: bool) -> Plan {
        let config = &self.config;
        let now_ms = self.clock.now_ms();
        let facts = [
            ("redis-ver", version::REDIS_VERSION.to_owned()),
            ("redis-bits", usize::BITS.to_string()),
            ("ctime", (now_ms / 1000).to_string()),
            ("used-mem", memory::used().to_string()),
            ("aof-base", u8::from(is_log_base).to_string()),
        ];
        Plan {
            path,
            options: self.rdb_options(),
            checksum: config.rdbchecksum(),
            in_pieces: config.rdb_save_incremental_fsync(),
            usage: if config.maxmemory_policy().needs_access_field() {
                Usage::Told(self.keyspace.access_mode.at(now_ms))
            } else {
                Usage::Untold
            },
            facts: facts.into(),
            functions: self.scripts.libraries().iter().map(|library| library.code.to_vec()).collect(),
            delay_us: self.save_delay_us(),
            threads: (self.workers / 2).clamp(1, THREADS_MAX),
        }
    }

    /// Microseconds that a snapshot waits for each key (`rdb-key-save-delay`).
    pub(super) fn save_delay_us(&self) -> u64 {
        u64::try_from(self.config.rdb_key_save_delay()).unwrap_or(0)
    }

    /// Begins to save the data set to its file, as it is now. All shards are locked; [`Server::finish_save`] must follow.
    ///
    /// # Errors
    /// When another snapshot runs.
    pub fn begin_save(&self, purpose: Purpose, locked: &mut Locked<'_>) -> Result<Save, SaveRefused> {
        let changes = self.stats.changes();
        self.snapshots.claim(purpose, self.clock.now_ms(), changes).map_err(SaveRefused::Busy)?;
        let path = self.config.dir().join(self.config.dbfilename());
        let save = Save::begin(self.save_plan(path, false), locked);
        self.snapshots.began(save.handle());
        Ok(save)
    }

    /// Writes what has begun; answers whether the file is there. Blocks the thread, which holds no shard.
    pub fn finish_save(&self, save: Save) -> bool {
        let ended = catch_unwind(AssertUnwindSafe(|| save.run(&self.keyspace)));
        let outcome = match ended {
            Ok(Ok(saved)) => {
                tracing::info!(keys = saved.keys, bytes = saved.bytes, "DB saved on disk");
                Outcome::Saved
            }
            Ok(Err(SaveError::Cancelled)) => Outcome::Cancelled,
            Ok(Err(SaveError::Io(error))) => {
                tracing::warn!("Write error saving DB on disk: {error}");
                Outcome::Failed
            }
            Err(_) => Outcome::Failed,
        };
        self.snapshots.end(outcome, self.clock.now_ms());
        self.refresh_save_gate();
        outcome == Outcome::Saved
    }

    /// Begins to save the data set, and leaves the rest to a thread. All shards are locked.
    ///
    /// # Errors
    /// When another snapshot runs.
    pub fn save_in_background(&self, locked: &mut Locked<'_>) -> Result<(), SaveRefused> {
        let server = self.handle().ok_or(SaveRefused::NoThread)?;
        let save = self.begin_save(Purpose::Dump { in_background: true }, locked)?;
        tracing::info!("Background saving started");
        task::spawn_thread("bgsave", move || {
            os::lower_priority();
            if server.finish_save(save) {
                tracing::info!("Background saving terminated with success");
            } else if server.snapshots.facts().has_failed {
                tracing::warn!("Background saving error");
            } else {
                tracing::warn!("Background saving cancelled");
            }
        });
        Ok(())
    }

    /// Begins a snapshot when a save point is reached or one is scheduled. To be called often.
    pub fn save_if_due(&self) {
        let facts = self.snapshots.facts();
        if facts.running.is_some() || self.gate().intersects(Gate::LOADING) || self.shutdown.requested().is_some() {
            return;
        }
        let now_ms = self.clock.now_ms();
        let may_try = !facts.has_failed || facts.tried_at_ms.is_none_or(|at_ms| now_ms > at_ms + RETRY_MS);
        if !may_try {
            return;
        }
        let changes = self.stats.changes().saturating_sub(facts.saved_changes);
        let elapsed_s = now_ms.saturating_sub(facts.saved_at_ms) / 1000;
        let points = self.config.save();
        let reached = points.iter().find(|point| {
            let (seconds, wanted) = (point.seconds as u64, point.changes as u64);
            changes >= wanted && elapsed_s > seconds && changes > 0
        });
        if reached.is_none() && !facts.is_scheduled {
            return;
        }
        // A long command that holds a shard is not waited for: the next tick comes soon.
        let Ok(mut locked) = Locked::all(&self.keyspace, true, 0, now_ms) else { return };
        if let Some(point) = reached {
            tracing::info!("{} changes in {} seconds. Saving...", point.changes, point.seconds);
        }
        let _ = self.save_in_background(&mut locked);
    }

    /// After FLUSHALL: what is being saved is not wanted any more, what is left is, where there are save points: soon, so
    /// that changes count from here. `changes`: those of the command.
    pub fn save_after_flush(&self, changes: u64) {
        self.snapshots.cancel();
        if !self.config.save().is_empty() {
            self.snapshots.count_from(self.stats.changes() + changes);
            self.snapshots.schedule(true);
        }
    }

    /// Says whether writes are refused because the last snapshot has failed.
    pub fn refresh_save_gate(&self) {
        let refuses = self.config.stop_writes_on_bgsave_error()
            && self.snapshots.facts().has_failed
            && !self.config.save().is_empty();
        self.set_gate(Gate::SAVE_FAILED, refuses);
    }

    /// Whether the server saves before it ends so.
    #[must_use]
    pub fn saves_before_end(&self, options: ShutdownOptions) -> bool {
        options.save.unwrap_or_else(|| !self.config.save().is_empty())
    }

    /// Saves for the last time; clients wait meanwhile, and further if all is well. False when the server should not end,
    /// since what it holds would be lost. Blocks the thread, which holds no shard.
    pub fn save_before_end(&self, options: ShutdownOptions) -> bool {
        tracing::warn!("Saving the final RDB snapshot before exiting.");
        self.pause(u64::MAX, PauseScope::Writes);
        // What was let through before the pause is done when all shards have been locked; it is looked for all the same.
        let mut is_saved = false;
        for _ in 0..LAST_TRIES {
            self.snapshots.cancel();
            let begun = loop {
                self.snapshots.wait_until_idle();
                let Ok(mut locked) = Locked::all(&self.keyspace, false, 0, self.clock.now_ms()) else { continue };
                if let Ok(save) = self.begin_save(Purpose::Dump { in_background: false }, &mut locked) {
                    break save;
                }
            };
            is_saved = self.finish_save(begun);
            if !is_saved || self.snapshots.facts().saved_changes == self.stats.changes() {
                break;
            }
        }
        if !is_saved && !options.force {
            tracing::warn!("Error trying to save the DB, can't exit.");
            self.unpause();
            return false;
        }
        true
    }
}

/// Keeps the rooms' promise in sight: a server may be saved from any thread.
const _: fn() = || {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Arc<Server>>();
};
