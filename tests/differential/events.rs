//! The keyspace events of the same random commands on both servers: what is told of which key, and in which order.

use std::collections::BTreeMap;

use nyala::resp::decode::{DecodeLimits, Value, decode};

use crate::pair::Pair;
use crate::program::{Call, Programs};
use crate::rules::{Rule, rule};
use crate::wire::{Wire, request};
use crate::{DIFFERENCES_MAX, FIXED_SEED, PROGRAM_COMMANDS, number};

/// All classes that Redis 7.0 knows.
const CLASSES: &[u8] = b"EAmn";
/// The channel of the message that follows each command, with its number. What follows a queued one comes with EXEC.
const FENCE: &[u8] = b"fence";

/// Events of one command that differ: name of the command, ours, theirs.
type Kind = (String, Vec<String>, Vec<String>);

/// A subscriber to all events of a server, and a client that runs commands there.
struct Listener {
    events: Wire,
    client: Wire,
    /// A client that is in no transaction.
    fences: Wire,
}

/// What a subscriber is told.
enum Told {
    /// `database event key`.
    Event(String),
    /// The commands up to that number have been run.
    Fence(usize),
}

impl Listener {
    fn start([mut client, mut events, fences]: [Wire; 3]) -> Listener {
        assert_eq!(client.call(&[b"CONFIG", b"SET", b"notify-keyspace-events", CLASSES]), b"+OK\r\n");
        events.call(&[b"PSUBSCRIBE", b"__keyevent@*"]);
        events.call(&[b"SUBSCRIBE", FENCE]);
        Listener { events, client, fences }
    }

    /// Runs the calls; answers the events of each, as `event key`.
    fn run(&mut self, program: &[Call]) -> Vec<Vec<String>> {
        assert_eq!(self.client.call(&[b"RESET"]), b"+RESET\r\n");
        assert_eq!(self.client.call(&[b"FLUSHALL"]), b"+OK\r\n");
        let fence = |at: usize| request(&[b"PUBLISH", FENCE, at.to_string().as_bytes()]);
        let calls = program.iter().enumerate();
        let bytes: Vec<u8> = calls.flat_map(|(at, call)| [request(&call.argv), fence(at)].concat()).collect();
        self.client.send(&bytes);
        (0..2 * program.len()).for_each(|_| drop(self.client.reply()));
        // The fences of commands that were queued in vain do not come.
        self.fences.call(&[b"PUBLISH", FENCE, program.len().to_string().as_bytes()]);
        let mut told = vec![Vec::new(); program.len() + 1];
        let mut events: Vec<String> = Vec::new();
        loop {
            match self.next() {
                Told::Event(event) => events.push(event),
                Told::Fence(at) => {
                    // The members of a set come in an order that is nowhere said.
                    if program.get(at).is_some_and(|call| rule(call.command) == Rule::Unsorted) {
                        events.sort();
                    }
                    // Redis 7.0 looks for each stream twice.
                    if program.get(at).is_some_and(|call| call.command.name.starts_with("xread")) {
                        events.retain(|event| !event.contains(" keymiss "));
                    }
                    told[at] = std::mem::take(&mut events);
                    if at == program.len() {
                        return told;
                    }
                }
            }
        }
    }

    fn next(&mut self) -> Told {
        let message = decode(&self.events.reply(), &DecodeLimits::default()).expect("a whole message");
        let Some((Value::Array(words), _)) = message else { panic!("a message is expected") };
        let words: Vec<String> = words
            .iter()
            .map(|word| match word {
                Value::Bulk(text) => text.escape_ascii().to_string(),
                other => panic!("a message has words, not {other:?}"),
            })
            .collect();
        match words.as_slice() {
            [kind, _, at] if kind == "message" => Told::Fence(at.parse().expect("a fence has a number")),
            // Told when time comes to it, which is not the same time on both.
            [_, _, channel, _] if channel.ends_with(":expired") => self.next(),
            [_, _, channel, key] => {
                let event = channel.trim_start_matches("__keyevent@");
                Told::Event(format!("{} {key}", event.replacen("__:", " ", 1)))
            }
            other => panic!("no message: {other:?}"),
        }
    }
}

/// Runs programs of that many commands altogether.
fn compare_events(commands: u64) {
    let Some(pair) = Pair::start(2) else { return };
    let commands = number("NYALA_DIFF_COMMANDS").unwrap_or(commands);
    let seed = number("NYALA_DIFF_SEED").unwrap_or(FIXED_SEED);
    let mut programs = Programs::new(seed, pair.peer_version());
    let [mut ours, mut theirs] = [0, 1].map(|at| {
        let connect = || pair.connect().into_iter().nth(at).expect("there are two servers");
        Listener::start([connect(), connect(), connect()])
    });
    let mut found: BTreeMap<(String, Vec<String>), (String, usize)> = BTreeMap::new();
    let mut told = 0;
    for _ in 0..commands.div_ceil(PROGRAM_COMMANDS as u64) {
        let program = programs.next(PROGRAM_COMMANDS);
        let (one, other) = (ours.run(&program), theirs.run(&program));
        told += other.iter().map(Vec::len).sum::<usize>();
        let Some(at) = (0..=program.len()).find(|&at| one[at] != other[at]) else { continue };
        let name = program.get(at).map_or("the end", |call| &call.command.name);
        let (name, ours, theirs): Kind = (name.to_owned(), one[at].clone(), other[at].clone());
        let without_keys = |events: &[String]| {
            let names = events.iter().map(|event| event.split(' ').nth(1).unwrap_or_default().to_owned());
            names.collect::<Vec<_>>()
        };
        let kind = (name, [without_keys(&ours), vec!["|".into()], without_keys(&theirs)].concat());
        let before: Vec<String> = program[..at].iter().map(|call| format!("    {call}\n")).collect();
        let last = program.get(at).map_or(String::new(), Call::to_string);
        let report = format!("{}  {last}\n  Nyala: {ours:?}\n  Redis: {theirs:?}\n", before.concat());
        let entry = found.entry(kind).or_insert((report.clone(), 0));
        entry.1 += 1;
        if report.len() < entry.0.len() {
            entry.0 = report;
        }
        if found.len() >= DIFFERENCES_MAX {
            break;
        }
    }
    let reports: Vec<String> = found.values().map(|(report, count)| format!("{report}({count} times)\n")).collect();
    assert!(
        reports.is_empty(),
        "{} kinds of differences (NYALA_DIFF_SEED={seed})\n\n{}",
        reports.len(),
        reports.join("\n")
    );
    assert!(told as u64 > commands / 4, "only {told} events were compared");
}

#[test]
fn events_are_equal() {
    compare_events(9_000);
}

#[test]
#[ignore = "slow: hundreds of thousands of commands"]
fn many_events_are_equal() {
    compare_events(300_000);
}
