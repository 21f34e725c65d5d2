//! The reply writer: the protocol's types, in RESP2 or RESP3, into an [`Output`].
//!
//! A handler says what it means (`map(n)`, `null()`, `double(x)`) and the client's protocol decides how that looks. Aggregates
//! are written as a header followed by their elements; who does not know the count yet takes a [`Reply::defer`] first.

use bytes::Bytes;

use super::BIG_BULK;
use super::output::{Mark, Output};
use crate::util::number::f64_text;

/// The version of the protocol a client has asked for with HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Simple strings, errors, integers, bulks and arrays.
    #[default]
    Resp2,
    /// Also nulls, doubles, booleans, maps, sets, pushes, attributes, verbatim strings and big numbers.
    Resp3,
}

/// The place of an aggregate's header, kept free until the count is known.
#[derive(Debug)]
#[must_use = "an aggregate without its header breaks the reply"]
pub struct Deferred(Mark);

/// Writes the reply of one request.
#[derive(Debug)]
pub struct Reply<'a> {
    out: &'a mut Output,
    protocol: Protocol,
    errors: u32,
    error_code: Option<ErrorCode>,
    is_counted: bool,
}

impl<'a> Reply<'a> {
    /// Writes behind what `out` holds already.
    #[inline]
    pub fn new(out: &'a mut Output, protocol: Protocol) -> Self {
        Self { out, protocol, errors: 0, error_code: None, is_counted: false }
    }

    /// The protocol written.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes in another protocol from here on (HELLO).
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// What has been written and not yet sent, earlier replies included.
    #[inline]
    pub fn output(&mut self) -> &mut Output {
        self.out
    }

    /// Errors written by this writer, and not taken back with [`Reply::undo`].
    #[inline]
    pub fn errors(&self) -> u32 {
        self.errors
    }

    /// Counts errors from here on anew.
    pub fn forget_errors(&mut self) {
        self.errors = 0;
        self.error_code = None;
    }

    /// States that the last error was counted before, where it came from.
    pub fn set_counted(&mut self) {
        self.is_counted = true;
    }

    /// Whether the last error was counted before.
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// The first word of the last error, under which it is counted; `ERR` when it has none of at most 31 bytes.
    pub fn error_code(&self) -> Option<&[u8]> {
        self.error_code.as_ref().map(ErrorCode::as_bytes)
    }

    /// The end of what is written, for [`Reply::undo`].
    #[inline]
    pub fn mark(&self) -> Mark {
        self.out.mark()
    }

    /// Bytes written since `mark`.
    #[inline]
    pub fn len_since(&self, mark: Mark) -> usize {
        self.out.len_since(mark)
    }

    /// Takes back what was written since `mark`, errors uncounted: for CLIENT REPLY OFF, or an error after a partial reply.
    pub fn undo(&mut self, mark: Mark) {
        self.out.truncate(mark);
        self.forget_errors();
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out.push(b"+OK\r\n");
    }

    /// `+QUEUED`.
    #[inline]
    pub fn queued(&mut self) {
        self.out.push(b"+QUEUED\r\n");
    }

    /// A simple string. `text` has no line end.
    #[inline]
    pub fn simple(&mut self, text: &[u8]) {
        debug_assert!(!text.iter().any(|b| matches!(b, b'\r' | b'\n')), "a simple string is one line");
        self.line(b'+', text);
    }

    /// An error. `text` is all of it, with its code (`ERR ...`) and without `-`; line ends in it become spaces.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref().trim_line_ends();
        self.errors += 1;
        self.error_code = Some(ErrorCode::of(text));
        self.is_counted = false;
        self.out.push(b"-");
        for (i, line) in text.split(|b| matches!(b, b'\r' | b'\n')).enumerate() {
            if i > 0 {
                self.out.push(b" ");
            }
            self.out.push(line);
        }
        self.out.push(b"\r\n");
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, n: i64) {
        self.header(b':', n);
    }

    /// A string, copied.
    #[inline]
    pub fn bulk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.out.reserve(bytes.len() + 32);
        self.header(b'$', bytes.len() as i64);
        self.out.push(bytes);
        self.out.push(b"\r\n");
    }

    /// A string, shared when it has at least [`BIG_BULK`] bytes.
    pub fn bulk_bytes(&mut self, bytes: Bytes) {
        if bytes.len() < BIG_BULK {
            return self.bulk(bytes);
        }
        self.header(b'$', bytes.len() as i64);
        self.out.pin(bytes);
        self.out.push(b"\r\n");
    }

    /// An integer as a string.
    pub fn bulk_integer(&mut self, n: i64) {
        self.bulk(itoa::Buffer::new().format(n));
    }

    /// No value where a string could be.
    #[inline]
    pub fn null(&mut self) {
        self.choose(b"$-1\r\n", b"_\r\n");
    }

    /// No value where an array could be.
    #[inline]
    pub fn null_array(&mut self) {
        self.choose(b"*-1\r\n", b"_\r\n");
    }

    /// Header of an array; `n` elements follow.
    #[inline]
    pub fn array(&mut self, n: usize) {
        self.aggregate(Aggregate::Array, n);
    }

    /// Header of a map; `n` pairs follow.
    #[inline]
    pub fn map(&mut self, n: usize) {
        self.aggregate(Aggregate::Map, n);
    }

    /// Header of a set; `n` members follow.
    #[inline]
    pub fn set(&mut self, n: usize) {
        self.aggregate(Aggregate::Set, n);
    }

    /// Header of a message that answers no request; `n` elements follow. A plain array in RESP2.
    #[inline]
    pub fn push(&mut self, n: usize) {
        self.aggregate(Aggregate::Push, n);
    }

    /// Header of attributes of the reply that comes behind them; `n` pairs follow.
    ///
    /// RESP2 has no such thing: the caller writes attributes to RESP3 clients only.
    pub fn attribute(&mut self, n: usize) {
        debug_assert_eq!(self.protocol, Protocol::Resp3, "RESP2 has no attributes");
        self.header(b'|', n as i64);
    }

    /// A double. A string in RESP2.
    pub fn double(&mut self, x: f64) {
        let text = f64_text(x);
        match self.protocol {
            Protocol::Resp2 => self.bulk(&text[..]),
            Protocol::Resp3 => self.line(b',', &text),
        }
    }

    /// A truth value. `:1` or `:0` in RESP2.
    #[inline]
    pub fn bool(&mut self, yes: bool) {
        if yes { self.choose(b":1\r\n", b"#t\r\n") } else { self.choose(b":0\r\n", b"#f\r\n") }
    }

    /// An integer of any size, in decimal digits. A string in RESP2.
    pub fn big_number(&mut self, digits: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits),
            Protocol::Resp3 => self.line(b'(', digits),
        }
    }

    /// A text with its format in three letters (`txt`, `mkd`). A string in RESP2.
    pub fn verbatim(&mut self, format: &[u8; 3], text: &[u8]) {
        if self.protocol == Protocol::Resp2 {
            return self.bulk(text);
        }
        self.header(b'=', text.len() as i64 + 4);
        self.out.push(format);
        self.line(b':', text);
    }

    /// Bytes that are a reply already.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.push(bytes);
    }

    /// Begins an aggregate whose count is not known yet. The elements follow; then one of the `end_*`, inner ones first.
    pub fn defer(&mut self) -> Deferred {
        Deferred(self.out.mark())
    }

    /// Makes the elements written since `defer` an array of `n`.
    pub fn end_array(&mut self, deferred: Deferred, n: usize) {
        self.end(deferred, Aggregate::Array, n);
    }

    /// Makes the elements written since `defer` a map of `n` pairs.
    pub fn end_map(&mut self, deferred: Deferred, n: usize) {
        self.end(deferred, Aggregate::Map, n);
    }

    /// Makes the elements written since `defer` a set of `n`.
    pub fn end_set(&mut self, deferred: Deferred, n: usize) {
        self.end(deferred, Aggregate::Set, n);
    }

    /// Makes the elements written since `defer` a push of `n`.
    pub fn end_push(&mut self, deferred: Deferred, n: usize) {
        self.end(deferred, Aggregate::Push, n);
    }

    /// Makes the `n` elements written since `defer` a page of the SCAN family: an array of the cursor and of the elements.
    pub fn end_page(&mut self, Deferred(mark): Deferred, cursor: u64, n: usize) {
        let cursor = itoa::Buffer::new().format(cursor).to_owned();
        let header = format!("*2\r\n${}\r\n{cursor}\r\n*{n}\r\n", cursor.len());
        self.out.insert(mark, header.as_bytes());
    }

    fn end(&mut self, Deferred(mark): Deferred, aggregate: Aggregate, n: usize) {
        let (kind, n) = aggregate.header(self.protocol, n);
        let mut digits = itoa::Buffer::new();
        self.out.insert(mark, &[&[kind], digits.format(n).as_bytes(), b"\r\n"].concat());
    }

    #[inline]
    fn aggregate(&mut self, aggregate: Aggregate, n: usize) {
        let (kind, n) = aggregate.header(self.protocol, n);
        self.header(kind, n as i64);
    }

    #[inline]
    fn choose(&mut self, resp2: &[u8], resp3: &[u8]) {
        self.out.push(if self.protocol == Protocol::Resp2 { resp2 } else { resp3 });
    }

    /// One byte, a number, CRLF. The short ones are appended as arrays of known size: one store each.
    #[inline]
    fn header(&mut self, kind: u8, n: i64) {
        match n {
            0..=9 => self.out.push(&[kind, b'0' + n as u8, b'\r', b'\n']),
            10..=99 => self.out.push(&[kind, b'0' + (n / 10) as u8, b'0' + (n % 10) as u8, b'\r', b'\n']),
            _ => self.line(kind, itoa::Buffer::new().format(n).as_bytes()),
        }
    }

    #[inline]
    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.reserve(text.len() + 3);
        self.out.push(&[kind]);
        self.out.push(text);
        self.out.push(b"\r\n");
    }
}

#[derive(Clone, Copy)]
enum Aggregate {
    Array,
    Map,
    Set,
    Push,
}

impl Aggregate {
    /// The first byte, and the number behind it. RESP2 knows only arrays.
    #[inline]
    fn header(self, protocol: Protocol, n: usize) -> (u8, usize) {
        match (self, protocol) {
            (Self::Array, _) | (Self::Set | Self::Push, Protocol::Resp2) => (b'*', n),
            (Self::Map, Protocol::Resp2) => (b'*', 2 * n),
            (Self::Map, Protocol::Resp3) => (b'%', n),
            (Self::Set, Protocol::Resp3) => (b'~', n),
            (Self::Push, Protocol::Resp3) => (b'>', n),
        }
    }
}

/// The first word of an error, kept apart from the output, which may move it.
#[derive(Clone, Copy, Debug)]
struct ErrorCode {
    len: u8,
    word: [u8; Self::MAX],
}

impl ErrorCode {
    const MAX: usize = 31;

    fn of(text: &[u8]) -> Self {
        let end = memchr::memchr(b' ', &text[..text.len().min(Self::MAX + 1)]);
        let code = end.map_or(&b"ERR"[..], |end| &text[..end]);
        let mut word = [0; Self::MAX];
        word[..code.len()].copy_from_slice(code);
        Self { len: code.len() as u8, word }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.word[..usize::from(self.len)]
    }
}

trait TrimLineEnds {
    fn trim_line_ends(&self) -> &Self;
}

impl TrimLineEnds for [u8] {
    fn trim_line_ends(&self) -> &[u8] {
        let inside = |b: &u8| !matches!(b, b'\r' | b'\n');
        let start = self.iter().position(inside).unwrap_or(self.len());
        let end = self.iter().rposition(inside).map_or(start, |last| last + 1);
        &self[start..end]
    }
}
