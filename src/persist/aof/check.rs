//! `nyala check` for logs: a manifest with all its files, or one file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use super::file::cut_off;
use super::load::{Item, LoadError, Reader};
use super::manifest::Manifest;
use crate::persist::rdb;

/// What may be cut off the end of a log, after a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Nothing,
    /// What cannot be read.
    Faulty,
    /// What happened later than so many seconds after 1970, as far as the log tells (`#TS:`).
    Later(u64),
}

/// Who is told what is found, and asked.
pub struct Dialogue<'a> {
    /// Answers, a line each.
    pub answers: &'a mut dyn BufRead,
    /// What is told.
    pub out: &'a mut dyn Write,
}

impl std::fmt::Debug for Dialogue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dialogue")
    }
}

impl Dialogue<'_> {
    /// Tells a line.
    pub fn say(&mut self, text: &str) {
        // Nobody is there to be told that nobody listens.
        let _ = writeln!(self.out, "{text}");
    }

    fn agrees(&mut self, question: &str) -> bool {
        let _ = write!(self.out, "{question}\nContinue? [y/N]: ");
        let _ = self.out.flush();
        let mut answer = String::new();
        let _ = self.answers.read_line(&mut answer);
        answer.trim_start().starts_with(['y', 'Y'])
    }
}

/// Verifies the files that a manifest names.
///
/// # Errors
/// The text that says what is wrong first.
pub fn check_manifest(path: &Path, cut: Cut, dialogue: &mut Dialogue<'_>) -> Result<String, String> {
    let name = path.display();
    let manifest = Manifest::read(path).map_err(|error| format!("Cannot read file {name}: {error}"))?;
    let manifest = manifest.ok_or_else(|| format!("Cannot read file {name}: it is not there"))?;
    dialogue.say("Start checking Multi Part AOF");
    let files = manifest.loaded();
    let last = files.len().saturating_sub(1);
    for (at, file) in files.enumerate() {
        let checked = check_log(&path.with_file_name(&file.name), cut, at == last, dialogue)?;
        dialogue.say(&checked);
    }
    Ok("All AOF files and manifest are valid".to_owned())
}

/// Verifies one file, of which `cut` may be cut off if it is the last of its log.
///
/// # Errors
/// As [`check_manifest`].
pub fn check_log(path: &Path, cut: Cut, is_last: bool, dialogue: &mut Dialogue<'_>) -> Result<String, String> {
    let name = path.display();
    let found = verify(path, cut).map_err(|error| format!("AOF {name} is not valid. {error}"))?;
    let Verified { len, whole, .. } = found;
    let (what, goal) = match (found.end, cut) {
        (End::Whole, Cut::Later(time_s)) => return Ok(format!("Truncate nothing in AOF {name} to timestamp {time_s}")),
        (End::Whole, _) => return Ok(format!("AOF {name} is valid: {len} bytes")),
        (End::Later(time_s), _) if whole == 0 => {
            return Err(format!("AOF {name} has nothing before timestamp {time_s}, aborting..."));
        }
        (End::Later(time_s), _) => {
            (format!("[offset {whole}] AOF {name} goes on later than {time_s}"), format!(" to timestamp {time_s}"))
        }
        (End::Wrong(fault), _) => {
            let what = format!("[offset {whole}] AOF {name} is not valid: {fault}; {whole} of {len} bytes are right");
            if cut != Cut::Faulty {
                return Err(format!("{what}. Use the --fix option to try fixing it."));
            }
            (what, String::new())
        }
    };
    if !is_last {
        return Err(format!("{what}. Failed to truncate AOF {name}{goal} because it is not the last file"));
    }
    if !dialogue.agrees(&format!("{what}\nThis will shrink the AOF from {len} bytes to {whole} bytes")) {
        return Err("Aborting...".to_owned());
    }
    cut_off(path, whole).map_err(|error| format!("Failed to truncate AOF {name}{goal}: {error}"))?;
    Ok(format!("Successfully truncated AOF {name}{goal}"))
}

/// How far a file was read.
struct Verified {
    /// Bytes of the file.
    len: u64,
    /// Bytes at its head that may stay.
    whole: u64,
    end: End,
}

/// What is behind them.
enum End {
    Whole,
    /// What happened later than this many seconds after 1970.
    Later(u64),
    Wrong(LoadError),
}

fn verify(path: &Path, cut: Cut) -> Result<Verified, String> {
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
        let whole = reader.whole();
        let end = match (reader.next_item(), cut) {
            (Ok(Some(Item::Time(at_s))), Cut::Later(time_s)) if at_s > time_s => End::Later(time_s),
            (Ok(Some(_)), _) => continue,
            (Ok(None), _) => End::Whole,
            (Err(error), _) => End::Wrong(error),
        };
        return Ok(Verified { len, whole, end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of a check, and whether it has asked.
    fn check(path: &Path, cut: Cut, is_last: bool, answer: &str) -> (Result<String, String>, bool) {
        let mut out = Vec::new();
        let mut dialogue = Dialogue { answers: &mut answer.as_bytes(), out: &mut out };
        let checked = match path.extension() {
            Some(extension) if extension == "manifest" => check_manifest(path, cut, &mut dialogue),
            _ => check_log(path, cut, is_last, &mut dialogue),
        };
        (checked, String::from_utf8(out).unwrap().contains("Continue? [y/N]"))
    }

    #[test]
    fn the_first_bad_place_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("a.aof"), "*1\r\n$4\r\nPING\r\n").unwrap();
        std::fs::write(path("b.aof"), "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI").unwrap();
        assert!(check(&path("a.aof"), Cut::Nothing, true, "").0.is_ok());
        let wrong = check(&path("b.aof"), Cut::Nothing, true, "").0.unwrap_err();
        assert!(wrong.contains("[offset 14]") && wrong.contains("not valid"), "{wrong}");
        let manifest = |text: &str| {
            std::fs::write(path("x.manifest"), text).unwrap();
            check(&path("x.manifest"), Cut::Faulty, true, "").0
        };
        assert!(manifest("file a.aof seq 1 type b\n").is_ok());
        let wrong = manifest("file b.aof seq 1 type b\nfile a.aof seq 1 type i\n").unwrap_err();
        assert!(wrong.contains("not the last file"), "{wrong}");
        assert!(manifest("file c.aof seq 1 type b\n").is_err() && manifest("rubbish\n").is_err());
    }

    #[test]
    fn what_is_wrong_is_cut_off_after_a_question() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.aof");
        std::fs::write(&path, "*1\r\n$4\r\nPING\r\n*1\r\n").unwrap();
        assert_eq!(check(&path, Cut::Faulty, true, "n\n"), (Err("Aborting...".to_owned()), true));
        let (fixed, _) = check(&path, Cut::Faulty, true, "y\n");
        assert!(fixed.as_ref().is_ok_and(|text| text.contains("Successfully truncated")), "{fixed:?}");
        assert_eq!(std::fs::read(&path).unwrap(), b"*1\r\n$4\r\nPING\r\n");
        assert!(!check(&path, Cut::Faulty, true, "").1, "there is nothing more to ask");
    }

    #[test]
    fn a_log_goes_back_to_a_point_in_time() {
        const PING: &str = "*1\r\n$4\r\nPING\r\n";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.aof");
        let log = format!("#TS:10\r\n{PING}#TS:11\r\n#TS:12\r\n{PING}#TS:13\r\n");
        std::fs::write(&path, format!("{log}rubbish")).unwrap();
        let read = || std::fs::read_to_string(&path).unwrap();
        let later = |time_s, is_last, answer| check(&path, Cut::Later(time_s), is_last, answer);

        let wrong = later(13, true, "y\n").0.unwrap_err();
        assert!(wrong.contains("not valid") && wrong.contains("--fix"), "{wrong}");
        assert_eq!(later(12, true, "\n"), (Err("Aborting...".to_owned()), true));
        let (cut, _) = later(12, true, "y\n");
        assert!(cut.as_ref().is_ok_and(|text| text.ends_with("to timestamp 12")), "{cut:?}");
        assert_eq!(read(), log.strip_suffix("#TS:13\r\n").unwrap());

        let (whole, has_asked) = later(12, true, "y\n");
        assert!(whole.is_ok_and(|text| text.starts_with("Truncate nothing")) && !has_asked);
        let wrong = later(11, false, "y\n").0.unwrap_err();
        assert!(wrong.contains("not the last file"), "{wrong}");
        later(11, true, "y\n").0.unwrap();
        assert_eq!(read(), format!("#TS:10\r\n{PING}#TS:11\r\n"));
        let (nothing, has_asked) = later(9, true, "y\n");
        assert!(nothing.is_err_and(|text| text.contains("nothing before timestamp 9, aborting")) && !has_asked);
    }
}
