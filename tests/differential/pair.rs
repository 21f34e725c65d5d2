//! The two servers, and what differs after the same program.

use std::collections::BTreeSet;
use std::fmt;

use crate::compare::equal;
use crate::fixture::TestServer;
use crate::generator::{Version, version};
use crate::program::Call;
use crate::rules::rule;
use crate::wire::{Wire, request};

/// Arguments of both servers: limits so low that small programs reach them.
const ARGS: &[&str] = &["--proto-max-bulk-len", "1mb", "--hll-sparse-max-bytes", "300"];
/// Databases that programs use, and that are compared.
const DATABASES: usize = 4;
/// Bytes of a reply that are shown.
const SHOWN_BYTES: usize = 400;

/// Nyala and a peer.
pub(crate) struct Pair {
    ours: TestServer,
    theirs: TestServer,
    protocol: u8,
}

/// A command that was answered differently.
pub(crate) struct Difference {
    /// The program.
    pub(crate) program: Vec<Call>,
    /// The command, which is the program's last one, or one that looks at the data afterwards.
    pub(crate) call: Call,
    afterwards: bool,
    ours: Vec<u8>,
    theirs: Vec<u8>,
}

impl Difference {
    /// Differences of one kind have probably one cause.
    pub(crate) fn kind(&self) -> String {
        let beginning = |reply: &[u8]| reply[..reply.len().min(if reply[0] == b'-' { 30 } else { 1 })].to_vec();
        let kinds = [beginning(&self.ours), beginning(&self.theirs)].map(|bytes| bytes.escape_ascii().to_string());
        format!("{}{} {kinds:?}", if self.afterwards { "afterwards: " } else { "" }, self.call.command.name)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |reply: &[u8]| {
            let text = reply[..reply.len().min(SHOWN_BYTES)].escape_ascii().to_string();
            if reply.len() > SHOWN_BYTES { format!("{text}...({} bytes)", reply.len()) } else { text }
        };
        for call in &self.program {
            writeln!(f, "    {call}")?;
        }
        if self.afterwards {
            writeln!(f, "  then {}", self.call)?;
        }
        writeln!(f, "  Nyala: {}\n  Redis: {}", shown(&self.ours), shown(&self.theirs))
    }
}

impl Pair {
    /// Starts both; nothing where there is no redis-server.
    pub(crate) fn start(protocol: u8) -> Option<Pair> {
        let theirs = match std::env::var("NYALA_DIFF_PEER") {
            Ok(path) => TestServer::peer(&path, ARGS),
            Err(_) => TestServer::redis(ARGS)?,
        };
        Some(Pair { ours: TestServer::nyala(ARGS), theirs, protocol })
    }

    /// New connections to both.
    pub(crate) fn connect(&self) -> [Wire; 2] {
        [&self.ours, &self.theirs].map(|server| {
            let mut wire = server.connect();
            if self.protocol == 3 {
                assert!(wire.call(&[b"HELLO", b"3"]).starts_with(b"%"), "HELLO 3 is understood");
            }
            wire
        })
    }

    /// The version of Redis that the peer says it is.
    pub(crate) fn peer_version(&self) -> Version {
        let info = self.theirs.connect().call(&[b"INFO", b"server"]);
        let info = String::from_utf8_lossy(&info).into_owned();
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
        version(&field("valkey_version:").or_else(|| field("redis_version:")).expect("INFO names the version"))
    }

    /// Runs a program on both, then looks at the data; answers the first difference.
    pub(crate) fn run(&mut self, program: &[Call]) -> Option<Difference> {
        let mut wires = self.connect();
        for wire in &mut wires {
            assert_eq!(wire.call(&[b"FLUSHALL"]), b"+OK\r\n");
        }
        if let Some((at, replies)) = first_difference(&mut wires, &[], program) {
            return Some(difference(&program[..=at], program[at].clone(), false, replies));
        }
        // Over other connections: these may be in a transaction.
        let mut wires = self.connect();
        let looks = looks(&mut wires);
        let (at, replies) = first_difference(&mut wires, program, &looks)?;
        Some(difference(program, looks[at].clone(), true, replies))
    }
}

fn difference(program: &[Call], call: Call, afterwards: bool, replies: [Vec<u8>; 2]) -> Difference {
    let [ours, theirs] = replies;
    Difference { program: program.to_vec(), call, afterwards, ours, theirs }
}

/// Sends all calls to both servers, and answers the index and the replies of the first that differ. Those `before` were
/// sent already.
fn first_difference(wires: &mut [Wire; 2], before: &[Call], calls: &[Call]) -> Option<(usize, [Vec<u8>; 2])> {
    let bytes: Vec<u8> = calls.iter().flat_map(|call| request(&call.argv)).collect();
    let mut replies = wires.each_mut().map(|wire| replies(wire, &bytes, calls.len()).into_iter());
    for (at, call) in calls.iter().enumerate() {
        let [ours, theirs] = replies.each_mut().map(|replies| replies.next().expect("there is one for each call"));
        let earlier = || before.iter().chain(&calls[..at]);
        let same = equal(rule(call.command), &call.argv, &ours, &theirs)
            || is_encoding_after_sort(&ours, &theirs) && earlier().any(|call| call.command.name.starts_with("sort"));
        if !same {
            return Some((at, [ours, theirs]));
        }
        assert!(!ours.starts_with(NO_REPLY), "neither server answers (see rules.rs): {call}");
    }
    None
}

/// Redis's SORT changes a small sorted set into a skiplist, though it only reads it; ours leaves it alone.
fn is_encoding_after_sort(ours: &[u8], theirs: &[u8]) -> bool {
    ours == b"$8\r\nlistpack\r\n" && theirs == b"$8\r\nskiplist\r\n"
}

/// Stands for replies that did not come.
const NO_REPLY: &[u8] = b"-(no reply";

fn replies(wire: &mut Wire, bytes: &[u8], count: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::with_capacity(count);
    let mut failed = wire.try_send(bytes).err();
    while failed.is_none() && all.len() < count {
        match wire.try_reply() {
            Ok(reply) => all.push(reply),
            Err(error) => failed = Some(error),
        }
    }
    all.resize_with(count, || [NO_REPLY, format!(": {failed:?})").as_bytes()].concat());
    all
}

/// The calls that show all data of the two servers, as far as our table has them.
fn looks(wires: &mut [Wire; 2]) -> Vec<Call> {
    let mut looks: Vec<Option<Call>> = Vec::new();
    for db in 0..DATABASES {
        let db = db.to_string();
        let mut keys: BTreeSet<(Vec<u8>, &str)> = BTreeSet::new();
        for wire in wires.iter_mut() {
            wire.call(&[b"SELECT", db.as_bytes()]);
            for key in wire.strings(&[b"KEYS", b"*"]) {
                let kind = wire.call(&[b"TYPE", &key]);
                keys.insert((key, contents(&kind)));
            }
        }
        looks.push(Call::new(&[b"SELECT", db.as_bytes()]));
        looks.push(Call::new(&[b"KEYS", b"*"]));
        for (key, contents) in keys {
            let mut words: Vec<&[u8]> = contents.split(' ').map(str::as_bytes).collect();
            words.insert(1, &key);
            looks.push(Call::new(&[b"TYPE", &key]));
            looks.push(Call::new(&words));
            if contents.starts_with("XRANGE") {
                looks.push(Call::new(&[b"XINFO", b"GROUPS", &key]));
            }
            looks.push(Call::new(&[b"OBJECT", b"ENCODING", &key]));
            looks.push(Call::new(&[b"PEXPIRETIME", &key]));
        }
    }
    looks.into_iter().flatten().collect()
}

/// The command that shows a value of that type, given as TYPE's reply.
fn contents(kind: &[u8]) -> &'static str {
    match kind {
        b"+string\r\n" => "GET",
        b"+list\r\n" => "LRANGE 0 -1",
        b"+set\r\n" => "SMEMBERS",
        b"+hash\r\n" => "HGETALL",
        b"+zset\r\n" => "ZRANGE 0 -1 WITHSCORES",
        b"+stream\r\n" => "XRANGE - +",
        other => panic!("TYPE answers {}", other.escape_ascii()),
    }
}
