//! Waking the tasks of many clients at once.
//!
//! To wake a task of another worker costs a system call. A message to a thousand clients takes one for each worker: their
//! wakers are left in the worker's queue, and the worker's own task wakes them, which costs next to nothing there.

use std::mem;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use smallvec::SmallVec;

use super::{Client, signal};

/// Tasks to be woken, for each worker.
#[derive(Debug)]
pub struct WakeQueues(Box<[Mutex<Queue>]>);

#[derive(Debug, Default)]
struct Queue {
    sleepers: Vec<Waker>,
    /// Wakes the task that wakes them; `None` while it is not waiting.
    keeper: Option<Waker>,
}

impl WakeQueues {
    /// Queues of so many workers.
    #[must_use]
    pub fn new(workers: usize) -> WakeQueues {
        WakeQueues((0..workers).map(|_| Mutex::default()).collect())
    }

    /// A round of wakes by the worker with that number, or by another thread.
    #[must_use]
    pub fn round(&self, worker: Option<usize>) -> WakeRound<'_> {
        WakeRound { queues: self, worker, called: SmallVec::new() }
    }

    /// Wakes all in a worker's queue, and wants to be called again when there are more: to be polled by a task of that
    /// worker.
    pub fn poll(&self, worker: usize, cx: &Context<'_>) {
        let sleepers = {
            let mut queue = self.0[worker].lock().unwrap_or_else(PoisonError::into_inner);
            queue.keeper = Some(cx.waker().clone());
            mem::take(&mut queue.sleepers)
        };
        sleepers.into_iter().for_each(Waker::wake);
    }
}

/// One thread's round of wakes. The other workers are told when it is dropped.
#[derive(Debug)]
pub struct WakeRound<'a> {
    queues: &'a WakeQueues,
    worker: Option<usize>,
    called: SmallVec<[Waker; 4]>,
}

impl WakeRound<'_> {
    /// Tells a client that there is mail, once until it has taken it. Locking: the queue of its worker.
    #[inline]
    pub fn announce(&mut self, client: &Client) {
        if !client.mark(signal::MAIL) {
            return;
        }
        let Some(waker) = client.waker.get() else { return };
        let queue = self.queues.0.get(client.worker).filter(|_| self.worker != Some(client.worker));
        let Some(queue) = queue else { return waker.wake_by_ref() };
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.sleepers.push(waker.clone());
        self.called.extend(queue.keeper.take());
    }
}

impl Drop for WakeRound<'_> {
    fn drop(&mut self) {
        self.called.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Wake;

    use super::*;
    use crate::client::Endpoint;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn client(worker: usize) -> (Client, Arc<Count>) {
        let (client, count) = (Client::new(1, Endpoint::Internal, -1, worker, 0), Arc::<Count>::default());
        client.set_waker(&Arc::clone(&count).into());
        (client, count)
    }

    #[test]
    fn own_tasks_are_woken_at_once_and_once() {
        let queues = WakeQueues::new(2);
        let (client, woken) = client(1);
        let mut round = queues.round(Some(1));
        round.announce(&client);
        round.announce(&client);
        assert_eq!(woken.0.load(Relaxed), 1);
        assert_ne!(client.take_signals(signal::MAIL), 0);
        round.announce(&client);
        assert_eq!(woken.0.load(Relaxed), 2);
    }

    #[test]
    fn tasks_of_another_worker_are_woken_by_its_keeper() {
        let queues = WakeQueues::new(2);
        let keeper = Arc::<Count>::default();
        let (waker, clients) = (Arc::clone(&keeper).into(), [client(1), client(1)]);
        let poll = || queues.poll(1, &Context::from_waker(&waker));
        poll();
        let announce = || {
            let mut round = queues.round(Some(0));
            clients.iter().for_each(|(client, _)| round.announce(client));
        };
        announce();
        announce();
        let woken = || clients.each_ref().map(|(_, count)| count.0.load(Relaxed));
        assert_eq!((keeper.0.load(Relaxed), woken()), (1, [0, 0]), "called once, by the first round");
        poll();
        assert_eq!(woken(), [1, 1]);
        clients.iter().for_each(|(client, _)| assert_ne!(client.take_signals(signal::MAIL), 0));
        announce();
        assert_eq!((keeper.0.load(Relaxed), woken()), (2, [1, 1]));
    }
}
