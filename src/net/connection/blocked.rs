//! A connection whose client waits in a blocking command.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, ready};
use std::time::Duration;

use super::{Connection, Turn};
use crate::client::{Blocked, signal};
use crate::dispatch::{EndOfWait, end_wait};
use crate::resp::Output;

/// How often it is asked again whether a client is served that is being served just now.
const SERVING_TICK: Duration = Duration::from_millis(1);
/// A wait without an end ends when the clock does.
const FOREVER: Duration = Duration::from_secs(1 << 32);

/// What happens to a client that waits.
enum Event {
    /// A signal.
    Signal,
    /// Its time is over.
    Timeout,
    /// What it has written is on disk.
    Durable,
    /// The client has gone.
    Gone,
    /// The socket takes more of the replies.
    Writable,
}

impl Connection {
    /// Waits until the command is served, or for the end of the wait.
    pub(super) async fn wait_blocked(&mut self, ticket: u64) -> Turn {
        let Some(blocked) = self.server.blocked.get(ticket) else { return Turn::More };
        let turn = self.wait_for(&blocked).await;
        let facts = &self.session.client.facts;
        facts.active_at_ms.store(self.server.clock.now_ms(), Relaxed);
        turn
    }

    async fn wait_for(&mut self, blocked: &Arc<Blocked>) -> Turn {
        let left = match blocked.deadline_ms {
            Some(at_ms) => Duration::from_millis(at_ms.saturating_sub(self.server.clock.now_ms())).min(FOREVER),
            None => FOREVER,
        };
        let mut timeout = Box::pin(tokio::time::sleep(left));
        let server = Arc::clone(&self.server);
        loop {
            let writing = !self.output.is_empty();
            let mut progressed = std::pin::pin!(server.aof.progressed.notified());
            if blocked.until_durable.is_some() {
                progressed.as_mut().enable();
            }
            let event = poll_fn(|cx| {
                loop {
                    if let Some(seq) = blocked.until_durable {
                        let has_progressed = progressed.as_mut().poll(cx).is_ready();
                        if server.aof.durable() >= seq {
                            return Poll::Ready(Event::Durable);
                        }
                        if has_progressed {
                            progressed.set(server.aof.progressed.notified());
                            continue;
                        }
                    }
                    if self.session.client.signals() != 0 {
                        return Poll::Ready(Event::Signal);
                    }
                    if timeout.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Event::Timeout);
                    }
                    if writing && self.stream.poll_writable(cx).is_ready() {
                        return Poll::Ready(Event::Writable);
                    }
                    if !ready!(self.poll_keep(cx)) {
                        return Poll::Ready(Event::Gone);
                    }
                }
            })
            .await;
            match event {
                Event::Timeout => return self.end_wait(blocked, EndOfWait::Timeout).await,
                Event::Durable => return self.end_wait(blocked, EndOfWait::Durable).await,
                Event::Gone => {
                    self.end_wait(blocked, EndOfWait::Timeout).await;
                    return Turn::Close;
                }
                Event::Writable => {}
                Event::Signal => {
                    if let Some(turn) = self.obey_while_blocked(blocked).await {
                        return turn;
                    }
                }
            }
            if self.send().await.is_err() {
                self.end_wait(blocked, EndOfWait::Timeout).await;
                return Turn::Close;
            }
        }
    }

    /// Acts on signals; the turn with which the wait ends, if it does.
    async fn obey_while_blocked(&mut self, blocked: &Blocked) -> Option<Turn> {
        let client = Arc::clone(&self.session.client);
        if client.signals() & (signal::KILL | signal::CLOSE_AFTER_REPLY) != 0 {
            // Left to stand, for the connection to obey.
            self.end_wait(blocked, EndOfWait::Timeout).await;
            return Some(Turn::More);
        }
        let own = signal::RETRY | signal::UNBLOCK_TIMEOUT | signal::UNBLOCK_ERROR;
        let raised = client.take_signals(own);
        if let Some(reply) = blocked.take_reply() {
            self.server.blocked.remove(blocked.ticket);
            self.reply(blocked, reply);
            return Some(Turn::More);
        }
        if raised & signal::UNBLOCK_ERROR != 0 {
            return Some(self.end_wait(blocked, EndOfWait::Error).await);
        }
        if raised & signal::UNBLOCK_TIMEOUT != 0 {
            return Some(self.end_wait(blocked, EndOfWait::Timeout).await);
        }
        // Mail is all that is left. What has come in behind a reply must be sent behind it.
        let mut mail = Output::default();
        client.take_signals(signal::MAIL);
        client.take_mail(&mut mail);
        let reply = blocked.take_reply();
        let turn = reply.is_some().then_some(Turn::More);
        if let Some(reply) = reply {
            self.server.blocked.remove(blocked.ticket);
            self.reply(blocked, reply);
        }
        self.output.append(&mut mail);
        turn
    }

    /// Ends the wait and replies: what it is told here, unless it was served first.
    async fn end_wait(&mut self, blocked: &Blocked, why: EndOfWait) -> Turn {
        loop {
            if let Some(reply) = end_wait(&self.server, blocked, why) {
                self.reply(blocked, reply);
                return Turn::More;
            }
            tokio::time::sleep(SERVING_TICK).await;
        }
    }

    fn reply(&mut self, blocked: &Blocked, mut reply: Output) {
        if !blocked.silent.load(Relaxed) {
            self.output.append(&mut reply);
        }
    }
}
