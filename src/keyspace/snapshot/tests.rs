use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::{Effects, Key, KeyHasher, StringValue, Ttl};
use crate::types::Object;
use crate::types::hash::{FieldTtl, Hash, Limits};
use crate::types::list::{self, Element, List, Side};

/// What a key held, and its expiry, by database and name.
type Content = BTreeMap<(usize, Vec<u8>), (Vec<u8>, Option<u64>)>;

/// Keeps what it is given; an encoded entry is a line of text.
#[derive(Debug, Default)]
struct Kept {
    content: Mutex<Content>,
}

struct Collector(Arc<Kept>);

const END_OF_ENTRY: &[u8] = b"\r\n\r\n";

fn value_of(entry: EntryRef<'_>) -> Vec<u8> {
    match entry.value() {
        Value::Object(object) => format!("{object:?}").into_bytes(),
        value => value.text(&mut itoa::Buffer::new()).unwrap().to_vec(),
    }
}

impl Sink for Collector {
    fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>) {
        let fields =
            [entry.key(), &value_of(entry), format!("{:?}", entry.expire_at_ms()).as_bytes()].map(<[u8]>::to_vec);
        out.extend(fields.join(&0x1e));
        out.extend_from_slice(END_OF_ENTRY);
    }

    fn deliver(&self, chunk: Chunk) {
        let mut content = self.0.content.lock().unwrap();
        let text = String::from_utf8(chunk.entries).unwrap();
        let lines: Vec<_> = text.split_terminator("\r\n\r\n").collect();
        assert_eq!(lines.len(), chunk.keys);
        for line in lines {
            let fields: Vec<_> = line.split('\x1e').collect();
            let [key, value, expiry] = fields[..] else { panic!("not an entry: {line}") };
            let expiry = expiry.strip_prefix("Some(").map(|rest| rest.trim_end_matches(')').parse().unwrap());
            let old = content.insert((chunk.db, key.into()), (value.into(), expiry));
            assert_eq!(old, None, "{key} was saved twice");
        }
    }
}

const DBS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Begin,
    /// Batches of a shard.
    Save(u16, u8),
    SaveAll,
    Set(usize, u16, usize),
    SetMany(u16, u16),
    SetExpiring(u16, Option<u64>),
    RemoveMany(u16, u16),
    Append(u16),
    Read(u16),
    HashSet(u16, u8),
    HashRemove(u16, u8),
    Rename(u16, u16),
    Move(u16),
    Expire(u16, Option<u64>),
    Due(u16),
    Flush(Option<usize>),
    Swap(usize, usize),
    /// Drops what emptied databases held.
    Free,
    Cancel,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0u16..KEYS;
    let shard = || 0u16..SHARDS as u16;
    prop_oneof![
        2 => Just(Step::Begin),
        12 => (shard(), 1u8..6).prop_map(|(shard, count)| Step::Save(shard, count)),
        1 => Just(Step::SaveAll),
        6 => (0..DBS, key(), prop_oneof![6 => 0usize..60, 1 => 5000usize..6000]).prop_map(|(d, k, l)| Step::Set(d, k, l)),
        4 => (key(), 1u16..2000).prop_map(|(k, n)| Step::SetMany(k, n)),
        4 => (key(), prop::option::of(1000u64..1010)).prop_map(|(k, t)| Step::SetExpiring(k, t)),
        3 => (key(), 1u16..KEYS).prop_map(|(k, n)| Step::RemoveMany(k, n)),
        4 => key().prop_map(Step::Append),
        2 => key().prop_map(Step::Read),
        4 => (key(), any::<u8>()).prop_map(|(k, f)| Step::HashSet(k, f)),
        2 => (key(), any::<u8>()).prop_map(|(k, f)| Step::HashRemove(k, f)),
        4 => (key(), key()).prop_map(|(a, b)| Step::Rename(a, b)),
        3 => key().prop_map(Step::Move),
        3 => (key(), prop::option::of(1000u64..1010)).prop_map(|(k, t)| Step::Expire(k, t)),
        1 => shard().prop_map(Step::Due),
        1 => prop::option::of(0..DBS).prop_map(Step::Flush),
        1 => (0..DBS, 0..DBS).prop_map(|(a, b)| Step::Swap(a, b)),
        2 => Just(Step::Free),
        1 => Just(Step::Cancel),
    ]
}

const SHARDS: usize = 2;
/// Enough for some segments in each database of each shard.
const KEYS: u16 = 5000;

/// A keyspace under test, with what the running snapshot must become.
struct World {
    keyspace: Keyspace,
    running: Option<(Arc<Snapshot>, Arc<Kept>, Content)>,
    trash: Vec<Effects>,
    now_ms: u64,
}

fn name(number: u16) -> Vec<u8> {
    // Hashes have names of their own.
    format!("{}{number}", if number.is_multiple_of(10) { "hash" } else { "text" }).into_bytes()
}

impl World {
    fn new() -> World {
        World { keyspace: Keyspace::new(SHARDS, KeyHasher::seeded(3)), running: None, trash: Vec::new(), now_ms: 0 }
    }

    fn content(&self) -> Content {
        let mut all = Locked::all(&self.keyspace, false, 0, self.now_ms).unwrap();
        let entries = all.guards_mut().flat_map(|guard| guard.dbs().collect::<Vec<_>>()).flat_map(|(number, db)| {
            db.iter().map(move |entry| {
                assert!(!entry.is_settled() || db.is_saving(), "marks live no longer than the snapshot");
                ((number, entry.key().to_vec()), (value_of(entry), entry.expire_at_ms()))
            })
        });
        entries.collect()
    }

    fn begin(&mut self) {
        if self.running.is_some() {
            return;
        }
        let kept = Arc::new(Kept::default());
        let content = self.content();
        let mut all = Locked::all(&self.keyspace, false, 0, self.now_ms).unwrap();
        let snapshot = Snapshot::begin(&mut all, Box::new(Collector(Arc::clone(&kept))));
        assert_eq!(snapshot.keys(), content.len());
        self.running = Some((snapshot, kept, content));
    }

    fn finish(&mut self) {
        let Some((snapshot, kept, content)) = self.running.take() else { return };
        for id in self.keyspace.shard_ids() {
            Saver::new(&snapshot).save_shard(&self.keyspace, id);
        }
        self.trash.clear();
        snapshot.wait();
        let saved = std::mem::take(&mut *kept.content.lock().unwrap());
        if !snapshot.is_cancelled() {
            assert!(saved == content, "what is saved is what was there");
        }
        assert!(self.content().len() < usize::MAX);
    }

    /// Runs `f` with the shards of these keys locked.
    fn with(&mut self, keys: &[u16], f: impl FnOnce(&mut Locked<'_>, &[Key<'_>])) {
        let names: Vec<_> = keys.iter().map(|&number| name(number)).collect();
        let keys: Vec<_> = names.iter().map(|name| Key { name, hash: self.keyspace.hash(name) }).collect();
        let mut shards: Vec<_> = keys.iter().map(|key| self.keyspace.shard_of(key.hash)).collect();
        shards.sort_unstable();
        shards.dedup();
        let mut locked = Locked::many(&self.keyspace, shards.into_iter(), false, 0, self.now_ms).unwrap();
        f(&mut locked, &keys);
        self.trash.push(locked.unlock());
    }

    fn with_all(&mut self, f: impl FnOnce(&mut Locked<'_>)) {
        let mut locked = Locked::all(&self.keyspace, false, 0, self.now_ms).unwrap();
        f(&mut locked);
        self.trash.push(locked.unlock());
    }

    fn set(&mut self, db: usize, number: u16, value: &[u8], ttl: Ttl) {
        if !number.is_multiple_of(10) {
            self.with(&[number], |locked, key| {
                locked.in_db(db, |locked| locked.set_string(key[0], StringValue::encode(value), ttl));
            });
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Begin => self.begin(),
            Step::Save(shard, count) => {
                let Some((snapshot, ..)) = &self.running else { return };
                let mut saver = Saver::new(snapshot);
                for _ in 0..count {
                    if !saver.step(&self.keyspace, ShardId(shard)) {
                        break;
                    }
                }
                saver.finish();
            }
            Step::SaveAll => self.finish(),
            Step::Set(db, number, len) => self.set(db, number, &vec![b'v'; len], Ttl::Clear),
            Step::SetMany(from, count) => {
                for number in from..from + count {
                    self.set(0, number, b"1234", Ttl::Keep);
                }
            }
            Step::SetExpiring(number, expiry) => {
                self.set(0, number, b"expiring", expiry.map_or(Ttl::Clear, Ttl::At));
            }
            Step::RemoveMany(from, count) => {
                for number in from..from + count {
                    self.with(&[number], |locked, key| _ = locked.remove(key[0]));
                }
            }
            Step::Append(number) if number.is_multiple_of(10) => {}
            Step::Append(number) => self.with(&[number], |locked, key| {
                if let Some(mut entry) = locked.lookup_write(key[0]) {
                    entry.append(b"+a tail that asks for another block");
                }
            }),
            Step::Read(number) => self.with(&[number], |locked, key| {
                locked.access = locked.keyspace().access_mode.at(u64::from(number) * 1000);
                let _ = locked.lookup_read(key[0]);
            }),
            Step::HashSet(number, field) => self.with(&[number - number % 10], |locked, key| {
                let limits = Limits { entries: 20, value_bytes: 64 };
                let set = |hash: &mut Hash| _ = hash.set(&[field], b"value", FieldTtl::Keep, 0, limits);
                locked.edit_or_insert(key[0], Hash::default, set).unwrap();
            }),
            Step::HashRemove(number, field) => self.with(&[number - number % 10], |locked, key| {
                let _ = locked.edit(key[0], |hash: &mut Hash| hash.remove(&[field])).unwrap();
            }),
            Step::Rename(from, to) if from == to || from.is_multiple_of(10) != to.is_multiple_of(10) => {}
            Step::Rename(from, to) => self.with(&[from, to], |locked, keys| {
                if let Some(entry) = locked.take(keys[0]) {
                    locked.insert_in(0, keys[1], entry.with_key(keys[1].name));
                }
            }),
            Step::Move(number) => self.with(&[number], |locked, key| {
                if let Some(entry) = locked.take(key[0]) {
                    locked.insert_in(1, key[0], entry);
                }
            }),
            Step::Expire(number, expiry) => self.with(&[number], |locked, key| {
                if let Some(location) = locked.locate(key[0]) {
                    locked.part(key[0].hash).set_expire_at(location, key[0].hash, expiry);
                }
            }),
            Step::Due(shard) => {
                let mut locked = Locked::none(&self.keyspace, 0, 1004);
                locked.visit(ShardId(shard), false, |locked| locked.expire_due(ShardId(shard), 100)).unwrap();
                self.trash.push(locked.unlock());
            }
            Step::Flush(only) => self.with_all(|locked| locked.empty_dbs(only)),
            Step::Swap(one, other) => self.with_all(|locked| locked.swap_dbs(one, other)),
            Step::Free => self.trash.clear(),
            Step::Cancel => {
                if let Some((snapshot, ..)) = &self.running {
                    snapshot.cancel();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 48 }))]

    #[test]
    fn every_key_is_saved_once_as_it_was(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for number in 0..KEYS {
            world.set(usize::from(number % 8 / 7), number, b"from the beginning", Ttl::Clear);
        }
        world.begin();
        for step in steps {
            world.run(step);
        }
        world.finish();
        // Marks that were left behind would be missing now.
        world.begin();
        world.finish();
    }
}

/// Savers and writers on threads of their own.
#[test]
fn savers_and_writers_meet() {
    let mut world = World::new();
    for number in 0..4000 {
        world.set(0, number, b"at the beginning", Ttl::Clear);
    }
    world.begin();
    let World { keyspace, running, .. } = &world;
    let (snapshot, kept, content) = running.as_ref().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..2u16 {
            scope.spawn(move || {
                for number in 0..4000u16 {
                    let name = name(number.wrapping_mul(7919 + thread) % 5000);
                    let key = Key { name: &name, hash: keyspace.hash(&name) };
                    let shard = keyspace.shard_of(key.hash);
                    let mut locked = Locked::one(keyspace, shard, false, 0, 0).unwrap();
                    locked.set_string(key, StringValue::encode(b"later"), Ttl::Clear);
                }
            });
            scope.spawn(move || {
                let mut saver = Saver::new(snapshot);
                let mine = keyspace.shard_ids().filter(|id| id.0 % 2 == thread);
                mine.for_each(|id| saver.save_shard(keyspace, id));
            });
        }
    });
    snapshot.wait();
    assert!(*kept.content.lock().unwrap() == *content);
}

#[test]
fn what_writers_hand_over_does_not_pile_up() {
    let mut world = World::new();
    (0..2000).for_each(|number| world.set(0, number, b"at the beginning", Ttl::Clear));
    world.begin();
    (0..2000).for_each(|number| world.set(0, number, b"later", Ttl::Clear));
    let (snapshot, ..) = world.running.as_ref().unwrap();
    assert!(snapshot.early_bytes().0 > 2 * EARLY_BYTES);
    Saver::new(snapshot).save_shard(&world.keyspace, ShardId(0));
    assert!(snapshot.early_bytes().0 < EARLY_BYTES, "those of other shards were taken too");
    world.finish();
}

#[test]
fn a_panic_while_encoding_cancels_and_leaves_nothing_behind() {
    struct Panics;
    impl Sink for Panics {
        fn encode(&self, _: EntryRef<'_>, out: &mut Vec<u8>) {
            out.push(0);
            panic!("a fault in the encoder");
        }
        fn deliver(&self, chunk: Chunk) {
            panic!("half an entry is delivered: {chunk:?}");
        }
    }
    let mut world = World::new();
    world.run(Step::HashSet(0, 1));
    world.set(0, 1, b"value", Ttl::Clear);
    let mut all = Locked::all(&world.keyspace, false, 0, 0).unwrap();
    let snapshot = Snapshot::begin(&mut all, Box::new(Panics));
    drop(all);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run(Step::HashSet(0, 2))));
    assert!(failed.is_err() && snapshot.is_cancelled());
    for id in world.keyspace.shard_ids() {
        Saver::new(&snapshot).save_shard(&world.keyspace, id);
    }
    snapshot.wait();
    world.begin();
    world.finish();
}

/// While a large collection is encoded its shard counts as held for long: workers are told so instead of blocking.
#[test]
fn nobody_blocks_behind_a_large_collection() {
    struct Asks(Arc<Keyspace>, Arc<Mutex<Vec<bool>>>);
    impl Sink for Asks {
        fn encode(&self, entry: EntryRef<'_>, out: &mut Vec<u8>) {
            out.push(0);
            if is_large(entry) {
                self.1.lock().unwrap().push(self.0.lock_or_busy(ShardId(0)).is_err());
            }
        }
        fn deliver(&self, _: Chunk) {}
    }
    let keyspace = Arc::new(Keyspace::new(1, KeyHasher::seeded(3)));
    let key = |name: &'static str| Key { name: name.as_bytes(), hash: keyspace.hash(name.as_bytes()) };
    let mut list = List::new();
    (0..1000).for_each(|n| list.push(Side::Back, Element::Int(n), list::Limits::of_setting(-2)));
    let mut all = Locked::all(&keyspace, false, 0, 0).unwrap();
    for name in ["a", "b"] {
        all.insert_in(0, key(name), EntryBox::object(name.as_bytes(), Object::List(list.clone()), None, 0));
    }
    all.set_string(key("c"), StringValue::encode(b"small"), Ttl::Clear);
    let seen = Arc::<Mutex<Vec<bool>>>::default();
    let snapshot = Snapshot::begin(&mut all, Box::new(Asks(Arc::clone(&keyspace), Arc::clone(&seen))));
    drop(all);
    Saver::new(&snapshot).save_shard(&keyspace, ShardId(0));
    snapshot.wait();
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}
