//! Integers of any width inside a string: BITFIELD, BITFIELD_RO.

use smallvec::SmallVec;

use super::super::keys::{BadArguments, FoundKey};
use super::super::prelude::*;
use super::edit_at_least;
use crate::resp::{Args as Argv, Reply};
use crate::types::bitfield::{FieldType, Overflow};

const BAD_TYPE: Error =
    Error::new("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
const BAD_OFFSET: Error = Error::new("ERR bit offset is not an integer or out of range");
const BAD_OVERFLOW: Error = Error::new("ERR Invalid OVERFLOW type specified");
const ONLY_GET: Error = Error::new("ERR BITFIELD_RO only supports the GET subcommand");

#[derive(Debug, Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    IncrBy(i64),
}

#[derive(Debug, Clone, Copy)]
struct Operation {
    action: Action,
    field: FieldType,
    offset: u64,
    overflow: Overflow,
}

type Operations = SmallVec<[Operation; 4]>;

pub(super) fn bitfield(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let operations = parse(cx, args)?;
    match written_len(&operations) {
        None => read(cx, key, &operations),
        Some(len) => write(cx, key, &operations, len),
    }
}

pub(super) fn bitfield_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let operations = parse(cx, args)?;
    match written_len(&operations) {
        None => read(cx, key, &operations),
        Some(_) => Err(ONLY_GET),
    }
}

/// The key with the flags of these arguments: only read when every operation is a whole GET.
#[allow(clippy::unnecessary_wraps, reason = "the signature of keys functions")]
pub(super) fn keys(argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    let mut flags = RO.or(ACCESS);
    let mut at = 2;
    while at < argv.len() {
        let is = |name: &str| argv.get(at).eq_ignore_ascii_case(name.as_bytes());
        let words = if is("GET") { 3 } else { 2 };
        if words == 2 && !is("OVERFLOW") || at + words > argv.len() {
            flags = RW.or(ACCESS).or(UPDATE);
            break;
        }
        at += words;
    }
    found.push(FoundKey { position: 1, flags });
    Ok(())
}

fn parse(cx: &Cx<'_>, args: &mut Args<'_>) -> Result<Operations, Error> {
    let limit_bytes = cx.server.config.proto_max_bulk_len() as u64;
    let mut operations = Operations::new();
    let mut overflow = Overflow::Wrap;
    while args.more() {
        let word = args.take()?;
        let is = |name: &str, values: usize| word.eq_ignore_ascii_case(name.as_bytes()) && args.remaining() >= values;
        let action: fn(i64) -> Action = if is("GET", 2) {
            |_| Action::Get
        } else if is("SET", 3) {
            Action::Set
        } else if is("INCRBY", 3) {
            Action::IncrBy
        } else if is("OVERFLOW", 1) {
            overflow = Overflow::parse(args.take()?).ok_or(BAD_OVERFLOW)?;
            continue;
        } else {
            return Err(error::SYNTAX);
        };
        let field = FieldType::parse(args.take()?).ok_or(BAD_TYPE)?;
        let offset = field.parse_offset(args.take()?, limit_bytes).ok_or(BAD_OFFSET)?;
        let number = if matches!(action(0), Action::Get) { 0 } else { args.integer()? };
        operations.push(Operation { action: action(number), field, offset, overflow });
    }
    Ok(operations)
}

/// The length that the string must have for the operations that write; `None` when none does.
fn written_len(operations: &[Operation]) -> Option<usize> {
    let writing = operations.iter().filter(|operation| !matches!(operation.action, Action::Get));
    writing.map(|operation| operation.field.end_bytes(operation.offset) as usize).max()
}

fn read(cx: &mut Cx<'_>, key: Key<'_>, operations: &[Operation]) -> Outcome {
    let mut scratch = itoa::Buffer::new();
    let string = match cx.db.lookup_read(key) {
        None => &[],
        Some(entry) => entry.value().text(&mut scratch).ok_or(error::WRONGTYPE)?,
    };

    cx.reply.array(operations.len());
    for operation in operations {
        cx.reply.integer(operation.field.get(string, operation.offset));
    }
    DONE
}

fn write(cx: &mut Cx<'_>, key: Key<'_>, operations: &[Operation], len: usize) -> Outcome {
    let budget = cx.budget();
    budget.cost(operations.len())?;
    let reply = &mut cx.reply;

    let ((stored, altered), has_grown) = edit_at_least(&mut cx.db, budget, key, len, |string| {
        reply.array(operations.len());
        let (mut stored, mut altered) = (0, 0);
        for operation in operations {
            if let Some(is_new) = operation.run(string, reply) {
                stored += 1;
                altered += usize::from(is_new);
            }
        }
        (stored, altered)
    })?;
    // In a string that has grown every stored field counts as a change, in another one those whose value is new.
    let changes = if has_grown { stored } else { altered };
    if changes > 0 {
        cx.db.changed(key, events::SETBIT);
        (1..changes).for_each(|_| cx.db.changed_silently(key));
    } else if has_grown {
        // Every operation failed, but the zeros are there.
        cx.db.changed_silently(key);
    }
    DONE
}

impl Operation {
    /// Runs on a string that is long enough for it, if it writes. Replies, and answers `None` when nothing was stored,
    /// otherwise whether that is another value than before.
    fn run(self, string: &mut [u8], reply: &mut Reply<'_>) -> Option<bool> {
        let old = self.field.get(string, self.offset);
        let (new, answers_new) = match self.action {
            Action::Get => {
                reply.integer(old);
                return None;
            }
            Action::Set(value) => (self.field.fit(value, self.overflow), false),
            Action::IncrBy(increment) => (self.field.add(old, increment, self.overflow), true),
        };
        let Some(new) = new else {
            reply.null();
            return None;
        };
        self.field.set(string, self.offset, new);
        reply.integer(if answers_new { new } else { old });
        Some(new != old)
    }
}
