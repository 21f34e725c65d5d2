//! Parameters of the chapter "general" of the table; see [`super::TOPICS`].

use super::super::param::{Kind, Param, TextRule};
use super::super::words::{OOM_SCORE_ADJ, SHUTDOWN, SUPERVISED};
use super::INT;

pub(super) const PARAMS: &[Param] = &[
    Param::flag("daemonize", "no", "Runs in the background, detached from the terminal.").immutable(),
    Param::text("pidfile", "", "File that holds the process id while the server runs.").immutable(),
    Param::word("supervised", SUPERVISED, "no", "Tells the service manager when the server is ready.")
        .immutable()
        .off_only(&["no", "auto", "systemd"], "upstart is not spoken to; use systemd, auto or no"),
    Param::int("databases", "16", 1, INT, "Number of databases that SELECT reaches.").immutable(),
    Param::of("dir", Kind::Dir, "", "Directory that relative file names start from; `./` until it is set.")
        .protected()
        .deny_loading()
        .always_written(),
    Param::of(
        "hz",
        Kind::Int { min: 0, max: INT, fit: (1, 500) },
        "10",
        "Rounds of background work per second, kept between 1 and 500.",
    ),
    Param::flag("dynamic-hz", "yes", "Does background work more often while many clients are connected.")
        .accepted("Stored; the work does not depend on the number of clients."),
    Param::of("shutdown-on-sigint", Kind::WordSet(SHUTDOWN), "default", "How SIGINT ends the server."),
    Param::of("shutdown-on-sigterm", Kind::WordSet(SHUTDOWN), "default", "How SIGTERM ends the server."),
    Param::int("shutdown-timeout", "10", 0, INT, "Seconds a shutdown waits for replicas.")
        .accepted("Stored; no replica can be attached yet."),
    Param::flag("set-proc-title", "yes", "Shows the state of the server in the list of processes.")
        .immutable()
        .accepted("Stored; the process keeps the name it was started by."),
    Param::of(
        "proc-title-template",
        Kind::Text(TextRule::TitleTemplate),
        "{title} {listen-addr} {server-mode}",
        "Form of the process title.",
    )
    .accepted("Checked and stored; the process keeps the name it was started by."),
    Param::flag("always-show-logo", "no", "Prints the start-up drawing also when the output is no terminal.")
        .immutable(),
    Param::flag("crash-log-enabled", "yes", "Writes a report when the server crashes."),
    Param::flag("crash-memcheck-enabled", "yes", "Tests memory after a crash.")
        .accepted("Stored; no memory test is made."),
    Param::flag("use-exit-on-panic", "no", "Exits instead of aborting after a fatal error.")
        .hidden()
        .accepted("Stored; no effect."),
    Param::int("watchdog-period", "0", 0, INT, "Milliseconds after which a stalled event loop is reported.")
        .hidden()
        .accepted("Stored; there is no watchdog."),
    Param::word("oom-score-adj", OOM_SCORE_ADJ, "no", "Tells the kernel how readily to kill this process.")
        .accepted("Stored; the kernel's score is left alone."),
    Param::of("oom-score-adj-values", Kind::OomValues, "0 200 800", "Scores of a primary, a replica and a child.")
        .accepted("Stored; the kernel's score is left alone."),
    Param::flag("disable-thp", "yes", "Turns transparent huge pages off for this process.")
        .immutable()
        .accepted("Stored; without fork huge pages do no harm."),
    Param::text("ignore-warnings", "", "Start-up checks whose warnings are not fatal.")
        .accepted("Stored; no start-up check is fatal."),
    Param::text("locale-collate", "", "Locale of SORT ALPHA; empty for the environment's.")
        .accepted("Stored; texts compare byte by byte."),
];
