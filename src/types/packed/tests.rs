use proptest::prelude::*;

use super::*;
use crate::util::alloc::size_class;

fn packed(texts: &[&[u8]]) -> Packed {
    let mut packed = Packed::new();
    texts.iter().for_each(|&text| packed.push(text));
    packed
}

fn texts(packed: &Packed) -> Vec<Vec<u8>> {
    packed.iter().map(|element| element.text(&mut itoa::Buffer::new()).to_vec()).collect()
}

#[test]
fn a_pointer_is_all_it_takes_when_empty() {
    assert_eq!(size_of::<Packed>(), 8);
    let mut packed = Packed::new();
    assert_eq!((packed.len(), packed.memory_bytes(), packed.iter().next()), (0, 0, None));
    packed.push(b"a".as_slice());
    assert_eq!((packed.len(), packed.memory_bytes()), (1, 8));
    packed.remove_at(Position::START, 1);
    assert_eq!((packed.len(), packed.memory_bytes()), (0, 0), "the block has gone with the last element");
}

#[test]
fn an_element_costs_one_byte_beside_its_text() {
    for len in [1, 10, 64, 127] {
        let text = vec![b'x'; len];
        assert_eq!(packed(&[&text]).byte_len(), 1 + len);
    }
    assert_eq!(packed(&[&[b'x'; 128]]).byte_len(), 2 + 128);
    assert_eq!(packed(&[&[b'x'; 300]]).byte_len(), 3 + 300);
    assert_eq!(packed(&[&[b'x'; 70_000]]).byte_len(), 5 + 70_000);
}

#[test]
fn numbers_take_the_bytes_that_hold_them() {
    for (number, bytes) in [
        (0, 1),
        (111, 1),
        (112, 2),
        (127, 2),
        (128, 3),
        (-1, 2),
        (-128, 2),
        (-129, 3),
        (32_767, 3),
        (32_768, 4),
        (1 << 23, 5),
        (i64::from(i32::MAX), 5),
        (i64::from(i32::MIN), 5),
        (i64::from(i32::MAX) + 1, 6),
        ((1 << 47) - 1, 7),
        (1 << 47, 8),
        (i64::MAX, 9),
        (i64::MIN, 9),
    ] {
        let packed = packed(&[number.to_string().as_bytes()]);
        assert_eq!((packed.byte_len(), packed.get(0)), (bytes, Some(Element::Int(number))), "{number}");
    }
}

#[test]
fn only_the_exact_text_of_a_number_is_one() {
    for text in ["", "-", "-0", "+1", "01", " 1", "1 ", "9223372036854775808", "1e3", "0x1"] {
        let packed = packed(&[text.as_bytes()]);
        assert_eq!(packed.get(0), Some(Element::Bytes(text.as_bytes())));
    }
}

#[test]
fn find_looks_at_every_step_th_element() {
    let packed = packed(&[b"a", b"b", b"b", b"a", b"7", b"a"]);
    assert_eq!(packed.find(b"b", 1), packed.position(1));
    assert_eq!(packed.find(b"b", 2), packed.position(2));
    assert_eq!(packed.find(b"a", 3), packed.position(0));
    assert_eq!(packed.find(b"7", 2), packed.position(4));
    assert_eq!(packed.find(b"07", 1), None);
    assert_eq!(packed.find(b"", 1), None);
}

#[test]
fn positions_lead_from_one_element_to_the_next() {
    let packed = packed(&[b"field", b"12", b"other", b"value"]);
    let mut iter = packed.iter();
    let mut at = Position::START;
    while let Some(element) = iter.next() {
        assert_eq!(packed.at(at), element);
        at = packed.after(at, 1);
        assert_eq!(iter.position(), at);
    }
    assert_eq!(at, packed.end());
    let found = packed.find(b"other", 2).unwrap();
    assert_eq!(packed.at(packed.after(found, 1)), Element::Bytes(b"value"));
    assert_eq!(packed.iter_from(found).count(), 2);
    assert_eq!((packed.position(4), packed.get(4)), (None, None));
}

#[test]
#[should_panic(expected = "out of")]
fn what_is_not_there_cannot_be_removed() {
    packed(&[b"a"]).remove_at(Position::START, 2);
}

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<u8>),
    Insert(usize, Vec<Vec<u8>>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    /// So many short ones at the end.
    Fill(usize),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        3 => (-300i64..300).prop_map(|number| number.to_string().into_bytes()),
        3 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (0u8..3, 100usize..400).prop_map(|(byte, len)| vec![byte; len]),
        1 => "[0-9+-]{0,4}".prop_map(String::into_bytes),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => text().prop_map(Step::Push),
        2 => (any::<usize>(), prop::collection::vec(text(), 0..4)).prop_map(|(at, texts)| Step::Insert(at, texts)),
        2 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Replace(at, text)),
        2 => (any::<usize>(), 0usize..4).prop_map(|(at, count)| Step::Remove(at, count)),
        1 => (any::<usize>(), 50usize..200).prop_map(|(at, count)| Step::Remove(at, count)),
        1 => (50usize..200).prop_map(Step::Fill),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_vector_of_strings(steps in prop::collection::vec(step(), 0..40), wanted in text()) {
        let mut model: Vec<Vec<u8>> = Vec::new();
        let mut packed = Packed::new();
        for step in steps {
            match step {
                Step::Push(text) => {
                    packed.push(text.as_slice());
                    model.push(text);
                }
                Step::Insert(at, texts) => {
                    let at = at % (model.len() + 1);
                    let elements: Vec<Element<'_>> = texts.iter().map(|text| text.as_slice().into()).collect();
                    packed.insert_at(packed.position(at).unwrap_or(packed.end()), &elements);
                    model.splice(at..at, texts);
                }
                Step::Replace(at, text) if !model.is_empty() => {
                    let at = at % model.len();
                    packed.replace_at(packed.position(at).unwrap(), text.as_slice());
                    model[at] = text;
                }
                Step::Remove(at, count) if !model.is_empty() => {
                    let at = at % model.len();
                    let count = count.min(model.len() - at);
                    packed.remove_at(packed.position(at).unwrap(), count);
                    model.drain(at..at + count);
                }
                Step::Fill(count) => {
                    (0..count).for_each(|_| packed.push(b"7".as_slice()));
                    model.resize(model.len() + count, b"7".to_vec());
                }
                Step::Replace(..) | Step::Remove(..) => {}
            }
            prop_assert_eq!(packed.len(), model.len());
            prop_assert_eq!(packed.is_empty(), model.is_empty());
        }
        prop_assert_eq!(&texts(&packed), &model);
        prop_assert_eq!(&texts(&packed.clone()), &model);
        let header = if model.len() <= 127 && packed.byte_len() <= 255 { 2 } else { 8 };
        let bytes = if model.is_empty() { 0 } else { size_class(header + packed.byte_len()) };
        prop_assert_eq!(packed.memory_bytes(), bytes);
        for text in model.iter().chain([&wanted]) {
            let place = model.iter().position(|other| other == text);
            prop_assert_eq!(packed.find(text, 1), place.and_then(|index| packed.position(index)));
        }
        for (index, text) in model.iter().enumerate() {
            let element = packed.get(index).unwrap();
            prop_assert!(element.eq_bytes(text) && element.text_len() == text.len());
            prop_assert_eq!(element.eq_bytes(&wanted), *text == wanted);
        }
    }
}
