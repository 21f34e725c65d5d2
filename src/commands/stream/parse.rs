//! What stream commands read from their arguments: ids, ranges, trimming, what becomes of references.

use smallvec::SmallVec;

use crate::commands::prelude::*;
use crate::types::stream::{References, StreamId, Trim, TrimTo};
use crate::util::number;

/// Longest text that may be an id.
const ID_TEXT_MAX: usize = 127;

/// Entries trimmed at most by `~` without LIMIT, when `stream-node-max-entries` does not say it, and at all.
const LIMIT_DEFAULT: u64 = 10_000;
const LIMIT_MAX: u64 = 1_000_000;

/// Nodes trimmed at most by `~` without LIMIT.
const LIMIT_NODES: u64 = 100;

/// The id of an entry to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewId {
    /// `*`
    Auto,
    /// `ms-*`
    AutoSeq(u64),
    /// `ms-seq`
    Exact(StreamId),
}

/// Reads `ms` or `ms-seq`.
pub(super) fn id(text: &[u8], missing_seq: u64) -> Result<StreamId, Error> {
    match new_id(text, missing_seq)? {
        NewId::Exact(id) => Ok(id),
        NewId::Auto | NewId::AutoSeq(_) => Err(error::INVALID_STREAM_ID),
    }
}

/// Reads `ms`, `ms-seq` or `ms-*`.
pub(super) fn new_id(text: &[u8], missing_seq: u64) -> Result<NewId, Error> {
    if text.len() > ID_TEXT_MAX {
        return Err(error::INVALID_STREAM_ID);
    }
    let number = |text| number::parse_u64_lenient(text).ok_or(error::INVALID_STREAM_ID);
    match memchr::memchr(b'-', text) {
        None => Ok(NewId::Exact(StreamId::new(number(text)?, missing_seq))),
        Some(dash) => match (&text[..dash], &text[dash + 1..]) {
            (ms, b"*") => Ok(NewId::AutoSeq(number(ms)?)),
            (ms, seq) => Ok(NewId::Exact(StreamId::new(number(ms)?, number(seq)?))),
        },
    }
}

/// The first id of a range: `-`, an id, or `(` and an id that is left out.
pub(super) fn range_start(text: &[u8]) -> Result<StreamId, Error> {
    match range_end(text, 0)? {
        (id, false) => Ok(id),
        (id, true) => id.next().ok_or(error::INVALID_RANGE_START),
    }
}

/// The last id of a range.
pub(super) fn range_stop(text: &[u8]) -> Result<StreamId, Error> {
    match range_end(text, u64::MAX)? {
        (id, false) => Ok(id),
        (id, true) => id.previous().ok_or(error::INVALID_RANGE_STOP),
    }
}

/// An end of a range, and whether it is left out.
fn range_end(text: &[u8], missing_seq: u64) -> Result<(StreamId, bool), Error> {
    match text {
        [b'(', text @ ..] if !text.is_empty() => Ok((id(text, missing_seq)?, true)),
        _ => Ok((id_or_end(text, missing_seq)?, false)),
    }
}

/// An id, `-` for the lowest or `+` for the greatest.
pub(super) fn id_or_end(text: &[u8], missing_seq: u64) -> Result<StreamId, Error> {
    match text {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => id(text, missing_seq),
    }
}

/// All arguments that are left, as ids.
pub(super) fn ids(args: &Args<'_>) -> Result<SmallVec<[StreamId; 8]>, Error> {
    args.rest().map(|text| id(text, 0)).collect()
}

/// The options of XADD and XTRIM in front of the id.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddOptions {
    /// NOMKSTREAM.
    pub(super) no_stream: bool,
    /// How to trim.
    pub(super) trim: Option<Trim>,
    /// The id; `None` where the arguments end before it.
    pub(super) id: Option<NewId>,
}

impl AddOptions {
    /// Reads the options of XADD with the id behind them, or those of XTRIM.
    pub(super) fn read(cx: &Cx<'_>, args: &mut Args<'_>, is_add: bool) -> Result<AddOptions, Error> {
        let mut options = AddOptions { no_stream: false, trim: None, id: None };
        let (mut to, mut approximate, mut limit, mut references) = (None, false, None, None);
        while let Some(text) = args.peek() {
            if is_add && text == b"*" {
                args.skip(1);
                options.id = Some(NewId::Auto);
                break;
            }
            let by_len = args.remaining() > 1 && text.eq_ignore_ascii_case(b"MAXLEN");
            if by_len || args.remaining() > 1 && text.eq_ignore_ascii_case(b"MINID") {
                args.skip(1);
                if to.is_some() {
                    return Err(error::MAXLEN_WITH_MINID);
                }
                approximate = args.eat_with_value("~");
                if !approximate {
                    args.eat_with_value("=");
                }
                to = Some(if by_len {
                    let len = args.integer()?;
                    TrimTo::Len(u64::try_from(len).map_err(|_| error::STREAM_MAXLEN_NEGATIVE)?)
                } else {
                    TrimTo::Id(id(args.take()?, 0)?)
                });
            } else if args.eat_with_value("LIMIT") {
                limit = Some(u64::try_from(args.integer()?).map_err(|_| error::STREAM_LIMIT_NEGATIVE)?);
            } else if is_add && args.eat("NOMKSTREAM") {
                options.no_stream = true;
            } else if let Some(word) = references_word(text) {
                args.skip(1);
                if references.replace(word).is_some() {
                    return Err(error::SYNTAX);
                }
            } else if is_add {
                options.id = Some(new_id(text, 0)?);
                args.skip(1);
                break;
            } else {
                return Err(error::SYNTAX);
            }
        }
        if to.is_none() && limit.is_some_and(|limit| limit > 0) {
            return Err(error::LIMIT_WITHOUT_TRIM);
        }
        if to.is_none() && !is_add {
            return Err(error::TRIM_MISSING);
        }
        if limit.is_some() && !approximate {
            return Err(error::LIMIT_WITHOUT_TILDE);
        }
        let limit = match limit {
            Some(limit) => limit,
            None if approximate => default_limit(cx),
            None => 0,
        };
        let references = references.unwrap_or_default();
        options.trim = to.map(|to| Trim { to, approximate, limit, references });
        Ok(options)
    }
}

/// How many entries `~` trims at most when there is no LIMIT.
fn default_limit(cx: &Cx<'_>) -> u64 {
    match (cx.server.config.stream_node_max_entries() as u64).saturating_mul(LIMIT_NODES) {
        0 => LIMIT_DEFAULT,
        limit => limit.min(LIMIT_MAX),
    }
}

fn references_word(text: &[u8]) -> Option<References> {
    let words = [
        (&b"KEEPREF"[..], References::Keep),
        (b"DELREF", References::Delete),
        (b"ACKED", References::MustBeAcknowledged),
    ];
    words.into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, references)| references)
}

/// The word that stands for them.
pub(super) fn references_text(references: References) -> &'static [u8] {
    match references {
        References::Keep => b"KEEPREF",
        References::Delete => b"DELREF",
        References::MustBeAcknowledged => b"ACKED",
    }
}

/// Reads `[KEEPREF | DELREF | ACKED] IDS numids id ...` of XDELEX and XACKDEL.
pub(super) fn references_and_ids(args: &mut Args<'_>) -> Result<(References, Vec<StreamId>), Error> {
    let (mut references, mut first_id) = (None, None);
    while let Some(text) = args.peek() {
        if references.is_none()
            && let Some(word) = references_word(text)
        {
            references = Some(word);
            args.skip(1);
        } else if args.eat_with_value("IDS") {
            let count = args.integer().ok().and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
            let count = count.ok_or(error::NUMIDS_NOT_POSITIVE)?;
            if count > args.remaining() {
                return Err(error::NUMIDS_MISMATCH);
            }
            first_id = Some((args.position(), count));
            args.skip(count);
        } else {
            return Err(error::SYNTAX);
        }
    }
    let (first, count) = first_id.ok_or(error::IDS_MISSING)?;
    let ids = (first..first + count).map(|at| id(args.argv().get(at), 0)).collect::<Result<_, _>>()?;
    Ok((references.unwrap_or_default(), ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_redis_reads_them() {
        let exact = |ms, seq| Ok(NewId::Exact(StreamId::new(ms, seq)));
        assert_eq!(new_id(b"5", 7), exact(5, 7));
        assert_eq!(new_id(b"5-6", 7), exact(5, 6));
        assert_eq!(new_id(b"+5-006", 7), exact(5, 6));
        assert_eq!(new_id(b"18446744073709551615-18446744073709551615", 0), exact(u64::MAX, u64::MAX));
        assert_eq!(new_id(b"5-*", 0), Ok(NewId::AutoSeq(5)));
        for bad in ["", "-", "+", "*", "-5", "5-", "5--1", "5-*-", "a", "18446744073709551616", "5-6-7", "*-5"] {
            assert_eq!(new_id(bad.as_bytes(), 0), Err(error::INVALID_STREAM_ID), "{bad}");
        }
        assert_eq!(id(b"5-*", 0), Err(error::INVALID_STREAM_ID));
    }

    #[test]
    fn ends_of_ranges() {
        assert_eq!(range_start(b"-"), Ok(StreamId::MIN));
        assert_eq!(range_stop(b"+"), Ok(StreamId::MAX));
        assert_eq!((range_start(b"5"), range_stop(b"5")), (Ok(StreamId::new(5, 0)), Ok(StreamId::new(5, u64::MAX))));
        assert_eq!(
            (range_start(b"(5"), range_stop(b"(5-0")),
            (Ok(StreamId::new(5, 1)), Ok(StreamId::new(4, u64::MAX)))
        );
        assert_eq!(range_start(b"(18446744073709551615-18446744073709551615"), Err(error::INVALID_RANGE_START));
        assert_eq!(range_stop(b"(0-0"), Err(error::INVALID_RANGE_STOP));
        assert_eq!(
            (range_start(b"(-"), range_start(b"(")),
            (Err(error::INVALID_STREAM_ID), Err(error::INVALID_STREAM_ID))
        );
    }
}
