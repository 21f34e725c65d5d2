//! The files of the repository that the rules look at, read once each.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the tree: its path from the root of the repository, with `/`, and what it holds.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The file's name without folder and extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().expect("a split has a last part");
        name.split('.').next().expect("a split has a first part")
    }

    /// Whether the whole file is a test's.
    pub(crate) fn is_test(&self) -> bool {
        !self.path.starts_with("src/") || self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// Numbered lines of code: no comments, and nothing from the test module at the foot of the file on.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = (1..lines.len())
            .find(|&at| lines[at - 1].trim() == "#[cfg(test)]" && is_inline_module(lines[at]))
            .map_or(lines.len(), |at| at - 1);
        lines
            .into_iter()
            .take(end)
            .enumerate()
            .map(|(at, line)| (at + 1, line.split("//").next().expect("a split has a first part")))
    }
}

fn is_inline_module(line: &str) -> bool {
    line.contains("mod ") && line.trim_end().ends_with('{')
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file by its path from the root, or nothing when it is not there.
pub(crate) fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Every file below these folders whose name ends in one of `endings`, sorted by path.
pub(crate) fn files(folders: &[&str], endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), endings, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file of the crate itself.
pub(crate) fn sources() -> Vec<File> {
    let found = files(&["src"], &[".rs"]);
    assert!(!found.is_empty(), "src holds no Rust file: the rules would hold for nothing");
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry of a folder can be read").path();
        if path.is_dir() {
            walk(&path, endings, found);
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            let text = String::from_utf8_lossy(&fs::read(&path).expect("a file of the tree can be read")).into_owned();
            let path =
                path.strip_prefix(root()).expect("the walk began at the root").to_string_lossy().replace('\\', "/");
            found.push(File { path, text });
        }
    }
}

/// Fails with every fault on a line of its own.
pub(crate) fn none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}
