//! Keyspace events on their way to subscribers: `__keyspace@N__:key` tells the event, `__keyevent@N__:event` the key.

use std::io::Write;

use crate::keyspace::Effects;
use crate::keyspace::events::{EventClass, KeyEvent};
use crate::pubsub::Topic;
use crate::state::Server;

/// Publishes what happened to keys, in order. To be called once their shards are unlocked, before the next command of the
/// same client. `worker`: the number of this worker, if it is one.
#[inline]
pub(super) fn publish_events(server: &Server, worker: Option<usize>, effects: &mut Effects) {
    if !effects.events.is_empty() {
        publish(server, worker, std::mem::take(&mut effects.events));
    }
}

#[cold]
fn publish(server: &Server, worker: Option<usize>, events: Vec<KeyEvent>) {
    if server.pubsub.is_silent() {
        return;
    }
    let wanted = server.keyspace.wanted_events.get();
    let mut round = server.pubsub.wakes().round(worker);
    let mut channel = Vec::new();
    for KeyEvent { event, db, key } in events {
        let name = event.name.as_bytes();
        for (class, kind, about, told) in
            [(EventClass::KEYSPACE, "keyspace", &key[..], name), (EventClass::KEYEVENT, "keyevent", name, &key[..])]
        {
            if wanted.contains(class) {
                channel.clear();
                write!(channel, "__{kind}@{db}__:").expect("writing to a vector succeeds");
                channel.extend_from_slice(about);
                server.publish(&mut round, Topic::Channel, &channel, told, None);
            }
        }
    }
}
