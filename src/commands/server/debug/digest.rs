//! DEBUG DIGEST and DIGEST-VALUE: equal data sets have equal digests, whichever server holds them.

use super::super::super::prelude::*;
use super::contents::with_key;
use crate::keyspace::{EntryRef, Value};
use crate::types::Object;
use crate::types::fingerprint::Fingerprint;
use crate::types::hash::Hash;
use crate::types::list::{List, Side};
use crate::types::set::Set;
use crate::types::stream::{Stream, StreamId};
use crate::types::zset::ZSet;
use crate::util::number::f64_text_g;

/// Number that stands for strings in a digest.
const STRING: u32 = 0;

/// Number that stands for lists in a digest.
const LIST: u32 = 1;

/// Number that stands for sorted sets in a digest.
const ZSET: u32 = 3;
/// Number that stands for sets in a digest.
const SET: u32 = 2;

/// Number that stands for hashes in a digest.
const HASH: u32 = 4;

/// Number that stands for streams in a digest.
const STREAM: u32 = 6;

/// What the value adds to a digest: its type, its content, and whether it expires.
fn add_value(digest: &mut Fingerprint, entry: EntryRef<'_>) {
    let mut add_string = |text: &[u8]| {
        digest.then(&STRING.to_be_bytes());
        digest.then(text);
    };
    match entry.value() {
        Value::Int(n) => add_string(itoa::Buffer::new().format(n).as_bytes()),
        Value::Str(text) => add_string(text),
        Value::Big(text) => add_string(text),
        Value::Object(Object::Hash(hash)) => add_hash(digest, hash),
        Value::Object(Object::List(list)) => add_list(digest, list),
        Value::Object(Object::ZSet(zset)) => add_zset(digest, zset),
        Value::Object(Object::Set(set)) => add_set(digest, set),
        Value::Object(Object::Stream(stream)) => add_stream(digest, stream),
    }
    if entry.expire_at_ms().is_some() {
        digest.with(b"!!expire!!");
    }
}

/// Each element is mixed in after the one before it.
fn add_list(digest: &mut Fingerprint, list: &List) {
    digest.then(&LIST.to_be_bytes());
    let mut scratch = itoa::Buffer::new();
    for element in list.iter(Side::Front) {
        digest.then(element.text(&mut scratch));
    }
}

/// Order of fields does not matter.
fn add_hash(digest: &mut Fingerprint, hash: &Hash) {
    digest.then(&HASH.to_be_bytes());
    let (mut name, mut value) = (itoa::Buffer::new(), itoa::Buffer::new());
    for field in hash.iter() {
        let mut own = Fingerprint::default();
        own.then(field.name.text(&mut name));
        own.then(field.value.text(&mut value));
        if field.expire_at_ms.is_some() {
            own.with(b"!!hexpire!!");
        }
        digest.with(own.as_bytes());
    }
}

/// Order follows from the scores and need not be told.
fn add_zset(digest: &mut Fingerprint, zset: &ZSet) {
    digest.then(&ZSET.to_be_bytes());
    let mut text = itoa::Buffer::new();
    zset.visit_all(|member, score| {
        let mut own = Fingerprint::default();
        own.then(member.text(&mut text));
        own.then(&f64_text_g(score, 17));
        digest.with(own.as_bytes());
    });
}

/// Order of members does not matter.
fn add_set(digest: &mut Fingerprint, set: &Set) {
    digest.then(&SET.to_be_bytes());
    set.iter().for_each(|member| digest.with(member.text(&mut itoa::Buffer::new())));
}

/// Only the entries count, in their order; groups do not.
fn add_stream(digest: &mut Fingerprint, stream: &Stream) {
    digest.then(&STREAM.to_be_bytes());
    let mut buffer = itoa::Buffer::new();
    for entry in stream.range(StreamId::MIN..=StreamId::MAX) {
        digest.then(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
        for (name, value) in entry.fields() {
            digest.then(name.text(&mut buffer));
            digest.then(value.text(&mut buffer));
        }
    }
}

/// DEBUG DIGEST. Changes that others make meanwhile may be in it or not. All zeros without any key.
pub(super) fn digest(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.cost(usize::MAX)?;
    let now_ms = cx.now_ms();
    let mut dbs: Vec<Option<Fingerprint>> = vec![None; cx.server.config.databases()];
    cx.each_shard(|shard| {
        for (number, db) in shard.dbs() {
            for entry in db.iter().filter(|entry| !entry.is_expired(now_ms)) {
                let mut own = Fingerprint::default();
                own.then(entry.key());
                add_value(&mut own, entry);
                dbs[number].get_or_insert_default().with(own.as_bytes());
            }
        }
    })?;

    // The same keys in another database are another data set.
    let mut all = Fingerprint::default();
    for (number, keys) in dbs.iter().enumerate() {
        if let Some(keys) = keys {
            all.then(&(number as u32).to_be_bytes());
            all.merge(keys);
        }
    }
    cx.reply.simple(&all.hex());
    DONE
}

/// DEBUG DIGEST-VALUE [key ...]: all zeros for a key that does not exist.
pub(super) fn digest_value(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut digests = Vec::with_capacity(args.remaining());
    while args.more() {
        let mut digest = Fingerprint::default();
        with_key(cx, args.take()?, |db, key| {
            if let Some(entry) = db.peek(key) {
                add_value(&mut digest, entry);
            }
        })?;
        digests.push(digest);
    }

    cx.reply.array(digests.len());
    digests.iter().for_each(|digest| cx.reply.simple(&digest.hex()));
    DONE
}
