//! Commands through the gate, in-process and without sockets: one module per command group, in RESP2 and RESP3.
//!
//! Start with [`harness`]: `both(|t| { t.expect("SET k v", "OK"); t.expect("GET k", r#""v""#); })`.

#[path = "../server/fixture.rs"]
mod fixture;
#[path = "../generator/mod.rs"]
mod generator;
mod harness;
mod render;
#[path = "../server/wire.rs"]
mod wire;

mod bitmap;
mod client;
mod command;
mod connection;
mod facts;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod journal;
mod latency;
mod list;
mod logs;
mod maxmemory;
mod pubsub;
mod scripting;
mod server;
mod set;
mod slow_disk;
mod sorted_set;
mod stream;
mod string;
mod table;
mod tracking;
mod transactions;
mod wrong_arguments;
mod wrong_type;
