//! Parameters of the chapter "persistence" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param, TextRule};
use super::super::words::{APPEND_FSYNC, SANITIZE_DUMP};
use super::{INT, LONG};

const NO_RDB: &str = "Stored; has no effect yet.";

pub(super) const PARAMS: &[Param] = &[
    Param::of("save", Kind::SavePoints, "3600 1 300 100 60 10000", "When a snapshot is written; `\"\"` for never.")
        .always_written(),
    Param::of("dbfilename", Kind::Text(TextRule::FileName), "dump.rdb", "Name of the snapshot in `dir`.").protected(),
    Param::flag("rdbcompression", "yes", "Compresses texts in snapshots."),
    Param::flag("rdbchecksum", "yes", "Ends snapshots with a checksum.").immutable(),
    Param::flag(
        "rdb-field-expiry",
        "yes",
        "Writes when fields of hashes expire, as Redis 7.4 reads it; `no` leaves it out, so that older servers read it.",
    ),
    Param::flag("stop-writes-on-bgsave-error", "yes", "Refuses writes after a snapshot failed."),
    Param::flag("rdb-save-incremental-fsync", "yes", "Forces a snapshot to disk piece by piece."),
    Param::flag("rdb-del-sync-files", "no", "Deletes snapshots used only for replication.").accepted(NO_RDB),
    Param::int("rdb-key-save-delay", "0", i32::MIN as i64, INT, "Delay for each saved key, for tests.").hidden(),
    Param::int("key-load-delay", "0", i32::MIN as i64, INT, "Delay for each loaded key, for tests.").hidden(),
    Param::int(
        "loading-process-events-interval-bytes",
        "2097152",
        1024,
        INT,
        "Bytes loaded between two looks at clients.",
    )
    .hidden()
    .accepted(NO_RDB),
    Param::word("rdb-version-check", &[("strict", 0), ("relaxed", 1)], "strict", "Which snapshot versions are loaded.")
        .accepted(NO_RDB),
    Param::word("sanitize-dump-payload", SANITIZE_DUMP, "no", "Whether payloads of RESTORE are checked in depth.")
        .accepted("Stored; payloads are always checked in depth."),
    Param::flag("appendonly", "no", "Logs every write to a file."),
    Param::of(
        "appendfilename",
        Kind::Text(TextRule::FileNameNotEmpty),
        "appendonly.aof",
        "First part of the log's names.",
    )
    .immutable(),
    Param::of(
        "appenddirname",
        Kind::Text(TextRule::FileNameNotEmpty),
        "appendonlydir",
        "Directory of the log in `dir`.",
    )
    .immutable(),
    Param::word("appendfsync", APPEND_FSYNC, "everysec", "When the log is forced to disk."),
    Param::flag("no-appendfsync-on-rewrite", "no", "Spares the disk while the log is rewritten."),
    Param::int("auto-aof-rewrite-percentage", "100", 0, INT, "Growth after which the log is rewritten; 0 for never."),
    Param::memory("auto-aof-rewrite-min-size", "67108864", 0, "Size below which the log is not rewritten."),
    Param::flag("aof-load-truncated", "yes", "Loads a log whose end is missing."),
    Param::flag("aof-use-rdb-preamble", "yes", "Begins a rewritten log with a snapshot."),
    Param::flag("aof-rewrite-incremental-fsync", "yes", "Forces a rewritten log to disk piece by piece.")
        .accepted("Stored; a new base is forced to disk as a whole."),
    Param::flag("aof-timestamp-enabled", "no", "Adds times to the log."),
    Param::flag("aof-disable-auto-gc", "no", "Keeps old files of the log."),
    Param::int("slot-migration-max-failover-repl-bytes", "0", -1, LONG, "Backlog at which a slot changes hands.")
        .accepted("Stored; there is no cluster yet."),
];
