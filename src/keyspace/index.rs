//! The index of one database in one shard: extendible hashing over [`Segment`]s.
//!
//! The top bits of a key's position pick its segment through `directory`; a full segment splits alone, and the
//! directory doubles when the segment already used all of its bits. Segments emptied by deletions shrink, then merge
//! with their neighbour. The walk of SCAN goes by position, which none of this changes.
//!
//! Positions of stored keys are asked from the caller's `hasher` when a segment splits.
//!
//! A snapshot saves the segments in order of position. Those from its `frontier` on are not saved yet: in them, and only
//! there, entries that it needs no more are marked as settled (saved by a writer before a change, or new). A segment
//! never straddles the frontier.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::entry::{EntryBox, EntryRef, Slot};
use super::segment::{MAX_DEPTH, Place, SPLIT_BUCKETS, Segment, fingerprint_at};
use super::snapshot::Taken;

/// Two neighbours with at most this many entries together become one segment.
const MERGE_ENTRIES: usize = 192;
/// The position behind all others.
const END: u64 = 1 << 32;

/// Position of a key, as the caller hashes it.
pub trait Positions {
    /// The 32-bit position of `key`.
    fn position(&self, key: &[u8]) -> u32;
}

impl<F: Fn(&[u8]) -> u32> Positions for F {
    #[inline]
    fn position(&self, key: &[u8]) -> u32 {
        self(key)
    }
}

/// About the bytes that one key takes in the index.
pub const INDEX_BYTES_PER_KEY: usize = 16;

/// Entries by key. See the file's header.
#[derive(Debug)]
pub struct Index {
    /// Segment number for each value of the first `depth` bits of a position; empty before the first insert.
    directory: Vec<u32>,
    segments: Vec<Segment>,
    depth: u8,
    len: usize,
    /// The first position that the running snapshot has not saved yet; [`END`] when there is none.
    frontier: u64,
}

impl Default for Index {
    fn default() -> Self {
        Self { directory: Vec::new(), segments: Vec::new(), depth: 0, len: 0, frontier: END }
    }
}

/// What [`Index::prefetch`] brings near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// The buckets in which the entry may lie.
    Buckets,
    /// The entry, once the buckets are near.
    Entry,
}

/// Where an entry lies; valid until the index changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    segment: u32,
    place: Place,
}

impl Index {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of the index itself, without the entries.
    pub fn memory_bytes(&self) -> usize {
        self.directory.capacity() * size_of::<u32>() + self.segments.iter().map(Segment::memory_bytes).sum::<usize>()
    }

    /// Number of segments.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    #[inline]
    fn directory_at(&self, position: u32) -> usize {
        (u64::from(position) >> (32 - self.depth)) as usize
    }

    #[inline]
    fn segment_at(&self, position: u32) -> Option<u32> {
        self.directory.get(self.directory_at(position)).copied()
    }

    /// The entry of `key`, whose position the caller has.
    #[inline]
    pub fn find(&self, key: &[u8], position: u32) -> Option<Location> {
        let number = self.segment_at(position)?;
        let segment = &self.segments[number as usize];
        let place = segment.find(segment.fingerprint(position), |entry| entry.key() == key)?;
        Some(Location { segment: number, place })
    }

    /// Begins to bring near what a look-up at `position` will read: first the buckets, then the entry in them.
    #[inline]
    pub fn prefetch(&self, position: u32, what: Near) {
        if let Some(number) = self.segment_at(position) {
            let segment = &self.segments[number as usize];
            let fingerprint = segment.fingerprint(position);
            match what {
                Near::Buckets => segment.prefetch_buckets(fingerprint),
                Near::Entry => segment.prefetch_entries(fingerprint),
            }
        }
    }

    /// An entry at exactly `position` that `wanted` accepts.
    pub fn find_at(
        &self,
        position: u32,
        positions: &impl Positions,
        wanted: impl Fn(EntryRef<'_>) -> bool,
    ) -> Option<Location> {
        let number = self.segment_at(position)?;
        let segment = &self.segments[number as usize];
        let place = segment.find(segment.fingerprint(position), |entry| {
            wanted(entry) && positions.position(entry.key()) == position
        })?;
        Some(Location { segment: number, place })
    }

    /// The entry at `location`.
    #[inline]
    pub fn entry(&self, location: Location) -> EntryRef<'_> {
        self.segments[location.segment as usize].slot(location.place).entry().expect("a location names an entry")
    }

    /// The slot at `location`.
    #[inline]
    pub fn slot_mut(&mut self, location: Location) -> &mut Slot {
        self.segments[location.segment as usize].slot_mut(location.place)
    }

    /// Adds an entry whose key is not present.
    #[inline]
    pub fn insert(&mut self, entry: EntryBox, position: u32, positions: &impl Positions) {
        self.len += 1;
        let Some(number) = self.segment_at(position) else {
            let mut segment = Segment::new(0, 0, 1);
            segment.insert_growing(Slot::new(entry, fingerprint_at(position, 0)));
            self.segments.push(segment);
            self.directory.push(0);
            return;
        };
        let segment = &mut self.segments[number as usize];
        let mut slot = Slot::new(entry, segment.fingerprint(position));
        if u64::from(position) >= self.frontier {
            slot.set_settled(true);
        }
        if let Err(slot) = segment.try_insert(slot) {
            self.insert_making_room(slot, position, positions);
        }
    }

    #[cold]
    fn insert_making_room(&mut self, mut slot: Slot, position: u32, positions: &impl Positions) {
        // Each turn gives the segment of `position` more room, or ends: a split is bounded by MAX_DEPTH, growth by
        // the segment no longer being crowded.
        loop {
            let number = self.segment_at(position).expect("the directory is not empty");
            let segment = &mut self.segments[number as usize];
            slot.set_fingerprint(segment.fingerprint(position));
            slot = match segment.try_insert(slot) {
                Ok(()) => return,
                Err(back) => back,
            };
            if !segment.is_crowded() {
                segment.push_overflow(slot);
                return;
            }
            if segment.bucket_count() >= SPLIT_BUCKETS && segment.depth < MAX_DEPTH && segment.is_separable() {
                self.split(number, positions);
            } else {
                segment.grow();
            }
        }
    }

    /// Splits a segment by the next bit of its entries' positions.
    fn split(&mut self, number: u32, positions: &impl Positions) {
        let old = &mut self.segments[number as usize];
        let (prefix, depth) = (old.prefix, old.depth + 1);
        let bit = 1u32 << (32 - depth);
        let expected = old.len() / 2;
        let mut low = Segment::new(prefix, depth, expected);
        let mut high = Segment::new(prefix | bit, depth, expected);
        old.prefetch();
        for mut slot in old.drain() {
            let position = slot.entry().map_or(0, |entry| positions.position(entry.key()));
            slot.set_fingerprint(fingerprint_at(position, depth));
            if position & bit == 0 { low.insert_growing(slot) } else { high.insert_growing(slot) }
        }
        if depth > self.depth {
            self.directory = self.directory.iter().flat_map(|&number| [number, number]).collect();
            self.depth = depth;
        }
        self.segments[number as usize] = low;
        let new = u32::try_from(self.segments.len()).expect("segments are fewer than positions");
        self.segments.push(high);
        self.point_directory(new);
    }

    /// Makes every directory cell under a segment's prefix name it.
    fn point_directory(&mut self, number: u32) {
        let segment = &self.segments[number as usize];
        let start = self.directory_at(segment.prefix);
        let cells = 1usize << (self.depth - segment.depth);
        self.directory[start..start + cells].fill(number);
    }

    /// Takes an entry out.
    #[inline]
    pub fn remove(&mut self, location: Location) -> EntryBox {
        let segment = &mut self.segments[location.segment as usize];
        let entry = segment.remove(location.place).into_entry().expect("a location names an entry");
        self.len -= 1;
        if segment.shrink_if_sparse() || segment.len() == 0 {
            self.merge_from(location.segment);
        }
        entry
    }

    /// Merges a segment with its neighbour as long as both are small; an empty index returns to its first state.
    #[cold]
    fn merge_from(&mut self, mut number: u32) {
        if self.len == 0 {
            // Nothing is left to be saved either.
            *self = Self::default();
            return;
        }
        loop {
            let segment = &self.segments[number as usize];
            if segment.depth == 0 {
                return;
            }
            let bit = 1u32 << (32 - segment.depth);
            let buddy_number = self.segment_at(segment.prefix ^ bit).expect("the directory is not empty");
            let buddy = &self.segments[buddy_number as usize];
            if buddy.depth != segment.depth
                || self.frontier == u64::from(segment.prefix | bit)
                || buddy.len() + segment.len() > MERGE_ENTRIES
            {
                return;
            }
            number = self.merge(number, buddy_number, bit);
        }
    }

    /// Merges two neighbours and returns the number of the result.
    fn merge(&mut self, one: u32, other: u32, bit: u32) -> u32 {
        let (keep, gone) = (one.min(other), one.max(other));
        let mut merged = {
            let segment = &self.segments[keep as usize];
            let expected = segment.len() + self.segments[gone as usize].len();
            Segment::new(segment.prefix & !bit, segment.depth - 1, expected)
        };
        for number in [keep, gone] {
            let segment = &mut self.segments[number as usize];
            let top = if segment.prefix & bit == 0 { 0 } else { 1 << 15 };
            for mut slot in segment.drain() {
                slot.set_fingerprint(top | slot.fingerprint() >> 1);
                merged.insert_growing(slot);
            }
        }
        self.segments[keep as usize] = merged;
        self.segments.swap_remove(gone as usize);
        self.point_directory(keep);
        if (gone as usize) < self.segments.len() {
            self.point_directory(gone);
        }
        if self.segments.len() * 4 <= self.directory.len() {
            self.halve_directory();
        }
        if self.segments.len() * 4 < self.segments.capacity() {
            self.segments.shrink_to(self.segments.len() * 2);
        }
        keep
    }

    /// Gives back directory bits that no segment uses.
    fn halve_directory(&mut self) {
        let used = self.segments.iter().map(|segment| segment.depth).max().unwrap_or(0);
        if used < self.depth {
            let stride = 1usize << (self.depth - used);
            self.directory = self.directory.iter().step_by(stride).copied().collect();
            self.depth = used;
        }
    }

    /// Visits entries in order of position, beginning with position `from`, until `count` or more were visited and
    /// all of the last position's were. Returns the position to go on with, `None` at the end.
    ///
    /// A walk that begins at 0 and goes on with each answer visits every entry that is present throughout exactly
    /// once, whatever is inserted or removed between the calls.
    pub fn scan(
        &self,
        from: u32,
        count: usize,
        positions: &impl Positions,
        mut visit: impl FnMut(EntryRef<'_>),
    ) -> Option<u32> {
        let mut visited = 0;
        let mut next = u64::from(from);
        while let Ok(position) = u32::try_from(next) {
            let segment = &self.segments[self.segment_at(position)? as usize];
            next = scan_segment(segment, position, count.saturating_sub(visited), positions, |entry| {
                visited += 1;
                visit(entry);
            })
            .map_or(segment.end(), u64::from);
            if visited >= count && visited > 0 {
                break;
            }
        }
        u32::try_from(next).ok()
    }

    /// A random entry for a random `dice`: a place in the hash space, then one of the entries of its segment, so that
    /// every entry can come up and none is much likelier than another.
    pub fn random(&self, dice: u64) -> Option<EntryRef<'_>> {
        let position = (dice >> 32) as u32;
        let start = self.directory_at(position);
        // Walks on from an empty segment to the next.
        for offset in 0..self.directory.len() {
            let number = self.directory[(start + offset) % self.directory.len()];
            let segment = &self.segments[number as usize];
            if segment.len() > 0 {
                let nth = (dice as u32 as usize * segment.len()) >> 32;
                return segment.slots().nth(nth)?.entry();
            }
        }
        None
    }

    /// Every entry, in no order.
    pub fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.segments.iter().flat_map(Segment::slots).filter_map(Slot::entry)
    }

    /// Begins a snapshot: every entry is to be saved. The one before must have ended.
    pub(super) fn begin_saving(&mut self) {
        debug_assert_eq!(self.frontier, END, "one snapshot after the other");
        self.frontier = if self.is_empty() { END } else { 0 };
    }

    /// Whether the running snapshot has not saved the segment of an entry yet.
    #[inline]
    pub(super) fn is_unsaved(&self, location: Location) -> bool {
        u64::from(self.segments[location.segment as usize].prefix) >= self.frontier
    }

    /// Hands entries of the first segment that is not saved yet to `save`, until it answers that it has had enough.
    /// A segment counts as saved when all of its entries were handed over. False when nothing is left.
    pub(super) fn save_some(&mut self, mut save: impl FnMut(EntryRef<'_>) -> Taken) -> bool {
        let Ok(position) = u32::try_from(self.frontier) else { return false };
        let number = self.segment_at(position).expect("an empty index has nothing to be saved");
        let segment = &mut self.segments[number as usize];
        debug_assert_eq!(segment.prefix, position, "no segment straddles the frontier");
        segment.prefetch();
        let is_wanted = |slot: &Slot| slot.entry().is_some_and(|entry| !entry.is_settled());
        let mut saved = 0;
        let goes_on = segment.slots().filter(|slot| is_wanted(slot)).filter_map(Slot::entry).all(|entry| {
            let taken = save(entry);
            saved += usize::from(taken != Taken::NotNow);
            taken == Taken::More
        });
        if goes_on {
            self.frontier = segment.end();
            segment.slots_mut().filter(|slot| !is_wanted(slot)).for_each(|slot| slot.set_settled(false));
        } else {
            segment.slots_mut().filter(|slot| is_wanted(slot)).take(saved).for_each(|slot| slot.set_settled(true));
        }
        self.frontier < END
    }

    /// Entries that fit no bucket; other than zero only under a degenerate hash.
    pub fn overflow_len(&self) -> usize {
        self.segments.iter().map(Segment::overflow_len).sum()
    }

    /// Slots in all segments; `len` over it is the load.
    pub fn capacity(&self) -> usize {
        self.segments.iter().map(Segment::capacity).sum()
    }
}

/// The part of [`Index::scan`] inside one segment. `None` when its end was reached.
fn scan_segment(
    segment: &Segment,
    from: u32,
    count: usize,
    positions: &impl Positions,
    mut visit: impl FnMut(EntryRef<'_>),
) -> Option<u32> {
    let first = segment.fingerprint(from);
    // Entries of the first fingerprint may lie before `from` when the segment was deeper at the last call.
    let cuts_first = segment.position_of(first) != from;
    // Takes a window of fingerprints that should hold what is asked for, then another if it did not.
    let share = (count.min(segment.len()) * 5 / 4 + 2) as u32;
    let width = ((share << 16) / segment.len().max(1) as u32).clamp(1, 1 << 16);
    // Beyond depth 16 the last bits of a fingerprint are always zero; windows end where a position does.
    let grain = 1u32 << segment.depth.saturating_sub(16);
    let mut low = u32::from(first);
    let mut visited = 0;
    let mut found: SmallVec<[(Reverse<u16>, &Slot); 64]> = SmallVec::new();
    while low < 1 << 16 {
        let high = (low + width).next_multiple_of(grain).min(1 << 16);
        found.clear();
        for slot in segment.slots() {
            let fingerprint = slot.fingerprint();
            if (low..high).contains(&u32::from(fingerprint)) {
                found.push((Reverse(fingerprint), slot));
            }
        }
        found.sort_unstable_by_key(|&(order, _)| order);
        let mut previous = None;
        while let Some((Reverse(fingerprint), slot)) = found.pop() {
            if visited >= count && visited > 0 && previous != Some(fingerprint) {
                return Some(segment.position_of(fingerprint));
            }
            let Some(entry) = slot.entry() else { continue };
            if fingerprint == first && cuts_first && positions.position(entry.key()) < from {
                continue;
            }
            previous = Some(fingerprint);
            visited += 1;
            visit(entry);
        }
        low = high;
        if visited >= count && visited > 0 && low < 1 << 16 {
            return Some(segment.position_of(low as u16));
        }
    }
    None
}

#[cfg(test)]
mod tests;
