//! Parameters of the chapter "scripting" of the table; see [`super::TOPICS`].

use super::super::param::Param;
use super::LONG;

pub(super) const PARAMS: &[Param] = &[
    Param::int(
        "busy-reply-threshold",
        "5000",
        0,
        LONG,
        "Milliseconds after which clients of a busy server are told so.",
    )
    .alias("lua-time-limit"),
    Param::flag("lua-enable-deprecated-api", "no", "Lets scripts use old, unsafe functions.")
        .alias("lua-enable-insecure-api")
        .immutable()
        .hidden()
        .accepted("Stored; scripts have none of them."),
];
