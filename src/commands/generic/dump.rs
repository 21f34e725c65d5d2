//! Values as bytes that any Redis understands: DUMP, and RESTORE, which takes them back.

use std::sync::atomic::Ordering::Relaxed;

use super::super::context::cost_of_bytes;
use super::super::prelude::*;
use crate::keyspace::{EntryBox, StringValue, Value};
use crate::persist::rdb::{self, Encoder, Loaded, PayloadError};

/// Bytes of a payload that are read in the time of one unit of work.
const PAYLOAD_BYTES_PER_UNIT: usize = 16;

pub(super) fn dump(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let options = cx.server.rdb_options();
    let (budget, on_worker) = (cx.budget(), cx.on_worker);

    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.null();
        return DONE;
    };
    match entry.value() {
        Value::Object(object) => {
            budget.cost(object.len())?;
            cost_of_bytes(on_worker, object.memory_bytes())?;
        }
        text => cost_of_bytes(on_worker, text.str_len().unwrap_or(0))?,
    }
    let mut payload = Vec::new();
    Encoder::new(options).dump(&mut payload, entry.value());

    cx.reply.bulk_bytes(payload.into());
    DONE
}

/// What RESTORE is told beside key, time and payload.
#[derive(Debug, Default)]
struct RestoreOptions {
    replace: bool,
    is_absolute: bool,
    idle_s: Option<u64>,
    frequency: Option<u8>,
}

impl RestoreOptions {
    fn read(args: &mut Args<'_>) -> Result<Self, Error> {
        let mut options = RestoreOptions::default();
        while args.more() {
            if args.eat("REPLACE") {
                options.replace = true;
            } else if args.eat("ABSTTL") {
                options.is_absolute = true;
            } else if options.frequency.is_none() && args.eat_with_value("IDLETIME") {
                let idle_s = args.integer_in(0..=i64::MAX, error::BAD_IDLETIME)?;
                options.idle_s = Some(idle_s.cast_unsigned());
            } else if options.idle_s.is_none() && args.eat_with_value("FREQ") {
                options.frequency = Some(args.integer_in(0..=255, error::BAD_FREQ)? as u8);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }
}

/// `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ counter]`
pub fn restore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let ttl_text = args.take()?;
    let payload = args.payload()?.slice;
    let options = RestoreOptions::read(args)?;
    if !options.replace && cx.db.exists(key) {
        return Err(error::BUSY_KEY);
    }
    let ttl_ms = crate::util::number::parse_i64(ttl_text).ok_or(error::NOT_INTEGER)?;
    let ttl_ms = u64::try_from(ttl_ms).map_err(|_| error::BAD_TTL)?;
    cx.cost(payload.len() / PAYLOAD_BYTES_PER_UNIT)?;
    let checksum = !cx.server.skip_payload_checksum.load(Relaxed);
    let limits = cx.server.rdb_limits();
    let loaded = rdb::read_payload(payload, checksum, &limits, None).map_err(|error| match error {
        PayloadError::VersionOrChecksum => error::PAYLOAD_VERSION,
        PayloadError::Format(fault) => {
            tracing::warn!("Bad payload for RESTORE: {fault}");
            error::PAYLOAD_FORMAT
        }
    })?;

    let now_ms = cx.now_ms();
    let expire_at_ms = match ttl_ms {
        0 => None,
        at_ms if options.is_absolute => Some(at_ms),
        ttl_ms => Some(now_ms.saturating_add(ttl_ms)),
    };
    if expire_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
        cx.db.delete(key);
        cx.reply.ok();
        return DONE;
    }
    let access = cx.db.access;
    let lru = match (options.idle_s, options.frequency) {
        (Some(idle_s), _) => access.with_idle(idle_s),
        (_, Some(counter)) => access.with_frequency(counter),
        _ => access.fresh(),
    };
    let kind = match &loaded {
        Loaded::Object(object) => Some(object.object_type()),
        Loaded::Int(_) | Loaded::Text(_) => None,
    };
    let entry = match loaded {
        Loaded::Int(number) => EntryBox::string(key.name, StringValue::Int(number), expire_at_ms, lru),
        Loaded::Text(text) => EntryBox::string(key.name, StringValue::encode(&text), expire_at_ms, lru),
        Loaded::Object(object) => EntryBox::object(key.name, object, expire_at_ms, lru),
    };
    let overwritten = cx.db.overwriting(key, kind);
    // As in Redis the key is a new one, whatever was there before.
    cx.db.remove(key);
    cx.db.insert_in(cx.db.db, key, entry);
    cx.db.changed(key, events::RESTORE);
    cx.db.tell_overwritten(key, overwritten);
    if let Some(at_ms) = expire_at_ms.filter(|_| !options.is_absolute) {
        let words = args.argv();
        cx.db.journal_as(|effect| {
            let at = itoa::Buffer::new().format(at_ms).to_owned();
            for i in 0..words.len() {
                effect.push(if i == 2 { at.as_bytes() } else { words.get(i) });
            }
            effect.push(b"ABSTTL");
        });
    }

    cx.reply.ok();
    DONE
}
