//! INFO persistence. The append-only file is not written yet.

use super::text::Fact;
use super::{Field, NONE};
use crate::persist::snapshot::{Facts, Purpose};
use crate::state::Gate;

const NEVER: fn(&super::View<'_>) -> Fact = |_| Fact::Signed(-1);

fn of(v: &super::View<'_>) -> Facts {
    v.server.snapshots.facts()
}

/// When the dump that is being written in the background has begun.
fn dump_since_ms(v: &super::View<'_>) -> Option<u64> {
    match of(v).running {
        Some((Purpose::Dump { in_background: true }, since_ms)) => Some(since_ms),
        _ => None,
    }
}

fn seconds(span: Option<u64>) -> Fact {
    Fact::Signed(span.map_or(-1, u64::cast_signed))
}

pub(super) const FIELDS: &[Field] = &[
    ("loading", |v| v.server.gate().intersects(Gate::LOADING).into()),
    ("async_loading", NONE),
    // Memory that writers take beside a snapshot: values as they were, until they are saved.
    ("current_cow_peak", |v| of(v).early_bytes.into()),
    ("current_cow_size", |v| of(v).early_bytes.into()),
    ("current_cow_size_age", NONE),
    ("current_fork_perc", |v| {
        Fact::Ratio(of(v).progress.map_or(0.0, |(keys, all)| keys as f64 / all.max(1) as f64 * 100.0))
    }),
    ("current_save_keys_processed", |v| of(v).progress.map_or(0, |(keys, _)| keys).into()),
    ("current_save_keys_total", |v| of(v).progress.map_or(0, |(_, all)| all).into()),
    ("rdb_changes_since_last_save", |v| v.server.stats.changes().saturating_sub(of(v).saved_changes).into()),
    ("rdb_bgsave_in_progress", |v| dump_since_ms(v).is_some().into()),
    ("rdb_last_save_time", |v| (of(v).saved_at_ms / 1000).into()),
    ("rdb_last_bgsave_status", |v| if of(v).has_failed { "err".into() } else { "ok".into() }),
    ("rdb_last_bgsave_time_sec", |v| seconds(of(v).took_s)),
    ("rdb_current_bgsave_time_sec", |v| {
        seconds(dump_since_ms(v).map(|since_ms| (v.now_us / 1000).saturating_sub(since_ms) / 1000))
    }),
    ("rdb_saves", |v| of(v).saves.into()),
    ("rdb_last_cow_size", |v| of(v).last_early_bytes.into()),
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
