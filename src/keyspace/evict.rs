//! Chooses keys to be removed when memory is short, and removes them, one at a time.
//!
//! As in Redis the choice is by sample: each eviction looks at a few random keys, of a random shard, and the best
//! candidates of all samples so far wait in a small pool, so that in the end the oldest keys go first, nearly. Each
//! thread that evicts has an [`Evictor`] with its own pool. A candidate that was used since is forgotten. The key that
//! expires soonest is not sampled but known, in each shard. Holds one shard at a time, and none for long.
//!
//! Imports `util::rng`.

#[cfg(test)]
mod tests;

use super::{Access, Busy, Db, Effects, EntryRef, Key, KeyHash, Keyspace, Locked, ShardId};
use crate::util::rng::Rng;

/// Candidates that wait; Redis's figure.
const POOL_LEN: usize = 16;

/// Which keys go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Those not used for longest.
    Lru,
    /// Those used least often.
    Lfu,
    /// Those that expire soonest.
    Ttl,
    /// Any.
    Random,
}

/// Which keys may go, and which go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eviction {
    /// Keys without an expiry stay.
    pub only_expiring: bool,
    /// The order.
    pub rule: Rule,
    /// Keys looked at for each that is evicted (`maxmemory-samples`).
    pub samples: usize,
}

/// Evicts, one thread's part of it.
#[derive(Debug)]
pub struct Evictor {
    /// The best last.
    pool: Vec<Candidate>,
    rng: Rng,
    /// For which the pool was filled.
    policy: Option<Eviction>,
}

#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    /// The higher, the sooner it goes.
    score: u64,
    /// What the score was made from: another one tells that the key was used or changed since.
    stamp: u64,
    db: usize,
    hash: KeyHash,
    key: Vec<u8>,
}

impl Default for Evictor {
    fn default() -> Self {
        Self::new(Rng::from_entropy())
    }
}

impl Evictor {
    /// An evictor whose choices depend on `rng`.
    pub fn new(rng: Rng) -> Self {
        Self { pool: Vec::new(), rng, policy: None }
    }

    /// Removes a key: evicted, or because its time had come. `None`: no key may be evicted. Locking: one shard after
    /// another; the caller holds none.
    ///
    /// # Errors
    /// `Busy` when no key was found, but a shard that a long command holds may have some.
    pub fn evict(&mut self, keyspace: &Keyspace, policy: Eviction, now_ms: u64) -> Result<Option<Effects>, Busy> {
        if self.policy != Some(policy) {
            self.pool.clear();
            self.policy = Some(policy);
        }
        let samples_of_shards = if policy.rule == Rule::Ttl { policy.samples } else { 1 };
        loop {
            let effects = if policy.rule == Rule::Random {
                let evicted = self.visit(keyspace, now_ms, |evictor, locked| evictor.evict_any(locked, policy))?;
                let Some(effects) = evicted else { return Ok(None) };
                effects
            } else {
                for _ in 0..samples_of_shards {
                    let sampled = self.visit(keyspace, now_ms, |evictor, locked| evictor.sample(locked, policy))?;
                    if sampled.is_none() {
                        return Ok(None);
                    }
                }
                self.evict_best(keyspace, policy, now_ms)
            };
            // Keys that other threads took away meanwhile are no reason to give up.
            if !effects.entries.is_empty() {
                return Ok(Some(effects));
            }
        }
    }

    /// Locks one shard after another, from a random one on, until `f` has an answer.
    fn visit<'k, T>(
        &mut self,
        keyspace: &'k Keyspace,
        now_ms: u64,
        f: impl Fn(&mut Self, Locked<'k>) -> Option<T>,
    ) -> Result<Option<T>, Busy> {
        let count = keyspace.shard_count();
        let start = self.rng.index(count);
        let mut nothing = Ok(None);
        for offset in 0..count {
            let shard = ShardId(((start + offset) % count) as u16);
            match Locked::one(keyspace, shard, true, 0, now_ms) {
                Ok(locked) => {
                    if let Some(answer) = f(self, locked) {
                        return Ok(Some(answer));
                    }
                }
                Err(busy) => nothing = Err(busy),
            }
        }
        nothing
    }

    /// Evicts a random key of a shard; `None` when it has none that may go.
    fn evict_any(&mut self, mut locked: Locked<'_>, policy: Eviction) -> Option<Effects> {
        let (keyspace, access) = (locked.keyspace(), locked.access);
        let guard = locked.guards_mut().next()?;
        let eligible = |db: &Db| if policy.only_expiring { db.expires_len() } else { db.len() };
        let total: usize = guard.dbs().map(|(_, db)| eligible(db)).sum();
        let mut nth = if total > 0 { self.rng.index(total) } else { return None };
        let (number, db) = guard.dbs().find(|(_, db)| {
            let is_here = nth < eligible(db);
            nth = nth.saturating_sub(eligible(db));
            is_here
        })?;
        let entry = random_entry(db, policy, &mut self.rng)?;
        let candidate = Candidate::of(&entry, number, keyspace, policy.rule, &access);
        locked.db = number;
        locked.evict(candidate.key());
        Some(locked.unlock())
    }

    /// Puts some keys of a shard into the pool, if they are better than those in it; `None` when it has none that may go.
    fn sample(&mut self, mut locked: Locked<'_>, policy: Eviction) -> Option<()> {
        let (keyspace, access) = (locked.keyspace(), locked.access);
        let guard = locked.guards_mut().next()?;
        let mut sampled = None;
        for (number, db) in guard.dbs().filter(|(_, db)| !db.is_empty()) {
            // The one that expires soonest is known, there is no better one.
            let samples = if policy.rule == Rule::Ttl { 1 } else { policy.samples };
            for _ in 0..samples {
                let Some(entry) = random_entry(db, policy, &mut self.rng) else { break };
                self.offer(&entry, number, keyspace, policy.rule, &access);
                sampled = Some(());
            }
        }
        sampled
    }

    /// Puts a key into the pool unless all those there are better, or it is there already.
    fn offer(&mut self, entry: &EntryRef<'_>, db: usize, keyspace: &Keyspace, rule: Rule, access: &Access) {
        let score = score(entry, rule, access);
        let is_full = self.pool.len() == POOL_LEN;
        let is_known = |other: &Candidate| other.db == db && other.key == entry.key();
        if is_full && score <= self.pool[0].score || self.pool.iter().any(is_known) {
            return;
        }
        if is_full {
            self.pool.remove(0);
        }
        let at = self.pool.partition_point(|other| other.score <= score);
        self.pool.insert(at, Candidate::of(entry, db, keyspace, rule, access));
    }

    /// Evicts the best candidate that still is one. No entry among the effects: there was none left.
    fn evict_best(&mut self, keyspace: &Keyspace, policy: Eviction, now_ms: u64) -> Effects {
        while let Some(candidate) = self.pool.pop() {
            let shard = keyspace.shard_of(candidate.hash);
            let Ok(mut locked) = Locked::one(keyspace, shard, true, candidate.db, now_ms) else { continue };
            let key = candidate.key();
            let is_current = locked.peek(key).is_some_and(|entry| candidate.is_current(&entry, policy));
            if is_current {
                locked.evict(key);
            }
            // Without an eviction there is an entry if the key has just expired.
            if !locked.effects.entries.is_empty() {
                return locked.unlock();
            }
        }
        Effects::default()
    }
}

impl Candidate {
    fn of(entry: &EntryRef<'_>, db: usize, keyspace: &Keyspace, rule: Rule, access: &Access) -> Self {
        let key = entry.key();
        Self {
            score: score(entry, rule, access),
            stamp: stamp(entry, rule),
            db,
            hash: keyspace.hash(key),
            key: key.to_vec(),
        }
    }

    /// Whether the entry of its key is as it was.
    fn is_current(&self, entry: &EntryRef<'_>, policy: Eviction) -> bool {
        stamp(entry, policy.rule) == self.stamp && (!policy.only_expiring || entry.expire_at_ms().is_some())
    }

    fn key(&self) -> Key<'_> {
        Key { name: &self.key, hash: self.hash }
    }
}

/// A key that may go; under [`Rule::Ttl`] the first.
fn random_entry<'a>(db: &'a Db, policy: Eviction, rng: &mut Rng) -> Option<EntryRef<'a>> {
    match policy {
        Eviction { rule: Rule::Ttl, .. } => db.first_expiring(),
        Eviction { only_expiring: true, .. } => db.random_expiring(rng),
        _ => db.random(rng.next_u64()),
    }
}

fn score(entry: &EntryRef<'_>, rule: Rule, access: &Access) -> u64 {
    match rule {
        Rule::Lru => access.idle_s(entry.lru()).into(),
        Rule::Lfu => u64::from(u8::MAX - access.frequency(entry.lru()).unwrap_or(0)),
        Rule::Ttl => u64::MAX - entry.expire_at_ms().unwrap_or(u64::MAX),
        Rule::Random => 0,
    }
}

fn stamp(entry: &EntryRef<'_>, rule: Rule) -> u64 {
    match rule {
        Rule::Lru | Rule::Lfu => entry.lru().into(),
        Rule::Ttl => entry.expire_at_ms().unwrap_or(u64::MAX),
        Rule::Random => 0,
    }
}
