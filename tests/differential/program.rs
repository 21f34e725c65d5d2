//! Random programs: a list of commands to be sent in one go over one connection.

use std::env;
use std::fmt::Write;

use nyala::commands::spec::FindKeys;
use nyala::commands::{Registered, table};
use nyala::util::number::{parse_f64, parse_i64};

use crate::generator::{Generator, Version, version};
use crate::rules::{Rule, rule};

/// A command with its arguments.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) command: &'static Registered,
    pub(crate) argv: Vec<Vec<u8>>,
}

/// Bytes of an argument that are shown.
const SHOWN_BYTES: usize = 80;

impl std::fmt::Display for Call {
    /// As a line that redis-cli would take, long arguments cut.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, arg) in self.argv.iter().enumerate() {
            let plain = !arg.is_empty() && arg.iter().all(|b| b.is_ascii_graphic() && !b"\"'\\".contains(b));
            let mut text = arg[..arg.len().min(SHOWN_BYTES)].escape_ascii().to_string();
            if arg.len() > SHOWN_BYTES {
                let _ = write!(text, "...({} bytes)", arg.len());
            }
            let space = if at > 0 { " " } else { "" };
            if plain { write!(f, "{space}{text}")? } else { write!(f, "{space}\"{text}\"")? }
        }
        Ok(())
    }
}

impl Call {
    /// A call given as words; nothing when our table has no such command.
    pub(crate) fn new(words: &[&[u8]]) -> Option<Call> {
        let mut command = table().find(words[0])?;
        if !command.subcommands.is_empty() {
            command = table().find_subcommand(command, words[1])?;
        }
        Some(Call { command, argv: words.iter().map(|word| word.to_vec()).collect() })
    }
}

/// Makes programs.
pub(crate) struct Programs {
    random: Generator,
    commands: Vec<&'static Registered>,
}

/// Commands that empty whole databases come this much more rarely.
const EMPTYING: [&str; 3] = ["flushall", "flushdb", "swapdb"];

/// Parameters that decide when a value changes its encoding: name, the value by default, and one that small programs reach.
const LIMITS: [(&str, &str, &str); 7] = [
    ("hash-max-listpack-entries", "128", "4"),
    ("hash-max-listpack-value", "64", "8"),
    ("list-max-listpack-size", "-2", "3"),
    ("set-max-intset-entries", "512", "3"),
    ("stream-node-max-entries", "100", "3"),
    ("zset-max-listpack-entries", "128", "4"),
    ("zset-max-listpack-value", "64", "8"),
];

/// The call that sets [`LIMITS`].
fn set_limits(low: bool) -> Option<Call> {
    let mut words: Vec<&[u8]> = vec![b"CONFIG", b"SET"];
    for (name, default, lower) in LIMITS {
        words.extend([name.as_bytes(), if low { lower.as_bytes() } else { default.as_bytes() }]);
    }
    Call::new(&words)
}

/// Whether a call looks for a range of names, which in a skiplist is unspecified where scores differ.
fn is_by_name(argv: &[Vec<u8>]) -> bool {
    argv.iter().any(|arg| arg.to_ascii_uppercase().windows(3).any(|part| part == b"LEX"))
}

impl Programs {
    /// Programs of commands and options that the version `newest` has, or of those that NYALA_DIFF_ONLY names.
    pub(crate) fn new(seed: u64, newest: Version) -> Programs {
        let only = env::var("NYALA_DIFF_ONLY").unwrap_or_default();
        let only: Vec<&str> = only.split(',').filter(|word| !word.is_empty()).collect();
        let is_wanted = |command: &Registered| {
            only.is_empty() || only.contains(&command.name.as_str()) || only.contains(&command.group.name)
        };
        let commands: Vec<_> = table()
            .all()
            .iter()
            .filter(|command| rule(command) != Rule::Skip && version(command.spec.doc.since) <= newest)
            .filter(|command| is_wanted(command))
            .collect();
        assert!(!commands.is_empty(), "NYALA_DIFF_ONLY names commands or groups that are compared");
        Programs { random: Generator::up_to(seed, newest), commands }
    }

    /// A program of that many calls, the first of which sets the limits of encodings. Most of the others are of one
    /// group, so that they meet the same keys. Some are in transactions.
    pub(crate) fn next(&mut self, calls: usize) -> Vec<Call> {
        let theme = self.random.pick(&self.commands).group.name;
        self.random.settle(theme);
        let has_low_limits = self.random.one_in(2);
        let mut program = Vec::with_capacity(calls);
        program.extend(set_limits(has_low_limits));
        let mut in_transaction = false;
        while program.len() < calls {
            let command = match self.random.one_in(40) {
                true => table().find(b"MULTI").expect("there is such a command"),
                false => *self.random.pick(&self.commands),
            };
            let emptying = EMPTYING.contains(&command.name.as_str());
            if command.group.name != theme && self.random.one_in(2) || emptying && !self.random.one_in(20) {
                continue;
            }
            // EXEC's reply is compared to the byte.
            if in_transaction && rule(command) != Rule::Exact {
                continue;
            }
            let argv = if self.random.one_in(8) { self.random.faulty_call(command) } else { self.random.call(command) };
            // WITHSCORE of ZRANK is an option of Redis 7.2.
            if is_word(&argv[0], &["ZRANK", "ZREVRANK"]) && argv.iter().any(|arg| is_word(arg, &["WITHSCORE"])) {
                continue;
            }
            // SORT of Redis takes the range error of a number that another command has read for its own.
            if argv.iter().any(|arg| arg == b"5e-324") {
                continue;
            }
            // An error of EXEC's reply that repeats a NUL would not be found.
            if in_transaction && argv.iter().any(|arg| arg.contains(&0)) {
                continue;
            }
            if self.random.one_in(20) {
                program.extend(self.keys_of(command, &argv));
            } else if !(depends_on_time(&argv) || stores_any_order(&argv) || has_low_limits && is_by_name(&argv)) {
                in_transaction = match command.name.as_str() {
                    "multi" => in_transaction || argv.len() == 1,
                    "exec" | "discard" => in_transaction && argv.len() > 1,
                    _ => in_transaction,
                };
                program.push(Call { command, argv });
            }
        }
        if in_transaction {
            program.extend(Call::new(&[b"EXEC"]));
        }
        program
    }

    /// The question where the keys of a call are.
    fn keys_of(&mut self, command: &Registered, argv: &[Vec<u8>]) -> Option<Call> {
        // Redis 7.0 does not have the options of ZRANK that make another number of arguments valid.
        if is_word(&argv[0], &["ZRANK", "ZREVRANK"]) {
            return None;
        }
        // Redis finds no key where the sources are left out; we find the destination.
        if argv[0].eq_ignore_ascii_case(b"PFMERGE") && argv.len() == 2 {
            return None;
        }
        let question = *self.random.pick(&["GETKEYS", "GETKEYSANDFLAGS"]);
        // Redis reads the beginning of a count of keys that is no whole number; we refuse it.
        let is_fraction = |arg: &Vec<u8>| parse_f64(arg).is_some() && parse_i64(arg).is_none();
        let counts_keys = command.spec.keys.iter().any(|spec| matches!(spec.find, FindKeys::KeyNum { .. }));
        if counts_keys && argv.iter().any(is_fraction) {
            return None;
        }
        let mut words: Vec<&[u8]> = vec![b"COMMAND", question.as_bytes()];
        words.extend(argv.iter().map(Vec::as_slice));
        Call::new(&words)
    }
}

fn is_word(arg: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| arg.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether SORT might store elements in the order in which they lie: see [`Rule::Unsorted`].
fn stores_any_order(argv: &[Vec<u8>]) -> bool {
    let has = |word| argv.iter().any(|arg| is_word(arg, &[word]));
    is_word(&argv[0], &["SORT"]) && has("BY") && has("ALPHA") && has("STORE")
}

/// Whether what a call does or answers depends on when it comes.
fn depends_on_time(argv: &[Vec<u8>]) -> bool {
    let numbers = || argv.iter().skip(1).filter_map(|arg| parse_i64(arg));
    let has = |byte| argv.iter().skip(1).any(|arg| arg.contains(&byte));
    let waits_long = |arg: &Vec<u8>| parse_f64(arg).is_some_and(|s| s >= 0.0 && !(0.001..0.1).contains(&s));
    match argv[0].to_ascii_uppercase().as_slice() {
        // An id, or a part of one, from the clock.
        b"XADD" => has(b'*'),
        b"XCLAIM" | b"XAUTOCLAIM" => numbers().any(|n| n > 0),
        b"XPENDING" => argv.len() != 3,
        b"XREAD" | b"XREADGROUP" => argv.iter().any(|arg| is_word(arg, &["BLOCK"])),
        b"BLMPOP" | b"BZMPOP" => argv.get(1).is_some_and(waits_long),
        b"BLPOP" | b"BRPOP" | b"BLMOVE" | b"BRPOPLPUSH" | b"BZPOPMIN" | b"BZPOPMAX" => {
            argv.last().is_some_and(waits_long)
        }
        _ => expires_soon(argv),
    }
}

/// Whether a key might get a time to live so short that it could end on one server before it does on the other.
fn expires_soon(argv: &[Vec<u8>]) -> bool {
    let soon = |arg: &Vec<u8>| parse_i64(arg).is_some_and(|n| (1..100_000).contains(&n));
    // A thousand seconds is the least that is meant.
    let seconds = |arg: &Vec<u8>| parse_i64(arg).is_some_and(|n| (1..500).contains(&n));
    let after = |word: &str, short: &dyn Fn(&Vec<u8>) -> bool| {
        argv.windows(2).any(|pair| is_word(&pair[0], &[word]) && short(&pair[1]))
    };
    is_word(&argv[0], &["PEXPIRE", "PSETEX", "RESTORE"]) && argv.iter().any(soon)
        || is_word(&argv[0], &["EXPIRE", "SETEX"]) && argv.iter().any(seconds)
        || after("EX", &seconds)
        || after("PX", &soon)
}

#[test]
fn short_lives_are_seen() {
    let soon = |line: &str| expires_soon(&line.split(' ').map(|word| word.into()).collect::<Vec<_>>());
    for line in ["set k v ex 7", "SET k v NX px 99", "PEXPIRE k 5", "EXPIRE k 499", "SETEX k 1 v"] {
        assert!(soon(line), "{line}");
    }
    for line in ["set k 7 ex 1000", "SET k v", "PEXPIRE k -5", "EXPIRE k 0", "SETEX k 5000 v", "GET ex"] {
        assert!(!soon(line), "{line}");
    }
}
