//! One client's connection: reads what has come, runs every request in it, writes once.
//!
//! The socket is read into the worker's buffer and requests run right there; only what is left of an unfinished request
//! moves into the connection ([`input`]), so that an idle connection holds no buffer. Replies are written
//! ([`replies`]) after the other connections that were ready have had their turn, all in one go; long ones in batches,
//! between which the others have theirs.

mod ahead;
mod blocked;
mod input;
mod replies;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::stream::Stream;
use super::worker::{Handover, Registration, Shared, with_shared};
use crate::client::{Session, SessionFlags, signal};
use crate::dispatch::{Executor, Step, Wait, end_long, end_session};
use crate::resp::Output;
use crate::state::Server;
use crate::util::task;

pub(super) use ahead::Ahead;
use input::Input;

/// How often a request that waits for a long command looks how long that has taken.
const BUSY_LOOK: Duration = Duration::from_millis(100);
/// Published as the time of the last interaction while a command runs on a thread of its own: its client is not idle.
const BUSY: u64 = u64::MAX;

/// Takes a connection over: its task runs on the current worker from now on.
pub(super) fn start(handover: Handover) {
    let Handover { socket, registration, needs_auth } = handover;
    match socket.into_stream() {
        Ok(stream) => {
            let mut session = Session::new(Arc::clone(&registration.client));
            session.set(SessionFlags::NEEDS_AUTH, needs_auth);
            task::spawn(run(registration, stream, session));
        }
        Err(error) => tracing::warn!("cannot take a connection over: {error}"),
    }
}

async fn run(registration: Registration, stream: Stream, session: Session) {
    let client = Arc::clone(&registration.client);
    tracing::debug!(client = client.id, "Accepted {}", client.endpoint.peer());
    poll_fn(|cx| {
        client.set_waker(cx.waker());
        Poll::Ready(())
    })
    .await;
    let mut connection = Connection {
        server: Arc::clone(&registration.server),
        stream,
        session,
        input: Input::default(),
        output: Output::default(),
        soft_limit_ends: None,
        released: 0,
    };
    if let Err(error) = connection.serve().await {
        tracing::debug!(client = client.id, "Closing client: {error}");
    }
    let Connection { server, mut session, .. } = connection;
    if end_session(&server, &mut session, true).is_err() {
        let _ = tokio::task::spawn_blocking(move || end_session(&server, &mut session, false)).await;
    }
}

/// A connection and its state between requests.
struct Connection {
    server: Arc<Server>,
    stream: Stream,
    session: Session,
    input: Input,
    output: Output,
    /// When the client must have read its replies: the soft limit is exceeded.
    soft_limit_ends: Option<Pin<Box<Sleep>>>,
    /// Replies to effects up to this number wait for nothing any more.
    released: u64,
}

/// What ended a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Everything that has come is run.
    Drained,
    /// Nothing has come: there is a signal, or room to write.
    Called,
    /// More requests stand in the input: enough replies were waiting, or the first of them had to wait.
    More,
    /// The request at the head of the input waits.
    Wait(Wait),
    /// Nothing more is to be run.
    Close,
}

/// What others want of the connection.
enum Wish {
    GoOn,
    /// The end, once the replies are sent.
    Finish,
    /// The end, now.
    End,
}

impl Connection {
    async fn serve(&mut self) -> io::Result<()> {
        loop {
            let Some(mut turn) = self.next_turn().await? else { return Ok(()) };
            let has_read = turn != Turn::Called;
            loop {
                match self.obey_signals() {
                    Wish::GoOn => {}
                    Wish::Finish => return self.finish().await,
                    Wish::End => return Ok(()),
                }
                turn = match turn {
                    Turn::Drained | Turn::Called => break,
                    Turn::Close => return self.finish().await,
                    Turn::More => {
                        self.hold().await?;
                        self.send().await?;
                        self.run_kept()
                    }
                    Turn::Wait(wait) => {
                        self.hold().await?;
                        self.send().await?;
                        self.wait(wait).await
                    }
                };
            }
            // Who is called for messages is so only when the others have run.
            if has_read && !self.output.is_empty() {
                task::let_others_run().await;
            }
            self.hold().await?;
            self.send().await?;
        }
    }

    /// Waits for bytes and runs what they ask for, for a signal, or for room to write where replies wait. `None` at the
    /// end of the stream.
    async fn next_turn(&mut self) -> io::Result<Option<Turn>> {
        let writing = !self.output.is_empty();
        poll_fn(|cx| {
            if self.session.client.signals() != 0 {
                return Poll::Ready(Ok(Some(Turn::Called)));
            }
            if let Poll::Ready(turn) = self.poll_read(cx) {
                return Poll::Ready(turn);
            }
            if writing && let Poll::Ready(ready) = self.stream.poll_writable(cx) {
                self.session.client.facts.active_at_ms.store(self.server.clock.now_ms(), Relaxed);
                return Poll::Ready(ready.map(|()| Some(Turn::Called)));
            }
            if let Some(ends) = &mut self.soft_limit_ends
                && ends.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(Err(self.over_limit()));
            }
            Poll::Pending
        })
        .await
    }

    /// Acts on raised signals.
    fn obey_signals(&mut self) -> Wish {
        let client = &self.session.client;
        if client.signals() == 0 {
            return Wish::GoOn;
        }
        let signals = client.take_signals(u32::MAX);
        if signals & signal::MAIL != 0 {
            if self.output.memory_bytes() == 0 {
                self.output = with_shared(Shared::take_output);
            }
            client.take_mail(&mut self.output);
        }
        if signals & signal::KILL != 0 {
            Wish::End
        } else if signals & signal::CLOSE_AFTER_REPLY != 0 {
            Wish::Finish
        } else {
            Wish::GoOn
        }
    }

    /// Waits until the request at the head of the input can be tried again, tries it, or runs it elsewhere.
    async fn wait(&mut self, wait: Wait) -> Turn {
        let server = Arc::clone(&self.server);
        match wait {
            Wait::Shards => {
                let released = server.keyspace.released.notified();
                // What was released before the line above is seen by this try; what is released later, by the wait.
                let turn = self.run_kept();
                if turn != Turn::Wait(Wait::Shards) {
                    return turn;
                }
                // A script that holds them may have had its time: then the request is refused.
                let _ = tokio::time::timeout(BUSY_LOOK, self.until(released)).await;
            }
            Wait::Paused => {
                let ended = server.pause.ended.notified();
                if server.is_paused() {
                    self.session.client.paused.store(true, Relaxed);
                    let is_here = self.until_or_gone(ended).await;
                    self.session.client.paused.store(false, Relaxed);
                    if !is_here {
                        return Turn::Close;
                    }
                }
            }
            Wait::Long => return self.run_long().await,
            Wait::Blocked(ticket) => return self.wait_blocked(ticket).await,
        }
        Turn::More
    }

    /// Waits for `event`, or for a signal to this client.
    async fn until(&mut self, event: impl Future<Output = ()>) {
        let client = &self.session.client;
        let mut event = std::pin::pin!(event);
        poll_fn(|cx| if client.signals() != 0 { Poll::Ready(()) } else { event.as_mut().poll(cx) }).await;
    }

    /// The same for a wait that others may make long: what the client sends meanwhile is read, so that its going is
    /// noticed. False when it has gone: its request is not to be run any more.
    async fn until_or_gone(&mut self, event: impl Future<Output = ()>) -> bool {
        let mut event = std::pin::pin!(event);
        poll_fn(|cx| {
            loop {
                if self.session.client.signals() != 0 || event.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(true);
                }
                if !ready!(self.poll_keep(cx)) {
                    return Poll::Ready(false);
                }
            }
        })
        .await
    }

    /// Runs the request at the head of the input on a blocking thread.
    async fn run_long(&mut self) -> Turn {
        let Some((argv, len)) = self.input.take_waiting() else { return Turn::More };
        let server = Arc::clone(&self.server);
        let stand_in = Session::new(Arc::clone(&self.session.client));
        let session = std::mem::replace(&mut self.session, stand_in);
        let output = std::mem::take(&mut self.output);
        self.session.client.facts.active_at_ms.store(BUSY, Relaxed);
        let work = move || {
            let (mut session, mut output) = (session, output);
            let _running = LongRunning::new(&server);
            let step = Executor::blocking(Arc::clone(&server)).execute(&mut session, argv.view(), &mut output);
            (session, output, step)
        };
        let done = tokio::task::spawn_blocking(work).await;
        self.session.client.facts.active_at_ms.store(self.server.clock.now_ms(), Relaxed);
        let Ok((session, output, step)) = done else { return Turn::Close };
        (self.session, self.output) = (session, output);
        match step {
            Step::Next => {
                self.input.skip(len);
                Turn::More
            }
            Step::Close => Turn::Close,
            Step::Wait(wait @ Wait::Blocked(_)) => {
                self.input.skip(len);
                Turn::Wait(wait)
            }
            Step::Wait(wait) => {
                self.input.set_waiting(len);
                Turn::Wait(wait)
            }
        }
    }

    /// Publishes what others may want to know.
    fn publish(&self) {
        let facts = &self.session.client.facts;
        facts.query_buffer.store(self.input.held_bytes(), Relaxed);
        facts.output_pending.store(self.output.pending(), Relaxed);
    }

    /// Counts what was read.
    fn count_read(&self, executor: &Executor, count: usize) {
        let stats = executor.stats();
        stats.add(&stats.counters.reads, 1);
        stats.add(&stats.counters.net_in, count as u64);
        let facts = &self.session.client.facts;
        facts.net_in.store(facts.net_in.load(Relaxed) + count as u64, Relaxed);
        facts.active_at_ms.store(self.server.clock.now_ms(), Relaxed);
    }

    /// Goes on with what is left, after a wait or a write.
    fn run_kept(&mut self) -> Turn {
        with_shared(|shared| {
            self.lend_output(shared);
            let turn = self.run_left(shared);
            self.publish();
            turn
        })
    }
}

/// A long command runs while this lives; then those who wait for its shards look again.
struct LongRunning<'a>(&'a Server);

impl<'a> LongRunning<'a> {
    fn new(server: &'a Server) -> LongRunning<'a> {
        server.long_running.fetch_add(1, Relaxed);
        LongRunning(server)
    }
}

impl Drop for LongRunning<'_> {
    fn drop(&mut self) {
        end_long(self.0);
    }
}
