//! Scripts and libraries as all threads share them.
//!
//! A run on the usual path writes to nothing here: each interpreter keeps what it knows for as long as the generation
//! stands, and what is learned of a script is settled after a few runs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, RwLock};

use dashmap::DashMap;

use super::digest::Digest;
use super::flags::Header;
use super::library::{Libraries, Library};
use super::runs::Runs;
use crate::util::sync::{lock, read, write};

/// Scripts of EVAL that are kept, as in Redis since 7.4; those of SCRIPT LOAD stay.
const EVAL_SCRIPTS_MAX: usize = 500;
/// Runs without undeclared keys after which a script counts as clean, and fast runs after which it counts as fast.
const TRUSTED_AFTER: u8 = 3;
/// In place of a number of fast runs: it never counts as fast again.
const NEVER: u8 = u8::MAX;

/// What is known of a script from its runs.
#[derive(Debug, Default)]
pub struct Standing {
    clean_runs: AtomicU8,
    fast_runs: AtomicU8,
    undeclared: AtomicBool,
}

impl Standing {
    /// It was seen to touch keys that it does not declare: it runs under all locks.
    #[must_use]
    pub fn touches_undeclared(&self) -> bool {
        self.undeclared.load(Relaxed)
    }

    /// It has run a few times without touching undeclared keys.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.clean_runs.load(Relaxed) >= TRUSTED_AFTER
    }

    /// It was fast the last few times: it may run on a worker.
    #[must_use]
    pub fn is_fast(&self) -> bool {
        self.fast_runs.load(Relaxed) == TRUSTED_AFTER
    }

    /// It touches keys that it does not declare.
    pub fn note_undeclared(&self) {
        self.undeclared.store(true, Relaxed);
    }

    /// A run has ended that touched declared keys only.
    pub fn note_clean(&self) {
        raise(&self.clean_runs);
    }

    /// A run has ended, in a short time or not.
    pub fn note_time(&self, is_fast: bool) {
        if is_fast {
            raise(&self.fast_runs);
        } else if self.fast_runs.load(Relaxed) != NEVER {
            self.fast_runs.store(0, Relaxed);
        }
    }

    /// It has held up a worker: from now on it runs on a thread of its own, however fast it is.
    pub fn note_held_up(&self) {
        self.fast_runs.store(NEVER, Relaxed);
    }
}

/// Counts to the trusted number and no further: then the cache line stays clean.
fn raise(count: &AtomicU8) {
    let runs = count.load(Relaxed);
    if runs < TRUSTED_AFTER {
        count.store(runs + 1, Relaxed);
    }
}

/// A script in the cache.
#[derive(Debug)]
pub struct Script {
    /// Its name.
    pub digest: Digest,
    /// Its source.
    pub source: Vec<u8>,
    /// What its first line says.
    pub header: Header,
    /// What is known of its runs.
    pub standing: Standing,
    /// SCRIPT LOAD has named it, so that it stays.
    kept: AtomicBool,
}

impl Script {
    /// The source behind the header: line numbers are kept.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.source[self.header.len..]
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// All scripts, libraries and runs of a server.
#[derive(Debug)]
pub struct Scripts {
    id: u64,
    generation: AtomicU64,
    scripts: DashMap<Digest, Arc<Script>, ahash::RandomState>,
    /// Scripts of EVAL, oldest first.
    eval: Mutex<VecDeque<Digest>>,
    evicted: AtomicU64,
    source_bytes: AtomicUsize,
    libraries: RwLock<Arc<Libraries>>,
    /// The runs that take their time.
    pub runs: Runs,
}

impl Default for Scripts {
    fn default() -> Scripts {
        Scripts {
            id: NEXT_ID.fetch_add(1, Relaxed),
            generation: AtomicU64::new(0),
            scripts: DashMap::default(),
            eval: Mutex::default(),
            evicted: AtomicU64::new(0),
            source_bytes: AtomicUsize::new(0),
            libraries: RwLock::default(),
            runs: Runs::default(),
        }
    }
}

impl Scripts {
    /// Which scripts these are, and how often some were taken away or libraries changed: what a thread has looked up holds
    /// while this stays.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> (u64, u64) {
        (self.id, self.generation.load(SeqCst))
    }

    /// The script of that digest.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<Arc<Script>> {
        self.scripts.get(digest).map(|script| Arc::clone(&script))
    }

    /// Adds a script, or finds it. `keeps`: it is to stay until it is flushed (SCRIPT LOAD).
    pub fn add(&self, digest: Digest, source: &[u8], header: Header, keeps: bool) -> Arc<Script> {
        let mut is_new = false;
        let script = Arc::clone(&self.scripts.entry(digest).or_insert_with(|| {
            is_new = true;
            let (standing, kept) = (Standing::default(), AtomicBool::new(keeps));
            Arc::new(Script { digest, source: source.to_vec(), header, standing, kept })
        }));
        if keeps {
            script.kept.store(true, Relaxed);
        }
        if is_new {
            self.source_bytes.fetch_add(source.len(), Relaxed);
            if !keeps {
                self.make_room(digest);
            }
        }
        script
    }

    /// Notes a new script of EVAL and forgets the oldest of too many.
    fn make_room(&self, digest: Digest) {
        let mut eval = lock(&self.eval);
        eval.push_back(digest);
        while eval.len() > EVAL_SCRIPTS_MAX {
            let Some(oldest) = eval.pop_front() else { break };
            if let Some((_, script)) = self.scripts.remove_if(&oldest, |_, script| !script.kept.load(Relaxed)) {
                self.source_bytes.fetch_sub(script.source.len(), Relaxed);
                self.evicted.fetch_add(1, Relaxed);
            }
        }
    }

    /// SCRIPT FLUSH.
    pub fn flush(&self) {
        let mut eval = lock(&self.eval);
        eval.clear();
        self.scripts.clear();
        self.source_bytes.store(0, Relaxed);
        self.generation.fetch_add(1, SeqCst);
    }

    /// Number of cached scripts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scripts.len()
    }

    /// Whether no script is cached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }

    /// Scripts forgotten to make room.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Relaxed)
    }

    /// Memory of the cached scripts, in bytes.
    #[must_use]
    pub fn script_bytes(&self) -> usize {
        self.source_bytes.load(Relaxed) + self.scripts.len() * size_of::<Script>()
    }

    /// Memory of the libraries, in bytes.
    #[must_use]
    pub fn library_bytes(&self) -> usize {
        let of_library = |library: &Arc<Library>| {
            size_of::<Library>() + library.code.len() + library.functions.len() * size_of::<super::library::Function>()
        };
        self.libraries().iter().map(of_library).sum()
    }

    /// The libraries as they are now: what FUNCTION DUMP and snapshots save.
    #[must_use]
    pub fn libraries(&self) -> Arc<Libraries> {
        Arc::clone(&read(&self.libraries))
    }

    /// Changes the libraries, all or nothing. Locking: other changes wait.
    ///
    /// # Errors
    /// Those of `change`: nothing has changed then.
    pub fn change_libraries<E>(&self, change: impl FnOnce(&mut Libraries) -> Result<(), E>) -> Result<(), E> {
        let mut current = write(&self.libraries);
        let mut libraries = Libraries::clone(&current);
        change(&mut libraries)?;
        *current = Arc::new(libraries);
        self.generation.fetch_add(1, SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(scripts: &Scripts, source: &str, keeps: bool) -> Digest {
        let digest = Digest::of(source.as_bytes());
        scripts.add(digest, source.as_bytes(), Header::default(), keeps);
        digest
    }

    #[test]
    fn the_oldest_scripts_of_eval_go() {
        let scripts = Scripts::default();
        let kept = add(&scripts, "kept", false);
        add(&scripts, "kept", true);
        let first = add(&scripts, "first", false);
        for n in 0..EVAL_SCRIPTS_MAX {
            add(&scripts, &n.to_string(), false);
        }
        assert!(scripts.get(&kept).is_some() && scripts.get(&first).is_none());
        assert_eq!((scripts.evicted(), scripts.len()), (1, EVAL_SCRIPTS_MAX + 1));
        scripts.flush();
        assert!(scripts.is_empty());
    }

    #[test]
    fn trust_comes_after_a_few_runs_and_goes_with_one() {
        let standing = Standing::default();
        for _ in 0..TRUSTED_AFTER {
            assert!(!standing.is_fast() && !standing.is_clean());
            standing.note_time(true);
            standing.note_clean();
        }
        assert!(standing.is_fast() && standing.is_clean());
        standing.note_time(false);
        assert!(!standing.is_fast() && !standing.touches_undeclared());
        standing.note_held_up();
        for is_fast in [false, true, true, true, true] {
            standing.note_time(is_fast);
            assert!(!standing.is_fast());
        }
    }
}
