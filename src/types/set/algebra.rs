//! Intersection, union and difference of several sets. Members are shown as they lie in their sets: nothing is copied.

use std::ops::ControlFlow;

use super::{Member, Set};
use crate::types::table::{self, Table};

/// Shows the members that all of `sets` have to `visit`, until it breaks. A missing set is an empty one.
pub fn intersection<'a>(sets: &[Option<&'a Set>], mut visit: impl FnMut(Member<'a>) -> ControlFlow<()>) {
    let Some(mut sets) = sets.iter().copied().collect::<Option<Vec<&Set>>>() else { return };
    sets.sort_by_key(|set| set.len());
    let [smallest, others @ ..] = sets.as_slice() else { return };
    for (member, hash) in smallest.iter_hashed() {
        if others.iter().all(|other| other.has(member, hash)) && visit(member).is_break() {
            return;
        }
    }
}

/// Shows the members that any of `sets` has to `visit`, each once.
pub fn union<'a>(sets: &[Option<&'a Set>], mut visit: impl FnMut(Member<'a>)) {
    let mut sets: Vec<&Set> = sets.iter().copied().flatten().collect();
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let [largest, others @ ..] = sets.as_slice() else { return };
    largest.iter().for_each(&mut visit);
    // With two sets, the members of the second can only have been shown with the first.
    let mut shown = (others.len() > 1).then(Crowd::default);
    for set in others {
        set.iter_hashed().for_each(|(member, hash)| {
            if !largest.has(member, hash) && shown.as_mut().is_none_or(|shown| shown.insert(member)) {
                visit(member);
            }
        });
    }
}

/// Shows the members that the first of `sets` has, and none of the others, to `visit`.
///
/// Two ways: look each member of the first set up in the others, or cross the members of the others out. Which one costs
/// less is judged as Redis does.
pub fn difference<'a>(sets: &[Option<&'a Set>], mut visit: impl FnMut(Member<'a>)) {
    let Some((Some(first), others)) = sets.split_first() else { return };
    let mut others: Vec<&Set> = others.iter().copied().flatten().collect();
    if others.iter().any(|other| std::ptr::eq(*other, *first)) {
        return;
    }
    if !crosses_out(sets) {
        // The largest are the most likely to have a member.
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        let unshared =
            first.iter_hashed().filter(|&(member, hash)| !others.iter().any(|other| other.has(member, hash)));
        return unshared.for_each(|(member, _)| visit(member));
    }
    let mut left = Crowd::default();
    first.iter().for_each(|member| {
        left.insert(member);
    });
    for other in others {
        if left.0.is_empty() {
            return;
        }
        other.iter().for_each(|member| left.remove(member));
    }
    left.0.iter().for_each(|&member| visit(member));
}

/// Whether [`difference`] crosses out.
fn crosses_out(sets: &[Option<&Set>]) -> bool {
    let first = sets.first().copied().flatten().map_or(0, Set::len);
    let (mut looking_up, mut crossing_out) = (0, 0);
    for set in sets.iter().flatten() {
        looking_up += first;
        crossing_out += set.len();
    }
    // Looking up may stop early, so it counts half.
    looking_up / 2 > crossing_out
}

/// About how many members [`difference`] looks at.
#[must_use]
pub fn difference_cost(sets: &[Option<&Set>]) -> usize {
    if crosses_out(sets) {
        sets.iter().flatten().map(|set| set.len()).sum()
    } else {
        sets.first().copied().flatten().map_or(0, Set::len) * sets.len()
    }
}

/// Members of several sets, each once.
#[derive(Debug, Default)]
struct Crowd<'a>(Table<Member<'a>>);

impl<'a> Crowd<'a> {
    /// False if it is there.
    fn insert(&mut self, member: Member<'a>) -> bool {
        let mut buffer = itoa::Buffer::new();
        let text = member.text(&mut buffer);
        self.0.insert_if_absent(table::hash(text), |other| other.eq_bytes(text), || member)
    }

    fn remove(&mut self, member: Member<'_>) {
        let mut buffer = itoa::Buffer::new();
        let text = member.text(&mut buffer);
        self.0.remove(table::hash(text), |other| other.eq_bytes(text));
    }
}
