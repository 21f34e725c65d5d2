//! Several members at random.

use ahash::AHashSet;

use super::{Form, Member, Set};
use crate::util::rng::Rng;

/// Members are drawn one by one up to one in so many; above, all are looked at.
const SPARSE: usize = 3;

impl Set {
    /// Shows `count` different members to `visit` (all, if there are no more), every choice of them equally likely. The
    /// order in which they come means nothing.
    pub fn sample<'a>(&'a self, count: usize, rng: &mut Rng, mut visit: impl FnMut(Member<'a>)) {
        let len = self.len();
        if count >= len {
            return self.iter().for_each(visit);
        }
        if let Form::Table(members) = &self.0
            && count <= len / SPARSE
        {
            // A text stays where it is while the set is borrowed.
            let mut seen = AHashSet::with_capacity(count);
            while seen.len() < count {
                let text = members.table.random(rng).expect("a set with more members than are wanted is not empty");
                if seen.insert(std::ptr::from_ref(text)) {
                    visit(Member::Bytes(text));
                }
            }
            return;
        }
        // Each is taken with the chance that the ones still wanted have among those still left.
        let (mut wanted, mut left) = (count, len);
        for member in self.iter() {
            if rng.index(left) < wanted {
                visit(member);
                wanted -= 1;
            }
            left -= 1;
        }
    }
}
