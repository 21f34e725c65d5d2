//! A block: up to some thousand elements in one allocation, open at both ends.
//!
//! ```text
//! head | gap | tags -> | room | <- data | gap
//! ```
//!
//! Tags stand from left to right and the data from right to left, so that both grow into the same room; what is taken
//! off the other end leaves gaps. Elements of one and the same tag (texts of equal length, integers of equal width) need
//! no tags at all: the head has it for all of them. A block that grows at the front keeps its elements in reverse: in here,
//! "place" counts as they lie, "index" as the list has them.

use std::ops::Range;

use super::element::{self, Element, LONG, NO_TAG, fixed_size, is_int};
use super::{Limits, Side};
use crate::util::alloc::size_class;

/// Bytes of the head.
const HEAD: usize = 10;

/// Bytes in use up to which elements are moved aside for one at the closed end; beyond, another block is begun.
const SHIFT_MAX: usize = 1024;

/// Elements of a block that are not too many to give each its own tag for the sake of one small integer.
const FEW: usize = 16;

/// Blocks of this size and less are not made smaller.
const SMALL: usize = 64;

/// Largest block: offsets have 16 bits.
pub(super) const BLOCK_MAX: usize = 65528;

/// A run of elements in one allocation.
#[derive(Debug, Clone)]
pub(super) struct Block {
    bytes: Box<[u8]>,
}

/// The head, read.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Elements.
    count: usize,
    /// Bytes of the gap in front of the tags.
    gap: usize,
    /// Where the data begins.
    low: usize,
    /// Where the data ends.
    high: usize,
    /// The tag of all elements, or `NO_TAG` where each has its own.
    common: u8,
    /// Whether the elements lie in reverse.
    reversed: bool,
}

impl Head {
    /// Where the tags end, and the room begins.
    #[inline]
    fn tags_end(&self) -> usize {
        HEAD + self.gap + self.tag_bytes()
    }

    #[inline]
    fn tag_bytes(&self) -> usize {
        if self.common == NO_TAG { self.count } else { 0 }
    }

    /// Bytes that a block needs at least for these elements.
    fn used(&self) -> usize {
        HEAD + self.tag_bytes() + (self.high - self.low)
    }

    /// The place of an index, and the other way round.
    #[inline]
    fn place(&self, index: usize) -> usize {
        if self.reversed { self.count - 1 - index } else { index }
    }

    /// The same for a range.
    fn places(&self, indexes: Range<usize>) -> Range<usize> {
        if self.reversed { self.count - indexes.end..self.count - indexes.start } else { indexes }
    }

    /// Whether `side` of the list is where the block grows.
    #[inline]
    fn grows_at(&self, side: Side) -> bool {
        (side == Side::Front) == self.reversed
    }

    /// What becomes of the tags when an element joins that takes `tag` at least.
    #[inline]
    fn joined_by(&self, tag: u8) -> Tags {
        let common = self.common;
        if common == NO_TAG || common == tag {
            return Tags::Stay(tag);
        }
        if is_int(common) && is_int(tag) {
            // Integers may be wider than they need be.
            let (old, new) = (fixed_size(common), fixed_size(tag));
            if new < old && (new + 1 == old || new + 2 == old && self.count > FEW) {
                return Tags::Stay(common);
            }
            if new == old + 1 {
                return Tags::Widen(tag);
            }
        }
        Tags::Split(tag)
    }
}

/// See [`Head::joined_by`]; with the tag of the new element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// As they are.
    Stay(u8),
    /// All elements become integers of the new one's width.
    Widen(u8),
    /// Each element gets its own tag.
    Split(u8),
}

impl Block {
    /// An empty block of about `capacity` bytes, which will grow at `side`.
    pub(super) fn new(capacity: usize, side: Side) -> Block {
        let capacity = size_class(capacity.max(HEAD)).min(BLOCK_MAX);
        let mut block = Block { bytes: vec![0; capacity].into_boxed_slice() };
        block.set_head(Head::empty(capacity, side == Side::Front));
        block
    }

    /// An empty block for so many bytes of elements of one width.
    pub(super) fn for_data(bytes: usize, side: Side) -> Block {
        Block::new(HEAD + bytes, side)
    }

    #[inline]
    fn head(&self) -> Head {
        let head: &[u8; HEAD] = self.bytes.first_chunk().expect("a block has a head");
        let word = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        Head { count: word(0), gap: word(2), low: word(4), high: word(6), common: head[8], reversed: head[9] != 0 }
    }

    #[inline]
    fn set_head(&mut self, head: Head) {
        let bytes: &mut [u8; HEAD] = self.bytes.first_chunk_mut().expect("a block has a head");
        for (at, word) in [head.count, head.gap, head.low, head.high].into_iter().enumerate() {
            [bytes[2 * at], bytes[2 * at + 1]] = (word as u16).to_le_bytes();
        }
        bytes[8] = head.common;
        bytes[9] = u8::from(head.reversed);
    }

    /// Number of elements.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.head().count
    }

    /// Bytes allocated.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes needed.
    pub(super) fn used(&self) -> usize {
        self.head().used()
    }

    /// Adds an element at an end; false if it does not fit, or not without moving a lot.
    #[inline]
    pub(super) fn push(&mut self, side: Side, element: Element<'_>, limits: Limits) -> bool {
        let head = self.head();
        if head.grows_at(side) || head.count == 0 {
            return self.put(head.count, element, limits);
        }
        self.push_closed(element, limits)
    }

    /// Adds an element at the end that the block does not grow at: place 0.
    fn push_closed(&mut self, element: Element<'_>, limits: Limits) -> bool {
        let mut head = self.head();
        let (tag, size) = self.sized(element);
        let Tags::Stay(tag) = tag else { return head.used() <= SHIFT_MAX && self.put(0, element, limits) };
        let tag_size = usize::from(head.common == NO_TAG);
        if head.count >= limits.count || head.gap < tag_size || self.capacity() - head.high < size {
            return head.used() <= SHIFT_MAX && self.put(0, element, limits);
        }
        element::write(element, tag, &mut self.bytes[head.high..head.high + size]);
        head.high += size;
        head.gap -= tag_size;
        head.count += 1;
        if tag_size == 1 {
            self.bytes[HEAD + head.gap] = tag;
        }
        self.set_head(head);
        true
    }

    /// What an element does to the tags, and the size that it will have.
    #[inline]
    fn sized(&self, element: Element<'_>) -> (Tags, usize) {
        let head = self.head();
        let (tag, size) = element::measure(element);
        match head.joined_by(tag) {
            Tags::Stay(common) if common != tag => (Tags::Stay(common), fixed_size(common)),
            tags => (tags, size),
        }
    }

    /// Inserts an element before `index`; false if it does not fit.
    pub(super) fn insert(&mut self, index: usize, element: Element<'_>, limits: Limits) -> bool {
        let head = self.head();
        self.put(if head.reversed { head.count - index } else { index }, element, limits)
    }

    /// Inserts an element at a place; false if it does not fit.
    #[inline]
    fn put(&mut self, place: usize, element: Element<'_>, limits: Limits) -> bool {
        let head = self.head();
        if head.count == 0 {
            return self.put_first(element);
        }
        if head.count >= limits.count {
            return false;
        }
        let (tags, size) = self.sized(element);
        if let Tags::Stay(tag) = tags {
            let tag_size = usize::from(head.common == NO_TAG);
            if head.low - head.tags_end() >= tag_size + size {
                self.place_in(place, element, tag, size);
                return true;
            }
        }
        self.put_slowly(place, element, tags, size, limits)
    }

    fn put_first(&mut self, element: Element<'_>) -> bool {
        let (tag, size) = element::measure(element);
        let reversed = self.head().reversed;
        let needed = HEAD + size + usize::from(tag == LONG);
        if needed > self.capacity() {
            if needed > BLOCK_MAX {
                return false;
            }
            self.bytes = vec![0; size_class(needed).min(BLOCK_MAX)].into_boxed_slice();
        }
        let common = if tag == LONG { NO_TAG } else { tag };
        self.set_head(Head { common, ..Head::empty(self.capacity(), reversed) });
        self.place_in(0, element, tag, size);
        true
    }

    /// Inserts an element for which there is room.
    #[inline]
    fn place_in(&mut self, place: usize, element: Element<'_>, tag: u8, size: usize) {
        let mut head = self.head();
        let low = head.low - size;
        let end = if place == head.count {
            head.low
        } else {
            let end = self.boundary(place);
            self.bytes.copy_within(head.low..end, low);
            end
        };
        element::write(element, tag, &mut self.bytes[end - size..end]);
        if head.common == NO_TAG {
            let at = HEAD + head.gap + place;
            if place < head.count {
                self.bytes.copy_within(at..HEAD + head.gap + head.count, at + 1);
            }
            self.bytes[at] = tag;
        }
        head.low = low;
        head.count += 1;
        self.set_head(head);
    }

    /// Inserts an element that changes the tags, or for which there is no room as things lie.
    #[cold]
    fn put_slowly(&mut self, place: usize, element: Element<'_>, tags: Tags, size: usize, limits: Limits) -> bool {
        let head = self.head();
        let (tag, more) = match tags {
            Tags::Stay(tag) => (tag, usize::from(head.common == NO_TAG)),
            Tags::Widen(tag) => (tag, head.count * (fixed_size(tag) - fixed_size(head.common))),
            Tags::Split(tag) => (tag, head.count + 1),
        };
        let needed = head.used() + more + size;
        if needed > limits.bytes {
            return false;
        }
        let capacity = self.capacity();
        let capacity = if needed + capacity / 8 <= capacity || tags != Tags::Stay(tag) && needed <= capacity {
            capacity
        } else if capacity < limits.bytes {
            // Classes of small sizes are close to each other; of larger blocks a part stays free for what comes.
            let roomy = if needed <= 256 { needed } else { needed + needed / 8 };
            size_class(roomy.min(limits.bytes)).min(BLOCK_MAX)
        } else {
            // There are gaps, but so small that they would have to be closed again and again.
            return false;
        };
        self.rebuild(capacity, tags);
        self.place_in(place, element, tag, size);
        true
    }

    /// Copies the elements into an allocation of `capacity` bytes without gaps, their tags changed.
    fn rebuild(&mut self, capacity: usize, tags: Tags) {
        let old = self.head();
        let mut bytes = vec![0; capacity].into_boxed_slice();
        let mut head = Head { gap: 0, high: capacity, low: capacity - (old.high - old.low), ..old };
        if let Tags::Widen(tag) = tags {
            let (from, to) = (fixed_size(old.common), fixed_size(tag));
            head.low = capacity - old.count * to;
            head.common = tag;
            let wide = bytes[head.low..].chunks_exact_mut(to);
            for (narrow, wide) in self.bytes[old.low..old.high].chunks_exact(from).zip(wide) {
                element::write(element::read(old.common, narrow), tag, wide);
            }
        } else {
            bytes[head.low..].copy_from_slice(&self.bytes[old.low..old.high]);
            if old.common == NO_TAG {
                bytes[HEAD..HEAD + old.count].copy_from_slice(&self.bytes[HEAD + old.gap..old.tags_end()]);
            } else if let Tags::Split(_) = tags {
                bytes[HEAD..HEAD + old.count].fill(old.common);
                head.common = NO_TAG;
            }
        }
        self.bytes = bytes;
        self.set_head(head);
    }

    /// Gives back what is not used.
    pub(super) fn fit(&mut self) {
        self.shrink(self.used());
    }

    /// Gives back half of the block once little of it is used.
    #[inline]
    pub(super) fn reduce(&mut self) {
        if self.capacity() > SMALL && 4 * self.used() < self.capacity() {
            self.shrink(self.capacity() / 2);
        }
    }

    #[cold]
    fn shrink(&mut self, capacity: usize) {
        let capacity = size_class(capacity).min(BLOCK_MAX);
        if capacity < self.capacity() {
            self.rebuild(capacity, Tags::Stay(NO_TAG));
        }
    }

    /// Where the data of the element at `place - 1` begins, and that of the one at `place` ends.
    fn boundary(&self, place: usize) -> usize {
        let head = self.head();
        if head.common != NO_TAG {
            return head.high - place * fixed_size(head.common);
        }
        let tags = &self.bytes[HEAD + head.gap..head.tags_end()];
        let (before, behind) = tags.split_at(place);
        if before.len() <= behind.len() {
            match sum_of_sizes(before) {
                Some(size) => head.high - size,
                None => before.iter().fold(head.high, |at, &tag| at - element::size_at_end(tag, &self.bytes[..at])),
            }
        } else {
            match sum_of_sizes(behind) {
                Some(size) => head.low + size,
                None => {
                    let rise = |at, &tag: &u8| at + element::size_at_start(tag, &self.bytes[at..]);
                    behind.iter().rev().fold(head.low, rise)
                }
            }
        }
    }

    /// The tag of the element at a place.
    #[inline]
    fn tag(&self, head: &Head, place: usize) -> u8 {
        if head.common == NO_TAG { self.bytes[HEAD + head.gap + place] } else { head.common }
    }

    /// The element at `index`.
    pub(super) fn get(&self, index: usize) -> Option<Element<'_>> {
        let head = self.head();
        if index >= head.count {
            return None;
        }
        let place = head.place(index);
        let tag = self.tag(&head, place);
        let end = self.boundary(place);
        let size = element::size_at_end(tag, &self.bytes[..end]);
        Some(element::read(tag, &self.bytes[end - size..end]))
    }

    /// Shows the element at an end to `see`, and removes it.
    #[inline]
    pub(super) fn pop<R>(&mut self, side: Side, see: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let mut head = self.head();
        head.count = head.count.checked_sub(1)?;
        let result;
        if head.grows_at(side) {
            let tag = self.tag(&head, head.count);
            let size = element::size_at_start(tag, &self.bytes[head.low..]);
            result = see(element::read(tag, &self.bytes[head.low..head.low + size]));
            head.low += size;
        } else {
            let tag = self.tag(&head, 0);
            let size = element::size_at_end(tag, &self.bytes[..head.high]);
            result = see(element::read(tag, &self.bytes[head.high - size..head.high]));
            head.high -= size;
            head.gap += usize::from(head.common == NO_TAG);
        }
        self.set_head(head);
        Some(result)
    }

    /// Removes the element at `index`.
    pub(super) fn remove(&mut self, index: usize) {
        let mut head = self.head();
        let place = head.place(index);
        let tag = self.tag(&head, place);
        let end = self.boundary(place);
        let size = element::size_at_end(tag, &self.bytes[..end]);
        self.bytes.copy_within(head.low..end - size, head.low + size);
        if head.common == NO_TAG {
            let at = HEAD + head.gap + place;
            self.bytes.copy_within(at + 1..HEAD + head.gap + head.count, at);
        }
        head.low += size;
        head.count -= 1;
        self.set_head(head);
    }

    /// Puts `element` in place of the one at `index`; false if it does not fit.
    pub(super) fn replace(&mut self, index: usize, element: Element<'_>, limits: Limits) -> bool {
        let head = self.head();
        let place = head.place(index);
        let old_tag = self.tag(&head, place);
        let end = self.boundary(place);
        let old_size = element::size_at_end(old_tag, &self.bytes[..end]);
        let (tags, size) = self.sized(element);
        if tags == Tags::Stay(old_tag) && size == old_size {
            element::write(element, old_tag, &mut self.bytes[end - size..end]);
            return true;
        }
        // One more element than the limit may be there for a moment.
        if !self.insert(index, element, Limits { count: usize::from(u16::MAX), ..limits }) {
            return false;
        }
        self.remove(index + 1);
        true
    }

    /// Removes all elements but those of a range.
    pub(super) fn keep(&mut self, indexes: Range<usize>) {
        let mut head = self.head();
        let places = head.places(indexes);
        (head.high, head.low) = (self.boundary(places.start), self.boundary(places.end));
        head.count = places.len();
        if head.common == NO_TAG {
            head.gap += places.start;
        }
        self.set_head(head);
    }

    /// Takes off the elements from `index` on.
    pub(super) fn split_off(&mut self, index: usize) -> Block {
        let mut behind = self.clone();
        behind.keep(index..self.len());
        behind.fit();
        self.keep(0..index);
        self.fit();
        behind
    }

    /// A block with the elements of two; `None` if they do not fit one.
    pub(super) fn joined(a: &Block, b: &Block, limits: Limits) -> Option<Block> {
        let mut block = Block::new((a.used() + b.used()).min(limits.bytes), Side::Back);
        let mut elements = a.iter(0, Side::Front).chain(b.iter(0, Side::Front));
        elements.all(|element| block.push(Side::Back, element, limits)).then_some(block)
    }

    /// Removes up to `limit` elements equal to `element`, counted from `side`; returns how many there were.
    pub(super) fn remove_equal(&mut self, side: Side, element: Element<'_>, limit: usize) -> usize {
        let head = self.head();
        if head.common != NO_TAG && !could_equal(head.common, element) {
            return 0;
        }
        let equal = |(at, other)| if other == element { Some(at) } else { None };
        let mut steps = self.iter(0, side).enumerate().filter_map(equal).take(limit);
        let Some(first) = steps.next() else { return 0 };
        let (mut count, mut last) = (1, first);
        for step in steps {
            (count, last) = (count + 1, step);
        }
        if count == 1 {
            self.remove(if side == Side::Front { first } else { head.count - 1 - first });
        } else {
            self.remove_equal_within(
                element,
                if head.grows_at(side) { head.count - 1 - last..head.count } else { 0..last + 1 },
            );
        }
        count
    }

    /// Removes all elements equal to `element` at the given places.
    fn remove_equal_within(&mut self, element: Element<'_>, places: Range<usize>) {
        let mut head = self.head();
        let (first, count) = (HEAD + head.gap, head.count);
        let (mut from, mut to, mut kept) = (head.high, head.high, 0);
        for place in 0..count {
            let tag = self.tag(&head, place);
            let size = element::size_at_end(tag, &self.bytes[..from]);
            let data = from - size..from;
            from -= size;
            if places.contains(&place) && element::read(tag, &self.bytes[data.clone()]) == element {
                continue;
            }
            to -= size;
            self.bytes.copy_within(data, to);
            if head.common == NO_TAG {
                self.bytes[first + kept] = tag;
            }
            kept += 1;
        }
        (head.low, head.count) = (to, kept);
        self.set_head(head);
    }

    /// The elements from `skip` steps behind the end `side` on, away from it.
    #[inline]
    pub(super) fn iter(&self, skip: usize, side: Side) -> BlockIter<'_> {
        let head = self.head();
        let rises = head.grows_at(side);
        let place = if rises { head.count - skip } else { skip };
        let data = if skip == 0 { if rises { head.low } else { head.high } } else { self.boundary(place) };
        BlockIter {
            bytes: &self.bytes,
            common: head.common,
            tag: HEAD + head.gap + place,
            data,
            rises,
            left: head.count - skip,
        }
    }
}

impl Head {
    fn empty(capacity: usize, reversed: bool) -> Head {
        Head { count: 0, gap: 0, low: capacity, high: capacity, common: NO_TAG, reversed }
    }
}

/// Whether an element with that tag may be equal to `element`.
fn could_equal(tag: u8, element: Element<'_>) -> bool {
    match element {
        Element::Int(_) => is_int(tag),
        Element::Text(_) | Element::Shared(_) => element::measure(element).0 == tag,
    }
}

/// The bytes of data of elements with these tags, unless there is a long text among them.
fn sum_of_sizes(tags: &[u8]) -> Option<usize> {
    let mut longs = 0;
    // In parts whose sum fits 16 bits, which lets the compiler add many at a time.
    let part = |tags: &[u8]| {
        let mut sum = 0u16;
        for &tag in tags {
            longs |= u8::from(tag == LONG);
            sum += u16::from(if tag < NO_TAG { tag } else { tag & 0x0F });
        }
        usize::from(sum)
    };
    let sum = tags.chunks(256).map(part).sum();
    (longs == 0).then_some(sum)
}

/// See [`Block::iter`].
#[derive(Debug, Clone)]
pub(super) struct BlockIter<'a> {
    bytes: &'a [u8],
    common: u8,
    /// Where the next tag is, or behind it when going down.
    tag: usize,
    /// Where the next data begins, or ends when going to higher places.
    data: usize,
    /// Whether the data is read from low to high, that is, the tags from high to low.
    rises: bool,
    left: usize,
}

impl<'a> Iterator for BlockIter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        self.left = self.left.checked_sub(1)?;
        if self.rises {
            let tag = if self.common == NO_TAG {
                self.tag -= 1;
                self.bytes[self.tag]
            } else {
                self.common
            };
            let data = &self.bytes[self.data..];
            let size = element::size_at_start(tag, data);
            self.data += size;
            Some(element::read(tag, &data[..size]))
        } else {
            let tag = if self.common == NO_TAG {
                self.tag += 1;
                self.bytes[self.tag - 1]
            } else {
                self.common
            };
            let data = &self.bytes[..self.data];
            self.data -= element::size_at_end(tag, data);
            Some(element::read(tag, &data[self.data..]))
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
