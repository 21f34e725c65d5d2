//! Going behind a value without reading it: only the lengths at its surface are looked at.

use super::super::format::kind;
use super::VERSION_VALKEY;
use super::cursor::{Cursor, Result};

/// Goes behind the value of that type.
pub(super) fn skip(cursor: &mut Cursor<'_>, kind: u8, version: u32) -> Result<()> {
    match kind {
        kind::STRING
        | kind::HASH_ZIPMAP
        | kind::LIST_ZIPLIST
        | kind::SET_INTSET
        | kind::ZSET_ZIPLIST
        | kind::HASH_ZIPLIST
        | kind::HASH_LISTPACK
        | kind::ZSET_LISTPACK
        | kind::SET_LISTPACK
        | kind::HASH_LISTPACK_EX_PRE_GA => cursor.skip_text(),
        kind::LIST | kind::SET | kind::LIST_QUICKLIST => each(cursor, |cursor| cursor.skip_text()),
        kind::HASH => each(cursor, |cursor| {
            cursor.skip_text()?;
            cursor.skip_text()
        }),
        kind::ZSET => each(cursor, |cursor| {
            cursor.skip_text()?;
            match cursor.byte()? {
                253.. => Ok(()),
                len => cursor.take(u64::from(len)).map(drop),
            }
        }),
        kind::ZSET_2 => each(cursor, |cursor| {
            cursor.skip_text()?;
            cursor.take(8).map(drop)
        }),
        kind::LIST_QUICKLIST_2 => each(cursor, |cursor| {
            cursor.len()?;
            cursor.skip_text()
        }),
        kind::HASH_LISTPACK_EX => {
            cursor.take(8)?;
            cursor.skip_text()
        }
        kind::HASH_22 if version >= VERSION_VALKEY => each(cursor, |cursor| {
            cursor.skip_text()?;
            cursor.skip_text()?;
            cursor.take(8).map(drop)
        }),
        kind::HASH_22 => each(cursor, skip_timed_field),
        kind::HASH_METADATA => {
            cursor.take(8)?;
            each(cursor, skip_timed_field)
        }
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 => skip_stream(cursor, kind),
        kind::MODULE => {
            cursor.len()?;
            skip_module(cursor)
        }
        kind::MODULE_PRE_GA => cursor.corrupt("a module's value in a form of which the length can not be told"),
        _ => cursor.corrupt("an unknown type of value"),
    }
}

fn each(cursor: &mut Cursor<'_>, mut skip_one: impl FnMut(&mut Cursor<'_>) -> Result<()>) -> Result<()> {
    for _ in 0..cursor.len()? {
        skip_one(cursor)?;
    }
    Ok(())
}

fn skip_timed_field(cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.len()?;
    cursor.skip_text()?;
    cursor.skip_text()
}

fn skip_stream(cursor: &mut Cursor<'_>, kind: u8) -> Result<()> {
    each(cursor, |cursor| {
        cursor.skip_text()?;
        cursor.skip_text()
    })?;
    // The number of entries and the last id; later also two ids more, and how many entries were added.
    let counters = if kind == kind::STREAM { 3 } else { 8 };
    for _ in 0..counters {
        cursor.len()?;
    }
    each(cursor, |cursor| {
        cursor.skip_text()?;
        for _ in 0..if kind == kind::STREAM { 2 } else { 3 } {
            cursor.len()?;
        }
        each(cursor, |cursor| {
            cursor.take(16 + 8)?;
            cursor.len().map(drop)
        })?;
        each(cursor, |cursor| {
            cursor.skip_text()?;
            cursor.take(if kind == kind::STREAM_3 { 16 } else { 8 })?;
            each(cursor, |cursor| cursor.take(16).map(drop))
        })
    })
}

/// Goes behind what a module has written: numbers and strings, each behind what it is.
pub(super) fn skip_module(cursor: &mut Cursor<'_>) -> Result<()> {
    loop {
        match cursor.len()? {
            0 => return Ok(()),
            1 | 2 => drop(cursor.len()?),
            3 => drop(cursor.take(4)?),
            4 => drop(cursor.take(8)?),
            5 => cursor.skip_text()?,
            _ => return cursor.corrupt("an unknown part of a module's value"),
        }
    }
}
