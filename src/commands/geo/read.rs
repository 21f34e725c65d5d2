//! Questions about single places: GEOPOS, GEOHASH, GEODIST.

use super::{metres_of, reply_distance, reply_point};
use crate::commands::prelude::*;
use crate::types::geo::Point;
use crate::types::zset::ZSet;

pub(super) fn geopos(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    cx.cost(args.remaining())?;

    let zset = cx.db.read::<ZSet>(key)?;

    cx.reply.array(args.remaining());
    for member in args.rest() {
        match place(zset, member) {
            Some(point) => reply_point(&mut cx.reply, point),
            None => cx.reply.null_array(),
        }
    }
    DONE
}

pub(super) fn geohash(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    cx.cost(args.remaining())?;

    let zset = cx.db.read::<ZSet>(key)?;

    cx.reply.array(args.remaining());
    for member in args.rest() {
        match place(zset, member) {
            Some(point) => cx.reply.bulk(point.geohash()),
            None => cx.reply.null(),
        }
    }
    DONE
}

pub(super) fn geodist(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let (one, other) = (args.take()?, args.take()?);
    if args.remaining() > 1 {
        return Err(error::SYNTAX);
    }
    let metres = if args.more() { metres_of(args.take()?)? } else { 1.0 };

    let zset = cx.db.read::<ZSet>(key)?;

    match place(zset, one).zip(place(zset, other)) {
        Some((one, other)) => reply_distance(&mut cx.reply, one.distance(other) / metres),
        None => cx.reply.null(),
    }
    DONE
}

fn place(zset: Option<&ZSet>, member: &[u8]) -> Option<Point> {
    zset?.score(member).map(Point::of_score)
}
