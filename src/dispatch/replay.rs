//! Repeats what the journal has recorded: the loader of an append-only file hands its commands in here.
//!
//! Commands of a log are no requests: nobody is asked whether they may run, nothing is counted, nobody gets a reply. Time
//! stands at 1970 for them, so that nothing expires before the log says so; what has expired meanwhile is found
//! afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{context, find, lock};
use crate::client::{Client, Endpoint, Session};
use crate::commands::keys::FoundKey;
use crate::commands::{Args, DeclaredKey, Error};
use crate::resp::{Args as Argv, Output, OwnedArgs};
use crate::state::Server;

/// Runs recorded commands, the commands of a unit all at its end.
#[derive(Debug)]
pub struct Replay {
    server: Arc<Server>,
    session: Session,
    output: Output,
    found: Vec<FoundKey>,
    keys: Vec<DeclaredKey>,
    /// The commands since MULTI.
    unit: Option<Vec<OwnedArgs>>,
    failed: u64,
}

/// The log holds what cannot be repeated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.escape_ascii())]
pub struct Unrepeatable(Box<[u8]>);

impl Replay {
    /// Begins in database 0.
    #[must_use]
    pub fn new(server: Arc<Server>) -> Replay {
        let session = Session::new(Arc::new(Client::new(0, Endpoint::Internal, -1, 0, server.clock.now_ms())));
        let (output, found, keys) = (Output::default(), Vec::new(), Vec::new());
        Replay { server, session, output, found, keys, unit: None, failed: 0 }
    }

    /// Whether a unit has begun and not ended.
    #[must_use]
    pub fn is_in_unit(&self) -> bool {
        self.unit.is_some()
    }

    /// Forgets a unit that has not ended.
    pub fn drop_unit(&mut self) {
        self.unit = None;
    }

    /// Commands that answered an error, which they did not when they were recorded.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Takes the next command. `argv` has at least one argument. Locking: the shards of its keys.
    ///
    /// # Errors
    /// There is no such command, or it takes another number of arguments.
    pub fn apply(&mut self, argv: Argv<'_>) -> Result<(), Unrepeatable> {
        let is = |word: &[u8]| argv.get(0).eq_ignore_ascii_case(word);
        match &mut self.unit {
            None if is(b"MULTI") => self.unit = Some(Vec::new()),
            Some(_) if is(b"EXEC") => {
                for argv in self.unit.take().unwrap_or_default() {
                    self.run(argv.view())?;
                }
            }
            Some(unit) => unit.push(argv.to_owned()),
            None => return self.run(argv),
        }
        Ok(())
    }

    fn run(&mut self, argv: Argv<'_>) -> Result<(), Unrepeatable> {
        let Replay { server, session, output, found, keys, failed, .. } = self;
        let unrepeatable = |error| match error {
            Error::Reply(text) => Unrepeatable((*text).into()),
            Error::TooLongForWorker | Error::ShardBusy => unreachable!("only workers are told so"),
            Error::NeedsAllShards => unreachable!("it is told to handlers' callers alone"),
        };
        let command = find::find(argv).map_err(unrepeatable)?;
        if !command.takes(argv.len()) {
            return Err(unrepeatable(Error::arity(&command.name)));
        }
        let server: &Server = server;
        // What a script will reach for nobody knows.
        let takes_all = command.group.name == "scripting";
        output.clear();
        let mut cx = context(server, session, command, false, 0, output);
        cx.db.access = server.keyspace.access_mode.at(server.clock.now_ms());
        let locked = lock(&mut cx, takes_all, argv, None, found, keys);
        let handler = locked.expect("only workers do not wait for a shard");
        let mut args = Args::new(argv, command.words, keys);
        let answer = catch_unwind(AssertUnwindSafe(|| handler(&mut cx, &mut args)));
        if !matches!(answer, Ok(Ok(_))) || cx.reply.errors() > 0 {
            *failed += 1;
        }
        // What it leaves is dropped here, whatever that costs: a loader has nobody to keep waiting.
        cx.db.unlock_after(argv);
        Ok(())
    }
}
