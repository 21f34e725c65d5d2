//! WAIT and WAITAOF: of a server without replicas and without an append-only file.

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

/// WAITAOF: nothing is ever on disk without an append-only file.
pub(super) fn waitaof(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let local = args.integer_in(0..=1, error::OUT_OF_ZERO_TO_ONE)?;
    let replicas = number::parse_i64(args.take()?).filter(|&count| count >= 0).ok_or(error::NOT_POSITIVE)?;
    let deadline_ms = blocking::deadline_of_ms(args.take()?, cx.now_ms())?;
    if local > 0 {
        return Err(error::WAITAOF_WITHOUT_AOF);
    }

    if replicas == 0 {
        cx.reply.array(2);
        cx.reply.integer(0);
        cx.reply.integer(0);
        return DONE;
    }
    const NONE: &[u8] = b"*2\r\n:0\r\n:0\r\n";
    Blocking::for_time().until(deadline_ms).or_reply(NONE, NONE).wait()
}
