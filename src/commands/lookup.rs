//! From a name to its row: the table of all commands as it is at run time, renames included.

use super::GROUPS;
use super::keys::single_key;
use super::spec::{Categories, Command, Flags, Group, Run};

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
    /// All ACL categories.
    pub categories: Categories,
    /// Ids of the subcommands.
    pub subcommands: Vec<u16>,
}

const INDEX_BITS: u32 = 11;
impl Registered {
    /// Whether the row's arity allows `argc` arguments, the command's words included.
    #[inline]
    #[must_use]
    pub fn takes(&self, argc: usize) -> bool {
        let (argc, arity) = (argc as i64, i64::from(self.spec.arity));
        argc == arity || arity < 0 && argc >= -arity
    }
}

/// The longest command name looked up.
const NAME_MAX: usize = 24;

/// All commands.
#[derive(Debug)]
pub struct CommandTable {
    commands: Vec<Registered>,
    /// Ids of the top-level commands in the order of the groups.
    top: Vec<u16>,
    /// Open addressing: id + 1 of a top-level command, under the hash of the name it is called by.
    index: Box<[u16; 1 << INDEX_BITS]>,
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
        let mut table = CommandTable {
            commands: Vec::new(),
            top: Vec::new(),
            index: Box::new([0; 1 << INDEX_BITS]),
            called: Vec::new(),
        };
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
            let name = &table.called[usize::from(id)];
            if name.is_empty() {
                continue;
            }
            let mut at = slot_of(name.as_bytes());
            while table.index[at] != 0 {
                at = (at + 1) % table.index.len();
            }
            table.index[at] = id + 1;
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
            categories: categories(spec, group),
            subcommands: Vec::new(),
        });
        id
    }

    /// The top-level command called `name`, in any case.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Registered> {
        let mut at = slot_of(name);
        loop {
            let id = usize::from(self.index[at]).checked_sub(1)?;
            if self.called[id].as_bytes().eq_ignore_ascii_case(name) {
                return Some(&self.commands[id]);
            }
            at = (at + 1) % self.index.len();
        }
    }

    /// The subcommand of `container` called `name`, in any case.
    #[must_use]
    pub fn find_subcommand(&self, container: &Registered, name: &[u8]) -> Option<&Registered> {
        let mut subs = container.subcommands.iter().map(|&id| &self.commands[usize::from(id)]);
        subs.find(|sub| sub.spec.name.as_bytes().eq_ignore_ascii_case(name))
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

/// Where the search for a name starts. Letters are folded by setting bit 5 of every byte, which maps a few other
/// characters together too: only the comparison decides.
#[inline]
fn slot_of(name: &[u8]) -> usize {
    const FOLD: u64 = 0x2020_2020_2020_2020;
    let mut padded = [0u8; NAME_MAX];
    let len = name.len().min(NAME_MAX);
    padded[..len].copy_from_slice(&name[..len]);
    let mut hash = name.len() as u64;
    for word in padded.chunks_exact(8) {
        let word = u64::from_le_bytes(word.try_into().expect("chunks of eight bytes")) | FOLD;
        hash = (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
    (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - INDEX_BITS)) as usize
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
