//! Places: the rows. They are members of sorted sets, with their positions as scores. Handlers are in the files by topic.

mod add;
mod read;
mod search;

use add::geoadd;
use read::{geodist, geohash, geopos};
use search::{georadius, georadius_ro, georadiusbymember, georadiusbymember_ro, geosearch, geosearchstore};

use super::prelude::*;
use crate::resp::{Protocol, Reply};
use crate::types::geo::Point;
use crate::util::long_double::LongDouble;

/// Places.
pub const GROUP: Group = Group { name: "geo", category: Categories::GEO, commands: COMMANDS };

/// Reads longitude and latitude.
fn read_point(args: &mut Args<'_>) -> Result<Point, Error> {
    let point = Point { lon: args.float()?, lat: args.float()? };
    if point.is_valid() { Ok(point) } else { Err(Error::invalid_position(point.lon, point.lat)) }
}

/// Metres in a unit of length.
fn metres_of(unit: &[u8]) -> Result<f64, Error> {
    let units = [(&b"m"[..], 1.0), (b"km", 1000.0), (b"ft", 0.3048), (b"mi", 1609.34)];
    let known = units.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name));
    known.map(|&(_, metres)| metres).ok_or(error::UNKNOWN_UNIT)
}

/// Writes longitude and latitude with all their digits.
fn reply_point(reply: &mut Reply<'_>, point: Point) {
    reply.array(2);
    for degrees in [point.lon, point.lat] {
        let mut text = Vec::new();
        LongDouble::from(degrees).write(&mut text);
        match reply.protocol() {
            Protocol::Resp2 => reply.bulk(text),
            Protocol::Resp3 => reply.raw(&[b",", &text[..], b"\r\n"].concat()),
        }
    }
}

/// Writes a distance with four digits behind the point.
fn reply_distance(reply: &mut Reply<'_>, distance: f64) {
    reply.bulk(format!("{distance:.4}"));
}

const COMMANDS: &[Command] = &[
    Command {
        name: "GEOADD",
        arity: -5,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, RW.or(UPDATE))],
        run: Run::Keys(geoadd),
        doc: Doc {
            since: "3.2.0",
            summary: "Adds places, or moves them, in a sorted set by their positions.",
            complexity: "O(log(N)) a place, N members of the set",
            args: &[
                Arg::key("key", 0),
                Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional().since("6.2.0"),
                Arg::word("change", "CH").optional().since("6.2.0"),
                Arg::block(
                    "longitude_latitude_member",
                    &[Arg::double("longitude"), Arg::double("latitude"), Arg::string("member")],
                )
                .multiple(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEODIST",
        arity: -4,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(geodist),
        doc: Doc {
            since: "3.2.0",
            summary: "Tells the distance between two places.",
            complexity: "O(log(N)), N members",
            args: &[Arg::key("key", 0), Arg::string("member1"), Arg::string("member2"), UNIT.optional()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEOHASH",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(geohash),
        doc: Doc {
            since: "3.2.0",
            summary: "Tells the geohash strings of places.",
            complexity: "O(log(N)) a place, N members",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEOPOS",
        arity: -2,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(geopos),
        doc: Doc {
            since: "3.2.0",
            summary: "Tells longitude and latitude of places.",
            complexity: "O(log(N)) a place, N members",
            args: &[Arg::key("key", 0), Arg::string("member").multiple()],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEORADIUS",
        arity: -6,
        flags: WRITE.or(DENYOOM),
        keys: &[
            KeySpec::at(1, RO.or(ACCESS)),
            KeySpec {
                notes: "",
                flags: OW.or(UPDATE),
                begin: BeginSearch::Keyword { word: "STORE", start: 6 },
                find: FindKeys::Range { last: 0, step: 1, limit: 0 },
            },
            KeySpec {
                notes: "",
                flags: OW.or(UPDATE),
                begin: BeginSearch::Keyword { word: "STOREDIST", start: 6 },
                find: FindKeys::Range { last: 0, step: 1, limit: 0 },
            },
        ],
        run: Run::Keys(georadius),
        doc: Doc {
            since: "3.2.0",
            summary: "Finds or stores the places in a circle around a position (old).",
            complexity: "O(N+log(M)), N places near the circle, M in the result",
            deprecated_since: "6.2.0",
            replaced_by: "`GEOSEARCH` or `GEOSEARCHSTORE` with `BYRADIUS`",
            args: &[
                Arg::key("key", 0),
                Arg::double("longitude"),
                Arg::double("latitude"),
                Arg::double("radius"),
                UNIT,
                Arg::word("withcoord", "WITHCOORD").optional(),
                Arg::word("withdist", "WITHDIST").optional(),
                Arg::word("withhash", "WITHHASH").optional(),
                COUNT_ANY_6_2,
                ORDER,
                Arg::key("key", 1).token("STORE").optional(),
                Arg::key("key", 2).token("STOREDIST").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEORADIUSBYMEMBER",
        arity: -5,
        flags: WRITE.or(DENYOOM),
        keys: &[
            KeySpec::at(1, RO.or(ACCESS)),
            KeySpec {
                notes: "",
                flags: OW.or(UPDATE),
                begin: BeginSearch::Keyword { word: "STORE", start: 5 },
                find: FindKeys::Range { last: 0, step: 1, limit: 0 },
            },
            KeySpec {
                notes: "",
                flags: OW.or(UPDATE),
                begin: BeginSearch::Keyword { word: "STOREDIST", start: 5 },
                find: FindKeys::Range { last: 0, step: 1, limit: 0 },
            },
        ],
        run: Run::Keys(georadiusbymember),
        doc: Doc {
            since: "3.2.0",
            summary: "Finds or stores the places in a circle around a member (old).",
            complexity: "O(N+log(M)), N places near the circle, M in the result",
            deprecated_since: "6.2.0",
            replaced_by: "`GEOSEARCH` or `GEOSEARCHSTORE` with `FROMMEMBER`",
            args: &[
                Arg::key("key", 0),
                Arg::string("member"),
                Arg::double("radius"),
                UNIT,
                Arg::word("withcoord", "WITHCOORD").optional(),
                Arg::word("withdist", "WITHDIST").optional(),
                Arg::word("withhash", "WITHHASH").optional(),
                COUNT_ANY,
                ORDER,
                Arg::key("key", 1).token("STORE").optional(),
                Arg::key("key", 2).token("STOREDIST").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEORADIUSBYMEMBER_RO",
        arity: -5,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(georadiusbymember_ro),
        doc: Doc {
            since: "3.2.10",
            summary: "Finds the places in a circle around a member (old).",
            complexity: "O(N+log(M)), N places near the circle, M in the result",
            deprecated_since: "6.2.0",
            replaced_by: "`GEOSEARCH` with `FROMMEMBER`",
            args: &[
                Arg::key("key", 0),
                Arg::string("member"),
                Arg::double("radius"),
                UNIT,
                Arg::word("withcoord", "WITHCOORD").optional(),
                Arg::word("withdist", "WITHDIST").optional(),
                Arg::word("withhash", "WITHHASH").optional(),
                COUNT_ANY,
                ORDER,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEORADIUS_RO",
        arity: -6,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(georadius_ro),
        doc: Doc {
            since: "3.2.10",
            summary: "Finds the places in a circle around a position (old).",
            complexity: "O(N+log(M)), N places near the circle, M in the result",
            deprecated_since: "6.2.0",
            replaced_by: "`GEOSEARCH` with `BYRADIUS`",
            args: &[
                Arg::key("key", 0),
                Arg::double("longitude"),
                Arg::double("latitude"),
                Arg::double("radius"),
                UNIT,
                Arg::word("withcoord", "WITHCOORD").optional(),
                Arg::word("withdist", "WITHDIST").optional(),
                Arg::word("withhash", "WITHHASH").optional(),
                COUNT_ANY_6_2,
                ORDER,
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEOSEARCH",
        arity: -7,
        flags: READONLY,
        keys: &[KeySpec::at(1, RO.or(ACCESS))],
        run: Run::Keys(geosearch),
        doc: Doc {
            since: "6.2.0",
            summary: "Finds the places inside a circle, box or polygon.",
            complexity: "O(N+log(M)), N places near the shape, M in the result",
            args: &[
                Arg::key("key", 0),
                Arg::one_of("from", &[Arg::string("member").token("FROMMEMBER"), FROM_POSITION]).optional(),
                SHAPE,
                ORDER,
                COUNT_ANY,
                Arg::word("withcoord", "WITHCOORD").optional(),
                Arg::word("withdist", "WITHDIST").optional(),
                Arg::word("withhash", "WITHHASH").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
    Command {
        name: "GEOSEARCHSTORE",
        arity: -8,
        flags: WRITE.or(DENYOOM),
        keys: &[KeySpec::at(1, OW.or(UPDATE)), KeySpec::at(2, RO.or(ACCESS))],
        run: Run::Keys(geosearchstore),
        doc: Doc {
            since: "6.2.0",
            summary: "Stores the places inside a circle, box or polygon.",
            complexity: "O(N+log(M)), N places near the shape, M in the result",
            args: &[
                Arg::key("destination", 0),
                Arg::key("source", 1),
                Arg::one_of("from", &[Arg::string("member").token("FROMMEMBER"), FROM_POSITION]).optional(),
                SHAPE,
                ORDER,
                COUNT_ANY,
                Arg::word("storedist", "STOREDIST").optional(),
            ],
            ..Doc::BASE
        },
        ..Command::BASE
    },
];

const ORDER: Arg = Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional();

const COUNT_ANY: Arg =
    Arg::block("count", &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()]).optional();

const FROM_POSITION: Arg =
    Arg::block("longitude_latitude", &[Arg::double("longitude"), Arg::double("latitude")]).token("FROMLONLAT");

const COUNT_ANY_6_2: Arg =
    Arg::block("count", &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional().since("6.2.0")])
        .optional();

const UNIT: Arg =
    Arg::one_of("unit", &[Arg::word("m", "M"), Arg::word("km", "KM"), Arg::word("ft", "FT"), Arg::word("mi", "MI")]);

const POLYGON: Arg = Arg::block(
    "polygon",
    &[
        Arg::integer("num-vertices").token("BYPOLYGON"),
        Arg::block("vertices", &[Arg::double("longitude"), Arg::double("latitude")]).multiple(),
    ],
)
.since("9.0.0");

const SHAPE: Arg = Arg::one_of(
    "by",
    &[
        Arg::block("circle", &[Arg::double("radius").token("BYRADIUS"), UNIT]),
        Arg::block("box", &[Arg::double("width").token("BYBOX"), Arg::double("height"), UNIT]),
        POLYGON,
    ],
);
