//! Classes of keyspace events (`notify-keyspace-events`) and their letters.

use bitflags::bitflags;

bitflags! {
    /// Which keyspace events are published, and on which of the two channels.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EventFlags: u32 {
        /// `g`: commands that know no type (DEL, EXPIRE, RENAME).
        const GENERIC = 1 << 0;
        /// `$`: strings.
        const STRING = 1 << 1;
        /// `l`: lists.
        const LIST = 1 << 2;
        /// `s`: sets.
        const SET = 1 << 3;
        /// `h`: hashes.
        const HASH = 1 << 4;
        /// `z`: sorted sets.
        const ZSET = 1 << 5;
        /// `x`: a key's time came.
        const EXPIRED = 1 << 6;
        /// `e`: a key was evicted.
        const EVICTED = 1 << 7;
        /// `t`: streams.
        const STREAM = 1 << 8;
        /// `d`: types of modules.
        const MODULE = 1 << 9;
        /// `n`: a key came to be.
        const NEW = 1 << 10;
        /// `K`: publish on the channel of the key.
        const KEYSPACE = 1 << 11;
        /// `E`: publish on the channel of the event.
        const KEYEVENT = 1 << 12;
        /// `m`: a read found no key.
        const KEY_MISS = 1 << 13;
        /// `A`: all classes but `n` and `m`.
        const ALL = (1 << 10) - 1;
    }
}

/// Letters in the order they are printed, after `A`.
const LETTERS: [(u8, EventFlags); 14] = [
    (b'g', EventFlags::GENERIC),
    (b'$', EventFlags::STRING),
    (b'l', EventFlags::LIST),
    (b's', EventFlags::SET),
    (b'h', EventFlags::HASH),
    (b'z', EventFlags::ZSET),
    (b'x', EventFlags::EXPIRED),
    (b'e', EventFlags::EVICTED),
    (b't', EventFlags::STREAM),
    (b'd', EventFlags::MODULE),
    (b'n', EventFlags::NEW),
    (b'K', EventFlags::KEYSPACE),
    (b'E', EventFlags::KEYEVENT),
    (b'm', EventFlags::KEY_MISS),
];

impl EventFlags {
    /// Reads the letters, in any order; an unknown letter gives `None`.
    pub fn from_letters(text: &[u8]) -> Option<EventFlags> {
        text.iter().try_fold(EventFlags::empty(), |flags, letter| {
            let found = match letter {
                b'A' => EventFlags::ALL,
                _ => LETTERS.iter().find(|(known, _)| known == letter)?.1,
            };
            Some(flags | found)
        })
    }

    /// The letters in canonical order, `A` standing for all of its classes. Unlike redis-server, `n` is still shown
    /// beside `A`, so that no flag is lost when the text is set again.
    pub fn letters(self) -> String {
        let mut text = String::new();
        let mut rest = self;
        if self.contains(EventFlags::ALL) {
            text.push('A');
            rest.remove(EventFlags::ALL);
        }
        for (letter, flag) in LETTERS {
            if rest.contains(flag) {
                text.push(char::from(letter));
            }
        }
        text
    }
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
            ("", ""),
        ] {
            let flags = EventFlags::from_letters(given.as_bytes()).expect("known letters");
            assert_eq!(flags.letters(), printed);
            assert_eq!(EventFlags::from_letters(printed.as_bytes()), Some(flags));
        }
        assert_eq!(EventFlags::from_letters(b"Ka"), None);
    }
}
