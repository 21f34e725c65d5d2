//! The people connected: what a connection knows of itself ([`Session`]), what others may see of it ([`Client`]), and
//! the table of all of them ([`Registry`]).
//!
//! A session belongs to its connection's task alone. The client record is shared: others read its facts (CLIENT LIST),
//! put messages into its mailbox (MONITOR, later pushes) and raise signals (CLIENT KILL), which wake its task.
//!
//! A client that waits in a blocking command is in the table of [`Blocked`] ones, from which whoever serves it takes it.
//!
//! May import: resp and util, and of the keyspace the hash of a key and who watches it; it knows nothing of commands.

mod blocked;
mod mailbox;
mod registry;
mod session;
mod tracking;
mod transaction;
mod wake;

pub use blocked::{AwaitedKey, Blocked, BlockedTable, Cancelled};
pub use mailbox::{Mailbox, MailboxFull};
pub use registry::Registry;
pub use session::{ReplyMode, Session, SessionFlags};
pub use tracking::{Broadcasts, CHANNEL, Invalidation};
pub use transaction::{Queued, Transaction, Watched, WatchedKey};
pub use wake::{CalledBy, WakeQueues, WakeRound};

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed,
};
use std::sync::{Mutex, OnceLock};
use std::task::Waker;

use crate::resp::Output;
use crate::util::sync::lock;

/// Signals to a connection's task.
pub mod signal {
    /// Close the connection now.
    pub const KILL: u32 = 1;
    /// The mailbox has messages.
    pub const MAIL: u32 = 1 << 1;
    /// Close once the pending replies are sent.
    pub const CLOSE_AFTER_REPLY: u32 = 1 << 2;
    /// End a blocking wait as if by timeout (CLIENT UNBLOCK).
    pub const UNBLOCK_TIMEOUT: u32 = 1 << 3;
    /// End a blocking wait by an error (CLIENT UNBLOCK ERROR).
    pub const UNBLOCK_ERROR: u32 = 1 << 4;
    /// What the task waited for may have come: look again.
    pub const RETRY: u32 = 1 << 5;
}

/// The two ends of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// TCP: the client's address and ours.
    Tcp {
        /// Client's address.
        peer: SocketAddr,
        /// Our address.
        local: SocketAddr,
    },
    /// Unix socket: its path.
    Unix(Box<str>),
    /// No socket: tests and internal callers.
    Internal,
}

impl Endpoint {
    /// The client's address as CLIENT LIST prints it.
    #[must_use]
    pub fn peer(&self) -> String {
        match self {
            Endpoint::Tcp { peer, .. } => peer.to_string(),
            Endpoint::Unix(path) => format!("{path}:0"),
            Endpoint::Internal => "?:0".to_owned(),
        }
    }

    /// Our address as CLIENT LIST prints it.
    #[must_use]
    pub fn local(&self) -> String {
        match self {
            Endpoint::Tcp { local, .. } => local.to_string(),
            Endpoint::Unix(path) => format!("{path}:0"),
            Endpoint::Internal => "?:0".to_owned(),
        }
    }

    /// Whether the client is on this machine (protected mode lets those in).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Endpoint::Tcp { peer, .. } => peer.ip().to_canonical().is_loopback(),
            Endpoint::Unix(_) | Endpoint::Internal => true,
        }
    }
}

/// Names that a client has given itself.
#[derive(Debug, Default, Clone)]
pub struct Names {
    /// CLIENT SETNAME.
    pub name: Box<[u8]>,
    /// CLIENT SETINFO LIB-NAME.
    pub lib_name: Box<[u8]>,
    /// CLIENT SETINFO LIB-VER.
    pub lib_ver: Box<[u8]>,
    /// The authenticated user; empty means `default`.
    pub user: Box<[u8]>,
}

impl Names {
    /// The user's name.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        if self.user.is_empty() { b"default" } else { &self.user }
    }
}

/// Facts that the connection's task publishes and others read; each is written by that task alone.
#[derive(Debug, Default)]
pub struct Facts {
    /// Selected database.
    pub db: AtomicU16,
    /// Protocol version, 2 or 3.
    pub proto: AtomicU8,
    /// The session's [`SessionFlags`].
    pub flags: AtomicU32,
    /// Id of the last command, plus one; 0: none yet.
    pub last_command: AtomicU16,
    /// Unix time of the last interaction, milliseconds.
    pub active_at_ms: AtomicU64,
    /// Unread and partial request bytes held.
    pub query_buffer: AtomicUsize,
    /// Reply bytes not yet sent.
    pub output_pending: AtomicUsize,
    /// Commands queued by MULTI; -1: not in MULTI.
    pub multi: AtomicI64,
    /// Watched keys.
    pub watch: AtomicU32,
    /// Channel subscriptions.
    pub sub: AtomicU32,
    /// Pattern subscriptions.
    pub psub: AtomicU32,
    /// Shard channel subscriptions.
    pub ssub: AtomicU32,
    /// Bytes read from the socket.
    pub net_in: AtomicU64,
    /// Bytes written to the socket.
    pub net_out: AtomicU64,
    /// Commands executed.
    pub commands: AtomicU64,
    /// Number in the journal of the last effect of its commands.
    pub last_write: AtomicU64,
    /// Id of the client that is told for this one what it must not keep any longer; 0: itself.
    pub redirect: AtomicU64,
}

/// The shared record of one connected client.
pub struct Client {
    /// Unique, increasing.
    pub id: u64,
    /// Where it is connected.
    pub endpoint: Endpoint,
    /// File descriptor number, for CLIENT LIST.
    pub fd: i32,
    /// Worker that owns the connection, for CLIENT LIST's io-thread.
    pub worker: usize,
    /// Unix time of the connection, milliseconds.
    pub created_at_ms: u64,
    /// Published facts.
    pub facts: Facts,
    /// Blocked in a blocking command (set by its task).
    pub blocked: AtomicBool,
    /// Held up by CLIENT PAUSE (set by its task).
    pub paused: AtomicBool,
    /// The client that was to be told for this one ([`Facts::redirect`]) has gone (set by whoever notices).
    pub redirect_broken: AtomicBool,
    names: Mutex<Names>,
    mailbox: Mutex<Mailbox>,
    signals: AtomicU32,
    waker: OnceLock<Waker>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Client {
    /// A record for a new connection.
    #[must_use]
    pub fn new(id: u64, endpoint: Endpoint, fd: i32, worker: usize, now_ms: u64) -> Client {
        let facts = Facts { proto: AtomicU8::new(2), active_at_ms: AtomicU64::new(now_ms), ..Facts::default() };
        facts.multi.store(-1, Relaxed);
        Client {
            id,
            endpoint,
            fd,
            worker,
            created_at_ms: now_ms,
            facts,
            blocked: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            redirect_broken: AtomicBool::new(false),
            names: Mutex::default(),
            mailbox: Mutex::default(),
            signals: AtomicU32::new(0),
            waker: OnceLock::new(),
        }
    }

    /// Runs `f` on the client's names. Locking: the names' own lock, for the time of `f`.
    pub fn with_names<R>(&self, f: impl FnOnce(&mut Names) -> R) -> R {
        f(&mut lock(&self.names))
    }

    /// Remembers how to wake the connection's task; the first call counts, the task's waker never changes.
    pub fn set_waker(&self, waker: &Waker) {
        self.waker.get_or_init(|| waker.clone());
    }

    /// Raises signals and wakes the task, unless they all stand already.
    pub fn raise(&self, signals: u32) {
        if self.mark(signals)
            && let Some(waker) = self.waker.get()
        {
            waker.wake_by_ref();
        }
    }

    /// Raises signals; answers whether the task must be woken, because one of them did not stand yet.
    #[inline]
    fn mark(&self, signals: u32) -> bool {
        self.signals.fetch_or(signals, AcqRel) & signals != signals
    }

    /// Signals that stand, left in place.
    #[inline]
    #[must_use]
    pub fn signals(&self) -> u32 {
        self.signals.load(Acquire)
    }

    /// Takes the signals in `mask`, answering those that stood.
    pub fn take_signals(&self, mask: u32) -> u32 {
        self.signals.fetch_and(!mask, AcqRel) & mask
    }

    /// Puts a message into the client's mailbox, as [`WakeRound::leave`] does. Answers whether it is the first there: then the
    /// caller raises [`signal::MAIL`].
    #[inline]
    fn leave_mail(
        &self,
        len: usize,
        limit_bytes: usize,
        write: impl FnOnce(u8, &mut Output),
    ) -> Result<bool, MailboxFull> {
        let unsent = self.facts.output_pending.load(Relaxed);
        let mut mailbox = lock(&self.mailbox);
        let proto = self.facts.proto.load(Relaxed);
        let is_first = mailbox.bytes() == 0;
        mailbox.push(unsent + len, limit_bytes, |messages| write(proto, messages))?;
        Ok(is_first)
    }

    /// Puts a message for the client into its mailbox and wakes its task.
    ///
    /// # Errors
    /// As [`WakeRound::leave`].
    pub fn post(&self, message: &[u8], limit_bytes: usize) -> Result<(), MailboxFull> {
        self.leave_mail(message.len(), limit_bytes, |_, messages| messages.push(message))?;
        self.raise(signal::MAIL);
        Ok(())
    }

    /// Moves all messages behind what `output` holds.
    pub fn take_mail(&self, output: &mut Output) {
        lock(&self.mailbox).move_to(output);
    }

    /// Switches the protocol: messages come in the new one from now on, and those in the old one move to `output`.
    pub fn switch_proto(&self, proto: u8, output: &mut Output) {
        let mut mailbox = lock(&self.mailbox);
        mailbox.move_to(output);
        self.facts.proto.store(proto, Relaxed);
    }

    /// Number of its subscriptions: to shard channels, or to channels and patterns.
    #[must_use]
    pub fn subscriptions(&self, of_shard_channels: bool) -> u32 {
        let Facts { sub, psub, ssub, .. } = &self.facts;
        if of_shard_channels { ssub.load(Relaxed) } else { sub.load(Relaxed) + psub.load(Relaxed) }
    }

    /// Whether it has any subscription.
    #[must_use]
    pub fn is_subscribed(&self) -> bool {
        [&self.facts.sub, &self.facts.psub, &self.facts.ssub].iter().any(|count| count.load(Relaxed) > 0)
    }

    /// The session's flags as last published.
    #[must_use]
    pub fn flags(&self) -> SessionFlags {
        SessionFlags::from_bits_retain(self.facts.flags.load(Relaxed))
    }

    /// Where the messages that it tracks go: the id of a client, 0 for itself; `None` when it does not track.
    #[must_use]
    pub fn redirect(&self) -> Option<u64> {
        self.flags().contains(SessionFlags::TRACKING).then(|| self.facts.redirect.load(Relaxed))
    }

    /// Whether it is in MONITOR mode.
    #[must_use]
    pub fn is_monitor(&self) -> bool {
        self.flags().contains(SessionFlags::MONITOR)
    }

    /// Whether its request waits: in a blocking command, or because clients are paused.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.blocked.load(Relaxed) || self.paused.load(Relaxed)
    }

    /// Bytes waiting in the mailbox.
    #[must_use]
    pub fn mail_bytes(&self) -> usize {
        lock(&self.mailbox).bytes()
    }
}
