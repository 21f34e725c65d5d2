//! What a handler sees, and what it answers to dispatch.

use super::Registered;
use super::blocking::Blocking;
use super::error::Error;
use crate::client::Session;
use crate::keyspace::{Locked, ShardData};
use crate::resp::{Args as Argv, Reply};
use crate::state::Server;

/// The surroundings of one command. The fields are separate so that a handler may hold an entry of `db` while it writes
/// to `reply`.
#[derive(Debug)]
pub struct Cx<'a> {
    /// Every room.
    pub server: &'a Server,
    /// The connection.
    pub session: &'a mut Session,
    /// The reply.
    pub reply: Reply<'a>,
    /// The locked shards, in the selected database.
    pub db: Locked<'a>,
    /// The command, or subcommand, that runs.
    pub command: &'static Registered,
    /// Whether this is a worker thread, which must not be held up.
    pub on_worker: bool,
    /// Runs another command under the locks of this one, as a part of it.
    pub call: Call,
}

/// Runs a command in place of the one at hand: same session, same locks, its reply behind what is written. It is counted
/// and shown as a command of its own; what it did to the keyspace is added to the effects of the whole.
pub type Call = fn(&mut Cx<'_>, &'static Registered, Argv<'_>) -> Called;

/// What became of a [`Call`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Called {
    /// The reply is written, an error perhaps.
    Replied,
    /// The same, and the connection is to be closed.
    Closes,
    /// It would take long, and this is a worker: nothing has been done.
    TooLong,
    /// It needs a shard that is not locked: nothing has been done.
    NotLocked,
}

/// Units of work (elements looked at) above which a command leaves the worker; about a millisecond.
pub const LONG_WORK: usize = 20_000;

impl Cx<'_> {
    /// Milliseconds since the Unix epoch, the same for the whole command.
    #[inline]
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.db.now_ms
    }

    /// To be called with the number of elements that a command is about to look at, before it acts.
    ///
    /// # Errors
    /// When that is too much for a worker: the handler passes the error on, and runs again on a blocking thread.
    #[inline]
    pub fn cost(&self, elements: usize) -> Result<(), Error> {
        self.budget().cost(elements)
    }

    /// How much the command may do where it runs: for a handler that learns its cost from an entry of `db`.
    #[inline]
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget { on_worker: self.on_worker }
    }

    /// Shows every shard to `visit`, one after the other. For commands of [`Run::Plain`](super::spec::Run::Plain), which
    /// hold no shard of their own. Locking: each shard for the time of its visit, unless it is held already.
    ///
    /// # Errors
    /// When a long command holds a shard and this is a worker: the handler passes the error on, and runs again on a
    /// thread that may wait. So it may not have changed anything yet that must not be done twice.
    pub fn each_shard(&mut self, mut visit: impl FnMut(&mut ShardData)) -> Result<(), Error> {
        for id in self.server.keyspace.shard_ids() {
            self.db.visit(id, self.on_worker, |db| visit(db.shard(id)))?;
        }
        Ok(())
    }
}

/// See [`Cx::budget`].
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    on_worker: bool,
}

impl Budget {
    /// See [`Cx::cost`].
    ///
    /// # Errors
    /// When that is too much for a worker.
    #[inline]
    pub fn cost(self, elements: usize) -> Result<(), Error> {
        if elements > LONG_WORK && self.on_worker { Err(Error::TooLongForWorker) } else { Ok(()) }
    }
}

/// Bytes that are hashed, copied or zeroed in the time of one unit of work.
const BYTES_PER_UNIT: usize = 256;

/// [`Cx::cost`] of bytes to be hashed, copied or zeroed, for a handler that holds an entry of `cx.db` already.
///
/// # Errors
/// As there.
#[inline]
pub fn cost_of_bytes(on_worker: bool, bytes: usize) -> Result<(), Error> {
    if bytes / BYTES_PER_UNIT > LONG_WORK && on_worker { Err(Error::TooLongForWorker) } else { Ok(()) }
}

/// What happens after a handler.
#[derive(Debug)]
pub enum Flow {
    /// The reply is written.
    Done,
    /// The same, as messages that CLIENT REPLY does not keep back (SUBSCRIBE).
    Pushed,
    /// The connection closes once the reply is sent.
    Close,
    /// Nothing is written and nothing has changed: the client waits.
    Block(Box<Blocking>),
}

/// A handler's answer.
pub type Outcome = Result<Flow, Error>;

/// The usual answer.
pub const DONE: Outcome = Ok(Flow::Done);
