//! Real server processes for tests: ours or a peer, on a free port, in a folder of its own, gone when the test ends.
//!
//! Shared by the tests that need a server outside of their own process. When a test fails, the server's log follows.

#![allow(dead_code, reason = "each test that shares this file uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "a test waits for another process, in real time")]
#![allow(clippy::print_stderr, reason = "what a failed test has to say")]

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::wire::Wire;

/// How long a server may take until it answers, and until it has ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct TestServer {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl TestServer {
    /// Nyala, without persistence, with these further arguments.
    pub(crate) fn nyala(args: &[&str]) -> TestServer {
        start(Path::new(env!("CARGO_BIN_EXE_nyala")), args)
    }

    /// Nyala with a configuration file and these further arguments.
    pub(crate) fn nyala_from(file: &str, args: &[&str]) -> TestServer {
        start_with(Path::new(env!("CARGO_BIN_EXE_nyala")), Some(file), args)
    }

    /// The installed redis-server, or nothing when there is none; see [`installed`].
    pub(crate) fn redis(args: &[&str]) -> Option<TestServer> {
        installed("redis-server").then(|| start(Path::new("redis-server"), args))
    }

    /// Another server that takes Redis's arguments.
    pub(crate) fn peer(binary: &str, args: &[&str]) -> TestServer {
        start(Path::new(binary), args)
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its working folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_path(self.dir.path())).unwrap_or_default()
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(self.port).expect("the server accepts connections")
    }

    /// `redis-cli` on this server with these arguments and this input; `None` when it is not installed.
    pub(crate) fn cli(&self, args: &[&str], input: &[u8]) -> Option<Output> {
        let port = self.port.to_string();
        run_tool("redis-cli", &[&["-p", &port, "--no-auth-warning"], args].concat(), input)
    }

    /// `redis-benchmark` on this server with these arguments; `None` when it is not installed.
    pub(crate) fn benchmark(&self, args: &[&str]) -> Option<Output> {
        let port = self.port.to_string();
        run_tool("redis-benchmark", &[&["-p", &port], args].concat(), b"")
    }

    /// Sends a signal by its name ("TERM").
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.expect("kill can be run").success(), "no signal was sent");
    }

    /// Waits for its end; answers the exit code, or nothing when a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.wait_until_ended().code()
    }

    /// Waits for its end; answers the signal that ended it, if one did.
    pub(crate) fn wait_for_signal(&mut self) -> Option<i32> {
        self.wait_until_ended().signal()
    }

    fn wait_until_ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return status;
            }
            assert!(Instant::now() < until, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the server on port {}\n{}---", self.port, self.log());
        }
    }
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Whether a tool of the redis-server and redis-tools packages is there. Where it is not, the test is skipped and says so; on
/// CI it must be there.
pub(crate) fn installed(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "{tool} is not installed (scripts/tests-need says what is needed)");
    eprintln!("SKIPPED: {tool} is not installed (scripts/tests-need says what is needed)");
    false
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("log")
}

fn start(binary: &Path, args: &[&str]) -> TestServer {
    start_with(binary, None, args)
}

/// Starts a server and waits until it answers. Somebody may take the port in between: then another one is tried.
fn start_with(binary: &Path, file: Option<&str>, args: &[&str]) -> TestServer {
    for _ in 0..3 {
        let server = launch(binary, file, args);
        match wait_until_ready(server) {
            Ok(server) => return server,
            Err(log) if log.contains("in use") => {}
            Err(log) => panic!("{} did not start:\n{log}", binary.display()),
        }
    }
    panic!("{}: no port stayed free", binary.display());
}

fn launch(binary: &Path, file: Option<&str>, args: &[&str]) -> TestServer {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let log = File::create(log_path(dir.path())).expect("a log can be created");
    let port = free_port();
    let child = Command::new(binary)
        .args(file)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(args)
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file handle can be doubled"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
    TestServer { child, port, dir }
}

/// The server once it answers PING, or its log when it has ended before.
fn wait_until_ready(mut server: TestServer) -> Result<TestServer, String> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Ok(mut wire) = Wire::connect(server.port)
            && wire.try_call(&[b"PING"]).is_some_and(|reply| !reply.starts_with(b"-LOADING"))
        {
            return Ok(server);
        }
        let ended = server.child.try_wait().expect("the child can be waited for").is_some();
        if ended || Instant::now() > until {
            return Err(server.log());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn run_tool(tool: &str, args: &[&str], input: &[u8]) -> Option<Output> {
    use std::io::Write;
    if !installed(tool) {
        return None;
    }
    let mut child = Command::new(tool)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{tool}: {error}"));
    let mut stdin = child.stdin.take().expect("the input is a pipe");
    let output = std::thread::scope(|scope| {
        // Its own thread, since the tool may write before it has read all.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    });
    Some(output.unwrap_or_else(|error| panic!("{tool}: {error}")))
}
