//! Requests of a pipeline that are about to run: what their keys need is brought near while others still run.
//!
//! A look-up waits for memory three times, one after the other: for the shard, the bucket, the entry. Over several requests
//! at once these waits overlap.

use smallvec::SmallVec;

use super::Executor;
use crate::client::Session;
use crate::commands::table;
use crate::keyspace::{KeyHash, Near};
use crate::resp::Args as Argv;

/// Most requests that are looked at together.
pub const AHEAD_MAX: usize = 16;

impl Executor {
    /// Begins to bring near what these requests will read. Locking: the shard of each, for some nanoseconds, unless it is
    /// held.
    pub fn look_ahead<'a>(&self, session: &Session, requests: impl Iterator<Item = Argv<'a>>) {
        let keyspace = &self.server.keyspace;
        let mut keys: SmallVec<[KeyHash; AHEAD_MAX]> = SmallVec::new();
        for argv in requests {
            let position = table().find(argv.get(0)).map_or(0, |command| usize::from(command.first_key));
            if position > 0
                && let Some(key) = argv.try_get(position)
            {
                let hash = keyspace.hash(key);
                keyspace.prefetch_shard(hash);
                keys.push(hash);
            }
        }
        for what in [Near::Buckets, Near::Entry] {
            keys.iter().for_each(|&hash| keyspace.prefetch(session.db, hash, what));
        }
    }
}
