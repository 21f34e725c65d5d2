//! CONFIG GET and CONFIG SET as a client sees them; texts are those redis-server 7.0.15 gave.

use crate::config::*;
use crate::keyspace::events::EventClass;

const CLIENT: Caller = Caller { local: true, loading: false };

fn set(config: &Config, pairs: &[(&str, &str)]) -> Result<(), String> {
    let pairs: Vec<_> = pairs.iter().map(|(name, text)| (name.as_bytes(), text.as_bytes())).collect();
    config.set(&pairs, CLIENT, |_| Ok(())).map_err(|error| error.to_string())
}

fn get(config: &Config, patterns: &[&str]) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("ASCII");
    let patterns: Vec<_> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
    config.get(&patterns).into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn shown(config: &Config, name: &str) -> String {
    get(config, &[name]).pop().expect("a known name").1
}

fn failed(name: &str, reason: &str) -> Result<(), String> {
    Err(format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}"))
}

#[test]
fn texts_are_shown_in_one_form() {
    let config = Config::new();
    for (name, given, printed) in [
        ("maxmemory", "1kb", "1024"),
        ("maxmemory", "1k", "1000"),
        ("maxmemory", "18446744073709551615", "18446744073709551615"),
        ("maxmemory-clients", "5%", "5%"),
        ("maxmemory-clients", "0%", "0"),
        ("hz", "0", "1"),
        ("hz", "100000", "500"),
        ("repl-backlog-size", "1", "16384"),
        ("rdbcompression", "NO", "no"),
        ("loglevel", "Warning", "warning"),
        ("oom-score-adj", "relative", "yes"),
        ("shutdown-on-sigterm", "NOW SAVE", "save now"),
        ("shutdown-on-sigterm", "save default", "save"),
        ("shutdown-on-sigterm", "default", "default"),
        ("notify-keyspace-events", "KEA", "AKE"),
        ("save", "900 1 300 10", "900 1 300 10"),
        ("save", "", ""),
        ("client-output-buffer-limit", "", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
        (
            "client-output-buffer-limit",
            "pubsub 1k 1k 60 NORMAL 5 5 5",
            "normal 5 5 5 slave 268435456 67108864 60 pubsub 1000 1000 60",
        ),
        ("client-output-buffer-limit", "replica 1 2 3 slave 4 5 6", "normal 5 5 5 slave 4 5 6 pubsub 1000 1000 60"),
        ("oom-score-adj-values", "800 200 -3", "800 200 -3"),
        ("latency-tracking-info-percentiles", "99.999999999 33.333333333 .5 1e1", "100 33.333333 0.5 10"),
        ("latency-tracking-info-percentiles", "", ""),
        ("bind", "127.0.0.1 -::1", "127.0.0.1 -::1"),
        ("bind", "", ""),
        ("TIMEOUT", "7", "7"),
        ("cluster-announce-hostname", "A.b-c", "A.b-c"),
    ] {
        assert_eq!(set(&config, &[(name, given)]), Ok(()), "{name} {given}");
        assert_eq!(shown(&config, name), printed, "{name} {given}");
    }
}

#[test]
fn refusals_have_the_texts_of_redis() {
    let config = Config::new();
    let many = ["127.0.0.1"; 17].join(" ");
    let long = "a".repeat(256);
    const NO_INT: &str = "argument couldn't be parsed into an integer";
    for (name, given, reason) in [
        ("timeout", "+5", NO_INT),
        ("timeout", "05", NO_INT),
        ("timeout", "", NO_INT),
        ("timeout", "2147483648", "argument must be between 0 and 2147483647 inclusive"),
        ("maxclients", "0", "argument must be between 1 and 4294967295 inclusive"),
        ("slowlog-log-slower-than", "-2", "argument must be between -1 and 9223372036854775807 inclusive"),
        ("proto-max-bulk-len", "1kb", "argument must be between 1048576 and 9223372036854775807 inclusive"),
        ("maxmemory", "1.5mb", "argument must be a memory value"),
        ("maxmemory", "50%", "argument must be a memory value"),
        ("maxmemory-clients", "101%", "percentage argument must be less or equal to 100"),
        ("maxmemory-clients", "050%", "argument must be a memory or percent value"),
        ("rdbcompression", "true", "argument must be 'yes' or 'no'"),
        ("loglevel", "nothing", "argument(s) must be one of the following: debug, verbose, notice, warning"),
        (
            "maxmemory-policy",
            "lru",
            "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, \
             allkeys-lru, allkeys-lfu, allkeys-random, noeviction",
        ),
        ("shutdown-on-sigterm", " now", "argument(s) must be one of the following: default, save, nosave, now, force"),
        ("shutdown-on-sigterm", "", "argument(s) must be one of the following: default, save, nosave, now, force"),
        ("shutdown-on-sigint", "save nosave", "shutdown options SAVE and NOSAVE can't be used simultaneously"),
        ("notify-keyspace-events", "a", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
        ("save", "900", "Invalid save parameters"),
        ("save", "0 1", "Invalid save parameters"),
        ("save", "100 1 ", "Invalid save parameters"),
        ("client-output-buffer-limit", "normal 1 2", "Wrong number of arguments in buffer limit configuration."),
        ("client-output-buffer-limit", "master 1 1 1", "Invalid client class specified in buffer limit configuration."),
        (
            "client-output-buffer-limit",
            "normal 1 2 -3",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        ("oom-score-adj-values", "1 2", "wrong number of arguments"),
        ("oom-score-adj-values", "0 2001 1", "Invalid oom-score-adj-values, elements must be between -2000 and 2000."),
        (
            "latency-tracking-info-percentiles",
            "101",
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
        ),
        ("latency-tracking-info-percentiles", "50  60", "Invalid latency-tracking-info-percentiles parameters"),
        ("bind", &many, "Too many bind addresses specified."),
        ("proc-title-template", "{bogus}", "template format is invalid or contains unknown variables"),
        ("proc-title-template", "{title", "template format is invalid or contains unknown variables"),
        ("proc-title-template", " {title} ", "template format is invalid or contains unknown variables"),
        ("cluster-announce-hostname", "a b", "Hostnames may only contain alphanumeric characters, hyphens or dots"),
        ("cluster-announce-hostname", &long, "Hostnames must be less than 256 characters"),
        ("slave-read-only", "bad", "argument must be 'yes' or 'no'"),
        ("daemonize", "yes", "can't set immutable config"),
        ("dir", "/", "can't set protected config"),
        ("dbfilename", "x", "can't set protected config"),
        ("tls-port", "7000", "TLS is not served yet"),
    ] {
        assert_eq!(set(&config, &[(name, given)]), failed(name, reason), "{name} {given}");
    }
    assert_eq!(set(&config, &[("appendonly", "no"), ("tls-port", "0")]), Ok(()));
    assert_eq!(get(&config, &["*"]), get(&Config::new(), &["*"]));
}

#[test]
fn the_first_fault_wins_and_nothing_changes() {
    let config = Config::new();
    let unknown = |name: &str| Err(format!("Unknown option or number of arguments for CONFIG SET - '{name}'"));
    assert_eq!(set(&config, &[("timeout", "1"), ("Bogus", "2")]), unknown("Bogus"));
    assert_eq!(set(&config, &[("port", "x"), ("bogus", "1"), ("daemonize", "yes")]), unknown("bogus"));
    assert_eq!(
        set(&config, &[("timeout", "xx"), ("daemonize", "yes"), ("bogus", "x")]),
        failed("daemonize", "can't set immutable config")
    );
    assert_eq!(set(&config, &[("timeout", "1"), ("TIMEOUT", "2")]), failed("TIMEOUT", "duplicate parameter"));
    assert_eq!(set(&config, &[("timeout", "xx"), ("timeout", "xx")]), failed("timeout", "duplicate parameter"));
    assert_eq!(
        set(&config, &[("timeout", "11"), ("hz", "abc")]),
        failed("hz", "argument couldn't be parsed into an integer")
    );
    assert_eq!(config.timeout(), 0);

    // A name and its alias may stand side by side: the last wins.
    let both = [("hash-max-listpack-entries", "3"), ("hash-max-ziplist-entries", "4")];
    assert_eq!(set(&config, &both), Ok(()));
    assert_eq!(config.hash_max_listpack_entries(), 4);
    assert!(set(&config, &[("hash-max-listpack-entries", "9"), ("hash-max-ziplist-entries", "x")]).is_err());
    assert_eq!(config.hash_max_listpack_entries(), 4);
}

#[test]
fn what_a_change_entails_may_fail() {
    let config = Config::new();
    let port = ParamId::of("port");
    let mut seen = Vec::new();
    let pairs: [(&[u8], &[u8]); 3] = [(b"timeout", b"5"), (b"hz", b"10"), (b"PORT", b"7000")];
    let error = config
        .set(&pairs, CLIENT, |changed| {
            seen.push((changed.to_vec(), config.port(), config.timeout()));
            Err((port, "Unable to listen on this port. Check server logs.".into()))
        })
        .expect_err("the port is taken");
    assert_eq!(
        error.to_string(),
        "CONFIG SET failed (possibly related to argument 'PORT') - Unable to listen on this port. Check server logs."
    );
    let mut changed = vec![ParamId::of("timeout"), port];
    changed.sort_unstable();
    // `hz` had the value before, so nothing follows from it; the second call sees the old values.
    assert_eq!(seen, [(changed.clone(), 7000, 5), (changed, 6379, 0)]);
    assert_eq!((config.port(), config.timeout()), (6379, 0));

    let untouched = config.set(&[(b"hz", b"10")], CLIENT, |_| panic!("nothing changed"));
    assert_eq!(untouched, Ok(()));
}

#[test]
fn guards_of_parameters() {
    let Ok(Invocation::Run(config)) =
        Invocation::parse(["--enable-protected-configs", "local"].map(Into::into), &mut std::io::empty())
    else {
        panic!("an ordinary command line")
    };
    let remote = Caller { local: false, ..CLIENT };
    let loading = Caller { loading: true, ..CLIENT };
    let ask = |caller, name: &[u8], text: &[u8]| config.set(&[(name, text)], caller, |_| Ok(())).is_ok();
    assert!(!ask(remote, b"dbfilename", b"x.rdb"));
    assert!(ask(CLIENT, b"dbfilename", b"x.rdb"));
    assert!(!ask(CLIENT, b"dbfilename", b"a/b"));
    let both: [(&[u8], &[u8]); 2] = [(b"bogus", b"1"), (b"dir", b"/")];
    assert_eq!(config.set(&both, loading, |_| Ok(())), Err(SetError::Loading));
    assert!(ask(loading, b"dbfilename", b"y.rdb"));
    assert!(!ask(CLIENT, b"dir", b"/nonexistent"));
    assert!(ask(CLIENT, b"dir", b"/usr"));
    assert!(ask(CLIENT, b"dir", b"../usr/."));
    assert_eq!(config.dir(), std::path::Path::new("/usr"));
}

#[test]
fn get_finds_names_aliases_and_patterns() {
    let config = Config::new();
    let names = |patterns: &[&str]| -> Vec<String> { get(&config, patterns).into_iter().map(|row| row.0).collect() };
    assert_eq!(names(&["Timeout", "timeout", "hz", "h[z]", "H?"]), ["Timeout", "hz"]);
    assert_eq!(names(&["hash-max-*-ENTRIES"]), ["hash-max-listpack-entries", "hash-max-ziplist-entries"]);
    assert_eq!(names(&["slaveof"]), ["slaveof"]);
    assert_eq!(names(&["watchdog*"]), [""; 0]);
    assert_eq!(names(&["WATCHDOG-period"]), ["WATCHDOG-period"]);
    assert_eq!(names(&["nothing", ""]), [""; 0]);
    set(&config, &[("requirepass", "secret")]).expect("any text");
    assert_eq!(get(&config, &["requirepass"]), [("requirepass".into(), "secret".into())]);
}

#[test]
fn readers_follow() {
    let config = Config::new();
    assert_eq!((config.requirepass(), config.proto_max_bulk_len()), (None, 512 << 20));
    assert_eq!(config.shutdown_on_sigterm(), ShutdownOptions::default());
    let pairs = [
        ("requirepass", "p"),
        ("proto-max-bulk-len", "2mb"),
        ("shutdown-on-sigterm", "nosave force"),
        ("client-output-buffer-limit", "replica 1kb 7 9"),
        ("maxmemory-policy", "allkeys-lfu"),
        ("maxmemory-clients", "5%"),
        ("notify-keyspace-events", "Kx"),
        ("list-max-listpack-size", "-5"),
        ("bind", "-::1"),
        ("save", "60 5"),
    ];
    set(&config, &pairs).expect("good values");
    assert_eq!((config.requirepass().as_deref(), config.proto_max_bulk_len()), (Some(b"p".as_slice()), 2 << 20));
    assert_eq!(config.shutdown_on_sigterm(), ShutdownOptions { save: Some(false), now: false, force: true });
    let limit = OutputLimit { hard_bytes: 1024, soft_bytes: 7, soft_seconds: 9 };
    assert_eq!(
        (config.output_limit(ClientClass::Replica), config.output_limit(ClientClass::Normal)),
        (limit, OutputLimit::default())
    );
    assert_eq!(config.maxmemory_policy(), MaxmemoryPolicy::AllkeysLfu);
    assert_eq!(config.maxmemory_clients(), -5);
    assert_eq!(config.notify_keyspace_events(), EventClass::KEYSPACE | EventClass::EXPIRED);
    assert_eq!(config.list_max_listpack_size(), -5);
    assert_eq!(config.bind(), ["-::1"]);
    assert_eq!(config.save(), [SavePoint { seconds: 60, changes: 5 }]);
    assert_eq!((config.loglevel(), config.log_format()), (LogLevel::Notice, LogFormat::Human));
}
