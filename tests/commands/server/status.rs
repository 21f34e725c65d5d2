//! TIME, LASTSAVE, ROLE, LOLWUT, MODULE, SHUTDOWN.

use crate::harness::{START_MS, both, both_with};

#[test]
fn time_in_seconds_and_microseconds() {
    both(|t| {
        t.advance_ms(1234);
        t.expect_list("TIME", &["1704067201", "234000"]);
        t.expect_error("TIME x", "ERR wrong number of arguments for 'time' command");
    });
}

#[test]
fn lastsave_is_the_start() {
    both(|t| {
        t.advance_ms(5000);
        t.expect("LASTSAVE", &format!("(integer) {}", START_MS / 1000));
    });
}

#[test]
fn role_is_that_of_a_primary_without_replicas() {
    both(|t| t.expect_raw("ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"));
}

#[test]
fn lolwut_ends_with_the_version() {
    both(|t| {
        let mark = if t.protocol() == 3 { "=" } else { "$" };
        assert!(t.raw("LOLWUT").starts_with(mark.as_bytes()));
        for request in ["LOLWUT", "LOLWUT VERSION 5", "LOLWUT VERSION 99 30 4", "LOLWUT VERSION", "LOLWUT other"] {
            let text = t.text(request);
            assert!(text.ends_with("Redis ver. 8.4.0\n") && text.contains("Nyala "), "{request}: {text}");
        }
        assert_eq!(t.text("LOLWUT VERSION 5 40 7").lines().count(), 10);
        t.expect_error("LOLWUT VERSION x", "ERR value is not an integer or out of range");
        t.expect_error("LOLWUT VERSION 5 40 7 x", "ERR value is not an integer or out of range");
    });
}

#[test]
fn there_are_no_modules() {
    both(|t| {
        t.expect("MODULE LIST", "(empty array)");
        let text = "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run \
                    it from a local connection, otherwise you need to set this option in the configuration file, and then \
                    restart the server.";
        for request in ["MODULE LOAD x.so", "MODULE LOADEX x.so", "MODULE UNLOAD x"] {
            t.expect_error(request, text);
        }
        assert!(t.text("INFO modules").starts_with("# Modules\r\n"));
        assert!(t.raw("MODULE HELP").starts_with(b"*"));
    });
    both_with(&["--enable-module-command", "yes"], |t| {
        t.expect_error("MODULE LOAD x.so", "ERR Error loading the extension. Please check the server logs.");
        t.expect_error("MODULE LOADEX x.so", "ERR Error loading the extension. Please check the server logs.");
        t.expect_error("MODULE UNLOAD x", "ERR Error unloading module: no such module with that name");
    });
}

#[test]
fn shutdown_closes_without_a_reply() {
    for (request, save, now, force) in [
        ("SHUTDOWN", Some(false), false, false),
        ("SHUTDOWN NOSAVE", Some(false), false, false),
        ("SHUTDOWN nosave now force", Some(false), true, true),
        ("SHUTDOWN NOSAVE NOSAVE NOW NOW", Some(false), true, false),
        // It has saved, or tried to.
        ("SHUTDOWN SAVE FORCE", Some(false), false, true),
    ] {
        both(|t| {
            assert_eq!(t.server.shutdown.requested(), None);
            assert_eq!(t.raw(request), b"", "{request}");
            assert!(t.is_closed(), "{request}");
            let options = t.server.shutdown.requested().expect("requested");
            assert_eq!((options.save, options.now, options.force), (save, now, force), "{request}");
        });
    }
}

#[test]
fn shutdown_refuses_what_does_not_fit() {
    both_with(&["--enable-protected-configs", "yes"], |t| {
        for request in ["SHUTDOWN SAVE NOSAVE", "SHUTDOWN NOSAVE SAVE", "SHUTDOWN x", "SHUTDOWN ABORT NOW"] {
            t.expect_error(request, "ERR syntax error");
        }
        t.expect_error("SHUTDOWN ABORT", "ERR No shutdown in progress.");
        // Nothing is lost by a snapshot that cannot be written.
        let directory = tempfile::tempdir().unwrap();
        t.config("dir", directory.path().to_str().unwrap());
        drop(directory);
        t.expect_error("SHUTDOWN SAVE", "ERR Errors trying to SHUTDOWN. Check logs.");
        assert_eq!(t.server.shutdown.requested(), None);
        t.expect("SET k v", "OK");
    });
}
