//! The small form without expiries: field, value, field, value.

use super::Written;
use crate::types::packed::{Element, Packed};

/// Elements of a field with its value.
const STEP: usize = 2;

/// See the file's header.
#[derive(Debug, Clone)]
pub(super) struct Pairs(Packed);

impl Pairs {
    pub(super) const fn new() -> Pairs {
        Pairs(Packed::new())
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.len() / STEP
    }

    #[inline]
    pub(super) fn packed(&self) -> &Packed {
        &self.0
    }

    #[inline]
    pub(super) fn get(&self, name: &[u8]) -> Option<Element<'_>> {
        let position = self.0.find(name, STEP)?;
        Some(self.0.at(self.0.after(position, 1)))
    }

    /// Overwrites the value of a field that is there.
    #[inline]
    pub(super) fn overwrite(&mut self, name: &[u8], value: &[u8]) -> Option<Written> {
        let position = self.0.find(name, STEP)?;
        self.0.replace_at(self.0.after(position, 1), value);
        Some(Written::Updated)
    }

    /// Adds a field that is not there.
    #[inline]
    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
        self.0.insert_at(self.0.end(), &[name.into(), value.into()]);
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let Some(position) = self.0.find(name, STEP) else { return false };
        self.0.remove_at(position, STEP);
        true
    }

    /// Every field with its value, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Element<'_>, Element<'_>)> {
        let mut elements = self.0.iter();
        std::iter::from_fn(move || Some((elements.next()?, elements.next()?)))
    }
}
