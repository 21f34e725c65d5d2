//! What COMMAND INFO and COMMAND DOCS say of every command of ours that a real redis-server has too: arity, flags, keys,
//! ACL categories, tips, version, group and argument tree are equal, but for [`DIFFERENCES`].
//!
//! Wording is ours: summaries, complexity, history and notes are not compared.

use std::collections::BTreeSet;

use nyala::commands::spec::FindKeys;
use nyala::commands::{Registered, table};
use nyala::resp::decode::{DecodeLimits, Value, decode};

use crate::fixture::TestServer;
use crate::generator::{Generator, version};
use crate::harness::{Gate, line};
use crate::render::{quoted, render};
use crate::wire::Wire;

/// The version of Redis that the facts are those of.
const REDIS: &str = "7.0";

/// Facts of Redis 7.0 that are not ours: command, fact, difference and reason. docs/compatibility.md shows them.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("bgsave", "arguments", "CANCEL of Valkey 8.1"),
    ("bitop", "arguments", "the operations one by one, as Redis 8.0 tells them; DIFF, DIFF1, ANDOR, ONE of Redis 8.2"),
    ("client|kill", "arguments", "filters of Valkey 8.0 to 9.1, MAXAGE of Redis 7.4"),
    ("client|list", "arguments", "filters of Valkey 8.1 to 9.0"),
    ("cluster|replicate", "arguments", "NO ONE of Valkey 9.0"),
    ("cluster|replicate", "arity", "-3 instead of 3, for NO ONE"),
    ("cluster|setslot", "arguments", "TIMEOUT of Valkey 8.0"),
    ("geosearch", "arguments", "BYPOLYGON of Valkey 9.0, which needs no FROM part"),
    ("geosearchstore", "arguments", "BYPOLYGON of Valkey 9.0, which needs no FROM part"),
    ("hscan", "arguments", "NOVALUES of Redis 7.4"),
    ("script|debug", "arguments", "engine of Valkey 9.1"),
    ("script|debug", "arity", "-3 instead of 3, for the engine"),
    ("set", "arguments", "IFEQ of Valkey 8.1 and Redis 8.4; IFNE, IFDEQ, IFDNE of Redis 8.4"),
    ("xadd", "arguments", "KEEPREF, DELREF, ACKED of Redis 8.2"),
    ("xreadgroup", "arguments", "CLAIM of Redis 8.4"),
    ("xtrim", "arguments", "KEEPREF, DELREF, ACKED of Redis 8.2"),
    ("zrank", "arguments", "WITHSCORE of Redis 7.2"),
    ("zrank", "arity", "-3 instead of 3, for WITHSCORE"),
    ("zrevrank", "arguments", "WITHSCORE of Redis 7.2"),
    ("zrevrank", "arity", "-3 instead of 3, for WITHSCORE"),
    ("zscan", "arguments", "NOSCORES of Valkey 8.0"),
];

/// Commands that no Redis and no Valkey has.
const OUR_OWN: &[&str] = &["client|durability", "shards"];

/// The facts of one command, by name.
type Facts = Vec<(&'static str, Value)>;

fn text(value: &Value) -> &[u8] {
    let (Value::Bulk(text) | Value::Simple(text)) = value else { panic!("no text: {value:?}") };
    text
}

/// The same value with the members of all sets in order, and without the pairs of maps under these keys.
fn tidied(value: Value, without: &[&str]) -> Value {
    let each = |elements: Vec<Value>| elements.into_iter().map(|element| tidied(element, without));
    match value {
        Value::Array(elements) => Value::Array(each(elements).collect()),
        Value::Set(members) => {
            let mut members: Vec<Value> = each(members).collect();
            members.sort_by_key(render);
            Value::Set(members)
        }
        Value::Map(pairs) => {
            let kept = pairs.into_iter().filter(|(key, _)| !without.iter().any(|name| name.as_bytes() == text(key)));
            Value::Map(kept.map(|(key, value)| (key, tidied(value, without))).collect())
        }
        other => other,
    }
}

/// The facts that COMMAND INFO and COMMAND DOCS tell, taken apart; nothing where the server does not have the command.
fn facts(info: Value, docs: Value) -> Option<Facts> {
    const INFO: [&str; 9] =
        ["name", "arity", "flags", "first key", "last key", "key step", "ACL categories", "tips", "key specs"];
    const DOCS: [&str; 5] = ["since", "group", "doc_flags", "deprecated_since", "arguments"];
    let Value::Array(mut infos) = info else { panic!("COMMAND INFO answers {info:?}") };
    let Value::Array(mut fields) = infos.remove(0) else { return None };
    // Subcommands are compared one by one.
    fields.truncate(INFO.len());
    let mut facts: Facts = INFO.into_iter().zip(fields.into_iter().map(|field| tidied(field, &["notes"]))).collect();

    let Value::Map(mut docs) = docs else { panic!("COMMAND DOCS answers {docs:?}") };
    let Value::Map(docs) = docs.remove(0).1 else { panic!("COMMAND DOCS answers maps") };
    for name in DOCS {
        let value = docs.iter().find(|(key, _)| text(key) == name.as_bytes());
        // Redis has told the text to display since 7.2.
        facts.push((name, value.map_or(Value::Null, |(_, value)| tidied(value.clone(), &["display_text"]))));
    }
    Some(facts)
}

fn parse(bytes: &[u8]) -> Value {
    let decoded = decode(bytes, &DecodeLimits::default()).expect("the reply is well-formed");
    decoded.expect("the reply is whole").0
}

/// Both servers' facts of a command; nothing where Redis does not have it.
fn both_facts(ours: &mut Gate, theirs: &mut impl FnMut(&[&[u8]]) -> Value, name: &str) -> Option<(Facts, Facts)> {
    let info: [&[u8]; 3] = [b"COMMAND", b"INFO", name.as_bytes()];
    let docs: [&[u8]; 3] = [b"COMMAND", b"DOCS", name.as_bytes()];
    let theirs = facts(theirs(&info), theirs(&docs))?;
    let ours = facts(parse(&ours.raw_args(&info)), parse(&ours.raw_args(&docs)));
    Some((ours.unwrap_or_else(|| panic!("{name} is a row without facts")), theirs))
}

/// A real server, if there is one of the version whose facts are compared.
fn redis() -> Option<(TestServer, Wire)> {
    let server = TestServer::redis(&[])?;
    let mut wire = server.connect();
    let info = wire.call(&[b"INFO", b"server"]);
    let is_it = info.escape_ascii().to_string().contains(&format!("redis_version:{REDIS}."));
    is_it.then_some((server, wire))
}

#[test]
fn facts_are_those_of_redis() {
    let Some((_redis, mut wire)) = redis() else { return };
    wire.call(&[b"HELLO", b"3"]);
    let mut ours = Gate::new();
    ours.resp3();
    let mut theirs = |request: &[&[u8]]| parse(&wire.call(request));

    let mut unknown: Vec<String> = Vec::new();
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut compared = BTreeSet::new();
    for command in table().all() {
        let Some((ours, theirs)) = both_facts(&mut ours, &mut theirs, &command.name) else { continue };
        compared.insert(command.name.as_str());
        for ((fact, ours), (_, theirs)) in ours.into_iter().zip(theirs) {
            if ours == theirs {
                continue;
            }
            found.insert((&command.name, fact));
            if !DIFFERENCES.iter().any(|row| (row.0, row.1) == (command.name.as_str(), fact)) {
                unknown.push(format!("{} {fact}\n ours\n{}\n Redis\n{}", command.name, render(&ours), render(&theirs)));
            }
        }
    }
    assert!(unknown.is_empty(), "{} facts differ:\n\n{}", unknown.len(), unknown.join("\n\n"));
    let equal: Vec<_> =
        DIFFERENCES.iter().filter(|row| compared.contains(row.0) && !found.contains(&(row.0, row.1))).collect();
    assert!(equal.is_empty(), "listed as different, but equal: {equal:?}");
}

#[test]
fn what_came_later_says_so() {
    let Some((_redis, mut wire)) = redis() else { return };
    let names = wire.strings(&[b"COMMAND", b"LIST", b"FILTERBY", b"PATTERN", b"*"]);
    let is_later = |command: &Registered| version(command.spec.doc.since) > version("7.0.15");
    let wrong: Vec<&str> = table()
        .all()
        .iter()
        .filter(|command| !OUR_OWN.contains(&command.name.as_str()) && !is_later(command))
        .filter(|command| !names.iter().any(|name| name == command.name.as_bytes()))
        .map(|command| command.name.as_str())
        .collect();
    assert!(wrong.is_empty(), "not in Redis {REDIS}, but `since` says so: {wrong:?}");
}

/// Words that lead to keys, strewn into random calls.
const STREWN: &[&[u8]] = &[b"", b"-1", b"0", b"1", b"2", b"BY", b"GET", b"KEYS", b"LIMIT", b"STORE", b"STREAMS"];

/// A random call of `command`, often a faulty one.
fn call(random: &mut Generator, command: &Registered) -> Vec<Vec<u8>> {
    let mut call = if random.one_in(2) { random.call(command) } else { random.faulty_call(command) };
    if random.one_in(4) {
        for _ in 0..random.rng.below(3) {
            let at = command.words.min(call.len()) + random.rng.index(call.len());
            call.insert(at.min(call.len()), random.pick(STREWN).to_vec());
        }
    }
    call
}

/// Whether Redis may find other keys in this call for a good reason.
fn is_vague(command: &Registered, call: &[Vec<u8>], ours: &[u8]) -> bool {
    let count = |word: &[u8]| call.iter().filter(|arg| arg.eq_ignore_ascii_case(word)).count();
    let is_none = ours == b"*0\r\n" || ours == b"-ERR Invalid arguments specified for command\r\n";
    // Redis takes the number at the beginning of a count that is none.
    is_none && command.spec.keys.iter().any(|spec| matches!(spec.find, FindKeys::KeyNum { .. }))
        // Redis takes the first STREAMS even as the argument of another option.
        || matches!(command.name.as_str(), "xread" | "xreadgroup") && count(b"STREAMS") > 1
}

#[test]
fn keys_of_random_calls_are_those_that_redis_finds() {
    let Some((_redis, mut wire)) = redis() else { return };
    let mut ours = Gate::new();
    // A fixed seed, so that only a change of ours can break the test; other seeds are for the asking.
    let seed = std::env::var("NYALA_KEYS_SEED").map_or(1, |seed| seed.parse().expect("NYALA_KEYS_SEED is a number"));
    let mut random = Generator::new(seed);
    // Other arities or arguments than Redis's.
    let differs = |name: &str| DIFFERENCES.iter().any(|row| row.0 == name && row.1 == "arity");
    let has = |wire: &mut Wire, name: &str| {
        !wire.strings(&[b"COMMAND", b"LIST", b"FILTERBY", b"PATTERN", name.as_bytes()]).is_empty()
    };
    let commands: Vec<&Registered> = table()
        .all()
        .iter()
        .filter(|command| !command.spec.keys.is_empty() && !differs(&command.name) && has(&mut wire, &command.name))
        .collect();
    for round in 0..30 {
        for command in &commands {
            let call = call(&mut random, command);
            let mut argv: Vec<&[u8]> = vec![b"COMMAND", if round % 2 == 0 { b"GETKEYS" } else { b"GETKEYSANDFLAGS" }];
            argv.extend(call.iter().map(Vec::as_slice));
            let (got, expected) = (ours.raw_args(&argv), wire.call(&argv));
            let same = got == expected || is_vague(command, &call, &got);
            assert!(same, "seed {seed}: {}\n ours  {}\n Redis {}", line(&argv), quoted(&got), quoted(&expected));
        }
    }
}

const BEGIN: &str = "<!-- facts: written by the test facts::page_is_fresh -->\n";
const END: &str = "<!-- facts end -->";

#[test]
fn page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/compatibility.md");
    let stored = std::fs::read_to_string(path).expect("docs/compatibility.md exists");
    let (head, rest) = stored.split_once(BEGIN).expect("the page has the mark");
    let (_, tail) = rest.split_once(END).expect("the page has the end mark");
    let mut rows = String::from("\n| command | fact | difference |\n|---|---|---|\n");
    for (command, fact, reason) in DIFFERENCES.iter().filter(|row| table().find_full(row.0.as_bytes()).is_some()) {
        let command = command.replace('|', " ").to_ascii_uppercase();
        rows.push_str(&format!("| `{command}` | {fact} | {reason} |\n"));
    }
    let page = format!("{head}{BEGIN}{rows}\n{END}{tail}");
    if std::env::var_os("NYALA_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).expect("the page can be written");
        return;
    }
    assert!(stored == page, "docs/compatibility.md is stale: NYALA_WRITE_DOCS=1 cargo test --test commands facts");
}
