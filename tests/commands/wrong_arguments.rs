//! Wrong arguments of every kind, made from the command table: what is no number, overflows, or is a key of another type
//! is refused, with the error that a real redis-server gives, and nothing changes.
//!
//! Each command gets calls that succeed; in them one argument after the other is replaced. Too few and too many arguments
//! are the matter of `table`.

use std::collections::BTreeMap;

use nyala::commands::spec::{Arg, ArgKind};
use nyala::commands::{Registered, table};
use nyala::dispatch::{EndOfWait, Wait};

use crate::fixture::TestServer;
use crate::generator::{Generator, Version, version};
use crate::harness::{Answer, Gate, line, slices, words};
use crate::render::quoted;
use crate::table::{Fingerprint, draws_too_many, fingerprint, may_run};
use crate::wire::{Wire, request};

/// The newest version whose commands and options are compared with a real server.
const REDIS: Version = [7, 0, 15];

/// Random calls of a command of which one should succeed.
const TRIES: usize = 100;

/// Keys that random calls use, one of each type in each group. `{}` is 0, 1 and 2.
const SETUP: &[&str] = &[
    "SET string:{} 1{}",
    "SET bitmap:{} abc",
    "PFADD hyperloglog:{} a b",
    "RPUSH list:{} a b c d 1 2 -3 ten",
    "SADD set:{} a b c d 1 2 -3 ten",
    "ZADD sorted-set:{} 1 a 2 b 3 c 4 d 5 1 6 2 7 -3 8 ten",
    "HSET hash:{} a 1 b 2 c 3 d 4 1 5 2 6 -3 7 ten 8",
    "XADD stream:{} 1-1 a b",
    "XADD stream:{} 5-0 c d",
    "XGROUP CREATE stream:{} g 0",
    "XGROUP CREATE stream:{} h 0",
    "XREADGROUP GROUP g g COUNT 1 STREAMS stream:{} >",
    "GEOADD geo:{} 13.361389 38.115556 a 15.087269 37.502669 b 14 38 c",
];

/// Groups whose calls change what the calls behind them mean.
const STATEFUL: &[&str] = &["pubsub", "scripting", "transactions", "cluster"];

const NO_INTEGERS: &[&str] =
    &["abc", "", "1.5", " 1", "1 ", "0x10", "9223372036854775808", "-9223372036854775809", "99999999999999999999999"];
const NO_DOUBLES: &[&str] = &["abc", "", " 1", "1 ", "nan", "1e400", "1.5.5"];

/// Whole numbers that are often beyond what an argument may be.
const LIMITS: &[&str] =
    &["-1", "0", "536870912", "4294967295", "4294967296", "9223372036854775807", "-9223372036854775808"];

/// One key of each type.
const KEYS: &[&str] = &["string:0", "hyperloglog:0", "list:0", "set:0", "sorted-set:0", "hash:0", "stream:0"];

/// What differs from Redis 7.0: command, argument, reason.
const MEANT: &[(&str, &str, &str)] = &[
    ("client|list", "client-id", "filters may be combined, as in Valkey 8.1"),
    ("delex", "key", "without a condition it removes whatever is there"),
    ("msetex", "key", "overwrites whatever is there"),
];

/// Commands with numbers or keys of which no random call succeeds here.
const UNTRIED: &[&str] = &["pfdebug", "restore", "restore-asking", "waitaof"];

/// One server, and a real one beside it.
struct Both {
    ours: Gate,
    /// The data that all calls meet.
    prepared: Fingerprint,
    theirs: Option<(TestServer, Wire)>,
}

impl Both {
    fn new() -> Both {
        let args = ["--proto-max-bulk-len", "1mb"];
        let theirs = TestServer::redis(&args).map(|server| {
            let wire = server.connect();
            (server, wire)
        });
        Both { ours: Gate::with_args(&args), prepared: Fingerprint::new(), theirs }
    }

    /// Another client on ours, and the data as they are at first on both.
    fn prepare(&mut self) {
        self.ours.reconnect();
        let setup = SETUP.iter().flat_map(|request| (0..3).map(|n| words(&request.replace("{}", &n.to_string()))));
        let setup: Vec<Vec<Vec<u8>>> = std::iter::once(words("FLUSHALL")).chain(setup).collect();
        for argv in &setup {
            self.ours.run_args(&slices(argv));
        }
        if let Some((_, wire)) = &mut self.theirs {
            wire.send(&setup.iter().flat_map(|argv| request(argv)).collect::<Vec<u8>>());
            setup.iter().for_each(|_| drop(wire.reply()));
        }
        self.prepared = fingerprint(&self.ours);
    }

    fn is_as_prepared(&self) -> bool {
        fingerprint(&self.ours) == self.prepared
    }

    /// How often the data of ours were changed.
    fn dirty(&self) -> u64 {
        self.ours.server.stats.totals().dirty
    }

    /// The reply of ours; none where the client would wait, or gets no reply.
    fn call(&mut self, argv: &[&[u8]]) -> Option<Vec<u8>> {
        if self.ours.is_closed() {
            self.ours.reconnect();
        }
        match self.ours.submit(argv) {
            Answer::Replied(reply) => Some(reply).filter(|reply| !reply.is_empty()),
            Answer::Waits(Wait::Blocked(_)) => {
                self.ours.end_wait(EndOfWait::Timeout);
                None
            }
            Answer::Waits(_) => {
                self.ours.server.unpause();
                None
            }
        }
    }
}

/// A call of the command that succeeds, if a few tries give one. The data are those of the setup afterwards.
fn call_that_succeeds(both: &mut Both, random: &mut Generator, command: &Registered) -> Option<Vec<Vec<u8>>> {
    for _ in 0..TRIES {
        let argv = random.call(command);
        let dirty = both.dirty();
        let reply = both.call(&slices(&argv));
        if both.dirty() != dirty {
            both.prepare();
        }
        if reply.is_some_and(|reply| reply[0] != b'-') {
            return Some(argv);
        }
    }
    None
}

/// Calls with one wrong value in the place of a good one: the value's position and name, and the call.
fn wrong_calls(random: &Generator, argv: &[Vec<u8>], command: &Registered) -> Vec<(usize, &'static str, Vec<Vec<u8>>)> {
    let has_keys = !command.spec.keys.is_empty();
    let mut calls = Vec::new();
    for &(at, arg) in random.values() {
        if random.newest() != REDIS && !is_newer(command.spec.doc.since) && !is_newer(arg.since) {
            continue;
        }
        let texts = match arg.kind {
            // Elsewhere a great number may ask for much time.
            ArgKind::Integer | ArgKind::UnixTime if has_keys && random.newest() == REDIS => &[NO_INTEGERS, LIMITS],
            ArgKind::Integer | ArgKind::UnixTime => &[NO_INTEGERS, &[]],
            ArgKind::Double => &[NO_DOUBLES, &[]],
            ArgKind::Key => &[KEYS, &[]],
            _ => continue,
        };
        for text in texts.concat() {
            // Beside a real server a right key does no harm.
            if random.newest() != REDIS && kind(text) == kind(command.group.name) {
                continue;
            }
            let mut call = argv.to_vec();
            call[at] = text.as_bytes().to_vec();
            calls.push((at, arg.name, call));
        }
    }
    calls.retain(|(.., call)| !draws_too_many(&slices(call)));
    calls
}

/// The type of a group's values, and of a key of the setup, told from their names.
fn kind(name: &str) -> &str {
    match name.split(':').next().expect("there is a first part") {
        "bitmap" | "hyperloglog" => "string",
        "geo" => "sorted-set",
        name => name,
    }
}

fn is_newer(since: &str) -> bool {
    version(since) > REDIS
}

/// Whether a command, or one of its arguments, came later.
fn has_newer(since: &str, args: &[Arg]) -> bool {
    is_newer(since) || args.iter().any(|arg| has_newer(arg.since, arg.args))
}

/// Commands with numbers or keys which leave the server as it is.
fn tried() -> impl Iterator<Item = &'static Registered> {
    fn any(args: &[Arg]) -> bool {
        use ArgKind::{Double, Integer, Key, UnixTime};
        args.iter().any(|arg| matches!(arg.kind, Double | Integer | Key | UnixTime) || any(arg.args))
    }
    let is_tried = |row: &&Registered| may_run(row) && !STATEFUL.contains(&row.group.name) && any(row.spec.doc.args);
    table().all().iter().filter(is_tried)
}

/// Tries one wrong call; answers what is wrong with its reply. `beside` says whether a real server knows all of the call.
fn try_wrong(
    both: &mut Both,
    command: &Registered,
    arg: &str,
    at: usize,
    call: &[&[u8]],
    beside: bool,
) -> Option<String> {
    let dirty = both.dirty();
    let reply = both.call(call)?;
    let is_refused = reply[0] == b'-';
    assert!(!is_refused || both.is_as_prepared(), "changed something and failed: {}", line(call));
    let fault = match &mut both.theirs {
        Some((_, wire)) if beside => {
            let theirs = wire.call(call);
            let is_same = if is_refused { theirs == reply } else { theirs[0] != b'-' };
            (!is_same).then(|| format!("Redis says {}", quoted(&theirs)))
        }
        _ => (!is_refused).then(|| "is wrong".to_owned()),
    };
    if both.dirty() != dirty {
        both.prepare();
    }
    let fault = fault.filter(|_| !MEANT.iter().any(|row| (row.0, row.1) == (&command.name, arg)))?;
    Some(format!("{} ({arg} {}): {}, but {fault}", line(call), quoted(call[at]), quoted(&reply)))
}

/// Replaces the numbers in so many calls of each command.
fn try_all(newest: Version, rounds: usize) {
    let mut both = Both::new();
    let mut random = Generator::up_to(1, newest);
    let mut faults: BTreeMap<String, String> = BTreeMap::new();
    let mut untried: Vec<&str> = Vec::new();
    let is_wanted = |row: &Registered| {
        if newest == REDIS { !is_newer(row.spec.doc.since) } else { has_newer(row.spec.doc.since, row.spec.doc.args) }
    };
    for command in tried().filter(|row| is_wanted(row)) {
        both.prepare();
        for _ in 0..rounds {
            let Some(argv) = call_that_succeeds(&mut both, &mut random, command) else {
                untried.push(command.name.as_str());
                break;
            };
            for (at, arg, call) in wrong_calls(&random, &argv, command) {
                if let Some(fault) = try_wrong(&mut both, command, arg, at, &slices(&call), newest == REDIS) {
                    faults.entry(format!("{} {arg} {}", command.name, quoted(&call[at]))).or_insert(fault);
                }
            }
        }
    }
    let faults: Vec<String> = faults.into_values().collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    untried.retain(|name| !UNTRIED.contains(name));
    assert_eq!(untried, Vec::<&str>::new(), "commands of which no call succeeds");
}

#[test]
fn wrong_values_are_refused_as_by_redis() {
    try_all(REDIS, 1);
}

#[test]
fn wrong_values_are_refused_by_newer_commands() {
    try_all([u16::MAX; 3], 1);
}

#[test]
#[ignore = "slow: several calls of each command"]
fn wrong_values_in_many_calls() {
    try_all(REDIS, 8);
    try_all([u16::MAX; 3], 8);
}
