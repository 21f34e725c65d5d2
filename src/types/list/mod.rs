//! Lists: a deque of elements that is fast at both ends, found by index, and takes little more memory than the elements.
//!
//! A small list is one [`block`] behind one pointer. One that outgrows a block becomes a [`directory`] of blocks. Elements
//! are kept as integers where their text allows it, and large ones in buffers of their own. Imports `util`.

mod block;
mod chunk;
mod directory;
mod element;
mod tags;
#[cfg(test)]
mod tests;

use std::ops::Range;

use block::{BLOCK_MAX, Block, BlockIter};
use directory::Directory;
pub use element::{Element, OwnedElement};

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The end of index 0 (LEFT).
    #[default]
    Front,
    /// The end of the last index (RIGHT).
    Back,
}

impl Side {
    /// The opposite end.
    #[inline]
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Front => Side::Back,
            Side::Back => Side::Front,
        }
    }
}

/// How large a block may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    bytes: usize,
    count: usize,
}

impl Limits {
    /// Most elements of a block, as in Redis.
    const COUNT_MAX: usize = 32767;

    const LARGEST: Limits = Limits { bytes: BLOCK_MAX, count: Limits::COUNT_MAX };

    /// The limits that `list-max-listpack-size` sets: a number of elements (with at most 8 KiB), or -1 to -5 for 4, 8, 16,
    /// 32 and 64 KiB.
    #[inline]
    #[must_use]
    pub fn of_setting(setting: i64) -> Limits {
        if setting < 0 {
            let bytes = (2048usize << setting.unsigned_abs().min(5)).min(BLOCK_MAX);
            Limits { bytes, count: Limits::COUNT_MAX }
        } else {
            Limits { bytes: 8192, count: (setting.unsigned_abs() as usize).clamp(1, Limits::COUNT_MAX) }
        }
    }
}

/// A list.
#[derive(Debug, Clone)]
pub struct List {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Small(Block),
    Large(Box<Directory>),
}

impl Default for List {
    fn default() -> List {
        List::new()
    }
}

impl List {
    /// An empty list.
    #[must_use]
    pub fn new() -> List {
        List { form: Form::Small(Block::new(0, Side::Back)) }
    }

    /// An empty list that is about to take these elements at an end.
    #[must_use]
    pub fn for_elements<'a>(elements: impl Iterator<Item = Element<'a>>, side: Side, limits: Limits) -> List {
        let bytes = elements.map(|element| element::measure(element).1).sum();
        List { form: Form::Small(Block::for_data(limits.bytes.min(bytes), side)) }
    }

    /// Number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Small(block) => block.len(),
            Form::Large(directory) => directory.len(),
        }
    }

    /// Whether there is no element.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As OBJECT ENCODING prints it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        "quicklist"
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Small(block) => block.capacity(),
            Form::Large(directory) => directory.memory_bytes(),
        }
    }

    /// Number of pieces that the list is made of.
    #[must_use]
    pub fn chunks(&self) -> usize {
        match &self.form {
            Form::Small(_) => 1,
            Form::Large(directory) => directory.chunks(),
        }
    }

    /// Adds an element at an end.
    #[inline]
    pub fn push(&mut self, side: Side, element: Element<'_>, limits: Limits) {
        match &mut self.form {
            Form::Large(directory) => directory.push(side, element, limits),
            Form::Small(block) => {
                if element.is_large() || !block.push(side, element, limits) {
                    self.enlarge().push(side, element, limits);
                }
            }
        }
    }

    /// Turns to the large form.
    #[cold]
    fn enlarge(&mut self) -> &mut Directory {
        if let Form::Small(block) = &mut self.form {
            let block = std::mem::replace(block, Block::new(0, Side::Back));
            self.form = Form::Large(Box::new(Directory::of((block.len() > 0).then_some(block))));
        }
        match &mut self.form {
            Form::Large(directory) => directory,
            Form::Small(_) => unreachable!("the form has just been changed"),
        }
    }

    /// Gives back what the list does not need any more, once that is a lot.
    #[inline]
    fn reduce(&mut self) {
        match &mut self.form {
            Form::Small(block) => block.reduce(),
            Form::Large(directory) => {
                if directory.chunks() == 1
                    && let Some(block) = directory.take_sole_block()
                {
                    self.form = Form::Small(block);
                }
            }
        }
    }

    /// Shows the element at an end to `see`, and removes it.
    #[inline]
    pub fn pop<R>(&mut self, side: Side, see: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let result = match &mut self.form {
            Form::Small(block) => block.pop(side, see),
            Form::Large(directory) => directory.pop(side, see),
        };
        self.reduce();
        result
    }

    /// The element at an end.
    #[must_use]
    pub fn end(&self, side: Side) -> Option<Element<'_>> {
        self.iter(side).next()
    }

    /// The element at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        match &self.form {
            Form::Small(block) => block.get(index),
            Form::Large(directory) => directory.get(index),
        }
    }

    /// Puts `element` in place of the one at `index`; false if there is none.
    pub fn set(&mut self, index: usize, element: Element<'_>, limits: Limits) -> bool {
        if index >= self.len() {
            return false;
        }
        if let Form::Small(block) = &mut self.form
            && !element.is_large()
            && block.replace(index, element, limits)
        {
            return true;
        }
        self.enlarge().set(index, element, limits);
        self.reduce();
        true
    }

    /// Inserts an element before `index`, or at the end where that is the length.
    ///
    /// # Panics
    /// When `index` is larger.
    pub fn insert(&mut self, index: usize, element: Element<'_>, limits: Limits) {
        assert!(index <= self.len(), "the index is at most the length");
        if index == self.len() {
            return self.push(Side::Back, element, limits);
        }
        if let Form::Small(block) = &mut self.form
            && !element.is_large()
            && block.insert(index, element, limits)
        {
            return;
        }
        self.enlarge().insert(index, element, limits);
    }

    /// Removes all elements but those of a range. Returns the bulk of what was removed, since dropping it may take long.
    pub fn trim(&mut self, keep: Range<usize>) -> Option<List> {
        if keep.is_empty() {
            return Some(std::mem::take(self));
        }
        let removed = match &mut self.form {
            Form::Small(block) => {
                block.keep(keep);
                None
            }
            Form::Large(directory) => {
                let removed = directory.trim(keep);
                (removed.chunks() > 0).then(|| List { form: Form::Large(Box::new(removed)) })
            }
        };
        self.reduce();
        removed
    }

    /// Removes up to `limit` elements equal to `element`, counted from `side`; returns how many there were. Takes time
    /// with the number of elements looked at.
    pub fn remove_equal(&mut self, side: Side, element: Element<'_>, limit: usize, limits: Limits) -> usize {
        let count = match &mut self.form {
            _ if limit == 0 => 0,
            Form::Small(block) => block.remove_equal(side, element, limit),
            Form::Large(directory) => directory.remove_equal(side, element, limit, limits),
        };
        self.reduce();
        count
    }

    /// The elements from one end to the other.
    pub fn iter(&self, side: Side) -> Iter<'_> {
        self.iter_from(0, side)
    }

    /// The elements from `skip` steps behind the end `side` on, away from it.
    pub fn iter_from(&self, skip: usize, side: Side) -> Iter<'_> {
        Iter(match &self.form {
            Form::Small(block) => IterForm::Small(block.iter(skip.min(block.len()), side)),
            Form::Large(directory) => IterForm::Large(directory.iter(skip, side)),
        })
    }
}

/// Elements of a list, from one end towards the other.
#[derive(Debug, Clone)]
pub struct Iter<'a>(IterForm<'a>);

#[derive(Debug, Clone)]
enum IterForm<'a> {
    Small(BlockIter<'a>),
    Large(directory::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        match &mut self.0 {
            IterForm::Small(elements) => elements.next(),
            IterForm::Large(elements) => elements.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            IterForm::Small(elements) => elements.size_hint(),
            IterForm::Large(elements) => elements.size_hint(),
        }
    }
}
