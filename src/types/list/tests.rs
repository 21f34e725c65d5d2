use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use bytes::Bytes;

type Model = VecDeque<Vec<u8>>;

fn text(element: Element<'_>) -> Vec<u8> {
    element.text(&mut itoa::Buffer::new()).to_vec()
}

fn texts(list: &List, side: Side) -> Vec<Vec<u8>> {
    list.iter(side).map(text).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Push(Side, Vec<Vec<u8>>),
    Pop(Side, usize),
    Set(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Trim(usize, usize),
    RemoveEqual(Side, usize, usize),
    Limit(i64),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Front), Just(Side::Back)]
}

fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0i64..300).prop_map(|n| n.to_string().into_bytes()),
        2 => (0u32..64, any::<i64>()).prop_map(|(shift, n)| (n >> shift).to_string().into_bytes()),
        4 => (0usize..3, 0u8..3).prop_map(|(len, byte)| vec![b'a' + byte; 5 * len]),
        2 => (0usize..300).prop_map(|len| vec![b'x'; len]),
        1 => (230usize..2050).prop_map(|len| vec![b'y'; len]),
        1 => (2040usize..70_000).prop_map(|len| vec![b'z'; len]),
        1 => Just(b"007".to_vec()),
        1 => Just(b"-0".to_vec()),
    ]
}

/// Texts of lengths close to each other, or integers of any width; now and then one that is far from the others.
fn near_element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        300 => (4usize..13).prop_map(|len| vec![b'a' + len as u8; len]),
        1 => (0usize..30).prop_map(|len| vec![b'o'; len]),
    ]
}

fn any_integer() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        300 => (0u32..64, any::<i64>()).prop_map(|(shift, n)| (n >> shift).to_string().into_bytes()),
        1 => Just(b"odd".to_vec()),
    ]
}

fn step(element: impl Strategy<Value = Vec<u8>> + 'static) -> impl Strategy<Value = Step> {
    let element = element.boxed();
    prop_oneof![
        6 => (side(), vec(element.clone(), 1..40)).prop_map(|(side, elements)| Step::Push(side, elements)),
        3 => (side(), element.clone(), 1usize..3000).prop_map(|(side, one, count)| {
            Step::Push(side, vec![one.into_iter().take(250).collect(); count])
        }),
        3 => (side(), 0usize..60).prop_map(|(side, count)| Step::Pop(side, count)),
        1 => (side(), 0usize..4000).prop_map(|(side, count)| Step::Pop(side, count)),
        4 => (any::<usize>(), element.clone()).prop_map(|(at, element)| Step::Set(at, element)),
        6 => (any::<usize>(), element).prop_map(|(at, element)| Step::Insert(at, element)),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(start, end)| Step::Trim(start, end)),
        2 => (side(), any::<usize>(), prop_oneof![1usize..4, Just(usize::MAX)])
            .prop_map(|(side, which, limit)| Step::RemoveEqual(side, which, limit)),
        1 => prop_oneof![-5i64..0, 1i64..20, Just(128)].prop_map(Step::Limit),
    ]
}

fn apply(list: &mut List, model: &mut Model, limits: &mut Limits, step: Step) {
    match step {
        Step::Limit(setting) => *limits = Limits::of_setting(setting),
        Step::Push(side, elements) => {
            for element in elements {
                list.push(side, Element::of(&element), *limits);
                if side == Side::Front { model.push_front(element) } else { model.push_back(element) }
            }
        }
        Step::Pop(side, count) => {
            for _ in 0..count {
                let expected = if side == Side::Front { model.pop_front() } else { model.pop_back() };
                assert_eq!(list.pop(side, text), expected);
            }
        }
        Step::Set(at, element) => {
            assert!(!list.set(model.len(), Element::Int(1), *limits));
            if !model.is_empty() {
                let at = at % model.len();
                assert!(list.set(at, Element::of(&element), *limits));
                model[at] = element;
            }
        }
        Step::Insert(at, element) => {
            let at = at % (model.len() + 1);
            list.insert(at, Element::of(&element), *limits);
            model.insert(at, element);
        }
        Step::Trim(start, end) => {
            // Mostly a little is cut off, sometimes nearly everything.
            let len = model.len() + 1;
            let (start, end) = (start % len.div_ceil(1 + start % 9), len - 1 - end % len.div_ceil(1 + end % 9));
            let range = if start < end { start..end } else { 0..0 };
            drop(list.trim(range.clone()));
            *model = model.drain(range).collect();
        }
        Step::RemoveEqual(side, which, limit) => {
            let Some(element) = model.get(which % model.len().max(1)).cloned() else { return };
            let before = model.len();
            let mut left = limit;
            let mut keep = |other: &Vec<u8>| {
                let goes = left > 0 && *other == element;
                left -= usize::from(goes);
                !goes
            };
            if side == Side::Front {
                model.retain(keep);
            } else {
                let reversed: Vec<_> = model.drain(..).rev().filter(|other| keep(other)).collect();
                *model = reversed.into_iter().rev().collect();
            }
            assert_eq!(list.remove_equal(side, Element::of(&element), limit, *limits), before - model.len());
        }
    }
}

fn check(list: &List, model: &Model) {
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
    assert!(texts(list, Side::Front).iter().eq(model));
    assert!(texts(list, Side::Back).iter().eq(model.iter().rev()));
    for at in (0..model.len()).step_by(1 + model.len() / 20) {
        assert_eq!(list.get(at).map(text).as_ref(), model.get(at));
        assert!(list.iter_from(at, Side::Front).take(3).map(text).eq(model.range(at..).take(3).cloned()));
        assert!(list.iter_from(at, Side::Back).take(3).map(text).eq(model.iter().rev().skip(at).take(3).cloned()));
        assert_eq!(list.iter_from(at, Side::Back).size_hint().0, model.len() - at);
    }
    assert!(list.get(model.len()).is_none());
    assert!(list.iter_from(model.len(), Side::Front).next().is_none());
    if let Form::Large(directory) = &list.form {
        directory.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn a_list_is_a_deque(setting in prop_oneof![Just(-2i64), -5i64..0, 1i64..200], steps in vec(step(element()), 1..30)) {
        run(setting, steps);
    }

    #[test]
    fn a_list_of_near_lengths_is_a_deque(setting in -5i64..200, steps in vec(step(near_element()), 1..40)) {
        run(setting, steps);
    }

    #[test]
    fn a_list_of_integers_is_a_deque(setting in -5i64..200, steps in vec(step(any_integer()), 1..40)) {
        run(setting, steps);
    }
}

fn run(setting: i64, steps: Vec<Step>) {
    let mut limits = Limits::of_setting(setting);
    let (mut list, mut model) = (List::new(), Model::new());
    for step in steps {
        apply(&mut list, &mut model, &mut limits, step);
        check(&list, &model);
    }
    check(&list.clone(), &model);
}

const USUAL: Limits = Limits { bytes: 8192, count: Limits::COUNT_MAX };

fn filled(count: usize, element: impl Fn(usize) -> String) -> List {
    let mut list = List::new();
    for n in 0..count {
        list.push(Side::Back, Element::of(element(n).as_bytes()), USUAL);
    }
    list
}

#[test]
fn a_list_takes_two_words() {
    assert!(size_of::<List>() <= 16);
}

#[test]
fn elements_are_equal_as_their_texts_are() {
    let buffer = Bytes::from(vec![b'a'; 3000]);
    assert!(Element::of(b"12") == Element::Int(12));
    assert!(Element::of(b"012") != Element::Int(12));
    assert!(Element::of(&buffer) == Element::of_buffer(&buffer));
    assert!(matches!(Element::of_buffer(&buffer), Element::Shared(_)));
    assert!(matches!(Element::of_buffer(&Bytes::from_static(b"12")), Element::Int(12)));
    assert!(matches!(Element::of(b"9223372036854775808"), Element::Text(_)));
}

#[test]
fn elements_of_one_width_need_no_framing() {
    let bytes = |count, element: fn(usize) -> String| filled(count, element).memory_bytes() as f64 / count as f64;
    // Redis 7.0 needs 5 bytes for such an integer, and 12 for such a text.
    assert!(bytes(100_000, |n| (n * 37 % 1_000_000).to_string()) < 3.1);
    assert!(bytes(100_000, |n| format!("element{:03}", n % 1000)) < 10.2);
    assert!(bytes(100_000, |n| "x".repeat(5 + n % 10)) < 10.2, "half a byte where lengths differ a little");
    assert!(bytes(100_000, |n| "x".repeat(5 + 2 * (n % 10))) < 15.5, "one byte where they differ more");
    assert!(bytes(10, |n| format!("element{n:03}")) <= 11.2);
}

#[test]
fn both_ends_are_cheap_and_memory_goes_with_the_elements() {
    let mut list = List::new();
    for n in 0..100_000 {
        list.push(if n % 2 == 0 { Side::Front } else { Side::Back }, Element::Int(n), USUAL);
    }
    assert!(list.chunks() < 120, "{}", list.chunks());
    while list.len() > 10 {
        list.pop(Side::Front, |_| ());
        list.pop(Side::Back, |_| ());
    }
    assert!(matches!(list.form, Form::Small(_)));
    assert!(list.memory_bytes() < 200, "{}", list.memory_bytes());
}

#[test]
fn a_queue_does_not_grow() {
    for element in ["12345", "some text", ""] {
        let mut list = filled(100, |_| element.to_owned());
        let before = list.memory_bytes();
        for _ in 0..100_000 {
            list.push(Side::Back, Element::of(element.as_bytes()), USUAL);
            list.pop(Side::Front, |_| ());
        }
        assert!(list.memory_bytes() <= before + before / 4 + 16, "{} {before}", list.memory_bytes());
    }
}

#[test]
fn removed_elements_leave_no_thin_blocks() {
    let mut list = filled(100_000, |n| if n % 50 == 0 { format!("keep{n:06}") } else { "other-text".to_owned() });
    assert_eq!(list.remove_equal(Side::Back, Element::of(b"other-text"), usize::MAX, USUAL), 98_000);
    assert_eq!(list.len(), 2000);
    assert!(list.chunks() <= 12, "{}", list.chunks());
    assert!(list.memory_bytes() < 30_000, "{}", list.memory_bytes());
}

#[test]
fn what_is_trimmed_off_is_handed_over() {
    let mut list = filled(200_000, |n| format!("{n:010}"));
    let before = list.memory_bytes();
    let removed = list.trim(100_000..100_010).unwrap();
    assert_eq!(text(list.get(3).unwrap()), b"0000100003");
    assert!(list.memory_bytes() + removed.memory_bytes() <= before + 10_000);
    assert!(removed.len() > 190_000);
    assert!(list.memory_bytes() < 600);
}
