//! A room uses only rooms below it. What counts is every path that begins at the crate's root, outside comments and
//! tests.

use crate::tree::{File, none, sources};

/// The rooms from high to low. Rooms of one row do not know each other.
const ORDER: &[&[&str]] = &[
    &["main"],
    &["net"],
    &["dispatch"],
    &["commands"],
    &["state"],
    &["pubsub"],
    &["client", "script", "acl", "cluster", "replication", "persist", "config", "stats"],
    &["keyspace"],
    &["journal"],
    &["resp", "types"],
    &["util"],
];

/// Imports against the order: file, room it uses, reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

fn rank(room: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&room))
}

/// The room of a file: its folder below `src`, or its own name.
fn room(path: &str) -> &str {
    let inside = path.strip_prefix("src/").expect("only sources have a room");
    inside.split(['/', '.']).next().expect("a split has a first part")
}

/// How many modules lie between the crate's root and the inside of this file: 1 for `src/net/mod.rs`.
fn depth(path: &str) -> usize {
    let parts = path.strip_prefix("src/").expect("only sources have a depth").split('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The names that follow the crate's root in this code: `crate::a::b`, `crate::{a, b::c}`, and `super::` as many times
/// as the file is deep.
fn mentions(code: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    let above = "super::".repeat(depth);
    for root in ["crate::", above.as_str()] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(heads(group)),
                None => names.extend(identifier(rest)),
            }
        }
    }
    names
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first name of each path of a group, whose opening brace is already taken.
fn heads(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut level = 1;
    let mut fresh = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            '}' => level -= 1,
            ',' if level == 1 => fresh = true,
            _ if fresh && (c.is_alphabetic() || c == '_') => {
                names.extend(identifier(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
        if level == 0 {
            break;
        }
    }
    names
}

fn faults(file: &File, excused: &mut Vec<(String, String)>) -> Vec<String> {
    let own = room(&file.path);
    let Some(own_rank) = rank(own) else {
        return vec![format!("{}: `{own}` is no room; the rooms are in tests/tidy/rooms.rs and src/lib.rs", file.path)];
    };
    // Groups may run over lines, so the code is looked at as a whole.
    let code: String = file.code().flat_map(|(_, line)| [line, "\n"]).collect();
    let mut found = Vec::new();
    for name in mentions(&code, depth(&file.path)) {
        let Some(used_rank) = rank(&name) else { continue };
        if name == own || used_rank > own_rank {
            continue;
        }
        if EXCEPTIONS.iter().any(|row| row.0 == file.path && row.1 == name) {
            excused.push((file.path.clone(), name));
        } else {
            found.push(format!("{}: uses `{name}`, which is not below `{own}`", file.path));
        }
    }
    found
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    let mut excused = Vec::new();
    let mut found = Vec::new();
    for file in sources().iter().filter(|file| file.path != "src/lib.rs" && !file.is_test()) {
        found.extend(faults(file, &mut excused));
    }
    for (path, name, reason) in EXCEPTIONS {
        if !excused.iter().any(|(file, used)| file == path && used == name) {
            found.push(format!("{path}: the exception for `{name}` is no longer needed ({reason})"));
        }
    }
    found.dedup();
    none("imports against the order of the rooms", &found);
}

#[test]
fn the_crate_page_names_every_room() {
    let page = crate::tree::read("src/lib.rs").expect("the crate has a root");
    let map: String = page.lines().filter(|line| line.starts_with("//!")).collect();
    let missing: Vec<String> = ORDER
        .iter()
        .flat_map(|row| row.iter())
        .filter(|room| !map.contains(**room))
        .map(|room| (*room).into())
        .collect();
    none("rooms that src/lib.rs does not name", &missing);
}

#[test]
fn paths_from_the_root_are_found_however_they_are_written() {
    let code = "use crate::net::x;\nuse crate::{\n    util::clock,\n    keyspace::{Shard, state},\n};\nfn f() -> crate::acl::User {}";
    assert_eq!(mentions(code, 2), ["net", "util", "keyspace", "acl"]);
    assert_eq!(mentions("use super::net::x;", 1), ["net"]);
    assert_eq!(mentions("use super::net::x;", 2), Vec::<String>::new());
    assert_eq!(mentions("use super::super::net;", 2), ["net"]);
    assert_eq!(mentions("use mycrate::net; $crate::net", 2), Vec::<String>::new());
}

#[test]
fn an_upward_import_is_a_fault_and_a_test_module_is_not_looked_at() {
    let file = |text: &str| File { path: "src/keyspace/shard.rs".into(), text: text.into() };
    let check = |text: &str| faults(&file(text), &mut Vec::new()).len();
    assert_eq!(check("use crate::net::Listener;"), 1);
    assert_eq!(check("use crate::util::clock;\nuse crate::journal::Effect;"), 0);
    assert_eq!(check("// crate::net\nfn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::net::Listener;\n}"), 0);
}
