//! Values that take the place of whatever their key held: told as `overwritten` and `type_changed` (Redis 8.2) to those who
//! want to hear of it.

use super::{Key, Locked};
use crate::keyspace::Ttl;
use crate::keyspace::entry::{EntryRef, StringValue, Value};
use crate::keyspace::events::{self, Event, EventClass};
use crate::types::ObjectType;

/// What is to be told of a value that another one replaces.
pub type Overwritten = [Option<Event>; 2];

impl Locked<'_> {
    /// As [`set_string`](Self::set_string), where the string is a value of its own and no change of the one before.
    #[inline]
    pub fn overwrite_string(&mut self, key: Key<'_>, value: StringValue<'_>, ttl: Ttl) {
        self.tell_overwriting(key, None);
        self.set_string(key, value, ttl);
    }

    /// Tells that the value of a key, if it has one, is about to be replaced by one of that type (`None`: a string).
    #[inline]
    pub(super) fn tell_overwriting(&mut self, key: Key<'_>, kind: Option<ObjectType>) {
        if self.tells_overwriting() {
            let told = self.overwriting(key, kind);
            self.tell_overwritten(key, told);
        }
    }

    #[inline]
    fn tells_overwriting(&self) -> bool {
        self.keyspace.wanted_events.get().intersects(EventClass::OVERWRITTEN | EventClass::TYPE_CHANGED)
    }

    /// The same for a caller who tells it later ([`tell_overwritten`](Self::tell_overwritten)).
    #[cold]
    pub fn overwriting(&mut self, key: Key<'_>, kind: Option<ObjectType>) -> Overwritten {
        if !self.tells_overwriting() {
            return [None; 2];
        }
        let old = self.peek(key).map(kind_of);
        let changes_type = old.is_some_and(|old| old != kind);
        [old.is_some().then_some(events::OVERWRITTEN), changes_type.then_some(events::TYPE_CHANGED)]
    }

    /// Tells what [`overwriting`](Self::overwriting) has found out.
    pub fn tell_overwritten(&mut self, key: Key<'_>, told: Overwritten) {
        told.into_iter().flatten().for_each(|event| self.notify(key, event));
    }

    /// The type of a key's value, without any trace: the outer `None` when there is none, the inner for a string.
    pub fn kind_of(&mut self, key: Key<'_>) -> Option<Option<ObjectType>> {
        self.peek(key).map(kind_of)
    }
}

fn kind_of(entry: EntryRef<'_>) -> Option<ObjectType> {
    match entry.value() {
        Value::Object(object) => Some(object.object_type()),
        _ => None,
    }
}
