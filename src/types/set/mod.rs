//! The set: unordered strings, each once. Three forms, of which it takes the smallest that its members fit.
//!
//! ```text
//! intset      64-bit integers in order, in one allocation
//! packed      a few short strings one after the other, in one allocation
//! table       any number of strings of any length
//! ```
//!
//! OBJECT ENCODING shows the second as `hashtable`, since Redis 7.0, which we follow, has no such form of a set; what its
//! successors call `listpack` is this. A set never goes back to a smaller form. Algebra over several sets is in
//! [`algebra`]. Start with [`Set`].

pub mod algebra;
mod sample;

use super::intset::IntSet;
use super::packed::{self, Packed};
use super::table::{self, Table};
use super::text::Text;
use crate::util::number::parse_i64;
use crate::util::rng::Rng;

pub use super::packed::Element as Member;

/// Up to where a set keeps its smaller forms, as configured.
#[derive(Debug, Clone, Copy)]
pub struct SetLimits {
    /// `set-max-intset-entries`.
    pub intset_entries: usize,
    /// `set-max-listpack-entries`.
    pub packed_entries: usize,
    /// `set-max-listpack-value`.
    pub packed_value_bytes: usize,
}

impl SetLimits {
    /// More integers than that are never in one allocation.
    const INTSET_MAX: usize = 1 << 30;

    fn fits_packed(&self, entries: usize, value_bytes: usize) -> bool {
        entries <= self.packed_entries && value_bytes <= self.packed_value_bytes
    }
}

/// A set of strings; 16 bytes big.
#[derive(Debug, Clone)]
pub struct Set(Form);

#[derive(Debug, Clone)]
enum Form {
    Ints(IntSet),
    Packed(Packed),
    Table(Box<Members>),
}

/// The large form.
#[derive(Debug, Clone, Default)]
struct Members {
    table: Table<Text>,
    /// Bytes of all texts.
    text_bytes: usize,
}

const _: () = assert!(size_of::<Set>() == 16);

impl Members {
    fn insert(&mut self, member: &[u8]) -> bool {
        let added = self.table.insert_if_absent(table::hash(member), |other| **other == *member, || Text::new(member));
        if added {
            self.text_bytes += Text::memory_bytes_of(member.len());
        }
        added
    }

    fn contains(&self, member: &[u8]) -> bool {
        self.table.find(table::hash(member), |other| **other == *member).is_some()
    }

    fn forget(&mut self, member: &Text) {
        self.text_bytes -= member.memory_bytes();
    }
}

impl Default for Set {
    fn default() -> Self {
        Self::new()
    }
}

impl Set {
    /// A set without members; allocates nothing.
    #[must_use]
    pub const fn new() -> Set {
        Set(Form::Ints(IntSet::new()))
    }

    /// Number of members.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Ints(ints) => ints.len(),
            Form::Packed(packed) => packed.len(),
            Form::Table(members) => members.table.len(),
        }
    }

    /// Begins to bring near what is looked at to find members with these [hashes](crate::types::table::hash).
    pub(super) fn prefetch(&self, hashes: &[u64]) {
        if let Form::Table(members) = &self.0 {
            members.table.prefetch_all(hashes, Text::prefetch);
        }
    }

    /// True without members.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The form, as OBJECT ENCODING of Redis 7.0 names it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Ints(_) => "intset",
            Form::Packed(_) | Form::Table(_) => "hashtable",
        }
    }

    /// Bytes on the heap; takes constant time.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match &self.0 {
            Form::Ints(ints) => ints.memory_bytes(),
            Form::Packed(packed) => packed.memory_bytes(),
            Form::Table(members) => size_of::<Members>() + members.table.memory_bytes() + members.text_bytes,
        }
    }

    /// Adds a member; false if it was there.
    pub fn insert(&mut self, member: &[u8], limits: &SetLimits) -> bool {
        match &mut self.0 {
            Form::Ints(ints) => match parse_i64(member) {
                Some(number) => {
                    let added = ints.insert(number);
                    if added && ints.len() > limits.intset_entries.min(SetLimits::INTSET_MAX) {
                        self.widen(0, limits);
                    }
                    added
                }
                None => {
                    self.widen(member.len(), limits);
                    self.insert(member, limits)
                }
            },
            Form::Packed(packed) => {
                if packed.find(member, 1).is_some() {
                    return false;
                }
                if limits.fits_packed(packed.len() + 1, member.len()) && packed.has_room(member.len() + 16) {
                    packed.push(member);
                    return true;
                }
                self.spread();
                self.insert(member, limits)
            }
            Form::Table(members) => members.insert(member),
        }
    }

    /// Leaves the form of integers, to take in a string of `value_bytes` (0: nothing).
    fn widen(&mut self, value_bytes: usize, limits: &SetLimits) {
        let Form::Ints(ints) = &self.0 else { return };
        let digits = |number: i64| itoa::Buffer::new().format(number).len();
        // The longest number is the lowest or the highest.
        let ends = [0, ints.len().wrapping_sub(1)].map(|at| if at < ints.len() { digits(ints.get(at)) } else { 0 });
        let longest = ends[0].max(ends[1]).max(value_bytes);
        if !limits.fits_packed(ints.len() + usize::from(value_bytes > 0), longest) {
            return self.spread();
        }
        let mut packed = Packed::new();
        ints.iter().for_each(|number| packed.push(number));
        self.0 = Form::Packed(packed);
    }

    /// Takes the large form.
    fn spread(&mut self) {
        let mut members = Members::default();
        self.iter().for_each(|member| {
            members.insert(member.text(&mut itoa::Buffer::new()));
        });
        self.0 = Form::Table(Box::new(members));
    }

    /// Removes a member; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Form::Ints(ints) => parse_i64(member).is_some_and(|number| ints.remove(number)),
            Form::Packed(packed) => match packed.find(member, 1) {
                Some(at) => {
                    packed.remove_at(at, 1);
                    true
                }
                None => false,
            },
            Form::Table(members) => match members.table.remove(table::hash(member), |other| **other == *member) {
                Some(text) => {
                    members.forget(&text);
                    true
                }
                None => false,
            },
        }
    }

    /// Whether a string is a member.
    #[inline]
    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.0 {
            Form::Ints(ints) => parse_i64(member).is_some_and(|number| ints.contains(number)),
            Form::Packed(packed) => packed.find(member, 1).is_some(),
            Form::Table(members) => members.contains(member),
        }
    }

    /// Whether a member of another set, under its hash if that is known, is one of this set too.
    fn has(&self, member: Member<'_>, hash: Option<u64>) -> bool {
        match (&self.0, member) {
            (Form::Ints(ints), Member::Int(number)) => ints.contains(number),
            (Form::Table(members), Member::Bytes(text)) => {
                members.table.find(hash.unwrap_or_else(|| table::hash(text)), |other| **other == *text).is_some()
            }
            _ => self.contains(member.text(&mut itoa::Buffer::new())),
        }
    }

    /// The members, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = Member<'_>> {
        self.iter_hashed().map(|(member, _)| member)
    }

    /// The same, with the hashes of those that have one at hand.
    fn iter_hashed(&self) -> impl Iterator<Item = (Member<'_>, Option<u64>)> {
        // One of the three has members.
        let (ints, packed, members) = match &self.0 {
            Form::Ints(ints) => (Some(ints), None, None),
            Form::Packed(packed) => (None, Some(packed), None),
            Form::Table(members) => (None, None, Some(members)),
        };
        let ints = ints.into_iter().flat_map(IntSet::iter).map(|number| (Member::Int(number), None));
        let packed = packed.into_iter().flat_map(Packed::iter).map(|member| (member, None));
        let members = members.into_iter().flat_map(|members| members.table.iter_hashed(Text::prefetch));
        ints.chain(packed).chain(members.map(|(hash, text)| (Member::Bytes(text), Some(hash))))
    }

    /// Shows about `count` members to `visit`, from `cursor` on, and answers the next cursor; 0 begins and ends. A small
    /// form is shown at once. Every member that is present throughout is shown exactly once, unless the set changes from
    /// a small form to the large one meanwhile.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Member<'_>)) -> u64 {
        match &self.0 {
            Form::Table(members) => members.table.scan(cursor, count, |text| visit(Member::Bytes(text))),
            Form::Ints(_) | Form::Packed(_) => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// A member, each as likely as the others; `None` without members.
    #[must_use]
    pub fn random(&self, rng: &mut Rng) -> Option<Member<'_>> {
        match &self.0 {
            Form::Ints(ints) => ints.random(rng).map(Member::Int),
            Form::Packed(packed) if packed.is_empty() => None,
            Form::Packed(packed) => packed.get(rng.index(packed.len())),
            Form::Table(members) => members.table.random(rng).map(|text| Member::Bytes(text)),
        }
    }

    /// Takes out a member, each as likely as the others, and shows it to `visit`; false without members.
    pub fn pop(&mut self, rng: &mut Rng, mut visit: impl FnMut(Member<'_>)) -> bool {
        match &mut self.0 {
            Form::Ints(ints) => match ints.remove_random(rng) {
                Some(number) => visit(Member::Int(number)),
                None => return false,
            },
            Form::Packed(packed) if packed.is_empty() => return false,
            Form::Packed(packed) => {
                let at = packed.after(packed::Position::START, rng.index(packed.len()));
                visit(packed.at(at));
                packed.remove_at(at, 1);
            }
            Form::Table(members) => match members.table.remove_random(rng) {
                Some(text) => {
                    members.forget(&text);
                    visit(Member::Bytes(&text));
                }
                None => return false,
            },
        }
        true
    }
}

#[cfg(test)]
mod tests;
