//! Leaving messages for many clients, and waking their tasks once for many messages.
//!
//! To wake a task of another worker costs a system call, and a task that is woken for each message writes each by itself.
//! So a worker that leaves messages only notes whom to wake. Its *keeper*, a task of its own, does that when all requests
//! that have come together are run and answered: it wakes the tasks of its own worker, and hands the others over to the
//! keepers of theirs, with one call for each worker.

use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use smallvec::SmallVec;

use super::{Client, MailboxFull, signal};
use crate::resp::Output;
use crate::util::sync::lock;

/// Tasks to be woken, for each worker.
#[derive(Debug)]
pub struct WakeQueues(Box<[Queue]>);

#[derive(Debug)]
#[repr(align(128))]
struct Queue {
    /// What the worker itself has noted.
    noted: Mutex<Noted>,
    /// What others have handed over to it.
    handed: Mutex<Handed>,
}

#[derive(Debug)]
struct Noted {
    /// Tasks of each worker.
    sleepers: Box<[Vec<Waker>]>,
    is_any: bool,
}

#[derive(Debug, Default)]
struct Handed {
    sleepers: Vec<Waker>,
    /// Wakes the keeper; `None` while it does not wait.
    keeper: Option<Waker>,
}

/// Who has something to do for a keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalledBy {
    /// Its own worker, which is in the middle of what has come in.
    Own,
    /// Another thread.
    Other,
}

impl WakeQueues {
    /// Queues of so many workers.
    #[must_use]
    pub fn new(workers: usize) -> WakeQueues {
        let queue = |_| Queue {
            noted: Mutex::new(Noted { sleepers: (0..workers).map(|_| Vec::new()).collect(), is_any: false }),
            handed: Mutex::default(),
        };
        WakeQueues((0..workers).map(queue).collect())
    }

    /// A round of messages by the worker with that number, on its own thread, or by another thread.
    #[must_use]
    pub fn round(&self, worker: Option<usize>) -> WakeRound<'_> {
        WakeRound { queues: self, worker, called: SmallVec::new() }
    }

    /// Ready when there is somebody to be woken: to be polled by the keeper of that worker.
    pub fn poll_called(&self, worker: usize, cx: &Context<'_>) -> Poll<CalledBy> {
        let Queue { noted, handed } = &self.0[worker];
        let has_noted = lock(noted).is_any;
        let mut handed = lock(handed);
        handed.keeper = None;
        if has_noted {
            return Poll::Ready(CalledBy::Own);
        }
        if !handed.sleepers.is_empty() {
            return Poll::Ready(CalledBy::Other);
        }
        handed.keeper = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Wakes the tasks of a worker, and hands over those of others that it has noted: to be called by its keeper.
    pub fn wake(&self, worker: usize) {
        let mut noted = lock(&self.0[worker].noted);
        noted.is_any = false;
        for (other, sleepers) in noted.sleepers.iter_mut().enumerate() {
            if other != worker && !sleepers.is_empty() {
                self.hand_over(other, sleepers);
            }
        }
        let own = &mut noted.sleepers[worker];
        own.append(&mut lock(&self.0[worker].handed).sleepers);
        own.drain(..).for_each(Waker::wake);
    }

    fn hand_over(&self, worker: usize, sleepers: &mut Vec<Waker>) {
        let keeper = {
            let mut handed = lock(&self.0[worker].handed);
            handed.sleepers.append(sleepers);
            handed.keeper.take()
        };
        keeper.into_iter().for_each(Waker::wake);
    }
}

/// One thread's round of messages. A thread that is no worker calls the keepers when it is dropped.
#[derive(Debug)]
pub struct WakeRound<'a> {
    queues: &'a WakeQueues,
    worker: Option<usize>,
    called: SmallVec<[Waker; 4]>,
}

impl WakeRound<'_> {
    /// Leaves a message of `len` bytes for a client, which `write` writes in the protocol given to it, 2 or 3. Its task is
    /// woken soon, once until it has taken what is there. Locking: the mailbox, for the time of `write`, then a queue.
    ///
    /// # Errors
    /// When what waits to be sent would exceed `limit_bytes` (0: no limit): nothing is added, and the caller cuts the
    /// client off.
    #[inline]
    pub fn leave(
        &mut self,
        client: &Client,
        len: usize,
        limit_bytes: usize,
        write: impl FnOnce(u8, &mut Output),
    ) -> Result<(), MailboxFull> {
        let is_first = client.leave_mail(len, limit_bytes, write)?;
        // Behind others it is in the care of who has left the first: no line is written to that other threads write to.
        if is_first {
            self.announce(client);
        }
        Ok(())
    }

    fn announce(&mut self, client: &Client) {
        if !client.mark(signal::MAIL) {
            return;
        }
        let Some(waker) = client.waker.get() else { return };
        let Some(queue) = self.queues.0.get(client.worker) else { return waker.wake_by_ref() };
        let Some(worker) = self.worker else {
            let mut handed = lock(&queue.handed);
            handed.sleepers.push(waker.clone());
            self.called.extend(handed.keeper.take());
            return;
        };
        let own = &self.queues.0[worker];
        let mut noted = lock(&own.noted);
        noted.sleepers[client.worker].push(waker.clone());
        if !noted.is_any {
            noted.is_any = true;
            // A task of this very thread: it runs when the caller is done.
            lock(&own.handed).keeper.take().into_iter().for_each(Waker::wake);
        }
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

    struct Task {
        client: Client,
        woken: Arc<Count>,
    }

    impl Task {
        fn new(worker: usize) -> Task {
            let (client, woken) = (Client::new(1, Endpoint::Internal, -1, worker, 0), Arc::<Count>::default());
            client.set_waker(&Arc::clone(&woken).into());
            Task { client, woken }
        }

        fn woken(&self) -> usize {
            self.woken.0.load(Relaxed)
        }

        fn take_mail(&self) -> usize {
            let mut output = Output::default();
            assert_ne!(self.client.take_signals(signal::MAIL), 0);
            self.client.take_mail(&mut output);
            output.pending()
        }
    }

    /// The keeper of a worker.
    struct Keeper(usize, Arc<Count>);

    impl Keeper {
        fn new(worker: usize) -> Keeper {
            Keeper(worker, Arc::default())
        }

        fn poll(&self, queues: &WakeQueues) -> Poll<CalledBy> {
            queues.poll_called(self.0, &Context::from_waker(&Arc::clone(&self.1).into()))
        }

        fn calls(&self) -> usize {
            self.1.0.load(Relaxed)
        }
    }

    fn leave(queues: &WakeQueues, worker: Option<usize>, tasks: &[&Task]) {
        let mut round = queues.round(worker);
        for task in tasks {
            round.leave(&task.client, 1, 0, |_, out| out.push(b"x")).expect("there is no limit");
        }
    }

    #[test]
    fn tasks_are_woken_once_for_all_messages_of_a_turn() {
        let (queues, task, keeper) = (WakeQueues::new(2), Task::new(1), Keeper::new(1));
        assert_eq!(keeper.poll(&queues), Poll::Pending);
        leave(&queues, Some(1), &[&task, &task]);
        leave(&queues, Some(1), &[&task]);
        assert_eq!((keeper.calls(), task.woken()), (1, 0));
        assert_eq!(keeper.poll(&queues), Poll::Ready(CalledBy::Own));
        queues.wake(1);
        assert_eq!((task.woken(), task.take_mail()), (1, 3));
        assert_eq!(keeper.poll(&queues), Poll::Pending);
        leave(&queues, Some(1), &[&task]);
        queues.wake(1);
        assert_eq!((keeper.calls(), task.woken()), (2, 2));
    }

    #[test]
    fn tasks_of_another_worker_are_handed_over_with_one_call() {
        let queues = WakeQueues::new(2);
        let (tasks, keepers) = ([Task::new(1), Task::new(1)], [Keeper::new(0), Keeper::new(1)]);
        keepers.iter().for_each(|keeper| assert_eq!(keeper.poll(&queues), Poll::Pending));
        for _ in 0..2 {
            leave(&queues, Some(0), &[&tasks[0], &tasks[1]]);
            queues.wake(0);
        }
        let woken = || tasks.each_ref().map(Task::woken);
        assert_eq!((keepers[0].calls(), keepers[1].calls(), woken()), (1, 1, [0, 0]));
        assert_eq!(keepers[1].poll(&queues), Poll::Ready(CalledBy::Other));
        queues.wake(1);
        assert_eq!(woken(), [1, 1]);
        assert_eq!(keepers[1].poll(&queues), Poll::Pending);
    }

    #[test]
    fn other_threads_call_the_keeper_at_the_end_of_their_round() {
        let (queues, task, keeper) = (WakeQueues::new(1), Task::new(0), Keeper::new(0));
        assert_eq!(keeper.poll(&queues), Poll::Pending);
        leave(&queues, None, &[&task, &task]);
        assert_eq!((keeper.calls(), task.woken()), (1, 0));
        assert_eq!(keeper.poll(&queues), Poll::Ready(CalledBy::Other));
        queues.wake(0);
        assert_eq!(task.woken(), 1);
    }
}
