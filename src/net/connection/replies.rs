//! The way out: writing replies, and the end of a client that does not read them.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use super::Connection;
use crate::client::{SessionFlags, signal};
use crate::config::ClientClass;
use crate::net::worker::{Shared, with_shared};
use crate::state::FREE_OUTPUT_BYTES;

/// Slices given to one vectored write.
const WRITE_SLICES: usize = 64;
/// Bytes written before other connections have a turn: the time of some tens of small requests.
pub(super) const WRITE_BATCH: usize = 128 << 10;

impl Connection {
    /// Gives the connection memory for replies, from the worker's.
    #[inline]
    pub(super) fn lend_output(&mut self, shared: &mut Shared) {
        if self.output.memory_bytes() == 0 {
            self.output = shared.take_output();
        }
    }

    /// Waits until what the client has written is on disk, where that was promised to it; then replies may be sent. Else
    /// only tells the log that there is something to write.
    ///
    /// # Errors
    /// When the connection is to be closed: it has waited in vain.
    #[inline]
    pub(super) async fn hold(&mut self) -> io::Result<()> {
        if !self.server.aof.is_on() {
            return Ok(());
        }
        let written = self.session.client.facts.last_write.load(Relaxed);
        if written <= self.released {
            return Ok(());
        }
        self.released = written;
        let waits = self.server.aof.is_always() && !self.session.is(SessionFlags::NEVER_WAITS_FOR_DISK);
        if waits || self.session.is(SessionFlags::WAITS_FOR_DISK) {
            return self.until_durable(written).await;
        }
        self.server.aof.wake();
        Ok(())
    }

    async fn until_durable(&self, seq: u64) -> io::Result<()> {
        let (aof, client) = (&self.server.aof, &self.session.client);
        aof.want(seq);
        let log_progressed = with_shared(|shared| Arc::clone(&shared.log_progressed));
        while aof.durable() < seq {
            let mut progressed = std::pin::pin!(log_progressed.notified());
            progressed.as_mut().enable();
            if aof.durable() >= seq {
                break;
            }
            poll_fn(|cx| match client.signals() & signal::KILL {
                0 => progressed.as_mut().poll(cx),
                _ => Poll::Ready(()),
            })
            .await;
            if client.signals() & signal::KILL != 0 {
                return Err(ErrorKind::ConnectionAborted.into());
            }
        }
        Ok(())
    }

    /// Writes what the socket takes now, as much as may be written in one turn, unless the client is over a limit. After
    /// that much the worker's other connections have theirs, with what they have got meanwhile: however long the reply
    /// is, they wait for [`WRITE_BATCH`] bytes of it at a time.
    ///
    /// # Errors
    /// When the connection is to be closed: the socket failed, or a limit is exceeded.
    #[inline]
    pub(super) async fn send(&mut self) -> io::Result<()> {
        if self.send_batch()? >= WRITE_BATCH {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Answers how many bytes were written.
    fn send_batch(&mut self) -> io::Result<usize> {
        if self.output.pending() > FREE_OUTPUT_BYTES {
            self.check_output_limit()?;
        }
        let sent = self.write()?;
        if sent > 0 {
            let facts = &self.session.client.facts;
            facts.output_pending.store(self.output.pending(), Relaxed);
        }
        if self.output.is_empty() {
            self.soft_limit_ends = None;
            if self.output.memory_bytes() > 0 {
                let output = std::mem::take(&mut self.output);
                with_shared(|shared| shared.give_output(output));
            }
        }
        Ok(sent)
    }

    /// Writes until the socket takes no more, or others must have their turn; answers how many bytes.
    fn write(&mut self) -> io::Result<usize> {
        let mut sent = 0;
        let mut calls = 0;
        while !self.output.is_empty() && sent < WRITE_BATCH {
            let written = match self.output.as_slice() {
                Some(slice) => self.stream.try_write(&slice[..slice.len().min(WRITE_BATCH)]),
                None => {
                    let mut slices = [IoSlice::new(&[]); WRITE_SLICES];
                    let count = self.output.io_slices(&mut slices, WRITE_BATCH);
                    self.stream.try_write_vectored(&slices[..count])
                }
            };
            match written {
                Ok(count) => {
                    self.output.advance(count);
                    sent += count;
                    calls += 1;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if calls > 0 {
            let facts = &self.session.client.facts;
            facts.net_out.store(facts.net_out.load(Relaxed) + sent as u64, Relaxed);
            with_shared(|shared| {
                let stats = shared.executor.stats();
                stats.add(&stats.counters.writes, calls);
                stats.add(&stats.counters.net_out, sent as u64);
            });
        }
        Ok(sent)
    }

    /// Sends what is written, then ends.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        self.hold().await?;
        loop {
            self.send().await?;
            if self.output.is_empty() {
                return Ok(());
            }
            poll_fn(|cx| {
                if self.session.client.signals() & signal::KILL != 0 {
                    return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
                }
                if let Some(ends) = &mut self.soft_limit_ends
                    && ends.as_mut().poll(cx).is_ready()
                {
                    return Poll::Ready(Err(self.over_limit()));
                }
                self.stream.poll_writable(cx)
            })
            .await?;
        }
    }

    /// Cuts off a client that does not read: at once beyond the hard limit, after a time beyond the soft limit.
    fn check_output_limit(&mut self) -> io::Result<()> {
        let config = &self.server.config;
        let limit = if self.session.is(SessionFlags::MONITOR) {
            config.monitor_output_limit()
        } else if self.session.is(SessionFlags::SUBSCRIBED) {
            config.output_limit(ClientClass::Pubsub)
        } else {
            config.output_limit(ClientClass::Normal)
        };
        let pending = self.output.pending() as u64;
        let over = |bytes: u64| bytes > 0 && pending >= bytes;
        if over(limit.hard_bytes) {
            return Err(self.over_limit());
        }
        if !over(limit.soft_bytes) {
            self.soft_limit_ends = None;
        } else if self.soft_limit_ends.is_none() {
            let ends = tokio::time::sleep(Duration::from_secs(limit.soft_seconds));
            self.soft_limit_ends = Some(Box::pin(ends));
        }
        Ok(())
    }

    /// Counts and logs the end of a client that does not read.
    pub(super) fn over_limit(&self) -> io::Error {
        self.server.count_over_limit(&self.session.client);
        io::Error::other("output buffer limit")
    }
}
