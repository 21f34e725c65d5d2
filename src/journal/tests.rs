use super::*;
use crate::resp::OwnedArgs;

fn words(text: &str) -> OwnedArgs {
    text.split(' ').collect()
}

fn append(journal: &Journal, text: &str) -> u64 {
    journal.append(0, 0, words(text).view())
}

fn read(batch: &mut Batch, until: u64) -> Vec<(u64, bool, String)> {
    let mut shown = Vec::new();
    batch.read_until(until, |effect| {
        let parts = effect.parts().map(|(db, bytes)| format!("{db}: {}", bytes.escape_ascii()));
        shown.push((effect.seq(), effect.is_unit(), parts.collect::<Vec<_>>().join(" ")));
    });
    shown
}

#[test]
fn effects_come_in_the_order_of_their_numbers_and_units_stay_together() {
    let journal = Journal::default();
    let mut batch = journal.reader();
    assert_eq!(append(&journal, "A"), 1);
    let mut unit = Unit::default();
    unit.push(3, words("B x").view());
    let mut tail = Unit::default();
    tail.push(3, words("C").view());
    tail.push(5, words("D").view());
    unit.append(&mut tail);
    unit.set_atomic();
    // From another buffer.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            take_seat(7);
            journal.append_unit(0, &unit);
        });
    });
    append(&journal, "E");
    journal.collect(&mut batch);
    append(&journal, "F");
    let expected = [
        (1, false, "0: *1\\r\\n$1\\r\\nA\\r\\n".to_owned()),
        (
            2,
            true,
            "3: *2\\r\\n$1\\r\\nB\\r\\n$1\\r\\nx\\r\\n*1\\r\\n$1\\r\\nC\\r\\n 5: *1\\r\\n$1\\r\\nD\\r\\n".to_owned(),
        ),
    ];
    assert_eq!(read(&mut batch, 2), expected);
    assert_eq!(batch.read(), 2);
    // What is left of a batch is still there after the next collection.
    journal.collect(&mut batch);
    let rest: Vec<_> = read(&mut batch, u64::MAX).into_iter().map(|(seq, _, text)| (seq, text)).collect();
    assert_eq!(rest, [(3, "0: *1\\r\\n$1\\r\\nE\\r\\n".to_owned()), (4, "0: *1\\r\\n$1\\r\\nF\\r\\n".to_owned())]);
    assert!(batch.is_empty() && journal.waiting_bytes() == 0);
}

#[test]
fn a_reader_begins_where_it_is_made() {
    let journal = Journal::default();
    append(&journal, "OLD");
    let mut batch = journal.reader();
    append(&journal, "NEW");
    journal.collect(&mut batch);
    assert_eq!(read(&mut batch, u64::MAX).len(), 1);
}

#[test]
fn many_writers_lose_nothing_and_keep_their_order() {
    const WRITERS: usize = 4;
    const EACH: usize = 2000;
    let journal = Journal::default();
    let mut batch = journal.reader();
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let journal = &journal;
            scope.spawn(move || {
                take_seat(writer);
                for n in 0..EACH {
                    append(journal, &format!("{writer} {n}"));
                }
            });
        }
        while seen.len() < WRITERS * EACH {
            journal.collect(&mut batch);
            batch.read_until(u64::MAX, |effect| {
                assert_eq!(effect.seq(), seen.len() as u64 + 1);
                seen.extend(effect.parts().map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap()));
            });
            std::thread::yield_now();
        }
    });
    for writer in 0..WRITERS {
        let own: Vec<_> = seen.iter().filter(|text| text.starts_with(&format!("*2\r\n$1\r\n{writer}\r\n"))).collect();
        let expected = (0..EACH).map(|n| format!("*2\r\n$1\r\n{writer}\r\n${}\r\n{n}\r\n", n.to_string().len()));
        assert!(own.into_iter().eq(expected.collect::<Vec<_>>().iter()), "writer {writer}");
    }
}
