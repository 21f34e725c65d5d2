//! Whole strings and ranges of them: BITCOUNT, BITPOS.

use super::super::prelude::*;
use super::BYTES_PER_UNIT;
use crate::types::bitmap::{self, Unit};

const NOT_A_BIT: Error = Error::new("ERR The bit argument must be 1 or 0.");

pub(super) fn bitcount(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let budget = cx.budget();
    // A key that does not exist is answered before the range is looked at, as by Redis.
    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.integer(0);
        return DONE;
    };
    let mut scratch = itoa::Buffer::new();
    let string = entry.value().text(&mut scratch).ok_or(error::WRONGTYPE)?;
    let (start, end, unit) = match args.remaining() {
        0 => (0, -1, Unit::Byte),
        2 | 3 => {
            let (start, end) = (args.integer()?, args.integer()?);
            // So is a range that is empty whatever the string.
            let is_empty = start < 0 && end < 0 && start > end;
            (start, end, if is_empty { Unit::Byte } else { unit(args)? })
        }
        _ => return Err(error::SYNTAX),
    };

    budget.cost(string.len() / BYTES_PER_UNIT)?;
    let count = bitmap::count_range(string, start, end, unit);

    cx.reply.integer(count as i64);
    DONE
}

pub(super) fn bitpos(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let bit = match args.integer()? {
        bit @ 0..=1 => bit == 1,
        _ => return Err(NOT_A_BIT),
    };
    let budget = cx.budget();
    // A key that does not exist is an endless string of zeros, whatever the range.
    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.integer(if bit { -1 } else { 0 });
        return DONE;
    };
    let mut scratch = itoa::Buffer::new();
    let string = entry.value().text(&mut scratch).ok_or(error::WRONGTYPE)?;
    let (start, end, unit) = match args.remaining() {
        0 => (0, None, Unit::Byte),
        1 => (args.integer()?, None, Unit::Byte),
        2 | 3 => {
            let start = args.integer()?;
            let end = args.take()?;
            // The unit's fault is reported before that of the end.
            let unit = unit(args)?;
            (start, Some(number(end)?), unit)
        }
        _ => return Err(error::SYNTAX),
    };

    budget.cost(string.len() / BYTES_PER_UNIT)?;
    let position = bitmap::position(string, bit, start, end, unit);

    cx.reply.integer(position);
    DONE
}

fn number(text: &[u8]) -> Result<i64, Error> {
    crate::util::number::parse_i64(text).ok_or(error::NOT_INTEGER)
}

fn unit(args: &mut Args<'_>) -> Result<Unit, Error> {
    if args.more() { Unit::parse(args.take()?).ok_or(error::SYNTAX) } else { Ok(Unit::Byte) }
}
