//! INFO: sections, each a table of fields, a field being its name and the function that reads it.
//!
//! Names and order are Redis's (7.0 and 8.0), whose tools read them. A field whose subject does not exist here keeps
//! the value that Redis shows while nothing of it is going on: [`NONE`].
//!
//! Start with [`SECTIONS`]; what the readers look at is the [`View`].

mod clients;
mod cpu;
mod keyspace;
mod memory;
mod performance;
mod persistence;
mod replication;
mod server;
mod stats;
mod text;
mod view;

use super::super::prelude::*;
use text::Fact;
use view::View;

pub(super) use view::{ClientSums, DbSums, KeyspaceSums, Memory, ratio};

/// One line.
type Field = (&'static str, fn(&View<'_>) -> Fact);

/// Nothing of the kind is there.
const NONE: fn(&View<'_>) -> Fact = |_| Fact::Count(0);

/// What a section consists of.
enum Body {
    /// Known lines.
    Fields(&'static [Field]),
    /// As many lines as there are commands, databases, ...
    Lines(fn(&View<'_>, &mut Vec<u8>)),
}

/// Which words beside its own name show a section.
#[derive(PartialEq, Eq)]
enum Shown {
    /// None at all, `default`, `all`, `everything`.
    Default,
    /// `all`, `everything`.
    All,
}

struct Section {
    title: &'static str,
    shown: Shown,
    /// Its readers look at the shards.
    of_shards: bool,
    body: &'static [Body],
}

const fn section(title: &'static str, body: &'static [Body]) -> Section {
    Section { title, shown: Shown::Default, of_shards: false, body }
}

const fn section_of_shards(title: &'static str, body: &'static [Body]) -> Section {
    Section { title, shown: Shown::Default, of_shards: true, body }
}

const fn long_section(title: &'static str, body: &'static [Body]) -> Section {
    Section { title, shown: Shown::All, of_shards: false, body }
}

const SECTIONS: &[Section] = &[
    section("Server", &[Body::Fields(server::FIELDS), Body::Lines(server::listeners)]),
    section("Clients", &[Body::Fields(clients::FIELDS)]),
    section_of_shards("Memory", &[Body::Fields(memory::FIELDS)]),
    section(
        "Persistence",
        &[Body::Fields(persistence::FIELDS), Body::Lines(persistence::loading), Body::Lines(persistence::log)],
    ),
    section("Threads", &[Body::Lines(performance::threads), Body::Fields(performance::THREAD_FIELDS)]),
    section("Stats", &[Body::Fields(stats::FIELDS)]),
    section("Replication", &[Body::Fields(replication::FIELDS)]),
    section("CPU", &[Body::Fields(cpu::FIELDS)]),
    section("Modules", &[]),
    long_section("Commandstats", &[Body::Lines(performance::commands)]),
    section("Errorstats", &[Body::Lines(performance::errors)]),
    long_section("Latencystats", &[Body::Lines(performance::latencies)]),
    section("Cluster", &[Body::Fields(&[("cluster_enabled", |v| v.server.config.cluster_enabled().into())])]),
    section_of_shards("Keyspace", &[Body::Lines(keyspace::databases)]),
    section_of_shards("Nyala", &[Body::Fields(server::OWN_FIELDS)]),
];

/// A second name of a section.
const ALIASES: &[(&str, &str)] = &[("module_list", "modules")];

impl Section {
    fn is_wanted(&self, words: &[&[u8]]) -> bool {
        let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        words.iter().any(|word| {
            let name = ALIASES.iter().find(|(alias, _)| is(word, alias)).map_or(*word, |(_, name)| name.as_bytes());
            is(name, self.title)
                || is(name, "all")
                || is(name, "everything")
                || self.shown == Shown::Default && is(name, "default")
        })
    }

    fn write(&self, view: &View<'_>, out: &mut Vec<u8>) {
        out.extend([b"# ", self.title.as_bytes(), b"\r\n"].concat());
        for part in self.body {
            match part {
                Body::Fields(fields) => fields.iter().for_each(|(name, read)| text::write_line(out, name, &read(view))),
                Body::Lines(write) => write(view, out),
            }
        }
    }
}

/// INFO [section ...]. Unknown sections are empty.
pub(super) fn info(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut words: Vec<&[u8]> = args.rest().collect();
    if words.is_empty() {
        words.push(b"default");
    }
    let wanted: Vec<&Section> = SECTIONS.iter().filter(|section| section.is_wanted(&words)).collect();
    let view = View::new(cx, wanted.iter().any(|section| section.of_shards))?;

    let mut out = Vec::with_capacity(8 * 1024);
    for section in wanted {
        if !out.is_empty() {
            out.extend_from_slice(b"\r\n");
        }
        section.write(&view, &mut out);
    }

    cx.reply.verbatim(b"txt", &out);
    DONE
}
