//! BGREWRITEAOF.

use crate::commands::prelude::*;
use crate::persist::aof::Job;

pub(super) fn bgrewriteaof(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let is_asked_for = !cx.server.aof.rewrite.ask(Job::Rewrite);
    let waits = cx.server.rewrite_waits();
    if is_asked_for && !waits {
        return Err(error::REWRITE_IN_PROGRESS);
    }

    let what = if waits { "scheduled" } else { "started" };
    cx.reply.simple(format!("Background append only file rewriting {what}").as_bytes());
    DONE
}
