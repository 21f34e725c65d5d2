//! The large form of a list: blocks in groups, with running counts of elements.
//!
//! An index is found by the counts of the groups, then by those of the blocks of one group, from the nearer end: for a
//! million elements some dozens of steps over numbers that lie side by side. Groups are deques of limited length in one
//! deque, so that both ends are at hand, and a block in the middle moves few others aside.

use std::collections::VecDeque;
use std::ops::Range;

use super::block::Block;
use super::chunk::{Chunk, ChunkIter};
use super::element::Element;
use super::{Limits, Side};
use crate::util::alloc::size_class;

/// Most chunks of a group.
const GROUP_MAX: usize = 128;

/// Bytes in use of a block that is enough for a list.
const SOLE_MAX: usize = 2048;

/// Capacity of a new block in a list of little; in a large one it gets all of it at once.
const BLOCK_MIN: usize = 256;

/// A list of several chunks. None of them is ever empty, and no group.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    groups: VecDeque<Group>,
    /// Elements.
    len: usize,
    /// Chunks.
    chunks: usize,
    /// Bytes of the chunks.
    bytes: usize,
}

#[derive(Debug, Clone, Default)]
struct Group {
    slots: VecDeque<Slot>,
    /// Elements.
    len: usize,
}

#[derive(Debug, Clone)]
struct Slot {
    chunk: Chunk,
    /// Elements: known without a look at the chunk.
    len: u32,
}

/// A chunk's position: group, and slot therein.
#[derive(Debug, Clone, Copy, Default)]
struct At {
    group: usize,
    slot: usize,
}

impl Slot {
    fn new(chunk: Chunk) -> Slot {
        let len = chunk.len() as u32;
        Slot { chunk, len }
    }
}

/// The item at an end of a deque.
#[inline]
fn end<T>(deque: &VecDeque<T>, side: Side) -> Option<&T> {
    if side == Side::Front { deque.front() } else { deque.back() }
}

#[inline]
fn end_mut<T>(deque: &mut VecDeque<T>, side: Side) -> Option<&mut T> {
    if side == Side::Front { deque.front_mut() } else { deque.back_mut() }
}

fn put_end<T>(deque: &mut VecDeque<T>, side: Side, item: T) {
    if side == Side::Front { deque.push_front(item) } else { deque.push_back(item) }
}

fn take_end<T>(deque: &mut VecDeque<T>, side: Side) -> Option<T> {
    if side == Side::Front { deque.pop_front() } else { deque.pop_back() }
}

/// Among counts that add up to `total`, the position that `index` falls into, and the index within it.
fn find(
    counts: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
    total: usize,
    index: usize,
) -> (usize, usize) {
    let slots = counts.len();
    if index <= total / 2 {
        let mut left = index;
        for (at, count) in counts.enumerate() {
            if left < count {
                return (at, left);
            }
            left -= count;
        }
    } else {
        let mut start = total;
        for (steps, count) in counts.rev().enumerate() {
            start -= count;
            if index >= start {
                return (slots - 1 - steps, index - start);
            }
        }
    }
    unreachable!("the index is below the sum of the counts")
}

impl Directory {
    /// A list of one block.
    pub(super) fn of(block: Option<Block>) -> Directory {
        let mut directory = Directory::default();
        if let Some(block) = block {
            directory.put_chunk(Side::Back, Chunk::Block(block));
        }
        directory
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn chunks(&self) -> usize {
        self.chunks
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let (group, slot) = (size_of::<Group>(), size_of::<Slot>());
        self.bytes + size_class(size_of::<Directory>()) + self.groups.capacity() * group + self.chunks * slot
    }

    /// Hands over the block of a list that has no other chunk, if that is far from outgrowing it again.
    pub(super) fn take_sole_block(&mut self) -> Option<Block> {
        let slots = &mut self.groups.front_mut()?.slots;
        match &slots.front()?.chunk {
            Chunk::Block(block) if block.used() <= SOLE_MAX => {}
            _ => return None,
        }
        match slots.pop_front()?.chunk {
            Chunk::Block(block) => Some(block),
            Chunk::Single(_) => None,
        }
    }

    /// Adds an element at an end.
    #[inline]
    pub(super) fn push(&mut self, side: Side, element: Element<'_>, limits: Limits) {
        if !element.is_large()
            && let Some(group) = end_mut(&mut self.groups, side)
            && let Some(Slot { chunk: Chunk::Block(block), len }) = end_mut(&mut group.slots, side)
        {
            let before = block.capacity();
            let fits = block.push(side, element, limits);
            self.bytes += block.capacity() - before;
            if fits {
                *len += 1;
                group.len += 1;
                self.len += 1;
                return;
            }
        }
        self.push_chunk(side, element, limits);
    }

    #[cold]
    fn push_chunk(&mut self, side: Side, element: Element<'_>, limits: Limits) {
        // The block at the end will hardly grow again.
        if let Some(group) = end_mut(&mut self.groups, side)
            && let Some(Slot { chunk: Chunk::Block(block), .. }) = end_mut(&mut group.slots, side)
        {
            self.bytes -= block.capacity();
            block.fit();
            self.bytes += block.capacity();
        }
        let capacity = (self.bytes / 8).clamp(BLOCK_MIN, limits.bytes);
        self.put_chunk(side, Chunk::of(element, if limits.count <= 16 { 0 } else { capacity }, side));
    }

    fn put_chunk(&mut self, side: Side, chunk: Chunk) {
        if end(&self.groups, side).is_none_or(|group| group.slots.len() >= GROUP_MAX) {
            if self.groups.is_empty() {
                self.groups.reserve_exact(1);
            }
            let slots = VecDeque::with_capacity(if self.groups.is_empty() { 2 } else { GROUP_MAX });
            put_end(&mut self.groups, side, Group { slots, len: 0 });
        }
        let slot = Slot::new(chunk);
        let len = slot.len as usize;
        self.bytes += slot.chunk.bytes();
        self.chunks += 1;
        self.len += len;
        let group = end_mut(&mut self.groups, side).expect("there is a group by now");
        group.len += len;
        put_end(&mut group.slots, side, slot);
    }

    /// Shows the element at an end to `see`, and removes it.
    #[inline]
    pub(super) fn pop<R>(&mut self, side: Side, see: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let group = end_mut(&mut self.groups, side)?;
        let slot = end_mut(&mut group.slots, side)?;
        let result = match &mut slot.chunk {
            Chunk::Block(block) => block.pop(side, see)?,
            Chunk::Single(buffer) => see(Element::Shared(buffer)),
        };
        slot.len -= 1;
        group.len -= 1;
        self.len -= 1;
        if slot.len == 0 {
            self.take_chunk(side);
        }
        Some(result)
    }

    /// Takes off the chunk at an end.
    #[cold]
    fn take_chunk(&mut self, side: Side) -> Option<Chunk> {
        let group = end_mut(&mut self.groups, side)?;
        let slot = take_end(&mut group.slots, side)?;
        let len = slot.len as usize;
        group.len -= len;
        self.len -= len;
        self.chunks -= 1;
        self.bytes -= slot.chunk.bytes();
        if group.slots.is_empty() {
            take_end(&mut self.groups, side);
        }
        Some(slot.chunk)
    }

    /// The chunk that an index falls into, and the index within it.
    fn locate(&self, index: usize) -> (At, usize) {
        let (group, index) = find(self.groups.iter().map(|group| group.len), self.len, index);
        let slots = &self.groups[group].slots;
        let (slot, index) = find(slots.iter().map(|slot| slot.len as usize), self.groups[group].len, index);
        (At { group, slot }, index)
    }

    pub(super) fn get(&self, index: usize) -> Option<Element<'_>> {
        if index >= self.len {
            return None;
        }
        let (at, index) = self.locate(index);
        self.groups[at.group].slots[at.slot].chunk.get(index)
    }

    /// Lets `change` do something to a chunk, and keeps the counts right. It must leave some element.
    fn edit<R>(&mut self, at: At, change: impl FnOnce(&mut Chunk) -> R) -> R {
        let group = &mut self.groups[at.group];
        let slot = &mut group.slots[at.slot];
        self.bytes -= slot.chunk.bytes();
        let result = change(&mut slot.chunk);
        self.bytes += slot.chunk.bytes();
        let len = slot.chunk.len();
        let old = std::mem::replace(&mut slot.len, len as u32) as usize;
        group.len = group.len + len - old;
        self.len = self.len + len - old;
        result
    }

    fn remove_chunk(&mut self, at: At) {
        let group = &mut self.groups[at.group];
        let Some(slot) = group.slots.remove(at.slot) else { return };
        group.len -= slot.len as usize;
        self.len -= slot.len as usize;
        self.bytes -= slot.chunk.bytes();
        self.chunks -= 1;
        if group.slots.is_empty() {
            self.groups.remove(at.group);
        }
    }

    /// Inserts a chunk before the slot `at`, which may be the one behind a group's last.
    fn insert_chunk(&mut self, mut at: At, chunk: Chunk) {
        let slot = Slot::new(chunk);
        self.bytes += slot.chunk.bytes();
        self.chunks += 1;
        self.len += slot.len as usize;
        let group = &mut self.groups[at.group];
        if group.slots.len() >= GROUP_MAX {
            let slots = group.slots.split_off(GROUP_MAX / 2);
            let len = slots.iter().map(|slot| slot.len as usize).sum();
            group.len -= len;
            let in_second = at.slot > group.slots.len();
            if in_second {
                at = At { group: at.group + 1, slot: at.slot - group.slots.len() };
            }
            let first = at.group - usize::from(in_second);
            self.groups.insert(first + 1, Group { slots, len });
        }
        let group = &mut self.groups[at.group];
        group.len += slot.len as usize;
        group.slots.insert(at.slot, slot);
    }

    /// Inserts an element before `index`, which is that of an element.
    pub(super) fn insert(&mut self, index: usize, element: Element<'_>, limits: Limits) {
        let (at, within) = self.locate(index);
        if self.edit(at, |chunk| chunk.insert(within, element, limits)) {
            return;
        }
        // Between two chunks, after the second has been split off where there was but one.
        let mut behind = at;
        if within > 0 {
            behind.slot += 1;
            if let Some(chunk) = self.edit(at, |chunk| chunk.split_off(within)) {
                self.insert_chunk(behind, chunk);
                (behind, _) = self.locate(index);
            }
        }
        if behind.slot > 0 {
            let before = At { slot: behind.slot - 1, ..behind };
            let last = self.groups[before.group].slots[before.slot].len as usize;
            if self.edit(before, |chunk| chunk.insert(last, element, limits)) {
                return;
            }
        }
        self.insert_chunk(behind, Chunk::of(element, 0, Side::Back));
    }

    /// Puts an element in place of the one at `index`.
    pub(super) fn set(&mut self, index: usize, element: Element<'_>, limits: Limits) {
        let (at, within) = self.locate(index);
        if self.edit(at, |chunk| chunk.replace(within, element, limits)) {
            return;
        }
        self.remove(at, within);
        if index < self.len {
            self.insert(index, element, limits);
        } else {
            self.push(Side::Back, element, limits);
        }
    }

    fn remove(&mut self, at: At, within: usize) {
        if self.groups[at.group].slots[at.slot].len == 1 {
            self.remove_chunk(at);
        } else {
            self.edit(at, |chunk| chunk.remove(within));
        }
    }

    /// Removes all elements but those of a range that is not empty; what was removed in whole chunks is returned.
    pub(super) fn trim(&mut self, keep: Range<usize>) -> Directory {
        let mut removed = Directory::default();
        self.cut(Side::Back, self.len - keep.end, &mut removed);
        self.cut(Side::Front, keep.start, &mut removed);
        removed
    }

    /// Removes `count` elements at an end.
    fn cut(&mut self, side: Side, mut count: usize, removed: &mut Directory) {
        while let Some(group) = take_end(&mut self.groups, side) {
            if group.len > count {
                put_end(&mut self.groups, side, group);
                break;
            }
            count -= group.len;
            self.account(&group, false);
            removed.account(&group, true);
            removed.groups.push_back(group);
        }
        while count > 0
            && let Some(slot) = end(&self.groups, side).and_then(|group| end(&group.slots, side))
        {
            let len = slot.len as usize;
            if len > count {
                let at = self.end_at(side);
                let kept = if side == Side::Front { count..len } else { 0..len - count };
                self.edit(at, |chunk| chunk.keep(kept));
                break;
            }
            count -= len;
            if let Some(chunk) = self.take_chunk(side) {
                removed.put_chunk(Side::Back, chunk);
            }
        }
    }

    /// Position of the chunk at an end.
    fn end_at(&self, side: Side) -> At {
        let group = if side == Side::Front { 0 } else { self.groups.len() - 1 };
        At { group, slot: if side == Side::Front { 0 } else { self.groups[group].slots.len() - 1 } }
    }

    /// Adds a group's numbers to those of the list, or takes them off.
    fn account(&mut self, group: &Group, is_added: bool) {
        let bytes = group.slots.iter().map(|slot| slot.chunk.bytes()).sum();
        let numbers = [(&mut self.len, group.len), (&mut self.chunks, group.slots.len()), (&mut self.bytes, bytes)];
        for (number, change) in numbers {
            *number = if is_added { *number + change } else { *number - change };
        }
    }

    /// Removes up to `limit` elements equal to `element`, counted from `side`; returns how many there were.
    pub(super) fn remove_equal(&mut self, side: Side, element: Element<'_>, limit: usize, limits: Limits) -> usize {
        let mut removed = 0;
        let mut searched: Vec<Group> = Vec::new();
        while removed < limit
            && let Some(group) = take_end(&mut self.groups, side)
        {
            self.account(&group, false);
            let (group, count) = group.without(side, element, limit - removed, limits);
            removed += count;
            match searched.last_mut() {
                Some(last) if count > 0 && last.slots.len() + group.slots.len() <= GROUP_MAX / 2 => {
                    last.extend(side.other(), group);
                }
                _ if group.slots.is_empty() => {}
                _ => searched.push(group),
            }
        }
        for group in searched.into_iter().rev() {
            self.account(&group, true);
            put_end(&mut self.groups, side, group);
        }
        removed
    }

    /// The elements from `skip` steps behind the end `side` on, away from it.
    pub(super) fn iter(&self, skip: usize, side: Side) -> Iter<'_> {
        if skip >= self.len {
            return Iter::default();
        }
        let index = if side == Side::Front { skip } else { self.len - 1 - skip };
        let (at, within) = self.locate(index);
        let slot = &self.groups[at.group].slots[at.slot];
        let steps = if side == Side::Front { within } else { slot.len as usize - 1 - within };
        Iter { directory: Some(self), at, side, chunk: slot.chunk.iter(steps, side), left: self.len - skip }
    }

    /// The chunk next to one, away from `side`.
    fn next_chunk(&self, at: At, side: Side) -> Option<(At, &Chunk)> {
        let step = |n: usize| if side == Side::Front { Some(n + 1) } else { n.checked_sub(1) };
        let same = step(at.slot).map(|slot| At { slot, ..at });
        if let Some(at) = same
            && let Some(slot) = self.groups[at.group].slots.get(at.slot)
        {
            return Some((at, &slot.chunk));
        }
        let group = step(at.group)?;
        let slots = &self.groups.get(group)?.slots;
        let at = At { group, slot: if side == Side::Front { 0 } else { slots.len() - 1 } };
        Some((at, &slots[at.slot].chunk))
    }
}

impl Group {
    /// Adds the slots of another group at an end.
    fn extend(&mut self, side: Side, mut other: Group) {
        self.len += other.len;
        while let Some(slot) = take_end(&mut other.slots, side.other()) {
            put_end(&mut self.slots, side, slot);
        }
    }

    /// The group without up to `limit` elements equal to `element`, counted from `side`, and how many these were. Blocks
    /// left with little are joined.
    fn without(mut self, side: Side, element: Element<'_>, limit: usize, limits: Limits) -> (Group, usize) {
        let mut removed = 0;
        let mut kept = Group { slots: VecDeque::with_capacity(self.slots.len()), len: 0 };
        while let Some(mut slot) = take_end(&mut self.slots, side) {
            if removed < limit {
                let count = slot.chunk.remove_equal(side, element, limit - removed);
                removed += count;
                slot.len -= count as u32;
                if slot.len == 0 {
                    continue;
                }
                if count > 0
                    && let Some(last) = end(&kept.slots, side.other())
                    && let Some(joined) = last.chunk.joined(&slot.chunk, side, limits)
                {
                    kept.len += slot.len as usize;
                    take_end(&mut kept.slots, side.other());
                    put_end(&mut kept.slots, side.other(), Slot::new(joined));
                    continue;
                }
            }
            kept.len += slot.len as usize;
            put_end(&mut kept.slots, side.other(), slot);
        }
        (kept, removed)
    }
}

/// See [`Directory::iter`].
#[derive(Debug, Clone, Default)]
pub(super) struct Iter<'a> {
    directory: Option<&'a Directory>,
    at: At,
    side: Side,
    chunk: ChunkIter<'a>,
    left: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            if let Some(element) = self.chunk.next() {
                self.left -= 1;
                return Some(element);
            }
            let (at, chunk) = self.directory?.next_chunk(self.at, self.side)?;
            self.at = at;
            self.chunk = chunk.iter(0, self.side);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
impl Directory {
    /// Panics if a running number is wrong, or anything is empty.
    pub(super) fn check(&self) {
        let mut sums = Directory::default();
        for group in &self.groups {
            assert!((1..=GROUP_MAX).contains(&group.slots.len()));
            assert_eq!(group.len, group.slots.iter().map(|slot| slot.len as usize).sum::<usize>());
            for slot in &group.slots {
                assert!(slot.len > 0);
                assert_eq!(slot.chunk.len(), slot.len as usize);
            }
            sums.account(group, true);
        }
        assert_eq!((self.len, self.chunks, self.bytes), (sums.len, sums.chunks, sums.bytes));
    }
}
