//! What follows a command once its shards are unlocked: error counters, slow log, latency spikes, MONITOR.

use std::io::Write;

use super::Finished;
use super::cron::record_spike;
use crate::client::{Endpoint, Session, SessionFlags, signal};
use crate::commands::spec::Flags;
use crate::commands::{Cx, Registered};
use crate::keyspace::Effects;
use crate::resp::{Args as Argv, Output, Reply, output::Mark};
use crate::state::{Gate, Server};
use crate::stats::WorkerStats;
use crate::stats::latency::event;
use crate::stats::slowlog::{CommandLog, Entry};

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
    let usual = [
        (&counters.dirty, effects.dirty),
        (&counters.hits, effects.hits.into()),
        (&counters.misses, effects.misses.into()),
    ];
    for (counter, by) in usual {
        if by > 0 {
            stats.add(counter, by);
        }
    }
    if effects.is_rare() {
        stats.add(&counters.expired, effects.expired.into());
        stats.add(&counters.expired_fields, effects.expired_fields.into());
        stats.add(&counters.evicted, effects.evicted.into());
    }
}

/// Drops what a command took out: at once, or on the thread for what takes long.
#[inline]
pub(super) fn drop_values(server: &Server, effects: &mut Effects) {
    if effects.is_heavy() && !effects.drop_before_reply {
        server.lazy_free.free(std::mem::take(effects));
    }
}

/// Counts a command that answered an error.
#[cold]
pub(super) fn failed(stats: &WorkerStats, command: &Registered, reply: &Reply<'_>) {
    stats.add(&stats.command(command.id).failed, 1);
    if !reply.is_counted() {
        stats.record_error(reply.error_code().unwrap_or(b"ERR"));
    }
}

/// Counts a command that was refused before it ran.
#[cold]
pub(super) fn refused(stats: &WorkerStats, command: Option<&Registered>, reply: &Reply<'_>) {
    if let Some(command) = command {
        stats.add(&stats.command(command.id).rejected, 1);
    }
    stats.record_error(reply.error_code().unwrap_or(b"ERR"));
}

/// Drops the reply where CLIENT REPLY says so, unless it is made of messages; answers whether it has. To be called once after
/// every command.
#[inline]
pub(super) fn silence(session: &mut Session, reply: &mut Reply<'_>, mark: Mark, is_pushed: bool) -> bool {
    let is_silent = session.is(SessionFlags::SILENT | SessionFlags::REPLY_SKIP_NEXT) && session.drops_reply();
    let silent = is_silent && !is_pushed;
    if silent {
        reply.undo(mark);
    }
    silent
}

/// Looks whether a log wants to hear of a command.
#[inline]
pub(super) fn look(server: &Server, session: &Session, argv: Argv<'_>, finished: &Finished, reply_bytes: usize) {
    if finished.ns >= server.attention_ns()
        || reply_bytes >= server.large_reply_bytes()
        || argv.has_wire_bytes(server.large_request_bytes())
    {
        notable(server, session, argv, finished, reply_bytes);
    }
}

/// Tells the logs and the latency monitor of a command that took long, or whose request or reply is large.
#[cold]
fn notable(server: &Server, session: &Session, argv: Argv<'_>, finished: &Finished, reply_bytes: usize) {
    let Finished { command, started, ns, .. } = *finished;
    let is_fast = command.spec.flags.contains(Flags::FAST);
    record_spike(server, if is_fast { event::FAST_COMMAND } else { event::COMMAND }, ns);
    if command.spec.flags.contains(Flags::SKIP_SLOWLOG) {
        return;
    }
    let (config, logs) = (&server.config, &server.stats.logs);
    let log = |log: &CommandLog, value: u64, max: usize| {
        if max > 0 {
            let at_s = (server.clock.at_us(started) + ns / 1000) / 1_000_000;
            let peer = session.client.endpoint.peer();
            let entry =
                session.client.with_names(|names| Entry::new(at_s, value, command.shown(argv), peer, &names.name));
            log.push(entry, max);
        }
    };
    let us = ns / 1000;
    if u64::try_from(config.slowlog_log_slower_than()).is_ok_and(|threshold_us| us >= threshold_us) {
        log(&logs.slow, us, config.slowlog_max_len());
    }
    if argv.has_wire_bytes(server.large_request_bytes()) {
        log(&logs.large_request, argv.wire_bytes() as u64, config.commandlog_large_request_max_len());
    }
    if reply_bytes >= server.large_reply_bytes() {
        log(&logs.large_reply, reply_bytes as u64, config.commandlog_large_reply_max_len());
    }
}

/// Puts the messages that have come for a client behind the replies to its commands.
pub(super) fn take_mail(session: &Session, output: &mut Output) {
    if session.client.signals() & signal::MAIL != 0 {
        session.client.take_mail(output);
    }
}

/// Shows a script to the clients in MONITOR mode, before the commands that it runs.
#[cold]
pub(super) fn monitor_script(
    server: &Server,
    session: &mut Session,
    command: &Registered,
    argv: Argv<'_>,
    started: u64,
) {
    if !server.gate().intersects(Gate::MONITORED) {
        session.flags -= SessionFlags::SHOWN;
    } else if !session.is(SessionFlags::SHOWN) {
        session.flags |= SessionFlags::SHOWN;
        show(server, session, &monitor_line(server, session, command, argv, started), None);
    }
}

/// Shows a command to the clients in MONITOR mode. `own`: where the client that ran it can be written to directly.
#[cold]
pub(super) fn monitor(
    server: &Server,
    session: &mut Session,
    argv: Argv<'_>,
    finished: &Finished,
    own: Option<&mut Output>,
) {
    let Finished { command, started, .. } = *finished;
    if command.spec.flags.contains(Flags::SKIP_MONITOR) {
        session.flags -= SessionFlags::SHOWN;
    } else if !command.spec.flags.contains(Flags::ADMIN) {
        show(server, session, &monitor_line(server, session, command, argv, started), own);
    }
}

/// What MONITOR writes of a command.
fn monitor_line(server: &Server, session: &Session, command: &Registered, argv: Argv<'_>, started: u64) -> Vec<u8> {
    let now_us = server.clock.at_us(started);
    let mut line = Vec::with_capacity(128);
    let peer = match &session.client.endpoint {
        _ if session.is(SessionFlags::SCRIPT) => "lua".to_owned(),
        Endpoint::Unix(path) => format!("unix:{path}"),
        other => other.peer(),
    };
    write!(line, "+{}.{:06} [{} {}]", now_us / 1_000_000, now_us % 1_000_000, session.db, peer)
        .expect("writing to a vector succeeds");
    for arg in command.shown(argv) {
        line.push(b' ');
        crate::util::quote::write_quoted(&mut line, arg);
    }
    line.extend_from_slice(b"\r\n");
    line
}

fn show(server: &Server, session: &Session, line: &[u8], own: Option<&mut Output>) {
    let me = session.client.id;
    let limit = server.config.monitor_output_limit().hard_bytes as usize;
    server.monitors.with(|clients| {
        for client in
            clients.iter().filter(|client| client.id != me && !client.flags().intersects(SessionFlags::SILENT))
        {
            if client.post(line, limit).is_err() {
                server.cut_off(client);
            }
        }
    });
    // Its own line comes right behind the reply, and behind what others sent it before.
    if let Some(output) = own.filter(|_| session.is(SessionFlags::MONITOR)) {
        session.client.take_mail(output);
        output.push(line);
    }
}
