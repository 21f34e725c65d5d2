//! Error replies: Redis's texts, in one place.

use std::borrow::Cow;

use crate::keyspace::{Busy, WrongType};
use crate::resp::Args as Argv;
use crate::script::RunKind;
use crate::state::{Gate, Server};

/// Bytes of a client's word that an error shows.
const SHOWN_MAX: usize = 128;

/// Why a handler did not act. Nothing but expired keys has gone when a handler returns one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The error reply, its code word first, without the leading `-`.
    Reply(Cow<'static, [u8]>),
    /// The command has turned out too long for a worker: dispatch runs it again on a blocking thread.
    TooLongForWorker,
    /// A long command holds a shard that is to be visited: dispatch runs this one again once that has ended.
    ShardBusy,
    /// The command needs shards that its request does not name, and has changed nothing: dispatch runs it again under all
    /// locks.
    NeedsAllShards,
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Error {
        Error::ShardBusy
    }
}

impl From<WrongType> for Error {
    fn from(_: WrongType) -> Error {
        WRONGTYPE
    }
}

/// RESTORE of a key that is there.
pub const BUSY_KEY: Error = Error::new("BUSYKEY Target key name already exists.");
/// RESTORE with a time below zero.
pub const BAD_TTL: Error = Error::new("ERR Invalid TTL value, must be >= 0");
/// RESTORE IDLETIME below zero.
pub const BAD_IDLETIME: Error = Error::new("ERR Invalid IDLETIME value, must be >= 0");
/// RESTORE FREQ that is no counter.
pub const BAD_FREQ: Error = Error::new("ERR Invalid FREQ value, must be >= 0 and <= 255");
/// RESTORE of what DUMP has not made.
pub const PAYLOAD_VERSION: Error = Error::new("ERR DUMP payload version or checksum are wrong");
/// RESTORE of what is no value.
pub const PAYLOAD_FORMAT: Error = Error::new("ERR Bad data format");
/// MULTI inside of MULTI.
pub const NESTED_MULTI: Error = Error::new("ERR MULTI calls can not be nested");
/// EXEC outside of MULTI.
pub const EXEC_WITHOUT_MULTI: Error = Error::new("ERR EXEC without MULTI");
/// DISCARD outside of MULTI.
pub const DISCARD_WITHOUT_MULTI: Error = Error::new("ERR DISCARD without MULTI");
/// WATCH inside of MULTI.
pub const WATCH_INSIDE_MULTI: Error = Error::new("ERR WATCH inside MULTI is not allowed");
/// EXEC after a refused command.
pub const EXECABORT: Error = Error::new("EXECABORT Transaction discarded because of previous errors.");
impl Error {
    /// A fixed text.
    #[must_use]
    pub const fn new(text: &'static str) -> Error {
        Error::Reply(Cow::Borrowed(text.as_bytes()))
    }

    /// A text made on the spot.
    #[must_use]
    pub fn text(text: impl Into<Vec<u8>>) -> Error {
        Error::Reply(Cow::Owned(text.into()))
    }

    /// "wrong number of arguments" for the command called `name` (containers: `container|sub`).
    #[must_use]
    pub fn arity(name: &str) -> Error {
        Error::text(format!("ERR wrong number of arguments for '{}' command", name.to_ascii_lowercase()))
    }

    /// "unknown subcommand or wrong number of arguments": of a request whose subcommand takes no more of them.
    #[must_use]
    pub fn subcommand_syntax(argv: Argv<'_>) -> Error {
        let mut text = b"ERR unknown subcommand or wrong number of arguments for '".to_vec();
        text.extend(argv.try_get(1).unwrap_or_default().iter().take(SHOWN_MAX));
        text.extend(b"'. Try ");
        text.extend(argv.get(0).to_ascii_uppercase());
        text.extend(b" HELP.");
        Error::text(text)
    }

    /// "Unsupported option" of EXPIRE and its kin.
    #[must_use]
    pub fn unsupported_option(option: &[u8]) -> Error {
        Error::text([b"ERR Unsupported option ", option].concat())
    }

    /// "unknown argument" of HSETEX.
    #[must_use]
    pub fn unknown_argument(argument: &[u8]) -> Error {
        Error::text([b"ERR unknown argument: ", argument].concat())
    }

    /// "at least 1 input key is needed" for the command called `name`.
    #[must_use]
    pub fn no_input_key(name: &str) -> Error {
        Error::text(format!("ERR at least 1 input key is needed for '{}' command", name.to_ascii_lowercase()))
    }

    /// A place outside of the map.
    #[must_use]
    pub fn invalid_position(lon: f64, lat: f64) -> Error {
        Error::text(format!("ERR invalid longitude,latitude pair {lon:.6},{lat:.6}"))
    }

    /// "exactly one of" several options must be given to GEOSEARCH or GEOSEARCHSTORE, as the client has written it.
    #[must_use]
    pub fn exactly_one_of(options: &str, name: &[u8]) -> Error {
        Error::text([format!("ERR exactly one of {options} can be specified for ").as_bytes(), name].concat())
    }

    /// Options that show something, of a command that stores.
    #[must_use]
    pub fn store_with_options(what: &str) -> Error {
        Error::text(format!("ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"))
    }

    /// There is no such key or no such group of it.
    #[must_use]
    pub fn no_key_or_group(key: &[u8], group: &[u8]) -> Error {
        Error::text([b"NOGROUP No such key '", key, b"' or consumer group '", group, b"'"].concat())
    }

    /// The same from XREADGROUP.
    #[must_use]
    pub fn no_key_or_group_to_read(key: &[u8], group: &[u8]) -> Error {
        let place = b"' in XREADGROUP with GROUP option";
        Error::text([b"NOGROUP No such key '", key, b"' or consumer group '", group, place].concat())
    }

    /// There is no such group of a key that is there.
    #[must_use]
    pub fn no_group(key: &[u8], group: &[u8]) -> Error {
        Error::text([b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"].concat())
    }

    /// "Unrecognized XCLAIM option".
    #[must_use]
    pub fn unknown_claim_option(option: &[u8]) -> Error {
        Error::text([b"ERR Unrecognized XCLAIM option '", option, b"'"].concat())
    }

    /// "invalid expire time" for the command called `name`.
    #[must_use]
    pub fn expire_time(name: &str) -> Error {
        Error::text(format!("ERR invalid expire time in '{}' command", name.to_ascii_lowercase()))
    }
}

/// Why writes are refused now: the last snapshot has failed, or the append-only file cannot be written.
#[must_use]
#[inline]
pub fn of_disk(server: &Server) -> Option<Error> {
    let gate = server.gate();
    if gate.intersects(Gate::SAVE_FAILED) {
        return Some(MISCONF);
    }
    if !gate.intersects(Gate::LOG_FAILED) {
        return None;
    }
    let failure = server.aof.failure()?;
    Some(Error::text(format!("MISCONF Errors writing to the AOF file: {}", failure.text)))
}

/// A rewrite of the append-only file is running.
pub const REWRITE_IN_PROGRESS: Error = Error::new("ERR Background append only file rewriting already in progress");

/// Options of EXPIRE that exclude each other.
pub const EXPIRE_NX_WITH_OTHERS: Error =
    Error::new("ERR NX and XX, GT or LT options at the same time are not compatible");
/// Options of EXPIRE that exclude each other.
pub const EXPIRE_GT_WITH_LT: Error = Error::new("ERR GT and LT options at the same time are not compatible");
/// A cursor of the SCAN family that is no number.
pub const INVALID_CURSOR: Error = Error::new("ERR invalid cursor");
/// First index of SWAPDB is no number.
pub const INVALID_FIRST_DB: Error = Error::new("ERR invalid first DB index");
/// Second index of SWAPDB is no number.
pub const INVALID_SECOND_DB: Error = Error::new("ERR invalid second DB index");
/// OBJECT FREQ without an LFU policy.
pub const NO_LFU_POLICY: Error = Error::new(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between \
     policies at runtime LRU and LFU data will take some time to adjust.",
);
/// OBJECT IDLETIME with an LFU policy.
pub const LFU_POLICY: Error = Error::new(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at \
     runtime LRU and LFU data will take some time to adjust.",
);
/// Unfitting options or words.
pub const SYNTAX: Error = Error::new("ERR syntax error");
/// The key holds a value of another type.
pub const WRONGTYPE: Error = Error::new("WRONGTYPE Operation against a key holding the wrong kind of value");
/// Not a 64-bit signed integer.
pub const NOT_INTEGER: Error = Error::new("ERR value is not an integer or out of range");
/// Not a floating point number.
pub const NOT_FLOAT: Error = Error::new("ERR value is not a valid float");
/// A count or the like out of its range.
pub const OUT_OF_RANGE: Error = Error::new("ERR value is out of range");
/// A count that must be positive.
pub const NOT_POSITIVE: Error = Error::new("ERR value is out of range, must be positive");
/// No key of that name (RENAME, OBJECT, ...).
pub const NO_SUCH_KEY: Error = Error::new("ERR no such key");
/// The result would not fit 64 bits.
pub const OVERFLOW: Error = Error::new("ERR increment or decrement would overflow");
/// An index outside the databases.
pub const DB_OUT_OF_RANGE: Error = Error::new("ERR DB index is out of range");
/// Source and destination are the same.
pub const SAME_OBJECT: Error = Error::new("ERR source and destination objects are the same");
/// An index outside a value.
pub const INDEX_OUT_OF_RANGE: Error = Error::new("ERR index out of range");
/// A string would grow beyond `proto-max-bulk-len`.
pub const STRING_TOO_LONG: Error = Error::new("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
/// The client has not authenticated.
pub const NOAUTH: Error = Error::new("NOAUTH Authentication required.");
/// A decrement whose opposite does not fit 64 bits.
pub const DECREMENT_OVERFLOW: Error = Error::new("ERR decrement would overflow");
/// A sum of floats that is no finite number.
pub const NAN_OR_INFINITY: Error = Error::new("ERR increment would produce NaN or Infinity");
/// A negative offset.
pub const OFFSET_OUT_OF_RANGE: Error = Error::new("ERR offset is out of range");
/// A count of keys that is none, or not positive.
pub const INVALID_NUMKEYS: Error = Error::new("ERR invalid numkeys value");
/// Fewer pairs than MSETEX was told.
pub const WRONG_PAIRS: Error = Error::new("ERR wrong number of key-value pairs");
/// More keys announced than there are arguments.
pub const NUMKEYS_TOO_GREAT: Error = Error::new("ERR Number of keys can't be greater than number of args");
/// A limit that is none, or negative.
pub const LIMIT_NEGATIVE: Error = Error::new("ERR LIMIT can't be negative");
/// SORT without ALPHA of what is no number.
pub const SORT_NOT_NUMBER: Error = Error::new("ERR One or more scores can't be converted into double");
/// WAITAOF with more than the one local file that there can be.
pub const OUT_OF_ZERO_TO_ONE: Error = Error::new("ERR value is out of range, value must between 0 and 1");
/// WAITAOF for a local file that is not kept.
pub const WAITAOF_WITHOUT_AOF: Error =
    Error::new("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
/// A digest to compare with that is none.
pub const NOT_DIGEST: Error = Error::new("ERR digest must be exactly 16 hexadecimal characters");
/// Not a condition that DELEX knows.
pub const INVALID_CONDITION: Error = Error::new("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
/// LCS of other types.
pub const LCS_NOT_STRINGS: Error = Error::new("ERR The specified keys must contain string values");
/// LCS with both options.
pub const LCS_LEN_AND_IDX: Error = Error::new("ERR If you want both the length and indexes, please just use IDX.");
/// A number that does not fit 32 bits where Redis keeps an `int`.
pub const OUT_OF_INT: Error = Error::new("ERR value is out of range, value must between -2147483648 and 2147483647");
/// No such user, or not this password.
pub const WRONGPASS: Error = Error::new("WRONGPASS invalid username-password pair or user is disabled.");
/// AUTH with a password alone, while `requirepass` is empty.
pub const NO_PASSWORD_SET: Error = Error::new(
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration \
     is correct?",
);
/// HELLO without AUTH by a client that must authenticate.
pub const HELLO_WITHOUT_AUTH: Error = Error::new(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option \
     can be used to authenticate the client and select the RESP protocol version at the same time",
);
/// HELLO with a version that is no number.
pub const PROTO_NOT_INTEGER: Error = Error::new("ERR Protocol version is not an integer or out of range");
/// HELLO with another version than 2 and 3.
pub const NOPROTO: Error = Error::new("NOPROTO unsupported protocol version");
/// A client's name with spaces and the like.
pub const BAD_CLIENT_NAME: Error =
    Error::new("ERR Client names cannot contain spaces, newlines or special characters.");
/// CLIENT IMPORT-SOURCE while `import-mode` is off.
pub const NOT_IMPORTING: Error = Error::new("ERR Server is not in import mode");
/// CLIENT PAUSE with an unknown mode.
pub const PAUSE_MODE: Error = Error::new("ERR CLIENT PAUSE mode must be WRITE or ALL");
/// A timeout that is no number.
pub const TIMEOUT_NOT_INTEGER: Error = Error::new("ERR timeout is not an integer or out of range");
/// A timeout in seconds that is no number.
pub const TIMEOUT_NOT_FLOAT: Error = Error::new("ERR timeout is not a float or out of range");
/// A timeout below zero.
pub const TIMEOUT_NEGATIVE: Error = Error::new("ERR timeout is negative");
/// A timeout that ends beyond what a clock can say.
pub const TIMEOUT_OUT_OF_RANGE: Error = Error::new("ERR timeout is out of range");
/// What a client is answered whose wait CLIENT UNBLOCK has ended.
pub const UNBLOCKED: Error = Error::new("UNBLOCKED client unblocked via CLIENT UNBLOCK");
/// CLIENT UNBLOCK with an unknown reason.
pub const UNBLOCK_REASON: Error = Error::new("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
/// CLIENT KILL of an address that nobody has.
pub const NO_SUCH_CLIENT: Error = Error::new("ERR No such client");
/// CLIENT LIST ID with something that is no id.
pub const INVALID_CLIENT_ID: Error = Error::new("ERR Invalid client ID");
/// CLIENT KILL ID with something that is no id.
pub const CLIENT_ID_NOT_POSITIVE: Error = Error::new("ERR client-id should be greater than 0");
/// CLIENT TRACKING with a second REDIRECT.
pub const TWO_REDIRECTS: Error = Error::new("ERR A client can only redirect to a single other client");
/// CLIENT TRACKING REDIRECT to nobody.
pub const NO_REDIRECT_CLIENT: Error = Error::new("ERR The client ID you want redirect to does not exist");
/// CLIENT TRACKING PREFIX without BCAST.
pub const PREFIX_WITHOUT_BCAST: Error = Error::new("ERR PREFIX option requires BCAST mode to be enabled");
/// CLIENT TRACKING with BCAST now and not before, or the other way round.
pub const SWITCHED_BCAST: Error = Error::new(
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
/// CLIENT TRACKING BCAST with OPTIN or OPTOUT.
pub const OPTIONS_WITH_BCAST: Error = Error::new("ERR OPTIN and OPTOUT are not compatible with BCAST");
/// CLIENT TRACKING with both.
pub const OPTIN_WITH_OPTOUT: Error = Error::new("ERR You can't specify both OPTIN mode and OPTOUT mode");
/// CLIENT TRACKING with one of them now and the other one before.
pub const SWITCHED_OPTIONS: Error = Error::new(
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
/// CLIENT CACHING of a client that does not track.
pub const CACHING_WITHOUT_TRACKING: Error = Error::new(
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
);
/// CLIENT CACHING YES without OPTIN.
pub const CACHING_YES_WITHOUT_OPTIN: Error =
    Error::new("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
/// CLIENT CACHING NO without OPTOUT.
pub const CACHING_NO_WITHOUT_OPTOUT: Error =
    Error::new("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
/// A filter's database that is no number.
pub const DB_NOT_INTEGER: Error = Error::new("ERR DB is not an integer or out of range");
/// SLOWLOG GET with an unfit count.
pub const LOG_COUNT: Error = Error::new("ERR count should be greater than or equal to -1");
/// COMMANDLOG with an unknown log.
pub const LOG_KIND: Error = Error::new("ERR type should be one of the following: slow, large-request, large-reply");
/// A read or write from a client in MONITOR mode.
pub const REPLICA_NO_KEYS: Error = Error::new("ERR Replica can't interact with the keyspace");
/// A hash field that holds no integer.
pub const HASH_NOT_INTEGER: Error = Error::new("ERR hash value is not an integer");
/// A hash field that holds no number.
pub const HASH_NOT_FLOAT: Error = Error::new("ERR hash value is not a float");
/// A float increment that is no finite number.
pub const NAN_OR_INFINITE_VALUE: Error = Error::new("ERR value is NaN or Infinity");
/// A count without an opposite.
pub const OUT_OF_COUNT: Error =
    Error::new("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
/// The word FIELDS is not where it has to be.
pub const FIELDS_MISSING: Error = Error::new("ERR Mandatory argument FIELDS is missing or not at the right position");
/// A number of fields that is none.
pub const NUMFIELDS_NOT_POSITIVE: Error = Error::new("ERR Number of fields must be a positive integer");
/// The same as HEXPIRE and its kin say it.
pub const NUMFIELDS_NOT_ABOVE_0: Error = Error::new("ERR Parameter `numFields` should be greater than 0");
/// The same as HSETEX says it.
pub const INVALID_NUMFIELDS: Error = Error::new("ERR invalid number of fields");
/// Not so many fields as announced.
pub const NUMFIELDS_MISMATCH: Error = Error::new("ERR The `numfields` parameter must match the number of arguments");
/// A field's time before 1970, or a negative span.
pub const EXPIRE_TIME_NEGATIVE: Error = Error::new("ERR invalid expire time, must be >= 0");
/// HSETEX with a time option at the end.
pub const EXPIRE_TIME_MISSING: Error = Error::new("ERR missing expire time");
/// HSETEX with conditions that exclude each other.
pub const FXX_WITH_FNX: Error = Error::new("ERR Only one of FXX or FNX arguments can be specified");
/// HSETEX with several options of expiry.
pub const ONE_EXPIRY_OPTION: Error =
    Error::new("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
/// What others are told while a script or function runs for long.
#[must_use]
pub fn busy(running: RunKind) -> Error {
    match running {
        RunKind::Script => BUSY_SCRIPT,
        RunKind::Function => BUSY_FUNCTION,
    }
}

/// A script runs for long.
pub const BUSY_SCRIPT: Error =
    Error::new("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
/// A function runs for long.
pub const BUSY_FUNCTION: Error =
    Error::new("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.");
/// There is no room for more (`maxmemory`).
pub const OOM: Error = Error::new("OOM command not allowed when used memory > 'maxmemory'.");
/// A write after a snapshot has failed (`stop-writes-on-bgsave-error`).
pub const MISCONF: Error = Error::new(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may \
     modify the data set are disabled, because this instance is configured to report errors during writes if RDB \
     snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB \
     error.",
);
/// A number of keys below 1 (LMPOP and its kin).
pub const NUMKEYS_NOT_POSITIVE: Error = Error::new("ERR numkeys should be greater than 0");
/// A COUNT below 1 (LMPOP and its kin).
pub const COUNT_NOT_POSITIVE: Error = Error::new("ERR count should be greater than 0");
/// LPOS from no match.
pub const RANK_ZERO: Error = Error::new(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from \
     the end of the list",
);
/// LPOS of fewer than no matches.
pub const COUNT_NEGATIVE: Error = Error::new("ERR COUNT can't be negative");
/// LPOS among fewer than no elements.
pub const MAXLEN_NEGATIVE: Error = Error::new("ERR MAXLEN can't be negative");
/// ZADD with both.
pub const NX_WITH_XX: Error = Error::new("ERR XX and NX options at the same time are not compatible");
/// ZADD with more than one of them.
pub const GT_LT_NX: Error = Error::new("ERR GT, LT, and/or NX options at the same time are not compatible");
/// ZADD INCR of several members.
pub const INCR_OF_SEVERAL: Error = Error::new("ERR INCR option supports a single increment-element pair");
/// A score that is the sum of two opposite infinities.
pub const SCORE_NAN: Error = Error::new("ERR resulting score is not a number (NaN)");
/// The ends of a range of scores.
pub const ENDS_NOT_FLOAT: Error = Error::new("ERR min or max is not a float");
/// The ends of a range of members.
pub const ENDS_NOT_LEX: Error = Error::new("ERR min or max not valid string range item");
/// ZRANGE LIMIT by rank.
pub const LIMIT_WITHOUT_BY: Error =
    Error::new("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
/// ZRANGE BYLEX WITHSCORES.
pub const WITHSCORES_WITH_BYLEX: Error =
    Error::new("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
/// A weight of ZUNION and its kin.
pub const WEIGHT_NOT_FLOAT: Error = Error::new("ERR weight value is not a float");
/// A unit of length that is none.
pub const UNKNOWN_UNIT: Error = Error::new("ERR unsupported unit provided. please use M, KM, FT, MI");
/// A radius that is no number.
pub const RADIUS_NOT_NUMERIC: Error = Error::new("ERR need numeric radius");
/// A radius below zero.
pub const RADIUS_NEGATIVE: Error = Error::new("ERR radius cannot be negative");
/// A width that is no number.
pub const WIDTH_NOT_NUMERIC: Error = Error::new("ERR need numeric width");
/// A height that is no number.
pub const HEIGHT_NOT_NUMERIC: Error = Error::new("ERR need numeric height");
/// A box of negative size.
pub const BOX_NEGATIVE: Error = Error::new("ERR height or width cannot be negative");
/// A search around a member that is not there.
pub const NO_SUCH_PLACE: Error = Error::new("ERR could not decode requested zset member");
/// COUNT of a search below 1.
pub const GEO_COUNT: Error = Error::new("ERR COUNT must be > 0");
/// ANY without COUNT.
pub const ANY_WITHOUT_COUNT: Error = Error::new("ERR the ANY argument requires COUNT argument");
/// BYPOLYGON with a number of corners that is none.
pub const VERTICES_NOT_NUMERIC: Error = Error::new("ERR invalid number of vertices");
/// BYPOLYGON with too few corners.
pub const TOO_FEW_VERTICES: Error = Error::new("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
/// Not an id of a stream's entry.
pub const INVALID_STREAM_ID: Error = Error::new("ERR Invalid stream ID specified as stream command argument");
/// A range that begins behind the greatest id.
pub const INVALID_RANGE_START: Error = Error::new("ERR invalid start ID for the interval");
/// A range that ends before the lowest id.
pub const INVALID_RANGE_STOP: Error = Error::new("ERR invalid end ID for the interval");
/// XADD and XTRIM with two ways to trim.
pub const MAXLEN_WITH_MINID: Error =
    Error::new("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
/// MAXLEN below zero.
pub const STREAM_MAXLEN_NEGATIVE: Error = Error::new("ERR The MAXLEN argument must be >= 0.");
/// LIMIT of a trimming below zero.
pub const STREAM_LIMIT_NEGATIVE: Error = Error::new("ERR The LIMIT argument must be >= 0.");
/// LIMIT without MAXLEN and MINID.
pub const LIMIT_WITHOUT_TRIM: Error =
    Error::new("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
/// LIMIT of an exact trimming.
pub const LIMIT_WITHOUT_TILDE: Error =
    Error::new("ERR syntax error, LIMIT cannot be used without the special ~ option");
/// XTRIM without MAXLEN and MINID.
pub const TRIM_MISSING: Error = Error::new("ERR syntax error, XTRIM must be called with a trimming strategy");
/// XADD with the id that no entry has.
pub const ZERO_STREAM_ID: Error = Error::new("ERR The ID specified in XADD must be greater than 0-0");
/// XADD behind the greatest id.
pub const STREAM_EXHAUSTED: Error =
    Error::new("ERR The stream has exhausted the last possible ID, unable to add more items");
/// XADD with an id that is not behind the last one.
pub const STREAM_ID_TOO_SMALL: Error =
    Error::new("ERR The ID specified in XADD is equal or smaller than the target stream top item");
/// XADD of more than a node can hold.
pub const STREAM_ENTRY_TOO_LARGE: Error = Error::new("ERR Elements are too large to be stored");
/// XSETID with a negative counter.
pub const ENTRIES_ADDED_NEGATIVE: Error = Error::new("ERR entries_added must be positive");
/// XSETID with ids in the wrong order.
pub const SETID_BELOW_DELETED: Error =
    Error::new("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
/// XSETID to before the last entry.
pub const SETID_BELOW_TOP: Error =
    Error::new("ERR The ID specified in XSETID is smaller than the target stream top item");
/// XSETID with fewer entries added than there are.
pub const ENTRIES_ADDED_BELOW_LEN: Error =
    Error::new("ERR The entries_added specified in XSETID is smaller than the target stream length");
/// XDELEX and XACKDEL of no ids.
pub const NUMIDS_NOT_POSITIVE: Error = Error::new("ERR Number of IDs must be a positive integer");
/// Fewer ids than announced.
pub const NUMIDS_MISMATCH: Error = Error::new("ERR The `numids` parameter must match the number of arguments");
/// XDELEX and XACKDEL without ids.
pub const IDS_MISSING: Error = Error::new("ERR IDS option is required");
/// XGROUP CREATE and SETID with a negative counter.
pub const ENTRIES_READ_NEGATIVE: Error = Error::new("ERR value for ENTRIESREAD must be positive or -1");
/// XGROUP of a key that is not there.
pub const XGROUP_NEEDS_KEY: Error = Error::new(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option \
     to create an empty stream automatically.",
);
/// XGROUP CREATE of a group that is there.
pub const BUSYGROUP: Error = Error::new("BUSYGROUP Consumer Group name already exists");
/// XCLAIM with an idle time that is no number.
pub const XCLAIM_MIN_IDLE: Error = Error::new("ERR Invalid min-idle-time argument for XCLAIM");
/// XCLAIM IDLE with something else.
pub const XCLAIM_IDLE: Error = Error::new("ERR Invalid IDLE option argument for XCLAIM");
/// XCLAIM TIME with something else.
pub const XCLAIM_TIME: Error = Error::new("ERR Invalid TIME option argument for XCLAIM");
/// XCLAIM RETRYCOUNT with something else.
pub const XCLAIM_RETRYCOUNT: Error = Error::new("ERR Invalid RETRYCOUNT option argument for XCLAIM");
/// XAUTOCLAIM with an idle time that is no number.
pub const XAUTOCLAIM_MIN_IDLE: Error = Error::new("ERR Invalid min-idle-time argument for XAUTOCLAIM");
/// XAUTOCLAIM with an unfit COUNT.
pub const XAUTOCLAIM_COUNT: Error = Error::new("ERR COUNT must be > 0");
/// XAUTOCLAIM with a COUNT of more ids than memory has room for.
pub const XAUTOCLAIM_MEMORY: Error =
    Error::new("ERR Insufficient memory, failed allocating transient memory, COUNT too high.");
/// Not one id for each key.
pub const UNBALANCED_STREAMS: Error =
    Error::new("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
/// XREAD GROUP.
pub const XREAD_WITH_GROUP: Error =
    Error::new("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
/// XREAD NOACK.
pub const XREAD_WITH_NOACK: Error =
    Error::new("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
/// XREAD of `>`.
pub const XREAD_NEW: Error =
    Error::new("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
/// XREADGROUP without GROUP.
pub const GROUP_MISSING: Error = Error::new("ERR Missing GROUP option for XREADGROUP");
/// XREADGROUP of `$`.
pub const XREADGROUP_LAST: Error = Error::new(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
     specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
);
/// XREADGROUP CLAIM with something that is no number.
pub const CLAIM_NOT_INTEGER: Error = Error::new("ERR min-idle-time is not an integer");
/// XREADGROUP CLAIM below zero.
pub const CLAIM_NEGATIVE: Error = Error::new("ERR min-idle-time must be a positive integer");
/// What those are told who wait on behalf of a group that is removed.
pub const GROUP_GONE: Error = Error::new("NOGROUP the consumer group this client was blocked on no longer exists");
/// What those are told who wait on behalf of a group whose stream is removed.
pub const STREAM_GONE: Error = Error::new("UNBLOCKED the stream key no longer exists");
