//! Reading one string: GET, GETDEL, GETEX, STRLEN.

use super::reply_string;
use crate::commands::expiry::{Also, Expiry, ExpiryOption};
use crate::commands::prelude::*;
use crate::util::number::i64_text;

pub(super) fn get(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    match cx.db.lookup_read(key) {
        Some(entry) => reply_string(&mut cx.reply, entry.value())?,
        None => cx.reply.null(),
    }
    DONE
}

pub(super) fn strlen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let len = match cx.db.lookup_read(key) {
        Some(entry) => entry.value().str_len().ok_or(error::WRONGTYPE)?,
        None => 0,
    };

    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn getdel(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.null();
        return DONE;
    };
    reply_string(&mut cx.reply, entry.value())?;
    cx.db.delete(key);
    DONE
}

pub(super) fn getex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let mut option = ExpiryOption::None;
    while let Some(word) = args.word() {
        if !option.take(&word, Also::Persist, args)? {
            return Err(error::SYNTAX);
        }
    }

    let now_ms = cx.now_ms();
    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.null();
        return DONE;
    };
    let value = entry.value();
    if value.str_len().is_none() {
        return Err(error::WRONGTYPE);
    }
    let expiry = option.resolve(now_ms, &cx.command.name)?;
    reply_string(&mut cx.reply, value)?;
    match expiry {
        Expiry::At(at_ms) if at_ms <= now_ms => drop(cx.db.delete(key)),
        Expiry::At(at_ms) => {
            cx.db.part(key.hash).set_expire(key.name, key.hash, Some(at_ms));
            cx.db.changed(key, events::EXPIRE);
            cx.db.journal_as(|effect| {
                effect.push(b"PEXPIREAT");
                effect.push(key.name);
                effect.push(&i64_text(at_ms.cast_signed()));
            });
        }
        Expiry::Persist if cx.db.part(key.hash).persist(key.name, key.hash) => {
            cx.db.changed(key, events::PERSIST);
            cx.db.journal_as(|effect| [b"PERSIST", key.name].iter().for_each(|word| effect.push(word)));
        }
        Expiry::None | Expiry::KeepTtl | Expiry::Persist => {}
    }
    DONE
}
