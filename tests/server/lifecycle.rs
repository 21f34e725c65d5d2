//! Start and end of the process.

#![allow(clippy::disallowed_methods, reason = "another process is waited for, in real time")]

use std::fs;
use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::cli::terminal;
use crate::fixture::{TestServer, free_port};
use crate::wire::{Wire, request};

fn nyala(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nyala"));
    command.args(args).current_dir(dir).output().expect("the binary can be run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_signal_ends_the_server_in_order() {
    for name in ["TERM", "INT"] {
        let mut server = TestServer::nyala(&["--pidfile", "pid"]);
        let pidfile = server.dir().join("pid");
        assert_eq!(fs::read_to_string(&pidfile).expect("it was written"), format!("{}\n", server.pid()));
        let mut wire = server.connect();
        assert_eq!(wire.call(&[b"PING"]), b"+PONG\r\n");
        server.signal(name);
        assert_eq!(server.wait(), Some(0), "after SIG{name}");
        assert_eq!(wire.until_closed(), b"");
        assert!(!pidfile.exists());
        let log = server.log();
        let said = [
            &format!("Received SIG{name} scheduling shutdown..."),
            "User requested shutdown...",
            "ready to exit, bye bye...",
        ];
        let at: Vec<_> = said.iter().map(|line| log.find(*line).unwrap_or_else(|| panic!("no {line:?}"))).collect();
        assert!(at.is_sorted());
    }
}

#[test]
fn busy_clients_get_whole_replies_until_the_end() {
    let mut server = TestServer::nyala(&[]);
    let value = [b'v'; 1000];
    assert_eq!(server.connect().call(&[b"SET", b"k", &value]), b"+OK\r\n");
    let mut wires: Vec<Wire> = (0..8).map(|_| server.connect()).collect();
    let expected = [b"$1000\r\n", &value[..], b"\r\n"].concat();
    std::thread::scope(|scope| {
        let busy: Vec<_> = wires
            .iter_mut()
            .map(|wire| {
                scope.spawn(|| {
                    let mut replies = 0;
                    while let Ok(reply) = wire
                        .try_send(&request(&["GET", "k"]).repeat(50))
                        .and_then(|()| (0..50).map(|_| wire.try_reply()).collect::<Result<Vec<_>, _>>())
                    {
                        assert!(reply.iter().all(|reply| *reply == expected));
                        replies += reply.len();
                    }
                    replies
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(200));
        server.signal("TERM");
        assert_eq!(server.wait(), Some(0));
        for client in busy {
            assert!(client.join().expect("every reply was whole") > 0);
        }
    });
}

#[test]
fn a_client_that_does_not_read_does_not_hold_the_end_up() {
    let mut server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    assert_eq!(wire.call(&[b"SET", b"k", &vec![b'v'; 1_000_000]]), b"+OK\r\n");
    wire.send(&request(&["GET", "k"]).repeat(50));
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn shutdown_ends_the_server_without_a_reply() {
    let mut server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    wire.send(&request(&["SHUTDOWN", "NOSAVE"]));
    assert_eq!(wire.until_closed(), b"");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let mut server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    server.connect().send(&request(&["DEBUG", "SLEEP", "4"]));
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.signal("INT");
    while !server.log().contains("User requested shutdown...") {
        assert!(start.elapsed() < Duration::from_secs(3), "the first signal was not seen");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.signal("INT");
    assert_eq!(server.wait(), Some(1));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(server.log().contains("You insist... exiting now."));
}

#[test]
fn a_panic_ends_one_connection_only() {
    let server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    let mut other = server.connect();
    assert_eq!(other.call(&[b"SET", b"k", b"v"]), b"+OK\r\n");
    let mut wire = server.connect();
    wire.send(&request(&["DEBUG", "PANIC"]));
    let last = text(&wire.until_closed());
    assert!(last.starts_with("-ERR ") && last.ends_with("\r\n"), "{last:?}");
    assert_eq!(other.call(&[b"GET", b"k"]), b"$1\r\nv\r\n");
    let log = server.log();
    assert!(log.contains(" # panic at src/"), "{log}");
    assert!(!log.contains("RUST_BACKTRACE"), "{log}");
}

#[test]
fn parameters_come_from_the_command_line() {
    let server = TestServer::nyala(&["--proto-max-bulk-len", "1mb"]);
    let mut wire = server.connect();
    wire.send(b"*2\r\n$4\r\nPING\r\n$1048577\r\n");
    assert_eq!(wire.until_closed(), b"-ERR Protocol error: invalid bulk length\r\n");
}

#[test]
fn a_bad_configuration_is_told_with_file_and_line() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let cases = [
        ("port 70000", "argument must be between 0 and 65535 inclusive"),
        ("nosuch 1", "Bad directive or wrong number of arguments"),
        ("rename-command nosuch other", "No such command in rename-command"),
        ("rename-command get set", "Target command name already exists"),
    ];
    for (line, reason) in cases {
        fs::write(dir.path().join("conf"), format!("# first\n{line}\n")).expect("the file can be written");
        let output = nyala(dir.path(), &["conf"]);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let told = text(&output.stderr);
        let place = format!("at line 2 of {}", dir.path().join("conf").display());
        for part in ["*** FATAL CONFIG FILE ERROR (Nyala ", &place, ">>> '", reason] {
            assert!(told.contains(part), "{part:?} is missing:\n{told}");
        }
        assert_eq!(text(&output.stdout), "", "{line}");
    }
}

#[test]
fn a_taken_port_is_fatal() {
    let server = TestServer::nyala(&[]);
    let port = server.port().to_string();
    let output = nyala(server.dir(), &["--port", &port, "--bind", "127.0.0.1"]);
    assert_eq!(output.status.code(), Some(1));
    let log = text(&output.stdout);
    let told = format!("Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use");
    assert!(log.contains(&told), "{log}");
    assert!(!log.contains(" PID: "), "who reads that line connects:\n{log}");
    assert!(log.contains(&format!("Failed listening on port {port} (TCP), aborting.")), "{log}");
}

#[test]
fn the_version_and_the_usage() {
    let output = nyala(Path::new("."), &["--version"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).starts_with(&format!("Nyala server v={} ", env!("CARGO_PKG_VERSION"))));
    let output = nyala(Path::new("."), &["--help"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).starts_with("Usage: nyala "));
}

#[test]
fn the_log_says_what_tools_wait_for() {
    let server = TestServer::nyala(&["--always-show-logo", "yes"]);
    let log = server.log();
    let pid = format!(" PID: {}\n", server.pid());
    let at = [pid.as_str(), "Server initialized", "Ready to accept connections"].map(|part| log.find(part));
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{log}");
    let line = log.lines().find(|line| line.ends_with("Server initialized")).expect("it was found before");
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[0], format!("{}:M", server.pid()));
    assert_eq!((words[4].len(), words[5]), ("00:00:00.000".len(), "*"), "{line}");
}

#[test]
fn the_level_of_the_log_changes_while_the_server_runs() {
    let server = TestServer::nyala(&[]);
    let mut wire = server.connect();
    assert!(!server.log().contains("Accepted "));
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"loglevel", b"verbose"]), b"+OK\r\n");
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
    assert_eq!(server.log().matches("Accepted ").count(), 1);
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"loglevel", b"warning"]), b"+OK\r\n");
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
    assert_eq!(server.log().matches("Accepted ").count(), 1);
}

#[test]
fn the_log_as_json_in_a_file() {
    let server = TestServer::nyala(&["--logfile", "json", "--log-format", "json"]);
    let log = fs::read_to_string(server.dir().join("json")).expect("the file is there");
    let line = log.lines().find(|line| line.contains("Server initialized")).expect("the start is logged");
    let fields = ["{\"timestamp\":\"20", "\"level\":\"INFO\"", "\"message\":\"Server initialized\"", "}"];
    for field in fields {
        assert!(line.contains(field), "no {field} in {line}");
    }
    assert_eq!(server.log(), "", "nothing goes to the standard output");
    // A log that was moved away is made anew.
    fs::rename(server.dir().join("json"), server.dir().join("old")).expect("it can be moved");
    assert_eq!(server.connect().call(&[b"CONFIG", b"SET", b"loglevel", b"debug"]), b"+OK\r\n");
    assert_eq!(server.connect().call(&[b"PING"]), b"+PONG\r\n");
    assert!(server.dir().join("json").exists());
}

#[test]
fn in_the_background() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let port = free_port();
    let args = ["--daemonize", "yes", "--pidfile", "pid", "--logfile", "log", "--bind", "127.0.0.1", "--port"];
    let output = nyala(dir.path(), &[&args[..], &[&port.to_string()]].concat());
    assert!(output.status.success(), "{output:?}");
    let start = Instant::now();
    let mut wire = loop {
        if let Ok(wire) = Wire::connect(port) {
            break wire;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it does not serve");
        std::thread::sleep(Duration::from_millis(20));
    };
    let pid: u32 =
        fs::read_to_string(dir.path().join("pid")).expect("it was written").trim().parse().expect("a number");
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let words: Vec<&str> = stat.rsplit(')').next().expect("a split has a last part").split_whitespace().collect();
    let (session, terminal) = (words[3], words[4]);
    assert_ne!(session, pid.to_string(), "no leader of a session, so that it never gets a terminal");
    assert_eq!(terminal, "0");
    wire.send(&request(&["SHUTDOWN", "NOSAVE"]));
    assert_eq!(wire.until_closed(), b"");
    let log = fs::read_to_string(dir.path().join("log")).expect("it logged");
    assert!(log.contains(&format!("{pid}:M ")), "{log}");
}

#[test]
fn the_service_manager_is_told() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let path = dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket can be bound");
    manager.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
    let mut child = Command::new(env!("CARGO_BIN_EXE_nyala"))
        .args(["--supervised", "systemd", "--bind", "127.0.0.1", "--logfile", "log", "--port"])
        .arg(free_port().to_string())
        .env("NOTIFY_SOCKET", &path)
        .current_dir(dir.path())
        .spawn()
        .expect("the binary can be run");
    let mut message = [0; 1000];
    let told = manager.recv(&mut message);
    child.kill().expect("the child lives");
    child.wait().expect("the child can be waited for");
    let told = text(&message[..told.expect("a message comes")]);
    assert!(told.lines().any(|line| line == "READY=1"), "{told:?}");
}

#[test]
fn a_rewritten_file_starts_the_same_server() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let file = dir.path().join("redis.conf");
    fs::write(&file, "# mine\nmaxmemory 100mb\n").expect("a file can be written");
    let path = file.to_str().expect("a temporary path is UTF-8");
    let server = TestServer::nyala_from(path, &[]);
    let mut wire = server.connect();
    assert_eq!(wire.call(&[b"CONFIG", b"GET", b"maxmemory"]), b"*2\r\n$9\r\nmaxmemory\r\n$9\r\n104857600\r\n");
    assert_eq!(wire.call(&[b"CONFIG", b"SET", b"maxmemory", b"200mb", b"timeout", b"77"]), b"+OK\r\n");
    assert_eq!(wire.call(&[b"CONFIG", b"REWRITE"]), b"+OK\r\n");

    // The first one stays, since its working folder is in the file now.
    let second = TestServer::nyala_from(path, &[]);
    let mut wire = second.connect();
    assert_eq!(wire.call(&[b"CONFIG", b"GET", b"maxmemory"]), b"*2\r\n$9\r\nmaxmemory\r\n$9\r\n209715200\r\n");
    assert_eq!(wire.call(&[b"CONFIG", b"GET", b"timeout"]), b"*2\r\n$7\r\ntimeout\r\n$2\r\n77\r\n");
    assert!(fs::read_to_string(&file).expect("the file is there").starts_with("# mine\n"));
}

/// What a start that must fail says, as the last of its lines.
#[track_caller]
fn refusal(dir: &Path, args: &[&str]) -> String {
    let output = nyala(dir, args);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("it speaks text");
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    said.trim_end().to_owned()
}

#[test]
fn a_start_that_cannot_be_says_why() {
    let taken = TestServer::nyala(&[]);
    let taken = taken.port().to_string();
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let here = dir.path().display().to_string();
    let port = free_port().to_string();
    for (file, line, reason) in [
        ("unknown.conf", "portt 7000", "Bad directive or wrong number of arguments"),
        ("range.conf", "port 99999", "argument must be between 0 and 65535 inclusive"),
        ("number.conf", "port abc", "argument couldn't be parsed into an integer"),
        ("memory.conf", "maxmemory 12xb", "argument must be a memory value"),
        ("quotes.conf", "bind \"127.0.0.1", "Unbalanced quotes in configuration line"),
        ("module.conf", "loadmodule my.so", "modules cannot be loaded"),
        ("dir.conf", "dir /no/such/folder", "No such file or directory"),
        ("include.conf", "include sub.conf", "can't open config file 'HERE/sub.conf': No such file or directory"),
    ] {
        fs::write(dir.path().join(file), format!("# mine\ntimeout 3\n{line}\n")).expect("a file can be written");
        let expected = format!("at line 3 of HERE/{file}\n>>> '{line}'\n{reason}").replace("HERE", &here);
        let said = refusal(dir.path(), &[file]);
        assert!(said.ends_with(&expected), "{said}\n--- expected\n{expected}");
    }
    fs::write(dir.path().join("file"), "precious").expect("a file can be written");
    for (args, expected) in [
        (&["none.conf"][..], "can't open config file 'HERE/none.conf': No such file or directory"),
        (&["."], "can't open config file 'HERE': Is a directory"),
        (
            &["--port", &port, "--timeout", "x"],
            "at option 2\n>>> 'timeout \"x\"'\nargument couldn't be parsed into an integer",
        ),
        (&["--logfile", "no/log"], "Can't open the log file 'no/log': No such file or directory"),
        (&["--port", &taken, "--bind", "127.0.0.1"], "Address already in use"),
        (&["--port", &port, "--bind", "192.0.2.1"], "socket 192.0.2.1:PORT: bind: Cannot assign requested address"),
        (&["--port", &port, "--unixsocket", "no/sock"], "Unix socket no/sock: bind: No such file or directory"),
        (&["--port", &port, "--unixsocket", "file"], "Unix socket file: bind: Address already in use"),
        (&["--port", "0"], "Configured to not listen anywhere, exiting."),
    ] {
        let expected = expected.replace("HERE", &here).replace("PORT", &port);
        let said = refusal(dir.path(), args);
        assert!(said.contains(&expected), "{said}\n--- expected\n{expected}");
    }
    assert_eq!(fs::read_to_string(dir.path().join("file")).expect("it is there"), "precious");
}

#[test]
fn what_a_killed_server_leaves_is_no_hindrance() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let (sock, pidfile) = (dir.path().join("sock"), dir.path().join("pid"));
    let args = ["--unixsocket", sock.to_str().expect("UTF-8"), "--pidfile", pidfile.to_str().expect("UTF-8")];
    for _ in 0..2 {
        let mut server = TestServer::nyala(&args);
        assert_eq!(fs::read_to_string(&pidfile).expect("it was written"), format!("{}\n", server.pid()));
        assert!(UnixStream::connect(&sock).is_ok(), "the socket serves");
        server.signal("KILL");
        assert_eq!(server.wait(), None);
        assert!(sock.exists() && pidfile.exists(), "nobody has cleaned up");
    }
    let mut server = TestServer::nyala(&args);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(!sock.exists() && !pidfile.exists());
}

#[test]
fn a_terminal_shows_how_far_the_data_set_is_loaded() {
    let server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    let mut wire = server.connect();
    assert_eq!(wire.call(&[b"DEBUG", b"POPULATE", b"300"]), b"+OK\r\n");
    assert_eq!(wire.call(&[b"SAVE"]), b"+OK\r\n");
    let (mut person, program) = terminal();
    let port = free_port().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nyala"))
        .args(["--port", &port, "--dir", server.dir().to_str().expect("the path is text"), "--key-load-delay", "10000"])
        .stdout(program)
        .spawn()
        .expect("it runs");
    let mut shown = String::new();
    let mut bytes = [0; 4096];
    while !shown.contains("DB loaded from disk") {
        let len = person.read(&mut bytes).expect("the terminal is open");
        assert!(len > 0, "the server has ended:\n{shown}");
        shown += &text(&bytes[..len]);
    }
    child.kill().expect("it is a child");
    child.wait().expect("it ends");
    // The bar is taken away for a line of the log.
    assert!(shown.contains("\r\x1b[KLoading ["), "{shown}");
    assert!(!server.log().contains('\x1b'), "a file gets no bar");
}
