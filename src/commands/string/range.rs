//! Strings by offset: APPEND, GETRANGE, SETRANGE, SUBSTR.

use bytes::BytesMut;

use crate::commands::context::cost_of_bytes;
use crate::commands::prelude::*;
use crate::keyspace::{INLINE_LIMIT_BYTES, StringValue, Ttl, Value};
use crate::types::string::{grown_len, string_range};

pub(super) fn append(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let tail = args.payload()?;

    let limit_bytes = cx.server.config.proto_max_bulk_len() as u64;
    let len = match cx.db.lookup_write(key) {
        Some(mut entry) => {
            let value = entry.view().value();
            let len = value.str_len().ok_or(error::WRONGTYPE)?;
            grown_len(len, len as u64, tail.slice.len(), limit_bytes).ok_or(error::STRING_TOO_LONG)?;
            cost_of_bytes(cx.on_worker, value.shared_len() + tail.slice.len())?;
            entry.append(tail.slice)
        }
        None => {
            cx.db.set_string(key, tail.encode(), Ttl::Clear);
            tail.slice.len()
        }
    };
    cx.db.changed(key, events::APPEND);

    cx.reply.integer(len as i64);
    DONE
}

pub(super) fn getrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (start, end) = (args.integer()?, args.integer()?);

    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.bulk(b"");
        return DONE;
    };
    match entry.value() {
        Value::Big(bytes) => cx.reply.bulk_bytes(bytes.slice(string_range(start, end, bytes.len()))),
        value => {
            let mut scratch = itoa::Buffer::new();
            let text = value.text(&mut scratch).ok_or(error::WRONGTYPE)?;
            cx.reply.bulk(&text[string_range(start, end, text.len())]);
        }
    }
    DONE
}

pub(super) fn substr(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    getrange(cx, args)
}

pub(super) fn setrange(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let offset = u64::try_from(args.integer()?).map_err(|_| error::OFFSET_OUT_OF_RANGE)?;
    let piece = args.take()?;

    let limit_bytes = cx.server.config.proto_max_bulk_len() as u64;
    let old = cx.db.lookup_write(key);
    let (len, shared_len) = match old.as_ref().map(|entry| entry.view().value()) {
        Some(value) => (value.str_len().ok_or(error::WRONGTYPE)?, value.shared_len()),
        None => (0, 0),
    };
    if piece.is_empty() {
        cx.reply.integer(len as i64);
        return DONE;
    }
    let new_len = grown_len(len, offset, piece.len(), limit_bytes).ok_or(error::STRING_TOO_LONG)?;
    cost_of_bytes(cx.on_worker, shared_len + new_len - len)?;
    let place = offset as usize..offset as usize + piece.len();
    match old {
        Some(mut entry) => entry.edit_string(new_len, |text| text[place].copy_from_slice(piece)),
        None => {
            let mut text = BytesMut::zeroed(new_len);
            text[place].copy_from_slice(piece);
            let value =
                if new_len > INLINE_LIMIT_BYTES { StringValue::Big(text.freeze()) } else { StringValue::Raw(&text) };
            cx.db.set_string(key, value, Ttl::Clear);
        }
    }
    cx.db.changed(key, events::SETRANGE);

    cx.reply.integer(new_len as i64);
    DONE
}
