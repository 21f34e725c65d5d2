//! The one table of parameters, a file for each topic. CONFIG GET, SET and REWRITE, the reader of redis.conf and
//! `docs/config.md` derive from it.

mod clients;
mod cluster;
mod encoding;
mod general;
mod logging;
mod memory;
mod network;
mod observe;
mod persistence;
mod replication;
mod scripting;
mod security;
mod threads;
mod tls;

use super::param::Param;

/// Greatest value of a 32-bit parameter.
pub(crate) const INT: i64 = i32::MAX as i64;
/// Greatest value of a 64-bit parameter.
pub(crate) const LONG: i64 = i64::MAX;

/// A chapter of the table.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Heading in the documentation.
    pub title: &'static str,
    /// Its rows.
    pub params: &'static [Param],
}

/// All chapters, in the order of the documentation.
pub const TOPICS: &[Topic] = &[
    Topic { title: "General", params: general::PARAMS },
    Topic { title: "Threads and shards", params: threads::PARAMS },
    Topic { title: "Network", params: network::PARAMS },
    Topic { title: "Clients", params: clients::PARAMS },
    Topic { title: "Logging", params: logging::PARAMS },
    Topic { title: "Security", params: security::PARAMS },
    Topic { title: "Memory and eviction", params: memory::PARAMS },
    Topic { title: "Encodings", params: encoding::PARAMS },
    Topic { title: "Slow log, latency and events", params: observe::PARAMS },
    Topic { title: "Persistence", params: persistence::PARAMS },
    Topic { title: "Replication", params: replication::PARAMS },
    Topic { title: "Scripting", params: scripting::PARAMS },
    Topic { title: "Cluster", params: cluster::PARAMS },
    Topic { title: "TLS", params: tls::PARAMS },
];

const fn count() -> usize {
    let mut total = 0;
    let mut topic = 0;
    while topic < TOPICS.len() {
        total += TOPICS[topic].params.len();
        topic += 1;
    }
    total
}

/// Number of parameters.
pub const COUNT: usize = count();

/// Every parameter, chapter after chapter.
pub static TABLE: [Param; COUNT] = {
    let mut rows = [Param::BASE; COUNT];
    let mut at = 0;
    let mut topic = 0;
    while topic < TOPICS.len() {
        let params = TOPICS[topic].params;
        let mut row = 0;
        while row < params.len() {
            rows[at] = params[row];
            at += 1;
            row += 1;
        }
        topic += 1;
    }
    rows
};

const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Position of a parameter in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(u16);

impl ParamId {
    /// The parameter of this name, found while compiling: an unknown name fails the build when used in a `const`.
    pub const fn of(name: &str) -> ParamId {
        let mut at = 0;
        while at < COUNT {
            if same(TABLE[at].name, name) {
                return ParamId(at as u16);
            }
            at += 1;
        }
        panic!("no parameter has this name")
    }

    /// The parameter with this name or alias, in any case.
    pub fn find(name: &[u8]) -> Option<ParamId> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        ParamId::all().find(|id| is(id.param().name) || id.param().alias.is_some_and(is))
    }

    /// Every parameter in the order of the table.
    pub fn all() -> impl Iterator<Item = ParamId> {
        // The table has a few hundred rows.
        (0..COUNT as u16).map(ParamId)
    }

    /// Its row.
    pub fn param(self) -> &'static Param {
        &TABLE[self.index()]
    }

    /// Its main name.
    pub fn name(self) -> &'static str {
        self.param().name
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A line of redis.conf that sets no parameter.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// First word of the line.
    pub name: &'static str,
    /// What it does, or why it is refused.
    pub summary: &'static str,
}

/// Lines that the reader of redis.conf knows beside the parameters.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "include",
        summary: "Reads another file, or every file a pattern with `*`, `?` or `[...]` matches, at this place; at most \
                  16 files deep.",
    },
    Directive {
        name: "rename-command",
        summary: "Gives a command another name; the name `\"\"` disables it. May be repeated.",
    },
    Directive {
        name: "user",
        summary: "Taken for the user `default` with full access: `on`, `nopass` or one `>password`, `~*`, `&*`, `+@all`. \
                  Anything else is refused: there are no other users and no restrictions yet.",
    },
    Directive { name: "loadmodule", summary: "Refused: modules cannot be loaded." },
    Directive { name: "sentinel", summary: "Refused: there is no Sentinel mode." },
    Directive {
        name: "list-max-ziplist-entries",
        summary: "Ignored, as by Redis: replaced by list-max-listpack-size.",
    },
    Directive { name: "list-max-ziplist-value", summary: "Ignored, as by Redis: replaced by list-max-listpack-size." },
    Directive { name: "lua-replicate-commands", summary: "Ignored, as by Redis: scripts always log their effects." },
];
