//! What a running script asks for: commands, under the locks of its run.
//!
//! A script that was measured as fast runs on the worker of its client. One that takes long for once ([`WORKER_NS`]) is
//! begun again on a thread of its own, unless it has changed something: then it must go on where it is, as a run cannot
//! move from thread to thread. What it holds up is bounded: its own shards, which are marked as held for long, so that no
//! other worker blocks for them ([`Locked::hold_long`](crate::keyspace::Locked::hold_long)), and the connections of its
//! worker, to which no new ones are given (a spare worker takes them if there is no other). All others go on: they see it in FUNCTION STATS, get BUSY for its keys past
//! `busy-reply-threshold`, and can end it by SHUTDOWN NOSAVE as in Redis. It happens to a script once: see
//! [`Standing::note_held_up`].

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::client::SessionFlags;
use crate::commands::context::Called;
use crate::commands::keys::find_keys;
use crate::commands::prelude::*;
use crate::commands::{Registered, table};
use crate::keyspace::ShardId;
use crate::resp::{Args as Argv, Output, Protocol};
use crate::script::{Host, Refused, Run as ScriptRun, RunKind, Standing, Stop};
use crate::util::clock::{ticks, ticks_to_ns};

/// A run up to this long is a fast one.
const FAST_NS: u64 = 1_000_000;
/// A run on a worker that takes longer goes on elsewhere, from its start, if it has changed nothing.
const WORKER_NS: u64 = 3_000_000;
/// A run that has held up a worker for longer than this was not just short of processor time.
const HELD_UP_NS: u64 = 50_000_000;
/// Declared keys up to this number are compared one by one.
const KEYS_COMPARED: usize = 32;

const UNKNOWN: &str = "ERR Unknown Redis command called from script";
const ARITY: &str = "ERR Wrong number of args calling Redis command from script";
const NOT_ALLOWED: &str = "ERR This Redis command is not allowed from script";
const READ_ONLY: &str = "ERR Write commands are not allowed from read-only scripts.";
const NOT_LOCKED: &str = "ERR The script has changed data and then asked for a key that it does not declare, whose shard is \
                          held by another command. Declare the key, or run the script again.";

/// What this run may not do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// It may not write.
    pub(super) reads_only: bool,
    /// What takes memory is refused.
    pub(super) lacks_memory: bool,
}

/// The host of one run.
pub(super) struct ScriptHost<'h, 'a> {
    cx: &'h mut Cx<'a>,
    standing: &'h Standing,
    limits: Limits,
    argv: Argv<'h>,
    declared: Range<usize>,
    /// The replies written before; those of the script's commands have an output of their own.
    outer: Output,
    /// What was so before the run, and will be again.
    client_protocol: Protocol,
    db: usize,
    silent: SessionFlags,
    /// The protocol that the script has chosen.
    spoken: Protocol,
    journals: bool,
    /// Changes before the run.
    dirty: u64,
    /// It has published a message.
    published: bool,
    /// It has run a command that writes, whether that has changed something or not.
    ran_write: bool,
    reached_further: bool,
    stopped: bool,
    /// The log has heard that it takes long.
    told_slow: bool,
    started: u64,
    run: Option<Arc<ScriptRun>>,
    kind: RunKind,
    name: &'h [u8],
    /// A reply whose payloads were apart.
    flat: Vec<u8>,
}

impl<'h, 'a> ScriptHost<'h, 'a> {
    /// For a run whose declared keys are at these positions of its request.
    pub(super) fn new(
        cx: &'h mut Cx<'a>,
        standing: &'h Standing,
        limits: Limits,
        argv: Argv<'h>,
        declared: Range<usize>,
    ) -> ScriptHost<'h, 'a> {
        let outer = std::mem::take(cx.reply.output());
        let client_protocol = cx.reply.protocol();
        cx.reply.set_protocol(Protocol::Resp2);
        let silent = cx.session.flags & (SessionFlags::SILENT | SessionFlags::REPLY_SKIP_NEXT);
        cx.session.flags -= silent;
        cx.session.flags |= SessionFlags::SCRIPT;
        ScriptHost {
            db: cx.session.db,
            dirty: cx.db.effects.dirty,
            cx,
            standing,
            limits,
            argv,
            declared,
            outer,
            client_protocol,
            silent,
            spoken: Protocol::Resp2,
            journals: true,
            published: false,
            ran_write: false,
            reached_further: false,
            stopped: false,
            told_slow: false,
            started: ticks(),
            run: None,
            kind: RunKind::Script,
            name: b"",
            flat: Vec::new(),
        }
    }

    /// The run begins. On a thread of its own it is noted at once, so that it can be ended.
    pub(super) fn enter(&mut self, kind: RunKind, name: &'h [u8]) {
        self.kind = kind;
        self.name = name;
        if !self.cx.on_worker {
            self.note_run();
        }
    }

    #[cold]
    fn note_run(&mut self) {
        // True on a worker alone: on other threads shards are held for long from the start.
        let is_held_up = self.hold_long();
        let holds_all = self.cx.db.holds_all();
        let shards: Vec<ShardId> = self.cx.db.guards_mut().map(|guard| guard.id()).collect();
        let run = Arc::new(ScriptRun {
            kind: self.kind,
            name: self.name.to_vec(),
            command: self.argv.iter().map(<[u8]>::to_vec).collect(),
            started: self.started,
            shards: (!holds_all).then_some(shards),
            worker: (is_held_up || self.cx.on_worker).then_some(self.cx.session.client.worker),
            killed: false.into(),
            wrote: self.wrote().into(),
        });
        self.cx.server.scripts.runs.enter(&run);
        self.run = Some(run);
    }

    /// Says once in the log that the run has passed `busy-reply-threshold`.
    fn tell_slow(&mut self) {
        let Some(run) = self.run.as_ref().filter(|_| !self.told_slow) else { return };
        let threshold_ms = u64::try_from(self.cx.server.config.busy_reply_threshold()).unwrap_or(0);
        if threshold_ms == 0 || run.duration_ms() < threshold_ms {
            return;
        }
        self.told_slow = true;
        let command = match run.kind {
            RunKind::Script => "SCRIPT KILL",
            RunKind::Function => "FUNCTION KILL",
        };
        tracing::warn!(
            "Slow script detected: {} still runs after {} milliseconds. {command} ends it, unless it has written.",
            String::from_utf8_lossy(self.name),
            run.duration_ms()
        );
    }

    /// Marks the shards as held for long, for others not to block behind them; false when they are.
    #[cold]
    fn hold_long(&mut self) -> bool {
        let db = &mut self.cx.db;
        let is_new = db.hold_long();
        if is_new && !db.effects.held_long {
            db.effects.held_long = true;
            self.cx.server.long_running.fetch_add(1, Relaxed);
        }
        is_new
    }

    /// The run is over: notes what was learned of the script; answers the protocol that it has chosen.
    pub(super) fn end(self) -> Protocol {
        if !self.stopped {
            let ns = ticks_to_ns(ticks() - self.started);
            self.standing.note_time(ns <= FAST_NS);
            if ns > HELD_UP_NS && self.run.as_ref().is_some_and(|run| run.worker.is_some()) {
                self.standing.note_held_up();
            }
            if self.reached_further {
                self.standing.note_undeclared();
            } else {
                self.standing.note_clean();
            }
        }
        self.spoken
    }

    /// Whether it has done what must not be done twice.
    fn wrote(&self) -> bool {
        self.published || self.cx.db.effects.dirty > self.dirty
    }

    fn stop(&mut self, stop: Stop) -> Refused {
        self.stopped = true;
        Refused::Stop(stop)
    }

    /// The command, if a script may run it now.
    fn admit(&mut self, argv: Argv<'_>) -> Result<&'static Registered, Refused> {
        let refuse = |text: &str| Err(Refused::Error(text.as_bytes().to_vec()));
        let Some(command) = find(argv) else { return refuse(UNKNOWN) };
        let flags = command.spec.flags;
        if !command.takes(argv.len()) || matches!(command.spec.run, Run::Container) {
            return refuse(ARITY);
        }
        if flags.contains(NOSCRIPT) && !self.may_all(command) {
            return refuse(NOT_ALLOWED);
        }
        if flags.contains(BLOCKING) && matches!(command.spec.name, "XREAD" | "XREADGROUP") && blocks(argv) {
            return refuse(&format!("ERR {} command is not allowed with BLOCK option from scripts", command.name));
        }
        if !flags.intersects(WRITE.or(MAY_REPLICATE)) {
            return Ok(command);
        }
        if self.limits.reads_only {
            return refuse(READ_ONLY);
        }
        if !self.ran_write {
            if flags.contains(WRITE)
                && let Some(failure) = error::of_disk(self.cx.server)
            {
                return Err(refused(failure));
            }
            if self.limits.lacks_memory && flags.contains(DENYOOM) {
                return Err(refused(error::OOM));
            }
        }
        // A script that is not known well meets what it reaches for after its first change under all locks.
        if !self.wrote() && !self.standing.is_clean() && !self.cx.db.holds_all() {
            return Err(self.stop(Stop::NeedsAllShards));
        }
        self.ran_write |= flags.contains(WRITE);
        Ok(command)
    }

    /// Counts a command that was not run.
    #[cold]
    fn count_refused(&self, argv: Argv<'_>, refused: &Refused) {
        let (stats, client) = (&self.cx.server.stats, &self.cx.session.client);
        let stats = if self.cx.on_worker { stats.worker(client.worker) } else { stats.other() };
        if let Refused::Error(text) = refused {
            let code = text.split(|byte| *byte == b' ').next().unwrap_or(b"ERR");
            stats.record_error(code);
        }
        if let Some(command) = find(argv) {
            stats.add(&stats.command(command.id).rejected, 1);
        }
    }

    /// Whether tests have let scripts run commands that are not for them; never those that would run scripts.
    #[cold]
    fn may_all(&self, command: &Registered) -> bool {
        self.cx.server.scripts_may_all.load(Relaxed) && !matches!(command.group.name, "scripting" | "transactions")
    }

    /// Notes whether a command reaches for what the script does not declare.
    fn look_further(&mut self, command: &Registered, argv: Argv<'_>) {
        if self.reached_further {
            return;
        }
        let mut found = Vec::new();
        let _ = find_keys(command.spec, argv, &mut found);
        let is_declared = |name: &[u8]| {
            if self.declared.len() <= KEYS_COMPARED {
                return self.declared.clone().any(|at| self.argv.get(at) == name);
            }
            let keyspace = self.cx.db.keyspace();
            let shard = keyspace.shard_of(keyspace.hash(name));
            self.declared.clone().any(|at| keyspace.shard_of(keyspace.hash(self.argv.get(at))) == shard)
        };
        self.reached_further =
            command.visits_shards(argv) || !found.iter().all(|key| is_declared(argv.get(key.position as usize)));
    }

    /// Runs a command.
    fn run(&mut self, command: &'static Registered, argv: Argv<'_>) -> Result<(), Refused> {
        loop {
            if !self.journals {
                self.cx.db.journal_nothing();
            }
            match (self.cx.call)(self.cx, command, argv) {
                Called::Replied | Called::Closes => return Ok(()),
                Called::TooLong if !self.wrote() => return Err(self.stop(Stop::TooLong)),
                Called::TooLong => {
                    self.hold_long();
                    self.cx.on_worker = false;
                    let called = (self.cx.call)(self.cx, command, argv);
                    self.cx.on_worker = true;
                    debug_assert_ne!(called, Called::TooLong, "off a worker nothing is too long");
                    return Ok(());
                }
                Called::NotLocked => {
                    self.standing.note_undeclared();
                    if !self.wrote() {
                        return Err(self.stop(Stop::NeedsAllShards));
                    }
                    self.widen(command, argv)?;
                }
            }
        }
    }

    /// Locks what a command needs beyond what is locked, while the script has changed something already.
    #[cold]
    fn widen(&mut self, command: &Registered, argv: Argv<'_>) -> Result<(), Refused> {
        let keyspace = self.cx.db.keyspace();
        let mut shards: Vec<ShardId> = if command.visits_shards(argv) {
            keyspace.shard_ids().collect()
        } else {
            let mut found = Vec::new();
            let _ = find_keys(command.spec, argv, &mut found);
            let shard = |position: u32| keyspace.shard_of(keyspace.hash(argv.get(position as usize)));
            found.iter().map(|key| shard(key.position)).collect()
        };
        shards.sort_unstable();
        let is_locked = shards.into_iter().all(|shard| self.cx.db.widen(shard, self.cx.on_worker));
        if self.run.is_some() {
            self.hold_long();
        }
        if is_locked { Ok(()) } else { Err(Refused::Error(NOT_LOCKED.as_bytes().to_vec())) }
    }

    /// Shows the reply, and forgets it.
    fn show(&mut self, read: &mut dyn FnMut(&[u8])) {
        let output = self.cx.reply.output();
        match output.as_slice() {
            Some(bytes) => read(bytes),
            None => {
                output.copy_to(&mut self.flat);
                read(&self.flat);
                self.flat = Vec::new();
            }
        }
        output.clear();
    }
}

impl Host for ScriptHost<'_, '_> {
    fn call(&mut self, argv: Argv<'_>, read: &mut dyn FnMut(&[u8])) -> Result<(), Refused> {
        let command = match self.admit(argv) {
            Err(refused @ Refused::Error(_)) => {
                self.count_refused(argv, &refused);
                return Err(refused);
            }
            admitted => admitted?,
        };
        if !self.standing.is_clean() {
            self.look_further(command, argv);
        }
        self.run(command, argv)?;
        self.published |= command.spec.flags.contains(MAY_REPLICATE);
        if let Some(run) = &self.run
            && self.wrote()
        {
            run.wrote.store(true, Relaxed);
        }
        self.show(read);
        Ok(())
    }

    fn set_protocol(&mut self, protocol: Protocol) {
        self.spoken = protocol;
        self.cx.reply.set_protocol(protocol);
    }

    fn set_repl(&mut self, flags: u8) {
        self.journals = flags & 1 != 0;
    }

    fn log(&mut self, level: u8, message: &[u8]) {
        log(level, message);
    }

    fn may_run(&mut self, argv: Argv<'_>) -> Option<bool> {
        find(argv).map(|_| true)
    }

    #[cold]
    fn tick(&mut self) -> Option<Stop> {
        if self.cx.server.shutdown.requested().is_some() {
            return Some(Stop::Killed);
        }
        if let Some(run) = &self.run {
            let is_killed = run.killed.load(Relaxed);
            self.tell_slow();
            return is_killed.then_some(Stop::Killed);
        }
        if ticks_to_ns(ticks() - self.started) < WORKER_NS {
            return None;
        }
        self.standing.note_time(false);
        if self.wrote() {
            self.note_run();
            return None;
        }
        self.stopped = true;
        Some(Stop::TooLong)
    }
}

impl Drop for ScriptHost<'_, '_> {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            self.cx.server.scripts.runs.leave(&run);
        }
        let cx = &mut *self.cx;
        *cx.reply.output() = std::mem::take(&mut self.outer);
        cx.reply.set_protocol(self.client_protocol);
        cx.reply.forget_errors();
        cx.session.flags |= self.silent;
        cx.session.flags -= SessionFlags::SCRIPT;
        if cx.session.db != self.db {
            cx.session.select(self.db);
        }
        cx.db.db = self.db;
    }
}

fn refused(error: Error) -> Refused {
    let Error::Reply(text) = error else { unreachable!("it is a reply") };
    Refused::Error(text.into_owned())
}

fn find(argv: Argv<'_>) -> Option<&'static Registered> {
    let command = table().find(argv.get(0))?;
    match argv.try_get(1) {
        Some(word) if !command.subcommands.is_empty() => match table().find_subcommand(command, word) {
            Some(subcommand) => Some(subcommand),
            None if matches!(command.spec.run, Run::Container) => None,
            None => Some(command),
        },
        _ => Some(command),
    }
}

/// Whether XREAD or XREADGROUP is to wait.
fn blocks(argv: Argv<'_>) -> bool {
    argv.iter()
        .skip(1)
        .take_while(|arg| !arg.eq_ignore_ascii_case(b"STREAMS"))
        .any(|arg| arg.eq_ignore_ascii_case(b"BLOCK"))
}

/// Writes a line of a script to the server's log.
pub(super) fn log(level: u8, message: &[u8]) {
    let message = String::from_utf8_lossy(message);
    match level {
        0 => tracing::trace!("{message}"),
        1 => tracing::debug!("{message}"),
        2 => tracing::info!("{message}"),
        _ => tracing::warn!("{message}"),
    }
}
