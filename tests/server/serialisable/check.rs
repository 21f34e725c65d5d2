//! Looks for an order of a history's steps that explains every reply: the search of Wing and Gong, which tries each step
//! that may come next and remembers where it has been (Lowe, "Testing for linearizability").

use ahash::AHashSet;

use super::model::{Outcome, State, Step};

/// A step, what it answered, and when.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) step: Step,
    pub(super) outcome: Outcome,
    pub(super) called_at: u64,
    pub(super) returned_at: u64,
}

/// Whether there is such an order. `history` has the steps of each client in turn; the databases were empty before.
pub(super) fn is_serialisable(history: &[Vec<Done>]) -> bool {
    let start = (vec![0; history.len()], State::new());
    let mut seen = AHashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some((progress, state)) = open.pop() {
        let next = |client: usize| history[client].get(progress[client]);
        let clients = || (0..history.len()).filter_map(|client| Some((client, next(client)?)));
        // What was called after another step had returned comes behind it.
        let Some(first_return) = clients().map(|(_, done)| done.returned_at).min() else { return true };
        for (client, done) in clients().filter(|(_, done)| done.called_at < first_return) {
            let (mut progress, mut state) = (progress.clone(), state.clone());
            if done.step.apply(&mut state, &done.outcome) {
                progress[client] += 1;
                let reached = (progress, state);
                if seen.insert(reached.clone()) {
                    open.push(reached);
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serialisable::model::Sub;

    fn done(sub: Sub, reply: Option<u64>, called_at: u64, returned_at: u64) -> Done {
        Done { step: Step::All(vec![sub]), outcome: Outcome::All(vec![reply]), called_at, returned_at }
    }

    #[test]
    fn steps_at_the_same_time_may_come_in_any_order() {
        let write = done(Sub::Set(0, 7), Some(1), 0, 9);
        assert!(is_serialisable(&[vec![write], vec![done(Sub::Get(0), None, 1, 2), done(Sub::Get(0), Some(7), 3, 4)]]));
    }

    #[test]
    fn a_value_once_seen_does_not_go_back() {
        let write = done(Sub::Set(0, 7), Some(1), 0, 9);
        assert!(!is_serialisable(&[
            vec![write],
            vec![done(Sub::Get(0), Some(7), 1, 2), done(Sub::Get(0), None, 3, 4)]
        ]));
    }

    #[test]
    fn what_has_returned_is_seen() {
        let write = done(Sub::Set(0, 7), Some(1), 0, 1);
        assert!(!is_serialisable(&[vec![write], vec![done(Sub::Get(0), None, 2, 3)]]));
    }

    #[test]
    fn a_swap_over_a_changed_key_is_found_out() {
        let swap = Step::Swap { watched: 0, seen: None, new: 8, other: 1 };
        let swap = Done { step: swap, outcome: Outcome::All(vec![None, Some(1)]), called_at: 2, returned_at: 3 };
        assert!(!is_serialisable(&[vec![done(Sub::Set(0, 7), Some(1), 0, 1)], vec![swap]]));
    }
}
