//! What runs, what is due, and how the last snapshot ended.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::save::Handle;
use crate::util::sync::lock;

/// What a snapshot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The data set's own file: SAVE, BGSAVE, save points, the end of the server.
    Dump {
        /// Nobody waits for it.
        in_background: bool,
    },
    /// The base of a new append-only file.
    Rewrite,
}

/// How a snapshot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The file is there.
    Saved,
    /// It is not.
    Failed,
    /// Nobody wants it any more.
    Cancelled,
}

/// The one place that says whether a snapshot may begin. Times are in milliseconds since 1970.
#[derive(Debug, Default)]
pub struct Snapshots {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    facts: Facts,
}

#[derive(Debug)]
struct Running {
    purpose: Purpose,
    started_at_ms: u64,
    /// Changes to the keyspace before its point in time.
    changes: u64,
    handle: Option<Handle>,
    is_cancelled: bool,
}

/// What INFO and the save points ask for.
#[derive(Debug, Default, Clone, Copy)]
pub struct Facts {
    /// What runs, and since when.
    pub running: Option<(Purpose, u64)>,
    /// Keys saved so far and keys in all of what runs.
    pub progress: Option<(u64, u64)>,
    /// Bytes of values that writers have handed over to what runs and that are still in memory.
    pub early_bytes: u64,
    /// The same at the most, of the last one.
    pub last_early_bytes: u64,
    /// BGSAVE SCHEDULE waits for its turn.
    pub is_scheduled: bool,
    /// The last snapshot written; the start of the server before the first.
    pub saved_at_ms: u64,
    /// The last that was begun in the background.
    pub tried_at_ms: Option<u64>,
    /// The last one in the background failed, and none was written since.
    pub has_failed: bool,
    /// Seconds that the last one in the background took.
    pub took_s: Option<u64>,
    /// Those begun since the start.
    pub saves: u64,
    /// Changes to the keyspace, of all since the start, that are saved.
    pub saved_changes: u64,
}

impl Snapshots {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Says that the server starts, or has loaded its data set: that counts as saved.
    pub fn loaded(&self, now_ms: u64, changes: u64) {
        let facts = &mut self.lock().facts;
        facts.saved_at_ms = now_ms;
        facts.saved_changes = changes;
    }

    /// Counts changes as saved that will be soon.
    pub fn count_from(&self, changes: u64) {
        self.lock().facts.saved_changes = changes;
    }

    /// Takes the turn for a snapshot that is about to begin, `changes` to the keyspace after the start of the server.
    ///
    /// # Errors
    /// With what runs already.
    pub fn claim(&self, purpose: Purpose, now_ms: u64, changes: u64) -> Result<(), Purpose> {
        let mut state = self.lock();
        if let Some(running) = &state.running {
            return Err(running.purpose);
        }
        state.running = Some(Running { purpose, started_at_ms: now_ms, changes, handle: None, is_cancelled: false });
        if let Purpose::Dump { in_background } = purpose {
            state.facts.saves += 1;
            if in_background {
                state.facts.tried_at_ms = Some(now_ms);
                state.facts.is_scheduled = false;
            }
        }
        Ok(())
    }

    /// Tells how to reach the snapshot that has begun.
    pub fn began(&self, handle: Handle) {
        if let Some(running) = &mut self.lock().running {
            if running.is_cancelled {
                handle.cancel();
            }
            running.handle = Some(handle);
        }
    }

    /// Gives the turn back.
    pub fn end(&self, outcome: Outcome, now_ms: u64) {
        let mut state = self.lock();
        let Some(running) = state.running.take() else { return };
        let facts = &mut state.facts;
        if let Some(handle) = &running.handle {
            facts.last_early_bytes = handle.early_bytes().1;
        }
        if let Purpose::Dump { in_background } = running.purpose {
            match outcome {
                Outcome::Saved => {
                    (facts.saved_at_ms, facts.saved_changes, facts.has_failed) = (now_ms, running.changes, false);
                }
                Outcome::Failed => facts.has_failed |= in_background,
                Outcome::Cancelled => {}
            }
            if in_background {
                facts.took_s = Some(now_ms.saturating_sub(running.started_at_ms) / 1000);
            }
        }
        self.ended.notify_all();
    }

    /// Asks a dump that is being written in the background to end without one; false when there is none.
    pub fn cancel(&self) -> bool {
        self.cancel_if(Purpose::Dump { in_background: true })
    }

    /// The same for a snapshot of this purpose.
    pub fn cancel_if(&self, purpose: Purpose) -> bool {
        let mut state = self.lock();
        let Some(running) = state.running.as_mut().filter(|running| running.purpose == purpose) else { return false };
        running.is_cancelled = true;
        if let Some(handle) = &running.handle {
            handle.cancel();
        }
        true
    }

    /// Makes what runs fail, for tests; false when nothing does.
    pub fn fail(&self) -> bool {
        let state = self.lock();
        let handle = state.running.as_ref().and_then(|running| running.handle.as_ref());
        handle.inspect(|handle| handle.fail()).is_some()
    }

    /// Tells what runs how long it is to wait for each key, in microseconds.
    pub fn set_delay(&self, delay_us: u64) {
        if let Some(handle) = self.lock().running.as_ref().and_then(|running| running.handle.as_ref()) {
            handle.set_delay(delay_us);
        }
    }

    /// Waits until nothing runs.
    pub fn wait_until_idle(&self) {
        let mut state = self.lock();
        while state.running.is_some() {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that one is wanted as soon as it may begin, or that it no longer is; answers whether it was.
    pub fn schedule(&self, wanted: bool) -> bool {
        std::mem::replace(&mut self.lock().facts.is_scheduled, wanted)
    }

    /// All facts.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let state = self.lock();
        let running = state.running.as_ref();
        let handle = running.and_then(|running| running.handle.as_ref());
        Facts {
            running: running.map(|running| (running.purpose, running.started_at_ms)),
            progress: handle.map(Handle::progress),
            early_bytes: handle.map_or(0, |handle| handle.early_bytes().0),
            ..state.facts
        }
    }
}
