//! Payloads against those that redis-server 7.0.15 makes of the same values.

use super::*;
use crate::types::hash::{FieldTtl, Hash};
use crate::types::list::{Element, List, Side};
use crate::types::set::{Set, SetLimits};
use crate::types::stream::{Group, NodeLimits, Stream, StreamId};
use crate::types::zset::ZSet;
use crate::types::{Collection, hash, list, zset};

/// The payload without its checksum, in hex.
fn dump(value: Value<'_>) -> String {
    let mut out = b"kept".to_vec();
    Encoder::new(Options::default()).dump(&mut out, value);
    let payload = out.strip_prefix(b"kept").expect("payloads are appended");
    let (body, crc) = payload.split_last_chunk::<8>().expect("a payload ends with its checksum");
    assert_eq!(u64::from_le_bytes(*crc), crc64(0, body));
    body.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn dump_object(object: impl Collection) -> String {
    dump(Value::Object(&object.into_object()))
}

#[test]
fn strings() {
    let int = |number| dump(Value::Int(number));
    assert_eq!([int(12), int(-300), int(70000)], ["00c00c0a00", "00c1d4fe0a00", "00c2701101000a00"]);
    assert_eq!(int(4_294_967_296), "000a343239343936373239360a00");
    let text = |text| dump(Value::Str(text));
    assert_eq!([text(b"hello"), text(b"12"), text(b"")], ["000568656c6c6f0a00", "00c00c0a00", "00000a00"]);
    // Redis finds the same match a byte later.
    assert_eq!(text(&[b'a'; 40]), "00c305280061e01e000a00");
    assert!(text(b"no repeats at all: 0123456789").starts_with("001d"), "what does not shrink is not compressed");
}

#[test]
fn lists() {
    let mut list = List::new();
    let long = [b'x'; 70];
    for text in [b"a".as_slice(), b"1", b"-5000", &long] {
        list.push(Side::Back, Element::of(text), list::Limits::of_setting(-2));
    }
    let plain = {
        let mut out = Vec::new();
        Encoder::new(Options { compress: false, ..Options::default() })
            .dump(&mut out, Value::Object(&list.into_object()));
        out
    };
    assert_eq!(plain[..4], [18, 1, 2, 0x40]);
    let (total, count) = (plain.len() - 5 - 10, 4u16);
    assert_eq!(usize::from(plain[4]), total);
    assert_eq!(plain[5..9], (total as u32).to_le_bytes());
    assert_eq!(plain[9..11], count.to_le_bytes());
    assert_eq!(plain[11..22], [0x81, b'a', 2, 1, 1, 0xf1, 0x78, 0xec, 3, 0xe0, 70]);
    assert_eq!(plain[plain.len() - 13..][..3], [b'x', 72, 0xff]);
}

#[test]
fn sets() {
    let limits = SetLimits { intset_entries: 512, packed_entries: 128, packed_value_bytes: 64 };
    let of = |members: &[&str]| {
        let mut set = Set::new();
        for member in members {
            set.insert(member.as_bytes(), &limits);
        }
        dump_object(set)
    };
    assert_eq!(of(&["1", "2", "-3"]), "0b0e0200000003000000fdff010002000a00");
    assert_eq!(of(&["100000"]), "0b0c0400000001000000a08601000a00");
    assert_eq!(of(&["one"]), "0201036f6e650a00");
}

#[test]
fn sorted_sets() {
    let limits = zset::Limits { entries: 128, value_bytes: 64 };
    let mut small = ZSet::new();
    for (member, score) in [("a", 1.5), ("b", 2.0), ("c", f64::INFINITY)] {
        small.insert(member.as_bytes(), score, limits);
    }
    assert_eq!(dump_object(small), "111c1c000000060081610283312e3504816202020181630283696e6604ff0a00");
    let mut large = ZSet::new();
    large.insert(b"a", 1.5, zset::Limits { entries: 0, value_bytes: 64 });
    assert_eq!(dump_object(large), "05010161000000000000f83f0a00");
}

#[test]
fn hashes() {
    let limits = hash::Limits { entries: 128, value_bytes: 64 };
    let mut small = Hash::new();
    for (name, value) in [("f", "v"), ("n", "7")] {
        small.set(name.as_bytes(), value.as_bytes(), FieldTtl::Keep, 0, limits);
    }
    assert_eq!(dump_object(small.clone()), "1012120000000400816602817602816e020701ff0a00");
    // The earliest time; those that expire first in front; 0 for those that do not.
    assert!(small.set_expiry(b"n", Some(1000)));
    assert_eq!(
        dump_object(small.clone()),
        "19e80300000000000017170000000600816e020701c3e80281660281760200\
         01ff0c00"
    );
    let without = Options { field_expiry: false, ..Options::default() };
    let mut out = Vec::new();
    Encoder::new(without).dump(&mut out, Value::Object(&small.into_object()));
    assert_eq!(out[0], kind::HASH_LISTPACK);

    let tight = hash::Limits { entries: 0, value_bytes: 64 };
    let mut large = Hash::new();
    large.set(b"f", b"v", FieldTtl::Keep, 0, tight);
    assert_eq!(dump_object(large.clone()), "0401016601760a00");
    assert!(large.set_expiry(b"f", Some(1000)));
    assert_eq!(
        dump_object(large),
        "18e80300000000000001010166\
         01760c00"
    );
}

#[test]
fn streams() {
    let mut stream = Stream::new();
    let limits = NodeLimits { bytes: 4096, entries: 100 };
    for (ms, seq, name, value) in [(5, 1, "f", "v"), (5, 2, "f", "w"), (7, 0, "g", "1")] {
        stream.add(StreamId::new(ms, seq), std::iter::once((name.as_bytes(), value.as_bytes())), limits);
    }
    stream.delete(StreamId::new(5, 2));
    stream.add_group(b"gr", Group::new(StreamId::MIN, None));
    let head = "13011000000000000000050000000000000001";
    let node = "3838000000160002010101010181660200010201000100018176020401030100010101817702040100010201dfff0201018167\
                0201010601ff";
    let counters = "0207000501050203";
    let groups = "01026772000081ffffffffffffffff0000";
    assert_eq!(dump_object(stream), format!("{head}{node}{counters}{groups}0a00"));
}

#[test]
fn a_file() {
    let mut encoder = Encoder::new(Options::default());
    let mut out = Vec::new();
    let version = encoder.file_version(false);
    encoder.header(&mut out, version);
    encoder.aux(&mut out, "redis-bits", "64");
    encoder.select_db(&mut out, 0, 1, 1);
    let entry = crate::keyspace::EntryBox::string(b"k", crate::keyspace::StringValue::encode(b"v"), Some(1), 0);
    encoder.idle(&mut out, 70);
    encoder.entry(&mut out, entry.view());
    encoder.frequency(&mut out, 9);
    encoder.function(&mut out, b"#!lua name=x");
    let crc = crc64(0, &out);
    let body = out.len();
    encoder.end(&mut out, Some(crc));
    let mut wanted = b"REDIS0010\xfa\x0aredis-bits\xc0\x40\xfe\0\xfb\x01\x01\xf8\x40\x46".to_vec();
    wanted.extend(b"\xfc\x01\0\0\0\0\0\0\0\0\x01k\x01v\xf9\x09\xf5\x0c#!lua name=x");
    assert_eq!(out[..body], wanted);
    assert_eq!(out[body], 0xff);
    assert_eq!(u64::from_le_bytes(out[body + 1..].try_into().unwrap()), crc64(0, &out[..body + 1]));
    let end = out.len();
    encoder.end(&mut out, None);
    assert_eq!(out[end..], [0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn lengths() {
    let of = |len| {
        let mut out = Vec::new();
        put_len(&mut out, len);
        out
    };
    assert_eq!((of(63), of(64), of(16383)), (vec![63], vec![0x40, 64], vec![0x7f, 0xff]));
    assert_eq!((of(16384), of(u64::from(u32::MAX))), (vec![0x80, 0, 0, 0x40, 0], vec![0x80, 255, 255, 255, 255]));
    assert_eq!(of(1 << 32), [0x81, 0, 0, 0, 1, 0, 0, 0, 0]);
}
