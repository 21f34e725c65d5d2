//! What the commands of field expiry have in common: `FIELDS numfields field ...`, times, effects.

use crate::commands::expiry::Unit;
use crate::commands::prelude::*;
use crate::keyspace::Kind;
use crate::types::hash::MAX_EXPIRE_AT_MS;
use crate::util::number;

/// The latest time that a client may set, in milliseconds since 1970, as in Redis: in the year 4199.
const MAX_TIME_MS: i64 = (MAX_EXPIRE_AT_MS >> 2) as i64;

/// `FIELDS numfields field ...` at the end of the arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'r, 'a> {
    args: &'r Args<'a>,
}

impl<'r, 'a> Fields<'r, 'a> {
    /// Reads the words in front of the fields.
    ///
    /// # Errors
    /// `FIELDS` is missing; `bad_count` for a number that is not positive; it is not the number of fields.
    pub(super) fn read(args: &'r mut Args<'a>, bad_count: Error) -> Result<Fields<'r, 'a>, Error> {
        if !args.eat("FIELDS") {
            return Err(error::FIELDS_MISSING);
        }
        let count = number::parse_i64(args.take()?).filter(|&count| count > 0).ok_or(bad_count)?;
        if count != args.remaining() as i64 {
            return Err(error::NUMFIELDS_MISMATCH);
        }
        Ok(Fields { args })
    }

    pub(super) fn len(self) -> usize {
        self.args.remaining()
    }

    pub(super) fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        self.args.rest()
    }
}

/// Refuses a key of another type before the options are looked at, as Redis does. Counts no lookup.
pub(super) fn check_type(cx: &mut Cx<'_>, key: Key<'_>) -> Result<(), Error> {
    match cx.db.peek(key) {
        Some(entry) if entry.kind() != Kind::Hash => Err(error::WRONGTYPE),
        _ => Ok(()),
    }
}

/// The point in time, in milliseconds since 1970, that is `number` units after `base_ms`; perhaps past.
///
/// # Errors
/// Not an integer; negative; too late.
pub(super) fn read_time(number: &[u8], unit: Unit, base_ms: u64, command: &str) -> Result<u64, Error> {
    let number = number::parse_i64(number).ok_or(error::NOT_INTEGER)?;
    if number < 0 {
        return Err(error::EXPIRE_TIME_NEGATIVE);
    }
    let ms = match unit {
        Unit::Seconds => number.checked_mul(1000).filter(|&ms| ms <= MAX_TIME_MS),
        Unit::Milliseconds => Some(number),
    };
    let at_ms =
        ms.filter(|&ms| ms <= MAX_TIME_MS - base_ms.cast_signed()).ok_or_else(|| Error::expire_time(command))?;
    Ok(at_ms.unsigned_abs() + base_ms)
}

/// States the value of a field without expiry.
pub(super) fn journal_write(cx: &mut Cx<'_>, key: Key<'_>, field: &[u8], value: &[u8]) {
    let words: [&[u8]; 4] = [b"HSET", key.name, field, value];
    cx.db.journal_as(|effect| words.iter().for_each(|word| effect.push(word)));
}

/// States the removal of fields.
pub(super) fn journal_removal(cx: &mut Cx<'_>, key: Key<'_>, fields: &[&[u8]]) {
    cx.db.journal_as(|effect| {
        effect.push(b"HDEL");
        effect.push(key.name);
        fields.iter().for_each(|field| effect.push(field));
    });
}

/// States the new expiry of fields.
pub(super) fn journal_expiry(cx: &mut Cx<'_>, key: Key<'_>, at_ms: u64, fields: &[&[u8]]) {
    cx.db.journal_as(|effect| {
        effect.push(b"HPEXPIREAT");
        effect.push(key.name);
        effect.push(&number::u64_text(at_ms));
        effect.push(b"FIELDS");
        effect.push(&number::u64_text(fields.len() as u64));
        fields.iter().for_each(|field| effect.push(field));
    });
}
