//! Client-side caching at the gate: what a client reads is remembered while it is locked, and who keeps copies of what has
//! changed is told once all is unlocked, before the reply of whoever has changed it is sent.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::client::{Client, Invalidation, Session, SessionFlags, WakeRound};
use crate::commands::keys::find_keys;
use crate::commands::spec::Flags;
use crate::commands::{Cx, DeclaredKey, Key, Registered};
use crate::config::ClientClass;
use crate::keyspace::{Cause, Invalidated, Invalidations, Locked, ShardId};
use crate::resp::Args as Argv;
use crate::state::Server;
use crate::util::rng::Rng;

/// Keys that are forgotten before one command where there are too many. Redis's figure.
const FORGOTTEN_PER_COMMAND: usize = 100;
/// Keys that are forgotten in one round of the work that time brings.
const FORGOTTEN_PER_TICK: usize = 20_000;
/// Keys forgotten under one hold of a shard's lock.
const BATCH: usize = 64;

/// Remembers the keys that the command of `cx` has read, for a client that tracks. Their shards are still locked. `outer`:
/// the command that it is a part of. A script that reads anything counts as a reader of all keys that it declares, as in
/// Redis 7.0, and of those that it has read besides, as in later versions.
#[cold]
pub(super) fn remember(cx: &mut Cx<'_>, argv: Argv<'_>, keys: &[DeclaredKey], outer: Option<&Registered>) {
    let Cx { server, session, db, command, .. } = cx;
    let (server, is_script) = (*server, |command: &Registered| command.group.name == "scripting");
    let has_read = if is_script(command) {
        session.is(SessionFlags::SCRIPT_READS)
    } else {
        command.spec.flags.contains(Flags::READONLY)
    };
    if is_script(command) || has_read && outer.is_some_and(is_script) {
        session.set(SessionFlags::SCRIPT_READS, !is_script(command));
    }
    if !has_read || !session.tracks_reads() {
        return;
    }
    let is_reader = |id| server.clients.get(id).is_some_and(|client| wants_keys(&client));
    let mut found = Vec::new();
    if keys.is_empty() && find_keys(command.spec, argv, &mut found).is_err() {
        return;
    }
    // With all shards locked, the keys may not have been looked for.
    let found = found.iter().map(|key| (key.position, server.keyspace.hash(argv.get(key.position as usize))));
    for (position, hash) in keys.iter().map(|key| (key.position, key.hash)).chain(found) {
        db.track(Key { name: argv.get(position as usize), hash }, session.client.id, is_reader);
    }
}

/// Whether a client is to be told of the keys that it has read.
fn wants_keys(client: &Client) -> bool {
    let flags = client.flags();
    flags.contains(SessionFlags::TRACKING) && !flags.contains(SessionFlags::TRACKING_BCAST)
}

/// CLIENT CACHING speaks of one command, which may be a transaction, and not of CLIENT's own.
#[cold]
pub(super) fn end_exception(session: &mut Session, command: Option<&Registered>) {
    let goes_on = session.is(SessionFlags::MULTI) || command.is_some_and(|command| command.name.starts_with("client|"));
    if !goes_on {
        session.set(SessionFlags::CACHING, false);
    }
}

/// Tells those who keep copies of what is not valid any more. `by`: the client whose command it was, and `worker` the number
/// of this worker, if it is one. Locking: mailboxes; to be called without any shard.
#[inline]
pub(super) fn tell(server: &Server, worker: Option<usize>, by: Option<u64>, invalidations: Invalidations) {
    if !invalidations.is_empty() {
        tell_all(server, worker, by, invalidations);
    }
}

#[cold]
fn tell_all(server: &Server, worker: Option<usize>, by: Option<u64>, invalidations: Invalidations) {
    let Invalidations { keys, all, .. } = invalidations;
    let mut post = Post { server, round: server.pubsub.wakes().round(worker) };
    for Invalidated { key, readers, .. } in keys.iter().filter(|key| !key.readers.is_empty()) {
        let message = Invalidation::of_keys(&[key]);
        for id in readers {
            let Some(client) = server.clients.get(*id) else { continue };
            let is_own = by == Some(*id) && client.flags().contains(SessionFlags::TRACKING_NOLOOP);
            if wants_keys(&client) && !is_own {
                post.send(&client, &message);
            }
        }
    }
    if !server.broadcasts.is_empty() {
        broadcast(server, &mut post, by, &keys);
    }
    if all {
        for client in server.clients.all().iter().filter(|client| client.flags().contains(SessionFlags::TRACKING)) {
            post.send(client, &Invalidation::All);
        }
    }
}

/// Tells the clients in broadcasting mode, each of all keys of one of its prefixes in one message, in order and each once.
fn broadcast(server: &Server, post: &mut Post<'_>, by: Option<u64>, invalidated: &[Invalidated]) {
    // Of a key that has changed more than once, the last change counts.
    let mut changes: Vec<(&[u8], Cause)> = Vec::new();
    for Invalidated { key, cause, .. } in invalidated.iter().filter(|key| key.cause != Cause::Forgotten) {
        match changes.binary_search_by_key(&&**key, |(name, _)| name) {
            Ok(at) => changes[at].1 = *cause,
            Err(at) => changes.insert(at, (key, *cause)),
        }
    }
    let names: Vec<&[u8]> = changes.iter().map(|(name, _)| *name).collect();
    server.broadcasts.each(&names, |clients, places| {
        let message = |is_told: &dyn Fn(Cause) -> bool| {
            let told: Vec<&[u8]> = places.iter().filter(|at| is_told(changes[**at].1)).map(|at| names[*at]).collect();
            (!told.is_empty()).then(|| Invalidation::of_keys(&told))
        };
        let to_all = message(&|_| true);
        for client in clients {
            let is_own = by == Some(client.id) && client.flags().contains(SessionFlags::TRACKING_NOLOOP);
            let of_others = is_own.then(|| message(&|cause| cause != Cause::Changed));
            if let Some(message) = of_others.as_ref().unwrap_or(&to_all) {
                post.send(client, message);
            }
        }
    });
}

/// Puts messages into mailboxes and wakes their owners.
struct Post<'a> {
    server: &'a Server,
    round: WakeRound<'a>,
}

impl Post<'_> {
    /// To a client that tracks, or the one that it has named in its place.
    fn send(&mut self, tracker: &Arc<Client>, message: &Invalidation) {
        let id = tracker.facts.redirect.load(Relaxed);
        if id == 0 {
            return self.leave(tracker, message, false);
        }
        match self.server.clients.get(id) {
            Some(target) => self.leave(&target, message, true),
            None => {
                tracker.redirect_broken.store(true, Relaxed);
                self.leave(tracker, &Invalidation::RedirectBroken(id), false);
            }
        }
    }

    /// RESP2 knows messages only in the form that subscribers get: what has no such form is not sent.
    fn leave(&mut self, client: &Client, message: &Invalidation, is_redirected: bool) {
        let is_subscribed = client.is_subscribed();
        let takes = |proto| proto == 3 || is_redirected && is_subscribed;
        if !takes(client.facts.proto.load(Relaxed)) {
            return;
        }
        let class = if is_subscribed { ClientClass::Pubsub } else { ClientClass::Normal };
        let limit_bytes = self.server.mail_limit(class);
        let left = self.round.leave(client, message.len(), limit_bytes, |proto, out| {
            if takes(proto) {
                message.write(proto, out);
            }
        });
        if left.is_err() {
            self.server.cut_off(client);
        }
    }
}

/// Forgets keys before a command of a client that tracks, while there are more of them than `tracking-table-max-keys`.
#[inline]
pub(super) fn limit(server: &Server, worker: Option<usize>) {
    forget(server, worker, FORGOTTEN_PER_COMMAND);
}

/// The same as time goes by; and what is remembered for clients that have all gone is forgotten. Locking: one shard at a
/// time.
pub(super) fn limit_tick(server: &Server) {
    if server.keyspace.tracking.keys() > 0 && server.keyspace.tracking.is_for_nobody() {
        for id in server.keyspace.shard_ids() {
            let mut db = Locked::none(&server.keyspace, 0, server.clock.now_ms());
            // One that a long command holds has its turn at the next tick.
            let _ = db.visit(id, true, |db| db.forget_for_nobody());
            drop(db.unlock());
        }
    }
    forget(server, None, FORGOTTEN_PER_TICK);
}

/// Forgets random keys that are too many, `most` at most. Locking: one shard at a time; one that a long command holds is
/// left out.
fn forget(server: &Server, worker: Option<usize>, most: usize) {
    let (max, tracking) = (server.config.tracking_table_max_keys(), &server.keyspace.tracking);
    let mut excess = tracking.keys().saturating_sub(max).min(most);
    if max == 0 || excess == 0 {
        return;
    }
    let mut rng = Rng::from_seed(server.clock.now_us());
    let shards = server.keyspace.shard_count();
    let first = rng.index(shards);
    for at in 0..shards {
        let id = ShardId(((first + at) % shards) as u16);
        loop {
            let mut db = Locked::none(&server.keyspace, 0, server.clock.now_ms());
            let batch = excess.min(BATCH);
            let Ok(forgotten) =
                db.visit(id, true, |db| (0..batch).take_while(|_| db.forget_random(id, &mut rng)).count())
            else {
                break;
            };
            tell(server, worker, None, db.unlock().take_invalidations());
            excess -= forgotten;
            if excess == 0 {
                return;
            }
            if forgotten < batch {
                break;
            }
        }
    }
}
