//! The only way to start tasks and threads: they have a name, and panics in them are logged.

#![allow(clippy::disallowed_methods, reason = "this is the one place that spawns")]

use std::future::Future;

/// Starts a task on the current thread's runtime.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

/// Starts a thread.
///
/// # Panics
/// When the system has no thread to give.
pub fn spawn_thread(name: &str, run: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).expect("the system gives a thread")
}
