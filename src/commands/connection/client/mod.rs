//! CLIENT: the rows, one file for each kind of handlers.

mod filter;
mod identity;
mod kill;
mod list;
mod modes;
mod pause;
mod tracking;

use super::super::help::help;
use super::super::prelude::*;
pub(super) use identity::check_name;
use identity::{client_capa, client_getname, client_id, client_setinfo, client_setname};
use kill::client_kill;
use list::{client_info, client_list};
use modes::{client_durability, client_import_source, client_no_evict, client_no_touch, client_reply};
use pause::{client_pause, client_unblock, client_unpause};
pub(super) use tracking::turn_off as turn_tracking_off;
use tracking::{client_caching, client_getredir, client_tracking, client_trackinginfo};

/// Rows of CLIENT.
pub(super) const SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CACHING",
        arity: 3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_caching),
        doc: Doc {
            since: "6.0.0",
            summary: "Says whether the keys of the next command are to be tracked.",
            complexity: "O(1)",
            args: &[Arg::one_of("mode", &[Arg::word("yes", "YES"), Arg::word("no", "NO")])],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "CAPA",
        arity: -3,
        flags: NOSCRIPT.or(LOADING).or(STALE).or(ALLOW_BUSY),
        run: Run::Plain(client_capa),
        doc: Doc {
            since: "8.0.0",
            summary: "Tells the server what this client can handle.",
            complexity: "O(N), N capabilities",
            args: &[Arg::string("capability").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DURABILITY",
        arity: 3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_durability),
        doc: Doc {
            since: "7.0.0",
            summary: "Chooses whether replies to this connection's writes wait for the disk.",
            complexity: "O(1)",
            args: &[Arg::one_of(
                "durability",
                &[Arg::word("always", "ALWAYS"), Arg::word("everysec", "EVERYSEC"), Arg::word("no", "NO")],
            )],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETNAME",
        arity: 2,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_getname),
        doc: Doc {
            since: "2.6.9",
            summary: "Tells how this connection was named, if it was.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GETREDIR",
        arity: 2,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_getredir),
        doc: Doc {
            since: "6.0.0",
            summary: "Tells which client receives this connection's invalidations.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "HELP",
        arity: 2,
        flags: LOADING.or(STALE),
        run: Run::Plain(help),
        doc: Doc { since: "5.0.0", summary: "Lists the subcommands of CLIENT.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "ID",
        arity: 2,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_id),
        doc: Doc { since: "5.0.0", summary: "Tells the number of this connection.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "IMPORT-SOURCE",
        arity: 3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_import_source),
        doc: Doc {
            since: "8.1.0",
            summary: "Marks this connection as the source of a data import.",
            complexity: "O(1)",
            args: &[Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")])],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "INFO",
        arity: 2,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_info),
        tips: &["nondeterministic_output"],
        doc: Doc { since: "6.2.0", summary: "Describes this connection in one line.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "KILL",
        arity: -3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(client_kill),
        doc: Doc {
            since: "2.4.0",
            summary: "Closes the connections that fit an address or filters.",
            complexity: "O(N), N connections",
            args: &[Arg::one_of(
                "filter",
                &[
                    Arg::string("ip:port").deprecated_since("2.8.12"),
                    Arg::one_of(
                        "new-format",
                        &[
                            Arg::integer("client-id").token("ID").optional().multiple().since("2.8.12"),
                            Arg::one_of(
                                "normal_master_slave_pubsub",
                                &[
                                    Arg::word("normal", "NORMAL"),
                                    Arg::word("master", "MASTER").since("3.2.0"),
                                    Arg::word("primary", "PRIMARY").since("8.0.0"),
                                    Arg::word("slave", "SLAVE"),
                                    Arg::word("replica", "REPLICA").since("5.0.0"),
                                    Arg::word("pubsub", "PUBSUB"),
                                ],
                            )
                            .token("TYPE")
                            .optional()
                            .since("2.8.12"),
                            Arg::string("username").token("USER").optional(),
                            Arg::string("ip:port").token("ADDR").optional(),
                            Arg::string("ip:port").token("LADDR").optional().since("6.2.0"),
                            Arg::string("yes/no").token("SKIPME").optional(),
                            Arg::integer("maxage").token("MAXAGE").optional().since("7.4.0"),
                            Arg::string("name").token("NAME").optional().since("9.0.0"),
                            Arg::integer("idle").token("IDLE").optional().since("9.0.0"),
                            Arg::string("flags").token("FLAGS").optional().since("9.0.0"),
                            Arg::string("lib-name").token("LIB-NAME").optional().since("9.0.0"),
                            Arg::string("lib-ver").token("LIB-VER").optional().since("9.0.0"),
                            Arg::integer("db").token("DB").optional().since("9.0.0"),
                            Arg::string("capa").token("CAPA").optional().since("9.0.0"),
                            Arg::string("ip").token("IP").optional().since("9.0.0"),
                            Arg::one_of(
                                "not-client-type",
                                &[
                                    Arg::word("normal", "NORMAL"),
                                    Arg::word("master", "MASTER"),
                                    Arg::word("primary", "PRIMARY"),
                                    Arg::word("slave", "SLAVE"),
                                    Arg::word("replica", "REPLICA"),
                                    Arg::word("pubsub", "PUBSUB"),
                                ],
                            )
                            .token("NOT-TYPE")
                            .optional()
                            .since("9.0.0"),
                            Arg::integer("not-client-id").token("NOT-ID").optional().multiple().since("9.0.0"),
                            Arg::string("not-username").token("NOT-USER").optional().since("9.0.0"),
                            Arg::string("not-addr").token("NOT-ADDR").optional().since("9.0.0"),
                            Arg::string("not-laddr").token("NOT-LADDR").optional().since("9.0.0"),
                            Arg::string("not-name").token("NOT-NAME").optional().since("9.0.0"),
                            Arg::string("not-flags").token("NOT-FLAGS").optional().since("9.0.0"),
                            Arg::string("not-lib-name").token("NOT-LIB-NAME").optional().since("9.0.0"),
                            Arg::string("not-lib-ver").token("NOT-LIB-VER").optional().since("9.0.0"),
                            Arg::integer("not-db").token("NOT-DB").optional().since("9.0.0"),
                            Arg::string("not-capa").token("NOT-CAPA").optional().since("9.0.0"),
                            Arg::string("not-ip").token("NOT-IP").optional().since("9.0.0"),
                        ],
                    )
                    .multiple(),
                ],
            )],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "LIST",
        arity: -2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(client_list),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.4.0",
            summary: "Describes each connection in one line.",
            complexity: "O(N), N connections",
            args: &[
                Arg::one_of(
                    "normal_master_replica_pubsub",
                    &[
                        Arg::word("normal", "NORMAL"),
                        Arg::word("master", "MASTER"),
                        Arg::word("replica", "REPLICA"),
                        Arg::word("pubsub", "PUBSUB"),
                    ],
                )
                .token("TYPE")
                .optional()
                .since("5.0.0"),
                Arg::block("id", &[Arg::integer("client-id").multiple()]).token("ID").optional().since("6.2.0"),
                Arg::string("username").token("USER").optional().since("8.1.0"),
                Arg::string("addr").token("ADDR").optional().since("8.1.0"),
                Arg::string("laddr").token("LADDR").optional().since("8.1.0"),
                Arg::one_of("skipme", &[Arg::word("yes", "YES"), Arg::word("no", "NO")])
                    .token("SKIPME")
                    .optional()
                    .since("8.1.0"),
                Arg::integer("maxage").token("MAXAGE").optional().since("8.1.0"),
                Arg::string("name").token("NAME").optional().since("9.0.0"),
                Arg::integer("idle").token("IDLE").optional().since("9.0.0"),
                Arg::string("flags").token("FLAGS").optional().since("9.0.0"),
                Arg::string("lib-name").token("LIB-NAME").optional().since("9.0.0"),
                Arg::string("lib-ver").token("LIB-VER").optional().since("9.0.0"),
                Arg::integer("db").token("DB").optional().since("9.0.0"),
                Arg::string("capa").token("CAPA").optional().since("9.0.0"),
                Arg::string("ip").token("IP").optional().since("9.0.0"),
                Arg::one_of(
                    "not-client-type",
                    &[
                        Arg::word("normal", "NORMAL"),
                        Arg::word("master", "MASTER"),
                        Arg::word("replica", "REPLICA"),
                        Arg::word("pubsub", "PUBSUB"),
                    ],
                )
                .token("NOT-TYPE")
                .optional()
                .since("9.0.0"),
                Arg::integer("not-client-id").token("NOT-ID").optional().multiple().since("9.0.0"),
                Arg::string("not-username").token("NOT-USER").optional().since("9.0.0"),
                Arg::string("not-addr").token("NOT-ADDR").optional().since("9.0.0"),
                Arg::string("not-laddr").token("NOT-LADDR").optional().since("9.0.0"),
                Arg::string("not-name").token("NOT-NAME").optional().since("9.0.0"),
                Arg::string("not-flags").token("NOT-FLAGS").optional().since("9.0.0"),
                Arg::string("not-lib-name").token("NOT-LIB-NAME").optional().since("9.0.0"),
                Arg::string("not-lib-ver").token("NOT-LIB-VER").optional().since("9.0.0"),
                Arg::integer("not-db").token("NOT-DB").optional().since("9.0.0"),
                Arg::string("not-capa").token("NOT-CAPA").optional().since("9.0.0"),
                Arg::string("not-ip").token("NOT-IP").optional().since("9.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "NO-EVICT",
        arity: 3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(client_no_evict),
        doc: Doc {
            since: "7.0.0",
            summary: "Exempts this connection from being dropped for its memory use.",
            complexity: "O(1)",
            args: &[Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")])],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "NO-TOUCH",
        arity: 3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_no_touch),
        doc: Doc {
            since: "7.2.0",
            summary: "Lets this connection read keys without marking them as used.",
            complexity: "O(1)",
            args: &[Arg::one_of("enabled", &[Arg::word("on", "ON"), Arg::word("off", "OFF")])],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PAUSE",
        arity: -3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(client_pause),
        doc: Doc {
            since: "2.9.50",
            summary: "Holds back commands, or only writes, of all clients for a time.",
            complexity: "O(1)",
            args: &[
                Arg::integer("timeout"),
                Arg::one_of("mode", &[Arg::word("write", "WRITE"), Arg::word("all", "ALL")]).optional().since("6.2.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "REPLY",
        arity: 3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_reply),
        doc: Doc {
            since: "3.2.0",
            summary: "Turns this connection's replies on or off, or skips one.",
            complexity: "O(1)",
            args: &[Arg::one_of(
                "on_off_skip",
                &[Arg::word("on", "ON"), Arg::word("off", "OFF"), Arg::word("skip", "SKIP")],
            )],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SETINFO",
        arity: 4,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_setinfo),
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        doc: Doc {
            since: "7.2.0",
            summary: "Records name or version of this connection's client library.",
            complexity: "O(1)",
            args: &[Arg::one_of(
                "attr",
                &[Arg::string("libname").token("LIB-NAME"), Arg::string("libver").token("LIB-VER")],
            )],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SETNAME",
        arity: 3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_setname),
        doc: Doc {
            since: "2.6.9",
            summary: "Names this connection.",
            complexity: "O(1)",
            args: &[Arg::string("connection-name")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "TRACKING",
        arity: -3,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_tracking),
        doc: Doc {
            since: "6.0.0",
            summary: "Turns client-side cache invalidation on or off for this connection.",
            complexity: "O(1), more with prefixes",
            args: &[
                Arg::one_of("status", &[Arg::word("on", "ON"), Arg::word("off", "OFF")]),
                Arg::integer("client-id").token("REDIRECT").optional(),
                Arg::string("prefix").token("PREFIX").optional().multiple_token(),
                Arg::word("bcast", "BCAST").optional(),
                Arg::word("optin", "OPTIN").optional(),
                Arg::word("optout", "OPTOUT").optional(),
                Arg::word("noloop", "NOLOOP").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "TRACKINGINFO",
        arity: 2,
        flags: NOSCRIPT.or(LOADING).or(STALE),
        run: Run::Plain(client_trackinginfo),
        doc: Doc {
            since: "6.2.0",
            summary: "Tells how this connection's keys are tracked.",
            complexity: "O(1)",
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "UNBLOCK",
        arity: -3,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(client_unblock),
        doc: Doc {
            since: "5.0.0",
            summary: "Ends the waiting of a blocked client from another connection.",
            complexity: "O(log(N)), N connections",
            args: &[
                Arg::integer("client-id"),
                Arg::one_of("timeout_error", &[Arg::word("timeout", "TIMEOUT"), Arg::word("error", "ERROR")])
                    .optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "UNPAUSE",
        arity: 2,
        flags: ADMIN.or(NOSCRIPT).or(LOADING).or(STALE),
        run: Run::Plain(client_unpause),
        doc: Doc { since: "6.2.0", summary: "Ends CLIENT PAUSE.", complexity: "O(N), N paused clients", ..Doc::BASE },
        ..Command::BASE
    },
];
