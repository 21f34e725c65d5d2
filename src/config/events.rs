//! Letters of the classes of keyspace events (`notify-keyspace-events`).

use crate::keyspace::events::EventClass;

/// Letters in the order they are printed, after `A`.
const LETTERS: [(u8, EventClass); 16] = [
    (b'g', EventClass::GENERIC),
    (b'$', EventClass::STRING),
    (b'l', EventClass::LIST),
    (b's', EventClass::SET),
    (b'h', EventClass::HASH),
    (b'z', EventClass::ZSET),
    (b'x', EventClass::EXPIRED),
    (b'e', EventClass::EVICTED),
    (b't', EventClass::STREAM),
    (b'd', EventClass::MODULE),
    (b'n', EventClass::NEW),
    (b'K', EventClass::KEYSPACE),
    (b'E', EventClass::KEYEVENT),
    (b'm', EventClass::KEY_MISS),
    (b'o', EventClass::OVERWRITTEN),
    (b'c', EventClass::TYPE_CHANGED),
];

/// Reads the letters, in any order; an unknown letter gives `None`.
pub(super) fn from_letters(text: &[u8]) -> Option<EventClass> {
    text.iter().try_fold(EventClass::empty(), |classes, letter| {
        let found = match letter {
            b'A' => EventClass::ALL,
            _ => LETTERS.iter().find(|(known, _)| known == letter)?.1,
        };
        Some(classes | found)
    })
}

/// The letters in canonical order, `A` standing for all of its classes. Unlike redis-server, `n` is still shown beside
/// `A`, so that no class is lost when the text is set again.
pub(super) fn letters(classes: EventClass) -> String {
    let mut text = String::new();
    let mut rest = classes;
    if classes.contains(EventClass::ALL) {
        text.push('A');
        rest.remove(EventClass::ALL);
    }
    for (letter, class) in LETTERS {
        if rest.contains(class) {
            text.push(char::from(letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_one_order() {
        for (given, printed) in [
            ("KEA", "AKE"),
            ("g$lshzxet", "g$lshzxet"),
            ("g$lshzxetd", "A"),
            ("Kn", "nK"),
            ("Et", "tE"),
            ("KEd", "dKE"),
            ("mK", "Km"),
            ("AKEmn", "AnKEm"),
            ("coAKE", "AKEoc"),
            ("", ""),
        ] {
            let flags = from_letters(given.as_bytes()).expect("known letters");
            assert_eq!(letters(flags), printed);
            assert_eq!(from_letters(printed.as_bytes()), Some(flags));
        }
        assert_eq!(from_letters(b"Ka"), None);
    }
}
