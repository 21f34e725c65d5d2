//! An in-process server without sockets: requests go through the gate as from a connection, time stands still until the
//! test moves it.
//!
//! ```text
//! both(|t| {
//!     t.expect("SET k v EX 10", "OK");
//!     t.advance_ms(10_000);
//!     t.expect("GET k", "(nil)");
//! });
//! ```

#![allow(dead_code, reason = "each group's tests use what they need")]

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use nyala::client::{Blocked, Endpoint, Session, signal};
use nyala::commands;
use nyala::config::{Caller, Config, Invocation};
use nyala::dispatch::{self, EndOfWait, Executor, Step, Wait, cron};
use nyala::keyspace::{KeyHasher, Keyspace};
use nyala::resp::decode::{DecodeLimits, Value, decode};
use nyala::resp::{BIG_BULK, Output, OwnedArgs};
use nyala::state::Server;
use nyala::util::clock::Clock;
use nyala::util::split_args::split_args;

use crate::render::{quoted, render};

/// Where every test's clock stands first: 2024-01-01 00:00:00 UTC, in milliseconds.
pub(crate) const START_MS: u64 = 1_704_067_200_000;

/// Few, so that tests meet both: keys of one shard and keys of several.
const SHARDS: usize = 4;

/// Runs `case` twice, each time on an empty server: once in RESP2, once in RESP3.
pub(crate) fn both(mut case: impl FnMut(&mut Gate)) {
    case(&mut Gate::new());
    let mut t = Gate::new();
    t.resp3();
    case(&mut t);
}

/// [`both`] on servers started with these arguments.
pub(crate) fn both_with(args: &[&str], mut case: impl FnMut(&mut Gate)) {
    case(&mut Gate::with_args(args));
    let mut t = Gate::with_args(args);
    t.resp3();
    case(&mut t);
}

/// A server and its clients. Its own methods speak as the first client; [`Gate::on`] speaks as another.
pub(crate) struct Gate {
    pub(crate) server: Arc<Server>,
    worker: Executor,
    blocking: Executor,
    seats: Vec<Seat>,
    speaker: usize,
    /// Requests that were too long for a worker.
    pub(crate) long_requests: usize,
}

/// A client's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientId(usize);

struct Seat {
    session: Session,
    closed: bool,
    /// Ticket of the blocking command in which the client waits.
    blocked: Option<u64>,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The reply bytes; none where the client wants no reply.
    Replied(Vec<u8>),
    /// It waits; nothing has happened.
    Waits(Wait),
}

impl Gate {
    /// A server with empty databases and one client that speaks RESP2.
    pub(crate) fn new() -> Gate {
        Gate::with_args(&[])
    }

    /// The same, started with these arguments: for parameters that do not change while a server runs.
    pub(crate) fn with_args(args: &[&str]) -> Gate {
        // Snapshots lie where the tests' other files do.
        let args = [&["--dir", env!("CARGO_TARGET_TMPDIR")], args].concat();
        match Invocation::parse(args.iter().map(Into::into), &mut std::io::empty()) {
            Ok(Invocation::Run(config)) => Gate::with_config(*config),
            other => panic!("{args:?}: {other:?}"),
        }
    }

    fn with_config(config: Config) -> Gate {
        let commands = commands::table().all().len();
        let keyspace = Keyspace::new(SHARDS, KeyHasher::seeded(1));
        let server = Arc::new(Server::new(config, Clock::manual(START_MS), keyspace, 1, commands));
        let worker = Executor::worker(Arc::clone(&server), 0);
        let blocking = Executor::blocking(Arc::clone(&server));
        let mut gate = Gate { server, worker, blocking, seats: Vec::new(), speaker: 0, long_requests: 0 };
        gate.client();
        gate
    }

    /// Connects another client, which speaks RESP2.
    pub(crate) fn client(&mut self) -> ClientId {
        let client = self.server.clients.connect(Endpoint::Internal, -1, 0, self.server.clock.now_ms());
        self.seats.push(Seat { session: Session::new(client), closed: false, blocked: None });
        ClientId(self.seats.len() - 1)
    }

    /// Replaces the client that speaks by a new connection.
    pub(crate) fn reconnect(&mut self) {
        let closed = self.session().client.id;
        self.server.clients.disconnect(closed);
        let ClientId(fresh) = self.client();
        let seat = self.seats.swap_remove(fresh);
        self.seats[self.speaker] = seat;
    }

    /// The same server, spoken to by another client for the time of the borrow: `t.on(other).run("PING")`.
    pub(crate) fn on(&mut self, client: ClientId) -> On<'_> {
        let before = std::mem::replace(&mut self.speaker, client.0);
        On { gate: self, before }
    }

    /// The session of the client that speaks.
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.seats[self.speaker].session
    }

    /// The client speaks RESP3 from now on.
    pub(crate) fn resp3(&mut self) {
        self.session().set_proto(3);
    }

    /// The protocol that the client speaks, 2 or 3.
    pub(crate) fn protocol(&self) -> u8 {
        self.seats[self.speaker].session.proto
    }

    /// Whether the server has closed the client's connection.
    pub(crate) fn is_closed(&self) -> bool {
        let seat = &self.seats[self.speaker];
        seat.closed || seat.session.client.signals() & signal::KILL != 0
    }

    /// Moves the clock.
    pub(crate) fn advance_ms(&mut self, by_ms: u64) {
        self.server.clock.advance_ms(by_ms);
    }

    /// Unix time, milliseconds.
    pub(crate) fn now_ms(&self) -> u64 {
        self.server.clock.now_ms()
    }

    /// The work that comes ten times a second.
    pub(crate) fn slow_tick(&mut self) {
        cron::slow_tick(&self.server);
    }

    /// One turn of active expiry; answers how many keys it removed.
    pub(crate) fn expire_cycle(&mut self) -> usize {
        cron::expire_all(&self.server)
    }

    /// Sets a parameter as a local client's CONFIG SET would, without the effects beyond the parameter itself.
    pub(crate) fn config(&mut self, name: &str, value: &str) {
        let caller = Caller { local: true, loading: false };
        let pairs = [(name.as_bytes(), value.as_bytes())];
        self.server.config.set(&pairs, caller, |_| Ok(())).unwrap_or_else(|error| panic!("{error}"));
        self.server.refresh_thresholds();
    }

    /// Hands in a request. A long one is run as on a blocking thread, at once.
    pub(crate) fn submit(&mut self, args: &[&[u8]]) -> Answer {
        let mut argv = OwnedArgs::default();
        for arg in args {
            // The parser reads large bulks into memory of their own.
            if arg.len() >= BIG_BULK {
                argv.push_bytes(bytes::Bytes::copy_from_slice(arg));
            } else {
                argv.push(arg);
            }
        }
        let mut output = Output::default();
        assert!(!self.is_closed(), "the server has closed this client's connection");
        assert_eq!(self.seats[self.speaker].blocked, None, "the client waits in a blocking command");
        let seat = &mut self.seats[self.speaker];
        let mut step = self.worker.execute(&mut seat.session, argv.view(), &mut output);
        if step == Step::Wait(Wait::Long) {
            assert!(output.is_empty(), "a command that leaves the worker has written nothing");
            self.long_requests += 1;
            self.server.long_running.fetch_add(1, Relaxed);
            step = self.blocking.execute(&mut seat.session, argv.view(), &mut output);
            self.server.long_running.fetch_sub(1, Relaxed);
        }
        match step {
            Step::Next => {}
            Step::Close => seat.closed = true,
            Step::Wait(wait) => {
                if let Wait::Blocked(ticket) = wait {
                    seat.blocked = Some(ticket);
                }
                return Answer::Waits(wait);
            }
        }
        Answer::Replied(drain(&mut output))
    }

    /// Hands in a blocking command that has nothing to answer yet: the client waits from now on.
    #[track_caller]
    pub(crate) fn blocks(&mut self, request: &str) {
        match self.submit(&slices(&words(request))) {
            Answer::Waits(Wait::Blocked(_)) => {}
            other => panic!("{request}: does not block: {other:?}"),
        }
    }

    /// The client that waits, as others see it: when it gives up, and what it has been served.
    fn blocked(&mut self) -> Arc<Blocked> {
        let ticket = self.seats[self.speaker].blocked.expect("the client waits in a blocking command");
        self.server.blocked.get(ticket).expect("a client that waits is in the table")
    }

    /// When the client that waits gives up, in milliseconds since 1970.
    pub(crate) fn deadline_ms(&mut self) -> Option<u64> {
        self.blocked().deadline_ms
    }

    /// What the client that waits has been served, if anything; then it waits no more.
    #[track_caller]
    pub(crate) fn served(&mut self) -> Option<Value> {
        let mut reply = self.blocked().take_reply()?;
        let ticket = self.seats[self.speaker].blocked.take().expect("it waits");
        self.server.blocked.remove(ticket);
        let mut values = decode_all(&drain(&mut reply));
        assert_eq!(values.len(), 1, "one reply is expected");
        values.pop()
    }

    /// Checks what the client that waits has been served, as [`render`] prints it.
    #[track_caller]
    pub(crate) fn expect_served(&mut self, expected: &str) {
        let got = self.served().map_or("nothing yet".to_owned(), |value| render(&value));
        self.compare("(served)", &unindented(expected), &got);
    }

    /// Checks that the client still waits.
    #[track_caller]
    pub(crate) fn expect_waiting(&mut self) {
        let served = self.served();
        assert_eq!(served, None, "it has been served");
    }

    /// Ends the client's wait; answers what it is told then.
    #[track_caller]
    pub(crate) fn end_wait(&mut self, why: EndOfWait) -> String {
        let blocked = self.blocked();
        self.seats[self.speaker].blocked = None;
        let mut reply = dispatch::end_wait(&self.server, &blocked, why).expect("nobody serves it just now");
        render(&decode_all(&drain(&mut reply)).remove(0))
    }

    /// Reply bytes of a request given as its arguments.
    #[track_caller]
    pub(crate) fn raw_args(&mut self, args: &[&[u8]]) -> Vec<u8> {
        match self.submit(args) {
            Answer::Replied(bytes) => bytes,
            Answer::Waits(wait) => panic!("{}: waits ({wait:?})", line(args)),
        }
    }

    /// Reply bytes of a request given as a line, whose words may be quoted: `SET k "a b\x00"`.
    #[track_caller]
    pub(crate) fn raw(&mut self, request: &str) -> Vec<u8> {
        self.raw_args(&slices(&words(request)))
    }

    /// The reply to a request given as its arguments.
    #[track_caller]
    pub(crate) fn run_args(&mut self, args: &[&[u8]]) -> Value {
        let mut replies = self.replies(args);
        assert_eq!(replies.len(), 1, "{}: one reply is expected, not {replies:?}", line(args));
        replies.remove(0)
    }

    /// The reply to a request given as a line.
    #[track_caller]
    pub(crate) fn run(&mut self, request: &str) -> Value {
        self.run_args(&slices(&words(request)))
    }

    /// All replies to one request; SUBSCRIBE gives one per channel.
    #[track_caller]
    pub(crate) fn replies(&mut self, args: &[&[u8]]) -> Vec<Value> {
        decode_all(&self.raw_args(args))
    }

    /// What others have sent to the client since the last call (MONITOR lines, pushes).
    #[track_caller]
    pub(crate) fn mail(&mut self) -> Vec<Value> {
        let mut output = Output::default();
        let client = &self.session().client;
        client.take_signals(signal::MAIL);
        client.take_mail(&mut output);
        decode_all(&drain(&mut output))
    }

    /// Checks a reply, given as [`render`] prints it. Spaces around the lines of `expected` do not count, so that it may
    /// be indented.
    #[track_caller]
    pub(crate) fn expect(&mut self, request: &str, expected: &str) {
        let got = render(&self.run(request));
        self.compare(request, &unindented(expected), &got);
    }

    /// [`Gate::expect`] where the two protocols say it differently.
    #[track_caller]
    pub(crate) fn expect_in(&mut self, request: &str, resp2: &str, resp3: &str) {
        let expected = if self.protocol() == 3 { resp3 } else { resp2 };
        self.expect(request, expected);
    }

    /// Checks a reply that is an array of strings.
    #[track_caller]
    pub(crate) fn expect_list(&mut self, request: &str, expected: &[&str]) {
        let expected = Value::Array(expected.iter().map(|text| Value::Bulk(text.as_bytes().into())).collect());
        let got = self.run(request);
        self.compare(request, &render(&expected), &render(&got));
    }

    /// Checks that the request fails with this text (its code included).
    #[track_caller]
    pub(crate) fn expect_error(&mut self, request: &str, text: &str) {
        self.expect(request, &format!("(error) {text}"));
    }

    /// Checks reply bytes; line ends must be written out: `"+OK\r\n"`.
    #[track_caller]
    pub(crate) fn expect_raw(&mut self, request: &str, expected: &str) {
        let got = self.raw(request);
        self.compare(request, &quoted(expected.as_bytes()), &quoted(&got));
    }

    /// The integer that the request answers.
    #[track_caller]
    pub(crate) fn integer(&mut self, request: &str) -> i64 {
        match self.run(request) {
            Value::Integer(n) => n,
            other => panic!("{request}: an integer is expected, not {}", render(&other)),
        }
    }

    /// The text of the error that the request answers, its code included.
    #[track_caller]
    pub(crate) fn error(&mut self, request: &str) -> String {
        match self.run(request) {
            Value::Error(text) => String::from_utf8(text).expect("the text is UTF-8"),
            other => panic!("{request}: an error is expected, not {}", render(&other)),
        }
    }

    /// The string that the request answers.
    #[track_caller]
    pub(crate) fn text(&mut self, request: &str) -> String {
        match self.run(request) {
            Value::Simple(text) | Value::Bulk(text) | Value::Verbatim { text, .. } => {
                String::from_utf8(text).expect("the text is UTF-8")
            }
            other => panic!("{request}: a string is expected, not {}", render(&other)),
        }
    }

    #[track_caller]
    fn compare(&self, request: &str, expected: &str, got: &str) {
        if expected != got {
            let proto = self.protocol();
            panic!("in RESP{proto}: {request}\n--- expected\n{expected}\n--- got\n{got}\n---");
        }
    }
}

/// [`Gate`] with another client speaking.
pub(crate) struct On<'g> {
    gate: &'g mut Gate,
    before: usize,
}

impl std::ops::Deref for On<'_> {
    type Target = Gate;
    fn deref(&self) -> &Gate {
        self.gate
    }
}

impl std::ops::DerefMut for On<'_> {
    fn deref_mut(&mut self) -> &mut Gate {
        self.gate
    }
}

impl Drop for On<'_> {
    fn drop(&mut self) {
        self.gate.speaker = self.before;
    }
}

/// The words of a request's line.
#[track_caller]
pub(crate) fn words(request: &str) -> Vec<Vec<u8>> {
    split_args(request.as_bytes()).unwrap_or_else(|| panic!("unbalanced quotes: {request}"))
}

/// The view of owned arguments that [`Gate::run_args`] takes.
pub(crate) fn slices(words: &[Vec<u8>]) -> Vec<&[u8]> {
    words.iter().map(Vec::as_slice).collect()
}

/// Arguments as a readable line.
pub(crate) fn line(args: &[&[u8]]) -> String {
    let mut line = String::new();
    for arg in args {
        let shown = &arg[..arg.len().min(100)];
        let _ = write!(line, "{} ", quoted(shown));
    }
    line
}

#[track_caller]
fn decode_all(mut bytes: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let decoded = decode(bytes, &DecodeLimits::default());
        let Ok(Some((value, len))) = decoded else { panic!("not a reply: {}: {decoded:?}", quoted(bytes)) };
        values.push(value);
        bytes = &bytes[len..];
    }
    values
}

fn drain(output: &mut Output) -> Vec<u8> {
    let mut bytes = Vec::new();
    output.copy_to(&mut bytes);
    output.clear();
    bytes
}

/// An expectation without the spaces that indent its lines, and without the empty line before and after a block.
fn unindented(text: &str) -> String {
    let Some((first, rest)) = text.split_once('\n') else { return text.to_owned() };
    let lines: Vec<&str> = std::iter::once(first).chain(rest.lines()).map(str::trim_start).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[test]
fn indentation_does_not_count() {
    assert_eq!(unindented("(error) x "), "(error) x ");
    assert_eq!(unindented("\n    1) \"a\"\n    2) \"b\"\n    "), "1) \"a\"\n2) \"b\"");
}

#[test]
fn time_moves_only_when_told() {
    let mut t = Gate::new();
    assert_eq!(t.now_ms(), START_MS);
    t.advance_ms(5);
    assert_eq!((t.now_ms(), t.expire_cycle()), (START_MS + 5, 0));
}

#[test]
#[should_panic(expected = "--- got\n\"v\"")]
fn a_wrong_expectation_shows_what_came() {
    let mut t = Gate::new();
    t.expect("SET k v", "OK");
    t.expect("GET k", r#""w""#);
}
