//! DEBUG HTSTATS and STRUCTSIZE: the shape of the index.

use super::super::super::prelude::*;
use crate::keyspace::{Db, Slot};

const NO_DB: Error = Error::new("ERR Out of range database");

/// One database's index over all shards.
#[derive(Default)]
struct Shape {
    keys: usize,
    segments: usize,
    places: usize,
    overflow: usize,
    bytes: usize,
    expires: usize,
    fullest: usize,
}

impl Shape {
    fn add(&mut self, db: &Db) {
        let index = db.index();
        self.keys += index.len();
        self.segments += index.segment_count();
        self.places += index.capacity();
        self.overflow += index.overflow_len();
        self.bytes += index.memory_bytes();
        self.expires += db.expires_len();
        self.fullest = self.fullest.max(index.len());
    }
}

/// `DEBUG HTSTATS db [FULL]`
pub(super) fn htstats(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let number = args.integer()?;
    let databases = cx.server.config.databases();
    let number = usize::try_from(number).ok().filter(|&number| number < databases).ok_or(NO_DB)?;
    let mut shape = Shape::default();
    cx.each_shard(|shard| {
        if let Some(db) = shard.db(number) {
            shape.add(db);
        }
    })?;

    let percent = 100.0 * shape.keys as f64 / shape.places.max(1) as f64;
    let text = format!(
        "[Index]\n keys: {}\n segments: {}\n places: {}\n filled: {percent:.1}%\n overflowed: {}\n bytes: {}\n \
         keys of the fullest shard: {}\n[Expiry index]\n keys: {}\n",
        shape.keys, shape.segments, shape.places, shape.overflow, shape.bytes, shape.fullest, shape.expires
    );
    cx.reply.verbatim(b"txt", text.as_bytes());
    DONE
}

/// DEBUG STRUCTSIZE
pub(super) fn structsize(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let text = format!(
        "bits:{} entry-header:8 slot:{} client:{} session:{} \n",
        usize::BITS,
        size_of::<Slot>(),
        size_of::<crate::client::Client>(),
        size_of::<crate::client::Session>()
    );
    cx.reply.bulk(text.trim_end_matches('\n').as_bytes());
    DONE
}
