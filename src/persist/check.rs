//! `nyala check FILE`: verifies a file of the data set and says the first place where it is wrong.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::aof::check::{Cut, Dialogue, check_log, check_manifest};
use super::rdb::{self, Checked, LoadError};

/// Verifies the file and reports; false when it is wrong. `cut`: what is to be cut off it, which only an append-only one
/// suffers.
pub fn check_file(path: &Path, cut: Cut, dialogue: &mut Dialogue<'_>) -> bool {
    let checked = run(path, cut, dialogue);
    let (Ok(text) | Err(text)) = &checked;
    dialogue.say(text);
    checked.is_ok()
}

fn run(path: &Path, cut: Cut, dialogue: &mut Dialogue<'_>) -> Result<String, String> {
    let name = path.display();
    let mut file = File::open(path).map_err(|error| format!("Cannot open file {name}: {error}"))?;
    let unreadable = |error| format!("Cannot read file {name}: {error}");
    let is_snapshot = rdb::is_snapshot(&mut file).map_err(unreadable)?;
    let mut first = [0];
    let is_log = file.read(&mut first).map_err(unreadable)? > 0 && matches!(first, [b'*' | b'#']);
    file.rewind().map_err(unreadable)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("manifest") => return check_manifest(path, cut, dialogue),
        Some("aof") => return check_log(path, cut, true, dialogue),
        _ if is_log => return check_log(path, cut, true, dialogue),
        _ if !is_snapshot => return Err(format!("{name}: not a snapshot: [offset 0] Wrong file signature")),
        _ => {}
    }
    if cut != Cut::Nothing {
        return Err(format!("{name}: a snapshot cannot be cut or fixed, only an append-only file can"));
    }
    dialogue.say(&format!("[offset 0] Checking RDB file {name}"));
    let mut source = BufReader::new(file);
    match rdb::check(&mut source) {
        Ok(checked) => {
            dialogue.say(&summary(&checked));
            Ok(format!("[offset {}] \\o/ RDB looks OK! \\o/", checked.bytes))
        }
        Err((error, checked)) => {
            dialogue.say(&summary(&checked));
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

    fn told(bytes: &[u8], cut: Cut) -> (bool, String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut out = Vec::new();
        let is_right = check_file(file.path(), cut, &mut Dialogue { answers: &mut &b"y"[..], out: &mut out });
        (is_right, String::from_utf8(out).unwrap())
    }

    #[test]
    fn snapshots() {
        let (is_right, text) = told(b"REDIS0004\0\x01k\x01v\xff", Cut::Nothing);
        assert!(is_right && text.contains("1 keys read") && text.contains("[offset 15] \\o/ RDB looks OK"), "{text}");
        let (is_right, text) = told(b"REDIS0004\0\x01k\x02v", Cut::Nothing);
        assert!(!is_right && text.contains("[offset 14] unexpected end"), "{text}");
        let (is_right, text) = told(b"REDIS0004\x0b\x01k\x01v\xff", Cut::Nothing);
        assert!(!is_right && text.contains("(key 'k')"), "{text}");
        assert!(!told(b"REDIS0004\xff", Cut::Faulty).0);
        assert!(!told(b"rubbish", Cut::Nothing).0);
    }
}
