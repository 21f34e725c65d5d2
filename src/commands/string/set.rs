//! Writing one string: SET with its options, SETNX, SETEX, PSETEX, GETSET.

use super::condition::Condition;
use super::reply_string;
use crate::commands::Payload;
use crate::commands::expiry::{Also, Expiry, ExpiryOption, Unit};
use crate::commands::keys::{BadArguments, FoundKey};
use crate::commands::prelude::*;
use crate::keyspace::Ttl;
use crate::resp;
use crate::util::number::i64_text;

pub(super) fn set(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let value = args.payload()?;
    if !args.more() {
        cx.db.overwrite_string(key, value.encode(), Ttl::Clear);
        cx.db.changed(key, events::SET);
        cx.reply.ok();
        return DONE;
    }
    let options = Options::read(args)?;
    let expiry = options.expiry.resolve(cx.now_ms(), &cx.command.name)?;

    let on_worker = cx.on_worker;
    let condition_holds = if options.get {
        let old = cx.db.lookup_read(key).map(|entry| entry.value());
        let holds = options.condition.holds(old, on_worker)?;
        match old {
            Some(value) => reply_string(&mut cx.reply, value)?,
            None => cx.reply.null(),
        }
        holds
    } else if options.condition == Condition::Always {
        true
    } else {
        let old = cx.db.lookup_write(key).map(|entry| entry.into_view().value());
        options.condition.holds(old, on_worker)?
    };
    if condition_holds {
        overwrite(cx, key, &value, expiry);
    }

    match condition_holds {
        _ if options.get => {}
        true => cx.reply.ok(),
        false => cx.reply.null(),
    }
    DONE
}

/// The key of SET, and what this call does to it: GET reads the value as well.
pub(super) fn set_keys(argv: resp::Args<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    let reads = argv.rest(3).iter().any(|word| word.eq_ignore_ascii_case(b"GET"));
    let flags = if reads { RW.or(ACCESS).or(UPDATE) } else { OW.or(UPDATE) };
    found.push(FoundKey { position: 1, flags });
    Ok(())
}

/// The options of SET.
struct Options<'a> {
    condition: Condition<'a>,
    get: bool,
    expiry: ExpiryOption<'a>,
}

impl<'a> Options<'a> {
    fn read(args: &mut Args<'a>) -> Result<Options<'a>, Error> {
        let mut options = Options { condition: Condition::Always, get: false, expiry: ExpiryOption::None };
        while let Some(word) = args.word() {
            let condition = match &*word {
                b"NX" => Some(Condition::Missing),
                b"XX" => Some(Condition::Exists),
                b"GET" => {
                    options.get = true;
                    continue;
                }
                _ => Condition::comparing(&word, args)?,
            };
            match condition {
                Some(condition) => options.set_condition(condition)?,
                None if options.expiry.take(&word, Also::KeepTtl, args)? => {}
                None => return Err(error::SYNTAX),
            }
        }
        Ok(options)
    }

    /// Conditions exclude each other; NX and XX may be repeated.
    fn set_condition(&mut self, condition: Condition<'a>) -> Result<(), Error> {
        let repeated = matches!(condition, Condition::Missing | Condition::Exists) && self.condition == condition;
        if self.condition != Condition::Always && !repeated {
            return Err(error::SYNTAX);
        }
        self.condition = condition;
        Ok(())
    }
}

/// Sets the key whatever it held, and states the effect without conditions and relative times.
pub(super) fn overwrite(cx: &mut Cx<'_>, key: Key<'_>, value: &Payload<'_>, expiry: Expiry) {
    cx.db.overwrite_string(key, value.encode(), expiry.of_overwrite());
    cx.db.changed(key, events::SET);
    if let Expiry::At(_) = expiry {
        cx.db.notify(key, events::EXPIRE);
    }
    cx.db.journal_as(|effect| {
        effect.push(b"SET");
        effect.push(key.name);
        value.push_to(effect);
        match expiry {
            Expiry::At(at_ms) => {
                effect.push(b"PXAT");
                effect.push(&i64_text(at_ms.cast_signed()));
            }
            Expiry::KeepTtl => effect.push(b"KEEPTTL"),
            Expiry::None | Expiry::Persist => {}
        }
    });
}

pub(super) fn setnx(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let value = args.payload()?;

    let is_new = cx.db.lookup_write(key).is_none();
    if is_new {
        overwrite(cx, key, &value, Expiry::None);
    }

    cx.reply.integer(i64::from(is_new));
    DONE
}

pub(super) fn setex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiring(cx, args, Unit::Seconds)
}

pub(super) fn psetex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    set_expiring(cx, args, Unit::Milliseconds)
}

fn set_expiring(cx: &mut Cx<'_>, args: &mut Args<'_>, unit: Unit) -> Outcome {
    let key = args.key()?;
    let expiry = ExpiryOption::time(unit, true, args)?.resolve(cx.now_ms(), &cx.command.name)?;
    let value = args.payload()?;

    overwrite(cx, key, &value, expiry);

    cx.reply.ok();
    DONE
}

pub(super) fn getset(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let value = args.payload()?;

    match cx.db.lookup_read(key) {
        Some(entry) => reply_string(&mut cx.reply, entry.value())?,
        None => cx.reply.null(),
    }
    overwrite(cx, key, &value, Expiry::None);
    DONE
}
