//! MULTI and what belongs to it: commands are queued, then run in one step, unless a watched key has changed.
//!
//! EXEC runs under the shards of all its queued commands and of the watched keys, each locked once, so that it is atomic
//! across shards, and that no watched key changes between the look at it and the first command.

use super::context::Called;
use super::prelude::*;
use super::scripting::may_take_long;
use super::table;
use crate::client::{Queued, Session, SessionFlags, Transaction};
use crate::keyspace::{Busy, Locked};

/// Transactions.
pub const GROUP: Group = Group { name: "transactions", category: Categories::TRANSACTION, commands: COMMANDS };

/// Looks at elements that a queued command is taken for, to judge whether the queue is too long for a worker.
const UNITS_PER_COMMAND: usize = 20;

const COMMANDS: &[Command] = &[
    Command {
        name: "DISCARD",
        arity: 1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(ALLOW_BUSY),
        run: Run::Plain(discard),
        doc: Doc {
            since: "2.0.0",
            summary: "Drops the queued commands and leaves the transaction.",
            complexity: "O(N), N queued commands",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EXEC",
        arity: 1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(SKIP_SLOWLOG),
        run: Run::Queued(exec),
        doc: Doc {
            since: "1.2.0",
            summary: "Runs the queued commands in one step.",
            complexity: "That of the queued commands",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MULTI",
        arity: 1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(ALLOW_BUSY),
        run: Run::Plain(multi),
        doc: Doc {
            since: "1.2.0",
            summary: "Starts a transaction: the commands that follow are queued.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "UNWATCH",
        arity: 1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(ALLOW_BUSY),
        run: Run::Plain(unwatch),
        doc: Doc {
            since: "2.2.0",
            summary: "Ends all WATCHes of this connection.",
            complexity: "O(N), N watched keys",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "WATCH",
        arity: -2,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(ALLOW_BUSY),
        keys: &[KeySpec::range(1, -1, 1, RO)],
        run: Run::Keys(watch),
        doc: Doc {
            since: "2.2.0",
            summary: "Makes the next transaction fail if one of the keys changes before.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

fn multi(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    if cx.session.is(SessionFlags::MULTI) {
        return Err(error::NESTED_MULTI);
    }
    cx.session.begin_transaction();
    cx.reply.ok();
    DONE
}

fn discard(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    if !cx.session.is(SessionFlags::MULTI) {
        return Err(error::DISCARD_WITHOUT_MULTI);
    }
    end_watches(&mut cx.db, cx.session, cx.on_worker)?;
    cx.session.end_transaction();
    cx.reply.ok();
    DONE
}

fn watch(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if cx.session.is(SessionFlags::MULTI) {
        return Err(error::WATCH_INSIDE_MULTI);
    }

    // Once a watched key has changed EXEC will run nothing, whatever else is watched.
    while args.more() && !cx.session.is_touched() {
        let key = args.key()?;
        // A key whose time has come is gone by now: that it is removed later is no change.
        cx.db.exists(key);
        if cx.session.add_watch(cx.session.db, key.name, key.hash)
            && let Some(watched) = &cx.session.watched
        {
            cx.db.watch(key, &watched.watcher);
        }
    }
    cx.reply.ok();
    DONE
}

fn unwatch(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    end_watches(&mut cx.db, cx.session, cx.on_worker)?;
    cx.reply.ok();
    DONE
}

/// Ends all watches of a session. Locking: the shard of each watched key in turn, unless `db` holds it already.
///
/// # Errors
/// When a long command holds one of the shards and this is a worker: to be called again.
pub fn end_watches(db: &mut Locked<'_>, session: &mut Session, on_worker: bool) -> Result<(), Busy> {
    let Some(watched) = session.take_watched() else { return Ok(()) };
    for key in &watched.keys {
        let name = Key { name: &key.name, hash: key.hash };
        let shard = db.keyspace().shard_of(key.hash);
        let ended = db.visit(shard, on_worker, |db| db.in_db(key.db, |db| db.unwatch(name, &watched.watcher)));
        if let Err(busy) = ended {
            session.restore_watched(watched);
            return Err(busy);
        }
    }
    Ok(())
}

fn exec(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let Some(transaction) = &cx.session.transaction else { return Err(error::EXEC_WITHOUT_MULTI) };
    let is_aborted = transaction.is_aborted;
    if !is_aborted {
        cx.cost(transaction.queue.len() * UNITS_PER_COMMAND)?;
        // Once a command before it has changed something, a script could not leave the worker any more.
        if cx.on_worker
            && transaction
                .queue
                .iter()
                .any(|queued| may_take_long(cx.server, table().get(queued.command).spec, queued.argv.view()))
        {
            return Err(Error::TooLongForWorker);
        }
    }
    if let Some(watched) = &cx.session.watched {
        for key in &watched.keys {
            // One whose time has come goes now, which is a change.
            cx.db.in_db(key.db, |db| db.exists(Key { name: &key.name, hash: key.hash }));
        }
    }

    let is_touched = cx.session.is_touched();
    end_watches(&mut cx.db, cx.session, cx.on_worker)?;
    let Some(transaction) = cx.session.end_transaction().filter(|_| !is_aborted && !is_touched) else {
        if is_aborted {
            return Err(error::EXECABORT);
        }
        cx.reply.null_array();
        return DONE;
    };
    run(cx, transaction)
}

/// Runs the queue.
fn run(cx: &mut Cx<'_>, transaction: Box<Transaction>) -> Outcome {
    let (db, dirty) = (cx.session.db, cx.db.effects.dirty);
    let mark = cx.reply.mark();
    if !cx.session.is(SessionFlags::SILENT) {
        cx.reply.array(transaction.queue.len());
    }
    let mut closes = false;
    // Whether it can still be left, to begin again elsewhere.
    let mut is_undone = true;
    for Queued { command, argv } in &transaction.queue {
        let command = table().get(*command);
        let mut called = (cx.call)(cx, command, argv.view());
        if matches!(called, Called::TooLong | Called::NotLocked) {
            if is_undone && cx.db.effects.dirty == dirty {
                cx.reply.undo(mark);
                cx.session.select(db);
                cx.session.restore_transaction(transaction);
                let is_long = called == Called::TooLong;
                return Err(if is_long { Error::TooLongForWorker } else { Error::NeedsAllShards });
            }
            // What has been done cannot be taken back: it goes on here, with whatever else it needs.
            if called == Called::NotLocked {
                for shard in cx.server.keyspace.shard_ids() {
                    cx.db.widen(shard, cx.on_worker);
                }
            }
            let on_worker = std::mem::replace(&mut cx.on_worker, false);
            called = (cx.call)(cx, command, argv.view());
            cx.on_worker = on_worker;
            if called == Called::NotLocked {
                cx.reply.error("ERR the shards of a key that the command does not declare are held");
            }
        }
        closes |= called == Called::Closes;
        is_undone &= command.spec.flags.contains(Flags::READONLY) || command.spec.name == "SELECT";
    }
    // CLIENT REPLY holds for the commands one by one.
    if closes { Ok(Flow::Close) } else { Ok(Flow::Pushed) }
}
