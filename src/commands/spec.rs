//! What a command's row states. Everything that the server, COMMAND INFO / DOCS, the ACL categories, the shard locking
//! and the generated pages know of a command derives from its row; nothing else may state these facts.

use bitflags::bitflags;

pub use super::categories::Categories;
use super::{Args, Cx, Outcome, keys::KeysFn};
use crate::resp::Args as Argv;

/// A command or subcommand: one row of a group's table.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Upper-case name; of a subcommand only its own word.
    pub name: &'static str,
    /// Number of arguments, the name (and container) included; negative: at least so many.
    pub arity: i16,
    /// What the command does, as far as the gate cares.
    pub flags: Flags,
    /// Where the keys are among the arguments.
    pub keys: &'static [KeySpec],
    /// Finds the keys where `keys` cannot say it: where they are (a spec with [`FindKeys::Unknown`] or
    /// [`BeginSearch::Unknown`]), or what this very call does to them ([`KeyFlags::VARIABLE_FLAGS`]).
    pub keys_fn: Option<KeysFn>,
    /// Where the first element (field, member) of the key's collection is among the arguments; 0: nowhere, or not at a fixed
    /// place. Those of a pipeline on one key are brought near together.
    pub element: u8,
    /// The handler and what it needs locked.
    pub run: Run,
    /// Which arguments of a [`Flags::SENSITIVE`] command are secret; `None`: all behind its words.
    pub secret: Option<SecretFn>,
    /// ACL categories beyond those that group and flags imply.
    pub acl_extra: Categories,
    /// COMMAND INFO tips.
    pub tips: &'static [&'static str],
    /// COMMAND DOCS.
    pub doc: Doc,
    /// Rows of a container's subcommands.
    pub subcommands: &'static [Command],
}

impl Command {
    /// Defaults for the struct-update syntax of rows.
    pub const BASE: Command = Command {
        name: "",
        arity: 0,
        flags: Flags::empty(),
        keys: &[],
        keys_fn: None,
        element: 0,
        run: Run::Container,
        secret: None,
        acl_extra: Categories::empty(),
        tips: &[],
        doc: Doc::BASE,
        subcommands: &[],
    };
}

/// Whether the argument at a position is a secret, which MONITOR and the slow log must not show.
pub type SecretFn = fn(Argv<'_>, usize) -> bool;

/// A handler: parses its arguments, acts, replies.
pub type Handler = fn(&mut Cx<'_>, &mut Args<'_>) -> Outcome;

/// Whether these arguments name keys that no key spec can find.
pub type ReachesFurther = fn(Argv<'_>) -> bool;

/// The handler of a command and the shards that it runs under.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// The shards of the declared keys are locked.
    Keys(Handler),
    /// All shards are locked (FLUSHALL, SWAPDB).
    Global(Handler),
    /// As [`Run::Global`] where the arguments name more than the declared keys (SORT with BY or GET), else as
    /// [`Run::Keys`].
    KeysOrGlobal(Handler, ReachesFurther),
    /// The shards of all queued commands and of the watched keys are locked (EXEC).
    Queued(Handler),
    /// No shard is locked; the handler may visit shards one by one (PING, CONFIG, SCAN).
    Plain(Handler),
    /// Only subcommands.
    Container,
}

bitflags! {
    /// Command flags, named as COMMAND INFO prints them (lower case).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Flags: u32 {
        /// May modify the keyspace.
        const WRITE = 1;
        /// Only reads the keyspace.
        const READONLY = 1 << 1;
        /// Refused when out of memory.
        const DENYOOM = 1 << 2;
        /// Administration.
        const ADMIN = 1 << 3;
        /// Publish/subscribe.
        const PUBSUB = 1 << 4;
        /// Not from scripts.
        const NOSCRIPT = 1 << 5;
        /// May block the client.
        const BLOCKING = 1 << 6;
        /// Allowed while loading.
        const LOADING = 1 << 7;
        /// Allowed on a stale replica.
        const STALE = 1 << 8;
        /// Not shown to MONITOR.
        const SKIP_MONITOR = 1 << 9;
        /// Not entered into the slow log.
        const SKIP_SLOWLOG = 1 << 10;
        /// Sets the asking state in cluster mode.
        const ASKING = 1 << 11;
        /// Constant or logarithmic time.
        const FAST = 1 << 12;
        /// Allowed before authentication.
        const NO_AUTH = 1 << 13;
        /// May send replicated effects though it is no write (PUBLISH, EVAL).
        const MAY_REPLICATE = 1 << 14;
        /// Not inside MULTI.
        const NO_MULTI = 1 << 15;
        /// Not while loading asynchronously.
        const NO_ASYNC_LOADING = 1 << 16;
        /// Allowed while a script is busy.
        const ALLOW_BUSY = 1 << 17;
        /// The key specs may find no key.
        const NO_MANDATORY_KEYS = 1 << 18;
        /// Keys must be found with GETKEYS (derived by COMMAND INFO from key specs; stated only where they cannot say).
        const MOVABLEKEYS = 1 << 19;
        /// Needs an `enable-...-command` parameter (DEBUG, MODULE).
        const PROTECTED = 1 << 20;
        /// Touches keys that its arguments do not name (RANDOMKEY, SCAN).
        const TOUCHES_ARBITRARY_KEYS = 1 << 21;
        /// Carries secrets (AUTH, HELLO, ACL SETUSER): shown as `(redacted)` wherever requests are shown.
        const SENSITIVE = 1 << 22;
    }
}

impl Flags {
    /// Union in const context, for rows.
    #[must_use]
    pub const fn or(self, other: Flags) -> Flags {
        self.union(other)
    }
}

/// A command group: its rows, its name in COMMAND DOCS, and the ACL category that its commands share.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// As COMMAND DOCS prints it.
    pub name: &'static str,
    /// Category of every command of the group ("server" has none).
    pub category: Categories,
    /// The rows.
    pub commands: &'static [Command],
}

/// Where keys are among a command's arguments, and what happens to them.
#[derive(Debug, Clone, Copy)]
pub struct KeySpec {
    /// Remark shown by COMMAND INFO (empty: none).
    pub notes: &'static str,
    /// What happens to these keys.
    pub flags: KeyFlags,
    /// Where the search begins.
    pub begin: BeginSearch,
    /// How the keys follow.
    pub find: FindKeys,
}

impl KeySpec {
    /// One key at argument `index` (1 = first after the command name).
    #[must_use]
    pub const fn at(index: i32, flags: KeyFlags) -> KeySpec {
        KeySpec::range(index, 0, 1, flags)
    }

    /// Keys from `index` to `last` (relative to the first; -1: to the last argument), every `step`-th.
    #[must_use]
    pub const fn range(index: i32, last: i32, step: i32, flags: KeyFlags) -> KeySpec {
        KeySpec { notes: "", flags, begin: BeginSearch::Index(index), find: FindKeys::Range { last, step, limit: 0 } }
    }

    /// A count of keys at `index`, the keys right behind it.
    #[must_use]
    pub const fn numkeys(index: i32, flags: KeyFlags) -> KeySpec {
        KeySpec {
            notes: "",
            flags,
            begin: BeginSearch::Index(index),
            find: FindKeys::KeyNum { at: 0, first: 1, step: 1 },
        }
    }

    /// The same with a remark.
    #[must_use]
    pub const fn notes(mut self, notes: &'static str) -> KeySpec {
        self.notes = notes;
        self
    }
}

/// Start of a key spec's search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeginSearch {
    /// At this argument.
    Index(i32),
    /// Behind this word, searched from argument `start` (negative: backwards from the end).
    Keyword {
        /// The word, compared case-insensitively.
        word: &'static str,
        /// Argument to start at.
        start: i32,
    },
    /// Only `keys_fn` knows.
    Unknown,
}

/// How keys follow the beginning of a key spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindKeys {
    /// Every `step`-th argument up to `last` (0: only the first; negative: from the end); `limit` > 1 takes that part
    /// of the remaining arguments (2: half, as XREAD).
    Range {
        /// Last key, relative to the first; negative counts from the last argument.
        last: i32,
        /// Distance between keys.
        step: i32,
        /// Divisor of the remaining arguments.
        limit: i32,
    },
    /// A count stands at `at`, the first key at `first` (both relative to the beginning).
    KeyNum {
        /// Position of the count.
        at: i32,
        /// Position of the first key.
        first: i32,
        /// Distance between keys.
        step: i32,
    },
    /// Only `keys_fn` knows.
    Unknown,
}

bitflags! {
    /// What a command does to the keys of a spec, as COMMAND INFO prints it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct KeyFlags: u16 {
        /// Read and written.
        const RW = 1;
        /// Only read.
        const RO = 1 << 1;
        /// Overwritten without looking.
        const OW = 1 << 2;
        /// Removed.
        const RM = 1 << 3;
        /// The value's contents reach the client or another key.
        const ACCESS = 1 << 4;
        /// The value is changed, depending on what it was.
        const UPDATE = 1 << 5;
        /// Contents may be added, nothing is lost.
        const INSERT = 1 << 6;
        /// Contents may be removed.
        const DELETE = 1 << 7;
        /// Not a key, but treated so (channels of cluster mode).
        const NOT_KEY = 1 << 8;
        /// The spec may miss keys.
        const INCOMPLETE = 1 << 9;
        /// The flags depend on the arguments.
        const VARIABLE_FLAGS = 1 << 10;
    }
}

impl KeyFlags {
    /// Union in const context, for rows.
    #[must_use]
    pub const fn or(self, other: KeyFlags) -> KeyFlags {
        self.union(other)
    }
}

/// What COMMAND DOCS says of a command. Summaries are our own words, below 80 characters, ending in a full stop.
#[derive(Debug, Clone, Copy)]
pub struct Doc {
    /// One sentence.
    pub summary: &'static str,
    /// First version of Redis (or Valkey) that had it.
    pub since: &'static str,
    /// Cost.
    pub complexity: &'static str,
    /// Version since which it is deprecated (empty: not).
    pub deprecated_since: &'static str,
    /// What to use instead.
    pub replaced_by: &'static str,
    /// An internal command ("syscmd").
    pub syscmd: bool,
    /// (version, change).
    pub history: &'static [(&'static str, &'static str)],
    /// The argument tree.
    pub args: &'static [Arg],
}

impl Doc {
    /// Defaults for the struct-update syntax.
    pub const BASE: Doc = Doc {
        summary: "",
        since: "",
        complexity: "",
        deprecated_since: "",
        replaced_by: "",
        syscmd: false,
        history: &[],
        args: &[],
    };
}

/// A node of a command's argument tree.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Name of the argument.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgKind,
    /// Literal word before it, or, of a pure token, the word itself (empty: none).
    pub token: &'static str,
    /// Index of the key spec of a key argument (-1: none).
    pub key_spec: i8,
    /// May be left out.
    pub optional: bool,
    /// May be repeated.
    pub multiple: bool,
    /// The token is repeated with each value.
    pub multiple_token: bool,
    /// Version that brought it (empty: that of the command).
    pub since: &'static str,
    /// Version since which it is deprecated.
    pub deprecated_since: &'static str,
    /// Children of a block or of alternatives.
    pub args: &'static [Arg],
}

/// Kinds of arguments, named as COMMAND DOCS prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of COMMAND DOCS")]
pub enum ArgKind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

impl Arg {
    const fn of(name: &'static str, kind: ArgKind) -> Arg {
        Arg {
            name,
            kind,
            token: "",
            key_spec: -1,
            optional: false,
            multiple: false,
            multiple_token: false,
            since: "",
            deprecated_since: "",
            args: &[],
        }
    }
    /// A key found by key spec `spec`.
    #[must_use]
    pub const fn key(name: &'static str, spec: i8) -> Arg {
        let mut arg = Arg::of(name, ArgKind::Key);
        arg.key_spec = spec;
        arg
    }
    /// Any string.
    #[must_use]
    pub const fn string(name: &'static str) -> Arg {
        Arg::of(name, ArgKind::String)
    }
    /// A 64-bit signed integer.
    #[must_use]
    pub const fn integer(name: &'static str) -> Arg {
        Arg::of(name, ArgKind::Integer)
    }
    /// A floating point number.
    #[must_use]
    pub const fn double(name: &'static str) -> Arg {
        Arg::of(name, ArgKind::Double)
    }
    /// A glob pattern.
    #[must_use]
    pub const fn pattern(name: &'static str) -> Arg {
        Arg::of(name, ArgKind::Pattern)
    }
    /// A point in time.
    #[must_use]
    pub const fn unix_time(name: &'static str) -> Arg {
        Arg::of(name, ArgKind::UnixTime)
    }
    /// A bare word.
    #[must_use]
    pub const fn word(name: &'static str, token: &'static str) -> Arg {
        let mut arg = Arg::of(name, ArgKind::PureToken);
        arg.token = token;
        arg
    }
    /// One of several.
    #[must_use]
    pub const fn one_of(name: &'static str, args: &'static [Arg]) -> Arg {
        let mut arg = Arg::of(name, ArgKind::OneOf);
        arg.args = args;
        arg
    }
    /// Several in a row.
    #[must_use]
    pub const fn block(name: &'static str, args: &'static [Arg]) -> Arg {
        let mut arg = Arg::of(name, ArgKind::Block);
        arg.args = args;
        arg
    }
    /// With a literal word before it.
    #[must_use]
    pub const fn token(mut self, token: &'static str) -> Arg {
        self.token = token;
        self
    }
    /// May be left out.
    #[must_use]
    pub const fn optional(mut self) -> Arg {
        self.optional = true;
        self
    }
    /// May be repeated.
    #[must_use]
    pub const fn multiple(mut self) -> Arg {
        self.multiple = true;
        self
    }
    /// May be repeated, its word each time.
    #[must_use]
    pub const fn multiple_token(mut self) -> Arg {
        self.multiple = true;
        self.multiple_token = true;
        self
    }
    /// Came with a later version than its command.
    #[must_use]
    pub const fn since(mut self, version: &'static str) -> Arg {
        self.since = version;
        self
    }
    /// Deprecated since that version.
    #[must_use]
    pub const fn deprecated_since(mut self, version: &'static str) -> Arg {
        self.deprecated_since = version;
        self
    }
}
