//! Parameters of the chapter "threads" of the table; see [`super::TOPICS`].

use super::super::param::Param;
use super::INT;

const PINNED: &str = "Stored; workers are not pinned to processors.";
const WORKERS: &str = "Stored; `workers` sets the number of threads.";

pub(super) const PARAMS: &[Param] = &[
    Param::int(
        "shards",
        "0",
        0,
        4096,
        "Shards the keyspace is split into, rounded up to a power of two; 0 takes 64 per worker, from 64 to 1024.",
    )
    .immutable()
    .hidden(),
    Param::int("workers", "0", 0, 1024, "Number of threads that serve connections; 0 takes one per processor.")
        .immutable()
        .hidden(),
    Param::int("io-threads", "1", 1, 128, "Number of I/O threads of Redis.").immutable().accepted(WORKERS),
    Param::flag("io-threads-do-reads", "no", "Lets the I/O threads of Redis read too.").immutable().accepted(WORKERS),
    Param::flag("io-threads-always-active", "no", "Keeps the I/O threads of Valkey busy.").hidden().accepted(WORKERS),
    Param::int("events-per-io-thread", "2", 0, INT, "Events for each I/O thread of Valkey.").hidden().accepted(WORKERS),
    Param::int("prefetch-batch-max-size", "16", 0, 128, "Commands whose keys Valkey prefetches together.")
        .accepted("Stored; no effect."),
    Param::int("lookahead", "16", 1, INT, "Commands Redis parses ahead of execution.")
        .accepted("Stored; all requests in the read buffer are executed in one turn."),
    Param::int("min-io-threads-avoid-copy-reply", "7", 0, INT, "When Valkey sends replies without copying.")
        .hidden()
        .accepted("Stored; no effect."),
    Param::int("min-string-size-avoid-copy-reply", "16384", 0, INT, "Least size Valkey sends without copying.")
        .hidden()
        .accepted("Stored; no effect."),
    Param::int("min-string-size-avoid-copy-reply-threaded", "65536", 0, INT, "The same with I/O threads.")
        .hidden()
        .accepted("Stored; no effect."),
    Param::text("server_cpulist", "", "Processors for the serving threads.")
        .alias("server-cpulist")
        .immutable()
        .accepted(PINNED),
    Param::text("bio_cpulist", "", "Processors for background threads.")
        .alias("bio-cpulist")
        .immutable()
        .accepted(PINNED),
    Param::text("aof_rewrite_cpulist", "", "Processors for the rewrite of the append-only file.")
        .alias("aof-rewrite-cpulist")
        .immutable()
        .accepted(PINNED),
    Param::text("bgsave_cpulist", "", "Processors for snapshots.").alias("bgsave-cpulist").immutable().accepted(PINNED),
];
