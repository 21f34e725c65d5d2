//! PUBSUB: looks into subscriptions.

use super::super::help::help;
use super::super::prelude::*;
use crate::pubsub::Topic;
use crate::util::glob;

/// Rows of PUBSUB.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CHANNELS",
        arity: -2,
        flags: PUBSUB.or(LOADING).or(STALE),
        run: Run::Plain(pubsub_channels),
        doc: Doc {
            since: "2.8.0",
            summary: "Lists the channels that have subscribers.",
            complexity: "O(N), N channels",
            args: &[Arg::pattern("pattern").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "6.2.0", summary: "Lists the subcommands of PUBSUB.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "NUMPAT",
        arity: 2,
        flags: PUBSUB.or(LOADING).or(STALE),
        run: Run::Plain(pubsub_numpat),
        doc: Doc {
            since: "2.8.0",
            summary: "Counts the patterns that clients are subscribed to.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "NUMSUB",
        arity: -2,
        flags: PUBSUB.or(LOADING).or(STALE),
        run: Run::Plain(pubsub_numsub),
        doc: Doc {
            since: "2.8.0",
            summary: "Tells for each channel how many clients subscribed.",
            complexity: "O(N), N channels asked for",
            args: &[Arg::string("channel").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SHARDCHANNELS",
        arity: -2,
        flags: PUBSUB.or(LOADING).or(STALE),
        run: Run::Plain(pubsub_shardchannels),
        doc: Doc {
            since: "7.0.0",
            summary: "Lists the shard channels that have subscribers.",
            complexity: "O(N), N channels",
            args: &[Arg::pattern("pattern").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SHARDNUMSUB",
        arity: -2,
        flags: PUBSUB.or(LOADING).or(STALE),
        run: Run::Plain(pubsub_shardnumsub),
        doc: Doc {
            since: "7.0.0",
            summary: "Tells for each shard channel how many clients subscribed.",
            complexity: "O(N), N channels asked for",
            args: &[Arg::string("shardchannel").optional().multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

fn pubsub_channels(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    list(cx, args, Topic::Channel)
}

fn pubsub_shardchannels(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    list(cx, args, Topic::ShardChannel)
}

fn list(cx: &mut Cx<'_>, args: &mut Args<'_>, topic: Topic) -> Outcome {
    if args.remaining() > 1 {
        return Err(Error::subcommand_syntax(args.argv()));
    }
    let pattern = args.peek();
    cx.cost(cx.server.pubsub.len(topic))?;

    let (reply, mut count) = (&mut cx.reply, 0);
    let list = reply.defer();
    cx.server.pubsub.each(topic, |name| {
        if pattern.is_none_or(|pattern| glob::matches(pattern, name, false)) {
            reply.bulk(name);
            count += 1;
        }
    });
    reply.end_array(list, count);
    DONE
}

fn pubsub_numpat(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.integer(cx.server.pubsub.len(Topic::Pattern) as i64);
    DONE
}

fn pubsub_numsub(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    count(cx, args, Topic::Channel)
}

fn pubsub_shardnumsub(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    count(cx, args, Topic::ShardChannel)
}

fn count(cx: &mut Cx<'_>, args: &mut Args<'_>, topic: Topic) -> Outcome {
    cx.reply.array(2 * args.remaining());
    for name in args.rest() {
        cx.reply.bulk(name);
        cx.reply.integer(cx.server.pubsub.subscribers(topic, name) as i64);
    }
    DONE
}
