//! What a session keeps for MULTI and WATCH.

use std::sync::atomic::Ordering::Relaxed;

use super::{Session, SessionFlags};
use crate::keyspace::{KeyHash, Watcher};
use crate::resp::OwnedArgs;

/// Commands queued since MULTI.
#[derive(Debug, Default)]
pub struct Transaction {
    /// In order.
    pub queue: Vec<Queued>,
    /// Union of the queued commands' flags, as bits of their rows.
    pub flags: u32,
    /// A command was refused: EXEC will refuse all.
    pub is_aborted: bool,
    /// Memory of the queue.
    pub bytes: usize,
}

/// A queued command.
#[derive(Debug)]
pub struct Queued {
    /// Its id in the table of commands.
    pub command: u16,
    /// Its words.
    pub argv: OwnedArgs,
}

/// A watched key.
#[derive(Debug)]
pub struct WatchedKey {
    /// Its database.
    pub db: usize,
    /// Its name.
    pub name: Box<[u8]>,
    /// Its hash.
    pub hash: KeyHash,
}

/// Keys watched by a session.
#[derive(Debug, Default)]
pub struct Watched {
    /// Told when one of them changes.
    pub watcher: Watcher,
    /// Each once.
    pub keys: Vec<WatchedKey>,
}

impl Session {
    /// MULTI.
    pub fn begin_transaction(&mut self) {
        self.transaction = Some(Box::default());
        self.set(SessionFlags::MULTI, true);
        self.client.facts.multi.store(0, Relaxed);
    }

    /// Ends the transaction, and answers it.
    pub fn end_transaction(&mut self) -> Option<Box<Transaction>> {
        self.set(SessionFlags::MULTI, false);
        self.client.facts.multi.store(-1, Relaxed);
        self.transaction.take()
    }

    /// Goes back into the transaction that [`Session::end_transaction`] has answered.
    pub fn restore_transaction(&mut self, transaction: Box<Transaction>) {
        self.client.facts.multi.store(transaction.queue.len() as i64, Relaxed);
        self.transaction = Some(transaction);
        self.set(SessionFlags::MULTI, true);
    }

    /// Queues a command with its flags; answers the memory of the whole queue in bytes. Not outside of a transaction.
    pub fn queue(&mut self, command: u16, argv: OwnedArgs, flags: u32) -> usize {
        let Some(transaction) = &mut self.transaction else { return 0 };
        transaction.bytes += argv.memory_bytes();
        transaction.flags |= flags;
        transaction.queue.push(Queued { command, argv });
        self.client.facts.multi.store(transaction.queue.len() as i64, Relaxed);
        transaction.bytes
    }

    /// A command was refused: if it was to be queued, EXEC will refuse all.
    pub fn abort_transaction(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.is_aborted = true;
        }
    }

    /// Remembers a watched key; false when it was watched before.
    pub fn add_watch(&mut self, db: usize, name: &[u8], hash: KeyHash) -> bool {
        let watched = self.watched.get_or_insert_default();
        if watched.keys.iter().any(|key| key.hash == hash && key.db == db && *key.name == *name) {
            return false;
        }
        watched.keys.push(WatchedKey { db, name: name.into(), hash });
        self.client.facts.watch.store(watched.keys.len() as u32, Relaxed);
        true
    }

    /// Forgets the watched keys. The caller ends the watches in the keyspace.
    pub fn take_watched(&mut self) -> Option<Box<Watched>> {
        let watched = self.watched.take()?;
        self.client.facts.watch.store(0, Relaxed);
        Some(watched)
    }

    /// Remembers again what [`Session::take_watched`] has answered.
    pub fn restore_watched(&mut self, watched: Box<Watched>) {
        self.client.facts.watch.store(watched.keys.len() as u32, Relaxed);
        self.watched = Some(watched);
    }

    /// Whether a watched key has changed.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.watched.as_ref().is_some_and(|watched| watched.watcher.is_touched())
    }
}
