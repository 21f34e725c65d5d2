//! Scripts that go wrong: the error is Redis's, and the server goes on.

use super::eval::{eval, expect_eval};
use super::expect;
use crate::harness::{Gate, both};

#[test]
fn what_scripts_may_not_run() {
    both(|t| {
        for command in [
            "'SUBSCRIBE','c'",
            "'MULTI'",
            "'EXEC'",
            "'WATCH','k'",
            "'EVAL','return 1',0",
            "'SCRIPT','FLUSH'",
            "'BLPOP','k',0",
            "'CONFIG','GET','*'",
            "'CLIENT','ID'",
            "'HELLO','3'",
            "'MONITOR'",
            "'SHUTDOWN'",
            "'DEBUG','SLEEP',0",
            "'FUNCTION','FLUSH'",
            "'RESET'",
            "'QUIT'",
        ] {
            let error = eval(t, &format!("return redis.call({command})"), "0");
            assert!(
                error.starts_with("(error) ERR This Redis command is not allowed from script script: "),
                "{command}: {error}"
            );
        }
        let error = eval(t, "return redis.call('XREAD','BLOCK',0,'STREAMS','a','$')", "0");
        assert!(
            error.starts_with("(error) ERR xread command is not allowed with BLOCK option from scripts"),
            "{error}"
        );
        for (call, text) in [
            ("", "Please specify at least one argument for this redis lib call"),
            ("{}", "Lua redis lib command arguments must be strings or integers"),
            ("'NOPE'", "Unknown Redis command called from script"),
            ("'GET'", "Wrong number of args calling Redis command from script"),
            ("'OBJECT'", "Wrong number of args calling Redis command from script"),
            ("'OBJECT','NOPE','k'", "Unknown Redis command called from script"),
        ] {
            let error = eval(t, &format!("return redis.call({call})"), "0");
            assert!(error.starts_with(&format!("(error) ERR {text} script: ")), "{call}: {error}");
        }
        expect(t, "PING", "PONG");
    });
}

#[test]
fn runs_that_fail() {
    both(|t| {
        for (source, text) in [
            ("return foo", "user_script:1: Script attempted to access nonexistent global variable 'foo'"),
            ("x = 1", "user_script:1: Attempt to modify a readonly table"),
            ("local function f() return f() + 1 end return f()", "user_script:1: stack overflow"),
            ("error('e')", "user_script:1: e"),
            ("return 1 + {}", "user_script:1: attempt to perform arithmetic on a table value"),
        ] {
            let error = eval(t, source, "0");
            assert!(error.starts_with(&format!("(error) ERR {text} script: ")), "{source}: {error}");
            assert!(error.ends_with(", on @user_script:1."), "{source}: {error}");
        }
        expect_eval(
            t,
            "return }",
            "0",
            "(error) ERR Error compiling script (new function): user_script:1: unexpected symbol near '}'",
        );
        let deep = t.raw_args(&[b"EVAL", b"local t = {} t[1] = t return t", b"0"]);
        assert!(deep.ends_with(b"*1\r\n-ERR reached lua stack limit\r\n"));
        expect_eval(t, "local t = {} for i = 1, 100000 do t[i] = i end return #t", "0", "100000");
        expect(t, "PING", "PONG");
    });
}

#[test]
fn a_script_cannot_take_all_memory() {
    let mut t = Gate::new();
    assert!(eval(&mut t, "local s = 'x' while true do s = s .. s end", "0").contains("not enough memory"));
    expect(&mut t, "PING", "PONG");
}
