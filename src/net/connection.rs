//! One client's connection: reads what has come, runs every request in it, writes once.
//!
//! The socket is read into the worker's buffer and requests run right there; only what is left of an unfinished request
//! moves into the connection, so that an idle connection holds no buffer. Replies are written after the other
//! connections that were ready have had their turn, all in one go.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use super::stream::Stream;
use super::worker::{Handover, Shared, with_shared};
use crate::client::{Session, SessionFlags, signal};
use crate::config::ClientClass;
use crate::dispatch::{Executor, Step, Wait};
use crate::resp::{BigBulk, Limits, Output, Parsed, Parser, Protocol, Reply};
use crate::state::Server;
use crate::util::task;

/// Slices given to one vectored write.
const WRITE_SLICES: usize = 64;
/// Requests are run at once as long as no more reply bytes than this wait to be written.
const REPLY_BATCH: usize = 1 << 20;

/// Takes a connection over: its task runs on the current worker from now on.
pub(super) fn start(server: &Arc<Server>, handover: Handover) {
    let Handover { socket, client, needs_auth } = handover;
    let id = client.id;
    match socket.into_stream() {
        Ok(stream) => {
            let mut session = Session::new(client);
            session.set(SessionFlags::NEEDS_AUTH, needs_auth);
            task::spawn(run(Arc::clone(server), stream, session));
        }
        Err(error) => {
            tracing::warn!("cannot take a connection over: {error}");
            server.clients.disconnect(id);
        }
    }
}

async fn run(server: Arc<Server>, stream: Stream, session: Session) {
    let client = Arc::clone(&session.client);
    tracing::debug!(client = client.id, "Accepted {}", client.endpoint.peer());
    poll_fn(|cx| {
        client.set_waker(cx.waker());
        Poll::Ready(())
    })
    .await;
    let mut connection = Connection {
        server: Arc::clone(&server),
        stream,
        session,
        parser: Parser::default(),
        left: Vec::new(),
        big: None,
        pending: None,
        output: Output::default(),
        over_soft_limit_since_ms: 0,
    };
    if let Err(error) = connection.serve().await {
        tracing::debug!(client = client.id, "Closing client: {error}");
    }
    if connection.session.is(SessionFlags::MONITOR) {
        server.remove_monitor(client.id);
    }
    server.clients.disconnect(client.id);
}

/// A connection and its state between requests.
struct Connection {
    server: Arc<Server>,
    stream: Stream,
    session: Session,
    parser: Parser,
    /// Bytes read and not yet run: an unfinished request, or requests behind one that waits.
    left: Vec<u8>,
    /// A large bulk being read into memory of its own.
    big: Option<BigBulk>,
    /// Length in `left` of a request that waits to be run.
    pending: Option<usize>,
    output: Output,
    over_soft_limit_since_ms: u64,
}

/// What ended a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Everything that has come is run.
    Drained,
    /// Enough replies are waiting; more requests stand in `left`.
    Full,
    /// The request at the head of `left` waits.
    Wait(Wait),
    /// Nothing more is to be run.
    Close,
}

/// What woke the connection.
enum Event {
    Signal,
    Readable,
    Writable,
}

impl Connection {
    async fn serve(&mut self) -> io::Result<()> {
        loop {
            match self.next_event().await? {
                Event::Signal => {
                    if self.obey_signals() {
                        return Ok(());
                    }
                }
                Event::Writable => {}
                Event::Readable => {
                    let Some(mut turn) = self.read()? else { return Ok(()) };
                    loop {
                        match turn {
                            Turn::Drained => break,
                            Turn::Full => self.write()?,
                            Turn::Wait(wait) => {
                                self.write()?;
                                if self.wait(wait).await == Step::Close {
                                    return self.finish().await;
                                }
                            }
                            Turn::Close => return self.finish().await,
                        }
                        if self.obey_signals() {
                            return Ok(());
                        }
                        turn = self.run_left();
                    }
                    // Lets the other connections that are ready have their turn before the replies go out.
                    if !self.output.is_empty() {
                        tokio::task::yield_now().await;
                    }
                }
            }
            self.write()?;
            self.check_output_limit()?;
        }
    }

    /// Waits for a signal, for bytes, or for room to write where replies wait.
    async fn next_event(&mut self) -> io::Result<Event> {
        let (client, stream) = (&self.session.client, &self.stream);
        let writing = !self.output.is_empty();
        poll_fn(|cx| {
            if client.signals() != 0 {
                return Poll::Ready(Ok(Event::Signal));
            }
            if let Poll::Ready(ready) = stream.poll_readable(cx) {
                return Poll::Ready(ready.map(|()| Event::Readable));
            }
            if writing && let Poll::Ready(ready) = stream.poll_writable(cx) {
                return Poll::Ready(ready.map(|()| Event::Writable));
            }
            Poll::Pending
        })
        .await
    }

    /// Acts on raised signals; true when the connection is to end at once.
    fn obey_signals(&mut self) -> bool {
        let client = &self.session.client;
        if client.signals() == 0 {
            return false;
        }
        let signals = client.take_signals(u32::MAX);
        if signals & signal::MAIL != 0 {
            for message in client.take_mail() {
                self.output.push(&message);
            }
        }
        signals & signal::KILL != 0
    }

    /// Reads once and runs what has come; `None` at the end of the stream.
    fn read(&mut self) -> io::Result<Option<Turn>> {
        with_shared(|shared| {
            let count = match &mut self.big {
                Some(big) => self.stream.try_read_buf(&mut big.space()),
                None => self.stream.try_read(&mut shared.read_buffer),
            };
            let count = match count {
                Ok(0) => return Ok(None),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Some(Turn::Drained)),
                Err(error) => return Err(error),
            };
            let stats = shared.executor.stats();
            stats.add(&stats.counters.reads, 1);
            stats.add(&stats.counters.net_in, count as u64);
            let facts = &self.session.client.facts;
            facts.net_in.store(facts.net_in.load(Relaxed) + count as u64, Relaxed);
            facts.active_at_ms.store(self.server.clock.now_ms(), Relaxed);
            if !self.output_has_memory() {
                self.output = shared.take_output();
            }
            let turn = if let Some(big) = self.big.take_if(|big| big.missing() == 0) {
                self.parser.big_done(big.finish());
                self.run_kept(&mut shared.executor)
            } else if self.big.is_some() {
                Turn::Drained
            } else if self.left.is_empty() {
                let Shared { executor, read_buffer, .. } = shared;
                self.run_buffer(executor, &read_buffer[..count])
            } else {
                self.left.extend_from_slice(&shared.read_buffer[..count]);
                self.run_kept(&mut shared.executor)
            };
            self.publish();
            Ok(Some(turn))
        })
    }

    /// Goes on with what is left, after a wait or a write.
    fn run_left(&mut self) -> Turn {
        with_shared(|shared| {
            if !self.output_has_memory() {
                self.output = shared.take_output();
            }
            let turn = self.run_kept(&mut shared.executor);
            self.publish();
            turn
        })
    }

    fn run_kept(&mut self, executor: &mut Executor) -> Turn {
        let left = std::mem::take(&mut self.left);
        self.run_buffer_owned(executor, left)
    }

    /// As [`Connection::run_buffer`], with bytes that the connection owns already.
    fn run_buffer_owned(&mut self, executor: &mut Executor, mut bytes: Vec<u8>) -> Turn {
        let (turn, done) = self.run_requests(executor, &bytes);
        bytes.drain(..done);
        if !bytes.is_empty() {
            self.left = bytes;
        }
        turn
    }

    /// Runs the requests in `bytes`; what is not run is kept in `left`.
    fn run_buffer(&mut self, executor: &mut Executor, bytes: &[u8]) -> Turn {
        let (turn, done) = self.run_requests(executor, bytes);
        if done < bytes.len() {
            self.left.extend_from_slice(&bytes[done..]);
        }
        turn
    }

    /// Runs requests from the head of `bytes`; answers what ended it, and how many bytes are done with.
    fn run_requests(&mut self, executor: &mut Executor, bytes: &[u8]) -> (Turn, usize) {
        let mut limits = self.limits();
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let consumed = match self.pending.take() {
                Some(consumed) => consumed,
                None => match self.parser.parse(rest, &limits) {
                    Ok(Parsed::Request { consumed }) => consumed,
                    Ok(Parsed::Empty { consumed }) => {
                        at += consumed;
                        continue;
                    }
                    Ok(Parsed::Incomplete) => return (self.check_query_limit(executor, rest.len()), at),
                    Ok(Parsed::Big { start, len }) => {
                        let big = BigBulk::new(len, &rest[start..]);
                        self.left = rest[..start].to_vec();
                        self.big = Some(big);
                        return (Turn::Drained, bytes.len());
                    }
                    Err(error) => {
                        if !self.session.is(SessionFlags::SILENT) {
                            Reply::new(&mut self.output, Protocol::Resp2).error(error.text());
                        }
                        return (Turn::Close, bytes.len());
                    }
                },
            };
            match executor.execute(&mut self.session, self.parser.request(rest), &mut self.output) {
                Step::Next => {
                    at += consumed;
                    if self.output.pending() > REPLY_BATCH {
                        return (Turn::Full, at);
                    }
                    if limits.authenticated == self.session.is(SessionFlags::NEEDS_AUTH) {
                        limits = self.limits();
                    }
                }
                Step::Close => return (Turn::Close, bytes.len()),
                Step::Wait(wait) => {
                    self.pending = Some(consumed);
                    return (Turn::Wait(wait), at);
                }
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

    /// Cuts off a client whose unfinished request is larger than allowed.
    fn check_query_limit(&mut self, executor: &Executor, unfinished: usize) -> Turn {
        if unfinished + self.parser.memory_bytes() <= self.server.config.client_query_buffer_limit() {
            return Turn::Drained;
        }
        let stats = executor.stats();
        stats.add(&stats.counters.query_limit_disconnections, 1);
        tracing::warn!(client = self.session.client.id, "Closing client that reached max query buffer length");
        Turn::Close
    }

    /// Waits until the request at the head of `left` can be tried again, or runs it elsewhere.
    async fn wait(&mut self, wait: Wait) -> Step {
        match wait {
            Wait::Shards => {
                let server = Arc::clone(&self.server);
                let released = server.shards_released.notified();
                // A hold that ended between the try and here would be missed: the count tells.
                if server.long_running.load(Relaxed) > 0 {
                    self.until(released).await;
                }
            }
            Wait::Paused => {
                let server = Arc::clone(&self.server);
                let ended = server.pause.ended.notified();
                if server.is_paused() {
                    self.session.client.paused.store(true, Relaxed);
                    self.until(ended).await;
                    self.session.client.paused.store(false, Relaxed);
                }
            }
            Wait::Long => return self.run_long().await,
        }
        Step::Next
    }

    /// Waits for `event`, or for a signal to this client.
    async fn until(&mut self, event: impl Future<Output = ()>) {
        let client = &self.session.client;
        let mut event = std::pin::pin!(event);
        poll_fn(|cx| if client.signals() != 0 { Poll::Ready(()) } else { event.as_mut().poll(cx) }).await;
    }

    /// Runs the request at the head of `left` on a blocking thread.
    async fn run_long(&mut self) -> Step {
        let Some(consumed) = self.pending.take() else { return Step::Next };
        let argv = self.parser.request(&self.left).to_owned();
        let server = Arc::clone(&self.server);
        let stand_in = Session::new(Arc::clone(&self.session.client));
        let session = std::mem::replace(&mut self.session, stand_in);
        let mut output = std::mem::take(&mut self.output);
        let work = move || {
            let mut session = session;
            server.long_running.fetch_add(1, Relaxed);
            let mut executor = Executor::blocking(Arc::clone(&server));
            let step = executor.execute(&mut session, argv.view(), &mut output);
            server.long_running.fetch_sub(1, Relaxed);
            server.shards_released.notify_waiters();
            (session, output, step)
        };
        let Ok((session, output, step)) = tokio::task::spawn_blocking(work).await else {
            return Step::Close;
        };
        self.session = session;
        self.output = output;
        match step {
            Step::Wait(_) => self.pending = Some(consumed),
            Step::Next | Step::Close => drop(self.left.drain(..consumed)),
        }
        step
    }

    /// Writes as much as the socket takes.
    fn write(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let written = match self.output.as_slice() {
                Some(slice) => self.stream.try_write(slice),
                None => {
                    let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
                    let count = self.output.io_slices(&mut slices);
                    self.stream.try_write_vectored(&slices[..count])
                }
            };
            match written {
                Ok(count) => {
                    self.output.advance(count);
                    let facts = &self.session.client.facts;
                    facts.net_out.store(facts.net_out.load(Relaxed) + count as u64, Relaxed);
                    with_shared(|shared| {
                        let stats = shared.executor.stats();
                        stats.add(&stats.counters.writes, 1);
                        stats.add(&stats.counters.net_out, count as u64);
                    });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.session.client.facts.output_pending.store(self.output.pending(), Relaxed);
        if self.output.is_empty() && self.output_has_memory() {
            let output = std::mem::take(&mut self.output);
            with_shared(|shared| shared.give_output(output));
        }
        Ok(())
    }

    /// Sends what is written, then ends.
    async fn finish(&mut self) -> io::Result<()> {
        loop {
            self.write()?;
            if self.output.is_empty() {
                return Ok(());
            }
            poll_fn(|cx| {
                if self.session.client.signals() & signal::KILL != 0 {
                    return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
                }
                self.stream.poll_writable(cx)
            })
            .await?;
        }
    }

    fn output_has_memory(&self) -> bool {
        self.output.memory_bytes() > 0
    }

    /// Publishes what others may want to know.
    fn publish(&self) {
        let facts = &self.session.client.facts;
        facts.query_buffer.store(self.left.len(), Relaxed);
    }

    /// Cuts off a client that does not read.
    fn check_output_limit(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            self.over_soft_limit_since_ms = 0;
            return Ok(());
        }
        let class = if self.session.is(SessionFlags::MONITOR) { ClientClass::Replica } else { ClientClass::Normal };
        let limit = self.server.config.output_limit(class);
        let pending = self.output.memory_bytes() as u64;
        let over = |bytes: u64| bytes > 0 && pending >= bytes;
        let now_ms = self.server.clock.now_ms();
        if !over(limit.soft_bytes) {
            self.over_soft_limit_since_ms = 0;
        } else if self.over_soft_limit_since_ms == 0 {
            self.over_soft_limit_since_ms = now_ms;
        }
        let since_ms = self.over_soft_limit_since_ms;
        let too_long = since_ms > 0 && now_ms - since_ms > limit.soft_seconds * 1000;
        if !over(limit.hard_bytes) && !too_long {
            return Ok(());
        }
        with_shared(|shared| {
            let stats = shared.executor.stats();
            stats.add(&stats.counters.output_limit_disconnections, 1);
        });
        tracing::warn!(client = self.session.client.id, "Client closed for overcoming of output buffer limits.");
        Err(io::Error::other("output buffer limit"))
    }
}
