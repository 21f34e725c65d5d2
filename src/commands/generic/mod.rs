//! Commands on keys of any type: existence, names, expiry, walks.
//!
//! May import: what every command group may; a handler reaches only declared keys, the walks visit shards one by one.

mod dump;
mod expiry;
mod migrate;
mod moving;
mod object;
mod presence;
mod sort;
mod wait;
mod walk;

use super::prelude::*;
use dump::dump;
pub use dump::restore;
use expiry::{expire, expireat, expiretime, persist, pexpire, pexpireat, pexpiretime, pttl, ttl};
use migrate::{migrate, migrate_keys, migrate_secret};
use moving::{copy, move_, rename, renamenx};
use presence::{del, exists, touch, type_, unlink};
use sort::{reaches_further, sort, sort_keys, sort_ro, sort_ro_keys};
use wait::{wait, waitaof};
use walk::{keys, randomkey, scan};

/// The group.
pub const GROUP: Group = Group { name: "generic", category: Categories::KEYSPACE, commands: COMMANDS };

const COMMANDS: &[Command] = &[
    Command {
        name: "COPY",
        arity: -3,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RO.or(ACCESS)), KeySpec::at(2, OW.or(UPDATE))],
        run: Run::Keys(copy),
        doc: Doc {
            since: "6.2.0",
            summary: "Duplicates a value under another key, possibly in another database.",
            complexity: "O(N), N elements of the value",
            args: &[
                Arg::key("source", 0),
                Arg::key("destination", 1),
                Arg::integer("destination-db").token("DB").optional(),
                Arg::word("replace", "REPLACE").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DEL",
        arity: -2,
        flags: WRITE,
        keys: &[KeySpec::range(1, -1, 1, RM.or(DELETE))],
        run: Run::Keys(del),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        doc: Doc {
            since: "1.0.0",
            summary: "Removes keys and their values at once.",
            complexity: "O(N), N keys and their elements",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "DUMP",
        arity: 2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(dump),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.6.0",
            summary: "Serializes a value for RESTORE.",
            complexity: "O(N), N bytes of the value",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EXISTS",
        arity: -2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::range(1, -1, 1, RO)],
        run: Run::Keys(exists),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        doc: Doc {
            since: "1.0.0",
            summary: "Counts how many of the named keys exist.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EXPIRE",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(expire),
        doc: Doc {
            since: "1.0.0",
            summary: "Lets a key expire after so many seconds.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("seconds"), EXPIRE_CONDITION],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EXPIREAT",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(expireat),
        doc: Doc {
            since: "1.2.0",
            summary: "Lets a key expire at a Unix time in seconds.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::unix_time("unix-time-seconds"), EXPIRE_CONDITION],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "EXPIRETIME",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(expiretime),
        doc: Doc {
            since: "7.0.0",
            summary: "Tells at which Unix time in seconds a key expires.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "KEYS",
        arity: 2,
        flags: READONLY.or(TOUCHES_ARBITRARY_KEYS),
        run: Run::Plain(keys),
        acl_extra: Categories::DANGEROUS,
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        doc: Doc {
            since: "1.0.0",
            summary: "Lists every key whose name fits a glob pattern.",
            complexity: "O(N), N keys in the database",
            args: &[Arg::pattern("pattern")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MIGRATE",
        arity: -6,
        flags: WRITE.or(SENSITIVE),
        keys: &[
            KeySpec::at(3, RW.or(ACCESS).or(DELETE)),
            KeySpec {
                notes: "",
                flags: RW.or(ACCESS).or(DELETE).or(INCOMPLETE),
                begin: BeginSearch::Keyword { word: "KEYS", start: -2 },
                find: FindKeys::Range { last: -1, step: 1, limit: 0 },
            },
        ],
        keys_fn: Some(migrate_keys),
        secret: Some(migrate_secret),
        run: Run::Keys(migrate),
        acl_extra: Categories::DANGEROUS,
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.6.0",
            summary: "Moves keys to another server.",
            complexity: "O(N), N bytes moved",
            args: &[
                Arg::string("host"),
                Arg::integer("port"),
                Arg::one_of("key_or_empty_string", &[Arg::key("key", 0), Arg::word("empty_string", "")]),
                Arg::integer("destination-db"),
                Arg::integer("timeout"),
                Arg::word("copy", "COPY").optional().since("3.0.0"),
                Arg::word("replace", "REPLACE").optional().since("3.0.0"),
                Arg::one_of(
                    "authentication",
                    &[
                        Arg::string("password").token("AUTH").optional().since("4.0.7"),
                        Arg::block("username_password", &[Arg::string("username"), Arg::string("password")])
                            .token("AUTH2")
                            .optional()
                            .since("6.0.0"),
                    ],
                )
                .optional(),
                Arg::key("key", 1).token("KEYS").optional().multiple().since("3.0.6"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "MOVE",
        arity: 3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(UPDATE))],
        run: Run::Keys(move_),
        doc: Doc {
            since: "1.0.0",
            summary: "Puts a key into another database, unless that has one of its name.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("db")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "OBJECT",
        arity: -2,
        doc: Doc {
            since: "2.2.3",
            summary: "Looks into how a value is kept.",
            complexity: "Depends on the subcommand",
            ..Doc::BASE
        },
        subcommands: object::SUBCOMMANDS,
        ..Command::BASE
    },
    Command {
        name: "PERSIST",
        arity: 2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(persist),
        doc: Doc {
            since: "2.2.0",
            summary: "Takes the expiry off a key.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PEXPIRE",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(pexpire),
        doc: Doc {
            since: "2.6.0",
            summary: "Lets a key expire after so many milliseconds.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::integer("milliseconds"), EXPIRE_CONDITION],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PEXPIREAT",
        arity: -3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(pexpireat),
        doc: Doc {
            since: "2.6.0",
            summary: "Lets a key expire at a Unix time in milliseconds.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::unix_time("unix-time-milliseconds"), EXPIRE_CONDITION],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PEXPIRETIME",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(pexpiretime),
        doc: Doc {
            since: "7.0.0",
            summary: "Tells at which Unix time in milliseconds a key expires.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "PTTL",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(pttl),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "2.6.0",
            summary: "Tells how many milliseconds a key has left.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RANDOMKEY",
        arity: 1,
        flags: READONLY.or(TOUCHES_ARBITRARY_KEYS),
        run: Run::Plain(randomkey),
        tips: &["request_policy:all_shards", "nondeterministic_output"],
        doc: Doc { since: "1.0.0", summary: "Picks any key of the database.", complexity: "O(1)", ..Doc::BASE },
        ..Command::BASE
    },
    Command {
        name: "RENAME",
        arity: 3,
        flags: WRITE,
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, OW.or(UPDATE))],
        run: Run::Keys(rename),
        doc: Doc {
            since: "1.0.0",
            summary: "Gives a key another name, replacing what that name held.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::key("newkey", 1)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RENAMENX",
        arity: 3,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::at(1, RW.or(ACCESS).or(DELETE)), KeySpec::at(2, OW.or(INSERT))],
        run: Run::Keys(renamenx),
        doc: Doc {
            since: "1.0.0",
            summary: "Gives a key another name unless that name is taken.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0), Arg::key("newkey", 1)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "RESTORE",
        arity: -4,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE))],
        run: Run::Keys(restore),
        acl_extra: Categories::DANGEROUS,
        doc: Doc {
            since: "2.6.0",
            summary: "Creates a key from what DUMP made.",
            complexity: "O(N), N bytes of the value",
            args: &[
                Arg::key("key", 0),
                Arg::integer("ttl"),
                Arg::string("serialized-value"),
                Arg::word("replace", "REPLACE").optional().since("3.0.0"),
                Arg::word("absttl", "ABSTTL").optional().since("5.0.0"),
                Arg::integer("seconds").token("IDLETIME").optional().since("5.0.0"),
                Arg::integer("frequency").token("FREQ").optional().since("5.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SCAN",
        arity: -2,
        flags: READONLY.or(TOUCHES_ARBITRARY_KEYS),
        run: Run::Plain(scan),
        tips: &["nondeterministic_output", "request_policy:special"],
        doc: Doc {
            since: "2.8.0",
            summary: "Walks over the keys of the database, a few a call.",
            complexity: "O(1) a call, O(N) for all N keys",
            args: &[
                Arg::integer("cursor"),
                Arg::pattern("pattern").token("MATCH").optional(),
                Arg::integer("count").token("COUNT").optional(),
                Arg::string("type").token("TYPE").optional().since("6.0.0"),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SORT",
        arity: -2,
        flags: WRITE.or(DENYOOM),
        keys: &[
            KeySpec::at(1, RO.or(ACCESS)),
            KeySpec {
                notes: "Keys made by BY and GET, known only with the elements",
                flags: RO.or(ACCESS),
                begin: BeginSearch::Unknown,
                find: FindKeys::Unknown,
            },
            KeySpec {
                notes: "STORE may stand anywhere",
                flags: OW.or(UPDATE),
                begin: BeginSearch::Unknown,
                find: FindKeys::Unknown,
            },
        ],
        keys_fn: Some(sort_keys),
        run: Run::KeysOrGlobal(sort, reaches_further),
        acl_extra: Categories::SET.union(Categories::SORTEDSET).union(Categories::LIST).union(Categories::DANGEROUS),
        doc: Doc {
            since: "1.0.0",
            summary: "Sorts the elements of a list, set or sorted set, or stores them sorted.",
            complexity: "O(N+M*log(M)), N elements, M returned",
            args: &[
                Arg::key("key", 0),
                Arg { key_spec: 1, ..Arg::pattern("pattern").token("BY").optional() },
                Arg::block("offset_count", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
                Arg { key_spec: 1, ..Arg::pattern("pattern").token("GET").optional().multiple_token() },
                Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
                Arg::word("sorting", "ALPHA").optional(),
                Arg::key("destination", 2).token("STORE").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "SORT_RO",
        arity: -2,
        flags: READONLY,
        keys: &[
            KeySpec::at(1, RO.or(ACCESS)),
            KeySpec {
                notes: "Keys made by BY and GET, known only with the elements",
                flags: RO.or(ACCESS),
                begin: BeginSearch::Unknown,
                find: FindKeys::Unknown,
            },
        ],
        keys_fn: Some(sort_ro_keys),
        run: Run::KeysOrGlobal(sort_ro, reaches_further),
        acl_extra: Categories::SET.union(Categories::SORTEDSET).union(Categories::LIST).union(Categories::DANGEROUS),
        doc: Doc {
            since: "7.0.0",
            summary: "Sorts the elements of a list, set or sorted set, without storing.",
            complexity: "O(N+M*log(M)), N elements, M returned",
            args: &[
                Arg::key("key", 0),
                Arg { key_spec: 1, ..Arg::pattern("pattern").token("BY").optional() },
                Arg::block("offset_count", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
                Arg { key_spec: 1, ..Arg::pattern("pattern").token("GET").optional().multiple_token() },
                Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
                Arg::word("sorting", "ALPHA").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "TOUCH",
        arity: -2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::range(1, -1, 1, RO)],
        run: Run::Keys(touch),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        doc: Doc {
            since: "3.2.1",
            summary: "Marks keys as just used and counts those that exist.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "TTL",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(ttl),
        tips: &["nondeterministic_output"],
        doc: Doc {
            since: "1.0.0",
            summary: "Tells how many seconds a key has left.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "TYPE",
        arity: 2,
        flags: READONLY.or(FAST),
        keys: &[KeySpec::at(1, RO)],
        run: Run::Keys(type_),
        doc: Doc {
            since: "1.0.0",
            summary: "Names the type of the value in a key.",
            complexity: "O(1)",
            args: &[Arg::key("key", 0)],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "UNLINK",
        arity: -2,
        flags: WRITE.or(FAST),
        keys: &[KeySpec::range(1, -1, 1, RM.or(DELETE))],
        run: Run::Keys(unlink),
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        doc: Doc {
            since: "4.0.0",
            summary: "Deletes keys and frees large values in the background.",
            complexity: "O(N), N keys",
            args: &[Arg::key("key", 0).multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "WAIT",
        arity: 3,
        flags: NOSCRIPT,
        run: Run::Plain(wait),
        acl_extra: Categories::CONNECTION,
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        doc: Doc {
            since: "3.0.0",
            summary: "Blocks until enough replicas have this client's writes.",
            complexity: "O(1)",
            args: &[Arg::integer("numreplicas"), Arg::integer("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "WAITAOF",
        arity: 4,
        flags: BLOCKING,
        run: Run::Plain(waitaof),
        acl_extra: Categories::CONNECTION,
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        doc: Doc {
            since: "7.2.0",
            summary: "Blocks until this client's writes are on disk here and on replicas.",
            complexity: "O(1)",
            args: &[Arg::integer("numlocal"), Arg::integer("numreplicas"), Arg::integer("timeout")],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const EXPIRE_CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional()
.since("7.0.0");
