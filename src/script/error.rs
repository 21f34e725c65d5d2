//! How a run ends other than with a value.

use std::fmt;

/// A run is ended from outside; no script can catch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SCRIPT KILL, FUNCTION KILL.
    Killed,
    /// It needs a shard that is not locked: it is to be run again with all of them.
    NeedsAllShards,
    /// It takes too long for a worker: it is to be run again on a thread of its own.
    TooLong,
    /// A library takes too long to load.
    LoadTimeout,
}

/// A script error that nobody has caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The error, its code first.
    pub text: Vec<u8>,
    /// Chunk (as Lua names it, `@user_script`) and line where it arose, if Lua knows.
    pub place: Option<(String, usize)>,
    /// It was the reply of a command, and counted as such.
    pub is_counted: bool,
}

/// What a function of the sandbox raises.
#[derive(Debug, Clone)]
pub(super) enum Raised {
    /// An error of `redis.*`: a table with this `err` for those who see tables, else this text.
    Reply(Vec<u8>),
    /// The same, of a command: it was counted when that was run or refused.
    Counted(Vec<u8>),
    /// A text, as Lua's own functions raise it, position included.
    Text(Vec<u8>),
    /// See [`Stop`].
    Stop(Stop),
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raised::Reply(text) | Raised::Counted(text) | Raised::Text(text) => {
                f.write_str(&String::from_utf8_lossy(text))
            }
            Raised::Stop(_) => f.write_str("the script is stopped"),
        }
    }
}

impl std::error::Error for Raised {}

impl Raised {
    /// An error of `redis.*`.
    pub(super) fn reply(text: impl Into<Vec<u8>>) -> mlua::Error {
        mlua::Error::external(Raised::Reply(text.into()))
    }

    /// Finds what was raised inside of what mlua has made of it.
    pub(super) fn of(error: &mlua::Error) -> Raised {
        let mut inner = error;
        while let mlua::Error::CallbackError { cause, .. } = inner {
            inner = cause;
        }
        if let mlua::Error::ExternalError(external) = inner
            && let Some(raised) = external.downcast_ref::<Raised>()
        {
            return raised.clone();
        }
        match inner {
            mlua::Error::MemoryError(_) => Raised::Text(b"not enough memory".to_vec()),
            mlua::Error::RuntimeError(text) => Raised::Text(text.clone().into_bytes()),
            other => Raised::Text(other.to_string().into_bytes()),
        }
    }
}
