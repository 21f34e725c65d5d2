//! The lock and the flag that shards are built of, from `std` or, for the tests of interleavings, from `loom`.

#[cfg(not(feature = "loom"))]
pub(super) use std::{
    sync::{Mutex, MutexGuard, atomic::AtomicU32},
    thread::yield_now,
};

#[cfg(feature = "loom")]
pub(super) use loom::{
    sync::{Mutex, MutexGuard, atomic::AtomicU32},
    thread::yield_now,
};

/// Makes a poisoned lock usable again.
#[cfg(not(feature = "loom"))]
pub(super) fn clear_poison<T>(mutex: &Mutex<T>) {
    mutex.clear_poison();
}

/// loom's locks are never poisoned: a panic ends the model.
#[cfg(feature = "loom")]
pub(super) fn clear_poison<T>(_mutex: &Mutex<T>) {}
