//! Opens the configured sockets and hands accepted connections to the workers in turn.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, watch};

use super::stream::Accepted;
use super::worker::Handover;
use crate::client::Endpoint;
use crate::config::Config;
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
the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication \
password for the default user. NOTE: You only need to do one of the above things in order for the server to start \
accepting connections from the outside.\r\n";

/// Open sockets, not yet accepting.
#[derive(Debug)]
pub struct Listeners {
    tcp: Vec<std::net::TcpListener>,
    unix: Option<std::os::unix::net::UnixListener>,
}

impl Listeners {
    /// Opens the TCP sockets and the Unix socket that the configuration names.
    ///
    /// # Errors
    /// A text that says what could not be opened, as Redis words it.
    pub fn open(config: &Config) -> Result<Listeners, String> {
        let listeners = Listeners { tcp: open_tcp(config)?, unix: open_unix(config)? };
        if listeners.tcp.is_empty() && listeners.unix.is_none() {
            return Err("Configured to not listen anywhere, exiting.".to_owned());
        }
        Ok(listeners)
    }
}

fn open_tcp(config: &Config) -> Result<Vec<std::net::TcpListener>, String> {
    let port = config.port();
    let mut open = Vec::new();
    if port == 0 {
        return Ok(open);
    }
    for bind in config.bind() {
        // A leading dash marks an address that this machine need not have.
        let (optional, name) = match bind.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, bind.as_str()),
        };
        match addresses(name, port).and_then(|addresses| open_first(&addresses, config.tcp_backlog())) {
            Ok(listener) => open.push(listener),
            Err(error) => {
                tracing::warn!("Could not create server TCP listening socket {name}:{port}: {error}");
                let absent = matches!(
                    error.raw_os_error(),
                    Some(libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ENOPROTOOPT)
                );
                if !(optional && absent) {
                    return Err(format!("Failed listening on port {port} (tcp), aborting."));
                }
            }
        }
    }
    Ok(open)
}

fn addresses(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match name {
        "*" => Ok(vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)]),
        "::*" => Ok(vec![SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)]),
        _ => Ok((name, port).to_socket_addrs()?.collect()),
    }
}

fn open_first(addresses: &[SocketAddr], backlog: u32) -> io::Result<std::net::TcpListener> {
    let address = addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&(*address).into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn open_unix(config: &Config) -> Result<Option<std::os::unix::net::UnixListener>, String> {
    let Some(path) = config.unixsocket() else { return Ok(None) };
    let _ = std::fs::remove_file(&path);
    let failed = |error: io::Error| format!("Failed opening Unix socket {}: {error}", path.display());
    let listener = std::os::unix::net::UnixListener::bind(&path).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    if config.unixsocketperm() != 0 {
        let permissions = std::fs::Permissions::from_mode(config.unixsocketperm());
        std::fs::set_permissions(&path, permissions).map_err(failed)?;
    }
    Ok(Some(listener))
}

/// Accepts on all open sockets; they can be replaced while the server runs.
#[derive(Debug, Clone)]
pub(super) struct Acceptor {
    server: Arc<Server>,
    workers: Arc<[mpsc::Sender<Handover>]>,
    next_worker: Arc<AtomicUsize>,
    /// A change of this number ends the accept loops on the TCP sockets before.
    generation: Arc<watch::Sender<u64>>,
    runtime: tokio::runtime::Handle,
    /// Held while sockets are replaced.
    reopening: Arc<Mutex<()>>,
}

impl Acceptor {
    pub(super) fn new(server: Arc<Server>, workers: Vec<mpsc::Sender<Handover>>) -> Acceptor {
        Acceptor {
            server,
            workers: workers.into(),
            next_worker: Arc::default(),
            generation: Arc::new(watch::channel(0).0),
            runtime: tokio::runtime::Handle::current(),
            reopening: Arc::default(),
        }
    }

    /// Starts to accept.
    pub(super) fn listen(&self, listeners: Listeners) -> io::Result<()> {
        self.listen_tcp(listeners.tcp)?;
        if let Some(listener) = listeners.unix {
            let path = self.server.config.unixsocket().unwrap_or_default().display().to_string();
            let listener = UnixListener::from_std(listener)?;
            task::spawn(self.clone().accept_unix(listener, path));
        }
        Ok(())
    }

    fn listen_tcp(&self, listeners: Vec<std::net::TcpListener>) -> io::Result<()> {
        for listener in listeners {
            let listener = TcpListener::from_std(listener)?;
            task::spawn(self.clone().accept_tcp(listener, self.generation.subscribe()));
        }
        Ok(())
    }

    pub(super) fn handle(&self) -> Acceptor {
        self.clone()
    }

    /// Opens the TCP sockets as configured now, then closes those open before.
    pub(super) fn reopen(&self, server: &Server) -> Result<(), String> {
        let _one = self.reopening.lock().unwrap_or_else(PoisonError::into_inner);
        let listeners = open_tcp(&server.config).map_err(|_| "Unable to listen on this port".to_owned())?;
        self.generation.send_modify(|generation| *generation += 1);
        let this = self.clone();
        self.runtime.spawn(async move {
            if let Err(error) = this.listen_tcp(listeners) {
                tracing::error!("cannot accept on the new sockets: {error}");
            }
        });
        Ok(())
    }

    async fn accept_tcp(self, listener: TcpListener, mut generation: watch::Receiver<u64>) {
        let mut backoff = ACCEPT_BACKOFF.0;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = generation.changed() => return,
            };
            match accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
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
        let _ = stream.set_nodelay(true);
        let seconds = self.server.config.tcp_keepalive();
        if seconds > 0 {
            let third = Duration::from_secs(u64::from(seconds / 3).max(1));
            let keepalive =
                TcpKeepalive::new().with_time(Duration::from_secs(seconds.into())).with_interval(third).with_retries(3);
            let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
        }
    }

    /// Refuses the connection, or registers it and gives it to the next worker.
    async fn hand_over(&self, socket: Accepted, endpoint: Endpoint) {
        let server = &self.server;
        let needs_auth = server.config.requirepass().is_some();
        if server.clients.len() >= server.config.maxclients() {
            super::count_rejected(server);
            return refuse(&socket, TOO_MANY);
        }
        if server.config.protected_mode() && !needs_auth && !endpoint.is_loopback() {
            super::count_rejected(server);
            return refuse(&socket, PROTECTED);
        }
        let worker = self.next_worker.fetch_add(1, Relaxed) % self.workers.len();
        let fd = match &socket {
            Accepted::Tcp(stream) => stream.as_raw_fd(),
            Accepted::Unix(stream) => stream.as_raw_fd(),
        };
        let client = server.clients.connect(endpoint, fd, worker, server.clock.now_ms());
        let stats = server.stats.other();
        stats.add(&stats.counters.connections, 1);
        let id = client.id;
        if self.workers[worker].send(Handover { socket, client, needs_auth }).await.is_err() {
            server.clients.disconnect(id);
        }
    }
}

fn refuse(socket: &Accepted, text: &[u8]) {
    use std::io::Write;
    // The socket buffer of a new connection takes the whole text; if not, the client sees a bare close.
    let _ = match socket {
        Accepted::Tcp(stream) => (&*stream).write(text),
        Accepted::Unix(stream) => (&*stream).write(text),
    };
}

/// Waits after a failed accept, longer each time: when file descriptors run out, spinning helps nobody.
async fn back_off(error: &io::Error, pause: Duration) -> Duration {
    tracing::warn!("Accepting client connection: {error}");
    tokio::time::sleep(pause).await;
    (pause * 2).min(ACCEPT_BACKOFF.1)
}
