//! Parameters of the chapter "replication" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param};
use super::super::words::{DISKLESS_LOAD, PROPAGATION_ERROR};
use super::{INT, LONG};

const NONE: &str = "Stored; there is no replication yet.";
const NO_REPLICAS: &str = "no replica can be attached yet; use 0";

pub(super) const PARAMS: &[Param] = &[
    Param::of("replicaof", Kind::Primary, "", "Primary to follow; `no one` for none.")
        .alias("slaveof")
        .immutable()
        .off_only(&[""], "the server cannot follow a primary yet"),
    Param::text("masterauth", "", "Password for the primary.").alias("primaryauth").sensitive().accepted(NONE),
    Param::text("masteruser", "", "User at the primary.").alias("primaryuser").sensitive().accepted(NONE),
    Param::flag("replica-serve-stale-data", "yes", "A replica answers while it has lost its primary.")
        .alias("slave-serve-stale-data")
        .accepted(NONE),
    Param::flag("replica-read-only", "yes", "A replica refuses writes.").alias("slave-read-only").accepted(NONE),
    Param::flag("replica-ignore-maxmemory", "yes", "A replica does not evict.")
        .alias("slave-ignore-maxmemory")
        .accepted(NONE),
    Param::flag("replica-lazy-flush", "no", "A replica frees its old data in the background.")
        .alias("slave-lazy-flush")
        .accepted(NONE),
    Param::flag("replica-announced", "yes", "Sentinel shows this replica.").accepted(NONE),
    Param::flag("replica-ignore-disk-write-errors", "no", "A replica goes on when its disk fails.").accepted(NONE),
    Param::int("replica-priority", "100", 0, INT, "Rank when a new primary is chosen.")
        .alias("slave-priority")
        .accepted(NONE),
    Param::text("replica-announce-ip", "", "Address shown to the primary.").alias("slave-announce-ip").accepted(NONE),
    Param::int("replica-announce-port", "0", 0, 65535, "Port shown to the primary.")
        .alias("slave-announce-port")
        .accepted(NONE),
    Param::memory("replica-full-sync-buffer-limit", "0", 0, "Buffer during a full synchronisation.").accepted(NONE),
    Param::int("min-replicas-to-write", "0", 0, INT, "Replicas without which writes are refused.")
        .alias("min-slaves-to-write")
        .off_only(&["0"], NO_REPLICAS),
    Param::int("min-replicas-max-lag", "10", 0, INT, "Seconds within which such a replica has answered.")
        .alias("min-slaves-max-lag")
        .accepted(NONE),
    Param::int("repl-timeout", "60", 1, INT, "Seconds after which a link is taken for broken.").accepted(NONE),
    Param::int("repl-ping-replica-period", "10", 1, INT, "Seconds between pings to replicas.")
        .alias("repl-ping-slave-period")
        .accepted(NONE),
    Param::of(
        "repl-backlog-size",
        Kind::Memory { min: 1, max: i64::MAX as u64, least: 16 << 10 },
        "1048576",
        "Writes kept for replicas that come back, at least 16 KiB.",
    )
    .accepted(NONE),
    Param::int("repl-backlog-ttl", "3600", 0, LONG, "Seconds the backlog outlives the last replica.").accepted(NONE),
    Param::flag("repl-diskless-sync", "yes", "Sends snapshots without a file.").accepted(NONE),
    Param::int("repl-diskless-sync-delay", "5", 0, INT, "Seconds to wait for more replicas.").accepted(NONE),
    Param::int("repl-diskless-sync-max-replicas", "0", 0, INT, "Replicas that end the wait.").accepted(NONE),
    Param::word("repl-diskless-load", DISKLESS_LOAD, "disabled", "How a replica loads without a file.")
        .deny_loading()
        .accepted(NONE),
    Param::flag("repl-disable-tcp-nodelay", "no", "Fewer, larger packets to replicas.").accepted(NONE),
    Param::flag("repl-rdb-channel", "no", "Sends the snapshot on its own connection.").hidden().accepted(NONE),
    Param::flag("dual-channel-replication-enabled", "no", "Valkey's name for the same.").accepted(NONE),
    Param::flag("repl-mptcp", "no", "Links over Multipath TCP.").immutable().hidden().accepted(NONE),
    Param::flag("import-mode", "no", "Takes data from a replication tool.")
        .off_only(&["no"], "import mode is not built; use no"),
    Param::word("propagation-error-behavior", PROPAGATION_ERROR, "ignore", "What a failed propagated command does.")
        .accepted(NONE),
];
