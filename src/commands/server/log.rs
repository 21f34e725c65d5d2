//! BGREWRITEAOF.

use crate::commands::prelude::*;
use crate::persist::aof::Job;

pub(super) fn bgrewriteaof(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    if !cx.server.aof.rewrite.ask(Job::Rewrite) {
        return Err(error::REWRITE_IN_PROGRESS);
    }
    cx.reply.simple(b"Background append only file rewriting started");
    DONE
}
