//! What a changed parameter entails beside its new value.

use crate::config::{ParamId, Reason};
use crate::state::Server;
use crate::util::{alloc, crash, log, os};

/// Puts changes into effect; the new values are in force already. Called again with the old ones when it fails.
///
/// # Errors
/// The parameter that could not be put into effect, and why.
pub(super) fn apply(server: &Server, changed: &[ParamId]) -> Result<(), (ParamId, Reason)> {
    server.refresh_thresholds();
    for (id, effect) in EFFECTS {
        if changed.contains(id) {
            effect(server).map_err(|reason| (*id, reason))?;
        }
    }
    // One round for both: a new port on a new address must not be tried with one of the old ones.
    match LISTEN.iter().find(|id| changed.contains(id)) {
        Some(id) => listen(server, *id).map_err(|reason| (*id, reason)),
        None => Ok(()),
    }
}

type Effect = fn(&Server) -> Result<(), Reason>;

/// Parameters and what follows their change. Those that are read each time they matter need no row.
const EFFECTS: &[(ParamId, Effect)] = &[
    (ParamId::of("aof-disable-auto-gc"), log_history),
    (ParamId::of("appendonly"), appendonly),
    (ParamId::of("crash-log-enabled"), crash_log),
    (ParamId::of("loglevel"), loglevel),
    (ParamId::of("maxclients"), maxclients),
    (ParamId::of("maxmemory"), maxmemory),
    (ParamId::of("jemalloc-bg-thread"), background_thread),
];

const PORT: ParamId = ParamId::of("port");
const LISTEN: [ParamId; 2] = [PORT, ParamId::of("bind")];

fn loglevel(server: &Server) -> Result<(), Reason> {
    log::set_level(server.config.loglevel().level());
    Ok(())
}

fn appendonly(server: &Server) -> Result<(), Reason> {
    server.switch_log(server.config.appendonly()).map_err(|error| {
        tracing::warn!("cannot turn the append-only file on: {error}");
        "Unable to turn on AOF. Check server logs.".into()
    })
}

fn log_history(server: &Server) -> Result<(), Reason> {
    server.remove_log_history();
    Ok(())
}

fn crash_log(server: &Server) -> Result<(), Reason> {
    crash::enable(server.config.crash_log_enabled()).map_err(|error| os::error_text(&error).into())
}

/// Descriptors beside those of the clients: listeners, files, event queues of the workers.
const RESERVED_FILES: u64 = 32;

fn maxclients(server: &Server) -> Result<(), Reason> {
    let wanted = server.config.maxclients() as u64 + RESERVED_FILES;
    let (open_max, _) = os::raise_file_limit(wanted).unwrap_or((0, None));
    if open_max >= wanted {
        return Ok(());
    }
    let clients = open_max.saturating_sub(RESERVED_FILES);
    let text =
        format!("The operating system is not able to handle the specified number of clients, try with {clients}");
    Err(text.into())
}

fn maxmemory(server: &Server) -> Result<(), Reason> {
    let (limit, used) = (server.config.maxmemory(), alloc::memory_stats().allocated as u64);
    if limit > 0 && limit < used {
        tracing::warn!("the new maxmemory of {limit} bytes is less than the {used} bytes in use");
    }
    Ok(())
}

fn background_thread(server: &Server) -> Result<(), Reason> {
    alloc::set_background_thread(server.config.jemalloc_bg_thread());
    Ok(())
}

fn listen(server: &Server, changed: ParamId) -> Result<(), Reason> {
    let Some(relisten) = server.listen.get() else { return Ok(()) };
    (relisten.0)(server).map_err(|error| {
        tracing::warn!("{error}");
        let text = match changed {
            PORT => "Unable to listen on this port. Check server logs.",
            _ => "Failed to bind to specified addresses.",
        };
        text.into()
    })
}
