//! What may keep a command from running, in the order in which clients see it.

use super::Wait;
use super::memory::{Room, make_room};
use crate::client::{Session, SessionFlags};
use crate::commands::spec::Flags;
use crate::commands::{Error, Registered, error, scripting};
use crate::config::Guard;
use crate::keyspace::evict::Evictor;
use crate::resp::Args as Argv;
use crate::state::{Gate, Server};
use crate::stats::WorkerStats;

/// The command does not run.
#[derive(Debug)]
pub(super) enum Refusal {
    /// With this reply.
    Error(Error),
    /// Not yet.
    Wait(Wait),
}

/// A command that is asked for, and what its checks need.
pub(super) struct Asked<'a> {
    pub(super) server: &'a Server,
    pub(super) session: &'a mut Session,
    pub(super) command: &'a Registered,
    /// What the request may do, see [`effective_flags`].
    pub(super) flags: Flags,
    /// Of the thread.
    pub(super) evictor: &'a mut Evictor,
    pub(super) stats: &'a WorkerStats,
    pub(super) on_worker: bool,
}

type Check = fn(&mut Asked<'_>) -> Result<(), Refusal>;

/// All checks by name; the first that fails decides. The order is that of Redis.
const CHECKS: &[(&str, Check)] = &[
    ("protected", protected),
    ("authentication", authentication),
    ("transaction", transaction),
    ("memory", memory),
    ("disk", disk),
    ("log", log),
    ("subscribed", subscribed),
    ("loading", loading),
    ("monitoring", monitoring),
    ("paused", paused),
];

/// Whether any check can fail; false on the usual path.
#[inline]
pub(super) fn needed(server: &Server, session: &Session, command: &Registered) -> bool {
    !(server.gate() - Gate::MONITORED).is_empty()
        || session.is(SessionFlags::GATED)
        || command.spec.flags.contains(Flags::PROTECTED)
}

/// Walks the checks.
pub(super) fn run(mut asked: Asked<'_>) -> Result<(), Refusal> {
    CHECKS.iter().try_for_each(|(_, check)| check(&mut asked))
}

fn refuse(text: &'static str) -> Result<(), Refusal> {
    Err(Refusal::Error(Error::new(text)))
}

fn has(command: &Registered, flag: Flags) -> bool {
    command.spec.flags.contains(flag)
}

fn protected(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, session, command, .. } = asked;
    if !has(command, Flags::PROTECTED) {
        return Ok(());
    }
    let local = session.client.endpoint.is_loopback();
    let (name, parameter, guard) = if command.spec.name == "DEBUG" {
        ("DEBUG", "enable-debug-command", server.config.enable_debug_command())
    } else {
        ("MODULE", "enable-module-command", server.config.enable_module_command())
    };
    if guard == Guard::Yes || guard == Guard::Local && local {
        return Ok(());
    }
    let text = format!(
        "ERR {name} command not allowed. If the {parameter} option is set to \"local\", you can run it from a local \
         connection, otherwise you need to set this option in the configuration file, and then restart the server."
    );
    Err(Refusal::Error(Error::text(text)))
}

fn authentication(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, session, command, .. } = asked;
    if !has(command, Flags::NO_AUTH) && server.auth_required(session) {
        return Err(Refusal::Error(error::NOAUTH));
    }
    Ok(())
}

fn transaction(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { session, command, .. } = asked;
    if session.is(SessionFlags::MULTI) && has(command, Flags::NO_MULTI) {
        return refuse("ERR Command not allowed inside a transaction");
    }
    Ok(())
}

/// What a request may do: of EXEC, what all queued commands may; of a script, what it states.
pub(super) fn effective_flags(server: &Server, session: &Session, command: &Registered, argv: Argv<'_>) -> Flags {
    match &session.transaction {
        Some(transaction) if command.spec.name == "EXEC" => Flags::from_bits_retain(transaction.flags),
        _ if command.group.name == "scripting" => scripting::effective_flags(server, command.spec, argv),
        _ => command.spec.flags,
    }
}

/// Makes room. Where there is none, what may take memory is refused; inside of MULTI that is all but what ends it.
fn memory(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, session, command, flags, evictor, stats, on_worker } = asked;
    let room = make_room(server, stats, evictor);
    session.flags.set(SessionFlags::NO_ROOM, room == Room::None);
    let ends_multi = matches!(command.spec.name, "EXEC" | "DISCARD" | "QUIT" | "RESET");
    let takes = flags.contains(Flags::DENYOOM) || session.is(SessionFlags::MULTI) && !ends_multi;
    match room {
        Room::None if takes => Err(Refusal::Error(error::OOM)),
        Room::Later if takes && *on_worker => Err(Refusal::Wait(Wait::Shards)),
        _ => Ok(()),
    }
}

/// After a snapshot has failed nothing is changed that could be lost.
fn disk(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, command, flags, .. } = asked;
    let Some(failure) = error::of_disk(server) else {
        return Ok(());
    };
    let may_change = flags.contains(Flags::WRITE) || command.spec.name == "PING";
    if may_change { Err(Refusal::Error(failure)) } else { Ok(()) }
}

/// An append-only file that is behind gets time to come along before more is written.
fn log(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, flags, .. } = asked;
    let is_behind = server.gate().intersects(Gate::LOG_BEHIND) && server.keyspace.journal.is_full();
    // A script that states nothing may write as well.
    let waits = is_behind && flags.intersects(Flags::WRITE | Flags::MAY_REPLICATE);
    if waits { Err(Refusal::Wait(Wait::Shards)) } else { Ok(()) }
}

fn subscribed(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { session, command, .. } = asked;
    if !session.is(SessionFlags::SUBSCRIBED) || session.proto == 3 {
        return Ok(());
    }
    let subscribes = matches!(
        command.spec.name,
        "SUBSCRIBE" | "SSUBSCRIBE" | "PSUBSCRIBE" | "UNSUBSCRIBE" | "SUNSUBSCRIBE" | "PUNSUBSCRIBE"
    );
    if subscribes || matches!(command.spec.name, "PING" | "QUIT" | "RESET") {
        return Ok(());
    }
    Err(Refusal::Error(Error::text(format!(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        command.name
    ))))
}

fn loading(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, command, .. } = asked;
    if server.gate().intersects(Gate::LOADING) && !has(command, Flags::LOADING) {
        return refuse("LOADING Redis is loading the dataset in memory");
    }
    Ok(())
}

/// Whoever watches with MONITOR is not paused, as little as a replica, and so may not touch keys.
fn monitoring(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { session, command, .. } = asked;
    let touches_keys = Flags::READONLY | Flags::WRITE | Flags::MAY_REPLICATE;
    if session.is(SessionFlags::MONITOR) && command.spec.flags.intersects(touches_keys) {
        return Err(Refusal::Error(error::REPLICA_NO_KEYS));
    }
    Ok(())
}

/// A paused client waits with its request. As in Redis a pause of all holds CLIENT UNPAUSE up too.
fn paused(asked: &mut Asked<'_>) -> Result<(), Refusal> {
    let Asked { server, session, flags, .. } = asked;
    let gate = server.gate();
    let may_write = flags.intersects(Flags::WRITE | Flags::MAY_REPLICATE);
    let stops = gate.intersects(Gate::PAUSED_ALL) || gate.intersects(Gate::PAUSED_WRITE) && may_write;
    if stops && !session.is(SessionFlags::MONITOR) && server.unpause_at(server.clock.now_ms()) {
        return Err(Refusal::Wait(Wait::Paused));
    }
    Ok(())
}
