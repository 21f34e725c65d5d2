//! Sockets: the accept loop, the workers with their connections, and the way in and out of the server.
//!
//! One thread accepts and does the work that time brings; each worker thread runs its own single-threaded runtime and
//! owns the connections handed to it. No connection ever moves.
//!
//! May import: dispatch and everything below.

mod connection;
mod listener;
mod stream;
mod worker;

pub use listener::Listeners;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::config::ShutdownOptions;
use crate::dispatch::cron;
use crate::state::Server;
use crate::util::task;

/// How long connections have to finish the command at hand once the server ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Serves until a shutdown is requested. `ready` is called once connections are accepted.
///
/// # Errors
/// When the runtime or the signal handlers cannot be set up.
pub fn serve(server: &Arc<Server>, listeners: Listeners, ready: impl FnOnce()) -> io::Result<()> {
    let workers = worker::start(server)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let accepting = listener::Acceptor::new(Arc::clone(server), workers.senders());
        accepting.listen(listeners)?;
        let relisten = accepting.handle();
        let _ = server.listen.set(crate::state::Relisten(Box::new(move |server| relisten.reopen(server))));
        task::spawn(expiry(Arc::clone(server)));
        task::spawn(slow_work(Arc::clone(server)));
        ready();
        wait_for_end(server).await
    })?;
    tracing::warn!("User requested shutdown...");
    for client in server.clients.all() {
        client.raise(crate::client::signal::KILL);
    }
    workers.stop(SHUTDOWN_GRACE);
    if let Some(path) = server.config.unixsocket() {
        tracing::info!("Removing the unix socket file.");
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Waits for SIGTERM, SIGINT or SHUTDOWN.
async fn wait_for_end(server: &Server) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {
            tracing::warn!("Received SIGTERM scheduling shutdown...");
            server.shutdown.request(server.config.shutdown_on_sigterm());
        }
        _ = interrupt.recv() => {
            tracing::warn!("Received SIGINT scheduling shutdown...");
            server.shutdown.request(server.config.shutdown_on_sigint());
        }
        () = server.shutdown.raised.notified() => {}
    }
    let _: Option<ShutdownOptions> = server.shutdown.requested();
    Ok(())
}

async fn expiry(server: Arc<Server>) {
    let mut sweeper = cron::expiry::Sweeper::default();
    loop {
        let is_cut = sweeper.sweep(&server).is_cut;
        let rest_ms = if is_cut { cron::expiry::PAUSE_MS } else { cron::expiry::TICK_MS };
        tokio::time::sleep(Duration::from_millis(rest_ms)).await;
    }
}

async fn slow_work(server: Arc<Server>) {
    let mut tick = tokio::time::interval(Duration::from_millis(cron::SLOW_TICK_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        cron::slow_tick(&server);
    }
}

/// Counts a connection that was refused because there are too many.
fn count_rejected(server: &Server) {
    let stats = server.stats.other();
    stats.counters.rejected_connections.fetch_add(1, Relaxed);
}
