//! What follows a command once its shards are unlocked: error counters, slow log, latency spikes, MONITOR.

use std::io::Write;

use bytes::Bytes;

use super::Finished;
use crate::client::{Endpoint, Session, SessionFlags, signal};
use crate::commands::spec::Flags;
use crate::commands::{Cx, Registered};
use crate::config::ClientClass;
use crate::keyspace::Effects;
use crate::resp::{Args as Argv, Reply, output::Mark};
use crate::state::Server;
use crate::stats::WorkerStats;

/// A handler panicked: its reply is replaced, the connection will close, the server goes on.
#[cold]
pub(super) fn panicked(stats: &WorkerStats, cx: &mut Cx<'_>) {
    stats.add(&stats.counters.panics, 1);
    tracing::error!(command = cx.command.name, client = cx.session.client.id, "a command handler panicked");
    cx.reply.error("ERR internal error: the command failed and its connection is closed");
}

/// Counts what a command did to the keyspace.
#[inline]
pub(super) fn count(stats: &WorkerStats, effects: &Effects) {
    let counters = &stats.counters;
    let counts = [
        (&counters.dirty, effects.dirty),
        (&counters.hits, u64::from(effects.hits)),
        (&counters.misses, u64::from(effects.misses)),
        (&counters.expired, u64::from(effects.expired)),
    ];
    for (counter, by) in counts {
        if by > 0 {
            stats.add(counter, by);
        }
    }
}

/// Counts a command that answered an error.
#[cold]
pub(super) fn failed(stats: &WorkerStats, command: &Registered, reply: &Reply<'_>) {
    stats.add(&stats.command(command.id).failed, 1);
    stats.record_error(reply.error_code().unwrap_or(b"ERR"));
}

/// Counts a command that was refused before it ran.
#[cold]
pub(super) fn refused(stats: &WorkerStats, command: Option<&Registered>, reply: &Reply<'_>) {
    if let Some(command) = command {
        stats.add(&stats.command(command.id).rejected, 1);
    }
    stats.record_error(reply.error_code().unwrap_or(b"ERR"));
}

/// Tells the slow log and the latency monitor of a command that took long.
#[cold]
pub(super) fn slow(server: &Server, session: &Session, command: &Registered, argv: Argv<'_>, finished: &Finished) {
    let _ = (server, session, command, argv, finished);
}

/// Drops the reply where CLIENT REPLY says so.
#[cold]
pub(super) fn drop_reply(session: &mut Session, command: &Registered, reply: &mut Reply<'_>, mark: Mark) {
    if session.is(SessionFlags::REPLY_SKIP_NEXT) && command.name == "client|reply" {
        session.set(SessionFlags::REPLY_SKIP_NEXT, false);
        session.set(SessionFlags::REPLY_SKIP, true);
        return;
    }
    reply.undo(mark);
    session.set(SessionFlags::REPLY_SKIP, false);
}

/// Shows a command to the clients in MONITOR mode.
#[cold]
pub(super) fn monitor(server: &Server, session: &Session, command: &Registered, argv: Argv<'_>, started: u64) {
    if command.spec.flags.intersects(Flags::SKIP_MONITOR | Flags::ADMIN) {
        return;
    }
    let now_us = server.clock.at_us(started);
    let mut line = Vec::with_capacity(128);
    let peer = match &session.client.endpoint {
        Endpoint::Unix(path) => format!("unix:{path}"),
        other => other.peer(),
    };
    write!(line, "+{}.{:06} [{} {}]", now_us / 1_000_000, now_us % 1_000_000, session.db, peer)
        .expect("writing to a vector succeeds");
    for arg in argv.iter() {
        line.push(b' ');
        crate::util::quote::write_quoted(&mut line, arg);
    }
    line.extend_from_slice(b"\r\n");
    let line = Bytes::from(line);
    let limit = server.config.output_limit(ClientClass::Replica).hard_bytes as usize;
    server.monitors.with(|clients| {
        for client in clients.iter() {
            if client.post(line.clone(), limit).is_err() {
                client.raise(signal::KILL);
            }
        }
    });
}
