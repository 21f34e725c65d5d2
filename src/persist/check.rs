//! `nyala check FILE`: verifies a file of the data set and says the first place where it is wrong.

use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::Path;

use super::aof;
use super::rdb::{self, Checked, LoadError};

/// Verifies the file and reports to `out`; false when it is wrong. `fix` asks for a file to be mended, which only an
/// append-only one can be.
pub fn check_file(path: &Path, fix: bool, out: &mut dyn Write) -> bool {
    let checked = run(path, fix, out);
    let (Ok(text) | Err(text)) = &checked;
    // Nobody is there to be told that nobody listens.
    let _ = writeln!(out, "{text}");
    checked.is_ok()
}

fn run(path: &Path, fix: bool, out: &mut dyn Write) -> Result<String, String> {
    let name = path.display();
    let mut file = File::open(path).map_err(|error| format!("Cannot open file {name}: {error}"))?;
    let unreadable = |error| format!("Cannot read file {name}: {error}");
    let is_snapshot = rdb::is_snapshot(&mut file).map_err(unreadable)?;
    let mut first = [0];
    let is_log = file.read(&mut first).map_err(unreadable)? > 0 && matches!(first, [b'*' | b'#']);
    file.rewind().map_err(unreadable)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("manifest") => return aof::check::check_manifest(path, fix, out),
        Some("aof") => return aof::check::check_log(path, fix, true, out),
        _ if is_log => return aof::check::check_log(path, fix, true, out),
        _ if !is_snapshot => return Err(format!("{name}: not a snapshot: [offset 0] Wrong file signature")),
        _ => {}
    }
    if fix {
        return Err(format!("{name}: a snapshot cannot be fixed, only an append-only file can"));
    }
    let mut say = |text: &str| writeln!(out, "{text}").map_err(|error| error.to_string());
    say(&format!("[offset 0] Checking RDB file {name}"))?;
    let mut source = BufReader::new(file);
    match rdb::check(&mut source) {
        Ok(checked) => {
            say(&summary(&checked))?;
            Ok(format!("[offset {}] \\o/ RDB looks OK! \\o/", checked.bytes))
        }
        Err((error, checked)) => {
            say(&summary(&checked))?;
            let (offset, text) = match &error {
                LoadError::Format(error) => (error.offset, error.fault.to_string()),
                other => (checked.bytes, other.to_string()),
            };
            let key = checked.last_key.map_or(String::new(), |key| format!(" (key '{}')", key.escape_ascii()));
            Err(format!("--- RDB ERROR DETECTED ---\n[offset {offset}] {text}{key}"))
        }
    }
}

fn summary(checked: &Checked) -> String {
    format!(
        "[info] version {}, {} keys read, {} expires, {} already expired",
        checked.version, checked.keys, checked.expires, checked.expired
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8], fix: bool) -> (bool, String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut out = Vec::new();
        let is_right = check_file(file.path(), fix, &mut out);
        (is_right, String::from_utf8(out).unwrap())
    }

    #[test]
    fn snapshots() {
        let (is_right, text) = told(b"REDIS0004\0\x01k\x01v\xff", false);
        assert!(is_right && text.contains("1 keys read") && text.contains("[offset 15] \\o/ RDB looks OK"), "{text}");
        let (is_right, text) = told(b"REDIS0004\0\x01k\x02v", false);
        assert!(!is_right && text.contains("[offset 14] unexpected end"), "{text}");
        let (is_right, text) = told(b"REDIS0004\x0b\x01k\x01v\xff", false);
        assert!(!is_right && text.contains("(key 'k')"), "{text}");
        assert!(!told(b"REDIS0004\xff", true).0);
        assert!(!told(b"rubbish", false).0);
    }
}
