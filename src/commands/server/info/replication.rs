//! INFO replication. The server is a primary without replicas.

use super::text::Fact;
use super::{Field, NONE};

pub(super) const FIELDS: &[Field] = &[
    ("role", |_| "master".into()),
    ("connected_slaves", NONE),
    ("master_failover_state", |_| "no-failover".into()),
    ("master_replid", |v| v.server.replication_id().into()),
    ("master_replid2", |_| "0000000000000000000000000000000000000000".into()),
    ("master_repl_offset", NONE),
    ("second_repl_offset", |_| Fact::Signed(-1)),
    ("repl_backlog_active", NONE),
    ("repl_backlog_size", backlog_size),
    ("repl_backlog_first_byte_offset", NONE),
    ("repl_backlog_histlen", NONE),
];

fn backlog_size(view: &super::View<'_>) -> Fact {
    const SIZE: crate::config::ParamId = crate::config::ParamId::of("repl-backlog-size");
    String::from_utf8_lossy(&view.server.config.text(SIZE)).into_owned().into()
}
