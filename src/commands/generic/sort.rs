//! SORT and SORT_RO. BY and GET reach keys that only the elements name: then all shards are locked, else those of the
//! key and of STORE's destination.

use std::cmp::Ordering;

use crate::client::SessionFlags;
use crate::commands::keys::{BadArguments, FoundKey};
use crate::commands::prelude::*;
use crate::keyspace::Value;
use crate::resp::Args as Argv;
use crate::types::hash::Hash;
use crate::types::list::{List, Side};
use crate::types::text::Text;
use crate::types::{Object, list::Element};
use crate::util::number::parse_f64;

/// What the arguments ask for.
#[derive(Debug, Default)]
struct Options<'a> {
    descending: bool,
    alpha: bool,
    /// Offset and count of LIMIT.
    limit: Option<(i64, i64)>,
    /// The weights' pattern.
    by: Option<&'a [u8]>,
    /// A BY pattern without `*`: the order is left as it is.
    unsorted: bool,
    get: Vec<&'a [u8]>,
    store: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn read(args: &mut Args<'a>, may_store: bool) -> Result<Options<'a>, Error> {
        let mut options = Options::default();
        while args.more() {
            if args.eat("ASC") {
                options.descending = false;
            } else if args.eat("DESC") {
                options.descending = true;
            } else if args.eat("ALPHA") {
                options.alpha = true;
            } else if args.remaining() >= 3 && args.eat("LIMIT") {
                options.limit = Some((args.integer()?, args.integer()?));
            } else if may_store && args.eat_with_value("STORE") {
                options.store = Some(args.take()?);
            } else if args.eat_with_value("BY") {
                let pattern = args.take()?;
                options.by = Some(pattern);
                options.unsorted |= !pattern.contains(&b'*');
            } else if args.eat_with_value("GET") {
                options.get.push(args.take()?);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }

    /// The part of so many elements that LIMIT wants.
    fn range(&self, len: usize) -> std::ops::Range<usize> {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let start = usize::try_from(offset).unwrap_or(0).min(len);
        let count = usize::try_from(count).unwrap_or(len);
        start..start.saturating_add(count).min(len)
    }
}

pub(super) fn sort(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    run(cx, args, true)
}

pub(super) fn sort_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    run(cx, args, false)
}

fn run(cx: &mut Cx<'_>, args: &mut Args<'_>, may_store: bool) -> Outcome {
    let key = key_of(cx, args.take()?);
    let mut options = Options::read(args, may_store)?;

    let (len, is_set) = match cx.db.lookup_read(key).map(|entry| entry.value()) {
        None => (0, false),
        Some(Value::Object(object @ (Object::List(_) | Object::Set(_) | Object::ZSet(_)))) => {
            (object.len(), matches!(object, Object::Set(_)))
        }
        Some(_) => return Err(error::WRONGTYPE),
    };
    cx.cost(len.saturating_mul(1 + options.get.len()))?;
    if options.unsorted && is_set && (options.store.is_some() || cx.session.is(SessionFlags::SCRIPT)) {
        // What is stored, or what a script makes of it, must not depend on the order in which the set happens to lie.
        (options.unsorted, options.alpha, options.by) = (false, true, None);
    }
    let mut elements = elements(cx, key, options.unsorted && options.descending);
    if !options.unsorted {
        elements = sorted(cx, elements, &options)?;
    }
    let chosen = &elements[options.range(elements.len())];

    match options.store {
        None => show(cx, chosen, &options.get),
        Some(name) => store(cx, chosen, &options.get, name),
    }
    DONE
}

/// A name is that of a declared key, or all shards are locked.
fn key_of<'a>(cx: &Cx<'_>, name: &'a [u8]) -> Key<'a> {
    Key { name, hash: cx.db.keyspace().hash(name) }
}

/// Copies of the elements, since the lookups that follow may take expired keys out.
fn elements(cx: &mut Cx<'_>, key: Key<'_>, backwards: bool) -> Vec<Text> {
    let mut number = itoa::Buffer::new();
    let mut elements = Vec::new();
    match cx.db.peek(key).map(|entry| entry.value()) {
        Some(Value::Object(Object::List(list))) => {
            let side = if backwards { Side::Back } else { Side::Front };
            elements.extend(list.iter(side).map(|element| Text::new(element.text(&mut number))));
        }
        Some(Value::Object(Object::Set(set))) => {
            elements.extend(set.iter().map(|member| Text::new(member.text(&mut number))));
        }
        Some(Value::Object(Object::ZSet(zset))) => {
            zset.visit(0..zset.len(), backwards, |member, _| elements.push(Text::new(member.text(&mut number))));
        }
        _ => {}
    }
    elements
}

/// What an element is ordered by.
#[derive(Debug)]
enum Weight {
    Number(f64),
    /// None comes before all.
    Text(Option<Text>),
    /// The element itself.
    Own,
}

fn sorted(cx: &mut Cx<'_>, elements: Vec<Text>, options: &Options<'_>) -> Result<Vec<Text>, Error> {
    let mut weighted = Vec::with_capacity(elements.len());
    for element in elements {
        let weight = match options.by {
            Some(pattern) => {
                let found = look_up(cx, pattern, &element);
                if options.alpha { Weight::Text(found) } else { number(found.as_deref().unwrap_or(b"0"))? }
            }
            None if options.alpha => Weight::Own,
            None => number(&element)?,
        };
        weighted.push((weight, element));
    }
    let compare = |(weight, element): &(Weight, Text), (other, other_element): &(Weight, Text)| match (weight, other) {
        (Weight::Number(a), Weight::Number(b)) => {
            a.partial_cmp(b).unwrap_or(Ordering::Equal).then_with(|| element.cmp(other_element))
        }
        (Weight::Text(a), Weight::Text(b)) => a.cmp(b),
        _ => element.cmp(other_element),
    };
    if options.descending {
        weighted.sort_by(|a, b| compare(b, a));
    } else {
        weighted.sort_by(compare);
    }
    Ok(weighted.into_iter().map(|(_, element)| element).collect())
}

/// The number that a text denotes, as C's `strtod` reads it: space in front is allowed, and nothing at all is 0.
fn number(text: &[u8]) -> Result<Weight, Error> {
    if text.is_empty() {
        return Ok(Weight::Number(0.0));
    }
    let digits =
        text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).map_or(&text[..0], |at| &text[at..]);
    parse_f64(digits).map(Weight::Number).ok_or(error::SORT_NOT_NUMBER)
}

/// The value of the key, or of the field behind `->`, that a pattern names with `element` in place of its `*`.
fn look_up(cx: &mut Cx<'_>, pattern: &[u8], element: &Text) -> Option<Text> {
    if pattern == b"#" {
        return Some(element.clone());
    }
    let star = memchr::memchr(b'*', pattern)?;
    let behind = &pattern[star + 1..];
    let arrow = memchr::memmem::find(behind, b"->").filter(|&at| at + 2 < behind.len());
    let (behind, field) = arrow.map_or((behind, None), |at| (&behind[..at], Some(&behind[at + 2..])));
    let name = [&pattern[..star], element, behind].concat();
    let key = key_of(cx, &name);
    let (now_ms, mut scratch) = (cx.now_ms(), itoa::Buffer::new());
    if let Some(field) = field {
        let hash = cx.db.read::<Hash>(key).ok()??;
        return hash.get(field, now_ms).map(|value| Text::new(value.text(&mut scratch)));
    }
    match cx.db.lookup_read(key)?.value() {
        Value::Int(number) => Some(Text::new(scratch.format(number).as_bytes())),
        Value::Str(text) => Some(Text::new(text)),
        Value::Big(text) => Some(Text::new(text)),
        Value::Object(_) => None,
    }
}

fn show(cx: &mut Cx<'_>, chosen: &[Text], get: &[&[u8]]) {
    cx.reply.array(chosen.len() * get.len().max(1));
    for element in chosen {
        if get.is_empty() {
            cx.reply.bulk(element);
        }
        for pattern in get {
            match look_up(cx, pattern, element) {
                Some(value) => cx.reply.bulk(&value),
                None => cx.reply.null(),
            }
        }
    }
}

fn store(cx: &mut Cx<'_>, chosen: &[Text], get: &[&[u8]], name: &[u8]) {
    let limits = cx.server.list_limits();
    let mut result = List::new();
    for element in chosen {
        if get.is_empty() {
            result.push(Side::Back, Element::of(element), limits);
        }
        for pattern in get {
            let value = look_up(cx, pattern, element).unwrap_or_default();
            result.push(Side::Back, Element::of(&value), limits);
        }
    }
    let (key, len) = (key_of(cx, name), result.len());
    if len > 0 {
        cx.db.put(key, result);
        cx.db.changed(key, events::SORTSTORE);
        cx.db.effects.dirty += len as u64 - 1;
    } else if cx.db.remove(key) {
        cx.db.changed(key, events::DEL);
    }
    cx.reply.integer(len as i64);
}

/// Whether a pattern behind BY or GET may name other keys. Told by the words alone, wherever they stand: too often rather
/// than too seldom.
pub(super) fn reaches_further(argv: Argv<'_>) -> bool {
    (3..argv.len()).any(|at| {
        let word = argv.get(at - 1);
        argv.get(at).contains(&b'*') && (word.eq_ignore_ascii_case(b"BY") || word.eq_ignore_ascii_case(b"GET"))
    })
}

/// The keys of SORT that its arguments name.
pub(super) fn sort_keys(argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    sort_ro_keys(argv, found)?;
    let (mut at, mut store) = (2, None);
    while at < argv.len() {
        let is = |word: &str| argv.get(at).eq_ignore_ascii_case(word.as_bytes());
        if is("LIMIT") {
            at += 2;
        } else if is("GET") || is("BY") {
            at += 1;
        } else if is("STORE") && at + 1 < argv.len() {
            at += 1;
            store = Some(at);
        }
        at += 1;
    }
    found.extend(store.map(|at| FoundKey { position: at as u32, flags: OW.or(UPDATE) }));
    Ok(())
}

/// The key of SORT_RO that its arguments name.
pub(super) fn sort_ro_keys(_: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    found.push(FoundKey { position: 1, flags: RO.or(ACCESS) });
    Ok(())
}
