//! FUNCTION: libraries of functions.

use std::collections::BTreeSet;

use super::dump;
use super::host::log;
use super::scripts::kill;
use crate::commands::prelude::*;
use crate::resp::{Args as Argv, Protocol};
use crate::script::{Host, Libraries, Library, Policy, Refused, RunKind, Stop, with_interpreter};
use crate::state::Server;
use crate::util::clock::{ticks, ticks_to_ns};
use crate::util::glob;

/// Time that a library may take to load.
const LOAD_NS: u64 = 500_000_000;

const NO_LIBRARY: Error = Error::new("ERR Library not found");
const BAD_FLUSH: Error = Error::new("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
const NO_PATTERN: Error = Error::new("ERR library name argument was not given");
const BAD_POLICY: Error =
    Error::new("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");

/// What a library meets while it is loaded.
struct Loader {
    started: u64,
}

impl Host for Loader {
    fn call(&mut self, _: Argv<'_>, _: &mut dyn FnMut(&[u8])) -> Result<(), Refused> {
        Err(Refused::Error(b"ERR a library calls nothing while it is loaded".to_vec()))
    }

    fn set_protocol(&mut self, _: Protocol) {}

    fn set_repl(&mut self, _: u8) {}

    fn log(&mut self, level: u8, message: &[u8]) {
        log(level, message);
    }

    fn may_run(&mut self, _: Argv<'_>) -> Option<bool> {
        None
    }

    fn tick(&mut self) -> Option<Stop> {
        (ticks_to_ns(ticks() - self.started) > LOAD_NS).then_some(Stop::LoadTimeout)
    }
}

fn read_library(code: &[u8]) -> Result<Library, Error> {
    let mut loader = Loader { started: ticks() };
    with_interpreter(|interpreter| interpreter.read_library(code, &mut loader)).map_err(Error::text)
}

pub(super) fn function_load(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut replaces = false;
    while args.remaining() > 1 {
        if !args.eat("REPLACE") {
            return Err(Error::text([b"ERR Unknown option given: ", args.take()?].concat()));
        }
        replaces = true;
    }
    let code = args.take()?;
    let (name, _) = crate::script::Header::of_library(code).map_err(Error::text)?;
    cx.server.scripts.libraries().check_name(&name, replaces).map_err(Error::text)?;
    if cx.on_worker {
        return Err(Error::TooLongForWorker);
    }
    let library = read_library(code)?;

    cx.server.scripts.change_libraries(|libraries| libraries.add(library, replaces)).map_err(Error::text)?;
    cx.db.effects.dirty += 1;
    cx.reply.bulk(name);
    DONE
}

pub(super) fn function_delete(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let name = args.take()?;
    let delete = |libraries: &mut Libraries| if libraries.remove(name) { Ok(()) } else { Err(NO_LIBRARY) };
    cx.server.scripts.change_libraries(delete)?;
    cx.db.effects.dirty += 1;
    cx.reply.ok();
    DONE
}

pub(super) fn function_flush(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.remaining() > 1 {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    if args.more() && !args.eat("SYNC") && !args.eat("ASYNC") {
        return Err(BAD_FLUSH);
    }
    let flush = |libraries: &mut Libraries| -> Result<(), Error> {
        *libraries = Libraries::default();
        Ok(())
    };
    cx.server.scripts.change_libraries(flush)?;
    cx.db.effects.dirty += 1;
    cx.reply.ok();
    DONE
}

pub(super) fn function_dump(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let libraries = cx.server.scripts.libraries();
    cx.reply.bulk(dump::write(libraries.iter().map(|library| &library.code[..])));
    DONE
}

pub(super) fn function_restore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.remaining() > 2 {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    let payload = args.take()?;
    let policy = match args.word().as_deref() {
        None | Some(b"APPEND") => Policy::Append,
        Some(b"FLUSH") => Policy::Flush,
        Some(b"REPLACE") => Policy::Replace,
        Some(_) => return Err(BAD_POLICY),
    };
    let codes = dump::read(payload)?;
    if cx.on_worker {
        return Err(Error::TooLongForWorker);
    }

    restore_libraries(cx.server, &codes, policy)?;
    cx.db.effects.dirty += 1;
    cx.reply.ok();
    DONE
}

/// Takes over all of these libraries, by their code, or none of them. A library may take its time: not on a worker.
///
/// # Errors
/// When one can not be loaded, or its name or that of a function is taken.
pub fn restore_libraries(server: &Server, codes: &[Vec<u8>], policy: Policy) -> Result<(), Error> {
    let restored: Vec<Library> = codes.iter().map(|code| read_library(code)).collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    if let Some(twice) = restored.iter().find(|library| !names.insert(&library.name)) {
        return Err(taken(&twice.name));
    }
    server.scripts.change_libraries(|libraries| {
        if policy == Policy::Flush {
            *libraries = Libraries::default();
        }
        for library in restored {
            let replaces = policy == Policy::Replace;
            libraries.check_name(&library.name, replaces).map_err(|_| taken(&library.name))?;
            libraries.add(library, replaces).map_err(Error::text)?;
        }
        Ok(())
    })
}

fn taken(name: &str) -> Error {
    Error::text(format!("ERR Library {name} already exists"))
}

pub(super) fn function_kill(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    kill(cx, RunKind::Function)
}

pub(super) fn function_list(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (mut pattern, mut with_code) = (None, false);
    while args.more() {
        if !with_code && args.eat("WITHCODE") {
            with_code = true;
        } else if pattern.is_none() && args.eat("LIBRARYNAME") {
            pattern = Some(args.take().map_err(|_| NO_PATTERN)?);
        } else {
            return Err(Error::text([b"ERR Unknown argument ", args.take()?].concat()));
        }
    }

    let libraries = cx.server.scripts.libraries();
    let is_wanted = |library: &Library| pattern.is_none_or(|text| glob::matches(text, library.name.as_bytes(), true));
    let header = cx.reply.defer();
    let mut count = 0;
    for library in libraries.iter().filter(|library| is_wanted(library)) {
        count += 1;
        cx.reply.map(if with_code { 4 } else { 3 });
        cx.reply.bulk("library_name");
        cx.reply.bulk(&library.name);
        cx.reply.bulk("engine");
        cx.reply.bulk("LUA");
        cx.reply.bulk("functions");
        cx.reply.array(library.functions.len());
        for function in &library.functions {
            cx.reply.map(3);
            cx.reply.bulk("name");
            cx.reply.bulk(&function.name);
            cx.reply.bulk("description");
            match &function.description {
                Some(text) => cx.reply.bulk(text),
                None => cx.reply.null(),
            }
            cx.reply.bulk("flags");
            cx.reply.set(function.flags.names().count());
            function.flags.names().for_each(|name| cx.reply.simple(name.as_bytes()));
        }
        if with_code {
            cx.reply.bulk("library_code");
            cx.reply.bulk(&library.code);
        }
    }
    cx.reply.end_array(header, count);
    DONE
}

pub(super) fn function_stats(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let threshold_ms = u64::try_from(cx.server.config.busy_reply_threshold()).unwrap_or(u64::MAX);
    let running = cx.server.scripts.runs.oldest();
    if let Some(run) = &running
        && run.kind == RunKind::Script
        && run.duration_ms() >= threshold_ms
    {
        return Err(error::busy(run.kind));
    }

    let libraries = cx.server.scripts.libraries();
    cx.reply.map(2);
    cx.reply.bulk("running_script");
    match running.filter(|run| run.kind == RunKind::Function) {
        Some(run) => {
            cx.reply.map(3);
            cx.reply.bulk("name");
            cx.reply.bulk(&run.name);
            cx.reply.bulk("command");
            cx.reply.array(run.command.len());
            run.command.iter().for_each(|word| cx.reply.bulk(word));
            cx.reply.bulk("duration_ms");
            cx.reply.integer(run.duration_ms() as i64);
        }
        None => cx.reply.null(),
    }
    cx.reply.bulk("engines");
    cx.reply.map(1);
    cx.reply.bulk("LUA");
    cx.reply.map(2);
    cx.reply.bulk("libraries_count");
    cx.reply.integer(libraries.iter().len() as i64);
    cx.reply.bulk("functions_count");
    cx.reply.integer(libraries.function_count() as i64);
    DONE
}
