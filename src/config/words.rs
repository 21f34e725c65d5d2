//! Parameters whose value is one of a few words, as Rust enums: one declaration gives the words and the type.

/// The words of a parameter with the number each stands for. Several words may stand for one number: the first is
/// printed.
pub type Words = &'static [(&'static str, i64)];

macro_rules! words {
    ($($(#[$doc:meta])* pub enum $name:ident = $words:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The variant a stored number stands for; an unknown number gives the first.
            pub fn from_number(number: i64) -> $name {
                const ALL: &[$name] = &[$($name::$variant,)+];
                usize::try_from(number).ok().and_then(|at| ALL.get(at)).copied().unwrap_or(ALL[0])
            }
        }

        pub(crate) const $words: Words = &[$(($word, $name::$variant as i64),)+];
    )+ };
}

words! {
    /// What happens when memory use reaches `maxmemory` (`maxmemory-policy`).
    pub enum MaxmemoryPolicy = MAXMEMORY_POLICY {
        /// Evict the least recently used key that has an expiry.
        VolatileLru = "volatile-lru",
        /// Evict the least frequently used key that has an expiry.
        VolatileLfu = "volatile-lfu",
        /// Evict a random key that has an expiry.
        VolatileRandom = "volatile-random",
        /// Evict the key that expires soonest.
        VolatileTtl = "volatile-ttl",
        /// Evict the least recently used key.
        AllkeysLru = "allkeys-lru",
        /// Evict the least frequently used key.
        AllkeysLfu = "allkeys-lfu",
        /// Evict a random key.
        AllkeysRandom = "allkeys-random",
        /// Refuse commands that need memory.
        Noeviction = "noeviction",
    }

    /// How much is logged (`loglevel`).
    pub enum LogLevel = LOG_LEVEL {
        /// Everything, for development.
        Debug = "debug",
        /// Much, without detail of single requests.
        Verbose = "verbose",
        /// What an operator wants to see.
        Notice = "notice",
        /// Only what needs attention.
        Warning = "warning",
    }

    /// When the append-only file is forced to disk (`appendfsync`).
    pub enum AppendFsync = APPEND_FSYNC {
        /// Once a second.
        Everysec = "everysec",
        /// Before the reply of the write is sent.
        Always = "always",
        /// When the kernel chooses.
        No = "no",
    }

    /// Who may use a guarded command or parameter (`enable-debug-command`, `enable-protected-configs`).
    pub enum Guard = GUARD {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Clients from this machine.
        Local = "local",
    }

    /// Whether RESTORE payloads are checked in depth (`sanitize-dump-payload`).
    pub enum SanitizeDump = SANITIZE_DUMP {
        /// Never.
        No = "no",
        /// Always.
        Yes = "yes",
        /// For client connections only.
        Clients = "clients",
    }

    /// What to tell the service manager (`supervised`).
    pub enum Supervised = SUPERVISED {
        /// Stop as upstart expects.
        Upstart = "upstart",
        /// Send readiness to systemd's socket.
        Systemd = "systemd",
        /// Look at the environment.
        Auto = "auto",
        /// Nothing.
        No = "no",
    }
}

impl LogLevel {
    /// The level by the names of `tracing`.
    pub fn level(self) -> tracing::Level {
        match self {
            LogLevel::Debug => tracing::Level::TRACE,
            LogLevel::Verbose => tracing::Level::DEBUG,
            LogLevel::Notice => tracing::Level::INFO,
            LogLevel::Warning => tracing::Level::WARN,
        }
    }
}

/// The form of log lines (`log-format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The variant a stored number stands for.
    pub fn from_number(number: i64) -> LogFormat {
        if number == 1 { LogFormat::Json } else { LogFormat::Human }
    }
}

pub(crate) const LOG_FORMAT: Words = &[("human", 0), ("json", 1), ("legacy", 0)];
pub(crate) const OOM_SCORE_ADJ: Words = &[("no", 0), ("yes", 1), ("relative", 1), ("absolute", 2)];
pub(crate) const TLS_AUTH: Words = &[("no", 0), ("yes", 1), ("optional", 2)];
pub(crate) const ACL_PUBSUB: Words = &[("allchannels", 0), ("resetchannels", 1)];
pub(crate) const DISKLESS_LOAD: Words = &[("disabled", 0), ("on-empty-db", 1), ("swapdb", 2)];
pub(crate) const ENDPOINT_TYPE: Words = &[("ip", 0), ("hostname", 1), ("unknown-endpoint", 2)];
pub(crate) const PROPAGATION_ERROR: Words = &[("ignore", 0), ("panic", 1), ("panic-on-replicas", 2)];
pub(crate) const SYSLOG_FACILITY: Words = &[
    ("user", 0),
    ("local0", 1),
    ("local1", 2),
    ("local2", 3),
    ("local3", 4),
    ("local4", 5),
    ("local5", 6),
    ("local6", 7),
    ("local7", 8),
];

/// Bits of `shutdown-on-sigint` and `shutdown-on-sigterm`; `default` is no bit.
pub(crate) const SHUTDOWN: Words = &[("default", 0), ("save", 1), ("nosave", 2), ("now", 4), ("force", 8)];
/// Bit of SHUTDOWN that asks for a snapshot.
pub(crate) const SHUTDOWN_SAVE: i64 = 1;
/// Bit of SHUTDOWN that forbids a snapshot.
pub(crate) const SHUTDOWN_NOSAVE: i64 = 2;

impl MaxmemoryPolicy {
    /// Whether it goes by how often keys are used; the others need at most how recently.
    #[must_use]
    pub fn is_lfu(self) -> bool {
        matches!(self, Self::VolatileLfu | Self::AllkeysLfu)
    }

    /// Whether it goes by how recently or how often keys are used.
    #[must_use]
    pub fn needs_access_field(self) -> bool {
        self.is_lfu() || matches!(self, Self::VolatileLru | Self::AllkeysLru)
    }
}
