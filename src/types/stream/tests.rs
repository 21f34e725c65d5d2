use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Owned = Vec<(Vec<u8>, Vec<u8>)>;

/// Nodes of entries, none of them packed: the same rules, the plainest way.
#[derive(Debug, Default)]
struct Model {
    nodes: Vec<Vec<(StreamId, Owned, bool)>>,
    added: u64,
    max_deleted: StreamId,
}

impl Model {
    fn add(&mut self, id: StreamId, fields: &Owned, node_entries: usize) {
        if self.nodes.last().is_none_or(|node| node_entries > 0 && node.len() >= node_entries) {
            self.nodes.push(Vec::new());
        }
        self.nodes.last_mut().unwrap().push((id, fields.clone(), false));
        self.added += 1;
    }

    fn live(&self) -> Vec<(StreamId, Owned)> {
        let live = self.nodes.iter().flatten().filter(|entry| !entry.2);
        live.map(|(id, fields, _)| (*id, fields.clone())).collect()
    }

    fn drop_empty(&mut self) {
        self.nodes.retain(|node| node.iter().any(|entry| !entry.2));
    }

    fn delete(&mut self, id: StreamId) -> bool {
        let found = self.nodes.iter_mut().flatten().find(|entry| entry.0 == id && !entry.2);
        let is_found = found.map(|entry| entry.2 = true).is_some();
        if is_found {
            self.max_deleted = self.max_deleted.max(id);
        }
        self.drop_empty();
        is_found
    }

    fn trim(&mut self, trim: &Trim) -> u64 {
        let mut deleted = 0;
        for at in 0..self.nodes.len() {
            let len = self.live().len() as u64;
            let node = &mut self.nodes[at];
            let live = node.iter().filter(|entry| !entry.2).count() as u64;
            let whole = match trim.to {
                TrimTo::Len(left) if len <= left => break,
                TrimTo::Len(left) => len - live >= left,
                TrimTo::Id(id) => node.last().unwrap().0 < id,
            };
            if trim.limit > 0 && deleted + live > trim.limit || trim.approximate && !whole {
                break;
            }
            let mut left = len;
            for entry in node.iter_mut() {
                let stays = match trim.to {
                    TrimTo::Len(wanted) => left <= wanted,
                    TrimTo::Id(id) => entry.0 >= id,
                };
                if stays {
                    break;
                }
                if !entry.2 {
                    entry.2 = true;
                    left -= 1;
                    deleted += 1;
                }
            }
            if !whole {
                break;
            }
        }
        self.drop_empty();
        deleted
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add { ms: u64, seq: u64, fields: Owned },
    Delete(prop::sample::Index),
    Trim { to: Result<u64, prop::sample::Index>, approximate: bool, limit: u64 },
    Range(prop::sample::Index, prop::sample::Index),
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"field".to_vec()),
        Just(b"f2".to_vec()),
        any::<i32>().prop_map(|n| n.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..4),
        Just(vec![b'x'; 200]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let distance = || prop_oneof![4 => 0u64..4, 1 => 0u64..5000, 1 => any::<u32>().prop_map(|n| u64::from(n) << 20)];
    let fields = prop_oneof![
        4 => texts().prop_map(|value| vec![(b"field".to_vec(), value)]),
        1 => prop::collection::vec((texts(), texts()), 1..4),
    ];
    prop_oneof![
        8 => (distance(), distance(), fields).prop_map(|(ms, seq, fields)| Step::Add { ms, seq, fields }),
        2 => any::<prop::sample::Index>().prop_map(Step::Delete),
        1 => (prop_oneof![(0u64..30).prop_map(Ok), any::<prop::sample::Index>().prop_map(Err)], any::<bool>(), 0u64..12)
            .prop_map(|(to, approximate, limit)| Step::Trim { to, approximate, limit }),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(a, b)| Step::Range(a, b)),
    ]
}

fn pairs(fields: &Owned) -> impl Fields<'_> {
    fields.iter().map(|(name, value)| (&name[..], &value[..]))
}

fn owned(entry: Entry<'_>) -> (StreamId, Owned) {
    let text = |element: crate::types::packed::Element<'_>| element.text(&mut itoa::Buffer::new()).to_vec();
    let fields: Owned = entry.fields().map(|(name, value)| (text(name), text(value))).collect();
    assert_eq!(fields.len(), entry.len());
    (entry.id, fields)
}

fn any_id(stream: &Model, at: prop::sample::Index) -> StreamId {
    let ids: Vec<StreamId> = stream.nodes.iter().flatten().map(|entry| entry.0).collect();
    match ids.is_empty() {
        true => StreamId::new(7, 7),
        // Now and then an id that is not there.
        false => [ids[at.index(ids.len())], ids[at.index(ids.len())].next().unwrap()][at.index(7) / 6],
    }
}

fn check(stream: &Stream, model: &Model) {
    let live = model.live();
    assert_eq!(stream.range(StreamId::MIN..=StreamId::MAX).map(owned).collect::<Vec<_>>(), live);
    let mut back: Vec<_> = stream.range_back(StreamId::MIN..=StreamId::MAX).map(owned).collect();
    back.reverse();
    assert_eq!(back, live);
    assert_eq!(stream.len(), live.len());
    assert_eq!(stream.node_ids().collect::<Vec<_>>(), model.nodes.iter().map(|node| node[0].0).collect::<Vec<_>>());
    let counters = stream.counters();
    assert_eq!(counters.first_id, live.first().map_or(StreamId::MIN, |entry| entry.0));
    assert_eq!((counters.entries_added, counters.max_deleted_id), (model.added, model.max_deleted));
    let fresh: usize = stream.0.log.memory_bytes();
    assert_eq!(stream.clone().0.log.memory_bytes(), fresh, "the running sum of bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn does_what_the_model_does(steps in prop::collection::vec(step(), 1..120), node_entries in 0usize..9) {
        let limits = NodeLimits { bytes: 0, entries: node_entries };
        let (mut stream, mut model) = (Stream::new(), Model::default());
        for step in steps {
            match step {
                Step::Add { ms, seq, fields } => {
                    let last = stream.last_id();
                    let id = if ms > 0 { StreamId::new(last.ms + ms, seq) } else { StreamId::new(last.ms, last.seq + seq + 1) };
                    stream.add(id, pairs(&fields), limits);
                    model.add(id, &fields, node_entries);
                }
                Step::Delete(at) => {
                    let id = any_id(&model, at);
                    prop_assert_eq!(stream.delete(id), model.delete(id));
                }
                Step::Trim { to, approximate, limit } => {
                    let to = to.map_or_else(|at| TrimTo::Id(any_id(&model, at)), TrimTo::Len);
                    let limit = if approximate { limit } else { 0 };
                    let trim = Trim { to, approximate, limit, references: References::Keep };
                    prop_assert_eq!(stream.trim(&trim).count, model.trim(&trim), "{:?}", trim);
                }
                Step::Range(a, b) => {
                    let (from, to) = (any_id(&model, a), any_id(&model, b));
                    let mut wanted = model.live();
                    wanted.retain(|entry| (from..=to).contains(&entry.0));
                    prop_assert_eq!(stream.range(from..=to).map(owned).collect::<Vec<_>>(), wanted.clone());
                    wanted.reverse();
                    prop_assert_eq!(stream.range_back(from..=to).map(owned).collect::<Vec<_>>(), wanted);
                    prop_assert_eq!(stream.get(from).map(owned), model.live().into_iter().find(|entry| entry.0 == from));
                }
            }
            check(&stream, &model);
        }
    }

    #[test]
    fn exact_trimming_repeats_what_an_approximate_one_did(
        steps in prop::collection::vec(step(), 1..60),
        node_entries in 1usize..6,
        to in prop_oneof![(0u64..30).prop_map(Ok), any::<prop::sample::Index>().prop_map(Err)],
        limit in 0u64..20,
        acked in any::<bool>(),
    ) {
        let (mut stream, mut model) = (Stream::new(), Model::default());
        for (ms, step) in (1..).zip(steps) {
            match step {
                Step::Delete(at) => drop((stream.delete(any_id(&model, at)), ms)),
                _ => {
                    stream.add(StreamId::new(ms, 0), std::iter::once((&b"f"[..], &b"v"[..])), NodeLimits { bytes: 0, entries: node_entries });
                    model.add(StreamId::new(ms, 0), &Vec::new(), node_entries);
                }
            }
        }
        let mut group = Group::new(StreamId::new(40, 0), None);
        let consumer = group.add_consumer(b"c", 0).unwrap();
        for ms in (0..60).step_by(7) {
            group.set_pending(StreamId::new(ms, 0), Pending { delivered_at_ms: 0, deliveries: 1, consumer });
        }
        stream.add_group(b"g", group);
        let references = if acked { References::MustBeAcknowledged } else { References::Keep };
        let to = to.map_or_else(|at| TrimTo::Id(any_id(&model, at)), TrimTo::Len);
        let trim = Trim { to, approximate: true, limit, references };
        let mut replayed = stream.clone();
        let trimmed = stream.trim(&trim);
        let exact = trim.as_done(trimmed, stream.len() as u64);
        prop_assert!(!exact.approximate && exact.limit == 0);
        prop_assert_eq!(replayed.trim(&exact).count, trimmed.count, "{:?} {:?}", trim, exact);
        let ids = |stream: &Stream| stream.range(StreamId::MIN..=StreamId::MAX).map(|entry| entry.id).collect::<Vec<_>>();
        prop_assert_eq!(ids(&stream), ids(&replayed));
    }

    #[test]
    fn a_group_agrees_with_plain_maps(
        steps in prop::collection::vec((0u64..12, 0u8..4, 0u64..50, any::<bool>()), 1..80),
        index_at in 0usize..80,
    ) {
        let mut group = Group::new(StreamId::MIN, None);
        let mut model: BTreeMap<StreamId, (String, u64)> = BTreeMap::new();
        for (at, (id, who, time, set)) in steps.into_iter().enumerate() {
            let (id, name) = (StreamId::new(id, 0), format!("consumer-{who}"));
            let consumer = group.find_consumer(name.as_bytes());
            match (set, time) {
                (false, 0) => {
                    let had = model.len();
                    model.retain(|_, (owner, _)| *owner != name);
                    let removed = group.remove_consumer(name.as_bytes());
                    prop_assert_eq!(removed, consumer.map(|_| had - model.len()));
                }
                (false, _) => {
                    let removed = group.remove_pending(id).map(|pending| pending.delivered_at_ms);
                    prop_assert_eq!(removed, model.remove(&id).map(|(_, time)| time));
                }
                (true, _) => {
                    let made = || group.add_consumer(name.as_bytes(), time).unwrap();
                    let consumer = consumer.unwrap_or_else(made);
                    prop_assert_eq!(group.add_consumer(name.as_bytes(), time), None);
                    group.set_pending(id, Pending { delivered_at_ms: time, deliveries: 1, consumer });
                    model.insert(id, (name, time));
                }
            }
            let name_of = |pending: &Pending| String::from_utf8_lossy(group.consumer(pending.consumer).name()).into_owned();
            let pending = group.pending(StreamId::MIN..=StreamId::MAX);
            let pending: BTreeMap<_, _> = pending.map(|(id, own)| (id, (name_of(own), own.delivered_at_ms))).collect();
            prop_assert_eq!(&pending, &model);
            for consumer in group.consumers() {
                let wanted: Vec<_> = model.iter().filter(|(_, own)| own.0.as_bytes() == consumer.name()).map(|(id, _)| *id).collect();
                prop_assert_eq!(consumer.pending(StreamId::MIN..=StreamId::MAX).collect::<Vec<_>>(), wanted);
            }
            if at >= index_at {
                let mut wanted: Vec<_> = model.iter().map(|(id, own)| (own.1, *id)).filter(|own| own.0 <= 25).collect();
                wanted.sort();
                prop_assert_eq!(group.pending_by_time(25).collect::<Vec<_>>(), wanted.iter().map(|own| own.1).collect::<Vec<_>>());
            }
        }
    }
}

fn numbered(ids: impl Iterator<Item = u64>, limits: NodeLimits) -> Stream {
    let mut stream = Stream::new();
    for ms in ids {
        stream.add(StreamId::new(ms, 0), [(&b"field"[..], &b"value"[..])].into_iter(), limits);
    }
    stream
}

const USUAL: NodeLimits = NodeLimits { bytes: 4096, entries: 100 };

#[test]
fn usual_entries_cost_a_byte_beside_their_values() {
    let bytes = |count: u64| numbered(1..count + 1, NodeLimits { bytes: 0, entries: 0 }).0.log.memory_bytes();
    let per_entry = (bytes(100_000) - bytes(50_000)) as f64 / 50_000.0;
    assert!((6.9..7.1).contains(&per_entry), "{per_entry}");
}

#[test]
fn the_last_node_is_filled_again_after_the_one_behind_it_went() {
    let mut stream = numbered(1..=5, NodeLimits { bytes: 0, entries: 2 });
    assert!(stream.delete(StreamId::new(5, 0)));
    assert!(stream.delete(StreamId::new(4, 0)));
    assert_eq!(stream.node_count(), 2);
    stream.add(StreamId::new(9, 9), [(&b"other"[..], &b"1"[..])].into_iter(), NodeLimits { bytes: 0, entries: 3 });
    assert_eq!(stream.node_count(), 2);
    let ids: Vec<_> = stream.range(StreamId::MIN..=StreamId::MAX).map(|entry| entry.id.ms).collect();
    assert_eq!(ids, [1, 2, 3, 9]);
}

#[test]
fn references_hold_entries_or_go_with_them() {
    let mut stream = numbered(1..=6, NodeLimits { bytes: 0, entries: 2 });
    let mut group = Group::new(StreamId::new(4, 0), None);
    let consumer = group.add_consumer(b"c", 0).unwrap();
    group.set_pending(StreamId::new(2, 0), Pending { delivered_at_ms: 0, deliveries: 1, consumer });
    stream.add_group(b"g", group);
    let ids =
        |stream: &Stream| stream.range(StreamId::MIN..=StreamId::MAX).map(|entry| entry.id.ms).collect::<Vec<_>>();

    let trim = Trim { to: TrimTo::Len(0), approximate: false, limit: 0, references: References::MustBeAcknowledged };
    assert_eq!(stream.trim(&trim).count, 3);
    assert_eq!(ids(&stream), [2, 5, 6]);
    assert_eq!(stream.trim(&Trim { references: References::Delete, to: TrimTo::Len(1), ..trim }).count, 2);
    assert_eq!((ids(&stream), stream.group(b"g").unwrap().pending_len()), (vec![6], 0));
}

#[test]
fn gaps_hide_how_far_a_group_is() {
    let mut stream = numbered(1..=5, USUAL);
    let group = |last, read| Group::new(StreamId::new(last, 0), read);
    let lag = |stream: &Stream, last, read| stream.counters().lag(&group(last, read));
    assert_eq!([lag(&stream, 0, None), lag(&stream, 1, None), lag(&stream, 2, None)], [Some(5), Some(4), None]);
    assert_eq!([lag(&stream, 2, Some(2)), lag(&stream, 5, None), lag(&stream, 6, None)], [Some(3), Some(0), None]);
    stream.delete(StreamId::new(3, 0));
    assert_eq!([lag(&stream, 0, None), lag(&stream, 2, Some(2)), lag(&stream, 4, Some(4))], [None, None, Some(1)]);
    stream.trim(&Trim { to: TrimTo::Len(2), approximate: false, limit: 0, references: References::Keep });
    assert_eq!([lag(&stream, 0, None), lag(&stream, 2, Some(2)), lag(&stream, 4, None)], [Some(2), Some(3), Some(1)]);
}
