//! Reading one set: SCARD, SISMEMBER, SMISMEMBER, SMEMBERS, SSCAN.

use super::reply_member;
use crate::commands::prelude::*;
use crate::commands::scan::{self, ScanOptions};
use crate::types::set::Set;

pub(super) fn scard(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = cx.db.read::<Set>(key)?.map_or(0, Set::len);

    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn sismember(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (key, member) = (args.key()?, args.take()?);

    let is_member = cx.db.read::<Set>(key)?.is_some_and(|set| set.contains(member));

    cx.reply.integer(i64::from(is_member));
    DONE
}

pub(super) fn smismember(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let members = args.rest();
    cx.cost(members.len())?;

    let set = cx.db.read::<Set>(key)?;

    cx.reply.array(members.len());
    for member in members {
        cx.reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    DONE
}

pub(super) fn smembers(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let budget = cx.budget();
    let set = cx.db.read::<Set>(key)?;
    let len = set.map_or(0, Set::len);
    budget.cost(len)?;

    cx.reply.set(len);
    set.into_iter().flat_map(Set::iter).for_each(|member| reply_member(&mut cx.reply, member));
    DONE
}

/// SSCAN. A member that is there throughout is shown exactly once; a small set is shown at once.
pub(super) fn sscan(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let cursor = scan::cursor(args)?;

    let budget = cx.budget();
    let list = cx.reply.defer();
    let Some(set) = cx.db.read::<Set>(key)? else {
        // Redis does not look at the options then.
        cx.reply.end_page(list, 0, 0);
        return DONE;
    };
    let options = ScanOptions::read(args, false)?;
    budget.cost(options.count.min(set.len()))?;

    let mut shown = 0;
    let reply = &mut cx.reply;
    let next = set.scan(cursor, options.count, |member| {
        if options.wants(member.text(&mut itoa::Buffer::new())) {
            reply_member(reply, member);
            shown += 1;
        }
    });

    cx.reply.end_page(list, next, shown);
    DONE
}
