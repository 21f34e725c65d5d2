//! What a client wants for itself: replies or none, exemptions.

use super::super::super::prelude::*;
use crate::client::{ReplyMode, SessionFlags};

pub(super) fn client_reply(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let mode = if args.eat("ON") {
        ReplyMode::On
    } else if args.eat("OFF") {
        ReplyMode::Off
    } else if args.eat("SKIP") {
        ReplyMode::Skip
    } else {
        return Err(error::SYNTAX);
    };

    cx.session.set_reply_mode(mode);
    if mode == ReplyMode::On {
        cx.reply.ok();
    }
    DONE
}

pub(super) fn client_no_evict(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    switch(cx, args, SessionFlags::NO_EVICT)
}

pub(super) fn client_no_touch(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    switch(cx, args, SessionFlags::NO_TOUCH)
}

/// CLIENT DURABILITY: when replies to this connection's writes are sent.
pub(super) fn client_durability(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let always = args.eat("ALWAYS");
    if !always && !args.eat("EVERYSEC") && !args.eat("NO") {
        return Err(error::SYNTAX);
    }
    cx.session.set(SessionFlags::WAITS_FOR_DISK, always);
    cx.session.set(SessionFlags::NEVER_WAITS_FOR_DISK, !always);
    cx.reply.ok();
    DONE
}

fn switch(cx: &mut Cx<'_>, args: &mut Args<'_>, flag: SessionFlags) -> Outcome {
    let on = args.eat("ON");
    if !on && !args.eat("OFF") {
        return Err(error::SYNTAX);
    }
    cx.session.set(flag, on);
    cx.reply.ok();
    DONE
}

/// CLIENT IMPORT-SOURCE. This server has no import mode (`import-mode` is always off), so nobody can be its source.
pub(super) fn client_import_source(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if !args.eat("OFF") {
        return Err(error::NOT_IMPORTING);
    }
    cx.reply.ok();
    DONE
}
