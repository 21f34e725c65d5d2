//! Whether keys exist and what they hold; and their removal.

use super::super::prelude::*;

/// DEL. Values are never dropped under a lock, and those that take long are dropped on a thread of their own.
pub(super) fn del(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.cost(args.remaining())?;

    let mut removed = 0;
    while args.more() {
        let key = args.key()?;
        if cx.db.remove(key) {
            cx.db.changed(key, events::DEL);
            removed += 1;
        }
    }

    cx.reply.integer(removed);
    DONE
}

/// UNLINK differs from DEL in Redis only by where values are dropped.
pub(super) fn unlink(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    del(cx, args)
}

/// EXISTS. A key named twice counts twice.
pub(super) fn exists(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.cost(args.remaining())?;

    let mut found = 0;
    while args.more() {
        found += i64::from(cx.db.lookup_facts(args.key()?).is_some());
    }

    cx.reply.integer(found);
    DONE
}

/// TOUCH. Marks keys as used even for a client under CLIENT NO-TOUCH.
pub(super) fn touch(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.cost(args.remaining())?;

    cx.db.access.is_silent = false;
    let mut found = 0;
    while args.more() {
        found += i64::from(cx.db.lookup_read(args.key()?).is_some());
    }

    cx.reply.integer(found);
    DONE
}

pub(super) fn type_(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let name = cx.db.lookup_facts(args.key()?).map_or("none", |entry| entry.kind().type_name());
    cx.reply.simple(name.as_bytes());
    DONE
}
