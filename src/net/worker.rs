//! Worker threads: one single-threaded runtime each, which owns the connections handed to it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

use super::connection::{self, Ahead};
use super::stream::Accepted;
use crate::client::{CalledBy, Client, Endpoint};
use crate::dispatch::Executor;
use crate::journal;
use crate::resp::Output;
use crate::state::Server;
use crate::util::{os, task};

/// Bytes read from a socket at once, into a buffer that all connections of a worker share.
const READ_BUFFER: usize = 64 * 1024;
/// Connections that may wait to be taken over by a worker.
const HANDOVER_MAX: usize = 1024;
/// Long commands that run at once for the connections of one worker; more wait for a thread. Theirs have a lower
/// priority: where processors are scarce a long command takes longer, and not everybody's short ones.
const LONG_COMMANDS_MAX: usize = 16;
/// Tasks run before a worker looks for new events again. With fewer, the connections that became ready together would
/// not all have been read when the first of them writes its replies.
const EVENT_INTERVAL: u32 = 512;
/// How often a stopping worker looks whether its connections have ended.
const STOP_TICK: Duration = Duration::from_millis(2);
/// Reply buffers that a worker keeps for the next connection that has something to say.
const POOLED_OUTPUTS: usize = 64;

/// A connection on its way to its worker.
#[derive(Debug)]
pub(super) struct Handover {
    pub(super) socket: Accepted,
    pub(super) registration: Registration,
    pub(super) needs_auth: bool,
}

/// A client's place in the table of clients; it is given up when this is dropped, however the connection ends.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) server: Arc<Server>,
    pub(super) client: Arc<Client>,
}

impl Registration {
    pub(super) fn new(server: &Arc<Server>, endpoint: Endpoint, fd: i32, worker: usize) -> Registration {
        let client = server.clients.connect(endpoint, fd, worker, server.clock.now_ms());
        Registration { server: Arc::clone(server), client }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.client.is_monitor() {
            self.server.remove_monitor(self.client.id);
        }
        if self.client.is_subscribed() {
            self.server.pubsub.leave(&self.client);
        }
        self.server.stop_tracking(&self.client);
        self.server.clients.disconnect(self.client.id);
    }
}

/// What the connections of a worker share; used only inside of synchronous code.
pub(super) struct Shared {
    /// Runs the requests.
    pub(super) executor: Executor,
    /// Where sockets are read into; what is left of a request in it moves to its connection.
    pub(super) read_buffer: Box<[u8]>,
    /// Requests parsed before they run.
    pub(super) ahead: Ahead,
    /// Raised when the log has progressed: to wake the tasks of a worker from another thread would take a system call for
    /// each of them.
    pub(super) log_progressed: Arc<Notify>,
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

    /// Tells the workers to end once all their connections have; answers what to wait for.
    pub(super) fn stop(self) -> Stopped {
        drop(self.senders);
        self.stops.iter().for_each(|stop| stop.notify_one());
        let (done, stopped) = oneshot::channel();
        task::spawn_thread("stop", move || {
            self.threads.into_iter().for_each(|thread| drop(thread.join()));
            let _ = done.send(());
        });
        Stopped(stopped)
    }
}

/// The end of the workers.
#[derive(Debug)]
pub(super) struct Stopped(oneshot::Receiver<()>);

impl Stopped {
    /// Waits for it, `most` at most; true when it came.
    pub(super) async fn within(&mut self, most: Duration) -> bool {
        tokio::time::timeout(most, &mut self.0).await.is_ok()
    }
}

/// Starts the worker threads.
///
/// # Errors
/// When a runtime cannot be made.
pub(super) fn start(server: &Arc<Server>) -> io::Result<Workers> {
    let mut workers = Workers { senders: Vec::new(), threads: Vec::new(), stops: Vec::new() };
    for number in 0..server.seats() {
        let (sender, receiver) = mpsc::channel(HANDOVER_MAX);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .max_blocking_threads(LONG_COMMANDS_MAX)
            .on_thread_start(os::lower_priority)
            .thread_stack_size(task::STACK_BYTES)
            .build()?;
        let server = Arc::clone(server);
        let stop = Arc::new(Notify::new());
        workers.stops.push(Arc::clone(&stop));
        let run = move || runtime.block_on(run(server, number, receiver, stop));
        workers.threads.push(task::spawn_thread(&format!("worker-{number}"), run));
        workers.senders.push(sender);
    }
    Ok(workers)
}

/// Makes the current thread a worker.
pub(super) fn take_seat(server: &Arc<Server>, number: usize) {
    journal::take_seat(number);
    let executor = Executor::worker(Arc::clone(server), number);
    let read_buffer = vec![0; READ_BUFFER].into_boxed_slice();
    let (ahead, log_progressed, outputs) = (Ahead::default(), Arc::default(), Vec::new());
    SHARED.set(Some(Shared { executor, read_buffer, ahead, log_progressed, outputs }));
}

async fn run(server: Arc<Server>, number: usize, connections: mpsc::Receiver<Handover>, stop: Arc<Notify>) {
    take_seat(&server, number);
    // To the end: who waits for the disk then gets the reply.
    tokio::select! {
        () = serve(Arc::clone(&server), number, connections, stop) => {}
        () = pass_progress_on(&server) => {}
    }
}

async fn serve(server: Arc<Server>, number: usize, mut connections: mpsc::Receiver<Handover>, stop: Arc<Notify>) {
    let mut own_work = task::Group::default();
    own_work.spawn(keep(Arc::clone(&server), number));
    loop {
        tokio::select! {
            handover = connections.recv() => match handover {
                Some(handover) => connection::start(handover),
                None => break,
            },
            () = stop.notified() => break,
        }
    }
    // Who came too late is dropped.
    drop(connections);
    own_work.stop().await;
    let connections = tokio::runtime::Handle::current().metrics();
    while connections.num_alive_tasks() > 0 {
        tokio::time::sleep(STOP_TICK).await;
    }
}

/// Tells the worker's connections when the log has progressed.
async fn pass_progress_on(server: &Server) {
    let own = with_shared(|shared| Arc::clone(&shared.log_progressed));
    loop {
        let mut progressed = pin!(server.aof.progressed.notified());
        progressed.as_mut().enable();
        // From here on nothing is missed; what came before is passed on.
        own.notify_waiters();
        progressed.await;
    }
}

/// Wakes the connections that there are messages for, once the others have run.
async fn keep(server: Arc<Server>, number: usize) {
    let wakes = server.pubsub.wakes();
    loop {
        match poll_fn(|cx| wakes.poll_called(number, cx)).await {
            CalledBy::Own => task::let_others_run().await,
            // What has come in meanwhile may bring more messages to the same connections: it has its turn before.
            CalledBy::Other => tokio::task::yield_now().await,
        }
        wakes.wake(number);
    }
}
