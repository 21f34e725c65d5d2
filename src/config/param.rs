//! The shape of a row in the table of parameters.

use super::words::Words;

/// One parameter: everything CONFIG GET, SET, REWRITE, the file reader and `docs/config.md` know about it.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Name as CONFIG REWRITE prints it.
    pub name: &'static str,
    /// Second name with the same meaning, listed by CONFIG GET beside the first.
    pub alias: Option<&'static str>,
    /// Form of the value.
    pub kind: Kind,
    /// Default, in the text CONFIG GET prints.
    pub default: &'static str,
    /// May not change after the start.
    pub immutable: bool,
    /// The value is a secret: not shown in logs or the slow log.
    pub sensitive: bool,
    /// CONFIG SET needs `enable-protected-configs`.
    pub protected: bool,
    /// Only listed by CONFIG GET when asked by its full name.
    pub hidden: bool,
    /// CONFIG SET is refused while a data set is being loaded.
    pub deny_loading: bool,
    /// CONFIG REWRITE writes the line even when the value is the default.
    pub always_written: bool,
    /// What the server does with the value today.
    pub status: Status,
    /// One sentence for the documentation.
    pub summary: &'static str,
}

/// What the server does with a value.
#[derive(Clone, Copy, Debug)]
pub enum Status {
    /// What the summary says.
    Supported,
    /// Stored and reported; the sentence says the effect it has, or that it has none.
    Accepted(&'static str),
    /// Values other than those in `off` would promise something that does not happen, and are refused.
    OffOnly {
        /// Texts, as CONFIG GET prints them, that are taken.
        off: &'static [&'static str],
        /// Why the others are not.
        reason: &'static str,
    },
}

/// Form of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A decimal number in a range.
    Int {
        /// Least value taken.
        min: i64,
        /// Greatest value taken.
        max: i64,
        /// A taken value outside of these bounds is moved to the nearer one.
        fit: (i64, i64),
    },
    /// A number of bytes: digits and an optional unit (`k` = 1000, `kb` = 1024, also m, g).
    Memory {
        /// Least value taken, bytes.
        min: u64,
        /// Greatest value taken, bytes.
        max: u64,
        /// A smaller value is raised to this.
        least: u64,
    },
    /// Bytes, or a percentage of `maxmemory` written `5%`.
    MemoryOrPercent,
    /// File permission bits in octal.
    Octal,
    /// One of some words.
    Word(Words),
    /// Several of some words; each is one bit.
    WordSet(Words),
    /// Any text that passes the check.
    Text(TextRule),
    /// Classes of keyspace events, one letter each.
    Events,
    /// A directory; stored as an absolute path.
    Dir,
    /// Listen addresses; a leading `-` marks one that may be missing on this machine.
    Addresses,
    /// Pairs of seconds and changes.
    SavePoints,
    /// Hard and soft limit for each client class.
    OutputLimits,
    /// Three numbers between -2000 and 2000.
    OomValues,
    /// Numbers between 0 and 100.
    Percentiles,
    /// Host and port of a primary, or `no one`.
    Primary,
}

/// What a text must satisfy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextRule {
    /// Nothing.
    Any,
    /// No directory part.
    FileName,
    /// No directory part, not empty.
    FileNameNotEmpty,
    /// Letters, digits, hyphens and dots, below 256 bytes.
    Hostname,
    /// Known `{variables}` only, not blank.
    TitleTemplate,
}

impl Kind {
    /// Whether a value is a list of words: several arguments in a file, split at spaces in CONFIG SET.
    pub fn takes_many(&self) -> bool {
        matches!(
            self,
            Kind::WordSet(_)
                | Kind::Addresses
                | Kind::SavePoints
                | Kind::OutputLimits
                | Kind::OomValues
                | Kind::Percentiles
                | Kind::Primary
        )
    }

    /// The type as `docs/config.md` names it.
    pub fn describe(&self) -> String {
        match self {
            Kind::Bool => "yes or no".into(),
            Kind::Int { min, max, .. } => format!("integer, {min} to {max}"),
            Kind::Memory { min, .. } => format!("memory, at least {min}"),
            Kind::MemoryOrPercent => "memory or percentage".into(),
            Kind::Octal => "octal, 0 to 777".into(),
            Kind::Word(words) => format!("one of {}", list_words(words)),
            Kind::WordSet(words) => format!("any of {}", list_words(words)),
            Kind::Text(TextRule::FileName | TextRule::FileNameNotEmpty) => "file name without directory".into(),
            Kind::Text(TextRule::Hostname) => "host name".into(),
            Kind::Text(_) => "text".into(),
            Kind::Events => "event classes, letters of `Ag$lshzxeKEtmdnoc`".into(),
            Kind::Dir => "existing directory".into(),
            Kind::Addresses => "up to 16 addresses".into(),
            Kind::SavePoints => "pairs of seconds and changes".into(),
            Kind::OutputLimits => "class, hard limit, soft limit, soft seconds; repeated".into(),
            Kind::OomValues => "three integers, -2000 to 2000".into(),
            Kind::Percentiles => "numbers, 0 to 100".into(),
            Kind::Primary => "host and port".into(),
        }
    }
}

/// The words in the order error texts list them.
pub(crate) fn list_words(words: Words) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

const BASE: Param = Param {
    name: "",
    alias: None,
    kind: Kind::Bool,
    default: "",
    immutable: false,
    sensitive: false,
    protected: false,
    hidden: false,
    deny_loading: false,
    always_written: false,
    status: Status::Supported,
    summary: "",
};

/// Short forms that keep a row of the table on a line or two.
impl Param {
    /// Placeholder while the tables are joined.
    pub(crate) const BASE: Param = BASE;

    pub(crate) const fn of(name: &'static str, kind: Kind, default: &'static str, summary: &'static str) -> Param {
        Param { name, kind, default, summary, ..BASE }
    }

    pub(crate) const fn flag(name: &'static str, default: &'static str, summary: &'static str) -> Param {
        Param::of(name, Kind::Bool, default, summary)
    }

    pub(crate) const fn int(
        name: &'static str,
        default: &'static str,
        min: i64,
        max: i64,
        says: &'static str,
    ) -> Param {
        Param::of(name, Kind::Int { min, max, fit: (min, max) }, default, says)
    }

    pub(crate) const fn memory(name: &'static str, default: &'static str, min: u64, says: &'static str) -> Param {
        Param::of(name, Kind::Memory { min, max: i64::MAX as u64, least: min }, default, says)
    }

    pub(crate) const fn text(name: &'static str, default: &'static str, summary: &'static str) -> Param {
        Param::of(name, Kind::Text(TextRule::Any), default, summary)
    }

    pub(crate) const fn word(name: &'static str, words: Words, default: &'static str, says: &'static str) -> Param {
        Param::of(name, Kind::Word(words), default, says)
    }

    pub(crate) const fn alias(self, alias: &'static str) -> Param {
        Param { alias: Some(alias), ..self }
    }

    pub(crate) const fn immutable(self) -> Param {
        Param { immutable: true, ..self }
    }

    pub(crate) const fn sensitive(self) -> Param {
        Param { sensitive: true, ..self }
    }

    pub(crate) const fn protected(self) -> Param {
        Param { protected: true, ..self }
    }

    pub(crate) const fn hidden(self) -> Param {
        Param { hidden: true, ..self }
    }

    pub(crate) const fn deny_loading(self) -> Param {
        Param { deny_loading: true, ..self }
    }

    pub(crate) const fn always_written(self) -> Param {
        Param { always_written: true, ..self }
    }

    pub(crate) const fn accepted(self, effect: &'static str) -> Param {
        Param { status: Status::Accepted(effect), ..self }
    }

    pub(crate) const fn off_only(self, off: &'static [&'static str], reason: &'static str) -> Param {
        Param { status: Status::OffOnly { off, reason }, ..self }
    }
}
