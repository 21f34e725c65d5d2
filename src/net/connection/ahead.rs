//! Requests of a pipeline, parsed some at a time before the first of them runs.

use std::cell::Cell;
use std::ops::Range;

use crate::client::Session;
use crate::dispatch::{AHEAD_MAX, Behind, Executor, Foreseen};
use crate::resp::{Args, Limits, Parsed, Parser};

/// Memory that a parser keeps for the next requests, in bytes.
const KEPT_BYTES: usize = 1024;

/// Parsed requests, in order. One for all connections of a worker: empty between turns.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    parsers: [Parser; AHEAD_MAX],
    /// Where each request ends, from the start of the first.
    ends: [usize; AHEAD_MAX],
    foreseen: Vec<Option<Foreseen>>,
    count: usize,
    /// How many are taken.
    taken: Cell<usize>,
}

/// The requests behind the one taken last, with the bytes that they were parsed from.
pub(super) struct Rest<'r> {
    ahead: &'r Ahead,
    bytes: &'r [u8],
}

impl<'r> Behind<'r> for Rest<'r> {
    #[inline]
    fn peek(&self, skipped: usize) -> Option<(Args<'r>, Foreseen)> {
        let Rest { ahead, bytes } = *self;
        let number = ahead.taken.get() + skipped;
        let foreseen = ahead.foreseen(number)?;
        Some((ahead.request(number, bytes), foreseen))
    }

    #[inline]
    fn take(&self) {
        let Rest { ahead, .. } = *self;
        ahead.taken.set(ahead.taken.get() + 1);
    }
}

impl Ahead {
    /// Forgets what is parsed.
    pub(super) fn clear(&mut self) {
        (self.count, *self.taken.get_mut()) = (0, 0);
        self.foreseen.clear();
    }

    /// Parses what `bytes` begins with, as far as requests are complete. What is not, or is at fault, is left to the
    /// connection's own parser.
    pub(super) fn fill(&mut self, bytes: &[u8], limits: &Limits) {
        self.clear();
        let mut at = 0;
        while self.count < AHEAD_MAX && at < bytes.len() {
            let parser = &mut self.parsers[self.count];
            let Ok(Parsed::Request { consumed }) = parser.parse(&bytes[at..], limits) else {
                parser.reset();
                return;
            };
            at += consumed;
            self.ends[self.count] = at;
            self.count += 1;
        }
    }

    /// Lets the executor look at the requests that are parsed. `bytes` are those of [`Ahead::fill`].
    pub(super) fn look(&mut self, executor: &mut Executor, session: &Session, bytes: &[u8]) {
        let mut foreseen = std::mem::take(&mut self.foreseen);
        executor.look_ahead(session, self.requests(bytes), &mut foreseen);
        self.foreseen = foreseen;
    }

    /// What the executor has found out about a request.
    #[inline]
    fn foreseen(&self, number: usize) -> Option<Foreseen> {
        self.foreseen.get(number).copied().flatten()
    }

    /// The requests that are parsed. `bytes` are those of [`Ahead::fill`].
    fn requests<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Args<'a>> {
        (0..self.count).map(|number| self.request(number, bytes))
    }

    #[inline]
    fn request<'a>(&'a self, number: usize, bytes: &'a [u8]) -> Args<'a> {
        self.parsers[number].request(&bytes[self.start(number)..])
    }

    /// Where a request starts.
    #[inline]
    fn start(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// Takes the next request; what is known about it, and those behind it. `bytes` are those of [`Ahead::fill`].
    #[inline]
    pub(super) fn take<'a>(&'a self, bytes: &'a [u8]) -> Option<(Args<'a>, Option<Foreseen>, Rest<'a>)> {
        let number = self.taken.get();
        if number == self.count {
            return None;
        }
        self.taken.set(number + 1);
        Some((self.request(number, bytes), self.foreseen(number), Rest { ahead: self, bytes }))
    }

    /// Where the request taken last lies in the bytes.
    #[inline]
    pub(super) fn place(&self) -> Range<usize> {
        let taken = self.taken.get();
        self.start(taken.saturating_sub(1))..self.start(taken)
    }

    /// The parser that shows the request taken last.
    pub(super) fn parser(&mut self) -> &mut Parser {
        &mut self.parsers[self.taken.get() - 1]
    }

    /// Whether nothing is parsed.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether all that was parsed has been taken.
    #[inline]
    pub(super) fn is_used_up(&self) -> bool {
        self.taken.get() == self.count
    }

    /// Gives back memory that long requests have taken.
    pub(super) fn shrink(&mut self) {
        for parser in self.parsers.iter_mut().filter(|parser| parser.memory_bytes() > KEPT_BYTES) {
            parser.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Requests as they go over the wire, with faults among them.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let request = prop_oneof![
            4 => proptest::collection::vec("[a-z]{0,5}", 1..4).prop_map(|args| {
                let bulks = args.iter().map(|arg| format!("${}\r\n{arg}\r\n", arg.len()));
                format!("*{}\r\n{}", args.len(), bulks.collect::<String>())
            }),
            1 => Just("PING inline\r\n".to_owned()),
            1 => Just("\r\n".to_owned()),
            1 => Just("*1\r\n$x\r\n".to_owned()),
        ];
        proptest::collection::vec(request, 0..40).prop_map(|requests| requests.concat().into_bytes())
    }

    proptest! {
        /// Wherever the bytes are cut, the requests ahead are those that a parser finds one by one, without a gap.
        #[test]
        fn requests_are_those_of_one_parser(bytes in stream(), cut in any::<prop::sample::Index>()) {
            let bytes = &bytes[..cut.index(bytes.len() + 1)];
            let limits = Limits::default();
            let mut ahead = Ahead::default();
            ahead.fill(bytes, &limits);
            let shown: Vec<Vec<Vec<u8>>> =
                ahead.requests(bytes).map(|argv| argv.iter().map(<[u8]>::to_vec).collect()).collect();
            prop_assert!(shown.len() <= AHEAD_MAX);

            let (mut at, mut single) = (0, Parser::default());
            for expected in &shown {
                let parsed = single.parse(&bytes[at..], &limits);
                let Ok(Parsed::Request { consumed }) = parsed else { panic!("{parsed:?}") };
                prop_assert!(single.request(&bytes[at..]).iter().eq(expected.iter().map(|arg| &arg[..])));
                let Some((argv, ..)) = ahead.take(bytes) else { panic!("as many are taken as are shown") };
                prop_assert!(argv.iter().eq(expected.iter().map(|arg| &arg[..])));
                prop_assert_eq!(ahead.place(), at..at + consumed);
                at += consumed;
            }
            prop_assert!(ahead.take(bytes).is_none());
            if shown.len() < AHEAD_MAX && at < bytes.len() {
                let next = single.parse(&bytes[at..], &limits);
                prop_assert!(!matches!(next, Ok(Parsed::Request { .. })), "it stops at what is no request");
            }
        }
    }
}
