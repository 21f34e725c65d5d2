//! The table of connected clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use dashmap::DashMap;

use super::{Client, Endpoint};

/// All connected clients by id.
#[derive(Debug, Default)]
pub struct Registry {
    clients: DashMap<u64, Arc<Client>, ahash::RandomState>,
    last_id: AtomicU64,
    connected: AtomicUsize,
}

impl Registry {
    /// Registers a new connection.
    pub fn connect(&self, endpoint: Endpoint, fd: i32, worker: usize, now_ms: u64) -> Arc<Client> {
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let client = Arc::new(Client::new(id, endpoint, fd, worker, now_ms));
        self.clients.insert(id, Arc::clone(&client));
        self.connected.fetch_add(1, Relaxed);
        client
    }

    /// Forgets a closed connection.
    pub fn disconnect(&self, id: u64) {
        if self.clients.remove(&id).is_some() {
            self.connected.fetch_sub(1, Relaxed);
        }
    }

    /// Number of connected clients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connected.load(Relaxed)
    }

    /// Whether nobody is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The client with that id.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.clients.get(&id).map(|entry| Arc::clone(entry.value()))
    }

    /// Shows all clients to `visit`, in no order. Locking: a part of the table at a time; `visit` must not change it.
    pub fn each(&self, mut visit: impl FnMut(&Client)) {
        self.clients.iter().for_each(|entry| visit(entry.value()));
    }

    /// All clients, by id. A snapshot: some may be gone when it is read.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Client>> {
        let mut all: Vec<_> = self.clients.iter().map(|entry| Arc::clone(entry.value())).collect();
        all.sort_unstable_by_key(|client| client.id);
        all
    }
}
