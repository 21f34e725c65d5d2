//! Registries and delivery, without commands.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::client::Endpoint;
use crate::resp::Output;

fn client(id: u64) -> Arc<Client> {
    Arc::new(Client::new(id, Endpoint::Internal, -1, 0, 0))
}

fn mail(client: &Client) -> Vec<u8> {
    let mut output = Output::default();
    client.take_mail(&mut output);
    output.as_slice().expect("small messages are not pinned").to_vec()
}

fn delivery<'a>(topic: Topic, channel: &'a [u8], payload: &'a [u8]) -> Delivery<'a> {
    Delivery { topic, channel, payload, shared: None, limit_bytes: 0 }
}

fn publish(pubsub: &PubSub, topic: Topic, channel: &[u8], payload: &[u8]) -> usize {
    pubsub.publish(&mut pubsub.wakes.round(None), &delivery(topic, channel, payload), |_| panic!("there is no limit"))
}

#[test]
fn nothing_is_left_of_a_client_that_goes() {
    let (pubsub, one, other) = (PubSub::new(1), client(1), client(2));
    for topic in Topic::ALL {
        for name in [&b"a"[..], b"b"] {
            assert!(pubsub.subscribe(&one, topic, name));
            assert!(!pubsub.subscribe(&one, topic, name));
        }
        assert!(pubsub.subscribe(&other, topic, b"b"));
        assert_eq!((pubsub.len(topic), pubsub.subscribers(topic, b"b")), (2, 2));
    }
    assert!(one.is_subscribed());
    pubsub.leave(&one);
    assert!(!one.is_subscribed());
    for topic in Topic::ALL {
        assert_eq!((pubsub.len(topic), pubsub.subscribers(topic, b"b")), (1, 1));
        assert!(pubsub.subscriptions(&one, topic).is_empty());
        assert!(pubsub.unsubscribe(&other, topic, b"b"));
        assert!(!pubsub.unsubscribe(&other, topic, b"b"));
    }
    assert!(pubsub.clients.is_empty() && pubsub.is_silent());
    assert!(pubsub.registries.iter().all(|registry| registry.topics.is_empty()));
}

#[test]
fn a_full_mailbox_takes_no_more() {
    let (pubsub, slow) = (PubSub::new(1), client(1));
    pubsub.subscribe(&slow, Topic::Channel, b"a");
    let len = Message::new(&delivery(Topic::Channel, b"a", b"m"), None).len();
    let limited = Delivery { limit_bytes: 2 * len + 1, ..delivery(Topic::Channel, b"a", b"m") };
    let mut cut_off = Vec::new();
    for _ in 0..3 {
        assert_eq!(pubsub.publish(&mut pubsub.wakes.round(None), &limited, |client| cut_off.push(client.id)), 1);
    }
    assert_eq!(cut_off, [1]);
    assert_eq!(mail(&slow).len(), 2 * len);
    // What its task has taken over and not yet sent counts as well.
    slow.facts.output_pending.store(2 * len, Relaxed);
    pubsub.publish(&mut pubsub.wakes.round(None), &limited, |client| cut_off.push(client.id));
    assert_eq!(cut_off, [1, 1]);
}

#[test]
fn messages_come_in_the_protocol_of_their_time() {
    let (pubsub, client) = (PubSub::new(1), client(1));
    pubsub.subscribe(&client, Topic::Channel, b"a");
    publish(&pubsub, Topic::Channel, b"a", b"1");
    let mut before = Output::default();
    client.switch_proto(3, &mut before);
    assert!(before.as_slice().is_some_and(|bytes| bytes.starts_with(b"*3")));
    publish(&pubsub, Topic::Channel, b"a", b"2");
    assert!(mail(&client).starts_with(b">3"));
}

#[test]
fn subscribers_of_a_channel_see_one_order() {
    let pubsub = PubSub::new(1);
    let clients = [client(1), client(2), client(3)];
    clients.iter().for_each(|client| assert!(pubsub.subscribe(client, Topic::Channel, b"a")));
    std::thread::scope(|scope| {
        for publisher in 0..3 {
            let pubsub = &pubsub;
            scope.spawn(move || {
                for n in 0..200 {
                    publish(pubsub, Topic::Channel, b"a", format!("{publisher}:{n:03}").as_bytes());
                }
            });
        }
    });
    let seen = clients.map(|client| mail(&client));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    let text = String::from_utf8(seen[0].clone()).expect("text");
    for publisher in 0..3 {
        let own: Vec<&str> = text.lines().filter(|line| line.starts_with(&format!("{publisher}:"))).collect();
        assert!(own.len() == 200 && own.is_sorted());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Subscribe(u64, usize, u8),
    Unsubscribe(u64, usize, u8),
    Leave(u64),
    Publish(bool, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4u64, 0..3usize, 0..4u8).prop_map(|(id, topic, name)| Step::Subscribe(id, topic, name)),
        2 => (0..4u64, 0..3usize, 0..4u8).prop_map(|(id, topic, name)| Step::Unsubscribe(id, topic, name)),
        1 => (0..4u64).prop_map(Step::Leave),
        3 => (any::<bool>(), 0..4u8).prop_map(|(shard, name)| Step::Publish(shard, name)),
    ]
}

/// Channel names `xa`..`xd`; of the patterns, the last fits all of them.
fn name(topic: usize, n: u8) -> Vec<u8> {
    match (Topic::ALL[topic], n) {
        (Topic::Pattern, 3) => b"x*".to_vec(),
        (Topic::Pattern, n) => vec![b'?', b'a' + n],
        (_, n) => vec![b'x', b'a' + n],
    }
}

proptest! {
    /// Against a set of (client, kind, name).
    #[test]
    fn messages_reach_exactly_who_is_subscribed(steps in prop::collection::vec(step(), 0..80)) {
        let (pubsub, clients) = (PubSub::new(1), [0, 1, 2, 3].map(client));
        let mut model: BTreeSet<(u64, usize, u8)> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Subscribe(id, topic, n) => {
                    let is_new = pubsub.subscribe(&clients[id as usize], Topic::ALL[topic], &name(topic, n));
                    prop_assert_eq!(is_new, model.insert((id, topic, n)));
                }
                Step::Unsubscribe(id, topic, n) => {
                    let had = pubsub.unsubscribe(&clients[id as usize], Topic::ALL[topic], &name(topic, n));
                    prop_assert_eq!(had, model.remove(&(id, topic, n)));
                }
                Step::Leave(id) => {
                    pubsub.leave(&clients[id as usize]);
                    model.retain(|&(other, ..)| other != id);
                }
                Step::Publish(shard, n) => {
                    let topic = if shard { Topic::ShardChannel } else { Topic::Channel };
                    let fits = |&&(_, kind, m): &&(u64, usize, u8)| match (shard, Topic::ALL[kind]) {
                        (true, Topic::ShardChannel) | (false, Topic::Channel) => m == n,
                        (false, Topic::Pattern) => m == n || m == 3,
                        _ => false,
                    };
                    let count = publish(&pubsub, topic, &[b'x', b'a' + n], b"!");
                    prop_assert_eq!(count, model.iter().filter(fits).count());
                    for (id, client) in clients.iter().enumerate() {
                        let expected = model.iter().filter(fits).filter(|entry| entry.0 == id as u64).count();
                        let bytes = mail(client);
                        prop_assert_eq!(bytes.iter().filter(|&&byte| byte == b'!').count(), expected);
                    }
                }
            }
            for (at, &topic) in Topic::ALL.iter().enumerate() {
                let names: BTreeSet<u8> = model.iter().filter(|entry| entry.1 == at).map(|entry| entry.2).collect();
                prop_assert_eq!(pubsub.len(topic), names.len());
                for client in &clients {
                    let own = model.iter().filter(|entry| (entry.0, entry.1) == (client.id, at)).count();
                    prop_assert_eq!(topic.count(&client.facts).load(Relaxed) as usize, own);
                }
            }
        }
    }
}
