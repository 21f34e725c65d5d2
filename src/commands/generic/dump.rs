//! Values as bytes that any Redis understands: DUMP.

use super::super::context::cost_of_bytes;
use super::super::prelude::*;
use crate::keyspace::Value;
use crate::persist::rdb::{Encoder, Options};

pub(super) fn dump(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let config = &cx.server.config;
    let options = Options { compress: config.rdbcompression(), field_expiry: config.rdb_field_expiry() };
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
