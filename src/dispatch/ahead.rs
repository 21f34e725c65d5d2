//! Requests of a pipeline that are about to run: what their keys need is brought near while others still run.
//!
//! A look-up waits for memory three times, one after the other: for the shard, the bucket, the entry. Over several requests
//! at once these waits overlap.

use smallvec::SmallVec;

use super::Executor;
use crate::client::Session;
use crate::commands::{Registered, table};
use crate::keyspace::{Key, KeyHash, Keyspace, Locked, Near};
use crate::resp::Args as Argv;

/// Most requests that are looked at together.
pub const AHEAD_MAX: usize = 16;

/// What is found out about a request before it runs: its command, and the hash of the first key, which lies at a fixed place.
#[derive(Debug, Clone, Copy)]
pub struct Foreseen {
    pub(super) command: &'static Registered,
    pub(super) hash: KeyHash,
    /// The next request means the same shard, as this one no other: one lock is enough. Where all requests mean one key,
    /// two workers would else take turns at it request by request, and its memory go from one to the other each time.
    pub(super) keeps_shard: bool,
}

impl Foreseen {
    /// Whether both requests need one shard, and the same.
    #[inline]
    fn shares_shard(&self, other: &Foreseen, keyspace: &Keyspace) -> bool {
        let have_one = self.command.single_key != 0 && other.command.single_key != 0;
        have_one && keyspace.shard_of(self.hash) == keyspace.shard_of(other.hash)
    }
}

/// The requests behind the one that runs.
pub trait Behind<'r> {
    /// The one behind so many others, if it is foreseen.
    fn peek(&self, skipped: usize) -> Option<(Argv<'r>, Foreseen)>;
    /// It runs.
    fn take(&self);
}

/// There are none.
#[derive(Debug)]
pub struct Alone;

impl<'r> Behind<'r> for Alone {
    fn peek(&self, _skipped: usize) -> Option<(Argv<'r>, Foreseen)> {
        None
    }

    fn take(&self) {}
}

impl Executor {
    /// Begins to bring near what these requests will read, and adds to `foreseen` what it finds out about each, if that is
    /// something. Locking: the shard of each, for some nanoseconds, unless it is held.
    pub fn look_ahead<'a>(
        &mut self,
        session: &Session,
        requests: impl Iterator<Item = Argv<'a>>,
        foreseen: &mut Vec<Option<Foreseen>>,
    ) {
        self.ended = 0;
        let keyspace = &self.server.keyspace;
        let mut near = SmallVec::<[KeyHash; AHEAD_MAX]>::new();
        for argv in requests {
            let request = foresee(keyspace, argv);
            if let Some(request) = request {
                if let Some(Some(before)) = foreseen.last_mut() {
                    before.keeps_shard = before.shares_shard(&request, keyspace);
                }
                if near.last() != Some(&request.hash) {
                    near.push(request.hash);
                }
            }
            foreseen.push(request);
        }
        bring_near(keyspace, session.db, near.iter().copied());
    }
}

#[inline]
fn foresee(keyspace: &Keyspace, argv: Argv<'_>) -> Option<Foreseen> {
    let command = table().find(argv.get(0)).filter(|command| command.first_key > 0)?;
    let hash = keyspace.hash(argv.try_get(usize::from(command.first_key))?);
    Some(Foreseen { command, hash, keeps_shard: false })
}

/// Begins to bring near the elements that this request and those behind it mean which run under the same lock, as far as
/// they are of the same key.
pub(super) fn bring_elements_near<'r>(db: &Locked<'_>, argv: Argv<'r>, first: Foreseen, behind: &impl Behind<'r>) {
    let request = |at: usize| if at == 0 { Some((argv, first)) } else { behind.peek(at - 1) };
    let mut keeps = true;
    let run = (0..).map_while(request).take_while(|(_, request)| {
        let is_here = std::mem::replace(&mut keeps, request.keeps_shard);
        is_here && request.hash == first.hash
    });
    let elements = run.filter_map(|(argv, request)| match request.command.spec.element {
        0 => None,
        position => argv.try_get(usize::from(position)),
    });
    let key = Key { name: argv.get(usize::from(first.command.single_key)), hash: first.hash };
    db.prefetch_elements(key, elements);
}

/// Begins to bring near what look-ups of these keys will read: for each step that waits for memory, all of them at once.
/// Locking: the shard of each, for some nanoseconds, unless it is held.
#[inline]
pub(super) fn bring_near(keyspace: &Keyspace, db: usize, keys: impl Iterator<Item = KeyHash> + Clone) {
    keys.clone().for_each(|hash| keyspace.prefetch_shard(hash));
    for what in [Near::Buckets, Near::Entry] {
        keys.clone().for_each(|hash| keyspace.prefetch(db, hash, what));
    }
}
