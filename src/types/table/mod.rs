//! A hash table that never rehashes as a whole: extendible hashing over small sorted segments.
//!
//! The top half of an element's hash is its *position*. A segment holds the elements whose positions share a prefix, in
//! order of position; a directory finds it by the leading bits. A full segment splits alone at the next bit, two that
//! have become nearly empty are joined again, and neither looks at an element: the positions are kept beside them. So an
//! insertion moves some kilobytes at worst, memory follows the number of elements in small steps, and both
//! [`Table::iter`] and [`Table::scan`] walk in order of position, whatever splits and joins happen meanwhile.
//!
//! An element holds its own key. Calls take the key's hash (see [`hash`]) and a comparison. Imports the allocator's
//! arithmetic and the random generator.

mod segment;

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use ahash::RandomState;

use self::segment::Segment;
use crate::util::alloc::size_class;
use crate::util::prefetch::prefetch;
use crate::util::rng::Rng;

/// Elements between that at which a walk stands and that which it brings near: about as many as the processor fetches
/// from memory at once.
pub const AHEAD: usize = 12;
/// Elements at which a segment splits.
const SPLIT_LEN: usize = 512;
/// Two segments are joined when they have no more elements than this between them.
const JOIN_LEN: usize = 128;
/// Bits of position that a directory may take.
const MAX_DEPTH: u8 = 24;
/// Draws of [`Table::random`] before it counts instead.
const MAX_DRAWS: usize = 64;

/// Hash of a key in every table of the process. Its seed is random, so that colliding keys cannot be prepared.
#[inline]
#[must_use]
pub fn hash(key: &[u8]) -> u64 {
    static STATE: OnceLock<RandomState> = OnceLock::new();
    let mut hasher = STATE.get_or_init(RandomState::new).build_hasher();
    hasher.write(key);
    hasher.finish()
}

/// The part of a hash that orders the elements.
#[inline]
fn position_of(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// A hash table of elements that hold their own keys.
#[derive(Clone)]
pub struct Table<T> {
    /// Number of the segment for each value of the first `depth` bits of a position.
    directory: Vec<u32>,
    segments: Vec<Segment<T>>,
    depth: u8,
    len: usize,
    /// Bytes of all segments' contents.
    contents_bytes: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { directory: vec![0], segments: vec![Segment::default()], depth: 0, len: 0, contents_bytes: 0 }
    }
}

impl<T> Table<T> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without elements.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap, without what the elements hold themselves; takes constant time.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.contents_bytes
            + size_class(self.directory.capacity() * size_of::<u32>())
            + size_class(self.segments.capacity() * size_of::<Segment<T>>())
    }

    #[inline]
    fn segment_at(&self, position: u32) -> usize {
        self.directory[self.directory_place(position)] as usize
    }

    #[inline]
    fn directory_place(&self, position: u32) -> usize {
        // In 64 bits, since a directory of one takes no bit at all.
        (u64::from(position) << self.depth >> 32) as usize
    }

    /// The element under `hash` that `eq` accepts.
    #[inline]
    pub fn find(&self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<&T> {
        let position = position_of(hash);
        let segment = &self.segments[self.segment_at(position)];
        segment.find(position, eq).ok().map(|at| segment.item(at))
    }

    /// The same, to be changed. Its key must stay as it is.
    #[inline]
    pub fn find_mut(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let position = position_of(hash);
        let at = self.segment_at(position);
        let segment = &mut self.segments[at];
        segment.find(position, eq).ok().map(|at| segment.item_mut(at))
    }

    /// Begins to bring near what a call with `hash` will look at, but for the element itself.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        let position = position_of(hash);
        self.segments[self.segment_at(position)].prefetch(position);
    }

    /// Begins to bring near what is under each of `hashes`, the element's own memory by `near`: for each step that waits for
    /// memory, all of them at once.
    pub fn prefetch_all(&self, hashes: &[u64], near: impl Fn(&T)) {
        let positions = || hashes.iter().map(|&hash| position_of(hash));
        for position in positions() {
            prefetch(&raw const self.directory[self.directory_place(position)]);
        }
        for position in positions() {
            prefetch(&raw const self.segments[self.segment_at(position)]);
        }
        for position in positions() {
            self.segments[self.segment_at(position)].prefetch(position);
        }
        for position in positions() {
            let segment = &self.segments[self.segment_at(position)];
            let at = segment.lower_bound(position);
            if at < segment.len() {
                near(segment.item(at));
            }
        }
    }

    /// Adds an element whose key is not in the table.
    #[inline]
    pub fn insert_unique(&mut self, hash: u64, value: T) {
        let position = position_of(hash);
        let number = self.segment_at(position);
        let at = self.segments[number].lower_bound(position);
        self.insert_at(number, at, position, value);
    }

    /// Adds the element that `make` makes unless `eq` accepts one under `hash`; true if it did.
    #[inline]
    pub fn insert_if_absent(&mut self, hash: u64, eq: impl FnMut(&T) -> bool, make: impl FnOnce() -> T) -> bool {
        self.find_or_insert(hash, eq, make).1
    }

    /// The element under `hash` that `eq` accepts, to be changed, and false; or the one that `make` has made, and true.
    #[inline]
    pub fn find_or_insert(
        &mut self,
        hash: u64,
        eq: impl FnMut(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> (&mut T, bool) {
        let position = position_of(hash);
        let number = self.segment_at(position);
        match self.segments[number].find(position, eq) {
            Ok(at) => (self.segments[number].item_mut(at), false),
            Err(at) => (self.insert_at(number, at, position, make()), true),
        }
    }

    #[inline]
    fn insert_at(&mut self, mut number: usize, mut at: usize, position: u32, value: T) -> &mut T {
        if self.segments[number].len() >= SPLIT_LEN {
            self.split(number);
            number = self.segment_at(position);
            at = self.segments[number].lower_bound(position);
        }
        let segment = &mut self.segments[number];
        self.contents_bytes += segment.insert(at, position, value);
        self.len += 1;
        segment.item_mut(at)
    }

    /// Takes out the element under `hash` that `eq` accepts.
    #[inline]
    pub fn remove(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<T> {
        let position = position_of(hash);
        let number = self.segment_at(position);
        let at = self.segments[number].find(position, eq).ok()?;
        Some(self.remove_at(number, at))
    }

    fn remove_at(&mut self, number: usize, at: usize) -> T {
        let segment = &mut self.segments[number];
        let (value, freed_bytes) = segment.remove(at);
        self.contents_bytes -= freed_bytes;
        self.len -= 1;
        if segment.len() <= JOIN_LEN / 2 && segment.depth > 0 {
            self.join(number);
        }
        value
    }

    /// Takes every element out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Every element, in order of position.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.iter_near(|_| ())
    }

    /// The same; each element is shown to `near` some time before its turn, which may bring what it points to near: a
    /// walk through many waits for memory most of the time otherwise.
    pub fn iter_near(&self, near: impl Fn(&T) + Copy) -> impl Iterator<Item = &T> {
        self.ordered().flat_map(move |segment| segment.items(near))
    }

    /// The same with a hash to find each by, in this or another table.
    pub fn iter_hashed(&self, near: impl Fn(&T) + Copy) -> impl Iterator<Item = (u64, &T)> {
        let positioned = self.ordered().flat_map(move |segment| segment.positioned(near));
        positioned.map(|(position, item)| (u64::from(position) << 32, item))
    }

    /// Every segment, in order of position.
    fn ordered(&self) -> impl Iterator<Item = &Segment<T>> {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let segment = &self.segments[self.segment_at(next?)];
            next = segment.next_prefix();
            Some(segment)
        })
    }

    /// Shows about `count` elements (at least one, if one is left) to `visit`, from `cursor` on; 0 begins. Answers the
    /// next cursor, 0 at the end. Every element that is present throughout is shown exactly once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&T)) -> u64 {
        let Ok(mut from) = u32::try_from(cursor) else { return 0 };
        let mut left = count.max(1);
        loop {
            let segment = &self.segments[self.segment_at(from)];
            let (shown, next) = segment.scan(from, left, &mut visit);
            left -= shown.min(left);
            if let Some(next) = next {
                return u64::from(next);
            }
            match segment.next_prefix() {
                None => return 0,
                Some(prefix) if left == 0 => return u64::from(prefix),
                Some(prefix) => from = prefix,
            }
        }
    }

    /// An element, each as likely as the others; `None` when there is none. Takes constant time on average.
    pub fn random(&self, rng: &mut Rng) -> Option<&T> {
        self.draw(rng).map(|(number, at)| self.segments[number].item(at))
    }

    /// Takes out an element, each as likely as the others.
    pub fn remove_random(&mut self, rng: &mut Rng) -> Option<T> {
        self.draw(rng).map(|(number, at)| self.remove_at(number, at))
    }

    /// The segment of a random element and its place there.
    fn draw(&self, rng: &mut Rng) -> Option<(usize, usize)> {
        if self.len == 0 {
            return None;
        }
        if let [only] = self.segments.as_slice() {
            return Some((0, rng.index(only.len())));
        }
        // A draw hits a segment as often as the directory names it, and any of its elements once in SPLIT_LEN times: what
        // a segment is named too often is made good by refusing it as often.
        for _ in 0..MAX_DRAWS {
            let bits = rng.next_u64();
            let number = self.directory[bits as usize & (self.directory.len() - 1)] as usize;
            let segment = &self.segments[number];
            if segment.len() > SPLIT_LEN {
                break;
            }
            let surplus = (1u64 << (self.depth - segment.depth)) - 1;
            let at = (bits >> 55) as usize;
            if at < segment.len() && (bits >> MAX_DEPTH) & surplus == 0 {
                return Some((number, at));
            }
        }
        let mut rank = rng.index(self.len);
        for (number, segment) in self.segments.iter().enumerate() {
            match rank.checked_sub(segment.len()) {
                Some(rest) => rank = rest,
                None => return Some((number, rank)),
            }
        }
        unreachable!("a rank below the number of elements is in one of the segments")
    }

    /// Divides a full segment at the next bit of its positions.
    #[cold]
    fn split(&mut self, number: usize) {
        let segment = &mut self.segments[number];
        if segment.depth == MAX_DEPTH {
            return;
        }
        let before = segment.contents_bytes();
        let Some(high) = segment.split() else { return };
        self.contents_bytes = self.contents_bytes - before + segment.contents_bytes() + high.contents_bytes();
        if segment.depth > self.depth {
            self.directory = self.directory.iter().flat_map(|&number| [number; 2]).collect();
            self.depth += 1;
        }
        self.segments.push(high);
        self.enter(self.segments.len() - 1);
    }

    /// Joins a segment with the one that it was once split from, if that is as deep and both are nearly empty.
    #[cold]
    fn join(&mut self, number: usize) {
        let segment = &self.segments[number];
        let buddy = self.segment_at(segment.buddy_prefix());
        let other = &self.segments[buddy];
        if other.depth != segment.depth || other.len() + segment.len() > JOIN_LEN {
            return;
        }
        let (low, high) = if segment.prefix < other.prefix { (number, buddy) } else { (buddy, number) };
        let before = segment.contents_bytes() + other.contents_bytes();
        let taken = std::mem::take(&mut self.segments[high]);
        self.segments[low].append(taken);
        self.contents_bytes = self.contents_bytes - before + self.segments[low].contents_bytes();
        self.enter(low);
        self.segments.swap_remove(high);
        if high < self.segments.len() {
            self.enter(high);
        }
        self.shorten_directory();
    }

    /// Halves a directory that has become four times longer than it is likely to need, if no segment needs it.
    fn shorten_directory(&mut self) {
        let needed = self.segments.len() * 4;
        if self.directory.len() >= needed.max(8) && self.segments.iter().all(|segment| segment.depth < self.depth) {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.depth -= 1;
        }
        if self.segments.capacity() >= needed.max(8) {
            self.segments.shrink_to(self.segments.len() * 2);
        }
    }

    /// Makes the directory name segment `number` for all positions with its prefix.
    fn enter(&mut self, number: usize) {
        let segment = &self.segments[number];
        let first = (u64::from(segment.prefix) << self.depth >> 32) as usize;
        let names = 1 << (self.depth - segment.depth);
        self.directory[first..first + names].fill(number as u32);
    }
}

impl<T: fmt::Debug> fmt::Debug for Table<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
