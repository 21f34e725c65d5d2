//! INFO persistence. Neither snapshots nor the append-only file are written yet.

use super::text::Fact;
use super::{Field, NONE};
use crate::state::Gate;

const NEVER: fn(&super::View<'_>) -> Fact = |_| Fact::Signed(-1);

pub(super) const FIELDS: &[Field] = &[
    ("loading", |v| v.server.gate().intersects(Gate::LOADING).into()),
    ("async_loading", NONE),
    ("current_cow_peak", NONE),
    ("current_cow_size", NONE),
    ("current_cow_size_age", NONE),
    ("current_fork_perc", |_| Fact::Ratio(0.0)),
    ("current_save_keys_processed", NONE),
    ("current_save_keys_total", NONE),
    ("rdb_changes_since_last_save", |v| v.totals.dirty.into()),
    ("rdb_bgsave_in_progress", NONE),
    ("rdb_last_save_time", |v| (v.server.started_at_us / 1_000_000).into()),
    ("rdb_last_bgsave_status", |_| "ok".into()),
    ("rdb_last_bgsave_time_sec", NEVER),
    ("rdb_current_bgsave_time_sec", NEVER),
    ("rdb_saves", NONE),
    ("rdb_last_cow_size", NONE),
    ("rdb_last_load_keys_expired", NONE),
    ("rdb_last_load_keys_loaded", NONE),
    ("aof_enabled", |v| v.server.config.appendonly().into()),
    ("aof_rewrite_in_progress", NONE),
    ("aof_rewrite_scheduled", NONE),
    ("aof_last_rewrite_time_sec", NEVER),
    ("aof_current_rewrite_time_sec", NEVER),
    ("aof_last_bgrewrite_status", |_| "ok".into()),
    ("aof_rewrites", NONE),
    ("aof_rewrites_consecutive_failures", NONE),
    ("aof_last_write_status", |_| "ok".into()),
    ("aof_last_cow_size", NONE),
    ("module_fork_in_progress", NONE),
    ("module_fork_last_cow_size", NONE),
];
