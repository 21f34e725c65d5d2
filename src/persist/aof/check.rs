//! `nyala check` for logs: a manifest with all its files, or one file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use super::load::{LoadError, Reader};
use super::manifest::Manifest;
use crate::persist::rdb;

/// Verifies the files that a manifest names.
///
/// # Errors
/// The text that says what is wrong first.
pub fn check_manifest(path: &Path, fix: bool, out: &mut dyn Write) -> Result<String, String> {
    let name = path.display();
    let manifest = Manifest::read(path).map_err(|error| format!("Cannot read file {name}: {error}"))?;
    let manifest = manifest.ok_or_else(|| format!("Cannot read file {name}: it is not there"))?;
    let _ = writeln!(out, "Start checking Multi Part AOF");
    let files = manifest.loaded();
    let last = files.len().saturating_sub(1);
    for (at, file) in files.enumerate() {
        let checked = check_log(&path.with_file_name(&file.name), fix, at == last, out)?;
        let _ = writeln!(out, "{checked}");
    }
    Ok("All AOF files and manifest are valid".to_owned())
}

/// Verifies one file. With `fix` it may be cut off behind what is right, after a question, if it is the last of its log.
///
/// # Errors
/// As [`check_manifest`].
pub fn check_log(path: &Path, fix: bool, is_last: bool, out: &mut dyn Write) -> Result<String, String> {
    let name = path.display();
    let (len, whole, fault) = verify(path).map_err(|error| format!("AOF {name} is not valid. {error}"))?;
    let Some(fault) = fault else { return Ok(format!("AOF {name} is valid: {len} bytes")) };
    let wrong = format!("[offset {whole}] AOF {name} is not valid: {fault}; {} of {len} bytes are right", whole);
    if !fix {
        return Err(format!("{wrong}. Use the --fix option to try fixing it."));
    }
    if !is_last {
        return Err(format!("{wrong}. Failed to truncate AOF {name} because it is not the last file"));
    }
    let _ = write!(out, "{wrong}\nThis will shrink the AOF from {len} bytes to {whole} bytes\nContinue? [y/N]: ");
    let _ = out.flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    if !answer.trim_start().starts_with(['y', 'Y']) {
        return Err("Aborting...".to_owned());
    }
    let cut =
        File::options().write(true).open(path).and_then(|file| file.set_len(whole).and_then(|()| file.sync_all()));
    cut.map_err(|error| format!("Failed to truncate AOF {name}: {error}"))?;
    Ok(format!("Successfully truncated AOF {name}"))
}

/// Bytes of the file, of what is right at its head, and what is wrong behind that.
fn verify(path: &Path) -> Result<(u64, u64, Option<LoadError>), String> {
    let text = |error: io::Error| error.to_string();
    let mut file = File::open(path).map_err(text)?;
    let len = file.metadata().map_err(text)?.len();
    let mut start = 0;
    if rdb::is_snapshot(&mut file).map_err(text)? {
        start = match rdb::check(&mut BufReader::new(&file)) {
            Ok(checked) => checked.bytes,
            Err((error, checked)) => return Err(format!("[offset {}] its snapshot: {error}", checked.bytes)),
        };
        file.seek(SeekFrom::Start(start)).map_err(text)?;
    }
    let mut reader = Reader::new(BufReader::new(file), start, len);
    loop {
        match reader.next_item() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok((len, len, None)),
            Err(error) => {
                let whole = reader.whole();
                return Ok((len, whole, Some(error)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_place_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("a.aof"), "*1\r\n$4\r\nPING\r\n").unwrap();
        std::fs::write(path("b.aof"), "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI").unwrap();
        let mut out = Vec::new();
        assert!(check_log(&path("a.aof"), false, true, &mut out).is_ok());
        let wrong = check_log(&path("b.aof"), false, true, &mut out).unwrap_err();
        assert!(wrong.contains("[offset 14]") && wrong.contains("not valid"), "{wrong}");
        let manifest = |text: &str| {
            std::fs::write(path("x.manifest"), text).unwrap();
            check_manifest(&path("x.manifest"), true, &mut Vec::new())
        };
        assert!(manifest("file a.aof seq 1 type b\n").is_ok());
        let wrong = manifest("file b.aof seq 1 type b\nfile a.aof seq 1 type i\n").unwrap_err();
        assert!(wrong.contains("not the last file"), "{wrong}");
        assert!(manifest("file c.aof seq 1 type b\n").is_err() && manifest("rubbish\n").is_err());
    }
}
