//! The files an `include` line names.

use crate::util::glob;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// The files that match `pattern`, seen from `dir`, in the order of their names. A pattern without `*`, `?` and `[` is a
/// path and stands for itself, whether the file is there or not.
pub(super) fn expand(dir: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let mut paths = vec![dir.to_path_buf()];
    for component in Path::new(OsStr::from_bytes(pattern)).components() {
        let name = component.as_os_str().as_bytes();
        paths = match component {
            Component::Normal(_) if name.iter().any(|byte| b"*?[".contains(byte)) => {
                paths.iter().flat_map(|path| matching(path, name)).collect()
            }
            _ => paths.into_iter().map(|path| path.join(component)).collect(),
        };
    }
    paths
}

/// The entries of a directory that match; a leading dot must be asked for.
fn matching(dir: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| glob::matches(pattern, name.as_bytes(), false))
        .filter(|name| !name.as_bytes().starts_with(b".") || pattern.starts_with(b"."))
        .collect();
    names.sort();
    names.into_iter().map(|name| dir.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_plain_paths() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for name in ["b.conf", "a.conf", ".c.conf", "d.txt"] {
            std::fs::write(dir.path().join(name), "").expect("written");
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(dir.path(), pattern.as_bytes());
            found.iter().map(|path| path.strip_prefix(dir.path()).unwrap_or(path).display().to_string()).collect()
        };
        assert_eq!(names("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(names("[ab].co?f"), ["a.conf", "b.conf"]);
        assert_eq!(names("missing.conf"), ["missing.conf"]);
        assert_eq!(names("*/x"), ["a.conf/x", "b.conf/x", "d.txt/x"]);
        assert!(names("*.none").is_empty());
        assert_eq!(names("/etc/./x"), ["/etc/x"]);
    }
}
