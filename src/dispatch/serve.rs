//! Clients that wait in blocking commands: how they begin to wait, and how they are served.
//!
//! A waiter is entered into the queues of its keys while they are still locked, so no push is missed. Whoever changes
//! such a key serves its waiters once its own locks are released and before its reply is sent: it runs their commands
//! for them, first come first served, each under the locks that it needs. What that changes may serve others in turn.
//!
//! Between the change and the command of a waiter nothing is locked. A command of another thread that finds such a key in
//! its shards, and may change it, serves the waiters first itself: it takes nothing that is theirs. Walks through the
//! waiters of one key may so go on side by side. One goes past a waiter that has found nothing only as long as the key
//! stays as that one has found it: under the locks of each command it is looked again whether its client is next, and
//! where the key has changed since, the walk begins anew. So nobody is served before who came first.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::{Finished, after, context, find, lock, note_effect, notify, tracking};
use crate::client::{AwaitedKey, Blocked, Cancelled, Session, SessionFlags, signal};
use crate::commands::blocking::Blocking;
use crate::commands::{Args, Cx, Error, Flow, Key, error};
use crate::keyspace::{Busy, Effects, Locked, Place, ReadyKey};
use crate::resp::{Args as Argv, Output, Protocol, Reply};
use crate::state::Server;
use crate::stats::WorkerStats;
use crate::util::clock::{ticks, ticks_to_ns};

/// Makes the client of `cx` a waiter; answers its ticket. Its keys are still locked.
pub(super) fn begin_wait(cx: &mut Cx<'_>, argv: Argv<'_>, blocking: Blocking) -> u64 {
    let Cx { server, session, db, .. } = cx;
    let ticket = server.blocked.draw_ticket();
    let Blocking { keys, wanted, deadline_ms, timeout_reply: [resp2, resp3], nested_reply: _, resume, until_durable } =
        blocking;
    session.client.take_signals(signal::UNBLOCK_TIMEOUT | signal::UNBLOCK_ERROR | signal::RETRY);
    // In the table first: whoever finds the ticket in a queue finds the client.
    server.blocked.insert(Blocked::new(
        ticket,
        session.client.clone(),
        session.db,
        session.proto,
        session.flags - SessionFlags::SILENT - SessionFlags::REPLY_SKIP_NEXT,
        resume.unwrap_or_else(|| argv.to_owned()),
        keys.iter().map(|(name, hash)| AwaitedKey { name: name.clone(), hash: *hash }).collect(),
        if session.proto == 3 { resp3 } else { resp2 },
        deadline_ms,
        until_durable,
    ));
    session.client.blocked.store(true, Relaxed);
    for (name, hash) in &keys {
        db.add_waiter(Key { name, hash: *hash }, ticket, wanted);
    }
    ticket
}

/// Serves those who wait for keys that have changed. The caller holds no shard. Never waits for a long command: it may be
/// a script without an end, and the caller has nothing to do with it.
#[cold]
pub(super) fn serve_ready(server: &Server, stats: &WorkerStats, ready: Vec<ReadyKey>) {
    let mut keys = VecDeque::from(ready);
    while let Some(key) = keys.pop_front() {
        if let Err(Busy(shard)) = serve_key(server, stats, &key, &mut keys) {
            // A long command holds the shard. It serves when it ends, unless it just has.
            server.leave_unserved(key);
            if server.long_running.load(Relaxed) == 0 || server.keyspace.lock_or_busy(shard).is_ok() {
                keys.extend(server.take_unserved());
            }
        }
    }
}

/// A long command has ended and released its shards: who waits for them looks again, and waiters that it has left unserved
/// are served.
pub fn end_long(server: &Server) {
    server.long_running.fetch_sub(1, Relaxed);
    server.keyspace.released.notify_waiters();
    let unserved = server.take_unserved();
    if !unserved.is_empty() {
        serve_ready(server, server.stats.other(), unserved);
    }
}

/// A walk through the waiters of a key.
#[derive(Clone, Copy)]
struct Walk<'a> {
    key: Key<'a>,
    place: Place,
}

/// Serves the waiters of one key in their order; adds the keys that this changes to `keys`.
fn serve_key(server: &Server, stats: &WorkerStats, key: &ReadyKey, keys: &mut VecDeque<ReadyKey>) -> Result<(), Busy> {
    let mut walk = Walk { key: Key { name: &key.name, hash: key.hash }, place: Place::default() };
    loop {
        let now_ms = server.clock.now_ms();
        let shard = server.keyspace.shard_of(key.hash);
        let mut db = Locked::one(&server.keyspace, shard, true, key.db, now_ms)?;
        let next = db.next_waiter(walk.key, &mut walk.place);
        keys.extend(settle(server, stats, None, db.unlock()));
        let Some(ticket) = next else { return Ok(()) };
        let is_overtaken = match server.blocked.get(ticket) {
            Some(blocked) => serve(server, stats, &blocked, walk, keys)?,
            None => {
                // It gave up while its queue could not be reached.
                Locked::one(&server.keyspace, shard, true, key.db, now_ms)?.remove_waiter(walk.key, ticket);
                false
            }
        };
        if !is_overtaken {
            walk.place.behind = ticket;
        }
    }
}

/// Tells, counts and frees, off the locks; answers the keys that have changed. `by`: the client that has changed them.
/// The waiters of these are yet to be served ([`serve_ready`]).
pub(super) fn settle(server: &Server, stats: &WorkerStats, by: Option<u64>, mut effects: Effects) -> Vec<ReadyKey> {
    tracking::tell(server, None, by, effects.take_invalidations());
    notify::publish_events(server, None, &mut effects);
    after::count(stats, &effects);
    let ready = effects.take_ready();
    after::drop_values(server, &mut effects);
    ready
}

/// The same, and serves who waits for the keys.
pub(super) fn settle_all(server: &Server, stats: &WorkerStats, by: Option<u64>, effects: Effects) {
    let ready = settle(server, stats, by, effects);
    if !ready.is_empty() {
        serve_ready(server, stats, ready);
    }
}

/// Runs the command of a waiter. If that gives a reply its wait is over, else it keeps its place. True when it was not
/// run, since it is not the next of the walk any more.
fn serve(
    server: &Server,
    stats: &WorkerStats,
    blocked: &Blocked,
    walk: Walk<'_>,
    keys: &mut VecDeque<ReadyKey>,
) -> Result<bool, Busy> {
    let mut is_overtaken = false;
    let mut effects = Ok(None);
    blocked.serve(|| {
        let mut output = Output::default();
        match run(server, stats, blocked, walk, &mut output) {
            Ok(Ran::Overtaken(left)) => {
                is_overtaken = true;
                effects = Ok(Some(left));
                None
            }
            Ok(Ran::Unserved(left)) => {
                effects = Ok(Some(left));
                None
            }
            Ok(Ran::Served(left)) => {
                effects = Ok(Some(left));
                Some(output)
            }
            Err(held) => {
                effects = Err(held);
                None
            }
        }
    });
    // Behind the reply, which must come before what the client itself is told of its effects.
    if let Some(effects) = effects? {
        keys.extend(settle(server, stats, Some(blocked.client.id), effects));
    }
    Ok(is_overtaken)
}

/// What came of a waiter's command, with what is left to do.
enum Ran {
    /// It was not run: another is first.
    Overtaken(Effects),
    /// There is nothing for it.
    Unserved(Effects),
    /// Its reply is written.
    Served(Effects),
}

fn run(
    server: &Server,
    stats: &WorkerStats,
    blocked: &Blocked,
    walk: Walk<'_>,
    output: &mut Output,
) -> Result<Ran, Busy> {
    let mut session = Session::new(blocked.client.clone());
    (session.db, session.proto, session.flags) = (blocked.db, blocked.proto, blocked.flags);
    let argv = blocked.argv.view();
    let command = find::find(argv).expect("the command was found when the client began to wait");
    let (mut found, mut declared) = (Vec::new(), Vec::new());
    let mark = output.mark();
    let started = ticks();
    let now_ms = server.clock.at_us(started) / 1000;
    let mut cx = context(server, &mut session, command, true, now_ms, output);
    let handler = lock(&mut cx, false, argv, None, &mut found, &mut declared)?;
    let mut place = walk.place;
    if cx.db.next_waiter(walk.key, &mut place) != Some(blocked.ticket) {
        return Ok(Ran::Overtaken(cx.db.unlock()));
    }
    // Whatever it costs, it is run here.
    cx.on_worker = false;
    let mut args = Args::new(argv, command.words, &declared);
    let answer = match catch_unwind(AssertUnwindSafe(|| handler(&mut cx, &mut args))) {
        Ok(answer) => answer,
        Err(_) => {
            cx.reply.undo(mark);
            after::panicked(stats, &mut cx);
            Ok(Flow::Done)
        }
    };
    let is_served = match answer {
        Ok(Flow::Block(_)) | Err(Error::TooLongForWorker | Error::ShardBusy | Error::NeedsAllShards) => false,
        Ok(Flow::Done | Flow::Pushed | Flow::Close) => true,
        Err(Error::Reply(text)) => {
            cx.reply.undo(mark);
            cx.reply.error(&text);
            true
        }
    };
    if is_served {
        for key in &blocked.keys {
            cx.db.remove_waiter(Key { name: &key.name, hash: key.hash }, blocked.ticket);
        }
    } else {
        cx.reply.undo(mark);
    }
    let Cx { session, reply, mut db, .. } = cx;
    if reply.errors() > 0 {
        after::failed(stats, command, &reply);
    }
    if is_served {
        // It was counted as a call when the wait began, but not logged.
        let ns = ticks_to_ns(ticks() - started);
        stats.add(&stats.command(command.id).ns, ns);
        let reply_bytes = reply.len_since(mark);
        after::look(server, session, argv, &Finished { command, mark, started, ns }, reply_bytes);
    }
    let effects = if is_served { std::mem::take(db.unlock_after(argv)) } else { db.unlock() };
    note_effect(server, &blocked.client, &effects);
    Ok(if is_served { Ran::Served(effects) } else { Ran::Unserved(effects) })
}

/// Why a wait ends without being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfWait {
    /// Its time is over, or CLIENT UNBLOCK says so.
    Timeout,
    /// What WAITAOF waits for is on disk.
    Durable,
    /// CLIENT UNBLOCK ERROR.
    Error,
}

/// Ends a client's wait: the reply, or `None` when it is being served just now, to be asked again.
pub fn end_wait(server: &Server, blocked: &Blocked, why: EndOfWait) -> Option<Output> {
    let output = match blocked.cancel() {
        Cancelled::Later => return None,
        Cancelled::Served(output) => output,
        Cancelled::Now => {
            forget(server, blocked);
            let mut output = Output::default();
            match why {
                EndOfWait::Timeout => output.push(blocked.timeout_reply),
                EndOfWait::Durable => output.push(b"*2\r\n:1\r\n:0\r\n"),
                EndOfWait::Error => {
                    let Error::Reply(text) = error::UNBLOCKED else { unreachable!("it is a reply") };
                    let mut reply = Reply::new(&mut output, Protocol::Resp2);
                    reply.error(&text);
                    let command = find::find(blocked.argv.view()).expect("it was found when the client began to wait");
                    after::failed(server.stats.other(), command, &reply);
                }
            }
            output
        }
    };
    server.blocked.remove(blocked.ticket);
    Some(output)
}

/// Takes a waiter out of the queues of its keys. One that a long command holds is left: its waiters are looked at when
/// that ends.
fn forget(server: &Server, blocked: &Blocked) {
    for key in &blocked.keys {
        let name = Key { name: &key.name, hash: key.hash };
        let shard = server.keyspace.shard_of(key.hash);
        match Locked::one(&server.keyspace, shard, true, blocked.db, server.clock.now_ms()) {
            Ok(mut db) => db.remove_waiter(name, blocked.ticket),
            Err(_) => server.leave_unserved(ReadyKey { db: blocked.db, name: key.name.clone(), hash: key.hash }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Executor, Step, Wait};
    use super::*;
    use crate::client::Endpoint;
    use crate::commands;
    use crate::config::Config;
    use crate::keyspace::{KeyHasher, Keyspace, events};
    use crate::resp::OwnedArgs;
    use crate::types::list::{Element, Limits, List, Side};
    use crate::util::clock::Clock;

    fn server() -> Arc<Server> {
        let keyspace = Keyspace::new(4, KeyHasher::seeded(1));
        let commands = commands::table().all().len();
        Arc::new(Server::new(Config::default(), Clock::system(), keyspace, 1, commands))
    }

    /// A new client's command; answers what becomes of it.
    fn run_as_new(server: &Arc<Server>, words: &[&[u8]]) -> Step {
        let mut session = Session::new(server.clients.connect(Endpoint::Unix("test".into()), 0, 0, 0));
        let argv = OwnedArgs::from(words);
        Executor::worker(Arc::clone(server), 0).execute(&mut session, argv.view(), &mut Output::default())
    }

    /// The waiter that a new client becomes in BLPOP.
    fn block(server: &Arc<Server>, name: &[u8]) -> Arc<Blocked> {
        let step = run_as_new(server, &[b"BLPOP", name, b"0"]);
        let Step::Wait(Wait::Blocked(ticket)) = step else { panic!("{step:?}") };
        server.blocked.get(ticket).unwrap()
    }

    fn locked<'k>(server: &'k Server, key: Key<'_>) -> Locked<'k> {
        let shard = server.keyspace.shard_of(key.hash);
        Locked::one(&server.keyspace, shard, true, 0, server.clock.now_ms()).unwrap()
    }

    /// A walk that has found nothing for the first waiter, since another client was there before; the list is gone.
    fn walk_past<'a>(server: &Server, key: Key<'a>, first: &Blocked) -> Walk<'a> {
        let mut walk = Walk { key, place: Place::default() };
        assert_eq!(locked(server, key).next_waiter(key, &mut walk.place), None);
        walk.place.behind = first.ticket;
        walk
    }

    /// A push whose client has not come to serve those who wait.
    fn push(server: &Server, key: Key<'_>) {
        let mut db = locked(server, key);
        let mut list = List::new();
        list.push(Side::Back, Element::of(b"element"), Limits::of_setting(-2));
        db.put(key, list);
        db.changed(key, events::RPUSH);
    }

    #[test]
    fn a_waiter_that_others_were_quicker_than_is_first_when_more_comes() {
        let server = server();
        let key = Key { name: b"list", hash: server.keyspace.hash(b"list") };
        let (first, second) = (block(&server, key.name), block(&server, key.name));
        let mut walk = walk_past(&server, key, &first);
        push(&server, key);

        let stats = server.stats.other();
        let mut keys = VecDeque::new();
        assert!(serve(&server, stats, &second, walk, &mut keys).unwrap(), "the second is not next any more");
        assert!(second.take_reply().is_none());
        assert_eq!(locked(&server, key).next_waiter(key, &mut walk.place), Some(first.ticket));
        assert!(!serve(&server, stats, &first, walk, &mut keys).unwrap());
        assert!(first.take_reply().is_some() && second.take_reply().is_none());
    }

    #[test]
    fn a_waiter_for_whom_nothing_is_left_keeps_its_place() {
        let server = server();
        let key = Key { name: b"list", hash: server.keyspace.hash(b"list") };
        let (first, second) = (block(&server, key.name), block(&server, key.name));
        // A push is about to serve them, but its key has expired when it does.
        push(&server, key);
        locked(&server, key).remove(key);
        let ready = ReadyKey { db: 0, name: key.name.into(), hash: key.hash };
        serve_ready(&server, server.stats.other(), vec![ready]);
        assert!(first.take_reply().is_none() && second.take_reply().is_none());

        assert_eq!(run_as_new(&server, &[b"RPUSH", key.name, b"a"]), Step::Next);
        assert!(first.take_reply().is_some() && second.take_reply().is_none());
        assert_eq!(run_as_new(&server, &[b"RPUSH", key.name, b"b"]), Step::Next);
        assert!(second.take_reply().is_some());
    }

    #[test]
    fn nobody_takes_what_has_come_for_a_waiter() {
        for thief in [&[&b"LPOP"[..], b"list"][..], &[b"BLPOP", b"list", b"0"], &[b"DEL", b"list"], &[b"FLUSHALL"]] {
            let server = server();
            let key = Key { name: b"list", hash: server.keyspace.hash(b"list") };
            let (first, second) = (block(&server, key.name), block(&server, key.name));
            // Its client is about to serve the first, but another one is quicker.
            push(&server, key);
            let step = run_as_new(&server, thief);
            assert_eq!(matches!(step, Step::Wait(_)), thief[0] == b"BLPOP", "nothing is left");
            assert!(first.take_reply().is_some() && second.take_reply().is_none());
        }
    }

    #[test]
    fn the_end_of_one_long_command_does_not_wait_for_another() {
        let server = server();
        let key = Key { name: b"list", hash: server.keyspace.hash(b"list") };
        let ready = || ReadyKey { db: 0, name: key.name.into(), hash: key.hash };
        let waiter = block(&server, key.name);
        push(&server, key);
        server.long_running.store(2, Relaxed);
        let held = Locked::one(&server.keyspace, server.keyspace.shard_of(key.hash), false, 0, 0).unwrap();
        server.leave_unserved(ready());
        end_long(&server);
        assert!(waiter.take_reply().is_none());
        drop(held);
        end_long(&server);
        assert!(waiter.take_reply().is_some(), "the one that held the key serves it");
    }
}
