//! The gate: every command passes here, whoever sent it.
//!
//! [`Executor::execute`] takes one request through: (1) find the row, ordered checks, (2) declared keys to shards,
//! (3) lock ascending, (4) handler, (5) unlock, (6) counters, slow log, MONITOR. A command that cannot run now answers
//! a [`Step::Wait`]: the connection waits without holding anything and hands in the same request again.
//!
//! May import: commands and everything below.

mod after;
mod checks;
pub mod cron;
mod find;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use crate::client::{Session, SessionFlags};
use crate::commands::keys::{FoundKey, find_keys};
use crate::commands::spec::{Handler, Run};
use crate::commands::{Args, Cx, DeclaredKey, Error, Flow, Registered};
use crate::keyspace::{Busy, Locked, ShardId};
use crate::resp::{Args as Argv, Output, Protocol, Reply, output::Mark};
use crate::state::Server;
use crate::stats::WorkerStats;
use crate::util::clock::{ticks, ticks_to_ns};

/// What the connection does after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Goes on with the next request.
    Next,
    /// Sends what is written and closes.
    Close,
    /// Waits, then hands in the same request again. Nothing has been written or changed.
    Wait(Wait),
}

/// Why a request must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A long command holds a shard: until [`Server::shards_released`].
    Shards,
    /// It is long itself: until a [`Executor::blocking`] one has run it on a thread of its own.
    Long,
    /// Clients are paused: until [`crate::state::Pause::ended`].
    Paused,
}

/// Runs requests on one thread; keeps the memory that they need from one to the next.
#[derive(Debug)]
pub struct Executor {
    server: Arc<Server>,
    /// The worker's number; `None` on a blocking thread, where a command may take its time.
    worker: Option<usize>,
    found: Vec<FoundKey>,
    keys: Vec<DeclaredKey>,
    /// Commands until the next whose shard hold time is recorded.
    until_sample: u32,
}

/// Every so many commands the time for which the shard was held is recorded.
const HOLD_SAMPLE: u32 = 64;

/// What is needed to finish a command once its handler has run.
struct Finished {
    command: &'static Registered,
    mark: Mark,
    started: u64,
    ns: u64,
}

impl Executor {
    /// For the worker with that number.
    #[must_use]
    pub fn worker(server: Arc<Server>, worker: usize) -> Executor {
        Executor::new(server, Some(worker))
    }

    /// For a blocking thread.
    #[must_use]
    pub fn blocking(server: Arc<Server>) -> Executor {
        Executor::new(server, None)
    }

    fn new(server: Arc<Server>, worker: Option<usize>) -> Executor {
        Executor { server, worker, found: Vec::new(), keys: Vec::new(), until_sample: HOLD_SAMPLE }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The counters of this thread.
    #[must_use]
    pub fn stats(&self) -> &WorkerStats {
        self.worker.map_or_else(|| self.server.stats.other(), |worker| self.server.stats.worker(worker))
    }

    /// Takes one request through the gate. `argv` has at least one argument. Locking: the shards of the request's keys,
    /// for the time of its handler.
    pub fn execute(&mut self, session: &mut Session, argv: Argv<'_>, output: &mut Output) -> Step {
        let mark = output.mark();
        let command = match find::find(argv) {
            Ok(command) => command,
            Err(error) => return self.refuse(session, None, &error, output),
        };
        if checks::needed(&self.server, session, command) {
            match checks::run(&self.server, session, command) {
                Ok(()) => {}
                Err(checks::Refusal::Error(error)) => return self.refuse(session, Some(command), &error, output),
                Err(checks::Refusal::Wait(wait)) => return Step::Wait(wait),
            }
        }
        let server = Arc::clone(&self.server);
        let started = ticks();
        let (handler, locked) = match self.lock(&server, session, command, argv, server.clock.at_us(started) / 1000) {
            Ok(locked) => locked,
            Err(Busy(_)) => return Step::Wait(Wait::Shards),
        };
        let mut cx = Cx {
            server: &server,
            reply: Reply::new(output, protocol(session)),
            session,
            db: locked,
            command,
            on_worker: self.worker.is_some(),
        };
        let keys = std::mem::take(&mut self.keys);
        let mut args = Args::new(argv, command.words, &keys);
        let outcome = catch_unwind(AssertUnwindSafe(|| handler(&mut cx, &mut args)));
        self.keys = keys;
        let flow = match outcome {
            Ok(Ok(flow)) => flow,
            Ok(Err(Error::Reply(text))) => {
                cx.reply.undo(mark);
                cx.reply.error(&text);
                Flow::Done
            }
            Ok(Err(Error::TooLongForWorker)) => {
                drop(cx);
                output.truncate(mark);
                return Step::Wait(Wait::Long);
            }
            Err(_) => {
                cx.reply.undo(mark);
                after::panicked(self.stats(), &mut cx);
                Flow::Close
            }
        };
        let ns = ticks_to_ns(ticks() - started);
        self.finish(cx, argv, Finished { command, mark, started, ns }, flow)
    }

    /// Finds the declared keys and locks their shards.
    fn lock<'k>(
        &mut self,
        server: &'k Server,
        session: &Session,
        command: &Registered,
        argv: Argv<'_>,
        now_ms: u64,
    ) -> Result<(Handler, Locked<'k>), Busy> {
        self.keys.clear();
        let keyspace = &server.keyspace;
        let on_worker = self.worker.is_some();
        match command.spec.run {
            Run::Keys(handler) if command.single_key != 0 => {
                let position = command.single_key;
                let hash = keyspace.hash(argv.get(usize::from(position)));
                self.keys.push(DeclaredKey { position: u32::from(position), hash });
                let locked = Locked::one(keyspace, keyspace.shard_of(hash), on_worker, session.db, now_ms)?;
                Ok((handler, locked))
            }
            Run::Keys(handler) => {
                // Arguments that do not fit the specs declare no key: the handler finds the fault and answers it.
                if find_keys(command.spec, argv, &mut self.found).is_err() {
                    self.found.clear();
                }
                let mut shards: SmallVec<[ShardId; 16]> = SmallVec::new();
                for found in &self.found {
                    let hash = keyspace.hash(argv.get(found.position as usize));
                    self.keys.push(DeclaredKey { position: found.position, hash });
                    shards.push(keyspace.shard_of(hash));
                }
                shards.sort_unstable();
                shards.dedup();
                let shards = shards.into_iter();
                Ok((handler, Locked::many(keyspace, shards, on_worker, session.db, now_ms)?))
            }
            Run::Global(handler) => Ok((handler, Locked::all(keyspace, on_worker, session.db, now_ms)?)),
            Run::Plain(handler) => Ok((handler, Locked::none(keyspace, session.db, now_ms))),
            Run::Container => unreachable!("a container is never found as the command to run"),
        }
    }

    /// Unlocks, then counts and logs.
    fn finish(&mut self, cx: Cx<'_>, argv: Argv<'_>, finished: Finished, mut flow: Flow) -> Step {
        let Cx { server, session, mut reply, mut db, .. } = cx;
        self.until_sample -= 1;
        if self.until_sample == 0 {
            self.until_sample = HOLD_SAMPLE;
            db.record_hold(finished.ns);
        }
        let effects = db.unlock();
        let stats = self.stats();
        let command = finished.command;
        stats.record_call(command.id, finished.ns, server.config.latency_tracking());
        after::count(stats, &effects);
        if reply.errors() > 0 {
            after::failed(stats, command, &reply);
        }
        session.client.facts.last_command.store(command.id + 1, Relaxed);
        if finished.ns >= server.attention_ns() {
            after::slow(server, session, command, argv, &finished);
        }
        if server.gate().intersects(crate::state::Gate::MONITORED) {
            after::monitor(server, session, command, argv, finished.started);
        }
        if session.is(SessionFlags::REPLY_OFF | SessionFlags::REPLY_SKIP | SessionFlags::REPLY_SKIP_NEXT) {
            after::drop_reply(session, command, &mut reply, finished.mark);
        }
        if effects.is_heavy() {
            server.lazy_free.free(effects);
        }
        if session.is(SessionFlags::CLOSE_AFTER_REPLY) {
            flow = Flow::Close;
        }
        match flow {
            Flow::Done => Step::Next,
            Flow::Close => Step::Close,
        }
    }

    /// Answers a request that was not run.
    fn refuse(
        &mut self,
        session: &mut Session,
        command: Option<&'static Registered>,
        error: &Error,
        output: &mut Output,
    ) -> Step {
        let mark = output.mark();
        let mut reply = Reply::new(output, protocol(session));
        let Error::Reply(text) = error else { return Step::Wait(Wait::Long) };
        reply.error(text);
        let stats = self.stats();
        after::refused(stats, command, &reply);
        if session.is(SessionFlags::REPLY_OFF | SessionFlags::REPLY_SKIP | SessionFlags::REPLY_SKIP_NEXT) {
            reply.undo(mark);
        }
        Step::Next
    }
}

fn protocol(session: &Session) -> Protocol {
    if session.proto == 3 { Protocol::Resp3 } else { Protocol::Resp2 }
}
