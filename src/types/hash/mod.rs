//! Hashes: fields with values, each of which may expire by itself.
//!
//! Few and short fields lie in a [packed](crate::types::packed) sequence (`listpack`; `listpackex` once a field has been
//! given an expiry), more or longer ones in a table, one allocation a field (`hashtable`). A hash grows from the one form
//! to the other as it exceeds the limits that every change passes in, and never back.
//!
//! A field whose time has come is absent for whoever asks with the time, but stays until it is overwritten or taken out
//! by [`Hash::remove_due`] and its kin: only so everybody who must hear of it does. [`Hash::len`] counts it until then.

mod field;
mod large;
mod pairs;
#[cfg(test)]
mod tests;
mod triples;

use super::packed::Element;
use crate::util::rng::Rng;

pub use self::field::MAX_EXPIRE_AT_MS;

use self::large::Large;
use self::pairs::Pairs;
use self::triples::Triples;

/// How much the small form may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fields (`hash-max-listpack-entries`).
    pub entries: usize,
    /// Bytes of a field or value (`hash-max-listpack-value`).
    pub value_bytes: usize,
}

/// What writing a field does to its expiry. Times are in milliseconds since 1970, at most [`MAX_EXPIRE_AT_MS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldTtl {
    /// Leaves it as it is.
    Keep,
    /// Takes it away.
    Clear,
    /// Sets it.
    At(u64),
}

impl FieldTtl {
    fn after(self, old: Option<u64>) -> Option<u64> {
        match self {
            FieldTtl::Keep => old,
            FieldTtl::Clear => None,
            FieldTtl::At(at_ms) => Some(at_ms),
        }
    }

    fn of_new(self) -> Option<u64> {
        self.after(None)
    }
}

/// What [`Hash::set`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The field was not there, or its time had come.
    Added,
    /// It was there.
    Updated,
}

/// Whether a field with this expiry counts as absent.
#[inline]
fn is_due(expire_at_ms: Option<u64>, now_ms: u64) -> bool {
    expire_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
}

/// A field as walks show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldRef<'a> {
    /// Its name.
    pub name: Element<'a>,
    /// Its value.
    pub value: Element<'a>,
    /// When it expires, in milliseconds since 1970.
    pub expire_at_ms: Option<u64>,
}

impl FieldRef<'_> {
    /// Whether its time has not come.
    #[inline]
    #[must_use]
    pub fn is_live(&self, now_ms: u64) -> bool {
        !is_due(self.expire_at_ms, now_ms)
    }
}

/// A hash. See the file's header.
#[derive(Debug, Clone)]
pub struct Hash(Form);

#[derive(Debug, Clone)]
enum Form {
    Pairs(Pairs),
    Triples(Triples),
    Large(Box<Large>),
}

impl Default for Hash {
    fn default() -> Self {
        Hash::new()
    }
}

impl Hash {
    /// A hash without fields; allocates nothing.
    #[must_use]
    pub const fn new() -> Hash {
        Hash(Form::Pairs(Pairs::new()))
    }

    /// Number of fields, those included whose time has come.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Pairs(pairs) => pairs.len(),
            Form::Triples(triples) => triples.len(),
            Form::Large(large) => large.len(),
        }
    }

    /// Begins to bring near what is looked at to find fields with these [hashes](crate::types::table::hash).
    pub(super) fn prefetch(&self, hashes: &[u64]) {
        if let Form::Large(large) = &self.0 {
            large.prefetch(hashes);
        }
    }

    /// True without fields.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As OBJECT ENCODING prints it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Pairs(_) => "listpack",
            Form::Triples(_) => "listpackex",
            Form::Large(_) => "hashtable",
        }
    }

    /// Bytes on the heap. Constant time.
    #[inline]
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match &self.0 {
            Form::Pairs(pairs) => pairs.packed().memory_bytes(),
            Form::Triples(triples) => triples.packed().memory_bytes(),
            Form::Large(large) => large.memory_bytes(),
        }
    }

    #[inline]
    fn find(&self, name: &[u8]) -> Option<(Element<'_>, Option<u64>)> {
        match &self.0 {
            Form::Pairs(pairs) => pairs.get(name).map(|value| (value, None)),
            Form::Triples(triples) => triples.get(name),
            Form::Large(large) => large.get(name).map(|(value, expiry)| (value.into(), expiry)),
        }
    }

    /// The value of a field.
    #[inline]
    #[must_use]
    pub fn get(&self, name: &[u8], now_ms: u64) -> Option<Element<'_>> {
        let (value, expiry) = self.find(name)?;
        (!is_due(expiry, now_ms)).then_some(value)
    }

    /// Whether there is such a field.
    #[inline]
    #[must_use]
    pub fn contains(&self, name: &[u8], now_ms: u64) -> bool {
        self.get(name, now_ms).is_some()
    }

    /// When a field expires: `None` without the field, `Some(None)` when it does not expire.
    #[must_use]
    pub fn expiry(&self, name: &[u8], now_ms: u64) -> Option<Option<u64>> {
        let (_, expiry) = self.find(name)?;
        (!is_due(expiry, now_ms)).then_some(expiry)
    }

    /// Writes a field. One whose time had come counts as absent, so that [`FieldTtl::Keep`] keeps nothing of it.
    #[inline]
    pub fn set(&mut self, name: &[u8], value: &[u8], ttl: FieldTtl, now_ms: u64, limits: Limits) -> Written {
        self.make_room(name.len(), value.len(), limits);
        if let FieldTtl::At(_) = ttl {
            self.make_expirable();
        }
        let is_full = self.len() >= limits.entries;
        let written = match &mut self.0 {
            Form::Large(large) => return large.set(name, value, ttl, now_ms),
            Form::Pairs(pairs) => pairs.overwrite(name, value),
            Form::Triples(triples) => triples.overwrite(name, value, ttl, now_ms),
        };
        if let Some(written) = written {
            return written;
        }
        match &mut self.0 {
            Form::Pairs(pairs) if !is_full => pairs.push(name, value),
            Form::Triples(triples) if !is_full => triples.push(name, value, ttl.of_new()),
            _ => self.enlarge().insert_absent(name, value, ttl.of_new()),
        }
        Written::Added
    }

    /// Sets the expiry of a field, or takes it away; one whose time had come is found too. False without the field.
    pub fn set_expiry(&mut self, name: &[u8], expire_at_ms: Option<u64>) -> bool {
        if expire_at_ms.is_some() {
            self.make_expirable();
        }
        match &mut self.0 {
            Form::Pairs(pairs) => pairs.get(name).is_some(),
            Form::Triples(triples) => triples.set_expiry(name, expire_at_ms),
            Form::Large(large) => large.set_expiry(name, expire_at_ms),
        }
    }

    /// Removes a field, whether or not its time has come; false without it.
    #[inline]
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match &mut self.0 {
            Form::Pairs(pairs) => pairs.remove(name),
            Form::Triples(triples) => triples.remove(name),
            Form::Large(large) => large.remove(name),
        }
    }

    /// Removes a field if its time has come.
    pub fn remove_if_due(&mut self, name: &[u8], now_ms: u64) -> bool {
        self.has_due(now_ms) && self.find(name).is_some_and(|(_, expiry)| is_due(expiry, now_ms)) && self.remove(name)
    }

    /// Number of fields with an expiry.
    #[must_use]
    pub fn expiring_len(&self) -> usize {
        match &self.0 {
            Form::Pairs(_) => 0,
            Form::Triples(triples) => triples.iter().filter(|field| field.2.is_some()).count(),
            Form::Large(large) => large.expiring_len(),
        }
    }

    /// The earliest expiry of a field, in milliseconds since 1970. Walks over nothing.
    #[inline]
    #[must_use]
    pub fn next_field_expiry(&self) -> Option<u64> {
        match &self.0 {
            Form::Pairs(_) => None,
            Form::Triples(triples) => triples.next_expiry(),
            Form::Large(large) => large.next_expiry(),
        }
    }

    /// Whether the time of a field has come.
    #[inline]
    #[must_use]
    pub fn has_due(&self, now_ms: u64) -> bool {
        is_due(self.next_field_expiry(), now_ms)
    }

    /// Number of fields whose time has not come. Costs as much as there are others.
    #[must_use]
    pub fn live_len(&self, now_ms: u64) -> usize {
        match &self.0 {
            Form::Pairs(_) => self.len(),
            Form::Triples(triples) => triples.iter().filter(|field| !is_due(field.2, now_ms)).count(),
            Form::Large(large) => large.len() - large.due_len(now_ms),
        }
    }

    /// Removes at most `limit` fields whose time has come and names each to `removed`; answers how many.
    pub fn remove_due(&mut self, now_ms: u64, limit: usize, removed: impl FnMut(&[u8])) -> usize {
        match &mut self.0 {
            Form::Pairs(_) => 0,
            Form::Triples(triples) => triples.remove_due(now_ms, limit, removed),
            Form::Large(large) => large.remove_due(now_ms, limit, removed),
        }
    }

    /// Every field, those included whose time has come. The small form keeps the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = FieldRef<'_>> {
        let (pairs, triples, large) = match &self.0 {
            Form::Pairs(pairs) => (Some(pairs.iter()), None, None),
            Form::Triples(triples) => (None, Some(triples.iter()), None),
            Form::Large(large) => (None, None, Some(large.iter())),
        };
        let pairs = pairs.into_iter().flatten().map(|(name, value)| (name, value, None));
        let triples = triples.into_iter().flatten();
        let large = large.into_iter().flatten().map(|(name, value, expiry)| (name.into(), value.into(), expiry));
        let all = pairs.chain(triples).chain(large);
        all.map(|(name, value, expire_at_ms)| FieldRef { name, value, expire_at_ms })
    }

    /// Whether [`Hash::random`] takes constant time.
    #[must_use]
    pub fn has_random_access(&self) -> bool {
        matches!(self.0, Form::Large(_))
    }

    /// A random field, those included whose time has come; each is equally likely. Walks over the small form.
    pub fn random(&self, rng: &mut Rng) -> Option<FieldRef<'_>> {
        if self.is_empty() {
            return None;
        }
        match &self.0 {
            Form::Large(large) => large.random(rng).map(|(name, value, expire_at_ms)| FieldRef {
                name: name.into(),
                value: value.into(),
                expire_at_ms,
            }),
            Form::Pairs(_) | Form::Triples(_) => self.iter().nth(rng.index(self.len())),
        }
    }

    /// Shows about `count` fields from `cursor` on, those included whose time has come, and answers the next cursor; 0 at
    /// both ends. Every field that stays throughout is shown once. The small form is shown at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(FieldRef<'_>)) -> u64 {
        match &self.0 {
            Form::Large(large) => {
                large.scan(cursor, count, |name, value, expire_at_ms| visit(FieldRef { name, value, expire_at_ms }))
            }
            Form::Pairs(_) | Form::Triples(_) => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// Goes over to the large form when strings of these lengths are too much for the small one.
    #[inline]
    fn make_room(&mut self, name_len: usize, value_len: usize, limits: Limits) {
        let packed = match &self.0 {
            Form::Pairs(pairs) => pairs.packed(),
            Form::Triples(triples) => triples.packed(),
            Form::Large(_) => return,
        };
        let is_too_long = name_len > limits.value_bytes || value_len > limits.value_bytes;
        if is_too_long || !packed.has_room(name_len + value_len) {
            self.enlarge();
        }
    }

    /// Gives every field of the first small form room for an expiry.
    fn make_expirable(&mut self) {
        if let Form::Pairs(pairs) = &self.0 {
            self.0 = Form::Triples(Triples::new(pairs));
        }
    }

    /// Goes over to the large form.
    fn enlarge(&mut self) -> &mut Large {
        if !matches!(self.0, Form::Large(_)) {
            let mut large = Box::<Large>::default();
            let (mut name_text, mut value_text) = (itoa::Buffer::new(), itoa::Buffer::new());
            for field in self.iter() {
                let (name, value) = (field.name.text(&mut name_text), field.value.text(&mut value_text));
                large.insert_absent(name, value, field.expire_at_ms);
            }
            self.0 = Form::Large(large);
        }
        match &mut self.0 {
            Form::Large(large) => large,
            Form::Pairs(_) | Form::Triples(_) => unreachable!("it is large now"),
        }
    }
}
