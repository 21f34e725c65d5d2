//! Finds a request's keys by its row's key specs.

use super::spec::{BeginSearch, Command, FindKeys, KeyFlags, KeySpec};
use crate::resp::Args as Argv;
use crate::util::number;

/// A key of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundKey {
    /// Position among the arguments, the command name being 0.
    pub position: u32,
    /// What the command does to it.
    pub flags: KeyFlags,
}

/// Finds keys where the specs cannot say where they are.
///
/// # Errors
/// When the arguments do not fit.
pub type KeysFn = fn(Argv<'_>, &mut Vec<FoundKey>) -> Result<(), BadArguments>;

/// The arguments do not fit the key specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadArguments;

/// Finds the keys of a request of `command`. `found` is cleared first; on an error it holds the keys of the specs that
/// fit. What else a spec names behind the last argument is left out: the handler finds that fault.
///
/// # Errors
/// When the first key would be behind the last argument, or a count of keys is none, zero, or too great.
pub fn find_keys(command: &Command, argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    found.clear();
    if let Some(keys_fn) = command.keys_fn {
        return keys_fn(argv, found);
    }
    let mut result = Ok(());
    for spec in command.keys {
        result = result.and(find_by_spec(spec, argv, found));
    }
    result
}

fn find_by_spec(spec: &KeySpec, argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    let argc = argv.len() as i64;
    let Some(first) = begin(spec.begin, argv) else {
        // A missing keyword is no error: its keys are optional.
        return if matches!(spec.begin, BeginSearch::Keyword { .. }) { Ok(()) } else { Err(BadArguments) };
    };
    let (first, last, step) = match spec.find {
        // An option's missing key is the handler's matter too.
        FindKeys::Range { .. } if first >= argc && matches!(spec.begin, BeginSearch::Index(_)) => {
            return Err(BadArguments);
        }
        FindKeys::Range { last, step, limit } => {
            let last = match last {
                0.. => first + i64::from(last),
                _ if limit <= 1 => argc + i64::from(last),
                _ => first + (argc - first) / i64::from(limit) + i64::from(last),
            };
            (first, last.min(argc - 1), i64::from(step))
        }
        FindKeys::KeyNum { at, first: offset, step } => {
            let at = first + i64::from(at);
            let count = argv.try_get(at as usize).and_then(number::parse_i64).ok_or(BadArguments)?;
            if count <= 0 || count > argc {
                return Err(BadArguments);
            }
            let first = first + i64::from(offset);
            let last = first + (count - 1) * i64::from(step);
            if last >= argc {
                return Err(BadArguments);
            }
            (first, last, i64::from(step))
        }
        FindKeys::Unknown => return Err(BadArguments),
    };
    let positions = (first..=last).step_by(step as usize);
    found.extend(positions.map(|position| FoundKey { position: position as u32, flags: spec.flags }));
    Ok(())
}

fn begin(begin: BeginSearch, argv: Argv<'_>) -> Option<i64> {
    match begin {
        BeginSearch::Index(index) => Some(i64::from(index)),
        BeginSearch::Unknown => None,
        BeginSearch::Keyword { word, start } => {
            let is_word = |i: &usize| argv.get(*i).eq_ignore_ascii_case(word.as_bytes());
            let position = if start >= 0 {
                (start as usize..argv.len()).find(is_word)
            } else {
                (1..=(argv.len() as i64 + i64::from(start)).max(0) as usize).rev().find(is_word)
            };
            position.map(|i| i as i64 + 1)
        }
    }
}

/// The position of the only key of a command whose specs name exactly one fixed argument; 0 where that is not so. A
/// `keys_fn` beside such a spec tells only what happens to the key.
#[must_use]
pub const fn single_key(command: &Command) -> u8 {
    if command.keys.len() != 1 || command.keys[0].flags.contains(KeyFlags::INCOMPLETE) {
        return 0;
    }
    match (command.keys[0].begin, command.keys[0].find) {
        (BeginSearch::Index(index), FindKeys::Range { last: 0, .. }) => index as u8,
        _ => 0,
    }
}

/// The position of the first key where it stands at a fixed place, if there is one at all; 0 where that is not so.
#[must_use]
pub const fn first_key(command: &Command) -> u8 {
    if command.keys.is_empty() {
        return 0;
    }
    match (command.keys[0].begin, command.keys[0].find) {
        (BeginSearch::Index(index), FindKeys::Range { .. }) => index as u8,
        (BeginSearch::Index(index), FindKeys::KeyNum { first, .. }) => index as u8 + first as u8,
        _ => 0,
    }
}

/// Whether clients must ask (COMMAND GETKEYS) where the keys of a request are, since [`legacy_range`] cannot tell.
#[must_use]
pub const fn is_movable(command: &Command) -> bool {
    let mut i = 0;
    while i < command.keys.len() {
        if !matches!(command.keys[i].begin, BeginSearch::Index(_))
            || !matches!(command.keys[i].find, FindKeys::Range { .. })
        {
            return true;
        }
        i += 1;
    }
    false
}

/// The keys as clients before Redis 7 knew them: first, last (negative: from the last argument) and step. Of several
/// specs, those that follow each other seamlessly count as one range; zeros where there is no fixed key.
#[must_use]
pub fn legacy_range(command: &Command) -> (i32, i32, i32) {
    let mut range = (0, 0, 0);
    for spec in command.keys {
        let (BeginSearch::Index(first), FindKeys::Range { last, step, .. }) = (spec.begin, spec.find) else { break };
        let last = if last >= 0 { first + last } else { last };
        if range.0 == 0 {
            range = (first, last, step);
        } else if first == range.1 + 1 && step == range.2 {
            range.1 = last;
        }
    }
    range
}
