//! Scripts: arguments, the cache, conversions, what a script leaves of its client's session.

use super::{expect, expect_in};
use crate::harness::{Gate, both};

/// Runs `EVAL source` with these arguments behind it.
pub(super) fn eval(t: &mut Gate, source: &str, rest: &str) -> String {
    let mut words = vec![b"EVAL".to_vec(), source.as_bytes().to_vec()];
    words.extend(crate::harness::words(rest));
    super::line(&t.run_args(&crate::harness::slices(&words)))
}

#[track_caller]
pub(super) fn expect_eval(t: &mut Gate, source: &str, rest: &str, expected: &str) {
    assert_eq!(eval(t, source, rest), expected, "EVAL {source} {rest}");
}

#[test]
fn keys_and_arguments() {
    both(|t| {
        expect_eval(t, "return {KEYS[1],KEYS[2],ARGV[1],#ARGV}", "2 a b c d", r#"["a", "b", "c", 2]"#);
        expect_eval(t, "return #KEYS + #ARGV", "0", "0");
        for (rest, text) in [
            ("x", "(error) ERR value is not an integer or out of range"),
            ("-1", "(error) ERR Number of keys can't be negative"),
            ("2 a", "(error) ERR Number of keys can't be greater than number of args"),
        ] {
            expect_eval(t, "return 1", rest, text);
        }
        t.expect_error("EVAL 'return 1'", "ERR wrong number of arguments for 'eval' command");
    });
}

#[test]
fn commands_and_their_replies() {
    both(|t| {
        expect_eval(t, "return redis.call('SET', KEYS[1], ARGV[1])", "1 k v", "OK");
        expect_eval(t, "return redis.call('GET', KEYS[1])", "1 k", r#""v""#);
        expect_eval(t, "return redis.call('INCRBY', KEYS[1], 5)", "1 n", "5");
        expect_eval(t, "return redis.call('GET', KEYS[1])", "1 none", "(nil)");
        expect_eval(t, "return redis.call('MGET', KEYS[1], KEYS[2])", "2 k none", r#"["v", (nil)]"#);
        let place = ", on @user_script:1.";
        let error = eval(t, "return redis.call('LPUSH', KEYS[1], 'x')", "1 k");
        assert!(error.starts_with("(error) WRONGTYPE Operation") && error.ends_with(place), "{error}");
        expect_eval(
            t,
            "return {pcall(redis.call,'NOPE')}",
            "0",
            r#"[(nil), "ERR Unknown Redis command called from script"]"#,
        );
        // What was written before an error stays.
        let error = eval(t, "redis.call('SET', KEYS[1], 'x') error('late')", "1 k");
        assert!(error.contains("late script: "), "{error}");
        expect(t, "GET k", r#""x""#);
    });
}

#[test]
fn the_cache() {
    both(|t| {
        let sha = t.text("SCRIPT LOAD 'return ARGV[1]'");
        assert_eq!(sha, "098e0f0d1448c0a81dafe820f66d460eb09263da");
        expect(t, &format!("EVALSHA {sha} 0 x"), r#""x""#);
        expect(t, &format!("EVALSHA {} 0 x", sha.to_uppercase()), r#""x""#);
        expect(t, &format!("EVALSHA_RO {sha} 0 x"), r#""x""#);
        expect(t, &format!("SCRIPT EXISTS {sha} {} x", "0".repeat(40)), "[1, 0, 0]");
        expect(t, &format!("SCRIPT SHOW {sha}"), r#""return ARGV[1]""#);
        t.expect_error("EVALSHA x 0", "NOSCRIPT No matching script. Please use EVAL.");
        expect(t, "SCRIPT FLUSH", "OK");
        t.expect_error(&format!("EVALSHA {sha} 0 x"), "NOSCRIPT No matching script. Please use EVAL.");
        expect_eval(t, "return ARGV[1]", "0 y", r#""y""#);
        expect(t, &format!("EVALSHA {sha} 0 x"), r#""x""#);
        expect(t, "SCRIPT FLUSH ASYNC", "OK");
        t.expect_error("SCRIPT FLUSH NOW", "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        t.expect_error("SCRIPT KILL", "NOTBUSY No scripts in execution right now.");
        t.expect_error(
            "SCRIPT LOAD 'x x'",
            "ERR Error compiling script (new function): user_script:1: '=' expected near 'x'",
        );
        expect(t, "SCRIPT DEBUG NO", "OK");
        t.expect_error("SCRIPT DEBUG MAYBE", "ERR Use SCRIPT DEBUG YES/SYNC/NO");
    });
}

#[test]
fn the_session_is_what_it_was() {
    both(|t| {
        expect(t, "SELECT 3", "OK");
        expect_eval(
            t,
            "redis.call('SELECT', 5) redis.setresp(3) return redis.call('SET', KEYS[1], 'five')",
            "1 k",
            "OK",
        );
        expect(t, "GET k", "(nil)");
        expect(t, "SELECT 5", "OK");
        expect(t, "GET k", r#""five""#);
        expect_in(t, "CONFIG GET nope", "[]", "{}");
        t.raw("CLIENT REPLY SKIP");
        assert_eq!(t.raw_args(&[b"EVAL", b"return redis.call('SET', KEYS[1], 'unseen')", b"1", b"k"]), b"");
        expect(t, "GET k", r#""unseen""#);
    });
}

#[test]
fn protocols() {
    let mut t = Gate::new();
    t.run("HSET h f v");
    let map = "redis.setresp(3) return redis.call('HGETALL', KEYS[1])";
    expect_eval(&mut t, map, "1 h", r#"["f", "v"]"#);
    t.resp3();
    assert_eq!(t.raw_args(&[b"EVAL", map.as_bytes(), b"1", b"h"]), b"%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
    assert_eq!(
        t.raw_args(&[b"EVAL", b"return redis.call('HGETALL', KEYS[1])", b"1", b"h"]),
        b"*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
    );
    assert_eq!(t.raw_args(&[b"EVAL", b"return {double=1.5}", b"0"]), b",1.5\r\n");
    assert_eq!(t.raw_args(&[b"EVAL", b"redis.setresp(3) return {true,false}", b"0"]), b"*2\r\n#t\r\n#f\r\n");
}

#[test]
fn flags_of_the_first_line() {
    both(|t| {
        let writes = "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], 'x')";
        let error = eval(t, writes, "1 k");
        assert!(
            error.starts_with("(error) ERR Write commands are not allowed from read-only scripts. script: "),
            "{error}"
        );
        assert!(error.ends_with(", on @user_script:2."), "{error}");
        expect_eval(t, "#!lua\nreturn redis.call('SET', KEYS[1], 'x')", "1 k", "OK");
        expect_eval(t, "#!lua flags=nope\nreturn 1", "0", "(error) ERR Unexpected flag in script shebang: nope");
        expect_eval(t, "#!python\nreturn 1", "0", "(error) ERR Unexpected engine in script shebang: #!python");
        t.expect_error(
            "EVAL_RO \"#!lua\\nreturn 1\" 0",
            "ERR Can not execute a script with write flag using *_ro command.",
        );
        expect(t, "EVAL_RO \"#!lua flags=no-writes\\nreturn 1\" 0", "1");
        expect(t, "EVAL_RO 'return 1' 0", "1");
        let error = t.error("EVAL_RO \"return redis.call('DEL', KEYS[1])\" 1 k");
        assert!(error.starts_with("ERR Write commands are not allowed from read-only scripts."), "{error}");
    });
}

#[test]
fn scripts_in_transactions() {
    both(|t| {
        expect(t, "MULTI", "OK");
        expect(t, "SET k 1", "QUEUED");
        expect(t, "EVAL \"return redis.call('INCR', KEYS[1])\" 1 k", "QUEUED");
        expect(t, "EVAL \"return redis.call('INCR', ARGV[1])\" 0 other", "QUEUED");
        expect(t, "EVAL 'return nope' 0", "QUEUED");
        expect(t, "GET k", "QUEUED");
        let reply = super::line(&t.run("EXEC"));
        assert!(
            reply.starts_with(
                r#"[OK, 2, 1, (error) ERR user_script:1: Script attempted to access nonexistent global variable 'nope'"#
            ),
            "{reply}"
        );
        assert!(reply.ends_with(r#", "2"]"#), "{reply}");
    });
}

#[test]
fn facts() {
    both(|t| {
        expect_eval(t, "return 1", "0", "1");
        let info = t.text("INFO memory");
        assert!(info.contains("number_of_cached_scripts:1\r\n"), "{info}");
        let calls = t.text("INFO commandstats");
        assert!(calls.contains("cmdstat_eval:calls=1,"), "{calls}");
        expect_eval(t, "return redis.call('GET', KEYS[1])", "1 k", "(nil)");
        assert!(t.text("INFO commandstats").contains("cmdstat_get:calls=1,"));
    });
}
