//! Publish/subscribe commands. What they do is in [`crate::pubsub`]; here are their replies, which are messages of the same
//! kind as those that are published.

mod introspect;

use super::prelude::*;
use crate::client::SessionFlags;
use crate::pubsub::Topic;

/// The group.
pub const GROUP: Group = Group { name: "pubsub", category: Categories::empty(), commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "PSUBSCRIBE",
        arity: -2,
        flags: PUBSUB.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(psubscribe),
        doc: Doc {
            since: "2.0.0",
            summary: "Subscribes to all channels that fit glob patterns.",
            complexity: "O(N), N patterns of the client",
            args: &[Arg::block("pattern", &[Arg::pattern("pattern")]).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PUBLISH",
        arity: 3,
        flags: PUBSUB.or(LOADING).or(STALE).or(FAST).or(MAY_REPLICATE),
        run: Run::Plain(publish),
        doc: Doc {
            since: "2.0.0",
            summary: "Sends a message to the subscribers of a channel.",
            complexity: "O(N+M), N subscribers, M patterns of all clients",
            args: &[Arg::string("channel"), Arg::string("message")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PUBSUB",
        arity: -2,
        doc: Doc {
            since: "2.8.0",
            summary: "Looks into subscriptions.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: introspect::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "PUNSUBSCRIBE",
        arity: -1,
        flags: PUBSUB.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(punsubscribe),
        doc: Doc {
            since: "2.0.0",
            summary: "Ends subscriptions to patterns.",
            complexity: "O(N), N patterns of the client",
            args: &[Arg::pattern("pattern").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SPUBLISH",
        arity: 3,
        flags: PUBSUB.or(LOADING).or(STALE).or(FAST).or(MAY_REPLICATE),
        keys: &[KeySpec::at(1, NOT_KEY)],
        run: Run::Plain(spublish),
        doc: Doc {
            since: "7.0.0",
            summary: "Sends a message to the subscribers of a shard channel.",
            complexity: "O(N), N subscribers",
            args: &[Arg::string("shardchannel"), Arg::string("message")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SSUBSCRIBE",
        arity: -2,
        flags: PUBSUB.or(NOSCRIPT).or(LOADING).or(STALE),
        keys: &[KeySpec::range(1, -1, 1, NOT_KEY)],
        run: Run::Plain(ssubscribe),
        doc: Doc {
            since: "7.0.0",
            summary: "Subscribes to shard channels, which live where their slot does.",
            complexity: "O(N), N channels",
            args: &[Arg::string("shardchannel").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SUBSCRIBE",
        arity: -2,
        flags: PUBSUB.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(subscribe),
        doc: Doc {
            since: "2.0.0",
            summary: "Subscribes to channels.",
            complexity: "O(N), N channels",
            args: &[Arg::string("channel").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SUNSUBSCRIBE",
        arity: -1,
        flags: PUBSUB.or(NOSCRIPT).or(LOADING).or(STALE),
        keys: &[KeySpec::range(1, -1, 1, NOT_KEY)],
        run: Run::Plain(sunsubscribe),
        doc: Doc {
            since: "7.0.0",
            summary: "Ends subscriptions to shard channels.",
            complexity: "O(N), N channels of the client",
            args: &[Arg::string("shardchannel").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "UNSUBSCRIBE",
        arity: -1,
        flags: PUBSUB.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(unsubscribe),
        doc: Doc {
            since: "2.0.0",
            summary: "Ends subscriptions to channels.",
            complexity: "O(N), N channels of the client",
            args: &[Arg::string("channel").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

fn subscribe(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    join(cx, args, Topic::Channel, "subscribe")
}

fn psubscribe(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    join(cx, args, Topic::Pattern, "psubscribe")
}

fn ssubscribe(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    join(cx, args, Topic::ShardChannel, "ssubscribe")
}

fn unsubscribe(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    leave(cx, args, Topic::Channel, "unsubscribe")
}

fn punsubscribe(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    leave(cx, args, Topic::Pattern, "punsubscribe")
}

fn sunsubscribe(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    leave(cx, args, Topic::ShardChannel, "sunsubscribe")
}

fn join(cx: &mut Cx<'_>, args: &mut Args<'_>, topic: Topic, kind: &str) -> Outcome {
    // Others may publish from the first one on: who has them in the mailbox must be known for a subscriber.
    cx.session.set(SessionFlags::SUBSCRIBED, true);
    for name in args.rest() {
        cx.server.pubsub.subscribe(&cx.session.client, topic, name);
        confirm(cx, topic, kind, Some(name));
    }
    Ok(Flow::Pushed)
}

fn leave(cx: &mut Cx<'_>, args: &mut Args<'_>, topic: Topic, kind: &str) -> Outcome {
    if args.more() {
        for name in args.rest() {
            leave_one(cx, topic, kind, name);
        }
    } else {
        let all = cx.server.pubsub.subscriptions(&cx.session.client, topic);
        for name in &all {
            leave_one(cx, topic, kind, name);
        }
        if all.is_empty() {
            confirm(cx, topic, kind, None);
        }
    }
    let is_subscribed = cx.session.client.is_subscribed();
    cx.session.set(SessionFlags::SUBSCRIBED, is_subscribed);
    Ok(Flow::Pushed)
}

fn leave_one(cx: &mut Cx<'_>, topic: Topic, kind: &str, name: &[u8]) {
    if cx.server.pubsub.unsubscribe(&cx.session.client, topic, name) && !cx.session.is(SessionFlags::NESTED) {
        // What was published before comes before the confirmation, after which nothing more may come. Inside of EXEC it
        // comes behind all replies.
        cx.session.client.take_mail(cx.reply.output());
    }
    confirm(cx, topic, kind, Some(name));
}

/// Tells the client about one subscription, and how many it has now: shard channels are counted apart.
fn confirm(cx: &mut Cx<'_>, topic: Topic, kind: &str, name: Option<&[u8]>) {
    let count = cx.session.client.subscriptions(topic == Topic::ShardChannel);
    cx.reply.push(3);
    cx.reply.bulk(kind);
    match name {
        Some(name) => cx.reply.bulk(name),
        None => cx.reply.null(),
    }
    cx.reply.integer(count.into());
}

fn publish(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    deliver(cx, args, Topic::Channel)
}

fn spublish(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    deliver(cx, args, Topic::ShardChannel)
}

fn deliver(cx: &mut Cx<'_>, args: &mut Args<'_>, topic: Topic) -> Outcome {
    let channel = args.take()?;
    let message = args.payload()?;

    let worker = cx.on_worker.then_some(cx.session.client.worker);
    let mut round = cx.server.pubsub.wakes().round(worker);
    let count = cx.server.publish(&mut round, topic, channel, message.slice, message.shared);

    cx.reply.integer(count as i64);
    DONE
}
