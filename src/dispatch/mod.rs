//! The gate: every command passes here, whoever sent it.
//!
//! [`Executor::execute`] takes one request through: (1) find the row, ordered checks, (2) declared keys to shards,
//! (3) lock ascending, (4) handler, (5) unlock, (6) counters, slow log, MONITOR. A command that cannot run now answers
//! a [`Step::Wait`]: the connection waits without holding anything and hands in the same request again.
//!
//! May import: commands and everything below.

mod after;
mod ahead;
mod checks;
pub mod cron;
mod find;
mod load;
mod memory;
mod nested;
mod notify;
mod replay;
mod serve;
pub mod start;
mod tracking;
mod transaction;

pub use ahead::AHEAD_MAX;
pub use load::start_log;
pub use replay::{Replay, Unrepeatable};
pub use serve::{EndOfWait, end_long, end_wait};
pub use transaction::end_session;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use crate::client::{Client, Session, SessionFlags};
use crate::commands::keys::{FoundKey, find_keys};
use crate::commands::spec::{Flags, Handler, Run};
use crate::commands::{Args, Cx, DeclaredKey, Error, Flow, Registered, error};
use crate::keyspace::evict::Evictor;
use crate::keyspace::{Busy, Effects, Keyspace, Locked, ShardId, events};
use crate::resp::{Args as Argv, Output, Protocol, Reply, output::Mark};
use crate::state::{Gate, Server};
use crate::stats::WorkerStats;
use crate::util::clock::{ticks, ticks_to_ns};

/// What the connection does after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Goes on with the next request.
    Next,
    /// Sends what is written and closes.
    Close,
    /// Waits, then hands in the same request again, unless told otherwise. Nothing has been written or changed.
    Wait(Wait),
}

/// Why a request must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A long command holds a shard: until [`Keyspace::released`](crate::keyspace::Keyspace::released).
    Shards,
    /// It is long itself: until a [`Executor::blocking`] one has run it on a thread of its own.
    Long,
    /// Clients are paused: until [`crate::state::Pause::ended`].
    Paused,
    /// In a blocking command, under this ticket: until the command is served for it, or the wait ends ([`end_wait`]). The
    /// request is not handed in again.
    Blocked(u64),
}

/// Runs requests on one thread; keeps the memory that they need from one to the next.
#[derive(Debug)]
pub struct Executor {
    server: Arc<Server>,
    /// The worker's number; `None` on a blocking thread, where a command may take its time.
    worker: Option<usize>,
    found: Vec<FoundKey>,
    keys: Vec<DeclaredKey>,
    evictor: Evictor,
    /// Commands until the next whose shard hold time is recorded.
    until_sample: u32,
    /// The request at hand runs under all locks: it has asked for that.
    takes_all: bool,
}

/// Every so many commands the time for which the shard was held is recorded.
const HOLD_SAMPLE: u32 = 64;

/// What keeps a command from running as it was tried.
enum Hindrance {
    /// A long command holds this shard.
    Shard(&'static Registered, ShardId),
    /// It reaches beyond the shards of its keys.
    NeedsAllShards,
}

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
        server.is_shared_as();
        let evictor = Evictor::default();
        Executor {
            server,
            worker,
            found: Vec::new(),
            keys: Vec::new(),
            evictor,
            until_sample: HOLD_SAMPLE,
            takes_all: false,
        }
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
        match self.attempt(session, argv, output) {
            Ok(step) => step,
            Err(Hindrance::Shard(command, shard)) => self.wait_for_shard(session, command, shard, output),
            Err(Hindrance::NeedsAllShards) => self.execute_under_all(session, argv, output),
        }
    }

    #[inline]
    fn attempt(&mut self, session: &mut Session, argv: Argv<'_>, output: &mut Output) -> Result<Step, Hindrance> {
        let mut mark = output.mark();
        let command = match find::find(argv) {
            Ok(command) => command,
            Err(error) => return Ok(self.refuse(session, None, &error, output)),
        };
        if !command.takes(argv.len()) {
            return Ok(self.refuse(session, Some(command), &Error::arity(&command.name), output));
        }
        session.client.facts.last_command.store(command.id + 1, Relaxed);
        let is_gated = checks::needed(&self.server, session, command);
        if is_gated {
            let flags = checks::effective_flags(&self.server, session, command, argv);
            let checked = self.check(session, command, flags);
            if session.is(SessionFlags::TRACKING) {
                mark = self.tell_first(session, output);
            }
            match checked {
                Ok(()) => {}
                Err(checks::Refusal::Error(error)) => return Ok(self.refuse(session, Some(command), &error, output)),
                Err(checks::Refusal::Wait(wait)) => return Ok(Step::Wait(wait)),
            }
            if session.is(SessionFlags::MULTI) && transaction::is_queued(command) {
                return Ok(transaction::queue(&self.server, session, command, flags, argv, output));
            }
        }
        let Executor { server, worker, found, keys, until_sample, takes_all, .. } = self;
        let (server, on_worker): (&Server, bool) = (server, worker.is_some());
        let stats = worker.map_or_else(|| server.stats.other(), |worker| server.stats.worker(worker));
        let started = ticks();
        let now_ms = server.clock.at_us(started) / 1000;
        let takes_all = *takes_all;
        // Not even a thread that may wait does so behind a long command: whoever asks is told when that is a script whose
        // time is up.
        let mut locked = lock(server, true, takes_all, session, command, argv, now_ms, found, keys);
        if !command.spec.flags.contains(Flags::READONLY) && locked.as_ref().is_ok_and(|(_, db)| db.has_unserved()) {
            serve_first(server, stats, on_worker, locked);
            locked = lock(server, true, takes_all, session, command, argv, now_ms, found, keys);
        }
        let (handler, mut db) = match locked {
            Ok(locked) => locked,
            Err(Busy(shard)) => return Err(Hindrance::Shard(command, shard)),
        };
        if !on_worker {
            db.hold_long();
        }
        db.access.is_silent = session.is(SessionFlags::NO_TOUCH);
        if command.spec.flags.contains(Flags::SKIP_MONITOR) {
            after::monitor_script(server, session, command, argv, started);
        }
        let reply = Reply::new(output, protocol(session));
        let mut cx = Cx { server, session, reply, db, command, on_worker, call: nested::call };
        let mut args = Args::new(argv, command.words, keys);
        let flow = match catch_unwind(AssertUnwindSafe(|| handler(&mut cx, &mut args))) {
            Ok(Ok(flow)) => flow,
            Ok(Err(Error::Reply(text))) => {
                cx.reply.undo(mark);
                cx.reply.error(&text);
                Flow::Done
            }
            Ok(Err(Error::TooLongForWorker)) => return Ok(put_off(stats, cx, mark, Wait::Long)),
            Ok(Err(Error::ShardBusy)) => return Ok(put_off(stats, cx, mark, Wait::Shards)),
            Ok(Err(Error::NeedsAllShards)) => {
                put_off(stats, cx, mark, Wait::Shards);
                return Err(Hindrance::NeedsAllShards);
            }
            Err(_) => {
                cx.reply.undo(mark);
                after::panicked(stats, &mut cx);
                Flow::Close
            }
        };
        if is_gated && cx.session.is(SessionFlags::TRACKING) {
            tracking::remember(&mut cx, argv, keys, None);
        }
        let ns = ticks_to_ns(ticks() - started);
        *until_sample -= 1;
        if *until_sample == 0 {
            *until_sample = HOLD_SAMPLE;
            cx.db.record_hold(ns);
        }
        Ok(finish(stats, cx, argv, &Finished { command, mark, started, ns }, flow))
    }

    /// Takes a request that reaches beyond the shards of its keys through the gate again.
    #[cold]
    fn execute_under_all(&mut self, session: &mut Session, argv: Argv<'_>, output: &mut Output) -> Step {
        assert!(!self.takes_all, "under all locks no shard is missing");
        self.takes_all = true;
        let step = self.execute(session, argv, output);
        self.takes_all = false;
        step
    }

    /// A long command holds a shard of the request: it waits, unless that is a script whose time is up.
    #[cold]
    fn wait_for_shard(
        &mut self,
        session: &mut Session,
        command: &'static Registered,
        shard: ShardId,
        output: &mut Output,
    ) -> Step {
        let running = self.server.busy_script(shard);
        match running.filter(|_| !command.spec.flags.contains(Flags::ALLOW_BUSY)) {
            Some(kind) => self.refuse(session, Some(command), &error::busy(kind), output),
            None => Step::Wait(Wait::Shards),
        }
    }

    /// The full list of checks.
    #[cold]
    fn check(&mut self, session: &mut Session, command: &Registered, flags: Flags) -> Result<(), checks::Refusal> {
        let Executor { server, worker, evictor, .. } = self;
        let stats = worker.map_or_else(|| server.stats.other(), |worker| server.stats.worker(worker));
        checks::run(checks::Asked { server, session, command, flags, evictor, stats, on_worker: worker.is_some() })
    }

    /// What a client that tracks is told before a command stands before its reply.
    #[cold]
    fn tell_first(&mut self, session: &Session, output: &mut Output) -> Mark {
        tracking::limit(&self.server, self.worker);
        after::take_mail(session, output);
        output.mark()
    }

    /// Answers a request that was not run.
    fn refuse(
        &mut self,
        session: &mut Session,
        command: Option<&'static Registered>,
        error: &Error,
        output: &mut Output,
    ) -> Step {
        let mark = if session.is(SessionFlags::TRACKING) { self.tell_first(session, output) } else { output.mark() };
        let text = match error {
            Error::Reply(text) => transaction::refused(&self.server, session, command, text),
            Error::TooLongForWorker => return Step::Wait(Wait::Long),
            Error::ShardBusy | Error::NeedsAllShards => return Step::Wait(Wait::Shards),
        };
        let mut reply = Reply::new(output, protocol(session));
        reply.error(text);
        let stats = self.stats();
        after::refused(stats, command, &reply);
        session.flags -= SessionFlags::SHOWN;
        if session.is(SessionFlags::CACHING) {
            tracking::end_exception(session, command);
        }
        after::silence(session, &mut reply, mark, false);
        Step::Next
    }
}

/// Finds the declared keys, which it leaves in `keys`, and locks their shards.
#[inline]
#[allow(clippy::too_many_arguments, reason = "the parts of the executor, borrowed one by one")]
fn lock<'k>(
    server: &'k Server,
    on_worker: bool,
    takes_all: bool,
    session: &Session,
    command: &Registered,
    argv: Argv<'_>,
    now_ms: u64,
    found: &mut Vec<FoundKey>,
    keys: &mut Vec<DeclaredKey>,
) -> Result<(Handler, Locked<'k>), Busy> {
    keys.clear();
    let (keyspace, db) = (&server.keyspace, session.db);
    match command.spec.run {
        Run::Keys(handler) | Run::KeysOrGlobal(handler, _) | Run::Queued(handler) if takes_all => {
            declared_keys(keyspace, command, argv, found, keys);
            Ok((handler, Locked::all(keyspace, on_worker, db, now_ms)?))
        }
        Run::Keys(handler) if command.single_key != 0 => {
            let key = only_key(keyspace, command, argv);
            keys.push(key);
            Ok((handler, Locked::one(keyspace, keyspace.shard_of(key.hash), on_worker, db, now_ms)?))
        }
        Run::KeysOrGlobal(handler, reaches_further) if reaches_further(argv) => {
            Ok((handler, Locked::all(keyspace, on_worker, db, now_ms)?))
        }
        Run::Keys(handler) | Run::KeysOrGlobal(handler, _) => {
            declared_keys(keyspace, command, argv, found, keys);
            if let [key] = keys[..] {
                return Ok((handler, Locked::one(keyspace, keyspace.shard_of(key.hash), on_worker, db, now_ms)?));
            }
            let mut shards: SmallVec<[ShardId; 16]> = keys.iter().map(|key| keyspace.shard_of(key.hash)).collect();
            shards.sort_unstable();
            shards.dedup();
            Ok((handler, Locked::many(keyspace, shards.into_iter(), on_worker, db, now_ms)?))
        }
        Run::Global(handler) => Ok((handler, Locked::all(keyspace, on_worker, db, now_ms)?)),
        Run::Queued(handler) => Ok((handler, transaction::lock(server, on_worker, session, now_ms, found, keys)?)),
        Run::Plain(handler) => Ok((handler, Locked::none(keyspace, db, now_ms))),
        Run::Container => unreachable!("a container is never found as the command to run"),
    }
}

/// The key of a request whose command has one at a fixed place ([`Registered::single_key`]).
#[inline]
fn only_key(keyspace: &Keyspace, command: &Registered, argv: Argv<'_>) -> DeclaredKey {
    let position = command.single_key;
    DeclaredKey { position: u32::from(position), hash: keyspace.hash(argv.get(usize::from(position))) }
}

/// Finds the declared keys of a request and adds them to `keys`. Arguments that do not fit the specs declare the keys that
/// do: the handler finds the fault and answers it.
fn declared_keys(
    keyspace: &Keyspace,
    command: &Registered,
    argv: Argv<'_>,
    found: &mut Vec<FoundKey>,
    keys: &mut Vec<DeclaredKey>,
) {
    let _ = find_keys(command.spec, argv, found);
    let hash = |position: u32| keyspace.hash(argv.get(position as usize));
    keys.extend(found.iter().map(|key| DeclaredKey { position: key.position, hash: hash(key.position) }));
}

/// Serves those who wait for keys that have changed, before a command that might take what is theirs: another thread has
/// changed the keys, and is about to do the same.
#[cold]
fn serve_first(server: &Server, stats: &WorkerStats, on_worker: bool, locked: Result<(Handler, Locked<'_>), Busy>) {
    if let Ok((_, db)) = locked {
        serve::serve_ready(server, stats, on_worker, db.unlock_unserved());
    }
}

/// Leaves a command to be run again later. Keys that it found expired are gone all the same.
#[cold]
fn put_off(stats: &WorkerStats, cx: Cx<'_>, mark: Mark, wait: Wait) -> Step {
    let Cx { server, session, mut reply, db, on_worker, .. } = cx;
    reply.undo(mark);
    let mut effects = db.unlock();
    // Lookups count when it runs for good.
    (effects.hits, effects.misses) = (0, 0);
    if effects.is_rare() {
        effects.events.retain(|event| event.event == events::EXPIRED);
    }
    serve::settle_all(server, stats, on_worker, Some(session.client.id), effects);
    Step::Wait(wait)
}

/// Unlocks, then counts and logs.
#[inline]
fn finish(stats: &WorkerStats, cx: Cx<'_>, argv: Argv<'_>, finished: &Finished, flow: Flow) -> Step {
    let mut cx = cx;
    let is_pushed = matches!(flow, Flow::Pushed);
    let (closes, ticket) = match flow {
        Flow::Done | Flow::Pushed => (false, None),
        Flow::Close => (true, None),
        Flow::Block(blocking) => (false, Some(serve::begin_wait(&mut cx, argv, *blocking))),
    };
    let Cx { server, session, mut reply, db, on_worker, .. } = cx;
    let mut effects = db.unlock_after(argv);
    note_effect(server, &session.client, &effects);
    let worker = on_worker.then_some(session.client.worker);
    tracking::tell(server, worker, Some(session.client.id), effects.take_invalidations());
    notify::publish_events(server, worker, &mut effects);
    let command = finished.command;
    stats.record_call(command.id, finished.ns, server.config.latency_tracking());
    after::count(stats, &effects);
    if reply.errors() > 0 {
        after::failed(stats, command, &reply);
    }
    let facts = &session.client.facts;
    facts.commands.store(facts.commands.load(Relaxed) + 1, Relaxed);
    let silent = after::silence(session, &mut reply, finished.mark, is_pushed);
    if session.is(SessionFlags::SUBSCRIBED | SessionFlags::TRACKING) {
        after::take_mail(session, reply.output());
        if session.is(SessionFlags::CACHING) {
            tracking::end_exception(session, Some(command));
        }
    }
    let reply_bytes = reply.output().len_since(finished.mark);
    if ticket.is_none() {
        after::look(server, session, argv, finished, reply_bytes);
    }
    if server.gate().intersects(Gate::MONITORED) {
        let own = !silent && !closes && ticket.is_none();
        after::monitor(server, session, argv, finished, own.then(|| reply.output()));
    }
    if !effects.ready.is_empty() {
        serve::serve_ready(server, stats, on_worker, effects.take_ready());
    }
    let held_long = effects.held_long;
    after::drop_values(server, effects);
    if held_long {
        end_long(server, on_worker);
    }
    if let Some(ticket) = ticket {
        if silent && let Some(blocked) = server.blocked.get(ticket) {
            blocked.silent.store(true, Relaxed);
        }
        return Step::Wait(Wait::Blocked(ticket));
    }
    if closes || session.is(SessionFlags::CLOSE_AFTER_REPLY) { Step::Close } else { Step::Next }
}

/// Remembers what the client's replies may have to wait for.
#[inline]
fn note_effect(server: &Server, client: &Client, effects: &Effects) {
    if let Some(seq) = effects.seq {
        client.facts.last_write.store(seq, Relaxed);
        if server.keyspace.journal.is_full() {
            server.set_gate(Gate::LOG_BEHIND, true);
        }
    }
}

fn protocol(session: &Session) -> Protocol {
    if session.proto == 3 { Protocol::Resp3 } else { Protocol::Resp2 }
}
