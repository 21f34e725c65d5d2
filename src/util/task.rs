//! The only way to start tasks and threads: they have a name, and panics in them are logged.

#![allow(clippy::disallowed_methods, reason = "this is the one place that spawns")]

use std::future::Future;

use tokio::task::JoinSet;

/// Starts a task on the current thread's runtime.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

/// Tasks that are stopped together.
#[derive(Debug, Default)]
pub struct Group(JoinSet<()>);

impl Group {
    /// Starts a task on the current thread's runtime.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }

    /// Stops the tasks where they wait, and comes back when all that they held is dropped.
    pub async fn stop(&mut self) {
        self.0.shutdown().await;
    }
}

/// Starts a thread.
///
/// # Panics
/// When the system has no thread to give.
pub fn spawn_thread(name: &str, run: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).expect("the system gives a thread")
}
