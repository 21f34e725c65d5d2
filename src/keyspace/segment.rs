//! A segment: the entries whose positions share a prefix, in cache-line buckets of eight tagged pointers.
//!
//! An entry's fingerprint is the 16 bits of its position that follow the segment's prefix. It alone decides the two
//! buckets in which the entry may lie, so a segment changes its bucket count without looking at a key, and walks its
//! entries in order of position by sorting fingerprints. Only a split needs the keys: it shifts one fresh bit of the
//! hash into every fingerprint.
//!
//! Bucket counts are those that fill a size class of the allocator, so a segment grows in steps of a fifth or so.
//! Entries for which there is no room although the segment is not full (many equal fingerprints) go to `overflow`, a
//! plain list: correct for any hash function, fast for a good one.

use super::entry::{EntryRef, Slot};
use crate::util::prefetch::prefetch;

/// Slots in a bucket: one cache line.
pub(super) const BUCKET_SLOTS: usize = 8;
/// Bucket count at which a segment splits instead of growing.
pub(super) const SPLIT_BUCKETS: usize = 64;
/// Bits of position that a prefix may take; more than 16 shorten the fingerprint.
pub(super) const MAX_DEPTH: u8 = 20;

/// Bucket counts up to [`SPLIT_BUCKETS`].
const STEPS: [u8; 17] = [1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64];

#[derive(Debug)]
#[repr(align(64))]
struct Bucket([Slot; BUCKET_SLOTS]);

impl Bucket {
    const EMPTY: Self = Self([const { Slot::EMPTY }; BUCKET_SLOTS]);

    /// One bit per slot with an entry under `fingerprint`.
    #[inline]
    fn matches(&self, fingerprint: u16) -> u32 {
        let mut mask = 0;
        for (at, slot) in self.0.iter().enumerate() {
            mask |= u32::from(slot.matches(fingerprint)) << at;
        }
        mask
    }

    #[inline]
    fn free_slot(&self) -> Option<usize> {
        self.0.iter().position(Slot::is_empty)
    }
}

/// Where an entry lies in its segment; valid until the segment changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The two buckets of a fingerprint among `count`; equal only when there is one bucket.
#[inline]
fn homes(fingerprint: u16, count: usize) -> (usize, usize) {
    let first = (usize::from(fingerprint) * count) >> 16;
    // An odd multiplier spreads neighbours in the first bucket over all second buckets.
    let mixed = fingerprint.wrapping_mul(0x9e37) ^ (fingerprint >> 7);
    let second = (usize::from(mixed) * count) >> 16;
    if second != first {
        (first, second)
    } else if first + 1 < count {
        (first, first + 1)
    } else {
        (first, 0)
    }
}

/// A segment of the index.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Segment {
    buckets: Box<[Bucket]>,
    overflow: Vec<Slot>,
    /// Entries, those in `overflow` included.
    len: u32,
    /// The common first `depth` bits of the positions, the other bits zero.
    pub(super) prefix: u32,
    pub(super) depth: u8,
}

impl Segment {
    pub(super) fn new(prefix: u32, depth: u8, expected: usize) -> Self {
        Self { buckets: empty_buckets(count_for(expected)), overflow: Vec::new(), len: 0, prefix, depth }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.buckets.len() * BUCKET_SLOTS
    }

    pub(super) fn bucket_count(&self) -> usize {
        self.buckets.len()
    }

    pub(super) fn overflow_len(&self) -> usize {
        self.overflow.len()
    }

    /// Bytes of its own, without the entries.
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val::<[Bucket]>(&self.buckets) + self.overflow.capacity() * size_of::<Slot>()
    }

    /// The fingerprint of `position`, which must be of this segment.
    #[inline]
    pub(super) fn fingerprint(&self, position: u32) -> u16 {
        fingerprint_at(position, self.depth)
    }

    /// The lowest position that has `fingerprint` here.
    #[inline]
    pub(super) fn position_of(&self, fingerprint: u16) -> u32 {
        self.prefix | ((u32::from(fingerprint) << 16) >> self.depth)
    }

    /// First entry under `fingerprint` that `wanted` accepts.
    #[inline]
    pub(super) fn find(&self, fingerprint: u16, mut wanted: impl FnMut(EntryRef<'_>) -> bool) -> Option<Place> {
        let (first, second) = homes(fingerprint, self.buckets.len());
        for bucket in [first, second] {
            let mut mask = self.buckets[bucket].matches(fingerprint);
            while mask != 0 {
                let at = mask.trailing_zeros() as usize;
                if self.buckets[bucket].0[at].entry().is_some_and(&mut wanted) {
                    return Some(Place((bucket * BUCKET_SLOTS + at) as u32));
                }
                mask &= mask - 1;
            }
        }
        if self.overflow.is_empty() {
            return None;
        }
        self.find_in_overflow(fingerprint, wanted)
    }

    /// Begins to bring the buckets of `fingerprint` near.
    #[inline]
    pub(super) fn prefetch_buckets(&self, fingerprint: u16) {
        let (first, second) = homes(fingerprint, self.buckets.len());
        prefetch(&raw const self.buckets[first]);
        prefetch(&raw const self.buckets[second]);
    }

    /// Begins to bring the entries under `fingerprint` near.
    #[inline]
    pub(super) fn prefetch_entries(&self, fingerprint: u16) {
        let (first, second) = homes(fingerprint, self.buckets.len());
        for bucket in [first, second] {
            let mask = self.buckets[bucket].matches(fingerprint);
            if mask != 0 {
                self.buckets[bucket].0[mask.trailing_zeros() as usize].prefetch();
                return;
            }
        }
    }

    #[cold]
    fn find_in_overflow(&self, fingerprint: u16, mut wanted: impl FnMut(EntryRef<'_>) -> bool) -> Option<Place> {
        let at =
            self.overflow.iter().position(|slot| slot.matches(fingerprint) && slot.entry().is_some_and(&mut wanted))?;
        Some(Place((self.capacity() + at) as u32))
    }

    #[inline]
    pub(super) fn slot(&self, place: Place) -> &Slot {
        let at = place.0 as usize;
        match self.buckets.get(at / BUCKET_SLOTS) {
            Some(bucket) => &bucket.0[at % BUCKET_SLOTS],
            None => &self.overflow[at - self.capacity()],
        }
    }

    #[inline]
    pub(super) fn slot_mut(&mut self, place: Place) -> &mut Slot {
        let (at, capacity) = (place.0 as usize, self.capacity());
        match self.buckets.get_mut(at / BUCKET_SLOTS) {
            Some(bucket) => &mut bucket.0[at % BUCKET_SLOTS],
            None => &mut self.overflow[at - capacity],
        }
    }

    /// Takes the entry at `place` out.
    #[inline]
    pub(super) fn remove(&mut self, place: Place) -> Slot {
        let (at, capacity) = (place.0 as usize, self.capacity());
        self.len -= 1;
        match self.buckets.get_mut(at / BUCKET_SLOTS) {
            Some(bucket) => bucket.0[at % BUCKET_SLOTS].take(),
            None => self.overflow.swap_remove(at - capacity),
        }
    }

    /// Puts an entry, whose fingerprint the slot carries, into one of its buckets, moving at most one other entry.
    /// Gives it back when there is no room.
    #[inline]
    pub(super) fn try_insert(&mut self, slot: Slot) -> Result<(), Slot> {
        let (first, second) = homes(slot.fingerprint(), self.buckets.len());
        for bucket in [first, second] {
            if let Some(at) = self.buckets[bucket].free_slot() {
                self.buckets[bucket].0[at] = slot;
                self.len += 1;
                return Ok(());
            }
        }
        for bucket in [first, second] {
            if let Some(at) = self.displace_from(bucket) {
                self.buckets[bucket].0[at] = slot;
                self.len += 1;
                return Ok(());
            }
        }
        Err(slot)
    }

    /// Moves an entry of a full bucket to its other bucket and returns the slot it left.
    fn displace_from(&mut self, bucket: usize) -> Option<usize> {
        let count = self.buckets.len();
        for at in 0..BUCKET_SLOTS {
            let (first, second) = homes(self.buckets[bucket].0[at].fingerprint(), count);
            let other = if first == bucket { second } else { first };
            if let Some(free) = self.buckets[other].free_slot() {
                self.buckets[other].0[free] = self.buckets[bucket].0[at].take();
                return Some(at);
            }
        }
        None
    }

    /// Keeps an entry that no bucket takes.
    #[cold]
    pub(super) fn push_overflow(&mut self, slot: Slot) {
        self.overflow.push(slot);
        self.len += 1;
    }

    /// Puts an entry in by any means but a split.
    pub(super) fn insert_growing(&mut self, mut slot: Slot) {
        while let Err(back) = self.try_insert(slot) {
            slot = back;
            if !self.is_crowded() {
                self.push_overflow(slot);
                return;
            }
            self.grow();
        }
    }

    /// True when more buckets would help: half full at least. A segment refusing entries below that has too many
    /// equal fingerprints.
    pub(super) fn is_crowded(&self) -> bool {
        (self.len() - self.overflow.len()) * 2 >= self.capacity()
    }

    /// True when a split by the next bit leaves a sixteenth of the entries or more on either side.
    pub(super) fn is_separable(&self) -> bool {
        let high = self.slots().filter(|slot| slot.fingerprint() >> 15 == 1).count();
        high.min(self.len() - high) * 16 >= self.len()
    }

    /// Takes the next larger bucket count.
    pub(super) fn grow(&mut self) {
        let now = self.buckets.len();
        let next = STEPS.iter().map(|&step| usize::from(step)).find(|&step| step > now);
        self.resize(next.unwrap_or(now + now / 2));
    }

    /// Takes a smaller bucket count when more than three fifths of the slots are free. True when it did.
    #[inline]
    pub(super) fn shrink_if_sparse(&mut self) -> bool {
        if self.len() * 5 >= self.capacity() * 2 || self.buckets.len() == 1 {
            return false;
        }
        self.resize(count_for(self.len()));
        true
    }

    #[cold]
    fn resize(&mut self, count: usize) {
        let buckets = std::mem::replace(&mut self.buckets, empty_buckets(count));
        let overflow = std::mem::take(&mut self.overflow);
        self.len = 0;
        for slot in occupied(buckets, overflow) {
            if let Err(back) = self.try_insert(slot) {
                self.push_overflow(back);
            }
        }
    }

    /// Every slot with an entry, in no order.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.buckets.iter().flat_map(|bucket| &bucket.0).chain(&self.overflow).filter(|slot| !slot.is_empty())
    }

    /// The same, to be changed.
    pub(super) fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        let slots = self.buckets.iter_mut().flat_map(|bucket| &mut bucket.0);
        slots.chain(&mut self.overflow).filter(|slot| !slot.is_empty())
    }

    /// The position behind the last one that belongs here.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        u64::from(self.prefix) + (1u64 << (32 - self.depth))
    }

    /// Loads the entries, which are likely in no cache, all at once, so that the loads overlap.
    pub(super) fn prefetch(&self) {
        std::hint::black_box(self.slots().filter_map(Slot::entry).fold(0, |lru, entry| lru ^ entry.lru()));
    }

    /// Takes every entry out; the segment itself is to be dropped.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Slot> + use<> {
        self.len = 0;
        occupied(std::mem::take(&mut self.buckets), std::mem::take(&mut self.overflow))
    }
}

/// The 16 bits of `position` that follow the first `depth`.
#[inline]
pub(super) fn fingerprint_at(position: u32, depth: u8) -> u16 {
    ((position << depth) >> 16) as u16
}

fn occupied(buckets: Box<[Bucket]>, overflow: Vec<Slot>) -> impl Iterator<Item = Slot> + use<> {
    buckets.into_iter().flat_map(|bucket| bucket.0).chain(overflow).filter(|slot| !slot.is_empty())
}

fn empty_buckets(count: usize) -> Box<[Bucket]> {
    (0..count).map(|_| Bucket::EMPTY).collect()
}

/// The smallest bucket count that holds `len` entries at three quarters full.
fn count_for(len: usize) -> usize {
    let wanted = (len * 4).div_ceil(3 * BUCKET_SLOTS).max(1);
    STEPS.iter().map(|&step| usize::from(step)).find(|&step| step >= wanted).unwrap_or(wanted)
}
