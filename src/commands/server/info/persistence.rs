//! INFO persistence. The append-only file is not written yet.

use std::sync::atomic::Ordering::Relaxed;

use super::text::{self, Fact};
use super::view::View;
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
    ("rdb_last_load_keys_expired", |v| v.server.loading.keys_expired.load(Relaxed).into()),
    ("rdb_last_load_keys_loaded", |v| v.server.loading.keys_loaded.load(Relaxed).into()),
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

/// What is shown only while a file is loaded.
pub(super) fn loading(view: &View<'_>, out: &mut Vec<u8>) {
    let (server, loading) = (view.server, &view.server.loading);
    if !server.gate().intersects(Gate::LOADING) {
        return;
    }
    for (name, fact) in [
        ("loading_start_time", loading.started_at_s.load(Relaxed).into()),
        ("loading_total_bytes", loading.total_bytes.load(Relaxed).into()),
        ("loading_rdb_used_mem", loading.saved_memory_bytes.load(Relaxed).into()),
        ("loading_loaded_bytes", loading.loaded_bytes.load(Relaxed).into()),
        ("loading_loaded_perc", Fact::Ratio(loading.percent())),
        ("loading_eta_seconds", loading.eta_s(server.clock.now_ms()).into()),
    ] {
        text::write_line(out, name, &fact);
    }
}
