//! redis-cli and redis-benchmark.

use std::process::Output;

use crate::fixture::TestServer;
use crate::wire::request;

#[track_caller]
fn stdout(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n--- stdout\n{out}\n--- stderr\n{err}", output.status);
    out.into_owned()
}

#[test]
fn redis_cli_sends_a_command() {
    let server = TestServer::nyala(&[]);
    let cases = [
        (&["PING"][..], "PONG\n"),
        (&["SET", "k", "v w"], "OK\n"),
        (&["GET", "k"], "v w\n"),
        (&["--no-raw", "GET", "k"], "\"v w\"\n"),
        (&["--no-raw", "GET", "none"], "(nil)\n"),
        (&["-3", "--no-raw", "GET", "none"], "(nil)\n"),
        (&["--json", "GET", "k"], "\"v w\"\n"),
    ];
    for (args, expected) in cases {
        let Some(output) = server.cli(args, b"") else { return };
        assert_eq!(stdout(&output), expected, "{args:?}");
    }
}

#[test]
fn redis_cli_reads_commands_from_its_input() {
    let server = TestServer::nyala(&[]);
    let Some(output) = server.cli(&["--no-raw"], b"SET k \"a\\x00b\"\nGET k\nNOSUCH\nPING again\n") else { return };
    let lines = ["OK", r#""a\x00b""#, "(error) ERR unknown command 'NOSUCH', with args beginning with: ", r#""again""#];
    assert_eq!(stdout(&output).lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(), lines);
}

#[test]
fn redis_cli_pipes_many_commands() {
    let server = TestServer::nyala(&[]);
    let commands: Vec<u8> = (0..20_000).flat_map(|at| request(&["SET", &format!("k{at}"), "value"])).collect();
    let Some(output) = server.cli(&["--pipe"], &commands) else { return };
    assert!(stdout(&output).contains("errors: 0, replies: 20000"), "{}", stdout(&output));
    assert_eq!(server.connect().call(&[b"GET", b"k19999"]), b"$5\r\nvalue\r\n");
}

#[test]
fn redis_benchmark_runs() {
    let server = TestServer::nyala(&[]);
    for pipeline in ["1", "16"] {
        let args = ["-q", "-n", "2000", "-c", "20", "-P", pipeline, "-t", "ping,set,get"];
        let Some(output) = server.benchmark(&args) else { return };
        let text = stdout(&output);
        for test in ["PING_INLINE", "PING_MBULK", "SET", "GET"] {
            assert!(text.contains(&format!("{test}: ")), "{test} is missing:\n{text}");
        }
        assert!(!text.contains("rror"), "{text}");
    }
}
