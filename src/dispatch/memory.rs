//! Room for commands where `maxmemory` is set: evicts keys before a command runs, and between commands what is left.
//!
//! Memory in use is known without asking the allocator ([`crate::util::memory`]). Eviction takes a slice of time
//! (`maxmemory-eviction-tenacity`); after it the command runs all the same, and the rest is evicted on the next ones and by
//! [`super::cron::evict`]. No shard is held but the one that a key is taken from.

use super::cron::record_spike;
use super::serve::settle_all;
use crate::config::{Config, MaxmemoryPolicy};
use crate::keyspace::Effects;
use crate::keyspace::evict::{Eviction, Evictor, Rule};
use crate::state::{Gate, Server};
use crate::stats::{WorkerStats, latency};
use crate::util::clock::{ticks, ticks_to_ns};
use crate::util::memory;

/// Keys evicted from one look at the clock to the next.
const KEYS_PER_LOOK: u32 = 16;

/// Whether memory use is below the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It is, or eviction is on its way there.
    Enough,
    /// It is not, and nothing may be evicted.
    None,
    /// What may be evicted is in a shard that a long command holds.
    Later,
}

/// Evicts keys until memory use is below the limit or the slice of time is over. Locking: one shard at a time.
pub(super) fn make_room(server: &Server, stats: &WorkerStats, evictor: &mut Evictor) -> Room {
    let limit = server.config.maxmemory();
    if limit == 0 || memory::used() <= limit {
        server.stats.memory.fits(|| server.clock.now_us());
        return Room::Enough;
    }
    // A data set that must not change, or is not there yet, stays as it is.
    if server.gate().intersects(Gate::LOADING | Gate::PAUSED_ALL | Gate::PAUSED_WRITE) {
        return Room::Enough;
    }
    let room = evict(server, stats, evictor, limit);
    if room != Room::Enough || memory::used() > limit {
        server.stats.memory.exceeds(server.clock.now_us());
    }
    room
}

#[cold]
fn evict(server: &Server, stats: &WorkerStats, evictor: &mut Evictor, limit: u64) -> Room {
    let Some(eviction) = eviction(&server.config) else { return Room::None };
    let slice_ns = slice_ns(server.config.maxmemory_eviction_tenacity());
    let (started, now_ms) = (ticks(), server.clock.now_ms());
    let spent_ns = || ticks_to_ns(ticks() - started);
    let mut keys = 0;
    let room = loop {
        match evictor.evict(&server.keyspace, eviction, now_ms) {
            Ok(Some(effects)) => settle(server, stats, effects),
            Ok(None) => break Room::None,
            Err(_) => break Room::Later,
        }
        keys += 1;
        if memory::used() <= limit || keys % KEYS_PER_LOOK == 0 && spent_ns() > slice_ns {
            break Room::Enough;
        }
    };
    record_spike(server, latency::event::EVICTION_CYCLE, spent_ns());
    room
}

/// Counts what was evicted and drops it; what takes long is counted as free from now on.
fn settle(server: &Server, stats: &WorkerStats, mut effects: Effects) {
    if effects.is_heavy() {
        effects.leaving_bytes = effects.entries.iter().map(|entry| entry.view().memory_bytes()).sum();
        memory::leaves(effects.leaving_bytes);
    }
    settle_all(server, stats, None, effects);
}

/// What the policy says; `None` when nothing is to be evicted.
fn eviction(config: &Config) -> Option<Eviction> {
    use MaxmemoryPolicy as Policy;
    let (only_expiring, rule) = match config.maxmemory_policy() {
        Policy::Noeviction => return None,
        Policy::AllkeysLru => (false, Rule::Lru),
        Policy::AllkeysLfu => (false, Rule::Lfu),
        Policy::AllkeysRandom => (false, Rule::Random),
        Policy::VolatileLru => (true, Rule::Lru),
        Policy::VolatileLfu => (true, Rule::Lfu),
        Policy::VolatileRandom => (true, Rule::Random),
        Policy::VolatileTtl => (true, Rule::Ttl),
    };
    Some(Eviction { only_expiring, rule, samples: config.maxmemory_samples() })
}

/// Nanoseconds that a slice may take: half a millisecond at the usual tenacity of 10, 15 % more for each further unit, no
/// end at 100. Redis's curve.
fn slice_ns(tenacity: u32) -> u64 {
    match tenacity {
        0..=10 => u64::from(tenacity) * 50_000,
        11..=99 => (500_000.0 * 1.15f64.powi(tenacity as i32 - 10)) as u64,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::slice_ns;

    #[test]
    fn tenacity_stretches_the_slice() {
        assert_eq!((slice_ns(0), slice_ns(10), slice_ns(100)), (0, 500_000, u64::MAX));
        // About two minutes at 99, as the comments in redis.conf tell.
        assert!((100..150).contains(&(slice_ns(99) / 1_000_000_000)));
    }
}
