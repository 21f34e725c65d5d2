//! Consumer groups: XGROUP.

use crate::commands::help::help;
use crate::commands::prelude::*;
use crate::types::stream::{Group, Stream, StreamId};

use super::parse;

/// The rows of XGROUP.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CREATE",
        arity: -5,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(xgroup_create),
        doc: Doc {
            since: "5.0.0",
            summary: "Starts a consumer group at an id, with the stream if wanted.",
            complexity: "O(1)",
            args: &[
                Arg::key("key", 0),
                Arg::string("groupname"),
                Arg::one_of("id", &[Arg::string("id"), Arg::word("new_id", "$")]),
                Arg::word("mkstream", "MKSTREAM").optional(),
                Arg::integer("entries_read").token("ENTRIESREAD").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "CREATECONSUMER",
        arity: 5,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(2, RW.or(INSERT))],
        run: Run::Keys(xgroup_createconsumer),
        doc: Doc {
            since: "6.2.0",
            summary: "Adds a consumer, which has no entries yet, to a group.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("groupname"), Arg::string("consumername")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DELCONSUMER",
        arity: 5,
        flags: WRITE,
        keys: &[KeySpec::at(2, RW.or(DELETE))],
        run: Run::Keys(xgroup_delconsumer),
        doc: Doc {
            since: "5.0.0",
            summary: "Deletes a consumer and its pending entries.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("groupname"), Arg::string("consumername")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DESTROY",
        arity: 4,
        flags: WRITE,
        keys: &[KeySpec::at(2, RW.or(DELETE))],
        run: Run::Keys(xgroup_destroy),
        doc: Doc {
            since: "5.0.0",
            summary: "Deletes a group with its consumers and pending entries.",
            complexity: "O(N), N pending entries of the group",
            args: &[Arg::key("key", 0), Arg::string("groupname")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "5.0.0", summary: "Lists the subcommands of XGROUP.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "SETID",
        arity: -5,
        flags: WRITE,
        keys: &[KeySpec::at(2, RW.or(UPDATE))],
        run: Run::Keys(xgroup_setid),
        doc: Doc {
            since: "5.0.0",
            summary: "Sets the last id that a consumer group has delivered.",
            complexity: "O(1)",
            args: &[
                Arg::key("key", 0),
                Arg::string("groupname"),
                Arg::one_of("id", &[Arg::string("id"), Arg::word("new_id", "$")]),
                Arg::integer("entries_read").token("ENTRIESREAD").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

/// What XGROUP CREATE and SETID take behind the id.
#[derive(Debug, Default)]
struct Options {
    make_stream: bool,
    entries_read: Option<u64>,
}

impl Options {
    fn read(args: &mut Args<'_>, may_make: bool) -> Result<Options, Error> {
        let mut options = Options::default();
        while args.more() {
            if may_make && args.eat("MKSTREAM") {
                options.make_stream = true;
            } else if args.eat_with_value("ENTRIESREAD") {
                options.entries_read = match args.integer()? {
                    -1 => None,
                    read => Some(u64::try_from(read).map_err(|_| error::ENTRIES_READ_NEGATIVE)?),
                };
            } else {
                return Err(Error::subcommand_syntax(args.argv()));
            }
        }
        Ok(options)
    }
}

/// An id, or `$` for the last one of the stream.
fn id_or_last(
    text: &[u8],
    stream: &Stream,
    read: fn(&[u8], u64) -> Result<StreamId, Error>,
) -> Result<StreamId, Error> {
    if text == b"$" { Ok(stream.last_id()) } else { read(text, 0) }
}

pub(super) fn xgroup_create(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (name, id) = (args.take()?, args.take()?);
    let Options { make_stream, entries_read } = Options::read(args, true)?;
    // Redis takes each option once.
    if args.count() > 8 {
        return Err(Error::subcommand_syntax(args.argv()));
    }

    let create = |stream: &mut Stream| {
        let id = id_or_last(id, stream, parse::id)?;
        if stream.add_group(name, Group::new(id, entries_read)) { Ok(()) } else { Err(error::BUSYGROUP) }
    };
    match cx.db.edit(key, create)? {
        Some(edited) => {
            edited.value?;
            cx.db.changed_beside(key, events::XGROUP_CREATE);
        }
        None if make_stream => {
            let mut stream = Stream::new();
            create(&mut stream)?;
            cx.db.put(key, stream);
            cx.db.changed(key, events::XGROUP_CREATE);
        }
        None => return Err(error::XGROUP_NEEDS_KEY),
    }

    cx.reply.ok();
    DONE
}

pub(super) fn xgroup_setid(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (name, id) = (args.take()?, args.take()?);
    let Options { entries_read, .. } = Options::read(args, false)?;
    if args.count() > 7 {
        return Err(Error::subcommand_syntax(args.argv()));
    }

    in_group(cx, key, name, |stream| {
        let id = id_or_last(id, stream, parse::id_or_end)?;
        let group = stream.group_mut(name).expect("the group was found");
        (group.last_id, group.entries_read) = (id, entries_read);
        Ok(())
    })?;
    cx.db.changed_beside(key, events::XGROUP_SETID);

    cx.reply.ok();
    DONE
}

/// Runs `act` on a stream that has a group of that name.
fn in_group<R>(
    cx: &mut Cx<'_>,
    key: Key<'_>,
    name: &[u8],
    act: impl FnOnce(&mut Stream) -> Result<R, Error>,
) -> Result<R, Error> {
    let edited = cx.db.edit(key, |stream: &mut Stream| match stream.group(name) {
        Some(_) => act(stream),
        None => Err(Error::no_group(key.name, name)),
    })?;
    edited.ok_or(error::XGROUP_NEEDS_KEY)?.value
}

pub(super) fn xgroup_destroy(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let name = args.take()?;

    let budget = cx.budget();
    let edited = cx.db.edit(key, |stream: &mut Stream| {
        budget.cost(stream.group(name).map_or(0, Group::pending_len))?;
        Ok::<_, Error>(stream.remove_group(name))
    })?;
    let removed = edited.ok_or(error::XGROUP_NEEDS_KEY)?.value?;
    if removed.is_some() {
        // Those who wait on behalf of the group hear of it.
        cx.db.changed(key, events::XGROUP_DESTROY);
    }

    cx.reply.integer(removed.is_some().into());
    DONE
}

pub(super) fn xgroup_createconsumer(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (name, consumer) = (args.take()?, args.take()?);

    let now_ms = cx.now_ms();
    let is_new = in_group(cx, key, name, |stream| {
        let group = stream.group_mut(name).expect("the group was found");
        Ok(group.add_consumer(consumer, now_ms).is_some())
    })?;
    if is_new {
        cx.db.changed_beside(key, events::XGROUP_CREATECONSUMER);
    }

    cx.reply.integer(is_new.into());
    DONE
}

pub(super) fn xgroup_delconsumer(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (name, consumer) = (args.take()?, args.take()?);

    let budget = cx.budget();
    let pending = in_group(cx, key, name, |stream| {
        let group = stream.group_mut(name).expect("the group was found");
        let found = group.find_consumer(consumer);
        budget.cost(found.map_or(0, |id| group.consumer(id).pending_len()))?;
        Ok(group.remove_consumer(consumer))
    })?;
    if pending.is_some() {
        cx.db.changed_beside(key, events::XGROUP_DELCONSUMER);
    }

    cx.reply.integer(pending.unwrap_or(0) as i64);
    DONE
}
