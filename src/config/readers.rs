//! Typed readers: one line for each parameter that a room reads. The name is looked up while compiling.

use super::Config;
use super::dir::path_of;
use super::table::ParamId;
use super::value::{ClientClass, OutputLimit, SavePoint, Value};
use super::words::{AppendFsync, Guard, LogFormat, LogLevel, MaxmemoryPolicy, SanitizeDump, Supervised};
use crate::keyspace::events::EventClass;
use bytes::Bytes;
use std::path::PathBuf;

macro_rules! number {
    (bool, $number:expr) => {
        $number != 0
    };
    (u64, $number:expr) => {
        $number.cast_unsigned()
    };
    (i64, $number:expr) => {
        $number
    };
    (usize, $number:expr) => {
        usize::try_from($number).unwrap_or(0)
    };
    (u32, $number:expr) => {
        u32::try_from($number).unwrap_or(0)
    };
    (u16, $number:expr) => {
        u16::try_from($number).unwrap_or(0)
    };
    ($words:ident, $number:expr) => {
        $words::from_number($number)
    };
}

macro_rules! readers {
    ($($(#[$doc:meta])* $reader:ident = $name:literal as $type:ident;)+) => {
        /// Numeric parameters: one relaxed load each.
        impl Config {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $reader(&self) -> $type {
                    const ID: ParamId = ParamId::of($name);
                    number!($type, self.number(ID))
                }
            )+
        }
    };
}

readers! {
    /// Number of shards; 0 chooses by the processors.
    shards = "shards" as usize;
    /// Number of worker threads; 0 takes one per processor.
    workers = "workers" as usize;
    /// Detach from the terminal.
    daemonize = "daemonize" as bool;
    /// What to tell the service manager.
    supervised = "supervised" as Supervised;
    /// The start-up drawing is shown also where there is no terminal.
    always_show_logo = "always-show-logo" as bool;
    /// Number of databases.
    databases = "databases" as usize;
    /// Rounds of background work per second, 1 to 500.
    hz = "hz" as u32;
    /// Effort of active expiry, 1 to 10.
    active_expire_effort = "active-expire-effort" as u32;
    /// FLUSHALL and FLUSHDB without an option work in the background.
    lazyfree_lazy_user_flush = "lazyfree-lazy-user-flush" as bool;
    /// A crash is reported in the log.
    crash_log_enabled = "crash-log-enabled" as bool;
    /// The allocator returns memory from a thread of its own.
    jemalloc_bg_thread = "jemalloc-bg-thread" as bool;

    /// TCP port; 0 for none.
    port = "port" as u16;
    /// Permission bits of the Unix socket; 0 leaves them to the umask.
    unixsocketperm = "unixsocketperm" as u32;
    /// Backlog of a listener.
    tcp_backlog = "tcp-backlog" as u32;
    /// Seconds of silence before a keepalive probe; 0 for never.
    tcp_keepalive = "tcp-keepalive" as u32;
    /// Clients of other machines are refused while there is no password.
    protected_mode = "protected-mode" as bool;

    /// Greatest number of connections.
    maxclients = "maxclients" as usize;
    /// Seconds after which an idle client is closed; 0 for never.
    timeout = "timeout" as u32;
    /// Greatest length of an argument, bytes.
    proto_max_bulk_len = "proto-max-bulk-len" as usize;
    /// Greatest request in flight, bytes.
    client_query_buffer_limit = "client-query-buffer-limit" as usize;
    /// Memory all clients may use: bytes, or a percentage of `maxmemory` as a negative number; 0 for no limit.
    maxmemory_clients = "maxmemory-clients" as i64;
    /// Keys remembered for client-side caching; 0 for no limit.
    tracking_table_max_keys = "tracking-table-max-keys" as usize;

    /// How much is logged.
    loglevel = "loglevel" as LogLevel;
    /// The form of log lines.
    log_format = "log-format" as LogFormat;

    /// Who may change protected parameters.
    enable_protected_configs = "enable-protected-configs" as Guard;
    /// Who may use DEBUG.
    enable_debug_command = "enable-debug-command" as Guard;
    /// Who may use MODULE.
    enable_module_command = "enable-module-command" as Guard;

    /// Memory at which eviction starts, bytes; 0 for no limit.
    maxmemory = "maxmemory" as u64;
    /// Which keys are evicted.
    maxmemory_policy = "maxmemory-policy" as MaxmemoryPolicy;
    /// Keys looked at to choose one to evict.
    maxmemory_samples = "maxmemory-samples" as usize;
    /// Effort of one round of eviction, 0 to 100.
    maxmemory_eviction_tenacity = "maxmemory-eviction-tenacity" as u32;
    /// How slowly the frequency counter grows.
    lfu_log_factor = "lfu-log-factor" as u32;
    /// Minutes after which the frequency counter falls.
    lfu_decay_time = "lfu-decay-time" as u32;

    /// Fields a hash may have as a listpack.
    hash_max_listpack_entries = "hash-max-listpack-entries" as usize;
    /// Longest field or value in such a hash, bytes.
    hash_max_listpack_value = "hash-max-listpack-value" as usize;
    /// Elements in a node of a list, or -1 to -5 for a size class.
    list_max_listpack_size = "list-max-listpack-size" as i64;
    /// Nodes at both ends of a list that stay uncompressed; 0 for all.
    list_compress_depth = "list-compress-depth" as usize;
    /// Members a set of integers may have as an intset.
    set_max_intset_entries = "set-max-intset-entries" as usize;
    /// Members a set may have as a listpack.
    set_max_listpack_entries = "set-max-listpack-entries" as usize;
    /// Longest member in such a set, bytes.
    set_max_listpack_value = "set-max-listpack-value" as usize;
    /// Members a sorted set may have as a listpack.
    zset_max_listpack_entries = "zset-max-listpack-entries" as usize;
    /// Longest member in such a sorted set, bytes.
    zset_max_listpack_value = "zset-max-listpack-value" as usize;
    /// Longest sparse HyperLogLog, bytes.
    hll_sparse_max_bytes = "hll-sparse-max-bytes" as usize;
    /// Greatest node of a stream, bytes; 0 for no limit.
    stream_node_max_bytes = "stream-node-max-bytes" as usize;
    /// Entries in a node of a stream; 0 for no limit.
    stream_node_max_entries = "stream-node-max-entries" as usize;

    /// Time from which a command is slow, microseconds; negative for off.
    slowlog_log_slower_than = "slowlog-log-slower-than" as i64;
    /// Entries kept in the slow log.
    slowlog_max_len = "slowlog-max-len" as usize;
    /// Size from which a request is large, bytes; negative for off.
    commandlog_request_larger_than = "commandlog-request-larger-than" as i64;
    /// Entries kept in the log of large requests.
    commandlog_large_request_max_len = "commandlog-large-request-max-len" as usize;
    /// Size from which a reply is large, bytes; negative for off.
    commandlog_reply_larger_than = "commandlog-reply-larger-than" as i64;
    /// Entries kept in the log of large replies.
    commandlog_large_reply_max_len = "commandlog-large-reply-max-len" as usize;
    /// Time from which an event is a latency spike, milliseconds; 0 for off.
    latency_monitor_threshold = "latency-monitor-threshold" as i64;
    /// A histogram of the latency of each command is kept.
    latency_tracking = "latency-tracking" as bool;

    /// Texts in snapshots are compressed.
    rdbcompression = "rdbcompression" as bool;
    /// Snapshots end with a checksum.
    rdbchecksum = "rdbchecksum" as bool;
    /// The expiry of fields is written to snapshots.
    rdb_field_expiry = "rdb-field-expiry" as bool;
    /// Snapshots are forced to disk as they grow.
    rdb_save_incremental_fsync = "rdb-save-incremental-fsync" as bool;
    /// Microseconds that a snapshot takes for each key at least, for tests.
    rdb_key_save_delay = "rdb-key-save-delay" as i64;
    /// Writes are refused after a snapshot failed.
    stop_writes_on_bgsave_error = "stop-writes-on-bgsave-error" as bool;
    /// Microseconds of waiting for each key that is loaded; below zero, one in so many keys.
    key_load_delay = "key-load-delay" as i64;
    /// Times in the append-only file.
    aof_timestamp_enabled = "aof-timestamp-enabled" as bool;
    /// A rewritten append-only file begins with a snapshot.
    aof_use_rdb_preamble = "aof-use-rdb-preamble" as bool;
    /// An append-only file whose end is missing is loaded.
    aof_load_truncated = "aof-load-truncated" as bool;
    /// Old files of the append-only file stay.
    aof_disable_auto_gc = "aof-disable-auto-gc" as bool;
    /// The append-only file is not forced to disk while it is rewritten.
    no_appendfsync_on_rewrite = "no-appendfsync-on-rewrite" as bool;
    /// Growth of the append-only file, in percent, after which it is rewritten; 0: never.
    auto_aof_rewrite_percentage = "auto-aof-rewrite-percentage" as u64;
    /// Bytes below which it is not.
    auto_aof_rewrite_min_size = "auto-aof-rewrite-min-size" as u64;
    /// When the append-only file is forced to disk.
    appendfsync = "appendfsync" as AppendFsync;
    /// Whether RESTORE payloads are checked in depth.
    sanitize_dump_payload = "sanitize-dump-payload" as SanitizeDump;
    /// A replica refuses writes.
    replica_read_only = "replica-read-only" as bool;
    /// Milliseconds after which clients of a busy server are told so; 0 for never.
    busy_reply_threshold = "busy-reply-threshold" as i64;
    /// Runs as a node of a cluster.
    cluster_enabled = "cluster-enabled" as bool;
    /// Writes are logged to a file.
    appendonly = "appendonly" as bool;
}

/// How a signal ends the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownOptions {
    /// Write a snapshot: `Some(false)` forbids it, `None` decides by the save points.
    pub save: Option<bool>,
    /// Do not wait for replicas.
    pub now: bool,
    /// Go on when the snapshot fails.
    pub force: bool,
}

impl ShutdownOptions {
    fn from_bits(bits: i64) -> ShutdownOptions {
        let save = match bits & 3 {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        };
        ShutdownOptions { save, now: bits & 4 != 0, force: bits & 8 != 0 }
    }
}

/// Texts, lists and flags.
impl Config {
    /// Limits of the output buffered for a class of clients: three relaxed loads.
    #[inline]
    pub fn output_limit(&self, class: ClientClass) -> OutputLimit {
        self.limit(class)
    }

    /// The same for a client in MONITOR mode: that of normal clients, or where those have none, that of replicas, which a
    /// monitor resembles more: it does not choose how much it is sent.
    pub fn monitor_output_limit(&self) -> OutputLimit {
        let normal = self.limit(ClientClass::Normal);
        if normal.hard_bytes > 0 || normal.soft_bytes > 0 { normal } else { self.limit(ClientClass::Replica) }
    }

    /// Which keyspace events are published: one relaxed load.
    #[inline]
    pub fn notify_keyspace_events(&self) -> EventClass {
        const ID: ParamId = ParamId::of("notify-keyspace-events");
        EventClass::from_bits_truncate(u32::try_from(self.number(ID)).unwrap_or(0))
    }

    /// How SIGINT ends the server.
    pub fn shutdown_on_sigint(&self) -> ShutdownOptions {
        ShutdownOptions::from_bits(self.number(const { ParamId::of("shutdown-on-sigint") }))
    }

    /// How SIGTERM ends the server.
    pub fn shutdown_on_sigterm(&self) -> ShutdownOptions {
        ShutdownOptions::from_bits(self.number(const { ParamId::of("shutdown-on-sigterm") }))
    }

    /// Password of the user `default`; `None` when there is none.
    pub fn requirepass(&self) -> Option<Bytes> {
        Some(self.bytes(const { ParamId::of("requirepass") })).filter(|password| !password.is_empty())
    }

    /// Listen addresses; one that begins with `-` may be missing on this machine. Empty: no TCP listener.
    pub fn bind(&self) -> Vec<String> {
        match self.value(const { ParamId::of("bind") }) {
            Value::List(list) => list,
            _ => Vec::new(),
        }
    }

    /// When a snapshot is due.
    pub fn save(&self) -> Vec<SavePoint> {
        match self.value(const { ParamId::of("save") }) {
            Value::SavePoints(points) => points,
            _ => Vec::new(),
        }
    }

    /// Percentiles shown by INFO latencystats.
    pub fn latency_tracking_info_percentiles(&self) -> Vec<f64> {
        match self.value(const { ParamId::of("latency-tracking-info-percentiles") }) {
            Value::Percentiles(list) => list,
            _ => Vec::new(),
        }
    }

    /// Working directory, absolute.
    pub fn dir(&self) -> PathBuf {
        path_of(&self.value(const { ParamId::of("dir") }))
    }

    /// Path of the Unix socket.
    pub fn unixsocket(&self) -> Option<PathBuf> {
        self.path(const { ParamId::of("unixsocket") })
    }

    /// Path of the file with the process id.
    pub fn pidfile(&self) -> Option<PathBuf> {
        self.path(const { ParamId::of("pidfile") })
    }

    /// Path of the log; `None` for the standard output.
    pub fn logfile(&self) -> Option<PathBuf> {
        self.path(const { ParamId::of("logfile") })
    }

    /// First part of the names of the append-only file's files.
    pub fn appendfilename(&self) -> String {
        String::from_utf8_lossy(&self.text(const { ParamId::of("appendfilename") })).into_owned()
    }

    /// Directory of the append-only file in [`Config::dir`].
    pub fn appenddirname(&self) -> String {
        String::from_utf8_lossy(&self.text(const { ParamId::of("appenddirname") })).into_owned()
    }

    /// Name of the snapshot in [`Config::dir`].
    pub fn dbfilename(&self) -> PathBuf {
        path_of(&self.value(const { ParamId::of("dbfilename") }))
    }

    fn path(&self, id: ParamId) -> Option<PathBuf> {
        Some(path_of(&self.value(id))).filter(|path| !path.as_os_str().is_empty())
    }

    fn bytes(&self, id: ParamId) -> Bytes {
        match self.value(id) {
            Value::Text(text) => text,
            _ => Bytes::new(),
        }
    }
}
