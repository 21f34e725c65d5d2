//! INFO.

use ahash::AHashMap;

use super::fields::FIELDS;
use crate::harness::{Gate, both};

/// The lines of a reply by their names, and the titles.
fn parse(text: &str) -> (Vec<&str>, AHashMap<&str, &str>) {
    let mut titles = Vec::new();
    let mut fields = AHashMap::new();
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            titles.push(title);
        } else {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no colon: {line:?}"));
            assert!(fields.insert(name, value).is_none(), "twice: {name}");
        }
    }
    (titles, fields)
}

#[track_caller]
fn field(t: &mut Gate, name: &str) -> String {
    let text = t.text("INFO everything");
    (*parse(&text).1.get(name).unwrap_or_else(|| panic!("no field {name}"))).to_owned()
}

#[test]
fn every_field_of_redis_is_there_in_its_section() {
    both(|t| {
        for (title, names) in FIELDS {
            let text = t.text(&format!("INFO {title}"));
            let (titles, fields) = parse(&text);
            assert_eq!(titles, [*title]);
            for name in names.split_whitespace() {
                // A line for each open socket, which this server has none of.
                assert!(fields.contains_key(name) || name == "listener0", "{title}: no {name}");
            }
        }
    });
}

const DEFAULT: [&str; 13] = [
    "Server",
    "Clients",
    "Memory",
    "Persistence",
    "Threads",
    "Stats",
    "Replication",
    "CPU",
    "Modules",
    "Errorstats",
    "Cluster",
    "Keyspace",
    "Nyala",
];

#[test]
fn sections_are_chosen_by_name() {
    both(|t| {
        let titles = |t: &mut Gate, request: &str| {
            let text = t.text(request);
            parse(&text).0.iter().map(|&title| title.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(titles(t, "INFO"), DEFAULT);
        assert_eq!(titles(t, "INFO default"), DEFAULT);
        assert_eq!(titles(t, "INFO ALL").len(), DEFAULT.len() + 2);
        assert_eq!(titles(t, "INFO everything"), titles(t, "INFO all"));
        assert_eq!(titles(t, "INFO cpu SERVER cpu"), ["Server", "CPU"]);
        assert_eq!(titles(t, "INFO default commandstats").len(), DEFAULT.len() + 1);
        assert_eq!(titles(t, "INFO module_list"), ["Modules"]);
        assert_eq!(titles(t, "INFO nosuch"), Vec::<String>::new());
        assert_eq!(titles(t, "INFO nosuch latencystats"), ["Latencystats"]);
        t.expect_in("INFO nosuch", "\"\"", "(txt) \"\"");
    });
}

#[test]
fn sections_are_parted_by_an_empty_line() {
    let mut t = Gate::new();
    let text = t.text("INFO cluster keyspace modules");
    assert_eq!(text, "# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n");
}

#[test]
fn what_tools_ask_for_has_the_values_they_expect() {
    both(|t| {
        for (name, value) in [
            ("redis_version", "8.4.0"),
            ("redis_mode", "standalone"),
            ("role", "master"),
            ("connected_slaves", "0"),
            ("loading", "0"),
            ("async_loading", "0"),
            ("rdb_bgsave_in_progress", "0"),
            ("rdb_last_bgsave_status", "ok"),
            ("rdb_last_bgsave_time_sec", "-1"),
            ("aof_enabled", "0"),
            ("aof_rewrite_in_progress", "0"),
            ("cluster_enabled", "0"),
            ("maxmemory_policy", "noeviction"),
            ("maxclients", "10000"),
            ("connected_clients", "1"),
            ("blocked_clients", "0"),
            ("second_repl_offset", "-1"),
            ("repl_backlog_size", "1048576"),
            ("arch_bits", "64"),
            ("shards", "4"),
            ("workers", "1"),
        ] {
            assert_eq!(field(t, name), value, "{name}");
        }
        assert_eq!(field(t, "master_replid").len(), 40);
        assert_eq!(field(t, "run_id"), t.server.run_id);
        assert_eq!(field(t, "process_id"), std::process::id().to_string());
        t.advance_ms(90_000_000);
        assert_eq!((field(t, "uptime_in_seconds"), field(t, "uptime_in_days")), ("90000".into(), "1".into()));
    });
}

#[test]
fn memory_adds_up() {
    both(|t| {
        let text = t.text("INFO memory");
        let fields = parse(&text).1;
        let number = |name: &str| fields[name].parse::<f64>().unwrap_or_else(|_| panic!("{name}: {}", fields[name]));
        assert_eq!(number("used_memory_overhead") + number("used_memory_dataset"), number("used_memory"));
        assert!(number("used_memory_peak") >= number("used_memory"));
        // Other tests share the allocator, and may have freed more than this server takes.
        assert!(number("used_memory_overhead") >= number("used_memory_startup").min(number("used_memory")));
        assert!(number("used_memory_rss") > 1e6 && number("total_system_memory") > number("used_memory_rss"));
        assert!(number("allocator_active") >= number("allocator_allocated"));
        assert!(number("mem_fragmentation_ratio") > 0.0);
        assert!(fields["mem_allocator"].starts_with("jemalloc-"), "{}", fields["mem_allocator"]);
        assert!(fields["used_memory_human"].ends_with(['K', 'M', 'G']));
        assert!(fields["used_memory_peak_perc"].ends_with('%'));
    });
}

#[test]
fn commands_are_counted_by_name() {
    both(|t| {
        t.run("SET k v");
        t.run("SET k v nosuch");
        t.run("SET k v");
        t.run("SET k");
        t.run("CONFIG GET port");
        t.run("GET none");
        let text = t.text("INFO commandstats errorstats latencystats stats");
        let fields = parse(&text).1;
        let set = fields["cmdstat_set"];
        assert!(set.starts_with("calls=3,usec="), "{set}");
        // A wrong number of arguments is refused before a command runs.
        assert!(set.ends_with(",rejected_calls=1,failed_calls=1"), "{set}");
        assert!(fields["cmdstat_config|get"].starts_with("calls=1,usec="));
        assert!(!fields.contains_key("cmdstat_config") && !fields.contains_key("cmdstat_mget"));
        assert_eq!(fields["errorstat_ERR"], "count=2");
        assert_eq!(fields["total_error_replies"], "2");
        assert_eq!(fields["total_commands_processed"], "5");
        assert_eq!((fields["keyspace_hits"], fields["keyspace_misses"]), ("0", "1"));
        let set = fields["latency_percentiles_usec_set"];
        let names: Vec<&str> = set.split(',').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
        assert_eq!(names, ["p50", "p99", "p99.9"]);
    });
}

#[test]
fn latencies_follow_the_configuration() {
    both(|t| {
        t.expect("CONFIG SET latency-tracking-info-percentiles \"50 99.99 100\"", "OK");
        t.run("PING");
        let text = t.text("INFO latencystats");
        let line = parse(&text).1["latency_percentiles_usec_ping"].to_owned();
        assert!(line.starts_with("p50=") && line.contains(",p99.99=") && line.contains(",p100="), "{line}");
        t.expect("CONFIG SET latency-tracking-info-percentiles \"\"", "OK");
        assert!(t.text("INFO latencystats").contains("latency_percentiles_usec_ping:\r\n"));
        t.expect("CONFIG SET latency-tracking no", "OK");
        assert_eq!(t.text("INFO latencystats"), "# Latencystats\r\n");
    });
}

#[test]
fn keyspace_has_a_line_for_each_database_in_use() {
    both(|t| {
        assert_eq!(t.text("INFO keyspace"), "# Keyspace\r\n");
        t.run("SET a 1");
        t.run("SET b 1 PX 1000");
        t.run("SET c 1 PX 3000");
        assert_eq!(t.text("INFO keyspace"), "# Keyspace\r\ndb0:keys=3,expires=2,avg_ttl=2000,subexpiry=0\r\n");
        t.session().select(9);
        t.run("SET a 1");
        assert!(t.text("INFO keyspace").ends_with("db9:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n"));
        t.advance_ms(1000);
        assert_eq!(t.expire_cycle(), 1);
        assert!(t.text("INFO keyspace").contains("db0:keys=2,expires=1,avg_ttl=2000,"));
    });
}
