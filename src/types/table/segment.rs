//! A piece of a table: the elements whose positions share a prefix, in order of position.

use super::AHEAD;
use crate::util::alloc::size_class;
use crate::util::prefetch::prefetch;

/// How far from where an even spread would have it a position is looked for first.
const REACH: usize = 16;
/// Capacity below which memory is not given back.
const SMALL: usize = 16;

/// Positions and elements, one beside the other.
#[derive(Debug, Clone)]
pub(super) struct Segment<T> {
    positions: Vec<u32>,
    items: Vec<T>,
    /// The common first `depth` bits of the positions, the other bits zero.
    pub(super) prefix: u32,
    pub(super) depth: u8,
}

impl<T> Default for Segment<T> {
    fn default() -> Self {
        Self { positions: Vec::new(), items: Vec::new(), prefix: 0, depth: 0 }
    }
}

impl<T> Segment<T> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub(super) fn item(&self, at: usize) -> &T {
        &self.items[at]
    }

    #[inline]
    pub(super) fn item_mut(&mut self, at: usize) -> &mut T {
        &mut self.items[at]
    }

    /// Every element; each is shown to `near` [`AHEAD`] elements before its turn, the first ones just before.
    #[inline]
    pub(super) fn items(&self, near: impl Fn(&T)) -> impl Iterator<Item = &T> {
        self.items.iter().take(AHEAD).for_each(&near);
        self.items.iter().enumerate().map(move |(at, item)| {
            if let Some(later) = self.items.get(at + AHEAD) {
                near(later);
            }
            item
        })
    }

    /// The same with the elements' positions.
    #[inline]
    pub(super) fn positioned(&self, near: impl Fn(&T)) -> impl Iterator<Item = (u32, &T)> {
        self.positions.iter().copied().zip(self.items(near))
    }

    /// Bytes of positions and elements.
    pub(super) fn contents_bytes(&self) -> usize {
        bytes_of(&self.positions) + bytes_of(&self.items)
    }

    /// About the number of elements before `position`: as hashes are spread evenly, its share of the prefix's positions.
    #[inline]
    fn guess(&self, position: u32) -> usize {
        ((u64::from(position << self.depth) * self.positions.len() as u64) >> 32) as usize
    }

    /// Begins to bring near what is looked at to find an element.
    #[inline]
    pub(super) fn prefetch(&self, position: u32) {
        let guess = self.guess(position);
        prefetch(self.positions.as_ptr().wrapping_add(guess));
        prefetch(self.items.as_ptr().wrapping_add(guess));
    }

    /// The number of elements before `position`.
    #[inline]
    pub(super) fn lower_bound(&self, position: u32) -> usize {
        let all = self.positions.as_slice();
        let guess = self.guess(position);
        let mut reach = REACH;
        loop {
            let (from, to) = (guess.saturating_sub(reach), (guess + reach).min(all.len()));
            if (from == 0 || all[from - 1] < position) && (to == all.len() || all[to] >= position) {
                let before: u32 = all[from..to].iter().map(|&other| u32::from(other < position)).sum();
                return from + before as usize;
            }
            reach *= 4;
        }
    }

    /// The place of the element at `position` that `eq` accepts, or the place to put one at.
    #[inline]
    pub(super) fn find(&self, position: u32, mut eq: impl FnMut(&T) -> bool) -> Result<usize, usize> {
        let first = self.lower_bound(position);
        let mut at = first;
        while self.positions.get(at) == Some(&position) {
            if eq(&self.items[at]) {
                return Ok(at);
            }
            at += 1;
        }
        Err(first)
    }

    /// Puts an element at a place that fits its position; answers the bytes allocated.
    #[inline]
    pub(super) fn insert(&mut self, at: usize, position: u32, value: T) -> usize {
        let allocated = grow(&mut self.positions) + grow(&mut self.items);
        self.positions.insert(at, position);
        self.items.insert(at, value);
        allocated
    }

    /// Takes the element at a place out; answers it and the bytes freed.
    #[inline]
    pub(super) fn remove(&mut self, at: usize) -> (T, usize) {
        self.positions.remove(at);
        let value = self.items.remove(at);
        (value, shrink(&mut self.positions) + shrink(&mut self.items))
    }

    /// Shows about `count` elements from `from` on; answers how many, and the position of the next, if there is one.
    pub(super) fn scan(&self, from: u32, count: usize, mut visit: impl FnMut(&T)) -> (usize, Option<u32>) {
        let first = self.lower_bound(from.max(self.prefix));
        let mut end = (first + count).min(self.len());
        // Elements of one position have one cursor.
        while end > first && end < self.len() && self.positions[end] == self.positions[end - 1] {
            end += 1;
        }
        self.items[first..end].iter().for_each(&mut visit);
        (end - first, self.positions.get(end).copied())
    }

    /// The prefix of the segment behind this one; `None` of the last.
    pub(super) fn next_prefix(&self) -> Option<u32> {
        u32::try_from(u64::from(self.prefix) + (1 << (32 - self.depth))).ok()
    }

    /// The prefix of the other half of the segment that this one was split from.
    pub(super) fn buddy_prefix(&self) -> u32 {
        self.prefix ^ 1 << (32 - self.depth)
    }

    /// Keeps the lower half of the positions and answers the segment of the upper half. `None` when nearly all elements
    /// would be in one of them: hashes that are no good do not get better by splitting.
    pub(super) fn split(&mut self) -> Option<Self> {
        let bit = 1 << (31 - self.depth);
        let at = self.positions.partition_point(|position| position & bit == 0);
        if at.min(self.len() - at) * 16 < self.len() {
            return None;
        }
        let high = Self {
            positions: self.positions.split_off(at),
            items: self.items.split_off(at),
            prefix: self.prefix | bit,
            depth: self.depth + 1,
        };
        self.depth += 1;
        self.positions.shrink_to(roomy::<u32>(at));
        self.items.shrink_to(roomy::<T>(at));
        Some(high)
    }

    /// Takes in the segment of the upper half.
    pub(super) fn append(&mut self, high: Self) {
        self.positions.extend(high.positions);
        self.items.extend(high.items);
        self.depth -= 1;
    }
}

fn bytes_of<U>(vec: &Vec<U>) -> usize {
    if vec.capacity() == 0 { 0 } else { size_class(vec.capacity() * size_of::<U>()) }
}

/// A capacity for `len` elements and an eighth more, as large as the allocator's size class allows.
fn roomy<U>(len: usize) -> usize {
    size_class((len + len / 8 + 1) * size_of::<U>()) / size_of::<U>()
}

/// Makes room for one more; answers the bytes that this has added.
#[inline]
fn grow<U>(vec: &mut Vec<U>) -> usize {
    if vec.len() < vec.capacity() {
        return 0;
    }
    let before = bytes_of(vec);
    vec.reserve_exact(roomy::<U>(vec.len()) - vec.len());
    bytes_of(vec) - before
}

/// Gives memory back when half of it is unused; answers the bytes.
#[inline]
fn shrink<U>(vec: &mut Vec<U>) -> usize {
    if vec.len() * 2 > vec.capacity() || vec.capacity() <= SMALL {
        return 0;
    }
    let before = bytes_of(vec);
    vec.shrink_to(roomy::<U>(vec.len()));
    before - bytes_of(vec)
}
