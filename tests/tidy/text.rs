//! Rules for single files: size, ASCII, header, name, `unsafe`, and the records of `make compat`.

use crate::tree::{File, files, none, read, sources};

const MAX_LINES: usize = 800;

/// Files above [`MAX_LINES`]: path, reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Files that may hold `unsafe`: path, what for. The compiler denies it elsewhere (`Cargo.toml`).
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("src/keyspace/entry/block.rs", "header, key and value in one allocation behind a thin pointer"),
    ("src/keyspace/entry/slot.rs", "fingerprints in the unused bits of pointers; entries change threads"),
    ("src/script/host.rs", "the host of a run, lent to functions that outlive it"),
    ("src/script/interpreter/hook.rs", "the hook that looks whether a run is to end, without mlua's handles"),
    ("src/script/interpreter/direct.rs", "commands and lists on Lua's stack, without mlua's handles"),
    ("src/types/packed/buffer.rs", "lengths and bytes in one allocation behind a thin pointer"),
    ("src/types/text.rs", "length and bytes in one allocation behind a thin pointer"),
    ("src/types/zset/block.rs", "a member and its score in one allocation behind a thin pointer"),
    ("src/types/zset/large.rs", "the order by score points to blocks that the table owns"),
    ("src/util/alloc.rs", "the process allocator"),
    ("src/util/crash.rs", "handlers of the signals that tell of a crash"),
    ("src/util/prefetch.rs", "the instruction that brings memory near takes a pointer"),
    ("src/util/os.rs", "calls of the C library that std lacks"),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "helper", "helpers", "common", "misc", "manager"];

fn rust() -> Vec<File> {
    files(&["src", "tests", "benches", "examples"], &[".rs"])
}

#[test]
fn files_stay_small() {
    let mut faults = Vec::new();
    for file in rust() {
        let lines = file.text.lines().count();
        let excused = LONG_FILES.iter().any(|row| row.0 == file.path);
        if lines > MAX_LINES && !excused {
            faults.push(format!("{}: {lines} lines, more than {MAX_LINES}; make it a folder", file.path));
        }
        if lines <= MAX_LINES && excused {
            faults.push(format!("{}: is short enough now; take it off the list", file.path));
        }
    }
    none("file sizes", &faults);
}

#[test]
fn text_is_ascii() {
    let mut all = files(
        &["src", "tests", "benches", "examples", "docs", "scripts", ".ci", ".config"],
        &[".rs", ".md", ".py", ".sh", ".tcl", ".toml", ".tsv", ".svg", "run", "tests-need"],
    );
    for path in ["Cargo.toml", "Makefile", "README.md", "CHANGELOG.md", "clippy.toml"] {
        all.extend(read(path).map(|text| File { path: path.into(), text }));
    }
    let mut faults = Vec::new();
    for file in &all {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(c) = line.chars().find(|&c| !c.is_ascii() || (c.is_control() && c != '\t')) {
                faults.push(format!("{}:{}: {c:?}", file.path, at + 1));
            }
        }
    }
    none("characters other than ASCII", &faults);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    // A module's tests in a file of their own need no more header than the module has.
    let judged = rust().into_iter().filter(|file| !(file.path.starts_with("src/") && file.path.ends_with("/tests.rs")));
    let without = judged.filter(|file| !file.text.starts_with("//! ")).map(|file| file.path);
    none("files without a `//!` header", &without.collect::<Vec<_>>());
}

#[test]
fn names_say_what_is_inside() {
    let empty = rust().into_iter().filter(|file| {
        let folders = file.path.split('/').rev().skip(1);
        EMPTY_NAMES.contains(&file.stem()) || folders.into_iter().any(|folder| EMPTY_NAMES.contains(&folder))
    });
    none("names that say nothing", &empty.map(|file| file.path).collect::<Vec<_>>());
}

#[test]
fn unsafe_is_allowed_only_where_it_is_listed() {
    let mut faults = Vec::new();
    let allowing: Vec<File> = sources().into_iter().filter(|file| file.text.contains("allow(unsafe_code")).collect();
    for file in &allowing {
        if !UNSAFE_FILES.iter().any(|row| row.0 == file.path) {
            faults.push(format!("{}: allows `unsafe` and is not listed in tests/tidy/text.rs", file.path));
        }
    }
    for (path, reason) in UNSAFE_FILES {
        if !allowing.iter().any(|file| file.path == *path) {
            faults.push(format!("{path}: is listed ({reason}) and allows no `unsafe`"));
        }
    }
    none("unsafe", &faults);
}

fn rows(record: &str) -> Vec<Vec<String>> {
    let text = read(&format!("tests/compat/{record}")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn the_records_of_make_compat_are_whole() {
    let mut faults = Vec::new();
    let reference = rows("reference.tsv");
    assert!(!reference.is_empty(), "tests/compat/reference.tsv is there");
    for row in rows("floor.tsv") {
        let most = reference.iter().find(|other| other[0] == row[0]).and_then(|other| other[1].parse::<u32>().ok());
        match (row.len(), row[1].parse::<u32>(), most) {
            (3, Ok(_), Some(_)) => {}
            _ => faults.push(format!("floor.tsv: {row:?}: want file, count, mode, and a row in reference.tsv")),
        }
    }
    for row in rows("known.tsv") {
        if row.len() != 3 || row[2].trim().len() < 10 || row[2] == "no reason given yet" {
            faults.push(format!("known.tsv: {row:?}: want file, test, and the reason why it fails"));
        }
    }
    none("records of make compat", &faults);
}
