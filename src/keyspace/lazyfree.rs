//! Frees what takes long on a thread of its own: emptied databases, large values.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{OnceLock, mpsc};

use super::Effects;
use crate::util::{memory, task};

/// The thread, started with the first work, and its counters.
#[derive(Default)]
pub struct LazyFree {
    queue: OnceLock<mpsc::Sender<Effects>>,
    pending: std::sync::Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    pending: AtomicU64,
    freed: AtomicU64,
}

impl fmt::Debug for LazyFree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pending.fmt(f)
    }
}

impl LazyFree {
    /// Hands over what a command left to be dropped. The caller holds no shard.
    pub fn free(&self, trash: Effects) {
        let objects = count(&trash);
        self.pending.pending.fetch_add(objects, Relaxed);
        let queue = self.queue.get_or_init(|| {
            let (sender, receiver) = mpsc::channel::<Effects>();
            let counters = std::sync::Arc::clone(&self.pending);
            task::spawn_thread("lazyfree", move || {
                while let Ok(trash) = receiver.recv() {
                    let (objects, bytes) = (count(&trash), trash.leaving_bytes);
                    drop(trash);
                    memory::left(bytes);
                    counters.pending.fetch_sub(objects, Relaxed);
                    counters.freed.fetch_add(objects, Relaxed);
                }
            });
            sender
        });
        // Without its thread the work is done here: a closed queue hands it back in the error, which is dropped.
        let _ = queue.send(trash);
    }

    /// Objects that wait to be freed (INFO lazyfree_pending_objects).
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.pending.pending.load(Relaxed)
    }

    /// Objects freed here (INFO lazyfreed_objects).
    #[must_use]
    pub fn freed(&self) -> u64 {
        self.pending.freed.load(Relaxed)
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        self.pending.freed.store(0, Relaxed);
    }
}

fn count(trash: &Effects) -> u64 {
    trash.heavy_count() as u64
}
