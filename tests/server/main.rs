//! The real binary in a process of its own: what sockets, processes and foreign clients meet.

mod fixture;
mod wire;

mod admin;
mod append_only;
mod blocking;
mod cli;
mod clients;
mod connections;
mod crash;
mod lifecycle;
mod limits;
mod maxmemory;
mod pubsub;
mod scripts;
mod serialisable;
mod snapshots;
mod sockets;
mod streams;
mod tools;
mod tracking;
