use std::io;
use std::path::Path;
use std::sync::Arc;

use super::file::{Dir, LogFile, Open};
use super::load::{Item, Reader};
use super::*;
use crate::journal::Unit;
use crate::resp::OwnedArgs;

/// What the next calls of a file do wrong.
#[derive(Debug, Default)]
struct Faults {
    /// Bytes that fit before the disk is full.
    room: Option<usize>,
    fails_sync: bool,
    fails_truncate: bool,
    syncs: usize,
}

#[derive(Debug)]
struct Faulty {
    file: std::fs::File,
    faults: Arc<Mutex<Faults>>,
}

impl LogFile for Faulty {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut faults = lock(&self.faults);
        let Some(room) = &mut faults.room else { return self.file.append(bytes) };
        if *room == 0 {
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        let count = self.file.append(&bytes[..bytes.len().min(*room)])?;
        *room -= count;
        Ok(count)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut faults = lock(&self.faults);
        faults.syncs += 1;
        if faults.fails_sync { Err(io::Error::from_raw_os_error(libc::EIO)) } else { Ok(()) }
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        if lock(&self.faults).fails_truncate {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        self.file.truncate(len)
    }
}

/// A log in a directory of its own.
struct Log {
    parent: tempfile::TempDir,
    journal: Journal,
    aof: Aof,
    faults: Arc<Mutex<Faults>>,
    now_ms: u64,
}

impl Log {
    fn new(fsync: Fsync) -> Log {
        let parent = tempfile::tempdir().unwrap();
        let faults = Arc::<Mutex<Faults>>::default();
        let seen = Arc::clone(&faults);
        let open = Open(Box::new(move |path: &Path| {
            let file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
            let len = file.metadata()?.len();
            Ok((Box::new(Faulty { file, faults: Arc::clone(&seen) }), len))
        }));
        let (journal, aof) = (Journal::default(), Aof::default());
        let dir = Dir::take(&parent.path().join("log")).unwrap();
        let mut manifest = Manifest::default();
        manifest.add_incremental("a");
        aof.set(|settings| settings.fsync = fsync);
        aof.start(Writer::open(dir, "a", open, manifest).unwrap(), &journal);
        Log { parent, journal, aof, faults, now_ms: 5_000_000 }
    }

    fn append(&self, text: &str) -> u64 {
        self.journal.append(0, self.now_ms, text.split(' ').collect::<OwnedArgs>().view())
    }

    fn turn(&self) -> Pace {
        self.aof.turn(&self.journal, self.now_ms)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.parent.path().join("log").join(name)).unwrap()
    }

    /// The commands in a file.
    fn commands(&self, name: &str) -> Vec<String> {
        let bytes = self.bytes(name);
        let mut reader = Reader::new(&bytes[..], 0, bytes.len() as u64);
        let mut all = Vec::new();
        while let Some(item) = reader.next_item().unwrap() {
            all.push(match item {
                Item::Command(argv) => String::from_utf8(argv.iter().collect::<Vec<_>>().join(&b' ')).unwrap(),
                other => format!("{other:?}"),
            });
        }
        all
    }
}

#[test]
fn effects_are_written_and_units_framed() {
    let mut log = Log::new(Fsync::Always);
    log.append("SET a 1");
    let mut unit = Unit::default();
    for (db, text) in [(0, "SET b 1"), (2, "SET c 1")] {
        unit.push(db, text.split(' ').collect::<OwnedArgs>().view());
    }
    unit.set_atomic();
    let seq = log.journal.append_unit(log.now_ms, &unit);
    log.aof.set(|settings| settings.timed = true);
    assert_eq!(log.turn(), Pace::GoOn);
    assert_eq!((log.aof.written(), log.aof.durable()), (seq, seq));
    log.now_ms += 1000;
    log.append("SET d 1");
    log.turn();
    assert_eq!(log.turn(), Pace::Sleep);
    let expected = [
        "Time(5000)",
        "SELECT 0",
        "SET a 1",
        "MULTI",
        "SET b 1",
        "SELECT 2",
        "SET c 1",
        "EXEC",
        "Time(5001)",
        "SELECT 0",
        "SET d 1",
    ];
    assert_eq!(log.commands("a.1.incr.aof"), expected);
    assert_eq!(log.aof.facts.current_size.load(Relaxed), log.bytes("a.1.incr.aof").len() as u64);
}

#[test]
fn syncs_come_as_often_as_asked() {
    let syncs = |log: &Log| lock(&log.faults).syncs;
    let mut log = Log::new(Fsync::Everysec);
    log.append("A");
    log.turn();
    log.append("B");
    let seq = log.append("C");
    assert_eq!(log.turn(), Pace::Rest);
    assert_eq!((syncs(&log), log.aof.written(), log.aof.durable()), (1, seq, 1), "the first is due at once");
    log.now_ms += 999;
    assert_eq!((log.turn(), syncs(&log)), (Pace::Sleep, 1));
    log.now_ms += 1;
    log.turn();
    assert_eq!((syncs(&log), log.aof.durable()), (2, seq));
    // Somebody waits for it.
    let seq = log.append("D");
    log.aof.want(seq);
    log.turn();
    assert_eq!((syncs(&log), log.aof.durable()), (3, seq));

    // So much is not kept in memory for the rest of the second, unless the disk is to be spared.
    let big = format!("SET k {}", "v".repeat(SYNC_BYTES));
    log.aof.set(|settings| settings.spares_disk = true);
    log.append(&big);
    log.turn();
    assert_eq!(syncs(&log), 3);
    log.aof.set(|settings| settings.spares_disk = false);
    let seq = log.append("E");
    log.turn();
    assert_eq!((syncs(&log), log.aof.durable()), (4, seq));

    let mut log = Log::new(Fsync::No);
    for _ in 0..3 {
        log.append("A");
        log.now_ms += 5000;
        log.turn();
    }
    assert_eq!((syncs(&log), log.aof.written(), log.aof.durable()), (0, 3, 0));
    log.aof.set(|settings| settings.fsync = Fsync::Always);
    log.append("A");
    log.turn();
    assert_eq!((syncs(&log), log.aof.durable()), (1, 4));
}

#[test]
fn a_full_disk_leaves_whole_effects_and_loses_nothing() {
    for fails_truncate in [false, true] {
        let log = Log::new(Fsync::Always);
        log.append("SET a 1");
        log.turn();
        let whole = log.bytes("a.1.incr.aof");
        *lock(&log.faults) = Faults { room: Some(10), fails_truncate, ..Faults::default() };
        let seq = log.append("SET b 1");
        assert_eq!(log.turn(), Pace::Retry);
        let failure = log.aof.failure().unwrap();
        assert_eq!((failure.is_sync, &*failure.text), (false, "No space left on device"));
        assert_eq!(log.aof.durable(), seq - 1);
        if !fails_truncate {
            assert_eq!(log.bytes("a.1.incr.aof"), whole);
        }
        assert_eq!(log.turn(), Pace::Retry);
        *lock(&log.faults) = Faults::default();
        log.turn();
        assert_eq!((log.aof.failure(), log.aof.durable()), (None, seq));
        assert_eq!(log.commands("a.1.incr.aof"), ["SELECT 0", "SET a 1", "SET b 1"]);
    }
}

#[test]
fn what_a_failed_sync_may_have_lost_is_written_again() {
    let log = Log::new(Fsync::Always);
    log.append("SET a 1");
    log.turn();
    lock(&log.faults).fails_sync = true;
    let seq = log.append("SET b 1");
    assert_eq!(log.turn(), Pace::Retry);
    assert!(log.aof.failure().unwrap().is_sync);
    assert_eq!((log.aof.durable(), log.commands("a.1.incr.aof").len()), (seq - 1, 2));
    let seq = log.append("SET c 1");
    assert_eq!(log.turn(), Pace::Retry);
    lock(&log.faults).fails_sync = false;
    log.turn();
    assert_eq!((log.aof.failure(), log.aof.durable()), (None, seq));
    assert_eq!(log.commands("a.1.incr.aof"), ["SELECT 0", "SET a 1", "SET b 1", "SET c 1"]);
}

#[test]
fn a_new_file_begins_behind_a_number_and_a_new_base_ends_the_old_ones() {
    let log = Log::new(Fsync::Everysec);
    log.append("SET a 1");
    let seq = log.append("SET b 1");
    log.aof.switch_behind(seq);
    log.append("SET c 1");
    assert_eq!(log.turn(), Pace::GoOn);
    log.turn();
    assert_eq!(log.commands("a.1.incr.aof"), ["SELECT 0", "SET a 1", "SET b 1"]);
    assert_eq!(log.commands("a.2.incr.aof"), ["SELECT 0", "SET c 1"]);
    let dir = log.parent.path().join("log");
    std::fs::write(dir.join("temp-base"), b"base").unwrap();
    log.aof.with_writer(|writer| {
        writer.replace_base("temp-base", BaseFormat::Aof).unwrap();
        assert_eq!(writer.manifest().history.len(), 1);
        writer.remove_history();
    });
    let text = "file a.1.base.aof seq 1 type b\nfile a.2.incr.aof seq 2 type i\n";
    assert_eq!(log.bytes("a.manifest"), text.as_bytes());
    let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.1.base.aof", "a.2.incr.aof", "a.manifest"]);
}

#[test]
fn the_thread_is_woken_by_who_waits() {
    let log = Log::new(Fsync::Everysec);
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| log.aof.run(&log.journal, || 7_000_000, || ends.load(Relaxed)));
        for _ in 0..50 {
            let seq = log.append("SET a 1");
            log.aof.want(seq);
            while log.aof.durable() < seq {
                std::thread::yield_now();
            }
        }
        ends.store(true, Relaxed);
    });
    assert_eq!(log.commands("a.1.incr.aof").len(), 51);
    assert!(log.aof.stop(&log.journal, 0));
    assert_eq!(log.aof.durable(), u64::MAX);
}

#[test]
fn the_last_of_a_group_wakes_the_writer() {
    let log = Log::new(Fsync::Always);
    let want = || log.aof.want(log.append("SET a 1"));
    let is_gathering = || log.aof.sleep.load(Relaxed) == GATHERING;
    (0..3).for_each(|_| want());
    assert_eq!(log.turn(), Pace::GoOn);
    // One that came while the disk worked is there already.
    want();
    assert!(log.aof.begin_gathering() <= GATHER_MAX);
    for _ in 0..2 {
        want();
        assert!(is_gathering(), "not all of the three have come again");
    }
    want();
    assert!(!is_gathering());
    // Where nobody was let go, nobody is waited for.
    log.turn();
    log.turn();
    log.aof.gather();
    log.aof.begin_gathering();
    want();
    assert!(!is_gathering());
}
