//! ACL categories.

#![allow(missing_docs, reason = "the names are those of the ACL categories")]

use bitflags::bitflags;

bitflags! {
    /// ACL categories, in the order in which Redis prints them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Categories: u32 {
        const KEYSPACE = 1;
        const READ = 1 << 1;
        const WRITE = 1 << 2;
        const SET = 1 << 3;
        const SORTEDSET = 1 << 4;
        const LIST = 1 << 5;
        const HASH = 1 << 6;
        const STRING = 1 << 7;
        const BITMAP = 1 << 8;
        const HYPERLOGLOG = 1 << 9;
        const GEO = 1 << 10;
        const STREAM = 1 << 11;
        const PUBSUB = 1 << 12;
        const ADMIN = 1 << 13;
        const FAST = 1 << 14;
        const SLOW = 1 << 15;
        const BLOCKING = 1 << 16;
        const DANGEROUS = 1 << 17;
        const CONNECTION = 1 << 18;
        const TRANSACTION = 1 << 19;
        const SCRIPTING = 1 << 20;
    }
}

impl Categories {
    /// Those that are some group's own.
    pub const OF_GROUPS: Categories = Self::KEYSPACE
        .union(Self::SET)
        .union(Self::SORTEDSET)
        .union(Self::LIST)
        .union(Self::HASH)
        .union(Self::STRING)
        .union(Self::BITMAP)
        .union(Self::HYPERLOGLOG)
        .union(Self::GEO)
        .union(Self::STREAM)
        .union(Self::CONNECTION)
        .union(Self::TRANSACTION)
        .union(Self::SCRIPTING);

    /// The category called `name`, in any case.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Categories> {
        let found = Self::all().iter_names().find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(_, category)| category)
    }

    /// The names, in lower case and Redis's order.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter_names().map(|(name, _)| name.to_ascii_lowercase())
    }
}
