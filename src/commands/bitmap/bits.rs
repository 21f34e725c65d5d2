//! Single bits: GETBIT, SETBIT.

use super::super::prelude::*;
use super::edit_at_least;
use crate::types::bitmap;
use crate::util::number;

const BAD_OFFSET: Error = Error::new("ERR bit offset is not an integer or out of range");
const BAD_BIT: Error = Error::new("ERR bit is not an integer or out of range");

pub(super) fn getbit(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let offset = bit_offset(cx, args)?;

    let bit = match cx.db.lookup_read(key) {
        None => false,
        Some(entry) => {
            let mut scratch = itoa::Buffer::new();
            bitmap::get_bit(entry.value().text(&mut scratch).ok_or(error::WRONGTYPE)?, offset)
        }
    };

    cx.reply.integer(bit.into());
    DONE
}

pub(super) fn setbit(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let offset = bit_offset(cx, args)?;
    let bit = match number::parse_i64(args.take()?) {
        Some(bit @ 0..=1) => bit == 1,
        _ => return Err(BAD_BIT),
    };

    let (budget, len) = (cx.budget(), (offset >> 3) as usize + 1);
    let set = |string: &mut [u8]| bitmap::set_bit(string, offset, bit);
    let (old, has_grown) = edit_at_least(&mut cx.db, budget, key, len, set)?;
    if has_grown || old != bit {
        cx.db.changed(key, events::SETBIT);
    }

    cx.reply.integer(old.into());
    DONE
}

fn bit_offset(cx: &Cx<'_>, args: &mut Args<'_>) -> Result<u64, Error> {
    let limit_bytes = cx.server.config.proto_max_bulk_len() as u64;
    bitmap::parse_bit_offset(args.take()?, limit_bytes).ok_or(BAD_OFFSET)
}
