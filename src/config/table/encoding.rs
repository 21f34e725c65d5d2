//! Parameters of the chapter "encoding" of the table; see [`super::TOPICS`].

use super::super::param::Param;
use super::{INT, LONG};

const LIST_MIN: i64 = i32::MIN as i64;

pub(super) const PARAMS: &[Param] = &[
    Param::int("hash-max-listpack-entries", "512", 0, LONG, "Fields a hash may have as a listpack.")
        .alias("hash-max-ziplist-entries"),
    Param::memory("hash-max-listpack-value", "64", 0, "Longest field or value in such a hash, bytes.")
        .alias("hash-max-ziplist-value"),
    Param::int(
        "list-max-listpack-size",
        "-2",
        LIST_MIN,
        INT,
        "Elements in a node of a list; -1 to -5 for 4 to 64 KiB.",
    )
    .alias("list-max-ziplist-size"),
    Param::int("list-compress-depth", "0", 0, INT, "Nodes at both ends of a list that stay uncompressed; 0 for all.")
        .accepted("Stored; lists are never compressed."),
    Param::int("set-max-intset-entries", "512", 0, LONG, "Members a set of integers may have as an intset."),
    Param::int(
        "set-max-listpack-entries",
        "128",
        0,
        LONG,
        "Members a small set of strings may have in one allocation (OBJECT ENCODING shows hashtable, as Redis 7.0).",
    ),
    Param::int("set-max-listpack-value", "64", 0, LONG, "Longest member in such a set, bytes."),
    Param::int("zset-max-listpack-entries", "128", 0, LONG, "Members a sorted set may have as a listpack.")
        .alias("zset-max-ziplist-entries"),
    Param::memory("zset-max-listpack-value", "64", 0, "Longest member in such a sorted set, bytes.")
        .alias("zset-max-ziplist-value"),
    Param::memory("hll-sparse-max-bytes", "3000", 0, "Longest sparse form of a HyperLogLog, bytes."),
    Param::memory("stream-node-max-bytes", "4096", 0, "Greatest node of a stream, bytes; 0 for no limit."),
    Param::int("stream-node-max-entries", "100", 0, LONG, "Entries in a node of a stream; 0 for no limit."),
];
