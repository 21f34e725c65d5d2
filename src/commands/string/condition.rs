//! Conditions on a key's value, for SET, and DELEX, DELIFEQ and DIGEST, which live on them.

use crate::commands::context::cost_of_bytes;
use crate::commands::prelude::*;
use crate::keyspace::Value;
use crate::types::digest::{digest as digest_of, digest_text, parse_digest};

/// What must hold of a key before it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    /// Nothing.
    Always,
    /// There is no such key (NX).
    Missing,
    /// There is (XX).
    Exists,
    /// It holds this string (IFEQ).
    Equals(&'a [u8]),
    /// It does not hold this string, or is not there (IFNE).
    Differs(&'a [u8]),
    /// It holds a string of this digest (IFDEQ).
    DigestEquals(&'a [u8]),
    /// It does not hold a string of this digest, or is not there (IFDNE).
    DigestDiffers(&'a [u8]),
}

impl<'a> Condition<'a> {
    /// The condition that compares with a value which `word` begins; `None` when it begins none.
    ///
    /// # Errors
    /// A syntax error when the value is missing.
    pub(super) fn comparing(word: &[u8], args: &mut Args<'a>) -> Result<Option<Condition<'a>>, Error> {
        let of = match word {
            b"IFEQ" => Condition::Equals,
            b"IFNE" => Condition::Differs,
            b"IFDEQ" => Condition::DigestEquals,
            b"IFDNE" => Condition::DigestDiffers,
            _ => return Ok(None),
        };
        Ok(Some(of(args.take()?)))
    }

    /// Whether it holds of a key with this value, or without one.
    ///
    /// # Errors
    /// A comparison with a value that is no string, or with a text that is no digest; too long for a worker.
    pub(super) fn holds(&self, value: Option<Value<'_>>, on_worker: bool) -> Result<bool, Error> {
        let (expected, is_digest, wanted) = match *self {
            Condition::Always => return Ok(true),
            Condition::Missing => return Ok(value.is_none()),
            Condition::Exists => return Ok(value.is_some()),
            Condition::Equals(text) => (text, false, true),
            Condition::Differs(text) => (text, false, false),
            Condition::DigestEquals(text) => (text, true, true),
            Condition::DigestDiffers(text) => (text, true, false),
        };
        let Some(value) = value else { return Ok(!wanted) };
        let mut scratch = itoa::Buffer::new();
        let text = value.text(&mut scratch).ok_or(error::WRONGTYPE)?;
        let equal = if is_digest {
            let expected = parse_digest(expected).ok_or(error::NOT_DIGEST)?;
            cost_of_bytes(on_worker, text.len())?;
            digest_of(text) == expected
        } else {
            text == expected
        };
        Ok(equal == wanted)
    }
}

pub(super) fn delex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let condition = match args.remaining() {
        0 => Condition::Exists,
        2 => {
            let word = args.word().unwrap_or_default();
            Condition::comparing(&word, args)?.ok_or(error::INVALID_CONDITION)?
        }
        _ => return Err(Error::arity(&cx.command.name)),
    };
    delete_if(cx, key, &condition)
}

pub(super) fn delifeq(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let condition = Condition::Equals(args.take()?);
    delete_if(cx, key, &condition)
}

/// Removes a key that is there and fits the condition.
fn delete_if(cx: &mut Cx<'_>, key: Key<'_>, condition: &Condition<'_>) -> Outcome {
    let on_worker = cx.on_worker;
    let removed = match cx.db.lookup_write(key) {
        Some(entry) => condition.holds(Some(entry.view().value()), on_worker)?,
        None => false,
    };
    if removed {
        cx.db.delete(key);
    }

    cx.reply.integer(i64::from(removed));
    DONE
}

pub(super) fn digest(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;

    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.null();
        return DONE;
    };
    let mut scratch = itoa::Buffer::new();
    let value = entry.value();
    let text = value.text(&mut scratch).ok_or(error::WRONGTYPE)?;
    cost_of_bytes(cx.on_worker, text.len())?;
    let digest = digest_text(digest_of(text));

    cx.reply.bulk(digest);
    DONE
}
