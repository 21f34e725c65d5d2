//! From the bytes of a name to a command's id, in any case, within one cache line.
//!
//! A name of up to [`NAME_MAX`] bytes is folded to lower case and packed into three words, so that comparing two names
//! is comparing three integers.

/// The longest name that is packed, bytes. All rows are shorter; `rename-command` may give longer names.
pub const NAME_MAX: usize = 24;

/// A name in lower case.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    words: [u64; 3],
    len: u16,
}

impl PartialEq for Name {
    #[inline(always)]
    fn eq(&self, other: &Name) -> bool {
        let ([a, b, c], [x, y, z]) = (self.words, other.words);
        (a ^ x) | (b ^ y) | (c ^ z) | u64::from(self.len ^ other.len) == 0
    }
}

impl Eq for Name {}

impl Name {
    /// Folds and packs; nothing where the name is too long. Inlined, or the words would go through memory, and loads wait
    /// for the narrower stores before them.
    #[inline(always)]
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Name> {
        let words = match name.len() {
            0..=8 => [fold(load(name)), 0, 0],
            9..=16 => [fold(load(&name[..8])), fold(load(&name[8..])), 0],
            17..=NAME_MAX => [fold(load(&name[..8])), fold(load(&name[8..16])), fold(load(&name[16..]))],
            _ => return None,
        };
        Some(Name { words, len: name.len() as u16 })
    }
}

/// At most eight bytes as a word, the first one lowest. Two loads that overlap are cheaper than a copy of unknown length.
#[inline(always)]
fn load(bytes: &[u8]) -> u64 {
    let last = bytes.len().wrapping_sub(1);
    match bytes.len() {
        0 => 0,
        1..=3 => {
            let middle = bytes.len() / 2;
            u64::from(bytes[0]) | u64::from(bytes[middle]) << (8 * middle) | u64::from(bytes[last]) << (8 * last)
        }
        4..=7 => {
            let (low, _) = bytes.split_first_chunk::<4>().expect("there are four");
            let (_, high) = bytes.split_last_chunk::<4>().expect("there are four");
            u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << (8 * (bytes.len() - 4))
        }
        _ => u64::from_le_bytes(*bytes.first_chunk().expect("there are eight")),
    }
}

/// ASCII letters of all eight bytes to lower case: bit 7 of each byte tells whether it is a capital.
#[inline(always)]
fn fold(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let low = word & !HIGH;
    let from_a = low + (0x80 - b'A' as u64) * ONES;
    let after_z = low + (0x7F - b'Z' as u64) * ONES;
    let capitals = (from_a ^ after_z) & !word & HIGH;
    word | capitals >> 2
}

/// Log2 of the number of places; at most half of them are taken.
const INDEX_BITS: u32 = 10;
const PLACES: usize = 1 << INDEX_BITS;

/// Names and the ids that they stand for. A name belongs to an owner: 0, or the container of a subcommand.
#[derive(Debug)]
pub struct Index {
    /// Open addressing with linear steps.
    places: Box<[Place; PLACES]>,
    taken: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    name: Name,
    owner: u16,
    /// 0: free.
    id_plus_one: u16,
}

impl Index {
    /// Without names.
    #[must_use]
    pub fn new() -> Index {
        const FREE: Place = Place { name: Name { words: [0; 3], len: 0 }, owner: 0, id_plus_one: 0 };
        Index { places: Box::new([FREE; PLACES]), taken: 0 }
    }

    /// Adds a name that is not there yet.
    ///
    /// # Panics
    /// When half of the places are taken.
    pub fn insert(&mut self, name: Name, owner: u16, id: u16) {
        self.taken += 1;
        assert!(self.taken <= PLACES / 2, "the index has room for all commands");
        let mut at = place_of(name, owner);
        while self.places[at].id_plus_one != 0 {
            at = (at + 1) % PLACES;
        }
        self.places[at] = Place { name, owner, id_plus_one: id + 1 };
    }

    /// The id under that name.
    #[inline(always)]
    #[must_use]
    pub fn find(&self, name: Name, owner: u16) -> Option<u16> {
        let mut at = place_of(name, owner);
        loop {
            let place = &self.places[at];
            if place.name == name && place.owner == owner {
                return place.id_plus_one.checked_sub(1);
            }
            if place.id_plus_one == 0 {
                return None;
            }
            at = (at + 1) % PLACES;
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Index::new()
    }
}

/// Multiplicative hashing: three independent products, the high bits of their sum.
#[inline(always)]
fn place_of(name: Name, owner: u16) -> usize {
    let [a, b, c] = name.words;
    let hash = a
        .wrapping_add(u64::from(owner) << 40)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(b.wrapping_mul(0xC2B2_AE3D_27D4_EB4F))
        .wrapping_add(c.wrapping_mul(0x1656_67B1_9E37_79F9));
    (hash >> (64 - INDEX_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_are_equal_as_ascii_in_any_case(
            a in "[ -~\\x00\r\n_@\\[`{]{0,24}",
            flips in any::<u32>(),
            b in proptest::collection::vec(any::<u8>(), 0..26),
        ) {
            let flipped: Vec<u8> = a
                .bytes()
                .enumerate()
                .map(|(i, byte)| if flips >> i & 1 == 1 { byte ^ 0x20 } else { byte })
                .collect();
            for other in [&flipped, &b] {
                let equal = a.as_bytes().eq_ignore_ascii_case(other);
                prop_assert_eq!(Name::new(a.as_bytes()) == Name::new(other), equal);
            }
            prop_assert_eq!(Name::new(&b) == Name::new(&b.to_ascii_uppercase()), true);
            prop_assert_eq!(Name::new(&b).is_none(), b.len() > NAME_MAX);
        }
    }

    #[test]
    fn every_byte_folds_as_ascii() {
        for byte in 0..=u8::MAX {
            let word = u64::from_le_bytes([byte, b'A', byte, b'z', byte, 0xFF, 0, byte]);
            let folded = word.to_le_bytes().map(|byte| byte.to_ascii_lowercase());
            assert_eq!(fold(word).to_le_bytes(), folded);
        }
    }

    #[test]
    fn a_name_belongs_to_its_owner() {
        let mut index = Index::new();
        let name = |text: &str| Name::new(text.as_bytes()).expect("it is short");
        index.insert(name("list"), 7, 1);
        index.insert(name("list"), 0, 2);
        assert_eq!(index.find(name("LIST"), 7), Some(1));
        assert_eq!(index.find(name("List"), 0), Some(2));
        assert_eq!(index.find(name("list"), 8), None);
        assert_eq!(index.find(name(""), 0), None);
    }

    #[test]
    fn the_names_of_all_commands_are_found_in_few_steps() {
        let mut steps = Vec::new();
        let mut taken = vec![false; PLACES];
        for command in crate::commands::table().all() {
            let own = command.name.rsplit('|').next().expect("a split has a first part");
            let owner = crate::commands::table().container_of(command).map_or(0, |container| container.id + 1);
            let start = place_of(Name::new(own.as_bytes()).expect("rows have short names"), owner);
            let step = (0..PLACES).find(|step| !taken[(start + step) % PLACES]).expect("there is room");
            taken[(start + step) % PLACES] = true;
            steps.push(step);
        }
        assert!(steps.iter().sum::<usize>() <= steps.len() / 2, "{steps:?}");
    }
}
