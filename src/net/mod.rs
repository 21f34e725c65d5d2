//! Sockets: the accept loop, the workers with their connections, and the way in and out of the server.
//!
//! One thread accepts and does the work that time brings; each worker thread runs its own single-threaded runtime and
//! owns the connections handed to it. No connection ever moves. One worker more than configured is there for new
//! connections while scripts hold up all others ([`Server::seats`](crate::state::Server::seats)).
//!
//! May import: dispatch and everything below.

mod accept;
mod connection;
mod listener;
mod stream;
mod worker;

pub use listener::Listeners;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::client::signal::{CLOSE_AFTER_REPLY, KILL};
use crate::dispatch::cron;
use crate::keyspace::evict::Evictor;
use crate::persist::snapshot;
use crate::state::{Relisten, Server};
use crate::util::task;

use accept::Accepting;
use worker::Stopped;

/// How long pending replies have to get to their clients once the server ends.
const FLUSH_GRACE: Duration = Duration::from_millis(500);
/// How long commands that run on threads of their own have to finish after that.
const COMMAND_GRACE: Duration = Duration::from_secs(5);
/// How often a shutdown that is held up looks whether it may go on.
const CRON_PAUSED_TICK: Duration = Duration::from_millis(10);
/// How long CONFIG SET waits for new sockets.
const RELISTEN_PATIENCE: Duration = Duration::from_secs(5);

/// Serves until a shutdown is requested. `ready` is called once connections are accepted.
///
/// # Errors
/// When the runtime or the signal handlers cannot be set up.
pub fn serve(server: &Arc<Server>, listeners: Listeners, ready: impl FnOnce()) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        let workers = worker::start(server)?;
        let mut accepting = Accepting::start(Arc::clone(server), workers.senders(), listeners)?;
        let mut relisten = take_relisten(server);
        task::spawn(expiry(Arc::clone(server)));
        task::spawn(slow_work(Arc::clone(server)));
        task::spawn(eviction(Arc::clone(server)));
        ready();
        loop {
            tokio::select! {
                () = signals.ask_for_shutdown(server) => {}
                () = server.shutdown.raised.notified() => tokio::select! {
                    may_end = may_end(server) => if may_end { break },
                    () = signals.second() => end_at_once(server),
                },
                Some(answer) = relisten.recv() => drop(answer.send(accepting.reopen_tcp().await)),
            }
        }
        tracing::warn!("User requested shutdown...");
        accepting.stop().await;
        tokio::select! {
            () = end_connections(server, workers.stop()) => {}
            () = signals.second() => end_at_once(server),
        }
        Ok::<_, io::Error>(())
    })?;
    // Threads that still run a command would be waited for.
    runtime.shutdown_background();
    if let Some(path) = server.config.unixsocket() {
        tracing::info!("Removing the unix socket file.");
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Saves, where that is asked for and has not been done; false when the server is to go on, since that failed.
async fn may_end(server: &Arc<Server>) -> bool {
    // Held up with the rest of the work that time brings.
    while server.cron_paused.load(Relaxed) && server.shutdown.requested().is_some() {
        tokio::time::sleep(CRON_PAUSED_TICK).await;
    }
    let Some(options) = server.shutdown.requested() else { return false };
    let own = Arc::clone(server);
    let save = move || {
        if own.saves_before_end(options) {
            return own.save_before_end(options);
        }
        if own.snapshots.cancel() {
            // Its temporary file goes with it.
            own.snapshots.wait_until_idle();
        }
        true
    };
    let may_end = tokio::task::spawn_blocking(save).await.unwrap_or(false);
    if !may_end {
        server.shutdown.forget();
    }
    may_end
}

/// A person has asked for the end twice.
fn end_at_once(server: &Server) {
    tracing::warn!("You insist... exiting now.");
    snapshot::remove_temporaries(&server.config.dir());
    std::process::exit(1);
}

type Answer = std::sync::mpsc::Sender<Result<(), String>>;

/// Lets CONFIG SET, on any thread, ask for new sockets; answers where these requests arrive.
fn take_relisten(server: &Server) -> mpsc::UnboundedReceiver<Answer> {
    let (ask, asked) = mpsc::unbounded_channel::<Answer>();
    let relisten = move |_: &Server| {
        let (answer, answered) = std::sync::mpsc::channel();
        ask.send(answer).map_err(|_| "the server is about to end".to_owned())?;
        answered.recv_timeout(RELISTEN_PATIENCE).map_err(|_| "no answer in time".to_owned())?
    };
    // A second server in one process would keep its own.
    let _ = server.listen.set(Relisten(Box::new(relisten)));
    asked
}

/// Lets every connection finish its command and send its replies, and waits for that, but not for ever.
async fn end_connections(server: &Server, mut workers: Stopped) {
    raise_all(server, CLOSE_AFTER_REPLY);
    if !workers.within(FLUSH_GRACE).await {
        raise_all(server, KILL);
        workers.within(COMMAND_GRACE).await;
    }
}

fn raise_all(server: &Server, signals: u32) {
    server.clients.all().iter().for_each(|client| client.raise(signals));
}

/// The signals that end the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for a signal and requests the shutdown.
    async fn ask_for_shutdown(&mut self, server: &Server) {
        let (name, options) = tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", server.config.shutdown_on_sigterm()),
            _ = self.interrupt.recv() => ("SIGINT", server.config.shutdown_on_sigint()),
        };
        tracing::warn!("Received {name} scheduling shutdown...");
        server.shutdown.request(options);
    }

    /// Waits for SIGINT while the server ends already.
    async fn second(&mut self) {
        self.interrupt.recv().await;
    }
}

async fn expiry(server: Arc<Server>) {
    let mut sweeper = cron::expiry::Sweeper::default();
    loop {
        let is_cut = sweeper.sweep(&server).is_cut;
        let rest_ms = if is_cut { cron::expiry::PAUSE_MS } else { cron::expiry::TICK_MS };
        tokio::time::sleep(Duration::from_millis(rest_ms)).await;
    }
}

async fn eviction(server: Arc<Server>) {
    let mut evictor = Evictor::default();
    let mut tick = tokio::time::interval(Duration::from_millis(cron::EVICTION_TICK_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        while cron::evict(&server, &mut evictor) {
            tokio::time::sleep(Duration::from_millis(cron::EVICTION_PAUSE_MS)).await;
        }
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
