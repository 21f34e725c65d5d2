//! EVAL, EVALSHA, FCALL and their read-only forms.
//!
//! A script runs under the shards of its declared keys. One that needs others is run again from its start under all
//! locks, as long as it has changed nothing; what is known of its runs ([`Standing`]) decides how it starts. A script
//! that is not known to be fast runs on a thread of its own.

use std::rc::Rc;

use super::host::{Limits, ScriptHost};
use crate::client::SessionFlags;
use crate::commands::prelude::*;
use crate::resp::Args as Argv;
use crate::script::{
    Compiled, Digest, Failure, Header, Interpreter, Program, Ran, RunKind, ScriptFlags, Standing, Stop,
    with_interpreter, write_value,
};
use crate::state::Server;
use crate::util::number;

/// Position of the number of keys.
const NUMKEYS: usize = 2;

const NO_SCRIPT: Error = Error::new("NOSCRIPT No matching script. Please use EVAL.");
const NEGATIVE_KEYS: Error = Error::new("ERR Number of keys can't be negative");
const TOO_MANY_KEYS: Error = Error::new("ERR Number of keys can't be greater than number of args");
const BAD_KEYS: Error = Error::new("ERR Bad number of keys provided");
const NO_FUNCTION: Error = Error::new("ERR Function not found");
const MAY_WRITE: Error = Error::new("ERR Can not execute a script with write flag using *_ro command.");
const NOT_WITHOUT_MEMORY: Error =
    Error::new("OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'");

pub(super) fn eval(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    eval_source(cx, args, false)
}

pub(super) fn eval_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    eval_source(cx, args, true)
}

pub(super) fn evalsha(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    eval_digest(cx, args, false)
}

pub(super) fn evalsha_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    eval_digest(cx, args, true)
}

pub(super) fn fcall(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    call_function(cx, args, false)
}

pub(super) fn fcall_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    call_function(cx, args, true)
}

fn eval_source(cx: &mut Cx<'_>, args: &mut Args<'_>, reads_only: bool) -> Outcome {
    let argv = args.argv();
    let key_count = key_count(argv, error::NOT_INTEGER)?;
    let source = argv.get(1);
    let digest = Digest::of(source);
    with_interpreter(|interpreter| {
        let scripts = &cx.server.scripts;
        let compiled = match interpreter.script(scripts, &digest) {
            Some(compiled) => compiled,
            None => interpreter.add_script(scripts, digest, source, false).map_err(Error::text)?,
        };
        run_script(cx, interpreter, &compiled, argv, key_count, reads_only)
    })
}

fn eval_digest(cx: &mut Cx<'_>, args: &mut Args<'_>, reads_only: bool) -> Outcome {
    let argv = args.argv();
    let digest = Digest::parse(argv.get(1)).ok_or(NO_SCRIPT)?;
    let key_count = key_count(argv, error::NOT_INTEGER)?;
    with_interpreter(|interpreter| {
        let compiled = interpreter.script(&cx.server.scripts, &digest).ok_or(NO_SCRIPT)?;
        run_script(cx, interpreter, &compiled, argv, key_count, reads_only)
    })
}

fn run_script(
    cx: &mut Cx<'_>,
    interpreter: &mut Interpreter,
    compiled: &Rc<Compiled>,
    argv: Argv<'_>,
    key_count: usize,
    reads_only: bool,
) -> Outcome {
    let script = &compiled.script;
    let task = Task {
        program: Program::Script(compiled),
        kind: RunKind::Script,
        name: &script.digest.hex(),
        flags: script.header.flags,
        standing: &script.standing,
        reads_only,
        argv,
        key_count,
    };
    task.run(cx, interpreter)
}

fn call_function(cx: &mut Cx<'_>, args: &mut Args<'_>, reads_only: bool) -> Outcome {
    let argv = args.argv();
    with_interpreter(|interpreter| {
        let libraries = interpreter.libraries(&cx.server.scripts);
        let (library, at) = libraries.function(argv.get(1)).ok_or(NO_FUNCTION)?;
        let key_count = key_count(argv, BAD_KEYS)?;
        let function = &library.functions[at];
        let task = Task {
            program: Program::Function(library, &function.name),
            kind: RunKind::Function,
            name: function.name.as_bytes(),
            flags: Some(function.flags),
            standing: &library.standings[at],
            reads_only,
            argv,
            key_count,
        };
        task.run(cx, interpreter)
    })
}

/// The number of keys, which stand behind it.
fn key_count(argv: Argv<'_>, not_a_number: Error) -> Result<usize, Error> {
    let count = number::parse_i64(argv.get(NUMKEYS)).ok_or(not_a_number)?;
    if count > (argv.len() - NUMKEYS - 1) as i64 {
        return Err(TOO_MANY_KEYS);
    }
    usize::try_from(count).map_err(|_| NEGATIVE_KEYS)
}

/// A run that is asked for.
struct Task<'a> {
    program: Program<'a>,
    kind: RunKind,
    /// The digest, or the function's name: what errors call it.
    name: &'a [u8],
    /// `None` for a script without a header.
    flags: Option<ScriptFlags>,
    standing: &'a Standing,
    reads_only: bool,
    argv: Argv<'a>,
    key_count: usize,
}

impl Task<'_> {
    fn run(&self, cx: &mut Cx<'_>, interpreter: &mut Interpreter) -> Outcome {
        let Task { program, standing, argv, key_count, .. } = *self;
        let flags = self.flags.unwrap_or_default();
        let writes_nothing = flags.contains(ScriptFlags::NO_WRITES);
        if self.reads_only && self.flags.is_some() && !writes_nothing {
            return Err(MAY_WRITE);
        }
        let lacks_memory = lacks_memory(cx) && !flags.contains(ScriptFlags::ALLOW_OOM);
        if lacks_memory && self.flags.is_some() && !writes_nothing {
            return Err(NOT_WITHOUT_MEMORY);
        }
        if self.flags.is_some()
            && !writes_nothing
            && let Some(failure) = error::of_disk(cx.server)
        {
            return Err(failure);
        }
        if cx.on_worker && !standing.is_fast() {
            return Err(Error::TooLongForWorker);
        }
        if standing.touches_undeclared() && !cx.db.holds_all() {
            return Err(Error::NeedsAllShards);
        }

        let first_key = NUMKEYS + 1;
        let keys = (first_key..first_key + key_count).map(|at| argv.get(at));
        let args = (first_key + key_count..argv.len()).map(|at| argv.get(at));
        let limits = Limits { reads_only: self.reads_only || writes_nothing, lacks_memory };
        let mut host = ScriptHost::new(cx, standing, limits, argv, first_key..first_key + key_count);
        host.enter(self.kind, self.name);
        let ran = interpreter.run(program, keys, args, &mut host);
        let spoken = host.end();
        match ran {
            Ran::Value(value) => write_value(&mut cx.reply, &value, spoken),
            Ran::Failed(failure) => self.fail(cx, &failure),
            Ran::Stopped(Stop::NeedsAllShards, _) => return Err(Error::NeedsAllShards),
            Ran::Stopped(Stop::TooLong, _) => return Err(Error::TooLongForWorker),
            Ran::Stopped(Stop::Killed | Stop::LoadTimeout, place) => {
                let text = b"ERR Script killed by user with SCRIPT KILL...".to_vec();
                self.fail(cx, &Failure { text, place, is_counted: false });
            }
        }
        DONE
    }

    /// Replies with a script's error and where it arose.
    fn fail(&self, cx: &mut Cx<'_>, failure: &Failure) {
        let mut text = failure.text.clone();
        text.extend(b" script: ");
        text.extend(self.name);
        if let Some((source, line)) = &failure.place {
            text.extend(format!(", on {source}:{line}.").as_bytes());
        }
        cx.reply.error(text);
        if failure.is_counted {
            cx.reply.set_counted();
        }
    }
}

/// Whether what takes memory is to be refused: there was no room, and nothing to evict, when the request was checked.
fn lacks_memory(cx: &Cx<'_>) -> bool {
    cx.session.is(SessionFlags::NO_ROOM) && cx.server.config.maxmemory() > 0
}

/// What a request names to be run.
enum Named<'a> {
    Source(&'a [u8]),
    Script(Option<Digest>),
    Function(&'a [u8]),
}

impl<'a> Named<'a> {
    fn by(command: &Command, argv: Argv<'a>) -> Option<Named<'a>> {
        match command.name {
            "EVAL" | "EVAL_RO" => Some(Named::Source(argv.get(1))),
            "EVALSHA" | "EVALSHA_RO" => Some(Named::Script(Digest::parse(argv.get(1)))),
            "FCALL" | "FCALL_RO" => Some(Named::Function(argv.get(1))),
            _ => None,
        }
    }
}

/// What a request may do: that of its command, but of a script or function what this states, if it does.
#[must_use]
pub fn effective_flags(server: &Server, command: &Command, argv: Argv<'_>) -> Flags {
    let of_script = |digest: Digest| server.scripts.get(&digest).and_then(|script| script.header.flags);
    let stated = Named::by(command, argv).and_then(|named| match named {
        Named::Source(source) => Header::of_script(source).ok().and_then(|header| header.flags),
        Named::Script(digest) => digest.and_then(of_script),
        Named::Function(name) => {
            let libraries = server.scripts.libraries();
            libraries.function(name).map(|(library, at)| library.functions[at].flags)
        }
    });
    let Some(stated) = stated else { return command.flags };
    let mut flags = command.flags - (STALE | DENYOOM | WRITE | MAY_REPLICATE);
    flags.set(WRITE, !stated.contains(ScriptFlags::NO_WRITES));
    flags.set(DENYOOM, !stated.intersects(ScriptFlags::ALLOW_OOM | ScriptFlags::NO_WRITES));
    flags.set(STALE, stated.contains(ScriptFlags::ALLOW_STALE));
    flags
}

/// Whether a request inside of a transaction may need shards of keys that it does not declare, by what is known of it.
#[must_use]
pub fn may_reach_further(server: &Server, command: &Command, argv: Argv<'_>) -> bool {
    !is_known_to(server, command, argv, |standing| standing.is_clean() && !standing.touches_undeclared())
}

/// Whether a request inside of a transaction is to run on a thread of its own, by what is known of it.
#[must_use]
pub fn may_take_long(server: &Server, command: &Command, argv: Argv<'_>) -> bool {
    !is_known_to(server, command, argv, Standing::is_fast)
}

/// Whether what a request runs has this standing; what runs no script has any.
fn is_known_to(server: &Server, command: &Command, argv: Argv<'_>, has: impl Fn(&Standing) -> bool) -> bool {
    let script = |digest: &Digest| server.scripts.get(digest).is_some_and(|script| has(&script.standing));
    Named::by(command, argv).is_none_or(|named| match named {
        Named::Source(source) => script(&Digest::of(source)),
        Named::Script(digest) => digest.is_some_and(|digest| script(&digest)),
        Named::Function(name) => {
            let libraries = server.scripts.libraries();
            libraries.function(name).is_some_and(|(library, at)| has(&library.standings[at]))
        }
    })
}
