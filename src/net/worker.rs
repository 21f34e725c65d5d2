//! Worker threads: one single-threaded runtime each, which owns the connections handed to it.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::connection;
use super::stream::Accepted;
use crate::client::Client;
use crate::dispatch::Executor;
use crate::resp::Output;
use crate::state::Server;
use crate::util::task;

/// Bytes read from a socket at once, into a buffer that all connections of a worker share.
const READ_BUFFER: usize = 64 * 1024;
/// Connections that may wait to be taken over by a worker.
const HANDOVER_MAX: usize = 1024;
/// Reply buffers that a worker keeps for the next connection that has something to say.
const POOLED_OUTPUTS: usize = 64;

/// A connection on its way to its worker.
#[derive(Debug)]
pub(super) struct Handover {
    pub(super) socket: Accepted,
    pub(super) client: Arc<Client>,
    pub(super) needs_auth: bool,
}

/// What the connections of a worker share; used only inside of synchronous code.
pub(super) struct Shared {
    /// Runs the requests.
    pub(super) executor: Executor,
    /// Where sockets are read into; what is left of a request in it moves to its connection.
    pub(super) read_buffer: Box<[u8]>,
    outputs: Vec<Output>,
}

impl Shared {
    /// An empty reply buffer, with memory where one is pooled.
    pub(super) fn take_output(&mut self) -> Output {
        self.outputs.pop().unwrap_or_default()
    }

    /// Gives an empty reply buffer back.
    pub(super) fn give_output(&mut self, output: Output) {
        if self.outputs.len() < POOLED_OUTPUTS {
            self.outputs.push(output);
        }
    }
}

thread_local! {
    static SHARED: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// Runs `f` with what the current worker's connections share.
///
/// # Panics
/// Outside of a worker, or when `f` calls this again.
pub(super) fn with_shared<R>(f: impl FnOnce(&mut Shared) -> R) -> R {
    SHARED.with_borrow_mut(|shared| f(shared.as_mut().expect("connections run on workers")))
}

/// The running workers.
#[derive(Debug)]
pub(super) struct Workers {
    senders: Vec<mpsc::Sender<Handover>>,
    threads: Vec<JoinHandle<()>>,
    /// Told to stop: one for each worker.
    stops: Vec<Arc<Notify>>,
}

impl Workers {
    /// Where new connections go.
    pub(super) fn senders(&self) -> Vec<mpsc::Sender<Handover>> {
        self.senders.clone()
    }

    /// Waits for the workers to end, which they do once all their connections have closed or `grace` is over.
    pub(super) fn stop(self, grace: Duration) {
        self.stops.iter().for_each(|stop| stop.notify_one());
        let (done, all_done) = std::sync::mpsc::channel();
        task::spawn_thread("stop", move || {
            self.threads.into_iter().for_each(|thread| drop(thread.join()));
            let _ = done.send(());
        });
        let _ = all_done.recv_timeout(grace);
    }
}

/// Starts the worker threads.
///
/// # Errors
/// When a runtime cannot be made.
pub(super) fn start(server: &Arc<Server>) -> io::Result<Workers> {
    let mut workers = Workers { senders: Vec::new(), threads: Vec::new(), stops: Vec::new() };
    for number in 0..server.workers {
        let (sender, receiver) = mpsc::channel(HANDOVER_MAX);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Arc::clone(server);
        let stop = Arc::new(Notify::new());
        workers.stops.push(Arc::clone(&stop));
        let run = move || runtime.block_on(run(server, number, receiver, stop));
        workers.threads.push(task::spawn_thread(&format!("worker-{number}"), run));
        workers.senders.push(sender);
    }
    Ok(workers)
}

async fn run(server: Arc<Server>, number: usize, mut connections: mpsc::Receiver<Handover>, stop: Arc<Notify>) {
    let executor = Executor::worker(Arc::clone(&server), number);
    SHARED.set(Some(Shared { executor, read_buffer: vec![0; READ_BUFFER].into_boxed_slice(), outputs: Vec::new() }));
    loop {
        tokio::select! {
            handover = connections.recv() => match handover {
                Some(handover) => connection::start(&server, handover),
                None => break,
            },
            () = stop.notified() => break,
        }
    }
    while server.clients.all().iter().any(|client| client.worker == number) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
