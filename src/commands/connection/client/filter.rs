//! The conditions of CLIENT LIST and CLIENT KILL.
//!
//! Redis 7.0 knows a few of them for KILL, and for LIST one at a time; Valkey 9 takes all of them in both, in any
//! combination, and each one negated by `NOT-`. Of one kind the last counts.

use std::mem::discriminant;
use std::sync::atomic::Ordering::Relaxed;

use smallvec::SmallVec;

use super::super::super::prelude::*;
use super::super::auth::is_user;
use super::list::{CAPABILITIES, Kind, capabilities, flags};
use crate::client::{Client, Endpoint};
use crate::config::Config;
use crate::util::number::parse_i64;

/// Letters that the flags of some server's CLIENT LIST may show.
const FLAG_LETTERS: &[u8] = b"ABEIMNOPRSTUbcdeirtux";

/// Which command filters: their error texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    List,
    Kill,
}

/// What a client must be.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    conditions: SmallVec<[Condition<'a>; 4]>,
    /// SKIPME, where it was given.
    pub(super) skips_me: Option<bool>,
}

#[derive(Debug)]
struct Condition<'a> {
    property: Property<'a>,
    wanted: bool,
}

#[derive(Debug)]
enum Property<'a> {
    Ids(SmallVec<[i64; 4]>),
    Kind(Kind),
    User(&'a [u8]),
    Addr(&'a [u8]),
    Laddr(&'a [u8]),
    Ip(&'a [u8]),
    Name(&'a [u8]),
    LibName(&'a [u8]),
    LibVer(&'a [u8]),
    Flags(&'a [u8]),
    Capa(&'a [u8]),
    Db(u16),
    MaxAge(u64),
    Idle(u64),
}

impl<'a> Filter<'a> {
    /// Reads all remaining arguments.
    ///
    /// # Errors
    /// An unknown word, a missing or unfit value.
    pub(super) fn parse(purpose: Purpose, args: &mut Args<'a>, config: &Config) -> Result<Filter<'a>, Error> {
        let mut filter = Filter { conditions: SmallVec::new(), skips_me: None };
        let mut after_ids = false;
        while args.more() {
            if args.eat_with_value("SKIPME") {
                filter.skips_me = Some(yes_or_no(args)?);
                continue;
            }
            let Some((property, wanted)) = property(purpose, args, config)? else {
                // Redis's LIST takes everything behind ID for an id.
                return Err(if after_ids && purpose == Purpose::List {
                    error::INVALID_CLIENT_ID
                } else {
                    error::SYNTAX
                });
            };
            after_ids = matches!(property, Property::Ids(_));
            filter
                .conditions
                .retain(|old| old.wanted != wanted || discriminant(&old.property) != discriminant(&property));
            filter.conditions.push(Condition { property, wanted });
        }
        Ok(filter)
    }

    /// The ids wanted, when nothing else is said.
    pub(super) fn only_ids(&self) -> Option<&[i64]> {
        match (&self.conditions[..], self.skips_me) {
            ([Condition { property: Property::Ids(ids), wanted: true }], None) => Some(ids),
            _ => None,
        }
    }

    /// Whether a client fulfils all conditions.
    pub(super) fn matches(&self, client: &Client, now_ms: u64) -> bool {
        self.conditions.iter().all(|condition| condition.property.is_of(client, now_ms) == condition.wanted)
    }
}

/// The next condition, and whether it is wanted; `None` where no known one stands.
fn property<'a>(purpose: Purpose, args: &mut Args<'a>, config: &Config) -> Result<Option<(Property<'a>, bool)>, Error> {
    let Some(word) = args.peek().filter(|_| args.remaining() >= 2) else { return Ok(None) };
    let word = word.to_ascii_uppercase();
    let (word, wanted) = word.strip_prefix(b"NOT-").map_or((&word[..], true), |word| (word, false));
    let property: fn(&'a [u8]) -> Property<'a> = match word {
        b"USER" => Property::User,
        b"ADDR" => Property::Addr,
        b"LADDR" => Property::Laddr,
        b"IP" => Property::Ip,
        b"NAME" => Property::Name,
        b"LIB-NAME" => Property::LibName,
        b"LIB-VER" => Property::LibVer,
        b"FLAGS" => Property::Flags,
        b"CAPA" => Property::Capa,
        b"MAXAGE" | b"IDLE" if !wanted => return Ok(None),
        b"ID" | b"TYPE" | b"DB" | b"MAXAGE" | b"IDLE" => {
            args.skip(1);
            return Ok(Some((other_property(word, purpose, args, config)?, wanted)));
        }
        _ => return Ok(None),
    };
    args.skip(1);
    let value = args.take()?;
    let unknown = |what: &str| Err(Error::text([what.as_bytes(), value].concat()));
    match word {
        b"USER" if !is_user(value) => return Err(Error::text([b"ERR No such user '", value, b"'"].concat())),
        b"FLAGS" if !value.iter().all(|letter| FLAG_LETTERS.contains(letter)) => {
            return unknown("ERR Unknown flags found in the provided filter: ");
        }
        b"CAPA" if !value.iter().all(|letter| CAPABILITIES.contains(letter)) => {
            return unknown("ERR Unknown capa found in the provided filter: ");
        }
        _ => {}
    }
    Ok(Some((property(value), wanted)))
}

/// The conditions whose value is more than a text.
fn other_property<'a>(
    word: &[u8],
    purpose: Purpose,
    args: &mut Args<'a>,
    config: &Config,
) -> Result<Property<'a>, Error> {
    Ok(match word {
        b"ID" => Property::Ids(ids(purpose, args)?),
        b"TYPE" => {
            let word = args.take()?;
            let unknown = || Error::text([b"ERR Unknown client type '", word, b"'"].concat());
            Property::Kind(Kind::from_word(word).ok_or_else(unknown)?)
        }
        b"DB" => {
            let db = parse_i64(args.take()?).ok_or(error::DB_NOT_INTEGER)?;
            let last = config.databases() as i64 - 1;
            if !(0..=last).contains(&db) {
                return Err(Error::text(format!("ERR DB number should be between 0 and {last}")));
            }
            Property::Db(db as u16)
        }
        b"MAXAGE" => Property::MaxAge(seconds("maxage", args.take()?)?),
        _ => Property::Idle(seconds("idle", args.take()?)?),
    })
}

/// One id, and those that follow it.
fn ids(purpose: Purpose, args: &mut Args<'_>) -> Result<SmallVec<[i64; 4]>, Error> {
    let invalid = if purpose == Purpose::List { error::INVALID_CLIENT_ID } else { error::CLIENT_ID_NOT_POSITIVE };
    let mut ids = SmallVec::new();
    loop {
        let id = parse_i64(args.take()?).ok_or_else(|| invalid.clone())?;
        // LIST says of such an id what is true: there is no such client.
        if id < 1 && purpose == Purpose::Kill {
            return Err(invalid);
        }
        ids.push(id);
        if args.peek().and_then(parse_i64).is_none() {
            return Ok(ids);
        }
    }
}

fn seconds(name: &str, text: &[u8]) -> Result<u64, Error> {
    match parse_i64(text) {
        Some(seconds @ 1..) => Ok(seconds.cast_unsigned()),
        Some(_) => Err(Error::text(format!("ERR {name} should be greater than 0"))),
        None => Err(Error::text(format!("ERR {name} is not an integer or out of range"))),
    }
}

fn yes_or_no(args: &mut Args<'_>) -> Result<bool, Error> {
    if args.eat("YES") {
        Ok(true)
    } else if args.eat("NO") {
        Ok(false)
    } else {
        Err(error::SYNTAX)
    }
}

impl Property<'_> {
    fn is_of(&self, client: &Client, now_ms: u64) -> bool {
        // A client without a name has not the empty one.
        let is = |place: &[u8], wanted: &[u8]| !place.is_empty() && place == wanted;
        let has_all = |letters: &[u8], wanted: &[u8]| wanted.iter().all(|letter| letters.contains(letter));
        match self {
            Property::Ids(ids) => ids.contains(&(client.id as i64)),
            Property::Kind(kind) => Kind::of(client) == *kind,
            Property::User(user) => client.with_names(|names| names.user() == *user),
            Property::Addr(addr) => client.endpoint.peer().as_bytes() == *addr,
            Property::Laddr(addr) => client.endpoint.local().as_bytes() == *addr,
            Property::Ip(ip) => match &client.endpoint {
                Endpoint::Tcp { peer, .. } => peer.ip().to_string().as_bytes() == *ip,
                Endpoint::Unix(_) | Endpoint::Internal => false,
            },
            Property::Name(name) => client.with_names(|names| is(&names.name, name)),
            Property::LibName(name) => client.with_names(|names| is(&names.lib_name, name)),
            Property::LibVer(version) => client.with_names(|names| is(&names.lib_ver, version)),
            Property::Flags(letters) => has_all(&flags(client), letters),
            Property::Capa(letters) => has_all(capabilities(client), letters),
            Property::Db(db) => client.facts.db.load(Relaxed) == *db,
            Property::MaxAge(age_s) => now_ms.saturating_sub(client.created_at_ms) / 1000 >= *age_s,
            Property::Idle(idle_s) => now_ms.saturating_sub(client.facts.active_at_ms.load(Relaxed)) / 1000 >= *idle_s,
        }
    }
}
