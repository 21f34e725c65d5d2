//! What can happen to a key, as keyspace events name it, and which of it is to be told.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bitflags::bitflags;

bitflags! {
    /// Classes of events, as the letters of `notify-keyspace-events` choose them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct EventClass: u32 {
        /// `K`: publish on `__keyspace@N__:key`.
        const KEYSPACE = 1;
        /// `E`: publish on `__keyevent@N__:event`.
        const KEYEVENT = 1 << 1;
        /// `g`
        const GENERIC = 1 << 2;
        /// `$`
        const STRING = 1 << 3;
        /// `l`
        const LIST = 1 << 4;
        /// `s`
        const SET = 1 << 5;
        /// `h`
        const HASH = 1 << 6;
        /// `z`
        const ZSET = 1 << 7;
        /// `x`
        const EXPIRED = 1 << 8;
        /// `e`
        const EVICTED = 1 << 9;
        /// `t`
        const STREAM = 1 << 10;
        /// `m`
        const KEY_MISS = 1 << 11;
        /// `d`
        const MODULE = 1 << 12;
        /// `n`
        const NEW = 1 << 13;
        /// `o`
        const OVERWRITTEN = 1 << 14;
        /// `c`
        const TYPE_CHANGED = 1 << 15;

        /// Both channels.
        const CHANNELS = Self::KEYSPACE.bits() | Self::KEYEVENT.bits();
        /// `A`: all classes but those that would tell too much: `m`, `n`, `o`, `c`.
        const ALL = Self::GENERIC.bits() | Self::STRING.bits() | Self::LIST.bits() | Self::SET.bits()
            | Self::HASH.bits() | Self::ZSET.bits() | Self::EXPIRED.bits() | Self::EVICTED.bits()
            | Self::STREAM.bits() | Self::MODULE.bits();
    }
}

/// The classes that somebody wants to be told of: read for every event, written by CONFIG SET.
#[derive(Debug, Default)]
pub struct WantedEvents(AtomicU32);

impl WantedEvents {
    /// Events of these classes are told on these channels; without a channel there is nobody to tell.
    pub fn set(&self, classes: EventClass) {
        let is_told = classes.intersects(EventClass::CHANNELS);
        self.0.store(if is_told { classes.bits() } else { 0 }, Relaxed);
    }

    /// The classes and channels.
    #[inline]
    #[must_use]
    pub fn get(&self) -> EventClass {
        EventClass::from_bits_retain(self.0.load(Relaxed))
    }
}

/// An event: its class and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Class, which the configuration turns on or off.
    pub class: EventClass,
    /// Name, as subscribers see it.
    pub name: &'static str,
}

impl Event {
    /// An event of that class and name.
    #[must_use]
    pub const fn new(class: EventClass, name: &'static str) -> Event {
        Event { class, name }
    }
}

/// An event as it happened, to be published once the shards are unlocked.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// What happened.
    pub event: Event,
    /// In which database.
    pub db: usize,
    /// To which key.
    pub key: Box<[u8]>,
}

macro_rules! events {
    ($($class:ident: $($const:ident = $name:literal)*;)*) => {
        $($(#[doc = concat!("`", $name, "`")] pub const $const: Event = Event::new(EventClass::$class, $name);)*)*
    };
}

events! {
    GENERIC: DEL = "del" EXPIRE = "expire" PERSIST = "persist" RENAME_FROM = "rename_from" RENAME_TO = "rename_to"
        MOVE_FROM = "move_from" MOVE_TO = "move_to" COPY_TO = "copy_to" RESTORE = "restore";
    STRING: SET = "set" SETRANGE = "setrange" APPEND = "append" INCRBY = "incrby" DECRBY = "decrby"
        INCRBYFLOAT = "incrbyfloat" SETBIT = "setbit" PFADD = "pfadd";
    HASH: HSET = "hset" HDEL = "hdel" HINCRBY = "hincrby" HINCRBYFLOAT = "hincrbyfloat" HEXPIRE = "hexpire"
        HPERSIST = "hpersist" HEXPIRED = "hexpired";
    LIST: LPUSH = "lpush" RPUSH = "rpush" LPOP = "lpop" RPOP = "rpop" LINSERT = "linsert" LSET = "lset" LTRIM = "ltrim"
        LREM = "lrem" SORTSTORE = "sortstore";
    SET: SADD = "sadd" SREM = "srem" SPOP = "spop" SINTERSTORE = "sinterstore" SUNIONSTORE = "sunionstore"
        SDIFFSTORE = "sdiffstore";
    ZSET: ZADD = "zadd" ZINCR = "zincr" ZREM = "zrem" ZPOPMIN = "zpopmin" ZPOPMAX = "zpopmax"
        ZREMRANGEBYRANK = "zremrangebyrank" ZREMRANGEBYSCORE = "zremrangebyscore" ZREMRANGEBYLEX = "zremrangebylex"
        ZRANGESTORE = "zrangestore" ZUNIONSTORE = "zunionstore" ZINTERSTORE = "zinterstore" ZDIFFSTORE = "zdiffstore"
        GEOSEARCHSTORE = "geosearchstore" GEORADIUSSTORE = "georadiusstore";
    STREAM: XADD = "xadd" XDEL = "xdel" XTRIM = "xtrim" XSETID = "xsetid" XGROUP_CREATE = "xgroup-create"
        XGROUP_SETID = "xgroup-setid" XGROUP_DESTROY = "xgroup-destroy"
        XGROUP_CREATECONSUMER = "xgroup-createconsumer" XGROUP_DELCONSUMER = "xgroup-delconsumer";
    EXPIRED: EXPIRED = "expired";
    EVICTED: EVICTED = "evicted";
    KEY_MISS: KEY_MISS = "keymiss";
    NEW: NEW = "new";
    OVERWRITTEN: OVERWRITTEN = "overwritten";
    TYPE_CHANGED: TYPE_CHANGED = "type_changed";
}
