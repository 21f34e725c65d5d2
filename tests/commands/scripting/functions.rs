//! FUNCTION and FCALL.

use super::{expect, expect_in};
use crate::harness::{Gate, both};

fn load(t: &mut Gate, options: &[&str], code: &str) -> String {
    let mut words: Vec<&[u8]> = vec![b"FUNCTION", b"LOAD"];
    words.extend(options.iter().map(|word| word.as_bytes()));
    words.push(code.as_bytes());
    super::line(&t.run_args(&words))
}

const LIB: &str = "#!lua name=lib\n\
    redis.register_function('echo', function(keys, args) return {keys, args} end)\n\
    redis.register_function{function_name='get', callback=function(keys) return redis.call('GET', keys[1]) end, \
    flags={'no-writes'}, description='Reads'}\n\
    redis.register_function('set', function(keys, args) return redis.call('SET', keys[1], args[1]) end)\n\
    redis.register_function('fail', function() error('x') end)";

#[test]
fn functions_are_called() {
    both(|t| {
        assert_eq!(load(t, &[], LIB), r#""lib""#);
        expect(t, "FCALL echo 1 k a", r#"[["k"], ["a"]]"#);
        expect(t, "FCALL ECHO 0", "[[], []]");
        expect(t, "FCALL set 1 k v", "OK");
        expect(t, "FCALL_RO get 1 k", r#""v""#);
        t.expect_error("FCALL_RO set 1 k v", "ERR Can not execute a script with write flag using *_ro command.");
        t.expect_error("FCALL fail 0", "ERR user_function:5: x script: fail, on @user_function:5.");
        t.expect_error("FCALL nope 0", "ERR Function not found");
        t.expect_error("FCALL echo x", "ERR Bad number of keys provided");
        t.expect_error("FCALL echo -1", "ERR Number of keys can't be negative");
        t.expect_error("FCALL echo 2 a", "ERR Number of keys can't be greater than number of args");
    });
}

#[test]
fn libraries_come_and_go() {
    both(|t| {
        load(t, &[], LIB);
        assert_eq!(load(t, &[], LIB), "(error) ERR Library 'lib' already exists");
        assert_eq!(load(t, &["REPLACE"], LIB), r#""lib""#);
        let other = "#!lua name=other\nredis.register_function('get', redis.log)";
        assert_eq!(load(t, &[], other), "(error) ERR Function get already exists");
        let changed = "#!lua name=lib\nredis.register_function('echo', function() return 'new' end)";
        assert_eq!(load(t, &["REPLACE"], changed), r#""lib""#);
        expect(t, "FCALL echo 0", r#""new""#);
        t.expect_error("FCALL get 1 k", "ERR Function not found");
        assert_eq!(load(t, &["NOPE"], LIB), "(error) ERR Unknown option given: NOPE");
        expect_in(
            t,
            "FUNCTION STATS",
            r#"["running_script", (nil), "engines", ["LUA", ["libraries_count", 1, "functions_count", 1]]]"#,
            r#"{"running_script": (nil), "engines": {"LUA": {"libraries_count": 1, "functions_count": 1}}}"#,
        );
        t.expect_error("FUNCTION KILL", "NOTBUSY No scripts in execution right now.");
        t.expect_error("FUNCTION DELETE nope", "ERR Library not found");
        expect(t, "FUNCTION DELETE lib", "OK");
        expect(t, "FUNCTION LIST", "[]");
        load(t, &[], LIB);
        expect(t, "FUNCTION FLUSH", "OK");
        t.expect_error("FUNCTION FLUSH NOW", "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
        t.expect_error("FCALL echo 0", "ERR Function not found");
    });
}

#[test]
fn libraries_that_are_refused() {
    both(|t| {
        for (code, text) in [
            ("return 1", "ERR Missing library metadata"),
            ("#!lua\nx", "ERR Library name was not given"),
            (
                "#!lua name=a-b\nx",
                "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
            ),
            ("#!js name=a\nx", "ERR Engine 'js' not found"),
            ("#!lua name=a\nx x", "ERR Error compiling function: user_function:2: '=' expected near 'x'"),
            ("#!lua name=a\nreturn 1", "ERR No functions registered"),
            (
                "#!lua name=a\nredis.call('PING')",
                "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
            ),
        ] {
            assert_eq!(load(t, &[], code), format!("(error) {text}"));
        }
        expect(t, "FUNCTION LIST", "[]");
    });
}

#[test]
fn libraries_are_listed() {
    both(|t| {
        load(
            t,
            &[],
            "#!lua name=lib\nredis.register_function{function_name='f', callback=redis.log, flags={'no-writes'}, description='d'}",
        );
        expect_in(
            t,
            "FUNCTION LIST LIBRARYNAME L*",
            r#"[["library_name", "lib", "engine", "LUA", "functions", [["name", "f", "description", "d", "flags", [no-writes]]]]]"#,
            r#"[{"library_name": "lib", "engine": "LUA", "functions": [{"name": "f", "description": "d", "flags": {no-writes}}]}]"#,
        );
        expect(t, "FUNCTION LIST LIBRARYNAME x*", "[]");
        assert!(super::line(&t.run("FUNCTION LIST WITHCODE")).contains("library_code"));
        t.expect_error("FUNCTION LIST LIBRARYNAME", "ERR library name argument was not given");
        t.expect_error("FUNCTION LIST NOPE", "ERR Unknown argument NOPE");
    });
}

#[test]
fn libraries_are_dumped_and_restored() {
    both(|t| {
        load(t, &[], LIB);
        let payload = match t.run("FUNCTION DUMP") {
            nyala::resp::decode::Value::Bulk(payload) => payload,
            other => panic!("{other:?}"),
        };
        let restore = |t: &mut Gate, payload: &[u8], policy: &str| {
            let mut words = vec![&b"FUNCTION"[..], b"RESTORE", payload];
            if !policy.is_empty() {
                words.push(policy.as_bytes());
            }
            super::line(&t.run_args(&words))
        };
        assert_eq!(restore(t, &payload, ""), "(error) ERR Library lib already exists");
        assert_eq!(restore(t, &payload, "REPLACE"), "OK");
        expect(t, "FUNCTION FLUSH", "OK");
        assert_eq!(restore(t, &payload, "APPEND"), "OK");
        assert_eq!(restore(t, &payload, "FLUSH"), "OK");
        expect(t, "FCALL echo 0", "[[], []]");
        assert_eq!(
            restore(t, &payload, "NOPE"),
            "(error) ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
        );
        assert_eq!(restore(t, &payload[1..], ""), "(error) ERR DUMP payload version or checksum are wrong");
    });
}
