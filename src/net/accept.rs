//! Accepts connections and hands them to the workers in turn.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;

use super::listener::{self, Listeners};
use super::stream::Accepted;
use super::worker::{Handover, Registration};
use crate::client::Endpoint;
use crate::state::Server;
use crate::util::task;

/// Shortest and longest pause after a failed accept (no file descriptor left, say).
const ACCEPT_BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";
const PROTECTED: &[u8] =
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password \
is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to \
connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode \
sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same \
host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG \
REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis \
configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started \
the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication \
password for the default user. NOTE: You only need to do one of the above things in order for the server to start \
accepting connections from the outside.\r\n";

/// The open sockets and the tasks that accept on them.
#[derive(Debug)]
pub(super) struct Accepting {
    acceptor: Acceptor,
    tcp: task::Group,
    unix: task::Group,
}

impl Accepting {
    /// Starts to accept.
    ///
    /// # Errors
    /// When the runtime does not take a socket.
    pub(super) fn start(
        server: Arc<Server>,
        workers: Vec<mpsc::Sender<Handover>>,
        listeners: Listeners,
    ) -> io::Result<Accepting> {
        let acceptor = Acceptor { server, workers: workers.into(), next_worker: Arc::default() };
        let mut accepting = Accepting { acceptor, tcp: task::Group::default(), unix: task::Group::default() };
        accepting.listen_tcp(listeners.tcp)?;
        if let Some(listener) = listeners.unix {
            let acceptor = accepting.acceptor.clone();
            let path = acceptor.server.config.unixsocket().unwrap_or_default().display().to_string();
            accepting.unix.spawn(acceptor.accept_unix(UnixListener::from_std(listener)?, path));
        }
        Ok(accepting)
    }

    fn listen_tcp(&mut self, listeners: Vec<std::net::TcpListener>) -> io::Result<()> {
        for listener in listeners {
            self.tcp.spawn(self.acceptor.clone().accept_tcp(TcpListener::from_std(listener)?));
        }
        Ok(())
    }

    /// Closes the TCP sockets, then opens those configured now: the new ones may be on the same port. After an error
    /// none is open, until this is called again with the parameters of before.
    ///
    /// # Errors
    /// What could not be opened.
    pub(super) async fn reopen_tcp(&mut self) -> Result<(), String> {
        self.tcp.stop().await;
        let listeners = listener::open_tcp(&self.acceptor.server.config)?;
        self.listen_tcp(listeners).map_err(|error| error.to_string())
    }

    /// Closes all sockets.
    pub(super) async fn stop(mut self) {
        self.tcp.stop().await;
        self.unix.stop().await;
    }
}

/// What an accepting task needs.
#[derive(Debug, Clone)]
struct Acceptor {
    server: Arc<Server>,
    workers: Arc<[mpsc::Sender<Handover>]>,
    next_worker: Arc<AtomicUsize>,
}

impl Acceptor {
    async fn accept_tcp(self, listener: TcpListener) {
        let mut backoff = ACCEPT_BACKOFF.0;
        loop {
            match listener.accept().await.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
                Ok((stream, peer)) => {
                    backoff = ACCEPT_BACKOFF.0;
                    self.set_options(&stream);
                    let local = stream.local_addr().unwrap_or(peer);
                    self.hand_over(Accepted::Tcp(stream), Endpoint::Tcp { peer, local }).await;
                }
                Err(error) => backoff = back_off(&error, backoff).await,
            }
        }
    }

    async fn accept_unix(self, listener: UnixListener, path: String) {
        let mut backoff = ACCEPT_BACKOFF.0;
        loop {
            match listener.accept().await.and_then(|(stream, _)| stream.into_std()) {
                Ok(stream) => {
                    backoff = ACCEPT_BACKOFF.0;
                    self.hand_over(Accepted::Unix(stream), Endpoint::Unix(path.as_str().into())).await;
                }
                Err(error) => backoff = back_off(&error, backoff).await,
            }
        }
    }

    fn set_options(&self, stream: &std::net::TcpStream) {
        // A socket that refuses an option serves without it.
        let _ = stream.set_nodelay(true);
        let seconds = self.server.config.tcp_keepalive();
        if seconds > 0 {
            let third = Duration::from_secs(u64::from(seconds / 3).max(1));
            let keepalive =
                TcpKeepalive::new().with_time(Duration::from_secs(seconds.into())).with_interval(third).with_retries(3);
            let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
        }
    }

    /// The workers take turns, but for those that a script holds up; when all are, it is the spare one's.
    fn choose_worker(&self) -> usize {
        let (turn, count) = (self.next_worker.fetch_add(1, Relaxed), self.server.workers);
        let mut workers = (0..count).map(|at| turn.wrapping_add(at) % count);
        workers.find(|&worker| !self.server.scripts.runs.hold_up(worker)).unwrap_or(count)
    }

    /// Refuses the connection, or registers it and gives it to the next worker.
    async fn hand_over(&self, socket: Accepted, endpoint: Endpoint) {
        let server = &self.server;
        let needs_auth = server.config.requirepass().is_some();
        if server.clients.len() >= server.config.maxclients() {
            return self.refuse(&socket, TOO_MANY);
        }
        if server.config.protected_mode() && !needs_auth && !endpoint.is_loopback() {
            return self.refuse(&socket, PROTECTED);
        }
        let worker = self.choose_worker();
        let fd = match &socket {
            Accepted::Tcp(stream) => stream.as_raw_fd(),
            Accepted::Unix(stream) => stream.as_raw_fd(),
        };
        let registration = Registration::new(server, endpoint, fd, worker);
        let stats = server.stats.other();
        stats.add(&stats.counters.connections, 1);
        // It fails only when the server ends: the connection is dropped with it.
        let _ = self.workers[worker].send(Handover { socket, registration, needs_auth }).await;
    }

    fn refuse(&self, socket: &Accepted, text: &[u8]) {
        use std::io::Write;
        let stats = self.server.stats.other();
        stats.add(&stats.counters.rejected_connections, 1);
        // The socket buffer of a new connection takes the whole text; if not, the client sees a bare close.
        let _ = match socket {
            Accepted::Tcp(stream) => (&*stream).write(text),
            Accepted::Unix(stream) => (&*stream).write(text),
        };
    }
}

/// Waits after a failed accept, longer each time: when file descriptors run out, spinning helps nobody. A connection
/// that its client gave up before it was accepted is no reason to wait.
async fn back_off(error: &io::Error, pause: Duration) -> Duration {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return pause;
    }
    tracing::warn!("Accepting client connection: {error}");
    tokio::time::sleep(pause).await;
    (pause * 2).min(ACCEPT_BACKOFF.1)
}
