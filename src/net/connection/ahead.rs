//! Requests of a pipeline, parsed some at a time before the first of them runs.

use crate::client::Session;
use crate::dispatch::{AHEAD_MAX, Executor, Foreseen};
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
    next: usize,
    /// End of the request taken last.
    taken: usize,
}

impl Ahead {
    /// Forgets what is parsed.
    pub(super) fn clear(&mut self) {
        (self.count, self.next, self.taken) = (0, 0, 0);
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
    pub(super) fn foreseen(&self, number: usize) -> Option<Foreseen> {
        self.foreseen.get(number).copied().flatten()
    }

    /// The requests that are parsed. `bytes` are those of [`Ahead::fill`].
    fn requests<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Args<'a>> {
        let starts = [0].into_iter().chain(self.ends);
        self.parsers[..self.count].iter().zip(starts).map(|(parser, start)| parser.request(&bytes[start..]))
    }

    /// The next request: the number of the parser that shows it, and its length.
    pub(super) fn take(&mut self) -> Option<(usize, usize)> {
        if self.next == self.count {
            return None;
        }
        let (number, start) = (self.next, self.taken);
        self.next += 1;
        self.taken = self.ends[number];
        Some((number, self.taken - start))
    }

    /// The parser that shows a request.
    pub(super) fn parser(&mut self, number: usize) -> &mut Parser {
        &mut self.parsers[number]
    }

    /// Whether all that was parsed has been taken.
    pub(super) fn is_used_up(&self) -> bool {
        self.count > 0 && self.next == self.count
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
                let Some((number, len)) = ahead.take() else { panic!("as many are taken as are shown") };
                prop_assert!(ahead.parser(number).request(&bytes[at..]).iter().eq(expected.iter().map(|arg| &arg[..])));
                prop_assert_eq!(len, consumed);
                at += consumed;
            }
            prop_assert!(ahead.take().is_none());
            if shown.len() < AHEAD_MAX && at < bytes.len() {
                let next = single.parse(&bytes[at..], &limits);
                prop_assert!(!matches!(next, Ok(Parsed::Request { .. })), "it stops at what is no request");
            }
        }
    }
}
