//! Places: GEOADD, GEOPOS, GEOHASH, GEODIST, GEOSEARCH, GEOSEARCHSTORE, GEORADIUS and its kin.

use crate::harness::{Gate, both};
use crate::sorted_set::{WRONG_TYPE, expect_pairs};

/// Two towns of Sicily.
fn filled(t: &mut Gate) {
    t.expect("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "(integer) 2");
}

#[test]
fn places_are_members_with_scores() {
    both(|t| {
        filled(t);
        t.expect("TYPE g", "zset");
        let both = [("Palermo", 3_479_099_956_230_698.0), ("Catania", 3_479_447_370_796_909.0)];
        expect_pairs(t, "ZRANGE g 0 -1 WITHSCORES", &both);
        t.expect("GEOADD g NX 1 1 Palermo 1 1 other", "(integer) 1");
        t.expect("GEOADD g XX CH 2 2 other 1 1 none", "(integer) 1");
        t.expect("ZCARD g", "(integer) 3");
        for request in ["GEOADD g 1 2 3 4", "GEOADD g NX XX 1 1 m", "GEOADD g CH NX CH"] {
            t.expect_error(request, "ERR syntax error");
        }
        t.expect_error("GEOADD g x 1 m", "ERR value is not a valid float");
        let text = "ERR invalid longitude,latitude pair 200.000000,-100.500000";
        t.expect_error("GEOADD g 1 1 m 200 -100.5 n", text);
        t.expect("ZSCORE g m", "(nil)");
    });
}

#[test]
fn positions_hashes_and_distances() {
    both(|t| {
        filled(t);
        t.expect_in(
            "GEOPOS g Palermo none",
            "1) 1) \"13.36138933897018433\"\n2) \"38.11555639549629859\"\n2) (nil)",
            "1) 1) (double) 13.361389338970184\n2) (double) 38.1155563954963\n2) (nil)",
        );
        if t.protocol() == 3 {
            t.expect_raw("GEOPOS g Catania", "*1\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n");
        }
        t.expect("GEOPOS g", "(empty array)");
        t.expect("GEOPOS none a", "1) (nil)");
        t.expect("GEOHASH g Palermo none Catania", "1) \"sqc8b49rny0\"\n2) (nil)\n3) \"sqdtr74hyu0\"");
        t.expect("GEODIST g Palermo Catania", "\"166274.1516\"");
        t.expect("GEODIST g Palermo Catania km", "\"166.2742\"");
        t.expect("GEODIST g Palermo Catania MI", "\"103.3182\"");
        t.expect("GEODIST g Palermo Catania ft", "\"545518.8700\"");
        t.expect("GEODIST g Palermo Palermo", "\"0.0000\"");
        t.expect("GEODIST g Palermo none", "(nil)");
        t.expect("GEODIST none Palermo Catania", "(nil)");
        t.expect_error("GEODIST g a b furlong", "ERR unsupported unit provided. please use M, KM, FT, MI");
        t.expect_error("GEODIST g a b m m", "ERR syntax error");
    });
}

#[test]
fn searches_in_circles_and_boxes() {
    both(|t| {
        filled(t);
        t.expect_list("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC", &["Catania", "Palermo"]);
        t.expect_list("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC", &["Palermo", "Catania"]);
        t.expect_list("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 100 km", &["Catania"]);
        t.expect_list("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200000 m COUNT 1", &["Palermo"]);
        t.expect_list("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1", &["Catania"]);
        t.expect_list("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 100 km", &[]);
        assert_eq!(t.run("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1 ANY"), t.run("ZRANGE g 0 0"));
        t.expect("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 m WITHDIST", "1) 1) \"Palermo\"\n2) \"0.0000\"");
        t.expect_in(
            "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 100 km WITHCOORD WITHDIST WITHHASH",
            "1) 1) \"Catania\"\n2) \"56.4413\"\n3) (integer) 3479447370796909\n4) 1) \"15.08726745843887329\"\n\
             2) \"37.50266842333162032\"",
            "1) 1) \"Catania\"\n2) \"56.4413\"\n3) (integer) 3479447370796909\n4) 1) (double) 15.087267458438873\n\
             2) (double) 37.50266842333162",
        );
        t.expect("GEOSEARCH none FROMMEMBER x BYRADIUS 1 m", "(empty array)");
    });
}

#[test]
fn searches_in_polygons() {
    both(|t| {
        filled(t);
        t.expect_list("GEOSEARCH g BYPOLYGON 4 14 37 16 37 16 38 14 38", &["Catania"]);
        t.expect_list("GEOSEARCH g BYPOLYGON 3 12 36 18 37 12 40 ASC", &["Palermo", "Catania"]);
        let few = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
        t.expect_error("GEOSEARCH g BYPOLYGON 2 1 1 2 2", few);
        t.expect_error("GEOSEARCH g BYPOLYGON 4 1 1 2 2 3 3", few);
        t.expect_error("GEOSEARCH g BYPOLYGON x 1 1 2 2 3 3", "ERR invalid number of vertices");
        t.expect_error("GEOSEARCH g FROMLONLAT 1 1 BYPOLYGON 3 1 1 2 2 3 3", "ERR syntax error");
        t.expect_error("GEOSEARCH g BYPOLYGON 3 1 1 2 2 3 3 BYRADIUS 1 m", "ERR syntax error");
    });
}

#[test]
fn results_are_stored() {
    both(|t| {
        filled(t);
        t.expect("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km", "(integer) 2");
        assert_eq!(t.run("ZSCORE d Palermo"), t.run("ZSCORE g Palermo"));
        t.expect("GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 1 km STOREDIST", "(integer) 1");
        expect_pairs(t, "ZRANGE d 0 -1 WITHSCORES", &[("Palermo", 0.0)]);
        t.expect("GEORADIUS g 15 37 200 km STORE e", "(integer) 2");
        t.expect("GEORADIUSBYMEMBER g Catania 10 km STOREDIST e", "(integer) 1");
        expect_pairs(t, "ZRANGE e 0 -1 WITHSCORES", &[("Catania", 0.0)]);
        t.expect("GEORADIUS g 15 37 1 m STORE e", "(integer) 0");
        t.expect("EXISTS e", "(integer) 0");
        t.expect("GEOSEARCHSTORE d none FROMLONLAT 1 1 BYRADIUS 1 m", "(integer) 0");
        t.expect("EXISTS d", "(integer) 0");
        let text = "is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
        let search = "GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 1 m WITHDIST";
        t.expect_error(search, &format!("ERR GEOSEARCHSTORE {text}"));
        t.expect_error("GEORADIUS g 1 1 1 m STORE d WITHHASH", &format!("ERR STORE option in GEORADIUS {text}"));
    });
}

#[test]
fn old_forms() {
    both(|t| {
        filled(t);
        t.expect_list("GEORADIUS g 15 37 200 km ASC", &["Catania", "Palermo"]);
        t.expect_list("GEORADIUS_RO g 15 37 100 km", &["Catania"]);
        t.expect_list("GEORADIUSBYMEMBER g Palermo 200 km DESC COUNT 1", &["Catania"]);
        t.expect_list("GEORADIUSBYMEMBER_RO g Palermo 1 km", &["Palermo"]);
        t.expect("GEORADIUSBYMEMBER none x y z", "(empty array)");
        t.expect_error("GEORADIUS_RO g 15 37 1 km STORE d", "ERR syntax error");
        t.expect_error("GEORADIUSBYMEMBER g none 1 km", "ERR could not decode requested zset member");
        // Only the first of several destinations is declared.
        t.expect_error("GEORADIUS g 15 37 200 km STORE d STORE e", "ERR syntax error");
    });
}

#[test]
fn arguments_that_do_not_fit() {
    both(|t| {
        filled(t);
        t.expect("SET s x", "OK");
        for request in ["GEOADD s 1 1 m", "GEOPOS s a", "GEODIST s a b", "GEORADIUS s x x x x", "GEOSEARCH s a b c d e"]
        {
            t.expect_error(request, WRONG_TYPE);
        }
        let from = "exactly one of FROMMEMBER or FROMLONLAT can be specified for";
        t.expect_error("geoSEARCH g BYRADIUS 1 m ASC DESC", &format!("ERR {from} geoSEARCH"));
        let by = "exactly one of BYRADIUS and BYBOX can be specified for";
        t.expect_error("GEOSEARCH g FROMMEMBER Palermo ASC DESC ASC", &format!("ERR {by} GEOSEARCH"));
        for (shape, text) in [
            ("BYRADIUS x m", "need numeric radius"),
            ("BYRADIUS -1 m", "radius cannot be negative"),
            ("BYRADIUS 1 parsec", "unsupported unit provided. please use M, KM, FT, MI"),
            ("BYBOX x 1 m", "need numeric width"),
            ("BYBOX 1 x m", "need numeric height"),
            ("BYBOX 1 -1 m", "height or width cannot be negative"),
            ("BYRADIUS 1 m COUNT 0", "COUNT must be > 0"),
            ("BYRADIUS 1 m COUNT x", "value is not an integer or out of range"),
            ("BYRADIUS 1 m ANY", "the ANY argument requires COUNT argument"),
            ("BYRADIUS 1 m BYBOX 1 1 m", "syntax error"),
            ("BYRADIUS 1 m FROMMEMBER Palermo", "syntax error"),
            ("BYRADIUS 1 m STOREDIST", "syntax error"),
        ] {
            t.expect_error(&format!("GEOSEARCH g FROMLONLAT 15 37 {shape}"), &format!("ERR {text}"));
        }
    });
}
