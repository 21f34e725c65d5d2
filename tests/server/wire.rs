//! A client that speaks the protocol by hand: bytes out, replies in.

#![allow(dead_code, reason = "each test that shares this file uses a part of it")]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use nyala::resp::decode::{DecodeLimits, Value, decode};

/// Longest wait for a reply.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes asked for at once.
const READ_BYTES: usize = 256 * 1024;

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already returned.
    taken: usize,
}

impl Wire {
    /// Connects to 127.0.0.1.
    pub(crate) fn connect(port: u16) -> io::Result<Wire> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Wire { stream, buffer: Vec::new(), taken: 0 })
    }

    /// The bare connection.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends bytes.
    #[track_caller]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the server reads");
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the connection is closed, or the server does not read.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent; replies can still be read.
    pub(crate) fn end(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).expect("the connection is open");
    }

    /// The bytes of the next reply.
    ///
    /// # Errors
    /// When the connection ends, or no reply comes in time.
    pub(crate) fn try_reply(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let rest = &self.buffer[self.taken..];
            let decoded = decode(rest, &DecodeLimits::default()).map_err(io::Error::other)?;
            if let Some((_, len)) = decoded {
                let reply = rest[..len].to_vec();
                self.taken += len;
                return Ok(reply);
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            let before = self.buffer.len();
            self.buffer.resize(before + READ_BYTES.max(before), 0);
            let count = self.stream.read(&mut self.buffer[before..]);
            self.buffer.truncate(before + count.as_ref().map_or(0, |count| *count));
            if count? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The bytes of the next reply.
    #[track_caller]
    pub(crate) fn reply(&mut self) -> Vec<u8> {
        self.try_reply().expect("a reply comes")
    }

    /// The reply bytes to one command.
    #[track_caller]
    pub(crate) fn call(&mut self, args: &[&[u8]]) -> Vec<u8> {
        self.send(&request(args));
        self.reply()
    }

    /// The reply to one command given as a line of words without quotes.
    #[track_caller]
    pub(crate) fn value(&mut self, line: &str) -> Value {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let bytes = self.call(&words);
        let decoded = decode(&bytes, &DecodeLimits::default()).expect("a whole reply was read");
        decoded.expect("a whole reply was read").0
    }

    /// The strings that a command answers, in an array or a set.
    #[track_caller]
    pub(crate) fn strings(&mut self, args: &[&[u8]]) -> Vec<Vec<u8>> {
        let bytes = self.call(args);
        let decoded = decode(&bytes, &DecodeLimits::default()).expect("a whole reply was read");
        let (Value::Array(elements) | Value::Set(elements)) = decoded.expect("a whole reply was read").0 else {
            panic!("no list of strings: {}", bytes.escape_ascii());
        };
        let strings = elements.into_iter().map(|element| match element {
            Value::Bulk(text) | Value::Simple(text) => text,
            other => panic!("no string: {other:?}"),
        });
        strings.collect()
    }

    /// As [`Wire::call`]; nothing when the connection fails.
    pub(crate) fn try_call(&mut self, args: &[&[u8]]) -> Option<Vec<u8>> {
        self.try_send(&request(args)).ok()?;
        self.try_reply().ok()
    }

    /// Everything that comes until the server closes the connection.
    pub(crate) fn until_closed(&mut self) -> Vec<u8> {
        let mut bytes = self.buffer.split_off(self.taken);
        match self.stream.read_to_end(&mut bytes) {
            // The server closed with some of our bytes unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            result => drop(result.expect("the server closes the connection")),
        }
        bytes
    }
}

/// A command in the protocol's request form.
pub(crate) fn request<A: AsRef<[u8]>>(args: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        let arg = arg.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
