//! Random commands from the command table: each row's argument tree says what its arguments look like.
//!
//! Keys come from a small pool, a few per command group, so that commands meet each other's values and now and then
//! a value of the wrong type. Promises the same commands for the same seed. Shared by the tests that need commands.

#![allow(dead_code, reason = "each test that shares this file uses a part of it")]

mod values;

#[allow(unused_imports, reason = "as above")]
pub(crate) use values::key_pool;

use nyala::commands::spec::{Arg, ArgKind};
use nyala::commands::{Registered, table};
use nyala::util::rng::Rng;

/// A version, as rows state it in `since`.
pub(crate) type Version = [u16; 3];

/// Parses `7.0.15`; what is missing counts as 0.
pub(crate) fn version(text: &str) -> Version {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Makes commands.
pub(crate) struct Generator {
    pub(crate) rng: Rng,
    /// Options that came later are left out.
    newest: Version,
    /// Group whose keys are preferred by commands that have none of their own (DEL, RENAME).
    home: &'static str,
    /// The group of the command that is being made: it prefers keys of its own.
    group: &'static str,
    /// Positions of the values in the call that was made last, with what the table says of them.
    values: Vec<(usize, &'static Arg)>,
}

/// Repetitions of an argument that may be repeated.
const REPEATED_MAX: u64 = 4;

impl Generator {
    /// All commands and options of the table.
    pub(crate) fn new(seed: u64) -> Generator {
        Generator::up_to(seed, [u16::MAX; 3])
    }

    /// Nothing that came after the version `newest`.
    pub(crate) fn up_to(seed: u64, newest: Version) -> Generator {
        Generator { rng: Rng::from_seed(seed), newest, home: "string", group: "", values: Vec::new() }
    }

    /// Commands that have no keys of their own prefer those of `group` from now on, or of any other if it has none either.
    pub(crate) fn settle(&mut self, group: &'static str) {
        self.home = if values::KEY_GROUPS.contains(&group) { group } else { *self.pick(&values::KEY_GROUPS) };
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.rng.below(n) == 0
    }

    /// One of `items`.
    pub(crate) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.rng.index(items.len())]
    }

    /// A call of `command` that fits its argument tree, with values of any kind.
    pub(crate) fn call(&mut self, command: &Registered) -> Vec<Vec<u8>> {
        self.group = command.group.name;
        self.values.clear();
        let mut argv: Vec<Vec<u8>> = Vec::new();
        for word in command.name.split('|') {
            argv.push(self.any_case(word));
        }
        self.sequence(command.spec.doc.args, &mut argv);
        argv
    }

    /// The version after which nothing that came is in a call.
    pub(crate) fn newest(&self) -> Version {
        self.newest
    }

    /// Where the values stand in the call that [`Generator::call`] made last (words of options are none), in order.
    pub(crate) fn values(&self) -> &[(usize, &'static Arg)] {
        &self.values
    }

    /// A call as [`Generator::call`] makes them, with one fault: an argument too many or too few, or another value.
    pub(crate) fn faulty_call(&mut self, command: &Registered) -> Vec<Vec<u8>> {
        let mut argv = self.call(command);
        let words = command.words;
        let args = argv.len() - words;
        match self.rng.below(6) {
            0 if args > 0 => drop(argv.pop()),
            1 if args > 0 => drop(argv.remove(words + self.rng.index(args))),
            2 if args > 1 => {
                let (one, other) = (words + self.rng.index(args), words + self.rng.index(args));
                argv.swap(one, other);
            }
            3 if args > 0 => {
                let at = words + self.rng.index(args);
                argv[at] = self.any_value();
            }
            4 => {
                let at = words + self.rng.index(args + 1);
                let value = self.any_value();
                argv.insert(at, value);
            }
            _ => argv.push(self.foreign_token()),
        }
        argv
    }

    /// Arguments in a row. A count ("numkeys") fits what follows, and repeated arguments next to each other are repeated
    /// equally often, since the tree cannot say that they belong together.
    fn sequence(&mut self, args: &'static [Arg], argv: &mut Vec<Vec<u8>>) {
        let mut equally = None;
        let mut at = 0;
        while let Some(arg) = args.get(at) {
            at += 1;
            if !self.is_known(arg) || arg.optional && self.rng.below(100) >= 35 {
                equally = None;
                continue;
            }
            let counts_next = arg.kind == ArgKind::Integer && arg.name.starts_with("num");
            if counts_next && args.get(at).is_some_and(|next| next.multiple) {
                let count = 1 + self.rng.below(3);
                let stated = if self.one_in(15) { self.integer("numkeys") } else { count.to_string().into_bytes() };
                self.values.push((argv.len(), arg));
                argv.push(stated);
                self.repeated(&args[at], count, argv);
                at += 1;
            } else if arg.multiple {
                let count = *equally.get_or_insert_with(|| 1 + self.rng.below(REPEATED_MAX));
                self.repeated(arg, count, argv);
            } else {
                equally = None;
                self.repeated(arg, 1, argv);
            }
        }
    }

    fn repeated(&mut self, arg: &'static Arg, count: u64, argv: &mut Vec<Vec<u8>>) {
        for turn in 0..count {
            if !arg.token.is_empty() && arg.kind != ArgKind::PureToken && (turn == 0 || arg.multiple_token) {
                let token = self.any_case(arg.token);
                argv.push(token);
            }
            self.one(arg, argv);
        }
    }

    fn one(&mut self, arg: &'static Arg, argv: &mut Vec<Vec<u8>>) {
        let value = match arg.kind {
            ArgKind::Block => return self.sequence(arg.args, argv),
            ArgKind::OneOf => {
                let known: Vec<&'static Arg> = arg.args.iter().filter(|child| self.is_known(child)).collect();
                if !known.is_empty() {
                    let child = *self.pick(&known);
                    self.sequence(std::slice::from_ref(child), argv);
                }
                return;
            }
            ArgKind::PureToken => self.any_case(arg.token),
            ArgKind::Key => self.key(),
            ArgKind::String => self.string(arg.name),
            ArgKind::Integer => self.integer(arg.name),
            ArgKind::Double => self.double(arg.name),
            ArgKind::Pattern => self.pattern(),
            ArgKind::UnixTime => self.unix_time(arg.name),
        };
        if arg.kind != ArgKind::PureToken {
            self.values.push((argv.len(), arg));
        }
        argv.push(value);
    }

    fn is_known(&self, arg: &Arg) -> bool {
        version(arg.since) <= self.newest
    }

    /// A word of some other command's options.
    fn foreign_token(&mut self) -> Vec<u8> {
        let commands = table().all();
        let command = &commands[self.rng.index(commands.len())];
        let tokens: Vec<&str> = command.spec.doc.args.iter().map(|arg| arg.token).filter(|t| !t.is_empty()).collect();
        if tokens.is_empty() { self.any_value() } else { self.pick(&tokens).as_bytes().to_vec() }
    }

    /// A word as it stands, or in small letters.
    fn any_case(&mut self, word: &str) -> Vec<u8> {
        if self.one_in(4) { word.to_ascii_lowercase().into_bytes() } else { word.to_ascii_uppercase().into_bytes() }
    }
}
