//! Fields with their expiry in one step: HSETEX, HGETEX.

use smallvec::SmallVec;

use super::fields::{self, Fields, read_time};
use super::{limits, reply_value};
use crate::commands::expiry::Unit;
use crate::commands::prelude::*;
use crate::types::hash::{FieldTtl, Hash};
use crate::util::number;

/// The options of HSETEX.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    /// `XX` (true) or `NX`: whether the key must exist.
    key_exists: Option<bool>,
    /// `FXX` (true) or `FNX`: whether the fields must exist, all of them.
    fields_exist: Option<bool>,
    ttl: Option<FieldTtl>,
}

impl Options {
    /// Reads all up to the fields; answers the number of pairs that follow.
    fn read(cx: &Cx<'_>, args: &mut Args<'_>) -> Result<(Options, usize), Error> {
        let mut options = Options::default();
        let arity = || Error::arity(&cx.command.name);
        loop {
            let text = args.take().map_err(|_| arity())?;
            let Some((unit, base_ms)) = time_of(text, cx.now_ms()) else {
                match text.to_ascii_uppercase().as_slice() {
                    b"FIELDS" => break,
                    b"KEEPTTL" => options.set_ttl(FieldTtl::Keep)?,
                    b"FXX" => set_once(&mut options.fields_exist, true, error::FXX_WITH_FNX)?,
                    b"FNX" => set_once(&mut options.fields_exist, false, error::FXX_WITH_FNX)?,
                    b"XX" => set_once(&mut options.key_exists, true, error::SYNTAX)?,
                    b"NX" => set_once(&mut options.key_exists, false, error::SYNTAX)?,
                    _ => return Err(Error::unknown_argument(text)),
                }
                continue;
            };
            options.set_ttl(FieldTtl::Clear)?;
            let number = args.take().map_err(|_| error::EXPIRE_TIME_MISSING)?;
            options.ttl = Some(FieldTtl::At(read_time(number, unit, base_ms, &cx.command.name)?));
        }
        if args.remaining() < 3 {
            return Err(arity());
        }
        let count = number::parse_i64(args.take()?).filter(|count| (1..=i64::from(i32::MAX)).contains(count));
        let count = count.ok_or(error::INVALID_NUMFIELDS)? as usize;
        if args.remaining() != 2 * count {
            return Err(arity());
        }
        Ok((options, count))
    }

    fn set_ttl(&mut self, ttl: FieldTtl) -> Result<(), Error> {
        set_once(&mut self.ttl, ttl, error::ONE_EXPIRY_OPTION)
    }

    /// Whether the conditions hold for these fields of a hash; one without fields is a key that does not exist.
    fn admit<'a>(&self, hash: &Hash, mut fields: impl Iterator<Item = &'a [u8]>, now_ms: u64) -> bool {
        self.key_exists.is_none_or(|wanted| wanted != hash.is_empty())
            && self.fields_exist.is_none_or(|wanted| fields.all(|field| hash.contains(field, now_ms) == wanted))
    }
}

fn set_once<T>(option: &mut Option<T>, value: T, error: Error) -> Result<(), Error> {
    if option.replace(value).is_some() { Err(error) } else { Ok(()) }
}

/// What the number behind this word counts, and from when on.
fn time_of(word: &[u8], now_ms: u64) -> Option<(Unit, u64)> {
    match word.to_ascii_uppercase().as_slice() {
        b"EX" => Some((Unit::Seconds, now_ms)),
        b"PX" => Some((Unit::Milliseconds, now_ms)),
        b"EXAT" => Some((Unit::Seconds, 0)),
        b"PXAT" => Some((Unit::Milliseconds, 0)),
        _ => None,
    }
}

/// HSETEX. With a time that is past the fields go, whatever they held.
pub(super) fn hsetex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (options, count) = Options::read(cx, args)?;
    cx.cost(count)?;

    let now_ms = cx.now_ms();
    let ttl = options.ttl.unwrap_or(FieldTtl::Clear);
    let is_past = matches!(ttl, FieldTtl::At(at_ms) if at_ms <= now_ms);
    let is_set = if is_past { remove(cx, key, args, options)? } else { write(cx, key, args, options, ttl)? };

    cx.reply.integer(i64::from(is_set));
    DONE
}

/// Writes the pairs if the conditions hold.
fn write(cx: &mut Cx<'_>, key: Key<'_>, args: &Args<'_>, options: Options, ttl: FieldTtl) -> Result<bool, Error> {
    let (limits, now_ms) = (limits(cx), cx.now_ms());
    let mut expired: SmallVec<[&[u8]; 8]> = SmallVec::new();
    let is_set = cx.db.edit_or_insert(key, Hash::new, |hash| {
        let holds = options.admit(hash, args.rest().step_by(2), now_ms);
        if holds && hash.has_due(now_ms) {
            expired.extend(args.rest().step_by(2).filter(|field| hash.remove_if_due(field, now_ms)));
        }
        let mut words = args.rest();
        while let (true, Some(field), Some(value)) = (holds, words.next(), words.next()) {
            hash.set(field, value, ttl, now_ms, limits);
        }
        holds
    })?;
    if !is_set {
        cx.db.expire_met_fields(key, args.rest().step_by(2));
        return Ok(false);
    }
    cx.db.expired_fields(key, expired.into_iter());
    cx.db.changed(key, events::HSET);
    cx.db.effects.dirty += (args.remaining() / 2) as u64 - 1;
    if let FieldTtl::At(_) = ttl {
        cx.db.changed_too(key, events::HEXPIRE);
    }
    cx.db.journal_as(|effect| {
        effect.push(if ttl == FieldTtl::Clear { b"HSET" } else { b"HSETEX" });
        effect.push(key.name);
        match ttl {
            FieldTtl::Clear => {}
            FieldTtl::Keep => effect.push(b"KEEPTTL"),
            FieldTtl::At(at_ms) => {
                effect.push(b"PXAT");
                effect.push(&number::u64_text(at_ms));
            }
        }
        if ttl != FieldTtl::Clear {
            effect.push(b"FIELDS");
            effect.push(&number::u64_text((args.remaining() / 2) as u64));
        }
        args.rest().for_each(|word| effect.push(word));
    });
    Ok(true)
}

/// Removes the fields if the conditions hold, as if they had been written and had expired at once.
fn remove(cx: &mut Cx<'_>, key: Key<'_>, args: &Args<'_>, options: Options) -> Result<bool, Error> {
    let now_ms = cx.now_ms();
    let fields: SmallVec<[&[u8]; 8]> = args.rest().step_by(2).collect();
    let edited = cx.db.edit(key, |hash: &mut Hash| {
        let holds = options.admit(hash, fields.iter().copied(), now_ms);
        if holds {
            fields.iter().for_each(|field| _ = hash.remove(field));
        }
        holds
    })?;
    let Some(edited) = edited else { return Ok(options.admit(&Hash::new(), fields.into_iter(), now_ms)) };
    if !edited.value {
        cx.db.expire_met_fields(key, fields.into_iter());
        return Ok(false);
    }
    cx.db.changed(key, events::HSET);
    cx.db.changed_too(key, events::HDEL);
    cx.db.effects.dirty += fields.len() as u64 - 1;
    cx.db.effects.expired_fields += fields.len() as u32;
    if edited.emptied {
        cx.db.changed_too(key, events::DEL);
    }
    fields::journal_removal(cx, key, &fields);
    Ok(true)
}

/// What HGETEX does to the fields that it reads.
#[derive(Debug, Clone, Copy)]
enum Change {
    None,
    Persist,
    At(u64),
}

impl Change {
    fn read(cx: &Cx<'_>, args: &mut Args<'_>) -> Result<Change, Error> {
        if args.eat("PERSIST") {
            return Ok(Change::Persist);
        }
        let Some((unit, base_ms)) = args.peek().and_then(|word| time_of(word, cx.now_ms())) else {
            return Ok(Change::None);
        };
        args.skip(1);
        Ok(Change::At(read_time(args.take()?, unit, base_ms, &cx.command.name)?))
    }
}

pub(super) fn hgetex(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    fields::check_type(cx, key)?;
    let change = Change::read(cx, args)?;
    if args.remaining() < 2 {
        return Err(Error::arity(&cx.command.name));
    }
    let fields = Fields::read(args, error::NUMFIELDS_NOT_POSITIVE)?;
    cx.cost(fields.len())?;

    let now_ms = cx.now_ms();
    let mut changed: SmallVec<[&[u8]; 8]> = SmallVec::new();
    let mut expired: SmallVec<[&[u8]; 8]> = SmallVec::new();
    cx.reply.array(fields.len());
    let reply = &mut cx.reply;
    let edited = cx.db.edit(key, |hash: &mut Hash| {
        for field in fields.iter() {
            reply_value(reply, hash.get(field, now_ms));
            let Some(old) = hash.expiry(field, now_ms) else {
                if hash.remove_if_due(field, now_ms) {
                    expired.push(field);
                }
                continue;
            };
            match change {
                Change::None => continue,
                Change::Persist if old.is_none() => continue,
                Change::Persist => _ = hash.set_expiry(field, None),
                Change::At(at_ms) if at_ms <= now_ms => _ = hash.remove(field),
                Change::At(at_ms) => _ = hash.set_expiry(field, Some(at_ms)),
            }
            changed.push(field);
        }
    })?;
    let Some(edited) = edited else {
        fields.iter().for_each(|_| cx.reply.null());
        return DONE;
    };
    cx.db.expired_fields(key, expired.into_iter());
    if !changed.is_empty() {
        tell_change(cx, key, change, &changed);
    }
    if edited.emptied {
        cx.db.changed_too(key, events::DEL);
    }
    DONE
}

fn tell_change(cx: &mut Cx<'_>, key: Key<'_>, change: Change, fields: &[&[u8]]) {
    cx.db.effects.dirty += fields.len() as u64 - 1;
    match change {
        Change::At(at_ms) if at_ms <= cx.now_ms() => {
            cx.db.changed(key, events::HDEL);
            cx.db.effects.expired_fields += fields.len() as u32;
            fields::journal_removal(cx, key, fields);
        }
        Change::At(at_ms) => {
            cx.db.changed(key, events::HEXPIRE);
            fields::journal_expiry(cx, key, at_ms, fields);
        }
        Change::Persist | Change::None => {
            cx.db.changed(key, events::HPERSIST);
            cx.db.journal_as(|effect| {
                effect.push(b"HPERSIST");
                effect.push(key.name);
                effect.push(b"FIELDS");
                effect.push(&number::u64_text(fields.len() as u64));
                fields.iter().for_each(|field| effect.push(field));
            });
        }
    }
}
