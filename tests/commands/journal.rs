//! What the journal records of commands: repeated on an empty server it gives the same data.

use std::env;

use nyala::commands::spec::{Flags, Run};
use nyala::commands::{Registered, table};
use nyala::dispatch::{EndOfWait, Replay};
use nyala::journal::Batch;
use nyala::resp::{Limits, Parsed, Parser};

use crate::generator::{Generator, key_pool};
use crate::harness::{Answer, ClientId, Gate, line, slices};
use crate::render::render;

/// A server whose journal is read.
struct Recorded {
    t: Gate,
    batch: Batch,
    /// Every command recorded so far, with its database, MULTI and EXEC around units.
    log: Vec<(usize, Vec<Vec<u8>>)>,
}

fn gate() -> Gate {
    Gate::with_args(&["--enable-debug-command", "yes", "--save", ""])
}

impl Recorded {
    fn new() -> Recorded {
        let t = gate();
        t.server.keyspace.journal.turn(true);
        let batch = t.server.keyspace.journal.reader();
        Recorded { t, batch, log: Vec::new() }
    }

    /// Reads what has been recorded; answers where in the log it begins.
    fn read(&mut self) -> usize {
        let start = self.log.len();
        self.t.server.keyspace.journal.collect(&mut self.batch);
        let log = &mut self.log;
        self.batch.read_until(u64::MAX, |effect| {
            let marker = |word: &str| (0, vec![word.as_bytes().to_vec()]);
            log.extend(effect.is_unit().then(|| marker("MULTI")));
            for (db, bytes) in effect.parts() {
                log.extend(requests(bytes).into_iter().map(|words| (db, words)));
            }
            log.extend(effect.is_unit().then(|| marker("EXEC")));
        });
        start
    }

    /// What one request records, as lines.
    #[track_caller]
    fn records(&mut self, request: &str, expected: &[&str]) {
        self.t.run(request);
        self.recorded(request, expected);
    }

    #[track_caller]
    fn recorded(&mut self, what: &str, expected: &[&str]) {
        let start = self.read();
        let plain = |words: &[Vec<u8>]| String::from_utf8(words.join(&b' ')).expect("the words of the test are text");
        let lines: Vec<String> = self.log[start..].iter().map(|(_, words)| plain(words)).collect();
        assert_eq!(lines, expected, "{what}");
    }
}

/// Cuts requests out of bytes.
fn requests(mut bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let mut parser = Parser::default();
    while !bytes.is_empty() {
        match parser.parse(bytes, &Limits { big_bulk: usize::MAX, ..Limits::default() }) {
            Ok(Parsed::Request { consumed }) => {
                all.push(parser.request(bytes).iter().map(<[u8]>::to_vec).collect());
                bytes = &bytes[consumed..];
            }
            other => panic!("no whole request: {other:?}"),
        }
    }
    all
}

/// Repeats a log on an empty server.
fn replay(log: &[(usize, Vec<Vec<u8>>)], to: &Gate) -> u64 {
    let mut replay = Replay::new(to.server.clone());
    let mut selected = 0;
    for (db, words) in log {
        let is_marker = words[0] == b"MULTI" || words[0] == b"EXEC";
        if *db != selected && !is_marker {
            let select = [b"SELECT".to_vec(), db.to_string().into_bytes()];
            replay.apply(select.iter().collect::<nyala::resp::OwnedArgs>().view()).expect("there is SELECT");
            selected = *db;
        }
        let argv: nyala::resp::OwnedArgs = words.iter().collect();
        replay.apply(argv.view()).unwrap_or_else(|error| panic!("{}: {error}", line(&slices(words))));
    }
    replay.failed()
}

/// Everything that can be asked of the data of a server.
fn contents(t: &mut Gate) -> String {
    let mut text = t.text("DEBUG DIGEST");
    for db in 0..3 {
        t.run(&format!("SELECT {db}"));
        for key in key_pool() {
            let ask: [&[&[u8]]; 4] = [
                &[b"TYPE", &key],
                &[b"PEXPIRETIME", &key],
                &[b"XINFO", b"STREAM", &key, b"FULL", b"COUNT", b"0"],
                &[b"HPEXPIRETIME", &key, b"FIELDS", b"4", b"a", b"b", b"c", b"d"],
            ];
            for words in ask {
                let reply = render(&t.run_args(words));
                // When a consumer was last seen is not recorded.
                let mut is_time = false;
                let told = reply.lines().filter(|line| {
                    let hidden =
                        std::mem::replace(&mut is_time, line.contains("seen-time") || line.contains("active-time"));
                    !hidden
                });
                text.push_str(&format!("\n{db} {}: ", line(words)));
                told.for_each(|line| text.push_str(&format!("{line}\n")));
            }
        }
    }
    t.run("SELECT 0");
    text
}

/// Whether random programs may use a command.
fn is_wanted(command: &Registered) -> bool {
    let flags = command.spec.flags;
    let stays_away = matches!(command.group.name, "cluster" | "pubsub" | "scripting" | "connection" | "server");
    let emptying = matches!(command.name.as_str(), "flushall" | "flushdb" | "swapdb");
    // Those at random answer as many as they are asked for.
    let skipped = command.name.contains("rand")
        || matches!(command.name.as_str(), "migrate" | "wait" | "waitaof" | "pfselftest" | "pfdebug");
    !(stays_away && !emptying || skipped || matches!(command.spec.run, Run::Container) || flags.contains(Flags::ADMIN))
}

/// A random program on several clients: commands, time that passes, keys that expire.
fn program(seed: u64, calls: usize) -> usize {
    let mut recorded = Recorded::new();
    let mut random = Generator::new(seed);
    let commands: Vec<_> = table().all().iter().filter(|command| is_wanted(command)).collect();
    let clients: Vec<ClientId> = (0..4).map(|_| recorded.t.client()).collect();
    let mut waiting = [false; 4];
    let mut history = String::new();
    let theme = random.pick(&commands).group.name;
    random.settle(theme);
    let mut made = 0;
    while made < calls {
        let seat = random.rng.index(clients.len());
        let t = &mut recorded.t;
        if random.one_in(15) {
            t.advance_ms(random.rng.below(3) * 700);
        }
        if random.one_in(15) {
            t.expire_cycle();
        }
        let mut t = t.on(clients[seat]);
        if waiting[seat] {
            if t.served().is_none() {
                if !random.one_in(4) {
                    continue;
                }
                t.end_wait(EndOfWait::Timeout);
            }
            waiting[seat] = false;
        }
        let command = *random.pick(&commands);
        let emptying = matches!(command.name.as_str(), "flushall" | "flushdb" | "swapdb");
        let reads = !command.spec.flags.contains(Flags::WRITE);
        if command.group.name != theme && !random.one_in(8)
            || emptying && !random.one_in(10)
            || reads && !random.one_in(4)
        {
            continue;
        }
        made += 1;
        let argv = if random.one_in(12) {
            vec![random.pick(&["MULTI", "EXEC", "EXEC"]).as_bytes().to_vec()]
        } else if random.one_in(40) {
            vec![b"SELECT".to_vec(), random.rng.below(3).to_string().into_bytes()]
        } else {
            random.call(command)
        };
        history.push_str(&format!("{seat}: {}\n", line(&slices(&argv))));
        if let Answer::Waits(_) = t.submit(&slices(&argv)) {
            waiting[seat] = true;
        }
    }
    recorded.read();
    let mut copy = gate();
    let failed = replay(&recorded.log, &copy);
    copy.advance_ms(recorded.t.now_ms() - copy.now_ms());
    let (one, other) = (contents(&mut recorded.t), contents(&mut copy));
    if one != other || failed > 0 {
        let log: Vec<String> =
            recorded.log.iter().map(|(db, words)| format!("{db}> {}", line(&slices(words)))).collect();
        let different: Vec<_> = one.lines().zip(other.lines()).filter(|(one, other)| one != other).take(5).collect();
        if let Ok(path) = env::var("NYALA_JOURNAL_DUMP") {
            std::fs::write(path, format!("{history}\n{}\n", log.join("\n"))).expect("the log can be kept");
        }
        panic!("seed {seed}: {failed} commands of the log fail; first differences {different:#?}");
    }
    recorded.log.len()
}

#[test]
fn what_random_programs_record_gives_the_same_data() {
    let seeds = env::var("NYALA_JOURNAL_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let first = env::var("NYALA_JOURNAL_FIRST").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let recorded: usize = (first..first + seeds).map(|seed| program(seed, 200)).sum();
    assert!(recorded > 30 * seeds as usize, "programs change something: {recorded}");
}

#[test]
fn each_command_records_what_can_be_repeated() {
    let mut r = Recorded::new();
    for (request, expected) in [
        ("SET k v", &["SET k v"][..]),
        ("GET k", &[]),
        ("SET k v NX", &[]),
        ("SET k v XX GET", &["SET k v"]),
        ("SET k v EX 10", &["SET k v PXAT 1704067210000"]),
        ("SETEX k 10 v", &["SET k v PXAT 1704067210000"]),
        ("EXPIRE k 20", &["PEXPIREAT k 1704067220000"]),
        ("GETEX k EX 30", &["PEXPIREAT k 1704067230000"]),
        ("GETEX k PERSIST", &["PERSIST k"]),
        ("EXPIRE k -1", &["DEL k"]),
        ("INCRBYFLOAT f 1.5", &["SET f 1.5 KEEPTTL"]),
        ("HINCRBYFLOAT h a 1.5", &["HSET h a 1.5"]),
        ("GETDEL f", &["DEL f"]),
        ("SADD s a", &["SADD s a"]),
        ("SPOP s", &["SREM s a"]),
        ("XADD x * a b", &["XADD x 1704067200000-0 a b"]),
        ("RPUSH l a b c", &["RPUSH l a b c"]),
        ("LMPOP 1 l LEFT COUNT 2", &["LPOP l 2"]),
        ("BRPOP l 0", &["RPOP l"]),
        ("ZADD z 1 a", &["ZADD z 1 a"]),
        ("BZPOPMIN z 0", &["ZPOPMIN z"]),
        ("MSET a 1 b 2", &["MSET a 1 b 2"]),
        ("DEL nosuch", &[]),
        ("FLUSHALL", &["FLUSHALL"]),
    ] {
        r.records(request, expected);
    }
}

#[test]
fn what_is_gone_comes_before_what_the_command_did() {
    let mut r = Recorded::new();
    r.records("SET k v PX 5", &["SET k v PXAT 1704067200005"]);
    r.records("HSET h a 1 b 2", &["HSET h a 1 b 2"]);
    r.records("HPEXPIRE h 5 FIELDS 1 a", &["HPEXPIREAT h 1704067200005 FIELDS 1 a"]);
    r.t.advance_ms(5);
    r.records("APPEND k w", &["MULTI", "DEL k", "APPEND k w", "EXEC"]);
    r.records("HINCRBY h a 1", &["MULTI", "HDEL h a", "HSET h a 1", "EXEC"]);
    r.records("SET k v PX 5", &["SET k v PXAT 1704067200010"]);
    r.t.advance_ms(5);
    r.records("GET k", &["DEL k"]);
    r.records("SELECT 2", &[]);
    r.records("SET k v PX 5", &["SET k v PXAT 1704067200015"]);
    r.records("SET j v PX 5", &["SET j v PXAT 1704067200015"]);
    r.t.advance_ms(5);
    r.t.expire_cycle();
    let start = r.read();
    let mut log = r.log.split_off(start);
    log.sort();
    let gone = |key: &str| (2, vec![b"DEL".to_vec(), key.as_bytes().to_vec()]);
    assert_eq!(log, [gone("j"), gone("k")]);
}

#[test]
fn who_is_served_records_the_plain_form() {
    let mut r = Recorded::new();
    let other = r.t.client();
    r.t.on(other).blocks("BLPOP l 0");
    r.records("RPUSH l a", &["RPUSH l a", "LPOP l"]);
    r.t.on(other).expect_served("1) \"l\"\n2) \"a\"");
    r.t.on(other).blocks("BLMOVE from to LEFT RIGHT 0");
    r.records("RPUSH from a b", &["RPUSH from a b", "LMOVE from to LEFT RIGHT"]);
}

#[test]
fn a_transaction_is_one_unit() {
    let mut r = Recorded::new();
    r.t.run("SET old v PX 5");
    r.read();
    r.t.advance_ms(5);
    for request in ["MULTI", "SET a 1", "GET a", "SELECT 1", "INCRBYFLOAT a 1", "SPOP a", "SELECT 0", "APPEND old v"] {
        r.t.run(request);
    }
    r.records("EXEC", &["MULTI", "SET a 1", "SET a 1 KEEPTTL", "DEL old", "APPEND old v", "EXEC"]);
    assert_eq!(r.log.iter().rev().take(5).map(|(db, _)| *db).collect::<Vec<_>>(), [0, 0, 0, 1, 0]);
    r.t.run("MULTI");
    r.t.run("SET a 1");
    r.records("EXEC", &["SET a 1"]);
    r.t.run("MULTI");
    r.t.run("GET a");
    r.records("EXEC", &[]);
}
