//! Transactions at the gate: what is queued, what a refused command does to them, the shards of EXEC, and what is left
//! of them when a connection ends.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{Step, after, declared_keys, protocol};
use crate::client::{Session, SessionFlags};
use crate::commands::keys::FoundKey;
use crate::commands::scripting::may_reach_further;
use crate::commands::spec::{Flags, Run};
use crate::commands::transaction::end_watches;
use crate::commands::{DeclaredKey, Registered, table};
use crate::keyspace::{Busy, Locked, ShardId};
use crate::resp::{Args as Argv, Output, Reply};
use crate::state::Server;

/// Whether a command waits for EXEC inside of MULTI.
pub(super) fn is_queued(command: &Registered) -> bool {
    !matches!(command.spec.name, "EXEC" | "DISCARD" | "MULTI" | "WATCH" | "QUIT" | "RESET") || command.words > 1
}

/// Queues a command, which may do what `flags` say. A client whose queue outgrows the limit of its query buffer is closed.
pub(super) fn queue(
    server: &Server,
    session: &mut Session,
    command: &Registered,
    flags: Flags,
    argv: Argv<'_>,
    output: &mut Output,
) -> Step {
    let mark = output.mark();
    let bytes = session.queue(command.id, argv.to_owned(), flags.bits());
    let mut reply = Reply::new(output, protocol(session));
    if bytes > server.config.client_query_buffer_limit() {
        tracing::warn!(
            client = session.client.id,
            bytes,
            "Closing client that queued more than max query buffer length"
        );
        return Step::Close;
    }
    reply.queued();
    after::silence(session, &mut reply, mark, false);
    Step::Next
}

/// A command is refused with that error: what the client is told. Inside of MULTI, EXEC will run nothing; EXEC
/// itself ends the transaction, and the watches even where there is none.
pub(super) fn refused<'a>(
    server: &Server,
    session: &mut Session,
    command: Option<&Registered>,
    text: &'a [u8],
) -> Cow<'a, [u8]> {
    if command.is_none_or(|command| command.spec.name != "EXEC") {
        if session.is(SessionFlags::MULTI) {
            session.abort_transaction();
        }
        return Cow::Borrowed(text);
    }
    session.end_transaction();
    // Watches that cannot be ended now end with the next EXEC.
    let _ = end_watches(&mut Locked::none(&server.keyspace, session.db, server.clock.now_ms()), session, true);
    let reason = text.strip_prefix(b"ERR ").unwrap_or(text);
    Cow::Owned([&b"EXECABORT Transaction discarded because of: "[..], reason].concat())
}

/// Locks the shards of all queued commands and of the watched keys; every shard if one of the commands may look at any.
#[cold]
pub(super) fn lock(
    db: &mut Locked<'_>,
    server: &Server,
    on_worker: bool,
    session: &Session,
    found: &mut Vec<FoundKey>,
    keys: &mut Vec<DeclaredKey>,
) -> Result<(), Busy> {
    let keyspace = &server.keyspace;
    let mut shards: SmallVec<[ShardId; 16]> = SmallVec::new();
    for queued in session.transaction.iter().flat_map(|transaction| &transaction.queue) {
        let command = table().get(queued.command);
        let argv = queued.argv.view();
        if command.visits_shards(argv) || may_reach_further(server, command.spec, argv) {
            return db.lock_all(on_worker);
        }
        if matches!(command.spec.run, Run::Keys(_) | Run::KeysOrGlobal(..)) {
            declared_keys(keyspace, command, argv, found, keys);
            shards.extend(keys.drain(..).map(|key| keyspace.shard_of(key.hash)));
        }
    }
    let watched = session.watched.iter().flat_map(|watched| &watched.keys);
    shards.extend(watched.map(|key| keyspace.shard_of(key.hash)));
    shards.sort_unstable();
    shards.dedup();
    db.lock_many(shards.into_iter(), on_worker)
}

/// To be called when a connection has ended: forgets what the keyspace holds of it.
///
/// # Errors
/// When a long command holds a shard and `on_worker` is set: to be called again where it may wait.
pub fn end_session(server: &Server, session: &mut Session, on_worker: bool) -> Result<(), Busy> {
    end_watches(&mut Locked::none(&server.keyspace, session.db, server.clock.now_ms()), session, on_worker)
}
