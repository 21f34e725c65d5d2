//! Values for arguments: mostly small and alike, so that commands meet; now and then at a limit.

use super::Generator;

/// Groups whose keys are in the pool, three keys each.
pub(super) const KEY_GROUPS: [&str; 9] =
    ["string", "bitmap", "hyperloglog", "list", "set", "sorted-set", "hash", "stream", "geo"];

/// Keys of each group.
const KEYS_EACH: usize = 3;

/// Every key that [`Generator::call`] uses often; the odd ones are the last.
pub(crate) fn key_pool() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for group in KEY_GROUPS {
        keys.extend((0..KEYS_EACH).map(|n| format!("{group}:{n}").into_bytes()));
    }
    keys.extend(ODD_KEYS.iter().map(|key| key.to_vec()));
    keys
}

const ODD_KEYS: [&[u8]; 3] =
    [b"", b"\0\xff\r\n", b"a key much longer than those that are stored inside of an entry's header"];

const LIMITS: [&str; 14] = [
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "4294967296",
    "-4294967296",
    "2147483647",
    "1048576",
    "536870912",
    "0",
    "-0",
    "+1",
    " 1",
];

const NO_NUMBERS: [&str; 6] = ["", "abc", "1.5", "1 ", "0x10", "01"];

const FLOATS: [&str; 16] = [
    "0",
    "1",
    "-1.5",
    "3.14159",
    "1e3",
    "-2.5e-3",
    "0.1",
    "100",
    "inf",
    "-inf",
    "nan",
    "1.7976931348623157e308",
    "5e-324",
    "123456789012345678",
    "abc",
    "",
];

const MEMBERS: [&str; 9] = ["a", "b", "c", "d", "1", "2", "-3", "ten", ""];

const PATTERNS: [&str; 12] =
    ["*", "string:*", "*:1", "*[0-1]", "?et:2", "[^s]*", "a", "*a*", "\\*", "[a-", "", "*:*:*"];

const RANGE_ENDS: [&str; 12] = ["-", "+", "[a", "(b", "[c", "0", "1", "(1", "-inf", "+inf", "1-1", "x"];

const BIT_TYPES: [&str; 10] = ["u8", "i8", "u1", "i5", "u32", "i64", "u63", "u64", "i65", "x"];

const TYPES: [&str; 7] = ["string", "list", "set", "zset", "hash", "stream", "nosuch"];

impl Generator {
    /// A key: one of the group's most of the time.
    pub(super) fn key(&mut self) -> Vec<u8> {
        if self.one_in(40) {
            return self.pick(&ODD_KEYS).to_vec();
        }
        let group = [self.group, self.home].into_iter().find(|group| KEY_GROUPS.contains(group));
        let group = group.filter(|_| !self.one_in(6)).unwrap_or_else(|| *self.pick(&KEY_GROUPS));
        format!("{group}:{}", self.rng.index(KEYS_EACH)).into_bytes()
    }

    /// A value of no particular kind.
    pub(super) fn any_value(&mut self) -> Vec<u8> {
        match self.rng.below(6) {
            0 => self.key(),
            1 => self.integer(""),
            2 => self.double(""),
            3 => self.pattern(),
            _ => self.string("value"),
        }
    }

    pub(super) fn string(&mut self, name: &str) -> Vec<u8> {
        let words: &[&str] = match name {
            "member" | "field" | "element" | "pivot" => &MEMBERS,
            "min" | "max" | "start" | "end" => &RANGE_ENDS,
            "encoding" => &BIT_TYPES,
            "type" => &TYPES,
            "group" | "groupname" | "consumer" | "consumername" => &["g", "h"],
            "id" | "lastid" | "last-id" if !self.one_in(3) => {
                return format!("{}-{}", self.rng.below(40), self.rng.below(3)).into_bytes();
            }
            "id" | "lastid" | "last-id" => &["*", "$", "0", "0-0", "1-1", "2-*", ">", "5", "x"],
            _ => return self.value(),
        };
        if self.one_in(25) { self.value() } else { self.pick(words).as_bytes().to_vec() }
    }

    /// What strings hold: numbers, words, bytes, long texts.
    fn value(&mut self) -> Vec<u8> {
        match self.rng.below(20) {
            0..=4 => self.rng.below(200).to_string().into_bytes(),
            5 => self.pick(&LIMITS).as_bytes().to_vec(),
            6 | 7 => self.pick(&FLOATS).as_bytes().to_vec(),
            8 => Vec::new(),
            9 | 10 => self.bytes(12),
            11 => self.bytes(100),
            // On both sides of the longest embstr.
            12 => vec![b'e'; 40 + self.rng.index(10)],
            13 if self.one_in(4) => vec![b'l'; 15_000 + self.rng.index(20_000)],
            _ => self.pick(&MEMBERS).repeat(1 + self.rng.index(4)).into_bytes(),
        }
    }

    fn bytes(&mut self, below: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.rng.index(below)];
        self.rng.fill(&mut bytes);
        bytes
    }

    pub(super) fn integer(&mut self, name: &str) -> Vec<u8> {
        if self.one_in(12) {
            let odd = if self.one_in(3) { self.pick(&NO_NUMBERS) } else { self.pick(&LIMITS) };
            return odd.as_bytes().to_vec();
        }
        let n = match name {
            // Far from the present, so that no key expires on one server before it does on another.
            "seconds" | "ttl" => self.span(1000),
            "milliseconds" => self.span(1_000_000),
            "cursor" => 0,
            "bit" | "value" if self.group == "bitmap" && !self.one_in(8) => self.rng.below(2) as i64,
            "offset" if !self.one_in(8) => self.rng.below(200) as i64,
            "db" | "destination-db" => self.rng.below(4) as i64,
            "timeout" => 0,
            _ => self.rng.below(24) as i64 - 6,
        };
        n.to_string().into_bytes()
    }

    /// A time to live in that unit (the number of units in 1000 s): long, or over already.
    fn span(&mut self, thousand_seconds: i64) -> i64 {
        match self.rng.below(12) {
            0 => 0,
            1 => -(self.rng.below(100) as i64),
            _ => thousand_seconds * (1 + self.rng.below(9) as i64),
        }
    }

    pub(super) fn unix_time(&mut self, name: &str) -> Vec<u8> {
        if self.one_in(12) {
            return self.integer("");
        }
        // In the year 2096, or long ago.
        let seconds = if self.one_in(8) { self.rng.below(1000) } else { 4_000_000_000 + 1000 * self.rng.below(9) };
        let unit = if name.contains("milliseconds") { 1000 } else { 1 };
        (seconds * unit).to_string().into_bytes()
    }

    pub(super) fn double(&mut self, name: &str) -> Vec<u8> {
        match name {
            "timeout" => self.pick(&["0.01", "0.02", "-1", "x", "0.01"]).as_bytes().to_vec(),
            "longitude" => format!("{:.4}", self.rng.unit() * 362.0 - 181.0).into_bytes(),
            "latitude" => format!("{:.4}", self.rng.unit() * 172.0 - 86.0).into_bytes(),
            _ if self.one_in(3) => self.pick(&FLOATS).as_bytes().to_vec(),
            _ => ((self.rng.below(40) as f64 - 10.0) / 4.0).to_string().into_bytes(),
        }
    }

    pub(super) fn pattern(&mut self) -> Vec<u8> {
        self.pick(&PATTERNS).as_bytes().to_vec()
    }
}
