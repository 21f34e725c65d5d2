//! Commands through the gate, in-process and without sockets: one module per command group, in RESP2 and RESP3.
//!
//! Start with [`harness`]: `both(|t| { t.expect("SET k v", "OK"); t.expect("GET k", r#""v""#); })`.

#[path = "../generator/mod.rs"]
mod generator;
mod harness;
mod render;

mod bitmap;
mod client;
mod command;
mod connection;
mod generic;
mod hyperloglog;
mod latency;
mod logs;
mod string;
mod table;
