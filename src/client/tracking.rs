//! Client-side caching: what is told to clients that keep copies of keys.
//!
//! A client that tracks is told when a key changes that it has read; which keys those are is remembered beside the keys. In
//! broadcasting mode it is told of every key that begins with one of its prefixes, which are kept here. It may let another
//! client be told for it, which is the only way where it speaks RESP2: that one gets a message on [`CHANNEL`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, RwLock};

use super::Client;
use crate::resp::{Output, write_request};
use crate::util::sync::{read, write};

/// Where subscribers that speak RESP2 are told what is not valid any more.
pub const CHANNEL: &str = "__redis__:invalidate";

/// A message about copies that are not valid any more, ready to be written.
#[derive(Debug)]
pub enum Invalidation {
    /// Those of some keys, as the array of their names.
    Keys(Vec<u8>),
    /// All of them.
    All,
    /// The client with that id, which was to be told for this one, has gone.
    RedirectBroken(u64),
}

impl Invalidation {
    /// The message about these keys.
    #[must_use]
    pub fn of_keys(names: &[&[u8]]) -> Invalidation {
        let mut text = Vec::new();
        // An array of texts, as a request is.
        write_request(names, &mut text);
        Invalidation::Keys(text)
    }

    /// Bytes of it, at most.
    #[must_use]
    pub fn len(&self) -> usize {
        const AROUND: usize = 64;
        AROUND + if let Invalidation::Keys(text) = self { text.len() } else { 0 }
    }

    /// Whether it has no bytes: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Writes it in a version of the protocol, 2 or 3.
    pub fn write(&self, proto: u8, out: &mut Output) {
        if let Invalidation::RedirectBroken(id) = self {
            out.push(b">2\r\n$21\r\ntracking-redir-broken\r\n:");
            out.push(itoa::Buffer::new().format(*id).as_bytes());
            return out.push(b"\r\n");
        }
        out.push(if proto == 3 {
            b">2\r\n$10\r\ninvalidate\r\n"
        } else {
            b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"
        });
        match self {
            Invalidation::Keys(text) => out.push(text),
            _ if proto == 3 => out.push(b"_\r\n"),
            _ => out.push(b"$-1\r\n"),
        }
    }
}

/// The prefixes that clients in broadcasting mode have asked for.
#[derive(Debug, Default)]
pub struct Broadcasts {
    prefixes: RwLock<Prefixes>,
    len: AtomicUsize,
}

#[derive(Debug, Default)]
struct Prefixes {
    clients: BTreeMap<Box<[u8]>, Vec<Arc<Client>>>,
    /// Lengths of the prefixes: a key is looked up once for each.
    lens: BTreeSet<usize>,
}

impl Broadcasts {
    /// Adds a client to a prefix; once, however often it asks. `note` learns that there are prefixes now, before anybody
    /// else can change that. Locking: the table's own lock.
    pub fn join(&self, prefix: &[u8], client: &Arc<Client>, note: impl FnOnce(bool)) {
        self.change(note, |prefixes| {
            let clients = prefixes.entry(prefix.into()).or_default();
            if clients.iter().all(|known| known.id != client.id) {
                clients.push(Arc::clone(client));
            }
        });
    }

    /// Takes a client off all its prefixes; it is told nothing afterwards. `note` learns whether there are prefixes left.
    /// Locking: as [`Broadcasts::join`].
    pub fn leave(&self, client: &Client, note: impl FnOnce(bool)) {
        self.change(note, |prefixes| {
            prefixes.retain(|_, clients| {
                clients.retain(|known| known.id != client.id);
                !clients.is_empty()
            });
        });
    }

    fn change(&self, note: impl FnOnce(bool), change: impl FnOnce(&mut BTreeMap<Box<[u8]>, Vec<Arc<Client>>>)) {
        let mut prefixes = write(&self.prefixes);
        change(&mut prefixes.clients);
        prefixes.lens = prefixes.clients.keys().map(|prefix| prefix.len()).collect();
        self.len.store(prefixes.clients.len(), Relaxed);
        note(!prefixes.clients.is_empty());
    }

    /// Number of different prefixes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Whether nobody has asked for any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The prefixes of a client, in order. Locking: as [`Broadcasts::join`].
    #[must_use]
    pub fn of(&self, client: &Client) -> Vec<Box<[u8]>> {
        let prefixes = read(&self.prefixes);
        let own = prefixes.clients.iter().filter(|(_, clients)| clients.iter().any(|known| known.id == client.id));
        own.map(|(prefix, _)| prefix.clone()).collect()
    }

    /// Shows the clients of every prefix of any of these keys to `tell`, with the places of its keys, in the order of the
    /// prefixes. Locking: the table's own, shared, for the time of `tell`.
    pub fn each(&self, keys: &[&[u8]], mut tell: impl FnMut(&[Arc<Client>], &[usize])) {
        let prefixes = read(&self.prefixes);
        let mut groups: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            for len in prefixes.lens.range(..=key.len()) {
                if let Some((prefix, _)) = prefixes.clients.get_key_value(&key[..*len]) {
                    groups.entry(prefix).or_default().push(at);
                }
            }
        }
        for (prefix, places) in groups {
            tell(&prefixes.clients[prefix], &places);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Endpoint;

    fn written(what: &Invalidation, proto: u8) -> String {
        let mut out = Output::default();
        what.write(proto, &mut out);
        assert!(out.pending() <= what.len());
        String::from_utf8(out.as_slice().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn messages_are_those_of_redis() {
        let keys = Invalidation::of_keys(&[b"a", b"bc"]);
        assert_eq!(written(&keys, 3), ">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$2\r\nbc\r\n");
        let on_channel = format!("*3\r\n$7\r\nmessage\r\n${}\r\n{CHANNEL}\r\n", CHANNEL.len());
        assert_eq!(written(&keys, 2), format!("{on_channel}*2\r\n$1\r\na\r\n$2\r\nbc\r\n"));
        assert_eq!(written(&Invalidation::All, 3), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
        assert_eq!(written(&Invalidation::All, 2), format!("{on_channel}$-1\r\n"));
        assert_eq!(
            written(&Invalidation::RedirectBroken(u64::MAX), 3),
            ">2\r\n$21\r\ntracking-redir-broken\r\n:18446744073709551615\r\n"
        );
    }

    #[test]
    fn prefixes_find_their_clients() {
        let broadcasts = Broadcasts::default();
        let [one, other] = [1, 2].map(|id| Arc::new(Client::new(id, Endpoint::Internal, -1, 0, 0)));
        for prefix in ["", "a", "a"] {
            broadcasts.join(prefix.as_bytes(), &one, |any| assert!(any));
        }
        broadcasts.join(b"ab", &other, |any| assert!(any));
        assert_eq!((broadcasts.len(), broadcasts.of(&one)), (3, vec![(*b"").into(), (*b"a").into()]));
        let told = || {
            let mut told = Vec::new();
            broadcasts.each(&[b"abc", b"x", b"a"], |clients, places| {
                told.extend(clients.iter().map(|client| (client.id, places.to_vec())));
            });
            told
        };
        assert_eq!(told(), [(1, vec![0, 1, 2]), (1, vec![0, 2]), (2, vec![0])]);
        broadcasts.leave(&one, |any| assert!(any));
        assert_eq!(told(), [(2, vec![0])]);
        broadcasts.leave(&other, |any| assert!(!any));
        assert!(broadcasts.is_empty() && told().is_empty());
    }
}
