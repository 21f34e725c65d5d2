//! A block: up to some thousand elements in one allocation, open at both ends.
//!
//! ```text
//! head | gap | tags -> | room | <- data | gap
//! ```
//!
//! Tags stand from left to right and the data from right to left, so that both grow into the same room; what is taken
//! off the other end leaves gaps. Elements of one and the same tag (texts of equal length, integers of equal width) need
//! no tags at all: the head has it for all of them; where tags are close to each other they take half a byte each (see
//! `tags.rs`). A block that grows at the front keeps its elements in reverse: in here, "place" counts as they
//! lie, "index" as the list has them, and a "slot" is room for a tag, counted from the head on.

use std::ops::Range;

use super::element::{self, Element, LONG, NO_TAG, fixed_size, is_int};
use super::tags::{self, Tagging};
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
    /// Empty slots in front of the tags.
    gap: usize,
    /// Where the data begins.
    low: usize,
    /// Where the data ends.
    high: usize,
    /// Where the elements' tags are.
    tagging: Tagging,
    /// Whether the elements lie in reverse.
    reversed: bool,
}

impl Head {
    /// Where the tags end, and the room begins.
    #[inline]
    fn tags_end(&self) -> usize {
        HEAD + self.tagging.bytes(self.gap + self.count)
    }

    /// Bytes that a block needs at least for these elements.
    fn used(&self) -> usize {
        HEAD + self.tagging.bytes(self.count) + (self.high - self.low)
    }

    /// Whether there is room for one more element of so many bytes.
    #[inline]
    fn has_room(&self, size: usize) -> bool {
        HEAD + self.tagging.bytes(self.gap + self.count + 1) + size <= self.low
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
}

/// What becomes of the tags when an element joins; with the tag of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// As they are.
    Stay(u8),
    /// All elements become integers of the new one's width.
    Widen(u8),
    /// The tags of all elements are kept in another way.
    Split(u8, Tagging),
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
        let tagging = Tagging::from_bits(head[8], head[9] >> 1);
        Head { count: word(0), gap: word(2), low: word(4), high: word(6), tagging, reversed: head[9] & 1 != 0 }
    }

    #[inline]
    fn set_head(&mut self, head: Head) {
        let bytes: &mut [u8; HEAD] = self.bytes.first_chunk_mut().expect("a block has a head");
        for (at, word) in [head.count, head.gap, head.low, head.high].into_iter().enumerate() {
            [bytes[2 * at], bytes[2 * at + 1]] = (word as u16).to_le_bytes();
        }
        let (tag, kind) = head.tagging.to_bits();
        bytes[8] = tag;
        bytes[9] = u8::from(head.reversed) | kind << 1;
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
        let slots = head.tagging.slots_of_one();
        if head.count >= limits.count || head.gap < slots || self.capacity() - head.high < size {
            return head.used() <= SHIFT_MAX && self.put(0, element, limits);
        }
        element::write(element, tag, &mut self.bytes[head.high..head.high + size]);
        head.high += size;
        head.gap -= slots;
        head.count += 1;
        self.set_head(head);
        head.tagging.write(&mut self.bytes[HEAD..], head.gap, tag);
        true
    }

    /// What an element does to the tags, and the size that it will have.
    #[inline]
    fn sized(&self, element: Element<'_>) -> (Tags, usize) {
        let head = self.head();
        let (tag, size) = element::measure(element);
        match self.joined_by(&head, tag) {
            Tags::Stay(common) if common != tag => (Tags::Stay(common), fixed_size(common)),
            tags => (tags, size),
        }
    }

    /// What becomes of the tags when an element joins that takes `tag` at least.
    #[inline]
    fn joined_by(&self, head: &Head, tag: u8) -> Tags {
        let common = match head.tagging {
            Tagging::Same(common) => common,
            own if own.covers(tag) => return Tags::Stay(tag),
            _ => return self.outgrown_by(head, tag),
        };
        if common == tag {
            return Tags::Stay(tag);
        }
        if is_int(common) && is_int(tag) {
            // Integers may be wider than they need be.
            let (old, new) = (fixed_size(common), fixed_size(tag));
            if new < old && (new + 1 == old || new + 2 == old && head.count > FEW) {
                return Tags::Stay(common);
            }
            if new == old + 1 {
                return Tags::Widen(tag);
            }
        }
        Tags::Split(tag, Tagging::covering(common.min(tag), common.max(tag)))
    }

    /// The same where the tags that there are have no place for this one.
    #[cold]
    fn outgrown_by(&self, head: &Head, tag: u8) -> Tags {
        let tags = (0..head.count).map(|place| self.tag(head, place));
        let (least, most) = tags.fold((tag, tag), |(least, most), tag| (least.min(tag), most.max(tag)));
        Tags::Split(tag, Tagging::covering(least, most))
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
        if let Tags::Stay(tag) = tags
            && head.has_room(size)
        {
            self.place_in(place, element, tag, size);
            return true;
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
        let tagging = if tag == LONG { Tagging::Any } else { Tagging::Same(tag) };
        self.set_head(Head { tagging, ..Head::empty(self.capacity(), reversed) });
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
        let tags = &mut self.bytes[HEAD..low];
        if place < head.count {
            head.tagging.open(tags, head.gap + place..head.gap + head.count);
        }
        head.tagging.write(tags, head.gap + place, tag);
        head.low = low;
        head.count += 1;
        self.set_head(head);
    }

    /// Inserts an element that changes the tags, or for which there is no room as things lie.
    #[cold]
    fn put_slowly(&mut self, place: usize, element: Element<'_>, tags: Tags, size: usize, limits: Limits) -> bool {
        let head = self.head();
        let data = head.high - head.low;
        let (tag, tagging, data) = match tags {
            Tags::Stay(tag) => (tag, head.tagging, data),
            Tags::Widen(tag) => (tag, Tagging::Same(tag), head.count * fixed_size(tag)),
            Tags::Split(tag, tagging) => (tag, tagging, data),
        };
        let needed = HEAD + tagging.bytes(head.count + 1) + data + size;
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
        if let (Tags::Widen(tag), Tagging::Same(common)) = (tags, old.tagging) {
            let (from, to) = (fixed_size(common), fixed_size(tag));
            head.low = capacity - old.count * to;
            head.tagging = Tagging::Same(tag);
            let wide = bytes[head.low..].chunks_exact_mut(to);
            for (narrow, wide) in self.bytes[old.low..old.high].chunks_exact(from).zip(wide) {
                element::write(element::read(common, narrow), tag, wide);
            }
        } else {
            bytes[head.low..].copy_from_slice(&self.bytes[old.low..old.high]);
            if let Tags::Split(_, tagging) = tags {
                head.tagging = tagging;
            }
            let from = (old.tagging, &self.bytes[HEAD..old.tags_end()], old.gap);
            head.tagging.copy(&mut bytes[HEAD..head.low], from, old.count);
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
        match head.tagging {
            Tagging::Same(common) => return head.high - place * fixed_size(common),
            Tagging::Near(base) => {
                let (least, tags) = (fixed_size(base), &self.bytes[HEAD..head.tags_end()]);
                let (first, end) = (head.gap, head.gap + head.count);
                return if place <= head.count / 2 {
                    head.high - least * place - tags::sum_of_halves(tags, first..first + place)
                } else {
                    head.low + least * (head.count - place) + tags::sum_of_halves(tags, first + place..end)
                };
            }
            Tagging::Any => {}
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
        head.tagging.read(&self.bytes[HEAD..], head.gap + place)
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
            head.gap += head.tagging.slots_of_one();
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
        head.tagging.close(&mut self.bytes[HEAD..], head.gap + place..head.gap + head.count);
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
        head.gap += places.start * head.tagging.slots_of_one();
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
        if let Tagging::Same(common) = head.tagging
            && !could_equal(common, element)
        {
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
        let count = head.count;
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
            head.tagging.write(&mut self.bytes[HEAD..], head.gap + kept, tag);
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
            tagging: head.tagging,
            slot: head.gap + place,
            data,
            rises,
            left: head.count - skip,
        }
    }
}

impl Head {
    fn empty(capacity: usize, reversed: bool) -> Head {
        Head { count: 0, gap: 0, low: capacity, high: capacity, tagging: Tagging::Any, reversed }
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
    tagging: Tagging,
    /// The next tag's slot, or the one behind it when going down.
    slot: usize,
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
            self.slot -= 1;
            let tag = self.tagging.read(&self.bytes[HEAD..], self.slot);
            let data = &self.bytes[self.data..];
            let size = element::size_at_start(tag, data);
            self.data += size;
            Some(element::read(tag, &data[..size]))
        } else {
            let tag = self.tagging.read(&self.bytes[HEAD..], self.slot);
            self.slot += 1;
            let data = &self.bytes[..self.data];
            self.data -= element::size_at_end(tag, data);
            Some(element::read(tag, &data[self.data..]))
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
