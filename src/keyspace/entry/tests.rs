use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn text_of(entry: EntryRef<'_>) -> Vec<u8> {
    entry.value().text(&mut itoa::Buffer::new()).unwrap().to_vec()
}

/// Runs `change` on a one-slot index and checks that the byte count stays true.
fn changed(entry: EntryBox, change: impl FnOnce(&mut EntryMut<'_>)) -> EntryBox {
    let mut bytes = entry.view().memory_bytes();
    let mut slot = Slot::new(entry, 0xbeef);
    change(&mut EntryMut::open(&mut slot, &mut bytes).unwrap());
    assert_eq!(slot.fingerprint(), 0xbeef);
    let entry = slot.into_entry().unwrap();
    assert_eq!(bytes, entry.view().memory_bytes());
    entry
}

#[test]
fn blocks_have_the_promised_sizes() {
    let key = [b'k'; 16];
    let long = EntryBox::string(&key, StringValue::encode(&[b'v'; 32]), None, 0);
    assert_eq!(long.view().memory_bytes(), 56);
    for value in [&b"12345678"[..], b"abcdefgh", b"-9223372036854775808"] {
        let entry = EntryBox::string(&key, StringValue::encode(value), None, 0);
        assert_eq!(entry.view().memory_bytes(), 32);
    }
}

#[test]
fn integers_are_kept_in_canonical_form_only() {
    let canonical = ["0", "-1", "7", "9223372036854775807", "-9223372036854775808"];
    for text in canonical {
        assert!(matches!(StringValue::encode(text.as_bytes()), StringValue::Int(number) if number.to_string() == text));
    }
    let others = ["", "-", "-0", "01", "+1", " 1", "1 ", "9223372036854775808", "-9223372036854775809", "1e3", "--1"];
    for text in others {
        assert!(matches!(StringValue::encode(text.as_bytes()), StringValue::Emb(_)), "{text}");
    }
}

#[test]
fn encodings_are_named_as_by_object_encoding() {
    let name = |text: &[u8]| EntryBox::string(b"k", StringValue::encode(text), None, 0).view().encoding();
    assert_eq!(name(b"1234"), "int");
    assert_eq!(name(&[b'x'; EMBSTR_LIMIT_BYTES]), "embstr");
    assert_eq!(name(&[b'x'; EMBSTR_LIMIT_BYTES + 1]), "raw");
    assert_eq!(name(&[b'x'; INLINE_LIMIT_BYTES + 1]), "raw");
    let appended = changed(EntryBox::string(b"k", StringValue::Int(1), None, 0), |entry| {
        assert_eq!(entry.append(b"2"), 2);
    });
    assert_eq!((appended.view().encoding(), text_of(appended.view())), ("raw", b"12".to_vec()));
}

#[test]
fn overwriting_within_the_size_class_reuses_the_block() {
    let entry = EntryBox::string(b"0123456789abcdef", StringValue::Emb(&[b'a'; 32]), None, 9);
    let before = entry.view().key().as_ptr();
    let entry = changed(entry, |entry| {
        assert!(entry.set_string(StringValue::Emb(&[b'b'; 30])).is_none());
    });
    assert_eq!(entry.view().key().as_ptr(), before);
    assert_eq!((text_of(entry.view()), entry.view().lru()), (vec![b'b'; 30], 9));
}

#[test]
fn header_fields_do_not_disturb_each_other() {
    let entry = EntryBox::string(b"key", StringValue::Emb(b"value"), Some(77), 0xff_ffff);
    let entry = changed(entry, |entry| entry.set_lru(0x12_3456));
    let view = entry.view();
    assert_eq!((view.key(), view.lru(), view.expire_at_ms()), (&b"key"[..], 0x12_3456, Some(77)));
    assert!(view.is_expired(77) && !view.is_expired(76));
    let entry = entry.with_expiry(None).with_key(b"another");
    assert_eq!((entry.view().key(), entry.view().expire_at_ms()), (&b"another"[..], None));
    assert_eq!(text_of(entry.view()), b"value");
}

#[test]
fn keys_longer_than_the_header_field_work() {
    for len in [65_535, 65_536, 200_000] {
        let key = vec![b'k'; len];
        let entry = EntryBox::string(&key, StringValue::Int(5), Some(1), 3).with_expiry(None);
        assert_eq!((entry.view().key(), text_of(entry.view())), (&key[..], b"5".to_vec()));
    }
}

#[test]
fn a_big_value_is_shared_until_changed_and_freed_once() {
    let text = Bytes::from(vec![b'x'; 100_000]);
    let entry = EntryBox::string(b"k", StringValue::encode_bytes(&text), None, 0);
    assert!(entry.is_heavy() && !text.is_unique());
    let copy = entry.clone();
    let entry = changed(entry, |entry| {
        assert_eq!(entry.append(b"y"), 100_001);
    });
    assert_eq!(copy.view().value().str_len(), Some(100_000));
    assert_eq!(entry.view().value().str_len(), Some(100_001));
    drop((entry, copy));
    assert!(text.is_unique());
}

#[test]
fn overwriting_a_big_value_hands_it_out() {
    let entry = EntryBox::string(b"k", StringValue::raw(&[7; 9000]), None, 0);
    let entry = changed(entry, |entry| {
        assert!(matches!(entry.set_string(StringValue::Int(3)), Some(External::Big(text)) if text.len() == 9000));
        assert!(entry.set_int(4).is_none());
    });
    assert_eq!(text_of(entry.view()), b"4");
}

#[test]
fn appending_to_a_big_value_moves_it_seldom() {
    let mut slot = Slot::new(EntryBox::string(b"k", StringValue::raw(&[1; 5000]), None, 0), 1);
    let mut bytes = slot.entry().unwrap().memory_bytes();
    let mut moves = 0;
    for _ in 0..10_000 {
        let start = |slot: &Slot| match slot.entry().unwrap().value() {
            Value::Big(text) => text.as_ptr().addr(),
            _ => 0,
        };
        let before = start(&slot);
        EntryMut::open(&mut slot, &mut bytes).unwrap().append(b"0123456789");
        moves += usize::from(start(&slot) != before);
    }
    assert_eq!(slot.entry().unwrap().value().str_len(), Some(105_000));
    assert!(moves < 12, "{moves}");
}

#[test]
fn an_empty_slot_matches_no_fingerprint() {
    assert!(!Slot::EMPTY.matches(0));
    let mut slot = Slot::new(EntryBox::string(b"", StringValue::Emb(b""), None, 0), 0);
    assert!(slot.matches(0) && !slot.matches(1));
    slot.set_fingerprint(0xffff);
    assert!(slot.matches(0xffff) && !slot.matches(0xfffe) && !slot.matches(0));
    assert_eq!(slot.entry().unwrap().key(), b"");
}

#[derive(Debug, Clone)]
enum Step {
    Set(Vec<u8>),
    SetRaw(Vec<u8>),
    Int(i64),
    Append(Vec<u8>),
    Edit(usize, u8),
    Expiry(Option<u64>),
    Lru(u32),
    Key(Vec<u8>),
    Clone,
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![8 => 0usize..80, 2 => 80usize..2000, 1 => 4000usize..4200, 1 => 4200usize..20_000];
    prop_oneof![
        4 => (len, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => text().prop_map(Step::Set),
        1 => text().prop_map(Step::SetRaw),
        1 => any::<i64>().prop_map(Step::Int),
        3 => text().prop_map(Step::Append),
        2 => (0usize..6000, any::<u8>()).prop_map(|(len, byte)| Step::Edit(len, byte)),
        2 => any::<Option<u64>>().prop_map(Step::Expiry),
        1 => (0u32..1 << 24).prop_map(Step::Lru),
        1 => text().prop_map(Step::Key),
        1 => Just(Step::Clone),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: if cfg!(miri) { 8 } else { 256 }, ..ProptestConfig::default() })]
    #[test]
    fn an_entry_behaves_as_a_plain_string_does(steps in prop::collection::vec(step(), 1..40)) {
        let (mut key, mut value, mut expiry, mut lru) = (b"key".to_vec(), b"0".to_vec(), None, 0);
        let mut entry = EntryBox::string(&key, StringValue::encode(&value), expiry, lru);
        for step in steps {
            entry = match step {
                Step::Set(text) => {
                    value = text;
                    changed(entry, |entry| { let _ = entry.set_string(StringValue::encode(&value)); })
                }
                Step::SetRaw(text) => {
                    value = text;
                    changed(entry, |entry| { let _ = entry.set_string_expiring(StringValue::raw(&value), expiry); })
                }
                Step::Int(number) => {
                    value = number.to_string().into_bytes();
                    changed(entry, |entry| { let _ = entry.set_int(number); })
                }
                Step::Append(tail) => {
                    value.extend_from_slice(&tail);
                    changed(entry, |entry| assert_eq!(entry.append(&tail), value.len()))
                }
                Step::Edit(len, byte) => {
                    value.resize(len, 0);
                    if let Some(last) = value.last_mut() { *last = byte; }
                    changed(entry, |entry| entry.edit_string(len, |text| {
                        if let Some(last) = text.last_mut() { *last = byte; }
                    }))
                }
                Step::Expiry(at_ms) => { expiry = at_ms; changed(entry, |entry| entry.set_expiry(at_ms)) }
                Step::Lru(bits) => { lru = bits; changed(entry, |entry| entry.set_lru(bits)) }
                Step::Key(text) => { key = text; entry.with_key(&key) }
                Step::Clone => entry.clone(),
            };
            let view = entry.view();
            prop_assert_eq!(view.key(), &key[..]);
            prop_assert_eq!(text_of(view), &value[..]);
            prop_assert_eq!(view.value().str_len(), Some(value.len()));
            prop_assert_eq!(view.expire_at_ms(), expiry);
            prop_assert_eq!(view.lru(), lru);
        }
    }
}
