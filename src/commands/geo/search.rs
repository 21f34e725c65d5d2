//! Places inside a shape: GEOSEARCH, GEOSEARCHSTORE, and GEORADIUS with its kin.

use std::ops::Bound;

use super::{metres_of, read_point, reply_distance, reply_point};
use crate::commands::prelude::*;
use crate::commands::sorted_set::{limits, reply_element, store};
use crate::types::geo::{Area, Point, Shape};
use crate::types::packed::Element;
use crate::types::zset::{ScoreRange, ZSet};
use crate::util::number;

/// Corners that make a polygon.
const VERTICES_MIN: usize = 3;

/// Options that all forms share.
#[derive(Debug, Default)]
struct Options<'a> {
    with_distance: bool,
    with_hash: bool,
    with_position: bool,
    nearest_first: Option<bool>,
    count: Option<usize>,
    any: bool,
    store: Option<Key<'a>>,
    store_distance: bool,
}

impl<'a> Options<'a> {
    /// Takes the next argument if it is one of them.
    fn take(&mut self, args: &mut Args<'a>) -> Result<bool, Error> {
        if args.eat("WITHDIST") {
            self.with_distance = true;
        } else if args.eat("WITHHASH") {
            self.with_hash = true;
        } else if args.eat("WITHCOORD") {
            self.with_position = true;
        } else if args.eat("ANY") {
            self.any = true;
        } else if args.eat("ASC") {
            self.nearest_first = Some(true);
        } else if args.eat("DESC") {
            self.nearest_first = Some(false);
        } else if args.eat_with_value("COUNT") {
            let count = usize::try_from(args.integer()?).ok().filter(|&count| count > 0);
            self.count = Some(count.ok_or(error::GEO_COUNT)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn shows(&self) -> usize {
        usize::from(self.with_distance) + usize::from(self.with_hash) + usize::from(self.with_position)
    }
}

/// A search: where, what, and the metres in the unit of its distances. Without an area there is no key to search.
#[derive(Debug)]
struct Search<'a> {
    area: Option<Area>,
    metres: f64,
    options: Options<'a>,
    event: Event,
}

/// A place that was found.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    member: Element<'a>,
    score: f64,
    point: Point,
    distance: f64,
}

pub(super) fn georadius(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    radius(cx, args, false, true)
}

pub(super) fn georadius_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    radius(cx, args, false, false)
}

pub(super) fn georadiusbymember(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    radius(cx, args, true, true)
}

pub(super) fn georadiusbymember_ro(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    radius(cx, args, true, false)
}

/// The old forms. As in Redis a key of another type is seen before any argument, and without the key a member and a
/// radius around it are not looked at.
fn radius(cx: &mut Cx<'_>, args: &mut Args<'_>, by_member: bool, may_store: bool) -> Outcome {
    let key = args.key()?;
    let zset = cx.db.read::<ZSet>(key)?;
    let mut search = Search { area: None, metres: 1.0, options: Options::default(), event: events::GEORADIUSSTORE };
    if by_member && zset.is_none() {
        args.skip(3);
    } else {
        let center = if by_member { place(zset, args.take()?)? } else { read_point(args)? };
        let (radius, metres) = read_radius(args)?;
        search.area = Some(Area { center, shape: Shape::Circle { radius: radius * metres } });
        search.metres = metres;
    }
    let options = &mut search.options;
    while args.more() {
        if options.take(args)? {
        } else if may_store && args.eat_with_value("STORE") {
            (options.store, options.store_distance) = (Some(args.option_key()?), false);
        } else if may_store && args.eat_with_value("STOREDIST") {
            (options.store, options.store_distance) = (Some(args.option_key()?), true);
        } else {
            return Err(error::SYNTAX);
        }
    }
    if options.store.is_some() && options.shows() > 0 {
        return Err(Error::store_with_options("STORE option in GEORADIUS"));
    }
    run(cx, key, &search)
}

pub(super) fn geosearch(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    search(cx, args, key, None)
}

pub(super) fn geosearchstore(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let destination = args.key()?;
    let key = args.key()?;
    search(cx, args, key, Some(destination))
}

fn search<'a>(cx: &mut Cx<'_>, args: &mut Args<'a>, key: Key<'a>, destination: Option<Key<'a>>) -> Outcome {
    let zset = cx.db.read::<ZSet>(key)?;
    let mut options = Options { store: destination, ..Options::default() };
    // A member of a missing key is no centre, but said to be one.
    let (mut from_member, mut from_position, mut center) = (false, false, None);
    let (mut shape, mut metres) = (None, 1.0);
    while args.more() {
        let is_polygon = matches!(shape, Some(Shape::Polygon(_)));
        if options.take(args)? {
        } else if destination.is_some() && args.eat("STOREDIST") {
            options.store_distance = true;
        } else if !from_position && !is_polygon && args.eat_with_value("FROMMEMBER") {
            let member = args.take()?;
            from_member = true;
            if zset.is_some() {
                center = Some(place(zset, member)?);
            }
        } else if !from_member && !is_polygon && args.remaining() > 2 && args.eat("FROMLONLAT") {
            center = Some(read_point(args)?);
            from_position = true;
        } else if !matches!(shape, Some(Shape::Box { .. } | Shape::Polygon(_)))
            && args.remaining() > 2
            && args.eat("BYRADIUS")
        {
            let radius;
            (radius, metres) = read_radius(args)?;
            shape = Some(Shape::Circle { radius: radius * metres });
        } else if !matches!(shape, Some(Shape::Circle { .. } | Shape::Polygon(_)))
            && args.remaining() > 3
            && args.eat("BYBOX")
        {
            let size;
            (size, metres) = read_box(args)?;
            shape = Some(Shape::Box { width: size[0] * metres, height: size[1] * metres });
        } else if shape.is_none() && !from_member && !from_position && args.remaining() > 2 && args.eat("BYPOLYGON") {
            shape = Some(Shape::Polygon(read_polygon(args)?));
        } else {
            return Err(error::SYNTAX);
        }
    }
    let name = args.argv().get(0);
    if destination.is_some() && options.shows() > 0 {
        return Err(Error::store_with_options("GEOSEARCHSTORE"));
    }
    if !from_member && !from_position && !matches!(shape, Some(Shape::Polygon(_))) {
        return Err(Error::exactly_one_of("FROMMEMBER or FROMLONLAT", name));
    }
    let area = match shape {
        None => return Err(Error::exactly_one_of("BYRADIUS and BYBOX", name)),
        Some(Shape::Polygon(corners)) => Some(Area::polygon(corners)),
        Some(shape) => center.map(|center| Area { center, shape }),
    };
    run(cx, key, &Search { area, metres, options, event: events::GEOSEARCHSTORE })
}

fn place(zset: Option<&ZSet>, member: &[u8]) -> Result<Point, Error> {
    zset.and_then(|zset| zset.score(member)).map(Point::of_score).ok_or(error::NO_SUCH_PLACE)
}

/// Reads a radius and its unit.
fn read_radius(args: &mut Args<'_>) -> Result<(f64, f64), Error> {
    let radius = number::parse_f64(args.take()?).ok_or(error::RADIUS_NOT_NUMERIC)?;
    if radius < 0.0 {
        return Err(error::RADIUS_NEGATIVE);
    }
    Ok((radius, metres_of(args.take()?)?))
}

/// Reads width, height and their unit.
fn read_box(args: &mut Args<'_>) -> Result<([f64; 2], f64), Error> {
    let width = number::parse_f64(args.take()?).ok_or(error::WIDTH_NOT_NUMERIC)?;
    let height = number::parse_f64(args.take()?).ok_or(error::HEIGHT_NOT_NUMERIC)?;
    if width < 0.0 || height < 0.0 {
        return Err(error::BOX_NEGATIVE);
    }
    Ok(([width, height], metres_of(args.take()?)?))
}

/// Reads a number of corners, and the corners.
fn read_polygon(args: &mut Args<'_>) -> Result<Vec<Point>, Error> {
    let count = number::parse_i64(args.take()?).and_then(|count| i32::try_from(count).ok());
    let count = usize::try_from(count.ok_or(error::VERTICES_NOT_NUMERIC)?).unwrap_or(0);
    if count < VERTICES_MIN || args.remaining() / 2 < count {
        return Err(error::TOO_FEW_VERTICES);
    }
    (0..count).map(|_| read_point(args)).collect()
}

fn run(cx: &mut Cx<'_>, key: Key<'_>, search: &Search<'_>) -> Outcome {
    let options = &search.options;
    if options.any && options.count.is_none() {
        return Err(error::ANY_WITHOUT_COUNT);
    }
    let (budget, limits) = (cx.budget(), limits(cx));
    let found = match cx.db.get::<ZSet>(key).zip(search.area.as_ref()) {
        Some((zset, area)) => find(zset, area, options, |members| budget.cost(members))?,
        None => Vec::new(),
    };
    let Some(destination) = options.store else {
        cx.reply.array(found.len());
        for place in &found {
            if options.shows() > 0 {
                cx.reply.array(1 + options.shows());
            }
            reply_element(&mut cx.reply, place.member);
            if options.with_distance {
                reply_distance(&mut cx.reply, place.distance / search.metres);
            }
            if options.with_hash {
                cx.reply.integer(place.score as i64);
            }
            if options.with_position {
                reply_point(&mut cx.reply, place.point);
            }
        }
        return DONE;
    };
    let mut result = ZSet::new();
    for place in &found {
        let score = if options.store_distance { place.distance / search.metres } else { place.score };
        result.insert(place.member.text(&mut itoa::Buffer::new()), score, limits);
    }
    let len = result.len() as u64;
    store(cx, destination, result, search.event);
    cx.db.effects.dirty += len.saturating_sub(1);
    DONE
}

/// The places inside an area, in the order asked for and as many.
fn find<'z>(
    zset: &'z ZSet,
    area: &Area,
    options: &Options<'_>,
    cost: impl FnOnce(usize) -> Result<(), Error>,
) -> Result<Vec<Found<'z>>, Error> {
    let ranges = area.score_ranges();
    let scores =
        ranges.iter().map(|range| ScoreRange { min: Bound::Included(range.start), max: Bound::Excluded(range.end) });
    let ranks: Vec<_> = scores.map(|range| zset.score_range(&range)).collect();
    cost(ranks.iter().map(ExactSizeIterator::len).sum())?;

    let limit = options.count.unwrap_or(usize::MAX);
    let enough = if options.any { limit } else { usize::MAX };
    let mut found = Vec::new();
    for ranks in ranks {
        zset.visit(ranks, false, |member, score| {
            let point = Point::of_score(score);
            if found.len() < enough
                && let Some(distance) = area.distance_inside(point)
            {
                found.push(Found { member, score, point, distance });
            }
        });
    }
    // A limit without an order means the nearest, unless any will do.
    let nearest_first = options.nearest_first.or((options.count.is_some() && !options.any).then_some(true));
    let by_distance = |one: &Found<'_>, other: &Found<'_>| one.distance.total_cmp(&other.distance);
    match nearest_first {
        Some(true) => found.sort_by(by_distance),
        Some(false) => found.sort_by(|one, other| by_distance(other, one)),
        None => {}
    }
    found.truncate(limit);
    Ok(found)
}
