//! Work that time brings: active expiry, idle clients, the end of a pause, the clock.
//!
//! Expiry keeps a bound: every tick removes all keys whose time has come, in short holds of one shard at a time, so a
//! key is gone at most one tick plus one sweep after its time.

use std::sync::atomic::Ordering::Relaxed;

use crate::client::signal;
use crate::keyspace::{Effects, ShardId};
use crate::state::Server;
use crate::stats::latency;
use crate::util::clock::{ticks, ticks_to_ns};

/// Milliseconds between two sweeps of active expiry.
pub const EXPIRY_TICK_MS: u64 = 10;
/// Milliseconds between two rounds of the slower work.
pub const SLOW_TICK_MS: u64 = 100;
/// Keys removed under one hold of a shard's lock: some tens of microseconds.
const EXPIRE_BATCH: usize = 64;

/// Removes the keys of one shard whose time has come; answers how many. Locking: the shard, in short holds.
pub fn expire_shard(server: &Server, shard: ShardId) -> usize {
    let now_ms = server.clock.now_ms();
    let mut total = 0;
    loop {
        let Some(mut guard) = server.keyspace.try_lock(shard) else { return total };
        let mut trash = Effects::default();
        'dbs: for (_, db) in guard.dbs_mut() {
            while let Some(entry) = db.pop_due(now_ms) {
                trash.entries.push(entry);
                if trash.entries.len() == EXPIRE_BATCH {
                    break 'dbs;
                }
            }
        }
        drop(guard);
        let count = trash.entries.len();
        total += count;
        if trash.is_heavy() {
            server.lazy_free.free(trash);
        }
        if count < EXPIRE_BATCH {
            return total;
        }
    }
}

/// One sweep over every shard; one that is locked is left to the next sweep. Locking: one shard at a time.
pub fn expire_all(server: &Server) -> usize {
    // Asked first: a pause ends whatever else is off.
    let paused = server.is_paused() && server.unpause_at(server.clock.now_ms());
    if paused || server.cron_paused.load(Relaxed) || !server.active_expire.load(Relaxed) {
        return 0;
    }
    let started = ticks();
    let expired = server.keyspace.shard_ids().map(|shard| expire_shard(server, shard)).sum();
    record_spike(server, latency::event::EXPIRE_CYCLE, ticks_to_ns(ticks() - started));
    expired
}

/// Tells the latency monitor how long something took that held others up.
pub fn record_spike(server: &Server, event: &'static str, ns: u64) {
    let threshold_ms = server.config.latency_monitor_threshold();
    let ms = ns / 1_000_000;
    if threshold_ms > 0 && ms >= threshold_ms.cast_unsigned() {
        server.stats.latency.record(event, latency::Sample { at_s: server.clock.now_ms() / 1000, ms });
    }
}

/// The slower round: clock, samples, idle clients.
pub fn slow_tick(server: &Server) {
    server.clock.resync();
    if server.cron_paused.load(Relaxed) {
        return;
    }
    let now_ms = server.clock.now_ms();
    measure(server);
    close_idle(server, now_ms);
}

/// Takes the samples behind INFO's rates and its peak of memory use.
fn measure(server: &Server) {
    server.stats.rates.sample(server.clock.now_us(), &server.stats.totals());
    server.stats.memory.look();
}

fn close_idle(server: &Server, now_ms: u64) {
    let timeout_ms = u64::from(server.config.timeout()) * 1000;
    if timeout_ms == 0 {
        return;
    }
    for client in server.clients.all() {
        let exempt = client.is_waiting() || client.is_subscribed() || client.is_monitor();
        if !exempt && now_ms.saturating_sub(client.facts.active_at_ms.load(Relaxed)) > timeout_ms {
            tracing::debug!(client = client.id, "closing idle client");
            client.raise(signal::KILL);
        }
    }
}
