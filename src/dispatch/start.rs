//! The data set when the server starts: loaded from the snapshot, if there is one.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::Replay;
use crate::persist::rdb::{self, Fault, LoadError, Summary};
use crate::resp::OwnedArgs;
use crate::state::{Gate, LoadKind, Server, load_error_text};
use crate::util::clock::{seconds_since, ticks};
use crate::util::task;

/// Loading that takes no longer is over when the first client is served.
const LOADING_UNSEEN: Duration = Duration::from_millis(300);

/// Begins to load the snapshot, unless there is none, or the append-only file is on, which has all that it has. Clients
/// are told to wait until that is done. A snapshot that cannot be loaded ends the process, since to go on would be to
/// overwrite it some time.
pub fn load_snapshot(server: &Arc<Server>) {
    if server.config.appendonly() {
        return;
    }
    let path = server.config.dir().join(server.config.dbfilename());
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => fatal(&LoadError::Io(error)),
    };
    let server = Arc::clone(server);
    let total_bytes = file.metadata().map_or(0, |facts| facts.len());
    server.loading.begin(server.clock.now_ms(), total_bytes);
    server.set_gate(Gate::LOADING, true);
    load_beside(move || {
        let started = ticks();
        match load(&server, file) {
            Ok(_) => {
                tracing::info!("DB loaded from disk: {:.3} seconds", seconds_since(started));
                server.set_gate(Gate::LOADING, false);
            }
            // The server ends.
            Err(LoadError::Stopped) if server.shutdown.requested().is_some() => {}
            Err(error) => fatal(&error),
        }
    });
}

/// Loads on a thread of its own, and waits for its end for a while: who comes right after the start of a server with little
/// to load is not told to wait.
pub(super) fn load_beside(load: impl FnOnce() + Send + 'static) {
    let (running, ended) = channel::<()>();
    task::spawn_thread("load", move || {
        load();
        drop(running);
    });
    let _ = ended.recv_timeout(LOADING_UNSEEN);
}

fn load(server: &Arc<Server>, mut file: File) -> Result<Summary, LoadError> {
    let summary = server.load_rdb(&mut file, LoadKind::Snapshot)?;
    load_functions(server, &summary);
    Ok(summary)
}

/// Takes over the libraries of functions that a file had.
pub fn load_functions(server: &Arc<Server>, summary: &Summary) {
    let mut replay = Replay::new(Arc::clone(server));
    for code in &summary.functions {
        let mut args = OwnedArgs::default();
        for word in [b"FUNCTION".as_slice(), b"LOAD", b"REPLACE", code] {
            args.push(word);
        }
        if let Err(error) = replay.apply(args.view()) {
            tracing::warn!("Failed loading a library of functions from the RDB file: {error}");
        }
    }
}

fn fatal(error: &LoadError) -> ! {
    tracing::error!("{}", load_error_text(error));
    match error {
        LoadError::Format(rdb::Error { fault: Fault::Truncated | Fault::BadValue { .. }, .. }) => {
            tracing::error!("Terminating server after rdb file reading failure.");
        }
        _ => tracing::error!("Fatal error loading the DB, check server logs. Exiting."),
    }
    std::process::exit(1);
}
