//! MIGRATE: keys go to another server, by its RESTORE.
//!
//! The command waits for the other server, so it runs on a blocking thread, and holds its keys' shards until it ends: so
//! nobody sees a key here and there at once. The connection is closed at the end; Redis keeps it for ten seconds.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::super::keys::{BadArguments, FoundKey};
use super::super::prelude::*;
use crate::persist::rdb::Encoder;
use crate::resp::{Args as Argv, write_request};

/// Milliseconds to wait where the client says 0 or less.
const USUAL_TIMEOUT_MS: u64 = 1000;
/// Position of the key, or of an empty text in its place.
const KEY_AT: usize = 3;
/// Longest line of a reply.
const LINE_MAX: u64 = 64 * 1024;

const KEY_AND_KEYS: Error =
    Error::new("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");

const NOT_CONNECTED: Error = Error::new("IOERR error or timeout connecting to the client");
const NOT_WRITTEN: Error = Error::new("IOERR error or timeout writing to target instance");

/// What the client asks for, keys aside.
#[derive(Debug, Default)]
struct Plan<'a> {
    host: &'a [u8],
    port: &'a [u8],
    db: i64,
    timeout: Duration,
    copy: bool,
    replace: bool,
    /// AUTH with its arguments.
    auth: Vec<&'a [u8]>,
}

/// Positions of the keys that a request names.
pub(super) fn migrate_keys(argv: Argv<'_>, found: &mut Vec<FoundKey>) -> Result<(), BadArguments> {
    let flags = RW.or(ACCESS).or(DELETE);
    found.push(FoundKey { position: KEY_AT as u32, flags });
    let mut at = 6;
    // Without a key behind it, KEYS is not seen.
    while at + 1 < argv.len() {
        let is = |word: &str| argv.get(at).eq_ignore_ascii_case(word.as_bytes());
        if is("KEYS") {
            if !argv.get(KEY_AT).is_empty() {
                return Err(BadArguments);
            }
            found.clear();
            found.extend((at + 1..argv.len()).map(|at| FoundKey { position: at as u32, flags }));
            break;
        }
        // Behind these words stand others, which may be called KEYS.
        at += if is("AUTH2") {
            3
        } else if is("AUTH") {
            2
        } else {
            1
        };
    }
    Ok(())
}

/// Whether an argument is a password, or the user's name in front of it.
pub(super) fn migrate_secret(argv: Argv<'_>, position: usize) -> bool {
    let is = |at: usize, word: &str| at > 5 && argv.get(at).eq_ignore_ascii_case(word.as_bytes());
    position > 5 && (is(position - 1, "AUTH") || is(position - 1, "AUTH2") || is(position - 2, "AUTH2"))
}

/// A key on its way.
struct Parcel<'a> {
    key: Key<'a>,
    ttl_ms: u64,
    payload: Vec<u8>,
}

/// `MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key ...]`
pub(super) fn migrate(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (plan, keys) = read(args)?;
    cx.cost(usize::MAX)?;
    let parcels = pack(cx, keys);
    if parcels.is_empty() {
        cx.reply.simple(b"NOKEY");
        return DONE;
    }
    let mut target = Target::connect(&plan).map_err(|error| match error.kind() {
        // Redis finds out when it writes.
        io::ErrorKind::ConnectionRefused => NOT_WRITTEN,
        _ => NOT_CONNECTED,
    })?;

    let sent = target.send(&plan, &parcels);
    let outcome = match sent {
        Err(_) => return Err(NOT_WRITTEN),
        Ok(()) => deliver(cx, &plan, &parcels, &mut target),
    };

    match outcome {
        Ok(()) => cx.reply.ok(),
        Err(text) => cx.reply.error(text),
    }
    DONE
}

fn read<'a>(args: &mut Args<'a>) -> Result<(Plan<'a>, Vec<Key<'a>>), Error> {
    let mut plan = Plan { host: args.take()?, port: args.take()?, ..Plan::default() };
    let mut keys = Vec::new();
    let is_single = args.peek().is_some_and(|key| !key.is_empty());
    if is_single {
        keys.push(args.key()?);
    } else {
        // Without KEYS the empty text is a key as any other.
        keys.extend(args.option_key());
    }
    let (db, timeout) = (args.take()?, args.take()?);
    while args.more() {
        if args.eat("COPY") {
            plan.copy = true;
        } else if args.eat("REPLACE") {
            plan.replace = true;
        } else if args.eat_with_value("AUTH") {
            plan.auth = vec![b"AUTH", args.take()?];
        } else if args.remaining() >= 3 && args.eat("AUTH2") {
            plan.auth = vec![b"AUTH", args.take()?, args.take()?];
        } else if args.eat("KEYS") {
            if is_single {
                return Err(KEY_AND_KEYS);
            }
            keys.clear();
            while args.more() {
                keys.push(args.key()?);
            }
        } else {
            return Err(error::SYNTAX);
        }
    }
    let integer = |text| crate::util::number::parse_i64(text).ok_or(error::NOT_INTEGER);
    let timeout_ms = integer(timeout)?;
    plan.timeout = Duration::from_millis(match u64::try_from(timeout_ms) {
        Err(_) | Ok(0) => USUAL_TIMEOUT_MS,
        Ok(ms) => ms,
    });
    plan.db = integer(db)?;
    Ok((plan, keys))
}

/// The payloads of the keys that are there.
fn pack<'a>(cx: &mut Cx<'_>, keys: Vec<Key<'a>>) -> Vec<Parcel<'a>> {
    let mut encoder = Encoder::new(cx.server.rdb_options());
    let now_ms = cx.now_ms();
    let mut parcels = Vec::new();
    for key in keys {
        let Some(entry) = cx.db.lookup_read(key) else { continue };
        let ttl_ms = entry.expire_at_ms().map_or(0, |at_ms| at_ms.saturating_sub(now_ms).max(1));
        let mut payload = Vec::new();
        encoder.dump(&mut payload, entry.value());
        parcels.push(Parcel { key, ttl_ms, payload });
    }
    parcels
}

/// Reads the replies; keys that have arrived are removed here unless they are to be copied.
fn deliver(cx: &mut Cx<'_>, plan: &Plan<'_>, parcels: &[Parcel<'_>], target: &mut Target) -> Result<(), String> {
    let mut refused = None;
    for _ in 0..usize::from(!plan.auth.is_empty()) + 1 {
        if let Some(text) = target.reply()? {
            return Err(refusal(&text));
        }
    }
    for parcel in parcels {
        match target.reply()? {
            Some(text) => drop(refused.get_or_insert(text)),
            None if plan.copy => {}
            None => drop(cx.db.delete(parcel.key)),
        }
    }
    refused.map_or(Ok(()), |text| Err(refusal(&text)))
}

fn refusal(text: &str) -> String {
    format!("ERR Target instance replied with error: {text}")
}

/// The connection to the other server.
struct Target {
    stream: BufReader<TcpStream>,
}

impl Target {
    fn connect(plan: &Plan<'_>) -> io::Result<Target> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
        let port: u16 = text(plan.port)?.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in (text(plan.host)?, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, plan.timeout) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(plan.timeout))?;
                    stream.set_write_timeout(Some(plan.timeout))?;
                    return Ok(Target { stream: BufReader::new(stream) });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn send(&mut self, plan: &Plan<'_>, parcels: &[Parcel<'_>]) -> io::Result<()> {
        let mut out = Vec::new();
        if !plan.auth.is_empty() {
            write_request(&plan.auth, &mut out);
        }
        write_request(&[b"SELECT", itoa::Buffer::new().format(plan.db).as_bytes()], &mut out);
        for parcel in parcels {
            let mut digits = itoa::Buffer::new();
            let mut words =
                vec![b"RESTORE".as_slice(), parcel.key.name, digits.format(parcel.ttl_ms).as_bytes(), &parcel.payload];
            if plan.replace {
                words.push(b"REPLACE");
            }
            write_request(&words, &mut out);
        }
        self.stream.get_mut().write_all(&out)
    }

    /// The next reply: `None` when all is well, or the text of an error.
    fn reply(&mut self) -> Result<Option<String>, String> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.stream, LINE_MAX).read_until(b'\n', &mut line);
        match (read, line.strip_suffix(b"\r\n")) {
            (Ok(_), Some([b'-', text @ ..])) => Ok(Some(String::from_utf8_lossy(text).into_owned())),
            (Ok(_), Some([b'+', ..])) => Ok(None),
            _ => Err("IOERR error or timeout reading from target instance".to_owned()),
        }
    }
}
