//! Fields as numbers: HINCRBY, HINCRBYFLOAT. The expiry of the field stays.

use super::{fields, limits};
use crate::commands::prelude::*;
use crate::types::hash::{FieldTtl, Hash};
use crate::util::long_double::LongDouble;
use crate::util::number;

pub(super) fn hincrby(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let field = args.take()?;
    let increment = args.integer()?;

    let (limits, now_ms) = (limits(cx), cx.now_ms());
    let mut had_expired = false;
    let sum = cx.db.edit_or_insert(key, Hash::new, |hash| {
        let old = match hash.get(field, now_ms) {
            Some(value) => value.as_int().ok_or(error::HASH_NOT_INTEGER)?,
            None => {
                had_expired = hash.remove_if_due(field, now_ms);
                0
            }
        };
        let sum = old.checked_add(increment).ok_or(error::OVERFLOW)?;
        hash.set(field, &number::i64_text(sum), FieldTtl::Keep, now_ms, limits);
        Ok::<_, Error>(sum)
    })??;
    cx.db.changed(key, events::HINCRBY);
    if had_expired {
        cx.db.expired_fields(key, std::iter::once(field));
        fields::journal_write(cx, key, field, &number::i64_text(sum));
    }

    cx.reply.integer(sum);
    DONE
}

pub(super) fn hincrbyfloat(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let field = args.take()?;
    let increment = LongDouble::parse(args.take()?).ok_or(error::NOT_FLOAT)?;
    if !increment.is_finite() {
        return Err(error::NAN_OR_INFINITE_VALUE);
    }

    let (limits, now_ms) = (limits(cx), cx.now_ms());
    let mut text = Vec::new();
    let mut had_expired = false;
    let expires = cx.db.edit_or_insert(key, Hash::new, |hash| {
        let old = match hash.get(field, now_ms) {
            Some(value) => LongDouble::parse(value.text(&mut itoa::Buffer::new())).ok_or(error::HASH_NOT_FLOAT)?,
            None => {
                had_expired = hash.remove_if_due(field, now_ms);
                LongDouble::ZERO
            }
        };
        old.checked_add(increment).ok_or(error::NAN_OR_INFINITY)?.write(&mut text);
        hash.set(field, &text, FieldTtl::Keep, now_ms, limits);
        Ok::<_, Error>(hash.expiry(field, now_ms).flatten().is_some())
    })??;
    cx.db.changed(key, events::HINCRBYFLOAT);
    if had_expired {
        cx.db.expired_fields(key, std::iter::once(field));
    }
    // Another machine may add floats differently. HSET would take the expiry away.
    if expires {
        let words: [&[u8]; 7] = [b"HSETEX", key.name, b"KEEPTTL", b"FIELDS", b"1", field, &text];
        cx.db.journal_as(|effect| words.iter().for_each(|word| effect.push(word)));
    } else {
        fields::journal_write(cx, key, field, &text);
    }

    cx.reply.bulk(text);
    DONE
}
