//! SHARDS.

use nyala::resp::decode::Value;

use crate::harness::{Gate, both};

/// The rows, each a list of pairs.
fn rows(t: &mut Gate) -> Vec<Vec<(String, Value)>> {
    let Value::Array(rows) = t.run("SHARDS") else { panic!("an array is expected") };
    let name = |key: Value| match key {
        Value::Bulk(name) => String::from_utf8(name).expect("names are text"),
        other => panic!("{other:?}"),
    };
    let row = |row| match row {
        Value::Map(pairs) => pairs.into_iter().map(|(key, value)| (name(key), value)).collect(),
        Value::Array(flat) => flat.chunks(2).map(|pair| (name(pair[0].clone()), pair[1].clone())).collect(),
        other => panic!("{other:?}"),
    };
    rows.into_iter().map(row).collect()
}

fn get(row: &[(String, Value)], name: &str) -> Value {
    row.iter().find(|(key, _)| key == name).map_or_else(|| panic!("no {name}"), |(_, value)| value.clone())
}

#[test]
fn one_row_a_shard_and_one_for_all() {
    both(|t| {
        for key in 0..100 {
            t.run(&format!("SET k{key} v"));
        }
        t.run("SET k0 v EX 100");
        let rows = rows(t);
        assert_eq!(rows.len(), 5);
        let names: Vec<&str> = rows[0].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "shard",
                "keys",
                "expires",
                "bytes",
                "commands",
                "contended",
                "poisoned",
                "wait-p50-us",
                "wait-p99-us",
                "wait-max-us",
                "hold-p50-us",
                "hold-p99-us",
                "hold-p999-us"
            ]
        );
        let sum = |name: &str| -> i64 {
            let number = |row: &Vec<(String, Value)>| match get(row, name) {
                Value::Integer(n) => n,
                other => panic!("{other:?}"),
            };
            let all = rows[..4].iter().map(number).sum();
            assert_eq!(number(&rows[4]), all, "{name}");
            all
        };
        assert_eq!((sum("keys"), sum("expires"), sum("commands"), sum("poisoned")), (100, 1, 101, 0));
        assert!(sum("bytes") > 100 * 16);
        assert_eq!((get(&rows[3], "shard"), get(&rows[4], "shard")), (Value::Integer(3), Value::Bulk("total".into())));
        match get(&rows[4], "hold-p99-us") {
            Value::Double(us) if t.protocol() == 3 => assert!(us > 0.0),
            Value::Bulk(_) if t.protocol() == 2 => {}
            other => panic!("{other:?}"),
        }
        t.expect_error("SHARDS x", "ERR wrong number of arguments for 'shards' command");
    });
}
