//! The only way to start tasks and threads: they have a name, and panics in them are logged.

#![allow(clippy::disallowed_methods, reason = "this is the one place that spawns")]

use std::future::{Future, poll_fn};
use std::task::Poll;

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

/// Lets the tasks that are ready now run first. Unlike [`tokio::task::yield_now`] it does not look for new events in between,
/// which would be a system call for nothing where no other task is ready.
pub async fn let_others_run() {
    let mut waited = false;
    poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Stack of a thread that runs commands: values nest up to a thousand deep (JSON in scripts). Memory is taken as it is
/// touched.
pub const STACK_BYTES: usize = 16 << 20;

/// Starts a thread.
///
/// # Panics
/// When the system has no thread to give.
pub fn spawn_thread(name: &str, run: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(run)
        .expect("the system gives a thread")
}

/// Runs `work` on `threads` threads of that name, each with its number, beside `here` on this one; comes back when all
/// have ended.
///
/// # Panics
/// When the system has no thread to give, or `work` or `here` panics.
pub fn beside<R>(name: &str, threads: usize, work: impl Fn(usize) + Sync, here: impl FnOnce() -> R) -> R {
    std::thread::scope(|scope| {
        for number in 0..threads {
            let work = &work;
            let builder = std::thread::Builder::new().name(format!("{name}-{number}"));
            builder.spawn_scoped(scope, move || work(number)).expect("the system gives a thread");
        }
        here()
    })
}
