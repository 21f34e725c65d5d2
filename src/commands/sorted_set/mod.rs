//! Sorted sets: the rows. Handlers are in the files by topic.

mod add;
mod combine;
mod ends;
mod pop;
mod random;
mod range;
mod read;
mod remove;

pub(super) use add::{How, Pairs, set_scores};
use add::{zadd, zincrby};
use combine::{zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore};
use pop::{bzmpop, bzpopmax, bzpopmin, zmpop, zpopmax, zpopmin};
use random::zrandmember;
use range::{zrange, zrangebylex, zrangebyscore, zrangestore, zrevrange, zrevrangebylex, zrevrangebyscore};
use read::{zcard, zcount, zlexcount, zmscore, zrank, zrevrank, zscan, zscore};
use remove::{zrem, zremrangebylex, zremrangebyrank, zremrangebyscore};

use super::prelude::*;
use crate::resp::{Protocol, Reply};
use crate::types::packed::Element;
use crate::types::zset::{Limits, ZSet};

/// Sorted sets.
pub const GROUP: Group = Group { name: "sorted-set", category: Categories::SORTEDSET, commands: COMMANDS };

/// How much the small form may hold, by the configuration.
pub(super) fn limits(cx: &Cx<'_>) -> Limits {
    cx.server.zset_limits()
}

/// Writes a member.
#[inline]
pub(super) fn reply_element(reply: &mut Reply<'_>, element: Element<'_>) {
    match element {
        Element::Int(number) => reply.bulk_integer(number),
        Element::Bytes(text) => reply.bulk(text),
    }
}

/// Stores a result and replies with its length; an empty one removes the key.
pub(super) fn store(cx: &mut Cx<'_>, destination: Key<'_>, result: ZSet, event: Event) {
    let len = result.len();
    if len > 0 {
        cx.db.put(destination, result);
        cx.db.changed(destination, event);
    } else if cx.db.remove(destination) {
        cx.db.changed(destination, events::DEL);
    }
    cx.reply.integer(len as i64);
}

/// Tells that `count` members of a key have gone, and the key too if it was `emptied`; answers the count.
fn removed(cx: &mut Cx<'_>, key: Key<'_>, count: usize, emptied: bool, event: Event) -> usize {
    if count > 0 {
        cx.db.changed(key, event);
        cx.db.effects.dirty += count as u64 - 1;
        if emptied {
            cx.db.changed_too(key, events::DEL);
        }
    }
    count
}

/// Writes members, with their scores if asked: in pairs or in turn.
struct Shower<'r, 'o> {
    reply: &'r mut Reply<'o>,
    with_scores: bool,
    in_pairs: bool,
}

impl<'r, 'o> Shower<'r, 'o> {
    /// Scores, if shown, come in pairs with their members in RESP3, in turn in RESP2.
    fn new(reply: &'r mut Reply<'o>, with_scores: bool) -> Self {
        let in_pairs = with_scores && reply.protocol() == Protocol::Resp3;
        Shower { reply, with_scores, in_pairs }
    }

    /// Members and scores in turn.
    fn flat(reply: &'r mut Reply<'o>) -> Self {
        Shower { reply, with_scores: true, in_pairs: false }
    }

    /// Pairs.
    fn nested(reply: &'r mut Reply<'o>) -> Self {
        Shower { reply, with_scores: true, in_pairs: true }
    }

    /// The header of so many members.
    fn begin(&mut self, members: usize) {
        self.reply.array(if self.with_scores && !self.in_pairs { 2 * members } else { members });
    }

    #[inline]
    fn show(&mut self, member: Element<'_>, score: f64) {
        if self.in_pairs {
            self.reply.array(2);
        }
        reply_element(self.reply, member);
        if self.with_scores {
            self.reply.double(score);
        }
    }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "BZMPOP",
        arity: -5,
        flags: WRITE.or(BLOCKING),
        keys: &[KeySpec::numkeys(2, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(bzmpop),
        doc: Doc {
            since: "7.0.0",
            summary: "Pops members of the first sorted set that has any, waiting if need be.",
            complexity: "O(K+M*log(N)), K keys, M members returned, N in the set",
            args: &[
                Arg::double("timeout"),
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BZPOPMAX",
        arity: -3,
        flags: WRITE.or(NOSCRIPT).or(BLOCKING).or(FAST),
        keys: &[KeySpec::range(1, -2, 1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(bzpopmax),
        doc: Doc {
            since: "5.0.0",
            summary: "Pops the highest member of the first nonempty sorted set, or waits.",
            complexity: "O(log(N)), N members",
            args: &[Arg::key("key", 0).multiple(), Arg::double("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "BZPOPMIN",
        arity: -3,
        flags: WRITE.or(NOSCRIPT).or(BLOCKING).or(FAST),
        keys: &[KeySpec::range(1, -2, 1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(bzpopmin),
        doc: Doc {
            since: "5.0.0",
            summary: "Pops the lowest member of the first nonempty sorted set, or waits.",
            complexity: "O(log(N)), N members",
            args: &[Arg::key("key", 0).multiple(), Arg::double("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZADD",
        arity: -4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        element: 3,
        run: Run::Keys(zadd),
        doc: Doc {
            since: "1.2.0",
            summary: "Adds members or changes their scores, creating the set when absent.",
            complexity: "O(log(N)) a member, N members of the set",
            args: &[
                Arg::key("key", 0),
                Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional().since("3.0.2"),
                Arg::one_of("comparison", &[Arg::word("gt", "GT"), Arg::word("lt", "LT")]).optional().since("6.2.0"),
                Arg::word("change", "CH").optional().since("3.0.2"),
                Arg::word("increment", "INCR").optional().since("3.0.2"),
                Arg::block("score_member", &[Arg::double("score"), Arg::string("member")]).multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZCARD",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(zcard),
        doc: Doc {
            since: "1.2.0",
            summary: "Counts the members of a sorted set.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZCOUNT",
        arity: 4,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zcount),
        doc: Doc {
            since: "2.0.0",
            summary: "Counts the members with scores in a range.",
            complexity: "O(log(N)), N members",
            args: &[Arg::key("key", 0), Arg::double("min"), Arg::double("max")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZDIFF",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::numkeys(1, RO.or(ACCESS))],
        run: Run::Keys(zdiff),
        doc: Doc {
            since: "6.2.0",
            summary: "Lists what the first sorted set has and none of the others.",
            complexity: "O(L+(N-K)*log(N)), L members in all, N in the first, K in the result",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::word("withscores", "WITHSCORES").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZDIFFSTORE",
        arity: -4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::numkeys(2, RO.or(ACCESS))],
        run: Run::Keys(zdiffstore),
        doc: Doc {
            since: "6.2.0",
            summary: "Stores what the first sorted set has and none of the others.",
            complexity: "O(L+(N-K)*log(N)), L members in all, N in the first, K in the result",
            args: &[Arg::key("destination", 0), Arg::integer("numkeys"), Arg::key("key", 1).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZINCRBY",
        arity: 4,
        flags: WRITE.or(DENYOOM).or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        element: 3,
        run: Run::Keys(zincrby),
        doc: Doc {
            since: "1.2.0",
            summary: "Adds to the score of a member.",
            complexity: "O(log(N)), N members",
            args: &[Arg::key("key", 0), Arg::integer("increment"), Arg::string("member")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZINTER",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::numkeys(1, RO.or(ACCESS))],
        run: Run::Keys(zinter),
        doc: Doc {
            since: "6.2.0",
            summary: "Lists the members that all sorted sets share, scores combined.",
            complexity: "O(N*K+M*log(M)), N members in the smallest of K sets, M in the result",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::integer("weight").token("WEIGHTS").optional().multiple(),
                AGGREGATE,
                Arg::word("withscores", "WITHSCORES").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZINTERCARD",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::numkeys(1, RO.or(ACCESS))],
        run: Run::Keys(zintercard),
        doc: Doc {
            since: "7.0.0",
            summary: "Counts the members that all sorted sets share, up to a limit.",
            complexity: "O(N*K), N members in the smallest of K sets",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::integer("limit").token("LIMIT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZINTERSTORE",
        arity: -4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::numkeys(2, RO.or(ACCESS))],
        run: Run::Keys(zinterstore),
        doc: Doc {
            since: "2.0.0",
            summary: "Stores the members that all sorted sets share, scores combined.",
            complexity: "O(N*K+M*log(M)), N members in the smallest of K sets, M in the result",
            args: &[
                Arg::key("destination", 0),
                Arg::integer("numkeys"),
                Arg::key("key", 1).multiple(),
                Arg::integer("weight").token("WEIGHTS").optional().multiple(),
                AGGREGATE,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZLEXCOUNT",
        arity: 4,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zlexcount),
        doc: Doc {
            since: "2.8.9",
            summary: "Counts the members in a lexicographic range.",
            complexity: "O(log(N)), N members",
            args: &[Arg::key("key", 0), Arg::string("min"), Arg::string("max")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZMPOP",
        arity: -4,
        flags: WRITE,
        keys: &[KeySpec::numkeys(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(zmpop),
        doc: Doc {
            since: "7.0.0",
            summary: "Pops members of the first sorted set that has any.",
            complexity: "O(K+M*log(N)), K keys, M members returned, N in the set",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
                Arg::integer("count").token("COUNT").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZMSCORE",
        arity: -3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(zmscore),
        doc: Doc {
            since: "6.2.0",
            summary: "Tells the scores of several members.",
            complexity: "O(N), N members asked for",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZPOPMAX",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(zpopmax),
        doc: Doc {
            since: "5.0.0",
            summary: "Pops the members with the highest scores.",
            complexity: "O(M*log(N)), M members returned, N in the set",
            args: &[Arg::key("key", 0), Arg::integer("count").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZPOPMIN",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE))],
        run: Run::Keys(zpopmin),
        doc: Doc {
            since: "5.0.0",
            summary: "Pops the members with the lowest scores.",
            complexity: "O(M*log(N)), M members returned, N in the set",
            args: &[Arg::key("key", 0), Arg::integer("count").optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZRANDMEMBER",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrandmember),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "6.2.0",
            summary: "Picks members of a sorted set at random.",
            complexity: "O(N), N members returned",
            args: &[
                Arg::key("key", 0),
                Arg::block("options", &[Arg::integer("count"), Arg::word("withscores", "WITHSCORES").optional()])
                    .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZRANGE",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrange),
        doc: Doc {
            since: "1.2.0",
            summary: "Reads a range of members by rank, score or name, in either order.",
            complexity: "O(log(N)+M), N members, M returned",
            args: &[
                Arg::key("key", 0),
                Arg::string("start"),
                Arg::string("stop"),
                Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")])
                    .optional()
                    .since("6.2.0"),
                Arg::word("rev", "REV").optional().since("6.2.0"),
                LIMIT.optional().since("6.2.0"),
                Arg::word("withscores", "WITHSCORES").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZRANGEBYLEX",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrangebylex),
        doc: Doc {
            since: "2.8.9",
            summary: "Reads a range of members by name (old form of ZRANGE BYLEX).",
            complexity: "O(log(N)+M), N members, M returned",
            deprecated_since: "6.2.0",
            replaced_by: "`ZRANGE` with `BYLEX`",
            args: &[Arg::key("key", 0), Arg::string("min"), Arg::string("max"), LIMIT.optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZRANGEBYSCORE",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrangebyscore),
        doc: Doc {
            since: "1.0.5",
            summary: "Reads a range of members by score (old form of ZRANGE BYSCORE).",
            complexity: "O(log(N)+M), N members, M returned",
            deprecated_since: "6.2.0",
            replaced_by: "`ZRANGE` with `BYSCORE`",
            args: &[
                Arg::key("key", 0),
                Arg::double("min"),
                Arg::double("max"),
                Arg::word("withscores", "WITHSCORES").optional().since("2.0.0"),
                LIMIT.optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZRANGESTORE",
        arity: -5,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::at(2, RO.or(ACCESS))],
        run: Run::Keys(zrangestore),
        doc: Doc {
            since: "6.2.0",
            summary: "Stores a range of members under another key.",
            complexity: "O(log(N)+M), N members, M stored",
            args: &[
                Arg::key("dst", 0),
                Arg::key("src", 1),
                Arg::string("min"),
                Arg::string("max"),
                Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")]).optional(),
                Arg::word("rev", "REV").optional(),
                LIMIT.optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZRANK",
        arity: -3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(zrank),
        doc: Doc {
            since: "2.0.0",
            summary: "Tells the rank of a member, lowest score first.",
            complexity: "O(log(N)), N members",
            args: &[
                Arg::key("key", 0),
                Arg::string("member"),
                Arg::word("withscore", "WITHSCORE").optional().since("7.2.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREM",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        element: 2,
        run: Run::Keys(zrem),
        doc: Doc {
            since: "1.2.0",
            summary: "Removes members; a sorted set left empty is deleted.",
            complexity: "O(M*log(N)), N members, M removed",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREMRANGEBYLEX",
        arity: 4,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(zremrangebylex),
        doc: Doc {
            since: "2.8.9",
            summary: "Removes the members in a range of names.",
            complexity: "O(log(N)+M), N members, M removed",
            args: &[Arg::key("key", 0), Arg::string("min"), Arg::string("max")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREMRANGEBYRANK",
        arity: 4,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(zremrangebyrank),
        doc: Doc {
            since: "2.0.0",
            summary: "Removes the members in a range of ranks.",
            complexity: "O(log(N)+M), N members, M removed",
            args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREMRANGEBYSCORE",
        arity: 4,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(DELETE))],
        run: Run::Keys(zremrangebyscore),
        doc: Doc {
            since: "1.2.0",
            summary: "Removes the members in a range of scores.",
            complexity: "O(log(N)+M), N members, M removed",
            args: &[Arg::key("key", 0), Arg::double("min"), Arg::double("max")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREVRANGE",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrevrange),
        doc: Doc {
            since: "1.2.0",
            summary: "Reads a range of members by rank, highest score first (old form).",
            complexity: "O(log(N)+M), N members, M returned",
            deprecated_since: "6.2.0",
            replaced_by: "`ZRANGE` with `REV`",
            args: &[
                Arg::key("key", 0),
                Arg::integer("start"),
                Arg::integer("stop"),
                Arg::word("withscores", "WITHSCORES").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREVRANGEBYLEX",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrevrangebylex),
        doc: Doc {
            since: "2.8.9",
            summary: "Reads a range of members by name, backwards (old form).",
            complexity: "O(log(N)+M), N members, M returned",
            deprecated_since: "6.2.0",
            replaced_by: "`ZRANGE` with `BYLEX` `REV`",
            args: &[Arg::key("key", 0), Arg::string("max"), Arg::string("min"), LIMIT.optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREVRANGEBYSCORE",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zrevrangebyscore),
        doc: Doc {
            since: "2.2.0",
            summary: "Reads a range of members by score, backwards (old form).",
            complexity: "O(log(N)+M), N members, M returned",
            deprecated_since: "6.2.0",
            replaced_by: "`ZRANGE` with `BYSCORE` `REV`",
            args: &[
                Arg::key("key", 0),
                Arg::double("max"),
                Arg::double("min"),
                Arg::word("withscores", "WITHSCORES").optional(),
                LIMIT.optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZREVRANK",
        arity: -3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(zrevrank),
        doc: Doc {
            since: "2.0.0",
            summary: "Tells the rank of a member, highest score first.",
            complexity: "O(log(N)), N members",
            args: &[
                Arg::key("key", 0),
                Arg::string("member"),
                Arg::word("withscore", "WITHSCORE").optional().since("7.2.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZSCAN",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(zscan),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.8.0",
            summary: "Walks over the members and scores of a sorted set, a few a call.",
            complexity: "O(1) a call, O(N) for all N members",
            args: &[
                Arg::key("key", 0),
                Arg::integer("cursor"),
                Arg::pattern("pattern").token("MATCH").optional(),
                Arg::integer("count").token("COUNT").optional(),
                Arg::word("noscores", "NOSCORES").optional().since("8.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZSCORE",
        arity: 3,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        element: 2,
        run: Run::Keys(zscore),
        doc: Doc {
            since: "1.2.0",
            summary: "Tells the score of a member.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::string("member")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZUNION",
        arity: -3,
        flags: READONLY,
        keys: &[KeySpec::numkeys(1, RO.or(ACCESS))],
        run: Run::Keys(zunion),
        doc: Doc {
            since: "6.2.0",
            summary: "Lists the members of any of the sorted sets, scores combined.",
            complexity: "O(N+M*log(M)), N members in all, M in the result",
            args: &[
                Arg::integer("numkeys"),
                Arg::key("key", 0).multiple(),
                Arg::integer("weight").token("WEIGHTS").optional().multiple(),
                AGGREGATE,
                Arg::word("withscores", "WITHSCORES").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "ZUNIONSTORE",
        arity: -4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::numkeys(2, RO.or(ACCESS))],
        run: Run::Keys(zunionstore),
        doc: Doc {
            since: "2.0.0",
            summary: "Stores the members of any of the sorted sets, scores combined.",
            complexity: "O(N+M*log(M)), N members in all, M in the result",
            args: &[
                Arg::key("destination", 0),
                Arg::integer("numkeys"),
                Arg::key("key", 1).multiple(),
                Arg::integer("weight").token("WEIGHTS").optional().multiple(),
                AGGREGATE,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const LIMIT: Arg = Arg::block("offset_count", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT");

const AGGREGATE: Arg =
    Arg::one_of("aggregate", &[Arg::word("sum", "SUM"), Arg::word("min", "MIN"), Arg::word("max", "MAX")])
        .token("AGGREGATE")
        .optional();
