//! Parameters of the chapter "security" of the table; see [`super::TOPICS`].

use super::super::param::Param;
use super::super::words::{ACL_PUBSUB, GUARD};
use super::LONG;

pub(super) const PARAMS: &[Param] = &[
    Param::text("requirepass", "", "Password of the user `default`; empty for none.").sensitive(),
    Param::word("enable-protected-configs", GUARD, "no", "Who may change protected parameters by CONFIG SET.")
        .immutable(),
    Param::word("enable-debug-command", GUARD, "no", "Who may use DEBUG.").immutable(),
    Param::word("enable-module-command", GUARD, "no", "Who may use MODULE.")
        .immutable()
        .accepted("Stored; modules cannot be loaded."),
    Param::text("aclfile", "", "File of users.")
        .immutable()
        .off_only(&[""], "users other than default are not kept yet; use requirepass"),
    Param::word("acl-pubsub-default", ACL_PUBSUB, "resetchannels", "Channels a new user may use.")
        .accepted("Stored; there is only the user `default`."),
    Param::int("acllog-max-len", "128", 0, LONG, "Entries kept by ACL LOG.")
        .accepted("Stored; there is no ACL LOG yet."),
];
