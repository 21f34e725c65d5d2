//! An entry as the commands that make it: a base without a snapshot consists of them. They are those that Redis 7.0
//! understands, but for the expiry of fields.

use crate::keyspace::{EntryRef, Value};
use crate::resp::{OwnedArgs, write_request};
use crate::types::Object;
use crate::types::hash::Hash;
use crate::types::list::Side;
use crate::types::set::Member;
use crate::types::stream::{Group, Stream, StreamId};
use crate::util::number::f64_text;

/// Elements in one command.
const ELEMENTS: usize = 64;

/// Appends the commands that make an entry in the selected database.
pub fn write_entry(out: &mut Vec<u8>, entry: EntryRef<'_>) {
    let key = entry.key();
    match entry.value() {
        Value::Int(number) => write_request(&[b"SET", key, itoa::Buffer::new().format(number).as_bytes()], out),
        Value::Str(text) => write_request(&[b"SET", key, text], out),
        Value::Big(text) => write_request(&[b"SET", key, text], out),
        Value::Object(object) => write_object(out, key, object),
    }
    if let Some(at_ms) = entry.expire_at_ms() {
        write_request(&[b"PEXPIREAT", key, itoa::Buffer::new().format(at_ms).as_bytes()], out);
    }
}

/// A command that grows by elements and is written when it has enough of them.
struct Growing<'o> {
    out: &'o mut Vec<u8>,
    args: OwnedArgs,
    head: [&'o [u8]; 2],
    elements: usize,
}

impl<'o> Growing<'o> {
    fn new(out: &'o mut Vec<u8>, name: &'o [u8], key: &'o [u8]) -> Growing<'o> {
        Growing { out, args: OwnedArgs::default(), head: [name, key], elements: 0 }
    }

    fn push(&mut self, words: &[&[u8]]) {
        if self.elements == 0 {
            self.head.iter().for_each(|word| self.args.push(word));
        }
        words.iter().for_each(|word| self.args.push(word));
        self.elements += 1;
        if self.elements == ELEMENTS {
            self.end();
        }
    }

    fn end(&mut self) {
        if self.elements > 0 {
            self.args.view().write_request(self.out);
            self.args.clear();
            self.elements = 0;
        }
    }
}

fn write_object(out: &mut Vec<u8>, key: &[u8], object: &Object) {
    let (mut digits, mut other) = (itoa::Buffer::new(), itoa::Buffer::new());
    match object {
        Object::List(list) => {
            let mut command = Growing::new(out, b"RPUSH", key);
            list.iter(Side::Front).for_each(|element| command.push(&[element.text(&mut digits)]));
            command.end();
        }
        Object::Set(set) => {
            let mut command = Growing::new(out, b"SADD", key);
            for member in set.iter() {
                match member {
                    Member::Int(number) => command.push(&[digits.format(number).as_bytes()]),
                    Member::Bytes(text) => command.push(&[text]),
                }
            }
            command.end();
        }
        Object::ZSet(zset) => {
            let mut command = Growing::new(out, b"ZADD", key);
            zset.visit_all(|member, score| command.push(&[f64_text(score).as_ref(), member.text(&mut digits)]));
            command.end();
        }
        Object::Hash(hash) => {
            let mut command = Growing::new(out, b"HMSET", key);
            for field in hash.iter() {
                command.push(&[field.name.text(&mut digits), field.value.text(&mut other)]);
            }
            command.end();
            write_field_expiries(out, key, hash);
        }
        Object::Stream(stream) => write_stream(out, key, stream),
    }
}

fn write_field_expiries(out: &mut Vec<u8>, key: &[u8], hash: &Hash) {
    if hash.next_field_expiry().is_none() {
        return;
    }
    for field in hash.iter() {
        if let Some(at_ms) = field.expire_at_ms {
            let (mut time, mut name) = (itoa::Buffer::new(), itoa::Buffer::new());
            let words =
                [b"HPEXPIREAT", key, time.format(at_ms).as_bytes(), b"FIELDS", b"1", field.name.text(&mut name)];
            write_request(&words, out);
        }
    }
}

fn write_stream(out: &mut Vec<u8>, key: &[u8], stream: &Stream) {
    let (mut name, mut value) = (itoa::Buffer::new(), itoa::Buffer::new());
    for entry in stream.range(StreamId::MIN..=StreamId::MAX) {
        let id = entry.id.text();
        let mut args = OwnedArgs::from(&[b"XADD", key, id.as_ref()][..]);
        for (field, content) in entry.fields() {
            args.push(field.text(&mut name));
            args.push(content.text(&mut value));
        }
        args.view().write_request(out);
    }
    let counters = stream.counters();
    if stream.is_empty() {
        // An entry that is trimmed at once makes the key.
        let id = counters.last_id.max(StreamId { ms: 0, seq: 1 }).text();
        write_request(&[b"XADD", key, b"MAXLEN", b"0", id.as_ref(), b"x", b"y"], out);
    }
    let (last, deleted) = (counters.last_id.text(), counters.max_deleted_id.text());
    let mut added = itoa::Buffer::new();
    let added = added.format(counters.entries_added).as_bytes();
    write_request(&[b"XSETID", key, last.as_ref(), b"ENTRIESADDED", added, b"MAXDELETEDID", deleted.as_ref()], out);
    for (name, group) in stream.groups() {
        write_group(out, key, name, group);
    }
}

fn write_group(out: &mut Vec<u8>, key: &[u8], name: &[u8], group: &Group) {
    let last = group.last_id.text();
    let mut read = itoa::Buffer::new();
    let read = read.format(group.entries_read.map_or(-1, u64::cast_signed)).as_bytes();
    write_request(&[b"XGROUP", b"CREATE", key, name, last.as_ref(), b"ENTRIESREAD", read], out);
    for consumer in group.consumers() {
        write_request(&[b"XGROUP", b"CREATECONSUMER", key, name, consumer.name()], out);
        for id in consumer.pending(StreamId::MIN..=StreamId::MAX) {
            let Some(pending) = group.pending_entry(id) else { continue };
            let (mut time, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
            let (time, count) = (time.format(pending.delivered_at_ms), count.format(pending.deliveries));
            let id = id.text();
            let head: [&[u8]; 8] = [b"XCLAIM", key, name, consumer.name(), b"0", id.as_ref(), b"TIME", time.as_bytes()];
            let words = [&head[..], &[b"RETRYCOUNT", count.as_bytes(), b"JUSTID", b"FORCE"]].concat();
            write_request(&words, out);
        }
    }
}
