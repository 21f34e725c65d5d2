//! TIME.

use super::super::prelude::*;

/// TIME: seconds, and microseconds within the second.
pub(super) fn time(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let now_us = cx.server.clock.now_us();
    cx.reply.array(2);
    cx.reply.bulk_integer((now_us / 1_000_000) as i64);
    cx.reply.bulk_integer((now_us % 1_000_000) as i64);
    DONE
}
