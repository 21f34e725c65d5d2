//! Lists, sets, sorted sets and hashes.
//!
//! Small forms are written as listpacks (a set of integers as an intset), as Redis 7.0 has them in memory; whoever loads
//! them decides by his own limits whether they stay so.

use super::super::format::{container, kind};
use super::{Encoder, put_compressible, put_len, put_plain};
use crate::types::Object;
use crate::types::hash::Hash;
use crate::types::list::{List, Side};
use crate::types::set::{Member, Set};
use crate::types::zset::ZSet;
use crate::util::number::f64_text_g;

/// Bytes after which a list's node is closed: Redis's usual limit.
const NODE_BYTES: usize = 8192;
/// Bytes that no listpack may exceed, with room for the lengths of one element.
const LISTPACK_MAX: usize = (1 << 30) - 64;

/// The type byte of a collection.
pub(super) fn kind_of(object: &Object, field_expiry: bool) -> u8 {
    match object {
        Object::List(_) => kind::LIST_QUICKLIST_2,
        Object::Set(set) if set.encoding() == "intset" => kind::SET_INTSET,
        Object::Set(_) => kind::SET,
        Object::ZSet(zset) if zset.encoding() == "listpack" => kind::ZSET_LISTPACK,
        Object::ZSet(_) => kind::ZSET_2,
        Object::Hash(hash) => match (is_small(hash), field_expiry && hash.next_field_expiry().is_some()) {
            (true, false) => kind::HASH_LISTPACK,
            (true, true) => kind::HASH_LISTPACK_EX,
            (false, false) => kind::HASH,
            (false, true) => kind::HASH_METADATA,
        },
        Object::Stream(_) => kind::STREAM_2,
    }
}

fn is_small(hash: &Hash) -> bool {
    hash.encoding() != "hashtable"
}

impl Encoder {
    /// Nodes of about 8 KiB, each a listpack; an element too long for one is a node of its own, as it is.
    pub(super) fn list(&mut self, out: &mut Vec<u8>, list: &List) {
        // How many nodes there are stands first: they are counted as they are about to be closed.
        let mut nodes = 0;
        let mut bytes = 0;
        let lens = list.iter(Side::Front).map(|element| element.text(&mut itoa::Buffer::new()).len());
        for len in lens {
            nodes += u64::from(begins_node(&mut bytes, len));
        }
        put_len(out, nodes);

        let mut bytes = 0;
        self.pack.clear();
        for element in list.iter(Side::Front) {
            let mut digits = itoa::Buffer::new();
            let text = element.text(&mut digits);
            if begins_node(&mut bytes, text.len()) && self.pack.len() > 0 {
                self.list_node(out);
            }
            if text.len() > LISTPACK_MAX {
                put_len(out, container::PLAIN);
                self.long_text(out, text);
            } else {
                self.pack.text(text);
            }
        }
        if self.pack.len() > 0 {
            self.list_node(out);
        }
    }

    fn list_node(&mut self, out: &mut Vec<u8>) {
        put_len(out, container::PACKED);
        self.listpack(out);
        self.pack.clear();
    }

    pub(super) fn set(&mut self, out: &mut Vec<u8>, set: &Set) {
        if set.encoding() == "intset" {
            return self.intset(out, set);
        }
        put_len(out, set.len() as u64);
        for member in set.iter() {
            match member {
                Member::Int(number) => self.int(out, number),
                Member::Bytes(text) => self.text(out, text),
            }
        }
    }

    /// The bytes of an integer, how many there are, and the integers in ascending order; all little endian.
    fn intset(&mut self, out: &mut Vec<u8>, set: &Set) {
        let numbers = || {
            set.iter().map(|member| match member {
                Member::Int(number) => number,
                Member::Bytes(_) => unreachable!("a set of integers has integers"),
            })
        };
        let width = numbers().fold(2, |width, number| match number {
            -0x8000..0x8000 => width,
            -0x8000_0000..0x8000_0000 => width.max(4),
            _ => 8,
        });
        let mut blob = Vec::with_capacity(8 + width * set.len());
        blob.extend((width as u32).to_le_bytes());
        blob.extend((set.len() as u32).to_le_bytes());
        numbers().for_each(|number| blob.extend_from_slice(&number.to_le_bytes()[..width]));
        if self.options.compress && blob.len() >= super::COMPRESS_MIN {
            put_compressible(&mut self.lzf, out, &blob);
        } else {
            put_plain(out, &blob);
        }
    }

    pub(super) fn zset(&mut self, out: &mut Vec<u8>, zset: &ZSet) {
        let mut digits = itoa::Buffer::new();
        if zset.encoding() == "listpack" {
            self.pack.clear();
            zset.visit_all(|member, score| {
                self.pack.text(member.text(&mut digits));
                // What is whole becomes an integer again.
                self.pack.text(&f64_text_g(score, 17));
            });
            return self.listpack(out);
        }
        put_len(out, zset.len() as u64);
        // From the greatest score down: so Redis's list takes each in front of all others.
        zset.visit(0..zset.len(), true, |member, score| {
            self.text(out, member.text(&mut digits));
            out.extend(score.to_bits().to_le_bytes());
        });
    }

    pub(super) fn hash(&mut self, out: &mut Vec<u8>, hash: &Hash) {
        let first_ms = if self.options.field_expiry { hash.next_field_expiry() } else { None };
        match (is_small(hash), first_ms) {
            (true, None) => self.hash_listpack(out, hash),
            (true, Some(first_ms)) => self.hash_listpack_ex(out, hash, first_ms),
            (false, first_ms) => self.hash_fields(out, hash, first_ms),
        }
    }

    fn hash_listpack(&mut self, out: &mut Vec<u8>, hash: &Hash) {
        let mut digits = itoa::Buffer::new();
        self.pack.clear();
        for field in hash.iter() {
            self.pack.text(field.name.text(&mut digits));
            self.pack.text(field.value.text(&mut digits));
        }
        self.listpack(out);
    }

    /// The earliest time, then triples of field, value and time (0 for none), those that expire first in front.
    fn hash_listpack_ex(&mut self, out: &mut Vec<u8>, hash: &Hash, first_ms: u64) {
        out.extend(first_ms.to_le_bytes());
        let mut digits = itoa::Buffer::new();
        let mut fields: Vec<_> = hash.iter().collect();
        fields.sort_by_key(|field| field.expire_at_ms.unwrap_or(u64::MAX));
        self.pack.clear();
        for field in fields {
            self.pack.text(field.name.text(&mut digits));
            self.pack.text(field.value.text(&mut digits));
            self.pack.int(field.expire_at_ms.unwrap_or(0).cast_signed());
        }
        self.listpack(out);
    }

    /// Fields and values; where some expire, the earliest time first, and with each field one more than how long after
    /// that it expires, or 0.
    fn hash_fields(&mut self, out: &mut Vec<u8>, hash: &Hash, first_ms: Option<u64>) {
        if let Some(first_ms) = first_ms {
            out.extend(first_ms.to_le_bytes());
        }
        put_len(out, hash.len() as u64);
        let mut digits = itoa::Buffer::new();
        for field in hash.iter() {
            if let Some(first_ms) = first_ms {
                put_len(out, field.expire_at_ms.map_or(0, |at_ms| at_ms - first_ms + 1));
            }
            self.text(out, field.name.text(&mut digits));
            self.text(out, field.value.text(&mut digits));
        }
    }
}

/// Whether an element of `len` bytes begins a new node behind one of `bytes`, which are brought up to date.
fn begins_node(bytes: &mut usize, len: usize) -> bool {
    let is_first = *bytes == 0;
    let begins = is_first || *bytes + len > NODE_BYTES;
    // An empty element counts too.
    *bytes = if begins { len + 1 } else { *bytes + len + 1 };
    begins
}
