//! Server administration.

mod config;
mod debug;
mod fields;
mod info;
mod memory;
mod save;
mod shards;
mod status;
