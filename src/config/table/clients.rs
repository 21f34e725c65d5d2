//! Parameters of the chapter "clients" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param};
use super::{INT, LONG};

pub(super) const PARAMS: &[Param] = &[
    Param::int("maxclients", "10000", 1, u32::MAX as i64, "Connections served at once; more are refused."),
    Param::int("timeout", "0", 0, INT, "Seconds after which an idle client is closed; 0 for never."),
    Param::memory("proto-max-bulk-len", "536870912", 1 << 20, "Greatest length of one argument, bytes."),
    Param::memory("client-query-buffer-limit", "1073741824", 1 << 20, "Greatest request a client may send, bytes."),
    Param::of(
        "client-output-buffer-limit",
        Kind::OutputLimits,
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        "Output that may wait for a client before it is closed; classes that are not named keep their limits.",
    ),
    Param::of("maxmemory-clients", Kind::MemoryOrPercent, "0", "Memory all clients may use together; 0 for no limit.")
        .accepted("Stored; clients are not closed for the memory they use together yet."),
    Param::int(
        "tracking-table-max-keys",
        "1000000",
        0,
        LONG,
        "Keys remembered for client-side caching; 0 for no limit.",
    ),
    Param::int("client-default-resp", "2", 2, 3, "Protocol version of a new connection.")
        .immutable()
        .hidden()
        .off_only(&["2"], "new connections start with RESP2; use HELLO 3"),
    Param::flag("extended-redis-compatibility", "no", "Lets Valkey answer with the names of Redis.")
        .accepted("Stored; the names of Redis are always used."),
];
