//! Clients that wait in a blocking command: what is to be run for them when their keys change, and what came of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, TryLockError};

use dashmap::DashMap;

use super::{Client, SessionFlags, signal};
use crate::keyspace::KeyHash;
use crate::resp::{Output, OwnedArgs};
use crate::util::sync::lock;

/// A key for which a client waits, in the database that it has selected.
#[derive(Debug, Clone)]
pub struct AwaitedKey {
    /// Name.
    pub name: Box<[u8]>,
    /// Hash.
    pub hash: KeyHash,
}

/// A client that waits.
#[derive(Debug)]
pub struct Blocked {
    /// Its place in the queues of its keys.
    pub ticket: u64,
    /// The client.
    pub client: Arc<Client>,
    /// Its database.
    pub db: usize,
    /// Its protocol, 2 or 3.
    pub proto: u8,
    /// Its session's flags.
    pub flags: SessionFlags,
    /// The command to run when a key has changed.
    pub argv: OwnedArgs,
    /// What it waits for.
    pub keys: Vec<AwaitedKey>,
    /// The reply when nothing comes.
    pub timeout_reply: &'static [u8],
    /// When it gives up, in milliseconds since 1970; `None`: never.
    pub deadline_ms: Option<u64>,
    /// The wait also ends when effects up to this number of the journal are on disk.
    pub until_durable: Option<u64>,
    /// Its reply is not to be sent (CLIENT REPLY).
    pub silent: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting,
    /// With the reply, until the client's task takes it.
    Served(Output),
    Over,
}

/// What [`Blocked::cancel`] found.
#[derive(Debug)]
pub enum Cancelled {
    /// It was waiting, and does so no more.
    Now,
    /// It has been served: the reply.
    Served(Output),
    /// Somebody is serving it: to be asked again.
    Later,
}

impl Blocked {
    /// A client that begins to wait.
    #[allow(clippy::too_many_arguments, reason = "the parts of a record")]
    #[must_use]
    pub fn new(
        ticket: u64,
        client: Arc<Client>,
        db: usize,
        proto: u8,
        flags: SessionFlags,
        argv: OwnedArgs,
        keys: Vec<AwaitedKey>,
        timeout_reply: &'static [u8],
        deadline_ms: Option<u64>,
        until_durable: Option<u64>,
    ) -> Blocked {
        let state = Mutex::new(State::Waiting);
        let silent = AtomicBool::new(false);
        Blocked {
            ticket,
            client,
            db,
            proto,
            flags,
            argv,
            keys,
            timeout_reply,
            deadline_ms,
            until_durable,
            silent,
            state,
        }
    }

    /// Lets `serve` run the command if the client still waits. With its reply the wait is over, and the client's task is
    /// woken, which then takes the client off the table.
    pub fn serve(&self, serve: impl FnOnce() -> Option<Output>) {
        let mut state = lock(&self.state);
        if matches!(*state, State::Waiting)
            && let Some(output) = serve()
        {
            *state = State::Served(output);
            self.client.blocked.store(false, Relaxed);
            drop(state);
            self.client.raise(signal::RETRY);
        }
    }

    /// The reply, if it has been served. Never waits.
    pub fn take_reply(&self) -> Option<Output> {
        let mut state = self.state.try_lock().ok()?;
        if !matches!(*state, State::Served(_)) {
            return None;
        }
        match std::mem::replace(&mut *state, State::Over) {
            State::Served(output) => Some(output),
            State::Waiting | State::Over => None,
        }
    }

    /// Ends the wait. Never waits itself.
    pub fn cancel(&self) -> Cancelled {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Cancelled::Later,
        };
        self.client.blocked.store(false, Relaxed);
        match std::mem::replace(&mut *state, State::Over) {
            State::Waiting | State::Over => Cancelled::Now,
            State::Served(output) => Cancelled::Served(output),
        }
    }
}

/// All clients that wait, by ticket.
#[derive(Debug, Default)]
pub struct BlockedTable {
    table: DashMap<u64, Arc<Blocked>, ahash::RandomState>,
    last_ticket: AtomicU64,
}

impl BlockedTable {
    /// The next ticket. To be drawn under the locks of the keys that are waited for.
    pub fn draw_ticket(&self) -> u64 {
        self.last_ticket.fetch_add(1, Relaxed) + 1
    }

    /// Enters a client.
    pub fn insert(&self, blocked: Blocked) {
        self.table.insert(blocked.ticket, Arc::new(blocked));
    }

    /// The client with that ticket, if it still waits or has not yet taken its reply.
    pub fn get(&self, ticket: u64) -> Option<Arc<Blocked>> {
        self.table.get(&ticket).map(|entry| Arc::clone(entry.value()))
    }

    /// Forgets a client.
    pub fn remove(&self, ticket: u64) {
        self.table.remove(&ticket);
    }
}
