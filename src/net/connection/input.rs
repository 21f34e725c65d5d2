//! From bytes to executed requests: what is left between two reads, and how the rest of the buffer is run.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use super::ahead::Ahead;
use super::{Connection, Turn};
use crate::client::SessionFlags;
use crate::config::ClientClass;
use crate::dispatch::{Executor, Step, Wait};
use crate::net::worker::{Shared, with_shared};
use crate::resp::{BigBulk, Limits, OwnedArgs, Parsed, Parser, Protocol, Reply};

/// Requests are run at once as long as no more reply bytes than this wait to be written.
const REPLY_BATCH: usize = 1 << 20;
/// Bytes that a client may send ahead while its request waits; the rest stays in the socket.
const WAITING_BYTES_MAX: usize = 1 << 20;
/// Memory that a parser keeps for the next request, in bytes.
const PARSER_KEPT: usize = 256;
/// Unused memory that the bytes left may keep.
const LEFT_SLACK: usize = 64 * 1024;

/// Unfinished requests of one connection. Holds no heap memory while nothing is left.
#[derive(Debug, Default)]
pub(super) struct Input {
    parser: Parser,
    /// Bytes read and not yet run: an unfinished request, or requests behind one that waits.
    left: Vec<u8>,
    /// A large bulk being read into memory of its own.
    big: Option<BigBulk>,
    /// Length in `left` of a request that waits to be run: the parser still shows it.
    waiting: Option<usize>,
}

impl Input {
    /// Takes the request that waits, and its length in the bytes left.
    pub(super) fn take_waiting(&mut self) -> Option<(OwnedArgs, usize)> {
        let len = self.waiting.take()?;
        Some((self.parser.request(&self.left).to_owned(), len))
    }

    /// The request at the head of what is left goes on waiting.
    pub(super) fn set_waiting(&mut self, len: usize) {
        self.waiting = Some(len);
    }

    /// Drops a request that was run, from the head of what is left.
    pub(super) fn skip(&mut self, len: usize) {
        self.left.drain(..len);
    }

    /// Bytes held of requests not yet run.
    pub(super) fn held_bytes(&self) -> usize {
        self.left.len() + self.big.as_ref().map_or(0, BigBulk::memory_bytes)
    }
}

/// What the bytes begin with.
enum Next {
    /// A request of that length.
    Request(usize),
    /// Nothing to run, of that length.
    Empty(usize),
    /// Nothing that can be run now; the first `used` bytes are to be kept.
    End { turn: Turn, used: usize },
}

/// What became of the bytes that were looked at.
struct Ran {
    turn: Turn,
    /// Those not done with: the only ones to be kept.
    keep: Range<usize>,
}

impl Connection {
    /// Reads once and runs what has come; `None` at the end of the stream.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Turn>>> {
        with_shared(|shared| {
            let count = match &mut self.input.big {
                Some(big) => loop {
                    ready!(self.stream.poll_readable(cx))?;
                    match self.stream.try_read_buf(&mut big.space()) {
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        done => break done?,
                    }
                },
                None => ready!(self.stream.poll_read(cx, &mut shared.read_buffer))?,
            };
            if count == 0 {
                return Poll::Ready(Ok(None));
            }
            self.count_read(&shared.executor, count);
            self.lend_output(shared);
            let turn = self.run_read(shared, count);
            self.publish();
            Poll::Ready(Ok(Some(turn)))
        })
    }

    /// Reads once, for later; false at the end of the stream.
    pub(super) fn poll_keep(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.input.left.len() >= WAITING_BYTES_MAX {
            return Poll::Pending;
        }
        with_shared(|shared| {
            let Ok(count @ 1..) = ready!(self.stream.poll_read(cx, &mut shared.read_buffer)) else {
                return Poll::Ready(false);
            };
            self.count_read(&shared.executor, count);
            self.input.left.extend_from_slice(&shared.read_buffer[..count]);
            self.publish();
            Poll::Ready(true)
        })
    }

    /// Runs the requests that the last read completed.
    fn run_read(&mut self, shared: &mut Shared, count: usize) -> Turn {
        if let Some(big) = self.input.big.take_if(|big| big.missing() == 0) {
            self.input.parser.big_done(big.finish());
            self.run_left(shared)
        } else if self.input.big.is_some() {
            Turn::Drained
        } else if self.input.left.is_empty() {
            let Shared { executor, read_buffer, ahead, .. } = shared;
            let Ran { turn, keep } = self.run_requests(executor, ahead, &read_buffer[..count]);
            ahead.shrink();
            self.input.left.extend_from_slice(&read_buffer[keep]);
            turn
        } else {
            self.input.left.extend_from_slice(&shared.read_buffer[..count]);
            self.run_left(shared)
        }
    }

    /// Runs the requests in the bytes left.
    pub(super) fn run_left(&mut self, shared: &mut Shared) -> Turn {
        let mut bytes = std::mem::take(&mut self.input.left);
        let Ran { turn, keep } = self.run_requests(&mut shared.executor, &mut shared.ahead, &bytes);
        shared.ahead.shrink();
        if !keep.is_empty() {
            bytes.truncate(keep.end);
            bytes.drain(..keep.start);
            if bytes.capacity() > 2 * bytes.len() + LEFT_SLACK {
                bytes.shrink_to_fit();
            }
            self.input.left = bytes;
        }
        turn
    }

    /// Runs requests from the head of `bytes` on.
    fn run_requests(&mut self, executor: &mut Executor, ahead: &mut Ahead, bytes: &[u8]) -> Ran {
        let mut limits = self.limits();
        let batch = self.reply_batch();
        let mut at = 0;
        // Where the requests that are parsed ahead begin.
        let mut base = 0;
        ahead.clear();
        loop {
            let (session, output) = (&mut self.session, &mut self.output);
            let (step, place) = if let Some((argv, foreseen, rest)) = ahead.take(&bytes[base..]) {
                let step = executor.execute_foreseen(session, argv, foreseen, &rest, output);
                (step, ahead.place())
            } else {
                ahead.clear();
                base = at;
                let len = match self.parse_one(executor, &bytes[at..], &limits) {
                    Next::Request(len) => len,
                    Next::Empty(len) => {
                        at += len;
                        continue;
                    }
                    Next::End { turn, used } => return Ran { turn, keep: at..at + used },
                };
                let argv = self.input.parser.request(&bytes[at..]);
                (executor.execute(&mut self.session, argv, &mut self.output), 0..len)
            };
            let place = base + place.start..base + place.end;
            match step {
                Step::Next => {
                    at = place.end;
                    if self.output.pending() > batch {
                        return Ran { turn: Turn::More, keep: at..bytes.len() };
                    }
                    let are_out_of_date = limits.authenticated == self.server.auth_required(&self.session);
                    if are_out_of_date {
                        limits = self.limits();
                        ahead.clear();
                    }
                    if at < bytes.len() && ahead.is_used_up() {
                        base = at;
                        ahead.fill(&bytes[at..], &limits);
                        ahead.look(executor, &self.session, &bytes[at..]);
                    }
                }
                Step::Close => return Ran { turn: Turn::Close, keep: 0..0 },
                Step::Wait(wait @ Wait::Blocked(_)) => {
                    return Ran { turn: Turn::Wait(wait), keep: place.end..bytes.len() };
                }
                Step::Wait(wait) => {
                    if !ahead.is_empty() {
                        std::mem::swap(ahead.parser(), &mut self.input.parser);
                    }
                    self.input.waiting = Some(place.len());
                    return Ran { turn: Turn::Wait(wait), keep: place.start..bytes.len() };
                }
            }
        }
    }

    /// Parses one request with the connection's own parser, unless one waits.
    fn parse_one(&mut self, executor: &Executor, rest: &[u8], limits: &Limits) -> Next {
        if let Some(len) = self.input.waiting.take() {
            return Next::Request(len);
        }
        match self.input.parser.parse(rest, limits) {
            Ok(Parsed::Request { consumed }) => Next::Request(consumed),
            Ok(Parsed::Empty { consumed }) => Next::Empty(consumed),
            Ok(Parsed::Incomplete) => {
                let turn = self.check_query_limit(executor, rest.len());
                if rest.is_empty() && self.input.parser.memory_bytes() > PARSER_KEPT {
                    self.input.parser.reset();
                }
                Next::End { turn, used: rest.len() }
            }
            Ok(Parsed::Big { start, len }) => {
                let turn = self.check_query_limit(executor, start + len);
                self.input.big = Some(BigBulk::new(len, &rest[start..]));
                Next::End { turn, used: start }
            }
            Err(error) => {
                if !self.session.is(SessionFlags::SILENT) {
                    Reply::new(&mut self.output, Protocol::Resp2).error(error.text());
                }
                Next::End { turn: Turn::Close, used: 0 }
            }
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            max_bulk_len: self.server.config.proto_max_bulk_len() as u64,
            authenticated: !self.server.auth_required(&self.session),
            ..Limits::default()
        }
    }

    /// Reply bytes after which a turn ends: a client beyond its hard limit shall not be served on.
    fn reply_batch(&self) -> usize {
        match self.server.config.output_limit(ClientClass::Normal).hard_bytes {
            0 => REPLY_BATCH,
            hard => REPLY_BATCH.min(hard as usize),
        }
    }

    /// Cuts off a client whose unfinished request holds more than allowed.
    fn check_query_limit(&self, executor: &Executor, unfinished: usize) -> Turn {
        if unfinished + self.input.parser.memory_bytes() <= self.server.config.client_query_buffer_limit() {
            return Turn::Drained;
        }
        let client = &self.session.client;
        let stats = executor.stats();
        stats.add(&stats.counters.query_limit_disconnections, 1);
        tracing::warn!(
            client = client.id,
            commands = client.facts.commands.load(Relaxed),
            "Closing client that reached max query buffer length"
        );
        Turn::Close
    }
}
