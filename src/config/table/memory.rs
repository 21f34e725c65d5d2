//! Parameters of the chapter "memory" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param};
use super::super::words::MAXMEMORY_POLICY;
use super::{INT, LONG};

const NO_DEFRAG: &str = "Stored; memory is not moved.";
const ALREADY: &str = "Stored; large values are always freed off the locks.";

pub(super) const PARAMS: &[Param] = &[
    Param::of(
        "maxmemory",
        Kind::Memory { min: 0, max: u64::MAX, least: 0 },
        "0",
        "Memory at which eviction starts, bytes; 0 for no limit.",
    ),
    Param::word("maxmemory-policy", MAXMEMORY_POLICY, "noeviction", "Which keys are evicted."),
    Param::int("maxmemory-samples", "5", 1, INT, "Keys looked at to choose one to evict."),
    Param::int("maxmemory-eviction-tenacity", "10", 0, 100, "How long one round of eviction may take."),
    Param::int("lfu-log-factor", "10", 0, INT, "How slowly the frequency counter of a key grows."),
    Param::int("lfu-decay-time", "1", 0, INT, "Minutes after which the counter of an unused key falls."),
    Param::int("active-expire-effort", "1", 1, 10, "How hard expired keys are searched for."),
    Param::flag("lazyfree-lazy-eviction", "no", "Frees evicted values in the background.").accepted(ALREADY),
    Param::flag("lazyfree-lazy-expire", "no", "Frees expired values in the background.").accepted(ALREADY),
    Param::flag("lazyfree-lazy-server-del", "no", "Frees overwritten values in the background.").accepted(ALREADY),
    Param::flag("lazyfree-lazy-user-del", "no", "Lets DEL do what UNLINK does.").accepted(ALREADY),
    Param::flag("lazyfree-lazy-user-flush", "no", "Lets FLUSHALL and FLUSHDB be ASYNC unless told otherwise."),
    Param::flag("activerehashing", "yes", "Spends idle time on rehashing.")
        .accepted("Stored; the index of a shard never rehashes as a whole."),
    Param::flag("activedefrag", "no", "Moves values to reduce fragmentation.")
        .off_only(&["no"], "memory is not defragmented; use no"),
    Param::memory("active-defrag-ignore-bytes", "104857600", 1, "Waste below which nothing is moved.")
        .accepted(NO_DEFRAG),
    Param::int("active-defrag-threshold-lower", "10", 0, 1000, "Fragmentation at which moving starts, percent.")
        .accepted(NO_DEFRAG),
    Param::int("active-defrag-threshold-upper", "100", 0, 1000, "Fragmentation at which effort is greatest, percent.")
        .accepted(NO_DEFRAG),
    Param::int("active-defrag-cycle-min", "1", 1, 99, "Least processor time for it, percent.").accepted(NO_DEFRAG),
    Param::int("active-defrag-cycle-max", "25", 1, 99, "Greatest processor time for it, percent.").accepted(NO_DEFRAG),
    Param::int("active-defrag-cycle-us", "500", 0, 100_000, "Length of one round, microseconds.").accepted(NO_DEFRAG),
    Param::int("active-defrag-max-scan-fields", "1000", 1, LONG, "Elements moved in one round.").accepted(NO_DEFRAG),
    Param::flag("jemalloc-bg-thread", "yes", "Lets the allocator return memory from its own thread."),
    Param::text("hash-seed", "", "Seed of the hash function.")
        .immutable()
        .hidden()
        .off_only(&[""], "the seed is drawn anew at each start; leave it empty"),
];
