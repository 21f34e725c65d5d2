//! Places on the globe as scores of sorted sets, distances between them, and the cells to search for a shape.
//!
//! A score is the number of a cell: the bits of longitude and latitude, 26 each, in turn. Cells of fewer bits hold those
//! with the same beginning, so that each is one range of scores. Latitudes end where the square map of the web ends.
//! The arithmetic is that of Redis step for step, since its results are compared digit by digit. Imports nothing.

use std::ops::Range;

/// Longitudes, in degrees.
pub const LON_MAX: f64 = 180.0;
/// Latitudes, in degrees.
pub const LAT_MAX: f64 = 85.051_128_78;

/// Bits of each coordinate in a score.
const STEP_MAX: u32 = 26;

/// Mean radius, in metres.
const EARTH_RADIUS: f64 = 6_372_797.560_856;

/// Half the circumference of the map, in metres.
const MERCATOR_MAX: f64 = 20_037_726.37;

/// A place, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
}

impl Point {
    /// Whether the place can be encoded.
    pub fn is_valid(self) -> bool {
        (-LON_MAX..=LON_MAX).contains(&self.lon) && (-LAT_MAX..=LAT_MAX).contains(&self.lat)
    }

    /// The score of the place's cell.
    pub fn score(self) -> f64 {
        Cell::at(self, STEP_MAX).bits() as f64
    }

    /// The middle of the cell of a score.
    pub fn of_score(score: f64) -> Point {
        let bits = if score < 0.0 { (score as i64).cast_unsigned() } else { score as u64 };
        let bounds = Cell::of_bits(bits, STEP_MAX).bounds();
        Point {
            lon: f64::midpoint(bounds.west, bounds.east).clamp(-LON_MAX, LON_MAX),
            lat: f64::midpoint(bounds.south, bounds.north).clamp(-LAT_MAX, LAT_MAX),
        }
    }

    /// The geohash text: the standard alphabet, in cells that reach to the poles. Its last letter is always `0`, since a
    /// score has no bits for it.
    pub fn geohash(self) -> [u8; 11] {
        const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let cell = Cell { x: grid(self.lon, LON_MAX, STEP_MAX), y: grid(self.lat, 90.0, STEP_MAX), step: STEP_MAX };
        let bits = cell.bits();
        let mut text = [b'0'; 11];
        for (at, letter) in text.iter_mut().take(10).enumerate() {
            *letter = ALPHABET[(bits >> (47 - 5 * at)) as usize & 31];
        }
        text
    }

    /// Metres to another place, along a great circle (haversine).
    pub fn distance(self, other: Point) -> f64 {
        let v = ((other.lon.to_rad() - self.lon.to_rad()) / 2.0).sin();
        if v == 0.0 {
            return lat_distance(self.lat, other.lat);
        }
        let (lat, other_lat) = (self.lat.to_rad(), other.lat.to_rad());
        let u = ((other_lat - lat) / 2.0).sin();
        let a = u * u + lat.cos() * other_lat.cos() * v * v;
        2.0 * EARTH_RADIUS * a.sqrt().asin()
    }
}

/// Metres between two latitudes.
fn lat_distance(lat: f64, other: f64) -> f64 {
    EARTH_RADIUS * (other.to_rad() - lat.to_rad()).abs()
}

/// Degrees and radians as Redis converts them: another order of operations gives other last digits.
trait Angle {
    const UNIT: f64 = std::f64::consts::PI / 180.0;
    fn to_rad(self) -> f64;
    fn to_deg(self) -> f64;
}

impl Angle for f64 {
    fn to_rad(self) -> f64 {
        self * Self::UNIT
    }

    fn to_deg(self) -> f64 {
        self / Self::UNIT
    }
}

/// The number of the strip that a coordinate from `-max` to `max` lies in, of `2^step` strips.
fn grid(coordinate: f64, max: f64, step: u32) -> u32 {
    ((coordinate + max) / (max + max) * f64::from(1u32 << step)) as u32
}

/// A rectangle, in degrees.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

/// A cell of the map of `2^step` by `2^step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    x: u32,
    y: u32,
    step: u32,
}

impl Cell {
    fn at(point: Point, step: u32) -> Cell {
        Cell { x: grid(point.lon, LON_MAX, step), y: grid(point.lat, LAT_MAX, step), step }
    }

    fn of_bits(bits: u64, step: u32) -> Cell {
        Cell { x: every_other(bits >> 1), y: every_other(bits), step }
    }

    /// The bits of both coordinates in turn, that of the longitude first.
    fn bits(self) -> u64 {
        spread(self.x) << 1 | spread(self.y)
    }

    /// The cell some cells further; the map has no edges.
    fn moved(self, dx: i32, dy: i32) -> Cell {
        let mask = (1u32 << self.step) - 1;
        let along = |at: u32, by: i32| if by == 0 { at } else { at.wrapping_add_signed(by) & mask };
        Cell { x: along(self.x, dx), y: along(self.y, dy), ..self }
    }

    fn bounds(self) -> Bounds {
        let cells = f64::from(1u32 << self.step);
        let edge = |at: u32, max: f64| -max + f64::from(at) / cells * (max + max);
        Bounds {
            west: edge(self.x, LON_MAX),
            south: edge(self.y, LAT_MAX),
            east: edge(self.x.wrapping_add(1), LON_MAX),
            north: edge(self.y.wrapping_add(1), LAT_MAX),
        }
    }

    /// The scores of what lies in the cell.
    fn scores(self) -> Range<f64> {
        let unused = 2 * (STEP_MAX - self.step);
        (self.bits() << unused) as f64..((self.bits() + 1) << unused) as f64
    }
}

/// The bits of a number, with a zero before each.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in SPREAD {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// The opposite: every other bit, from the lowest on.
fn every_other(bits: u64) -> u32 {
    let mut bits = bits & SPREAD[4].1;
    for at in (0..5).rev() {
        let mask = if at == 0 { u64::from(u32::MAX) } else { SPREAD[at - 1].1 };
        bits = (bits | bits >> SPREAD[at].0) & mask;
    }
    bits as u32
}

/// How far the halves, quarters ... of a number move apart, and where its bits are then.
const SPREAD: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
];

/// What is searched, in metres where it has a size.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Everything within a distance of the centre.
    Circle {
        /// That distance.
        radius: f64,
    },
    /// A rectangle around the centre, along the meridians.
    Box {
        /// From west to east.
        width: f64,
        /// From south to north.
        height: f64,
    },
    /// What its corners enclose, on the flat map.
    Polygon(Vec<Point>),
}

/// A shape in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// Where distances are measured from.
    pub center: Point,
    /// What is searched.
    pub shape: Shape,
}

impl Area {
    /// A polygon, measured from the middle of its corners on the globe.
    pub fn polygon(corners: Vec<Point>) -> Area {
        let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
        for corner in &corners {
            let (lon, lat) = (corner.lon.to_rad(), corner.lat.to_rad());
            x += lat.cos() * lon.cos();
            y += lat.cos() * lon.sin();
            z += lat.sin();
        }
        let center = Point { lon: f64::atan2(y, x).to_deg(), lat: f64::atan2(z, (x * x + y * y).sqrt()).to_deg() };
        Area { center, shape: Shape::Polygon(corners) }
    }

    /// Metres from the centre to a place inside; `None` outside.
    pub fn distance_inside(&self, point: Point) -> Option<f64> {
        let distance = || self.center.distance(point);
        match &self.shape {
            Shape::Circle { radius } => Some(distance()).filter(|distance| distance <= radius),
            Shape::Box { width, height } => {
                // The width is that at the latitude of the place.
                let across = Point { lon: self.center.lon, lat: point.lat };
                let is_inside =
                    lat_distance(point.lat, self.center.lat) <= height / 2.0 && point.distance(across) <= width / 2.0;
                is_inside.then(distance)
            }
            Shape::Polygon(corners) => is_enclosed(point, corners).then(distance),
        }
    }

    /// The rectangle around the shape.
    fn bounds(&self) -> Bounds {
        let (width, height) = match &self.shape {
            Shape::Circle { radius } => (*radius, *radius),
            Shape::Box { width, height } => (width / 2.0, height / 2.0),
            Shape::Polygon(corners) => {
                let none = Bounds { west: LON_MAX, south: LAT_MAX, east: -LON_MAX, north: -LAT_MAX };
                return corners.iter().fold(none, |around, corner| Bounds {
                    west: around.west.min(corner.lon),
                    south: around.south.min(corner.lat),
                    east: around.east.max(corner.lon),
                    north: around.north.max(corner.lat),
                });
            }
        };
        let Point { lon, lat } = self.center;
        let dlat = (height / EARTH_RADIUS).to_deg();
        // The side towards the pole spans more degrees... and the other one is what Redis takes in the south.
        let widest_at = if lat < 0.0 { lat - dlat } else { lat + dlat };
        let dlon = (width / EARTH_RADIUS / widest_at.to_rad().cos()).to_deg();
        Bounds { west: lon - dlon, south: lat - dlat, east: lon + dlon, north: lat + dlat }
    }

    /// Metres from the centre to the farthest corner.
    fn reach(&self, bounds: &Bounds) -> f64 {
        match &self.shape {
            Shape::Circle { radius } => *radius,
            Shape::Box { width, height } => ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt(),
            Shape::Polygon(_) => {
                let corners =
                    [bounds.west, bounds.east].map(|lon| [bounds.north, bounds.south].map(|lat| Point { lon, lat }));
                corners.as_flattened().iter().map(|&corner| self.center.distance(corner)).fold(0.0, f64::max)
            }
        }
    }

    /// Ranges of scores that hold everything inside the shape, and more: the centre's cell, then those around it that the
    /// shape may reach, in the order in which Redis looks at them.
    pub fn score_ranges(&self) -> Vec<Range<f64>> {
        let bounds = self.bounds();
        let mut step = step_for(self.reach(&bounds), self.center.lat);
        let mut cell = Cell::at(self.center, step);
        // Close to an edge of its cell the shape may reach beyond the next one.
        let is_too_small = cell.moved(0, 1).bounds().north < bounds.north
            || cell.moved(0, -1).bounds().south > bounds.south
            || cell.moved(1, 0).bounds().east < bounds.east
            || cell.moved(-1, 0).bounds().west > bounds.west;
        if step > 1 && is_too_small {
            step -= 1;
            cell = Cell::at(self.center, step);
        }
        let own = cell.bounds();
        let is_far = step >= 2;
        let reached = |dx: i32, dy: i32| {
            let beyond = (dy < 0 && own.south < bounds.south)
                || (dy > 0 && own.north > bounds.north)
                || (dx < 0 && own.west < bounds.west)
                || (dx > 0 && own.east > bounds.east);
            !(is_far && beyond)
        };
        let mut ranges = vec![cell.scores()];
        let mut last: Option<Cell> = None;
        for (dx, dy) in [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
            let next = cell.moved(dx, dy);
            // On a map of few cells two directions lead to the same one.
            if reached(dx, dy) && last != Some(next) {
                ranges.push(next.scores());
                last = Some(next);
            }
        }
        ranges
    }
}

/// Bits of each coordinate so that a cell and its neighbours cover so many metres around a place.
fn step_for(reach: f64, lat: f64) -> u32 {
    if reach == 0.0 {
        return STEP_MAX;
    }
    let (mut step, mut covered) = (1i32, reach);
    while covered < MERCATOR_MAX {
        covered *= 2.0;
        step += 1;
    }
    // The map is stretched towards the poles.
    step -= 2 + i32::from(lat.abs() > 66.0) + i32::from(lat.abs() > 80.0);
    step.clamp(1, STEP_MAX as i32).cast_unsigned()
}

/// Whether a line from the point to the east crosses the outline an odd number of times.
fn is_enclosed(point: Point, corners: &[Point]) -> bool {
    let mut inside = false;
    let previous = corners.iter().cycle().skip(corners.len().saturating_sub(1));
    for (a, b) in corners.iter().zip(previous) {
        let crosses = (a.lat > point.lat) != (b.lat > point.lat)
            && point.lon < (b.lon - a.lon) * (point.lat - a.lat) / (b.lat - a.lat) + a.lon;
        inside ^= crosses;
    }
    inside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PALERMO: Point = Point { lon: 13.361389, lat: 38.115556 };
    const CATANIA: Point = Point { lon: 15.087269, lat: 37.502669 };

    #[test]
    fn places_known_from_the_documentation() {
        assert_eq!((PALERMO.score(), CATANIA.score()), (3_479_099_956_230_698.0, 3_479_447_370_796_909.0));
        assert_eq!(Point::of_score(3_479_099_956_230_698.0).geohash(), *b"sqc8b49rny0");
        let stored = [PALERMO, CATANIA].map(|place| Point::of_score(place.score()));
        assert_eq!(format!("{:.4}", stored[0].distance(stored[1])), "166274.1516");
    }

    #[test]
    fn edges_of_the_map_are_on_it() {
        for (lon, lat) in [(-180.0, -85.051_128_78), (180.0, 85.051_128_78), (0.0, 0.0)] {
            let point = Point { lon, lat };
            let back = Point::of_score(point.score());
            assert!(point.is_valid() && back.is_valid());
            assert!(back.distance(point) < 1.0 || lon == 180.0, "{point:?} {back:?}");
        }
        assert!(!Point { lon: 180.1, lat: 0.0 }.is_valid() && !Point { lon: 0.0, lat: f64::NAN }.is_valid());
    }

    fn point() -> impl Strategy<Value = Point> {
        (-179.9..179.9, -84.9..84.9).prop_map(|(lon, lat)| Point { lon, lat })
    }

    proptest! {
        #[test]
        fn bits_come_apart_as_they_went_together(x in 0u32..1 << 26, y in 0u32..1 << 26) {
            let cell = Cell { x, y, step: STEP_MAX };
            prop_assert_eq!(Cell::of_bits(cell.bits(), STEP_MAX), cell);
            let naive = (0..26).fold(0, |bits, at| {
                bits | u64::from(x >> at & 1) << (2 * at + 1) | u64::from(y >> at & 1) << (2 * at)
            });
            prop_assert_eq!(cell.bits(), naive);
        }

        #[test]
        fn scores_stand_for_places_nearby(point in point()) {
            prop_assert!(Point::of_score(point.score()).distance(point) < 1.0);
        }

        #[test]
        fn what_is_inside_lies_in_the_ranges(center in point(), other in point(), share in 1.01..3.0, km in 0.1..500.0) {
            // Near the centre, away from the seam of the map.
            prop_assume!(center.lon.abs() < 160.0 && center.lat.abs() < 70.0);
            let near = Point { lon: center.lon + other.lon / 180.0 * km / 500.0, lat: center.lat + other.lat / 90.0 * km / 500.0 };
            let stored = Point::of_score(near.score());
            let area = Area { center, shape: Shape::Circle { radius: center.distance(stored) * share } };
            prop_assert!(area.distance_inside(stored).is_some());
            let score = near.score();
            prop_assert!(area.score_ranges().iter().any(|range| range.contains(&score)));
        }
    }

    #[test]
    fn polygons_enclose_by_the_odd_rule() {
        let corners = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)].map(|(lon, lat)| Point { lon, lat });
        let area = Area::polygon(corners.to_vec());
        let inside = |lon, lat| area.distance_inside(Point { lon, lat }).is_some();
        assert!(inside(1.0, 1.0) && inside(3.5, 3.0) && inside(0.5, 3.0));
        assert!(!inside(2.0, 3.0) && !inside(5.0, 1.0) && !inside(1.0, -1.0));
    }
}
