//! SHUTDOWN.

use super::super::prelude::*;
use crate::config::ShutdownOptions;

const SAVE_FAILED: Error = Error::new("ERR Errors trying to SHUTDOWN. Check logs.");
const NOTHING_TO_ABORT: Error = Error::new("ERR No shutdown in progress.");

/// `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]`: no reply when it succeeds, the connection ends.
pub(super) fn shutdown(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut options = ShutdownOptions::default();
    let mut abort = false;
    while args.more() {
        if options.save != Some(false) && args.eat("SAVE") {
            options.save = Some(true);
        } else if options.save != Some(true) && args.eat("NOSAVE") {
            options.save = Some(false);
        } else if args.eat("NOW") {
            options.now = true;
        } else if args.eat("FORCE") {
            options.force = true;
        } else if args.eat("ABORT") {
            abort = true;
        } else {
            return Err(error::SYNTAX);
        }
    }
    if abort {
        if options != ShutdownOptions::default() {
            return Err(error::SYNTAX);
        }
        if !cx.server.shutdown.forget() {
            return Err(NOTHING_TO_ABORT);
        }
        tracing::warn!("Shutdown manually aborted.");
        cx.reply.ok();
        return DONE;
    }
    if cx.server.saves_before_end(options) {
        // It takes its time, and the shards.
        cx.cost(usize::MAX)?;
        if !cx.server.save_before_end(options) {
            return Err(SAVE_FAILED);
        }
        options.save = Some(false);
    }

    cx.server.shutdown.request(options);
    Ok(Flow::Close)
}
