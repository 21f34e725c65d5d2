//! One-line facts: TIME, LASTSAVE, ROLE.

use super::super::prelude::*;

/// TIME: seconds, and microseconds within the second.
pub(super) fn time(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let now_us = cx.server.clock.now_us();
    cx.reply.array(2);
    cx.reply.bulk_integer((now_us / 1_000_000) as i64);
    cx.reply.bulk_integer((now_us % 1_000_000) as i64);
    DONE
}

/// LASTSAVE: the start of the server, as by Redis, until a snapshot is written.
pub(super) fn lastsave(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.integer((cx.server.snapshots.facts().saved_at_ms / 1000) as i64);
    DONE
}

/// ROLE: a primary at offset 0 without replicas.
pub(super) fn role(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.array(3);
    cx.reply.bulk(b"master");
    cx.reply.integer(0);
    cx.reply.array(0);
    DONE
}
