//! INFO persistence.

use std::sync::atomic::Ordering::Relaxed;

use super::text::{self, Fact};
use super::view::View;
use super::{Field, NONE};
use crate::persist::snapshot::{Facts, Purpose};
use crate::state::Gate;

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
    ("aof_rewrite_in_progress", |v| (v.server.aof.rewrite.is_busy() && !v.server.rewrite_waits()).into()),
    ("aof_rewrite_scheduled", |v| v.server.rewrite_waits().into()),
    ("aof_last_rewrite_time_sec", |v| match v.server.aof.rewrite.last_ms() {
        ..0 => Fact::Signed(-1),
        ms => Fact::Signed(ms / 1000),
    }),
    ("aof_current_rewrite_time_sec", |v| match v.server.aof.rewrite.is_busy() {
        true => {
            let started_ms = v.server.aof.rewrite.started_at_ms.load(Relaxed);
            Fact::Signed((v.server.clock.now_ms().saturating_sub(started_ms) / 1000) as i64)
        }
        false => Fact::Signed(-1),
    }),
    ("aof_last_bgrewrite_status", |v| status(!v.server.aof.rewrite.has_failed())),
    ("aof_rewrites", |v| v.server.aof.rewrite.count.load(Relaxed).into()),
    ("aof_rewrites_consecutive_failures", |v| v.server.aof.rewrite.failures.load(Relaxed).into()),
    ("aof_last_write_status", |v| status(v.server.aof.failure().is_none())),
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

fn status(is_well: bool) -> Fact {
    if is_well { "ok".into() } else { "err".into() }
}

/// What is shown only while the append-only file is on.
pub(super) fn log(view: &View<'_>, out: &mut Vec<u8>) {
    let (aof, journal) = (&view.server.aof, &view.server.keyspace.journal);
    if !aof.is_on() {
        return;
    }
    let facts = &aof.facts;
    let waiting = facts.buffer_length.load(Relaxed) + journal.waiting_bytes() as u64;
    let is_syncing = aof.written() > aof.durable();
    for (name, value) in [
        ("aof_current_size", facts.current_size.load(Relaxed)),
        ("aof_base_size", aof.rewrite.size.load(Relaxed)),
        ("aof_pending_rewrite", 0),
        ("aof_buffer_length", waiting),
        ("aof_pending_bio_fsync", is_syncing.into()),
        ("aof_delayed_fsync", facts.delayed_fsync.load(Relaxed)),
    ] {
        out.extend(format!("{name}:{value}\r\n").bytes());
    }
}
