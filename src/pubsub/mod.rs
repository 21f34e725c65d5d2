//! Publish/subscribe: who listens to which channel, and how a message gets to all of them.
//!
//! Promises: the subscribers of a channel see its messages in one order, which is that of each publisher; once
//! [`PubSub::unsubscribe`] has returned, nothing more is delivered for that subscription; a client that goes costs as much
//! as it had subscriptions. Messages are formatted once and put into the clients' mailboxes; large ones are shared there.
//!
//! Locking: one entry of a registry at a time, then its order, then the mailboxes of those it names. No other lock is taken inside.
//!
//! May import: client, resp and util; it knows no command and no key.

mod message;
mod subscribers;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ahash::{AHashSet, RandomState};
use dashmap::DashMap;

pub use message::Message;

use crate::client::{Client, Facts, WakeQueues, WakeRound};
use crate::util::glob;
use subscribers::Subscribers;

/// Parts of the registry of patterns, all of which every message looks into.
const PATTERN_PARTS: usize = 4;

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A channel.
    Channel,
    /// All channels that fit a glob pattern.
    Pattern,
    /// A channel of cluster mode, which lives where its slot does.
    ShardChannel,
}

impl Topic {
    /// All of them.
    pub const ALL: [Topic; 3] = [Topic::Channel, Topic::Pattern, Topic::ShardChannel];

    /// Where a client shows how many subscriptions of this kind it has.
    fn count(self, facts: &Facts) -> &std::sync::atomic::AtomicU32 {
        match self {
            Topic::Channel => &facts.sub,
            Topic::Pattern => &facts.psub,
            Topic::ShardChannel => &facts.ssub,
        }
    }
}

/// A channel's or pattern's name, shared by all who know it.
type Name = Arc<[u8]>;

/// All subscriptions.
#[derive(Debug)]
pub struct PubSub {
    registries: [Registry; 3],
    /// What each client is subscribed to, by its id.
    clients: DashMap<u64, [AHashSet<Name>; 3], RandomState>,
    wakes: WakeQueues,
}

/// A message that is to be delivered.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// Channel or shard channel; patterns are found by themselves.
    pub topic: Topic,
    /// The channel's name.
    pub channel: &'a [u8],
    /// What is sent.
    pub payload: &'a [u8],
    /// The same in a buffer of its own, where it is in one already.
    pub shared: Option<bytes::Bytes>,
    /// Bytes that may wait to be sent to a subscriber (0: any number).
    pub limit_bytes: usize,
}

impl PubSub {
    /// Without subscriptions, in a server with so many workers.
    #[must_use]
    pub fn new(workers: usize) -> PubSub {
        let with_parts = |parts| DashMap::with_hasher_and_shard_amount(RandomState::new(), parts);
        PubSub {
            registries: [
                Registry::new(DashMap::default()),
                Registry::new(with_parts(PATTERN_PARTS)),
                Registry::new(DashMap::default()),
            ],
            clients: DashMap::default(),
            wakes: WakeQueues::new(workers),
        }
    }

    /// Subscribes a client; answers whether it was not yet.
    pub fn subscribe(&self, client: &Arc<Client>, topic: Topic, name: &[u8]) -> bool {
        let mut own = self.clients.entry(client.id).or_default();
        let own = &mut own[topic as usize];
        if own.contains(name) {
            return false;
        }
        own.insert(self.registries[topic as usize].join(name, client));
        topic.count(&client.facts).store(own.len() as u32, Relaxed);
        true
    }

    /// Ends a client's subscription; answers whether it had it. Nothing is delivered for it afterwards: what was delivered
    /// before is in the client's mailbox.
    pub fn unsubscribe(&self, client: &Client, topic: Topic, name: &[u8]) -> bool {
        let Some(mut own) = self.clients.get_mut(&client.id) else { return false };
        let left = own[topic as usize].remove(name);
        topic.count(&client.facts).store(own[topic as usize].len() as u32, Relaxed);
        let is_empty = own.iter().all(|names| names.is_empty());
        drop(own);
        if is_empty {
            self.clients.remove(&client.id);
        }
        if left {
            self.registries[topic as usize].leave(name, client.id);
        }
        left
    }

    /// What a client is subscribed to, of one kind.
    #[must_use]
    pub fn subscriptions(&self, client: &Client, topic: Topic) -> Vec<Arc<[u8]>> {
        let own = self.clients.get(&client.id);
        own.map_or_else(Vec::new, |own| own[topic as usize].iter().cloned().collect())
    }

    /// Ends all subscriptions of a client.
    pub fn leave(&self, client: &Client) {
        let Some((_, mut own)) = self.clients.remove(&client.id) else { return };
        for topic in Topic::ALL {
            topic.count(&client.facts).store(0, Relaxed);
            for name in mem::take(&mut own[topic as usize]) {
                self.registries[topic as usize].leave(&name, client.id);
            }
        }
    }

    /// Puts a message into the mailboxes of all who are subscribed to its channel, or to a pattern that fits it, and wakes
    /// them in this round; answers how many times. `cut_off` is shown clients for which it was too much: they got nothing.
    pub fn publish(
        &self,
        round: &mut WakeRound<'_>,
        delivery: &Delivery<'_>,
        mut cut_off: impl FnMut(&Client),
    ) -> usize {
        let mut deliver = |message: &Message, to: &Subscribers| {
            let _in_order = to.lock_order();
            for client in to.all() {
                let write = |proto, out: &mut _| message.write(proto, out);
                if round.leave(client, message.len(), delivery.limit_bytes, write).is_err() {
                    cut_off(client);
                }
            }
            to.all().len()
        };
        let mut count = 0;
        if let Some(subscribers) = self.registries[delivery.topic as usize].topics.get(delivery.channel) {
            count += deliver(&Message::new(delivery, None), &subscribers);
        }
        let patterns = &self.registries[Topic::Pattern as usize];
        if delivery.topic == Topic::Channel && patterns.len() > 0 {
            patterns.each(|pattern, subscribers| {
                if glob::matches(pattern, delivery.channel, false) {
                    count += deliver(&Message::new(delivery, Some(pattern)), subscribers);
                }
            });
        }
        count
    }

    /// Whether nobody would get any message that is published to a channel.
    #[inline]
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.len(Topic::Channel) == 0 && self.len(Topic::Pattern) == 0
    }

    /// Number of different channels or patterns that are subscribed to.
    #[must_use]
    pub fn len(&self, topic: Topic) -> usize {
        self.registries[topic as usize].len()
    }

    /// Number of clients subscribed to this channel or pattern.
    #[must_use]
    pub fn subscribers(&self, topic: Topic, name: &[u8]) -> usize {
        self.registries[topic as usize].topics.get(name).map_or(0, |subscribers| subscribers.all().len())
    }

    /// Shows all channels or patterns that are subscribed to, in no order. Locking: a part of the registry at a time.
    pub fn each(&self, topic: Topic, mut show: impl FnMut(&[u8])) {
        self.registries[topic as usize].each(|name, _| show(name));
    }

    /// Who is to be woken on each worker.
    #[must_use]
    pub fn wakes(&self) -> &WakeQueues {
        &self.wakes
    }
}

/// Channels, or patterns, and who is subscribed to each.
#[derive(Debug)]
struct Registry {
    topics: DashMap<Name, Subscribers, RandomState>,
    len: AtomicUsize,
}

impl Registry {
    fn new(topics: DashMap<Name, Subscribers, RandomState>) -> Registry {
        Registry { topics, len: AtomicUsize::new(0) }
    }

    fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Adds a subscriber; answers the name as it is shared.
    fn join(&self, name: &[u8], client: &Arc<Client>) -> Name {
        let mut topic = self.topics.entry(name.into()).or_insert_with(|| {
            self.len.fetch_add(1, Relaxed);
            Subscribers::default()
        });
        topic.value_mut().add(client);
        Arc::clone(topic.key())
    }

    /// Removes a subscriber, and the topic with its last one.
    fn leave(&self, name: &[u8], id: u64) {
        let is_last = |subscribers: &mut Subscribers| {
            subscribers.remove(id);
            subscribers.all().is_empty()
        };
        if self.topics.remove_if_mut(name, |_, subscribers| is_last(subscribers)).is_some() {
            self.len.fetch_sub(1, Relaxed);
        }
    }

    /// Shows all topics.
    fn each(&self, mut f: impl FnMut(&[u8], &Subscribers)) {
        for topic in &self.topics {
            f(topic.key(), topic.value());
        }
    }
}

#[cfg(test)]
mod tests;
