//! MEMORY.

use nyala::resp::decode::Value;

use crate::harness::both;

#[test]
fn usage_grows_with_the_value() {
    both(|t| {
        t.run("SET small 1");
        t.run("SET expiring 1 EX 100");
        t.run_args(&[b"SET", b"big", &[b'x'; 100_000]]);
        let (small, big) = (t.integer("MEMORY USAGE small"), t.integer("MEMORY USAGE big"));
        assert!((20..60).contains(&small), "{small}");
        assert!((100_000..110_000).contains(&big), "{big}");
        assert!(t.integer("MEMORY USAGE expiring") > small);
        assert_eq!(t.integer("MEMORY USAGE small SAMPLES 0"), small);
        t.expect("MEMORY USAGE none", "(nil)");
        t.expect_in("MEMORY USAGE none SAMPLES 5", "(nil)", "(nil)");
        t.expect_error("MEMORY USAGE small SAMPLES", "ERR syntax error");
        t.expect_error("MEMORY USAGE small SAMPLES -1", "ERR syntax error");
        t.expect_error("MEMORY USAGE small SAMPLES x", "ERR value is not an integer or out of range");
        t.expect_error("MEMORY USAGE small other", "ERR syntax error");
    });
}

#[test]
fn usage_is_no_access() {
    both(|t| {
        t.run("SET k v");
        t.run("MEMORY USAGE k");
        t.run("MEMORY USAGE none");
        let text = t.text("INFO stats");
        assert!(text.contains("keyspace_hits:0\r\n") && text.contains("keyspace_misses:0\r\n"));
    });
}

#[test]
fn stats_is_a_map_of_figures() {
    both(|t| {
        t.run("SET k v EX 100");
        let pairs = match t.run("MEMORY STATS") {
            Value::Map(pairs) if t.protocol() == 3 => pairs,
            Value::Array(flat) if t.protocol() == 2 => {
                flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
            }
            other => panic!("{other:?}"),
        };
        let get = |name: &str| {
            let name = Value::Bulk(name.as_bytes().into());
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
        };
        assert_eq!(get("keys.count"), Some(Value::Integer(1)));
        assert!(matches!(get("peak.allocated"), Some(Value::Integer(1..))));
        assert!(matches!(get("total.allocated"), Some(Value::Integer(1..))));
        match (t.protocol(), get("dataset.percentage"), get("db.0")) {
            (2, Some(Value::Bulk(_)), Some(Value::Array(db))) => assert_eq!(db.len(), 6),
            (3, Some(Value::Double(_)), Some(Value::Map(db))) => assert_eq!(db.len(), 3),
            other => panic!("{other:?}"),
        }
        assert_eq!(get("db.1"), None);
    });
}

#[test]
fn doctor_and_malloc_stats_are_texts() {
    both(|t| {
        let mark = if t.protocol() == 3 { b'=' } else { b'$' };
        for request in ["MEMORY DOCTOR", "MEMORY MALLOC-STATS"] {
            assert_eq!(t.raw(request)[0], mark, "{request}");
        }
        assert!(t.text("MEMORY MALLOC-STATS").contains("jemalloc statistics"));
        assert!(t.text("MEMORY DOCTOR").ends_with('\n'));
        t.expect("MEMORY PURGE", "OK");
        assert!(t.raw("MEMORY HELP").starts_with(b"*"));
    });
}
