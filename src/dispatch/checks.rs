//! What may keep a command from running, in the order in which clients see it.

use super::Wait;
use crate::client::{Session, SessionFlags};
use crate::commands::spec::Flags;
use crate::commands::{Error, Registered, error};
use crate::config::Guard;
use crate::state::{Gate, Server};

/// The command does not run.
#[derive(Debug)]
pub(super) enum Refusal {
    /// With this reply.
    Error(Error),
    /// Not yet.
    Wait(Wait),
}

type Check = fn(&Server, &Session, &Registered) -> Result<(), Refusal>;

/// All checks by name; the first that fails decides. The order is that of Redis.
const CHECKS: &[(&str, Check)] = &[
    ("protected", protected),
    ("authentication", authentication),
    ("transaction", transaction),
    ("memory", memory),
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
pub(super) fn run(server: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
    CHECKS.iter().try_for_each(|(_, check)| check(server, session, command))
}

fn refuse(text: &'static str) -> Result<(), Refusal> {
    Err(Refusal::Error(Error::new(text)))
}

fn has(command: &Registered, flag: Flags) -> bool {
    command.spec.flags.contains(flag)
}

fn protected(server: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
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

fn authentication(server: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
    if !has(command, Flags::NO_AUTH) && server.auth_required(session) {
        return Err(Refusal::Error(error::NOAUTH));
    }
    Ok(())
}

fn transaction(_: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
    if session.is(SessionFlags::MULTI) && has(command, Flags::NO_MULTI) {
        return refuse("ERR Command not allowed inside a transaction");
    }
    Ok(())
}

fn memory(_: &Server, _: &Session, _: &Registered) -> Result<(), Refusal> {
    Ok(())
}

fn subscribed(_: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
    if !session.is(SessionFlags::SUBSCRIBED) || session.proto == 3 {
        return Ok(());
    }
    let allowed = has(command, Flags::PUBSUB) || matches!(command.spec.name, "PING" | "QUIT" | "RESET");
    if allowed {
        return Ok(());
    }
    Err(Refusal::Error(Error::text(format!(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        command.name
    ))))
}

fn loading(server: &Server, _: &Session, command: &Registered) -> Result<(), Refusal> {
    if server.gate().intersects(Gate::LOADING) && !has(command, Flags::LOADING) {
        return refuse("LOADING Redis is loading the dataset in memory");
    }
    Ok(())
}

/// Whoever watches with MONITOR is not paused, as little as a replica, and so may not touch keys.
fn monitoring(_: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
    let touches_keys = Flags::READONLY | Flags::WRITE | Flags::MAY_REPLICATE;
    if session.is(SessionFlags::MONITOR) && command.spec.flags.intersects(touches_keys) {
        return Err(Refusal::Error(error::REPLICA_NO_KEYS));
    }
    Ok(())
}

/// A paused client waits with its request. As in Redis a pause of all holds CLIENT UNPAUSE up too.
fn paused(server: &Server, session: &Session, command: &Registered) -> Result<(), Refusal> {
    let gate = server.gate();
    let may_write = command.spec.flags.intersects(Flags::WRITE | Flags::MAY_REPLICATE);
    let stops = gate.intersects(Gate::PAUSED_ALL) || gate.intersects(Gate::PAUSED_WRITE) && may_write;
    if stops && !session.is(SessionFlags::MONITOR) && server.unpause_at(server.clock.now_ms()) {
        return Err(Refusal::Wait(Wait::Paused));
    }
    Ok(())
}
