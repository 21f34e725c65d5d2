//! SAVE and BGSAVE.

use super::super::prelude::*;
use crate::keyspace::Locked;
use crate::persist::snapshot::Purpose;
use crate::state::SaveRefused;

const IN_PROGRESS: Error = Error::new("ERR Background save already in progress");
const ANOTHER: Error = Error::new(
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a \
     BGSAVE whenever possible.",
);
const NOT_IN_PROGRESS: Error = Error::new("ERR Background saving is currently not in progress or scheduled");
/// Redis says no more than this.
const FAILED: Error = Error::new("ERR");

/// SAVE: on a thread that may wait, beside other commands.
pub(super) fn save(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;
    let mut locked = Locked::all(&cx.server.keyspace, false, 0, cx.now_ms()).map_err(|_| Error::ShardBusy)?;
    let save = match cx.server.begin_save(Purpose::Dump { in_background: false }, &mut locked) {
        Ok(save) => save,
        Err(SaveRefused::Busy(Purpose::Dump { .. })) => return Err(IN_PROGRESS),
        Err(_) => return Err(ANOTHER),
    };
    drop(locked);

    if !cx.server.finish_save(save) {
        return Err(FAILED);
    }

    cx.reply.ok();
    DONE
}

/// `BGSAVE [SCHEDULE | CANCEL]`.
pub(super) fn bgsave(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (mut schedule, mut cancel) = (false, false);
    match args.remaining() {
        0 => {}
        1 if args.eat("SCHEDULE") => schedule = true,
        1 if args.eat("CANCEL") => cancel = true,
        _ => return Err(error::SYNTAX),
    }

    let server = cx.server;
    let reply = if cancel {
        if server.snapshots.cancel() {
            tracing::warn!("Background saving will be aborted due to user request");
            "Background saving cancelled"
        } else if server.snapshots.schedule(false) {
            tracing::warn!("Scheduled background saving will be cancelled due to user request");
            "Scheduled background saving cancelled"
        } else {
            return Err(NOT_IN_PROGRESS);
        }
    } else {
        match server.save_in_background(&mut cx.db) {
            Ok(()) => "Background saving started",
            Err(SaveRefused::Busy(Purpose::Dump { .. })) => return Err(IN_PROGRESS),
            Err(SaveRefused::Busy(_)) if schedule => {
                server.snapshots.schedule(true);
                "Background saving scheduled"
            }
            Err(SaveRefused::Busy(_)) => return Err(ANOTHER),
            Err(SaveRefused::NoThread) => return Err(FAILED),
        }
    };

    cx.reply.simple(reply.as_bytes());
    DONE
}
