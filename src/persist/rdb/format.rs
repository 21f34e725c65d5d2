//! The numbers of the format: versions, opcodes, types of values, encodings of strings.
//!
//! Source: the headers of Redis 7.0 to 8.0 and Valkey 9.1, and files written by them.

/// The version that Redis 7.0 writes; every later Redis and Valkey reads it.
pub const VERSION: u32 = 10;

/// The version of Redis 7.4, for hashes with fields that expire.
pub const VERSION_FIELD_EXPIRY: u32 = 12;

/// Valkey's own version, which begins where Redis's is not expected to come.
pub const VERSION_VALKEY: u32 = 80;

/// Bytes of the magic word and the version.
pub const HEADER_BYTES: usize = 9;
/// What a header begins with: Redis's and Valkey's. The digits of the version follow.
pub(super) const MAGIC: [&[u8]; 2] = [b"REDIS", b"VALKEY"];

/// What stands in front of a record that is no value.
pub(super) mod opcode {
    pub(in super::super) const SLOT_IMPORT: u8 = 243;
    pub(in super::super) const SLOT_INFO: u8 = 244;
    pub(in super::super) const FUNCTION: u8 = 245;
    pub(in super::super) const FUNCTION_PRE_GA: u8 = 246;
    pub(in super::super) const MODULE_AUX: u8 = 247;
    pub(in super::super) const IDLE: u8 = 248;
    pub(in super::super) const FREQ: u8 = 249;
    pub(in super::super) const AUX: u8 = 250;
    pub(in super::super) const RESIZE_DB: u8 = 251;
    pub(in super::super) const EXPIRE_MS: u8 = 252;
    pub(in super::super) const EXPIRE_S: u8 = 253;
    pub(in super::super) const SELECT_DB: u8 = 254;
    pub(in super::super) const END: u8 = 255;
}

/// Types of values with their encodings.
pub(super) mod kind {
    pub(in super::super) const STRING: u8 = 0;
    pub(in super::super) const LIST: u8 = 1;
    pub(in super::super) const SET: u8 = 2;
    pub(in super::super) const ZSET: u8 = 3;
    pub(in super::super) const HASH: u8 = 4;
    pub(in super::super) const ZSET_2: u8 = 5;
    pub(in super::super) const MODULE_PRE_GA: u8 = 6;
    pub(in super::super) const MODULE: u8 = 7;
    pub(in super::super) const HASH_ZIPMAP: u8 = 9;
    pub(in super::super) const LIST_ZIPLIST: u8 = 10;
    pub(in super::super) const SET_INTSET: u8 = 11;
    pub(in super::super) const ZSET_ZIPLIST: u8 = 12;
    pub(in super::super) const HASH_ZIPLIST: u8 = 13;
    pub(in super::super) const LIST_QUICKLIST: u8 = 14;
    pub(in super::super) const STREAM: u8 = 15;
    pub(in super::super) const HASH_LISTPACK: u8 = 16;
    pub(in super::super) const ZSET_LISTPACK: u8 = 17;
    pub(in super::super) const LIST_QUICKLIST_2: u8 = 18;
    pub(in super::super) const STREAM_2: u8 = 19;
    pub(in super::super) const SET_LISTPACK: u8 = 20;
    pub(in super::super) const STREAM_3: u8 = 21;
    /// Valkey 9: fields, values and times, where Redis 7.4's release candidate had its first form of the same.
    pub(in super::super) const HASH_22: u8 = 22;
    pub(in super::super) const HASH_LISTPACK_EX_PRE_GA: u8 = 23;
    pub(in super::super) const HASH_METADATA: u8 = 24;
    pub(in super::super) const HASH_LISTPACK_EX: u8 = 25;

    /// A type with its form, as logs name it.
    pub(in super::super) fn name(kind: u8) -> &'static str {
        match kind {
            STRING => "String",
            LIST => "List",
            LIST_ZIPLIST => "List ziplist",
            LIST_QUICKLIST | LIST_QUICKLIST_2 => "Quicklist",
            SET => "Set",
            SET_INTSET => "Intset",
            SET_LISTPACK => "Set listpack",
            ZSET | ZSET_2 => "Zset",
            ZSET_ZIPLIST => "Zset ziplist",
            ZSET_LISTPACK => "Zset listpack",
            HASH | HASH_22 | HASH_METADATA => "Hash",
            HASH_ZIPMAP => "Zipmap",
            HASH_ZIPLIST => "Hash ziplist",
            HASH_LISTPACK | HASH_LISTPACK_EX_PRE_GA | HASH_LISTPACK_EX => "Hash listpack",
            STREAM | STREAM_2 | STREAM_3 => "Stream listpack",
            _ => "Value",
        }
    }
}

/// First byte of a length, and of strings that are encoded specially.
pub(super) mod length {
    pub(in super::super) const BITS_14: u8 = 0x40;
    pub(in super::super) const BITS_32: u8 = 0x80;
    pub(in super::super) const BITS_64: u8 = 0x81;
    pub(in super::super) const INT_8: u8 = 0xc0;
    pub(in super::super) const INT_16: u8 = 0xc1;
    pub(in super::super) const INT_32: u8 = 0xc2;
    pub(in super::super) const LZF: u8 = 0xc3;
}

/// Containers of a list's nodes.
pub(super) mod container {
    pub(in super::super) const PLAIN: u64 = 1;
    pub(in super::super) const PACKED: u64 = 2;
}

/// Flags of an entry in a stream's node.
pub(super) mod stream_flag {
    pub(in super::super) const DELETED: i64 = 1;
    pub(in super::super) const SAME_FIELDS: i64 = 2;
}
