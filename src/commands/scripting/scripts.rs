//! SCRIPT: the cache of scripts, and the end of one that runs.

use crate::commands::prelude::*;
use crate::script::{Digest, Kill, RunKind, with_interpreter};

const BAD_FLUSH: Error = Error::new("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
const NO_DEBUGGER: Error = Error::new("ERR The script debugger is not supported");
const BAD_DEBUG: Error = Error::new("ERR Use SCRIPT DEBUG YES/SYNC/NO");
const NO_SCRIPT: Error = Error::new("NOSCRIPT No matching script.");
const NOT_BUSY: Error = Error::new("NOTBUSY No scripts in execution right now.");
const UNKILLABLE: Error = Error::new(
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script \
     termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
);

pub(super) fn script_load(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let source = args.take()?;
    let digest = Digest::of(source);
    let scripts = &cx.server.scripts;
    with_interpreter(|interpreter| interpreter.add_script(scripts, digest, source, true)).map_err(Error::text)?;
    cx.reply.bulk(digest.hex());
    DONE
}

pub(super) fn script_exists(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.reply.array(args.remaining());
    for name in args.rest() {
        let is_there = Digest::parse(name).is_some_and(|digest| cx.server.scripts.get(&digest).is_some());
        cx.reply.integer(is_there.into());
    }
    DONE
}

pub(super) fn script_show(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let digest = Digest::parse(args.take()?).ok_or(NO_SCRIPT)?;
    let script = cx.server.scripts.get(&digest).ok_or(NO_SCRIPT)?;
    cx.reply.bulk(&script.source);
    DONE
}

pub(super) fn script_flush(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.remaining() > 1 || args.more() && !args.eat("SYNC") && !args.eat("ASYNC") {
        return Err(BAD_FLUSH);
    }
    cx.server.scripts.flush();
    cx.reply.ok();
    DONE
}

pub(super) fn script_debug(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.eat("NO") {
        cx.reply.ok();
        return DONE;
    }
    Err(if args.eat("YES") || args.eat("SYNC") { NO_DEBUGGER } else { BAD_DEBUG })
}

pub(super) fn script_kill(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    kill(cx, RunKind::Script)
}

/// SCRIPT KILL and FUNCTION KILL.
pub(super) fn kill(cx: &mut Cx<'_>, kind: RunKind) -> Outcome {
    let threshold_ms = u64::try_from(cx.server.config.busy_reply_threshold()).unwrap_or(0);
    match cx.server.scripts.runs.kill(kind, threshold_ms) {
        Kill::Done => {
            cx.reply.ok();
            DONE
        }
        Kill::NotBusy => Err(NOT_BUSY),
        Kill::Unkillable => Err(UNKILLABLE),
        Kill::Other(kind) => Err(error::busy(kind)),
    }
}
