//! The clients subscribed to one channel or pattern.

use std::sync::{Arc, Mutex, MutexGuard};

use ahash::AHashMap;

use crate::client::Client;
use crate::util::sync::lock;

/// Up to this many a client is found by looking at all of them.
const SEARCHED: usize = 16;

/// Clients, each once, in no order. Adding, and removing by id, take constant time.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    list: Vec<Arc<Client>>,
    /// Position in the list by id, once there are more than [`SEARCHED`].
    places: Option<Box<AHashMap<u64, usize>>>,
    order: Mutex<()>,
}

impl Subscribers {
    /// All of them.
    pub(super) fn all(&self) -> &[Arc<Client>] {
        &self.list
    }

    /// Held by a publisher while it delivers, so that all subscribers see one order. A single one sees that of its mailbox: then
    /// the publishers of a busy channel are spared a lock that they all write to.
    #[inline]
    pub(super) fn lock_order(&self) -> Option<MutexGuard<'_, ()>> {
        (self.list.len() > 1).then(|| lock(&self.order))
    }

    /// Adds a client, which is not among them yet.
    pub(super) fn add(&mut self, client: &Arc<Client>) {
        self.list.push(Arc::clone(client));
        if let Some(places) = &mut self.places {
            places.insert(client.id, self.list.len() - 1);
        } else if self.list.len() > SEARCHED {
            self.places = Some(Box::new(self.list.iter().enumerate().map(|(at, client)| (client.id, at)).collect()));
        }
    }

    /// Removes a client.
    pub(super) fn remove(&mut self, id: u64) {
        let place = match &mut self.places {
            Some(places) => places.remove(&id),
            None => self.list.iter().position(|client| client.id == id),
        };
        let Some(place) = place else { return };
        self.list.swap_remove(place);
        let is_few = self.list.len() <= SEARCHED / 2;
        if is_few {
            self.places = None;
            self.list.shrink_to(SEARCHED);
        }
        if let (Some(places), Some(moved)) = (&mut self.places, self.list.get(place)) {
            places.insert(moved.id, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Endpoint;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn holds_each_client_once(steps in prop::collection::vec((any::<bool>(), 0..40u64), 0..200)) {
            let (mut subscribers, mut model) = (Subscribers::default(), BTreeSet::new());
            for (adds, id) in steps {
                if adds && model.insert(id) {
                    subscribers.add(&Arc::new(Client::new(id, Endpoint::Internal, -1, 0, 0)));
                } else if !adds {
                    model.remove(&id);
                    subscribers.remove(id);
                }
                prop_assert_eq!(subscribers.all().len(), model.len());
                prop_assert_eq!(subscribers.all().iter().map(|client| client.id).collect::<BTreeSet<_>>(), model.clone());
            }
        }
    }
}
