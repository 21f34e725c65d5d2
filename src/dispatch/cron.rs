//! Work that time brings: active expiry, idle clients, the end of a pause, the clock.

pub mod expiry;

pub use expiry::expire_all;

use std::sync::atomic::Ordering::Relaxed;

use super::memory::{Room, make_room};
use super::tracking;
use crate::client::signal;
use crate::keyspace::evict::Evictor;
use crate::state::{Gate, Server};
use crate::stats::latency;
use crate::util::memory;

/// Milliseconds between two looks at the use of memory where it is limited.
pub const EVICTION_TICK_MS: u64 = 10;
/// Milliseconds of rest between two slices of eviction.
pub const EVICTION_PAUSE_MS: u64 = 1;
/// Milliseconds between two rounds of the slower work.
pub const SLOW_TICK_MS: u64 = 100;

/// Evicts for a slice of time where memory use is above `maxmemory`; answers whether there is more to do. Locking: one
/// shard at a time.
pub fn evict(server: &Server, evictor: &mut Evictor) -> bool {
    if !server.gate().intersects(Gate::MEMORY_LIMITED) || server.cron_paused.load(Relaxed) {
        return false;
    }
    let limit = server.config.maxmemory();
    // Near the limit it counts what other threads have freed.
    if memory::used() > limit - limit / 8 {
        memory::read();
    }
    make_room(server, server.stats.other(), evictor) == Room::Enough && memory::used() > limit
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
    if !server.gate().intersects(Gate::LOADING) {
        server.tend_log();
    }
    measure(server);
    close_idle(server, now_ms);
    server.save_if_due();
    tracking::limit_tick(server);
}

/// Takes the samples behind INFO's rates and its peak of memory use.
fn measure(server: &Server) {
    server.stats.sample_rates(server.clock.now_us());
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
