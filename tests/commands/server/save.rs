//! SAVE, BGSAVE, LASTSAVE, save points, and writes after a snapshot has failed.

use nyala::state::Gate as Condition;

use crate::harness::{Gate, both_with};

/// `dir` can be changed.
const ARGS: &[&str] = &["--enable-protected-configs", "yes"];

const MISCONF: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
                       Commands that may modify the data set are disabled, because this instance is configured to report \
                       errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check \
                       the Redis logs for details about the RDB error.";

fn fact(t: &mut Gate, name: &str) -> String {
    let info = t.text("INFO persistence");
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned));
    value.unwrap_or_else(|| panic!("{name} is not in {info}"))
}

/// A directory of its own.
fn directory(t: &mut Gate) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("there is room");
    t.config("dir", directory.path().to_str().expect("it is text"));
    directory
}

#[test]
fn save_writes_the_file_and_counts() {
    both_with(ARGS, |t| {
        let directory = directory(t);
        let path = directory.path().join("other.rdb");
        t.config("dbfilename", "other.rdb");
        let start = t.now_ms() / 1000;
        t.expect("LASTSAVE", &format!("(integer) {start}"));
        t.expect("MSET a 1 b 2", "OK");
        assert_eq!(fact(t, "rdb_changes_since_last_save"), "2");
        t.advance_ms(10_000);
        t.expect("SAVE", "OK");
        t.expect("LASTSAVE", &format!("(integer) {}", start + 10));
        assert_eq!(fact(t, "rdb_changes_since_last_save"), "0");
        assert_eq!((fact(t, "rdb_saves"), fact(t, "rdb_last_bgsave_time_sec")), ("1".into(), "-1".into()));
        assert!(std::fs::read(&path).unwrap().starts_with(b"REDIS0010"));
        t.expect("CONFIG RESETSTAT", "OK");
        t.expect("SET c 3", "OK");
        assert_eq!(fact(t, "rdb_changes_since_last_save"), "1");
        t.expect_error("SAVE x", "ERR wrong number of arguments for 'save' command");
    });
}

#[test]
fn bgsave_runs_beside_commands() {
    both_with(ARGS, |t| {
        let directory = directory(t);
        t.expect("SET key before", "OK");
        t.config("rdb-key-save-delay", "60000000");
        t.expect("BGSAVE", "Background saving started");
        assert_eq!(fact(t, "rdb_bgsave_in_progress"), "1");
        assert_eq!(fact(t, "current_save_keys_total"), "1");
        assert_eq!(fact(t, "current_save_keys_processed"), "0");
        t.expect("SET key after", "OK");
        for request in ["BGSAVE", "BGSAVE SCHEDULE", "SAVE"] {
            t.expect_error(request, "ERR Background save already in progress");
        }
        t.expect("BGSAVE CANCEL", "Background saving cancelled");
        t.server.snapshots.wait_until_idle();
        assert_eq!((fact(t, "rdb_bgsave_in_progress"), fact(t, "rdb_last_bgsave_status")), ("0".into(), "ok".into()));
        t.expect_error("BGSAVE CANCEL", "ERR Background saving is currently not in progress or scheduled");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        t.config("rdb-key-save-delay", "0");
        t.expect("BGSAVE SCHEDULE", "Background saving started");
        t.server.snapshots.wait_until_idle();
        assert_eq!(
            (fact(t, "rdb_changes_since_last_save"), fact(t, "rdb_last_bgsave_time_sec")),
            ("0".into(), "0".into())
        );
        assert!(directory.path().join("dump.rdb").exists());
        for request in ["BGSAVE x", "BGSAVE CANCEL SCHEDULE"] {
            t.expect_error(request, "ERR syntax error");
        }
    });
}

#[test]
fn save_points_are_reached_by_time_and_changes() {
    both_with(ARGS, |t| {
        let _directory = directory(t);
        t.config("save", "100 3 10 5");
        t.expect("MSET a 1 b 2", "OK");
        t.advance_ms(200_000);
        t.server.save_if_due();
        assert_eq!(fact(t, "rdb_saves"), "0", "too few changes");
        t.expect("SET c 3", "OK");
        t.server.save_if_due();
        t.server.snapshots.wait_until_idle();
        assert_eq!((fact(t, "rdb_saves"), fact(t, "rdb_changes_since_last_save")), ("1".into(), "0".into()));
        t.expect("MSET a 1 b 2 c 3 d 4 e 5", "OK");
        t.advance_ms(10_000);
        t.server.save_if_due();
        assert_eq!(fact(t, "rdb_saves"), "1", "not for long enough");
        t.advance_ms(1_000);
        t.server.save_if_due();
        t.server.snapshots.wait_until_idle();
        assert_eq!(fact(t, "rdb_saves"), "2");
        t.config("save", "");
        t.expect("MSET a 1 b 2 c 3 d 4 e 5", "OK");
        t.advance_ms(1_000_000);
        t.server.save_if_due();
        assert_eq!(fact(t, "rdb_saves"), "2");
    });
}

#[test]
fn writes_are_refused_after_a_failure_until_a_snapshot_is_written() {
    both_with(ARGS, |t| {
        drop(directory(t));
        t.config("save", "3600 1");
        t.expect("SET k v", "OK");
        t.expect("BGSAVE", "Background saving started");
        t.server.snapshots.wait_until_idle();
        // The gate closes just after the turn is given back.
        t.server.refresh_save_gate();
        assert_eq!(fact(t, "rdb_last_bgsave_status"), "err");
        for request in ["SET k v", "DEL k", "PING", "FLUSHALL"] {
            t.expect_error(request, MISCONF);
        }
        let said = t.raw(r#"EVAL "return redis.call('set', KEYS[1], 1)" 1 k"#);
        assert!(said.starts_with(format!("-{MISCONF} script: ").as_bytes()), "{}", said.escape_ascii());
        t.expect_error(r##"EVAL "#!lua\nreturn 1" 0"##, MISCONF);
        t.expect(r##"EVAL "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])" 1 k"##, "\"v\"");
        t.expect(r#"EVAL "return redis.call('get', KEYS[1])" 1 k"#, "\"v\"");
        t.expect("GET k", "\"v\"");
        t.server.set_gate(Condition::SAVE_FAILED, false);
        t.expect("MULTI", "OK");
        t.expect("SET k w", "QUEUED");
        t.server.refresh_save_gate();
        t.expect_error("EXEC", &format!("EXECABORT Transaction discarded because of: {MISCONF}"));
        t.expect("GET k", "\"v\"");
        t.config("stop-writes-on-bgsave-error", "no");
        t.expect("SET k v", "OK");
        t.config("stop-writes-on-bgsave-error", "yes");
        t.config("save", "");
        t.expect("SET k v", "OK");
        t.config("save", "3600 1");
        t.expect_error("SET k v", MISCONF);
        t.advance_ms(3_000);
        t.server.save_if_due();
        assert_eq!(fact(t, "rdb_saves"), "1", "a failed one is not tried again at once");
        t.expect_error("SAVE", "ERR");
        let _directory = directory(t);
        t.expect("SAVE", "OK");
        t.expect("SET k v", "OK");
        assert_eq!(fact(t, "rdb_last_bgsave_status"), "ok");
    });
}

#[test]
fn flushall_takes_the_wind_out_of_a_snapshot() {
    both_with(ARGS, |t| {
        let directory = directory(t);
        t.config("save", "3600 1");
        t.expect("SET k v", "OK");
        t.config("rdb-key-save-delay", "60000000");
        t.expect("BGSAVE", "Background saving started");
        t.expect("FLUSHALL", "OK");
        assert_eq!(fact(t, "rdb_changes_since_last_save"), "0");
        t.server.snapshots.wait_until_idle();
        assert!(!directory.path().join("dump.rdb").exists());
        t.server.save_if_due();
        t.server.snapshots.wait_until_idle();
        assert!(directory.path().join("dump.rdb").exists(), "what is left is saved soon");
    });
}

#[test]
fn shutdown_saves_what_changes_until_the_end() {
    both_with(ARGS, |t| {
        let directory = directory(t);
        t.expect("SET k v", "OK");
        t.config("rdb-key-save-delay", "60000000");
        t.expect("BGSAVE", "Background saving started");
        t.config("rdb-key-save-delay", "0");
        t.expect("SET other v", "OK");
        assert_eq!(t.raw("SHUTDOWN SAVE"), b"");
        assert!(t.is_closed() && t.server.is_paused());
        let file = std::fs::read(directory.path().join("dump.rdb")).unwrap();
        assert!(file.windows(5).any(|bytes| bytes == b"other"));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    });
}
