//! Rows that contradict themselves do not compile.
//!
//! What needs the whole table at once (names that occur twice, order, wording) is held by tests/commands/table.rs.

use super::GROUPS;
use super::spec::{BeginSearch, Command, FindKeys, Flags, Group, KeyFlags, KeySpec, Run};

const _: () = verify(GROUPS);

/// Walks every row, and stops the build at the first bad one.
const fn verify(groups: &[Group]) {
    let mut i = 0;
    while i < groups.len() {
        rows(groups[i].commands, 1);
        i += 1;
    }
}

/// `words` is the number of words that name each of the rows.
const fn rows(rows: &[Command], words: i32) {
    let mut i = 0;
    while i < rows.len() {
        if let Some(fault) = fault(&rows[i], words) {
            stop(rows[i].name, fault);
        }
        self::rows(rows[i].subcommands, words + 1);
        i += 1;
    }
}

const fn fault(row: &Command, words: i32) -> Option<&'static str> {
    let fewest = (row.arity as i32).abs();
    if row.name.is_empty() {
        return Some("has no name");
    }
    if row.arity == 0 || fewest < words {
        return Some("has an arity that does not count its own name");
    }
    if row.flags.contains(Flags::WRITE) && row.flags.contains(Flags::READONLY) {
        return Some("writes and only reads");
    }
    if row.secret.is_some() && !row.flags.contains(Flags::SENSITIVE) {
        return Some("names secrets but is not sensitive");
    }
    if words == 2 && !row.subcommands.is_empty() {
        return Some("is a subcommand with subcommands");
    }
    match row.run {
        Run::Container if row.subcommands.is_empty() => return Some("is a container without subcommands"),
        Run::Keys(_) | Run::KeysOrGlobal(..) if row.keys.is_empty() => {
            return Some("wants its keys locked but declares none");
        }
        _ => {}
    }
    let mut i = 0;
    while i < row.keys.len() {
        if let Some(fault) = key_fault(row, &row.keys[i], words) {
            return Some(fault);
        }
        let mut j = 0;
        while j < i {
            if overlap(&row.keys[j], &row.keys[i]) || overlap(&row.keys[i], &row.keys[j]) {
                return Some("has two key specs for the same argument");
            }
            j += 1;
        }
        i += 1;
    }
    None
}

const fn key_fault(row: &Command, spec: &KeySpec, words: i32) -> Option<&'static str> {
    let is_unknown = matches!(spec.begin, BeginSearch::Unknown) || matches!(spec.find, FindKeys::Unknown);
    if is_unknown && row.keys_fn.is_none() {
        return Some("has a key spec that finds nothing, and no function in its place");
    }
    if spec.flags.contains(KeyFlags::VARIABLE_FLAGS) && row.keys_fn.is_none() {
        return Some("has key flags that vary, and no function that tells them");
    }
    if let FindKeys::Range { step, .. } | FindKeys::KeyNum { step, .. } = spec.find
        && step < 1
    {
        return Some("has keys that do not advance");
    }
    let BeginSearch::Index(begin) = spec.begin else { return None };
    if begin < words || begin > u8::MAX as i32 {
        return Some("has a key that is part of its name, or far away");
    }
    // The last argument that has to be there. Optional keys are marked as incomplete, or all that follows other keys
    // (PFMERGE); channels may be left out.
    let last = match spec.find {
        FindKeys::Range { last, .. } if last > 0 => begin + last,
        FindKeys::KeyNum { at, .. } => begin + at,
        _ => begin,
    };
    let is_rest = matches!(spec.find, FindKeys::Range { last: -1, .. }) && row.keys.len() > 1;
    let is_optional = spec.flags.contains(KeyFlags::INCOMPLETE) || spec.flags.contains(KeyFlags::NOT_KEY) || is_rest;
    if last >= (row.arity as i32).abs() && !is_optional {
        return Some("has keys beyond its arity");
    }
    None
}

/// Whether the first key of `b` is also one of `a`. Only positions that do not depend on the call are looked at.
const fn overlap(a: &KeySpec, b: &KeySpec) -> bool {
    let (BeginSearch::Index(from), BeginSearch::Index(at)) = (a.begin, b.begin) else { return false };
    let at = match b.find {
        FindKeys::KeyNum { first, .. } => at + first,
        _ => at,
    };
    match a.find {
        FindKeys::Range { last, step, .. } => {
            let ends_before = last >= 0 && at > from + last;
            at >= from && !ends_before && (at - from) % step == 0
        }
        FindKeys::KeyNum { first, step, .. } => at >= from + first && (at - from - first) % step == 0,
        FindKeys::Unknown => false,
    }
}

/// A panic can say only one text, so name and fault are put together by hand.
const fn stop(name: &str, fault: &str) -> ! {
    let mut text = [b' '; 128];
    let name = name.as_bytes();
    let fault = fault.as_bytes();
    let mut i = 0;
    while i < text.len() && i < name.len() + 1 + fault.len() {
        if i < name.len() {
            text[i] = name[i];
        } else if i > name.len() {
            text[i] = fault[i - name.len() - 1];
        }
        i += 1;
    }
    match str::from_utf8(&text) {
        Ok(text) => panic!("{}", text.trim_ascii_end()),
        Err(_) => panic!("a row's name is not ASCII"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Args, Cx, DONE, Outcome};
    use super::*;

    fn handler(_: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
        DONE
    }

    const RW: KeyFlags = KeyFlags::RW;
    const GOOD: Command = Command {
        name: "GOOD",
        arity: -4,
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1, RW), KeySpec::numkeys(2, RW)],
        run: Run::Keys(handler),
        ..Command::BASE
    };

    fn with(keys: &[KeySpec]) -> Command {
        Command { keys: Box::leak(keys.into()), ..GOOD }
    }

    #[track_caller]
    fn refuses(row: Command, words: i32, with: &str) {
        assert!(fault(&row, words).is_some_and(|fault| fault.contains(with)), "{:?}", fault(&row, words));
    }

    #[test]
    fn bad_rows_are_refused() {
        assert_eq!(fault(&GOOD, 1), None);
        refuses(Command { name: "", ..GOOD }, 1, "no name");
        refuses(Command { arity: 0, ..GOOD }, 1, "arity");
        refuses(Command { arity: -1, ..GOOD }, 2, "arity");
        refuses(Command { flags: Flags::WRITE.or(Flags::READONLY), ..GOOD }, 1, "only reads");
        refuses(Command { run: Run::Container, ..GOOD }, 1, "without subcommands");
        refuses(Command { keys: &[], ..GOOD }, 1, "declares none");
        refuses(Command { arity: 2, ..GOOD }, 1, "beyond its arity");
        refuses(Command { arity: -2, ..with(&[KeySpec::range(1, 1, 1, RW)]) }, 1, "beyond its arity");
        refuses(with(&[KeySpec::at(1, RW)]), 2, "part of its name");
        refuses(with(&[KeySpec::range(1, -1, 0, RW)]), 1, "advance");
        refuses(with(&[KeySpec::at(1, KeyFlags::VARIABLE_FLAGS)]), 1, "flags that vary");
        refuses(Command { subcommands: &[GOOD], ..GOOD }, 2, "subcommand with subcommands");
        refuses(with(&[KeySpec { begin: BeginSearch::Unknown, ..KeySpec::at(1, RW) }]), 1, "finds nothing");
    }

    #[test]
    fn key_specs_may_not_overlap() {
        let overlapping: [&[KeySpec]; 4] = [
            &[KeySpec::at(1, RW), KeySpec::at(1, RW)],
            &[KeySpec::range(1, -1, 2, RW), KeySpec::at(3, RW)],
            &[KeySpec::at(3, RW), KeySpec::range(2, 1, 1, RW)],
            &[KeySpec::numkeys(1, RW), KeySpec::at(2, RW)],
        ];
        for keys in overlapping {
            refuses(with(keys), 1, "same argument");
        }
        let apart: [&[KeySpec]; 3] = [
            &[KeySpec::at(1, RW), KeySpec::range(2, -1, 1, RW)],
            &[KeySpec::range(1, -1, 2, RW), KeySpec::at(2, RW)],
            &[KeySpec::numkeys(2, RW), KeySpec::at(1, RW)],
        ];
        for keys in apart {
            assert_eq!(fault(&with(keys), 1), None);
        }
    }

    #[test]
    #[should_panic(expected = "SET writes and only reads")]
    fn the_build_says_which_row() {
        stop("SET", "writes and only reads");
    }
}
