//! Which keys go first.

use super::*;
use crate::keyspace::{KeyHasher, LfuPace, StringValue, Ttl};

const NOW_MS: u64 = 1_000_000_000;

fn policy(rule: Rule, only_expiring: bool) -> Eviction {
    Eviction { only_expiring, rule, samples: 5 }
}

struct Bed {
    keyspace: Keyspace,
    evictor: Evictor,
}

impl Bed {
    fn new() -> Bed {
        Bed { keyspace: Keyspace::new(8, KeyHasher::seeded(1)), evictor: Evictor::new(Rng::from_seed(1)) }
    }

    fn set(&self, db: usize, key: &str, ttl: Ttl, lru: u32) {
        let hash = self.keyspace.hash(key.as_bytes());
        let mut shard = self.keyspace.lock(self.keyspace.shard_of(hash));
        let _ = shard.db_mut(db).set_string(key.as_bytes(), hash, StringValue::Int(1), ttl, |_| lru);
    }

    fn len(&self) -> usize {
        self.keyspace.shard_ids().map(|id| self.keyspace.lock(id).len()).sum()
    }

    /// Evicts one key; answers its name.
    fn evict(&mut self, policy: Eviction) -> Option<String> {
        let before = self.len();
        let effects = self.evictor.evict(&self.keyspace, policy, NOW_MS).unwrap()?;
        assert_eq!((effects.evicted, self.len()), (1, before - 1));
        let [entry] = &effects.entries[..] else { panic!("one entry goes") };
        Some(String::from_utf8(entry.view().key().to_vec()).unwrap())
    }
}

#[test]
fn an_empty_keyspace_has_nothing_to_evict() {
    let mut bed = Bed::new();
    for rule in [Rule::Lru, Rule::Lfu, Rule::Ttl, Rule::Random] {
        assert_eq!(bed.evict(policy(rule, rule == Rule::Ttl)), None);
    }
}

#[test]
fn every_key_goes_in_the_end_under_every_rule() {
    for rule in [Rule::Lru, Rule::Lfu, Rule::Ttl, Rule::Random] {
        for only_expiring in [true, false] {
            if rule == Rule::Ttl && !only_expiring {
                continue;
            }
            let mut bed = Bed::new();
            for n in 0..300 {
                bed.set(n % 3, &format!("volatile:{n}"), Ttl::At(NOW_MS + 1 + (n as u64 * 7919) % 1000), n as u32);
                bed.set(n % 3, &format!("kept:{n}"), Ttl::Clear, n as u32);
            }
            let mut evicted = 0;
            while let Some(key) = bed.evict(policy(rule, only_expiring)) {
                assert!(!only_expiring || key.starts_with("volatile:"), "{rule:?}: {key}");
                evicted += 1;
            }
            let expected = if only_expiring { (300, 300) } else { (600, 0) };
            assert_eq!((evicted, bed.len()), expected, "{rule:?} {only_expiring}");
        }
    }
}

/// Evicts half of the keys, whose numbers tell in which order they should go; answers how many are of the wrong half.
fn wrong(bed: &mut Bed, policy: Eviction, count: usize) -> usize {
    let gone = (0..count / 2).map(|_| bed.evict(policy).unwrap().parse::<usize>().unwrap());
    gone.filter(|&number| number >= count / 2).count()
}

#[test]
fn keys_go_nearly_in_order() {
    const COUNT: usize = 4000;
    for only_expiring in [false, true] {
        let ttl = if only_expiring { Ttl::At(NOW_MS + 5000) } else { Ttl::Clear };
        let mut bed = Bed::new();
        let now_s = (NOW_MS / 1000) as u32;
        (0..COUNT).for_each(|n| bed.set(0, &n.to_string(), ttl, now_s - (COUNT - n) as u32));
        let misses = wrong(&mut bed, policy(Rule::Lru, only_expiring), COUNT);
        assert!(misses < COUNT / 16, "LRU {only_expiring}: {misses}");

        let mut bed = Bed::new();
        bed.keyspace.access_mode.set(Some(LfuPace { log_factor: 10, decay_min: 0 }));
        (0..COUNT).for_each(|n| bed.set(0, &n.to_string(), ttl, (n * 256 / COUNT) as u32));
        let misses = wrong(&mut bed, policy(Rule::Lfu, only_expiring), COUNT);
        assert!(misses < COUNT / 16, "LFU {only_expiring}: {misses}");
    }
    let mut bed = Bed::new();
    (0..COUNT).for_each(|n| bed.set(0, &n.to_string(), Ttl::At(NOW_MS + 1 + n as u64), 0));
    let misses = wrong(&mut bed, policy(Rule::Ttl, true), COUNT);
    assert!(misses < COUNT / 50, "TTL: {misses}");
}

#[test]
fn random_means_any() {
    const COUNT: usize = 2000;
    for only_expiring in [false, true] {
        let mut bed = Bed::new();
        (0..COUNT).for_each(|n| bed.set(0, &n.to_string(), Ttl::At(NOW_MS + 1 + n as u64), 0));
        let misses = wrong(&mut bed, policy(Rule::Random, only_expiring), COUNT);
        assert!((COUNT / 5..COUNT * 3 / 10).contains(&misses), "{misses}");
    }
}

#[test]
fn few_expiring_keys_among_many_are_found() {
    let mut bed = Bed::new();
    (0..5000).for_each(|n| bed.set(0, &format!("kept:{n}"), Ttl::Clear, 0));
    (0..5).for_each(|n| bed.set(1, &format!("volatile:{n}"), Ttl::At(NOW_MS + 1_000_000 * (n + 1)), 0));
    for rule in [Rule::Lru, Rule::Lfu, Rule::Ttl, Rule::Random, Rule::Random] {
        assert!(bed.evict(policy(rule, true)).unwrap().starts_with("volatile:"));
    }
    assert_eq!(bed.evict(policy(Rule::Lru, true)), None);
}

#[test]
fn a_candidate_that_was_used_since_stays() {
    let mut bed = Bed::new();
    let now_s = (NOW_MS / 1000) as u32;
    (0..40).for_each(|n| bed.set(0, &n.to_string(), Ttl::At(NOW_MS + 1000), now_s - 1000 + n));
    let lru = policy(Rule::Lru, true);
    bed.evict(lru).unwrap();
    let waiting: Vec<String> =
        bed.evictor.pool.iter().map(|candidate| String::from_utf8(candidate.key.clone()).unwrap()).collect();
    assert!(!waiting.is_empty());
    for (n, key) in waiting.iter().enumerate() {
        // One is used, one loses its expiry.
        match n % 2 {
            0 => bed.set(0, key, Ttl::Keep, now_s),
            _ => bed.set(0, key, Ttl::Clear, now_s),
        }
    }
    let gone = bed.evict(lru).unwrap();
    assert!(!waiting.contains(&gone), "{gone}");
}

#[test]
fn a_shard_that_is_held_for_long_is_left_alone() {
    let mut bed = Bed::new();
    bed.set(0, "k", Ttl::Clear, 0);
    let shard = bed.keyspace.shard_of(bed.keyspace.hash(b"k"));
    let held = bed.keyspace.lock_long(shard);
    for rule in [Rule::Lru, Rule::Random] {
        let busy = bed.evictor.evict(&bed.keyspace, policy(rule, false), NOW_MS).unwrap_err();
        assert_eq!(busy.0, shard);
    }
    drop(held);
    assert_eq!(bed.evict(policy(Rule::Lru, false)), Some("k".to_owned()));
}

#[test]
fn a_key_whose_time_has_come_expires_instead() {
    let mut bed = Bed::new();
    bed.set(0, "k", Ttl::At(NOW_MS - 1), 0);
    let effects = bed.evictor.evict(&bed.keyspace, policy(Rule::Ttl, true), NOW_MS).unwrap().unwrap();
    assert_eq!((effects.evicted, effects.expired, effects.entries.len()), (0, 1, 1));
}
