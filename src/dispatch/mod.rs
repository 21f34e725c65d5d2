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

pub use ahead::{AHEAD_MAX, Alone, Behind, Foreseen};
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
use crate::keyspace::{Busy, Effects, KeyHash, Keyspace, Locked, ShardId, events};
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
    /// When the command before ended, in ticks, if the next request follows at once: that is its beginning then. 0: unknown.
    ended: u64,
}

/// Most keys of one command that are brought near before it runs: more would drive each other out of the nearest cache.
const NEAR_MAX: usize = 64;

/// A command that takes longer does not keep its shard for the next request. With [`AHEAD_MAX`] this bounds for how long
/// others wait.
const KEPT_NS: u64 = 10_000;
/// One that answers more does not either.
const KEPT_REPLY_BYTES: usize = 4096;

/// Every so many commands the time for which the shard was held is recorded.
const HOLD_SAMPLE: u32 = 64;

/// What keeps a command from running as it was tried.
enum Hindrance<'r> {
    /// A long command holds this shard.
    Shard(&'static Registered, ShardId),
    /// The request reaches beyond the shards of its keys.
    NeedsAllShards(Argv<'r>),
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
            ended: 0,
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
        self.execute_foreseen(session, argv, None, &Alone, output)
    }

    /// The same with a request at which [`Executor::look_ahead`] has looked, and those behind it: as long as they mean the
    /// same shard they run under the same lock. The answer is that to the last which was taken.
    #[inline]
    pub fn execute_foreseen<'r>(
        &mut self,
        session: &mut Session,
        argv: Argv<'r>,
        foreseen: Option<Foreseen>,
        behind: &impl Behind<'r>,
        output: &mut Output,
    ) -> Step {
        match self.attempt(session, argv, foreseen, behind, output) {
            Ok(step) => step,
            Err(Hindrance::Shard(command, shard)) => self.wait_for_shard(session, command, shard, output),
            Err(Hindrance::NeedsAllShards(argv)) => self.execute_under_all(session, argv, output),
        }
    }

    #[inline]
    fn attempt<'r>(
        &mut self,
        session: &mut Session,
        mut argv: Argv<'r>,
        mut foreseen: Option<Foreseen>,
        behind: &impl Behind<'r>,
        output: &mut Output,
    ) -> Result<Step, Hindrance<'r>> {
        let mut mark = output.mark();
        let mut command = match foreseen.map_or_else(|| find::find(argv), |request| Ok(request.command)) {
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
        let Executor { server, worker, found, keys, until_sample, takes_all, ended, .. } = self;
        let (server, on_worker): (&Server, bool) = (server, worker.is_some());
        let stats = worker.map_or_else(|| server.stats.other(), |worker| server.stats.worker(worker));
        let mut started = if foreseen.is_some() && *ended != 0 { *ended } else { ticks() };
        let now_ms = server.clock.at_us(started) / 1000;
        let takes_all = *takes_all;
        // Not even a thread that may wait does so behind a long command: whoever asks is told when that is a script whose
        // time is up.
        let mut cx = context(server, session, command, true, now_ms, output);
        let hash = foreseen.map(|request| request.hash);
        let mut locked = lock(&mut cx, takes_all, argv, hash, found, keys);
        if locked.is_ok() && !command.spec.flags.contains(Flags::READONLY) && cx.db.has_unserved() {
            // Another thread has changed the keys, and is about to do the same: this command might take what is theirs.
            serve::serve_ready(server, stats, cx.db.unlock_unserved());
            locked = lock(&mut cx, takes_all, argv, hash, found, keys);
        }
        let mut handler = match locked {
            Ok(handler) => handler,
            Err(Busy(shard)) => return Err(Hindrance::Shard(command, shard)),
        };
        if !on_worker {
            cx.on_worker = false;
            cx.db.hold_long();
        }
        if let Some(first) = foreseen.filter(|first| first.keeps_shard && command.spec.element != 0 && !is_gated) {
            ahead::bring_elements_near(&cx.db, argv, first, behind);
        }
        let locked_at = started;
        loop {
            cx.db.access.is_silent = cx.session.is(SessionFlags::NO_TOUCH);
            if command.spec.flags.contains(Flags::SKIP_MONITOR) {
                after::monitor_script(server, cx.session, command, argv, started);
            }
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
                    return Err(Hindrance::NeedsAllShards(argv));
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
            *ended = ticks();
            let ns = ticks_to_ns(*ended - started);
            *until_sample -= 1;
            if *until_sample == 0 {
                *until_sample = HOLD_SAMPLE;
                cx.db.record_hold(ticks_to_ns(*ended - locked_at));
            }
            let keeps = !is_gated && foreseen.is_some_and(|request| request.keeps_shard) && matches!(flow, Flow::Done);
            let next = if keeps { next_under_lock(&cx, behind, mark, ns) } else { None };
            let finished = Finished { command, mark, started, ns };
            let step = finish(stats, &mut cx, argv, &finished, flow, next.is_some());
            let Some(next) = next.filter(|_| step == Step::Next && cx.db.is_locked()) else { return Ok(step) };
            behind.take();
            (argv, foreseen, handler, command) = (next.argv, Some(next.request), next.handler, next.request.command);
            (started, mark) = (*ended, cx.reply.mark());
            begin_next(&mut cx, &next, server.clock.at_us(started) / 1000, keys);
        }
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

/// The surroundings of a command for which nothing is locked yet.
#[inline(always)]
fn context<'a>(
    server: &'a Server,
    session: &'a mut Session,
    command: &'static Registered,
    on_worker: bool,
    now_ms: u64,
    output: &'a mut Output,
) -> Cx<'a> {
    let reply = Reply::new(output, protocol(session));
    let db = Locked::none(&server.keyspace, session.db, now_ms);
    Cx { server, session, reply, db, command, on_worker, call: nested::call }
}

/// A request that runs under the lock of the one before it.
struct Next<'r> {
    argv: Argv<'r>,
    request: Foreseen,
    handler: Handler,
}

/// The next request if it may run under the lock of the one that has just run, which took `ns` and answered what lies
/// behind `mark`.
#[inline]
fn next_under_lock<'r>(cx: &Cx<'_>, behind: &impl Behind<'r>, mark: Mark, ns: u64) -> Option<Next<'r>> {
    let (argv, request) = behind.peek(0)?;
    let command = request.command;
    let Run::Keys(handler) = command.spec.run else { return None };
    let is_short = ns <= KEPT_NS && cx.reply.len_since(mark) <= KEPT_REPLY_BYTES;
    let is_usual = command.takes(argv.len()) && !checks::needed(cx.server, cx.session, command);
    let takes_from_nobody = command.spec.flags.contains(Flags::READONLY) || !cx.db.has_unserved();
    (is_short && is_usual && takes_from_nobody && cx.on_worker).then_some(Next { argv, request, handler })
}

/// Makes the surroundings of a command those of the next one under the same lock.
#[inline]
fn begin_next(cx: &mut Cx<'_>, next: &Next<'_>, now_ms: u64, keys: &mut Vec<DeclaredKey>) {
    let Foreseen { command, hash, .. } = next.request;
    cx.session.client.facts.last_command.store(command.id + 1, Relaxed);
    cx.command = command;
    cx.reply.forget_errors();
    cx.db.begin_next(now_ms);
    keys.clear();
    keys.push(only_key(&cx.server.keyspace, command, next.argv, Some(hash)));
}

/// Finds the declared keys, which it leaves in `keys`, and locks their shards. `hash`: that of the only key, if it is known.
#[inline]
fn lock(
    cx: &mut Cx<'_>,
    takes_all: bool,
    argv: Argv<'_>,
    hash: Option<KeyHash>,
    found: &mut Vec<FoundKey>,
    keys: &mut Vec<DeclaredKey>,
) -> Result<Handler, Busy> {
    keys.clear();
    match cx.command.spec.run {
        Run::Keys(handler) if cx.command.single_key != 0 && !takes_all => {
            let keyspace = &cx.server.keyspace;
            let key = only_key(keyspace, cx.command, argv, hash);
            keys.push(key);
            cx.db.lock_one(keyspace.shard_of(key.hash), cx.on_worker)?;
            Ok(handler)
        }
        _ => lock_others(cx, takes_all, argv, found, keys),
    }
}

/// The same for commands that do not have one key at a fixed place.
fn lock_others(
    cx: &mut Cx<'_>,
    takes_all: bool,
    argv: Argv<'_>,
    found: &mut Vec<FoundKey>,
    keys: &mut Vec<DeclaredKey>,
) -> Result<Handler, Busy> {
    let Cx { server, session, db, command, on_worker, .. } = cx;
    let keyspace = &server.keyspace;
    let handler = match command.spec.run {
        Run::Keys(handler) | Run::KeysOrGlobal(handler, _) | Run::Queued(handler) if takes_all => {
            declared_keys(keyspace, command, argv, found, keys);
            db.lock_all(*on_worker)?;
            handler
        }
        Run::KeysOrGlobal(handler, reaches_further) if reaches_further(argv) => {
            db.lock_all(*on_worker)?;
            handler
        }
        Run::Keys(handler) | Run::KeysOrGlobal(handler, _) => {
            declared_keys(keyspace, command, argv, found, keys);
            lock_shards(db, *on_worker, keys)?;
            handler
        }
        Run::Global(handler) => {
            db.lock_all(*on_worker)?;
            handler
        }
        Run::Queued(handler) => {
            transaction::lock(db, server, *on_worker, session, found, keys)?;
            handler
        }
        Run::Plain(handler) => handler,
        Run::Container => unreachable!("a container is never found as the command to run"),
    };
    Ok(handler)
}

/// Locks the shards of these keys.
fn lock_shards(db: &mut Locked<'_>, on_worker: bool, keys: &[DeclaredKey]) -> Result<(), Busy> {
    let keyspace = db.keyspace();
    if let [key] = keys {
        return db.lock_one(keyspace.shard_of(key.hash), on_worker);
    }
    // The more shards are held, the more others wait for: what takes long is done before.
    ahead::bring_near(keyspace, db.db, keys.iter().take(NEAR_MAX).map(|key| key.hash));
    let mut shards: SmallVec<[ShardId; 16]> = keys.iter().map(|key| keyspace.shard_of(key.hash)).collect();
    shards.sort_unstable();
    shards.dedup();
    db.lock_many(shards.into_iter(), on_worker)
}

/// The key of a request whose command has one at a fixed place ([`Registered::single_key`]).
#[inline]
fn only_key(keyspace: &Keyspace, command: &Registered, argv: Argv<'_>, hash: Option<KeyHash>) -> DeclaredKey {
    let position = command.single_key;
    let hash = hash.unwrap_or_else(|| keyspace.hash(argv.get(usize::from(position))));
    DeclaredKey { position: u32::from(position), hash }
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

/// Leaves a command to be run again later. Keys that it found expired are gone all the same.
#[cold]
fn put_off(stats: &WorkerStats, cx: Cx<'_>, mark: Mark, wait: Wait) -> Step {
    let Cx { server, session, mut reply, db, .. } = cx;
    reply.undo(mark);
    let mut effects = db.unlock();
    // Lookups count when it runs for good.
    (effects.hits, effects.misses) = (0, 0);
    if effects.is_rare() {
        effects.events.retain(|event| event.event == events::EXPIRED);
    }
    serve::settle_all(server, stats, Some(session.client.id), effects);
    Step::Wait(wait)
}

/// Unlocks, then counts and logs. `keeps`: the shard stays locked, unless the command did something that few do.
#[inline]
fn finish(stats: &WorkerStats, cx: &mut Cx<'_>, argv: Argv<'_>, finished: &Finished, flow: Flow, keeps: bool) -> Step {
    let is_pushed = matches!(flow, Flow::Pushed);
    let (closes, ticket) = match flow {
        Flow::Done | Flow::Pushed => (false, None),
        Flow::Close => (true, None),
        Flow::Block(blocking) => (false, Some(serve::begin_wait(cx, argv, *blocking))),
    };
    let Cx { server, session, reply, db, on_worker, .. } = cx;
    let (server, on_worker): (&Server, bool) = (server, *on_worker);
    let effects = if keeps { db.keep_after(argv) } else { db.unlock_after(argv) };
    note_effect(server, &session.client, effects);
    if effects.is_rare() {
        let worker = on_worker.then_some(session.client.worker);
        tracking::tell(server, worker, Some(session.client.id), effects.take_invalidations());
        notify::publish_events(server, worker, effects);
    }
    let command = finished.command;
    stats.record_call(command.id, finished.ns, server.config.latency_tracking());
    after::count(stats, effects);
    if reply.errors() > 0 {
        after::failed(stats, command, reply);
    }
    let facts = &session.client.facts;
    facts.commands.store(facts.commands.load(Relaxed) + 1, Relaxed);
    let silent = after::silence(session, reply, finished.mark, is_pushed);
    if session.is(SessionFlags::SUBSCRIBED | SessionFlags::TRACKING) {
        after::take_mail(session, reply.output());
        if session.is(SessionFlags::CACHING) {
            tracking::end_exception(session, Some(command));
        }
    }
    let reply_bytes = reply.len_since(finished.mark);
    if ticket.is_none() {
        after::look(server, session, argv, finished, reply_bytes);
    }
    if server.gate().intersects(Gate::MONITORED) {
        let own = !silent && !closes && ticket.is_none();
        after::monitor(server, session, argv, finished, own.then(|| reply.output()));
    }
    if !effects.ready.is_empty() {
        serve::serve_ready(server, stats, effects.take_ready());
    }
    let held_long = effects.held_long;
    after::drop_values(server, effects);
    if held_long {
        end_long(server);
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
