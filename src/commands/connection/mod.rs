//! Connection commands: who the client is, what it speaks, and what others may see of it and do to it (CLIENT).
//!
//! Nothing here touches a key. A session belongs to its connection; others are reached through their client records and
//! signals only.

mod auth;
mod client;

use super::prelude::*;
use crate::client::SessionFlags;
use crate::commands::transaction::end_watches;
use crate::resp::Protocol;
use auth::{auth, auth_secret, hello, hello_secret};

/// The group.
pub const GROUP: Group = Group { name: "connection", category: Categories::CONNECTION, commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "AUTH",
        arity: -2,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(NO_AUTH).or(ALLOW_BUSY).or(SENSITIVE),
        run: Run::Plain(auth),
        secret: Some(auth_secret),
        doc: Doc {
            since: "1.0.0",
            summary: "Logs the connection in with a password, or a user and password.",
            complexity: "O(N), N passwords of the user",
            args: &[Arg::string("username").optional().since("6.0.0"), Arg::string("password")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "CLIENT",
        arity: -2,
        doc: Doc {
            since: "2.4.0",
            summary: "Inspects and steers connections.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: client::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "ECHO",
        arity: 2,
        flags: LOADING.or(STALE).or(FAST),
        run: Run::Plain(echo),
        doc: Doc {
            since: "1.0.0",
            summary: "Sends the message back.",
            complexity: "O(1)",
            args: &[Arg::string("message")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELLO",
        arity: -1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(NO_AUTH).or(ALLOW_BUSY).or(SENSITIVE),
        run: Run::Plain(hello),
        secret: Some(hello_secret),
        doc: Doc {
            since: "6.0.0",
            summary: "Greets the server and picks the protocol version.",
            complexity: "O(1)",
            args: &[Arg::block(
                "arguments",
                &[
                    Arg::integer("protover"),
                    Arg::block("username_password", &[Arg::string("username"), Arg::string("password")])
                        .token("AUTH")
                        .optional(),
                    Arg::string("clientname").token("SETNAME").optional(),
                ],
            )
            .optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PING",
        arity: -1,
        flags: FAST,
        run: Run::Plain(ping),
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        doc: Doc {
            since: "1.0.0",
            summary: "Answers PONG, or the given message.",
            complexity: "O(1)",
            args: &[Arg::string("message").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "QUIT",
        arity: -1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(NO_AUTH).or(ALLOW_BUSY),
        run: Run::Plain(quit),
        doc: Doc { since: "1.0.0", summary: "Closes the connection after the reply.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "RESET",
        arity: 1,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(FAST).or(NO_AUTH).or(ALLOW_BUSY),
        run: Run::Plain(reset),
        doc: Doc {
            since: "6.2.0",
            summary: "Puts the connection back into the state it had when it was new.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SELECT",
        arity: 2,
        flags: LOADING.or(STALE).or(FAST),
        run: Run::Plain(select),
        doc: Doc {
            since: "1.0.0",
            summary: "Picks the database that this connection works on.",
            complexity: "O(1)",
            args: &[Arg::integer("index")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

fn echo(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    cx.reply.bulk(args.take()?);
    DONE
}

fn ping(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() > 2 {
        return Err(Error::arity(cx.command.spec.name));
    }
    if cx.session.is(SessionFlags::SUBSCRIBED) && cx.session.proto == 2 {
        // A subscribed RESP2 client cannot tell a reply from a message: it gets the form of one.
        cx.reply.array(2);
        cx.reply.bulk("pong");
        cx.reply.bulk(args.peek().unwrap_or_default());
        return DONE;
    }
    match args.peek() {
        Some(message) => cx.reply.bulk(message),
        None => cx.reply.simple(b"PONG"),
    }
    DONE
}

fn quit(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.ok();
    Ok(Flow::Close)
}

fn reset(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    if cx.session.is(SessionFlags::MONITOR) {
        cx.server.remove_monitor(cx.session.client.id);
    }
    if cx.session.is(SessionFlags::SUBSCRIBED) {
        cx.server.pubsub.leave(&cx.session.client);
        cx.session.client.take_mail(cx.reply.output());
    }
    end_watches(&mut cx.db, cx.session, cx.on_worker)?;
    client::turn_tracking_off(cx);
    cx.session.reset(cx.server.config.requirepass().is_some());
    cx.reply.set_protocol(Protocol::Resp2);
    cx.reply.simple(b"RESET");
    DONE
}

fn select(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let index = args.int32()?;
    let db = usize::try_from(index).ok().filter(|&db| db < cx.server.config.databases());
    cx.session.select(db.ok_or(error::DB_OUT_OF_RANGE)?);
    cx.reply.ok();
    DONE
}
