//! Holding clients up and letting them go on.

use std::sync::atomic::Ordering::AcqRel;

use super::super::super::prelude::*;
use crate::client::signal;
use crate::state::PauseScope;
use crate::util::number::parse_i64;

pub(super) fn client_pause(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() > 4 {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    let timeout = args.take()?;
    let scope = if !args.more() || args.eat("ALL") {
        PauseScope::All
    } else if args.eat("WRITE") {
        PauseScope::Writes
    } else {
        return Err(error::PAUSE_MODE);
    };
    let timeout_ms = parse_i64(timeout).ok_or(error::TIMEOUT_NOT_INTEGER)?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| error::TIMEOUT_NEGATIVE)?;
    let until_ms = cx.now_ms().checked_add(timeout_ms).filter(|&ms| i64::try_from(ms).is_ok());

    cx.server.pause(until_ms.ok_or(error::TIMEOUT_OUT_OF_RANGE)?, scope);
    cx.reply.ok();
    DONE
}

pub(super) fn client_unpause(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.server.unpause();
    cx.reply.ok();
    DONE
}

/// CLIENT UNBLOCK: for blocking commands alone; a paused client stays paused.
pub(super) fn client_unblock(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() > 4 {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    let id = args.take()?;
    let how = if !args.more() || args.eat("TIMEOUT") {
        signal::UNBLOCK_TIMEOUT
    } else if args.eat("ERROR") {
        signal::UNBLOCK_ERROR
    } else {
        return Err(error::UNBLOCK_REASON);
    };
    let id = parse_i64(id).ok_or(error::NOT_INTEGER)?;

    let client = u64::try_from(id).ok().and_then(|id| cx.server.clients.get(id));
    // Whoever takes the mark away has ended the wait: a second UNBLOCK answers 0.
    let blocked = client.filter(|client| client.blocked.swap(false, AcqRel));
    if let Some(client) = &blocked {
        client.raise(how);
    }
    cx.reply.integer(blocked.is_some().into());
    DONE
}
