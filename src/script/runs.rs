//! The runs that take their time: who they are, for FUNCTION STATS, and how they are ended.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::keyspace::ShardId;
use crate::util::clock::{ticks, ticks_to_ns};
use crate::util::sync::lock;

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// A script: SCRIPT KILL ends it.
    Script,
    /// A function: FUNCTION KILL ends it.
    Function,
}

/// One run.
#[derive(Debug)]
pub struct Run {
    /// What runs.
    pub kind: RunKind,
    /// The function's name, or the script's digest.
    pub name: Vec<u8>,
    /// The request.
    pub command: Vec<Vec<u8>>,
    /// Begin, in ticks.
    pub started: u64,
    /// The shards that it holds; `None`: all.
    pub shards: Option<Vec<ShardId>>,
    /// The worker that it holds up.
    pub worker: Option<usize>,
    /// It is to end.
    pub killed: AtomicBool,
    /// It has changed something, so that it cannot be ended.
    pub wrote: AtomicBool,
}

impl Run {
    /// Milliseconds since its begin.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        ticks_to_ns(ticks().saturating_sub(self.started)) / 1_000_000
    }
}

/// How SCRIPT KILL and FUNCTION KILL went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// It ends.
    Done,
    /// Nothing runs.
    NotBusy,
    /// What runs has changed something.
    Unkillable,
    /// What runs is of this other kind.
    Other(RunKind),
}

/// All runs that were noted, oldest first. A short one never is.
#[derive(Debug, Default)]
pub struct Runs {
    runs: Mutex<Vec<Arc<Run>>>,
}

impl Runs {
    fn with<R>(&self, f: impl FnOnce(&mut Vec<Arc<Run>>) -> R) -> R {
        f(&mut lock(&self.runs))
    }

    /// Notes a run.
    pub fn enter(&self, run: &Arc<Run>) {
        self.with(|runs| runs.push(Arc::clone(run)));
    }

    /// Forgets it.
    pub fn leave(&self, run: &Arc<Run>) {
        self.with(|runs| runs.retain(|other| !Arc::ptr_eq(other, run)));
    }

    /// The run that goes on for longest.
    #[must_use]
    pub fn oldest(&self) -> Option<Arc<Run>> {
        self.with(|runs| runs.iter().min_by_key(|run| run.started).cloned())
    }

    /// Whether any run is noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.with(|runs| runs.is_empty())
    }

    /// Whether a run holds up this worker, so that its connections wait.
    #[must_use]
    pub fn hold_up(&self, worker: usize) -> bool {
        self.with(|runs| runs.iter().any(|run| run.worker == Some(worker)))
    }

    /// A run that has gone on for `threshold_ms` and holds the shard (`None`: any shard).
    #[must_use]
    pub fn busy(&self, shard: Option<ShardId>, threshold_ms: u64) -> Option<Arc<Run>> {
        self.with(|runs| {
            let holds = |run: &&Arc<Run>| match (&run.shards, shard) {
                (Some(shards), Some(shard)) => shards.contains(&shard),
                _ => true,
            };
            runs.iter().filter(holds).find(|run| run.duration_ms() >= threshold_ms).cloned()
        })
    }

    /// Ends the runs of a kind that have changed nothing: those that are past `threshold_ms`, else the oldest one.
    pub fn kill(&self, kind: RunKind, threshold_ms: u64) -> Kill {
        self.with(|runs| {
            let of_kind: Vec<&Arc<Run>> = runs.iter().filter(|run| run.kind == kind).collect();
            if of_kind.is_empty() {
                return runs.first().map_or(Kill::NotBusy, |run| Kill::Other(run.kind));
            }
            let late: Vec<&Arc<Run>> =
                of_kind.iter().copied().filter(|run| run.duration_ms() >= threshold_ms).collect();
            let chosen = if late.is_empty() { &of_kind[..1] } else { &late[..] };
            let mut kill = Kill::Unkillable;
            for run in chosen.iter().filter(|run| !run.wrote.load(Relaxed)) {
                run.killed.store(true, Relaxed);
                kill = Kill::Done;
            }
            kill
        })
    }
}
