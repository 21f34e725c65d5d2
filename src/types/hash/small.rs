//! The small forms: field, value, field, value; or field, value, expiry, with the time as an integer, 0 for none.

use super::{FieldTtl, Written, is_due};
use crate::types::packed::{Element, Packed, Position};

/// Elements of a field with its value.
pub(super) const PAIR: usize = 2;
/// Elements of a field with its value and expiry.
pub(super) const TRIPLE: usize = 3;

/// In place of a time.
const NO_EXPIRY: i64 = 0;

/// A time as it is stored. Times are positive: what lies in 1970's first millisecond or before has expired long ago.
fn stored(expire_at_ms: Option<u64>) -> Element<'static> {
    Element::Int(expire_at_ms.map_or(NO_EXPIRY, |at_ms| at_ms.max(1).cast_signed()))
}

fn expiry_of(element: Element<'_>) -> Option<u64> {
    match element {
        Element::Int(at_ms) if at_ms > NO_EXPIRY => Some(at_ms.unsigned_abs()),
        _ => None,
    }
}

/// Value and expiry of the field at `position`.
#[inline]
fn value_at(packed: &Packed, step: usize, position: Position) -> (Element<'_>, Option<u64>) {
    let mut elements = packed.iter_from(packed.after(position, 1));
    let value = elements.next().expect("every field has a value");
    let expiry = if step == TRIPLE { elements.next().and_then(expiry_of) } else { None };
    (value, expiry)
}

#[inline]
pub(super) fn get<'a>(packed: &'a Packed, step: usize, name: &[u8]) -> Option<(Element<'a>, Option<u64>)> {
    packed.find(name, step).map(|position| value_at(packed, step, position))
}

/// Overwrites the value of a field that is there.
#[inline]
pub(super) fn overwrite(
    packed: &mut Packed,
    step: usize,
    name: &[u8],
    value: Element<'_>,
    ttl: FieldTtl,
    now_ms: u64,
) -> Option<Written> {
    let position = packed.find(name, step)?;
    let value_position = packed.after(position, 1);
    if step == PAIR {
        packed.replace_at(value_position, value);
        return Some(Written::Updated);
    }
    let (_, old) = value_at(packed, step, position);
    let was_due = is_due(old, now_ms);
    let new = if was_due { ttl.of_new() } else { ttl.after(old) };
    packed.replace_at(value_position, value);
    if new != old {
        packed.replace_at(packed.after(value_position, 1), stored(new));
    }
    Some(if was_due { Written::Added } else { Written::Updated })
}

/// Adds a field that is not there.
#[inline]
pub(super) fn push(packed: &mut Packed, step: usize, name: &[u8], value: Element<'_>, expire_at_ms: Option<u64>) {
    debug_assert!(step == TRIPLE || expire_at_ms.is_none(), "pairs have no expiry");
    let elements = [name.into(), value, stored(expire_at_ms)];
    packed.insert_at(packed.end(), &elements[..step]);
}

/// Changes the expiry of a field of triples.
pub(super) fn set_expiry(packed: &mut Packed, name: &[u8], expire_at_ms: Option<u64>) -> bool {
    let Some(position) = packed.find(name, TRIPLE) else { return false };
    packed.replace_at(packed.after(position, 2), stored(expire_at_ms));
    true
}

pub(super) fn remove(packed: &mut Packed, step: usize, name: &[u8]) -> bool {
    let Some(position) = packed.find(name, step) else { return false };
    packed.remove_at(position, step);
    true
}

/// The same fields with room for an expiry each.
pub(super) fn with_expiries(pairs: &Packed) -> Packed {
    let mut triples = Packed::new();
    for (name, value, _) in iter(pairs, PAIR) {
        triples.insert_at(triples.end(), &[name, value, stored(None)]);
    }
    triples
}

/// Every field with value and expiry, in the order in which they came.
pub(super) fn iter(packed: &Packed, step: usize) -> impl Iterator<Item = (Element<'_>, Element<'_>, Option<u64>)> {
    let mut elements = packed.iter();
    std::iter::from_fn(move || {
        let (name, value) = (elements.next()?, elements.next()?);
        let expiry = if step == TRIPLE { elements.next().and_then(expiry_of) } else { None };
        Some((name, value, expiry))
    })
}

/// Removes fields of triples whose time has come.
pub(super) fn remove_due(packed: &mut Packed, now_ms: u64, limit: usize, mut removed: impl FnMut(&[u8])) -> usize {
    let mut position = Position::START;
    let mut count = 0;
    while count < limit && position < packed.end() {
        if is_due(value_at(packed, TRIPLE, position).1, now_ms) {
            removed(packed.at(position).text(&mut itoa::Buffer::new()));
            packed.remove_at(position, TRIPLE);
            count += 1;
        } else {
            position = packed.after(position, TRIPLE);
        }
    }
    count
}
