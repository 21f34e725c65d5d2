//! What a connection knows of itself.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bitflags::bitflags;

use super::{Client, Transaction, Watched};

bitflags! {
    /// States of a session. Any of [`SessionFlags::GATED`] sends its commands through the full list of checks.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct SessionFlags: u32 {
        /// Must authenticate first.
        const NEEDS_AUTH = 1;
        /// Between MULTI and EXEC.
        const MULTI = 1 << 1;
        /// Subscribed to something. Who speaks RESP2 may then run few commands only.
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
        /// CLIENT CAPA REDIRECT.
        const CAPA_REDIRECT = 1 << 12;
        /// CLIENT DURABILITY ALWAYS: replies to writes wait for the disk, whatever `appendfsync` says.
        const WAITS_FOR_DISK = 1 << 24;
        /// CLIENT DURABILITY EVERYSEC or NO: they do not.
        const NEVER_WAITS_FOR_DISK = 1 << 25;
        /// CLIENT TRACKING BCAST.
        const TRACKING_BCAST = 1 << 13;
        /// CLIENT TRACKING OPTIN.
        const TRACKING_OPTIN = 1 << 14;
        /// CLIENT TRACKING OPTOUT.
        const TRACKING_OPTOUT = 1 << 15;
        /// CLIENT TRACKING NOLOOP.
        const TRACKING_NOLOOP = 1 << 16;
        /// CLIENT CACHING: the next command or transaction is the exception that OPTIN or OPTOUT speaks of.
        const CACHING = 1 << 17;
        /// A script that runs has read keys.
        const SCRIPT_READS = 1 << 18;
        /// A command runs as a part of another one, whose reply is not whole yet: no message may come in between.
        const NESTED = 1 << 19;
        /// A script runs.
        const SCRIPT = 1 << 20;
        /// MONITOR has shown the script at hand, which may yet have to be run again from its start.
        const SHOWN = 1 << 21;
        /// When the request at hand was checked, memory was full and nothing to be evicted. Known only under a limit.
        const NO_ROOM = 1 << 22;

        /// States that matter before a command runs.
        const GATED = Self::NEEDS_AUTH.bits() | Self::MULTI.bits() | Self::SUBSCRIBED.bits() | Self::MONITOR.bits()
            | Self::TRACKING.bits();
        /// States in which nothing is written: what the command at hand answers is dropped.
        const SILENT = Self::REPLY_OFF.bits() | Self::REPLY_SKIP.bits();
        /// What CLIENT TRACKING may set beside [`SessionFlags::TRACKING`] itself.
        const TRACKING_OPTIONS = Self::TRACKING_BCAST.bits() | Self::TRACKING_OPTIN.bits()
            | Self::TRACKING_OPTOUT.bits() | Self::TRACKING_NOLOOP.bits();
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
    /// Between MULTI and EXEC.
    pub transaction: Option<Box<Transaction>>,
    /// WATCH.
    pub watched: Option<Box<Watched>>,
}

impl Session {
    /// A new session in database 0, speaking RESP2.
    #[must_use]
    pub fn new(client: Arc<Client>) -> Session {
        Session { client, db: 0, proto: 2, flags: SessionFlags::empty(), transaction: None, watched: None }
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
        match mode {
            ReplyMode::On => self.set(SessionFlags::SILENT | SessionFlags::REPLY_SKIP_NEXT, false),
            ReplyMode::Off => self.set(SessionFlags::REPLY_OFF, true),
            ReplyMode::Skip if self.is(SessionFlags::REPLY_OFF) => {}
            ReplyMode::Skip => self.set(SessionFlags::REPLY_SKIP_NEXT, true),
        }
    }

    /// Whether the reply of the command that has just run, or was refused, is to be dropped. To be asked once after
    /// every command while a reply flag stands: the skipping moves on by one command.
    pub fn drops_reply(&mut self) -> bool {
        let drops = self.is(SessionFlags::SILENT);
        let skips_next = self.is(SessionFlags::REPLY_SKIP_NEXT);
        self.set(SessionFlags::REPLY_SKIP_NEXT, false);
        self.set(SessionFlags::REPLY_SKIP, skips_next);
        drops
    }

    /// Whether the keys that a command reads now are to be remembered for it.
    #[must_use]
    pub fn tracks_reads(&self) -> bool {
        let said = self.is(SessionFlags::CACHING);
        self.is(SessionFlags::TRACKING)
            && !self.is(SessionFlags::TRACKING_BCAST)
            && (said || !self.is(SessionFlags::TRACKING_OPTIN))
            && !(said && self.is(SessionFlags::TRACKING_OPTOUT))
    }

    /// RESET: as a new connection, but for the library's name, and for the skipping of the reply to this very command.
    /// The caller takes the client off the list of monitors, and has ended its watches and its tracking.
    pub fn reset(&mut self, needs_auth: bool) {
        self.end_transaction();
        self.select(0);
        self.set_proto(2);
        self.set(!SessionFlags::REPLY_SKIP, false);
        self.set(SessionFlags::NEEDS_AUTH, needs_auth);
        self.client.with_names(|names| {
            names.name = Box::default();
            names.user = Box::default();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Endpoint;

    fn session() -> Session {
        Session::new(Arc::new(Client::new(1, Endpoint::Internal, -1, 0, 0)))
    }

    #[test]
    fn one_reply_is_skipped() {
        let mut session = session();
        session.set_reply_mode(ReplyMode::Skip);
        assert!(!session.drops_reply(), "CLIENT REPLY SKIP writes none itself");
        assert!(session.drops_reply());
        assert!(!session.drops_reply());
        assert_eq!(session.flags, SessionFlags::empty());
    }

    #[test]
    fn off_outlasts_skip() {
        let mut session = session();
        session.set_reply_mode(ReplyMode::Off);
        session.set_reply_mode(ReplyMode::Skip);
        assert!(session.drops_reply() && session.drops_reply() && session.drops_reply());
        session.set_reply_mode(ReplyMode::On);
        assert!(!session.drops_reply());
    }

    #[test]
    fn reset_leaves_nothing_but_the_skipping_of_its_own_reply() {
        let mut session = session();
        session.select(3);
        session.set_proto(3);
        session.set(SessionFlags::all(), true);
        session.reset(false);
        assert_eq!((session.db, session.proto, session.flags), (0, 2, SessionFlags::REPLY_SKIP));
        session.reset(true);
        assert!(session.is(SessionFlags::NEEDS_AUTH));
    }
}
