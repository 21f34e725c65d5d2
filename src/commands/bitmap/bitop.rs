//! Combinations of strings: BITOP.

use bytes::Bytes;

use super::super::prelude::*;
use super::BYTES_PER_UNIT;
use crate::keyspace::{StringValue, Ttl, Value};
use crate::types::bitmap::BitOp;

const NOT_TAKES_ONE: Error = Error::new("ERR BITOP NOT must be called with a single source key.");

pub(super) fn bitop(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let word = args.take()?;
    let op = BitOp::parse(word).ok_or(error::SYNTAX)?;
    let destination = args.key()?;
    if !op.accepts_sources(args.remaining()) {
        return Err(if op == BitOp::Not { NOT_TAKES_ONE } else { takes_more(word) });
    }

    let mut sources = Vec::with_capacity(args.remaining());
    while args.more() {
        let key = args.key()?;
        sources.push(match cx.db.lookup_read(key) {
            None => Bytes::new(),
            Some(entry) => match entry.value() {
                Value::Big(string) => string.clone(),
                value => {
                    let mut scratch = itoa::Buffer::new();
                    Bytes::copy_from_slice(value.text(&mut scratch).ok_or(error::WRONGTYPE)?)
                }
            },
        });
    }
    cx.cost(sources.iter().map(Bytes::len).sum::<usize>() / BYTES_PER_UNIT)?;
    let sources: Vec<&[u8]> = sources.iter().map(Bytes::as_ref).collect();
    let mut result = op.apply(&sources);
    let len = result.len();
    if len > 0 {
        cx.db.overwrite_string(destination, StringValue::raw_vec(&mut result), Ttl::Clear);
        cx.db.changed(destination, events::SET);
    } else if cx.db.remove(destination) {
        cx.db.changed(destination, events::DEL);
    }

    cx.reply.integer(len as i64);
    DONE
}

fn takes_more(word: &[u8]) -> Error {
    let word = word.to_ascii_uppercase().escape_ascii().to_string();
    Error::text(format!("ERR BITOP {word} must be called with at least two source keys."))
}
