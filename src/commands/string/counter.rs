//! Strings as numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.

use crate::commands::prelude::*;
use crate::keyspace::{StringValue, Ttl, Value};
use crate::util::long_double::LongDouble;
use crate::util::number;

pub(super) fn incr(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    add(cx, key, 1)
}

pub(super) fn decr(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    add(cx, key, -1)
}

pub(super) fn incrby(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let increment = args.integer()?;
    add(cx, key, increment)
}

pub(super) fn decrby(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let increment = args.integer()?.checked_neg().ok_or(error::DECREMENT_OVERFLOW)?;
    add(cx, key, increment)
}

/// Adds to the integer in a key, which counts as 0 when it is not there. The expiry stays.
fn add(cx: &mut Cx<'_>, key: Key<'_>, increment: i64) -> Outcome {
    let sum = match cx.db.lookup_write(key) {
        Some(mut entry) => {
            let number = match entry.view().value() {
                Value::Int(number) => number,
                Value::Str(text) => number::parse_i64(text).ok_or(error::NOT_INTEGER)?,
                Value::Big(_) => return Err(error::NOT_INTEGER),
                Value::Object(_) => return Err(error::WRONGTYPE),
            };
            let sum = number.checked_add(increment).ok_or(error::OVERFLOW)?;
            let replaced = entry.set_int(sum);
            debug_assert!(replaced.is_none(), "a text that is an integer lies in its entry");
            sum
        }
        None => {
            cx.db.set_string(key, StringValue::Int(increment), Ttl::Clear);
            increment
        }
    };
    cx.db.changed(key, events::INCRBY);

    cx.reply.integer(sum);
    DONE
}

pub(super) fn incrbyfloat(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let increment = args.take()?;

    let old = cx.db.lookup_write(key);
    let number = match &old {
        Some(entry) => {
            let mut scratch = itoa::Buffer::new();
            let value = entry.view().value();
            LongDouble::parse(value.text(&mut scratch).ok_or(error::WRONGTYPE)?)
        }
        None => LongDouble::parse(b"0"),
    };
    // A value of another type is seen before an increment that is no number.
    let (number, increment) = number.zip(LongDouble::parse(increment)).ok_or(error::NOT_FLOAT)?;
    let sum = number.checked_add(increment).ok_or(error::NAN_OR_INFINITY)?;
    let mut text = Vec::new();
    sum.write(&mut text);
    match old {
        Some(mut entry) => {
            if let Some(replaced) = entry.set_string(StringValue::plain(&text)) {
                cx.db.effects.values.push(replaced);
            }
        }
        None => cx.db.set_string(key, StringValue::plain(&text), Ttl::Clear),
    }
    cx.db.changed(key, events::INCRBYFLOAT);
    // Another machine may add floats differently.
    cx.db.journal_as(|effect| [b"SET", key.name, &text, b"KEEPTTL"].iter().for_each(|word| effect.push(word)));

    cx.reply.bulk(text);
    DONE
}
