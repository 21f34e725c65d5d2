//! What the readers of INFO's fields look at: one moment of the server.

use std::cell::OnceCell;
use std::sync::atomic::Ordering::Relaxed;

use super::super::super::prelude::*;
use crate::client::SessionFlags;
use crate::keyspace::ShardStats;
use crate::state::Server;
use crate::stats::Totals;
use crate::util::alloc::{self, MemoryStats};
use crate::util::process;

/// The moment.
pub(super) struct View<'a> {
    pub(super) server: &'a Server,
    pub(super) now_us: u64,
    pub(super) totals: Totals,
    pub(super) keyspace: KeyspaceSums,
    memory: OnceCell<Memory>,
    clients: OnceCell<ClientSums>,
}

impl<'a> View<'a> {
    /// `with_shards`: some reader wants to know the shards. Locking: then each shard for a moment.
    pub(super) fn new(cx: &mut Cx<'a>, with_shards: bool) -> Result<View<'a>, Error> {
        let server = cx.server;
        let keyspace = if with_shards { KeyspaceSums::gather(cx)? } else { KeyspaceSums::default() };
        Ok(View {
            server,
            now_us: server.clock.now_us(),
            totals: server.stats.totals(),
            keyspace,
            memory: OnceCell::new(),
            clients: OnceCell::new(),
        })
    }

    /// Memory in use.
    pub(super) fn memory(&self) -> &Memory {
        self.memory.get_or_init(|| Memory::now(self.server, &self.keyspace, self.clients()))
    }

    /// Sums over all clients.
    pub(super) fn clients(&self) -> &ClientSums {
        self.clients.get_or_init(|| ClientSums::gather(self.server))
    }
}

/// Sums over all clients.
#[derive(Debug, Default)]
pub(in super::super) struct ClientSums {
    pub(super) largest_query: usize,
    pub(super) largest_output: usize,
    pub(super) blocked: usize,
    pub(super) tracking: usize,
    pub(super) subscribed: usize,
    pub(super) watching: usize,
    pub(super) watched_keys: u64,
    /// Bytes of requests and replies that are held for clients.
    pub(in super::super) bytes: u64,
}

impl ClientSums {
    pub(in super::super) fn gather(server: &Server) -> ClientSums {
        let mut sums = ClientSums::default();
        server.clients.each(|client| {
            let facts = &client.facts;
            let query = facts.query_buffer.load(Relaxed);
            let output = facts.output_pending.load(Relaxed) + client.mail_bytes();
            let flags = SessionFlags::from_bits_retain(facts.flags.load(Relaxed));
            let watched = facts.watch.load(Relaxed);
            sums.largest_query = sums.largest_query.max(query);
            sums.largest_output = sums.largest_output.max(output);
            sums.blocked += usize::from(client.is_waiting());
            sums.tracking += usize::from(flags.contains(SessionFlags::TRACKING));
            sums.subscribed += usize::from(client.is_subscribed());
            sums.watching += usize::from(watched > 0);
            sums.watched_keys += u64::from(watched);
            sums.bytes += (query + output) as u64;
        });
        sums
    }
}

/// One database over all shards.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct DbSums {
    pub(in super::super) keys: u64,
    pub(in super::super) expires: u64,
    /// Hashes with fields that expire.
    pub(super) field_expires: u64,
    pub(in super::super) index_bytes: u64,
    pub(in super::super) expires_bytes: u64,
    /// Time left, summed over the keys that expire.
    ttl_ms: u128,
}

impl DbSums {
    /// Mean time left of the keys that expire.
    pub(super) fn average_ttl_ms(&self) -> u64 {
        (self.ttl_ms / u128::from(self.expires.max(1))) as u64
    }
}

/// Every database over all shards, and what the shards count.
#[derive(Debug, Default)]
pub(in super::super) struct KeyspaceSums {
    pub(in super::super) dbs: Vec<DbSums>,
    pub(super) shards: ShardStats,
}

impl KeyspaceSums {
    /// Locking: each shard for a moment.
    pub(in super::super) fn gather(cx: &mut Cx<'_>) -> Result<KeyspaceSums, Error> {
        let now_ms = cx.now_ms();
        let mut sums = KeyspaceSums::default();
        cx.each_shard(|shard| {
            sums.shards.add(&shard.stats);
            for (number, db) in shard.dbs() {
                if number >= sums.dbs.len() {
                    sums.dbs.resize(number + 1, DbSums::default());
                }
                let expires = db.expires_len() as u64;
                let sum = &mut sums.dbs[number];
                sum.keys += db.len() as u64;
                sum.expires += expires;
                sum.field_expires += db.field_expires_len() as u64;
                sum.index_bytes += db.index_bytes() as u64;
                sum.expires_bytes += db.expires_bytes() as u64;
                sum.ttl_ms += u128::from(db.average_ttl_ms(now_ms)) * u128::from(expires);
            }
        })?;
        Ok(sums)
    }

    /// Keys of all databases.
    pub(in super::super) fn keys(&self) -> u64 {
        self.dbs.iter().map(|db| db.keys).sum()
    }
}

/// Memory in use, bytes.
#[derive(Debug, Default)]
pub(in super::super) struct Memory {
    pub(in super::super) used: u64,
    pub(in super::super) peak: u64,
    pub(in super::super) startup: u64,
    /// What is no data: start-up, indexes, clients' buffers.
    pub(in super::super) overhead: u64,
    pub(in super::super) clients: u64,
    /// Physical memory of the process.
    pub(in super::super) rss: u64,
    pub(in super::super) allocator: MemoryStats,
}

impl Memory {
    pub(in super::super) fn now(server: &Server, keyspace: &KeyspaceSums, clients: &ClientSums) -> Memory {
        let allocator = alloc::memory_stats();
        let used = allocator.allocated as u64;
        let startup = server.stats.memory.at_start();
        let index: u64 = keyspace.dbs.iter().map(|db| db.index_bytes + db.expires_bytes).sum();
        Memory {
            used,
            peak: server.stats.memory.peak().max(used),
            startup,
            overhead: (startup + index + clients.bytes).min(used),
            clients: clients.bytes,
            rss: process::resident_bytes(),
            allocator,
        }
    }

    /// Share of the allocator's pages that live allocations do not fill, as a factor.
    pub(in super::super) fn fragmentation(&self) -> f64 {
        ratio(self.allocator.active, self.allocator.allocated)
    }

    /// The same in bytes.
    pub(in super::super) fn fragmentation_bytes(&self) -> u64 {
        self.allocator.active.saturating_sub(self.allocator.allocated) as u64
    }

    /// Physical memory of the allocator, as a factor of its pages in use.
    pub(in super::super) fn allocator_rss(&self) -> f64 {
        ratio(self.allocator.resident, self.allocator.active)
    }

    /// The difference in bytes.
    pub(in super::super) fn allocator_rss_bytes(&self) -> i64 {
        self.allocator.resident as i64 - self.allocator.active as i64
    }

    /// Physical memory of the process, as a factor of the allocator's.
    pub(in super::super) fn rss_overhead(&self) -> f64 {
        ratio(self.rss, self.allocator.resident)
    }

    /// The difference in bytes.
    pub(in super::super) fn rss_overhead_bytes(&self) -> i64 {
        self.rss as i64 - self.allocator.resident as i64
    }

    /// Bytes of data.
    pub(in super::super) fn dataset(&self) -> u64 {
        self.used - self.overhead
    }

    /// Share of the data in what was allocated since the start, percent.
    pub(in super::super) fn dataset_percent(&self) -> f64 {
        100.0 * ratio(self.dataset(), self.used.saturating_sub(self.startup))
    }

    /// Use now, in percent of the greatest.
    pub(in super::super) fn peak_percent(&self) -> f64 {
        100.0 * ratio(self.used, self.peak)
    }
}

/// `a / b`; 0 where that means nothing.
pub(in super::super) fn ratio(a: impl TryInto<u64>, b: impl TryInto<u64>) -> f64 {
    let (a, b) = (a.try_into().unwrap_or(0), b.try_into().unwrap_or(0));
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}
