//! Reading configuration: lines of files, of the standard input and of the command line become values.
//!
//! Format: that of redis.conf. Each line is a word and its arguments, cut by [`split_args`]; `#` begins a comment line.

use super::param::Kind;
use super::store::parse;
use super::table::ParamId;
use super::user::DefaultUser;
use super::value::{Reason, Value, split_text};
use super::{Config, Rename, include};
use crate::util::os::error_text;
use crate::util::split_args::split_args;
use std::fmt;
use std::path::{Path, PathBuf};

/// Files that may be open at once: the first and those it includes.
const DEPTH_MAX: usize = 16;
const BAD: &str = "Bad directive or wrong number of arguments";

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File(PathBuf),
    /// On the standard input.
    Stdin,
    /// On the command line; lines are counted by options.
    CommandLine,
}

/// Why the configuration could not be read. The text is for the standard error stream, with Redis's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// A file cannot be read.
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A line is wrong, or asks for what the server does not do.
    Line {
        /// Where it stands.
        origin: Origin,
        /// Its number, from 1.
        number: usize,
        /// The line.
        line: String,
        /// What is wrong.
        reason: Reason,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (origin, number, line, reason) = match self {
            LoadError::Open { path, reason } => {
                return write!(f, "Fatal error, can't open config file '{}': {reason}", path.display());
            }
            LoadError::Line { origin, number, line, reason } => (origin, number, line, reason),
        };
        writeln!(f, "*** FATAL CONFIG FILE ERROR (Nyala {}) ***", env!("CARGO_PKG_VERSION"))?;
        match origin {
            Origin::File(path) => {
                writeln!(f, "Reading the configuration file, at line {number} of {}", path.display())?
            }
            Origin::Stdin => writeln!(f, "Reading the configuration file, at line {number} of the standard input")?,
            Origin::CommandLine => writeln!(f, "Reading the command line, at option {number}")?,
        }
        write!(f, ">>> '{line}'\n{reason}")
    }
}

impl std::error::Error for LoadError {}

/// What ends the reading of a line: a fault of its own, or one in a file it includes.
enum Fault {
    Here(Reason),
    Below(LoadError),
}

impl<R: Into<Reason>> From<R> for Fault {
    fn from(reason: R) -> Fault {
        Fault::Here(reason.into())
    }
}

/// Fills a [`Config`] line by line.
pub(super) struct Loader {
    config: Config,
    /// The first `save` line replaces the default save points, later ones add to it.
    save_seen: bool,
    user: Option<DefaultUser>,
    depth: usize,
}

impl Loader {
    pub(super) fn new() -> Loader {
        Loader { config: Config::new(), save_seen: false, user: None, depth: 0 }
    }

    /// Ends the reading. `file` is where CONFIG REWRITE writes.
    pub(super) fn finish(mut self, file: Option<PathBuf>) -> Config {
        if let Some(user) = self.user {
            self.config.put(const { ParamId::of("requirepass") }, Value::Text(user.password));
        }
        self.config.file = file;
        self.config
    }

    pub(super) fn file(&mut self, path: &Path) -> Result<(), LoadError> {
        let text =
            std::fs::read(path).map_err(|error| LoadError::Open { path: path.into(), reason: error_text(&error) })?;
        self.text(&Origin::File(path.into()), &text)
    }

    pub(super) fn text(&mut self, origin: &Origin, text: &[u8]) -> Result<(), LoadError> {
        for (at, line) in text.split(|&b| b == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"\0") {
                continue;
            }
            self.line(origin, at + 1, line, split_args(line))?;
        }
        Ok(())
    }

    /// Takes one line, already cut into words unless its quotes do not balance.
    pub(super) fn line(
        &mut self,
        origin: &Origin,
        number: usize,
        line: &[u8],
        words: Option<Vec<Vec<u8>>>,
    ) -> Result<(), LoadError> {
        let done = match words.as_deref() {
            None => Err("Unbalanced quotes in configuration line".into()),
            Some([]) => Ok(()),
            Some([name, args @ ..]) => {
                let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
                self.directive((origin, number), name, &args)
            }
        };
        done.map_err(|fault| match fault {
            Fault::Below(error) => error,
            Fault::Here(reason) => {
                let line = String::from_utf8_lossy(line).into_owned();
                LoadError::Line { origin: origin.clone(), number, line, reason }
            }
        })
    }

    fn directive(&mut self, place: (&Origin, usize), name: &[u8], args: &[&[u8]]) -> Result<(), Fault> {
        if let Some(id) = ParamId::find(name) {
            return Ok(self.param(id, args)?);
        }
        match (name.to_ascii_lowercase().as_slice(), args) {
            (b"include", [pattern]) => self.include(pattern),
            (b"rename-command", [from, to]) => {
                let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
                let place = (place.0.clone(), place.1);
                self.config.renames.push(Rename { place, from: text(from), to: text(to) });
                Ok(())
            }
            (b"user", [name, rules @ ..]) => {
                if self.user.is_some() && name == b"default" {
                    return Err("Error in user declaration 'default': Duplicate user found. A user can only be \
                                defined once in config files"
                        .into());
                }
                self.user = Some(DefaultUser::parse(name, rules)?);
                Ok(())
            }
            (b"loadmodule", [_, ..]) => Err("modules cannot be loaded".into()),
            (b"sentinel", [_, ..]) => Err("sentinel directive while not in sentinel mode".into()),
            (b"list-max-ziplist-entries" | b"list-max-ziplist-value" | b"lua-replicate-commands", [_]) => Ok(()),
            _ => Err(BAD.into()),
        }
    }

    fn param(&mut self, id: ParamId, args: &[&[u8]]) -> Result<(), Reason> {
        let kind = &id.param().kind;
        if args.is_empty() && *kind == Kind::Primary {
            return Err("wrong number of arguments".into());
        }
        // One argument with spaces in it may hold a whole list.
        let args = match args {
            [text] => split_text(kind, text),
            _ => args.to_vec(),
        };
        let current = self.config.value(id);
        let value = match (parse(id.param(), &args, &current)?, current) {
            (Value::SavePoints(new), Value::SavePoints(old)) if self.save_seen && !new.is_empty() => {
                Value::SavePoints([old, new].concat())
            }
            (value, _) => value,
        };
        self.save_seen |= *kind == Kind::SavePoints;
        self.config.put(id, value);
        Ok(())
    }

    fn include(&mut self, pattern: &[u8]) -> Result<(), Fault> {
        if self.depth + 1 >= DEPTH_MAX {
            return Err(format!("files are included more than {DEPTH_MAX} deep").into());
        }
        self.depth += 1;
        for path in include::expand(&self.config.dir(), pattern) {
            self.file(&path).map_err(|error| match error {
                LoadError::Open { path, reason } => {
                    Fault::Here(format!("can't open config file '{}': {reason}", path.display()).into())
                }
                error => Fault::Below(error),
            })?;
        }
        self.depth -= 1;
        Ok(())
    }
}
