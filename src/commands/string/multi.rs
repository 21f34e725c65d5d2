//! Several strings at once: MGET, MSET, MSETNX, MSETEX. The shards of all keys are locked, so each is one step.

use super::reply_string;
use super::set::overwrite;
use crate::commands::expiry::{Also, ExpiryOption};
use crate::commands::prelude::*;
use crate::keyspace::Ttl;
use crate::util::number;

pub(super) fn mget(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.cost(args.remaining())?;

    cx.reply.array(args.remaining());
    while args.more() {
        let found = cx.db.lookup_read(args.key()?);
        // What is no string reads as nothing here.
        if found.is_none_or(|entry| reply_string(&mut cx.reply, entry.value()).is_err()) {
            cx.reply.null();
        }
    }
    DONE
}

pub(super) fn mset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    check_pairs(cx, args)?;

    set_pairs(cx, args)?;

    cx.reply.ok();
    DONE
}

pub(super) fn msetnx(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    check_pairs(cx, args)?;

    let mut any_exists = false;
    while args.more() && !any_exists {
        any_exists = cx.db.lookup_write(args.key()?).is_some();
        args.skip(1);
    }
    if !any_exists {
        args.rewind();
        set_pairs(cx, args)?;
    }

    cx.reply.integer(i64::from(!any_exists));
    DONE
}

fn check_pairs(cx: &Cx<'_>, args: &Args<'_>) -> Result<(), Error> {
    if !args.remaining().is_multiple_of(2) {
        return Err(Error::arity(&cx.command.name));
    }
    cx.cost(args.remaining() / 2)
}

/// Sets every pair in order: of a key that comes twice the last value stays.
fn set_pairs(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Result<(), Error> {
    while args.more() {
        let key = args.key()?;
        let value = args.payload()?;
        cx.db.overwrite_string(key, value.encode(), Ttl::Clear);
        cx.db.changed(key, events::SET);
    }
    Ok(())
}

pub(super) fn msetex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let pairs = number::parse_i64(args.take()?).and_then(|count| i32::try_from(count).ok());
    let pairs = pairs.filter(|&count| count > 0).ok_or(error::INVALID_NUMKEYS)? as usize;
    if args.remaining() < 2 * pairs {
        return Err(error::WRONG_PAIRS);
    }
    args.skip(2 * pairs);
    let (mut wants_existing, mut option) = (None, ExpiryOption::None);
    while let Some(word) = args.word() {
        match &*word {
            b"NX" if wants_existing != Some(true) => wants_existing = Some(false),
            b"XX" if wants_existing != Some(false) => wants_existing = Some(true),
            _ if option.take(&word, Also::KeepTtl, args)? => {}
            _ => return Err(error::SYNTAX),
        }
    }
    let expiry = option.resolve(cx.now_ms(), &cx.command.name)?;
    cx.cost(pairs)?;

    let mut holds = true;
    if let Some(wants_existing) = wants_existing {
        restart(args)?;
        for _ in 0..pairs {
            holds = holds && cx.db.lookup_write(args.key()?).is_some() == wants_existing;
            args.skip(1);
        }
    }
    if holds {
        restart(args)?;
        for _ in 0..pairs {
            let key = args.key()?;
            let value = args.payload()?;
            overwrite(cx, key, &value, expiry);
        }
    }

    cx.reply.integer(i64::from(holds));
    DONE
}

/// Back to the first pair, behind their number.
fn restart(args: &mut Args<'_>) -> Result<(), Error> {
    args.rewind();
    args.take().map(|_| ())
}
