//! A sorted set of integers in one allocation: the smallest form of a set.
//!
//! All numbers take as many bytes as the widest needs: 2, 4 or 8. Like Redis's intset it only ever widens. Imports the
//! buffer of `types::packed` and the random generator.

use std::fmt;

use super::packed::buffer::Buffer;
use crate::util::rng::Rng;

/// A set of 64-bit integers in ascending order, 8 bytes big. Its buffer's count is the number of integers, so its bytes
/// tell how wide they are.
#[derive(Clone)]
pub struct IntSet(Buffer);

impl Default for IntSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for IntSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

/// Bytes that `number` needs.
#[inline]
fn width_of(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

/// Writes the low bytes of `number`.
#[inline]
fn write(number: i64, to: &mut [u8]) {
    to.copy_from_slice(&number.to_le_bytes()[..to.len()]);
}

impl IntSet {
    /// Without numbers; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        IntSet(Buffer::EMPTY)
    }

    /// Number of integers.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.count()
    }

    /// True without integers.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes on the heap. Constant time.
    #[inline]
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// Bytes of each integer: 2, 4 or 8.
    #[inline]
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.bytes().len().checked_div(self.len()).unwrap_or(2)
    }

    /// The integer number `at`, in ascending order.
    ///
    /// # Panics
    /// When there are not so many.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> i64 {
        let width = self.width();
        let bytes = &self.0.bytes()[at * width..][..width];
        match *bytes {
            [a, b] => i64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => i64::from_le_bytes(bytes.try_into().expect("the third width is 8")),
        }
    }

    /// The place of a number, or the place where it belongs.
    fn find(&self, number: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.get(middle) < number {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low < self.len() && self.get(low) == number { Ok(low) } else { Err(low) }
    }

    /// Whether a number is in it.
    #[inline]
    #[must_use]
    pub fn contains(&self, number: i64) -> bool {
        width_of(number) <= self.width() && self.find(number).is_ok()
    }

    /// Adds a number; false if it was there.
    pub fn insert(&mut self, number: i64) -> bool {
        let Err(at) = self.find(number) else { return false };
        let (len, width, needed) = (self.len(), self.width(), width_of(number));
        if needed > width {
            self.widen(needed);
        }
        let width = width.max(needed);
        write(number, self.0.splice(at * width, 0, width, len + 1));
        true
    }

    fn widen(&mut self, width: usize) {
        let numbers: Vec<i64> = self.iter().collect();
        let (old_bytes, count) = (self.0.bytes().len(), self.len());
        let room = self.0.splice(0, old_bytes, count * width, count);
        for (number, to) in numbers.into_iter().zip(room.chunks_mut(width)) {
            write(number, to);
        }
    }

    /// Removes a number; false if it was not there.
    pub fn remove(&mut self, number: i64) -> bool {
        let Ok(at) = self.find(number) else { return false };
        self.remove_at(at);
        true
    }

    fn remove_at(&mut self, at: usize) {
        let (len, width) = (self.len(), self.width());
        self.0.splice(at * width, width, 0, len - 1);
    }

    /// The numbers in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// A number, each as likely as the others.
    #[must_use]
    pub fn random(&self, rng: &mut Rng) -> Option<i64> {
        (!self.is_empty()).then(|| self.get(rng.index(self.len())))
    }

    /// Takes out a number, each as likely as the others.
    pub fn remove_random(&mut self, rng: &mut Rng) -> Option<i64> {
        if self.is_empty() {
            return None;
        }
        let at = rng.index(self.len());
        let number = self.get(at);
        self.remove_at(at);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::util::rng::Rng;

    #[test]
    fn the_widest_number_sets_the_width() {
        let mut set = IntSet::new();
        for (number, width) in [(1, 2), (-32_768, 2), (32_767, 2), (32_768, 4), (-2, 4), (1 << 31, 8), (i64::MIN, 8)] {
            assert!(!set.contains(number) && set.insert(number) && set.contains(number) && !set.insert(number));
            assert_eq!(set.width(), width, "{number}");
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [i64::MIN, -32_768, -2, 1, 32_767, 32_768, 1 << 31]);
        assert!(set.remove(i64::MIN) && !set.remove(i64::MIN));
        assert_eq!(set.memory_bytes(), 56);
    }

    #[test]
    fn random_numbers_are_even() {
        let mut set = IntSet::new();
        (0..10).for_each(|number| assert!(set.insert(number * 100_000)));
        let mut rng = Rng::from_seed(3);
        let mut counts = [0; 10];
        (0..10_000).for_each(|_| counts[(set.random(&mut rng).unwrap() / 100_000) as usize] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        let taken: BTreeSet<i64> = std::iter::from_fn(|| set.remove_random(&mut rng)).collect();
        assert_eq!(taken.len(), 10);
        assert_eq!((set.random(&mut rng), set.memory_bytes()), (None, 0));
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![
            -20i64..20,
            Just(32_767),
            Just(32_768),
            Just(-32_769),
            -3_000_000_000i64..3_000_000_000,
            any::<i64>()
        ]
    }

    proptest! {
        #[test]
        fn an_intset_is_a_set(steps in prop::collection::vec((any::<bool>(), number()), 0..200)) {
            let (mut set, mut model) = (IntSet::new(), BTreeSet::new());
            for (add, number) in steps {
                prop_assert_eq!(set.contains(number), model.contains(&number));
                if add {
                    prop_assert_eq!(set.insert(number), model.insert(number));
                } else {
                    prop_assert_eq!(set.remove(number), model.remove(&number));
                }
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert!(set.clone().iter().eq(model.iter().copied()));
        }
    }
}
