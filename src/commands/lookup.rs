//! From a name to its row: the table of all commands as it is at run time, renames included.

use super::GROUPS;
use super::keys::{first_key, single_key};
use super::names::{Index, Name};
use super::spec::{Categories, Command, Flags, Group, Run};
use crate::resp::Args as Argv;

/// A command as registered: its row and what derives from it.
#[derive(Debug)]
pub struct Registered {
    /// The row.
    pub spec: &'static Command,
    /// Its group.
    pub group: &'static Group,
    /// Index of its counters; of a subcommand its own.
    pub id: u16,
    /// Lower-case full name, `client|kill` for a subcommand.
    pub name: String,
    /// Words that name it: 1, or 2 for a subcommand.
    pub words: usize,
    /// Position of the only key, or 0 (see [`single_key`]).
    pub single_key: u8,
    /// Position of the first key, or 0 (see [`first_key`]).
    pub first_key: u8,
    /// All ACL categories.
    pub categories: Categories,
    /// Ids of the subcommands.
    pub subcommands: Vec<u16>,
}

impl Registered {
    /// Whether the row's arity allows `argc` arguments, the command's words included.
    #[inline]
    #[must_use]
    pub fn takes(&self, argc: usize) -> bool {
        let (argc, arity) = (argc as i64, i64::from(self.spec.arity));
        argc == arity || arity < 0 && argc >= -arity
    }

    /// Whether a request of it may look at shards beyond those of its declared keys (FLUSHALL, KEYS, DBSIZE, DEBUG).
    #[must_use]
    pub fn visits_shards(&self, argv: Argv<'_>) -> bool {
        match self.spec.run {
            Run::Global(_) => true,
            Run::KeysOrGlobal(_, reaches_further) => reaches_further(argv),
            Run::Plain(_) => matches!(self.group.name, "generic" | "server"),
            Run::Keys(_) | Run::Queued(_) | Run::Container => false,
        }
    }

    /// Whether the argument at `position` of a request of this command is a secret.
    #[must_use]
    pub fn is_secret(&self, argv: Argv<'_>, position: usize) -> bool {
        self.spec.flags.contains(Flags::SENSITIVE)
            && position >= self.words
            && self.spec.secret.is_none_or(|is_secret| is_secret(argv, position))
    }

    /// The arguments of a request of this command as they may be shown to others.
    pub fn shown<'a>(&self, argv: Argv<'a>) -> impl ExactSizeIterator<Item = &'a [u8]> {
        argv.iter().enumerate().map(move |(at, arg)| if self.is_secret(argv, at) { b"(redacted)" } else { arg })
    }
}

/// Owner of the names of top-level commands in the index; that of subcommands is their container's id + 1.
const TOP: u16 = 0;

/// All commands.
#[derive(Debug)]
pub struct CommandTable {
    commands: Vec<Registered>,
    /// Ids of the top-level commands in the order of the groups.
    top: Vec<u16>,
    /// Top-level commands under the names they are called by, and subcommands under their own word and their container.
    index: Index,
    /// The name by which each command is called: that of its row, or the one given by `rename-command`.
    called: Vec<String>,
}

/// A name that `rename-command` names does not exist, or one that it gives exists already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// No such command. With the number of the rename, from 0.
    #[error("No such command in rename-command")]
    NoSuchCommand(usize),
    /// The table is in use.
    #[error("The command table is in use")]
    TooLate,
    /// The new name is taken. With the number of the rename, from 0.
    #[error("Target command name already exists")]
    Exists(usize),
}

impl CommandTable {
    /// Registers every row, then applies the renames; an empty new name removes the command.
    ///
    /// # Errors
    /// When a rename does not fit.
    pub fn new(renames: &[(String, String)]) -> Result<CommandTable, RenameError> {
        let mut table = CommandTable { commands: Vec::new(), top: Vec::new(), index: Index::new(), called: Vec::new() };
        for group in GROUPS {
            for spec in group.commands {
                let id = table.register(spec, group, None);
                table.top.push(id);
                for sub in spec.subcommands {
                    let sub_id = table.register(sub, group, Some(spec.name));
                    table.commands[usize::from(id)].subcommands.push(sub_id);
                }
            }
        }
        table.called = table.commands.iter().map(|command| command.name.clone()).collect();
        for (at, (old, new)) in renames.iter().enumerate() {
            let id = *table
                .top
                .iter()
                .find(|&&id| table.called[usize::from(id)].eq_ignore_ascii_case(old))
                .ok_or(RenameError::NoSuchCommand(at))?;
            let is_taken = |&other: &u16| table.called[usize::from(other)].eq_ignore_ascii_case(new);
            if !new.is_empty() && table.top.iter().any(is_taken) {
                return Err(RenameError::Exists(at));
            }
            table.called[usize::from(id)] = new.to_ascii_lowercase();
        }
        for &id in &table.top {
            let called = &table.called[usize::from(id)];
            if let Some(name) = Name::new(called.as_bytes())
                && !called.is_empty()
            {
                table.index.insert(name, TOP, id);
            }
            for &sub in &table.commands[usize::from(id)].subcommands {
                let own = table.commands[usize::from(sub)].spec.name;
                table.index.insert(Name::new(own.as_bytes()).expect("rows have short names"), id + 1, sub);
            }
        }
        Ok(table)
    }

    fn register(&mut self, spec: &'static Command, group: &'static Group, parent: Option<&str>) -> u16 {
        let id = self.commands.len() as u16;
        let own = spec.name.to_ascii_lowercase();
        self.commands.push(Registered {
            spec,
            group,
            id,
            name: parent.map_or(own.clone(), |parent| format!("{}|{own}", parent.to_ascii_lowercase())),
            words: 1 + usize::from(parent.is_some()),
            single_key: single_key(spec),
            first_key: first_key(spec),
            categories: categories(spec, group),
            subcommands: Vec::new(),
        });
        id
    }

    /// The top-level command called `name`, in any case.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Registered> {
        match Name::new(name) {
            Some(name) => self.index.find(name, TOP).map(|id| self.get(id)),
            None => self.find_long(name),
        }
    }

    /// [`CommandTable::find`] for names that only a rename can have given.
    #[cold]
    fn find_long(&self, name: &[u8]) -> Option<&Registered> {
        let called = |id: &&u16| self.called[usize::from(**id)].as_bytes().eq_ignore_ascii_case(name);
        self.top.iter().find(called).map(|&id| self.get(id))
    }

    /// The subcommand of `container` called `name`, in any case.
    #[inline]
    #[must_use]
    pub fn find_subcommand(&self, container: &Registered, name: &[u8]) -> Option<&Registered> {
        self.index.find(Name::new(name)?, container.id + 1).map(|id| self.get(id))
    }

    /// The command, or with `container|sub` the subcommand, of that full name (COMMAND INFO, ACL rules).
    #[must_use]
    pub fn find_full(&self, name: &[u8]) -> Option<&Registered> {
        match memchr::memchr(b'|', name) {
            None => self.find(name),
            Some(bar) => self.find_subcommand(self.find(&name[..bar])?, &name[bar + 1..]),
        }
    }

    /// The container of a subcommand.
    #[must_use]
    pub fn container_of(&self, subcommand: &Registered) -> Option<&Registered> {
        self.commands.iter().find(|command| command.subcommands.contains(&subcommand.id))
    }

    /// The command with that id.
    #[inline]
    #[must_use]
    pub fn get(&self, id: u16) -> &Registered {
        &self.commands[usize::from(id)]
    }

    /// Top-level commands, removed ones left out.
    pub fn top_level(&self) -> impl Iterator<Item = &Registered> + Clone {
        self.top.iter().filter(|&&id| !self.called[usize::from(id)].is_empty()).map(|&id| self.get(id))
    }

    /// The name by which a command is called: that of its row, or the one given by `rename-command`.
    #[must_use]
    pub fn called(&self, command: &Registered) -> &str {
        &self.called[usize::from(command.id)]
    }

    /// All commands and subcommands in the order of their ids.
    #[must_use]
    pub fn all(&self) -> &[Registered] {
        &self.commands
    }
}

/// The ACL categories of a command: those of its group and of its flags by Redis's rules, and the row's extra ones.
fn categories(spec: &Command, group: &Group) -> Categories {
    let implied = [
        (Flags::WRITE, Categories::WRITE),
        (Flags::ADMIN, Categories::ADMIN | Categories::DANGEROUS),
        (Flags::PUBSUB, Categories::PUBSUB),
        (Flags::BLOCKING, Categories::BLOCKING),
    ];
    let mut all = spec.acl_extra;
    for (flag, category) in implied {
        if spec.flags.contains(flag) {
            all |= category;
        }
    }
    if spec.flags.contains(Flags::READONLY) && group.name != "scripting" {
        all |= Categories::READ;
    }
    // Those that belong to other groups as well (SORT, WAIT) name all of their groups.
    if !matches!(spec.run, Run::Container) && !spec.acl_extra.intersects(Categories::OF_GROUPS) {
        all |= group.category;
    }
    all | if spec.flags.contains(Flags::FAST) { Categories::FAST } else { Categories::SLOW }
}
