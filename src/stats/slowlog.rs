//! The slow log and its two siblings: the latest commands that took long, or whose request or reply was large.
//!
//! Entries are cut short when they are made, so a log's memory is bounded by its length: 32 arguments of 128 bytes each,
//! as in Redis. Each log has its own lock; only commands beyond a threshold take it.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::util::sync::lock;

/// Arguments that an entry keeps; of a longer request the last kept one says how many are missing.
const ARGS_MAX: usize = 32;
/// Bytes that an entry keeps of an argument.
const ARG_BYTES_MAX: usize = 128;

/// One logged command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts the entries of its log since the start of the server.
    pub id: u64,
    /// Unix time at its end, seconds.
    pub at_s: u64,
    /// What made it notable: microseconds in the handler, or bytes.
    pub value: u64,
    /// Shortened arguments, the command name first.
    pub args: Vec<Box<[u8]>>,
    /// The client's address.
    pub peer: String,
    /// The client's name.
    pub name: Box<[u8]>,
}

impl Entry {
    /// An entry for [`CommandLog::push`], which numbers it. Secret arguments are replaced by the caller.
    #[must_use]
    pub fn new<'a>(
        at_s: u64,
        value: u64,
        args: impl ExactSizeIterator<Item = &'a [u8]>,
        peer: String,
        name: &[u8],
    ) -> Entry {
        Entry { id: 0, at_s, value, args: shorten(args), peer, name: name.into() }
    }
}

fn shorten<'a>(args: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<Box<[u8]>> {
    let count = args.len();
    let kept = if count > ARGS_MAX { ARGS_MAX - 1 } else { count };
    let mut short: Vec<Box<[u8]>> = args
        .take(kept)
        .map(|arg| match arg.get(ARG_BYTES_MAX..) {
            None | Some([]) => arg.into(),
            Some(rest) => {
                let more = format!("... ({} more bytes)", rest.len());
                [&arg[..ARG_BYTES_MAX], more.as_bytes()].concat().into_boxed_slice()
            }
        })
        .collect();
    if kept < count {
        short.push(format!("... ({} more arguments)", count - kept).into_bytes().into_boxed_slice());
    }
    short
}

/// The latest notable commands of one kind. Locking: one lock, held to add or to copy entries.
#[derive(Debug, Default)]
pub struct CommandLog {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The latest first.
    entries: VecDeque<Entry>,
    next_id: u64,
}

impl CommandLog {
    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut lock(&self.inner))
    }

    /// Adds an entry under the next id; the oldest ones go until no more than `max` are left.
    pub fn push(&self, entry: Entry, max: usize) {
        self.with(|log| {
            log.entries.push_front(Entry { id: log.next_id, ..entry });
            log.next_id += 1;
            log.entries.truncate(max);
        });
    }

    /// Forgets the oldest entries until no more than `max` are left.
    pub fn trim(&self, max: usize) {
        self.with(|log| log.entries.truncate(max));
    }

    /// Forgets all entries; the ids go on.
    pub fn clear(&self) {
        self.with(|log| log.entries = VecDeque::new());
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|log| log.entries.len())
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The latest `count` entries, the latest first.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<Entry> {
        self.with(|log| log.entries.iter().take(count).cloned().collect())
    }
}

/// The three logs of COMMANDLOG.
#[derive(Debug, Default)]
pub struct CommandLogs {
    /// Long executions, which SLOWLOG shows too.
    pub slow: CommandLog,
    /// Large requests.
    pub large_request: CommandLog,
    /// Large replies.
    pub large_reply: CommandLog,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(args: &[&[u8]]) -> Entry {
        Entry::new(1, 2, args.iter().copied(), "peer".into(), b"name")
    }

    #[test]
    fn entries_are_numbered_and_the_oldest_go_first() {
        let log = CommandLog::default();
        for _ in 0..5 {
            log.push(entry(&[b"ping"]), 3);
        }
        let ids = |count| log.latest(count).iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(ids(2), [4, 3]);
        assert_eq!(ids(usize::MAX), [4, 3, 2]);
        log.trim(1);
        assert_eq!((log.len(), ids(9)), (1, vec![4]));
        log.clear();
        log.push(entry(&[b"ping"]), 3);
        assert_eq!(ids(9), [5]);
        log.push(entry(&[b"ping"]), 0);
        assert!(log.is_empty());
    }

    #[test]
    fn long_arguments_and_long_requests_are_cut() {
        let long = [b'x'; 130];
        let args = entry(&[b"set", &long[..128], &long]).args;
        assert_eq!(*args[1], long[..128]);
        assert_eq!(*args[2], [&long[..128], b"... (2 more bytes)"].concat());
        let many = |count: usize| entry(&vec![&b"a"[..]; count]).args;
        assert_eq!(many(32).len(), 32);
        assert_eq!(many(33).len(), 32);
        assert_eq!(*many(33)[31], *b"... (2 more arguments)");
    }
}
