//! LCS.

use std::borrow::Cow;

use crate::commands::prelude::*;
use crate::keyspace::Value;
use crate::types::lcs::{Lcs, Match};

/// Cells of the table that are computed in one unit of work.
const CELLS_PER_UNIT: u64 = 32;

pub(super) fn lcs(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (first, second) = (args.key()?, args.key()?);
    // Redis looks both up, and sees a wrong type before a wrong option.
    let (a, b) = (string_in(cx, first), string_in(cx, second));
    let (a, b) = (a?, b?);
    let (mut len, mut idx, mut with_match_len, mut min_match_len) = (false, false, false, 0);
    while let Some(word) = args.word() {
        match &*word {
            b"LEN" => len = true,
            b"IDX" => idx = true,
            b"WITHMATCHLEN" => with_match_len = true,
            b"MINMATCHLEN" if args.more() => min_match_len = usize::try_from(args.integer()?).unwrap_or(0),
            _ => return Err(error::SYNTAX),
        }
    }
    if len && idx {
        return Err(error::LCS_LEN_AND_IDX);
    }
    let units = (a.len() as u64).saturating_mul(b.len() as u64) / CELLS_PER_UNIT;
    cx.cost(units.try_into().unwrap_or(usize::MAX))?;

    let lcs = Lcs::solve(&a, &b, cx.server.config.proto_max_bulk_len() as u64);
    let lcs = lcs.map_err(|error| Error::text(format!("ERR {error}")))?;

    if len {
        cx.reply.integer(lcs.len() as i64);
    } else if idx {
        let matches = lcs.matches(min_match_len);
        cx.reply.map(2);
        cx.reply.bulk("matches");
        cx.reply.array(matches.len());
        matches.iter().for_each(|run| reply_match(cx, run, with_match_len));
        cx.reply.bulk("len");
        cx.reply.integer(lcs.len() as i64);
    } else {
        cx.reply.bulk(lcs.text());
    }
    DONE
}

/// A copy of a key's string, since two keys cannot be looked at together; empty when it is not there.
fn string_in(cx: &mut Cx<'_>, key: Key<'_>) -> Result<Cow<'static, [u8]>, Error> {
    let Some(entry) = cx.db.lookup_read(key) else { return Ok(Cow::Borrowed(b"")) };
    let mut scratch = itoa::Buffer::new();
    let value = entry.value();
    if let Value::Object(_) = value {
        return Err(error::LCS_NOT_STRINGS);
    }
    Ok(Cow::Owned(value.text(&mut scratch).unwrap_or_default().to_vec()))
}

fn reply_match(cx: &mut Cx<'_>, run: &Match, with_len: bool) {
    cx.reply.array(2 + usize::from(with_len));
    for start in [run.a_start, run.b_start] {
        cx.reply.array(2);
        cx.reply.integer(start as i64);
        cx.reply.integer((start + run.len - 1) as i64);
    }
    if with_len {
        cx.reply.integer(run.len as i64);
    }
}
