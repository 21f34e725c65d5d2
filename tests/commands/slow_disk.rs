//! A disk that is slower than those who write: they wait, memory stays bounded, nothing is lost.

#![allow(clippy::disallowed_methods, reason = "the thread that writes the log is waited for, in real time")]

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nyala::dispatch::{self, Wait};
use nyala::persist::aof::file::{Dir, LogFile, Open};
use nyala::persist::aof::load::{Item, Reader};
use nyala::persist::aof::{Manifest, Writer};
use nyala::state::Server;

use crate::harness::{Answer, Gate, slices};

const VALUE_BYTES: usize = 1 << 20;
/// What one thread may leave for the log before it waits, and as much again that the log has taken meanwhile; some more,
/// since the last write is let through.
const BOUND_BYTES: usize = 70 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds back what is written until it is opened.
#[derive(Debug, Default)]
struct Sluice {
    is_open: Mutex<bool>,
    opened: Condvar,
}

#[derive(Debug)]
struct Dammed {
    file: File,
    sluice: Arc<Sluice>,
}

impl LogFile for Dammed {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_open = self.sluice.is_open.lock().expect("no test holds it in a panic");
        drop(self.sluice.opened.wait_while(is_open, |is_open| !*is_open).expect("no test holds it in a panic"));
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }
}

/// Turns the log on, in `dir`, behind a sluice.
fn log_behind(server: &Arc<Server>, dir: &Path) -> Arc<Sluice> {
    dispatch::start_log(server);
    let sluice = Arc::<Sluice>::default();
    let holding = Arc::clone(&sluice);
    let open = Open(Box::new(move |path: &Path| {
        let file = File::options().append(true).create(true).open(path)?;
        Ok((Box::new(Dammed { file, sluice: Arc::clone(&holding) }), 0))
    }));
    let mut manifest = Manifest::default();
    manifest.add_incremental("a");
    let writer =
        Writer::open(Dir::take(dir).expect("the folder is ours"), "a", open, manifest).expect("the folder is writable");
    let locked = server.lock_all();
    server.aof.start(writer, &server.keyspace.journal);
    drop(locked.unlock());
    sluice
}

/// The values that the log's SET commands have, as far as they are told apart.
fn logged(path: &Path) -> Vec<String> {
    let file = File::open(path).expect("the log is there");
    let len = file.metadata().expect("the log is there").len();
    let mut reader = Reader::new(BufReader::new(file), 0, len);
    let mut values = Vec::new();
    while let Some(item) = reader.next_item().expect("the log is whole") {
        if let Item::Command(argv) = item
            && argv.get(0).eq_ignore_ascii_case(b"SET")
        {
            let value = argv.get(2).split(|&byte| byte == b'.').next().expect("a split has a first part");
            values.push(String::from_utf8(value.to_vec()).expect("it is text"));
        }
    }
    values
}

#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never is so");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn writers_wait_for_a_slow_disk_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut t = Gate::with_args(&["--save", ""]);
    let sluice = log_behind(&t.server, dir.path());
    let other = t.client();
    t.on(other).run("MULTI");
    t.on(other).run("SET unit exec");

    let mut accepted = 0;
    let mut set = |t: &mut Gate| {
        let mut value = accepted.to_string().into_bytes();
        value.resize(VALUE_BYTES, b'.');
        let answer = t.submit(&[b"SET", b"k", &value]);
        accepted += usize::from(answer == Answer::Replied(b"+OK\r\n".to_vec()));
        answer
    };
    until(|| set(&mut t) == Answer::Waits(Wait::Shards));
    let waiting_bytes = t.server.keyspace.journal.waiting_bytes();
    assert!(waiting_bytes <= BOUND_BYTES / 2, "{waiting_bytes}");
    let waits = |t: &mut Gate, request: &[&str]| {
        let words: Vec<Vec<u8>> = request.iter().map(|word| word.as_bytes().to_vec()).collect();
        t.submit(&slices(&words)) == Answer::Waits(Wait::Shards)
    };
    let script = ["EVAL", "return redis.call('SET', KEYS[1], 'script')", "1", "k"];
    assert!(waits(&mut t, &script), "a script may write");
    assert!(t.on(other).submit(&[b"EXEC"]) == Answer::Waits(Wait::Shards), "so does EXEC");
    assert!(!waits(&mut t, &["GET", "k"]) && !waits(&mut t, &["PING"]), "the others are served");

    *sluice.is_open.lock().unwrap() = true;
    sluice.opened.notify_all();
    until(|| set(&mut t) == Answer::Replied(b"+OK\r\n".to_vec()));
    until(|| t.on(other).submit(&[b"EXEC"]) == Answer::Replied(b"*1\r\n+OK\r\n".to_vec()));
    until(|| !waits(&mut t, &script));
    assert!(accepted * VALUE_BYTES <= BOUND_BYTES, "{accepted}");
    let last = t.server.keyspace.journal.last();
    t.server.aof.want(last);
    until(|| t.server.aof.durable() >= last);

    let mut expected: Vec<String> = (0..accepted).map(|number| number.to_string()).collect();
    expected.extend(["exec".to_owned(), "script".to_owned()]);
    assert_eq!(logged(&dir.path().join("a.1.incr.aof")), expected);
}
