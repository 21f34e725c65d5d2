//! Nyala: a Redis-protocol server that uses every core from one process, by lock striping.
//!
//! # The path of a request
//!
//! `net::listener` accepts, a task on a worker owns the connection, [`resp`] cuts the bytes into requests,
//! `commands::lookup` finds the row, `dispatch` checks, locks the shards of the declared keys in ascending order and
//! runs the handler, which writes the reply bytes; one write per read sends them.
//!
//! # Rooms
//!
//! A room uses only rooms below it (a test holds the direction):
//! `main > net > dispatch > commands > state > pubsub > (client, script, acl, cluster, replication, persist, config,
//! stats) > keyspace > journal > (resp, types) > util`.
//!
//! # Invariants
//!
//! 1. No guard lives across `.await`.
//! 2. Shards are locked in ascending order.
//! 3. A handler reaches only the shards of the keys its row declares.
//! 4. Every mutation goes through `changed`.
//! 5. The journal is appended under the lock.
//! 6. Time comes only from the clock passed in.
//! 7. Every buffer, queue, depth and batch has a named limit.
//! 8. A single-key command writes to no cache line shared by all workers but that of its shard.

pub mod client;
pub mod commands;
pub mod config;
pub mod dispatch;
pub mod journal;
pub mod keyspace;
pub mod net;
pub mod persist;
pub mod pubsub;
pub mod resp;
pub mod script;
pub mod state;
pub mod stats;
pub mod types;
pub mod util;
