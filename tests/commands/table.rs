//! What holds for every row of the command table.

use nyala::commands::spec::{Arg, ArgKind, Command, Flags, Run};
use nyala::commands::{GROUPS, Registered, table};
use nyala::dispatch::{EndOfWait, Wait};
use nyala::keyspace::Value as Stored;
use nyala::util::number;

use crate::generator::{Generator, version};
use crate::harness::{Answer, Gate, line, slices};
use crate::render::render;

/// Longest summary, its full stop included.
const SUMMARY_MAX: usize = 79;

/// Every row, subcommands too, with its full name.
fn rows() -> impl Iterator<Item = (&'static str, &'static Command)> {
    table().all().iter().map(|command| (command.name.as_str(), command.spec))
}

#[track_caller]
fn none(rule: &str, faults: impl Iterator<Item = String>) {
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn names_are_upper_case_and_unique() {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_'));
    none("not in upper case", rows().filter(|(_, row)| !is_name(row.name)).map(|(name, _)| name.into()));
    let mut names: Vec<&str> = rows().map(|(name, _)| name).collect();
    names.sort_unstable();
    none("twice", names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].into()));
}

#[test]
fn rows_are_sorted_within_their_group() {
    let unsorted = |rows: &'static [Command]| rows.windows(2).filter(|pair| pair[0].name > pair[1].name);
    let lists = GROUPS.iter().map(|group| group.commands).chain(rows().map(|(_, row)| row.subcommands));
    none("out of order", lists.flat_map(unsorted).map(|pair| format!("{} before {}", pair[0].name, pair[1].name)));
}

#[test]
fn summaries_are_one_short_sentence() {
    let faults = rows().filter(|(_, row)| {
        let text = row.doc.summary;
        text.len() < 10 || text.len() > SUMMARY_MAX || !text.ends_with('.') || text.contains('\n') || !text.is_ascii()
    });
    none("summaries", faults.map(|(name, row)| format!("{name}: {:?}", row.doc.summary)));
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[test]
fn versions_are_well_formed() {
    fn faults(name: &str, args: &[Arg], found: &mut Vec<String>) {
        for arg in args {
            for text in [arg.since, arg.deprecated_since] {
                if !text.is_empty() && !is_version(text) {
                    found.push(format!("{name} {}: {text:?}", arg.name));
                }
            }
            faults(name, arg.args, found);
        }
    }
    let mut found = Vec::new();
    for (name, row) in rows() {
        if !is_version(row.doc.since) {
            found.push(format!("{name}: {:?}", row.doc.since));
        }
        let since = version(row.doc.since);
        if !row.doc.deprecated_since.is_empty() && version(row.doc.deprecated_since) < since {
            found.push(format!("{name}: deprecated before it came"));
        }
        faults(name, row.doc.args, &mut found);
    }
    none("versions", found.into_iter());
}

/// What contradicts itself in flags and key positions does not compile; see `commands::verify`.
#[test]
fn a_command_that_needs_memory_writes() {
    let faults = rows().filter(|(_, row)| row.flags.contains(Flags::DENYOOM | Flags::READONLY));
    none("flags", faults.map(|(name, row)| format!("{name}: {:?}", row.flags)));
}

#[test]
fn arguments_name_specs_that_exist() {
    fn walk(args: &[Arg], specs: usize, found: &mut Vec<&'static str>) {
        for arg in args {
            let exists = arg.key_spec == -1 || usize::try_from(arg.key_spec).is_ok_and(|spec| spec < specs);
            if !exists || arg.kind == ArgKind::Key && arg.key_spec == -1 && specs > 0 {
                found.push(arg.name);
            }
            walk(arg.args, specs, found);
        }
    }
    let faults = rows().flat_map(|(name, row)| {
        let mut found = Vec::new();
        walk(row.doc.args, row.keys.len(), &mut found);
        found.into_iter().map(move |arg| format!("{name} {arg}"))
    });
    none("key arguments without a key spec", faults);
}

/// Every command with too few arguments, and with one too many where their number is fixed.
#[test]
fn a_wrong_number_of_arguments_is_refused() {
    let mut t = Gate::new();
    for command in table().all() {
        let arity = usize::from(command.spec.arity.unsigned_abs());
        let mut wrong: Vec<usize> = (command.words..arity).collect();
        if command.spec.arity > 0 {
            wrong.push(arity + 1);
        }
        // A faulty EXEC ends the transaction.
        let code = if command.name == "exec" { "EXECABORT Transaction discarded because of:" } else { "ERR" };
        let expected = format!("(error) {code} wrong number of arguments for '{}' command", command.name);
        for count in wrong {
            let mut argv: Vec<&[u8]> = command.name.split('|').map(str::as_bytes).collect();
            argv.resize(count, b"x");
            assert_eq!(render(&t.run_args(&argv)), expected, "{}", line(&argv));
        }
    }
}

/// Commands that the random calls leave out: name, why.
const NOT_AT_RANDOM: &[(&str, &str)] = &[("pfselftest", "takes seconds")];

/// One state of all databases: database, key, value, expiry. Whoever looks at an expired key may remove it.
pub(crate) type Fingerprint = Vec<(usize, Vec<u8>, String, Option<u64>)>;

/// What all databases hold now.
pub(crate) fn fingerprint(t: &Gate) -> Fingerprint {
    let mut all = Vec::new();
    for shard in t.server.keyspace.shard_ids() {
        let guard = t.server.keyspace.lock(shard);
        for (db, part) in guard.dbs() {
            for entry in part.iter().filter(|entry| !entry.is_expired(t.now_ms())) {
                let value = match entry.value() {
                    Stored::Str(text) => text.escape_ascii().to_string(),
                    Stored::Int(n) => n.to_string(),
                    Stored::Big(bytes) => bytes.escape_ascii().to_string(),
                    Stored::Object(object) => format!("{object:?}"),
                };
                all.push((db, entry.key().to_vec(), value, entry.expire_at_ms()));
            }
        }
    }
    all.sort();
    all
}

/// Whether a command can be called at random.
pub(crate) fn may_run(command: &Registered) -> bool {
    !matches!(command.spec.run, Run::Container) && !NOT_AT_RANDOM.iter().any(|row| row.0 == command.name)
}

/// Whether a call asks for more draws than memory holds replies: those with repetition are as many as it says.
pub(crate) fn draws_too_many(argv: &[&[u8]]) -> bool {
    let [name, _, count, ..] = argv else { return false };
    let draws = [&b"HRANDFIELD"[..], b"SRANDMEMBER", b"ZRANDMEMBER"].iter().any(|draw| name.eq_ignore_ascii_case(draw));
    draws && number::parse_i64(count).is_some_and(|count| count < -100_000)
}

/// Runs random calls of every command, right and faulty ones, as several clients in both protocols.
fn random_calls(seed: u64, rounds: usize) {
    let mut t = Gate::new();
    // Offsets at the limit must not take half a gigabyte.
    t.config("proto-max-bulk-len", "1mb");
    let mut random = Generator::new(seed);
    let commands: Vec<&Registered> = table().all().iter().filter(|command| may_run(command)).collect();
    for at in 0..rounds * commands.len() {
        let command = commands[at % commands.len()];
        let argv = if random.one_in(3) { random.faulty_call(command) } else { random.call(command) };
        let argv = slices(&argv);
        if draws_too_many(&argv) {
            continue;
        }
        if t.is_closed() {
            t.reconnect();
        }
        if random.one_in(50) {
            let protocol = if random.one_in(2) { 3 } else { 2 };
            t.session().set_proto(protocol);
        }
        let before = fingerprint(&t);
        let reply = match t.submit(&argv) {
            Answer::Replied(bytes) => bytes,
            Answer::Waits(Wait::Paused) => {
                t.server.unpause();
                continue;
            }
            Answer::Waits(Wait::Blocked(_)) => {
                t.end_wait(EndOfWait::Timeout);
                continue;
            }
            Answer::Waits(wait) => panic!("seed {seed}: {} waits ({wait:?})", line(&argv)),
        };
        assert_eq!(t.server.stats.totals().panics, 0, "seed {seed}: panicked: {}", line(&argv));
        if reply.starts_with(b"-") {
            let after = fingerprint(&t);
            assert!(before == after, "seed {seed}: changed something and failed: {}", line(&argv));
        }
    }
}

#[test]
fn random_calls_never_panic_and_change_nothing_when_they_fail() {
    for seed in 0..8 {
        random_calls(seed, 12);
    }
}

#[test]
#[ignore = "slow: many random calls"]
fn many_random_calls() {
    for seed in 100..160 {
        random_calls(seed, 40);
    }
}
