//! DEBUG RELOAD: the data set goes to its file and comes back.

use std::fs::File;

use super::super::super::prelude::*;
use crate::commands::scripting::restore_libraries;
use crate::keyspace::Locked;
use crate::persist::rdb::LoadError;
use crate::persist::snapshot::Purpose;
use crate::script::Policy;
use crate::state::{Gate, LoadKind, Server, load_error_text};

const BAD_OPTION: Error = Error::new("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
const NOT_LOADED: Error = Error::new("ERR Error trying to load the RDB dump, check server logs.");
const NOT_SAVED: Error = Error::new("ERR");

/// `DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]`
pub(super) fn reload(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (mut kind, mut flushes, mut saves) = (LoadKind::Snapshot, true, true);
    while args.more() {
        if args.eat("MERGE") {
            kind = LoadKind::Merge;
        } else if args.eat("NOFLUSH") {
            flushes = false;
        } else if args.eat("NOSAVE") {
            saves = false;
        } else {
            return Err(BAD_OPTION);
        }
    }
    cx.cost(usize::MAX)?;
    let server = cx.server;

    // Inside of a transaction some shards are held already, and none more may be locked.
    if cx.db.guards_mut().next().is_some() {
        return Err(Error::new("ERR DEBUG RELOAD is not allowed in a transaction"));
    }
    if saves && !save(server) {
        server.set_gate(Gate::LOADING, false);
        return Err(NOT_SAVED);
    }
    // From here on nobody reaches the keys until they are back.
    server.set_gate(Gate::LOADING, true);
    if flushes {
        let mut all = Locked::all(&server.keyspace, false, 0, cx.now_ms())?;
        let emptied: Vec<_> =
            all.guards_mut().flat_map(|guard| guard.dbs_mut().map(|(_, db)| db.clear()).collect::<Vec<_>>()).collect();
        drop(all);
        drop(emptied);
    }
    let path = server.config.dir().join(server.config.dbfilename());
    let loaded = File::open(path).map_err(LoadError::Io).and_then(|mut file| {
        server.loading.begin(server.clock.now_ms(), file.metadata()?.len());
        server.load_rdb(&mut file, kind)
    });
    server.set_gate(Gate::LOADING, false);
    let summary = loaded.map_err(|error| {
        tracing::warn!("{}", load_error_text(&error));
        NOT_LOADED
    })?;
    let policy = match kind {
        _ if flushes => Policy::Flush,
        LoadKind::Merge => Policy::Replace,
        _ => Policy::Append,
    };
    restore_libraries(server, &summary.functions, policy).map_err(|error| {
        tracing::warn!("Failed loading the functions of the RDB file: {error:?}");
        NOT_LOADED
    })?;
    tracing::warn!("DB reloaded by DEBUG RELOAD");

    cx.reply.ok();
    DONE
}

/// Saves the data set; nobody reaches the keys from then on.
fn save(server: &Server) -> bool {
    let begun = loop {
        server.snapshots.wait_until_idle();
        let Ok(mut all) = Locked::all(&server.keyspace, false, 0, server.clock.now_ms()) else { continue };
        if let Ok(begun) = server.begin_save(Purpose::Dump { in_background: false }, &mut all) {
            server.set_gate(Gate::LOADING, true);
            break begun;
        }
    };
    server.finish_save(begun)
}
