//! Commands inside of a command: the queue of EXEC, the calls of a script. They run under the locks of the whole, on its
//! context, so that nobody sees the data between two of them.

use super::{Finished, after, declared_keys, notify, only_key, tracking};
use crate::client::SessionFlags;
use crate::commands::blocking::Blocking;
use crate::commands::spec::{Flags, Run};
use crate::commands::{Args, Called, Cx, DeclaredKey, Error, Flow, Registered};
use crate::resp::{Args as Argv, Protocol};
use crate::state::Gate;
use crate::util::clock::{ticks, ticks_to_ns};

/// See [`Call`](crate::commands::Call). The caller has made the checks that hold for the command.
pub(super) fn call(cx: &mut Cx<'_>, command: &'static Registered, argv: Argv<'_>) -> Called {
    let (mut found, mut many, one);
    let mut keys: &[DeclaredKey] = &[];
    let handler = match command.spec.run {
        _ if command.visits_shards(argv) && !cx.db.holds_all() => return Called::NotLocked,
        Run::Keys(handler) | Run::KeysOrGlobal(handler, _) => {
            let keyspace = &cx.server.keyspace;
            if command.single_key != 0 {
                one = [only_key(keyspace, command, argv, None)];
                keys = &one;
            } else {
                (found, many) = (Vec::new(), Vec::new());
                declared_keys(keyspace, command, argv, &mut found, &mut many);
                keys = &many;
            }
            if !keys.iter().all(|key| cx.db.holds(key.hash)) {
                return Called::NotLocked;
            }
            handler
        }
        Run::Plain(handler) | Run::Global(handler) | Run::Queued(handler) => handler,
        Run::Container => unreachable!("a container is never found as the command to run"),
    };
    let outer = std::mem::replace(&mut cx.command, command);
    cx.db.db = cx.session.db;
    cx.reply.forget_errors();
    let mark = cx.reply.mark();
    let started = ticks();
    if command.spec.flags.contains(Flags::SKIP_MONITOR) {
        after::monitor_script(cx.server, cx.session, command, argv, started);
    }
    let is_nested = cx.session.is(SessionFlags::NESTED);
    cx.session.flags.insert(SessionFlags::NESTED);
    let answer = handler(cx, &mut Args::new(argv, command.words, keys));
    cx.session.flags.set(SessionFlags::NESTED, is_nested);
    let flow = match answer {
        Ok(flow) => flow,
        Err(Error::Reply(text)) => {
            cx.reply.undo(mark);
            cx.reply.error(&text);
            Flow::Done
        }
        Err(Error::TooLongForWorker) => {
            cx.reply.undo(mark);
            cx.command = outer;
            return Called::TooLong;
        }
        Err(Error::NeedsAllShards) => {
            cx.reply.undo(mark);
            cx.command = outer;
            return Called::NotLocked;
        }
        Err(Error::ShardBusy) => unreachable!("what it visits is locked"),
    };
    if cx.session.is(SessionFlags::TRACKING) {
        tracking::remember(cx, argv, keys, Some(outer));
    }
    let is_pushed = matches!(flow, Flow::Pushed);
    let closes = matches!(flow, Flow::Close);
    if let Flow::Block(blocking) = flow {
        let Blocking { timeout_reply, nested_reply, .. } = *blocking;
        let [resp2, resp3] = nested_reply.unwrap_or(timeout_reply);
        let reply = if cx.reply.protocol() == Protocol::Resp3 { resp3 } else { resp2 };
        cx.reply.output().push(reply);
    }
    let ns = ticks_to_ns(ticks() - started);
    finish(cx, argv, &Finished { command, mark, started, ns }, is_pushed);
    cx.command = outer;
    cx.reply.forget_errors();
    if closes { Called::Closes } else { Called::Replied }
}

/// Counts, logs and tells, as is done for a command that stands alone.
fn finish(cx: &mut Cx<'_>, argv: Argv<'_>, finished: &Finished, is_pushed: bool) {
    let Cx { server, session, reply, db, on_worker, .. } = cx;
    db.record(argv);
    let worker = on_worker.then_some(session.client.worker);
    // At once, so that events and messages come in the order in which they happened.
    notify::publish_events(server, worker, &mut db.effects);
    let stats = worker.map_or_else(|| server.stats.other(), |worker| server.stats.worker(worker));
    stats.record_call(finished.command.id, finished.ns, server.config.latency_tracking());
    if reply.errors() > 0 {
        after::failed(stats, finished.command, reply);
    }
    let reply_bytes = reply.len_since(finished.mark);
    if session.is(SessionFlags::SILENT) && !is_pushed {
        reply.undo(finished.mark);
    }
    after::look(server, session, argv, finished, reply_bytes);
    if server.gate().intersects(Gate::MONITORED) {
        after::monitor(server, session, argv, finished, None);
    }
}
