//! DEBUG's looks at single values, and keys made in bulk.

use super::super::super::prelude::*;
use crate::keyspace::{EntryRef, Key, Kind, Locked, StringValue, Ttl, Value, lru_clock};
use crate::types::Object;
use crate::types::list::List;
use crate::util::alloc::size_class;
use crate::util::number::parse_i64;

const NO_SDS: Error = Error::new("ERR Not an sds encoded string.");
const NO_LISTPACK: Error = Error::new("ERR Not a listpack encoded object.");
const NO_QUICKLIST: Error = Error::new("ERR Not a quicklist encoded object.");
const NO_HASHTABLE: Error =
    Error::new("ERR The value stored at the specified key is not represented using an hash table");

/// The next argument's entry in the selected database, also when its time has come. DEBUG declares no keys, so its shard
/// is locked here.
fn look<R>(cx: &mut Cx<'_>, args: &mut Args<'_>, show: impl FnOnce(EntryRef<'_>) -> R) -> Result<R, Error> {
    let name = args.take()?;
    with_key(cx, name, |db, key| db.peek_at_any(key).map(show))?.ok_or(error::NO_SUCH_KEY)
}

/// Runs `f` with the shard of `name` locked.
pub(super) fn with_key<R>(
    cx: &mut Cx<'_>,
    name: &[u8],
    f: impl FnOnce(&mut Locked<'_>, Key<'_>) -> R,
) -> Result<R, Error> {
    let hash = cx.server.keyspace.hash(name);
    let shard = cx.server.keyspace.shard_of(hash);
    Ok(cx.db.visit(shard, cx.on_worker, |db| f(db, Key { name, hash }))?)
}

/// DEBUG OBJECT key [FAST]
pub(super) fn object(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let now = lru_clock(cx.now_ms());
    let limit = cx.server.config.list_max_listpack_size();
    let text = look(cx, args, |entry| {
        let (at, lru) = (entry.key().as_ptr().addr(), entry.lru());
        let (encoding, length) = (entry.encoding(), saved_len(entry.value()));
        let idle_s = now.wrapping_sub(lru) & 0x00FF_FFFF;
        let more = match entry.value() {
            Value::Object(Object::List(list)) => list_fields(list, limit),
            _ => String::new(),
        };
        format!(
            "Value at:{at:#x} refcount:1 encoding:{encoding} serializedlength:{length} lru:{lru} \
             lru_seconds_idle:{idle_s}{more}"
        )
    })?;

    cx.reply.simple(text.as_bytes());
    DONE
}

/// Bytes that the value would take in a snapshot, not compressed.
fn saved_len(value: Value<'_>) -> usize {
    let text_len = |len: usize| {
        let prefix = match len {
            0..64 => 1,
            64..16_384 => 2,
            16_384..0x1_0000_0000 => 5,
            _ => 9,
        };
        prefix + len
    };
    match value {
        Value::Int(n) if i8::try_from(n).is_ok() => 2,
        Value::Int(n) if i16::try_from(n).is_ok() => 3,
        Value::Int(n) if i32::try_from(n).is_ok() => 5,
        Value::Int(n) => text_len(itoa::Buffer::new().format(n).len()),
        Value::Str(text) => text_len(text.len()),
        Value::Big(text) => text_len(text.len()),
        Value::Object(object) => object.memory_bytes(),
    }
}

/// DEBUG SDSLEN key
pub(super) fn sdslen(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let text = look(cx, args, |entry| {
        let len = match entry.value() {
            Value::Str(text) => text.len(),
            Value::Big(text) => text.len(),
            Value::Int(_) | Value::Object(_) => return None,
        };
        let spare = if entry.kind() == Kind::StrBig { size_class(len) - len } else { 0 };
        let key_len = entry.key().len();
        Some(format!(
            "key_sds_len:{key_len}, key_sds_avail:0, key_zmalloc: {}, val_sds_len:{len}, val_sds_avail:{spare}, \
             val_zmalloc: {}",
            size_class(key_len),
            size_class(len)
        ))
    })?;

    cx.reply.simple(text.ok_or(NO_SDS)?.as_bytes());
    DONE
}

/// `DEBUG HTSTATS-KEY key [FULL]`
pub(super) fn htstats_key(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    look(cx, args, |_| Err(NO_HASHTABLE))?
}

/// DEBUG LISTPACK key: its elements go to the log.
pub(super) fn listpack(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let contents = look(cx, args, |entry| match entry.value() {
        Value::Object(object) if entry.encoding().starts_with("listpack") => Ok(format!("{object:?}")),
        _ => Err(NO_LISTPACK),
    })??;
    tracing::info!(contents, "DEBUG LISTPACK");

    cx.reply.simple(b"Listpack structure printed on stdout");
    DONE
}

/// DEBUG QUICKLIST key [0|1]
pub(super) fn quicklist(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let contents = look(cx, args, |entry| match entry.value() {
        Value::Object(object @ Object::List(_)) => Ok(format!("{object:?}")),
        _ => Err(NO_QUICKLIST),
    })??;
    tracing::info!(contents, "DEBUG QUICKLIST");

    cx.reply.simple(b"Quicklist structure printed on stdout");
    DONE
}

/// What DEBUG OBJECT says of a list besides: its pieces, how full they are on average, and the bytes in them.
fn list_fields(list: &List, limit: i64) -> String {
    let (nodes, bytes) = (list.chunks(), list.memory_bytes());
    format!(
        " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{limit} ql_compressed:0 ql_uncompressed_size:{bytes}",
        list.len() as f64 / nodes.max(1) as f64
    )
}

/// `DEBUG POPULATE count [prefix] [size]`: `prefix:N` = `value:N`, filled up with zero bytes to `size`. Keys that exist are
/// left alone. Nothing is recorded for replicas, as by Redis.
pub(super) fn populate(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let count = natural(args)?;
    let prefix = if args.more() { args.take()? } else { b"key" };
    let size = if args.more() { Some(natural(args)?) } else { None };
    cx.cost(count)?;

    for number in 0..count {
        let name = [prefix, format!(":{number}").as_bytes()].concat();
        let mut value = format!("value:{number}").into_bytes();
        if let Some(size) = size {
            value.resize(size, 0);
        }
        with_key(cx, &name, |db, key| {
            if !db.exists(key) {
                db.set_string(key, StringValue::encode(&value), Ttl::Clear);
                db.journal_nothing();
            }
        })?;
    }

    cx.reply.ok();
    DONE
}

fn natural(args: &mut Args<'_>) -> Result<usize, Error> {
    parse_i64(args.take()?).and_then(|n| usize::try_from(n).ok()).ok_or(error::NOT_POSITIVE)
}
