//! Parameters of the chapter "logging" of the table; see [`super::TOPICS`].

use super::super::param::Param;
use super::super::words::{LOG_FORMAT, LOG_LEVEL, SYSLOG_FACILITY};

const NO_SYSLOG: &str = "Stored; logs go to the standard output or to `logfile`.";

pub(super) const PARAMS: &[Param] = &[
    Param::word("loglevel", LOG_LEVEL, "notice", "How much is logged."),
    Param::text("logfile", "", "File the log is appended to; empty for the standard output.").immutable(),
    Param::word("log-format", LOG_FORMAT, "human", "Form of log lines: for people, or one JSON object a line.")
        .immutable()
        .hidden(),
    Param::flag("hide-user-data-from-log", "yes", "Keeps keys and values out of the log.")
        .accepted("Stored; keys and values are never logged."),
    Param::flag("syslog-enabled", "no", "Sends the log to the system's logger.")
        .immutable()
        .off_only(&["no"], "the system's logger is not written to; use logfile"),
    Param::text("syslog-ident", "redis", "Name in the system's log.").immutable().accepted(NO_SYSLOG),
    Param::word("syslog-facility", SYSLOG_FACILITY, "local0", "Facility in the system's log.")
        .immutable()
        .accepted(NO_SYSLOG),
];
