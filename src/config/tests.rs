//! Tests over the whole table, and of what a client and an operator see.

mod changing;
mod loading;
mod rewriting;

use super::store::{default_of, parse};
use super::value::{Value, print, split_text};
use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// CONFIG GET * of redis-server 7.0.15, started without a file.
const REDIS: &str = include_str!("tests/redis-7.0.15.tsv");

/// Defaults that differ from Redis 7.0's: name, reason.
const OTHER_DEFAULTS: &[(&str, &str)] = &[("dir", "the directory of the start, different for each process")];

/// Parameters that cannot be set at run time in redis-server 7.0.15.
const IMMUTABLE: &str = "aclfile always-show-logo aof_rewrite_cpulist appenddirname appendfilename bgsave_cpulist \
    bio_cpulist cluster-config-file cluster-enabled cluster-port daemonize databases disable-thp enable-debug-command \
    enable-module-command enable-protected-configs io-threads io-threads-do-reads logfile pidfile rdbchecksum replicaof \
    server_cpulist set-proc-title slaveof socket-mark-id supervised syslog-enabled syslog-facility syslog-ident \
    tcp-backlog unixsocket unixsocketperm";

fn redis_rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    REDIS.lines().map(|line| line.split_once('\t').expect("name and value"))
}

#[test]
fn every_parameter_of_redis_is_known_with_its_default() {
    let config = Config::new();
    for (name, text) in redis_rows() {
        let id = ParamId::find(name.as_bytes()).unwrap_or_else(|| panic!("{name} is unknown"));
        let ours = config.text(id);
        let other = OTHER_DEFAULTS.iter().any(|row| row.0 == name);
        assert_eq!(String::from_utf8_lossy(&ours) == text, !other, "{name}: {text}");
        assert_eq!(id.param().immutable, IMMUTABLE.split_whitespace().any(|known| known == name), "{name}");
    }
    let all = config.get(&[b"*"]);
    assert!(redis_rows().all(|(name, _)| all.iter().any(|row| row.0 == name.as_bytes())));
    // Whoever sets all that a pattern shows meets no immutable one beside those that he knows.
    let immutable = |name: &[u8]| ParamId::find(name).is_some_and(|id| id.param().immutable);
    let unknown = |name: &[u8]| !IMMUTABLE.split_whitespace().any(|known| known.as_bytes() == name);
    let surprises: Vec<_> =
        all.iter().map(|row| row.0.as_slice()).filter(|name| immutable(name) && unknown(name)).collect();
    assert_eq!(surprises, [&b""[..]; 0]);
    assert_eq!(config.get(&[b"server-cpulist"]), [(b"server-cpulist".to_vec(), Vec::new())]);
}

#[test]
fn every_default_is_taken_and_printed_as_it_stands() {
    for id in ParamId::all() {
        let param = id.param();
        let value = default_of(param);
        let text = print(&param.kind, &value);
        if param.kind != Kind::Dir {
            assert_eq!(String::from_utf8_lossy(&text), param.default, "{}", param.name);
        }
        let args = split_text(&param.kind, &text);
        assert_eq!(parse(param, &args, &value), Ok(value.clone()), "{}", param.name);
    }
}

#[test]
fn rows_are_sound() {
    let mut names: Vec<&str> =
        ParamId::all().flat_map(|id| std::iter::once(id.name()).chain(id.param().alias)).collect();
    names.extend(table::DIRECTIVES.iter().map(|directive| directive.name));
    assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b"-_0123456789".contains(&b))));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for id in ParamId::all() {
        let Param { name, summary, status, .. } = id.param();
        assert!(summary.ends_with('.') && summary.len() < 120, "{name}: {summary}");
        match status {
            Status::Accepted(effect) => assert!(effect.ends_with('.'), "{name}: {effect}"),
            Status::OffOnly { reason, .. } => assert!(!reason.ends_with('.'), "{name}: {reason}"),
            Status::Supported => {}
        }
    }
}

/// Texts that a parameter may be given: some are taken, some refused.
fn texts(kind: Kind) -> BoxedStrategy<String> {
    let number =
        prop_oneof![Just(0), -10i64..100_000, any::<i64>(), select(vec![-1, 1, 512, 65535, i64::MAX, i64::MIN])];
    let memory =
        (0u64..5000, select(vec!["", "b", "k", "KB", "m", "mb", "g", "Gb"])).prop_map(|(n, unit)| format!("{n}{unit}"));
    match kind {
        Kind::Bool => select(vec!["yes", "no", "YES", "No", "1"]).prop_map(String::from).boxed(),
        Kind::Int { .. } => number.prop_map(|n| n.to_string()).boxed(),
        Kind::Memory { .. } => prop_oneof![memory, number.prop_map(|n| n.to_string())].boxed(),
        Kind::MemoryOrPercent => prop_oneof![memory, (0..150).prop_map(|n| format!("{n}%"))].boxed(),
        Kind::Octal => (0..0o2000).prop_map(|n| format!("{n:o}")).boxed(),
        Kind::Word(words) => select(words).prop_map(|(word, _)| word.to_uppercase()).boxed(),
        Kind::WordSet(words) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            prop::collection::vec(select(words), 1..5).prop_map(|words| words.join(" ")).boxed()
        }
        Kind::Text(_) => "[ -~]{0,20}".boxed(),
        Kind::Events => "[Ag$lshzxeKEtmdnoc]{0,8}".boxed(),
        Kind::Dir => select(vec!["/", "/usr", ".", "/nonexistent"]).prop_map(String::from).boxed(),
        Kind::Addresses => "(-?[0-9.:a-z*]{1,9}( -?[0-9.:a-z*]{1,9}){0,16})?".boxed(),
        Kind::SavePoints => "([0-9]{1,5} [0-9]{1,5}( [0-9]{1,5} [0-9]{1,5}){0,3})?".boxed(),
        Kind::OutputLimits => "(normal|SLAVE|replica|pubsub) [0-9]{1,4}(kb|m)? [0-9]{1,4} [0-9]{1,3}".boxed(),
        Kind::OomValues => "-?[0-9]{1,4} [0-9]{1,4} [0-9]{1,4}".boxed(),
        Kind::Percentiles => "([0-9]{1,3}(\\.[0-9]{1,9})?( [0-9]{1,2}(\\.[0-9]{1,9})?){0,3})?".boxed(),
        Kind::Primary => select(vec!["no one", "127.0.0.1 6379", "a b", ""]).prop_map(String::from).boxed(),
    }
}

/// A parameter and a text for it.
fn assignments() -> impl Strategy<Value = (ParamId, String)> {
    let ids: Vec<ParamId> = ParamId::all().collect();
    select(ids).prop_flat_map(|id| (Just(id), texts(id.param().kind)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn setting_what_get_shows_changes_nothing((id, text) in assignments()) {
        let param = id.param();
        let before = default_of(param);
        if let Ok(value) = parse(param, &split_text(&param.kind, text.as_bytes()), &before) {
            let shown = print(&param.kind, &value);
            let again = parse(param, &split_text(&param.kind, &shown), &value).expect("what is shown is taken");
            prop_assert_eq!(print(&param.kind, &again), shown.clone());
            // Percentiles are shown with six decimals: the value may differ beyond them.
            if param.kind != Kind::Percentiles {
                prop_assert_eq!(again, value);
            }
        }
    }

    #[test]
    fn no_text_breaks_a_check((id, text) in (assignments(), prop::collection::vec(any::<u8>(), 0..30))
        .prop_map(|((id, _), text)| (id, text)))
    {
        let param = id.param();
        let _: Result<Value, Reason> = parse(param, &split_text(&param.kind, &text), &default_of(param));
    }
}
