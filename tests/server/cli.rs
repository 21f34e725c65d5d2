//! The interactive redis-cli, as a person at a terminal sees it: hints while typing, completion, `help`. All of that it
//! asks the server for, so commands that it was not built with show as well as its own.

#![allow(clippy::disallowed_methods, reason = "a person types, in real time")]

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::fixture::{TestServer, installed};

/// How long something that must show may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Wide, so that hints are not cut off.
const COLUMNS: u16 = 400;

/// A terminal: the side of the person, and that of the program.
pub(crate) fn terminal() -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
    grantpt(&master).expect("the terminal is ours");
    unlockpt(&master).expect("the terminal can be unlocked");
    let size = Winsize { ws_row: 50, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).expect("a terminal has a size");
    let name = ptsname(&master, Vec::new()).expect("a terminal has a name");
    let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it can be opened");
    (File::from(master), File::from(slave))
}

/// A terminal with redis-cli in it.
struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    child: Child,
    /// What was shown since the last key, as bytes.
    shown: Vec<u8>,
}

impl Terminal {
    /// `None` when redis-cli is not installed, which is said.
    fn open(server: &TestServer) -> Option<Terminal> {
        if !installed("redis-cli") {
            return None;
        }
        let (master, slave) = terminal();
        let stdio = || Stdio::from(slave.try_clone().expect("a file handle can be doubled"));
        let child = Command::new("redis-cli")
            .args(["-p", &server.port().to_string()])
            .envs([("TERM", "xterm"), ("REDISCLI_HISTFILE", "/dev/null"), ("REDISCLI_RCFILE", "/dev/null")])
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("redis-cli can be run");
        let keyboard = master;
        let mut output = keyboard.try_clone().expect("a file handle can be doubled");
        let (show, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = output.read(&mut buffer) {
                if show.send(buffer[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Terminal { keyboard, screen, child, shown: Vec::new() };
        terminal.until("> ");
        Some(terminal)
    }

    /// Types something; what was shown before does not count any more.
    fn types(&mut self, keys: &str) {
        self.shown.clear();
        self.keyboard.write_all(keys.as_bytes()).expect("redis-cli reads the keyboard");
    }

    /// Waits until `text` has been shown since the last key; answers all that was.
    #[track_caller]
    fn until(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let plain = without_escapes(&self.shown);
            if plain.contains(text) {
                return plain;
            }
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.extend(bytes),
                Err(RecvTimeoutError::Timeout) => panic!("never shown: {text}\n--- shown\n{plain}\n---"),
                Err(RecvTimeoutError::Disconnected) => panic!("redis-cli has ended\n--- shown\n{plain}\n---"),
            }
        }
    }

    /// Runs what was typed, and waits for `text` and the next prompt.
    #[track_caller]
    fn enter(&mut self, text: &str) -> String {
        self.types("\r");
        self.until(text);
        self.until("> ")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without the sequences that colour it and move the cursor.
fn without_escapes(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::new();
    let mut rest = text.as_ref();
    while let Some((before, sequence)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = sequence.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &sequence[end + 1..]);
    }
    plain + rest
}

#[test]
fn hints_appear_while_typing() {
    let server = TestServer::nyala(&[]);
    let Some(mut cli) = Terminal::open(&server) else { return };
    cli.types("get");
    cli.until("get key");
    cli.types(" k");
    cli.until("get k");
    cli.types("\x15set");
    cli.until("set key value [NX|XX|");
    cli.types(" k v");
    let hint = cli.until("set k v [NX|XX|");
    assert!(hint.contains("[GET] [EX seconds|PX milliseconds|"), "{hint}");
    cli.enter("OK");
    cli.types("config set");
    cli.until("config set parameter value [parameter value ...]");
    // Younger than the installed redis-cli: only the server can have told it.
    cli.types("\x15hgetex");
    cli.until("hgetex key [EX seconds|");
    cli.types("\x15get k");
    cli.enter("\"v\"");
}

#[test]
fn the_tabulator_completes_names() {
    let server = TestServer::nyala(&[]);
    let Some(mut cli) = Terminal::open(&server) else { return };
    cli.types("hgete\t");
    cli.until("HGETEX");
    cli.types("\x15client unb\t");
    cli.until("CLIENT UNBLOCK");
    cli.types("\x15help hgetd\t");
    cli.until("HGETDEL");
}

#[test]
fn help_explains_commands_and_groups() {
    let server = TestServer::nyala(&[]);
    let Some(mut cli) = Terminal::open(&server) else { return };
    cli.types("help set");
    let help = cli.enter("group: string");
    for part in ["SET key value [NX|XX|", "summary: ", "since: 1.0.0"] {
        assert!(help.contains(part), "{part} is missing:\n{help}");
    }
    cli.types("help @string");
    let help = cli.enter("SUBSTR key start end");
    for name in ["APPEND key value", "GETRANGE key start end", "DELEX key", "SET key value"] {
        assert!(help.contains(name), "{name} is missing:\n{help}");
    }
    assert!(!help.contains("HSET"), "{help}");
    cli.types("help client kill");
    cli.enter("group: connection");
}
