//! When keys expire: setting it, asking for it, taking it away.

use super::super::expiry::{ExpireCondition, Unit, point_in_time};
use super::super::prelude::*;
use crate::util::number;

pub(super) fn expire(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Seconds, cx.now_ms())
}

pub(super) fn pexpire(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Milliseconds, cx.now_ms())
}

pub(super) fn expireat(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Seconds, 0)
}

pub(super) fn pexpireat(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiry(cx, args, Unit::Milliseconds, 0)
}

/// Reads the conditions, which end the request.
fn read_conditions(args: &mut Args<'_>) -> Result<ExpireCondition, Error> {
    let mut condition = ExpireCondition::default();
    while let Some(word) = args.peek() {
        if !condition.take(args) {
            return Err(Error::unsupported_option(word));
        }
    }
    condition.check()?;
    Ok(condition)
}

/// The EXPIRE family: `base_ms` is what the number counts from.
fn set_expiry(cx: &mut Cx<'_>, args: &mut Args<'_>, unit: Unit, base_ms: u64) -> Outcome {
    let key = args.key()?;
    let number = args.take()?;
    let condition = read_conditions(args)?;
    let number = number::parse_i64(number).ok_or(error::NOT_INTEGER)?;
    let at_ms = point_in_time(number, unit, base_ms).ok_or_else(|| Error::expire_time(&cx.command.name))?;

    let Some(place) = cx.db.locate(key) else {
        cx.reply.integer(0);
        return DONE;
    };
    let old = cx.db.part(key.hash).entry(place).expire_at_ms();
    if !condition.admits(old.map(|old_ms| old_ms as i64), at_ms) {
        cx.reply.integer(0);
        return DONE;
    }
    if at_ms <= cx.now_ms() as i64 {
        cx.db.delete(key);
    } else {
        cx.db.part(key.hash).set_expire_at(place, key.hash, Some(at_ms as u64));
        cx.db.changed(key, events::EXPIRE);
        cx.db.journal_as(|effect| {
            effect.push(b"PEXPIREAT");
            effect.push(key.name);
            effect.push(itoa::Buffer::new().format(at_ms).as_bytes());
        });
    }

    cx.reply.integer(1);
    DONE
}

pub(super) fn persist(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let Some(place) = cx.db.locate(key) else {
        cx.reply.integer(0);
        return DONE;
    };
    let part = cx.db.part(key.hash);
    let had_expiry = part.entry(place).expire_at_ms().is_some();
    if had_expiry {
        part.set_expire_at(place, key.hash, None);
        cx.db.changed(key, events::PERSIST);
    }

    cx.reply.integer(i64::from(had_expiry));
    DONE
}

pub(super) fn ttl(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Seconds, cx.now_ms())
}

pub(super) fn pttl(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Milliseconds, cx.now_ms())
}

pub(super) fn expiretime(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Seconds, 0)
}

pub(super) fn pexpiretime(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    tell_expiry(cx, args, Unit::Milliseconds, 0)
}

/// The TTL family: the expiry counted from `base_ms`; -1 for none, -2 for no key. Seconds are rounded half up.
fn tell_expiry(cx: &mut Cx<'_>, args: &mut Args<'_>, unit: Unit, base_ms: u64) -> Outcome {
    let answer = match cx.db.lookup_facts(args.key()?).map(|entry| entry.expire_at_ms()) {
        None => -2,
        Some(None) => -1,
        Some(Some(at_ms)) => {
            let ms = at_ms.saturating_sub(base_ms);
            (if unit == Unit::Seconds { (ms + 500) / 1000 } else { ms }) as i64
        }
    };
    cx.reply.integer(answer);
    DONE
}
