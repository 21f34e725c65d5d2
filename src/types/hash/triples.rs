//! The small form with expiries: the earliest of them, then field, value, expiry, field, value, expiry.
//!
//! A time is stored as an integer, 0 where there is none.

use super::pairs::Pairs;
use super::{FieldTtl, Written, is_due};
use crate::types::packed::{Element, Packed, Position};

/// Elements of a field with its value and expiry.
const STEP: usize = 3;

/// See the file's header.
#[derive(Debug, Clone)]
pub(super) struct Triples(Packed);

/// A time as it is stored. What is due at 1970's first millisecond is as well due at the next.
fn stored(expire_at_ms: Option<u64>) -> Element<'static> {
    Element::Int(expire_at_ms.map_or(0, |at_ms| at_ms.max(1).cast_signed()))
}

fn time_of(element: Element<'_>) -> Option<u64> {
    match element {
        Element::Int(at_ms) if at_ms > 0 => Some(at_ms.unsigned_abs()),
        _ => None,
    }
}

impl Triples {
    /// The same fields, none of which expires.
    pub(super) fn new(pairs: &Pairs) -> Triples {
        let mut packed = Packed::new();
        packed.push(stored(None));
        for (name, value) in pairs.iter() {
            packed.insert_at(packed.end(), &[name, value, stored(None)]);
        }
        Triples(packed)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.0.len() - 1) / STEP
    }

    #[inline]
    pub(super) fn packed(&self) -> &Packed {
        &self.0
    }

    /// The earliest expiry.
    #[inline]
    pub(super) fn next_expiry(&self) -> Option<u64> {
        time_of(self.0.at(Position::START))
    }

    /// Where the first field would be.
    #[inline]
    fn start(&self) -> Position {
        self.0.after(Position::START, 1)
    }

    #[inline]
    fn find(&self, name: &[u8]) -> Option<Position> {
        self.0.find_from(self.start(), name, STEP)
    }

    /// Value and expiry of the field at `position`.
    #[inline]
    fn value_at(&self, position: Position) -> (Element<'_>, Option<u64>) {
        let mut elements = self.0.iter_from(self.0.after(position, 1));
        let value = elements.next().expect("every field has a value");
        (value, elements.next().and_then(time_of))
    }

    #[inline]
    pub(super) fn get(&self, name: &[u8]) -> Option<(Element<'_>, Option<u64>)> {
        self.find(name).map(|position| self.value_at(position))
    }

    /// Overwrites the value of a field that is there.
    pub(super) fn overwrite(&mut self, name: &[u8], value: &[u8], ttl: FieldTtl, now_ms: u64) -> Option<Written> {
        let position = self.find(name)?;
        let old = self.value_at(position).1;
        let was_due = is_due(old, now_ms);
        self.0.replace_at(self.0.after(position, 1), value);
        self.set_expiry_at(position, old, if was_due { ttl.of_new() } else { ttl.after(old) });
        Some(if was_due { Written::Added } else { Written::Updated })
    }

    /// Adds a field that is not there.
    pub(super) fn push(&mut self, name: &[u8], value: &[u8], expire_at_ms: Option<u64>) {
        self.0.insert_at(self.0.end(), &[name.into(), value.into(), stored(expire_at_ms)]);
        self.expiry_changed(None, expire_at_ms);
    }

    /// Sets or clears the expiry of a field; false without it.
    pub(super) fn set_expiry(&mut self, name: &[u8], expire_at_ms: Option<u64>) -> bool {
        let Some(position) = self.find(name) else { return false };
        self.set_expiry_at(position, self.value_at(position).1, expire_at_ms);
        true
    }

    fn set_expiry_at(&mut self, position: Position, old: Option<u64>, new: Option<u64>) {
        if old != new {
            self.0.replace_at(self.0.after(position, 2), stored(new));
            self.expiry_changed(old, new);
        }
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let Some(position) = self.find(name) else { return false };
        let old = self.value_at(position).1;
        self.0.remove_at(position, STEP);
        self.expiry_changed(old, None);
        true
    }

    /// Removes fields whose time has come.
    pub(super) fn remove_due(&mut self, now_ms: u64, limit: usize, mut removed: impl FnMut(&[u8])) -> usize {
        let mut position = self.start();
        let mut count = 0;
        while count < limit && position < self.0.end() {
            if is_due(self.value_at(position).1, now_ms) {
                removed(self.0.at(position).text(&mut itoa::Buffer::new()));
                self.0.remove_at(position, STEP);
                count += 1;
            } else {
                position = self.0.after(position, STEP);
            }
        }
        self.find_next_expiry();
        count
    }

    /// Brings the earliest expiry in step after that of a field went from `old` to `new`.
    fn expiry_changed(&mut self, old: Option<u64>, new: Option<u64>) {
        let next = self.next_expiry();
        if new.is_some_and(|new| next.is_none_or(|next| new < next)) {
            self.0.replace_at(Position::START, stored(new));
        } else if old.is_some() && old == next {
            self.find_next_expiry();
        }
    }

    fn find_next_expiry(&mut self) {
        let next = self.iter().filter_map(|(_, _, expiry)| expiry).min();
        self.0.replace_at(Position::START, stored(next));
    }

    /// Every field with value and expiry, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Element<'_>, Element<'_>, Option<u64>)> {
        let mut elements = self.0.iter_from(self.start());
        std::iter::from_fn(move || Some((elements.next()?, elements.next()?, elements.next().and_then(time_of))))
    }
}
