//! WAIT and WAITAOF: of a server without replicas.

use std::sync::atomic::Ordering::Relaxed;

use crate::commands::blocking::{self, Blocking};
use crate::commands::prelude::*;
use crate::util::number;

/// WAIT: no replica ever has what was written, so a wait for one lasts until its timeout.
pub(super) fn wait(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let replicas = args.integer()?;
    let deadline_ms = blocking::deadline_of_ms(args.take()?, cx.now_ms())?;

    if replicas <= 0 {
        cx.reply.integer(0);
        return DONE;
    }
    Blocking::for_time().until(deadline_ms).or_reply(b":0\r\n", b":0\r\n").wait()
}

/// WAITAOF: until what the client has written is on disk here. No replica ever has it.
pub(super) fn waitaof(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let local = args.integer_in(0..=1, error::OUT_OF_ZERO_TO_ONE)?;
    let replicas = number::parse_i64(args.take()?).filter(|&count| count >= 0).ok_or(error::NOT_POSITIVE)?;
    let deadline_ms = blocking::deadline_of_ms(args.take()?, cx.now_ms())?;
    let is_logged = cx.server.config.appendonly();
    if local > 0 && !is_logged {
        return Err(error::WAITAOF_WITHOUT_AOF);
    }

    let seq = cx.session.client.facts.last_write.load(Relaxed);
    let is_durable = is_logged && cx.server.aof.durable() >= seq;
    if replicas == 0 && (local == 0 || is_durable) {
        cx.reply.array(2);
        cx.reply.integer(i64::from(is_durable));
        cx.reply.integer(0);
        return DONE;
    }
    let reply: &[u8] = if is_durable { b"*2\r\n:1\r\n:0\r\n" } else { b"*2\r\n:0\r\n:0\r\n" };
    let wait = Blocking::for_time().until(deadline_ms).or_reply(reply, reply);
    if replicas == 0 { wait.until_durable(seq).wait() } else { wait.wait() }
}
