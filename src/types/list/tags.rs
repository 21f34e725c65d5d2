//! How a block keeps the tags of its elements: one for all, half a byte each where they are close to each other, or a byte.
//!
//! Slots are counted from the beginning of the room for tags; two of half a byte share a byte, the even one in its lower
//! half.

use std::ops::Range;

use super::element::{INTS, NO_TAG, is_int};

/// Tags that half a byte tells apart.
const NEAR: u8 = 16;

/// Where the tags of a block's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagging {
    /// All elements have this tag.
    Same(u8),
    /// Each has half a byte, to be added to this tag: texts of that length and up to 15 more, or integers.
    Near(u8),
    /// Each has a byte.
    Any,
}

impl Tagging {
    /// For elements with tags from `least` to `most`, which differ; with room for others on both sides.
    pub(super) fn covering(least: u8, most: u8) -> Tagging {
        if is_int(least) && is_int(most) {
            Tagging::Near(INTS)
        } else if most < INTS && most - least < NEAR {
            let spare = NEAR - 1 - (most - least);
            Tagging::Near(least.saturating_sub(spare / 2).min(INTS - NEAR))
        } else {
            Tagging::Any
        }
    }

    /// Whether an element with its own tag may have this one.
    #[inline]
    pub(super) fn covers(self, tag: u8) -> bool {
        match self {
            Tagging::Same(common) => common == tag,
            Tagging::Near(INTS) => is_int(tag),
            Tagging::Near(base) => tag < INTS && tag.wrapping_sub(base) < NEAR,
            Tagging::Any => true,
        }
    }

    /// Two bytes of a block's head, of the second the lowest bit.
    #[inline]
    pub(super) fn to_bits(self) -> (u8, u8) {
        match self {
            Tagging::Same(common) => (common, 0),
            Tagging::Near(base) => (base, 1),
            Tagging::Any => (NO_TAG, 0),
        }
    }

    #[inline]
    pub(super) fn from_bits(tag: u8, kind: u8) -> Tagging {
        match (tag, kind) {
            (base, 1) => Tagging::Near(base),
            (NO_TAG, _) => Tagging::Any,
            (common, _) => Tagging::Same(common),
        }
    }

    /// Slots that an element takes.
    #[inline]
    pub(super) fn slots_of_one(self) -> usize {
        usize::from(!matches!(self, Tagging::Same(_)))
    }

    /// Bytes that so many slots take.
    #[inline]
    pub(super) fn bytes(self, slots: usize) -> usize {
        match self {
            Tagging::Same(_) => 0,
            Tagging::Near(_) => slots.div_ceil(2),
            Tagging::Any => slots,
        }
    }

    /// The tag in a slot.
    #[inline]
    pub(super) fn read(self, tags: &[u8], slot: usize) -> u8 {
        match self {
            Tagging::Same(common) => common,
            Tagging::Near(base) => base + half(tags, slot),
            Tagging::Any => tags[slot],
        }
    }

    /// Puts a tag that it covers into a slot.
    #[inline]
    pub(super) fn write(self, tags: &mut [u8], slot: usize, tag: u8) {
        match self {
            Tagging::Same(_) => {}
            Tagging::Near(base) => set_half(tags, slot, tag - base),
            Tagging::Any => tags[slot] = tag,
        }
    }

    /// Moves tags one slot up.
    pub(super) fn open(self, tags: &mut [u8], slots: Range<usize>) {
        match self {
            Tagging::Same(_) => {}
            Tagging::Near(_) => slots.rev().for_each(|slot| set_half(tags, slot + 1, half(tags, slot))),
            Tagging::Any => tags.copy_within(slots.clone(), slots.start + 1),
        }
    }

    /// Moves tags one slot down, over the first of them.
    pub(super) fn close(self, tags: &mut [u8], slots: Range<usize>) {
        match self {
            Tagging::Same(_) => {}
            Tagging::Near(_) => {
                (slots.start + 1..slots.end).for_each(|slot| set_half(tags, slot - 1, half(tags, slot)))
            }
            Tagging::Any => tags.copy_within(slots.start + 1..slots.end, slots.start),
        }
    }

    /// Fills the first slots with tags that are kept in another way, or elsewhere: where they begin is said last.
    pub(super) fn copy(self, tags: &mut [u8], (from, old, first): (Tagging, &[u8], usize), count: usize) {
        match self {
            Tagging::Same(_) => {}
            Tagging::Any if from == self => tags[..count].copy_from_slice(&old[first..first + count]),
            Tagging::Near(_) if from == self && first % 2 == 0 => {
                tags[..count.div_ceil(2)].copy_from_slice(&old[first / 2..(first + count).div_ceil(2)]);
            }
            _ => (0..count).for_each(|slot| self.write(tags, slot, from.read(old, first + slot))),
        }
    }
}

#[inline]
fn half(tags: &[u8], slot: usize) -> u8 {
    tags[slot / 2] >> (slot % 2 * 4) & 0x0F
}

#[inline]
fn set_half(tags: &mut [u8], slot: usize, half: u8) {
    let shift = slot % 2 * 4;
    let byte = &mut tags[slot / 2];
    *byte = *byte & !(0x0F << shift) | half << shift;
}

/// The sum of the halves in these slots.
pub(super) fn sum_of_halves(tags: &[u8], slots: Range<usize>) -> usize {
    let Range { mut start, mut end } = slots;
    let mut sum = 0;
    if start % 2 == 1 && start < end {
        sum += usize::from(half(tags, start));
        start += 1;
    }
    if end % 2 == 1 && start < end {
        end -= 1;
        sum += usize::from(half(tags, end));
    }
    // In parts whose sum fits 16 bits, which lets the compiler add many at a time.
    let part = |bytes: &[u8]| bytes.iter().map(|&byte| u16::from(byte & 0x0F) + u16::from(byte >> 4)).sum::<u16>();
    sum + tags[start / 2..end / 2].chunks(1024).map(|bytes| usize::from(part(bytes))).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_what_they_were_made_for() {
        for least in 0..INTS {
            for most in least + 1..INTS {
                match Tagging::covering(least, most) {
                    near @ Tagging::Near(base) => {
                        assert!(near.covers(least) && near.covers(most) && !near.covers(NO_TAG) && !near.covers(0xF1));
                        assert!(base <= INTS - NEAR);
                    }
                    other => assert_eq!((other, most - least >= NEAR), (Tagging::Any, true)),
                }
            }
        }
        assert_eq!(Tagging::covering(0xF1, 0xF8), Tagging::Near(INTS));
        assert_eq!((Tagging::covering(3, 0xF1), Tagging::covering(3, 0xFF)), (Tagging::Any, Tagging::Any));
        assert!(!Tagging::Near(INTS).covers(0xFF) && !Tagging::Near(INTS).covers(7));
    }

    #[test]
    fn slots_move_and_add_up() {
        for tagging in [Tagging::Near(5), Tagging::Any] {
            let model: Vec<u8> = (0..99).map(|slot| 5 + (slot * 7 % 15) as u8).collect();
            let mut tags = vec![0xA5; tagging.bytes(101)];
            (0..99).for_each(|slot| tagging.write(&mut tags, slot, model[slot]));
            tagging.open(&mut tags, 30..99);
            tagging.write(&mut tags, 30, 9);
            assert_eq!((tagging.read(&tags, 29), tagging.read(&tags, 30)), (model[29], 9));
            assert!((30..99).all(|slot| tagging.read(&tags, slot + 1) == model[slot]));
            tagging.close(&mut tags, 30..100);
            assert!((0..99).all(|slot| tagging.read(&tags, slot) == model[slot]));
            for first in [0, 1, 40, 41] {
                for to in [tagging, Tagging::Any, Tagging::Near(4), Tagging::Near(5)] {
                    let mut other = vec![0; to.bytes(50)];
                    to.copy(&mut other, (tagging, &tags, first), 50);
                    assert!((0..50).all(|slot| to.read(&other, slot) == model[first + slot]), "{to:?}");
                }
            }
        }
    }

    #[test]
    fn halves_are_added_from_any_slot_to_any() {
        let tags: Vec<u8> = (0..3000).map(|at| (at * 31 % 251) as u8).collect();
        for start in [0, 1, 2, 5, 2000, 5999] {
            for end in [start, start + 1, start + 2, 3001, 6000] {
                let slots = start..end.clamp(start, 6000);
                let naive: usize = slots.clone().map(|slot| usize::from(half(&tags, slot))).sum();
                assert_eq!(sum_of_halves(&tags, slots.clone()), naive, "{slots:?}");
            }
        }
        assert_eq!(sum_of_halves(&[0xFF; 5000], 1..9999), 9998 * 15);
    }
}
