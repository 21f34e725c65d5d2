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
/// The channel of the message that follows each command.
const FENCE: &[u8] = b"fence";

/// Events of one command that differ: name of the command, ours, theirs.
type Kind = (String, Vec<String>, Vec<String>);

/// A subscriber to all events of a server, and a client that runs commands there.
struct Listener {
    events: Wire,
    client: Wire,
}

impl Listener {
    fn start(mut client: Wire, mut events: Wire) -> Listener {
        assert_eq!(client.call(&[b"CONFIG", b"SET", b"notify-keyspace-events", CLASSES]), b"+OK\r\n");
        events.call(&[b"PSUBSCRIBE", b"__keyevent@*"]);
        events.call(&[b"SUBSCRIBE", FENCE]);
        Listener { events, client }
    }

    /// Runs the calls; answers the events of each, as `event key`.
    fn run(&mut self, program: &[Call]) -> Vec<Vec<String>> {
        assert_eq!(self.client.call(&[b"FLUSHALL"]), b"+OK\r\n");
        self.client.call(&[b"SELECT", b"0"]);
        let fence = request(&[b"PUBLISH", FENCE, b""]);
        let bytes: Vec<u8> = program.iter().flat_map(|call| [request(&call.argv), fence.clone()].concat()).collect();
        self.client.send(&bytes);
        (0..2 * program.len()).for_each(|_| drop(self.client.reply()));
        let told = program.iter().map(|call| {
            let mut told: Vec<String> = std::iter::from_fn(|| self.next()).collect();
            // Redis looks these streams up a second time, or before it has read all arguments.
            if matches!(call.command.name.as_str(), "xread" | "xreadgroup" | "xautoclaim") {
                told.retain(|event| !event.contains(" keymiss "));
            }
            // The members of a set whose order is nowhere said.
            if rule(call.command) == Rule::Unsorted {
                told.sort();
            }
            told
        });
        told.collect()
    }

    /// The next event; nothing at the end of those of a command.
    fn next(&mut self) -> Option<String> {
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
            [kind, ..] if kind == "message" => None,
            // Told when time comes to it, which is not the same time on both.
            [_, _, channel, _] if channel.ends_with(":expired") => self.next(),
            [_, _, channel, key] => {
                let event = channel.trim_start_matches("__keyevent@");
                Some(format!("{} {key}", event.replacen("__:", " ", 1)))
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
    let ([ours, theirs], [our_events, their_events]) = (pair.connect(), pair.connect());
    let (mut ours, mut theirs) = (Listener::start(ours, our_events), Listener::start(theirs, their_events));
    let mut found: BTreeMap<(String, Vec<String>), (String, usize)> = BTreeMap::new();
    let mut told = 0;
    for _ in 0..commands.div_ceil(PROGRAM_COMMANDS as u64) {
        // What marks the end of a command's events would be queued too.
        let mut program = programs.next(PROGRAM_COMMANDS);
        program.retain(|call| call.command.name != "multi");
        let (one, other) = (ours.run(&program), theirs.run(&program));
        told += other.iter().map(Vec::len).sum::<usize>();
        let Some(at) = (0..program.len()).find(|&at| one[at] != other[at]) else { continue };
        let (name, ours, theirs): Kind = (program[at].command.name.clone(), one[at].clone(), other[at].clone());
        let without_keys = |events: &[String]| {
            let names = events.iter().map(|event| event.split(' ').nth(1).unwrap_or_default().to_owned());
            names.collect::<Vec<_>>()
        };
        let kind = (name, [without_keys(&ours), vec!["|".into()], without_keys(&theirs)].concat());
        let before: Vec<String> = program[..at].iter().map(|call| format!("    {call}\n")).collect();
        let report = format!("{}  {}\n  Nyala: {ours:?}\n  Redis: {theirs:?}\n", before.concat(), program[at]);
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
