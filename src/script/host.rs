//! What a script can do to the world: a trait, implemented by the commands, and the way by which the functions of the
//! sandbox reach the host of the run that is going on.
//!
//! Lua's functions live as long as their interpreter, a host as long as one run: so a host is lent to its thread for
//! the time of the run. This file holds the `unsafe` for that.

#![allow(unsafe_code, reason = "the host of a run is reached from functions that outlive it")]

use std::cell::Cell;
use std::ptr::NonNull;

use super::Stop;
use crate::resp::{Args, Protocol};

/// Does things for a script.
pub trait Host {
    /// Runs a command and shows its reply, as bytes of the protocol, to `read`.
    ///
    /// # Errors
    /// When the command is not run.
    fn call(&mut self, argv: Args<'_>, read: &mut dyn FnMut(&[u8])) -> Result<(), Refused>;

    /// `redis.setresp`.
    fn set_protocol(&mut self, protocol: Protocol);

    /// `redis.set_repl`: bit 0 for the append-only file, bit 1 for replicas.
    fn set_repl(&mut self, flags: u8);

    /// `redis.log` with a level from 0 (debug) to 3 (warning).
    fn log(&mut self, level: u8, message: &[u8]);

    /// `redis.acl_check_cmd`: whether the user may run this; `None` when there is no such command.
    fn may_run(&mut self, argv: Args<'_>) -> Option<bool>;

    /// Asked some thousand times in a second: whether the run is to end.
    fn tick(&mut self) -> Option<Stop>;
}

/// Why a command was not run.
#[derive(Debug)]
pub enum Refused {
    /// With this error, its code first.
    Error(Vec<u8>),
    /// The run ends.
    Stop(Stop),
}

thread_local! {
    static HOST: Cell<Option<NonNull<dyn Host>>> = const { Cell::new(None) };
}

/// Takes the host back, also when a run panics.
struct Lent(Option<NonNull<dyn Host>>);

impl Drop for Lent {
    fn drop(&mut self) {
        HOST.set(self.0);
    }
}

/// Lends `host` to the functions of the sandbox on this thread while `f` runs.
pub(super) fn lend<R>(host: &mut dyn Host, f: impl FnOnce() -> R) -> R {
    let host = NonNull::from(host);
    // SAFETY: only the lifetime changes; the pointer is taken back before `host`'s borrow, held by this frame, ends.
    let host = unsafe { std::mem::transmute::<NonNull<dyn Host + '_>, NonNull<dyn Host + 'static>>(host) };
    let _lent = Lent(HOST.replace(Some(host)));
    f()
}

/// Runs `f` on the lent host; `None` without one, and while another call of this uses it.
pub(super) fn with_host<R>(f: impl FnOnce(&mut dyn Host) -> R) -> Option<R> {
    let mut host = HOST.take()?;
    let _back = Lent(Some(host));
    // SAFETY: the pointer stands only while `lend` holds the exclusive borrow, on this thread, and it was taken out above,
    // so no other reference is made from it until `f` has returned.
    let host = unsafe { host.as_mut() };
    Some(f(host))
}
