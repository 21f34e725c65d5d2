//! Round trips, forms that are not written any more, and bytes that were tampered with.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::encode::{Encoder, Options};
use super::super::format::kind;
use super::*;
use crate::keyspace::{EntryBox, StringValue, Value};
use crate::types::Object;
use crate::types::hash::{FieldTtl, Hash};
use crate::types::list::{List, Side};
use crate::types::set::Set;
use crate::types::stream::{Group, NodeLimits, Pending, Stream, StreamId};
use crate::types::zset::ZSet;
use crate::util::crc::crc64;

type Bytes = Vec<u8>;

fn element_text(element: crate::types::packed::Element<'_>) -> Bytes {
    element.text(&mut itoa::Buffer::new()).to_vec()
}

/// What can be seen of a value, in an order of its own.
#[derive(Debug, PartialEq)]
enum Seen {
    Text(Bytes),
    List(Vec<Bytes>),
    Set(Vec<Bytes>),
    ZSet(Vec<(Bytes, u64)>),
    Hash(BTreeMap<Bytes, (Bytes, Option<u64>)>),
    Stream(String),
}

fn seen(value: Value<'_>) -> Seen {
    let object = match value {
        Value::Object(object) => object,
        text => return Seen::Text(text.text(&mut itoa::Buffer::new()).expect("it is a string").to_vec()),
    };
    match object {
        Object::List(list) => {
            Seen::List(list.iter(Side::Front).map(|element| element.text(&mut itoa::Buffer::new()).to_vec()).collect())
        }
        Object::Set(set) => {
            let mut members: Vec<_> = set.iter().map(element_text).collect();
            members.sort();
            Seen::Set(members)
        }
        Object::ZSet(zset) => {
            let mut members = Vec::new();
            zset.visit_all(|member, score| members.push((element_text(member), (score + 0.0).to_bits())));
            Seen::ZSet(members)
        }
        Object::Hash(hash) => Seen::Hash(
            hash.iter()
                .map(|field| (element_text(field.name), (element_text(field.value), field.expire_at_ms)))
                .collect(),
        ),
        Object::Stream(stream) => Seen::Stream(seen_stream(stream)),
    }
}

fn seen_stream(stream: &Stream) -> String {
    use std::fmt::Write;
    let mut text = format!("{:?}\n", stream.counters());
    for node in stream.nodes() {
        let names: Vec<_> = node.names().map(element_text).collect();
        writeln!(text, "{} {} {} {names:?}", node.key(), node.live(), node.deleted()).unwrap();
        for found in node.entries() {
            let fields: Vec<_> =
                found.entry.fields().map(|(name, value)| (element_text(name), element_text(value))).collect();
            writeln!(text, "{} {} {fields:?}", found.entry.id, found.is_deleted).unwrap();
        }
    }
    for (name, group) in stream.groups() {
        writeln!(text, "{name:?} {} {:?}", group.last_id, group.entries_read).unwrap();
        for (id, pending) in group.pending(StreamId::MIN..=StreamId::MAX) {
            let who = group.consumer(pending.consumer).name();
            writeln!(text, "{id} {} {} {who:?}", pending.delivered_at_ms, pending.deliveries).unwrap();
        }
        for consumer in group.consumers() {
            writeln!(text, "{:?} {}", consumer.name(), consumer.seen_at_ms).unwrap();
        }
    }
    text
}

fn value_of(loaded: &Loaded<'_>) -> Seen {
    match loaded {
        Loaded::Int(number) => seen(Value::Int(*number)),
        Loaded::Text(text) => seen(Value::Str(text)),
        Loaded::Object(object) => seen(Value::Object(object)),
    }
}

fn text() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..12),
        4 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        4 => (-200i64..200).prop_map(|number| number.to_string().into_bytes()),
        2 => (0usize..300).prop_map(|len| b"abcdef".iter().copied().cycle().take(len).collect()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (0usize..9000).prop_map(|len| b"some long text ".iter().copied().cycle().take(len).collect()),
    ]
}

fn texts(count: usize) -> impl Strategy<Value = Vec<Bytes>> {
    prop::collection::vec(text(), 1..count)
}

fn list() -> impl Strategy<Value = Object> {
    (texts(200), -5i64..10).prop_map(|(texts, setting)| {
        let mut list = List::new();
        let limits = list::Limits::of_setting(setting);
        texts.iter().for_each(|text| list.push(Side::Back, list::Element::of(text), limits));
        Object::List(list)
    })
}

fn set() -> impl Strategy<Value = Object> {
    let numbers = prop::collection::vec(any::<i32>().prop_map(|number| number.to_string().into_bytes()), 1..50);
    (prop_oneof![texts(100), numbers], 0usize..60).prop_map(|(members, small)| {
        let limits = set::SetLimits { intset_entries: small, packed_entries: small, packed_value_bytes: 64 };
        let mut set = Set::new();
        for member in &members {
            set.insert(member, &limits);
        }
        Object::Set(set)
    })
}

fn zset() -> impl Strategy<Value = Object> {
    let score = prop_oneof![(-50i32..50).prop_map(f64::from), any::<f64>(), Just(f64::INFINITY), Just(-0.0)];
    let score = score.prop_map(|score| if score.is_nan() { 0.5 } else { score });
    (prop::collection::vec((text(), score), 1..100), 0usize..60).prop_map(|(members, entries)| {
        let mut zset = ZSet::new();
        for (member, score) in members {
            zset.insert(&member, score, zset::Limits { entries, value_bytes: 64 });
        }
        Object::ZSet(zset)
    })
}

fn hash() -> impl Strategy<Value = Object> {
    let ttl = prop_oneof![3 => Just(None), 1 => (1u64..1 << 45).prop_map(Some)];
    let fields = prop::collection::vec((text(), text(), ttl), 1..80);
    (fields, 0usize..60, any::<bool>()).prop_map(|(fields, entries, expires)| {
        let mut hash = Hash::new();
        for (name, value, ttl) in fields {
            let ttl = ttl.filter(|_| expires).map_or(FieldTtl::Clear, FieldTtl::At);
            hash.set(&name, &value, ttl, 0, hash::Limits { entries, value_bytes: 64 });
        }
        Object::Hash(hash)
    })
}

fn stream() -> impl Strategy<Value = Object> {
    let entry = (0u64..3, 0u64..4, prop::collection::vec((text(), text()), 1..3), any::<bool>());
    let entries = prop::collection::vec(entry, 0..60);
    (entries, 1usize..20, 0u64..40, 0usize..3).prop_map(|(entries, per_node, read, groups)| {
        let mut stream = Stream::new();
        let mut ids = Vec::new();
        for (ms, seq, mut fields, deleted) in entries {
            let last = stream.last_id();
            let id = if ms > 0 { StreamId::new(last.ms + ms, seq) } else { StreamId::new(last.ms, last.seq + 1 + seq) };
            if seq > 0 {
                fields = vec![(b"usual".to_vec(), fields[0].1.clone())];
            }
            let pairs = fields.iter().map(|(name, value)| (&name[..], &value[..]));
            stream.add(id, pairs.collect::<Vec<_>>().into_iter(), NodeLimits { bytes: 4096, entries: per_node });
            ids.push((id, deleted));
        }
        for &(id, _) in ids.iter().filter(|(_, deleted)| *deleted) {
            stream.delete(id);
        }
        for number in 0..groups {
            let mut group = Group::new(StreamId::new(read, 0), (read % 2 == 0).then_some(read));
            for (at, &(id, _)) in ids.iter().enumerate().take(read as usize) {
                let name = format!("consumer {}", at % 3);
                let found = group.find_consumer(name.as_bytes());
                let consumer = found.unwrap_or_else(|| group.add_consumer(name.as_bytes(), at as u64).unwrap());
                group.set_pending(id, Pending { delivered_at_ms: at as u64, deliveries: 1, consumer });
            }
            group.add_consumer(b"idle", 7);
            stream.add_group(format!("group {number}").as_bytes(), group);
        }
        Object::Stream(stream)
    })
}

fn object() -> impl Strategy<Value = Object> {
    prop_oneof![list(), set(), zset(), hash(), stream()]
}

fn payload(value: Value<'_>, compress: bool) -> Bytes {
    let mut out = Vec::new();
    Encoder::new(Options { compress, field_expiry: true }).dump(&mut out, value);
    out
}

/// A payload of that type and body.
fn payload_of(kind: u8, body: &[u8], version: u16) -> Bytes {
    let mut out = vec![kind];
    out.extend_from_slice(body);
    out.extend(version.to_le_bytes());
    let crc = crc64(0, &out);
    out.extend(crc.to_le_bytes());
    out
}

fn read(payload: &[u8]) -> std::result::Result<Seen, PayloadError> {
    read_payload(payload, true, &Limits::usual(), None).map(|loaded| value_of(&loaded))
}

/// The body as a string in front of which its length stands.
fn blob(bytes: &[u8]) -> Bytes {
    let mut out = vec![bytes.len() as u8];
    assert!(bytes.len() < 64, "a length of 6 bits");
    out.extend_from_slice(bytes);
    out
}

fn fields(pairs: &[(&str, &str)]) -> Seen {
    let field = |&(name, value): &(&str, &str)| (name.as_bytes().to_vec(), (value.as_bytes().to_vec(), None));
    Seen::Hash(pairs.iter().map(field).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn collections_come_back(object in object(), compress: bool) {
        let payload = payload(Value::Object(&object), compress);
        let loaded = read_payload(&payload, true, &Limits::usual(), None).unwrap();
        prop_assert_eq!(value_of(&loaded), seen(Value::Object(&object)));
    }

    #[test]
    fn strings_come_back(text in text(), compress: bool) {
        let entry = EntryBox::string(b"k", StringValue::encode(&text), None, 0);
        let payload = payload(entry.view().value(), compress);
        prop_assert_eq!(read(&payload).unwrap(), Seen::Text(text));
    }

    #[test]
    fn what_was_tampered_with_is_an_error_or_a_value(
        object in object(),
        compress: bool,
        flips in prop::collection::vec((any::<Index>(), any::<u8>()), 1..40),
        cut in any::<Index>(),
    ) {
        let whole = payload(Value::Object(&object), compress);
        prop_assert_eq!(
            read_payload(&whole[..cut.index(whole.len())], true, &Limits::usual(), None).err(),
            Some(PayloadError::VersionOrChecksum)
        );
        let body = whole.len() - 10;
        for (at, byte) in flips {
            let mut changed = whole.clone();
            changed[at.index(body)] ^= byte.max(1);
            prop_assert_eq!(read(&changed), Err(PayloadError::VersionOrChecksum));
            let _ = read_payload(&changed, false, &Limits::usual(), Some(5));
            // And cut, with a checksum that is right.
            let mut cut = payload_of(changed[0], &changed[1..body - at.index(body).min(body - 1)], 12);
            let _ = read(&cut);
            cut.truncate(cut.len() - 10);
            let _ = read_record(&cut, 0, 12);
            // And a record of a file: it is as long as it was, or there is something wrong with it.
            let mut record = vec![changed[0], 1, b'k'];
            record.extend_from_slice(&changed[1..body]);
            if let Ok((Record::Entry(entry), _)) = read_record(&record, 0, 12) {
                let _ = entry.value(12, &Limits::usual(), None);
            }
        }
    }

    #[test]
    fn records_are_as_long_as_they_are_read(object in object()) {
        let mut out = Vec::new();
        let entry = EntryBox::object(b"key", object.clone(), Some(77), 0);
        Encoder::new(Options::default()).entry(&mut out, entry.view());
        let len = out.len();
        out.extend(b"behind");
        let (record, taken) = read_record(&out, 100, 12).unwrap();
        prop_assert_eq!(taken, len);
        let Record::Entry(entry) = record else { panic!("{record:?}") };
        prop_assert_eq!((&entry.key[..], entry.expire_at_ms, entry.offset), (&b"key"[..], Some(77), 100 + 9 + 5));
        prop_assert_eq!(value_of(&entry.value(12, &Limits::usual(), None).unwrap()), seen(Value::Object(&object)));
        for cut in [0, 1, len / 2, len - 1] {
            let error = read_record(&out[..cut], 0, 12).err().map(|error| error.fault);
            prop_assert_eq!(error, Some(Fault::Truncated));
        }
    }

    #[test]
    fn noise_is_an_error_or_a_record(bytes in prop::collection::vec(any::<u8>(), 0..300), version in 1u32..82) {
        let mut rest = &bytes[..];
        while let Ok((record, taken)) = read_record(rest, 0, version) {
            if let Record::Entry(entry) = record {
                let _ = entry.value(version, &Limits::usual(), None);
            }
            rest = &rest[taken..];
        }
    }
}

#[test]
fn ziplists() {
    // Entries: "ab", 7, -1 (a byte), 300, -70000, 2^40, and a text of 64 bytes, whose length takes two bytes.
    let mut body = vec![0, 2, b'a', b'b', 4, 0xf8, 2, 0xfe, 0xff, 3, 0xc0, 0x2c, 1, 4, 0xd0];
    body.extend((-70000i32).to_le_bytes());
    body.extend([6, 0xe0]);
    body.extend((1i64 << 40).to_le_bytes());
    let last = 10 + body.len() as u32;
    body.extend([10, 0x40, 64]);
    body.extend([b'x'; 64]);
    let mut list = (10 + body.len() as u32 + 1).to_le_bytes().to_vec();
    list.extend(last.to_le_bytes());
    list.extend([7, 0]);
    list.extend(&body);
    list.push(0xff);
    let x = "x".repeat(64);
    let wanted = ["ab", "7", "-1", "300", "-70000", "1099511627776", &x].map(|text| text.as_bytes().to_vec());
    let mut string = vec![0x40, list.len() as u8];
    string.extend(&list);
    assert_eq!(read(&payload_of(kind::LIST_ZIPLIST, &string, 6)), Ok(Seen::List(wanted.to_vec())));
    // A quicklist of two of them.
    let mut nodes = vec![2];
    nodes.extend(&string);
    nodes.extend(&string);
    let twice = [wanted.clone(), wanted].concat();
    assert_eq!(read(&payload_of(kind::LIST_QUICKLIST, &nodes, 7)), Ok(Seen::List(twice)));
    // Whatever of its framing is wrong is found.
    for at in [0, 4, 8, 10, 14, list.len() - 1] {
        let mut wrong = string.clone();
        wrong[2 + at] ^= 1;
        assert!(read(&payload_of(kind::LIST_ZIPLIST, &wrong, 6)).is_err(), "{at}");
    }
}

#[test]
fn hashes_and_sorted_sets_of_ziplists() {
    let pair = [21, 0, 0, 0, 14, 0, 0, 0, 2, 0, 0, 2, b'a', b'b', 4, 4, b'1', b'.', b'5', b'0', 0xff];
    let string = blob(&pair);
    assert_eq!(read(&payload_of(kind::HASH_ZIPLIST, &string, 6)), Ok(fields(&[("ab", "1.50")])));
    let scored = Seen::ZSet(vec![(b"ab".to_vec(), 1.5f64.to_bits())]);
    assert_eq!(read(&payload_of(kind::ZSET_ZIPLIST, &string, 6)), Ok(scored));
}

#[test]
fn zipmaps() {
    let map = b"\x02\x01a\x02\x03bc\0\0\0\x03key\x05\0value\xff";
    let wanted = fields(&[("a", "bc"), ("key", "value")]);
    assert_eq!(read(&payload_of(kind::HASH_ZIPMAP, &blob(map), 2)), Ok(wanted));
    let miscounted = b"\x01\x01a\x02\x03bc\0\0\0\x03key\x05\0value\xff";
    for wrong in [&miscounted[..], b"\x01\x01a\x05\0bc\xff", b"\x01\x01a", b"\0\xff", b""] {
        assert!(read(&payload_of(kind::HASH_ZIPMAP, &blob(wrong), 2)).is_err(), "{}", wrong.escape_ascii());
    }
}

#[test]
fn plain_forms_of_the_first_versions() {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    assert_eq!(read(&payload_of(kind::LIST, b"\x02\x01a\xc0\x07", 1)), Ok(Seen::List(texts(&["a", "7"]))));
    assert_eq!(read(&payload_of(kind::SET, b"\x02\x01a\xc0\x07", 1)), Ok(Seen::Set(texts(&["7", "a"]))));
    let scores = b"\x04\x01a\xff\x01b\x03-.5\x01c\x011\x01d\xfe";
    let wanted = [("a", f64::NEG_INFINITY), ("b", -0.5), ("c", 1.0), ("d", f64::INFINITY)];
    let wanted = wanted.map(|(member, score)| (member.as_bytes().to_vec(), score.to_bits())).to_vec();
    assert_eq!(read(&payload_of(kind::ZSET, scores, 1)), Ok(Seen::ZSet(wanted)));
    assert!(read(&payload_of(kind::ZSET, b"\x01\x01a\xfd", 1)).is_err(), "no score is NaN");
    assert!(read(&payload_of(kind::SET, b"\x02\x01a\x01a", 1)).is_err(), "members come once");
    assert!(read(&payload_of(kind::HASH, b"\x02\x01a\x01b\x01a\x01c", 1)).is_err(), "fields come once");
    assert!(matches!(
        read(&payload_of(kind::LIST, b"\0", 1)),
        Err(PayloadError::Format(Error { fault: Fault::EmptyKey, .. }))
    ));
}

#[test]
fn fields_that_expire_in_four_forms() {
    let at = |one: Option<u64>| {
        let one = (b"f".to_vec(), (b"v".to_vec(), one));
        Seen::Hash([one, (b"g".to_vec(), (b"w".to_vec(), None))].into())
    };
    let mut metadata = 1000u64.to_le_bytes().to_vec();
    metadata.extend(b"\x02\x01\x01f\x01v\0\x01g\x01w");
    assert_eq!(read(&payload_of(kind::HASH_METADATA, &metadata, 12)), Ok(at(Some(1000))));
    let pre = b"\x02\x43\xe8\x01f\x01v\0\x01g\x01w";
    assert_eq!(read(&payload_of(kind::HASH_22, pre, 12)), Ok(at(Some(1000))));
    let mut valkey = b"\x02\x01f\x01v".to_vec();
    valkey.extend(1000u64.to_le_bytes());
    valkey.extend(b"\x01g\x01w");
    valkey.extend(u64::MAX.to_le_bytes());
    let valkey = payload_of(kind::HASH_22, &valkey, 80);
    assert_eq!(read(&valkey), Ok(at(Some(1000))));
    let loaded = read_payload(&valkey, true, &Limits::usual(), Some(1000)).unwrap();
    assert_eq!(value_of(&loaded), fields(&[("g", "w")]), "a field whose time has come is left out");
    assert!(read(&payload_of(kind::HASH_METADATA, &[0xff; 40], 12)).is_err());
}

#[test]
fn versions_of_payloads() {
    let of = |version| read(&payload_of(kind::STRING, b"\x01a", version)).is_ok();
    assert_eq!([of(1), of(10), of(12), of(13), of(79), of(80), of(81)], [true, true, true, false, false, true, false]);
    let trailing = payload_of(kind::STRING, b"\x01ab", 10);
    assert!(matches!(read(&trailing), Err(PayloadError::Format(_))));
    assert_eq!(read(b"short"), Err(PayloadError::VersionOrChecksum));
}

#[test]
fn a_snapshot_is_known_by_its_head() {
    let cases: &[(&[u8], bool)] = &[
        (b"REDIS0010\xff", true),
        (b"VALKEY080\xff", true),
        (b"*1\r\n$4\r\nPING\r\n", false),
        (b"RED", false),
        (b"", false),
    ];
    for (bytes, expected) in cases {
        let mut file = std::io::Cursor::new(bytes);
        assert_eq!((is_snapshot(&mut file).unwrap(), file.position()), (*expected, 0), "{}", bytes.escape_ascii());
    }
}

#[test]
fn heads_of_files() {
    assert_eq!((read_header(b"REDIS0010"), read_header(b"REDIS0001")), (Ok(10), Ok(1)));
    assert_eq!(read_header(b"VALKEY080"), Ok(80));
    assert!(matches!(read_header(b"REDIS0013"), Err(Error { fault: Fault::Unsupported(_), offset: 0 })));
    assert!(matches!(read_header(b"RUBBISH00"), Err(Error { fault: Fault::Corrupt(_), .. })));
    assert!(matches!(read_header(b"REDIS00"), Err(Error { fault: Fault::Truncated, .. })));
}

#[test]
fn a_bad_value_is_told_with_its_form() {
    let fault = |kind, body: &[u8]| match read(&payload_of(kind, body, 10)) {
        Err(PayloadError::Format(error)) => error.fault.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        fault(kind::HASH_ZIPLIST, &blob(b"none")),
        "Hash ziplist integrity check failed: a ziplist that is none"
    );
    assert_eq!(fault(kind::SET, b"\x02\x01a\x01a"), "Set integrity check failed: an element that comes twice");
    // A list of one node, which is one element of no bytes.
    let plain = fault(kind::LIST_QUICKLIST_2, b"\x01\x01\x00");
    assert_eq!(plain, "Quicklist integrity check failed: a node without an element");
}

#[test]
fn modules_are_named_and_refused() {
    // "ReJSON-RL" in version 3, a number, the end.
    let id: u64 = {
        let at = |byte: u8| {
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".iter().position(|&own| own == byte)
        };
        b"ReJSON-RL".iter().fold(0, |id, &byte| id << 6 | at(byte).unwrap() as u64) << 10 | 3
    };
    let mut value = vec![kind::MODULE, 1, b'k', 0x81];
    value.extend(id.to_be_bytes());
    value.extend([2, 5, 5, 1, b'x', 3, 0, 0, 0, 0, 0]);
    let (record, taken) = read_record(&value, 0, 10).unwrap();
    assert_eq!(taken, value.len());
    let Record::Entry(entry) = record else { panic!("{record:?}") };
    let error = entry.value(10, &Limits::usual(), None).unwrap_err();
    assert!(error.to_string().contains("ReJSON-RL"), "{error}");
    let mut aux = vec![247, 0x81];
    aux.extend(id.to_be_bytes());
    aux.extend([2, 1, 0]);
    assert!(read_record(&aux, 0, 10).unwrap_err().to_string().contains("ReJSON-RL"));
}
