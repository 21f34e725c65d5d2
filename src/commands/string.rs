//! String commands.

use super::prelude::*;
use crate::keyspace::{StringValue, Ttl, Value};

/// The group.
pub const GROUP: Group = Group { name: "string", category: Categories::STRING, commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "GET",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(get),
        doc: Doc {
            since: "1.0.0",
            summary: "Returns the string value of a key.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SET",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE).or(VARIABLE_FLAGS))],
        run: Run::Keys(set),
        doc: Doc {
            since: "1.0.0",
            summary: "Sets a key to a string.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

fn get(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let Some(entry) = cx.db.lookup_read(key) else {
        cx.reply.null();
        return DONE;
    };
    reply_string(&mut cx.reply, entry.value())
}

fn reply_string(reply: &mut crate::resp::Reply<'_>, value: Value<'_>) -> Outcome {
    match value {
        Value::Str(text) => reply.bulk(text),
        Value::Int(n) => reply.bulk_integer(n),
        Value::Big(bytes) => reply.bulk_bytes(bytes.clone()),
        Value::Object(_) => return Err(error::WRONGTYPE),
    }
    DONE
}

fn set(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let value = args.payload()?;
    args.end()?;
    let value = match &value.shared {
        Some(bytes) => StringValue::encode_bytes(bytes),
        None => StringValue::encode(value.slice),
    };
    cx.db.set_string(key, value, Ttl::Clear);
    cx.db.changed(key, events::SET);
    cx.reply.ok();
    DONE
}
