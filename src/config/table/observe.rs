//! Parameters of the chapter "observe" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param};
use super::LONG;

pub(super) const PARAMS: &[Param] = &[
    Param::int(
        "slowlog-log-slower-than",
        "10000",
        -1,
        LONG,
        "Time from which a command is slow, microseconds; -1 for off.",
    )
    .alias("commandlog-execution-slower-than"),
    Param::int("slowlog-max-len", "128", 0, LONG, "Entries kept in the slow log.")
        .alias("commandlog-slow-execution-max-len"),
    Param::int(
        "commandlog-request-larger-than",
        "1048576",
        -1,
        LONG,
        "Size from which a request is large, bytes; -1 for off.",
    ),
    Param::int("commandlog-large-request-max-len", "128", 0, LONG, "Entries kept in the log of large requests."),
    Param::int(
        "commandlog-reply-larger-than",
        "1048576",
        -1,
        LONG,
        "Size from which a reply is large, bytes; -1 for off.",
    ),
    Param::int("commandlog-large-reply-max-len", "128", 0, LONG, "Entries kept in the log of large replies."),
    Param::int(
        "latency-monitor-threshold",
        "0",
        0,
        LONG,
        "Time from which an event is a spike, milliseconds; 0 for off.",
    ),
    Param::flag("latency-tracking", "yes", "Keeps a histogram of the latency of each command."),
    Param::of(
        "latency-tracking-info-percentiles",
        Kind::Percentiles,
        "50 99 99.9",
        "Percentiles shown by INFO latencystats.",
    )
    .always_written(),
    Param::of("notify-keyspace-events", Kind::Events, "", "Classes of keyspace events that are published."),
];
