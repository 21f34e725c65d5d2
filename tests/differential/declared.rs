//! What the command table declares, against what a real server says of the same commands by COMMAND INFO and COMMAND DOCS.

use nyala::commands::{Registered, table};
use nyala::resp::decode::{DecodeLimits, Value, decode};

use crate::generator::{Version, version};
use crate::pair::Pair;
use crate::render::render;
use crate::wire::Wire;

/// Facts that differ on purpose: command, fact, reason. A row that is no longer needed fails too.
const KNOWN: &[(&str, &str, &str)] = &[
    ("bgsave", "arguments", "CANCEL of Valkey 8.1"),
    ("bitop", "arguments", "the operations are alternatives, as in newer servers, not a string"),
    ("client|kill", "arguments", "several ids and TYPE PRIMARY of newer servers"),
    ("client|durability", "command", "our own command"),
    ("cluster|replicate", "arguments", "NO ONE of Valkey 9.0"),
    ("cluster|replicate", "arity", "NO ONE of Valkey 9.0"),
    ("geosearch", "arguments", "BYPOLYGON of Valkey 9.0, which needs no FROM part"),
    ("geosearchstore", "arguments", "BYPOLYGON of Valkey 9.0, which needs no FROM part"),
    ("script|debug", "arity", "as in newer servers"),
    ("shards", "command", "our own command"),
    ("zrank", "arity", "WITHSCORE of Redis 7.2"),
    ("zrevrank", "arity", "WITHSCORE of Redis 7.2"),
];

/// Parts of COMMAND DOCS that are our own words, or that we do not tell.
const OWN_WORDS: [&str; 5] = ["summary", "complexity", "history", "replaced_by", "subcommands"];

/// A fact of a command: what it is about, and what a server says.
type Fact = (String, Value);

fn text(value: &Value) -> String {
    match value {
        Value::Bulk(text) | Value::Simple(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("no text: {other:?}"),
    }
}

/// The pairs of a map, which is a flat list in RESP2.
fn pairs(value: Value) -> Vec<(String, Value)> {
    match value {
        Value::Map(pairs) => pairs.into_iter().map(|(name, value)| (text(&name), value)).collect(),
        Value::Array(flat) => flat.chunks(2).map(|pair| (text(&pair[0]), pair[1].clone())).collect(),
        other => panic!("no map: {other:?}"),
    }
}

fn map(pairs: Vec<(String, Value)>) -> Value {
    Value::Map(pairs.into_iter().map(|(name, value)| (Value::Bulk(name.into()), value)).collect())
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) | Value::Set(elements) => elements,
        other => panic!("no list: {other:?}"),
    }
}

/// A list whose order says nothing; whether it is an array or a set stays.
fn sorted(value: Value) -> Value {
    let is_set = matches!(value, Value::Set(_));
    let mut list = elements(value);
    list.sort_by_key(text);
    if is_set { Value::Set(list) } else { Value::Array(list) }
}

/// Facts of one element of COMMAND INFO's reply.
fn info_facts(info: Value) -> Vec<Fact> {
    const NAMES: [&str; 9] = ["name", "arity", "flags", "first", "last", "step", "categories", "tips", "keys"];
    let facts = NAMES.into_iter().zip(elements(info)).map(|(name, value)| {
        let value = match name {
            "flags" | "categories" | "tips" => sorted(value),
            "keys" => Value::Array(elements(value).into_iter().map(key_spec).collect()),
            _ => value,
        };
        (name.to_owned(), value)
    });
    facts.collect()
}

fn key_spec(spec: Value) -> Value {
    let told = pairs(spec).into_iter().filter(|(name, _)| name != "notes");
    map(told.map(|(name, value)| if name == "flags" { (name, sorted(value)) } else { (name, value) }).collect())
}

/// Facts of one command in COMMAND DOCS' reply, without arguments that came after `newest`.
fn docs_facts(docs: Value, newest: Version) -> Vec<Fact> {
    let told = pairs(docs).into_iter().filter(|(name, _)| !OWN_WORDS.contains(&name.as_str()));
    told.map(|(name, value)| if name == "arguments" { (name, arguments(value, newest)) } else { (name, value) })
        .collect()
}

fn arguments(list: Value, newest: Version) -> Value {
    let mut kept = Vec::new();
    for argument in elements(list) {
        let mut facts = pairs(argument);
        if facts.iter().any(|(name, value)| name == "since" && version(&text(value)) > newest) {
            continue;
        }
        for (name, value) in &mut facts {
            if name == "arguments" {
                *value = arguments(value.clone(), newest);
            }
        }
        // Newer servers repeat the name.
        facts.retain(|(name, _)| name != "display_text");
        kept.push(map(facts));
    }
    Value::Array(kept)
}

fn ask(wire: &mut Wire, words: &[&str]) -> Value {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let reply = wire.call(&words);
    decode(&reply, &DecodeLimits::default()).expect("a whole reply was read").expect("a whole reply was read").0
}

/// Everything that a server says of a command, sorted by fact.
fn facts(wire: &mut Wire, command: &Registered, newest: Version) -> Vec<Fact> {
    let info = elements(ask(wire, &["COMMAND", "INFO", &command.name])).remove(0);
    if matches!(info, Value::NullArray | Value::Null | Value::NullBulk) {
        return vec![("command".to_owned(), info)];
    }
    let mut all = info_facts(info);
    let docs = pairs(ask(wire, &["COMMAND", "DOCS", &command.name])).remove(0);
    assert_eq!(docs.0, command.name);
    all.extend(docs_facts(docs.1, newest));
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// Facts that differ.
fn differences(ours: &[Fact], theirs: &[Fact]) -> Vec<(String, String)> {
    let find = |facts: &[Fact], name: &str| facts.iter().find(|fact| fact.0 == name).map(|fact| render(&fact.1));
    let unknown = |facts: &[Fact]| facts.len() == 1;
    if unknown(ours) || unknown(theirs) {
        return vec![("command".to_owned(), "is not known to both".to_owned())];
    }
    let mut names: Vec<&str> = ours.iter().chain(theirs).map(|fact| fact.0.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let differ = names.into_iter().filter_map(|name| {
        let (ours, theirs) = (find(ours, name), find(theirs, name));
        let shown = |fact: &Option<String>| fact.clone().unwrap_or_else(|| "(nothing)".into());
        let report = format!("{name}\n--- Nyala\n{}\n--- Redis\n{}", shown(&ours), shown(&theirs));
        (ours != theirs).then(|| (name.to_owned(), report))
    });
    differ.collect()
}

#[test]
fn commands_are_declared_as_by_redis() {
    let mut found = Vec::new();
    let mut needed = Vec::new();
    for protocol in [2, 3] {
        let Some(pair) = Pair::start(protocol) else { return };
        let newest = pair.peer_version();
        let [mut ours, mut theirs] = pair.connect();
        for command in table().all() {
            if version(command.spec.doc.since) > newest {
                continue;
            }
            let known = [&mut ours, &mut theirs].map(|wire| facts(wire, command, newest));
            for (fact, report) in differences(&known[0], &known[1]) {
                match KNOWN.iter().find(|row| row.0 == command.name && row.1 == fact) {
                    Some(row) => needed.push(row),
                    None => found.push(format!("RESP{protocol} {} {report}", command.name)),
                }
            }
        }
    }
    for row in KNOWN.iter().filter(|row| !needed.contains(row) && table().find_full(row.0.as_bytes()).is_some()) {
        found.push(format!("{} {}: is known to differ ({}), but does not", row.0, row.1, row.2));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
