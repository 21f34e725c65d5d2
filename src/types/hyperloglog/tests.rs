use proptest::prelude::*;

use super::*;

fn add_all<T: AsRef<[u8]>>(elements: impl IntoIterator<Item = T>, sparse_max_bytes: usize) -> Vec<u8> {
    let mut hll = new();
    for element in elements {
        add(&mut hll, element.as_ref(), sparse_max_bytes).unwrap();
    }
    hll
}

#[test]
fn strings_of_redis_7() {
    let mut letters = add_all(["a", "b", "c", "d", "e", "f", "g"], 3000);
    assert_eq!(letters, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80Fm\x80V\x0c\x80D<\x848\x80P\xb1\x84I\x8c\x80Bm\x80BZ",);
    assert_eq!((cached_count(&letters), count(&letters)), (None, Ok(7)));
    store_count(&mut letters, 7);
    assert_eq!(letters[..HEADER_BYTES], *b"HYLL\x01\0\0\0\x07\0\0\0\0\0\0\0");
    assert_eq!(cached_count(&letters), Some(7));

    let others = add_all(["", "hello"], 3000);
    let mut registers = [0; REGISTER_COUNT];
    for hll in [&letters, &others] {
        assert_eq!(merge_into(&mut registers, hll), Ok(Encoding::Sparse));
    }
    let mut merged = new();
    store_merged(&mut merged, &registers, false, 3000).unwrap();
    assert_eq!(
        merged,
        b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80Fm\x80P\xc2\x84EH\x80D<\x848\x80C\n\x80M\xa5\x84I\x8c\x80Bm\x80BZ",
    );
}

#[test]
fn estimates_of_redis_7() {
    let numbered = |most: usize| (1..=most).map(|i| format!("e{i}"));
    assert_eq!(count(&add_all(numbered(200), 3000)), Ok(200));
    let hll = add_all(numbered(5000), 15_000);
    assert_eq!((count(&hll), check(&hll), hll.len()), (Ok(4968), Ok(Encoding::Sparse), 7116));
    let hll = add_all(numbered(5000), 3000);
    assert_eq!((count(&hll), check(&hll), hll.len()), (Ok(4968), Ok(Encoding::Dense), 12_304));
}

#[test]
fn a_new_one_is_empty() {
    assert_eq!(new(), b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!((cached_count(&new()), count(&new())), (Some(0), Ok(0)));
    assert_eq!(debug::decode_text(&new()), Ok(Some("Z:16384".to_owned())));
}

#[test]
fn foreign_strings() {
    for bad in [&b""[..], b"HYLL", b"HYLX\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"]
    {
        assert_eq!(check(bad), Err(HllError::NotHll));
        assert_eq!(add(&mut bad.to_vec(), b"x", 3000), Err(HllError::NotHll));
    }
    assert_eq!(check(b"HYLL\0\0\0\0\0\0\0\0\0\0\0\0\x7f\xff"), Err(HllError::NotHll), "dense, but short");
    for runs in [&b""[..], b"\x7f", b"\x7f\xfe", b"\x7f\xff\x00"] {
        let mut hll = new();
        hll.truncate(HEADER_BYTES);
        hll.extend_from_slice(runs);
        assert_eq!(count(&hll), Err(HllError::Corrupted), "{runs:?}");
        assert_eq!(merge_into(&mut [0; REGISTER_COUNT], &hll), Err(HllError::Corrupted));
        let before = hll.clone();
        assert_eq!(to_dense(&mut hll), Err(HllError::Corrupted));
        assert_eq!(hll, before);
    }
}

#[test]
fn a_change_makes_the_estimate_stale_and_a_repetition_does_not() {
    for sparse_max_bytes in [3000, 0] {
        let mut hll = add_all(["a"], sparse_max_bytes);
        store_count(&mut hll, 1);
        assert_eq!(add(&mut hll, b"a", sparse_max_bytes), Ok(false));
        assert_eq!(cached_count(&hll), Some(1));
        assert_eq!(add(&mut hll, b"b", sparse_max_bytes), Ok(true));
        assert_eq!(cached_count(&hll), None);
    }
}

#[test]
fn a_rank_beyond_32_needs_the_dense_form() {
    let mut hll = new();
    assert_eq!(raise(&mut hll, 5, 32, 3000), Ok(true));
    assert_eq!(check(&hll), Ok(Encoding::Sparse));
    assert_eq!(raise(&mut hll, 16_383, 33, 3000), Ok(true));
    assert_eq!(check(&hll), Ok(Encoding::Dense));
    let registers = debug::registers(&hll).unwrap();
    assert_eq!((registers[5], registers[16_383], registers[6]), (32, 33, 0));
}

proptest! {
    #[test]
    fn both_forms_agree_with_plain_bytes(
        changes in prop::collection::vec((prop_oneof![0usize..40, 16_340usize..16_384, 0usize..16_384], 1u8..34), 0..120),
        sparse_max_bytes in 0usize..200,
    ) {
        let mut plain = [0; REGISTER_COUNT];
        let mut hll = new();
        for (index, rank) in changes {
            let raised = rank > plain[index];
            plain[index] = rank.max(plain[index]);
            prop_assert_eq!(raise(&mut hll, index, rank, sparse_max_bytes), Ok(raised));
            prop_assert!(check(&hll) == Ok(Encoding::Dense) || hll.len() <= sparse_max_bytes.max(18));
        }
        prop_assert_eq!(&*debug::registers(&hll).unwrap(), &plain);
        prop_assert_eq!(count(&hll).unwrap(), count_registers(&plain));
        to_dense(&mut hll).unwrap();
        prop_assert_eq!(&*debug::registers(&hll).unwrap(), &plain);
        prop_assert_eq!(count(&hll).unwrap(), count_registers(&plain));
    }

    #[test]
    fn merging_is_adding_both(a in prop::collection::vec(any::<u16>(), 0..80), b in prop::collection::vec(any::<u16>(), 0..80)) {
        let of = |numbers: &[u16]| add_all(numbers.iter().map(|number| number.to_le_bytes()), 3000);
        let mut registers = [0; REGISTER_COUNT];
        merge_into(&mut registers, &of(&a)).unwrap();
        merge_into(&mut registers, &of(&b)).unwrap();
        let both = of(&[a, b].concat());
        prop_assert_eq!(&*debug::registers(&both).unwrap(), &registers);
        prop_assert_eq!(count(&both).unwrap(), count_registers(&registers));
    }

    #[test]
    fn broken_runs_never_panic(runs: Vec<u8>, index in 0..REGISTER_COUNT, rank in 1u8..52, sparse_max_bytes in 0usize..200) {
        let mut hll = new();
        hll.truncate(HEADER_BYTES);
        hll.extend_from_slice(&runs);
        let _ = (count(&hll), debug::decode_text(&hll), debug::registers(&hll));
        let _ = raise(&mut hll, index, rank, sparse_max_bytes);
        prop_assert!(check(&hll).is_ok());
    }
}
