use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::keyspace::{Key, KeyHasher, Keyspace, Locked, StringValue, Ttl};
use crate::persist::rdb::Options;
use crate::util::crc::crc64;

fn plan(path: &Path) -> Plan {
    Plan {
        path: path.to_owned(),
        options: Options { compress: false, ..Options::default() },
        checksum: true,
        in_pieces: true,
        usage: Usage::Untold,
        facts: vec![("maker", "test".to_owned())],
        functions: Vec::new(),
        delay_us: 0,
        threads: 2,
    }
}

fn set(keyspace: &Keyspace, db: usize, name: &str, value: &str) {
    let key = Key { name: name.as_bytes(), hash: keyspace.hash(name.as_bytes()) };
    let mut locked = Locked::one(keyspace, keyspace.shard_of(key.hash), false, db, 0).unwrap();
    locked.set_string(key, StringValue::encode(value.as_bytes()), Ttl::Clear);
}

fn keyspace() -> Keyspace {
    let keyspace = Keyspace::new(8, KeyHasher::seeded(5));
    for number in 0..2000 {
        set(&keyspace, number % 3, &format!("key:{number}"), &format!("value of {number}"));
    }
    keyspace
}

fn begin(keyspace: &Keyspace, plan: Plan) -> Save {
    Save::begin(plan, &mut Locked::all(keyspace, false, 0, 0).unwrap())
}

/// Databases of short strings, as a file holds them.
fn read(file: &[u8]) -> BTreeMap<(usize, String), String> {
    let body = file.len() - 8;
    assert_eq!(crc64(0, &file[..body]).to_le_bytes(), file[body..]);
    assert_eq!((&file[..9], file[body - 1]), (b"REDIS0010".as_slice(), 255));
    let mut rest = &file[9..body - 1];
    let mut content = BTreeMap::new();
    let mut db = usize::MAX;
    let byte = |rest: &mut &[u8]| {
        let (&first, behind) = rest.split_first().unwrap();
        *rest = behind;
        usize::from(first)
    };
    let number = |rest: &mut &[u8]| match byte(rest) {
        short @ 0..0x40 => short,
        long => (long & 0x3f) << 8 | byte(rest),
    };
    let text = |rest: &mut &[u8]| {
        let len = number(rest);
        let (text, behind) = rest.split_at(len);
        *rest = behind;
        String::from_utf8(text.to_vec()).unwrap()
    };
    while !rest.is_empty() {
        match byte(&mut rest) {
            250 => _ = (text(&mut rest), text(&mut rest)),
            254 => db = number(&mut rest),
            251 => _ = (number(&mut rest), number(&mut rest)),
            0 => {
                let (key, value) = (text(&mut rest), text(&mut rest));
                assert!(content.insert((db, key), value).is_none());
            }
            other => panic!("opcode {other}"),
        }
    }
    content
}

#[test]
fn a_file_holds_the_point_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dump.rdb");
    let keyspace = keyspace();
    let save = begin(&keyspace, plan(&path));
    let handle = save.handle();
    assert_eq!(handle.progress(), (0, 2000));
    for number in 0..3000 {
        set(&keyspace, 0, &format!("key:{number}"), "later");
    }
    assert!(handle.early_bytes().0 > 0);
    Locked::all(&keyspace, false, 0, 0).unwrap().empty_dbs(Some(1));
    let saved = save.run(&keyspace).unwrap();
    let file = std::fs::read(&path).unwrap();
    assert_eq!((saved.keys, saved.bytes), (2000, file.len() as u64));
    assert_eq!((handle.progress(), handle.early_bytes().0), ((2000, 2000), 0));
    let content = read(&file);
    assert_eq!(content.len(), 2000);
    assert!((0..2000usize).all(|n| content[&(n % 3, format!("key:{n}"))] == format!("value of {n}")));
}

#[test]
fn a_save_that_fails_or_is_cancelled_leaves_no_file_and_the_next_one_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dump.rdb");
    let keyspace = keyspace();
    let nowhere = directory.path().join("nowhere/dump.rdb");
    let failed = begin(&keyspace, plan(&nowhere)).run(&keyspace);
    assert!(matches!(failed, Err(SaveError::Io(_))));
    // Onto a directory: all is well until the last step.
    let failed = begin(&keyspace, plan(directory.path())).run(&keyspace);
    assert!(matches!(failed, Err(SaveError::Io(_))));

    let save = begin(&keyspace, Plan { delay_us: 60_000_000, ..plan(&path) });
    let handle = save.handle();
    let canceller = crate::util::task::spawn_thread("cancel", move || handle.cancel());
    assert!(matches!(save.run(&keyspace), Err(SaveError::Cancelled)));
    canceller.join().unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);

    begin(&keyspace, plan(&path)).run(&keyspace).unwrap();
    assert_eq!(read(&std::fs::read(&path).unwrap()).len(), 2000);
}

#[test]
fn the_delay_of_a_save_that_runs_can_be_ended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dump.rdb");
    let keyspace = keyspace();
    let snapshots = Arc::new(Snapshots::default());
    snapshots.claim(Purpose::Rewrite, 1_000, 0).unwrap();
    let save = begin(&keyspace, Plan { delay_us: 60_000_000, ..plan(&path) });
    snapshots.began(save.handle());
    let hurrying = Arc::clone(&snapshots);
    let hurrier = crate::util::task::spawn_thread("hurry", move || hurrying.set_delay(0));
    assert_eq!(save.run(&keyspace).unwrap().keys, 2000);
    hurrier.join().unwrap();
}

#[test]
fn a_snapshot_is_cancelled_by_its_purpose() {
    let directory = tempfile::tempdir().unwrap();
    let keyspace = keyspace();
    let snapshots = Snapshots::default();
    assert!(!snapshots.cancel_if(Purpose::Rewrite));
    snapshots.claim(Purpose::Rewrite, 1_000, 0).unwrap();
    let save = begin(&keyspace, Plan { delay_us: 60_000_000, ..plan(&directory.path().join("base.rdb")) });
    snapshots.began(save.handle());
    assert!(!snapshots.cancel(), "no dump runs");
    assert!(snapshots.cancel_if(Purpose::Rewrite));
    assert!(matches!(save.run(&keyspace), Err(SaveError::Cancelled)));
}

#[test]
fn a_save_can_be_made_to_fail() {
    let directory = tempfile::tempdir().unwrap();
    let keyspace = keyspace();
    let snapshots = Snapshots::default();
    assert!(!snapshots.fail(), "nothing runs");
    snapshots.claim(Purpose::Dump { in_background: true }, 1_000, 0).unwrap();
    let save = begin(&keyspace, Plan { delay_us: 60_000_000, ..plan(&directory.path().join("dump.rdb")) });
    snapshots.began(save.handle());
    assert!(snapshots.fail());
    assert!(matches!(save.run(&keyspace), Err(SaveError::Io(_))));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn one_runs_at_a_time_and_facts_follow() {
    let snapshots = Snapshots::default();
    let dump = Purpose::Dump { in_background: true };
    snapshots.loaded(1_000, 3);
    assert_eq!((snapshots.facts().saved_at_ms, snapshots.facts().saved_changes), (1_000, 3));
    assert!(!snapshots.schedule(true));
    snapshots.claim(dump, 5_000, 10).unwrap();
    assert_eq!(snapshots.claim(Purpose::Rewrite, 5_000, 10), Err(dump));
    assert_eq!(snapshots.facts().running, Some((dump, 5_000)));
    assert!(!snapshots.facts().is_scheduled, "it has begun");
    snapshots.end(Outcome::Failed, 7_999);
    let facts = snapshots.facts();
    assert_eq!((facts.has_failed, facts.took_s, facts.saved_at_ms), (true, Some(2), 1_000));
    snapshots.claim(Purpose::Dump { in_background: false }, 9_000, 20).unwrap();
    assert!(!snapshots.cancel(), "somebody waits for it");
    snapshots.end(Outcome::Saved, 9_500);
    let facts = snapshots.facts();
    assert_eq!((facts.has_failed, facts.saved_at_ms, facts.saved_changes, facts.saves), (false, 9_500, 20, 2));
    snapshots.claim(dump, 10_000, 30).unwrap();
    assert!(snapshots.cancel());
    // It is told as soon as it can be.
    let keyspace = keyspace();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dump.rdb");
    let save = begin(&keyspace, Plan { delay_us: Duration::from_secs(60).as_micros() as u64, ..plan(&path) });
    snapshots.began(save.handle());
    assert!(matches!(save.run(&keyspace), Err(SaveError::Cancelled)));
    snapshots.end(Outcome::Cancelled, 11_000);
    assert_eq!((snapshots.facts().saved_changes, snapshots.facts().has_failed), (20, false));
    snapshots.wait_until_idle();
}
