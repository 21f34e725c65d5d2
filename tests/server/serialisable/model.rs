//! What the steps of a history do, one after the other.

use std::collections::BTreeMap;

use super::name;

/// Keys and their values.
pub(super) type State = BTreeMap<u64, u64>;

/// A command of one or two keys.
#[derive(Debug, Clone)]
pub(super) enum Sub {
    Get(u64),
    Set(u64, u64),
    Del(u64),
    Rename(u64, u64),
}

/// What a client does at once.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A command, or several as a transaction.
    All(Vec<Sub>),
    SetMany(Vec<(u64, u64)>),
    GetMany(Vec<u64>),
    /// A transaction that sets a watched key and reads another, unless the watched one has changed since it was seen.
    Swap {
        watched: u64,
        seen: Option<u64>,
        new: u64,
        other: u64,
    },
}

/// What the client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The reply of each command.
    All(Vec<Option<u64>>),
    /// The transaction did not run.
    Nothing,
}

impl Step {
    /// The commands as lines.
    pub(super) fn commands(&self) -> Vec<String> {
        match self {
            Step::All(subs) => subs.iter().map(Sub::line).collect(),
            Step::SetMany(pairs) => {
                vec![
                    pairs.iter().fold("MSET".to_owned(), |line, (key, value)| format!("{line} {} {value}", name(*key))),
                ]
            }
            Step::GetMany(keys) => {
                vec![keys.iter().fold("MGET".to_owned(), |line, key| format!("{line} {}", name(*key)))]
            }
            Step::Swap { watched, new, other, .. } => vec![Sub::Get(*other).line(), Sub::Set(*watched, *new).line()],
        }
    }

    /// Does the step if `outcome` is what it answers in this state.
    pub(super) fn apply(&self, state: &mut State, outcome: &Outcome) -> bool {
        let replies = match outcome {
            Outcome::All(replies) => replies,
            Outcome::Nothing => return matches!(self, Step::Swap { .. }),
        };
        let right = match self {
            Step::All(subs) => subs.iter().map(|sub| sub.apply(state)).collect(),
            Step::SetMany(pairs) => {
                state.extend(pairs.iter().copied());
                vec![Some(1)]
            }
            Step::GetMany(keys) => keys.iter().map(|key| state.get(key).copied()).collect(),
            Step::Swap { watched, seen, new, other } => {
                if state.get(watched) != seen.as_ref() {
                    return false;
                }
                vec![Sub::Get(*other).apply(state), Sub::Set(*watched, *new).apply(state)]
            }
        };
        right == *replies
    }
}

impl Sub {
    fn line(&self) -> String {
        match self {
            Sub::Get(key) => format!("GET {}", name(*key)),
            Sub::Set(key, value) => format!("SET {} {value}", name(*key)),
            Sub::Del(key) => format!("DEL {}", name(*key)),
            Sub::Rename(from, to) => format!("RENAME {} {}", name(*from), name(*to)),
        }
    }

    fn apply(&self, state: &mut State) -> Option<u64> {
        match *self {
            Sub::Get(key) => state.get(&key).copied(),
            Sub::Set(key, value) => {
                state.insert(key, value);
                Some(1)
            }
            Sub::Del(key) => Some(u64::from(state.remove(&key).is_some())),
            Sub::Rename(from, to) => {
                let value = state.remove(&from)?;
                state.insert(to, value);
                Some(1)
            }
        }
    }
}
