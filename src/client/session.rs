//! What a connection knows of itself.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bitflags::bitflags;

use super::Client;

bitflags! {
    /// States of a session. Any of [`SessionFlags::GATED`] sends its commands through the full list of checks.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct SessionFlags: u32 {
        /// Must authenticate first.
        const NEEDS_AUTH = 1;
        /// Between MULTI and EXEC.
        const MULTI = 1 << 1;
        /// Subscribed while speaking RESP2: few commands are allowed.
        const SUBSCRIBED = 1 << 2;
        /// CLIENT REPLY OFF.
        const REPLY_OFF = 1 << 3;
        /// CLIENT REPLY SKIP: the reply of the next command is dropped.
        const REPLY_SKIP_NEXT = 1 << 4;
        /// The reply of this command is dropped.
        const REPLY_SKIP = 1 << 5;
        /// CLIENT NO-TOUCH.
        const NO_TOUCH = 1 << 6;
        /// CLIENT NO-EVICT.
        const NO_EVICT = 1 << 7;
        /// Watches all commands.
        const MONITOR = 1 << 8;
        /// The connection ends after the reply.
        const CLOSE_AFTER_REPLY = 1 << 9;
        /// CLIENT TRACKING on.
        const TRACKING = 1 << 10;
        /// Some key is watched.
        const WATCHING = 1 << 11;

        /// States that matter before a command runs or to its reply.
        const GATED = Self::NEEDS_AUTH.bits() | Self::MULTI.bits() | Self::SUBSCRIBED.bits() | Self::REPLY_OFF.bits()
            | Self::REPLY_SKIP_NEXT.bits() | Self::REPLY_SKIP.bits() | Self::TRACKING.bits();
    }
}

/// Whether replies are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyMode {
    /// All replies.
    On,
    /// None.
    Off,
    /// All but the next.
    Skip,
}

/// State of one connection, owned by its task.
#[derive(Debug)]
pub struct Session {
    /// The record that others see.
    pub client: Arc<Client>,
    /// Selected database.
    pub db: usize,
    /// Protocol version, 2 or 3.
    pub proto: u8,
    /// States.
    pub flags: SessionFlags,
}

impl Session {
    /// A new session in database 0, speaking RESP2.
    #[must_use]
    pub fn new(client: Arc<Client>) -> Session {
        Session { client, db: 0, proto: 2, flags: SessionFlags::empty() }
    }

    /// Whether a flag stands.
    #[inline]
    #[must_use]
    pub fn is(&self, flag: SessionFlags) -> bool {
        self.flags.intersects(flag)
    }

    /// Sets or clears a flag and publishes it.
    pub fn set(&mut self, flag: SessionFlags, on: bool) {
        self.flags.set(flag, on);
        self.client.facts.flags.store(self.flags.bits(), Relaxed);
    }

    /// Selects a database.
    pub fn select(&mut self, db: usize) {
        self.db = db;
        self.client.facts.db.store(db as u16, Relaxed);
    }

    /// Switches the protocol.
    pub fn set_proto(&mut self, proto: u8) {
        self.proto = proto;
        self.client.facts.proto.store(proto, Relaxed);
    }

    /// CLIENT REPLY.
    pub fn set_reply_mode(&mut self, mode: ReplyMode) {
        self.set(SessionFlags::REPLY_OFF, mode == ReplyMode::Off);
        self.set(SessionFlags::REPLY_SKIP_NEXT, mode == ReplyMode::Skip);
    }
}
