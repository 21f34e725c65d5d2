//! DUMP, RESTORE, and the data set's way to its file and back.

use crate::harness::{Gate, START_MS, both, both_with, slices};
use nyala::resp::decode::Value;

/// The payload of a key.
fn dump(t: &mut Gate, key: &str) -> Vec<u8> {
    match t.run(&format!("DUMP {key}")) {
        Value::Bulk(payload) => payload.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// RESTORE with these words around the payload, as text.
fn restore(t: &mut Gate, key: &str, ttl: &str, payload: &[u8], options: &str) -> String {
    let mut words: Vec<Vec<u8>> = ["RESTORE", key, ttl].map(|word| word.as_bytes().to_vec()).to_vec();
    words.push(payload.to_vec());
    words.extend(options.split_whitespace().map(|word| word.as_bytes().to_vec()));
    let reply = t.raw_args(&slices(&words));
    String::from_utf8_lossy(&reply).trim_end().to_owned()
}

#[test]
fn dump_of_nothing_is_null() {
    both(|t| t.expect("DUMP nosuch", "(nil)"));
}

#[test]
fn every_type_comes_back() {
    both_with(&["--enable-debug-command", "yes"], |t| {
        t.run("SET string value");
        t.run("RPUSH list a 1 -5000");
        t.run("SADD set a b");
        t.run("SADD intset 1 2 3");
        t.run("ZADD zset 1.5 a inf b");
        t.run("HSET hash f v g w");
        t.run("XADD stream 5-1 f v");
        t.run("XGROUP CREATE stream g 0");
        t.run("XREADGROUP GROUP g c STREAMS stream >");
        for key in ["string", "list", "set", "intset", "zset", "hash", "stream"] {
            let payload = dump(t, key);
            assert_eq!(restore(t, "copy", "0", &payload, "REPLACE"), "+OK");
            assert_eq!(t.run(&format!("DEBUG DIGEST-VALUE {key}")), t.run("DEBUG DIGEST-VALUE copy"), "{key}");
            assert_eq!(t.run(&format!("OBJECT ENCODING {key}")), t.run("OBJECT ENCODING copy"), "{key}");
        }
    });
}

#[test]
fn times_are_relative_or_absolute() {
    both(|t| {
        t.run("SET k v");
        let payload = dump(t, "k");
        assert_eq!(restore(t, "a", "5000", &payload, ""), "+OK");
        t.expect("PTTL a", "(integer) 5000");
        let at_ms = (START_MS + 100_000).to_string();
        assert_eq!(restore(t, "b", &at_ms, &payload, "ABSTTL"), "+OK");
        t.expect("PTTL b", "(integer) 100000");
        // What has expired already replaces a key by none.
        assert_eq!(restore(t, "b", "5", &payload, "REPLACE ABSTTL"), "+OK");
        t.expect("EXISTS b", "(integer) 0");
        assert_eq!(restore(t, "c", "0", &payload, "IDLETIME 1000"), "+OK");
        t.expect("OBJECT IDLETIME c", "(integer) 1000");
        t.config("maxmemory-policy", "allkeys-lfu");
        assert_eq!(restore(t, "d", "0", &payload, "FREQ 100"), "+OK");
        t.expect("OBJECT FREQ d", "(integer) 100");
    });
}

#[test]
fn errors_are_those_of_redis() {
    both_with(&["--enable-debug-command", "yes"], |t| {
        t.run("SET k v");
        let payload = dump(t, "k");
        let mut wrong = payload.clone();
        wrong[1] ^= 1;
        let mut later = b"\0\x01v\x0d\0".to_vec();
        later.extend(nyala::util::crc::crc64(0, &later).to_le_bytes());
        let mut no_value = b"\x12\0\x0a\0".to_vec();
        no_value.extend(nyala::util::crc::crc64(0, &no_value).to_le_bytes());
        assert_eq!(restore(t, "k", "0", &payload, ""), "-BUSYKEY Target key name already exists.");
        assert_eq!(restore(t, "n", "x", &payload, ""), "-ERR value is not an integer or out of range");
        assert_eq!(restore(t, "n", "-1", &payload, ""), "-ERR Invalid TTL value, must be >= 0");
        for payload in [&wrong, &later, &b"".to_vec()] {
            let text = "-ERR DUMP payload version or checksum are wrong";
            assert_eq!(restore(t, "n", "0", payload, ""), text);
        }
        assert_eq!(restore(t, "n", "0", &no_value, ""), "-ERR Bad data format");
        assert_eq!(restore(t, "n", "0", &payload, "IDLETIME -1"), "-ERR Invalid IDLETIME value, must be >= 0");
        assert_eq!(restore(t, "n", "0", &payload, "FREQ 256"), "-ERR Invalid FREQ value, must be >= 0 and <= 255");
        for options in ["REPLAC", "FREQ", "IDLETIME 1 FREQ 1"] {
            assert_eq!(restore(t, "n", "0", &payload, options), "-ERR syntax error", "{options}");
        }
        t.expect("EXISTS n", "(integer) 0");
        t.run("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
        assert_eq!(restore(t, "n", "0", &wrong, ""), "-ERR Bad data format", "the length has changed");
        t.run("DEBUG SET-SKIP-CHECKSUM-VALIDATION 0");
    });
}

#[test]
fn the_data_set_goes_to_its_file_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--dir", dir.path().to_str().unwrap(), "--enable-debug-command", "yes"];
    both_with(&args, |t| {
        t.run("FLUSHALL");
        t.run("SET string value PX 100000");
        t.run("RPUSH list a b c");
        t.run("SELECT 5");
        t.run("HSET hash f v");
        t.run("SET due v PX 50");
        let digest = t.run("DEBUG DIGEST");
        t.expect("DEBUG RELOAD", "OK");
        assert_eq!(t.run("DEBUG DIGEST"), digest);
        t.advance_ms(51);
        t.expect("DEBUG RELOAD NOSAVE", "OK");
        t.expect("DBSIZE", "(integer) 1");
        t.run("SET other v");
        t.expect("DEBUG RELOAD MERGE NOFLUSH NOSAVE", "OK");
        t.expect("DBSIZE", "(integer) 2");
        t.expect_error("DEBUG RELOAD NOFLUSH NOSAVE", "ERR Error trying to load the RDB dump, check server logs.");
        t.expect_error("DEBUG RELOAD SOON", "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
        assert!(t.text("INFO persistence").contains("\r\nrdb_last_load_keys_loaded:"));
    });
}

#[test]
fn functions_go_to_the_file_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--dir", dir.path().to_str().unwrap(), "--enable-debug-command", "yes"];
    both_with(&args, |t| {
        let load = |name: &str| {
            format!(
                "FUNCTION LOAD REPLACE \"#!lua name={name}\\nredis.register_function('{name}', function() return 1 end)\""
            )
        };
        t.expect("FUNCTION FLUSH", "OK");
        t.expect(&load("saved"), "\"saved\"");
        t.expect("DEBUG RELOAD", "OK");
        t.expect("FCALL saved 0", "(integer) 1");
        t.expect_error("DEBUG RELOAD NOFLUSH", "ERR Error trying to load the RDB dump, check server logs.");
        t.expect(&load("other"), "\"other\"");
        t.expect("DEBUG RELOAD NOSAVE NOFLUSH MERGE", "OK");
        t.expect("FCALL other 0", "(integer) 1");
        t.expect("DEBUG RELOAD NOSAVE", "OK");
        t.expect_error("FCALL other 0", "ERR Function not found");
        t.expect("FCALL saved 0", "(integer) 1");
    });
}

/// A server on the other side of MIGRATE: answers each request with the next of `replies`, then closes. Answers what it
/// was sent.
fn target(replies: &'static [&'static str]) -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback works");
    let port = listener.local_addr().expect("loopback works").port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("loopback works");
        stream.write_all(replies.concat().as_bytes()).expect("loopback works");
        stream.shutdown(std::net::Shutdown::Write).expect("loopback works");
        let mut sent = Vec::new();
        stream.read_to_end(&mut sent).expect("loopback works");
        sent
    });
    (port, thread)
}

#[test]
fn keys_move_to_another_server() {
    both(|t| {
        t.run("MSET a 1 b 2 c 3");
        let (port, sent) = target(&["+OK\r\n", "+OK\r\n", "+OK\r\n", "-BUSYKEY taken\r\n"]);
        t.expect_error(
            &format!("MIGRATE 127.0.0.1 {port} \"\" 7 1000 AUTH pw KEYS a b nosuch"),
            "ERR Target instance replied with error: BUSYKEY taken",
        );
        t.expect("EXISTS a b c", "(integer) 2");
        let sent = String::from_utf8_lossy(&sent.join().unwrap()).into_owned();
        assert!(
            sent.starts_with("*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n*4\r\n$7\r\nRESTORE")
        );

        let (port, sent) = target(&["+OK\r\n", "+OK\r\n"]);
        t.expect(&format!("MIGRATE 127.0.0.1 {port} b 0 1000 COPY REPLACE"), "OK");
        t.expect("EXISTS b", "(integer) 1");
        assert!(String::from_utf8_lossy(&sent.join().unwrap()).ends_with("$7\r\nREPLACE\r\n"));

        // Who hangs up in between keeps what he has not confirmed from being removed.
        let (port, sent) = target(&["+OK\r\n", "+OK\r\n"]);
        t.expect_error(
            &format!("MIGRATE 127.0.0.1 {port} \"\" 0 1000 KEYS b c"),
            "IOERR error or timeout reading from target instance",
        );
        t.expect("EXISTS b", "(integer) 0");
        t.expect("EXISTS c", "(integer) 1");
        sent.join().unwrap();
        t.expect("MIGRATE 127.0.0.1 1 nosuch 0 1000", "NOKEY");
        t.expect_error("MIGRATE 127.0.0.1 1 c 0 1000 NOW", "ERR syntax error");
    });
}

#[test]
fn the_key_without_a_name_moves_too() {
    both(|t| {
        t.run("MSET a 1 \"\" 2");
        for keys in ["", " KEYS \"\""] {
            let (port, sent) = target(&["+OK\r\n", "+OK\r\n"]);
            t.expect(&format!("MIGRATE 127.0.0.1 {port} \"\" 0 1000 COPY{keys}"), "OK");
            let sent = String::from_utf8_lossy(&sent.join().unwrap()).into_owned();
            assert!(sent.contains("$7\r\nRESTORE\r\n$0\r\n\r\n"), "{sent}");
        }
        t.expect("MIGRATE 127.0.0.1 1 \"\" 0 1000 KEYS", "NOKEY");
        t.run("DEL \"\"");
        t.expect("MIGRATE 127.0.0.1 1 \"\" 0 1000", "NOKEY");
    });
}
