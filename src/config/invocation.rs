//! The command line: `nyala [file|-] [--name value ...] [-]`.

use super::Config;
use super::load::{LoadError, Loader, Origin};
use crate::util::number::parse_u64;
use crate::util::os::error_text;
use crate::util::split_args::{quote, split_args};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Serve with this configuration.
    Run(Box<Config>),
    /// Verify a file of the data set.
    Check {
        /// The file.
        path: PathBuf,
        /// Cut off what cannot be read, after asking.
        fix: bool,
        /// Cut off what happened later than so many seconds after 1970, after asking.
        until_s: Option<u64>,
    },
    /// Print the version.
    Version,
    /// Print [`USAGE`].
    Help,
}

/// The text of `--help`.
pub const USAGE: &str = "\
Usage: nyala [FILE | -] [--NAME VALUE ...] [-]
       nyala check [--fix | --truncate-to-timestamp SECONDS] FILE
       nyala -v | --version
       nyala -h | --help

FILE is a redis.conf; '-', first or last, reads one from the standard input. Every parameter may also be given as an
option, which is read after the files: --port 7000 --save \"\" --bind 127.0.0.1 -::1

'check' verifies a snapshot or an append-only file, and says where it is wrong first. After a question --fix cuts off
what cannot be read, and --truncate-to-timestamp what was written later than SECONDS after 1970 (aof-timestamp-enabled);
both only at the end of the last file of a manifest.

Examples:
       nyala
       nyala /etc/nyala.conf --loglevel verbose
       nyala --port 7000 --shards 64 --workers 4
       echo 'maxmemory 1gb' | nyala -
";

/// One option as a line: its text for an error, and its words.
struct OptionLine {
    text: Vec<u8>,
    words: Option<Vec<Vec<u8>>>,
}

impl Invocation {
    /// Reads the arguments after the program's name, the file they name, and `stdin` when `-` asks for it.
    pub fn parse(args: impl IntoIterator<Item = OsString>, stdin: &mut dyn Read) -> Result<Invocation, LoadError> {
        let args: Vec<Vec<u8>> = args.into_iter().map(OsString::into_vec).collect();
        let mut rest = args.as_slice();
        let mut file = None;
        let mut reads_stdin = false;
        match rest.first().map(Vec::as_slice) {
            Some(b"-v" | b"--version") => return Ok(Invocation::Version),
            Some(b"-h" | b"--help") => return Ok(Invocation::Help),
            Some(b"check") if rest.len() > 1 => return Ok(check(&rest[1..])),
            Some(b"-") => {
                reads_stdin = true;
                rest = &rest[1..];
            }
            Some([b'-', ..]) | None => {}
            Some(path) => {
                file = Some(absolute(path));
                rest = &rest[1..];
            }
        }
        if let [before @ .., last] = rest
            && last == b"-"
        {
            reads_stdin = true;
            rest = before;
        }

        let mut loader = Loader::new();
        if let Some(file) = &file {
            loader.file(file)?;
        }
        if reads_stdin {
            let mut text = Vec::new();
            stdin
                .read_to_end(&mut text)
                .map_err(|error| LoadError::Open { path: PathBuf::from("-"), reason: error_text(&error) })?;
            loader.text(&Origin::Stdin, &text)?;
        }
        for (at, OptionLine { text, words }) in option_lines(rest).into_iter().enumerate() {
            loader.line(&Origin::CommandLine, at + 1, text.trim_ascii(), words)?;
        }
        Ok(Invocation::Run(Box::new(loader.finish(file))))
    }
}

/// `check [--fix | --truncate-to-timestamp SECONDS] FILE`; anything else is help.
fn check(args: &[Vec<u8>]) -> Invocation {
    let check = |path: &[u8], fix, until_s| Invocation::Check { path: absolute(path), fix, until_s };
    match args {
        [path] if !path.starts_with(b"-") => check(path, false, None),
        [fix, path] if fix == b"--fix" => check(path, true, None),
        [cut, seconds, path] if cut == b"--truncate-to-timestamp" => match parse_u64(seconds) {
            Some(seconds) => check(path, false, Some(seconds)),
            None => Invocation::Help,
        },
        _ => Invocation::Help,
    }
}

fn absolute(path: &[u8]) -> PathBuf {
    let path = PathBuf::from(OsStr::from_bytes(path));
    std::path::absolute(&path).unwrap_or(path)
}

/// Gathers the options with their values.
///
/// What follows an option's bare name is a value even when it begins with `--`; only `--save` may stand without one.
/// A name and its value may also come as one argument, `"--port 7000"`.
fn option_lines(args: &[Vec<u8>]) -> Vec<OptionLine> {
    let mut lines: Vec<OptionLine> = Vec::new();
    let mut value_must_follow = false;
    for (at, arg) in args.iter().enumerate() {
        match (arg.strip_prefix(b"--"), lines.last_mut()) {
            (Some(name), _) if !value_must_follow => {
                let mut words = split_args(arg);
                if let Some(first) = words.as_mut().and_then(|words| words.first_mut()) {
                    first.drain(..2);
                }
                let mut text = name.to_vec();
                value_must_follow = words.as_ref().is_some_and(|words| words.len() == 1);
                let ends = args.get(at + 1).is_none_or(|next| next.starts_with(b"--"));
                if value_must_follow && ends && name.trim_ascii().eq_ignore_ascii_case(b"save") {
                    value_must_follow = false;
                    words.get_or_insert_default().push(Vec::new());
                    text.extend(b" \"\"");
                }
                lines.push(OptionLine { text, words });
            }
            (_, None) => lines.push(OptionLine { text: quote(arg), words: Some(vec![arg.clone()]) }),
            (_, Some(line)) => {
                value_must_follow = false;
                line.text.push(b' ');
                line.text.extend(quote(arg));
                if let Some(words) = &mut line.words {
                    words.push(arg.clone());
                }
            }
        }
    }
    lines
}
