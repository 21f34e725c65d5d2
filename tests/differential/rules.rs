//! What is not compared, or not to the byte, and why. Commands that are no part of this table are compared exactly, but
//! for what their tips say: `nondeterministic_output` is left out, `nondeterministic_output_order` is sorted.

use nyala::commands::Registered;
use nyala::commands::spec::{Flags, Run};

/// How a command's replies are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The command is not sent.
    Skip,
    /// To the byte.
    Exact,
    /// Elements in any order; of a flat list of pairs, pairs in any order.
    AnyOrder,
    /// Positive integers may be this far apart.
    Near(i64),
    /// Doubles are equal whichever of their texts is sent: Redis 7.0 prints them with 17 digits, Redis 8 and we with the
    /// fewest that read back as the same number.
    Doubles,
    /// Errors are equal whatever they say.
    AnyError,
    /// Elements in any order where SORT leaves them as they lie.
    Unsorted,
}
use Rule::{AnyError, Doubles, Exact, Near, Skip, Unsorted};

/// Seconds and milliseconds by which the two servers may be apart; programs use spans of a thousand seconds and more.
const SECONDS: Rule = Near(20);
const MILLISECONDS: Rule = Near(20_000);

/// Name (or beginning of one, with `*`), rule, reason. The first row that fits decides.
const RULES: &[(&str, Rule, &str)] = &[
    ("ttl", SECONDS, "counts down"),
    ("pttl", MILLISECONDS, "counts down"),
    ("expiretime", SECONDS, "relative expiries begin when the command arrives"),
    ("pexpiretime", MILLISECONDS, "relative expiries begin when the command arrives"),
    ("object|encoding", Exact, "its tip means that encodings may change between versions"),
    ("object|freq", Exact, "an error without an LFU policy"),
    ("*|help", Skip, "our own words"),
    ("acl|*", Skip, "changes who may do what; its texts differ between versions"),
    ("bgrewriteaof", Skip, "depends on how long a child process takes"),
    ("bgsave", Skip, "depends on how long a child process takes"),
    ("client|getname", Exact, ""),
    ("client|setname", Exact, ""),
    ("client|getredir", Exact, ""),
    ("client|*", Skip, "about connections: ids, addresses, ages, closing them"),
    ("command|getkeys*", Exact, ""),
    ("command*", Skip, "our own words; what COMMAND INFO says is compared by a test of its own"),
    ("config|*", Skip, "changes the servers for the programs that follow"),
    ("dbsize", Skip, "counts keys whose time has come until somebody meets them; KEYS is compared instead"),
    ("debug*", Skip, "not enabled"),
    ("failover", Skip, "about other servers"),
    ("hello", Skip, "names the server, its version and the connection"),
    ("info", Skip, "about the process"),
    ("lastsave", Skip, "a time"),
    ("latency|*", Skip, "measured times"),
    ("lolwut", Skip, "a drawing of our own"),
    ("memory|*", Skip, "about the process's own structures"),
    ("migrate", Skip, "about other servers"),
    ("module|*", Skip, "nothing can be loaded"),
    ("monitor", Skip, "turns the connection into a stream"),
    ("pfselftest", Skip, "takes seconds"),
    ("psync", Skip, "turns the connection into a stream"),
    ("quit", Skip, "ends the connection"),
    ("reset", Skip, "goes back to RESP2, in which the rest of the program would then run"),
    ("replconf", Skip, "about other servers"),
    ("replicaof", Skip, "about other servers"),
    ("role", Skip, "about other servers"),
    ("save", Skip, "writes files"),
    ("shutdown", Skip, "ends the server"),
    ("slaveof", Skip, "about other servers"),
    ("slowlog|*", Skip, "measured times"),
    ("sort", Unsorted, "members of a set that are not to be sorted come as they lie"),
    ("sort_ro", Unsorted, "members of a set that are not to be sorted come as they lie"),
    ("sync", Skip, "turns the connection into a stream"),
    ("time", Skip, "a time"),
    ("wait*", Skip, "blocks until there are replicas"),
    ("xadd", Exact, "programs leave ids to the servers only in part"),
    ("xautoclaim", Exact, "programs ask for no idle time"),
    ("xclaim", Exact, "programs ask for no idle time"),
    ("xpending", Exact, "programs ask for the summary only, since the rest tells idle times"),
    ("xread", Exact, "programs do not let it wait"),
    ("xreadgroup", Exact, "programs do not let it wait"),
    ("xtrim", Exact, "both keep as many entries in a node"),
    ("bl*", Exact, "programs do not let it wait for long"),
    ("brpop*", Exact, "programs do not let it wait for long"),
    ("bz*", Doubles, "programs do not let it wait for long"),
    ("zrank", AnyError, "WITHSCORE of Redis 7.2 is an argument more: what is none is a syntax error, not one too many"),
    ("zrevrank", AnyError, "WITHSCORE of Redis 7.2, as above"),
];

fn fits(pattern: &str, name: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return name.ends_with(end);
    }
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// How replies of `command` are compared.
pub(crate) fn rule(command: &Registered) -> Rule {
    if let Some((_, rule, _)) = RULES.iter().find(|(pattern, ..)| fits(pattern, &command.name)) {
        return *rule;
    }
    let spec = command.spec;
    let stays_away = matches!(command.group.name, "cluster" | "pubsub" | "scripting");
    if matches!(spec.run, Run::Container) || spec.flags.contains(Flags::BLOCKING) || stays_away {
        return Skip;
    }
    let has_tip = |tip| spec.tips.contains(&tip);
    if has_tip("nondeterministic_output") {
        Skip
    } else if has_tip("nondeterministic_output_order") {
        Rule::AnyOrder
    } else if matches!(command.group.name, "sorted-set" | "geo") {
        Doubles
    } else {
        Exact
    }
}

#[test]
fn patterns_fit_names() {
    assert!(fits("client|*", "client|kill") && fits("*|help", "acl|help") && fits("time", "time"));
    assert!(!fits("time", "timeout") && !fits("client|*", "client") && !fits("*|help", "help"));
}
