//! Values: strings, lists, sets, sorted sets and hashes in every form that was ever written.

use std::borrow::Cow;

use super::super::format::{container, kind};
use super::blob;
use super::cursor::{Cursor, Error, Fault, Result, Text};
use super::stream::read_stream;
use super::{Limits, VERSION_VALKEY};
use crate::types::Object;
use crate::types::hash::{self, FieldTtl, Hash, MAX_EXPIRE_AT_MS};
use crate::types::list::{self, List, Side};
use crate::types::packed::Element;
use crate::types::set::Set;
use crate::types::zset::ZSet;
use crate::util::number::parse_f64;

/// A value as it was read.
#[derive(Debug)]
pub enum Loaded<'a> {
    /// A string that is this integer's text.
    Int(i64),
    /// A string.
    Text(Cow<'a, [u8]>),
    /// Anything else.
    Object(Object),
}

/// What decides how a value is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'l> {
    pub(super) version: u32,
    pub(super) limits: &'l Limits,
    /// Fields whose time has come are left out.
    pub(super) now_ms: Option<u64>,
}

const BAD_LISTPACK: &str = "a listpack that is none";
const BAD_ZIPLIST: &str = "a ziplist that is none";
const TWICE: &str = "an element that comes twice";

/// Reads the value of that type.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>, kind: u8, rules: Rules<'_>) -> Result<Loaded<'a>> {
    read_form(cursor, kind, rules).map_err(|error| match error.fault {
        Fault::Corrupt(what) => Error { fault: Fault::BadValue { form: kind::name(kind), what }, ..error },
        _ => error,
    })
}

fn read_form<'a>(cursor: &mut Cursor<'a>, kind: u8, rules: Rules<'_>) -> Result<Loaded<'a>> {
    let limits = rules.limits;
    let object = match kind {
        kind::STRING => {
            return Ok(match cursor.text()? {
                Text::Int(number) => Loaded::Int(i64::from(number)),
                Text::Bytes(bytes) => Loaded::Text(bytes),
            });
        }
        kind::LIST => Object::List(read_list(cursor, limits)?),
        kind::LIST_ZIPLIST => {
            let blob = cursor.blob()?;
            let mut list = List::new();
            push_all(&mut list, &cursor.inside(blob::ziplist(&blob), BAD_ZIPLIST)?, limits.list);
            Object::List(list)
        }
        kind::LIST_QUICKLIST | kind::LIST_QUICKLIST_2 => Object::List(read_quicklist(cursor, kind, limits)?),
        kind::SET => Object::Set(read_set(cursor, limits)?),
        kind::SET_INTSET => {
            let blob = cursor.blob()?;
            let mut set = Set::new();
            for number in cursor.inside(blob::intset(&blob), "an intset that is none")? {
                set.insert(itoa::Buffer::new().format(number).as_bytes(), &limits.set);
            }
            Object::Set(set)
        }
        kind::SET_LISTPACK => {
            let blob = cursor.blob()?;
            let mut set = Set::new();
            for element in cursor.inside(blob::listpack(&blob), BAD_LISTPACK)? {
                add_member(cursor, &mut set, element, limits)?;
            }
            Object::Set(set)
        }
        kind::ZSET | kind::ZSET_2 => Object::ZSet(read_zset(cursor, kind, limits)?),
        kind::ZSET_ZIPLIST | kind::ZSET_LISTPACK => {
            let blob = cursor.blob()?;
            let elements = read_elements(cursor, &blob, kind == kind::ZSET_LISTPACK)?;
            Object::ZSet(zset_of(cursor, &elements, limits)?)
        }
        kind::HASH => Object::Hash(read_hash(cursor, limits)?),
        kind::HASH_ZIPMAP => {
            let blob = cursor.blob()?;
            let elements = cursor.inside(blob::zipmap(&blob), "a zipmap that is none")?;
            Object::Hash(hash_of(cursor, &elements, 2, rules)?)
        }
        kind::HASH_ZIPLIST | kind::HASH_LISTPACK => {
            let blob = cursor.blob()?;
            let elements = read_elements(cursor, &blob, kind == kind::HASH_LISTPACK)?;
            Object::Hash(hash_of(cursor, &elements, 2, rules)?)
        }
        kind::HASH_LISTPACK_EX_PRE_GA | kind::HASH_LISTPACK_EX => {
            if kind == kind::HASH_LISTPACK_EX {
                // The earliest time, which the fields tell as well.
                cursor.u64_le()?;
            }
            let blob = cursor.blob()?;
            let elements = read_elements(cursor, &blob, true)?;
            Object::Hash(hash_of(cursor, &elements, 3, rules)?)
        }
        kind::HASH_22 | kind::HASH_METADATA => Object::Hash(read_expiring_hash(cursor, kind, rules)?),
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 => Object::Stream(read_stream(cursor, kind)?),
        kind::MODULE | kind::MODULE_PRE_GA => {
            let name = module_name(cursor.len()?);
            return cursor.fault(Fault::Unsupported(format!("a value of the module type '{name}'")));
        }
        _ => return cursor.corrupt("an unknown type of value"),
    };
    if object.is_empty() && !matches!(object, Object::Stream(_)) {
        return cursor.fault(Fault::EmptyKey);
    }
    Ok(Loaded::Object(object))
}

/// The name of a module's type: nine characters of six bits, above ten bits of a version.
pub(super) fn module_name(id: u64) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..9).rev().map(|i| char::from(ALPHABET[(id >> (10 + 6 * i)) as usize & 63])).collect()
}

fn read_elements<'b>(cursor: &Cursor<'_>, blob: &'b [u8], is_listpack: bool) -> Result<Vec<Element<'b>>> {
    match is_listpack {
        true => cursor.inside(blob::listpack(blob), BAD_LISTPACK),
        false => cursor.inside(blob::ziplist(blob), BAD_ZIPLIST),
    }
}

fn push_all(list: &mut List, elements: &[Element<'_>], limits: list::Limits) {
    for &element in elements {
        let element = match element {
            Element::Int(number) => list::Element::Int(number),
            Element::Bytes(text) => list::Element::of(text),
        };
        list.push(Side::Back, element, limits);
    }
}

/// The elements one by one.
fn read_list(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<List> {
    let mut list = List::new();
    for _ in 0..cursor.len()? {
        push_all(&mut list, &[cursor.text()?.element()], limits.list);
    }
    Ok(list)
}

/// Nodes, each a ziplist; or, in the second form, a listpack or one element, which is said in front.
fn read_quicklist(cursor: &mut Cursor<'_>, kind: u8, limits: &Limits) -> Result<List> {
    let mut list = List::new();
    for _ in 0..cursor.len()? {
        let is_second = kind == kind::LIST_QUICKLIST_2;
        let container = if is_second { cursor.len()? } else { container::PACKED };
        let blob = cursor.blob()?;
        match container {
            container::PLAIN if blob.is_empty() => return cursor.corrupt("a node without an element"),
            container::PLAIN => push_all(&mut list, &[Element::Bytes(&blob)], limits.list),
            container::PACKED => push_all(&mut list, &read_elements(cursor, &blob, is_second)?, limits.list),
            _ => return cursor.corrupt("an unknown container of a list's node"),
        }
    }
    Ok(list)
}

fn add_member(cursor: &Cursor<'_>, set: &mut Set, member: Element<'_>, limits: &Limits) -> Result<()> {
    match set.insert(member.text(&mut itoa::Buffer::new()), &limits.set) {
        true => Ok(()),
        false => cursor.corrupt(TWICE),
    }
}

fn read_set(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Set> {
    let mut set = Set::new();
    for _ in 0..cursor.len()? {
        let member = cursor.text()?;
        add_member(cursor, &mut set, member.element(), limits)?;
    }
    Ok(set)
}

fn add_scored(
    cursor: &Cursor<'_>,
    zset: &mut ZSet,
    member: Element<'_>,
    score: Option<f64>,
    limits: &Limits,
) -> Result<()> {
    let score = cursor.inside(score.filter(|score| !score.is_nan()), "a score that is no number")?;
    match zset.insert(member.text(&mut itoa::Buffer::new()), score, limits.zset) {
        None => Ok(()),
        Some(_) => cursor.corrupt(TWICE),
    }
}

/// Members with their scores: as doubles, or in the first form as their texts.
fn read_zset(cursor: &mut Cursor<'_>, kind: u8, limits: &Limits) -> Result<ZSet> {
    let mut zset = ZSet::new();
    for _ in 0..cursor.len()? {
        let member = cursor.text()?;
        let score = if kind == kind::ZSET_2 { Some(f64::from_bits(cursor.u64_le()?)) } else { read_score(cursor)? };
        add_scored(cursor, &mut zset, member.element(), score, limits)?;
    }
    Ok(zset)
}

/// A double's text behind one byte: its length, or what stands for a value without digits.
fn read_score(cursor: &mut Cursor<'_>) -> Result<Option<f64>> {
    Ok(match cursor.byte()? {
        255 => Some(f64::NEG_INFINITY),
        254 => Some(f64::INFINITY),
        253 => None,
        len => parse_f64(cursor.take(u64::from(len))?),
    })
}

/// Members and scores in turn.
fn zset_of(cursor: &Cursor<'_>, elements: &[Element<'_>], limits: &Limits) -> Result<ZSet> {
    let mut zset = ZSet::new();
    let (pairs, rest) = elements.as_chunks::<2>();
    if !rest.is_empty() {
        return cursor.corrupt("a member without a score");
    }
    for &[member, score] in pairs {
        let score = match score {
            Element::Int(whole) => Some(whole as f64),
            Element::Bytes(text) => parse_f64(text),
        };
        add_scored(cursor, &mut zset, member, score, limits)?;
    }
    Ok(zset)
}

/// A field, its value, and when it expires: 0 for never.
struct Field<'b> {
    name: Element<'b>,
    value: Element<'b>,
    expire_at_ms: u64,
}

fn add_field(cursor: &Cursor<'_>, hash: &mut Hash, field: &Field<'_>, limits: &Limits) -> Result<()> {
    if field.expire_at_ms > MAX_EXPIRE_AT_MS {
        return cursor.corrupt("a time at which no field can expire");
    }
    let ttl = if field.expire_at_ms == 0 { FieldTtl::Clear } else { FieldTtl::At(field.expire_at_ms) };
    let (mut name, mut value) = (itoa::Buffer::new(), itoa::Buffer::new());
    // At the time 0 nothing has expired: a field that comes twice is found out.
    match hash.set(field.name.text(&mut name), field.value.text(&mut value), ttl, 0, limits.hash) {
        hash::Written::Added => Ok(()),
        hash::Written::Updated => cursor.corrupt(TWICE),
    }
}

fn read_hash(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Hash> {
    let mut hash = Hash::new();
    for _ in 0..cursor.len()? {
        let (name, value) = (cursor.text()?, cursor.text()?);
        let field = Field { name: name.element(), value: value.element(), expire_at_ms: 0 };
        add_field(cursor, &mut hash, &field, limits)?;
    }
    Ok(hash)
}

/// Fields and values in turn; with `step` 3 each followed by its time, 0 for none.
fn hash_of(cursor: &Cursor<'_>, elements: &[Element<'_>], step: usize, rules: Rules<'_>) -> Result<Hash> {
    let mut hash = Hash::new();
    let chunks = elements.chunks_exact(step);
    if !chunks.remainder().is_empty() {
        return cursor.corrupt("a field without a value");
    }
    for chunk in chunks {
        let expire_at_ms = match chunk.get(2) {
            None => 0,
            Some(Element::Int(at_ms)) => cursor.inside(u64::try_from(*at_ms).ok(), "a time that is none")?,
            Some(Element::Bytes(_)) => return cursor.corrupt("a time that is none"),
        };
        let field = Field { name: chunk[0], value: chunk[1], expire_at_ms };
        if !is_due(&field, rules) {
            add_field(cursor, &mut hash, &field, rules.limits)?;
        }
    }
    Ok(hash)
}

fn is_due(field: &Field<'_>, rules: Rules<'_>) -> bool {
    field.expire_at_ms > 0 && rules.now_ms.is_some_and(|now_ms| field.expire_at_ms <= now_ms)
}

/// Fields that expire, in the three forms of Redis 7.4, its release candidate, and Valkey 9.
fn read_expiring_hash(cursor: &mut Cursor<'_>, kind: u8, rules: Rules<'_>) -> Result<Hash> {
    let mut hash = Hash::new();
    let is_valkey = kind == kind::HASH_22 && rules.version >= VERSION_VALKEY;
    let first_ms = if kind == kind::HASH_METADATA { cursor.u64_le()? } else { 0 };
    for _ in 0..cursor.len()? {
        // How long after the earliest time, plus one; or, in the release candidate, the time itself.
        let told = if is_valkey { 0 } else { cursor.len()? };
        let (name, value) = (cursor.text()?, cursor.text()?);
        let expire_at_ms = if is_valkey {
            // -1 for none.
            cursor.u64_le()?.wrapping_add(1).saturating_sub(1)
        } else if kind == kind::HASH_METADATA && told > 0 {
            first_ms.saturating_add(told - 1)
        } else {
            told
        };
        let field = Field { name: name.element(), value: value.element(), expire_at_ms };
        if !is_due(&field, rules) {
            add_field(cursor, &mut hash, &field, rules.limits)?;
        }
    }
    Ok(hash)
}
