use std::collections::BTreeSet;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::util::rng::Rng;

const LIMITS: SetLimits = SetLimits { intset_entries: 8, packed_entries: 6, packed_value_bytes: 10 };

type Model = BTreeSet<Vec<u8>>;

fn owned(member: Member<'_>) -> Vec<u8> {
    member.text(&mut itoa::Buffer::new()).to_vec()
}

fn members(set: &Set) -> Model {
    let members: Model = set.iter().map(owned).collect();
    assert_eq!((members.len(), set.iter().count()), (set.len(), set.len()), "each once");
    members
}

fn set_of<'a>(members: impl IntoIterator<Item = &'a str>) -> Set {
    let mut set = Set::new();
    members.into_iter().for_each(|member| assert!(set.insert(member.as_bytes(), &LIMITS)));
    set
}

fn form(set: &Set) -> &'static str {
    match set.0 {
        Form::Ints(_) => "ints",
        Form::Packed(_) => "packed",
        Form::Table(_) => "table",
    }
}

#[test]
fn a_set_takes_the_smallest_form_that_its_members_fit() {
    let numbers: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let mut set = set_of(numbers[..8].iter().copied());
    assert_eq!((form(&set), set.encoding()), ("ints", "intset"));
    assert!(set.insert(b"8", &LIMITS));
    assert_eq!((form(&set), set.encoding()), ("table", "hashtable"));

    let mut set = set_of(["1", "2", "x"]);
    assert_eq!((form(&set), set.encoding()), ("packed", "hashtable"));
    assert!(set.insert(b"0123456789", &LIMITS));
    assert_eq!(form(&set), "packed");
    assert!(set.insert(b"0123456789a", &LIMITS));
    assert_eq!(form(&set), "table", "a long member");
    assert_eq!(form(&set_of(["a", "b", "c", "d", "e", "f"])), "packed");
    assert_eq!(form(&set_of(["a", "b", "c", "d", "e", "f", "g"])), "table", "too many");
    assert_eq!(form(&set_of(["1234567", "-123456789012", "x"])), "table", "a long number");
    assert_eq!(form(&set_of(["01"])), "packed", "not the text of a number");

    let tight = SetLimits { intset_entries: 0, packed_entries: 0, packed_value_bytes: 0 };
    let mut set = Set::new();
    assert!(set.insert(b"1", &tight) && form(&set) == "table");
    let mut set = Set::new();
    assert!(set.insert(b"1", &SetLimits { packed_entries: 1, packed_value_bytes: 1, ..tight }));
    assert_eq!(form(&set), "packed");
}

#[test]
fn memory_of_the_three_forms() {
    assert_eq!(Set::new().memory_bytes(), 0);
    assert_eq!(set_of(["1", "2", "300"]).memory_bytes(), 8);
    assert_eq!(set_of(["one", "two"]).memory_bytes(), 16);
    let mut set = Set::new();
    for n in 0..100_000 {
        set.insert(format!("member:{n:06}").as_bytes(), &LIMITS);
    }
    let each = set.memory_bytes() as f64 / 1e5;
    assert!(each < 31.0, "{each} bytes a member; Redis 7.0: 48");
    while set.len() > 1 {
        assert!(set.pop(&mut Rng::from_entropy(), |_| ()));
    }
    assert!(set.memory_bytes() < 1000);
}

#[test]
fn samples_are_even() {
    let mut rng = Rng::from_seed(5);
    let names: Vec<String> = (0..60).map(|n| format!("m{n}")).collect();
    let set = set_of(names.iter().map(String::as_str));
    for count in [1, 10, 30, 59, 60, 100] {
        let mut counts = std::collections::BTreeMap::new();
        let rounds = 6000 / count.min(60);
        for _ in 0..rounds {
            let mut shown = Model::new();
            set.sample(count, &mut rng, |member| assert!(shown.insert(owned(member))));
            assert_eq!(shown.len(), count.min(60));
            shown.into_iter().for_each(|member| *counts.entry(member).or_insert(0) += 1);
        }
        assert!(counts.len() == 60 && counts.values().all(|n| (45..160).contains(n)), "{count}: {counts:?}");
    }
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (-5i64..12).prop_map(|n| n.to_string().into_bytes()),
        1 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        3 => "[a-e]{0,2}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn words(most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(word(), 0..most)
}

fn limits() -> impl Strategy<Value = SetLimits> {
    (0usize..12, 0usize..12, 0usize..20).prop_map(|(intset_entries, packed_entries, packed_value_bytes)| SetLimits {
        intset_entries,
        packed_entries,
        packed_value_bytes,
    })
}

fn built(words: &[Vec<u8>], limits: &SetLimits) -> Set {
    let mut set = Set::new();
    words.iter().for_each(|word| {
        set.insert(word, limits);
    });
    set
}

proptest! {
    #[test]
    fn a_set_is_a_set(steps in prop::collection::vec((0..4, word()), 0..60), limits in limits(), seed: u64) {
        let (mut set, mut model, mut rng) = (Set::new(), Model::new(), Rng::from_seed(seed));
        for (step, word) in steps {
            prop_assert_eq!(set.contains(&word), model.contains(&word));
            match step {
                0 => prop_assert_eq!(set.remove(&word), model.remove(&word)),
                1 if seed % 2 == 0 => {
                    let popped = set.pop(&mut rng, |member| assert!(model.remove(&owned(member))));
                    prop_assert_eq!(popped || set.is_empty(), true);
                }
                _ => prop_assert_eq!(set.insert(&word, &limits), model.insert(word)),
            }
            prop_assert_eq!(set.len(), model.len());
        }
        prop_assert_eq!(&members(&set), &model);
        prop_assert_eq!(&members(&set.clone()), &model);
        let mut scanned = Model::new();
        let mut cursor = 0;
        loop {
            cursor = set.scan(cursor, 3, |member| assert!(scanned.insert(owned(member))));
            if cursor == 0 {
                break;
            }
        }
        prop_assert_eq!(&scanned, &model);
        prop_assert_eq!(set.random(&mut rng).map(owned).is_some_and(|member| model.contains(&member)), !model.is_empty());
    }

    #[test]
    fn algebra_is_that_of_sets(
        sets in prop::collection::vec(prop::option::weighted(0.9, (words(25), limits())), 1..5),
        most in 1usize..10,
    ) {
        let sets: Vec<Option<Set>> = sets.iter().map(|set| set.as_ref().map(|(words, limits)| built(words, limits))).collect();
        let models: Vec<Model> = sets.iter().map(|set| set.as_ref().map_or_else(Model::new, members)).collect();
        let sets: Vec<Option<&Set>> = sets.iter().map(Option::as_ref).collect();
        let first = models[0].clone();

        let wanted = models.iter().fold(first.clone(), |left, model| &left & model);
        let mut got = Model::new();
        algebra::intersection(&sets, |member| { assert!(got.insert(owned(member))); ControlFlow::Continue(()) });
        prop_assert_eq!(&got, &wanted);
        let mut some = 0;
        algebra::intersection(&sets, |_| { some += 1; if some == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) } });
        prop_assert_eq!(some, wanted.len().min(most));

        let mut got = Model::new();
        algebra::union(&sets, |member| assert!(got.insert(owned(member))));
        prop_assert_eq!(got, models.iter().flatten().cloned().collect::<Model>());

        let mut got = Model::new();
        algebra::difference(&sets, |member| assert!(got.insert(owned(member))));
        prop_assert_eq!(got, models[1..].iter().fold(first, |left, model| &left - model));
    }
}
