//! The one struct that holds a handle to every room.
//!
//! May import: every room below. No behaviour of a single command, type or client kind belongs here.

mod log;
mod rdb;
mod save;

pub use self::rdb::{LoadKind, load_error_text};
pub use self::save::SaveRefused;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use bitflags::bitflags;
use bytes::Bytes;
use tokio::sync::Notify;

use crate::client::{BlockedTable, Broadcasts, Client, Registry, Session, SessionFlags, WakeRound, signal};
use crate::config::{ClientClass, Config, ShutdownOptions};
use crate::keyspace::{Keyspace, LazyFree, LfuPace, ReadyKey, ShardId};
use crate::persist::Loading;
use crate::persist::aof::Aof;
use crate::persist::snapshot::Snapshots;
use crate::pubsub::{Delivery, PubSub, Topic};
use crate::script::{RunKind, Scripts};
use crate::stats::Stats;
use crate::util::clock::Clock;
use crate::util::sync::lock;
use crate::util::{memory, rng};

bitflags! {
    /// States of the server that send commands through the full list of checks.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Gate: u32 {
        /// CLIENT PAUSE ALL.
        const PAUSED_ALL = 1;
        /// CLIENT PAUSE WRITE.
        const PAUSED_WRITE = 1 << 1;
        /// Somebody watches with MONITOR.
        const MONITORED = 1 << 2;
        /// The data set is being loaded.
        const LOADING = 1 << 3;
        /// `maxmemory` is set.
        const MEMORY_LIMITED = 1 << 4;
        /// The last snapshot has failed, and writes are refused for it.
        const SAVE_FAILED = 1 << 5;
        /// The append-only file cannot be written.
        const LOG_FAILED = 1 << 8;
        /// The append-only file is so far behind that writers wait.
        const LOG_BEHIND = 1 << 9;
    }
}

/// Pending replies up to this size count for no limit, as in Redis, where they fit into the client's fixed buffer.
pub const FREE_OUTPUT_BYTES: usize = 16 * 1024;

/// The server: every room, and the few facts that belong to none.
#[derive(Debug)]
pub struct Server {
    /// Parameters.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Data.
    pub keyspace: Keyspace,
    /// What runs of snapshots, and how the last one ended.
    pub snapshots: Snapshots,
    /// How far a file is loaded, and what the last one brought.
    pub loading: Loading,
    /// The append-only file.
    pub aof: Aof,
    /// Loads it anew (DEBUG LOADAOF), once there is somebody who runs commands.
    pub reload_log: OnceLock<ReloadLog>,
    /// Frees large values in the background.
    pub lazy_free: LazyFree,
    /// Connected clients.
    pub clients: Registry,
    /// Clients that watch all commands.
    pub monitors: Monitors,
    /// Clients that wait in blocking commands.
    pub blocked: BlockedTable,
    /// Scripts, libraries of functions, and those that run.
    pub scripts: Scripts,
    /// Channels and who is subscribed to them.
    pub pubsub: PubSub,
    /// Prefixes of keys of which clients want to be told every change.
    pub broadcasts: Broadcasts,
    /// Counters and logs.
    pub stats: Stats,
    /// CLIENT PAUSE.
    pub pause: Pause,
    /// Long commands that run on threads of their own now.
    pub long_running: AtomicUsize,
    /// Active expiry can be switched off (DEBUG SET-ACTIVE-EXPIRE).
    pub active_expire: AtomicBool,
    /// All work that time brings can be held up (DEBUG PAUSE-CRON).
    pub cron_paused: AtomicBool,
    /// RESTORE takes payloads whatever their checksum (DEBUG SET-SKIP-CHECKSUM-VALIDATION).
    pub skip_payload_checksum: AtomicBool,
    /// Scripts may run every command (DEBUG SET-DISABLE-DENY-SCRIPTS).
    pub scripts_may_all: AtomicBool,
    /// The way out.
    pub shutdown: Shutdown,
    /// Sockets can be opened anew while the server runs (CONFIG SET port).
    pub listen: OnceLock<Relisten>,
    /// 40 random hex digits, new at every start.
    pub run_id: String,
    /// Unix time of the start, microseconds.
    pub started_at_us: u64,
    /// Number of worker threads; see [`Server::seats`].
    pub workers: usize,
    unserved: Mutex<Vec<ReadyKey>>,
    replication_id: Mutex<String>,
    gate: AtomicU32,
    attention_ns: AtomicU64,
    large_request_bytes: AtomicUsize,
    large_reply_bytes: AtomicUsize,
    own: OnceLock<Weak<Server>>,
}

/// Opens the configured sockets anew; the error is the text for CONFIG SET.
pub struct Relisten(pub Box<RelistenFn>);

type RelistenFn = dyn Fn(&Server) -> Result<(), String> + Send + Sync;

impl std::fmt::Debug for Relisten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relisten")
    }
}

/// Empties the databases and loads the append-only file; the error is for the log.
pub type ReloadLog = fn(&Arc<Server>) -> Result<(), String>;

/// See [`Server::seats`].
fn seats(workers: usize) -> usize {
    workers + 1
}

impl Server {
    /// A server with empty databases. `commands` is the size of the command table, for the counters.
    #[must_use]
    pub fn new(config: Config, clock: Clock, keyspace: Keyspace, workers: usize, commands: usize) -> Server {
        let server = Server {
            started_at_us: clock.now_us(),
            config,
            clock,
            keyspace,
            snapshots: Snapshots::default(),
            loading: Loading::default(),
            aof: Aof::default(),
            reload_log: OnceLock::new(),
            lazy_free: LazyFree::default(),
            clients: Registry::default(),
            monitors: Monitors::default(),
            blocked: BlockedTable::default(),
            unserved: Mutex::default(),
            scripts: Scripts::default(),
            pubsub: PubSub::new(seats(workers)),
            broadcasts: Broadcasts::default(),
            stats: Stats::new(seats(workers), commands),
            pause: Pause::default(),
            long_running: AtomicUsize::new(0),
            active_expire: true.into(),
            cron_paused: false.into(),
            skip_payload_checksum: false.into(),
            scripts_may_all: false.into(),
            shutdown: Shutdown::default(),
            listen: OnceLock::new(),
            run_id: rng::hex_id(),
            workers,
            replication_id: Mutex::new(rng::hex_id()),
            gate: AtomicU32::new(0),
            attention_ns: AtomicU64::new(0),
            large_request_bytes: AtomicUsize::new(0),
            large_reply_bytes: AtomicUsize::new(0),
            own: OnceLock::new(),
        };
        server.snapshots.loaded(server.started_at_us / 1000, 0);
        server.refresh_thresholds();
        server
    }

    /// Number of threads that run connections: the workers, and behind them a spare one for the time when a script holds up
    /// each of them, for somebody must be there to be asked for its end.
    #[must_use]
    pub fn seats(&self) -> usize {
        seats(self.workers)
    }

    /// Tells the server under which handle it is shared, for [`Server::handle`].
    pub fn is_shared_as(self: &Arc<Self>) {
        self.own.get_or_init(|| Arc::downgrade(self));
    }

    /// A handle of its own, for threads that outlive a command; `None` before any thread runs commands.
    #[must_use]
    pub fn handle(&self) -> Option<Arc<Server>> {
        self.own.get()?.upgrade()
    }

    /// The standing [`Gate`] bits.
    #[inline]
    #[must_use]
    pub fn gate(&self) -> Gate {
        Gate::from_bits_retain(self.gate.load(Relaxed))
    }

    /// Raises or lowers gate bits.
    pub fn set_gate(&self, bits: Gate, on: bool) {
        if on {
            self.gate.fetch_or(bits.bits(), SeqCst);
        } else {
            self.gate.fetch_and(!bits.bits(), SeqCst);
        }
    }

    /// Duration from which some log wants to hear of a command, in nanoseconds.
    #[inline]
    #[must_use]
    pub fn attention_ns(&self) -> u64 {
        self.attention_ns.load(Relaxed)
    }

    /// Size from which a request is logged, in bytes.
    #[inline]
    #[must_use]
    pub fn large_request_bytes(&self) -> usize {
        self.large_request_bytes.load(Relaxed)
    }

    /// Size from which a reply is logged, in bytes.
    #[inline]
    #[must_use]
    pub fn large_reply_bytes(&self) -> usize {
        self.large_reply_bytes.load(Relaxed)
    }

    /// Derives from the parameters what the hot path reads, and trims the logs; to be called after they changed.
    pub fn refresh_thresholds(&self) {
        let slow_ns =
            u64::try_from(self.config.slowlog_log_slower_than()).map_or(u64::MAX, |us| us.saturating_mul(1000));
        let spike_ns = match self.config.latency_monitor_threshold() {
            ..=0 => u64::MAX,
            ms => (ms as u64).saturating_mul(1_000_000),
        };
        self.attention_ns.store(slow_ns.min(spike_ns), Relaxed);
        self.refresh_log();
        self.snapshots.set_delay(self.save_delay_us());
        self.keyspace.access_mode.set(
            self.config
                .maxmemory_policy()
                .is_lfu()
                .then(|| LfuPace { log_factor: self.config.lfu_log_factor(), decay_min: self.config.lfu_decay_time() }),
        );
        self.keyspace.wanted_events.set(self.config.notify_keyspace_events());
        // Below zero: off.
        let bytes = |threshold: i64| usize::try_from(threshold).unwrap_or(usize::MAX);
        self.large_request_bytes.store(bytes(self.config.commandlog_request_larger_than()), Relaxed);
        self.large_reply_bytes.store(bytes(self.config.commandlog_reply_larger_than()), Relaxed);
        self.stats.logs.slow.trim(self.config.slowlog_max_len());
        self.stats.logs.large_request.trim(self.config.commandlog_large_request_max_len());
        self.stats.logs.large_reply.trim(self.config.commandlog_large_reply_max_len());
        let is_limited = self.config.maxmemory() > 0;
        if is_limited {
            memory::read();
        }
        self.set_gate(Gate::MEMORY_LIMITED, is_limited);
        self.refresh_save_gate();
    }

    /// Leaves the waiters of a key to be served by the long command that holds its shard, when that ends.
    pub fn leave_unserved(&self, key: ReadyKey) {
        lock(&self.unserved).push(key);
    }

    /// Keys whose waiters were left unserved.
    #[must_use]
    pub fn take_unserved(&self) -> Vec<ReadyKey> {
        std::mem::take(&mut *lock(&self.unserved))
    }

    /// What runs for longer than `busy-reply-threshold` and holds a shard, if that is a script or function.
    #[must_use]
    pub fn busy_script(&self, shard: ShardId) -> Option<RunKind> {
        let threshold_ms = u64::try_from(self.config.busy_reply_threshold()).ok().filter(|threshold| *threshold > 0)?;
        self.scripts.runs.busy(Some(shard), threshold_ms).map(|run| run.kind)
    }

    /// Whether CLIENT PAUSE holds anybody up.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.gate().intersects(Gate::PAUSED_ALL | Gate::PAUSED_WRITE)
    }

    /// Counts and logs a client that is closed because it does not read what it is sent.
    pub fn count_over_limit(&self, client: &Client) {
        let stats = self.stats.other();
        stats.add(&stats.counters.output_limit_disconnections, 1);
        tracing::warn!(
            "Client id={} addr={} scheduled to be closed ASAP for overcoming of output buffer limits.",
            client.id,
            client.endpoint.peer()
        );
    }

    /// Most bytes that may wait to be sent to a client of that class when a message comes; 0: no limit.
    #[must_use]
    pub fn mail_limit(&self, class: ClientClass) -> usize {
        match self.config.output_limit(class).hard_bytes {
            0 => 0,
            hard => (hard as usize).max(FREE_OUTPUT_BYTES),
        }
    }

    /// Publishes a message; answers how many times it is delivered. `shared`: the payload in a buffer of its own, where it
    /// is in one. Subscribers are woken in `round`: one for all messages that belong together. Locking: see [`PubSub`].
    pub fn publish(
        &self,
        round: &mut WakeRound<'_>,
        topic: Topic,
        channel: &[u8],
        payload: &[u8],
        shared: Option<Bytes>,
    ) -> usize {
        let limit_bytes = self.mail_limit(ClientClass::Pubsub);
        let delivery = Delivery { topic, channel, payload, shared, limit_bytes };
        self.pubsub.publish(round, &delivery, |client| self.cut_off(client))
    }

    /// Turns client-side caching on for a client, with these options. It is remembered then what it reads, but for
    /// [`SessionFlags::TRACKING_BCAST`].
    pub fn start_tracking(&self, session: &mut Session, options: SessionFlags) {
        let tracks_reads =
            |session: &Session| session.is(SessionFlags::TRACKING) && !session.is(SessionFlags::TRACKING_BCAST);
        let before = tracks_reads(session);
        session.set(SessionFlags::TRACKING_OPTIONS, false);
        session.set(SessionFlags::TRACKING | options, true);
        if tracks_reads(session) && !before {
            self.keyspace.tracking.add_reader();
        }
    }

    /// Forgets that a client tracks; to be called once, when it does no longer.
    pub fn stop_tracking(&self, client: &Client) {
        if client.flags().contains(SessionFlags::TRACKING_BCAST) {
            self.broadcasts.leave(client, |any| self.keyspace.tracking.set_broadcasts(any));
        } else if client.flags().contains(SessionFlags::TRACKING) {
            self.keyspace.tracking.remove_reader();
        }
    }

    /// Begins to tell a client of every change of a key with this prefix.
    pub fn join_broadcast(&self, prefix: &[u8], client: &Arc<Client>) {
        self.broadcasts.join(prefix, client, |any| self.keyspace.tracking.set_broadcasts(any));
    }

    /// Ends a client for which others have more than it reads.
    #[cold]
    pub fn cut_off(&self, client: &Client) {
        if client.signals() & signal::KILL == 0 {
            self.count_over_limit(client);
            client.raise(signal::KILL);
        }
    }

    /// Forgets a client in MONITOR mode.
    pub fn remove_monitor(&self, id: u64) {
        self.monitors.with(|clients| {
            clients.retain(|client| client.id != id);
            self.set_gate(Gate::MONITORED, !clients.is_empty());
        });
    }

    /// CLIENT PAUSE: holds clients up until `until_ms`. A pause that stands already is never shortened or narrowed.
    pub fn pause(&self, until_ms: u64, scope: PauseScope) {
        let _one_at_a_time = self.pause.lock();
        self.pause.until_ms.fetch_max(until_ms, Relaxed);
        self.set_gate(if scope == PauseScope::All { Gate::PAUSED_ALL } else { Gate::PAUSED_WRITE }, true);
    }

    /// Ends CLIENT PAUSE and lets everybody go on.
    pub fn unpause(&self) {
        let _one_at_a_time = self.pause.lock();
        self.end_pause();
    }

    /// The same if its time has come; answers whether clients are still paused.
    pub fn unpause_at(&self, now_ms: u64) -> bool {
        let _one_at_a_time = self.pause.lock();
        if self.pause.until_ms.load(Relaxed) <= now_ms {
            self.end_pause();
        }
        self.is_paused()
    }

    fn end_pause(&self) {
        self.pause.until_ms.store(0, Relaxed);
        self.set_gate(Gate::PAUSED_ALL | Gate::PAUSED_WRITE, false);
        self.pause.ended.notify_waiters();
    }

    /// The name of this data set's history: 40 hex digits.
    #[must_use]
    pub fn replication_id(&self) -> String {
        lock(&self.replication_id).clone()
    }

    /// Begins another history.
    pub fn change_replication_id(&self) {
        *lock(&self.replication_id) = rng::hex_id();
    }

    /// Whether a client must authenticate before it may do anything else: a password is set now, and was set when the
    /// client came, or else it was let in then.
    #[must_use]
    pub fn auth_required(&self, session: &Session) -> bool {
        session.is(SessionFlags::NEEDS_AUTH) && self.config.requirepass().is_some()
    }

    /// Puts a client into MONITOR mode.
    pub fn add_monitor(&self, client: Arc<Client>) {
        self.monitors.with(|clients| {
            clients.push(client);
            self.set_gate(Gate::MONITORED, true);
        });
    }

    /// Seconds since the start.
    #[must_use]
    pub fn uptime_s(&self) -> u64 {
        self.clock.now_us().saturating_sub(self.started_at_us) / 1_000_000
    }
}

/// Clients in MONITOR mode.
#[derive(Debug, Default)]
pub struct Monitors {
    clients: Mutex<Vec<Arc<Client>>>,
}

impl Monitors {
    /// Runs `f` on the list. Locking: the list's own lock, for the time of `f`.
    pub fn with<R>(&self, f: impl FnOnce(&mut Vec<Arc<Client>>) -> R) -> R {
        f(&mut lock(&self.clients))
    }
}

/// Who is held up by CLIENT PAUSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseScope {
    /// Everybody.
    All,
    /// Who is about to write.
    Writes,
}

/// CLIENT PAUSE: until when, and who waits for the end.
#[derive(Debug, Default)]
pub struct Pause {
    changing: Mutex<()>,
    /// Unix time of the end, milliseconds; 0 when nobody is paused.
    pub until_ms: AtomicU64,
    /// Raised when a pause ends.
    pub ended: Notify,
}

impl Pause {
    /// Keeps the time and the gate's bits together.
    fn lock(&self) -> MutexGuard<'_, ()> {
        lock(&self.changing)
    }
}

/// A request to end the server.
#[derive(Debug, Default)]
pub struct Shutdown {
    requested: Mutex<Option<ShutdownOptions>>,
    /// Raised with a request.
    pub raised: Notify,
}

impl Shutdown {
    /// Asks the server to end.
    pub fn request(&self, options: ShutdownOptions) {
        *lock(&self.requested) = Some(options);
        self.raised.notify_one();
    }

    /// Goes on as if nobody had asked; answers whether somebody had.
    pub fn forget(&self) -> bool {
        lock(&self.requested).take().is_some()
    }

    /// The request, if there is one.
    #[must_use]
    pub fn requested(&self) -> Option<ShutdownOptions> {
        *lock(&self.requested)
    }
}
